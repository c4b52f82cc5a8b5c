r"""Situations of a graph at fixed parameters: $N_\bullet(\mathcal F-\mathcal E)$ and the slopes of $N_\bullet\mathcal J$ for q on one configuration, a row for each.

F, E and J are linear in q as long as it stands still, and a law may stand on one configuration of all latents. So an identity for all data and laws is one for every
configuration of a whole data set, and with the whole data set in a row constants may move between factors, weights of two data plates and global terms count as they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import sympy as sp

from entropysym.language import Model
from entropysym.language.records import Factor, Parameter, Variable

from ..evaluating import STEP
from .laws import TYPED
from .point import Array, Index, Networks, Point, real

#: Sizes of the points: ones among them, few, and more, since on few classes every function is a combination of others.
SIZES: Sequence[Sequence[int]] = ((2, 3, 2), (3, 1, 2), (4, 3, 5))
#: The numbers of data, in the order of the data plates, where they count; else there is one.
COUNTS = ((2, 1), (1, 2), (3, 2))


@dataclass(frozen=True)
class Column:
    """Something that may move: an entry of a parameter, on a simplex at the cost of the last one; with `generous` what q and networks could do."""

    name: str
    index: Any = ()
    kind: str = "parameter"


@dataclass(frozen=True)
class Rows:
    """One row for each situation: the gap, the slopes of the objective by the columns, and the point with the values."""

    gap: np.ndarray
    slopes: np.ndarray
    columns: tuple[Column, ...]
    point: Point
    count: int


def free(model: Model, *, generous: bool = False) -> list[Parameter]:
    """What is learned and not constrained, and unless `generous` not read by q either."""
    held = {c.on for c in model.constraints}
    return [
        p
        for p in model.parameters
        if p.learned
        and p.name not in held
        and (generous or not any(a.has(p.symbol) for f in model.q for a in f.arguments))
    ]


def rows(model: Model, k: int, seed: int, *, generous: bool = False) -> Rows:
    """Gap and slopes at the k-th point of a seed."""
    rng = np.random.default_rng([seed, k])
    sizes = {s.name: int(rng.choice(SIZES[k])) for s in model.sizes}
    counts = COUNTS[k] if model.counted else (1, 1)
    sizes |= {p.size.name: c for p, c in zip(model.data, counts, strict=False)}
    return _Drawn(model, sizes, rng, generous).rows()


class _Drawn:
    def __init__(
        self, model: Model, sizes: dict[str, int], rng: np.random.Generator, generous: bool
    ) -> None:
        self.model, self.sizes, self.rng = model, sizes, rng
        # Without variables and networks: enough to list indices.
        bare = Point(model, sizes, {}, {}, Networks(rng, 0, {}))
        self.indices = bare.indices
        self.columns = [c for p in free(model, generous=generous) for c in self._columns(p)]
        if generous:
            self.columns += [*self._of_latents(), *self._of_networks()]
        self.places = {c: j for j, c in enumerate(self.columns)}
        situations = len(self.columns) + 60
        parameters = {p.symbol: self._values(p) for p in model.parameters}
        variables = {v.name: self._entries(v, situations) for v in model.variables}
        networks = Networks(
            rng,
            situations,
            {w.name: w.range for w in model.networks},
            common=generous,
            moved=self._moved() if generous else {},
        )
        self.point = replace(
            bare, parameters=parameters, variables=variables, networks=networks, _memo={}
        )

    # -- columns ------------------------------------------------------------------------------------------------------

    def _columns(self, p: Parameter) -> list[Column]:
        last = self.sizes[p.plates[-1].size.name] if p.range == "simplex" else 0
        return [Column(p.name, i) for i in self.indices(p.plates) if not last or i[-1] < last]

    def _of_latents(self) -> list[Column]:
        """Location and scale of each entry of a latent whose law of q learns them; its data move alike."""
        found = []
        for f in self.model.q:
            if (
                not f.family.is_any
                and f.family.name in ("Normal", "Laplace")
                and _learns(self.model, f)
            ):
                places = self.indices(self.model.inner(f.of[0]))
                found += [Column(f.of[0], i, kind) for kind in ("shift", "scale") for i in places]
        return found

    def _of_networks(self) -> list[Column]:
        """A last layer of each network that learns: constants and outputs, added to outputs."""
        held = {c.on for c in self.model.constraints}
        found = []
        for w in self.model.networks:
            if w.learned and w.name not in held:
                outputs = self.indices(w.plates)
                found += [Column(w.name, (i, None), "layer") for i in outputs]
                found += [Column(w.name, (i, i), "layer") for i in outputs]
        return found

    def _step(self, column: Column) -> np.ndarray:
        """The perturbation of one column: an array over the perturbations."""
        e = np.zeros((len(self.columns), 1), complex)
        e[self.places[column]] = 1j * STEP
        return e

    def _moved(self) -> dict[str, dict[Any, Array]]:
        held = {c.on for c in self.model.constraints}
        moved: dict[str, dict[Any, Array]] = {
            w.name: {} for w in self.model.networks if w.learned and w.name not in held
        }
        for c in self.columns:
            if c.kind == "layer":
                moved[c.name][c.index] = self._step(c)
        return moved

    # -- numbers ------------------------------------------------------------------------------------------------------

    def _values(self, p: Parameter) -> dict[Index, Array]:
        places = self.indices(p.plates)
        found = {i: self.rng.uniform(0.35, 1.3) for i in places}
        if p.range == "real":
            scale = 0.6 if len(p.plates) > 1 else 1.0
            found = {i: v * scale * self.rng.choice([-1, 1]) for i, v in found.items()}
        if p.range == "simplex":
            rest = {i: [j for j in places if j[:-1] == i[:-1]] for i in places}
            found = {i: v / sum(found[j] for j in rest[i]) for i, v in found.items()}
        out: dict[Index, Array] = dict(found)
        for i in places:
            column = Column(p.name, i)
            if column in self.places:
                out[i] = out[i] + self._step(column)
                if p.range == "simplex":
                    last = (*i[:-1], self.sizes[p.plates[-1].size.name])
                    out[last] = out[last] - self._step(column)
        return out

    def _entries(self, v: Variable, situations: int) -> dict[Index, Array]:
        found: dict[Index, Array] = {}
        places = self.indices(v.plates)
        if v.support == "onehot":
            for outer in dict.fromkeys(i[:-1] for i in places):
                classes = self.sizes[v.plates[-1].size.name]
                chosen = self.rng.integers(1, classes + 1, (1, situations))
                found |= {(*outer, k + 1): (chosen == k + 1) * 1.0 for k in range(classes)}
            return found
        inner = len(self.model.inner(v.name))
        for i in places:
            value: Array = _drawn(self.rng, v.support, (1, situations))
            moved = i[len(i) - inner :]
            if (shift := Column(v.name, moved, "shift")) in self.places:
                value = value + self._step(shift)
                value = value + real(value) * self._step(Column(v.name, moved, "scale"))
            found[i] = value
        return found

    # -- factors ------------------------------------------------------------------------------------------------------

    def rows(self) -> Rows:
        model, point = self.model, self.point
        places = {plate.size.name for plate in model.data}
        count = sum(n for name, n in self.sizes.items() if name in places)
        weight = point.value(model.objective.weight, {})
        gap, J = 0.0, -count * point.value(model.objective.penalty, {})
        with np.errstate(all="ignore"):
            for f in model.p:
                latent = model.variable(f.of[0]).role == "latent"
                log_p, entropy = self._whole(f)
                gap = gap + real(log_p) + real(entropy)
                J = J + (weight if latent else 1.0) * log_p
            for c in self.columns:
                if c.kind == "scale":  # what the entropy of q gains
                    plate = model.datum(c.name)
                    J = J + weight * (self.sizes[plate.size.name] if plate else 1) * self._step(c)
        situations = self.point.networks.situations
        gap = np.broadcast_to(np.ravel(gap), situations)
        slopes = np.broadcast_to(np.imag(J) / STEP, (max(1, len(self.columns)), situations)).T
        if not (np.all(np.isfinite(gap)) and np.all(np.isfinite(slopes))):
            raise FloatingPointError("gap or slopes are not finite")
        return Rows(gap, slopes[:, : len(self.columns)], tuple(self.columns), point, count)

    def _whole(self, f: Factor) -> tuple[Array, Array]:
        """$\\log(p/h)$ and the entropy of a factor, summed over its data, its plates and, where it selects, its classes."""
        model = self.model
        name, classes = f.of[0], model.classes(f)
        plates = model.variable(name).plates
        vectors = plates[-1:] if f.family.support == "onehot" else ()
        own = plates[: len(plates) - len(vectors)]
        log_p, entropy = [], []
        for place in self.indices((*own, *([classes] if classes else []))):
            at = dict(zip((p.index for p in own), place, strict=False))
            if classes:
                at[classes.index] = place[-1]
            parts = [at | {v.index: k} for v in vectors for (k,) in self.indices((v,))] or [at]
            inside = [{**here} for here in parts]
            arguments: list[Any] = [
                [self.point.value(a, here) for here in inside] for a in f.arguments
            ]
            value: Any = [self._value(name, own, vectors, here) for here in inside]
            if not vectors:
                arguments, value = [a[0] for a in arguments], value[0]
            chosen = self.point.value(model.chosen(f), at)
            typed = TYPED[f.family.name]
            log_p.append(chosen * typed.log_density(value, *arguments))
            entropy.append(chosen * typed.entropy(*arguments))
        return reduce(add, log_p), reduce(add, entropy)

    def _value(self, name: str, own: Any, vectors: Any, at: Mapping[sp.Basic, int]) -> Array:
        index = tuple(at[p.index] for p in (*own, *vectors))
        return self.point.variables[name][index]


def _learns(model: Model, f: Factor) -> bool:
    """Whether a factor of q reads something that learns."""
    learned = {p.symbol for p in model.parameters if p.learned}
    networks = {w.name for w in model.networks if w.learned}
    return any(
        any(a.has(s) for s in learned)
        or any(getattr(v, "name", "") in networks for v in sp.preorder_traversal(a))
        for a in f.arguments
    )


def _drawn(rng: np.random.Generator, support: str, shape: tuple[int, ...]) -> np.ndarray:
    if support == "binary":
        return rng.integers(0, 2, shape).astype(float)
    if support == "count":
        return np.minimum(rng.poisson(1.3, shape), 5.0).astype(float)
    return 0.3 + rng.normal(0, 1.1, shape)
