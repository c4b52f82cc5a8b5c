"""Distributions as records. A family is its log-density; directions and entropies are derived from it, never typed."""

from entropysym.families.normal import NORMAL

#: Every family that ships, by name.
FAMILIES = {family.name: family for family in (NORMAL,)}

__all__ = ["FAMILIES", "NORMAL"]
