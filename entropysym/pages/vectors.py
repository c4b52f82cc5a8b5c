r"""Vectors without their index, as a paper writes them: $z-\mu_0$, $x_n-\mu(z)$, $Wz$.

The language writes a vector by its component at a bound index. Here the index is taken out again, addend by addend; what has no such form
stays as it is, in brackets with its index.
"""

from __future__ import annotations

import sympy as sp

from entropysym.language.algebra import addends
from entropysym.language.formula import arg_of, array_of
from entropysym.language.heads import NetworkValue, Vector
from entropysym.language.records import Plate
from entropysym.pages.marks import Slice, Times


def without_index(vector: Vector) -> list[tuple[sp.Expr, sp.Expr]] | None:
    """Each addend of a vector's component beside the same addend as a vector; None if one of them has no such form."""
    index = vector.index
    found = []
    for addend in addends(vector.body):
        scalar: sp.Expr = sp.S.One
        carriers = []
        for f in sp.Mul.make_args(addend):
            if index in f.free_symbols:
                carriers.append(f)
            else:
                scalar *= f
        whole = _whole(carriers[0], index) if len(carriers) == 1 else None
        if whole is None:
            return None
        found.append((addend, sp.Mul(scalar, whole, evaluate=False) if scalar != 1 else whole))
    return found


def as_matrix(body: sp.Expr, rows: Plate, columns: Plate) -> sp.Expr:
    """A formula at the indices of rows and columns as a matrix, $M-AB$; itself where it has no such form."""
    whole = body
    for plate in (columns, rows):
        found = without_index(plate.vector(whole))
        if whole == 0 or found is None:
            return body
        whole = sp.Add(*(w for _, w in found), evaluate=False) if len(found) > 1 else found[0][1]
    return whole


def _whole(f: sp.Expr, index: sp.Symbol) -> sp.Expr | None:
    if isinstance(f, Slice):
        array, *kept = f.args
        return Slice(array, *kept[:-1]) if kept and kept[-1] == index else None
    if isinstance(f, sp.Indexed):
        *kept, last = f.indices
        return Slice(array_of(f), *kept) if last == index and index not in kept else None
    if isinstance(f, NetworkValue):
        *kept, last = f.indices or (None,)
        read = any(index in v.free_symbols for v in f.inputs)
        if last != index or index in kept or read:
            return None
        return NetworkValue(f.label, sp.Tuple(*kept), sp.Tuple(*f.inputs))
    if isinstance(f, sp.Sum) and len(f.limits) == 1:
        return _times(arg_of(f, 0, sp.Expr), index, f.limits[0][0])
    return None


def _times(product: sp.Expr, row: sp.Symbol, column: sp.Symbol) -> sp.Expr | None:
    """$\\sum_hW_{kh}z_h$ as $Wz$."""
    factors = sp.Mul.make_args(product)
    matrices = [f for f in factors if isinstance(f, sp.Indexed) and row in f.indices]
    if len(factors) != 2 or len(matrices) != 1:
        return None
    (matrix,) = matrices
    (other,) = (f for f in factors if f is not matrix)
    vector = None if row in other.free_symbols else _whole(other, column)
    if vector is None or set(matrix.indices) != {row, column} or len(matrix.indices) != 2:
        return None
    turned = [] if matrix.indices == (row, column) else [sp.true]
    return Times(Slice(array_of(matrix)), vector, *turned)
