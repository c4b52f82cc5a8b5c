"""Cholesky factors and triangular solves of batches of small matrices, unrolled.

LAPACK calls on large batches of small matrices can block each other for ever in the thread pool of JAX on the CPU (seen with
0.10.2 on two cores). Beyond `UNROLLED` rows, where batches are small, LAPACK does the work. What is not positive definite gives NaN.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from entropysym.lowering.precision import EPS

#: Matrices of up to this many rows are factorised without LAPACK.
UNROLLED = 12

#: A pivot below this part of its diagonal entry is rounding.
_ROUNDING = 8 * EPS


def cholesky(array: jax.Array) -> jax.Array:
    """The lower factor of symmetric matrices (their symmetric part is taken); NaN where a pivot is zero up to rounding."""
    size = array.shape[-1]
    least = _ROUNDING * jnp.abs(jnp.diagonal(array, axis1=-2, axis2=-1))
    if size > UNROLLED:
        root = jnp.linalg.cholesky(array)
        fits = jnp.diagonal(root, axis1=-2, axis2=-1) ** 2 > least
        return jnp.where(jnp.all(fits, axis=-1)[..., None, None], root, jnp.nan)
    rest = (array + jnp.swapaxes(array, -1, -2)) / 2
    columns = []
    for k in range(size):
        pivot = rest[..., :1, 0]
        pivot = jnp.where(pivot > least[..., k : k + 1], pivot, jnp.nan)
        column = rest[..., :, 0] / jnp.sqrt(pivot)
        columns.append(jnp.pad(column, [(0, 0)] * (column.ndim - 1) + [(k, 0)]))
        rest = rest[..., 1:, 1:] - column[..., 1:, None] * column[..., None, 1:]
    return jnp.stack(columns, axis=-1)


def solve_lower(root: jax.Array, right: jax.Array) -> jax.Array:
    """$L^{-1}B$ for lower-triangular L and the columns of B; leading axes broadcast."""
    size = root.shape[-1]
    leading = jnp.broadcast_shapes(root.shape[:-2], right.shape[:-2])
    if size > UNROLLED:
        root = jnp.broadcast_to(root, (*leading, *root.shape[-2:]))
        right = jnp.broadcast_to(right, (*leading, *right.shape[-2:]))
        return jax.lax.linalg.triangular_solve(root, right, left_side=True, lower=True)
    rest = jnp.broadcast_to(right, (*leading, *right.shape[-2:]))
    rows = []
    for k in range(size):
        row = rest[..., 0, :] / root[..., k, k, None]
        rows.append(row)
        rest = rest[..., 1:, :] - root[..., k + 1 :, k, None] * row[..., None, :]
    return jnp.stack(rows, axis=-2)


def inverse_lower(root: jax.Array) -> jax.Array:
    """The inverse of lower-triangular matrices."""
    return solve_lower(root, jnp.eye(root.shape[-1]))


def log_diagonal(array: jax.Array) -> jax.Array:
    """The sum of the logarithms of the diagonal: log det of a triangular matrix, NaN if an entry is negative."""
    return jnp.sum(jnp.log(jnp.diagonal(array, axis1=-2, axis2=-1)), axis=-1)
