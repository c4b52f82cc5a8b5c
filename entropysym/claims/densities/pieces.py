"""The pieces of a line: the two sides of each anchor, and where on them floats lose their digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import mpmath

from entropysym.claims.densities.evaluation import CONSTANT_BITS, Around, Bound

#: The logarithms of the distances: beyond them a float ends.
FAR = 700.0


@dataclass(frozen=True)
class Piece:
    """One side of an anchor, up to a distance of e^top."""

    around: Around
    side: int
    top: float
    #: Below and above these logarithms of the distance floats lose too many digits.
    floor: float = -math.inf
    ceiling: float = math.inf

    @staticmethod
    def of(around: Around, side: int, top: float) -> Piece:
        """A piece whose floor and ceiling are found by comparing floats with mpmath at some distances."""
        scale = math.log(abs(float(around.anchor)) or 1.0)
        us = [scale + u for u in _PROBES if -FAR < scale + u < min(top, FAR)]
        rough = around.log_density([side * math.exp(u) for u in us])
        good = [
            _is_good(around, side, u, a, 150 if abs(u - scale) > 100 else None)
            for u, a in zip(us, rough, strict=True)
        ]
        floor, ceiling = -math.inf, math.inf
        for k, u in enumerate(us):
            if good[k]:
                continue
            if u < scale:
                floor = us[k + 1] if k + 1 < len(us) else top
            else:
                ceiling = us[k - 1] if k else u - 14
                break
        return Piece(around, side, top, floor, ceiling)

    def is_rough(self, low: float, high: float) -> bool:
        """Floats do not do on this panel."""
        return low < self.floor or high > self.ceiling


#: Distances at which floats are compared with mpmath, as logarithms relative to the anchor; none is a power of two.
_PROBES = (
    -690.3,
    -350.2,
    -100.1,
    -31.3,
    -24.2,
    -17.1,
    -10.2,
    14.2,
    28.3,
    70.1,
    140.2,
    300.3,
    500.2,
    690.3,
)


def _is_good(around: Around, side: int, u: float, rough: float, bits: int | None) -> bool:
    """Floats and mpmath have the same log-density at this distance, or both next to no mass."""
    bits = bits or digits_at(around, u, u)
    fine = around.log_density([side * mpmath.exp(u)], bits)[0]
    if fine != fine or rough != rough:
        return fine != fine and rough != rough
    return max(rough, fine) + u < -60 or abs(rough - fine) <= 1e-11 * max(1.0, abs(fine))


def digits_at(around: Around, low: float, high: float) -> int:
    """Binary digits that are enough at distances between e^low and e^high from the anchor."""
    lost = max(float(mpmath.log(abs(around.anchor) + 1)) - low, high, 0.0)
    return min(CONSTANT_BITS - 50, 100 + round(1.45 * lost))


@dataclass(frozen=True)
class Side:
    """A side of an anchor of which nothing is known yet but how far it goes."""

    around: Around
    side: int
    top: float

    def piece(self) -> Piece:
        return Piece.of(self.around, self.side, self.top)


def sides_of(bound: Bound, anchors: Sequence[Any], ends: tuple[Any, Any]) -> list[Side]:
    """The sides of the anchors, each up to the middle between it and the next one."""
    sides: list[Side] = []
    arounds = [bound.around(a) for a in anchors]
    for left, right in pairwise(arounds):
        top = float(mpmath.log((right.anchor - left.anchor) / 2))
        sides += [Side(left, 1, top), Side(right, -1, top)]
    if ends[0] is None:
        sides.append(Side(arounds[0], -1, FAR))
    if ends[1] is None:
        sides.append(Side(arounds[-1], 1, FAR))
    return sides
