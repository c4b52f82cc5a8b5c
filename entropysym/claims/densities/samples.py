"""Arguments at which a density is looked at: pseudo-random, in their ranges, of several magnitudes, always the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import mpmath
import sympy as sp

from entropysym.claims.densities.evaluation import NoNumberError, compiled
from entropysym.claims.densities.functions import head_of
from entropysym.language.symbols import range_of

#: Magnitudes of what is positive, of what is real, and values in (0, 1): a draw for each setting lies in one of the strata.
_POSITIVE = ((0.4, 1.2), (1.2, 4.0), (0.08, 0.4), (4.0, 15.0))
_REAL = ((0.5, 2.0), (0.05, 0.5), (2.0, 4.0), (4.0, 8.0))
_UNIT = ((0.3, 0.7), (0.05, 0.3), (0.7, 0.95), (0.4, 0.6))

#: How many settings are looked at where arguments are free.
SETTINGS = 5

Setting = dict[sp.Basic, Any]


def settings(places: Sequence[sp.Basic], arguments: Sequence[sp.Expr]) -> list[Setting]:
    """Values of a family's arguments, drawn through the formulas that fill them.

    Numbers stay as they are. Parameters, networks, data and sums in the formulas are drawn, in the ranges that they are declared with.
    """
    leaves = sorted({leaf for a in arguments for leaf in leaves_of(a)}, key=str)
    if not leaves:
        return [_filled(places, arguments, {}, random.Random(0), 0)]
    return [
        _filled(
            places,
            arguments,
            {leaf: _drawn(leaf, k + j, rng) for j, leaf in enumerate(leaves)},
            rng,
            k,
        )
        for k in range(SETTINGS)
        for rng in [random.Random(1000 + k)]
    ]


def _filled(
    places: Sequence[sp.Basic],
    arguments: Sequence[sp.Expr],
    drawn: dict[sp.Basic, Any],
    rng: random.Random,
    k: int,
) -> Setting:
    found: Setting = {}
    for j, (place, argument) in enumerate(zip(places, arguments, strict=True)):
        value = _value(argument, drawn)
        fits = mpmath.isfinite(value) and not (place.is_positive and value <= 0)
        fits = fits and not (_range(place) == "unit" and value >= 1)
        found[place] = value if fits else _drawn(place, k + j, rng)
    return found


def _value(argument: sp.Expr, drawn: dict[sp.Basic, Any]) -> Any:
    try:
        program = compiled(None, frozenset(drawn), [argument])
    except NoNumberError:
        return mpmath.nan
    bound = program.at(drawn)
    return bound.constants[program.outputs[0]]


def leaves_of(e: sp.Basic) -> set[sp.Basic]:
    """The largest parts that have no numbers of their own: symbols, entries of arrays, networks, sums."""
    if isinstance(e, sp.Symbol) or (not isinstance(e, sp.Piecewise) and _unknown(e)):
        return {e}
    return set().union(*map(leaves_of, e.args)) if e.args else set()


def _unknown(e: sp.Basic) -> bool:
    return bool(e.args) and head_of(e) is None and not isinstance(e, sp.Tuple)


def _range(leaf: sp.Basic) -> str:
    """What a symbol, an entry of an array or a network was declared with."""
    label = (
        leaf if isinstance(leaf, sp.Symbol) else getattr(getattr(leaf, "base", leaf), "label", leaf)
    )
    return range_of(label) if isinstance(label, sp.Symbol) else "real"


def _drawn(leaf: sp.Basic, k: int, rng: random.Random) -> Any:
    if _range(leaf) == "unit":
        value = rng.uniform(*_UNIT[k % len(_UNIT)])
    elif leaf.is_positive or leaf.is_nonnegative:
        value = rng.uniform(*_POSITIVE[k % len(_POSITIVE)])
    elif leaf.is_negative or leaf.is_nonpositive:
        value = -rng.uniform(*_POSITIVE[k % len(_POSITIVE)])
    else:
        value = rng.uniform(*_REAL[k % len(_REAL)]) * rng.choice((-1, 1))
    return mpmath.mpf(round(1000 * value)) / 1000
