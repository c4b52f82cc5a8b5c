"""The directions of the shipped networks, written down, and how many flat directions they have by construction.

Source: Damm et al., AISTATS 2023; the moves are those of VAE-1, 2, 3 and of the linear VAE.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from entropysym.networks.networks import LinearVae, Perceptron, Vae1, Vae2, Vae3


@singledispatch
def written(vae: Any) -> dict[str, Any] | None:
    """The directions of a shipped network, as pytrees like it: `decoder` and `prior`; None for any other, whose directions are to be solved for."""
    return None


@written.register
def _(vae: LinearVae) -> dict[str, Any]:
    scaled = (-vae.W / 2, vae.V / 2, vae.c / 2, jnp.full_like(vae.log_tau, 0.5))
    return {
        "decoder": _moving(vae, lambda m: m.log_sigma, jnp.full_like(vae.log_sigma, -0.5)),
        "prior": _moving(vae, lambda m: (m.W, m.V, m.c, m.log_tau), scaled),
    }


@written.register
def _(vae: Vae1) -> dict[str, Any]:
    return {
        "decoder": _moving(vae, lambda m: m.log_sigma2, -jnp.ones_like(vae.log_sigma2)),
        "prior": _latents_scaled(vae, lambda m: [m.mean]),
    }


@written.register
def _(vae: Vae2) -> dict[str, Any]:
    return {
        "decoder": _moving(vae, lambda m: m.log_sigma2, -jnp.ones_like(vae.log_sigma2)),
        "prior": _moving(vae, lambda m: m.log_alpha2, -jnp.ones_like(vae.log_alpha2)),
    }


@written.register
def _(vae: Vae3) -> dict[str, Any]:
    last = vae.log_variance.layers[-1].bias
    return {
        "decoder": _moving(vae, lambda m: m.log_variance.layers[-1].bias, -jnp.ones_like(last)),
        "prior": _latents_scaled(vae, lambda m: [m.mean, m.log_variance]),
    }


def _moving(vae: Any, at: Callable[[Any], Any], to: Any) -> Any:
    """The motion `to` of what `at` names, all else at rest."""
    return eqx.tree_at(at, jax.tree.map(jnp.zeros_like, vae), to)


def _latents_scaled(vae: Any, reading_z: Callable[[Any], list[Perceptron]]) -> Any:
    """The motion that scales every latent: the encoder's mean head and the bias of its log-variance make it, the first layers that read z undo it."""

    def moved(m: Any) -> list[Any]:
        head = m.encoder.mean
        firsts = [net.layers[0].weight for net in reading_z(m)]
        return [*firsts, head.weight, head.bias, m.encoder.log_variance.bias]

    *firsts, weight, bias, log_tau2 = moved(vae)
    motion = [*(-W / 2 for W in firsts), weight / 2, bias / 2, jnp.ones_like(log_tau2)]
    return _moving(vae, moved, motion)


@singledispatch
def redundant(vae: Any) -> int:
    """Flat directions that a network has by construction."""
    return 0


@redundant.register
def _(vae: Vae2) -> int:
    """The lengths of the columns that are normalised."""
    return vae.log_alpha2.size
