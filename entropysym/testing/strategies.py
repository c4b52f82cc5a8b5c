"""Strategies of Hypothesis from records: models, sizes, points of a model or of a family, data, networks.

Each shrinks to what is plain: all sizes 1, all numbers 0 or 1, the plain model. An array is drawn as one integer: the first few stand for plain values, any other is the seed of random ones over the decades
that `witness.configurations` has, so an example is small to store and each array becomes plain by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from entropysym.errors import InputError, integer
from entropysym.language.records import Family, Model, Network, argument_name
from entropysym.testing.flat_points import (
    LEVELS,
    configuration,
    plain,
    sizes_of,
    small_shapes,
    wanted,
)
from entropysym.testing.random_graphs import Drawing
from entropysym.testing.random_models import Spec, build, random_spec
from entropysym.witness.configurations import Configuration, Shape, callables, scales, values

#: The seeds of arrays: those below `LEVELS` are plain.
_SEEDS = st.integers(0, 2**16)


def sizes(largest: int = 6) -> st.SearchStrategy[int]:
    """A size: an integer from 1, to which it shrinks."""
    return st.integers(1, integer("largest", largest))


def shapes(model: Model, largest: int = 6) -> st.SearchStrategy[Shape]:
    """Integers for all sizes of a model. What it counts by classes has two or more, and a model of matrices three at most."""
    least = small_shapes(model)[0]
    top = 3 if _has_matrices(model) else largest
    one = st.tuples(*(st.integers(least[n], max(least[n], top)) for n in sizes_of(model)))
    return one.map(lambda lengths: Shape(tuple(zip(sizes_of(model), lengths, strict=True))))


def _has_matrices(model: Model) -> bool:
    return any(f.is_matrix for f in (*model.parameters, *model.networks))


@dataclass(frozen=True, eq=False)
class Point:
    """A point of a model: its sizes, and its arrays by name as `at` takes them; `configuration` has arguments, weights and nodes, `networks` the callables."""

    model: Model
    shape: Shape
    arrays: dict[str, np.ndarray]

    @property
    def configuration(self) -> Configuration:
        return configuration(self.model, self.shape, self.arrays)

    @property
    def networks(self) -> dict[str, Callable[..., Any]]:
        return callables(self.model, self.shape)(self.configuration.weights)

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={a.tolist()}" for name, a in self.arrays.items())
        return f"Point({self.model.name} at {self.shape}: {told})"


@st.composite
def configurations(
    draw: st.DrawFn, model: Model, shape: Shape | None = None, largest: int = 4
) -> Point:
    """Points of a model: sizes (those of `shape`, if given), data that the model does not fit, parameters in their ranges over many decades, weights of networks, noise of the encoder."""
    at = draw(shapes(model, largest)) if shape is None else shape
    arrays = {
        name: draw(_array(range_, lengths, scales(model, name, range_)))
        for name, (range_, lengths) in wanted(model, at).items()
    }
    return Point(model, at, arrays)


@st.composite
def points(draw: st.DrawFn, family: Family, size: int = 1) -> dict[str, np.ndarray]:
    """A value in the support of a family and arguments in their ranges, by name; the value has the name "x". Vectors and matrices have `size` entries or rows.

    Raises `InputError` for a family that has no density.
    """
    if family.is_any:
        raise InputError(f"{family.name} is any law: it has no arguments and no support")
    depth = {0: (), 1: (size,), 2: (size, size)}
    found = {"x": draw(_array(family.support, depth[family.depth]))}
    for place in family.arguments:
        range_ = family.range_of(place)
        lengths = {"vector": (size,), "positives": (size,), "simplex": (size,)}.get(range_, ())
        if range_ in ("matrix", "posdef", "triangular") or range_.endswith("rows"):
            lengths = size, size
        plain_range = {"vector": "real", "positives": "positive", "matrix": "real"}.get(
            range_, range_.removesuffix(" of rows")
        )
        found[argument_name(place)] = draw(_array(plain_range, lengths))
    return found


@st.composite
def _array(
    draw: st.DrawFn,
    range_: str,
    lengths: tuple[int, ...],
    scales: tuple[float, tuple[float, float]] = (30.0, (1e-3, 1e3)),
) -> np.ndarray:
    seed = draw(_SEEDS)
    if seed < LEVELS:
        return plain(range_, lengths, seed)
    rng = np.random.default_rng(seed)
    if range_ == "radius":
        return np.asarray(1 + rng.uniform())
    gauss, level = rng.standard_normal((1, *lengths)), rng.uniform(size=(1, *lengths))
    return values(range_, gauss, level, *scales)[0]


@st.composite
def datasets(draw: st.DrawFn, support: str = "real", largest: int = 6) -> np.ndarray:
    """Data (N, D) in a support: random ones, some with constant columns, with duplicates, and real or positive ones at huge and tiny scales."""
    N, D = draw(sizes(largest)), draw(sizes(largest))
    x = draw(_array(support, (N, D))).copy()
    if draw(st.booleans()):
        x[:, draw(st.integers(0, D - 1))] = x[0, 0]
    if draw(st.booleans()):
        x[draw(st.integers(0, N - 1))] = x[0]
    if support in ("real", "positive"):
        x = x * 10.0 ** draw(st.integers(-9, 9))
    return x


@st.composite
def networks(draw: st.DrawFn, network: Network, shape: Shape, model: Model) -> Callable[..., Any]:
    """A network of a model as a function of its vectors: one hidden layer with random weights; it shrinks to one that returns a constant."""
    found = draw(configurations(model, shape))
    return found.networks[network.name]


def models() -> st.SearchStrategy[Model]:
    """Random models: one observed and one latent vector, or a graph of factors. They shrink to the plain model, a VAE with learned variances."""
    return st.one_of(_plain_models(), _graphs())


@st.composite
def _plain_models(draw: st.DrawFn) -> Model:
    spec = random_spec(draw(_randoms()))
    # Each part that was drawn becomes plain by itself.
    plain_spec = Spec()
    parts = {f.name: getattr(plain_spec, f.name) for f in fields(Spec)}
    kept = {name: draw(st.integers(0, 9)) for name in parts}
    spec = replace(spec, **{name: part for name, part in parts.items() if kept[name] == 0})
    try:
        return _built(spec)
    except InputError:
        assume(False)
        raise


@lru_cache(maxsize=256)
def _built(spec: Spec) -> Model:
    return build(spec)


@st.composite
def _graphs(draw: st.DrawFn) -> Model:
    return Drawing(draw(_randoms())).model("graph")


def _randoms() -> st.SearchStrategy[Random]:
    """A generator with a seed of its own: models are found by their choices, which are made plain afterwards."""
    return st.integers(0, 2**16).map(Random)
