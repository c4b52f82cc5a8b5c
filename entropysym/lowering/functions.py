"""The functions of the language as JAX, NumPy and PyTorch have them, by the name in their row."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, reduce
from typing import Any

import jax
import jax.numpy as jnp
import sympy as sp

from entropysym.language.functions import row_of
from entropysym.lowering import elementary, special
from entropysym.lowering.backends import backend_of, namespace

Elementwise = Callable[[Any], Any]

#: Functions with laws of their own, which have no row.
_OWN: dict[type[sp.Basic], str] = {sp.log: "log", sp.exp: "exp", sp.Abs: "abs", sp.tanh: "tanh"}


def function_of(e: sp.Basic, backend: str = "jax") -> Elementwise | None:
    """The function of a formula's top, or None if there is none."""
    row = row_of(e)
    if row is None:
        name = _OWN.get(type(e))
        return None if name is None else lambda u: getattr(namespace(u), name)(u)
    if backend == "jax":
        return _named(row.jax)
    return elementary.function(row.head, backend)


def jax_function(e: sp.Basic) -> Callable[[jax.Array], jax.Array] | None:
    """The function of a formula's top in JAX, or None if there is none."""
    return function_of(e, "jax")


@lru_cache
def _named(path: str) -> Callable[[jax.Array], jax.Array]:
    first, *rest = path.split(".")
    if not rest:
        return getattr(special, first)
    return reduce(getattr, (first, *rest), jax)


def terms_within(e: sp.Basic, at: Any, value: Any) -> Any:
    """The sum of the |terms| of a function's own value, its argument being exact: Lanczos' formula for log gamma adds up terms that are larger than its value."""
    row, xp = row_of(e), namespace(value)
    if row is None or row.head != "loggamma":
        return xp.abs(value)
    return xp.maximum(xp.abs(value), special.log_gamma_terms(at))


def slope(e: sp.Basic, at: Any) -> Any:
    """The absolute derivative of a formula's top at each entry."""
    backend = backend_of(at)
    if backend == "jax":
        function = jax_function(e)
        assert function is not None
        return jnp.abs(jax.jvp(function, (at,), (jnp.ones_like(at),))[1])
    row, xp = row_of(e), namespace(at)
    return xp.abs(xp.exp(at) if row is None else elementary.slope(row.head, backend)(at))


def amplifies(e: sp.Basic) -> bool:
    """Whether a function multiplies an error of its argument; log and |u| do not, or their error is counted in another way."""
    row = row_of(e)
    return isinstance(e, sp.exp) or (row is not None and row.moves)
