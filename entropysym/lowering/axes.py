"""Arrays with named axes: a value is an array and, for each axis, the index symbol that runs along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import sympy as sp

#: The axis of the quadrature nodes or noise samples.
SAMPLE = sp.Dummy("s", integer=True, positive=True)

Axes = tuple[sp.Symbol, ...]


@dataclass(frozen=True, eq=False)
class NamedArray:
    """An array and the index symbols of its axes, all different."""

    array: jax.Array
    axes: Axes = ()

    def renamed(self, old: sp.Symbol, new: sp.Symbol) -> NamedArray:
        return named(self.array, tuple(new if a == old else a for a in self.axes))

    def absolute(self) -> NamedArray:
        return NamedArray(jnp.abs(self.array), self.axes)


def named(array: jax.Array, axes: Axes) -> NamedArray:
    """An array with its axes; an index that occurs twice picks the diagonal."""
    kept = tuple(dict.fromkeys(axes))
    if kept != axes:
        array = jnp.einsum(array, [kept.index(a) for a in axes], list(range(len(kept))))
    return NamedArray(array, kept)


def earlier(value: jax.Array, start: jax.Array, axis: int) -> jax.Array:
    """What stands one step earlier along an axis: the start, then all steps but the last."""
    kept = jax.lax.slice_in_dim(value, 0, value.shape[axis] - 1, axis=axis)
    return jnp.concatenate([jnp.expand_dims(start, axis), kept], axis=axis)


def spread(value: NamedArray, axes: Axes, sizes: Sequence[int] | None = None) -> jax.Array:
    """The array with the given axes in this order; axes that it lacks have length 1, or `sizes` if given."""
    present = [a for a in axes if a in value.axes]
    array = jnp.transpose(value.array, [value.axes.index(a) for a in present])
    lengths = iter(array.shape)
    array = array.reshape([next(lengths) if a in value.axes else 1 for a in axes])
    return array if sizes is None else jnp.broadcast_to(array, tuple(sizes))


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
        return multiplied([*rest, NamedArray(jnp.asarray(float(size)))])
    if len(over) == 1:
        v = over[0]
        at = v.axes.index(axis)
        total = NamedArray(jnp.sum(v.array, axis=at), v.axes[:at] + v.axes[at + 1 :])
    else:
        # A contraction keeps sum_h W[d,h] z[n,s,h] from becoming an array over d, h, n and s at once.
        axes = union(over)
        kept = tuple(a for a in axes if a != axis)
        operands: list[object] = []
        for v in over:
            operands += [v.array, [axes.index(a) for a in v.axes]]
        out = jnp.einsum(
            *operands, [axes.index(a) for a in kept], precision=jax.lax.Precision.HIGHEST
        )
        total = NamedArray(out, kept)
    return multiplied([*rest, total]) if rest else total
