"""The functions of the language on balls, one for each row of `language.functions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from entropysym.balls.numbers import above, ball, flint, is_exact, nothing, zero


def _of_positive(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that is real for what is surely positive alone."""
    return lambda u: f(ball(u)) if ball(u) > 0 else nothing()


def _softplus(u: Any) -> Any:
    u = ball(u)
    return u + (1 + (-u).exp()).log() if u > 0 else (1 + u.exp()).log()


def _sigmoid(u: Any) -> Any:
    u = ball(u)
    return 1 / (1 + (-u).exp())


def _bessel_ratio(u: Any) -> Any:
    u = ball(u)
    return u.bessel_i(1) / u.bessel_i(0)


def _log_sinhc(u: Any) -> Any:
    if is_exact(u) and u == 0:
        return u
    size = abs(ball(u))
    if size > 1:  # e^u overflows nothing, but cancels
        return size + (1 - (-2 * size).exp()).log() - (2 * size).log()
    return (size.sinh() / size).log() if size > 0 else nothing()


def _langevin(u: Any) -> Any:
    if is_exact(u) and u == 0:
        return u
    v = ball(u)
    return v.coth() - 1 / v


def _plain(name: str) -> Callable[[Any], Any]:
    return lambda u: getattr(ball(u), name)()


#: Head of a row -> the function on balls; the tests compare each with the row's own numbers.
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "softplus": _softplus,
    "sigmoid": _sigmoid,
    "loggamma": _of_positive(lambda u: u.lgamma()),
    "digamma": _of_positive(lambda u: u.digamma()),
    "trigamma": _of_positive(lambda u: flint().arb(2).zeta(u)),
    "logbessel": lambda u: ball(u).bessel_i(0).log(),
    "besselratio": _bessel_ratio,
    "logsinhc": _log_sinhc,
    "langevin": _langevin,
    "erf": _plain("erf"),
    "erfc": _plain("erfc"),
    "sin": _plain("sin"),
    "cos": _plain("cos"),
    "asinh": _plain("asinh"),
    "iszero": zero,
    "isabove": above,
}
