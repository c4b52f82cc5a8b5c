r"""The Wishart and the matrix normal law in numbers, from Cholesky factors and the multivariate log gamma function, not from their records.

Matrices stand in the last two axes. $|L||L^\top|$ with the Cholesky factor L of a covariance holds the |terms| of its entries; what an error in them does to an inverse or a
log det goes through both.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array
from jax.scipy import special

from entropysym.lowering.factorisations import cholesky, inverse_lower, log_diagonal, solve_lower
from entropysym.lowering.special import log_gamma_terms


def covariance_terms(covariance: Array) -> tuple[Array, Array, Array]:
    r"""$\Sigma^{-1}$; $|L||L^\top|$, the |terms| of Σ as Cholesky sums them; and those of log det by $\mathrm{tr}\,\Sigma^{-1}\Sigma$."""
    root = cholesky(covariance)
    size = jnp.abs(root) @ jnp.swapaxes(jnp.abs(root), -1, -2)
    back = inverse_lower(root)
    inverse = jnp.swapaxes(back, -1, -2) @ back
    moved = jnp.sum(jnp.abs(inverse) * size, axis=(-2, -1))
    return inverse, size, jnp.abs(2 * log_diagonal(root)) + moved


def _halves(scale: Array, shape: Array) -> Array:
    r"""$(\nu+1-i)/2$ for i = 1, …, D along a last axis, where $\nu=\text{shape}+D-1$."""
    D = scale.shape[-1]
    return (shape[..., None] + D - jnp.arange(1.0, D + 1)) / 2


def _log_normaliser(scale: Array, shape: Array) -> Array:
    D = scale.shape[-1]
    nu = shape + D - 1
    gamma = D * (D - 1) / 4 * math.log(math.pi) + jnp.sum(
        special.gammaln(_halves(scale, shape)), axis=-1
    )
    return nu * D / 2 * math.log(2) + nu * log_diagonal(cholesky(scale)) + gamma


def wishart(x: Array, scale: Array, shape: Array) -> Array:
    r"""$\log W_D(X;V,\nu)$."""
    root = cholesky(x)
    white = solve_lower(cholesky(scale), root)
    power = (shape - 2) * log_diagonal(root)
    return power - jnp.sum(white**2, axis=(-2, -1)) / 2 - _log_normaliser(scale, shape)


def wishart_terms(x: Array, scale: Array, shape: Array) -> Array:
    """The sum of its |terms|."""
    D = scale.shape[-1]
    nu = shape + D - 1
    inverse, size, log_det = covariance_terms(scale)
    _, own_size, own_log_det = covariance_terms(x)
    # tr V^-1 X is tr V^-1 V V^-1 X, whose terms show how ill-conditioned V is.
    around = jnp.abs(inverse) @ size @ jnp.abs(inverse)
    trace = jnp.sum(around * own_size, axis=(-2, -1))
    constants = D**2 * math.log(math.pi) / 4 + nu * D / 2 * math.log(2)
    gammas = jnp.sum(log_gamma_terms(_halves(scale, shape)), axis=-1)
    power = (shape + 2) * own_log_det
    return constants + gammas + (power + trace + nu * log_det) / 2


def wishart_entropy(scale: Array, shape: Array) -> Array:
    r"""$\log\text{normaliser}-\frac{\nu-D-1}2\mathbb E\log|X|+\frac{\nu D}2$ with $\mathbb E\log|X|=\sum_i\psi(\frac{\nu+1-i}2)+D\log2+\log|V|$."""
    D = scale.shape[-1]
    nu = shape + D - 1
    log_det = (
        jnp.sum(special.digamma(_halves(scale, shape)), axis=-1)
        + D * math.log(2)
        + 2 * log_diagonal(cholesky(scale))
    )
    return _log_normaliser(scale, shape) - (shape - 2) / 2 * log_det + nu * D / 2


def _log_peak(rows: Array, columns: Array) -> Array:
    R, C = rows.shape[-1], columns.shape[-1]
    spread = C * log_diagonal(cholesky(rows)) + R * log_diagonal(cholesky(columns))
    return -R * C / 2 * math.log(2 * math.pi) - spread


def matrix_normal(x: Array, mean: Array, rows: Array, columns: Array) -> Array:
    r"""$\log N(\operatorname{vec}X;\operatorname{vec}M,V\otimes U)$."""
    left = solve_lower(cholesky(rows), x - mean)
    white = solve_lower(cholesky(columns), jnp.swapaxes(left, -1, -2))
    return _log_peak(rows, columns) - jnp.sum(white**2, axis=(-2, -1)) / 2


def matrix_normal_terms(x: Array, mean: Array, rows: Array, columns: Array) -> Array:
    """The sum of its |terms|."""
    R, C = rows.shape[-1], columns.shape[-1]
    of_rows, row_size, row_log_det = covariance_terms(rows)
    of_columns, column_size, column_log_det = covariance_terms(columns)
    weighted = jnp.abs(of_rows @ (x - mean) @ of_columns)
    quadratic = jnp.sum(weighted * (row_size @ weighted @ column_size), axis=(-2, -1))
    return (R * C * math.log(2 * math.pi) + C * row_log_det + R * column_log_det + quadratic) / 2


def matrix_normal_entropy(mean: Array, rows: Array, columns: Array) -> Array:
    r"""$\frac{RC}2\log2\pi e+\frac C2\log|U|+\frac R2\log|V|$."""
    R, C = rows.shape[-1], columns.shape[-1]
    return R * C / 2 - _log_peak(rows, columns) + jnp.sum(0 * mean, axis=(-2, -1))
