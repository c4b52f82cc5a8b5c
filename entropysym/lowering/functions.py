"""The functions of the language as JAX has them, by the name in their row."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, reduce

import jax
import jax.numpy as jnp
import sympy as sp

from entropysym.language.functions import row_of
from entropysym.lowering import special

#: Functions with laws of their own, which have no row.
_OWN: dict[type[sp.Basic], Callable[[jax.Array], jax.Array]] = {
    sp.log: jnp.log,
    sp.exp: jnp.exp,
    sp.Abs: jnp.abs,
    sp.tanh: jnp.tanh,
}


def jax_function(e: sp.Basic) -> Callable[[jax.Array], jax.Array] | None:
    """The function of a formula's top, or None if there is none."""
    row = row_of(e)
    return _named(row.jax) if row is not None else _OWN.get(type(e))


@lru_cache
def _named(path: str) -> Callable[[jax.Array], jax.Array]:
    first, *rest = path.split(".")
    if not rest:
        return getattr(special, first)
    return reduce(getattr, (first, *rest), jax)


#: Functions that add up terms which are larger than their value.
_TERMS: dict[str, Callable[[jax.Array], jax.Array]] = {"loggamma": special.log_gamma_terms}


def terms_within(e: sp.Basic, at: jax.Array, value: jax.Array) -> jax.Array:
    """The sum of the |terms| of a function's own value, its argument being exact."""
    row = row_of(e)
    within = _TERMS.get(row.head) if row is not None else None
    return jnp.abs(value) if within is None else jnp.maximum(jnp.abs(value), within(at))


def slope(function: Callable[[jax.Array], jax.Array], at: jax.Array) -> jax.Array:
    """The absolute derivative at each entry."""
    return jnp.abs(jax.jvp(function, (at,), (jnp.ones_like(at),))[1])


def amplifies(e: sp.Basic) -> bool:
    """Whether a function multiplies an error of its argument; log and |u| do not, or their error is counted in another way."""
    row = row_of(e)
    return isinstance(e, sp.exp) or (row is not None and row.moves)
