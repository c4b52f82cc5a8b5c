"""Many starts of one objective, `TOGETHER` of them in one program, each such pack a unit that any executor can carry out.

A pack in which numbers are not finite is halved until the run that brings them stands alone, so that it costs no other run its training.
"""

from __future__ import annotations

import hashlib
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from entropysym.ascent.checkpoints import Checkpoint, digest_of
from entropysym.ascent.settling import Ending, Plan, Settled, settling
from entropysym.errors import InputError, integer, shown
from entropysym.files import folder
from entropysym.sweeping.computing import double_precision
from entropysym.sweeping.processes import carried_out, here, see_to_worker
from entropysym.sweeping.units import code_digest

_PLAN = Plan()

#: Trainings in one program.
TOGETHER = 25

#: The arrays of a unit's record, beside the leaves of the points.
_ARRAYS = ("values", "gradient_norms", "endings")

#: From good to bad: of packs that ended differently, the whole has the worst.
_ENDINGS = tuple(Ending)


@dataclass(frozen=True)
class Training:
    """What all packs of one call share; functions and arrays go to a worker as they are, and by the `key` the worker knows what it has compiled."""

    objective: Callable[..., Any]
    start: Callable[[int], Any]
    data: Any
    plan: Plan
    home: tuple[str, int]
    key: str = ""


def settle_seeds(
    objective: Callable[..., Any],
    start: Callable[[int], Any],
    data: Any,
    plan: Plan = _PLAN,
    *,
    seeds: int | Sequence[int],
    on: Executor | None = None,
    into: str | Path | None = None,
    workers: int | None = None,
    together: int = TOGETHER,
    progress: Callable[[int, int, str], None] | None = None,
) -> Settled:
    """`settle` from `start(seed)`, a pytree of float64 arrays, for each of `seeds` (a number of them, from 0 on, or the seeds), `together` in one program.

    `on`, `into` and `workers` are those of `sweep`: packs that are in the folder are read. A pack's file is known by plan, data, seeds, and the code of both functions, with
    what they close over; code that they call is not looked into. The history of packs has no common steps and is left out; `gradient_norms` says which runs have arrived,
    `ending` is the worst of any.

    Raises `InputError` for functions that cannot be sent to another process (define them in a module), for starts and data as `settle` does, and if a pack could not be computed.
    """
    began = time.monotonic()
    every = list(seeds) if isinstance(seeds, Sequence) else list(range(integer("seeds", seeds)))
    if not every or not callable(start):
        raise InputError(f"start is {shown(start)}, seeds {shown(seeds)}; pass a function of a seed and at least one seed")  # fmt: skip
    work = _known(Training(objective, start, jax.tree.map(np.asarray, data), plan, here()))
    packs = _packs(work.key, every, integer("together", together))
    if on is None:
        _demand_sendable(work)
    place = None if into is None else folder(Path(into))
    done, damaged = ({}, 0) if place is None else _found(place, packs)

    def keep(name: str, arrays: dict[str, np.ndarray]) -> None:
        if place is not None:
            _file(place, name).save(**arrays)
        done[name] = arrays
        if progress is not None:
            progress(len(done), len(packs), f"{len(packs[name])} runs in one program")

    todo = {name: (work, pack) for name, pack in packs.items() if name not in done}
    lost = carried_out(settled_pack, todo, keep, on=on, workers=workers) if todo else {}
    if lost:
        name, reason = next(iter(lost.items()))
        raise InputError(f"{len(lost)} packs could not be computed, such as {name}: {reason}")
    found = _together(work, [done[name] for name in packs], every[0], time.monotonic() - began)
    said = f"; {damaged} packs were damaged and are computed again" if damaged else ""
    return replace(found, message=found.message + said)


def _found(place: Path, packs: Iterable[str]) -> tuple[dict[str, dict[str, np.ndarray]], int]:
    """The packs that are in the folder, and how many are damaged there."""
    done, damaged = {}, 0
    for name in packs:
        try:
            found = _file(place, name).load()
        except InputError:
            damaged += 1
            continue
        if found is not None:
            done[name] = found
    return done, damaged


def _known(work: Training) -> Training:
    """With its key: a digest of plan, data, the code of both functions, and ours."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(work.data)]
    said = {**asdict(work.plan), "code": [*_code_of(work.objective), *_code_of(work.start)]}
    return replace(work, key=digest_of({**said, "package": code_digest()}, *leaves)[:16])


def _packs(key: str, seeds: list[int], size: int) -> dict[str, list[int]]:
    """The packs by their names."""
    packs = {}
    for k in range(0, len(seeds), size):
        pack = [integer("a seed", s, 0) for s in seeds[k : k + size]]
        which = hashlib.sha256(repr(pack).encode()).hexdigest()[:12]
        packs[f"{key}-{pack[0]}-{len(pack)}-{which}"] = pack
    return packs


def _file(place: Path, name: str) -> Checkpoint:
    return Checkpoint(place / f"{name}.pack.npz", name)


def settled_pack(work: Training, seeds: list[int]) -> dict[str, np.ndarray]:
    """The points, values and endings of some seeds; what a worker calls."""
    see_to_worker(work.home)
    with double_precision():
        parts = list(_finite(work, seeds))
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return arrays


#: What this process has compiled, by key and number of runs: few, since each holds its data.
_COMPILED: dict[tuple[str, int], Callable[[Any], Settled]] = {}


def _settled(work: Training, start: Any, runs: int) -> Settled:
    known = _COMPILED.get((work.key, runs))
    if known is None:
        while len(_COMPILED) >= 8:
            _COMPILED.pop(next(iter(_COMPILED)))
        known = _COMPILED[work.key, runs] = settling(work.objective, start, work.data, work.plan)
    return known(start)


def _finite(work: Training, seeds: list[int]) -> Iterator[dict[str, np.ndarray]]:
    starts = [work.start(seed) for seed in seeds]
    start = jax.tree.map(lambda *leaves: jnp.stack(leaves), *starts)
    settled = _settled(work, start, len(seeds))
    if settled.ending is Ending.INTERRUPTED:
        raise KeyboardInterrupt
    if settled.ending is Ending.NOT_FINITE and len(seeds) > 1:
        half = len(seeds) // 2
        yield from _finite(work, seeds[:half])
        yield from _finite(work, seeds[half:])
        return
    leaves = {f"point_{k}": np.asarray(a) for k, a in enumerate(jax.tree.leaves(settled.point))}
    ending = np.full(len(seeds), _ENDINGS.index(settled.ending))
    yield {
        **leaves,
        "values": np.asarray(settled.values),
        "gradient_norms": np.asarray(settled.gradient_norms),
        "endings": ending,
    }


def _together(
    work: Training, packs: list[dict[str, np.ndarray]], first: int, seconds: float
) -> Settled:
    arrays = {name: np.concatenate([pack[name] for pack in packs]) for name in packs[0]}
    leaves = [arrays[f"point_{k}"] for k in range(len(arrays) - len(_ARRAYS))]
    with double_precision():
        one = work.start(first)
    ending = _ENDINGS[int(arrays["endings"].max())]
    arrived = int(np.sum(arrays["gradient_norms"] <= work.plan.goal))
    told = f"{arrived} of {len(arrays['values'])} runs have arrived; of their packs the worst: {ending.value}"
    return Settled(
        point=jax.tree.unflatten(jax.tree.structure(one), leaves),
        values=arrays["values"],
        gradient_norms=arrays["gradient_norms"],
        ending=ending,
        message=told,
        steps={},
        seconds=seconds,
        data=work.data,
    )


def _code_of(function: Any) -> list[str]:
    """What tells a function from another: its code, defaults, and what it closes over, where that is a function, a number, a text or arrays."""
    if isinstance(function, partial):
        return [*_code_of(function.func), *_value(function.args), *_value(function.keywords)]
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        raise InputError(f"{shown(function)} is no function of Python; wrap it in one, so that its code can be told")  # fmt: skip
    cells = [c.cell_contents for c in function.__closure__ or ()]
    return [*_instructions(code), *_value(function.__defaults__), *_value(cells)]


def _instructions(code: CodeType) -> list[str]:
    inner = [_constant(c) for c in code.co_consts]
    return [code.co_name, code.co_code.hex(), repr(code.co_names), repr(inner)]


def _constant(value: Any) -> str:
    if isinstance(value, CodeType):
        return repr(_instructions(value))
    # The order of a set is another in each process.
    return repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)


def _value(value: Any) -> list[str]:
    if callable(value) and hasattr(value, "__code__"):
        return _code_of(value)
    if isinstance(value, Mapping):
        return [part for key in sorted(value) for part in (str(key), *_value(value[key]))]
    if isinstance(value, list | tuple):
        return [part for item in value for part in _value(item)]
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return [digest_of({}, np.asarray(value))]
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return [repr(value)]
    if (leaves := jax.tree.leaves(value)) and leaves != [value]:
        return [type(value).__name__, *_value(leaves)]
    return [f"{type(value).__module__}.{type(value).__qualname__}"]


def _demand_sendable(work: Training) -> None:
    try:
        pickle.dumps(work)
    except Exception as error:  # each kind of object has its own
        raise InputError(
            f"the objective and the start cannot be sent to another process ({error}); define both in a module, or pass an executor of threads"
        ) from None
