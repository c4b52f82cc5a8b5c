r"""Families of the random models: shipped ones and own ones, each with its entropy from the literature.

The records are those of `entropysym.testing.spec_laws`, which are what a user would write. The entropies are typed here, in NumPy, and compared with integrals of the records'
densities by a test: so nothing that the prover derives stands on the oracle's side. With a base measure h the entropy is the pseudo entropy
$-\mathbb E\log(p/h)$. All functions take complex arguments, since the oracle differentiates with complex steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import special

from entropysym import families
from entropysym.language import Family
from entropysym.testing.spec_laws import (
    BERNOULLI_LOGIT,
    BERNOULLI_ODDS,
    CAUCHY,
    EXPONENTIAL,
    GAMMA,
    GEOMETRIC,
    GUMBEL,
    HALF_NORMAL,
    LAPLACE_SCALED,
    LOG_NORMAL,
    LOGISTIC,
    NEGATIVE_BINOMIAL,
    NORMAL_FACTOR,
    NORMAL_LOG_VARIANCE,
    NORMAL_PLAIN,
    NORMAL_PRECISION,
    NORMAL_STD,
    POISSON_RATE,
    POWER_UNIT,
    QUARTIC,
    RAYLEIGH,
    STANDARD_LAPLACE,
    STANDARD_NORMAL,
    STUDENT,
    UNIT_NORMAL,
    Kind,
)
from entropysym.testing.spec_laws import CASES as KINDS

#: Noise of an encoder, z = location + scale*noise, or the positive law with z = scale*noise.
Noise = Literal["normal", "laplace", "logistic", "gumbel", "student", "points", "exponential"]


@dataclass(frozen=True)
class Case:
    """A family with what is known of it; `noise` and `draw` say how an encoder of this family is sampled, if it may be one.

    `draw` maps the arguments and the noise to the latent; None where the encoder is sampled as weighted points.
    """

    record: Family
    entropy: Callable[..., Any]
    noise: Noise = "points"
    draw: Callable[..., Any] | None = None
    own: bool = True

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return KINDS[self.name].kinds

    @property
    def support(self) -> str:
        return self.record.support


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


CASES = {
    c.name: c
    for c in (
        Case(families.NORMAL, lambda m, v: _normal_entropy(0.5 * np.log(v)), "normal",
             lambda m, v, e: m + np.sqrt(v) * e, own=False),
        Case(families.LAPLACE, lambda m, b: 1 + np.log(2 * b), "points", own=False),
        Case(families.BERNOULLI, _logit_entropy, own=False),
        Case(families.POISSON, lambda k: np.exp(k) * (1 - k), own=False),
        Case(NORMAL_STD, lambda m, s: _normal_entropy(np.log(s)), "normal", _affine),
        Case(NORMAL_PRECISION, lambda m, r: _normal_entropy(-0.5 * np.log(r)), "normal",
             lambda m, r, e: m + e / np.sqrt(r)),
        Case(NORMAL_LOG_VARIANCE, lambda m, k: _normal_entropy(k / 2),
             "normal", lambda m, k, e: m + np.exp(k / 2) * e),
        Case(NORMAL_FACTOR,
             lambda m, s, a: _normal_entropy(np.log(s) + 0.5 * np.log(a)), "normal",
             lambda m, s, a, e: m + s * np.sqrt(a) * e),
        Case(NORMAL_PLAIN, lambda m, s: _normal_entropy(np.log(s))),
        Case(UNIT_NORMAL, lambda m: _normal_entropy(0.0), "normal",
             lambda m, e: m + e),
        Case(STANDARD_NORMAL, lambda: _normal_entropy(0.0), "normal", lambda e: e),
        Case(STANDARD_LAPLACE, lambda: 1 + np.log(2)),
        Case(LAPLACE_SCALED, lambda m, s: 1 + np.log(2 * s), "laplace", _affine),
        Case(LOGISTIC, lambda m, s: np.log(s) + 2, "logistic", _affine),
        Case(GUMBEL, lambda m, s: np.log(s) + np.euler_gamma + 1, "gumbel", _affine),
        Case(STUDENT, _student_entropy, "student",
             lambda m, s, nu, e: m + s * e),
        Case(CAUCHY, lambda m, s: np.log(4 * np.pi * s), "points", _affine),
        Case(QUARTIC, lambda m, s: 0.25 + np.log(2 * s) + special.loggamma(1.25)),
        Case(EXPONENTIAL, lambda r: 1 - np.log(r), "exponential", lambda r, e: e / r),
        Case(GAMMA, _gamma_entropy),
        Case(HALF_NORMAL, lambda s: 0.5 * np.log(np.pi / 2) + np.log(s) + 0.5),
        Case(RAYLEIGH, lambda s: 2 * np.log(s) + 1),
        Case(LOG_NORMAL, lambda m, s: _normal_entropy(np.log(s))),
        Case(POWER_UNIT, lambda a: 1 - 1 / a - np.log(a)),
        Case(BERNOULLI_LOGIT, _logit_entropy),
        Case(BERNOULLI_ODDS, lambda o: np.log(1 + o) - o / (1 + o) * np.log(o)),
        Case(POISSON_RATE, lambda o: o * (1 - np.log(o))),
        Case(GEOMETRIC, lambda o: (1 + o) * np.log(1 + o) - o * np.log(o)),
        Case(NEGATIVE_BINOMIAL,
             lambda o: 3 * (1 + o) * np.log(1 + o) - 3 * o * np.log(o) + np.log(2)),
    )
}  # fmt: skip

#: Shipped families that the random models do not draw, but shipped models have.
ENTROPIES = {name: case.entropy for name, case in CASES.items()} | {
    "Gamma": _gamma_entropy,
    "Beta": _beta_entropy,
}

#: An encoder of any law, where the language has it.
ANY = getattr(families, "ANY", None)
