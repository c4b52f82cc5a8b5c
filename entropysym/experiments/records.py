"""The experiments of Damm et al. (AISTATS 2023), one record each: data, network, settings as published, and the smaller ones that run by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from entropysym.data import synthetic
from entropysym.data.sources import (
    dequantised_digits,
    digits,
    load_celeba,
    load_images,
    load_susy,
)
from entropysym.errors import one_of
from entropysym.experiments.titles import TITLES

SOURCE = "Damm et al., AISTATS 2023 (PMLR 206:3931)"

#: (number of data points, random generator) -> training data and test data, each (N, D).
Data = Callable[
    [int, np.random.Generator], tuple[Float[np.ndarray, "N D"], Float[np.ndarray, "M D"]]
]


@dataclass(frozen=True)
class Settings:
    """What a run depends on. `order` is the number of Gauss-Hermite nodes per latent; where their product has more than 2000, fixed
    low-discrepancy noise is used."""

    size: int
    epochs: int
    batch: int | None = None
    rate: float = 1e-3
    latent: int = 2
    hidden: tuple[int, ...] = (50, 50)
    encoder: tuple[int, ...] | None = None  # None: as `hidden`
    activation: str = "relu"
    order: int = 10
    seeds: int = 1
    lbfgs: int = 200
    newton: int = 0


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


def _linear(N: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    mechanism = synthetic.linear_mechanism(rng)
    return mechanism.sample(N, rng), mechanism.sample(N, rng)


def _ring(N: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    mechanism = synthetic.linear_mechanism(rng, latents=synthetic.ring_latents)
    return mechanism.sample(N, rng), mechanism.sample(N, rng)


def _digits(N: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return split(digits(), N, rng)


def _dequantised(N: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    N = min(N, 1797 // 2)
    x = dequantised_digits(2 * N, rng)
    return x[:N], x[N:]


def split(x: np.ndarray, N: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """At most N rows in random order for training, and at most as many of the others for testing."""
    order = rng.permutation(len(x))
    N = min(N, len(x) - len(x) // 6)
    return x[order[:N]], x[order[N : 2 * N]]


PCA = Experiment(
    name="pca",
    title=TITLES["pca"],
    kinds={"linear_vae": {}},
    data=_linear,
    settings=Settings(
        size=10_000, epochs=200, batch=2000, rate=1e-2, seeds=10, lbfgs=200, newton=50
    ),
    published={"size": 10_000, "epochs": 1500, "batch": 2000, "rate": 1e-3, "samples": 100},
)
MNIST = Experiment(
    name="mnist",
    title=TITLES["mnist"],
    kinds={"vae1": {}},
    data=_digits,
    reader=load_images,
    settings=Settings(size=60_000, epochs=150, batch=250, rate=5e-3, order=8, seeds=3, lbfgs=100),
    published={"size": 60_000, "epochs": 200, "batch": 2000, "rate": 1e-3, "samples": 100},
)
RING = Experiment(
    name="ring",
    title=TITLES["ring"],
    kinds={"vae3": {}},
    data=_ring,
    settings=Settings(size=1000, epochs=200, batch=200, rate=5e-3, order=8, seeds=3, lbfgs=200),
    published={"size": 10_000, "epochs": 3000, "batch": 2000, "rate": 1e-3, "samples": 100},
)
STATIONARY = Experiment(
    name="stationary",
    title=TITLES["stationary"],
    kinds={"vae1": {"latent": 2, "order": 10}, "vae2": {}, "vae3": {"hidden": (1,)}},
    data=_dequantised,
    settings=Settings(
        size=500,
        epochs=1500,
        rate=1e-2,
        latent=1,
        hidden=(2,),
        encoder=(),
        activation="tanh",
        order=20,
        lbfgs=1500,
        newton=200,
    ),
    source="entropysym",
)
CELEBA = Experiment(
    name="celeba",
    title=TITLES["celeba"],
    kinds={"vae1": {}},
    reader=load_celeba,
    settings=Settings(size=2000, epochs=50, batch=200, order=6, lbfgs=0),
)
SUSY = Experiment(
    name="susy",
    title=TITLES["susy"],
    kinds={"vae1": {}},
    reader=load_susy,
    settings=Settings(size=20_000, epochs=50, batch=2000, order=8, lbfgs=50),
)

#: Experiments that train each of their networks on one data set.
TRAINED: dict[str, Experiment] = {e.name: e for e in (PCA, MNIST, RING, STATIONARY, CELEBA, SUSY)}


def experiment(name: str) -> Experiment:
    """The record of that name. Raises `InputError` with the list."""
    if name not in TRAINED:
        raise one_of(name, TRAINED, "experiment")
    return TRAINED[name]
