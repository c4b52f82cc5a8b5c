r"""Directions of a network's parameters along which the ELBO changes by the gap: $\mathcal F=\mathcal E+v\cdot\nabla\mathcal F$.

For the shipped networks they are written down (`written`). For any other network each is the solution of the `equations` among the motions of
`candidates`, coarse ones first; the equations are written down at some data and noise, and their residual is measured at others. A motion of a
few whole arrays that solves thousands of equations does so at every point; where none does, the residual says that there is no direction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from entropysym.errors import InputError
from entropysym.networks.candidates import Candidate, levels
from entropysym.networks.equations import Quantity, Rates, Value, entries, left, right, shape_of
from entropysym.networks.programs import Motions, Programs

#: A motion is exact if the equations hold to this fraction of their right-hand side.
EXACT = 1e-9

#: Data and noise points of each set: to solve at and to check at.
ROWS, NOISE = 32, 4

#: Equations of each quantity that are kept, at random, unless the unknowns are more.
_KEPT = 1500

#: Where a motion misses at the data: as many rows and noise points, of as many rows that are looked at, are added to those of the fit, and of all these so many equations are kept.
_WORST_ROWS, _WORST_NOISE, _LOOKED, _KEPT_OF_WORST = 16, 4, 2048, 100_000

#: Motions that are pushed forward at a time; less where the network is large.
_BATCH, _NUMBERS = 16, 8_000_000

#: Up to this many unknowns, a solution with few of them is looked for.
_FEW = 400

#: A column that the others determine to this fraction is left out.
_RANK = 1e-9


class Points(NamedTuple):
    """Data and noise."""

    x: Any
    eps: np.ndarray


class Stuck(NamedTuple):
    """Of a scale: the factor and latent that it belongs to, the share of its entries that no parameter moves, and whether parameters are read at all."""

    factor: str
    latent: str
    share: float
    entered: bool


class Found(NamedTuple):
    """Directions by factor, what each leaves over of its equations, relative to their right-hand side, and what was seen on the way."""

    directions: dict[str, Any]
    missing: dict[str, float]
    stuck: dict[str, Stuck]
    by_batch: bool


def solved_directions(
    programs: Programs, parameters: Any, x: Any, eps: np.ndarray, also: Points | None = None
) -> Found:
    """The directions of any network, for each factor, with their residuals at points that they were not fitted to.

    Equations are asked to hold at the data and between them, at the noise and beyond it: only what a network computes everywhere is a direction
    by its structure. Where a clamp is out of reach of the data, they hold at the data alone, and that is tried next, with few unknowns.
    `also` are points at which an earlier answer missed (see `worst_points`): the equations hold there too. v = 0 is the worst that is returned: no
    residual is above 1.
    """
    kept = _KEPT if also is None else _KEPT_OF_WORST
    fit, test = (_joined(points, also) for points in two_sets(x, eps, ROWS, NOISE))
    columns = _Columns(programs, parameters, fit, kept)
    columns.demand_drawn()
    still = [np.zeros_like(np.asarray(a)) for a in jax.tree.leaves(parameters)]
    best = dict.fromkeys(columns.factors, (1.0, still))
    best = _improved(
        best, columns, test, lambda: _with_more_points(programs, parameters, x, eps, also)
    )
    if any(residual > EXACT for residual, _ in best.values()):
        sets = two_sets(x, eps, ROWS, NOISE, between=False)
        near, far = (_joined(points, also) for points in sets)
        # With few data the points to check at are those of the fit: few unknowns only.
        finest = 1 if len(jax.tree.leaves(x)[0]) >= 2 * ROWS else 0
        best = _improved(best, _Columns(programs, parameters, near, kept), far, None, finest)
    tree = jax.tree.structure(parameters)
    return Found(
        {f: jax.tree.unflatten(tree, motion) for f, (_, motion) in best.items()},
        {f: residual for f, (residual, _) in best.items()},
        columns.stuck(),
        depends_on_batch(programs, parameters, columns.values, fit, test),
    )


def _improved(
    best: dict[str, tuple[float, list[np.ndarray]]],
    columns: _Columns,
    test: Points,
    more: Callable[[], _Columns] | None,
    finest: int = 1,
) -> dict[str, tuple[float, list[np.ndarray]]]:
    """Residual and motion of each factor after the levels that it takes; `more` gives a system with more points, None leaves the fine levels out."""
    best = dict(best)
    for k, candidates in enumerate(levels(columns.leaves)):
        wanted = [f for f, (residual, _) in best.items() if residual > EXACT]
        if not wanted or (more is None and k > finest):
            break
        if more and len(columns.candidates) + len(candidates) > _KEPT // 3:
            columns = more()
        columns.add(candidates)
        for f in wanted:
            motion, rates = columns.solved(f)
            residual = columns.missing(test, f, motion, rates)
            best[f] = min(best[f], (residual, motion), key=lambda pair: pair[0])
    return best


def worst_points(
    programs: Programs, parameters: Any, x: Any, eps: np.ndarray, directions: Mapping[str, Any]
) -> Points:
    """Data and given noise where directions miss their equations most: what the points that they were solved at did not show, such as a unit that few data reach."""
    columns = _Columns(programs, parameters, two_sets(x, eps, ROWS, NOISE)[0])
    each = [(f, [np.asarray(a) for a in jax.tree.leaves(v)]) for f, v in directions.items()]
    moved = [(f, motion, columns.rates_of(motion, f)) for f, motion in each]
    looked = np.random.default_rng(0).permutation(len(jax.tree.leaves(x)[0]))[:_LOOKED]
    over, size = np.zeros((0, len(eps))), min(len(looked), 4 * ROWS)
    for start in range(0, len(looked), size):
        # The last rows are filled up with the first, so that one program serves all.
        some = np.resize(looked[start : start + size], size)
        here = Points(jax.tree.map(lambda a, some=some: np.asarray(a)[some], x), np.asarray(eps))
        over = np.concatenate([over, sum(columns.over_at(here, *m) for m in moved)])
    over = over[: len(looked)]
    rows = looked[np.argsort(over.max(axis=1))[::-1][:_WORST_ROWS]]
    noise = np.argsort(over.max(axis=0))[::-1][:_WORST_NOISE]
    return Points(jax.tree.map(lambda a: np.asarray(a)[rows], x), np.asarray(eps)[noise])


def _joined(points: Points, also: Points | None) -> Points:
    """Points and more points."""
    if also is None:
        return points
    x = jax.tree.map(lambda a, b: np.concatenate([a, b]), points.x, also.x)
    return Points(x, np.concatenate([points.eps, also.eps]))


def together(directions: Mapping[str, Any]) -> Any:
    """The sum of the directions: v in the gap identity."""
    return jax.tree.map(lambda *leaves: sum(leaves[1:], leaves[0]), *directions.values())


def two_sets(
    x: Any, eps: np.ndarray, rows: int, noise: int, between: bool = True
) -> tuple[Points, Points]:
    """Points to solve at and others to check at: data and given noise, half of either unless `between` is False; the other half are mixtures of data
    and noise that reaches further, for what is linear in pieces has to be seen on more than one."""
    rng = np.random.default_rng(0)
    N = len(jax.tree.leaves(x)[0])
    order = rng.permutation(N)
    apart = 2 * rows <= N
    found = []
    for k in range(2):
        some = order[k * rows : (k + 1) * rows] if apart else rng.choice(order, rows)
        other, share = rng.choice(N, rows), rng.uniform(size=rows)
        share[::2] = 1.0
        share = share if between else np.ones(rows)
        points = np.asarray(eps)[rng.choice(len(eps), noise)]
        if between:
            points[1::2] = 1.5 * rng.normal(size=points[1::2].shape)
        mixed = jax.tree.map(lambda a, t=(some, other, share): _mixed(np.asarray(a), *t), x)
        found.append(Points(mixed, points))
    return found[0], found[1]


def _mixed(a: np.ndarray, one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Some data, moved towards others by one minus their share; integers stay what they are."""
    if a.dtype.kind != "f":
        return a[one]
    share = share.reshape(-1, *(1,) * (a.ndim - 1))
    return np.where(share == 1, a[one], share * a[one] + (1 - share) * a[other])


class _Columns:
    """The linear system: a column for each candidate, for each rate and for each shift; its rows are equations, some of each quantity, of equal weight."""

    def __init__(
        self, programs: Programs, parameters: Any, points: Points, kept: int = _KEPT
    ) -> None:
        self._at = programs, parameters, points
        self.leaves = [np.asarray(a) for a in jax.tree.leaves(parameters)]
        self.candidates: list[Candidate] = []
        # A motion at random moves all that anything moves.
        rng = np.random.default_rng(1)
        self._random = pushed(*self._at, [[rng.normal(size=a.shape) for a in self.leaves]])
        self.quantities, self.values = self._random.quantities, self._random.values
        self.shapes = entries(self.quantities, self.values)
        self._rates = [
            (name, part, k)
            for name, shape in self.shapes.items()
            for part in ("a", "c")
            for k in range(int(np.prod(shape)))
        ]
        sizes = [int(np.prod(self._shape(q, v))) for q, v in self._equations]
        self._picks = [np.sort(rng.choice(n, min(n, kept), replace=False)) for n in sizes]
        still = [np.zeros((1, *np.shape(v.y))) for v in self.values]
        self._rows_of_rates = [self._rows(still, self._rates_at({r: 1.0}))[0] for r in self._rates]
        self._rows_of_candidates: list[np.ndarray] = []

    @property
    def factors(self) -> list[str]:
        """The factors that may be tempered, in the order of their quantities."""
        return list(dict.fromkeys(q.factor for q in self.quantities if q.factor))

    @property
    def _equations(self) -> list[tuple[Quantity, Value]]:
        return list(zip(self.quantities, self.values, strict=True))

    def add(self, candidates: list[Candidate]) -> None:
        """Push more motions forward."""
        size = batch_size(self.leaves)
        for start in range(0, len(candidates), size):
            some = candidates[start : start + size]
            moved = pushed(*self._at, [self._motion({c: 1.0}) for c in some])
            self._rows_of_candidates += list(self._rows(moved.moved, self._rates_at({})))
        self.candidates += candidates

    def solved(self, factor: str) -> tuple[list[np.ndarray], dict[str, Rates]]:
        """The least-squares solution for a factor, of as few columns as there are independent ones: motion and rates."""
        matrix = np.array([*self._rows_of_rates, *self._rows_of_candidates]).T
        count = len(self._rates)
        u = _fewest(matrix, self._goal(factor), count)
        motion = self._motion(dict(zip(self.candidates, u[count:], strict=True)))
        return motion, self._rates_at(dict(zip(self._rates, u[:count], strict=True)))

    def rates_of(self, motion: list[np.ndarray], factor: str) -> dict[str, Rates]:
        """The rates with which a given motion comes closest to the equations."""
        moved = pushed(*self._at, [motion]).moved
        over = self._goal(factor) - self._rows(moved, self._rates_at({}))[0]
        if not self._rates:
            return {}
        u = _fewest(np.array(self._rows_of_rates).T, over, len(self._rates))
        return self._rates_at(dict(zip(self._rates, u, strict=True)))

    def missing(
        self, points: Points, factor: str, motion: list[np.ndarray], rates: dict[str, Rates]
    ) -> float:
        """What a motion leaves over of its equations at other points, relative to their right-hand side; each kind counts by its mean square."""
        moved = pushed(*self._at[:2], points, [motion])
        over, goal = 0.0, 0.0
        for q, v, dy in zip(moved.quantities, moved.values, moved.moved, strict=True):
            wanted = right(q, v, factor)
            over += float(np.mean((left(q, v, dy, rates.get(q.latent)) - wanted) ** 2))
            goal += float(np.mean(np.broadcast_to(wanted, np.shape(v.y)) ** 2))
        relative = np.sqrt(over / goal) if goal > 0 else np.sqrt(over)
        return float(relative) if np.isfinite(relative) else float("inf")

    def over_at(
        self, points: Points, factor: str, motion: list[np.ndarray], rates: dict[str, Rates]
    ) -> np.ndarray:
        """The largest square that a motion leaves over at each datum and noise point, over the quantities that there are for each; shape (rows, noise)."""
        moved = pushed(*self._at[:2], points, [motion])
        found = np.zeros((len(jax.tree.leaves(points.x)[0]), len(points.eps)))
        for q, v, dy in zip(moved.quantities, moved.values, moved.moved, strict=True):
            over = (left(q, v, dy, rates.get(q.latent)) - right(q, v, factor))[0] ** 2
            over = over.reshape(*over.shape[:2], -1) if over.ndim > 1 else over.reshape(1, 1, -1)
            over = over.max(axis=2, initial=0.0)
            if all(n in (1, m) for n, m in zip(over.shape, found.shape, strict=True)):
                found = np.maximum(found, np.nan_to_num(over))
        return found

    def demand_drawn(self) -> None:
        """Raise `InputError` where the value of a latent's law is not what was drawn."""
        by_words = {q.words: np.asarray(v.y) for q, v in self._equations}
        for name in self.shapes:
            drawn, value = by_words.get(f"draw of {name}"), by_words.get(f"value of {name}")
            if drawn is None or value is None:
                continue
            if drawn.shape != value.shape or not np.allclose(drawn, value, rtol=1e-9, atol=1e-12):
                raise InputError(
                    f"the value of {name} in p is not what q drew; pass the same array in both"
                )

    def stuck(self) -> dict[str, Stuck]:
        """The scales and natural parameters of which some entries stand still whatever moves, by their words."""
        programs, parameters, points = self._at
        found, entered = {}, None
        each = zip(self.quantities, self.values, self._random.moved, strict=True)
        for k, (q, v, dy) in enumerate(each):
            if q.role == "natural":
                dy = dy[np.broadcast_to(np.isfinite(v.unit), dy.shape)]  # a mask is none of these
            share = float(np.mean(np.abs(dy) <= 1e-10)) if dy.size else 0.0
            if q.role in ("log_scale", "natural", "entropy") and share > 0:
                entered = entered or programs.entered(parameters, points.x, points.eps)
                found[q.words] = Stuck(q.factor, q.latent, share, entered[k])
        return found

    def _motion(self, coefficients: dict[Candidate, float]) -> list[np.ndarray]:
        moved = [np.zeros_like(a) for a in self.leaves]
        for c, value in coefficients.items():
            if value:
                moved[c.leaf] += value * c.motion(self.leaves[c.leaf])
        return moved

    def _rates_at(self, coefficients: dict[tuple[str, str, int], float]) -> dict[str, Rates]:
        rates = {name: Rates(np.zeros(s), np.zeros(s)) for name, s in self.shapes.items()}
        for (name, part, k), value in coefficients.items():
            getattr(rates[name], part).flat[k] = value
        return rates

    def _shape(self, q: Quantity, v: Value) -> tuple[int, ...]:
        return shape_of(q, v, self._rates_at({}).get(q.latent))

    def _rows(self, moved: list[np.ndarray], rates: dict[str, Rates]) -> np.ndarray:
        """The left-hand sides of the equations that are kept, for each motion a row."""
        found = []
        for (q, v), dy, picks in zip(self._equations, moved, self._picks, strict=True):
            side = left(q, v, dy, rates.get(q.latent))
            side = np.broadcast_to(side, (len(dy), *self._shape(q, v))).reshape(len(dy), -1)
            found.append(side[:, picks] / np.sqrt(len(picks)))
        return np.concatenate(found, axis=1)

    def _goal(self, factor: str) -> np.ndarray:
        sides = []
        for (q, v), picks in zip(self._equations, self._picks, strict=True):
            side = np.broadcast_to(right(q, v, factor), self._shape(q, v)).ravel()
            sides.append(side[picks] / np.sqrt(len(picks)))
        return np.concatenate(sides)


def _with_more_points(
    programs: Programs, parameters: Any, x: Any, eps: np.ndarray, also: Points | None
) -> _Columns:
    """For unknowns by the hundred: more points, so that each linear piece in use is seen, and more equations than unknowns of each kind."""
    size = min(sum(a.size for a in jax.tree.leaves(parameters)), 1024)
    fit, _ = two_sets(x, eps, max(ROWS, size), 2 * NOISE)
    kept = 3 * size + (_KEPT if also is None else _KEPT_OF_WORST)
    return _Columns(programs, parameters, _joined(fit, also), kept)


def batch_size(leaves: list[np.ndarray]) -> int:
    """How many motions are pushed forward at a time."""
    return max(1, min(_BATCH, _NUMBERS // max(1, sum(a.size for a in leaves))))


def pushed(
    programs: Programs, parameters: Any, points: Points, motions: list[list[np.ndarray]]
) -> Motions:
    """How the quantities move under these motions, at most `batch_size` of them; filled up, so that one program serves all."""
    tree = jax.tree.structure(parameters)
    size = batch_size(motions[0])
    still = [np.zeros_like(a) for a in motions[0]]
    filled = motions + [still] * (size - len(motions))
    stacked = [np.stack(leaf) for leaf in zip(*filled, strict=True)]
    found = programs.motions(parameters, points.x, points.eps, jax.tree.unflatten(tree, stacked))
    return found._replace(moved=[dy[: len(motions)] for dy in found.moved])


def _fewest(matrix: np.ndarray, goal: np.ndarray, free: int) -> np.ndarray:
    """Least squares with few columns: of all solutions one whose coefficients, but for the first `free`, have the smallest sum of magnitudes.

    Where several arrays could make a motion (ReLU scales from layer to layer), the one that does it most directly makes it, and the answer can be read.
    """
    from scipy.linalg import qr, solve_triangular

    norms = np.sqrt(np.sum(matrix**2, axis=0))
    used = np.flatnonzero(norms > 1e-12 * max(1.0, norms.max(initial=0.0)))
    u = np.zeros(matrix.shape[1])
    if not used.size:
        return u
    scaled = matrix[:, used] / norms[used]
    parts: Any = qr(scaled, mode="economic", pivoting=True)
    q, r, order = parts
    size = np.abs(np.diag(r))
    rank = int(np.sum(size > _RANK * size[0]))
    # Columns that the pivots determine stay 0, unless others say the same with less.
    support = order[:rank]
    if rank < len(used) <= _FEW:
        inside = np.empty((rank, len(used)))
        inside[:, order] = r[:rank]
        costs = np.where(used < free, 0.0, 1.0) / norms[used]
        support = _sparse(inside, q[:, :rank].T @ goal, costs, support)
    parts = qr(scaled[:, support], mode="economic")
    q, r = parts
    found, rest = np.zeros(len(used)), goal
    for _ in range(2):  # the second pass takes away what the first left to rounding
        found[support] += solve_triangular(r, q.T @ rest)
        rest = goal - scaled @ found
    u[used] = found / norms[used]
    return _in_quarters(matrix, goal, u)


def _sparse(
    matrix: np.ndarray, goal: np.ndarray, costs: np.ndarray, otherwise: np.ndarray
) -> np.ndarray:
    r"""The columns of the solution of $Au=b$ with the least $\sum_kc_k|u_k|$, a vertex, so that they are independent; `otherwise` where none is found."""
    from scipy.optimize import linprog

    both = np.concatenate([matrix, -matrix], axis=1)
    made = linprog(np.concatenate([costs, costs]) + 1e-6, A_eq=both, b_eq=goal, method="highs-ds")
    if made.status != 0:
        return otherwise
    n = matrix.shape[1]
    chosen = np.flatnonzero(np.abs(made.x[:n] - made.x[n:]) > 1e-9)
    if not chosen.size or np.linalg.matrix_rank(matrix[:, chosen]) < chosen.size:
        return otherwise
    left = matrix[:, chosen] @ np.linalg.lstsq(matrix[:, chosen], goal, rcond=None)[0] - goal
    return chosen if np.linalg.norm(left) <= 1e-9 * np.linalg.norm(goal) else otherwise


def _in_quarters(matrix: np.ndarray, goal: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The same with multiples of 1/4 where it is that close to them, and the others solved for once more, unless the equations then hold less well."""
    quarters = np.round(4 * u) / 4
    u = np.where(np.abs(u) < 1e-9, 0.0, u)
    near = np.abs(quarters - u) <= 1e-7 * (1 + np.abs(u))
    rounded = np.where(near, quarters, u)
    others = np.flatnonzero(~near)
    if others.size:
        rest = goal - matrix @ rounded
        rounded[others] += np.linalg.lstsq(matrix[:, others], rest, rcond=None)[0]
    worse, level = np.linalg.norm(matrix @ rounded - goal), np.linalg.norm(matrix @ u - goal)
    return rounded if worse <= max(2 * level, 1e-13 * np.linalg.norm(goal)) else u


def checked_directions(
    programs: Programs, parameters: Any, x: Any, eps: np.ndarray, directions: Mapping[str, Any]
) -> dict[str, float]:
    """What directions that were written down leave over of their equations, relative to their right-hand side."""
    fit, test = two_sets(x, eps, ROWS, NOISE)
    columns = _Columns(programs, parameters, fit)
    found = {}
    for factor, v in directions.items():
        motion = [np.asarray(a) for a in jax.tree.leaves(v)]
        rates = columns.rates_of(motion, factor)
        found[factor] = columns.missing(test, factor, motion, rates)
    return found


def still_scales(programs: Programs, parameters: Any, x: Any, eps: np.ndarray) -> dict[str, Stuck]:
    """The scales of which some entries stand still whatever moves (see `Stuck`)."""
    return _Columns(programs, parameters, two_sets(x, eps, ROWS, NOISE)[0]).stuck()


def depends_on_batch(
    programs: Programs, parameters: Any, values: list[Value], fit: Points, test: Points
) -> bool:
    """Whether what is computed for a datum depends on the others, as with batch statistics: half of the data are computed in other company."""
    half = len(jax.tree.leaves(fit.x)[0]) // 2
    mixed = jax.tree.map(lambda a, b: np.concatenate([a[:half], b[half:]]), fit.x, test.x)
    still = [[np.zeros(np.shape(a)) for a in jax.tree.leaves(parameters)]]
    other = pushed(programs, parameters, Points(mixed, fit.eps), still)
    for before, after in zip(values, other.values, strict=True):
        one, two = (np.asarray(v.y) for v in (before, after))
        if one.ndim > 1 and len(one) == 2 * half:
            apart = np.abs(one[:half] - two[:half])
            if np.any(apart > 1e-9 * (1 + np.abs(one[:half]))):
                return True
    return False
