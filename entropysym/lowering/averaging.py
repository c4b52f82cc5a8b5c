"""Data means in pieces, so that memory does not grow with the number of data points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp


def averaged(f: Callable[[Any], Any], x: Any, rows: int | None) -> Any:
    """f(x) for an f whose leaves are averages over the data or constants, `rows` data points at a time (None: all at once); x is an array or several."""
    N = count(x)
    if rows is None or rows >= N:
        return f(x)
    total = None
    for start in range(0, N, rows):
        some = jax.tree.map(lambda a, at=slice(start, start + rows): a[at], x)
        part = count(some) / N
        share = jax.tree.map(lambda a, part=part: a * part, f(some))
        total = share if total is None else jax.tree.map(jnp.add, total, share)
    return total


def count(x: Any) -> int:
    """The number of data points: the length of the (first) array."""
    return len(jax.tree.leaves(x)[0])
