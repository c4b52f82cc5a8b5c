"""Rectangles, and how wide text is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @staticmethod
    def at(x: float, y: float, half_width: float, half_height: float) -> Box:
        """The rectangle around a point."""
        return Box(x - half_width, y - half_height, x + half_width, y + half_height)

    def mirrored(self, x: float) -> Box:
        """The same on the other side of an upright line."""
        return Box(2 * x - self.right, self.top, 2 * x - self.left, self.bottom)

    def holds(self, other: Box) -> bool:
        """Whether the other one lies inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def meets(self, other: Box) -> bool:
        """Whether the two have more than a border in common."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def near(self, x: float, y: float, distance: float = 0.0) -> bool:
        """Whether a point is inside, or closer than a distance to each side."""
        across = self.left - distance < x < self.right + distance
        return across and self.top - distance < y < self.bottom + distance


def around(boxes: Iterable[Box], across: float = 0.0, down: float = 0.0) -> Box:
    """The smallest rectangle around all of them, and some room."""
    found = list(boxes)
    return Box(
        min(b.left for b in found) - across,
        min(b.top for b in found) - down,
        max(b.right for b in found) + across,
        max(b.bottom for b in found) + down,
    )


#: A name with what stands below it: σ_d², z_1,h, x_u,md.
_BELOW = re.compile(r"_([A-Za-z0-9',Α-Ωα-ω]+)")


#: The size of what stands below the line.
BELOW = 0.72


def runs(text: str) -> list[tuple[str, bool]]:
    """A printed name in pieces, and whether each stands below the line.

    >>> runs("τ_h²(·)")
    [('τ', False), ('h', True), ('²(·)', False)]
    """
    pieces = _BELOW.split(text)
    return [(piece, k % 2 == 1) for k, piece in enumerate(pieces) if piece]


#: Widths in Times, in thousandths of its size; capitals and what is not listed count as 700, lower case as 480.
_WIDTHS = {
    **dict.fromkeys("0123456789", 500),
    **dict.fromkeys("ijltιf'.,· ", 290),
    **dict.fromkeys("()rs²⁻³", 350),
    **dict.fromkeys("mwΩωφψ", 720),
    **dict.fromkeys("MW…", 900),
}


def width_of(text: str, size: float, room: float = 1.25) -> float:
    """The width of a printed name in Times of this size, in pixels, times `room` for other fonts."""
    return room * sum(
        size * (BELOW if below else 1.0) * _WIDTHS.get(c, 480 if c.islower() else 700) / 1000
        for piece, below in runs(text)
        for c in piece
    )
