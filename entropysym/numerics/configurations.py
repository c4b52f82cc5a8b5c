"""Random configurations of a model: parameters over several orders of magnitude, data that it does not fit, small networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from entropysym.errors import InputError
from entropysym.language.records import Model, Network, Parameter
from entropysym.language.symbols import Range
from entropysym.numerics.quadrature import Nodes, normal_noise
from entropysym.numerics.signature import DATA_SIZE

_HIDDEN = 3
#: The gap identity holds for every set of nodes, so a few random ones will do.
_SAMPLES = 3

#: (D, H, N) of the sweep; every size takes the value 1, and no two sizes are always equal.
SHAPES = (
    (1, 1, 1),
    (1, 2, 3),
    (2, 1, 4),
    (3, 2, 1),
    (2, 3, 2),
    (4, 2, 5),
    (3, 3, 3),
    (5, 1, 2),
    (1, 4, 6),
    (6, 3, 2),
    (4, 6, 1),
    (6, 5, 6),
)


@dataclass(frozen=True)
class Shape:
    """Integers for the sizes of a model and for the number of data."""

    sizes: tuple[tuple[str, int], ...]

    def __getitem__(self, name: str) -> int:
        return dict(self.sizes)[name]

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.sizes)


def shapes(model: Model) -> tuple[Shape, ...]:
    """The sweep's shapes for a model; sizes beyond D and H alternate between 1 and 3."""
    observed, latent, *others = (s.name for s in model.sizes)
    found = []
    for k, (d, h, n) in enumerate(SHAPES):
        sizes = {observed: d, latent: h, DATA_SIZE: n}
        sizes |= {name: 1 + (k + j) % 3 for j, name in enumerate(others)}
        found.append(Shape(tuple(sizes.items())))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Configuration:
    """One draw: arrays by name, the weights of the networks, and nodes."""

    arrays: Mapping[str, jax.Array]
    weights: Mapping[str, Mapping[str, jax.Array]]
    nodes: Nodes


jax.tree_util.register_dataclass(Configuration, ("arrays", "weights", "nodes"), ())


def draw(model: Model, shape: Shape, key: Key[Array, ""]) -> Configuration:
    """A random configuration; the same key gives the same one."""
    kx, ke, *keys = jax.random.split(key, 2 + len(model.parameters) + len(model.networks))
    x = _values(kx, (shape[DATA_SIZE], shape[model.observed.size.name]), "real")
    arrays = {"x": _into(x, model.decoder.family.support)}
    for p in model.parameters:
        arrays[p.name] = _parameter(keys.pop(), p, shape)
    weights = {net.name: _weights(keys.pop(), net, shape) for net in model.networks}
    return Configuration(arrays, weights, normal_noise(ke, _SAMPLES, shape[model.latent.size.name]))


def callables(
    model: Model, shape: Shape
) -> Callable[[Mapping[str, Mapping[str, jax.Array]]], dict[str, Callable[..., jax.Array]]]:
    """The function that turns weights into the model's networks, each with one hidden tanh layer."""

    def make(weights: Mapping[str, Mapping[str, jax.Array]]) -> dict[str, Callable[..., jax.Array]]:
        return {net.name: _callable(net, weights[net.name], shape) for net in model.networks}

    return make


def _callable(net: Network, w: Mapping[str, jax.Array], shape: Shape) -> Callable[..., jax.Array]:
    lengths = tuple(shape[p.size.name] for p in net.plates)

    def value(*inputs: Float[Array, " I"]) -> jax.Array:
        hidden = jnp.tanh(w["inside"] @ jnp.concatenate(inputs) + w["bias"])
        return _into(w["outside"] @ hidden + w["shift"], net.range).reshape(lengths)

    return value


def _weights(key: Key[Array, ""], net: Network, shape: Shape) -> dict[str, jax.Array]:
    k = jax.random.split(key, 4)
    ins = sum(shape[s.name] for s in net.inputs)
    outs = math.prod(shape[p.size.name] for p in net.plates)
    return {
        "inside": _values(k[0], (_HIDDEN, ins), "real"),
        "bias": _values(k[1], (_HIDDEN,), "real"),
        "outside": jax.random.normal(k[2], (outs, _HIDDEN), jnp.float64),
        "shift": jax.random.normal(k[3], (outs,), jnp.float64),
    }


def _parameter(key: Key[Array, ""], p: Parameter, shape: Shape) -> jax.Array:
    return _values(key, tuple(shape[plate.size.name] for plate in p.plates), p.range)


def _values(key: Key[Array, ""], shape: tuple[int, ...], range_: Range) -> jax.Array:
    """Real: normal with a common scale from 0.03 to 30. Positive: log-uniform from 1e-3 to 1e3. Unit: uniform."""
    k, ks = jax.random.split(key)
    if range_ == "real":
        scale = jnp.exp(jax.random.uniform(ks, (), jnp.float64, math.log(0.03), math.log(30)))
        return scale * jax.random.normal(k, shape, jnp.float64)
    if range_ == "positive":
        return jnp.exp(jax.random.uniform(k, shape, jnp.float64, math.log(1e-3), math.log(1e3)))
    if range_ == "unit":
        return jax.random.uniform(k, shape, jnp.float64, 1e-6, 1 - 1e-6)
    raise InputError(f"unknown range {range_!r}")


def _into(values: jax.Array, range_: Range) -> jax.Array:
    if range_ == "positive":
        return jnp.exp(2 * jnp.tanh(values / 2) * 3)
    return jax.nn.sigmoid(values) if range_ == "unit" else values
