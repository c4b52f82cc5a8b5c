"""Where an integral must look closely: kinks, jumps, poles and peaks of a density, found as zeros of its parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import mpmath

from entropysym.claims.densities.evaluation import CONSTANT_BITS, Around, Bound

#: Most anchors of one integral; more would only cost time.
MOST = 24

#: Distances at which signs are compared, on both sides of an anchor.
_STEPS = [math.ldexp(1.0, k) for k in (*range(-320, -40, 8), *range(-40, 45), *range(52, 320, 8))]


def anchors(bound: Bound, ends: tuple[Any, Any], extra: Sequence[Any] = ()) -> list[Any]:
    """The ends of the support, zeros of the parts that are linear, then sign changes of the others and of the slope."""
    found = _Found(ends)
    for end in ends:
        if end is not None:
            found.add(end)
    for place in (*extra, *bound.zeros()):
        found.add(place)
    if not found.places:
        found.add(mpmath.mpf(0))
    scanned = 0
    while scanned < min(len(found.places), MOST // 2):
        around = bound.around(found.places[scanned])
        for place in _sign_changes(around, ends):
            found.add(place)
        scanned += 1
    return sorted(found.places)


class _Found:
    """Different places inside the support, in the order in which they were found."""

    def __init__(self, ends: tuple[Any, Any]) -> None:
        self.low, self.high = ends
        self.places: list[Any] = []

    def add(self, place: Any) -> None:
        with mpmath.workprec(CONSTANT_BITS):
            inside = (self.low is None or place >= self.low) and (
                self.high is None or place <= self.high
            )
            near = any(abs(place - p) <= 1e-13 * abs(p) for p in self.places)
        if inside and not near and len(self.places) < MOST:
            self.places.append(place)


def _sign_changes(around: Around, ends: tuple[Any, Any]) -> list[Any]:
    """Places near an anchor at which a switch changes its sign, each found by dividing an interval."""
    low, high = (None if e is None else float(e - around.anchor) for e in ends)
    distances = [
        t
        for t in (*(-s for s in reversed(_STEPS)), *_STEPS)
        if (low is None or t > low) and (high is None or t < high)
    ]
    registers = around.registers(distances)
    found: list[Any] = []
    for i in around.bound.program.switches:
        signs = [(t, v > 0) for t, v in zip(distances, registers[i], strict=True) if v and v == v]
        for (a, up), (b, later) in pairwise(signs):
            if up != later and not (a < 0 < b and b - a < 1e-11) and len(found) < MOST:
                found.append(around.anchor + _divided(around, i, a, b, up))
    return found


def _divided(around: Around, switch: int, a: float, b: float, up: bool) -> Any:
    """The sign change between two distances, by dividing into 16 parts until floats end."""
    for _ in range(14):
        inner = [a + (b - a) * k / 16 for k in range(1, 16)]
        column = around.registers(inner)[switch]
        grid = [a, *inner, b]
        first = next((k for k, v in enumerate(column) if (v > 0) != up), 15)
        a, b = grid[first], grid[first + 1]
    near = a if abs(a) < abs(b) else b
    scale = abs(float(around.anchor) + near)
    logs = around.log_density([near + math.ldexp(scale, k) for k in (-30, -40)])
    if abs(logs[0] - logs[1]) < 0.3:
        return mpmath.mpf(near)
    return _polished(around, switch, a, b) or mpmath.mpf(near)


def _polished(around: Around, switch: int, a: float, b: float) -> Any:
    """A zero in all digits, by secants, for the mass of a pole is close to it; None if there is none."""

    def value(t: Any) -> Any:
        return around.registers([t], CONSTANT_BITS)[switch][0]

    with mpmath.workprec(CONSTANT_BITS):
        old, new = mpmath.mpf(a) - abs(a) / 2**20, mpmath.mpf(b) + abs(b) / 2**20
        low, high = old, new
        before, now = value(old), value(new)
        for _ in range(20):
            if now == before or not mpmath.isfinite(now):
                break
            old, new, before = new, new - now * (new - old) / (now - before), now
            if abs(new - old) <= mpmath.ldexp(abs(new), 60 - CONSTANT_BITS):
                return new if low <= new <= high else None
            now = value(new)
    return None
