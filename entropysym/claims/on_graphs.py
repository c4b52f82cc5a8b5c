r"""A graph of factors settled on data: default networks, the exact likelihood where q may be any, and what two witnesses measure where the ascent ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from entropysym.ascent.curvature import kind_of_point
from entropysym.ascent.settling import Plan, Settled, demand_whole, settle
from entropysym.errors import InputError, one_of, shown
from entropysym.language.records import Model
from entropysym.language.supports import as_set, contains
from entropysym.lowering.words import in_range
from entropysym.networks.graph_defaults import (
    ConcreteGraph,
    concrete_graph,
    default_sizes,
    simulated,
)
from entropysym.prover import Derivation
from entropysym.witness.gap import gap_function
from entropysym.witness.measuring import STATIONARY, Measurement, measure

#: Steps, not seconds: the same data end with the same figures on a slow machine.
PLAN = Plan(epochs=0, lbfgs=1000, newton=60, goal=1e-10, block=50)

#: Starts that are tried; below which an entry of a positive parameter is on its way to 0 where the ascent has settled, and where it has not: small data have small variances.
STARTS, BORDER, VANISHED = 3, 1e-5, 1e-12


@dataclass(frozen=True, eq=False)
class GraphSample:
    """All that is observed and given, by name, the sizes that go with it, and in words where it comes from."""

    arrays: Mapping[str, Float[np.ndarray, ...]]
    sizes: Mapping[str, int]
    source: str

    @property
    def shape(self) -> dict[str, list[int]]:
        """The shape of each array."""
        return {name: list(array.shape) for name, array in self.arrays.items()}

    def __str__(self) -> str:
        shapes = ", ".join(f"{name} {tuple(shape)}" for name, shape in self.shape.items())
        return f"{self.source}: {shapes}"


def graph_sample(
    model: Model, data: Mapping[str, Float[np.ndarray, ...]] | None, seed: int = 0
) -> GraphSample:
    """The data of a graph: arrays by the names of what is observed and given, or simulated ones, which it does not fit.

    Raises `InputError` for missing or unknown names, other ranks, sizes that do not agree, numbers that are not finite, and values outside a support.
    """
    if data is None:
        sizes = default_sizes(model)
        return GraphSample(simulated(model, sizes, seed), sizes, "simulated")
    wanted = {v.name: v for v in model.variables if v.role != "latent"}
    for name in data:
        if name not in wanted:
            raise one_of(name, wanted, "variable in the data")
    measured: dict[str, tuple[int, str]] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, v in wanted.items():
        if name not in data:
            raise InputError(f"the data have no array {name!r}; wanted are: {', '.join(wanted)}")
        array = arrays[name] = np.asarray(data[name], np.float64)
        plates = ", ".join(str(plate.size) for plate in v.plates)
        if array.ndim != len(v.plates):
            raise InputError(f"{name} has shape {array.shape}; wanted ({plates})")
        for plate, length in zip(v.plates, array.shape, strict=True):
            if length < 1:
                raise InputError(f"{name} is empty: its shape is {array.shape}")
            known, whose = measured.setdefault(plate.size.name, (length, name))
            if known != length:
                raise InputError(
                    f"{plate.size} is {known} in {whose} {arrays[whose].shape} and {length} in {name} {array.shape}"
                )
        _demand_support(name, array, v.support)
    lengths = {size: length for size, (length, _) in measured.items()}
    return GraphSample(arrays, default_sizes(model, lengths), "the data")


def _demand_support(name: str, array: np.ndarray, support: str) -> None:
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{name}{list(where)} is {array[where]}; every number has to be finite")
    rows = array.sum(axis=-1) if array.ndim else array
    if support == "posdef":
        _demand_posdef(name, array)
        return
    vectors = {
        "onehot": ((array == 0) | (array == 1)).all(axis=-1) & (rows == 1) if array.ndim else array,
        "simplex": (array > 0).all(axis=-1) & (abs(rows - 1) < 1e-9) if array.ndim else array,
        "sphere": abs((array**2).sum(axis=-1) - 1) < 1e-9 if array.ndim else array,
    }
    fits = vectors[support] if support in vectors else contains(support, array)
    if not np.all(fits):
        where = tuple(int(i) for i in np.argwhere(~fits)[0])
        raise InputError(
            f"{name} is {as_set(support)}, but at {list(where)} it is {shown(array[where].tolist())}"
        )


def _demand_posdef(name: str, array: np.ndarray) -> None:
    # What is read as such a matrix later is NaN if it is not symmetric.
    symmetric = np.isfinite(np.asarray(in_range(jnp.asarray(array), "posdef"))).all(axis=(-2, -1))
    fits = symmetric & (np.linalg.eigvalsh(array)[..., 0] > 0)
    if not np.all(fits):
        where = tuple(int(i) for i in np.argwhere(~fits)[0])
        raise InputError(
            f"{name} is symmetric and positive definite, but at {list(where)} it is {shown(array[where].tolist())}"
        )


@dataclass(frozen=True, eq=False)
class GraphRest:
    """Where the ascent of a graph ended, and what two witnesses measure there; the fields are those of `on_data.Rest`."""

    sample: GraphSample
    concrete: ConcreteGraph
    settled: Settled
    measured: Measurement
    seed: int
    kind: str
    border: str | None = None
    ppca: float | None = None

    @property
    def latents(self) -> str:
        """The latent variables with the sizes of their plates: "c 2, z 3x1"."""
        model, sizes = self.concrete.model, self.concrete.sizes
        named = (
            f"{v.name} {'x'.join(str(sizes[p.size.name]) for p in model.inner(v.name))}"
            for v in model.latents
        )
        return ", ".join(named) or "none"

    @property
    def q(self) -> str:
        """What q is: the exact posterior, or laws whose arguments are networks and parameters."""
        if not self.concrete.model.latents:
            return "none"
        return "posterior" if self.concrete.exact is not None else "its own laws"


def rest_on_graph(
    derived: Derivation,
    data: GraphSample,
    *,
    seed: int = 0,
    plan: Plan = PLAN,
    progress: Callable[[int, int, str], None] | None = None,
) -> GraphRest:
    """Settle a derived graph on data and measure where it ends: from `seed`, and from the seeds after it as long as that is not stationary.

    Raises `KeyboardInterrupt` if Ctrl-C cuts an ascent off, and `InputError` for a graph that has no default q.
    """
    tried: list[GraphRest] = []
    for k in range(STARTS):
        rest = _rest_from(derived, data, seed + k, plan, progress)
        tried.append(rest)
        at = rest.measured
        if at.stationary or (at.gap.finite and not at.as_predicted):
            return rest
    return min(tried, key=_steepness)


def _steepness(rest: GraphRest) -> float:
    norm = rest.measured.gradient_norm
    return norm if math.isfinite(norm) else math.inf


def _rest_from(
    derived: Derivation,
    data: GraphSample,
    seed: int,
    plan: Plan,
    progress: Callable[[int, int, str], None] | None,
) -> GraphRest:
    started = concrete_graph(derived.model, data.arrays, data.sizes, seed=seed)
    arrays = {k: jnp.asarray(v) for k, v in data.arrays.items() if k not in started.constants}
    identity = gap_function(derived.identity)

    def everything(p: Any) -> dict[str, Any]:
        return {**started.arguments(p), **arrays}

    def entropy_sum(p: Any) -> Array:
        points = started.points(p, arrays, checked=False)
        made = everything(p)
        return identity.entropy_sum(**made, noise=identity.elbo.at(made, points))

    settled = demand_whole(
        settle(
            started.maximised,
            jax.tree.map(lambda leaf: leaf[None], started.start),
            arrays,
            plan,
            observe={"elbo": lambda p: started.maximised(p, arrays), "entropy_sum": entropy_sum},
            progress=progress,
        )
    )
    at = settled.run(0)
    points = started.points(at, arrays)
    measured = measure(derived.identity, started.arguments, at, arrays, points)
    arrived = settled.gradient_norms[0] <= STATIONARY
    return GraphRest(
        sample=data,
        concrete=started,
        settled=settled,
        measured=measured,
        seed=seed,
        kind=kind_of_point(lambda p: started.maximised(p, arrays), at),
        border=None
        if measured.stationary
        else _border(started, at, BORDER if arrived else VANISHED),
    )


def _border(c: ConcreteGraph, at: Any, below: float) -> str | None:
    """The first positive parameter with an entry that is nearly 0."""
    made = c.arguments(at)
    for p in c.model.parameters:
        if p.learned and p.range in ("positive", "simplex"):
            least = float(jnp.min(made[p.name]))
            if least < below:
                return f"{p.name} runs to 0 (its smallest entry is {least:.0e})"
    return None
