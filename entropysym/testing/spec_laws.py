"""Families of the random models: shipped ones, and own ones as a user would write them, with what kind each of their arguments is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sympy as sp

from entropysym import families
from entropysym.language.functions import Softplus
from entropysym.language.records import Family

#: What an argument is: a location, a positive scale, a real log-scale, a shape in which nothing moves simply, or a natural parameter.
Kind = Literal["location", "scale", "logscale", "shape", "natural"]

m, k = sp.symbols("m k", real=True)
s, r, nu, a, o = (sp.Symbol(name, positive=True) for name in ("s", "r", "nu", "a", "o"))
x = sp.Symbol("x", real=True)
u = (x - m) / s
_half_log_2pi = sp.log(2 * sp.pi) / 2

_location_scale = {"location": m, "scale": s}


def _own(
    name: str, arguments: tuple[sp.Symbol, ...], log_density: sp.Expr | None, **more: Any
) -> Family:
    return Family(name, arguments, x, log_density, **more)


NORMAL_STD = _own("NormalStd", (m, s), -_half_log_2pi - sp.log(s) - u**2 / 2, **_location_scale)
NORMAL_PRECISION = _own(
    "NormalPrecision", (m, r), -_half_log_2pi + sp.log(r) / 2 - r * (x - m) ** 2 / 2,
    location=m, scale=1 / sp.sqrt(r),
)  # fmt: skip
NORMAL_LOG_VARIANCE = _own(
    "NormalLogVariance", (m, k), -_half_log_2pi - k / 2 - sp.exp(-k) * (x - m) ** 2 / 2,
    location=m, scale=sp.exp(k / 2),
)  # fmt: skip
NORMAL_FACTOR = _own(
    "NormalFactor", (m, s, a), -_half_log_2pi - sp.log(a) / 2 - sp.log(s) - u**2 / (2 * a),
    location=m, scale=s * sp.sqrt(a),
)  # fmt: skip
NORMAL_PLAIN = _own("NormalPlain", (m, s), NORMAL_STD.log_density)
UNIT_NORMAL = _own(
    "UnitNormal", (m,), -_half_log_2pi - (x - m) ** 2 / 2, location=m, scale=sp.S.One
)
STANDARD_NORMAL = _own(
    "StandardNormal", (), -_half_log_2pi - x**2 / 2, location=sp.S.Zero, scale=sp.S.One
)
STANDARD_LAPLACE = _own("StandardLaplace", (), -sp.Abs(x) - sp.log(2))
LAPLACE_SCALED = _own("LaplaceScaled", (m, s), -sp.Abs(u) - sp.log(2 * s), **_location_scale)
LOGISTIC = _own("Logistic", (m, s), -u - 2 * Softplus(-u) - sp.log(s), **_location_scale)
GUMBEL = _own("Gumbel", (m, s), -u - sp.exp(-u) - sp.log(s), **_location_scale)
STUDENT = _own(
    "Student",
    (m, s, nu),
    sp.loggamma((nu + 1) / 2) - sp.loggamma(nu / 2) - sp.log(sp.pi * nu) / 2 - sp.log(s)
    - (nu + 1) * sp.log(1 + u**2 / nu) / 2,
    **_location_scale,
)  # fmt: skip
CAUCHY = _own("Cauchy", (m, s), -sp.log(sp.pi) - sp.log(s) - sp.log(1 + u**2), **_location_scale)
QUARTIC = _own("Quartic", (m, s), -(u**4) - sp.log(2 * s) - sp.loggamma(sp.Rational(5, 4)))
EXPONENTIAL = _own("OwnExponential", (r,), sp.log(r) - r * x, support="positive")
GAMMA = _own(
    "OwnGamma", (a, r), a * sp.log(r) - sp.loggamma(a) + (a - 1) * sp.log(x) - r * x,
    support="positive",
)  # fmt: skip
HALF_NORMAL = _own(
    "OwnHalfNormal", (s,), sp.log(2 / sp.pi) / 2 - sp.log(s) - x**2 / (2 * s**2), support="positive"
)
RAYLEIGH = _own(
    "OwnRayleigh", (s,), sp.log(x) - 2 * sp.log(s) - x**2 / (2 * s**2), support="positive",
    log_base_measure=sp.log(x),
)  # fmt: skip
LOG_NORMAL = _own(
    "OwnLogNormal", (m, s), -sp.log(x) - _half_log_2pi - sp.log(s) - (sp.log(x) - m) ** 2 / (2 * s**2),
    support="positive", log_base_measure=-sp.log(x),
)  # fmt: skip
POWER_UNIT = _own("PowerUnit", (a,), sp.log(a) + (a - 1) * sp.log(x), support="unit")
BERNOULLI_LOGIT = _own("BernoulliLogit", (k,), x * k - sp.log(1 + sp.exp(k)), support="binary")
BERNOULLI_ODDS = _own("BernoulliOdds", (o,), x * sp.log(o) - sp.log(1 + o), support="binary")
POISSON_RATE = _own(
    "OwnPoissonRate", (o,), x * sp.log(o) - o - sp.loggamma(x + 1), support="count",
    log_base_measure=-sp.loggamma(x + 1),
)  # fmt: skip
GEOMETRIC = _own("OwnGeometric", (o,), x * sp.log(o) - (x + 1) * sp.log(1 + o), support="count")
#: With r = 3; an r that is an argument would stand in the base measure.
NEGATIVE_BINOMIAL = _own(
    "OwnNegativeBinomial",
    (o,),
    sp.loggamma(x + 3) - sp.log(2) - sp.loggamma(x + 1) + x * sp.log(o) - (x + 3) * sp.log(1 + o),
    support="count",
    log_base_measure=sp.loggamma(x + 3) - sp.loggamma(x + 1),
)

_LS: tuple[Kind, ...] = ("location", "scale")


@dataclass(frozen=True)
class Case:
    """A family with the kinds of its arguments. An encoder of one that is `drawn` is location + scale · noise, or scale · noise; of any other it is weighted points."""

    record: Family
    kinds: tuple[Kind, ...]
    drawn: bool = False

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def support(self) -> str:
        return self.record.support


#: Every family of the random models, by name.
CASES = {
    c.name: c
    for c in (
        Case(families.NORMAL, _LS, True),
        Case(families.LAPLACE, _LS, False),
        Case(families.BERNOULLI, ("natural",), False),
        Case(families.POISSON, ("natural",), False),
        Case(NORMAL_STD, _LS, True),
        Case(NORMAL_PRECISION, _LS, True),
        Case(NORMAL_LOG_VARIANCE, ("location", "logscale"), True),
        Case(NORMAL_FACTOR, ("location", "scale", "shape"), True),
        Case(NORMAL_PLAIN, _LS, False),
        Case(UNIT_NORMAL, ("location",), True),
        Case(STANDARD_NORMAL, (), True),
        Case(STANDARD_LAPLACE, (), False),
        Case(LAPLACE_SCALED, _LS, True),
        Case(LOGISTIC, _LS, True),
        Case(GUMBEL, _LS, True),
        Case(STUDENT, ("location", "scale", "shape"), True),
        Case(CAUCHY, _LS, False),
        Case(QUARTIC, _LS, False),
        Case(EXPONENTIAL, ("scale",), True),
        Case(GAMMA, ("shape", "scale"), False),
        Case(HALF_NORMAL, ("scale",), False),
        Case(RAYLEIGH, ("scale",), False),
        Case(LOG_NORMAL, _LS, False),
        Case(POWER_UNIT, ("scale",), False),
        Case(BERNOULLI_LOGIT, ("natural",), False),
        Case(BERNOULLI_ODDS, ("scale",), False),
        Case(POISSON_RATE, ("scale",), False),
        Case(GEOMETRIC, ("scale",), False),
        Case(NEGATIVE_BINOMIAL, ("scale",), False),
    )
}

#: The records by name, for the lines that build a model.
LAWS = {name: case.record for name, case in CASES.items()}
