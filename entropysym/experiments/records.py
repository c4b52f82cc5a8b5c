"""The experiments of Damm et al. (AISTATS 2023), one record each: data, network, settings as published, and the smaller ones that run by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from entropysym.ascent.settling import Plan
from entropysym.data import synthetic
from entropysym.data.sources import (
    dequantised_digits,
    digits,
    load_celeba,
    load_images,
    load_susy,
)
from entropysym.errors import InputError, integer
from entropysym.experiments.names import EXPERIMENTS

SOURCE = "Damm et al., AISTATS 2023 (PMLR 206:3931)"


class Sample(NamedTuple):
    """Data points to train with and others to test with."""

    train: Float[np.ndarray, "N D"]
    test: Float[np.ndarray, "M D"]


#: (number of data points, random generator) -> data.
Data = Callable[[int, np.random.Generator], Sample]


@dataclass(frozen=True)
class Settings:
    """What a run depends on: data, networks, expectation, and the `plan` of the ascent. `order` is the number of Gauss-Hermite nodes per latent;
    where their product has more than 2000, fixed low-discrepancy noise is used. Raises `InputError` for what cannot be run."""

    size: int
    plan: Plan
    latent: int = 2
    hidden: tuple[int, ...] = (50, 50)
    encoder: tuple[int, ...] | None = None  # None: as `hidden`
    activation: str = "relu"
    order: int = 10
    seeds: int = 1

    def __post_init__(self) -> None:
        counted(self, size=1, latent=1, order=2, seeds=1)
        if not self.hidden:
            raise InputError("hidden is empty; pass at least one layer, such as 50")
        for name in ("hidden", "encoder"):
            if (layers := getattr(self, name)) is not None:
                counts = tuple(integer("hidden", layer) for layer in layers)
                object.__setattr__(self, name, counts)

    def changed(self, changes: Mapping[str, Any]) -> Settings:
        """With these settings by name (see `SETTINGS`), those of the plan among them."""
        planned = {name: value for name, value in changes.items() if name in PLANNED}
        own = {name: value for name, value in changes.items() if name not in PLANNED}
        return replace(self, plan=replace(self.plan, **planned), **own)


#: Names of the settings that the plan holds, and of all that can be changed.
PLANNED = frozenset(f.name for f in fields(Plan))
SETTINGS = PLANNED | {f.name for f in fields(Settings)} - {"plan"}


def counted(settings: Any, **least: int) -> None:
    """Store the fields of these names as Python's integers, by which a checkpoint knows its training. Raises `InputError` for what is no integer of at least this size."""
    for name, low in least.items():
        object.__setattr__(settings, name, integer(name, getattr(settings, name), low))


@dataclass(frozen=True)
class Experiment:
    """Networks of some kinds on one source of data, with the settings that each kind changes.

    `data` draws the data; `reader` reads a file or folder of the user's instead, and where there is no `data` one must be given.
    `published` are the settings of the authors' code, for comparison and for repeating them.
    """

    name: str
    title: str
    kinds: Mapping[str, Mapping[str, Any]]
    settings: Settings
    data: Data | None = None
    reader: Callable[[Path], Float[np.ndarray, "N D"]] | None = None
    published: Mapping[str, Any] = field(default_factory=dict)
    source: str = SOURCE


def _linear(N: int, rng: np.random.Generator) -> Sample:
    mechanism = synthetic.linear_mechanism(rng)
    return Sample(mechanism.sample(N, rng), mechanism.sample(N, rng))


def _ring(N: int, rng: np.random.Generator) -> Sample:
    mechanism = synthetic.linear_mechanism(rng, latents=synthetic.ring_latents)
    return Sample(mechanism.sample(N, rng), mechanism.sample(N, rng))


def _digits(N: int, rng: np.random.Generator) -> Sample:
    return split(digits(), N, rng)


def _dequantised(N: int, rng: np.random.Generator) -> Sample:
    N = min(N, 1797 // 2)
    x = dequantised_digits(2 * N, rng)
    return Sample(x[:N], x[N:])


def split(x: np.ndarray, N: int, rng: np.random.Generator) -> Sample:
    """At most N rows in random order for training, and at most as many of the others for testing."""
    order = rng.permutation(len(x))
    N = min(N, len(x) - len(x) // 6)
    return Sample(x[order[:N]], x[order[N : 2 * N]])


PCA = Experiment(
    name="pca",
    title=EXPERIMENTS["pca"],
    kinds={"linear_vae": {}},
    data=_linear,
    settings=Settings(
        size=10_000, plan=Plan(epochs=200, batch=2000, rate=1e-2, lbfgs=200, newton=50), seeds=10
    ),
    published={"size": 10_000, "epochs": 1500, "batch": 2000, "rate": 1e-3, "samples": 100},
)
MNIST = Experiment(
    name="mnist",
    title=EXPERIMENTS["mnist"],
    kinds={"vae1": {}},
    data=_digits,
    reader=load_images,
    settings=Settings(
        size=60_000,
        plan=Plan(epochs=150, batch=250, rate=5e-3, lbfgs=100, newton=0),
        order=8,
        seeds=3,
    ),
    published={"size": 60_000, "epochs": 200, "batch": 2000, "rate": 1e-3, "samples": 100},
)
RING = Experiment(
    name="ring",
    title=EXPERIMENTS["ring"],
    kinds={"vae3": {}},
    data=_ring,
    settings=Settings(
        size=1000,
        plan=Plan(epochs=200, batch=200, rate=5e-3, lbfgs=200, newton=0),
        order=8,
        seeds=3,
    ),
    published={"size": 10_000, "epochs": 3000, "batch": 2000, "rate": 1e-3, "samples": 100},
)
STATIONARY = Experiment(
    name="stationary",
    title=EXPERIMENTS["stationary"],
    kinds={"vae1": {"latent": 2, "order": 10}, "vae2": {}, "vae3": {"hidden": (1,)}},
    data=_dequantised,
    settings=Settings(
        size=500,
        plan=Plan(epochs=1500, rate=1e-2, lbfgs=1500, newton=200),
        latent=1,
        hidden=(2,),
        encoder=(),
        activation="tanh",
        order=20,
    ),
    source="entropysym",
)
CELEBA = Experiment(
    name="celeba",
    title=EXPERIMENTS["celeba"],
    kinds={"vae1": {}},
    reader=load_celeba,
    settings=Settings(size=2000, plan=Plan(epochs=50, batch=200, lbfgs=0, newton=0), order=6),
)
SUSY = Experiment(
    name="susy",
    title=EXPERIMENTS["susy"],
    kinds={"vae1": {}},
    reader=load_susy,
    settings=Settings(size=20_000, plan=Plan(epochs=50, batch=2000, lbfgs=50, newton=0), order=8),
)

#: Experiments that train each of their networks on one data set.
TRAINED: dict[str, Experiment] = {e.name: e for e in (PCA, MNIST, RING, STATIONARY, CELEBA, SUSY)}
