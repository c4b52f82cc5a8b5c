r"""Families of the random models: shipped ones and own ones, each with its entropy from the literature.

The records are what a user would write. The entropies are typed here once more, in NumPy, and compared with integrals of the records'
densities by a test: so nothing that the prover derives stands on the oracle's side. With a base measure h the entropy is the pseudo entropy
$-\mathbb E\log(p/h)$. All functions take complex arguments, since the oracle differentiates with complex steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sympy as sp
from scipy import special

from entropysym import families
from entropysym.language import Family, Softplus

#: What an argument is: a location, a positive scale, a real log-scale, a shape in which nothing moves simply, or a natural parameter.
Kind = Literal["location", "scale", "logscale", "shape", "natural"]

#: Noise of an encoder, z = location + scale*noise, or the positive law with z = scale*noise.
Noise = Literal["normal", "laplace", "logistic", "gumbel", "student", "points", "exponential"]


@dataclass(frozen=True)
class Case:
    """A family with what is known of it; `noise` and `draw` say how an encoder of this family is sampled, if it may be one.

    `draw` maps the arguments and the noise to the latent; None where the encoder is sampled as weighted points.
    """

    record: Family
    kinds: tuple[Kind, ...]
    entropy: Callable[..., Any]
    noise: Noise = "points"
    draw: Callable[..., Any] | None = None
    own: bool = True

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def support(self) -> str:
        return self.record.support


m, k = sp.symbols("m k", real=True)
s, r, nu, a, o = (sp.Symbol(name, positive=True) for name in ("s", "r", "nu", "a", "o"))
x = sp.Symbol("x", real=True)
u = (x - m) / s
_half_log_2pi = sp.log(2 * sp.pi) / 2

_location_scale = {"location": m, "scale": s}


def _own(name: str, arguments: tuple[sp.Symbol, ...], log_density: sp.Expr, **more: Any) -> Family:
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


def _normal_entropy(log_std: Any) -> Any:
    return 0.5 * np.log(2 * np.pi * np.e) + log_std


def _student_entropy(location: Any, scale: Any, nu: Any) -> Any:
    half = (nu + 1) / 2
    beta = special.loggamma(nu / 2) + special.loggamma(0.5) - special.loggamma(half)
    return (
        half * (special.digamma(half) - special.digamma(nu / 2))
        + 0.5 * np.log(nu) + beta + np.log(scale)
    )  # fmt: skip


def _gamma_entropy(a: Any, rate: Any) -> Any:
    return a - np.log(rate) + special.loggamma(a) + (1 - a) * special.digamma(a)


def _beta_entropy(a: Any, b: Any) -> Any:
    log_beta = special.loggamma(a) + special.loggamma(b) - special.loggamma(a + b)
    slopes = (a - 1) * special.digamma(a) + (b - 1) * special.digamma(b)
    return log_beta - slopes + (a + b - 2) * special.digamma(a + b)


def _logit_entropy(logit: Any) -> Any:
    return np.log1p(np.exp(logit)) - logit / (1 + np.exp(-logit))


def _affine(location: Any, scale: Any, noise: Any) -> Any:
    return location + scale * noise


_LS: tuple[Kind, ...] = ("location", "scale")

CASES = {
    c.name: c
    for c in (
        Case(families.NORMAL, _LS, lambda m, v: _normal_entropy(0.5 * np.log(v)), "normal",
             lambda m, v, e: m + np.sqrt(v) * e, own=False),
        Case(families.LAPLACE, _LS, lambda m, b: 1 + np.log(2 * b), "points", own=False),
        Case(families.BERNOULLI, ("natural",), _logit_entropy, own=False),
        Case(families.POISSON, ("natural",), lambda k: np.exp(k) * (1 - k), own=False),
        Case(NORMAL_STD, _LS, lambda m, s: _normal_entropy(np.log(s)), "normal", _affine),
        Case(NORMAL_PRECISION, _LS, lambda m, r: _normal_entropy(-0.5 * np.log(r)), "normal",
             lambda m, r, e: m + e / np.sqrt(r)),
        Case(NORMAL_LOG_VARIANCE, ("location", "logscale"), lambda m, k: _normal_entropy(k / 2),
             "normal", lambda m, k, e: m + np.exp(k / 2) * e),
        Case(NORMAL_FACTOR, ("location", "scale", "shape"),
             lambda m, s, a: _normal_entropy(np.log(s) + 0.5 * np.log(a)), "normal",
             lambda m, s, a, e: m + s * np.sqrt(a) * e),
        Case(NORMAL_PLAIN, _LS, lambda m, s: _normal_entropy(np.log(s))),
        Case(UNIT_NORMAL, ("location",), lambda m: _normal_entropy(0.0), "normal",
             lambda m, e: m + e),
        Case(STANDARD_NORMAL, (), lambda: _normal_entropy(0.0), "normal", lambda e: e),
        Case(STANDARD_LAPLACE, (), lambda: 1 + np.log(2)),
        Case(LAPLACE_SCALED, _LS, lambda m, s: 1 + np.log(2 * s), "laplace", _affine),
        Case(LOGISTIC, _LS, lambda m, s: np.log(s) + 2, "logistic", _affine),
        Case(GUMBEL, _LS, lambda m, s: np.log(s) + np.euler_gamma + 1, "gumbel", _affine),
        Case(STUDENT, ("location", "scale", "shape"), _student_entropy, "student",
             lambda m, s, nu, e: m + s * e),
        Case(CAUCHY, _LS, lambda m, s: np.log(4 * np.pi * s), "points", _affine),
        Case(QUARTIC, _LS, lambda m, s: 0.25 + np.log(2 * s) + special.loggamma(1.25)),
        Case(EXPONENTIAL, ("scale",), lambda r: 1 - np.log(r), "exponential", lambda r, e: e / r),
        Case(GAMMA, ("shape", "scale"), _gamma_entropy),
        Case(HALF_NORMAL, ("scale",), lambda s: 0.5 * np.log(np.pi / 2) + np.log(s) + 0.5),
        Case(RAYLEIGH, ("scale",), lambda s: 2 * np.log(s) + 1),
        Case(LOG_NORMAL, _LS, lambda m, s: _normal_entropy(np.log(s))),
        Case(POWER_UNIT, ("scale",), lambda a: 1 - 1 / a - np.log(a)),
        Case(BERNOULLI_LOGIT, ("natural",), _logit_entropy),
        Case(BERNOULLI_ODDS, ("scale",), lambda o: np.log(1 + o) - o / (1 + o) * np.log(o)),
        Case(POISSON_RATE, ("scale",), lambda o: o * (1 - np.log(o))),
        Case(GEOMETRIC, ("scale",), lambda o: (1 + o) * np.log(1 + o) - o * np.log(o)),
        Case(NEGATIVE_BINOMIAL, ("scale",),
             lambda o: 3 * (1 + o) * np.log(1 + o) - 3 * o * np.log(o) + np.log(2)),
    )
}  # fmt: skip

#: Shipped families that the random models do not draw, but shipped models have.
ENTROPIES = {name: case.entropy for name, case in CASES.items()} | {
    "Gamma": _gamma_entropy,
    "Beta": _beta_entropy,
}

#: The records by name, for the lines that rebuild a model.
LAWS = {name: case.record for name, case in CASES.items()}

#: An encoder of any law, where the language has it.
ANY = getattr(families, "ANY", None)
