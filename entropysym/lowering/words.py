"""Square matrices as arrays: words of letters evaluated, and the sums of |terms| of what is made of them.

A matrix is an array with named axes whose last two are `ROW` and `COLUMN`. A letter that is not symmetric, not triangular or without
a positive diagonal becomes NaN at once; one that is symmetric but not positive definite, when its determinant or inverse is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from entropysym.language.formula import of_type
from entropysym.language.matrices import (
    Inverse,
    Matrix,
    MatrixProduct,
    Scaled,
    Transposed,
    is_symmetric,
)
from entropysym.lowering import factorisations
from entropysym.lowering.axes import Axes, NamedArray, named, spread, union
from entropysym.lowering.backends import constant, matmul, namespace, still

ROW = sp.Dummy("row", integer=True, positive=True)
COLUMN = sp.Dummy("column", integer=True, positive=True)

#: A positive-definite letter is symmetric up to this, relative to the root of the product of its diagonal entries.
_SYMMETRY = 1e-10


def matrix(array: Any, leading: Axes = ()) -> NamedArray:
    """An array whose last two axes are rows and columns."""
    return NamedArray(array, (*leading, ROW, COLUMN))


def in_range(array: Any, kind: str) -> Any:
    """The matrices that may be what `kind` says (posdef or triangular); NaN in place of the others."""
    xp, held = namespace(array), still(array)
    diagonal = factorisations.diagonal(held)
    size = xp.sqrt(diagonal[..., :, None] * diagonal[..., None, :])
    if kind == "triangular":
        fits = xp.triu(held, k=1) == 0
    else:
        fits = xp.abs(held - factorisations.transposed(held)) <= _SYMMETRY * size
    fits = xp.all(fits, axis=(-2, -1)) & xp.all(diagonal > 0, axis=-1)
    return xp.where(fits[..., None, None], array, constant(float("nan"), array))


def looks_symmetric(word: Matrix) -> bool:
    """Whether a word is its own transpose: of one symmetric letter, or a product that reads the same backwards, as in $LL^\\top$."""
    if isinstance(word, MatrixProduct):
        there, back = word.words, reversed(word.words)
        return all(_transposed(a) == b for a, b in zip(there, back, strict=True))
    if is_symmetric(word):
        return True
    inner = word.word if isinstance(word, (Scaled, Inverse, Transposed)) else None
    return isinstance(inner, MatrixProduct) and looks_symmetric(inner)


def _transposed(word: Matrix) -> Matrix:
    if isinstance(word, Transposed):
        return word.word
    return word if is_symmetric(word) else Transposed(word)


def batched(values: Sequence[NamedArray]) -> tuple[Axes, list[Any]]:
    """The leading axes that occur, and the matrices with all of them in front (of length 1 where a matrix lacks one)."""
    leading = tuple(a for a in union(values) if a not in (ROW, COLUMN))
    return leading, [spread(v, (*leading, ROW, COLUMN)) for v in values]


def product(values: Sequence[NamedArray]) -> NamedArray:
    leading, arrays = batched(values)
    out = arrays[0]
    for array in arrays[1:]:
        out = matmul(out, array)
    return matrix(out, leading)


def transposed(value: NamedArray) -> NamedArray:
    swap: dict[sp.Symbol, sp.Symbol] = {ROW: COLUMN, COLUMN: ROW}
    return NamedArray(value.array, tuple(swap.get(a, a) for a in value.axes))


def inverse_lower(value: NamedArray) -> NamedArray:
    """The inverse of a lower-triangular matrix."""
    leading, (array,) = batched([value])
    return matrix(factorisations.inverse_lower(array), leading)


def root(value: NamedArray) -> NamedArray:
    """The Cholesky factor."""
    leading, (array,) = batched([value])
    return matrix(factorisations.cholesky(array), leading)


def log_diagonal(value: NamedArray) -> NamedArray:
    """log det of a triangular matrix."""
    leading, (array,) = batched([value])
    return NamedArray(factorisations.log_diagonal(array), leading)


def inverse_magnitude(inverse: NamedArray, magnitude: NamedArray) -> NamedArray:
    r"""The |terms| of $M^{-1}=M^{-1}MM^{-1}$: what an error in M does to its inverse."""
    outside = inverse.absolute()
    return product([outside, magnitude, outside])


def log_det_terms(log_det: NamedArray, inverse: NamedArray, magnitude: NamedArray) -> NamedArray:
    r"""The |terms| of $\log\det M$: its value, and those of $\mathrm{tr}\,M^{-1}M$, by which an error in M moves it."""
    leading, (inverted, size) = batched([inverse, magnitude])
    xp = namespace(size)
    moved = xp.sum(xp.abs(factorisations.transposed(inverted)) * size, axis=(-2, -1))
    return NamedArray(xp.abs(spread(log_det, leading)) + moved, leading)


def applied(value: NamedArray, vector: NamedArray, axis: sp.Symbol) -> NamedArray:
    """The matrix times the vector along `axis`."""
    leading = tuple(a for a in union([value, vector]) if a not in (ROW, COLUMN, axis))
    array, right = spread(value, (*leading, ROW, COLUMN)), spread(vector, (*leading, axis))
    out = matmul(array, right[..., None])[..., 0]
    return NamedArray(out, (*leading, axis))


def dotted(left: NamedArray, right: NamedArray, axis: sp.Symbol) -> NamedArray:
    """The sum over `axis` of the product of two vectors."""
    leading = tuple(a for a in union([left, right]) if a != axis)
    pair = spread(left, (*leading, axis)) * spread(right, (*leading, axis))
    return NamedArray(namespace(pair).sum(pair, axis=-1), leading)


def entry(value: NamedArray, row: sp.Basic, column: sp.Basic) -> NamedArray:
    """The entries at two indices, which may be the same."""
    places: dict[sp.Symbol, sp.Basic] = {ROW: row, COLUMN: column}
    axes = (of_type(places.get(a, a), sp.Symbol) for a in value.axes)
    return named(value.array, tuple(axes))


def trace(value: NamedArray) -> NamedArray:
    leading, (array,) = batched([value])
    return NamedArray(namespace(array).linalg.trace(array), leading)
