"""Numbers that are rational as long as they can be, and balls after that.

A ball that is not finite is no number: whatever it meets is not finite either, and it contains nothing that could be shown.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from entropysym.errors import InputError, shown


@lru_cache(maxsize=1)
def flint() -> Any:
    """python-flint. Raises `InputError` where it is not installed."""
    try:
        import flint as module
    except ImportError:
        raise InputError("balls need python-flint; install it with pip install 'entropysym[balls]'") from None  # fmt: skip
    return module


def exact(value: object, name: str) -> Any:
    """A rational of flint from an integer, a Fraction, a rational of SymPy or a float, which is the rational that it is.

    Raises `InputError` for anything else, and for what is not finite.
    """
    q = flint().fmpq
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()  # type: ignore[attr-defined]
    if isinstance(value, (bool, str)):  # a text would be read as a formula
        value = None
    if isinstance(value, int):
        return q(value, 1)
    if isinstance(value, q):
        return value
    if isinstance(value, Fraction):
        return q(value.numerator, value.denominator)
    numerator, denominator = getattr(value, "p", None), getattr(value, "q", None)
    if numerator is not None and denominator is not None and not callable(numerator) and int(denominator):  # fmt: skip
        return q(int(numerator), int(denominator))
    try:
        found = Fraction(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} is {shown(value)}; pass an integer, a Fraction, a sympy.Rational or a finite float") from None  # fmt: skip
    return q(found.numerator, found.denominator)


def is_exact(value: Any) -> bool:
    return isinstance(value, flint().fmpq)


def ball(value: Any) -> Any:
    """The value as a ball, at the precision of now."""
    return flint().arb(value) if is_exact(value) else value


def nothing() -> Any:
    """The ball that is no number."""
    return flint().arb("nan")


def divided(a: Any, b: Any) -> Any:
    if is_exact(a) and is_exact(b):
        return a / b if b != 0 else nothing()
    return ball(a) / ball(b)


def power(base: Any, exponent: Any) -> Any:
    """base ** exponent; a rational with an integer exponent stays one. A base that may be negative has no fractional power."""
    if is_exact(exponent) and exponent.q == 1:
        k = int(exponent.p)
        if is_exact(base):
            if k < 0 and base == 0:
                return nothing()
            return base**k
        return base**k if k >= 0 else 1 / base ** (-k)
    if is_exact(exponent) and exponent.q == 2:
        root = ball(base).sqrt()
        k = int(exponent.p)
        return root**k if k >= 0 else 1 / root ** (-k)
    return (ball(base).log() * ball(exponent)).exp()


def absolute(a: Any) -> Any:
    return abs(a)


def is_finite(a: Any) -> bool:
    return is_exact(a) or bool(a.is_finite())


def above(a: Any) -> Any:
    """1 if a > 0, 0 if not, and the ball of both where it is not seen."""
    if is_exact(a):
        return flint().fmpq(int(a > 0), 1)
    if not a.is_finite():
        return nothing()
    if a > 0:
        return flint().fmpq(1, 1)
    return flint().fmpq(0, 1) if a <= 0 else flint().arb(0.5, 0.5)


def sign(a: Any) -> Any:
    """The sign, and the ball from -1 to 1 where it is not seen."""
    if is_exact(a):
        return flint().fmpq(int(a > 0) - int(a < 0), 1)
    if not a.is_finite():
        return nothing()
    if a > 0 or a < 0:
        return flint().fmpq(1 if a > 0 else -1, 1)
    return flint().arb(0, 1)


def zero(a: Any) -> Any:
    """1 where a is 0, which of a ball is seen only if it is not."""
    if is_exact(a):
        return flint().fmpq(int(a == 0), 1)
    if a.is_finite() and not a.contains(0):
        return flint().fmpq(0, 1)
    return nothing() if not a.is_finite() else flint().arb(0.5, 0.5)
