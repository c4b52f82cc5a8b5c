"""A trained network in the words of its model record, so that the densities and the derived direction can be evaluated at it."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from entropysym.language.records import Model
from entropysym.models import MODELS
from entropysym.networks.networks import (
    ACTIVATIONS,
    GaussianVae,
    LinearVae,
    Perceptron,
    Vae1,
    Vae2,
)
from entropysym.witness.gap import Networks


class AsModel(NamedTuple):
    """What `measure_gap` takes: the model, its parameters by name, and the other weights with the networks that they make."""

    model: Model
    arguments: dict[str, jax.Array]
    weights: Any
    networks: Networks | None


def as_model(vae: GaussianVae) -> AsModel:
    """The record of `linear_vae`, `vae1`, `vae2` or `vae3` that the network is, with its parameters as they are called there."""
    if isinstance(vae, LinearVae):
        arguments = {name: getattr(vae, name) for name in ("W", "b", "V", "c")}
        arguments |= {"sigma": jnp.exp(vae.log_sigma), "tau": jnp.exp(vae.log_tau)}
        return AsModel(MODELS["linear_vae"](), arguments, None, None)
    if isinstance(vae, Vae2):
        # The model's own parameters are the variances; what is left of the pytree are weights.
        weights = (vae.encoder, vae.raw_mean)

        def abstract(w: Any) -> dict[str, Any]:
            made = eqx.tree_at(lambda m: (m.encoder, m.raw_mean), vae, w)
            return {
                "mu": made.mean,
                "nu": made.encoder.nu,
                "tau2": lambda x: jnp.exp(made.encoder(x)[1]),
            }

        arguments = {"sigma2": jnp.exp(vae.log_sigma2), "alpha2": jnp.exp(vae.log_alpha2)}
        return AsModel(MODELS["vae2"](), arguments, weights, abstract)
    q = vae.encoder
    arguments = {"V": q.mean.weight, "c": q.mean.bias, "u": q.log_variance.bias}
    arguments["W"] = vae.mean.layers[0].weight
    if isinstance(vae, Vae1):
        arguments["sigma2"] = jnp.exp(vae.log_sigma2)
        weights = (q.trunk, q.log_variance.weight, _after(vae.mean))
    else:
        arguments["U"] = vae.log_variance.layers[0].weight
        arguments["s"] = vae.log_variance.layers[-1].bias
        last = vae.log_variance.layers[-1].weight
        weights = (
            q.trunk,
            q.log_variance.weight,
            _after(vae.mean),
            _after(vae.log_variance)[:-1],
            last,
        )

    def scaled(w: Any) -> dict[str, Any]:
        trunk, R, mean, *variance = w
        features = eqx.tree_at(lambda e: e.trunk, q, trunk).features if trunk else q.features
        made = {
            "F": _reading_hidden(mean, vae.mean.activation),
            "g": features,
            "r": lambda x: R @ features(x),
        }
        if variance:
            # The bias of the last layer is the model's parameter s.
            rest, last = variance
            tail = (*rest, (last, jnp.zeros(last.shape[0], last.dtype)))
            made["G"] = _reading_hidden(tail, vae.mean.activation)
        return made

    return AsModel(
        MODELS["vae1" if isinstance(vae, Vae1) else "vae3"](), arguments, weights, scaled
    )


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
