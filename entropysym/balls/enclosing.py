"""`es.enclose`: rigorous bounds at one point, and what they show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from entropysym.balls import numbers
from entropysym.balls.evaluator import Point, evaluated
from entropysym.balls.integrals import enclose_integral, integral_of
from entropysym.errors import InputError, integer, shown, whole
from entropysym.language.formula import array_name, array_of, of_type
from entropysym.language.heads import DataMean
from entropysym.language.identity import Identity
from entropysym.language.matrices import MatrixLetter
from entropysym.verdict import Verdict, proved, refuted, undecided

#: Binary digits to begin with, and at most.
FIRST_BITS, MOST_BITS = 128, 8192


@dataclass(frozen=True)
class Enclosure:
    """The value lies in [`low`, `high`]; both are None where no finite bounds were found, which shows nothing.

    `exact`: the value is the rational number `low` = `high`. Of a claim it is the difference of both sides, and `verdict` says what that shows: refuted if 0 is excluded,
    proved at this point if the difference is exactly 0, and undecided otherwise, however small it is.
    """

    low: Fraction | None
    high: Fraction | None
    exact: bool
    bits: int
    verdict: Verdict

    @property
    def is_finite(self) -> bool:
        return self.low is not None and self.high is not None

    @property
    def radius(self) -> float:
        """Half the width; infinite where there are no bounds."""
        if self.low is None or self.high is None:
            return float("inf")
        return float((self.high - self.low) / 2)

    @property
    def contains_zero(self) -> bool:
        """Whether 0 is surely one of finitely wide bounds; without bounds nothing is contained."""
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high

    @property
    def excludes_zero(self) -> bool:
        return self.is_finite and not self.contains_zero

    def __float__(self) -> float:
        if self.low is None or self.high is None:
            raise InputError("no finite bounds were found; there is no number to take")
        return float((self.low + self.high) / 2)


Claim = sp.Expr | sp.Eq | Identity | tuple[sp.Expr, sp.Expr]


def enclose(claim: Claim | Any, point: Mapping[str, Any] | None = None, *, digits: int = 30) -> Enclosure:  # fmt: skip
    r"""Rigorous bounds in ball arithmetic, evidence *ball*, or a rational number where nothing transcendental is left, evidence *exact*.

    `claim` is an expression of the language, an equation or a pair (left, right), whose difference is bounded, an `Identity` (or what has one: a derivation), whose
    $\mathcal F-\mathcal E-v\cdot\nabla\mathcal J$ is, or a `sympy.Integral` over a finite interval. `point` has by name: integers for sizes, rationals (`Fraction`, `sympy.Rational`, integers;
    a float is the rational that it is), nested lists or arrays of them, and for networks functions of lists of numbers. Sizes that an array tells need not be passed. Averages over a Normal encoder
    are taken of polynomials of degree up to 3 in the latents. The precision grows until the radius is below 10**-digits, relative to 1 and to the value.

    Raises `InputError` for what has no ball, for what the point lacks, and where python-flint is not installed.

    >>> import sympy as sp
    >>> s = sp.Symbol("s", positive=True)
    >>> found = enclose((sp.log(2 * s), sp.log(2) + sp.log(s) + sp.Rational(1, 10**40)), {"s": 3}, digits=50)
    >>> found.excludes_zero, found.verdict.value.value
    (True, 'refuted')
    """
    digits = integer("digits", digits)
    difference, is_claim = _difference(claim)
    if isinstance(difference, sp.Integral):
        integrand, x, low, high = integral_of(difference)
        return _told(lambda: enclose_integral(integrand, x, low, high, point or {}), digits, is_claim)  # fmt: skip
    made = _point(difference, point or {})
    return _told(lambda: evaluated(difference, made), digits, is_claim)


def escalated(
    claim: Claim | Any, points: Iterable[Mapping[str, Any]], *, digits: int = 30
) -> Iterator[Enclosure]:
    """The enclosures of a claim at points where floats could hide a difference, such as the coarse ones of a sweep. A point without a ball is undecided, with the reason."""
    for point in points:
        try:
            yield enclose(claim, point, digits=digits)
        except InputError as why:
            yield Enclosure(None, None, False, 0, undecided(f"not shown: {why}"))


def _difference(claim: Any) -> tuple[sp.Expr, bool]:
    claim = claim if isinstance(claim, (sp.Basic, tuple)) else getattr(claim, "identity", claim)
    if isinstance(claim, Identity):
        return gap_identity(claim), True
    if isinstance(claim, sp.Eq):
        return of_type(claim.lhs, sp.Expr) - of_type(claim.rhs, sp.Expr), True
    if isinstance(claim, tuple) and len(claim) == 2:
        left, right = (sp.sympify(side, strict=True) for side in claim)
        return of_type(left, sp.Expr) - of_type(right, sp.Expr), True
    if isinstance(claim, sp.Expr):
        return claim, False
    raise InputError(f"{shown(claim)} is no claim; pass an expression, an equation, a pair of sides or an identity")  # fmt: skip


def gap_identity(identity: Identity) -> sp.Expr:
    r"""$\mathcal F-\mathcal E-v\cdot\nabla\mathcal J$ as one expression. Raises `InputError` where an entropy stays opaque or a derivative is not known."""
    from entropysym.language.noise import noise_form
    from entropysym.language.objective import elbo, objective, reparametrised, spelled_out
    from entropysym.prover.motion import along

    model = identity.model
    moving = noise_form(model, [n for n, v in identity.direction.items() if v != 0])
    F, J = (spelled_out(model, e(model), identity.entropies) for e in (elbo, objective))
    J = reparametrised(J, moving) if moving else J
    return F - identity.entropy_sum - along(J, model, identity.direction)  # type: ignore[arg-type]


# -- points --------------------------------------------------------------------------------------------


def _point(e: sp.Expr, given: Mapping[str, Any]) -> Point:
    """Arrays of rationals, and the sizes that they tell."""
    values: dict[str, np.ndarray] = {}
    sizes: dict[str, int] = {}
    networks: dict[str, Callable[..., Any]] = {}
    for name, value in given.items():
        if callable(value):
            networks[name] = value
            continue
        array = _rationals(name, value)
        values[name] = array
        count = whole(value)
        if count is not None and count > 0:
            sizes[name] = count
    limits: dict[sp.Basic, sp.Basic] = {
        limit[0]: limit[2] for s in e.atoms(sp.Sum) for limit in s.limits
    }
    limits |= {m.index: sp.Symbol("N") for m in e.atoms(DataMean)}
    told = [(array_name(array_of(f)), f.indices) for f in e.atoms(sp.Indexed)]
    for name, indices in told:
        if name in values and values[name].ndim == len(indices):
            for i, length in zip(indices, values[name].shape, strict=True):
                top = limits.get(of_type(i, sp.Expr))
                if isinstance(top, sp.Symbol):
                    sizes.setdefault(top.name, length)
    for letter in e.atoms(MatrixLetter):
        if letter.args and str(letter.args[0]) in values and isinstance(letter.size, sp.Symbol):
            sizes.setdefault(letter.size.name, len(values[str(letter.args[0])]))
    return Point(values, sizes, networks)


def _rationals(name: str, value: Any) -> np.ndarray:
    plain = np.asarray(value, dtype=object) if not hasattr(value, "__array__") else np.asarray(value)  # fmt: skip
    out = np.empty(plain.shape, dtype=object)
    out.ravel()[:] = [numbers.exact(v, name) for v in plain.ravel()]
    return out


# -- what bounds show ----------------------------------------------------------------------------------


@contextmanager
def _precision(bits: int) -> Iterator[None]:
    context = numbers.flint().ctx
    before, context.prec = context.prec, bits
    try:
        yield
    finally:
        context.prec = before


def _told(compute: Callable[[], Any], digits: int, is_claim: bool) -> Enclosure:
    """Once more with twice the digits until the bounds are as narrow as was asked, or 0 is excluded from those of a claim."""
    bits = max(FIRST_BITS, int(3.4 * digits) + 32)
    while True:
        with _precision(bits):
            value = compute()
            low, high = _bounds(value)
        exact = numbers.is_exact(value)
        found = Enclosure(low, high, exact, bits, undecided(""))
        narrow = found.is_finite and high is not None and low is not None and (high - low) / 2 <= Fraction(1, 10**digits) * max(1, abs(low))  # fmt: skip
        if exact or narrow or (is_claim and found.excludes_zero) or 2 * bits > MOST_BITS:
            return Enclosure(low, high, exact, bits, _verdict(found, narrow, is_claim))
        bits *= 2


def _bounds(value: Any) -> tuple[Fraction, Fraction] | tuple[None, None]:
    """The ends as rationals; none of a ball that is not finite, which contains no number."""
    if numbers.is_exact(value):
        q = Fraction(int(value.p), int(value.q))
        return q, q
    if not value.is_finite():
        return None, None
    middle, radius = _dyadic(value.mid()), _dyadic(value.rad())
    return middle - radius, middle + radius


def _dyadic(end: Any) -> Fraction:
    mantissa, exponent = end.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _verdict(found: Enclosure, narrow: bool, is_claim: bool) -> Verdict:
    by = "exact" if found.exact else "ball"
    if not found.is_finite:
        return undecided("not shown: no finite bounds were found")
    if not is_claim:
        if found.exact or narrow:
            return proved("the value lies within these bounds", by)
        return undecided("the bounds are wider than was asked", by)
    if found.excludes_zero:
        return refuted("the two sides differ at this point", by)
    if found.exact:
        return proved("the two sides are equal at this point, in rational arithmetic", by)
    size = f"{found.radius:.1e}"
    return undecided(f"no difference above {size} at this point, which is no proof of equality", by)  # fmt: skip
