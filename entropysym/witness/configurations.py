"""Random configurations of a model: parameters over several orders of magnitude, data that it does not fit, small networks.

Counts are geometric, so over-dispersed for a Poisson decoder; binary data are tossed with one probability for all. Both are drawn
without the model. An encoder that is not drawn from noise is a few weighted points for each datum, in the support of the latents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import jax
import numpy as np
import sympy as sp
from jaxtyping import Float

from entropysym.errors import InputError
from entropysym.language.functions import Softplus
from entropysym.language.heads import NetworkValue
from entropysym.language.records import Model, Network
from entropysym.language.symbols import MATRIX_RANGES, Range
from entropysym.lowering.backends import namespace_of
from entropysym.lowering.factorisations import cholesky
from entropysym.lowering.quadrature import JointPoints, Nodes, Points
from entropysym.lowering.signature import DATA_SIZE, is_weighted
from entropysym.witness.densities import density, is_drawn

_HIDDEN = 3
#: The gap identity holds for every set of nodes, so a few random ones will do.
_SAMPLES = 3
_PARTS = ("inside", "bias", "outside", "shift")

#: Unrolled Cholesky factors of larger matrices take too long to compile.
_LARGEST_MATRIX = 3

#: Positive-definite matrices have eigenvalues over up to this ratio; a triangular one is a Cholesky factor with its square.
_CONDITION = 1e3

#: The largest scale of real parameters: where the decoder exponentiates sums of them (they would overflow), and elsewhere.
_LARGEST = (2.0, 30.0)

#: Positive values: those of the models that ship, and where a family is the caller's own, of which not even the powers are known.
_POSITIVE, _POSITIVE_OWN = (1e-3, 1e3), (0.05, 20.0)

#: (D, H, N) of the sweep; every size takes the value 1, and no two sizes are always equal.
SHAPES = (
    (1, 1, 1),
    (1, 2, 3),
    (2, 1, 4),
    (3, 3, 2),
    (2, 4, 1),
    (4, 2, 5),
    (6, 3, 2),
)


@dataclass(frozen=True)
class Shape:
    """Integers for the sizes of a model and for the number of data: pairs of name and value."""

    sizes: tuple[tuple[str, int], ...]

    def __getitem__(self, name: str) -> int:
        return dict(self.sizes)[name]

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.sizes)


def shapes(model: Model, seed: int = 0) -> tuple[Shape, ...]:
    """The sweep's shapes for a model; sizes beyond D and H take different values from 1 to 3 or more.

    The last shape is larger and drawn from the seed: no formula in the sizes can be made to fit the fixed ones only.
    """
    if not model.is_plain:
        return _graph_shapes(model, seed)
    observed, latent, *others = (s.name for s in model.sizes)
    matrices = any(f.range in MATRIX_RANGES for f in (*model.parameters, *model.networks))
    rng = np.random.default_rng(seed)
    drawn = (int(rng.integers(7, 13)), int(rng.integers(6, 11)), 6)
    top = _LARGEST_MATRIX if matrices else max(drawn)
    found = []
    for k, (d, h, n) in enumerate((*SHAPES, drawn)):
        sizes = {observed: min(d, top), latent: min(h, top), DATA_SIZE: n}
        sizes |= {name: 1 + (k + j) % max(3, len(others)) for j, name in enumerate(others)}
        found.append(Shape(tuple(sizes.items())))
    # A shape that occurs twice would bring the same configurations twice.
    return tuple(dict.fromkeys(found))


def _graph_shapes(model: Model, seed: int) -> tuple[Shape, ...]:
    """Shapes of a graph: sizes from 1 to 4 in which no two are always equal, then one drawn from the seed, and all 1 at the end.

    Where all sizes are 1 most wrong claims are right: a class that is certain has no entropy. So a few configurations do not begin
    there, and there are two classes or more everywhere else.
    """
    names = [plate.size.name for plate in model.data] + [s.name for s in model.sizes]
    least = {name: 2 if name in numbers_of_classes(model) else 1 for name in names}
    rng = np.random.default_rng(seed)
    found = []
    for k in range(5):
        drawn = {name: 1 + (k + (j + 1) * (k + 2)) % 4 for j, name in enumerate(names)}
        found.append({name: max(size, least[name]) for name, size in drawn.items()})
    found.append({name: int(rng.integers(2, 6)) for name in names})
    found.append(dict.fromkeys(names, 1))
    return tuple(dict.fromkeys(Shape(tuple(sizes.items())) for sizes in found))


def numbers_of_classes(model: Model) -> set[str]:
    """The sizes that count classes: the last plate of what is one-hot or on a simplex."""
    onehot = [v.plates[-1] for v in model.variables if v.support == "onehot"]
    simplex = [p.plates[-1] for p in model.parameters if p.range == "simplex"]
    return {plate.size.name for plate in (*onehot, *simplex)}


@dataclass(frozen=True, eq=False)
class Configuration:
    """Arrays by name, the weights of the networks, and nodes; `draw` puts a leading axis on each."""

    arrays: Mapping[str, Any]
    weights: Mapping[str, Mapping[str, Any]]
    nodes: Nodes | Points | JointPoints


jax.tree_util.register_dataclass(Configuration, ("arrays", "weights", "nodes"), ())


def draw(model: Model, shape: Shape, seed: int, count: int) -> Configuration:
    """`count` random configurations along a leading axis; number k does not depend on `count`.

    They are drawn on the host: compiling a random generator for each shape would take longer than the sweep itself.
    """
    return assembled(model, drawn_arrays(model, shape, seed, count))


def drawn_arrays(model: Model, shape: Shape, seed: int, count: int) -> dict[str, np.ndarray]:
    """The arrays that `draw` assembles: all that `wanted` names, each with a leading axis."""
    every = wanted(model, shape)
    columns = sum(math.prod(lengths) for _, lengths in every.values())
    normal, uniform = (
        np.random.default_rng([seed, stream, *(v for _, v in shape.sizes)]) for stream in (0, 1)
    )
    gauss = normal.standard_normal((count, columns))
    level = uniform.uniform(size=(count, columns))
    arrays: dict[str, np.ndarray] = {}
    start = 0
    for name, (range_, lengths) in every.items():
        part = slice(start, start + math.prod(lengths))
        start = part.stop
        shaped = [a[:, part].reshape(count, *lengths) for a in (gauss, level)]
        arrays[name] = values(range_, *shaped, *scales(model, name, range_))  # type: ignore[call-arg]
    return arrays


def scales(model: Model, name: str, range_: str) -> tuple[float, tuple[float, float]]:
    """The largest scale of real values of an array, and between what positive ones lie; values of latents are moderate."""
    if (name == "noise" or name.startswith("value.")) and range_ in ("real", "positive"):
        return _LARGEST[0], _POSITIVE_OWN
    return _scales(model)


@lru_cache
def _scales(model: Model) -> tuple[float, tuple[float, float]]:
    own = any(density(f).moderate for f in model.families if f.log_density is not None)
    largest = _LARGEST[0] if own or _exponentiates(model) else _LARGEST[1]
    return largest, _POSITIVE_OWN if own else _POSITIVE


def assembled(model: Model, drawn: Mapping[str, Any]) -> Configuration:
    """Arrays by the names that `wanted` has, with or without a leading axis, as a configuration: weights of networks and nodes apart, shares that sum to 1."""
    arrays = dict(drawn)
    weights = {
        net.name: {part: arrays.pop(f"{net.name}.{part}") for part in _PARTS}
        for net in model.networks
    }
    if not model.is_plain:
        return Configuration(arrays, weights, _joint_points(model, arrays))
    noise = arrays.pop("noise")
    if not is_weighted(model.encoder.family):
        nodes: Nodes | Points = Nodes(noise, np.full(noise.shape[:-1], 1 / _SAMPLES))  # type: ignore[arg-type]
    else:
        level = arrays.pop("noise.weights") + 0.1
        shares = level / level.sum(axis=-1, keepdims=True)
        nodes = Points(noise, shares, arrays.pop("noise.entropy"))  # type: ignore[arg-type]
    return Configuration(arrays, weights, nodes)


def _joint_points(model: Model, arrays: dict[str, np.ndarray]) -> JointPoints:
    """The points of a graph, taken from among the arrays that were drawn; weights sum to 1."""

    def taken(prefix: str) -> dict[str, Any]:
        names = [name for name in arrays if name.startswith(prefix)]
        return {name.removeprefix(prefix): arrays.pop(name) for name in names}

    values, entropies = taken("value."), taken("entropy.")
    levels = {name: level + 0.1 for name, level in taken("weight.").items()}
    shares = {name: level / level.sum(axis=-1, keepdims=True) for name, level in levels.items()}
    return JointPoints(values, shares, entropies)


def _exponentiates(model: Model) -> bool:
    """Whether a factor of what is observed exponentiates a sum of parameters."""
    observed = [
        f for f in model.p if model.variable(f.of[0]).role == "observed" or not model.is_plain
    ]
    logits = ("count", "onehot")
    if any(f.family.support in logits and not f.family.simplex for f in observed):
        return True
    # What a network reads goes through its tanh.
    arguments = [
        a.xreplace(dict.fromkeys(a.atoms(NetworkValue), sp.S.One))
        for f in observed
        for a in f.arguments
    ]
    return any(
        e.has(sp.Sum)
        for a in arguments
        for e in (*a.atoms(sp.exp, Softplus), *(p for p in a.atoms(sp.Pow) if p.base == sp.E))
    )


def wanted(model: Model, shape: Shape) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Name to range and shape of every array that is drawn."""
    if not model.is_plain:
        return _wanted_of_variables(model, shape) | _wanted_of_arrays(model, shape)
    wanted: dict[str, tuple[str, tuple[int, ...]]] = {
        "x": (model.decoder.family.support, (shape[DATA_SIZE], shape[model.observed.size.name])),
        "noise": ("normal", (_SAMPLES, shape[model.latent.size.name])),
    }
    encoder = model.encoder.family
    if is_weighted(encoder):
        support = (model.prior.family if encoder.log_density is None else encoder).support
        N = shape[DATA_SIZE]
        wanted["noise"] = support, (N, _SAMPLES, shape[model.latent.size.name])
        wanted["noise.weights"] = "unit", (N, _SAMPLES)
        wanted["noise.entropy"] = "normal", (N,)
    return wanted | _wanted_of_arrays(model, shape)


def _wanted_of_variables(model: Model, shape: Shape) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Of a graph: what is observed or given, the points of the latents, their weights, and entropies of any law."""
    wanted: dict[str, tuple[str, tuple[int, ...]]] = {}
    drawn = {f.of[0] for f in model.q if is_drawn(model, f)}
    places = {
        "" if f is None else f.size.name for f in (model.datum(v.name) for v in model.variables)
    }
    for v in model.variables:
        lengths = tuple(shape[plate.size.name] for plate in v.plates)
        if v.role != "latent":
            wanted[v.name] = v.support, lengths
            continue
        at = 1 if model.datum(v.name) else 0
        lengths = (*lengths[:at], _SAMPLES, *lengths[at:])
        wanted[f"value.{v.name}"] = "normal" if v.name in drawn else v.support, lengths
    for place in sorted(places | {""}):
        wanted[f"weight.{place}"] = "unit", (*([shape[place]] if place else []), _SAMPLES)
    for f in model.q:
        if f.family.is_any:
            datum = model.datum(f.of[0])
            wanted[f"entropy.{f.name}"] = "normal", ((shape[datum.size.name],) if datum else ())
    return wanted


def _wanted_of_arrays(model: Model, shape: Shape) -> dict[str, tuple[str, tuple[int, ...]]]:
    wanted: dict[str, tuple[str, tuple[int, ...]]] = {}
    for p in model.parameters:
        wanted[p.name] = p.range, tuple(shape[plate.size.name] for plate in p.plates)
    for net in model.networks:
        ins = sum(shape[s.name] for s in net.inputs)
        outs = math.prod(shape[p.size.name] for p in net.plates)
        lengths = ((_HIDDEN, ins), (_HIDDEN,), (outs, _HIDDEN), (outs,))
        for part, length in zip(_PARTS, lengths, strict=True):
            wanted[f"{net.name}.{part}"] = ("real" if part in _PARTS[:2] else "normal"), length
    return wanted


def callables(
    model: Model, shape: Shape, backend: str = "jax"
) -> Callable[[Mapping[str, Mapping[str, Any]]], dict[str, Callable[..., Any]]]:
    """The function that turns weights into the model's networks, each with one hidden tanh layer, of JAX's arrays or NumPy's."""
    xp = namespace_of(backend)

    def make(weights: Mapping[str, Mapping[str, Any]]) -> dict[str, Callable[..., Any]]:
        return {net.name: _callable(net, weights[net.name], shape, xp) for net in model.networks}

    return make


def _callable(
    net: Network, w: Mapping[str, Any], shape: Shape, xp: Any
) -> Callable[..., Float[Any, ...]]:
    lengths = tuple(shape[p.size.name] for p in net.plates)

    def value(*inputs: Float[Any, " I"]) -> Any:
        hidden = xp.tanh(w["inside"] @ xp.concat(inputs) + w["bias"])
        return _into((w["outside"] @ hidden + w["shift"]).reshape(lengths), net.range, xp)

    return value


def values(
    range_: str,
    gauss: np.ndarray,
    level: np.ndarray,
    largest: float,
    positive: tuple[float, float],
) -> np.ndarray:
    """Real: normal with a common scale from 0.03 to `largest`. Positive: log-uniform between two values. Unit: uniform."""
    common = level.reshape(len(level), -1)[:, 0].reshape(-1, *[1] * (level.ndim - 1))
    if range_ == "normal":
        return gauss
    if range_ == "real":
        return gauss * _log_uniform(common, 0.03, largest)
    if range_ in ("positive", "nonnegative"):
        return _log_uniform(level, *positive)
    if range_ == "angle":
        return 2 * math.pi * (level - 0.5)
    if range_ == "sphere":
        return gauss / np.linalg.norm(gauss, axis=-1, keepdims=True)
    if range_.startswith("from "):
        return float(Fraction(range_[5:])) + _log_uniform(level, *positive)
    if range_.startswith("upto "):
        return np.floor(level * (int(range_[5:]) + 1))
    if range_ == "unit":
        return level
    if range_ == "simplex":
        grown = np.exp(2 * gauss)
        return grown / grown.sum(axis=-1, keepdims=True)
    if range_ == "onehot":
        return (level == level.max(axis=-1, keepdims=True)).astype(np.float64)
    if range_ == "binary":
        return (level < 0.1 + 0.8 * common).astype(np.float64)
    if range_ == "count":
        return np.floor(np.log1p(-level) / np.log1p(-_log_uniform(common, 0.05, 0.7)))
    if range_ in MATRIX_RANGES:
        return _matrices(range_, gauss, level)
    raise InputError(f"no random values for the range {range_!r} yet")


def _matrices(range_: str, gauss: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Random eigenvectors; eigenvalues log-uniform over a random ratio, times a random scale."""
    vectors, _ = np.linalg.qr(gauss)
    spread = level[..., -1, :] * np.log(_log_uniform(level[..., :1, 0], 1.0, _CONDITION))
    if range_ == "triangular":
        spread = 2 * spread
    values = np.exp(spread) * _log_uniform(level[..., :1, -1], 1e-3, 1e1)
    whole = (vectors * values[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    whole = (whole + np.swapaxes(whole, -1, -2)) / 2
    return whole if range_ == "posdef" else np.linalg.cholesky(whole)


def _log_uniform(level: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.exp(math.log(low) + level * math.log(high / low))


def _into(values: Any, range_: Range, xp: Any) -> Any:
    """A network's raw output in the range of its head; a positive one stays between e-6 and e+6, a matrix well-conditioned."""
    if range_ in ("positive", "nonnegative"):
        return xp.exp(6 * xp.tanh(values / 2))
    if range_ in MATRIX_RANGES:
        ratio = xp.expm1(math.log(_CONDITION) * _sigmoid(values[0, 0], xp))
        gram = values @ values.T
        whole = xp.eye(len(values)) + ratio * gram / (1 + xp.linalg.trace(gram))
        whole = whole * xp.exp(3 * xp.tanh(values[-1, 0] / 2))
        return whole if range_ == "posdef" else cholesky(whole)
    if range_ == "simplex":
        grown = xp.exp(values - xp.max(values, axis=-1, keepdims=True))
        return grown / xp.sum(grown, axis=-1, keepdims=True)
    return _sigmoid(values, xp) if range_ == "unit" else values


def _sigmoid(values: Any, xp: Any) -> Any:
    return 1 / (1 + xp.exp(-values))
