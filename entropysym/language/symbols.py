"""Symbols with ranges: sizes, indices, parameters, and the data, latents and noise that binders bind.

One name means one thing. Two SymPy symbols of one name but different assumptions print alike and differ,
so every symbol of the language is made here.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.formula import array_like, of_type
from entropysym.language.functions import ROWS

ScalarRange = Literal["real", "nonnegative", "positive", "unit", "angle", "simplex"]
#: Ranges of square matrices: symmetric positive definite; lower triangular with positive diagonal.
MatrixRange = Literal["posdef", "triangular"]
Range = ScalarRange | MatrixRange

MATRIX_RANGES: tuple[MatrixRange, ...] = get_args(MatrixRange)

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}\Z")


class DatumArray(sp.IndexedBase):
    """What is observed or given, an array with one axis for each plate: $x_{nd}$."""


class LatentArray(sp.IndexedBase):
    """A latent variable, without the index of the datum, which the expectation around it names: $z_h$."""


class NoiseArray(sp.IndexedBase):
    r"""The noise of a latent variable that is written as location + scale · noise: $\varepsilon_h$."""


class OneHotDatum(DatumArray):
    """What is observed or given and one-hot over its last index: its entries sum to 1."""


class OneHotLatent(LatentArray):
    """A latent variable that is one-hot over its last index: its entries sum to 1."""


class MatrixArray(sp.IndexedBase):
    """What has rows and columns in a family's own record: its variable or an argument with two indices."""


#: Arrays that are drawn: nothing learned.
VARIABLES = (DatumArray, LatentArray, NoiseArray)

#: One step earlier: z@-1 is z at the step before.
LAG = "@-1"

#: The variables of a model with one observed and one latent variable, and the latter's noise: $x_{nd}$, $z_h$, $\varepsilon_h$.
LATENT = of_type(LatentArray(sp.Symbol("z", real=True)), LatentArray)
DATUM = of_type(DatumArray(sp.Symbol("x", real=True)), DatumArray)
NOISE = of_type(NoiseArray(sp.Symbol("epsilon", real=True)), NoiseArray)
RESERVED = frozenset({"epsilon", "n", "E", "noise", "self"})

#: Names that a printed statement needs for constants, functions and binders (the checker refuses them too).
TAKEN = re.compile(
    rf"(?i:any|pi|elbo|objective|var|dim|rows|entry|index|eps|{'|'.join(sorted(('log', 'exp', 'abs', *(row.head for row in ROWS))))}|logp|logh"
    r"|logdet|trace|quad|class)|e|[in][0-9]+|(?i:mean|sum|vec|eps|e)_.*"
)


def _checked(name: str) -> str:
    # A hostile name would reach generated code and LaTeX, so the pattern is strict.
    if not isinstance(name, str) or not NAME.match(name):
        raise InputError(
            f"{shown(name)} is no name: use a letter, then up to 31 letters, digits or underscores"
        )
    return name


def noise_of(latent: str) -> NoiseArray:
    """The noise of a latent of a graph."""
    return of_type(NoiseArray(sp.Symbol(f"epsilon_{latent}", real=True)), NoiseArray)


def latent_of(noise: sp.IndexedBase) -> str:
    """The latent of a graph that this is the noise of."""
    return str(noise.label).removeprefix("epsilon_")


def check_declared(name: str) -> None:
    """Refuse a name that is none, or that means something else already; bound indices may be called h, d and n."""
    _checked(name)
    if name in RESERVED or TAKEN.fullmatch(name):
        raise InputError(
            f"the name {name!r} is taken, for formulas mean something else by it; rename it, for example to {name + '_0'!r}"
        )


def size(name: str) -> sp.Symbol:
    """A symbolic size such as D or H: an integer ≥ 1."""
    return sp.Symbol(_checked(name), integer=True, positive=True)


def index(name: str) -> sp.Symbol:
    """A bound index such as h = 1, …, H."""
    return sp.Symbol(_checked(name), integer=True, positive=True)


def scalar(name: str, range_: Range = "real") -> sp.Symbol:
    """A scalar with range `real`, `nonnegative`, `positive`, `unit` (the open interval (0, 1)) or `angle`."""
    return sp.Symbol(_checked(name), **assumptions(range_))


def argument(name: str, range: ScalarRange = "real") -> sp.Symbol:
    """An argument of a family of one's own, or its variable, with the range that it lies in.

    >>> argument("rate", "positive").is_positive
    True
    """
    return scalar(name, range)


def array(name: str, range_: Range = "real") -> sp.IndexedBase:
    """An indexed symbol, every entry in the given range."""
    return array_like(scalar(name, range_))


def matrix_array(name: str) -> MatrixArray:
    """An array with rows and columns, for the record of a family over matrices."""
    return of_type(MatrixArray(scalar(name)), MatrixArray)


#: Range -> the SymPy assumptions of what lies in it. SymPy knows no (0, 1) and no simplex: both are positive there, and have their own name as an assumption beside it.
_ASSUMPTIONS: dict[str, dict[str, bool]] = {
    "real": {"real": True},
    "nonnegative": {"nonnegative": True},
    "positive": {"positive": True},
    "unit": {"positive": True, "unit": True},
    "angle": {"real": True, "angle": True},
    "simplex": {"positive": True},
}


def assumptions(range_: Range) -> dict[str, bool]:
    """SymPy assumptions of a range. Raises `InputError` for one that has none."""
    if range_ not in _ASSUMPTIONS:
        raise InputError(
            f"unknown range {shown(range_)}; choose {', '.join(_ASSUMPTIONS)}, or for matrices posdef or triangular"
        )
    return _ASSUMPTIONS[range_]


def range_of(symbol: sp.Symbol) -> ScalarRange:
    """The range that a symbol's assumptions say."""
    said = symbol.assumptions0
    if said.get("unit") or said.get("angle"):
        return "unit" if said.get("unit") else "angle"
    return "positive" if symbol.is_positive else "nonnegative" if symbol.is_nonnegative else "real"


def is_surely_positive(e: sp.Expr) -> bool:
    r"""Whether an expression is seen to be above 0; p in (0, 1) is $\frac1{1+y}$ with y > 0, which SymPy can tell."""
    if e.is_positive:
        return True
    unit = [p for p in e.free_symbols if p.assumptions0.get("unit")]
    if not unit:
        return False
    odds = {p: 1 / (1 + sp.Dummy("y", positive=True)) for p in unit}
    parts = sp.fraction(sp.together(of_type(e.xreplace(odds), sp.Expr)))
    return all(sp.expand(part).is_positive is True for part in parts)


#: The index of a data point, bound by the data mean.
n = sp.Symbol("n", integer=True, positive=True)
