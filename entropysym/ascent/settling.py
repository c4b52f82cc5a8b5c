r"""Training to a stationary point: Adam, then L-BFGS, then Newton steps in a trust region, many runs at once, in float64.

Adam (optax) finds the region, in mini-batches if asked; L-BFGS (optax) brings the gradient down as far as comparing values can; Newton steps from
dense Hessians leave saddles and go on to rounding. All runs share one compiled program, and the data or only their shape. The work is cut into blocks that are
functions of the state alone, so that a run that is cut off goes on from its last checkpoint to the same bytes.
"""

from __future__ import annotations

import enum
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from entropysym.ascent.checkpoints import Checkpoint, digest_of
from entropysym.ascent.curvature import DENSE, hessian
from entropysym.ascent.trust_region import TRIALS, trust_region_steps
from entropysym.errors import InputError, integer, real, shown, whole
from entropysym.lowering.precision import require_x64
from entropysym.shown import Shown
from entropysym.version import __version__

#: Called with how many steps are done, how many there are, and a remark.
Progress = Callable[[int, int, str], None]

#: A run counts as having arrived when its gradient norm is at most this.
GOAL = 1e-9


class Ending(enum.Enum):
    """How training ended."""

    ARRIVED = "the gradient norm of every run has reached its goal"
    LIMIT = "the steps are used up before the gradient norm reached its goal"
    STALLED = "no step improves the objective any more, above the gradient goal"
    NOT_FINITE = "a quantity is not finite"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Plan:
    """How much of each phase: epochs of Adam, steps of L-BFGS, dense Hessians of Newton (several steps follow each, see `trust_region`). `batch` is the size of Adam's mini-batches (None: all data); an epoch is one pass over the data.

    `block` is how many steps pass between checkpoints.
    """

    epochs: int = 1000
    rate: float = 1e-3
    batch: int | None = None
    lbfgs: int = 1000
    newton: int = 200
    goal: float = GOAL
    block: int = 50
    seed: int = 0
    observed: int = 100  # how often the history is written during Adam, at most

    def __post_init__(self) -> None:
        least = {"epochs": 0, "lbfgs": 0, "newton": 0, "block": 1, "seed": 0, "observed": 1}
        # Python's own numbers are kept: by their text a checkpoint knows its training.
        kept: dict[str, Any] = {
            name: integer(name, getattr(self, name), low) for name, low in least.items()
        }
        if self.batch is not None:
            kept["batch"] = integer("batch", self.batch, otherwise=" or None")
        for name in ("rate", "goal"):
            value = kept[name] = real(given := getattr(self, name))
            if value is None or not 0 < value < math.inf:
                raise InputError(f"{name} is {shown(given)}; pass a positive number")
        for name, value in kept.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, eq=False, repr=False)
class Settled(Shown):
    """Where the runs ended: a pytree with a leading axis of runs, and what is known of each run.

    `values` and `gradient_norms` (R,) are those of the objective on all data. `history` holds, by name, what was observed: arrays (T, R); `step`
    counts the steps of all phases, and `phases` tells at which of the T each phase begins. `data` are those of the training, with an axis of runs
    before the others if `data_per_run`. What kind of point it is, `certify` says.
    """

    point: Any
    values: Float[np.ndarray, " R"]
    gradient_norms: Float[np.ndarray, " R"]
    ending: Ending
    message: str
    steps: Mapping[str, int | str]
    seconds: float
    history: Mapping[str, np.ndarray] = field(default_factory=dict)
    phases: Mapping[str, int] = field(default_factory=dict)
    data: Any = field(default=None, repr=False)
    data_per_run: bool = False

    def run(self, index: int | None = None) -> Any:
        """The point of one run, without the axis of runs; where there is one run only, it need not be named.

        Raises `InputError` for a run that there is not, and for none of several.
        """
        return _at(self.point, self._index(index))

    def data_of(self, index: int | None = None) -> Any:
        """The data of one run; see `run`."""
        at = self._index(index)
        return _at(self.data, at) if self.data_per_run else self.data

    def certify(self, network: Any, nodes: Any, *, run: int | None = None, **options: Any) -> Any:
        """`entropysym.certify` of one run, at its point and on its data, a matrix (N, D): see there for `options`, and for what is returned and raised.

        If it was not the ELBO of `network` at these `nodes` that was maximised, pass what was as `trained`.
        """
        import entropysym  # by the front door: an ascent knows no network

        return entropysym.certify(network, self.run(run), self.data_of(run), nodes, **options)

    def _index(self, index: int | None) -> int:
        runs = len(self.values)
        at = whole(0 if index is None and runs == 1 else index)
        # JAX would take the last run for one beyond it.
        if at is None or not -runs <= at < runs:
            raise InputError(
                f"run is {shown(index)}; there are {runs} runs, pass one from 0 to {runs - 1}"
            )
        return at


def _at(tree: Any, index: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[index], tree)


class _State(NamedTuple):
    """All that a block reads: the phase and its step, the flat points, the optimiser's arrays, the history so far."""

    phase: str
    step: int
    v: np.ndarray
    optimiser: tuple[np.ndarray, ...]
    history: np.ndarray
    clock: float


def _stored(state: _State) -> dict[str, Any]:
    leaves = {f"optimiser_{i}": leaf for i, leaf in enumerate(state.optimiser)}
    return {**state._replace(optimiser=())._asdict(), "optimiser": len(leaves), **leaves}


def _loaded(found: Mapping[str, np.ndarray], first: _State, checkpoint: Checkpoint) -> _State:
    try:
        leaves = tuple(found[f"optimiser_{i}"] for i in range(int(found["optimiser"])))
        step, clock = int(found["step"]), float(found["clock"])
        state = _State(str(found["phase"]), step, found["v"], leaves, found["history"], clock)
        fits = state.v.shape == first.v.shape and state.history.shape[1:] == first.history.shape[1:]
    except (KeyError, ValueError, TypeError):
        fits = False
    if not fits:
        raise InputError(
            f"the checkpoint {str(checkpoint.path)!r} holds no state of this training; remove it to start anew"
        )
    return state


def _saved(checkpoint: Checkpoint, state: _State) -> Checkpoint | None:
    """Store the state. A disk that cannot be written costs the checkpoint, not the training."""
    try:
        checkpoint.save(**_stored(state))
    except InputError as error:
        warnings.warn(f"training goes on without checkpoints: {error}", stacklevel=4)
        return None
    return checkpoint


class NotFiniteError(ArithmeticError):
    """A quantity of a run is not finite; `what` names it with its step."""

    def __init__(self, phase: str, step: int, quantity: str, run: int) -> None:
        self.phase, self.step, self.quantity, self.run = phase, step, quantity, run
        super().__init__(f"{quantity} is not finite at step {step} of {phase}, run {run}")


def settle(
    objective: Callable[..., jax.Array],
    start: Any,
    data: Any,
    plan: Plan = Plan(),
    *,
    observe: Mapping[str, Callable[..., jax.Array]] | None = None,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    data_per_run: bool = False,
    seeds: int | Sequence[int] | None = None,
    on: Any = None,
    into: str | Path | None = None,
) -> Settled:
    """Maximise `objective(parameters, data)` from each of the runs in `start`, a pytree of float64 arrays with a leading axis of runs.

    `data` is an array whose leading axis is the data points, or a pytree of such. With `data_per_run` an axis of runs stands before it, and each
    run has data of its own: many models of one shape as one program. `observe` names scalar functions of the parameters (with `data_per_run` of
    the parameters and the run's data) that are recorded on the way. With a `checkpoint` the state is stored after each block, and a run that finds one goes on from there. Ctrl-C and numbers
    that are not finite end the training early; `ending` and `message` say so, with the step and the name of the quantity.

    With `seeds`, `start(seed)` is the start of one run, and an executor `on` carries them out, many in one program; see `sweeping.settle_seeds`.

    Parameters and data should be of the order of one: gradients carry the units of x, and goals do not.

    Raises `InputError` for a start that is not float64 or has no leading axis of runs, for data without their leading axes, and for a checkpoint
    of another training or one that is damaged. A checkpoint that cannot be written is a warning.
    """
    if seeds is not None or on is not None or into is not None:
        if seeds is None or observe or checkpoint is not None or data_per_run:
            raise InputError(
                "on and into want seeds, and no observe, checkpoint or data_per_run: pass seeds=500, and as start a function of a seed"
            )
        import entropysym  # by the front door: an ascent knows no executor

        return entropysym.sweeping.settle_seeds(
            objective, start, data, plan, seeds=seeds, on=on, into=into, progress=progress
        )
    require_x64()
    trainer = _Trainer(objective, start, data, plan, observe or {}, data_per_run)
    return _carried_through(trainer, progress, checkpoint)


def settling(
    objective: Callable[..., jax.Array], start: Any, data: Any, plan: Plan
) -> Callable[[Any], Settled]:
    """`settle` as a function of the start, of which all have the shapes of this one: compiled once. Raises `InputError` as `settle` does."""
    require_x64()
    trainer = _Trainer(objective, start, data, plan, {}, False)

    def settled(start: Any) -> Settled:
        own = copy(trainer)  # which keeps what is compiled, and is no other thread's
        own.begin_at(start)
        return _carried_through(own, None, None)

    return settled


def _carried_through(
    trainer: _Trainer, progress: Progress | None, checkpoint: Checkpoint | None
) -> Settled:
    """All blocks of a training, from its checkpoint if there is one."""
    began = time.monotonic()
    state = trainer.first()
    if checkpoint is not None:
        checkpoint = trainer.own(checkpoint)
        if (found := checkpoint.load()) is not None:
            state = _loaded(found, state, checkpoint)
    clock = state.clock
    ending, message, total = None, "", plan_total(trainer, trainer.plan)
    try:
        while ending is None:
            ending, state = trainer.advance(state)
            state = state._replace(clock=clock + time.monotonic() - began)
            if checkpoint is not None:
                checkpoint = _saved(checkpoint, state)
            if progress is not None:
                done, remark = min(trainer.done(state), total), trainer.remark(state)
                progress(done, total, f"{state.phase}: {remark}")
    except KeyboardInterrupt:
        ending = Ending.INTERRUPTED
        message = f"interrupted after step {state.step} of {state.phase}"
    except NotFiniteError as error:
        ending, message = Ending.NOT_FINITE, str(error)
    return trainer.finish(state, ending, message or ending.value)


def demand_whole(settled: Settled) -> Settled:
    """The same, for callers that have no use for a part. Raises `KeyboardInterrupt` if Ctrl-C cut the training off."""
    if settled.ending is Ending.INTERRUPTED:
        raise KeyboardInterrupt(settled.message)
    return settled


def plan_total(trainer: _Trainer, plan: Plan) -> int:
    """All steps of the plan, for the progress bar."""
    return trainer.adam_steps + plan.lbfgs + plan.newton


def _check_start(start: Any) -> None:
    """Refuse a start that is not float64 arrays with one leading axis of runs."""
    leaves = jax.tree_util.tree_flatten_with_path(start)[0]
    runs = {np.shape(leaf)[:1] for _, leaf in leaves}
    if not leaves or len(runs) != 1 or runs & {(), (0,)}:
        raise InputError(
            f"the start has leading axes {sorted(runs)}; pass arrays with one leading axis of runs: jax.tree.map(lambda a: a[None], start) for one run"
        )
    for path, leaf in leaves:
        if jnp.asarray(leaf).dtype != jnp.float64:
            name = jax.tree_util.keystr(path)
            raise InputError(f"{name} of the start is {leaf.dtype}; pass float64 arrays")


def _count(data: Any, runs: int | None) -> int:
    """The number of data points, of each of so many runs if they have data of their own. Raises `InputError` for data without these leading axes."""
    lead: tuple[int, ...] = () if runs is None else (runs,)
    sizes = {np.shape(leaf)[: len(lead) + 1] for leaf in jax.tree.leaves(data)}
    counts = {size[len(lead)] for size in sizes if size[:-1] == lead and size[-1:] > (0,)}
    if len(sizes) != 1 or len(counts) != 1:
        wanted = "one leading axis of data points"
        if runs is not None:
            wanted = f"an axis of the {runs} runs and one of data points, as data_per_run says"
        raise InputError(f"the data have leading axes {sorted(sizes)}; pass arrays with {wanted}")
    return counts.pop()


class _Trainer:
    """The compiled blocks of one training."""

    def __init__(
        self,
        objective: Callable[..., jax.Array],
        start: Any,
        data: Any,
        plan: Plan,
        observe: Mapping[str, Callable[..., jax.Array]],
        data_per_run: bool,
    ) -> None:
        self.plan, self.data, self.observe = plan, data, dict(observe)
        self.axis = 0 if data_per_run else None  # that of runs in the data
        self.begin_at(start)
        one = jax.tree.map(lambda leaf: leaf[0], start)
        _, self.unravel = ravel_pytree(one)
        self.names = [
            jax.tree_util.keystr(p) for p, _ in jax.tree_util.tree_flatten_with_path(one)[0]
        ]
        self.R, self.P = self.start.shape
        self.N = _count(data, self.R if data_per_run else None)
        self.batch = min(plan.batch or self.N, self.N)
        self.batches = self.N // self.batch
        self.adam_steps = plan.epochs * self.batches
        self.every = max(1, -(-plan.epochs // plan.observed))

        def negative(v: Float[Array, " P"], data: Any) -> jax.Array:
            return -objective(self.unravel(v), data)

        self._negative = negative
        self._both = jax.jit(jax.vmap(jax.value_and_grad(negative), (0, self.axis)))
        self._one = jax.jit(jax.value_and_grad(negative))
        self._hessian = jax.jit(self._dense)
        self._observed = jax.jit(jax.vmap(self._seen, (0, self.axis)))
        # The rate falls to a tenth on a cosine, so that mini-batch noise does not set where the next phase starts.
        self._adam = optax.adam(
            optax.cosine_decay_schedule(plan.rate, max(1, self.adam_steps), alpha=0.1)
        )
        self._lbfgs = optax.lbfgs(memory_size=30)
        self._adam_block = jax.jit(self._run_adam, static_argnames="epochs")
        self._lbfgs_block = jax.jit(self._run_lbfgs, static_argnames="steps")

    def begin_at(self, start: Any) -> None:
        """Where the runs begin. Raises `InputError` for a start that is not float64 or has no leading axis of runs."""
        _check_start(start)
        self.start = np.asarray(jax.vmap(lambda p: ravel_pytree(p)[0])(start))

    def own(self, checkpoint: Checkpoint) -> Checkpoint:
        """The checkpoint with a digest of all that this training depends on, beside what the caller put into it."""
        settings = {**asdict(self.plan), "observed": list(self.observe), "given": checkpoint.digest}
        settings |= {} if self.axis is None else {"data_per_run": True}
        leaves = (np.asarray(leaf) for leaf in jax.tree.leaves(self.data))
        digest = digest_of({**settings, "version": __version__}, self.start, *leaves)
        return Checkpoint(checkpoint.path, digest)

    # --- blocks -----------------------------------------------------------------------------------------------------------------

    def first(self) -> _State:
        history = np.zeros((0, self.R, len(self.observe) + 1))
        state = _State("Adam", 0, self.start, self._leaves(self._adam, self.start), history, 0.0)
        return self._record(state, 0)

    def advance(self, state: _State) -> tuple[Ending | None, _State]:
        """One block further; the ending if there is nothing more to do."""
        if state.phase == "Adam":
            if state.step >= self.adam_steps:
                return None, self._begin(state, "L-BFGS", self._lbfgs)
            epoch = state.step // self.batches
            # A block ends where the history is to be written, and is no longer than asked for.
            left = min(self.every - epoch % self.every, self.plan.epochs - epoch)
            epochs = min(left, max(1, self.plan.block // self.batches))
            v, optimiser, values = self._adam_block(
                state.v, state.optimiser, self.data, epoch, epochs=epochs
            )
            new = state._replace(
                step=state.step + epochs * self.batches,
                v=np.asarray(v),
                optimiser=tuple(map(np.asarray, optimiser)),
            )
            self._demand_finite(state, new, values)
            if (epoch + epochs) % self.every == 0 or new.step == self.adam_steps:
                new = self._record(new, new.step)
            return None, new
        if state.phase == "L-BFGS":
            arrived = np.all(self._norms(state.v) <= self.plan.goal)
            if state.step >= self.plan.lbfgs or arrived:
                return None, self._begin(state, "Newton", None)
            steps = min(self.plan.block, self.plan.lbfgs - state.step)
            v, optimiser, values = self._lbfgs_block(
                state.v, state.optimiser, self.data, steps=steps
            )
            new = state._replace(
                step=state.step + steps,
                v=np.asarray(v),
                optimiser=tuple(map(np.asarray, optimiser)),
            )
            self._demand_finite(state, new, values)
            new = self._record(new, self.adam_steps + new.step)
            first, last = np.asarray(values)[[0, -1]]
            if np.all(first - last <= 1e-13 * np.abs(last)):  # rounding; values cannot lead further
                new = new._replace(step=self.plan.lbfgs)
            return None, new
        return self._newton_block(state)

    def _newton_block(self, state: _State) -> tuple[Ending | None, _State]:
        """Trust-region steps from one Hessian, for each run that has not arrived."""
        norms = self._norms(state.v)
        if np.all(norms <= self.plan.goal):
            return Ending.ARRIVED, state
        if self.P > DENSE or state.step >= self.plan.newton:
            return Ending.LIMIT, state
        v, (radius,) = state.v.copy(), state.optimiser
        # A trial decomposes a matrix, in about P^3; a Hessian takes at least N P^2. So few data are worth few trials.
        trials = min(TRIALS, max(1, 8 * self.N // self.P))
        radius = radius.copy()
        for run in map(int, np.flatnonzero((norms > self.plan.goal) & (radius > 0))):
            data = self.data if self.axis is None else _at(self.data, run)
            value, curvature = partial(self._value, data), partial(self._curvature, data)
            v[run], radius[run] = trust_region_steps(
                state.v[run], radius[run], value, curvature, self.plan.goal, trials
            )
        new = state._replace(step=state.step + 1, v=v, optimiser=(radius,))
        if not np.isfinite(v).all():
            raise NotFiniteError(
                "Newton", new.step, "the step", int(np.argwhere(~np.isfinite(v))[0][0])
            )
        new = self._record(new, self.adam_steps + self.plan.lbfgs + new.step)
        if np.all((self._norms(v) <= self.plan.goal) | (radius == 0)):
            arrived = np.all(self._norms(v) <= self.plan.goal)
            return (Ending.ARRIVED if arrived else Ending.STALLED), new
        return None, new

    # --- pieces -----------------------------------------------------------------------------------------------------------------

    def _value(self, data: Any, v: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = self._one(jnp.asarray(v), data)
        return float(value), np.asarray(gradient)

    def _curvature(self, data: Any, v: np.ndarray) -> np.ndarray:
        return np.asarray(self._hessian(jnp.asarray(v), data))

    def _seen(self, v: Float[Array, " P"], data: Any) -> Float[Array, " O"]:
        given = (self.unravel(v),) if self.axis is None else (self.unravel(v), data)
        return jnp.stack([f(*given) for f in self.observe.values()])

    def _dense(self, v: Float[Array, " P"], data: Any) -> Float[Array, "P P"]:
        found = hessian(lambda w: self._negative(w, data), v)
        return (found + found.T) / 2

    def _norms(self, v: np.ndarray) -> np.ndarray:
        return np.linalg.norm(np.asarray(self._both(v, self.data)[1]), axis=1)

    def _leaves(self, optimiser: Any, v: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(map(np.asarray, jax.tree.leaves(jax.vmap(optimiser.init)(jnp.asarray(v)))))

    def _begin(self, state: _State, phase: str, optimiser: Any) -> _State:
        arrays = (np.ones(self.R),) if optimiser is None else self._leaves(optimiser, state.v)
        return state._replace(phase=phase, step=0, optimiser=arrays)

    def _record(self, state: _State, at: int) -> _State:
        seen = (
            np.asarray(self._observed(state.v, self.data))
            if self.observe
            else np.zeros((self.R, 0))
        )
        row = np.concatenate([np.full((self.R, 1), float(at)), seen], axis=1)
        return state._replace(history=np.concatenate([state.history, row[None]]))

    def _structure(self, optimiser: Any) -> Any:
        shapes = jax.eval_shape(optimiser.init, jax.ShapeDtypeStruct((self.P,), jnp.float64))
        return jax.tree.structure(shapes)

    def _run_adam(
        self, v: Array, leaves: tuple[Array, ...], data: Any, epoch: Array, *, epochs: int
    ) -> tuple[Array, list[Array], Array]:
        adam = jax.tree.unflatten(self._structure(self._adam), leaves)
        key = jax.random.key(self.plan.seed)

        def one_batch(carry: Any, rows: Array | None) -> tuple[Any, Array]:
            v, adam = carry
            at = rows if self.axis is None else (slice(None), rows)
            batch = data if rows is None else jax.tree.map(lambda a: jnp.asarray(a)[at], data)
            both = jax.vmap(jax.value_and_grad(self._negative), (0, self.axis))
            value, gradient = both(v, batch)
            update, adam = jax.vmap(self._adam.update)(gradient, adam, v)
            return (v + update, adam), value

        def one_epoch(carry: Any, epoch: Array) -> tuple[Any, Array]:
            if self.batches == 1 and self.batch == self.N:
                return one_batch(carry, None)
            order = jax.random.permutation(jax.random.fold_in(key, epoch), self.N)
            rows = order[: self.batches * self.batch].reshape(self.batches, self.batch)
            carry, values = jax.lax.scan(one_batch, carry, rows)
            return carry, values[-1]

        (v, adam), values = jax.lax.scan(one_epoch, (v, adam), epoch + jnp.arange(epochs))
        return v, jax.tree.leaves(adam), values

    def _run_lbfgs(
        self, v: Array, leaves: tuple[Array, ...], data: Any, *, steps: int
    ) -> tuple[Array, list[Array], Array]:
        memory = jax.tree.unflatten(self._structure(self._lbfgs), leaves)

        def one(v: Array, memory: Any, data: Any) -> tuple[Array, Any, Any]:
            def function(w: Array) -> Array:
                return self._negative(w, data)

            value, gradient = optax.value_and_grad_from_state(function)(v, state=memory)
            update: Any
            update, new = self._lbfgs.update(
                gradient, memory, v, value=value, grad=gradient, value_fn=function
            )
            # A run that has arrived waits for the others.
            going = jnp.linalg.norm(gradient) > self.plan.goal
            return v + jnp.where(going, update, 0.0), new, value

        def step(carry: Any, _: None) -> tuple[Any, Array]:
            v, memory, value = jax.vmap(one, in_axes=(0, 0, self.axis))(carry[0], carry[1], data)
            return (v, memory), value

        (v, memory), values = jax.lax.scan(step, (v, memory), None, length=steps)
        return v, jax.tree.leaves(memory), values

    # --- what is said about a state -----------------------------------------------------------------------------------------------

    def done(self, state: _State) -> int:
        """Steps done, over all phases."""
        before = {"Adam": 0, "L-BFGS": self.adam_steps, "Newton": self.adam_steps + self.plan.lbfgs}
        return before[state.phase] + state.step

    def remark(self, state: _State) -> str:
        """Where training is, for people."""
        seen = state.history[-1]
        told = [f"step {state.step}"]
        if self.observe:
            told.append(f"{next(iter(self.observe))} {seen[:, 1].mean():.6g}")
        return ", ".join(told)

    def _demand_finite(self, old: _State, new: _State, values: Any) -> None:
        """Raise `NotFiniteError` that names the first quantity that is not finite; found by doing the block again, one step at a time."""
        values = np.asarray(values)
        if np.isfinite(values).all() and np.isfinite(new.v).all():
            return
        at, state = old.step, old
        for _ in range(max(1, new.step - old.step)):
            self._name_what_is_not_finite(state, at)
            if state.phase == "Adam":
                if self.batches > 1:
                    break  # within an epoch the batches are not replayed one by one
                v, leaves, _ = self._adam_block(state.v, state.optimiser, self.data, at, epochs=1)
            else:
                v, leaves, _ = self._lbfgs_block(state.v, state.optimiser, self.data, steps=1)
            at += 1
            state = state._replace(v=np.asarray(v), optimiser=tuple(map(np.asarray, leaves)))
        self._name_what_is_not_finite(new, new.step)
        bad = np.argwhere(~np.isfinite(values))
        run, step = (int(bad[0][1]), int(bad[0][0])) if bad.size else (0, 0)
        raise NotFiniteError(old.phase, old.step + step * self.batches, "the objective", run)

    def _name_what_is_not_finite(self, state: _State, step: int) -> None:
        """Raise for a parameter, the objective or a gradient that is not finite at this point."""
        value, gradient = map(np.asarray, self._both(state.v, self.data))
        for run in range(self.R):
            for what, flat in (
                ("parameter {}", state.v[run]),
                ("the gradient by {}", gradient[run]),
            ):
                leaves = jax.tree.leaves(self.unravel(jnp.asarray(flat)))
                named = [
                    n for n, a in zip(self.names, leaves, strict=True) if not jnp.isfinite(a).all()
                ]
                if what.startswith("parameter") and named:
                    raise NotFiniteError(state.phase, step, what.format(named[0].lstrip(".")), run)
                if not np.isfinite(value[run]):
                    raise NotFiniteError(state.phase, step, "the objective", run)
                if named:
                    raise NotFiniteError(state.phase, step, what.format(named[0].lstrip(".")), run)

    def finish(self, state: _State, ending: Ending, message: str) -> Settled:
        """The record of what was reached."""
        value, gradient = map(np.asarray, self._both(state.v, self.data))
        history = {"step": state.history[:, :, 0]}
        borders = {
            "Adam": 0,
            "L-BFGS": self.adam_steps,
            "Newton": self.adam_steps + self.plan.lbfgs,
        }
        phases = {
            name: int(np.searchsorted(history["step"][:, 0], border, side="right")) - 1
            for name, border in borders.items()
            if name == "Adam" or np.any(history["step"][:, 0] > border)
        }
        history |= {name: state.history[:, :, i] for i, name in enumerate(self.observe, start=1)}
        return Settled(
            point=jax.vmap(self.unravel)(jnp.asarray(state.v)),
            values=-value,
            gradient_norms=np.linalg.norm(gradient, axis=1),
            ending=ending,
            message=message,
            steps={"phase": state.phase, "step": state.step},
            seconds=state.clock,
            history=history,
            phases={name: max(0, at) for name, at in phases.items()},
            data=self.data,
            data_per_run=self.axis is not None,
        )
