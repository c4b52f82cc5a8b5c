r"""Motions of which a direction may be made: for each array of parameters a scaling and a shift, of the whole, of slices or of single entries.

A direction that tempers or rescales what a network computes acts next to its outputs and next to where it reads the latents: a last layer is
multiplied, a head and its bias, a first layer by slices, a logarithm is shifted. So whole arrays come first, few unknowns however many
parameters there are; slices along short axes next (the columns of a first layer, the rows of a head that holds mean and log-variance), then the entries of
long vectors (a variance for each dimension), and at last, for small networks, every parameter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np

#: Axes and vectors up to this length are taken apart first.
_SHORT = 64

#: Vectors up to this length are taken apart next; together at most this many unknowns.
_LONG = 1500

#: Up to this many parameters, each may move by itself.
DENSE = 2000


class Candidate(NamedTuple):
    """A motion of one leaf: `kind` "times" (the leaf itself) or "plus" (ones), along `axis` at `place` only, unless axis is None; axis −1 is a flat entry."""

    leaf: int
    kind: str
    axis: int | None = None
    place: int = 0

    def motion(self, value: np.ndarray) -> np.ndarray:
        """The motion as an array like the leaf."""
        whole = value if self.kind == "times" else np.ones_like(value)
        if self.axis is None:
            return whole
        moved = np.zeros_like(value)
        if self.axis < 0:
            moved.flat[self.place] = whole.flat[self.place]
        else:
            at = (slice(None),) * self.axis + (self.place,)
            moved[at] = whole[at]
        return moved


def levels(leaves: list[np.ndarray]) -> Iterator[list[Candidate]]:
    """The candidates of each level, coarse to fine; each level stands beside those before, the last one alone."""
    yield [c for i, a in enumerate(leaves) for c in _wholes(i, a)]
    yield [c for i, a in enumerate(leaves) for c in _slices(i, a)]
    vectors = [(i, a) for i, a in enumerate(leaves) if _is_vector(a) and a.size > _SHORT]
    vectors.sort(key=lambda pair: pair[1].size)
    finer: list[Candidate] = []
    for i, a in vectors:
        if len(finer) + a.size <= _LONG:
            finer += [Candidate(i, "plus", -1, k) for k in range(a.size)]
    yield finer
    if sum(a.size for a in leaves) <= DENSE:
        yield [Candidate(i, "plus", -1, k) for i, a in enumerate(leaves) for k in range(a.size)]


def _is_vector(a: np.ndarray) -> bool:
    """At most one axis is longer than 1: numbers, biases, variances."""
    return max(a.shape, default=1) == a.size


def _wholes(i: int, a: np.ndarray) -> Iterator[Candidate]:
    if _is_vector(a):
        yield Candidate(i, "plus")
    if np.any(a) and np.ptp(a) + (not _is_vector(a)) > 0:
        yield Candidate(i, "times")


def _slices(i: int, a: np.ndarray) -> Iterator[Candidate]:
    if _is_vector(a):
        if 1 < a.size <= _SHORT:
            yield from (Candidate(i, "plus", -1, k) for k in range(a.size))
        return
    for axis, length in enumerate(a.shape):
        if 1 < length <= _SHORT and a.size // length > 1:
            yield from (Candidate(i, "times", axis, k) for k in range(length))


def words(name: str, v: np.ndarray, value: np.ndarray) -> str:
    """How one array moves, in words: × a number or + a number, of the whole or along one axis; "" if it rests."""
    if not np.any(v):
        return ""
    if (whole := _word(v, value)) is not None:
        return f"{name} {whole}"
    for axis in range(v.ndim):
        slices = list(zip(np.moveaxis(v, axis, 0), np.moveaxis(value, axis, 0), strict=True))
        said = [_word(*pair) for pair in slices]
        if None not in said and len(set(said)) <= 3:
            at = ":, " * axis
            return ", ".join(f"{name}[{at}{_range(rows)}] {word}" for word, rows in _runs(said))
    return f"{name} by entries, {np.count_nonzero(v) / v.size:.0%} of them"


def _runs(said: list[str | None]) -> Iterator[tuple[str, list[int]]]:
    """The words that are not empty, each with the neighbours that have it."""
    for word, places in groupby(range(len(said)), key=lambda k: said[k]):
        if word:
            yield word, list(places)


def _range(places: list[int]) -> str:
    first, last = places[0], places[-1]
    return str(first) if first == last else f"{first}:{last + 1}"


def _word(v: np.ndarray, value: np.ndarray) -> str | None:
    """× or + one number; "" for rest, None for anything else."""
    if not np.any(v):
        return ""
    with np.errstate(all="ignore"):
        times = v[value != 0] / value[value != 0]
    still = not np.any(v[value == 0])
    if _is_constant(times) and still and (_in_quarters(times) or not _is_constant(v)):
        return f"× {_number(float(times.flat[0]))}"
    return f"{_number(float(v.flat[0]), sign='+')}" if _is_constant(v) else None


def _is_constant(a: np.ndarray) -> bool:
    return bool(a.size) and float(np.ptp(a)) <= 1e-9 * float(np.abs(a).max())


def _in_quarters(a: np.ndarray) -> bool:
    return math.isclose(round(4 * float(a.flat[0])) / 4, float(a.flat[0]), rel_tol=1e-9)


def _number(value: float, sign: str = "") -> str:
    quarters = round(4 * value)
    if math.isclose(quarters / 4, value, rel_tol=1e-9):
        value = quarters / 4
    return f"{value:{sign}.6g}"
