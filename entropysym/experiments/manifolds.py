"""Curves and surfaces in two and three dimensions, and k dimensions in D: which latents collapse, and how noisy ELBO and entropy sum are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from entropysym.ascent.settling import Plan
from entropysym.data import synthetic
from entropysym.experiments.records import Experiment, Sample, Settings
from entropysym.experiments.running import Outcome, Progress, run

#: Settings of every manifold; the k-dimensional subspace gets one latent more than it needs.
MANIFOLD = Settings(
    size=200,
    plan=Plan(epochs=400, rate=1e-2, lbfgs=100, newton=0),
    latent=2,
    hidden=(20, 20),
    activation="tanh",
    # With 8 nodes per latent the networks learn the nodes: the ELBO then changes by nats under others.
    order=12,
)
CHANGES: Mapping[str, Mapping[str, Any]] = {"k_in_D": {"latent": 3, "order": 5}}

#: What each manifold is called.
TITLES: Mapping[str, str] = {
    **{name: name for name in synthetic.MANIFOLDS},
    "eight_gaussians": "8 Gaussians",
    "swiss_roll": "swiss roll",
    "k_in_D": "2 in 10",
}


@dataclass(frozen=True, eq=False)
class Manifolds:
    """An outcome for each manifold, in order, and the data that were trained on."""

    outcomes: Mapping[str, Outcome]
    seconds: float

    @property
    def complete(self) -> bool:
        return all(o.complete for o in self.outcomes.values())

    @property
    def note(self) -> str:
        return "; ".join(f"{name}: {o.note}" for name, o in self.outcomes.items() if o.note)


def record(name: str) -> Experiment:
    """The experiment on one manifold."""
    make = synthetic.MANIFOLDS[name]

    def data(N: int, rng: np.random.Generator) -> Sample:
        if name != "k_in_D":
            return Sample(make(N, rng), make(N, rng))
        both = make(2 * N, rng)  # one subspace for training and test
        return Sample(both[:N], both[N:])

    return Experiment(
        name=f"manifolds_{name}",
        title=f"Manifolds: {TITLES[name]}",
        kinds={"vae1": {}, "vae2": {}, "vae3": {}},
        data=data,
        settings=MANIFOLD.changed(CHANGES.get(name, {})),
    )


def run_manifolds(
    changes: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Manifolds:
    """Train VAE-1, VAE-2 and VAE-3 on every manifold; an interrupted one ends it with what there is."""
    began, outcomes = time.monotonic(), {}
    for name in synthetic.MANIFOLDS:
        told: Callable[..., None] | None = None
        if progress is not None:
            told = lambda task, *rest, p=progress, n=name: p(f"{n}: {task}", *rest)  # noqa: E731
        outcomes[name] = run(record(name), changes, seed=seed, folder=folder, progress=told)
        if not outcomes[name].complete:
            break
    return Manifolds(outcomes, time.monotonic() - began)
