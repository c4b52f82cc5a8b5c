"""Plain SymPy with numbered entries in numbers: what `instantiate` returns, read from arrays; entries have indices from 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import sympy as sp
from sympy.core.function import AppliedUndef

from entropysym.errors import InputError, one_of, shown
from entropysym.language.formula import array_name, array_of
from entropysym.language.functions import argument_of
from entropysym.lowering.functions import jax_function

Pair = tuple[jax.Array, jax.Array]


def evaluated(
    e: sp.Basic, arrays: Mapping[str, Any], networks: Mapping[str, Callable[..., Any]]
) -> Pair:
    """The value of an expression and the sum of its |terms|; those inside a function or a power count by its slope.

    Raises `InputError` for a name that there is none of, and for a function that has no row in the language.
    """

    def of(inner: sp.Basic) -> Pair:
        return evaluated(inner, arrays, networks)

    if e.is_number:
        number = jnp.asarray(float(e))  # type: ignore[arg-type]
        return number, jnp.abs(number)
    if isinstance(e, (sp.Symbol, sp.Indexed)):
        value = _entry(e, arrays)
        return value, jnp.abs(value)
    if isinstance(e, sp.Add):
        values, scales = zip(*map(of, e.args), strict=True)
        return sum(values[1:], values[0]), sum(scales[1:], scales[0])  # type: ignore[return-value]
    if isinstance(e, sp.Mul):
        value, scale = of(e.args[0])
        for a in e.args[1:]:
            v, s = of(a)
            value, scale = value * v, scale * s
        return value, scale
    if isinstance(e, sp.Pow) and e.base != sp.E:
        exponent = float(e.exp) if e.exp.is_number else of(e.exp)[0]
        whole = int(e.exp) if isinstance(e.exp, sp.Integer) else exponent
        return _through(lambda u: u**whole, *of(e.base))
    if isinstance(e, AppliedUndef):
        return _output(e, [of(a)[0] for a in e.args], networks)
    f = jnp.exp if isinstance(e, sp.Pow) else jax_function(e)
    if f is None:
        raise InputError(f"cannot compute {shown(e)} ({type(e).__name__}): it has no row")
    return _through(f, *of(e.exp if isinstance(e, sp.Pow) else argument_of(e)))


def _through(f: Callable[[jax.Array], jax.Array], at: jax.Array, scale: jax.Array) -> Pair:
    """A function of a value: its own size, and what its slope makes of the rounding of its argument."""
    value, slope = jax.jvp(f, (at,), (jnp.ones_like(at),))
    return value, jnp.abs(value) + jnp.abs(slope) * scale


def _entry(e: sp.Symbol | sp.Indexed, arrays: Mapping[str, Any]) -> jax.Array:
    name = e.name if isinstance(e, sp.Symbol) else array_name(array_of(e))
    if name not in arrays:
        raise one_of(name, arrays, "array")
    at = () if isinstance(e, sp.Symbol) else tuple(int(i) - 1 for i in e.indices)  # type: ignore[arg-type]
    array = jnp.asarray(arrays[name])
    if len(at) != array.ndim or any(
        not 0 <= i < n for i, n in zip(at, array.shape, strict=True)
    ):  # JAX would take the nearest entry
        raise InputError(f"{e} is no entry of {name}, whose shape is {array.shape}")
    return array[at]


def _output(
    e: sp.Basic, inputs: list[jax.Array], networks: Mapping[str, Callable[..., Any]]
) -> Pair:
    """One output of a network, ``mu__1(z[1], z[2])``, of one vector."""
    name, *at = type(e).__name__.split("__")
    if name not in networks:
        raise one_of(name, networks, "network")
    value = networks[name](jnp.stack(inputs))[tuple(int(i) - 1 for i in at)]
    return value, jnp.abs(value)
