r"""The objective of the linear VAE from the mean and the covariance C of the data, at a cost of $O(D^2H)$.

In centred and scaled data $x'=(x-\bar x)/s$, with weight β on the first two of encoder entropy, prior and decoder:
$$\mathcal J'=\beta\Big\{\sum_h\log\tau_h+\tfrac H2-\tfrac12\sum_h\big(\tau_h^2+(VCV^\top)_{hh}+c_h^2\big)\Big\}-\tfrac D2\log2\pi\sigma^2-\tfrac R{2\sigma^2},$$
$$R=\mathrm{tr}\,(I-WV)C(I-WV)^\top+\|Wc+b\|^2+\sum_h\tau_h^2\|W_{:h}\|^2,\qquad\mathcal F=\mathcal F'-D\log s.$$
It drives optimisers and Hessians. Whatever is reported of an ELBO comes from the densities, on the original data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Point(NamedTuple):
    """Standardised coordinates: V acts on whitened data, the scales are logarithms."""

    W: Float[Array, "D H"]
    b: Float[Array, " D"]
    log_sigma: Float[Array, ""]
    V: Float[Array, "H D"]
    c: Float[Array, " H"]
    log_tau: Float[Array, " H"]


class Standard(NamedTuple):
    """Mean and scale of the data, the covariance of the standardised data, and the whitening of the latter."""

    mean: Float[np.ndarray, " D"]
    scale: float
    covariance: Float[np.ndarray, "D D"]
    whiten: Float[np.ndarray, "D D"]


def standardised(x: Float[np.ndarray, "N D"]) -> Standard:
    """Moments of the data. Directions that are constant up to rounding are not whitened."""
    mean = x.mean(axis=0)
    centred = x - mean
    largest = np.abs(centred).max()
    scale = float(largest * np.sqrt(np.mean((centred / largest) ** 2)))
    centred = centred / scale
    covariance = centred.T @ centred / len(x)
    values, vectors = np.linalg.eigh(covariance)
    # Near-constant directions are left as they are: whitening them would only amplify rounding.
    root = np.where(values > 1e-6 * values[-1], np.sqrt(np.maximum(values, 1e-300)), 1.0)
    return Standard(mean, scale, covariance, (vectors / root) @ vectors.T)


def objective(p: Point, C: jax.Array, whiten: jax.Array, weight: float = 1.0) -> jax.Array:
    """The objective of the standardised data; the ELBO with weight 1."""
    V, sigma2, tau2 = p.V @ whiten, jnp.exp(2 * p.log_sigma), jnp.exp(2 * p.log_tau)
    D, H = p.W.shape
    left = jnp.eye(D) - p.W @ V
    R = (
        jnp.sum((left @ C) * left)
        + jnp.sum((p.W @ p.c + p.b) ** 2)
        + jnp.sum(tau2 * jnp.sum(p.W**2, axis=0))
    )
    latents = jnp.sum(tau2) + jnp.sum((V @ C) * V) + jnp.sum(p.c**2)
    kept = jnp.sum(p.log_tau) + (H - latents) / 2
    return weight * kept - D / 2 * (math.log(2 * math.pi) + 2 * p.log_sigma) - R / (2 * sigma2)


def original(p: Point, s: Standard) -> dict[str, Any]:
    """The model's own parameters, for the original data."""
    V = p.V @ s.whiten / s.scale
    return {
        "W": s.scale * p.W,
        "b": s.scale * p.b + s.mean,
        "sigma": s.scale * jnp.exp(p.log_sigma),
        "V": V,
        "c": p.c - V @ s.mean,
        "tau": jnp.exp(p.log_tau),
    }


def to_standard(parameters: Mapping[str, Any], s: Standard) -> Point:
    """The inverse of `original`."""
    V = jnp.asarray(parameters["V"])
    unwhiten = jnp.linalg.inv(s.whiten)
    return Point(
        W=jnp.asarray(parameters["W"]) / s.scale,
        b=(jnp.asarray(parameters["b"]) - s.mean) / s.scale,
        log_sigma=jnp.log(jnp.asarray(parameters["sigma"]) / s.scale),
        V=s.scale * V @ unwhiten,
        c=jnp.asarray(parameters["c"]) + V @ s.mean,
        log_tau=jnp.log(jnp.asarray(parameters["tau"])),
    )
