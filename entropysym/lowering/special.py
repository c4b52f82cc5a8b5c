r"""Functions of the language that JAX lacks, accurate to a few eps everywhere, and differentiable."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from entropysym.lowering.backends import namespace

#: Addends of the series below 1: the last is less than eps.
_TERMS = range(10)


@jax.custom_jvp
def softplus(s: jax.Array) -> jax.Array:
    """log(1 + exp s), whose derivative is the sigmoid to the last digit; that of `jax.nn.softplus` is off by 16 eps at s = -30."""
    return jax.nn.softplus(s)


@softplus.defjvp
def _softplus_jvp(
    primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    (s,), (ds,) = primals, tangents
    return softplus(s), jax.nn.sigmoid(s) * ds


def trigamma(u: jax.Array) -> jax.Array:
    r"""$\psi'(u)$."""
    return jax.scipy.special.polygamma(1, u)


def bessel_ratio(u: jax.Array) -> jax.Array:
    r"""$I_1(u)/I_0(u)$."""
    return jax.scipy.special.i1e(u) / jax.scipy.special.i0e(u)


def _series(square: jax.Array, coefficients: list[float]) -> jax.Array:
    total = jnp.zeros_like(square)
    for c in reversed(coefficients):
        total = total * square + c
    return total


BESSEL = [1 / (4**k * math.factorial(k) ** 2) for k in _TERMS]
SINHC = [1 / math.factorial(2 * k + 1) for k in _TERMS]
TIMES_2K = [2 * k / math.factorial(2 * k + 1) for k in _TERMS]


def log_bessel(u: jax.Array) -> jax.Array:
    r"""$\log I_0(u)$, without overflow: below 1 by the series $I_0-1=\sum_{k\ge1}\frac{(u^2/4)^k}{k!^2}$."""
    small = jnp.abs(u) < 1
    near, far = jnp.where(small, u, 0.0), jnp.where(small, 1.0, jnp.abs(u))
    series = jnp.log1p(near**2 * _series(near**2, BESSEL[1:]))
    return jnp.where(small, series, jnp.log(jax.scipy.special.i0e(far)) + far)


def log_gamma_terms(u: Any) -> Any:
    """The sizes of the terms that Lanczos' formula for log gamma adds up: where the sum is small, they are not."""
    return (u + 0.5) * namespace(u).log(u + 7.5) + u + 7.5


def log_sinhc(u: jax.Array) -> jax.Array:
    r"""$\log\frac{\sinh u}u$: below 1 by the series of $\frac{\sinh u}u-1$, which cancels nothing."""
    small = jnp.abs(u) < 1
    near, far = jnp.where(small, u, 0.0), jnp.where(small, 1.0, jnp.abs(u))
    series = jnp.log1p(near**2 * _series(near**2, SINHC[1:]))
    return jnp.where(small, series, far + jnp.log1p(-jnp.exp(-2 * far)) - jnp.log(2 * far))


def langevin(u: jax.Array) -> jax.Array:
    r"""$\coth u-\frac1u=\frac{\sum_k2k\,u^{2k}/(2k+1)!}{u\sum_ku^{2k}/(2k+1)!}$."""
    small = jnp.abs(u) < 1
    near, far = jnp.where(small, u, 0.0), jnp.where(small, 1.0, u)
    series = near * _series(near**2, TIMES_2K[1:]) / _series(near**2, SINHC)
    return jnp.where(small, series, 1 / jnp.tanh(far) - 1 / far)


def is_zero(u: jax.Array) -> jax.Array:
    """1 where u is 0, else 0."""
    return jnp.where(u == 0, 1.0, 0.0)


def is_above(u: jax.Array) -> jax.Array:
    """1 where u is above 0, else 0."""
    return jnp.where(u > 0, 1.0, 0.0)
