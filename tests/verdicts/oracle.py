r"""The joint oracle: is $\mathcal F-\mathcal E=v\cdot\nabla\mathcal J$ for one v, at fixed parameters, over all data, encoders and networks?

At fixed sizes and fixed values of the named parameters several hundred situations are drawn: a datum, outputs of every network that reads
it, functions for every network that reads z. In each, $\mathcal F-\mathcal E$ and all partial derivatives of $\mathcal J$ by learned,
unconstrained parameters are numbers, the derivatives by complex steps. Least squares over the situations decides: a relative residual
below 1e-8 is *true*, above 1e-4 *false*, and between them the point is not used. Means over several data are sums of such rows, so one
datum each asks the most.

What abstract networks learn is no column, since a proof must not need it. The *generous* oracle holds the networks that read z fixed over
all situations and adds columns for what a learned last layer of each network could do: a refutation is wrong where even that helps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import sympy as sp
from scipy import optimize

from entropysym.language import Model
from entropysym.language.symbols import DATUM

from .catalogue import ANY
from .evaluating import evaluate
from .situations import SIZES, Rows, rows

TRUE, FALSE = 1e-8, 1e-4


@dataclass(frozen=True)
class Answer:
    """`true`, `false` or `skipped`, with the largest relative residual over the points."""

    word: str
    residual: float


def is_true(model: Model, seed: int = 0, *, generous: bool = False) -> Answer:
    """Whether one direction gives the gap, at three points of different sizes; false if false at one.

    Where the slopes give constants, a stationary point is looked for, and the gap there decides.
    """
    worst = 0.0
    for k in range(len(SIZES)):
        found = rows(model, k, seed, generous=generous)
        worst = max(worst, relative_residual(found))
        if worst > FALSE:
            return Answer("false", worst)
    if worst < TRUE and reaches_constants(found):
        # One law for all data: then every mean over z is a number, and the stationary points are special ones.
        worst = gap_at_rest(model, seed) if _reads_data(model) else FALSE / 2
    word = "true" if worst < TRUE else "false" if worst > FALSE else "skipped"
    return Answer(word, worst)


def _reads_data(model: Model) -> bool:
    return model.encoder.family == ANY or any(a.has(DATUM) for a in model.encoder.arguments)


def reaches_constants(found: Rows) -> bool:
    """Whether some combination of the slopes is 1 whatever the data.

    Such a combination makes up for any constant, by a direction that has a pole where the combination's value is 0; and at a stationary
    point it is. Scales that all data share, penalties, and rotations of a linear model have such combinations.
    """
    return relative_residual(replace(found, gap=np.ones_like(found.gap))) < TRUE


def gap_at_rest(model: Model, seed: int) -> float:
    """The mean gap at a maximum of the mean objective over all situations as data; between true and false if none is found."""
    found = rows(model, 0, seed, common=True)
    ranges = {p.name: p for p in model.parameters}
    # A strong penalty would bring what it is on to 0, and hide itself.
    penalty = model.objective.penalty
    weak = {(p.name, ()): 0.05 for p in model.parameters if not p.learned and penalty.has(p.symbol)}
    positive = np.array([ranges[name].range == "positive" for name, _ in found.columns])
    entries = (found.point.parameters[ranges[name].symbol][i] for name, i in found.columns)
    start = np.array([np.real(entry).flat[0] for entry in entries])

    def at(u: np.ndarray) -> Rows:
        values = np.where(positive, np.exp(np.clip(u, -20, 20)), u)
        given = weak | dict(zip(found.columns, map(float, values), strict=True))
        return rows(model, 0, seed, common=True, given=given)

    def loss(u: np.ndarray) -> tuple[float, np.ndarray]:
        here = at(u)
        inner = np.where(positive, np.exp(np.clip(u, -20, 20)), 1.0)
        return -float(here.objective.mean()), -here.slopes.mean(axis=0) * inner

    first = np.where(positive, np.log(np.abs(start)), start)
    try:
        end = optimize.minimize(
            loss, first, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 150}
        )
    except FloatingPointError:
        return FALSE / 2
    matrix = np.array([len(index) == 2 for _, index in found.columns])
    collapsed = any(matrix) and np.max(np.abs(end.x[matrix])) < 1e-3  # where any claim may hold
    if np.max(np.abs(end.jac)) > 1e-6 or np.max(np.abs(end.x)) > 12 or collapsed:
        return FALSE / 2
    gap = abs(float(at(end.x).gap.mean()))
    return 0.0 if gap < 3e-5 else 1.0 if gap > 1e-3 else FALSE / 2


def relative_residual(found: Rows) -> float:
    """Least squares of the gap on the slopes, relative to the gap; 0 where the gap is 0 everywhere.

    Columns and rows are brought to one size first: each situation is an equation, and a large one is no better than a small one.
    """
    if np.linalg.norm(found.gap) < 1e-9 * np.sqrt(len(found.gap)):
        return 0.0
    largest = np.max(np.abs(found.slopes), axis=0, initial=0.0)
    matrix = found.slopes[:, largest > 1e-12]
    if not matrix.shape[1]:
        return 1.0
    size = np.maximum(np.abs(found.gap), 1e-9)
    for _ in range(3):
        matrix = matrix / np.linalg.norm(matrix / size[:, None], axis=0)
        size = np.maximum(np.abs(found.gap), np.max(np.abs(matrix), axis=1))
    matrix, gap = matrix / size[:, None], found.gap / size
    v = np.linalg.lstsq(matrix, gap, rcond=1e-13)[0]
    return float(np.linalg.norm(matrix @ v - gap) / np.linalg.norm(gap))


def claimed_residual(
    found: Rows, model: Model, direction: Mapping[str, sp.Expr], excess: sp.Expr
) -> float:
    r"""How far $\mathcal F-\mathcal E$ is from a claim's $D_v\mathcal J$ plus excess: the largest relative difference."""
    by_name = {p.name: p for p in model.parameters}
    strangers = sorted(set(direction) - {name for name, _ in found.columns})
    if strangers:
        raise AssertionError(f"the direction moves {strangers[0]}, which is not there to be moved")
    said, size = np.zeros_like(found.gap), np.abs(found.gap) + 1e-9
    for j, (name, index) in enumerate(found.columns):
        if name in direction:
            at = dict(zip((p.index for p in by_name[name].plates), index, strict=True))
            v = np.ravel(np.real(evaluate(direction[name], found.point, at)))[0]
            said += found.slopes[:, j] * v
            size += np.abs(found.slopes[:, j] * v)
    for addend in sp.Add.make_args(excess):  # one by one: large ones may cancel
        left = np.real(evaluate(addend, found.point, {}))
        left = left[0, :, 0] if np.ndim(left) else left
        said += left
        size += np.abs(left)
    return float(np.max(np.abs(found.gap - said) / size))
