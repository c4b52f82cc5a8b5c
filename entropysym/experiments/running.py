"""Running an experiment: train every network from every seed, then measure each trained network.

What is written down depends on data, settings and seed alone, never on the time it took.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from entropysym.ascent.checkpoints import Checkpoint, digest_of
from entropysym.ascent.settling import Ending, Settled, settle
from entropysym.data.tables import checked
from entropysym.errors import InputError, integer
from entropysym.experiments.kinds import KINDS, Expectation
from entropysym.experiments.measuring import Measured, entropy_sum, measure
from entropysym.experiments.records import Experiment, Sample, Settings, split
from entropysym.networks.estimators import elbo
from entropysym.networks.networks import GaussianVae, encoder, initial, outputs

#: Called with a task, how much is done, how much there is, and a remark.
Progress = Callable[[str, float, float, str], None]


@dataclass(frozen=True, eq=False)
class Trained:
    """All seeds of one kind of network: settings, training and measurements; `nodes` tells how the expectation is taken.

    `reconstructions` are the training data (N, D) and the decoder's mean at the encoder's mean, by the first seed's network.
    """

    kind: str
    settings: Settings
    parameters: int
    nodes: str
    settled: Settled
    measured: tuple[Measured, ...]
    reconstructions: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an experiment gave. `complete` is false if it was interrupted or ended at numbers that are not finite; `note` says which."""

    experiment: Experiment
    data: str
    shape: tuple[int, int]
    seed: int
    trained: tuple[Trained, ...]
    complete: bool
    note: str
    seconds: float


def run(
    experiment: Experiment,
    changes: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    source: str | Path | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Train and measure. `changes` are settings by name, which go before those of the record and of its kinds of network; `source` is
    the user's own data, `folder` where checkpoints go.

    Ctrl-C and numbers that are not finite end it early, with what there is. Raises `InputError` for data or settings that cannot be used
    and `NoStationaryPointError` for data on which σ² would run to 0.
    """
    began = time.monotonic()
    seed = integer("seed", seed, 0)
    changes = {**(changes or {}), "seed": seed}
    settings = experiment.settings.changed(changes)
    sample = sample_of(experiment, settings.size, source, np.random.default_rng(seed))
    done: list[Trained] = []
    complete, note = True, ""
    try:
        for kind, special in experiment.kinds.items():
            own = experiment.settings.changed({**special, **changes})
            trained = _train(experiment.name, kind, own, sample, folder, progress)
            done.append(trained)
            if trained.settled.ending in (Ending.INTERRUPTED, Ending.NOT_FINITE):
                complete, note = False, f"{kind}: {trained.settled.message}"
                break
    except KeyboardInterrupt:
        complete, note = False, "interrupted"
    name = "built in" if source is None else str(source)
    seconds = time.monotonic() - began
    return Outcome(experiment, name, sample.train.shape, seed, tuple(done), complete, note, seconds)


def sample_of(
    experiment: Experiment, size: int, source: str | Path | None, rng: np.random.Generator
) -> Sample:
    """At most `size` data points to train with, and others to test with. Raises `InputError` if a file is missing or not wanted."""
    demand_data(experiment, source)
    if source is None:
        assert experiment.data is not None
        found = experiment.data(size, rng)
    else:
        assert experiment.reader is not None
        found = split(experiment.reader(Path(source)), size, rng)
    return Sample(checked(found.train), checked(found.test))


def demand_data(experiment: Experiment, source: str | Path | None) -> None:
    """Raise `InputError` if a file of the user's is missing or not wanted."""
    if source is None and experiment.data is None:
        raise InputError(f"the experiment {experiment.name!r} needs data of yours; pass --data")
    if source is not None and experiment.reader is None:
        raise InputError(f"the experiment {experiment.name!r} makes its own data; leave out --data")
    if source is not None and not Path(source).exists():
        raise InputError(f"cannot read {source}: there is no such file or folder")


def start(
    kind: str, settings: Settings, x: Float[np.ndarray, "N D"], key: jax.Array
) -> GaussianVae:
    """A random network of these settings."""
    made = initial(kind, jnp.asarray(x), settings.latent, settings.hidden, key, settings.activation)
    if settings.encoder is None or "encoder" in KINDS[kind].without:
        return made  # type: ignore[return-value]
    own = encoder(
        x.shape[1],
        settings.encoder,
        settings.latent,
        jax.random.fold_in(key, 1),
        settings.activation,
    )
    return eqx.tree_at(lambda m: m.encoder, made, own)


def _train(
    name: str,
    kind: str,
    settings: Settings,
    sample: Sample,
    folder: Path | None,
    progress: Progress | None,
) -> Trained:
    """Settle all seeds together and measure one after the other."""
    KINDS[kind].demand(sample.train, settings.latent)
    expectation, seed = KINDS[kind].expectation(settings), settings.plan.seed
    nodes = expectation.nodes
    starts = [
        start(kind, settings, sample.train, jax.random.key(1000 * seed + s))
        for s in range(settings.seeds)
    ]
    checkpoint = None
    if folder is not None:
        digest = digest_of({"name": name, "kind": kind, **asdict(settings)}, sample.train)
        checkpoint = Checkpoint(folder / f".{name}_{kind}.checkpoint.npz", digest)
    settled = settle(
        lambda vae, x: elbo(vae, x, nodes.eps, nodes.weights),
        jax.tree.map(lambda *leaves: jnp.stack(leaves), *starts),
        jnp.asarray(sample.train),
        settings.plan,
        observe=_observed(kind, sample, expectation),
        progress=progress and (lambda done, total, remark: progress(kind, done, total, remark)),
        checkpoint=checkpoint,
    )
    measured = []
    try:
        for s in range(settings.seeds if settled.ending is not Ending.NOT_FINITE else 0):
            if progress is not None:
                progress(f"{kind}: measuring", s, settings.seeds, "")
            measured.append(measure(kind, s, settled.run(s), sample, expectation))
    except KeyboardInterrupt:  # what was trained and measured so far is kept
        settled = replace(settled, ending=Ending.INTERRUPTED, message="interrupted while measuring")
    return Trained(
        kind=kind,
        settings=settings,
        parameters=sum(leaf.size for leaf in jax.tree.leaves(starts[0])),
        nodes=expectation.called,
        settled=settled,
        measured=tuple(measured),
        reconstructions=(sample.train, _reconstructed(settled.run(0), sample, settings.latent)),
    )


def _observed(
    kind: str, sample: Sample, expectation: Expectation
) -> dict[str, Callable[[Any], jax.Array]]:
    """What is recorded on the way, in nats per data point."""
    x, test, nodes = jnp.asarray(sample.train), jnp.asarray(sample.test), expectation.nodes
    observe: dict[str, Callable[[Any], jax.Array]] = {
        "ELBO": lambda vae: elbo(vae, x, nodes.eps, nodes.weights),
        "entropy sum": lambda vae: entropy_sum(kind, vae, x, nodes),
        "test ELBO": lambda vae: elbo(vae, test, nodes.eps, nodes.weights),
    }
    if (exact := KINDS[kind].log_likelihood) is not None:
        observe["log-likelihood"] = lambda vae: exact(vae, x)
    return observe


def _reconstructed(vae: Any, sample: Sample, H: int) -> np.ndarray:
    """The decoder's mean at the encoder's mean."""
    return np.asarray(outputs(vae, jnp.asarray(sample.train), jnp.zeros((1, H))).mean[:, 0])
