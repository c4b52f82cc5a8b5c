r"""Stand-ins for functions that nobody wrote down: smooth, the same for the same name, and such as nobody would guess.

An identity that holds for every differentiable A holds for these. A function that has numbers of its own is in `KNOWN`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jax import Array

from entropysym.lowering.special import log_surface

#: Name -> the function of a vector, along the last axis.
KNOWN: Mapping[str, Callable[[Array], Array]] = {"log_sphere": log_surface}


def _phase(name: str) -> float:
    return zlib.crc32(name.encode()) / 2**32


def of_number(name: str, order: int) -> Callable[[Array], Array]:
    r"""The k-th derivative of $\log(e^{au}+e^{-bu})+cu^2$ with numbers a, b, c of the name."""
    t = _phase(name)
    a, b, c = 0.4 + t, 1.1 - t / 2, 0.05 + 0.1 * t

    def f(u: Array) -> Array:
        return jnp.logaddexp(a * u, -b * u) + c * u**2

    for _ in range(order):
        f = jax.grad(f)
    return jnp.vectorize(f)


def of_vector(name: str) -> Callable[[Array], Array]:
    r"""$\log\sum_je^{m_j\cdot v}$ with five vectors $m_j$ of the name, along the last axis."""
    if name in KNOWN:
        return KNOWN[name]

    def f(v: Array) -> Array:
        return jax.scipy.special.logsumexp(v @ _matrix(name, v.shape[-1], 5), axis=-1)

    return f


def gradient(name: str) -> Callable[[Array], Array]:
    """The gradient of the function of a vector, along the last axis; a function whose values are vectors is one as well."""
    f = of_vector(name)
    return lambda v: jax.grad(lambda w: jnp.sum(f(w)))(v)


def _matrix(name: str, rows: int, columns: int) -> Array:
    i, j = jnp.arange(rows)[:, None], jnp.arange(columns)[None, :]
    return jnp.sin(7 * _phase(name) + 1.7 * i + 2.3 * j + 0.9 * i * j)
