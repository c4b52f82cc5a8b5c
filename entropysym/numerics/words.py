"""Square matrices as arrays: words of letters evaluated, and the sums of |terms| of what is made of them.

A matrix is an array with named axes whose last two are `ROW` and `COLUMN`. A letter outside its range (not symmetric, not positive
definite, not triangular) becomes NaN, and so does the logarithm of a determinant that is not positive.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import sympy as sp

from entropysym.numerics.axes import Axes, Named, spread, union

ROW = sp.Dummy("row", integer=True, positive=True)
COLUMN = sp.Dummy("column", integer=True, positive=True)

#: A positive-definite letter is symmetric up to this, relative to the root of the product of its diagonal entries.
_SYMMETRY = 1e-10


def matrix(array: jax.Array, leading: Axes = ()) -> Named:
    return Named(array, (*leading, ROW, COLUMN))


def in_range(array: jax.Array, kind: str) -> jax.Array:
    """The matrices that are what `kind` says (posdef or triangular); NaN in place of the others."""
    diagonal = jnp.diagonal(array, axis1=-2, axis2=-1)
    if kind == "triangular":
        upper = jnp.triu(array, 1)
        fits = jnp.all(diagonal > 0, axis=-1) & jnp.all(upper == 0, axis=(-2, -1))
    else:
        size = jnp.sqrt(jnp.abs(diagonal[..., :, None] * diagonal[..., None, :]))
        skew = jnp.abs(array - jnp.swapaxes(array, -1, -2))
        positive = jnp.all(jnp.isfinite(jnp.linalg.cholesky(array)), axis=(-2, -1))
        fits = positive & jnp.all(skew <= _SYMMETRY * size, axis=(-2, -1))
    return jnp.where(jax.lax.stop_gradient(fits)[..., None, None], array, jnp.nan)


def batched(values: Sequence[Named]) -> tuple[Axes, list[jax.Array]]:
    """The leading axes that occur, and the matrices with all of them in front (of length 1 where a matrix lacks one)."""
    leading = tuple(a for a in union(values) if a not in (ROW, COLUMN))
    return leading, [spread(v, (*leading, ROW, COLUMN)) for v in values]


def product(values: Sequence[Named]) -> Named:
    leading, arrays = batched(values)
    out = arrays[0]
    for array in arrays[1:]:
        out = jnp.matmul(out, array, precision=jax.lax.Precision.HIGHEST)
    return matrix(out, leading)


def transposed(value: Named) -> Named:
    swap = {ROW: COLUMN, COLUMN: ROW}
    return Named(value.array, tuple(swap.get(a, a) for a in value.axes))


def inverse(value: Named, symmetric: bool) -> Named:
    """The inverse by solves, with the Cholesky factor where the matrix is symmetric (NaN if it is not positive definite then)."""
    leading, (array,) = batched([value])
    return matrix(inverted(array) if symmetric else jnp.linalg.inv(array), leading)


def inverted(array: jax.Array) -> jax.Array:
    """The inverse of positive-definite matrices."""
    root = jnp.linalg.cholesky(array)
    identity = jnp.broadcast_to(jnp.eye(array.shape[-1]), array.shape)
    back = jax.lax.linalg.triangular_solve(root, identity, left_side=True, lower=True)
    return jnp.swapaxes(back, -1, -2) @ back


def inverse_magnitude(inverse: Named, magnitude: Named) -> Named:
    r"""The |terms| of $M^{-1}=M^{-1}MM^{-1}$: what an error in M does to its inverse."""
    outside = inverse.absolute()
    return product([outside, magnitude, outside])


def log_det(value: Named, symmetric: bool) -> Named:
    """The logarithm of the determinant, by Cholesky where the matrix is symmetric; NaN unless positive (definite)."""
    leading, (array,) = batched([value])
    if symmetric:
        diagonal = jnp.diagonal(jnp.linalg.cholesky(array), axis1=-2, axis2=-1)
        return Named(2 * jnp.sum(jnp.log(diagonal), axis=-1), leading)
    sign, log = jnp.linalg.slogdet(array)
    return Named(jnp.where(sign > 0, log, jnp.nan), leading)


def log_det_terms(log_det: Named, inverse: Named, magnitude: Named) -> Named:
    r"""The |terms| of $\log\det M$: its value, and those of $\mathrm{tr}\,M^{-1}M$, by which an error in M moves it."""
    leading, (inverted, size) = batched([inverse, magnitude])
    moved = jnp.sum(jnp.abs(jnp.swapaxes(inverted, -1, -2)) * size, axis=(-2, -1))
    return Named(jnp.abs(spread(log_det, leading)) + moved, leading)


def applied(value: Named, vector: Named, axis: sp.Symbol, *, inverted: bool = False) -> Named:
    """The matrix, or its inverse by a solve, times the vector along `axis`."""
    leading = tuple(a for a in union([value, vector]) if a not in (ROW, COLUMN, axis))
    array, right = spread(value, (*leading, ROW, COLUMN)), spread(vector, (*leading, axis))
    if inverted:
        shape = jnp.broadcast_shapes(array.shape[:-2], right.shape[:-1])
        array = jnp.broadcast_to(array, (*shape, *array.shape[-2:]))
        right = jnp.broadcast_to(right, (*shape, right.shape[-1]))
        out = jnp.linalg.solve(array, right[..., None])[..., 0]
    else:
        out = jnp.matmul(array, right[..., None], precision=jax.lax.Precision.HIGHEST)[..., 0]
    return Named(out, (*leading, axis))


def dotted(left: Named, right: Named, axis: sp.Symbol) -> Named:
    """The sum over `axis` of the product of two vectors."""
    leading = tuple(a for a in union([left, right]) if a != axis)
    pair = spread(left, (*leading, axis)) * spread(right, (*leading, axis))
    return Named(jnp.sum(pair, axis=-1), leading)


def trace(value: Named) -> Named:
    leading, (array,) = batched([value])
    return Named(jnp.trace(array, axis1=-2, axis2=-1), leading)
