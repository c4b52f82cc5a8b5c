r"""Streaming model selection: linear VAEs with different H see one pass over segments whose intrinsic dimension changes, and BIC picks one in every batch.

For each batch and each H two estimates of the log-likelihood of a data point are recorded at the parameters *before* the update: the ELBO of the batch
(the decoder is linear, so that its expectation over the encoder is exact) and the entropy sum, which no data enter,
$$\mathcal E=\sum_h\log\tau_h-\tfrac D2\log2\pi e-D\log\sigma,$$
as derived for the linear VAE. The first carries the noise of its few data points, the second only that of the parameters. Nothing is reset
between segments and nothing is averaged over batches.

Source: Damm et al., AISTATS 2023 (PMLR 206:3931), model selection on streaming data; `selection` says what differs from the authors' code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from entropysym.ascent.checkpoints import Checkpoint
from entropysym.ascent.settling import Progress
from entropysym.data.synthetic import LinearMechanism, stream_mechanism
from entropysym.errors import integer
from entropysym.experiments.measuring import entropy_sum
from entropysym.experiments.selection import (
    PUBLISHED,
    SegmentRow,
    StreamSettings,
    chosen,
    segment_rows,
)
from entropysym.lowering.precision import require_x64
from entropysym.lowering.quadrature import cubature
from entropysym.networks.estimators import elbo
from entropysym.networks.networks import LinearVae, initial

#: Batches in one compiled scan, after which there may be a checkpoint or an interruption.
CHUNK = 1000


@dataclass(frozen=True, eq=False)
class StreamOutcome:
    """What a stream gave: `elbo` and `entropy_sum` (S runs, J candidates, T batches), nats per data point, at the parameters before each update.

    `networks` holds, for each H, the network after batch T, with a leading axis of runs. `rows` has one row for each run and each segment that was
    seen to its end. `complete` is false if the stream was interrupted or ended at numbers that are not finite; `note` says which.
    """

    settings: StreamSettings
    seed: int
    elbo: Float[np.ndarray, "S J T"]
    entropy_sum: Float[np.ndarray, "S J T"]
    networks: Mapping[int, LinearVae]
    rows: tuple[SegmentRow, ...]
    complete: bool
    note: str
    seconds: float


def mechanism(settings: StreamSettings, seed: int, run: int, segment: int) -> LinearMechanism:
    """The segment's own rotation and scales."""
    return stream_mechanism(
        _generator(seed, run, 0, segment), settings.dimensions[segment], settings.D
    )


def chunk_of_data(
    settings: StreamSettings, seed: int, run: int, chunk: int
) -> Float[np.ndarray, "C B D"]:
    """The batches of a chunk: a function of its arguments, so that a stream can go on anywhere. A segment's last chunk may be shorter than `CHUNK`."""
    segment, within = divmod(chunk, _chunks(settings))
    length = min(CHUNK, settings.batches - within * CHUNK)
    x = mechanism(settings, seed, run, segment).sample(
        length * settings.batch, _generator(seed, run, 1, segment, within)
    )
    return x.reshape(length, settings.batch, settings.D)


def _generator(seed: int, *key: int) -> np.random.Generator:
    # A spawn key, since plain lists of numbers that differ in trailing zeros only give the same stream.
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _chunks(settings: StreamSettings) -> int:
    """Chunks in a segment."""
    return -(-settings.batches // CHUNK)


def stream(
    settings: StreamSettings = PUBLISHED,
    seed: int = 0,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> StreamOutcome:
    """Train all candidates on the stream, every run on a stream of its own; equal settings and seeds give equal bytes.

    A run among others has the data that it has alone, while its numbers round differently.

    With a `checkpoint` the state is stored after each chunk, and a stream that finds one goes on from there to the same bytes. Ctrl-C and numbers
    that are not finite end it with the chunks before. `progress` is called with batches done, batches in all, and a remark.
    Raises `InputError` for a seed that is none, for a checkpoint of another stream, and if JAX computes in float32.
    """
    require_x64()
    seed = integer("seed", seed, 0)
    began = time.monotonic()
    state = _first(settings, seed)
    if checkpoint is not None and (found := checkpoint.load()) is not None:
        state = _loaded(found, state)
    total = len(settings.dimensions) * settings.batches
    note = ""
    try:
        while state.elbo.shape[2] < total:
            state = _advanced(state, settings, seed)
            if checkpoint is not None:
                checkpoint.save(**_stored(state))
            if progress is not None:
                progress(state.elbo.shape[2], total, _remark(state, settings))
    except KeyboardInterrupt:
        # What comes after the last chunk takes nothing away.
        if state.elbo.shape[2] < total:
            note = f"interrupted after batch {state.elbo.shape[2]} of {total}"
    except _NotFiniteError as error:
        note = str(error)
    return StreamOutcome(
        settings=settings,
        seed=seed,
        elbo=state.elbo,
        entropy_sum=state.entropy_sum,
        networks={H: vae for H, (vae, _) in zip(settings.candidates, state.trained, strict=True)},
        rows=segment_rows(state.elbo, state.entropy_sum, settings),
        complete=state.elbo.shape[2] == total,
        note=note,
        seconds=time.monotonic() - began,
    )


class _State(NamedTuple):
    """All that a chunk reads: how many chunks are done, networks and Adam's state for each H with a leading axis of runs, the records so far."""

    chunk: int
    trained: tuple[tuple[LinearVae, Any], ...]
    elbo: np.ndarray
    entropy_sum: np.ndarray


class _NotFiniteError(ArithmeticError):
    """A quantity is not finite; the message names it with its batch."""


def _first(settings: StreamSettings, seed: int) -> _State:
    starts = [chunk_of_data(settings, seed, run, 0)[0] for run in range(settings.seeds)]
    trained = []
    for H in settings.candidates:
        vaes = []
        for run, batch in enumerate(starts):
            key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), run), H)
            # All that is known of a stream before it is learned from is its first batch.
            vaes.append(initial("linear_vae", jnp.asarray(batch), H, (), key))
        begin = jax.tree.map(lambda *leaves: jnp.stack(leaves), *vaes)
        trained.append((begin, jax.vmap(optax.adam(settings.rate).init)(begin)))
    empty = np.zeros((settings.seeds, len(settings.candidates), 0))
    return _State(0, tuple(trained), empty, empty)


def _advanced(state: _State, settings: StreamSettings, seed: int) -> _State:
    """One chunk further. Raises `_NotFiniteError`."""
    x = np.stack([chunk_of_data(settings, seed, run, state.chunk) for run in range(settings.seeds)])
    trained, F, E = [], [], []
    for H, (vae, adam) in zip(settings.candidates, state.trained, strict=True):
        vae, adam, *values = _chunk_program(H, settings.rate)(vae, adam, x)
        _demand_finite(state.elbo.shape[2], H, vae, *values)
        trained.append((vae, adam))
        F.append(np.asarray(values[0]))
        E.append(np.asarray(values[1]))
    return _State(
        state.chunk + 1,
        tuple(trained),
        np.concatenate([state.elbo, np.stack(F, axis=1)], axis=2),
        np.concatenate([state.entropy_sum, np.stack(E, axis=1)], axis=2),
    )


def _demand_finite(done: int, H: int, vae: LinearVae, elbo: Array, entropy_sum: Array) -> None:
    for name, values in (("the ELBO", elbo), ("the entropy sum", entropy_sum)):
        bad = np.argwhere(~np.isfinite(np.asarray(values)).T)
        if len(bad):
            batch, run = bad[0]
            raise _NotFiniteError(
                f"{name} of H={H} is not finite at batch {done + batch + 1}, run {run}"
            )
    for path, weights in jax.tree_util.tree_leaves_with_path(vae):
        bad = np.argwhere(~np.isfinite(np.asarray(weights)))
        if len(bad):
            name = jax.tree_util.keystr(path).lstrip(".")
            raise _NotFiniteError(
                f"{name} of H={H} is not finite after batch {done + elbo.shape[1]}, run {bad[0][0]}"
            )


@cache
def _chunk_program(H: int, rate: float) -> Callable[..., tuple[Any, Any, Array, Array]]:
    """The compiled scan over (S, C, B, D): networks and Adam's state afterwards, ELBO (S, C) and entropy sum (S, C) before each update."""
    nodes, adam = cubature(H), optax.adam(rate)

    def negative(vae: LinearVae, x: Float[Array, "B D"]) -> Float[Array, ""]:
        return -elbo(vae, x, nodes.eps, nodes.weights)

    def one_batch(carry: tuple[Any, Any], x: Float[Array, "B D"]) -> tuple[Any, Any]:
        vae, memory = carry
        value, gradient = jax.value_and_grad(negative)(vae, x)
        entropies = entropy_sum("linear_vae", vae, x, nodes)
        update, memory = adam.update(gradient, memory, vae)
        return (optax.apply_updates(vae, update), memory), (-value, entropies)

    def one_run(
        vae: LinearVae, memory: Any, x: Float[Array, "C B D"]
    ) -> tuple[Any, Any, Array, Array]:
        (vae, memory), (F, E) = jax.lax.scan(one_batch, (vae, memory), x)
        return vae, memory, F, E

    return jax.jit(jax.vmap(one_run))


def _remark(state: _State, settings: StreamSettings) -> str:
    """The chunk's choices, e.g. 'H=4 in 99 % of the last 1000 batches by the entropy sum'."""
    recent = chosen(state.entropy_sum[:, :, -CHUNK:], settings)
    numbers, counts = np.unique(recent, return_counts=True)
    share = 100 * counts.max() / recent.size
    return f"entropy BIC picks H={numbers[counts.argmax()]} in {share:.0f} % of recent batches"


def _stored(state: _State) -> dict[str, Any]:
    leaves = {f"leaf_{i}": leaf for i, leaf in enumerate(jax.tree.leaves(state.trained))}
    return {**state._replace(trained=())._asdict(), "trained": len(leaves), **leaves}


def _loaded(found: Mapping[str, np.ndarray], first: _State) -> _State:
    leaves = [jnp.asarray(found[f"leaf_{i}"]) for i in range(int(found["trained"]))]
    trained = jax.tree.unflatten(jax.tree.structure(first.trained), leaves)
    return _State(int(found["chunk"]), trained, found["elbo"], found["entropy_sum"])
