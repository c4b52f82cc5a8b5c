r"""Running an experiment: train every network from every seed, then measure each trained network with two witnesses.

The first witness is the certificate of the network as it was trained; the second evaluates the model's densities and the direction that was derived
for it. Both must give the same gap. What is written down depends on data, settings and seed alone, never on the time it took.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from entropysym.ascent.checkpoints import Checkpoint, digest_of
from entropysym.ascent.settling import Ending, Plan, Settled, settle
from entropysym.claims import derive
from entropysym.data.tables import checked, require_stationary_point
from entropysym.errors import InputError
from entropysym.experiments.records import Experiment, Settings, split
from entropysym.linear.likelihood import log_likelihood
from entropysym.linear.ppca import max_log_likelihood
from entropysym.lowering.averaging import averaged
from entropysym.lowering.quadrature import Nodes, cubature, gauss_hermite, low_discrepancy
from entropysym.models import MODELS
from entropysym.monitoring.arrays import Latents, entropies
from entropysym.networks.as_model import as_model
from entropysym.networks.certificate import Certificate, certify
from entropysym.networks.estimators import elbo
from entropysym.networks.networks import GaussianVae, LinearVae, encoder, initial, outputs
from entropysym.networks.noise import Noise, estimator_noise
from entropysym.networks.readings import Reading
from entropysym.witness.gap import Gap, GapFunction, Sides, finished, gap_function

#: Called with a task, how much is done, how much there is, and a remark.
Progress = Callable[[str, float, float, str], None]

#: Numbers in the largest array while measuring: data points × nodes × dimensions. Eight bytes each, and a dozen such arrays.
_NUMBERS = 10_000_000

#: Data points that are summed in one go. The rounding of a long sum grows with its length; a sum of sums of this many stays below 8 eps.
_ROWS = 2500

#: A product rule is used while it has at most this many nodes.
_PRODUCT = 2000


@dataclass(frozen=True, eq=False)
class Measured:
    """One trained network: its certificate, the gap from densities and derived direction, and where exact the log-likelihoods (nats)."""

    seed: int
    certificate: Certificate
    densities: Gap
    test_elbo: float
    latents: Latents
    noise: Noise
    log_likelihood: float | None = None
    max_log_likelihood: float | None = None

    @property
    def agrees(self) -> bool:
        """The gap is the predicted one for both witnesses."""
        return self.certificate.agrees and self.densities.agrees

    @property
    def resolved(self) -> bool:
        """Both witnesses measure the same gap, and other nodes give the same ELBO."""
        apart = abs(self.certificate.gap - self.densities.gap)
        return (
            apart <= 1e-13 * self.densities.terms
            and self.certificate.reading is not Reading.UNRESOLVED
        )


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
    rng = np.random.default_rng(seed)
    changes = changes or {}
    x, test, name = data_of(experiment, replace(experiment.settings, **changes), source, rng)
    done: list[Trained] = []
    complete, note = True, ""
    try:
        for kind, special in experiment.kinds.items():
            own = replace(experiment.settings, **{**special, **changes})
            trained = _train(experiment.name, kind, own, x, test, seed, folder, progress)
            done.append(trained)
            if trained.settled.ending in (Ending.INTERRUPTED, Ending.NOT_FINITE):
                complete, note = False, f"{kind}: {trained.settled.message}"
                break
    except KeyboardInterrupt:
        complete, note = False, "interrupted"
    return Outcome(
        experiment, name, x.shape, seed, tuple(done), complete, note, time.monotonic() - began
    )


def data_of(
    experiment: Experiment,
    settings: Settings,
    source: str | Path | None,
    rng: np.random.Generator,
) -> tuple[Float[np.ndarray, "N D"], Float[np.ndarray, "M D"], str]:
    """Training data, test data and a name. Raises `InputError` if a file is missing or not wanted."""
    demand_data(experiment, source)
    if source is None:
        assert experiment.data is not None
        x, test = experiment.data(settings.size, rng)
        return checked(x), checked(test), "built in"
    assert experiment.reader is not None
    x, test = split(experiment.reader(Path(source)), settings.size, rng)
    return checked(x), checked(test), str(source)


def demand_data(experiment: Experiment, source: str | Path | None) -> None:
    """Raise `InputError` if a file of the user's is missing or not wanted."""
    if source is None and experiment.data is None:
        raise InputError(f"the experiment {experiment.name!r} needs data of yours; pass --data")
    if source is not None and experiment.reader is None:
        raise InputError(f"the experiment {experiment.name!r} makes its own data; leave out --data")
    if source is not None and not Path(source).exists():
        raise InputError(f"cannot read {source}: there is no such file or folder")


def nodes_for(kind: str, settings: Settings) -> tuple[Nodes, Nodes, str]:
    """Nodes to train with, finer ones that estimate their error, and what they are called."""
    H = settings.latent
    if kind == "linear_vae":
        return cubature(H), gauss_hermite(H, 4) if H <= 4 else cubature(H), "cubature (exact)"
    if settings.order**H <= _PRODUCT:
        return (
            gauss_hermite(H, settings.order),
            gauss_hermite(H, settings.order + 6)
            if (settings.order + 6) ** H <= 100_000
            else low_discrepancy(H, 4096),
            f"Gauss-Hermite, {settings.order} nodes per latent",
        )
    return low_discrepancy(H, 256), low_discrepancy(H, 1024, seed=1), "256 Sobol' points"


def start(
    kind: str, settings: Settings, x: Float[np.ndarray, "N D"], key: jax.Array
) -> GaussianVae:
    """A random network of these settings."""
    made = initial(kind, jnp.asarray(x), settings.latent, settings.hidden, key, settings.activation)
    if settings.encoder is None or isinstance(made, LinearVae):
        return made
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
    x: np.ndarray,
    test: np.ndarray,
    seed: int,
    folder: Path | None,
    progress: Progress | None,
) -> Trained:
    # A linear network with as many latents as dimensions has no isolated variance. With as many latents as dimensions, data of full rank leave sigma^2 free to be small, but do not drive it to 0.
    H = settings.latent if kind == "linear_vae" else min(settings.latent, x.shape[1] - 1)
    require_stationary_point(x, H)
    nodes, finer, called = nodes_for(kind, settings)
    points, others = jnp.asarray(x), jnp.asarray(test)
    starts = [
        start(kind, settings, x, jax.random.key(1000 * seed + s)) for s in range(settings.seeds)
    ]
    begin = jax.tree.map(lambda *leaves: jnp.stack(leaves), *starts)

    def objective(vae: Any, x: jax.Array) -> jax.Array:
        return elbo(vae, x, nodes.eps, nodes.weights)

    observe = {
        "ELBO": lambda vae: objective(vae, points),
        "entropy sum": lambda vae: _entropy_sum(kind, vae, points, nodes),
        "test ELBO": lambda vae: objective(vae, others),
    }
    if kind == "linear_vae":
        observe["log-likelihood"] = lambda vae: log_likelihood(vae, points)
    plan = Plan(
        epochs=settings.epochs,
        rate=settings.rate,
        batch=settings.batch,
        lbfgs=settings.lbfgs,
        newton=settings.newton,
        seed=seed,
    )
    checkpoint = None
    if folder is not None:
        digest = digest_of({"name": name, "kind": kind, "seed": seed, **asdict(settings)}, x)
        checkpoint = Checkpoint(folder / f".{name}_{kind}.checkpoint.npz", digest)
    settled = settle(
        objective,
        begin,
        points,
        plan,
        observe=observe,
        progress=progress and (lambda done, total, remark: progress(kind, done, total, remark)),
        checkpoint=checkpoint,
    )
    measured = []
    try:
        for s in range(settings.seeds if settled.ending is not Ending.NOT_FINITE else 0):
            if progress is not None:
                progress(f"{kind}: measuring", s, settings.seeds, "")
            measured.append(_measure(kind, s, settled.run(s), points, others, nodes, finer))
    except KeyboardInterrupt:  # what was trained and measured so far is kept
        settled = replace(settled, ending=Ending.INTERRUPTED, message="interrupted while measuring")
    size = sum(leaf.size for leaf in jax.tree.leaves(starts[0]))
    made = outputs(settled.run(0), points, jnp.zeros((1, settings.latent))).mean[:, 0]
    return Trained(kind, settings, size, called, settled, tuple(measured), (x, np.asarray(made)))


@cache
def _derived(kind: str) -> tuple[GapFunction, Callable[..., Sides]]:
    """The derived identity for a kind of network, and its two sides as a compiled function of network, data and nodes."""
    found: Any = derive(MODELS[kind]())
    identity = gap_function(MODELS[kind](), found.direction, found.entropy_sum)

    @jax.jit
    def sides(vae: GaussianVae, x: jax.Array, nodes: Nodes) -> Sides:
        made = as_model(vae)
        return identity.sides({"x": x, **made.arguments}, nodes, made.weights, made.networks)

    return identity, sides


def _entropy_sum(kind: str, vae: GaussianVae, x: jax.Array, nodes: Nodes) -> jax.Array:
    """The derived entropy sum at a network."""
    made = as_model(vae)
    networks = made.networks(made.weights) if made.networks else {}
    return _derived(kind)[0].entropy_sum(x=x, noise=nodes, **made.arguments, **networks)


def _latents(vae: Any, x: jax.Array) -> Latents:
    """KL and collapse of each latent; the decoder is evaluated at the mean of z, since these figures do not depend on it."""
    H = vae.encode(x[:1])[0].shape[1]
    out = outputs(vae, x, jnp.zeros((1, H)))
    sigma2 = jnp.broadcast_to(out.sigma2, out.mean.shape)[:, 0]
    return entropies(
        x, out.nu, out.tau2, mean=out.mean[:, 0], sigma2=sigma2, alpha2=out.alpha2
    ).latents


_compiled_elbo = jax.jit(elbo)
_compiled_likelihood = jax.jit(log_likelihood)


def _measure(
    kind: str, seed: int, vae: Any, x: jax.Array, test: jax.Array, nodes: Nodes, finer: Nodes
) -> Measured:
    rows = min(_ROWS, max(1, _NUMBERS // (len(nodes.weights) * x.shape[1])))
    certificate = certify(outputs, vae, x, nodes, finer=finer, rows=rows)
    identity, sides = _derived(kind)
    both = averaged(lambda some: sides(vae, some, nodes), x, rows)
    gap = finished(identity.parts(both), inputs=(vae, x))
    linear = isinstance(vae, LinearVae)
    H = nodes.eps.shape[1]
    return Measured(
        seed=seed,
        certificate=certificate,
        densities=gap,
        test_elbo=float(_compiled_elbo(vae, test, nodes.eps, nodes.weights)),
        latents=_latents(vae, x),
        noise=estimator_noise(outputs, vae, x, H, jax.random.key(seed)),
        log_likelihood=float(_compiled_likelihood(vae, x)) if linear else None,
        max_log_likelihood=max_log_likelihood(np.asarray(x), vae.W.shape[1]) if linear else None,
    )
