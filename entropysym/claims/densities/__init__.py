"""Densities are not believed: whether one that somebody wrote integrates to one, with scores of mean zero."""

from entropysym.claims.densities.check import Normalisation, check_densities, check_family

__all__ = ["Normalisation", "check_densities", "check_family"]
