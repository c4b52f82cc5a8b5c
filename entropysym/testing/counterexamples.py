r"""A failure made small: sizes 1 and 2, plain numbers, and a few lines of Python that reproduce it.

Where an average over noise is not that of a polynomial of degree three, nodes are not the normal law: the difference has to be there, and the same, by Gauss-Hermite rules of two orders as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

import numpy as np

from entropysym.language.noise import noise
from entropysym.language.records import Model
from entropysym.lowering.precision import EPS, TOLERANCE
from entropysym.lowering.quadrature import MAX_NODES, Nodes, gauss_hermite
from entropysym.testing import flat_points as points
from entropysym.testing.averages import of_random_points
from entropysym.testing.comparing import Both, Comparison, refutes
from entropysym.testing.failures import Different, NotShown
from entropysym.testing.flat_points import RADIUS, Flat
from entropysym.testing.reproducing import lines
from entropysym.witness.configurations import Shape

#: What is wrong at each point of a batch.
Wrong = Callable[[Both], np.ndarray]

#: Points tried at a smaller shape.
_TRIED = 9

#: The orders of the rules that confirm a difference, and how well they have to agree on it.
_ORDERS, _SAME = (9, 14), 1e-3


def not_finite(both: Both) -> np.ndarray:
    return ~both.finite


def beyond_tolerance(both: Both) -> np.ndarray:
    return both.finite & (both.residual > TOLERANCE)


def fail(made: Comparison, shape: Shape, flat: Flat, both: Both) -> NoReturn:
    """Raise `Different` or `NotShown` for a batch that fails, with its smallest failure."""
    kinds: tuple[tuple[Wrong, str], ...] = (
        (refutes, "differs"),
        (not_finite, "is not shown: a number is not finite"),
        (beyond_tolerance, "is not shown: the sides differ, but not by more than rounding may do"),
    )
    wrong, words = next((w, text) for w, text in kinds if w(both).any())
    k = int(np.argmax(wrong(both)))
    point = {name: np.asarray(a)[k] for name, a in flat.items()}
    if wrong is not_finite or wrong is beyond_tolerance:
        raise NotShown(_message(made, shape, point, words))
    why = made.unserved or of_random_points(made.model, made.sides)
    if why:
        raise NotShown(_message(made, shape, point, f"is not shown: {why}"))
    shape, point = smaller(made, shape, point, wrong)
    if not is_confirmed(made, shape, point):
        raise NotShown(
            _message(
                made, shape, point,
                "is not shown: the sides differ at these nodes, but by Gauss-Hermite rules of two orders not by the same; a function may take the nodes as its argument noise",
            )
        )  # fmt: skip
    raise Different(_message(made, shape, point, words))


def _message(made: Comparison, shape: Shape, point: Flat, words: str) -> str:
    both = made.at(shape, _repeated(point))
    apart = np.abs(both.difference).max()
    told = f"{made.claim} {words} at {shape}"
    numbers = f"left {both.left.value[0]}, right {both.right.value[0]}: apart by {apart:.3g} nats, {both.residual[0]:.3g} eps x terms, of which {TOLERANCE:g} pass"
    code = "\n".join(f"    {line}" for line in lines(made, shape, point))
    return f"{told}\n{numbers}\nthe same in Python:\n\n{code}\n"


def smaller(
    made: Comparison, shape: Shape, point: Flat, wrong: Wrong
) -> tuple[Shape, dict[str, np.ndarray]]:
    """A failure like this one at smaller sizes, if there is one, and with plainer numbers."""
    for other in () if made.is_numbered else points.small_shapes(made.model):
        if sum(v for _, v in other.sizes) >= sum(v for _, v in shape.sizes):
            break
        flat = points.drawn(made.model, other, 0, _TRIED)
        found = wrong(made.at(other, flat))
        if found.any():
            k = int(np.argmax(found))
            shape, point = other, {name: a[k] for name, a in flat.items()}
            break
    return shape, plainer(made, shape, point, wrong)


def plainer(made: Comparison, shape: Shape, point: Flat, wrong: Wrong) -> dict[str, np.ndarray]:
    """The same failure with plain numbers in as many arrays as possible, one after the other, then with few digits."""
    found = dict(point)
    ranges = points.wanted(made.model, shape)
    for name, (range_, lengths) in ranges.items():
        plain = [points.plain(range_, lengths, level) for level in range(points.LEVELS)]
        few = [points.rounded(range_, found[name], digits) for digits in (1, 2, 3)]
        tried = [*plain, *(a for a in few if a is not None)]
        # Always as many, so that nothing is compiled for another number of points.
        padded = [*tried, *[found[name]] * (_TRIED - len(tried))]
        batch = _repeated(found)
        fails = wrong(made.at(shape, {**batch, name: np.stack(padded)}))
        if fails[: len(tried)].any():
            found[name] = tried[int(np.argmax(fails))]
    return found


def is_confirmed(made: Comparison, shape: Shape, point: Mapping[str, np.ndarray]) -> bool:
    """Whether the sides differ for normal noise, and not only at a few nodes."""
    if not points.is_drawn_from_noise(made.model):
        return True
    radii = np.linspace(1.0, 1.8, _TRIED)
    both = made.at(shape, {**_repeated(point), RADIUS: radii})
    moved = np.abs(both.difference - both.difference[:1])
    if both.finite.all() and (moved <= TOLERANCE * EPS * both.scale).all():
        return bool(refutes(both).all())  # a polynomial, which nodes average exactly
    H = shape[made.model.latent.size.name]
    if not _is_normal(made.model) or _ORDERS[-1] ** H > MAX_NODES:
        return False
    one = {name: np.asarray(a)[None] for name, a in point.items()}
    rules = [made.at(shape, one, _nodes(H, order)) for order in _ORDERS]
    first, second = (both.difference for both in rules)
    same = np.abs(first - second).max() <= _SAME * np.abs(second).max()
    return bool(same and all(refutes(both).all() for both in rules))


def _nodes(H: int, order: int) -> Nodes:
    return gauss_hermite(H, order)


def _is_normal(model: Model) -> bool:
    family = model.encoder.family
    return family.is_multivariate or bool(noise(family).normal)


def _repeated(point: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A point as a batch of always the same length, so that nothing is compiled again."""
    return {name: np.repeat(np.asarray(a)[None], _TRIED, 0) for name, a in point.items()}
