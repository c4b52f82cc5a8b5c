"""Numerical knowledge of the families.

That of the families that ship comes from jax.scipy.stats and not from their records, so that the two are compared. A family of the caller's own
has its record only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy import special, stats

from entropysym.errors import InputError
from entropysym.families import FAMILIES
from entropysym.language.records import Factor, Family, Model
from entropysym.language.supports import contains
from entropysym.lowering.factorisations import (
    cholesky,
    log_diagonal,
    solve_lower,
)
from entropysym.lowering.signature import is_weighted
from entropysym.lowering.special import log_gamma_terms, softplus
from entropysym.witness import of_matrices, own_densities
from entropysym.witness.of_matrices import covariance_terms
from entropysym.witness.univariate import UNIVARIATE


@dataclass(frozen=True)
class Density:
    """Functions of a family's arguments, in nats; elementwise, or over the last axes if `multivariate`.

    `log_density(x, *arguments)`, `terms(x, *arguments)` (the sum of its |terms|), `entropy(*arguments)` (None where no closed form is
    known), and `draw(noise, *arguments)`, which turns noise of the family's standard law into a draw (None where there is no such map).
    `moderate`: random arguments are of moderate size, since an exponential or a power of them would overflow, or nobody knows. `under_normal(mean, variance, *arguments)` is the mean of the log-density under a normal law, with its |terms|, where nodes would see a kink.
    """

    log_density: Callable[..., Array]
    terms: Callable[..., Array]
    entropy: Callable[..., Array] | None = None
    draw: Callable[..., Array] | None = None
    under_normal: Callable[..., tuple[Array, Array]] | None = None
    multivariate: bool = False
    moderate: bool = False


def _around_peak(log_density: Callable[..., Array]) -> Callable[..., Array]:
    """|log-density at the location| and the distance from it; the location is the first argument."""

    def terms(x: Array, location: Array, *rest: Array) -> Array:
        peak = log_density(location, location, *rest)
        return jnp.abs(peak) + jnp.abs(log_density(x, location, *rest) - peak)

    return terms


def terms_of(
    p: Density, at: Array, arguments: Sequence[Array], magnitudes: Sequence[Array | None]
) -> Array:
    r"""The |terms| of a log-density, where an argument may be good to its own |terms| only: $\log p$ follows it by its slope, $|\partial_a\log p|(m_a-|a|)$.

    `magnitudes` has $m_a$, or None for an argument that is good to eps. Slopes by a vector could cancel, so of a law of vectors its own |terms| alone count, which show
    how ill-conditioned it is.
    """
    total = p.terms(at, *arguments)
    for k, magnitude in enumerate(magnitudes):
        if magnitude is not None and not p.multivariate:
            before, own, after = arguments[:k], arguments[k], arguments[k + 1 :]
            tangent = magnitude - jnp.abs(own)
            _, moved = jax.jvp(
                lambda a, before=before, after=after: p.log_density(at, *before, a, *after),
                (jnp.broadcast_to(own, tangent.shape),),
                (tangent,),
            )
            total = total + jnp.abs(moved)
    return total


def _normal(x: Array, mean: Array, variance: Array) -> Array:
    return stats.norm.logpdf(x, mean, jnp.sqrt(variance))


def _bernoulli(x: Array, logit: Array) -> Array:
    # The probability of what was seen, so that none is rounded to 0 or 1.
    inside = (x == 0) | (x == 1)
    return jnp.where(inside, -softplus((1 - 2 * x) * logit), -jnp.inf)


def _poisson(x: Array, log_rate: Array) -> Array:
    inside = (x >= 0) & (x == jnp.round(x))
    return jnp.where(inside, stats.poisson.logpmf(x, jnp.exp(log_rate)), -jnp.inf)


def _poisson_terms(x: Array, log_rate: Array) -> Array:
    # The rate is an exponential, good to eps, so its logarithm is good to 1 + |log rate| of them.
    rate = jnp.exp(log_rate)
    return (
        x * (1 + jnp.abs(log_rate))
        + rate * (1 + jnp.abs(log_rate))
        + jnp.abs(special.gammaln(x + 1))
    )


def _multivariate_normal(x: Array, mean: Array, covariance: Array) -> Array:
    # As in jax.scipy.stats, but without its batched LAPACK calls.
    root = cholesky(covariance)
    white = solve_lower(root, (x - mean)[..., None])[..., 0]
    constant = x.shape[-1] / 2 * math.log(2 * math.pi)
    return -constant - log_diagonal(root) - jnp.sum(white**2, axis=-1) / 2


def _multivariate_normal_terms(x: Array, mean: Array, covariance: Array) -> Array:
    inverse, size, log_det = covariance_terms(covariance)
    weighted = jnp.abs(jnp.einsum("...ij,...j->...i", inverse, x - mean))
    # r' S^-1 r is (S^-1 r)' S (S^-1 r), whose terms show how ill-conditioned S is.
    quadratic = jnp.einsum("...i,...ij,...j->...", weighted, size, weighted)
    K = x.shape[-1]
    return (K * math.log(2 * math.pi) + log_det + quadratic) / 2


def _multivariate_normal_entropy(mean: Array, covariance: Array) -> Array:
    constant = mean.shape[-1] / 2 * math.log(2 * math.pi * math.e)
    return constant + log_diagonal(cholesky(covariance)) + jnp.sum(0 * mean, axis=-1)


def _multivariate_normal_draw(noise: Array, mean: Array, covariance: Array) -> Array:
    return mean + jnp.einsum("...ij,...j->...i", cholesky(covariance), noise)


def _laplace_under_normal(
    mean: Array, variance: Array, location: Array, scale: Array
) -> tuple[Array, Array]:
    r"""The folded normal: $\mathbb E|y|=s\sqrt{2/\pi}\,e^{-\mu^2/2s^2}+\mu\,\mathrm{erf}(\mu/s\sqrt2)$ for $y\sim N(\mu,s^2)$."""
    m, s = mean - location, jnp.sqrt(variance)
    u = m / (s * math.sqrt(2))
    distance = s * math.sqrt(2 / math.pi) * jnp.exp(-(u**2)) + m * special.erf(u)
    constant = jnp.log(2 * scale)
    return -constant - distance / scale, jnp.abs(constant) + distance / scale


def _logits_terms(x: Array, logit: Array) -> Array:
    # The chosen logit, and the logarithm of a sum whose terms are good to 1 + |logit| each.
    share = jax.nn.softmax(logit)
    return jnp.sum((x + share) * (1 + jnp.abs(logit)), axis=-1) + jnp.abs(
        special.logsumexp(logit, axis=-1)
    )


def _logits_entropy(logit: Array) -> Array:
    return special.logsumexp(logit, axis=-1) - jnp.sum(jax.nn.softmax(logit) * logit, axis=-1)


def _dirichlet(x: Array, a: Array) -> Array:
    normaliser = special.gammaln(jnp.sum(a, axis=-1)) - jnp.sum(special.gammaln(a), axis=-1)
    return normaliser + jnp.sum(special.xlogy(a - 1, x), axis=-1)


def _dirichlet_terms(x: Array, a: Array) -> Array:
    powers = jnp.sum(jnp.abs(special.xlogy(a - 1, x)) + jnp.abs(jnp.log(x)), axis=-1)
    gammas = log_gamma_terms(jnp.sum(a, axis=-1)) + jnp.sum(log_gamma_terms(a), axis=-1)
    return powers + gammas


def _dirichlet_entropy(a: Array) -> Array:
    total, K = jnp.sum(a, axis=-1), a.shape[-1]
    log_beta = jnp.sum(special.gammaln(a), axis=-1) - special.gammaln(total)
    spread = (total - K) * special.digamma(total) - jnp.sum((a - 1) * special.digamma(a), axis=-1)
    return log_beta + spread


_ANGLES, _SHARES = np.polynomial.legendre.leggauss(200)


def _log_sphere(eta: Array) -> Array:
    r"""$\log\int e^{\eta\cdot x}$ over the sphere: $\frac{2\pi^{(K-1)/2}}{\Gamma((K-1)/2)}\int_0^\pi e^{\|\eta\|\cos t}\sin^{K-2}t\,dt$; in one dimension the sum over two points."""
    K, square = eta.shape[-1], jnp.sum(eta**2, axis=-1)
    length = jnp.sqrt(jnp.where(square > 0, square, 1.0)) * (square > 0)
    if K == 1:
        return jnp.logaddexp(length, -length)
    t = math.pi * (_ANGLES + 1) / 2
    weights = np.log(_SHARES * math.pi / 2) + (K - 2) * np.log(np.sin(t))
    surface = math.log(2) + (K - 1) / 2 * math.log(math.pi) - math.lgamma((K - 1) / 2)
    return surface + special.logsumexp(length[..., None] * np.cos(t) + weights, axis=-1)


def _von_mises_fisher(x: Array, eta: Array) -> Array:
    return jnp.sum(eta * x, axis=-1) - _log_sphere(eta)


def _von_mises_fisher_entropy(eta: Array) -> Array:
    slope = jax.grad(lambda e: jnp.sum(_log_sphere(e)))(eta)
    return _log_sphere(eta) - jnp.sum(eta * slope, axis=-1)


#: The families whose numbers need more than one formula, by name; the others are in `univariate`.
DENSITIES = {
    "Normal": Density(
        log_density=_normal,
        terms=_around_peak(_normal),
        entropy=lambda mean, variance: 0.5 * jnp.log(2 * math.pi * math.e * variance) + 0 * mean,
        draw=lambda noise, mean, variance: mean + jnp.sqrt(variance) * noise,
    ),
    "MultivariateNormal": Density(
        log_density=_multivariate_normal,
        terms=_multivariate_normal_terms,
        entropy=_multivariate_normal_entropy,
        draw=_multivariate_normal_draw,
        multivariate=True,
    ),
    "Laplace": Density(
        log_density=stats.laplace.logpdf,
        terms=_around_peak(stats.laplace.logpdf),
        entropy=lambda location, scale: jnp.log(2 * math.e * scale) + 0 * location,
        draw=lambda noise, location, scale: location + scale * noise,
        under_normal=_laplace_under_normal,
    ),
    "Bernoulli": Density(
        log_density=_bernoulli,
        terms=lambda x, logit: jnp.abs(_bernoulli(x, logit)),
        entropy=lambda logit: softplus(logit) - logit * jax.nn.sigmoid(logit),
    ),
    "Poisson": Density(log_density=_poisson, terms=_poisson_terms),
    "Categorical": Density(
        log_density=lambda x, p: jnp.log(jnp.sum(x * p, axis=-1)),
        terms=lambda x, p: jnp.abs(jnp.log(jnp.sum(x * p, axis=-1))),
        entropy=lambda p: -jnp.sum(special.xlogy(p, p), axis=-1),
        multivariate=True,
    ),
    "Dirichlet": Density(
        log_density=_dirichlet,
        terms=_dirichlet_terms,
        entropy=_dirichlet_entropy,
        multivariate=True,
        moderate=True,
    ),
    "VonMisesFisher": Density(
        log_density=_von_mises_fisher,
        terms=lambda x, eta: (
            jnp.sum(jnp.abs(eta * x), axis=-1) + jnp.sum(jnp.abs(eta), axis=-1) + 10
        ),
        entropy=_von_mises_fisher_entropy,
        multivariate=True,
        moderate=True,
    ),
    "Wishart": Density(
        log_density=of_matrices.wishart,
        terms=of_matrices.wishart_terms,
        entropy=of_matrices.wishart_entropy,
        multivariate=True,
        moderate=True,
    ),
    "MatrixNormal": Density(
        log_density=of_matrices.matrix_normal,
        terms=of_matrices.matrix_normal_terms,
        entropy=of_matrices.matrix_normal_entropy,
        multivariate=True,
    ),
    "CategoricalLogits": Density(
        log_density=lambda x, logit: jnp.sum(x * jax.nn.log_softmax(logit), axis=-1),
        terms=_logits_terms,
        entropy=_logits_entropy,
        multivariate=True,
    ),
}


def ships(family: Family) -> bool:
    """Whether a family is one that ships. A name proves nothing: an own record may bear it."""
    return FAMILIES.get(family.name) == family


def is_drawn(model: Model, factor: Factor) -> bool:
    """Whether a factor of q is drawn from noise: its family has a location and a scale, or is a multivariate Normal.

    Those of the one latent vector of a plain model have to stand in the family's record, which alone the other side of a comparison knows.
    """
    family = factor.family
    if family.is_any or (model.is_plain and is_weighted(family)):
        return False
    return density(family).draw is not None


@lru_cache(maxsize=256)
def density(family: Family) -> Density:
    """The numerical side of a family: a row of the table if it ships, else lowered from its record.

    Raises `InputError` for a log-density that JAX has no function for, and for any law, which has none.
    """
    if family.log_density is None:
        raise InputError("an encoder of any law has no density")
    if ships(family) and family.name in DENSITIES:
        return DENSITIES[family.name]
    own = Density(
        log_density=own_densities.log_density(family),
        terms=own_densities.log_density_terms(family),
        draw=own_densities.draw_from_noise(family),
        multivariate=family.is_multivariate,
        moderate=True,
    )
    if not ships(family):
        return own
    row = UNIVARIATE[family.name]

    def log_density(x: Array, *arguments: Array) -> Array:
        return jnp.where(contains(family.support, x), row.log_density(x, *arguments), -jnp.inf)

    return replace(own, log_density=log_density, entropy=row.entropy)
