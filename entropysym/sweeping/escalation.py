"""Where rounding could hide a difference, a sweep looks again with balls: at the coarsest configuration of a few shapes.

Floats are the rationals that they are. Arrays whose range is an equation (shares that sum to 1, unit vectors, matrices) satisfy it to rounding only, so that a ball would show what is no difference of the
claim; of them nothing is said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np

from entropysym.balls import enclose, numbers
from entropysym.errors import InputError
from entropysym.language.identity import Identity
from entropysym.language.records import Model
from entropysym.language.symbols import MATRIX_RANGES
from entropysym.lowering.precision import COARSE
from entropysym.sweeping.computing import double_precision, residuals
from entropysym.sweeping.records import Record
from entropysym.sweeping.units import CHUNK, Job, Unit
from entropysym.verdict import Verdict, undecided
from entropysym.witness.configurations import Configuration, Shape, draw

#: At most so many configurations are looked at, one of each shape, small shapes first.
MOST = 3

#: Ranges that floats satisfy to rounding only.
_EQUATIONS = ("simplex", "sphere", *MATRIX_RANGES)


@dataclass(frozen=True)
class LookedAt:
    """A configuration at which rounding could hide a difference, and what a ball shows there: refuted (0 is excluded), proved (exactly 0) or undecided."""

    where: str
    verdict: Verdict


def looked_at(
    claim: Identity, job: Job, units: Sequence[Unit], records: Mapping[str, Record], called: str
) -> tuple[LookedAt, ...]:
    """What balls show at the coarsest configurations; `called` is how Python calls the claim."""
    found = []
    for shape, unit in _coarse(job, units, records):
        with double_precision():
            seed, number, configuration = _coarsest(claim.model, job, shape, unit)
        where = f"es.sweeping.repeat({called}, seed={seed}, number={number}, {shape})"
        found.append(LookedAt(where, _shown(claim, shape, configuration)))
    return tuple(found)


def _coarse(
    job: Job, units: Sequence[Unit], records: Mapping[str, Record]
) -> list[tuple[Shape, Unit]]:
    """Of the smallest shapes the first unit that has coarse configurations."""

    def is_coarse(unit: Unit) -> bool:
        name = job.name(unit)
        return name in records and records[name].coarse > 0

    first: dict[tuple[tuple[str, int], ...], Unit] = {}
    for unit in filter(is_coarse, sorted(units, key=job.name)):
        first.setdefault(unit.at, unit)
    small = sorted(first, key=lambda at: (math.prod(n for _, n in at), at))
    return [(Shape(at), first[at]) for at in small[:MOST]]


def _coarsest(model: Model, job: Job, shape: Shape, unit: Unit) -> tuple[int, int, Configuration]:
    """Seed, number and configuration of the first block of a unit that has coarse ones: the one with the largest tolerance that is finite."""
    at = residuals(job, shape)
    for seed, count in unit.blocks(job.seed):
        batch = draw(model, shape, seed, CHUNK)
        tolerance = at(batch)[:count, 1]
        if not (tolerance <= COARSE).all():
            number = int(np.argmax(np.where(np.isfinite(tolerance), tolerance, -np.inf)))
            return seed, number, jax.tree.map(lambda leaf, k=number: np.asarray(leaf)[k], batch)
    raise AssertionError("the record counts coarse configurations")  # records are checked


def _shown(claim: Identity, shape: Shape, configuration: Configuration) -> Verdict:
    try:
        return enclose(claim, _point(claim.model, shape, configuration)).verdict
    except InputError as why:
        return undecided(f"not shown: {why}")


def _point(model: Model, shape: Shape, c: Configuration) -> dict[str, Any]:
    """The configuration as a point of `enclose`. Raises `InputError` for ranges that floats satisfy to rounding only."""
    ranges = {a.name: a.range for a in (*model.parameters, *model.networks)}
    ranges |= {v.name: v.support for v in model.variables if v.role != "latent"}
    for name, range_ in ranges.items():
        if range_ in _EQUATIONS:
            raise InputError(f"{name} has the range {range_}, which floats satisfy to rounding only")  # fmt: skip
    networks = {
        net.name: partial(_network, net.range, c.weights[net.name], tuple(shape[p.size.name] for p in net.plates))
        for net in model.networks
    }  # fmt: skip
    return {**dict(shape.sizes), **c.arrays, **networks}


def _network(range_: str, w: Mapping[str, Any], lengths: tuple[int, ...], *inputs: Any) -> Any:
    """One of the networks of `configurations.callables`, on balls."""
    rational = np.vectorize(partial(numbers.exact, name="a weight"), otypes=[object])
    inside, bias, outside, shift = (
        rational(w[part]) for part in ("inside", "bias", "outside", "shift")
    )
    x = np.array([v for one in inputs for v in one], dtype=object)
    hidden = _each(lambda v: numbers.ball(v).tanh(), inside.dot(x) + bias)
    value = outside.dot(hidden) + shift
    return _each(_INTO[range_], value).reshape(lengths) if range_ != "real" else value.reshape(lengths)  # fmt: skip


def _each(f: Callable[[Any], Any], array: np.ndarray) -> np.ndarray:
    return np.array([f(v) for v in array], dtype=object)


#: A raw output in the range of a head, as in `configurations`.
_INTO: dict[str, Callable[[Any], Any]] = {
    "positive": lambda v: (6 * (v / 2).tanh()).exp(),
    "nonnegative": lambda v: (6 * (v / 2).tanh()).exp(),
    "unit": lambda v: 1 / (1 + (-v).exp()),
}
