r"""Log-densities and entropies of univariate families as the books have them, in nats.

One row for each family beside the first seven, written without its record: by `jax.scipy.stats` where it has the law, else by its textbook formula. The entropy is the true one,
$-\mathbb E\log p$, and None where the base measure is not constant.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.scipy import special, stats

from entropysym.lowering.special import bessel_ratio, langevin, log_bessel, log_sinhc


class Univariate(NamedTuple):
    """log p(x, *arguments) inside the support, and H(*arguments)."""

    log_density: Callable[..., Array]
    entropy: Callable[..., Array] | None = None


def _inverse_gaussian(x: Array, mean: Array, shape: Array) -> Array:
    z = (x - mean) / mean
    return 0.5 * jnp.log(shape / (2 * math.pi * x**3)) - shape * z**2 / (2 * x)


def _zero_inflated(x: Array, probability: Array, rate: Array) -> Array:
    zero = jnp.log(probability + (1 - probability) * jnp.exp(-rate))
    return jnp.where(x == 0, zero, jnp.log1p(-probability) + stats.poisson.logpmf(x, rate))


def _negative_binomial(x: Array, dispersion: Array, probability: Array) -> Array:
    return stats.nbinom.logpmf(x, dispersion, 1 - probability)


def _negative_binomial_decay(x: Array, dispersion: Array, decay: Array) -> Array:
    choices = special.gammaln(x + dispersion) - special.gammaln(dispersion)
    choices -= special.gammaln(x + 1)
    return choices - decay * x + dispersion * jnp.log(-jnp.expm1(-decay))


def _log_beta(a: Array, b: Array) -> Array:
    # jax.scipy.special.betaln is good to 1e-7 only (version 0.10).
    return special.gammaln(a) + special.gammaln(b) - special.gammaln(a + b)


def _beta(x: Array, a: Array, b: Array) -> Array:
    return special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - _log_beta(a, b)


def _beta_entropy(a: Array, b: Array) -> Array:
    powers = (a - 1) * special.digamma(a) + (b - 1) * special.digamma(b)
    return _log_beta(a, b) - powers + (a + b - 2) * special.digamma(a + b)


def _t_entropy(location: Array, scale: Array, freedom: Array) -> Array:
    half = (freedom + 1) / 2
    spread = half * (special.digamma(half) - special.digamma(freedom / 2))
    return spread + jnp.log(freedom) / 2 + _log_beta(freedom / 2, jnp.asarray(0.5)) + jnp.log(scale)


def _asymmetric(x: Array, location: Array, scale: Array, asymmetry: Array) -> Array:
    distance = (x - location) / scale
    slope = jnp.where(distance > 0, asymmetry, -1 / asymmetry)
    return -jnp.log(scale * (asymmetry + 1 / asymmetry)) - distance * slope


def _bernoulli_entropy(p: Array) -> Array:
    return -special.xlogy(p, p) - special.xlog1py(1 - p, -p)


def _truncated(x: Array, rate: Array) -> Array:
    return jnp.log(rate) - rate * x - jnp.log(-jnp.expm1(-rate))


UNIVARIATE: Mapping[str, Univariate] = {
    "BernoulliProbability": Univariate(stats.bernoulli.logpmf, _bernoulli_entropy),
    "PoissonRate": Univariate(stats.poisson.logpmf),
    "Geometric": Univariate(
        lambda x, p: stats.geom.logpmf(x + 1, p), lambda p: _bernoulli_entropy(p) / p
    ),
    "NegativeBinomial": Univariate(_negative_binomial),
    "NegativeBinomialDecay": Univariate(_negative_binomial_decay),
    "ZeroInflatedPoisson": Univariate(_zero_inflated),
    "Exponential": Univariate(
        lambda x, rate: stats.expon.logpdf(x, scale=1 / rate), lambda rate: 1 - jnp.log(rate)
    ),
    "Gamma": Univariate(
        lambda x, shape, rate: stats.gamma.logpdf(x, shape, scale=1 / rate),
        lambda a, b: a - jnp.log(b) + special.gammaln(a) + (1 - a) * special.digamma(a),
    ),
    "InverseGamma": Univariate(
        lambda x, shape, scale: stats.gamma.logpdf(1 / x, shape, scale=1 / scale) - 2 * jnp.log(x),
        lambda a, b: a + jnp.log(b) + special.gammaln(a) - (1 + a) * special.digamma(a),
    ),
    "LogNormal": Univariate(
        lambda x, mean, variance: (
            stats.norm.logpdf(jnp.log(x), mean, jnp.sqrt(variance)) - jnp.log(x)
        )
    ),
    "HalfNormal": Univariate(
        lambda x, variance: math.log(2) + stats.norm.logpdf(x, 0, jnp.sqrt(variance)),
        lambda variance: jnp.log(math.pi * math.e * variance / 2) / 2,
    ),
    "Rayleigh": Univariate(lambda x, s: jnp.log(x / s) - x**2 / (2 * s)),
    "Maxwell": Univariate(
        lambda x, s: jnp.log(math.sqrt(2 / math.pi) * x**2 / s**1.5) - x**2 / (2 * s)
    ),
    "InverseGaussian": Univariate(_inverse_gaussian),
    "Weibull": Univariate(
        lambda x, k, s: jnp.log(k / s) + (k - 1) * jnp.log(x / s) - jnp.power(x / s, k)
    ),
    "Beta": Univariate(_beta, _beta_entropy),
    "BetaMeanPrecision": Univariate(
        lambda x, m, k: _beta(x, m * k, (1 - m) * k),
        lambda m, k: _beta_entropy(m * k, (1 - m) * k),
    ),
    "ContinuousBernoulli": Univariate(
        lambda x, logit: logit * (x - 0.5) - log_sinhc(logit / 2),
        lambda logit: log_sinhc(logit / 2) - logit / 2 * langevin(logit / 2),
    ),
    "TruncatedExponential": Univariate(
        _truncated, lambda r: 1 - r / jnp.expm1(r) - jnp.log(r) + jnp.log(-jnp.expm1(-r))
    ),
    "StudentT": Univariate(
        lambda x, location, scale, freedom: stats.t.logpdf(x, freedom, location, scale), _t_entropy
    ),
    "AsymmetricLaplace": Univariate(
        _asymmetric, lambda location, scale, k: 1 + jnp.log(scale * (k + 1 / k)) + 0 * location
    ),
    "VonMises": Univariate(
        lambda x, location, k: k * jnp.cos(x - location) - math.log(2 * math.pi) - log_bessel(k),
        lambda location, k: (
            math.log(2 * math.pi) + log_bessel(k) - k * bessel_ratio(k) + 0 * location
        ),
    ),
}
