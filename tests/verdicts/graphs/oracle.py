r"""The oracle of graphs: is $\mathcal F-\mathcal E=D_v\mathcal J$ for one v at fixed parameters, whatever data, laws q and networks are?

Least squares over the situations of `situations` decides, at three points of other sizes and parameters: a relative residual below 1e-8 at all of them is *true*, one
above 1e-4 *false*. Then q stands still, and a law that is not restricted gives a counter-example. But what is false of such a q may be true of one that learns, where it
is stationary too. So it is *unknown* where the generous oracle, in which laws of q with a location and a scale and the last layers of networks move, finds that, where a
law of q is the same for all data, so that its means are numbers, and where a combination of slopes is constant: a penalty has such ones, and v has a pole at the
stationary points then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp
from scipy import linalg

from entropysym.language import Model, NetworkValue
from entropysym.language.symbols import DatumArray, LatentArray

from .point import real
from .situations import SIZES, Rows, rows

TRUE, FALSE = 1e-8, 1e-4


@dataclass(frozen=True)
class Answer:
    """The word, the word where q stands still, and the largest relative residual there."""

    word: str
    still: str
    residual: float


def is_true(model: Model, seed: int = 0) -> Answer:
    """What is to be said of a graph: true, false or unknown."""
    still, worst = _word(model, seed)
    word = still
    if still == "false" and (
        _is_fixed_law(model) or _word(model, seed, generous=True)[0] != "false"
    ):
        word = "unknown"
    if still == "true" and model.objective.penalty != 0 and _reaches_constants(model, seed):
        word = "unknown"
    return Answer(word, still, worst)


def _word(model: Model, seed: int, *, generous: bool = False) -> tuple[str, float]:
    worst = 0.0
    for k in range(len(SIZES)):
        worst = max(worst, residual(rows(model, k, seed, generous=generous)))
        if worst > FALSE:
            return "false", worst
    return "true" if worst < TRUE else "unknown", worst


def _reaches_constants(model: Model, seed: int) -> bool:
    found = rows(model, 0, seed)
    return residual(replace(found, gap=np.ones_like(found.gap))) < TRUE


def _is_fixed_law(model: Model) -> bool:
    """Whether a law of q that learns reads no data, no latent and no network."""
    learned = {p.symbol for p in model.parameters if p.learned}
    return any(
        any(a.has(*learned) for a in f.arguments)
        and not any(a.has(NetworkValue, DatumArray, LatentArray) for a in f.arguments)
        for f in model.q
        if not f.family.is_any and learned
    )


def residual(found: Rows) -> float:
    """Least squares of the gap on the slopes, relative to the gap; 0 where the gap is 0 everywhere.

    Columns and rows are brought to one size first: each situation is an equation, and a large one is no better than a small one.
    """
    gap = found.gap
    if np.linalg.norm(gap) < 1e-9 * np.sqrt(len(gap)):
        return 0.0
    largest = np.max(np.abs(found.slopes), axis=0, initial=0.0)
    matrix = found.slopes[:, largest > 1e-12]
    if not matrix.shape[1]:
        return 1.0
    size = np.maximum(np.abs(gap), 1e-9)
    for _ in range(3):
        matrix = matrix / np.linalg.norm(matrix / size[:, None], axis=0)
        size = np.maximum(np.maximum(np.abs(gap), np.max(np.abs(matrix), axis=1)), 1e-12)
    matrix, gap = matrix / size[:, None], gap / size
    v = linalg.lstsq(matrix, gap, cond=1e-13, lapack_driver="gelsy")[0]
    return float(np.linalg.norm(matrix @ v - gap) / np.linalg.norm(gap))


def claimed_residual(found: Rows, direction: Mapping[str, sp.Expr], excess: sp.Expr) -> float:
    r"""How far $\mathcal F-\mathcal E$ is from a claim's $D_v\mathcal J$ plus excess: the largest relative difference.

    Raises `AssertionError` for a direction that moves what must stand still, or that leaves a simplex.
    """
    model, point = found.point.model, found.point
    parameters = {p.name: p for p in model.parameters}
    names = {c.name for c in found.columns}
    said = np.zeros_like(found.gap)
    size = (
        np.abs(found.gap) + 1e-6
    )  # terms that cancel are of size 1, so this is far above rounding
    still = replace(
        point,
        parameters={s: {i: real(v) for i, v in e.items()} for s, e in point.parameters.items()},
        _memo={},
    )
    moved = {}
    for name, motion in direction.items():
        p = parameters[name]
        alone = p.range == "simplex" and found.point.sizes[p.plates[-1].size.name] == 1
        if name not in names and not alone:
            raise AssertionError(f"the direction moves {name}, which is not there to be moved")
        plates = [plate.index for plate in p.plates]
        for index in still.indices(p.plates):
            at = dict(zip(plates, index, strict=True))
            moved[name, index] = float(np.ravel(still.value(motion, at))[0])
        if p.range == "simplex":
            total: dict[tuple[int, ...], float] = {}
            for (other, index), v in moved.items():
                if other == name:
                    total[index[:-1]] = total.get(index[:-1], 0.0) + v
            if max(map(abs, total.values())) > 1e-9:
                raise AssertionError(f"the direction leaves the simplex of {name}")
    for j, column in enumerate(found.columns):
        v = moved.get((column.name, column.index), 0.0)
        said = said + found.slopes[:, j] * v
        size = size + np.abs(found.slopes[:, j] * v)
    for addend in sp.Add.make_args(excess):  # one by one: large ones may cancel
        left = found.count * np.ravel(np.real(still.value(addend, {})))
        said = said + left
        size = size + np.abs(left)
    return float(np.max(np.abs(found.gap - said) / size))
