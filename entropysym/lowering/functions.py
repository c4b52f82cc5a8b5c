"""The functions of the language as JAX has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import sympy as sp

from entropysym.language.functions import Sigmoid, Softplus
from entropysym.lowering.precision import softplus
from entropysym.lowering.signature import FUNCTIONS

JAX: Mapping[type, Callable[[jax.Array], jax.Array]] = dict(
    zip(
        FUNCTIONS,
        (
            *(jnp.log, jnp.exp, jnp.abs, jnp.tanh, jax.scipy.special.gammaln),
            *(softplus, jax.nn.sigmoid),
        ),
        strict=True,
    )
)

#: Functions that grow exponentially somewhere.
EXPONENTIALS = (sp.exp, Softplus, Sigmoid)


def slope(function: type, value: jax.Array) -> jax.Array:
    """The derivative of an exponential, from its value."""
    if function is Softplus:
        return -jnp.expm1(-value)
    return value * (1 - value) if function is Sigmoid else value
