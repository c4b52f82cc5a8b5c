"""A trained network in the words of its model record, so that the densities and the derived direction can be evaluated at it."""

from __future__ import annotations

from functools import singledispatch
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from entropysym.errors import InputError
from entropysym.language.records import Model
from entropysym.models import MODELS
from entropysym.networks.networks import (
    ACTIVATIONS,
    Encoder,
    GaussianVae,
    LinearVae,
    Perceptron,
    Vae1,
    Vae2,
    Vae3,
)
from entropysym.witness.gap import Networks


class AsModel(NamedTuple):
    """What `measure_gap` takes: the model, its parameters by name, and the other weights with the networks that they make."""

    model: Model
    arguments: dict[str, jax.Array]
    weights: Any
    networks: Networks | None


@singledispatch
def as_model(vae: GaussianVae) -> AsModel:
    """The record of `linear_vae`, `vae1`, `vae2` or `vae3` that the network is, with its parameters as they are called there.

    Raises `InputError` for what does not ship.
    """
    raise InputError(
        f"{type(vae).__name__} is no shipped network; pass measure_gap its model and its parameters by name"
    )


@as_model.register
def _(vae: LinearVae) -> AsModel:
    arguments = {name: getattr(vae, name) for name in ("W", "b", "V", "c")}
    arguments |= {"sigma": jnp.exp(vae.log_sigma), "tau": jnp.exp(vae.log_tau)}
    return AsModel(MODELS["linear_vae"](), arguments, None, None)


@as_model.register
def _(vae: Vae1) -> AsModel:
    arguments = {**_heads(vae.encoder), "W": vae.mean.layers[0].weight}
    arguments["sigma2"] = jnp.exp(vae.log_sigma2)

    def networks(w: Any) -> dict[str, Any]:
        trunk, R, mean = w
        made = _features(vae.encoder, trunk, R)
        return {"F": _reading_hidden(mean, vae.mean.activation), **made}

    return AsModel(MODELS["vae1"](), arguments, (*_rest(vae.encoder), _after(vae.mean)), networks)


@as_model.register
def _(vae: Vae2) -> AsModel:
    # The model's own parameters are the variances; what is left of the pytree are weights.
    arguments = {"sigma2": jnp.exp(vae.log_sigma2), "alpha2": jnp.exp(vae.log_alpha2)}

    def networks(w: Any) -> dict[str, Any]:
        made = eqx.tree_at(lambda m: (m.encoder, m.raw_mean), vae, w)
        return {
            "mu": made.mean,
            "nu": made.encoder.nu,
            "tau2": lambda x: jnp.exp(made.encoder(x)[1]),
        }

    return AsModel(MODELS["vae2"](), arguments, (vae.encoder, vae.raw_mean), networks)


@as_model.register
def _(vae: Vae3) -> AsModel:
    arguments = {**_heads(vae.encoder), "W": vae.mean.layers[0].weight}
    arguments["U"] = vae.log_variance.layers[0].weight
    # The bias of the last layer is the model's parameter s.
    arguments["s"] = vae.log_variance.layers[-1].bias
    last = vae.log_variance.layers[-1].weight
    weights = (*_rest(vae.encoder), _after(vae.mean), _after(vae.log_variance)[:-1], last)

    def networks(w: Any) -> dict[str, Any]:
        trunk, R, mean, rest, last = w
        tail = (*rest, (last, jnp.zeros(last.shape[0], last.dtype)))
        return {
            "F": _reading_hidden(mean, vae.mean.activation),
            **_features(vae.encoder, trunk, R),
            "G": _reading_hidden(tail, vae.mean.activation),
        }

    return AsModel(MODELS["vae3"](), arguments, weights, networks)


def _heads(q: Encoder) -> dict[str, jax.Array]:
    """The parameters of an encoder that scale with the latents."""
    return {"V": q.mean.weight, "c": q.mean.bias, "u": q.log_variance.bias}


def _rest(q: Encoder) -> tuple[Any, jax.Array]:
    """The other weights of an encoder: its trunk, and the matrix of its log-variance."""
    return q.trunk, q.log_variance.weight


def _features(q: Encoder, trunk: Any, R: jax.Array) -> dict[str, Any]:
    """The networks g and r that these weights make."""
    features = eqx.tree_at(lambda e: e.trunk, q, trunk).features if trunk else q.features
    return {"g": features, "r": lambda x: R @ features(x)}


def _after(net: Perceptron) -> tuple[Any, ...]:
    """The weights of a perceptron without the first layer's matrix: its bias, then (weight, bias) of each further layer."""
    first, *rest = net.layers
    return (first.bias, *((layer.weight, layer.bias) for layer in rest))


def _reading_hidden(weights: tuple[Any, ...], activation: str) -> Any:
    """The perceptron as a function of what its first matrix gives."""
    act = ACTIVATIONS[activation]
    bias, *layers = weights

    def run(hidden: jax.Array) -> jax.Array:
        t = hidden + bias
        for weight, bias_ in layers:
            t = weight @ act(t) + bias_
        return t

    return run
