r"""The noise of a location-scale family: $x=\text{location}+\text{scale}\,\varepsilon$, shown by algebra and not believed.

$\log p(\text{location}+\text{scale}\,\varepsilon)+\log\text{scale}$ is the log-density of $\varepsilon$. It may name arguments of the family (a shape), but none that
location or scale name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.algebra import distributed, vanishes
from entropysym.language.formula import substituted
from entropysym.language.records import Family, Letter


@dataclass(frozen=True)
class NoiseLaw:
    """Whether the noise is standard normal, and the arguments of the family that its law depends on."""

    normal: bool
    shape: tuple[Letter, ...]


@lru_cache(maxsize=256)
def noise(family: Family) -> NoiseLaw:
    """The noise of a family with location and scale. Raises `InputError` where the two do not standardise the density."""
    if family.location is None or family.scale is None:
        raise InputError(f"{family.name} has no location and scale")
    if family.scale.is_positive is not True:
        raise InputError(f"the scale of {family.name} is not surely positive: {family.scale}")
    eps = sp.Dummy("epsilon", real=True)
    drawn = family.location + family.scale * eps
    law = substituted(family.density, {family.variable: drawn}) + sp.log(family.scale)
    if vanishes(law + sp.log(2 * sp.pi) / 2 + eps**2 / 2):
        return NoiseLaw(True, ())
    law = distributed(sp.simplify(distributed(law, powers=True)), powers=True)
    of_both = family.location.free_symbols | family.scale.free_symbols
    left = sorted(map(str, law.free_symbols & of_both))
    if left and _varies(law, of_both):
        raise InputError(
            f"location and scale of {family.name} do not standardise it: the density of (x - location) / scale still depends on {', '.join(left)}"
        )
    return NoiseLaw(False, tuple(a for a in family.arguments if law.has(a) and a not in of_both))


def _varies(law: sp.Expr, arguments: set[sp.Basic]) -> bool:
    """Whether the density depends on arguments not only in how it is written: two settings give two numbers."""
    symbols = sorted(law.free_symbols, key=str)
    here = {s: sp.Rational(2 * k + 3, 2 * k + 7) for k, s in enumerate(symbols)}
    there = {s: v + sp.Rational(1, 3) if s in arguments else v for s, v in here.items()}
    one, other = (sp.N(law.xreplace(v), 30) for v in (here, there))
    return not (one.is_Float and other.is_Float) or abs(one - other) > sp.Float("1e-20") * (
        1 + abs(one)
    )
