"""The dense Hessian of an objective at a point, and how many directions curve up, down or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from entropysym.ascent.trust_region import FLAT


def hessian(objective: Callable[[Any], Array], parameters: Any) -> Float[Array, "P P"]:
    """The Hessian by columns, a few at a time: all at once would hold P copies of the network's activations."""
    flat, unravel = ravel_pytree(parameters)
    gradient = jax.grad(lambda w: objective(unravel(w)))

    def column(u: Float[Array, " P"]) -> Float[Array, " P"]:
        return jax.jvp(gradient, (flat,), (u,))[1]

    return jax.lax.map(column, jnp.eye(flat.size), batch_size=16)


def inertia(hessian: Float[np.ndarray, "P P"]) -> tuple[int, int, int]:
    """Positive, negative and flat curvatures; flat is what is below `FLAT` of the largest."""
    values = np.linalg.eigvalsh(hessian)
    level = FLAT * np.abs(values).max()
    positive, negative = int(np.sum(values > level)), int(np.sum(values < -level))
    return positive, negative, values.size - positive - negative
