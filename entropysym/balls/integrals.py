r"""Rigorous integrals over a finite interval (Petras 2002, as in Arb).

The rule is right for integrands that are holomorphic on a neighbourhood, and asks whether they are. |z|, steps and maxima are not where their argument may be 0; roots, logarithms and log-gammas are
not on their cuts. A function that does not answer that question gets a wrong "rigorous" number: so integrands are expressions, whose parts all answer it, and functions are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from entropysym.balls import numbers
from entropysym.errors import InputError, shown
from entropysym.language.formula import args_of, inside, of_type
from entropysym.language.functions import argument_of, on_entry, row_of


def integral_of(e: sp.Integral) -> tuple[sp.Expr, sp.Symbol, sp.Expr, sp.Expr]:
    """Integrand, variable and ends. Raises `InputError` for an integral over several variables or without ends."""
    limits: Any = e.limits
    if len(limits) != 1 or len(limits[0]) != 3:
        raise InputError(f"{shown(e)} is not over one variable between two ends")
    x, low, high = limits[0]
    return of_type(e.function, sp.Expr), of_type(x, sp.Symbol), of_type(low, sp.Expr), of_type(high, sp.Expr)  # fmt: skip


def enclose_integral(
    integrand: sp.Expr, variable: sp.Symbol, low: sp.Expr, high: sp.Expr, point: Mapping[str, Any]
) -> Any:
    """The ball of the integral, at the precision of now; not finite where none was found.

    Raises `InputError` for an integrand that is no expression, for ends that are not finite, and for parts that have no ball.
    """
    if not isinstance(integrand, sp.Expr):
        raise InputError(
            f"{shown(integrand)} is no expression; whether a function is holomorphic cannot be seen, and where it is not, ball integration gives a wrong number"
        )
    ends = [sp.sympify(e, strict=True) for e in (low, high)]
    if any(e.has(sp.oo, -sp.oo, sp.zoo, sp.nan) for e in ends):
        raise InputError(f"the interval from {low} to {high} is not finite; bound the tails apart")
    values = {name: numbers.exact(v, name) for name, v in point.items()}
    body = on_entry(integrand)
    acb = numbers.flint().acb

    def f(z: Any, analytic: bool) -> Any:
        return _value(body, variable, z, analytic, values)

    first, last = (_value(e, variable, acb(0), False, values) for e in ends)
    found = acb.integral(f, first, last)
    real = found.real
    return real if found.is_finite() and found.imag.contains(0) else numbers.nothing()


def _value(e: sp.Expr, x: sp.Symbol, z: Any, analytic: bool, values: Mapping[str, Any]) -> Any:
    """The expression at a complex ball; nan where it is asked to be holomorphic and is not seen to be."""
    acb = numbers.flint().acb

    def of(a: sp.Expr) -> Any:
        return _value(a, x, z, analytic, values)

    if e == x:
        return z
    match e:
        case sp.Rational():
            return acb(numbers.ball(numbers.exact(e, "a number")))
        case sp.core.numbers.Pi():
            return acb(numbers.flint().arb.pi())
        case sp.core.numbers.Exp1():
            return acb(1).exp()
        case sp.Symbol():
            if e.name not in values:
                raise InputError(f"the point has no {e.name}")
            return acb(numbers.ball(values[e.name]))
        case sp.Add():
            first, *rest = map(of, args_of(e))
            return sum(rest, first)
        case sp.Mul():
            total = acb(1)
            for a in args_of(e):
                total = total * of(a)
            return total
        case sp.exp():
            return of(inside(e)).exp()
        case sp.log():
            return of(inside(e)).log(analytic=analytic)
        case sp.Pow():
            return _power(e, of, analytic)
        case sp.Abs():
            return of(inside(e)).real_abs(analytic=analytic)
        case sp.sign():
            return of(inside(e)).real_sgn(analytic=analytic)
        case sp.Max() | sp.Min():
            first, *rest = map(of, args_of(e))
            for other in rest:
                f = first.real_max if isinstance(e, sp.Max) else first.real_min
                first = f(other, analytic=analytic)
            return first
    row = row_of(e)
    if row is None or row.head not in _HOLOMORPHIC:
        raise InputError(f"{type(e).__name__} has no ball under an integral: {shown(e)}")
    return _HOLOMORPHIC[row.head](of(argument_of(e)), analytic)


def _power(e: sp.Pow, of: Callable[[sp.Expr], Any], analytic: bool) -> Any:
    base, exponent = args_of(e)
    if base == sp.E:
        return of(exponent).exp()
    if isinstance(exponent, sp.Integer):
        k = int(exponent)
        return of(base) ** k if k >= 0 else 1 / of(base) ** (-k)
    return of(base).pow(of(exponent), analytic=analytic)


def _right_of_zero(f: Callable[[Any], Any]) -> Callable[[Any, bool], Any]:
    """A function with a cut or poles on the left half of the line: known where the real part is surely positive."""
    return lambda z, analytic: f(z) if z.real > 0 else _nan()


def _nan() -> Any:
    return numbers.flint().acb(numbers.nothing())


def _softplus(z: Any, analytic: bool) -> Any:
    return (1 + z.exp()).log(analytic=analytic)


#: Head of a row -> the function of a complex ball, and whether it is to be holomorphic there.
_HOLOMORPHIC: Mapping[str, Callable[[Any, bool], Any]] = {
    "softplus": _softplus,
    "sigmoid": lambda z, analytic: 1 / (1 + (-z).exp()),
    "loggamma": _right_of_zero(lambda z: z.lgamma()),
    "digamma": _right_of_zero(lambda z: z.digamma()),
    "erf": lambda z, analytic: z.erf(),
    "erfc": lambda z, analytic: z.erfc(),
    "sin": lambda z, analytic: z.sin(),
    "cos": lambda z, analytic: z.cos(),
    "isabove": lambda z, analytic: z.real_heaviside(analytic=analytic),
}
