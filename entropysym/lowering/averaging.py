"""Data means in pieces, so that memory does not grow with the number of data points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Float


def averaged(
    f: Callable[[Float[jax.Array, "N D"]], Any], x: Float[jax.Array, "N D"], rows: int | None
) -> Any:
    """f(x) for an f whose leaves are averages over the data or constants, `rows` data points at a time (None: all at once)."""
    N = len(x)
    if rows is None or rows >= N:
        return f(x)
    total = None
    for start in range(0, N, rows):
        some = x[start : start + rows]
        part = len(some) / N
        share = jax.tree.map(lambda a, part=part: a * part, f(some))
        total = share if total is None else jax.tree.map(jnp.add, total, share)
    return total
