r"""Streaming model selection: linear VAEs with different H see one pass over segments whose intrinsic dimension changes, and BIC picks one in every batch.

For each batch and each H two estimates of the log-likelihood of a data point are recorded at the parameters *before* the update: the ELBO of the batch
(the decoder is linear, so that its expectation over the encoder is exact) and the entropy sum, which no data enter,
$$\mathcal E=\sum_h\log\tau_h-\tfrac D2\log2\pi e-D\log\sigma,$$
as derived for the linear VAE. The first carries the noise of its few data points, the second only that of the parameters. Nothing is reset
between segments and nothing is averaged over batches.

Source: Damm et al., AISTATS 2023 (PMLR 206:3931), model selection on streaming data, and the authors' code. What differs here: the authors draw 100
samples of z for each data point, hold σ and τ by a softplus, turn all segments by one orthogonal matrix, count DH + 1 parameters, and, since their
generator starts anew for each model, show each H data of its own. Here all H see the same batches, whose noise cancels when ELBOs are compared;
`apart` undoes that.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from entropysym.ascent.checkpoints import Checkpoint
from entropysym.ascent.settling import Progress
from entropysym.claims import derive
from entropysym.data.synthetic import LinearMechanism, stream_mechanism
from entropysym.errors import InputError, one_of, shown
from entropysym.lowering.lowered import Lowered, lower
from entropysym.lowering.precision import require_x64
from entropysym.lowering.quadrature import cubature
from entropysym.models import MODELS
from entropysym.networks.as_model import as_model
from entropysym.networks.estimators import elbo
from entropysym.networks.networks import LinearVae, initial

#: Batches in one compiled scan, after which there may be a checkpoint or an interruption.
CHUNK = 1000

#: The authors' stored output, one seed, last 2000 batches of each segment: std of the ELBO over that of the entropy sum, and right choices of H.
PUBLISHED_RATIO = (9.0, 22.0)
PUBLISHED_RIGHT_ENTROPY = 1.0
PUBLISHED_RIGHT_ELBO = (0.9865, 0.999)


@dataclass(frozen=True)
class StreamSettings:
    """What a stream depends on; the defaults are those of the authors' code, which runs one seed.

    `dimensions` is the intrinsic dimension of each segment of `segment` data points, `candidates` the H that are trained; `late` is how many
    batches at the end of a segment count, at most its second half. `points` is the M of `bic`, None meaning `batch`; `count` names one of
    `COUNTS`. A stream does not depend on `late`, `points` and `count`: `segment_rows` judges the same records by others.
    Raises `InputError` for what cannot be run.
    """

    dimensions: tuple[int, ...] = (6, 2, 4)
    candidates: tuple[int, ...] = (2, 4, 6)
    segment: int = 100_000
    batch: int = 10
    rate: float = 2e-3
    seeds: int = 1
    D: int = 10
    late: int = 2000
    points: int | None = None
    count: str = "ppca"

    def __post_init__(self) -> None:
        for name in ("segment", "batch", "seeds", "D", "late"):
            _require_count(name, getattr(self, name))
        if self.points is not None:
            _require_count("points", self.points)
        if self.count not in COUNTS:
            raise one_of(self.count, COUNTS, "count of parameters")
        if not (isinstance(self.rate, (int, float)) and 0 < self.rate < math.inf):
            raise InputError(f"rate is {shown(self.rate)}; pass a positive number")
        for name in ("dimensions", "candidates"):
            if not getattr(self, name):
                raise InputError(f"{name} is empty; pass at least one intrinsic dimension")
            for value in getattr(self, name):
                if _require_count(name, value) >= self.D:
                    raise InputError(f"{name} contains {value}; pass numbers below D={self.D}")
        if list(self.candidates) != sorted(set(self.candidates)):
            raise InputError(
                f"candidates is {shown(self.candidates)}; pass each once, in rising order"
            )
        if missing := sorted(set(self.dimensions) - set(self.candidates)):
            raise InputError(
                f"dimensions contains {missing[0]}, which is none of the candidates {self.candidates}"
            )
        least = 2 * len(self.candidates)
        if self.segment % self.batch or self.batches < least:
            raise InputError(
                f"segment is {self.segment}; pass a multiple of batch={self.batch}, at least {least} times it"
            )

    @property
    def batches(self) -> int:
        """Batches in a segment."""
        return self.segment // self.batch

    @property
    def counted(self) -> int:
        """Late batches of a segment."""
        return min(self.late, self.batches - self.batches // 2)

    def late_batches(self, segment: int) -> slice:
        """The late batches of a segment, counted from the start of the stream."""
        end = (segment + 1) * self.batches
        return slice(end - self.counted, end)


def _require_count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} is {shown(value)}; pass an integer >= 1")
    return value


@dataclass(frozen=True)
class SegmentRow:
    """One run on one segment, over its late batches; `gap` is mean(ELBO) − mean(entropy sum) of the model with the right H, in nats per data point.

    `right_by_entropy` and `right_by_elbo` are the shares of batches in which BIC picks H = `dimension`; for `right_by_elbo_apart` each H is judged by
    a batch of its own, as in the authors' code, whose shares are the published ones. `noise_ratio` is the standard deviation
    of the ELBO over that of the entropy sum, both of the right model and over batches (nan where the entropy sum does not move).
    """

    segment: int
    run: int
    dimension: int
    batches: int
    right_by_entropy: float
    right_by_elbo: float
    right_by_elbo_apart: float
    gap: float
    noise_ratio: float
    published_ratio: tuple[float, float] = PUBLISHED_RATIO
    published_right_by_entropy: float = PUBLISHED_RIGHT_ENTROPY
    published_right_by_elbo_apart: tuple[float, float] = PUBLISHED_RIGHT_ELBO


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


def free_parameters(D: int, H: int) -> int:
    r"""$P_H=DH+D+1-\tfrac12H(H-1)$: W, the mean and σ² of probabilistic PCA, less the rotations of W that leave its likelihood alone.

    Source: Tipping & Bishop (1999), J. R. Stat. Soc. B 61:611, who count DH + 1 − H(H−1)/2 for the covariance. The encoder's V, c and τ are
    variational: at a stationary point they are functions of the decoder and fit no data of their own.
    """
    return D * H + D + 1 - H * (H - 1) // 2


def published_parameters(D: int, H: int) -> int:
    """DH + 1, as the authors' code counts: W and σ², rotations included."""
    return D * H + 1


#: Ways to count the parameters of a linear VAE, each from D and H.
COUNTS: dict[str, Callable[[int, int], int]] = {
    "ppca": free_parameters,
    "published": published_parameters,
}


def bic(
    values: Float[np.ndarray, "*B J T"], settings: StreamSettings
) -> Float[np.ndarray, "*B J T"]:
    r"""$\mathrm{BIC}(H)=P_H\log M-2M\,\text{value}$ in nats, for values per data point; small is good. $P_H$ is what `settings.count` counts.

    M is the number of data points that one estimate speaks for: by default the batch, as in the authors' code. The ELBO of a batch is a mean over
    that many points, so $M\cdot$ELBO is a log-likelihood of M data points only for M = batch. The segment's 100,000 points would promise a precision
    that neither estimate has: what Adam at a constant rate leaves in the parameters moves both by hundredths of a nat, 2M multiplies that, and the
    penalty grows with log M alone. Both estimates get the same M, so that they differ in their values only. M = 1 is no penalty at all.
    """
    M, count = settings.points or settings.batch, COUNTS[settings.count]
    penalty = np.array([count(settings.D, H) for H in settings.candidates]) * math.log(M)
    return penalty[:, None] - 2 * M * values


def chosen(
    values: Float[np.ndarray, "*B J T"], settings: StreamSettings
) -> Int[np.ndarray, "*B T"]:
    """The H of least BIC in each batch."""
    return np.array(settings.candidates)[np.argmin(bic(values, settings), axis=-2)]


def apart(values: Float[np.ndarray, "*B J T"]) -> Float[np.ndarray, "*B J T"]:
    """Values with candidate j taken j batches earlier, so that no two candidates are judged by the same data.

    Batches are independent, and parameters hardly move in so few; the first J − 1 batches of a segment (and of the stream, where the axis is
    cyclic) mean nothing.
    """
    moved = [np.roll(values[..., j, :], j, axis=-1) for j in range(values.shape[-2])]
    return np.stack(moved, axis=-2)


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
    settings: StreamSettings = StreamSettings(),
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
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed is {shown(seed)}; pass an integer >= 0")
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


def segment_rows(
    elbo: Float[np.ndarray, "S J T"],
    entropy_sum: Float[np.ndarray, "S J T"],
    settings: StreamSettings,
) -> tuple[SegmentRow, ...]:
    """A row for each segment that was seen to its end, and in it for each run."""
    by_entropy, by_elbo = chosen(entropy_sum, settings), chosen(elbo, settings)
    by_elbo_apart = chosen(apart(elbo), settings)
    rows = []
    for k in range(elbo.shape[2] // settings.batches):
        late, dimension = settings.late_batches(k), settings.dimensions[k]
        right = settings.candidates.index(dimension)
        for run in range(len(elbo)):
            F, E = elbo[run, right, late], entropy_sum[run, right, late]
            rows.append(
                SegmentRow(
                    segment=k,
                    run=run,
                    dimension=dimension,
                    batches=settings.counted,
                    right_by_entropy=float(np.mean(by_entropy[run, late] == dimension)),
                    right_by_elbo=float(np.mean(by_elbo[run, late] == dimension)),
                    right_by_elbo_apart=float(np.mean(by_elbo_apart[run, late] == dimension)),
                    gap=float(np.mean(F) - np.mean(E)),
                    noise_ratio=float(np.std(F) / np.std(E)) if np.std(E) > 0 else math.nan,
                )
            )
    return tuple(rows)


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
def _entropy_sum() -> Lowered:
    """The entropy sum derived for the linear VAE."""
    found: Any = derive(MODELS["linear_vae"]())
    return lower(found.entropy_sum, MODELS["linear_vae"]())


@cache
def _chunk_program(H: int, rate: float) -> Callable[..., tuple[Any, Any, Array, Array]]:
    """The compiled scan over (S, C, B, D): networks and Adam's state afterwards, ELBO (S, C) and entropy sum (S, C) before each update."""
    nodes, entropy_sum, adam = cubature(H), _entropy_sum(), optax.adam(rate)

    def negative(vae: LinearVae, x: Float[Array, "B D"]) -> Float[Array, ""]:
        return -elbo(vae, x, nodes.eps, nodes.weights)

    def one_batch(carry: tuple[Any, Any], x: Float[Array, "B D"]) -> tuple[Any, Any]:
        vae, memory = carry
        value, gradient = jax.value_and_grad(negative)(vae, x)
        entropies = entropy_sum(x=x, **as_model(vae).arguments)
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
