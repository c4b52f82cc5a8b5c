"""Functions on columns of numbers, in floats and in mpmath: never an exception, never a complex number.

What is not a real number is nan; what is too large is an infinity.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath
import sympy as sp

from entropysym.language.functions import ROWS, Row, row_of

#: mpmath on floats; its stubs do not know all that it has.
fp: Any = mpmath.fp

Head = str
Columns = Sequence[Sequence[Any]]

#: Beyond this the exponential is an infinity in mpmath too, where it would fill the memory.
_LARGE = mpmath.ldexp(1, 2200)

_HEADS: dict[type, Head] = {
    sp.Add: "add",
    sp.Mul: "mul",
    sp.Pow: "pow",
    sp.Max: "max",
    sp.Min: "min",
    sp.StrictGreaterThan: ">",
    sp.GreaterThan: ">=",
    sp.StrictLessThan: "<",
    sp.LessThan: "<=",
    sp.Equality: "==",
    sp.Unequality: "!=",
    sp.And: "and",
    sp.Or: "or",
    sp.Not: "not",
    sp.exp: "exp",
    sp.log: "log",
    sp.Abs: "abs",
    sp.sign: "sign",
    sp.Heaviside: "heaviside",
    sp.gamma: "gamma",
    sp.factorial: "factorial",
    sp.beta: "beta",
    sp.binomial: "binomial",
    sp.besseli: "besseli",
    sp.tan: "tan",
    sp.atan: "atan",
    sp.asin: "asin",
    sp.acos: "acos",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.atanh: "atanh",
    sp.floor: "floor",
}


def head_of(e: sp.Basic) -> Head | None:
    """The function of a formula's top, or None if there is none here."""
    row = row_of(e)
    return _HEADS.get(type(e)) if row is None else row.head


def _real(function: Callable[..., Any], nan: Any, inf: Any) -> Callable[..., Any]:
    """A function whose errors are nan, or an infinity where it overflows."""

    def safe(*arguments: Any) -> Any:
        try:
            value = function(*arguments)
        except OverflowError:
            return inf
        except (ValueError, ZeroDivisionError, ArithmeticError, TypeError):
            return nan
        return nan if isinstance(value, (complex, mpmath.mpc)) else value

    return safe


def _exp(a: float) -> float:
    return math.exp(a) if a < 709.7 else (math.inf if a >= 709.7 else math.nan)


def _log(a: float) -> float:
    return math.log(a) if a > 0 else (-math.inf if a == 0 else math.nan)


def _pow(a: float, b: float) -> float:
    if a == 0:
        return 1.0 if b == 0 else (0.0 if b > 0 else math.inf)
    if a < 0 and b != math.floor(b):
        return math.nan
    try:
        return a**b
    except OverflowError:
        return math.inf if a > 0 or b % 2 == 0 else -math.inf


def _softplus(a: float) -> float:
    return a + math.log1p(math.exp(-a)) if a > 0 else math.log1p(_exp(a))


def _sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a)) if a > 0 else _exp(a) / (1 + _exp(a))


def _log_gamma(a: float) -> float:
    if a > 0:
        return math.lgamma(a)
    return math.inf if a == math.floor(a) else math.nan


def _mp_log_gamma(a: Any) -> Any:
    if a > 0:
        return mpmath.mp.loggamma(a)
    return mpmath.inf if a == mpmath.mp.floor(a) else mpmath.nan


def _of_row(row: Row, context: Any) -> Callable[[Any], Any]:
    return _real(lambda u: row.number(context, u), context.nan, context.inf)


_FLOAT_FUNCTIONS: dict[Head, Callable[..., Any]] = (
    {row.head: _of_row(row, fp) for row in ROWS}
    | {
        "exp": _exp,
        "log": _log,
        "pow": _pow,
        "abs": abs,
        "sign": lambda a: float((a > 0) - (a < 0)),
        "heaviside": lambda a, half=0.5: 1.0 if a > 0 else (0.0 if a < 0 else half),
        "loggamma": _real(_log_gamma, math.nan, math.inf),
        "gamma": _real(math.gamma, math.nan, math.inf),
        "factorial": _real(lambda a: math.gamma(a + 1), math.nan, math.inf),
        "beta": _real(fp.beta, math.nan, math.inf),
        "binomial": _real(fp.binomial, math.nan, math.inf),
        "erf": math.erf,
        "erfc": math.erfc,
        "besseli": _real(
            lambda n, a: fp.besseli(n, a) if abs(a) < 700 else math.nan, math.nan, math.inf
        ),
        "softplus": _softplus,
        "sigmoid": _sigmoid,
        "floor": _real(math.floor, math.nan, math.nan),
    }
    | {
        name: _real(getattr(math, name), math.nan, math.inf)
        for name in ("sin", "cos", "tan", "atan", "asin", "acos", "sinh", "cosh", "tanh")
    }
)
_FLOAT_FUNCTIONS |= {
    name: _real(getattr(math, name), math.nan, math.inf) for name in ("asinh", "atanh")
}


def _mp_exp(a: Any) -> Any:
    if a < -_LARGE:
        return mpmath.mpf(0)
    if mpmath.ldexp(1, mpmath.mp.prec) < abs(a) < _LARGE:  # the argument is not known to 1
        return mpmath.mp.exp(a, prec=53)
    return mpmath.mp.exp(a) if a < _LARGE else (mpmath.inf if a > 0 else mpmath.nan)


def _mp_log(a: Any) -> Any:
    return mpmath.mp.log(a) if a > 0 else (-mpmath.inf if a == 0 else mpmath.nan)


def _mp_pow(a: Any, b: Any) -> Any:
    if a == 0:
        return mpmath.mpf(1) if b == 0 else (mpmath.mpf(0) if b > 0 else mpmath.inf)
    whole = b == mpmath.mp.floor(b)
    if whole and abs(b) < 1000:
        return a ** int(b)
    if not whole and a < 0:
        return mpmath.nan
    size = _mp_exp(b * mpmath.mp.log(abs(a)))
    return -size if a < 0 and b % 2 else size


def _mp_softplus(a: Any) -> Any:
    size = mpmath.mp.log1p(_mp_exp(-abs(a)))
    return a + size if a > 0 else size


def _mp_special(name: str, most: float) -> Callable[..., Any]:
    function = getattr(mpmath.mp, name)

    def limited(*arguments: Any) -> Any:
        # Far out these would take memory and time without an end.
        return mpmath.nan if any(abs(a) > most for a in arguments) else function(*arguments)

    return _real(limited, mpmath.nan, mpmath.inf)


_MP_FUNCTIONS: dict[Head, Callable[..., Any]] = {
    row.head: _of_row(row, mpmath.mp) for row in ROWS
} | {
    "exp": _mp_exp,
    "log": _mp_log,
    "pow": _real(_mp_pow, mpmath.nan, mpmath.inf),
    "abs": abs,
    "sign": lambda a: mpmath.mpf((a > 0) - (a < 0)),
    "heaviside": lambda a, half=0.5: mpmath.mpf(1 if a > 0 else (0 if a < 0 else half)),
    "loggamma": _real(_mp_log_gamma, mpmath.nan, mpmath.inf),
    "erfc": lambda a: mpmath.mp.erfc(a) if abs(a) < 1e4 else mpmath.mpf(0 if a > 0 else 2),
    "besseli": _mp_special("besseli", 1e4),
    "softplus": _mp_softplus,
    "sigmoid": lambda a: _mp_exp(-_mp_softplus(-a)),
    **{
        name: _real(getattr(mpmath.mp, name), mpmath.nan, mpmath.inf)
        for name in ("atan", "asin", "acos", "tanh", "atanh", "floor")
    },
    **{name: _mp_special(name, 1e15) for name in ("sin", "cos", "tan")},
    **{name: _mp_special(name, 1e8) for name in ("gamma", "factorial", "beta", "binomial")},
    "cosh": lambda a: (_mp_exp(a) + _mp_exp(-a)) / 2,
    "sinh": lambda a: (_mp_exp(a) - _mp_exp(-a)) / 2 if abs(a) > 1 else mpmath.mp.sinh(a),
}


def _add(columns: Columns) -> Sequence[Any]:
    if len(columns) == 2:
        return [a + b for a, b in zip(*columns, strict=True)]
    if isinstance(columns[0][0], mpmath.mpf):  # one rounding for all, which is faster too
        return [mpmath.fsum(row) for row in zip(*columns, strict=True)]
    return [sum(row[1:], row[0]) for row in zip(*columns, strict=True)]


def _mul(columns: Columns) -> Sequence[Any]:
    if len(columns) == 2:
        return [a * b for a, b in zip(*columns, strict=True)]
    return [math.prod(row[1:], start=row[0]) for row in zip(*columns, strict=True)]


def _piecewise(nan: Any) -> Callable[[Columns], Sequence[Any]]:
    def chosen(row: tuple[Any, ...]) -> Any:
        for value, holds in zip(row[::2], row[1::2], strict=True):
            if holds:
                return value
        return nan

    return lambda columns: [chosen(row) for row in zip(*columns, strict=True)]


def _each(function: Callable[..., Any]) -> Callable[[Columns], Sequence[Any]]:
    def on_columns(columns: Columns) -> Sequence[Any]:
        if len(columns) == 1:
            return [function(a) for a in columns[0]]
        return [function(*row) for row in zip(*columns, strict=True)]

    return on_columns


_LOGIC: dict[Head, Callable[..., Any]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "and": lambda *a: all(a),
    "or": lambda *a: any(a),
    "not": lambda a: not a,
    "max": lambda *a: max(a),
    "min": lambda *a: min(a),
}


def _table(
    functions: Mapping[Head, Callable[..., Any]], nan: Any
) -> dict[Head, Callable[[Columns], Sequence[Any]]]:
    whole = {"add": _add, "mul": _mul, "piecewise": _piecewise(nan)}
    return whole | {name: _each(f) for name, f in (functions | _LOGIC).items()}  # type: ignore[operator]


#: Head -> a function from columns to a column.
FLOAT = _table(_FLOAT_FUNCTIONS, math.nan)
MPMATH = _table(_MP_FUNCTIONS, mpmath.nan)
