"""Whose arrays: JAX, NumPy or PyTorch, by the array-API standard (array-api-compat), and what is needed beside it.

The namespace is read off the arrays, so that one evaluator serves all three; beside the standard stand sums of products, functions of one number, and mapping a network over points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from entropysym.errors import InputError, one_of

#: Where arrays may live.
BACKENDS = ("jax", "numpy", "torch")

#: What arrays may hold.
DTYPES = ("float64", "float32")


@lru_cache
def _backend_of(kind: type) -> str:
    package = kind.__module__.partition(".")[0]
    return package if package in ("numpy", "torch") else "jax"


def backend_of(array: Any) -> str:
    """The name of the library that an array belongs to; what is traced is JAX's."""
    return _backend_of(type(array))


@lru_cache
def namespace_of(backend: str) -> Any:
    """The functions of the array-API standard for a backend. Raises `InputError` where it is not installed."""
    if backend == "jax":
        return jnp  # the standard's own functions
    if backend == "numpy":
        import array_api_compat.numpy as numpy_api

        return numpy_api
    return _torch_api()


def _torch_api() -> ModuleType:
    try:
        import array_api_compat.torch as torch_api
    except ImportError:
        raise InputError('to="torch" needs PyTorch; pip install torch') from None
    return torch_api


def namespace(array: Any) -> Any:
    """The functions of the array-API standard for an array."""
    return namespace_of(backend_of(array))


def demand_backend(to: object, dtype: object) -> tuple[str, str]:
    """The two words, if they are known. Raises `InputError`."""
    if to not in BACKENDS:
        raise one_of(to, BACKENDS, "kind of array")
    name = str(getattr(dtype, "__name__", dtype)).removeprefix("torch.")
    if name not in DTYPES:
        raise one_of(name, DTYPES, "type of numbers")
    namespace_of(str(to))
    return str(to), name


def einsum(operands: Sequence[tuple[Any, Sequence[int]]], out: Sequence[int]) -> Any:
    """The sum of products over the axes that `out` lacks, in full precision."""
    backend = backend_of(operands[0][0])
    flat: list[Any] = [part for array, axes in operands for part in (array, [*axes])]
    if backend == "jax":
        return jnp.einsum(*flat, [*out], precision=jax.lax.Precision.HIGHEST)
    if backend == "numpy":
        return np.einsum(*flat, [*out])
    import torch

    return torch.einsum(*flat, [*out])


def matmul(left: Any, right: Any) -> Any:
    """The product of matrices over the last two axes, in full precision."""
    if backend_of(left) == "jax":
        return jnp.matmul(left, right, precision=jax.lax.Precision.HIGHEST)
    return namespace(left).matmul(left, right)


def still(array: Any) -> Any:
    """The array as a constant for derivatives."""
    backend = backend_of(array)
    if backend == "jax":
        return jax.lax.stop_gradient(array)
    return array.detach() if backend == "torch" else array


def constant(value: float, like: Any) -> Any:
    """A number as an array of the same type and place as another."""
    return namespace(like).asarray(value, dtype=like.dtype)


def logsumexp(array: Any) -> Any:
    """log sum exp along the last axis."""
    if backend_of(array) == "jax":
        return jax.scipy.special.logsumexp(array, axis=-1)
    xp = namespace(array)
    top = still(xp.max(array, axis=-1, keepdims=True))
    return xp.log(xp.sum(xp.exp(array - top), axis=-1)) + top[..., 0]


def mapped(function: Callable[..., Any], rows: Sequence[Any]) -> Any:
    """A network at each of several points: the rows of each array are what it reads, and its values are stacked along the first axis."""
    backend = backend_of(rows[0])
    if backend == "jax":
        return jax.vmap(function)(*rows)
    if backend == "torch":
        import torch

        return torch.vmap(function)(*rows)
    return np.stack([np.asarray(function(*point)) for point in zip(*rows, strict=True)])


@dataclass(frozen=True)
class Shaped:
    """Shape and type of what a network returns, as far as they are known."""

    shape: tuple[int, ...] | None
    dtype: str | None


def traced(
    function: Callable[..., Any], lengths: Sequence[int], backend: str, dtype: str
) -> Shaped:
    """Shape and type of a network's value at vectors of these lengths: JAX traces it, others are called once."""
    if backend == "jax":
        points = [jax.ShapeDtypeStruct((length,), dtype) for length in lengths]
        value = jax.eval_shape(function, *points)
    elif backend == "torch":
        import torch

        with torch.no_grad():
            value = function(*(torch.full((k,), 0.5, dtype=getattr(torch, dtype)) for k in lengths))
    else:
        value = function(*(np.full(k, 0.5, dtype) for k in lengths))
    shape, kind = getattr(value, "shape", None), getattr(value, "dtype", None)
    return Shaped(
        None if shape is None else tuple(shape),
        None if kind is None else str(kind).removeprefix("torch."),
    )
