r"""Both sides of a claim at random points, its wrong variants beside it, and what a failure is.

The rule is that of the sweeps: a residual of at most 8 eps × (sum of the |terms| of both sides) passes, and at a point where it is larger what one rounding of the point's own numbers moves counts as
a term, too; only one beyond `REFUTES` refutes, for which the roughness of both sides as they are computed (`noise_level`) and 1 count as terms as well, so that what cancels inside of a function is no
difference; in between, where a number is not finite, and where the terms are so large that rounding could hide `COARSE` nats, nothing is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from entropysym.errors import InputError, integer
from entropysym.language.records import Model
from entropysym.lowering.precision import COARSE, EPS, REFUTES, TOLERANCE, require_x64
from entropysym.testing import flat_points as points
from entropysym.testing.averages import unserved
from entropysym.testing.claims import Claim, Numbered, Theorem, model_of
from entropysym.testing.failures import Blind, Different, NotShown
from entropysym.testing.flat_points import Flat
from entropysym.testing.noise_level import roughness
from entropysym.testing.sides import At, Formula, Side, Values, sides_of
from entropysym.witness.configurations import Shape

#: Points, seed and shapes where nothing else is said; the plugin's options change them.
DEFAULTS: dict[str, int] = {"draws": 25, "seed": 0, "shapes": 3}


#: How often the numbers of a point are shaken where its residual is too large.
SHAKEN = 8


@dataclass(frozen=True)
class Checked:
    """A claim that holds at `compared` configurations, at `coarse` of which the terms were too large for that to say something.

    `largest` is the largest residual in units of eps × terms. An error of `detectable` nats is seen at half of the configurations. Of `tried` wrong variants `rejected` were.
    """

    name: str
    compared: int
    coarse: int
    largest: float
    detectable: float
    tried: int
    rejected: int

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.compared} configurations, largest residual {self.largest:.2g} eps x terms, errors from {self.detectable:.1e} nats are seen, "
            f"{self.rejected} of {self.tried} wrong variants rejected"
        )


#: Every claim that was checked in this process, for whoever counts.
CHECKED: list[Checked] = []


@dataclass(frozen=True, eq=False)
class Both:
    """Both sides at a batch of points."""

    left: Values
    right: Values
    #: What rounding inside of the sides may do, in eps, which no term shows; asked for only before something is refuted.
    hidden: Callable[[], np.ndarray] | None = None

    @property
    def scale(self) -> np.ndarray:
        return self.left.scale + self.right.scale

    @property
    def difference(self) -> np.ndarray:
        return self.left.value - self.right.value

    @property
    def finite(self) -> np.ndarray:
        """Of each point, whether all numbers are."""
        return np.asarray(
            np.isfinite(self.difference).all(axis=1) & np.isfinite(self.scale).all(axis=1)
        )

    @property
    def residual(self) -> np.ndarray:
        """Of each point the largest |difference| in eps × terms; infinite where a number is not finite."""
        return scaled(self.difference, self.scale)

    @property
    def tolerance(self) -> np.ndarray:
        """Of each point the largest difference in nats that passes."""
        return TOLERANCE * EPS * self.scale.max(axis=1)


def scaled(difference: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The largest |difference| of each point in units of eps × scale: 0 where there is none, infinite where a number is not finite."""
    with np.errstate(all="ignore"):
        each = np.where(difference == 0, 0.0, np.abs(difference) / (EPS * scale))
    each = np.where(np.isfinite(difference) & np.isfinite(scale), each, np.inf)
    return np.where(np.isnan(each), np.inf, each).max(axis=1)


@dataclass(frozen=True, eq=False)
class Comparison:
    """The sides of a claim, ready for points."""

    claim: Claim
    model: Model
    sides: tuple[Side, Side]
    made: dict[Shape, tuple[At, At]]

    @staticmethod
    def of(claim: Claim | Theorem) -> Comparison:
        """The comparison of a claim, with what has been compiled for it before."""
        claim = claim.claim if isinstance(claim, Theorem) else claim
        if not claim.compared:
            claim.compared.append(Comparison._of(claim))
        return claim.compared[0]

    @staticmethod
    def _of(claim: Claim) -> Comparison:
        model = model_of(claim.model)
        first, second = sides_of(model, claim.left, claim.right)
        same = isinstance(first, Formula) and isinstance(second, Formula)
        if claim.left is claim.right or (same and first.expression == second.expression):  # type: ignore[union-attr]
            raise Blind(f"{claim} is blind: both sides are one and the same")
        return Comparison(claim, model, (first, second), {})

    def at(self, shape: Shape, flat: Flat, nodes: Any = None) -> Both:
        if shape not in self.made:
            first, second = (side.at(self.model, shape) for side in self.sides)
            self.made[shape] = first, second
        left, right = (at(flat, nodes) for at in self.made[shape])
        if left.scale.shape != right.scale.shape:
            raise InputError(
                f"the sides of {self.claim} have {left.scale.shape[1]} and {right.scale.shape[1]} entries at {shape}"
            )

        def hidden() -> np.ndarray:
            return sum(
                roughness(lambda f, at=at: at(f, nodes, rough=True).value, flat)
                for at in self.made[shape]
            )  # type: ignore[return-value]

        return Both(left, right, hidden)

    def side_at(self, which: int, shape: Shape, flat: Flat) -> Values:
        """One side alone, where it has been compiled."""
        return self.made[shape][which](flat, rough=True)

    @cached_property
    def unserved(self) -> str:
        """Why numbers neither accept nor refute it, if an average over q may be missed by nodes."""
        return unserved(self.model, self.sides)

    @property
    def is_numbered(self) -> bool:
        """Whether a side has sizes of its own, so that there is no other shape."""
        return any(isinstance(s, Numbered) for s in (self.claim.left, self.claim.right))

    def shapes(self, seed: int) -> tuple[Shape, ...]:
        """The shapes to compare at: three, or that of numbered sizes."""
        fixed = [s.sizes for s in (self.claim.left, self.claim.right) if isinstance(s, Numbered)]
        if not fixed:
            return points.shapes(self.model, seed)
        merged = {name: size for one in fixed for name, size in one.items()}
        names = points.sizes_of(self.model)
        left = {name: k + 2 for k, name in enumerate(names) if name not in merged}
        return (Shape(tuple((name, (merged | left)[name]) for name in names)),)


@dataclass(frozen=True)
class AtPoint:
    """Both sides at one point, in nats, with the residual in eps × terms; lists where indices are free."""

    left: list[float]
    right: list[float]
    residual: float
    terms: float

    @property
    def agrees(self) -> bool:
        return self.residual <= TOLERANCE

    def __str__(self) -> str:
        left, right = (v[0] if len(v) == 1 else v for v in (self.left, self.right))
        return f"left {left}, right {right}, residual {self.residual:.3g} eps x terms"


def at(claim: Claim | Theorem, point: Mapping[str, Any]) -> AtPoint:
    """Both sides of a claim at one point: arrays by the names that a counter-example prints.

    Raises `InputError` for arrays that are missing or do not fit each other.
    """
    require_x64()
    made = Comparison.of(claim)
    shape = points.shape_of(made.model, point)
    flat = {name: np.asarray(point[name], np.float64)[None] for name in points.wanted(made.model, shape)}  # fmt: skip
    both = made.at(shape, flat)
    left, right = (v.value[0].tolist() for v in (both.left, both.right))
    return AtPoint(left, right, float(both.residual[0]), float(both.scale.max()))


def check(
    claim: Claim | Theorem,
    *,
    draws: int | None = None,
    seed: int | None = None,
    shapes: int | None = None,
) -> Checked:
    """Compare both sides of a claim at `draws` random points of `shapes` shapes, at most three, and see its wrong variants fail. Of fewer shapes than three they are the last, whose sizes are the largest.

    Raises `Different` with a counter-example made small; `NotShown` where nothing is shown; `Blind` if every wrong variant passes; `InputError` for sides that are none.
    """
    from entropysym.testing.counterexamples import fail

    require_x64()
    draws = integer("draws", DEFAULTS["draws"] if draws is None else draws)
    seed = integer("seed", DEFAULTS["seed"] if seed is None else seed, 0)
    shapes = integer("shapes", DEFAULTS["shapes"] if shapes is None else shapes)
    made = Comparison.of(claim)
    every = made.shapes(seed)[-shapes:]
    share = -(-draws // len(every))
    seen: list[tuple[Both, Shape, Flat]] = []
    for shape in every:
        flat = points.drawn(made.model, shape, seed, share)
        both = steadied(made, shape, flat, made.at(shape, flat))
        seen.append((both, shape, flat))
        if not (both.finite.all() and (both.residual <= TOLERANCE).all()):
            fail(made, shape, flat, both)
    if made.unserved:
        raise NotShown(f"{made.claim} is not shown: {made.unserved}")
    return _passed(made, seen)


def steadied(made: Comparison, shape: Shape, flat: Flat, both: Both) -> Both:
    """Both sides, where one fails with scales that hold how far each moves if every number of a point moves by one rounding: no evaluation is better than that.

    A network that is steep where a point lies makes more of a rounding than the terms of the claim show.
    """
    if (both.residual <= TOLERANCE).all() or not both.finite.all():
        return both
    moved = [made.at(shape, points.shaken(flat, k)) for k in range(SHAKEN)]

    def grown(side: Values, others: list[Values]) -> Values:
        return replace(side, scale=side.scale + spread(side.value, [o.value for o in others]))

    left, right = ([m.left for m in moved], [m.right for m in moved])
    return replace(both, left=grown(both.left, left), right=grown(both.right, right))


def spread(value: np.ndarray, moved: Sequence[np.ndarray]) -> np.ndarray:
    """How far a value moves in units of eps; 0 where it moves to what is no number, which excuses nothing."""
    with np.errstate(all="ignore"):
        found = np.max([np.abs(m - value) for m in moved], axis=0)
    return np.where(np.isfinite(found), found, 0.0) / EPS


def _passed(made: Comparison, seen: list[tuple[Both, Shape, Flat]]) -> Checked:
    """What was compared, if it says something."""
    tolerances = np.concatenate([both.tolerance for both, _, _ in seen])
    compared, coarse = tolerances.size, int(np.sum(tolerances > COARSE))
    if 2 * coarse >= compared:
        raise NotShown(
            f"{made.claim} is not shown: at {coarse} of {compared} configurations rounding could hide {COARSE} nats"
        )
    rejected: dict[str, bool] = {}
    for both, shape, flat in seen:
        for name, wrong, scale in wrong_variants(made, both, shape, flat):
            residual = scaled(wrong, scale)
            caught = np.isfinite(residual) & (residual > TOLERANCE)
            rejected[name] = rejected.get(name, False) or bool(caught.any())
    if not any(rejected.values()):
        raise Blind(
            f"{made.claim} is blind: all of its {len(rejected)} wrong variants pass as well; compare two sides that are not 0"
        )
    largest = max(float(both.residual.max()) for both, _, _ in seen)
    found = Checked(
        str(made.claim), compared, coarse, largest, float(np.median(tolerances)),
        len(rejected), sum(rejected.values()),
    )  # fmt: skip
    CHECKED.append(found)
    return found


Variant = tuple[str, np.ndarray, np.ndarray]


def wrong_variants(made: Comparison, both: Both, shape: Shape, flat: Flat) -> Iterator[Variant]:
    """Wrong variants of a claim at the same points: a name, the difference of the sides, and the scale of its rounding.

    A part of a side has another sign, is missing, stands twice or with another size; a side is halved or summed over data; and of a side of the caller's own a parameter is squared, its
    root is taken, or it is doubled.
    """
    for which, (values, sign) in enumerate(((both.left, 1.0), (both.right, -1.0))):
        side = ("left", "right")[which]
        for name, change in _changed_parts(values.parts, dict(shape.sizes)):
            yield f"{side}: {name}", both.difference + sign * change, both.scale + np.abs(change)
        if made.sides[which].own:
            for name, moved in _moved(made.model, flat):
                other = made.side_at(which, shape, moved)
                change = other.value - values.value
                yield f"{side}: {name}", both.difference + sign * change, both.scale + other.scale


def _changed_parts(parts: np.ndarray, sizes: Mapping[str, int]) -> Iterator[tuple[str, np.ndarray]]:
    """What is added to a side where a part of it is wrong."""
    whole = parts.sum(axis=1)
    yield "halved", -whole / 2
    for name, size in sizes.items():
        if size > 1:
            yield f"times {name}", whole * (size - 1)
    for k in range(parts.shape[1]):
        part = parts[:, k]
        yield f"sign of part {k}", -2 * part
        yield f"part {k} missing", -part
        yield f"part {k} twice", part
        for old in sizes:
            for new in sizes:
                if sizes[old] != sizes[new]:
                    yield f"{new} for {old} in part {k}", part * (sizes[new] / sizes[old] - 1)


def _moved(model: Model, flat: Flat) -> Iterator[tuple[str, Flat]]:
    """The same points with one parameter changed."""
    for p in model.parameters:
        value = np.asarray(flat[p.name])
        if p.range == "positive":
            yield f"{p.name}^2 for {p.name}", {**flat, p.name: value**2}
            yield f"sqrt({p.name}) for {p.name}", {**flat, p.name: np.sqrt(value)}
        elif p.range == "real":
            yield f"2 {p.name} for {p.name}", {**flat, p.name: 2 * value}


def refutes(both: Both) -> np.ndarray:
    """At which points the sides differ by more than rounding may do, that inside of the sides included."""
    found = both.finite & (both.residual > REFUTES)
    if not found.any() or both.hidden is None:
        return found
    return found & (scaled(both.difference, both.scale + both.hidden()) > REFUTES)


__all__ = ["CHECKED", "DEFAULTS", "AtPoint", "Checked", "Comparison", "Different", "at", "check"]
