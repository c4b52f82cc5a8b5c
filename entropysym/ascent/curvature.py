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

#: The Hessian is formed densely up to this many parameters.
DENSE = 2000


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


def kind_of_point(maximised: Callable[[Any], Array], at: Any) -> str:
    """Maximum or saddle, by the curvature of what is maximised, with the number of flat directions; unknown beyond `DENSE` parameters and where numbers are not finite."""
    if sum(leaf.size for leaf in jax.tree.leaves(at)) > DENSE:
        return "unknown"
    dense = np.asarray(jax.jit(lambda p: hessian(maximised, p))(at))
    if not np.isfinite(dense).all():
        return "unknown"
    up, _, flat = inertia(dense)
    name = "saddle" if up else "maximum"
    return f"{name}, {flat} flat directions" if flat else name
