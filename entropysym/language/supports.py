r"""Supports: the sets in which variables lie.

Words, and two with a number: ``from a`` is $[a,\infty)$ and ``upto n`` is $\{0,\dots,n\}$, with a rational a and a whole n ≥ 1 in lowest terms.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from entropysym.errors import InputError, one_of

#: A word, ``from a`` or ``upto n``.
Support = str

#: Supports of whole vectors, over the last plate of a variable.
VECTORS: tuple[Support, ...] = ("onehot", "simplex", "sphere")


@dataclass(frozen=True)
class Interval:
    """The numbers from `low` to `high` (None: without an end), or the whole ones among them; the ends of a `whole` one and a closed low end belong to it."""

    low: sp.Expr | None
    high: sp.Expr | None
    whole: bool = False
    closed: bool = False


_INTERVALS: dict[Support, Interval] = {
    "real": Interval(None, None),
    "positive": Interval(sp.S.Zero, None),
    "unit": Interval(sp.S.Zero, sp.S.One),
    "angle": Interval(-sp.pi, sp.pi, closed=True),
    "binary": Interval(sp.S.Zero, sp.S.One, whole=True),
    "count": Interval(sp.S.Zero, None, whole=True),
}

#: Support -> the words that hold it, itself first.
_WITHIN: dict[Support, tuple[Support, ...]] = {
    "unit": ("positive", "real"),
    "positive": ("real",),
    "binary": ("count",),
}

#: Supports of whole matrices, over the last two plates of a variable, which have one size.
MATRICES: tuple[Support, ...] = ("posdef",)

#: The supports that are words.
WORDS: tuple[Support, ...] = (*_INTERVALS, *VECTORS, *MATRICES)


def check_support(support: object, what: str) -> Support:
    """The support itself. Raises `InputError` for what is none."""
    if support in WORDS:
        return str(support)
    if isinstance(support, str) and (
        found := re.fullmatch(r"(from) (-?\d{1,9}(?:/\d{1,9})?)|(upto) (\d{1,9})", support)
    ):
        number = found[2] or found[4]
        if not number.endswith("/0") and str(Fraction(number)) == number and support != "upto 0":
            return support
    raise one_of(support, (*WORDS, "from 3/2, which is [3/2, oo)", "upto 20"), f"support of {what}")


def interval(support: Support) -> Interval | None:
    """The numbers of a support; None for one of vectors or matrices."""
    kind, _, number = support.partition(" ")
    if kind == "from":
        return Interval(sp.Rational(number), None, closed=True)
    if kind == "upto":
        return Interval(sp.S.Zero, sp.Integer(number), whole=True)
    return _INTERVALS.get(support)


def is_within(inner: Support, outer: Support) -> bool:
    """Whether one support is certainly a subset of another."""
    kind, _, number = inner.partition(" ")
    if kind == "from":
        holding = ("positive", "real") if sp.Rational(number) > 0 else ("real",)
    else:
        holding = ("count",) if kind == "upto" else _WITHIN.get(inner, ())
    return outer in (inner, *holding)


def contains(support: Support, x: Any) -> Any:
    """Whether each number of an array, NumPy's or JAX's, lies in a support of numbers; what is not finite does not."""
    numbers = interval(support)
    if numbers is None:
        raise InputError(f"{support} is no support of numbers")
    inside, ends = abs(x) < math.inf, numbers.whole or numbers.closed
    if numbers.low is not None:
        inside &= x >= float(numbers.low) if ends else x > float(numbers.low)
    if numbers.high is not None:
        inside &= x <= float(numbers.high) if numbers.whole else x < float(numbers.high)
    return inside & (x % 1 == 0) if numbers.whole else inside


_WORDS: dict[str, str] = {
    "real": "a real number",
    "positive": "a number above 0",
    "unit": "a number between 0 and 1",
    "angle": "an angle from -pi to pi",
    "binary": "0 or 1",
    "count": "a whole number",
    "onehot": "one-hot over its last index",
    "simplex": "on the simplex over its last index",
    "sphere": "of norm 1 over its last index",
    "posdef": "a symmetric positive definite matrix",
    "from": "a number from {} on",
    "upto": "a whole number from 0 to {}",
}


def in_words(support: Support) -> str:
    """What a variable with this support is, in plain words."""
    kind, _, number = support.partition(" ")
    return _WORDS[kind].format(number)


def as_set(support: Support) -> str:
    """The set as a formula of plain text, or the word."""
    kind, _, number = support.partition(" ")
    return {"from": f"[{number}, oo)", "upto": f"0, ..., {number}"}.get(kind, support)
