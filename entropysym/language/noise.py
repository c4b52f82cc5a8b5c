r"""The noise of a location-scale family: $x=\text{location}+\text{scale}\,\varepsilon$, shown by algebra and not believed.

$\log p(\text{location}+\text{scale}\,\varepsilon)+\log\text{scale}$ is the log-density of $\varepsilon$. It may name arguments of the family (a shape), but none that
location or scale name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.algebra import distributed, vanishes
from entropysym.language.formula import substituted
from entropysym.language.records import Factor, Family, Letter, Model
from entropysym.language.symbols import LatentArray, is_surely_positive


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
    if not is_surely_positive(family.scale):
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


def parents_first(model: Model) -> Iterator[Factor]:
    """The factors of q, each after those of what it reads; one step earlier is no obstacle."""
    waiting = list(model.q)
    while waiting:
        unmade = {name for f in waiting for name in f.of}
        ready = next(f for f in waiting if unmade.isdisjoint(f.given))
        waiting.remove(ready)
        yield ready


def noise_form(model: Model, moved: Collection[str]) -> tuple[str, ...]:
    """The latents that are location + scale · noise where these parameters move, each after those that it reads.

    They are those of which a factor of q reads a moved parameter, and those that read such a latent in q. Raises `InputError` for a graph in which one of them
    cannot be written so.
    """
    symbols = {p.symbol for p in model.parameters if p.name in moved}
    found: list[str] = []
    for f in parents_first(model) if symbols else ():
        late = {*f.given} & {*found}
        if not late and not any(a.has(*symbols) for a in f.arguments):
            continue
        why = "" if model.is_plain else rigid(model, f)
        if why:
            raise InputError(f"the direction moves {f.name}, {why}")
        if not model.is_plain and any(a.has(*symbols) for a in _shape(f)):
            raise InputError(f"the direction moves the shape of {f.name}")
        found += f.of
    return tuple(found)


def rigid(model: Model, f: Factor) -> str:
    """Why the latent of a factor of q cannot be written as location + scale · noise, in words; empty if it can."""
    if f.family.is_any or f.family.location is None:
        return "which has no location and scale"
    if f.select is not None:
        return "which selects"
    if any({*f.of} & {lag.of, lag.start} for lag in model.lags):
        return "of whose latent a lag is read"
    if any(a.has(LatentArray) for a in _shape(f)):
        return "whose noise has a law that reads a latent"
    return ""


def _shape(f: Factor) -> list[sp.Basic]:
    """The arguments of a factor that the law of its noise depends on."""
    shape = noise(f.family).shape
    return [a for s, a in zip(f.family.arguments, f.arguments, strict=True) if s in shape]
