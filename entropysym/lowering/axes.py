"""Arrays with named axes: a value is an array and, for each axis, the index symbol that runs along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from entropysym.lowering.backends import constant, einsum, namespace

#: The axis of the quadrature nodes or noise samples.
SAMPLE = sp.Dummy("s", integer=True, positive=True)

Axes = tuple[sp.Symbol, ...]


@dataclass(frozen=True, eq=False)
class NamedArray:
    """An array, of JAX, NumPy or PyTorch, and the index symbols of its axes, all different."""

    array: Any
    axes: Axes = ()

    def renamed(self, old: sp.Symbol, new: sp.Symbol) -> NamedArray:
        return named(self.array, tuple(new if a == old else a for a in self.axes))

    def absolute(self) -> NamedArray:
        return NamedArray(namespace(self.array).abs(self.array), self.axes)


def named(array: Any, axes: Axes) -> NamedArray:
    """An array with its axes; an index that occurs twice picks the diagonal."""
    kept = tuple(dict.fromkeys(axes))
    if kept != axes:
        array = einsum([(array, [kept.index(a) for a in axes])], range(len(kept)))
    return NamedArray(array, kept)


def earlier(value: Any, start: Any, axis: int) -> Any:
    """What stands one step earlier along an axis: the start, then all steps but the last."""
    xp = namespace(value)
    kept = value[(slice(None),) * axis + (slice(0, value.shape[axis] - 1),)]
    return xp.concat([xp.expand_dims(start, axis=axis), kept], axis=axis)


def spread(value: NamedArray, axes: Axes, sizes: Sequence[int] | None = None) -> Any:
    """The array with the given axes in this order; axes that it lacks have length 1, or `sizes` if given."""
    xp = namespace(value.array)
    present = [a for a in axes if a in value.axes]
    array = value.array
    order = tuple(value.axes.index(a) for a in present)
    if order != tuple(range(len(order))):
        array = xp.permute_dims(array, order)
    lengths = iter(array.shape)
    array = xp.reshape(array, tuple(next(lengths) if a in value.axes else 1 for a in axes))
    return array if sizes is None else xp.broadcast_to(array, tuple(sizes))


def union(values: Sequence[NamedArray]) -> Axes:
    """Every axis that occurs, in order of first occurrence."""
    return tuple(dict.fromkeys(a for v in values for a in v.axes))


def added(values: Sequence[NamedArray]) -> NamedArray:
    axes = union(values)
    total = spread(values[0], axes)
    for v in values[1:]:
        total = total + spread(v, axes)
    return NamedArray(total, axes)


def multiplied(values: Sequence[NamedArray]) -> NamedArray:
    axes = union(values)
    total = spread(values[0], axes)
    for v in values[1:]:
        total = total * spread(v, axes)
    return NamedArray(total, axes)


def summed(factors: Sequence[NamedArray], axis: sp.Symbol, size: int) -> NamedArray:
    """The sum over one axis of a product. An axis that no factor has counts `size` times."""
    over = [v for v in factors if axis in v.axes]
    rest = [v for v in factors if axis not in v.axes]
    if not over:
        return multiplied([*rest, NamedArray(constant(float(size), rest[0].array))])
    if len(over) == 1:
        v = over[0]
        at = v.axes.index(axis)
        total = NamedArray(namespace(v.array).sum(v.array, axis=at), v.axes[:at] + v.axes[at + 1 :])
    else:
        # A contraction keeps sum_h W[d,h] z[n,s,h] from becoming an array over d, h, n and s at once.
        axes = union(over)
        kept = tuple(a for a in axes if a != axis)
        operands = [(v.array, [axes.index(a) for a in v.axes]) for v in over]
        total = NamedArray(einsum(operands, [axes.index(a) for a in kept]), kept)
    return multiplied([*rest, total]) if rest else total
