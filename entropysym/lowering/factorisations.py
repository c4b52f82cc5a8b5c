"""Cholesky factors and triangular solves of batches of small matrices, unrolled.

LAPACK calls on large batches of small matrices can block each other for ever in the thread pool of JAX on the CPU (seen with
0.10.2 on two cores). Beyond `UNROLLED` rows, where batches are small, LAPACK does the work for JAX; NumPy and PyTorch raise there for what is not positive definite, so they go on row by row. What is not positive definite gives NaN.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from entropysym.lowering.backends import backend_of, constant, namespace
from entropysym.lowering.precision import EPS

#: Matrices of up to this many rows are factorised without LAPACK.
UNROLLED = 12

#: A pivot below this part of its diagonal entry is rounding.
_ROUNDING = 8 * EPS


def transposed(array: Any) -> Any:
    """With the last two axes exchanged."""
    return namespace(array).matrix_transpose(array)


def diagonal(array: Any) -> Any:
    """The diagonals of the last two axes."""
    return namespace(array).linalg.diagonal(array)


def _by_lapack(array: Any) -> bool:
    return array.shape[-1] > UNROLLED and backend_of(array) == "jax"


def cholesky(array: Any) -> Any:
    """The lower factor of symmetric matrices (their symmetric part is taken); NaN where a pivot is zero up to rounding."""
    xp, size = namespace(array), array.shape[-1]
    least = _ROUNDING * xp.abs(diagonal(array))
    nan = constant(float("nan"), array)
    if _by_lapack(array):
        root = jnp.linalg.cholesky(array)
        fits = diagonal(root) ** 2 > least
        return jnp.where(jnp.all(fits, axis=-1)[..., None, None], root, nan)
    rest = (array + transposed(array)) / 2
    columns = []
    for k in range(size):
        pivot = rest[..., :1, 0]
        pivot = xp.where(pivot > least[..., k : k + 1], pivot, nan)
        column = rest[..., :, 0] / xp.sqrt(pivot)
        columns.append(_below(column, k))
        rest = rest[..., 1:, 1:] - column[..., 1:, None] * column[..., None, 1:]
    return xp.stack(columns, axis=-1)


def _below(column: Any, rows: int) -> Any:
    """The column with zeros above it."""
    if rows == 0:
        return column
    xp = namespace(column)
    zeros = xp.zeros((*column.shape[:-1], rows), dtype=column.dtype)
    return xp.concat([zeros, column], axis=-1)


def solve_lower(root: Any, right: Any) -> Any:
    """$L^{-1}B$ for lower-triangular L and the columns of B; leading axes broadcast."""
    xp, size = namespace(root), root.shape[-1]
    leading = jnp.broadcast_shapes(tuple(root.shape[:-2]), tuple(right.shape[:-2]))
    if _by_lapack(root):
        root = jnp.broadcast_to(root, (*leading, *root.shape[-2:]))
        right = jnp.broadcast_to(right, (*leading, *right.shape[-2:]))
        return jax.lax.linalg.triangular_solve(root, right, left_side=True, lower=True)
    rest = xp.broadcast_to(right, (*leading, *right.shape[-2:]))
    rows = []
    for k in range(size):
        row = rest[..., 0, :] / root[..., k, k, None]
        rows.append(row)
        rest = rest[..., 1:, :] - root[..., k + 1 :, k, None] * row[..., None, :]
    return xp.stack(rows, axis=-2)


def inverse_lower(root: Any) -> Any:
    """The inverse of lower-triangular matrices."""
    return solve_lower(root, namespace(root).eye(root.shape[-1], dtype=root.dtype))


def log_diagonal(array: Any) -> Any:
    """The sum of the logarithms of the diagonal: log det of a triangular matrix, NaN if an entry is negative."""
    xp = namespace(array)
    return xp.sum(xp.log(diagonal(array)), axis=-1)
