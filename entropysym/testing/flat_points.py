r"""Points of a model as flat arrays by name, which can be printed, drawn and made plain one array at a time.

A point has what `witness.configurations.wanted` names: data and parameters, weights of networks ("mu.inside"), and of graphs values, weights and entropies of the latents. Where latents
are drawn from noise it has a radius r instead: nodes at $\pm r\sqrt H\,e_h$ and 0, whose moments are those of normal noise up to the third for every $r\ge1$, so that what is quadratic in the noise is averaged exactly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from entropysym.errors import InputError
from entropysym.language.records import Model
from entropysym.language.symbols import MATRIX_RANGES
from entropysym.lowering.precision import EPS
from entropysym.lowering.quadrature import Nodes
from entropysym.lowering.signature import is_weighted
from entropysym.witness import configurations
from entropysym.witness.configurations import Configuration, Shape

RADIUS = "noise.radius"

Flat = Mapping[str, Any]

#: Compiled shapes have at most this size where a matrix is factorised entry by entry.
_LARGEST_MATRIX = 3

#: No more shapes than this are tried to make one smaller.
_SMALL = 16


def is_drawn_from_noise(model: Model) -> bool:
    """Whether there is one latent vector, location + scale · noise."""
    return model.is_plain and not is_weighted(model.encoder.family)


def wanted(model: Model, shape: Shape) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Name to range and shape of every array of a point."""
    every = configurations.wanted(model, shape)
    if is_drawn_from_noise(model):
        del every["noise"]
        every[RADIUS] = "radius", ()
    return every


def drawn(model: Model, shape: Shape, seed: int, count: int) -> dict[str, np.ndarray]:
    """`count` random points, each array with a leading axis; number k does not depend on `count`."""
    flat = configurations.drawn_arrays(model, shape, seed, count)
    if is_drawn_from_noise(model):
        noise = flat.pop("noise")
        flat[RADIUS] = 1 + np.minimum(np.abs(noise.reshape(count, -1)[:, 0]), 1)
    return flat


def shaken(flat: Flat, seed: int) -> dict[str, np.ndarray]:
    """The points with every number one rounding larger or smaller, at random."""
    rng = np.random.default_rng(seed)
    return {
        name: a * (1 + EPS * rng.choice((-1.0, 1.0), size=np.shape(a)))
        if np.asarray(a).dtype.kind == "f"
        else np.asarray(a)
        for name, a in flat.items()
    }


def configuration(model: Model, shape: Shape, flat: Flat) -> Configuration:
    """A point, with or without a leading axis, as the arguments, weights and nodes that the witnesses take."""
    if RADIUS not in flat:
        return configurations.assembled(model, flat)
    arrays = {name: value for name, value in flat.items() if name != RADIUS}
    nodes = normal_nodes(np.asarray(flat[RADIUS], float), shape[model.latent.size.name])
    made = configurations.assembled(model, {**arrays, "noise": nodes.eps})
    return replace(made, nodes=nodes)


def normal_nodes(radius: np.ndarray, H: int) -> Nodes:
    """The nodes of a radius, or of many along leading axes."""
    places = np.concatenate([np.eye(H), -np.eye(H), np.zeros((1, H))]) * math.sqrt(H)
    share = np.asarray(1 / radius**2)[..., None]
    weights = np.concatenate([np.repeat(share / (2 * H), 2 * H, axis=-1), 1 - share], axis=-1)
    return Nodes(np.asarray(radius)[..., None, None] * places, weights)  # type: ignore[arg-type]


def sizes_of(model: Model) -> tuple[str, ...]:
    """The names of all sizes, those that count data last."""
    return (*(s.name for s in model.sizes), *(plate.size.name for plate in model.data))


def _shapes(model: Model, every: Iterable[Sequence[int]]) -> tuple[Shape, ...]:
    """Shapes of these sizes, two or more where classes are counted, and none twice."""
    least = configurations.numbers_of_classes(model)
    matrices = any(f.range in MATRIX_RANGES for f in (*model.parameters, *model.networks))
    top = _LARGEST_MATRIX if matrices else 99
    names = sizes_of(model)
    found = (
        Shape(
            tuple(
                (n, min(top, max(k, 2 if n in least else 1)))
                for n, k in zip(names, one, strict=True)
            )
        )
        for one in every
    )
    return tuple(dict.fromkeys(found))


def shapes(model: Model, seed: int = 0) -> tuple[Shape, ...]:
    """The three shapes at which a claim is compared: two in which sizes are 1 and 2 in turn, and one with larger sizes, all different, drawn from the seed."""
    count = len(sizes_of(model))
    order = np.random.default_rng(seed).permutation(count)
    odd, even = [2 - k % 2 for k in range(count)], [1 + k % 2 for k in range(count)]
    return _shapes(model, (odd, even, [int(k) + 2 for k in order]))


def larger_shape(model: Model) -> Shape:
    """A shape whose sizes are larger than those of `shapes`, and all different."""
    count = len(sizes_of(model))
    return _shapes(model, ([count + 3 + k for k in range(count)],))[0]


def small_shapes(model: Model) -> tuple[Shape, ...]:
    """Shapes in which up to two sizes are 2 and the others 1, the smallest first."""
    places = range(len(sizes_of(model)))
    twos = (set(two) for k in range(3) for two in itertools.combinations(places, k))
    return _shapes(model, ([1 + (k in two) for k in places] for two in twos))[:_SMALL]


def shape_of(model: Model, flat: Flat) -> Shape:
    """The shape that the arrays of a point have. Raises `InputError` for arrays that do not fit each other."""
    marks = {name: 1009 + 2 * k for k, name in enumerate(sizes_of(model))}
    names, found = {mark: name for name, mark in marks.items()}, {}
    for array, (_, lengths) in wanted(model, Shape(tuple(marks.items()))).items():
        if array not in flat:
            raise InputError(f"the point lacks {array}; it has {', '.join(flat) or 'nothing'}")
        shape = np.shape(flat[array])
        if len(shape) != len(lengths):
            raise InputError(f"{array} has shape {shape}; it has {len(lengths)} axes")
        for mark, length in zip(lengths, shape, strict=True):
            if mark in names and found.setdefault(names[mark], length) != length:
                raise InputError(f"{array} has shape {shape}, but {names[mark]} is {found[names[mark]]}")  # fmt: skip
    return Shape(tuple((name, int(found.get(name, 1))) for name in marks))


# -- plain values --------------------------------------------------------------------------------------------------------

#: Range -> its simplest number, the next, and what counts up; k is 1, 2, 3, …
_PLAIN: dict[str, tuple[Any, Any, Any]] = {
    "real": (0.0, 1.0, lambda k: k),
    "normal": (0.0, 1.0, lambda k: k),
    "positive": (1.0, 2.0, lambda k: k),
    "nonnegative": (1.0, 2.0, lambda k: k),
    "unit": (0.5, 0.25, lambda k: 1 / (1 + k)),
    "angle": (0.0, 1.0, lambda k: 3 / k),
    "binary": (0.0, 1.0, lambda k: k % 2),
    "count": (0.0, 1.0, lambda k: k),
    "radius": (1.0, 2.0, lambda k: 0.5 + k),
}

#: How many plain values there are of each range.
LEVELS = 3


def plain(range_: str, lengths: tuple[int, ...], level: int) -> np.ndarray:
    """Plain values in a range: 0 has the simplest number everywhere, 1 the next, 2 counts."""
    counting = np.arange(1.0, math.prod(lengths) + 1).reshape(lengths)
    if range_.startswith("from "):
        return float(Fraction(range_[5:])) + plain("positive", lengths, level)
    if range_.startswith("upto "):
        return plain("count", lengths, level) % (int(range_[5:]) + 1)
    if range_ == "simplex":
        shares = [np.ones(lengths), counting, 1 / counting][level]
        return shares / shares.sum(axis=-1, keepdims=True)
    if range_ in ("onehot", "sphere"):
        last = lengths[-1]
        if range_ == "sphere" and level == 2:
            return np.full(lengths, 1 / math.sqrt(last))
        rows = np.arange(math.prod(lengths[:-1])).reshape(lengths[:-1])
        return np.eye(last)[[rows * 0, rows * 0 + last - 1, rows % last][level]]
    if range_ in MATRIX_RANGES:
        diagonal = np.diag([np.ones, lambda n: 2 * np.ones(n), lambda n: np.arange(1.0, n + 1)][level](lengths[-1]))  # fmt: skip
        return np.broadcast_to(diagonal, lengths).copy()
    if range_ not in _PLAIN:
        raise InputError(f"no plain values for the range {range_!r} yet")
    value = _PLAIN[range_][level]
    return np.asarray(value(counting) if callable(value) else np.full(lengths, value))


def rounded(range_: str, value: np.ndarray, digits: int) -> np.ndarray | None:
    """Values with so many digits; None where that would leave the range, as of what sums to 1."""
    if range_ not in ("real", "normal", "positive", "nonnegative", "unit", "angle", "radius"):
        return None
    value = np.asarray(value)
    size = np.floor(np.log10(np.abs(value), where=value != 0, out=np.zeros_like(value)))
    step = 10.0 ** (size - digits + 1)
    found = np.round(value / step) * step
    # Back to the double that a person would write.
    found = np.array([float(f"{v:.{digits}g}") for v in found.ravel()]).reshape(found.shape)
    inside = {"unit": np.all((found > 0) & (found < 1)), "radius": np.all(found >= 1)}
    return found if inside.get(range_, True) else None
