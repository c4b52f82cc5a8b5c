"""The ways of the arrows: straight where nothing is on the way, else bent as little as it takes.

An arrow bent by an angle a leaves and arrives at that angle to the straight line, with control points at 0.3915 of the distance, as TikZ's `bend left` has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from entropysym.pictures.boxes import Box
from entropysym.pictures.nodes import Edge, Graph
from entropysym.pictures.placing import MARK, Layout, loop_box

Point = tuple[float, float]

#: Angles in degrees, the less bent first, but for those that are close to 0 beside a straight arrow; positive is to the left of the way in TikZ's sense.
_BENDS = (0, 18, -18, 30, -30, 26, -26, 42, -42, 54, -54, 66, -66)
#: More of them, for arrows that meet something under each of these.
_FURTHER = tuple(sorted((*range(-84, 0, 6), *range(6, 90, 6)), key=abs))
_LOOSENESS = 0.3915


@dataclass(frozen=True)
class Way:
    """An arrow with its bend in degrees; `curve` are the four points of the cubic between the borders of both nodes. A loop has `side`."""

    edge: Edge
    bend: int
    curve: tuple[Point, Point, Point, Point]
    side: str = ""


def ways(graph: Graph, layout: Layout) -> tuple[Way, ...]:
    """A way for each edge, in their order; solid arrows choose first."""
    found: dict[Edge, Way] = {}
    order = sorted(graph.edges, key=lambda e: ("p", "joint", "q").index(e.side))
    for edge in order:
        if edge.source == edge.target:
            found[edge] = _loop(edge, layout)
            continue
        taken = [
            w.bend if w.edge.source == edge.source else -w.bend
            for w in found.values()
            if {w.edge.source, w.edge.target} == {edge.source, edge.target}
        ]
        found[edge] = _best(edge, layout, taken, list(found.values()))
    return tuple(found[edge] for edge in graph.edges)


def _best(edge: Edge, layout: Layout, taken: Sequence[int], others: Sequence[Way]) -> Way:
    """The way that meets the fewest boxes, then runs least along other ways and the sides of plates, then is bent least."""
    obstacles = [p.box for n, p in layout.nodes.items() if n not in (edge.source, edge.target)]
    obstacles += [f.label for f in layout.frames]  # a plate may be crossed, its label may not
    obstacles += [loop_box(layout.nodes[n], s, layout.radius) for n, s in layout.loops.items()]
    drawn = [at(other.curve, k / 32) for other in others for k in range(33)]
    found: list[tuple[int, int, int, Way]] = []
    for bends in (_BENDS, _FURTHER):
        for k, bend in enumerate(bends):
            if any(abs(bend - other) <= 25 for other in taken):
                continue
            way = _bent(edge, layout, bend)
            met, along = _met(way, obstacles), _along(way, drawn) + _on_borders(way, layout)
            found.append((met, along + k, len(found), way))
            if met == along == 0:  # what is bent more is no better
                break
        if found and min(found)[0] == 0:
            break
    return min(found)[-1]


def _along(way: Way, drawn: Sequence[Point]) -> int:
    """How many of its points lie on other ways, of which points are given; those near the ends, where arrows of one node meet, do not count."""
    points = [at(way.curve, k / 16) for k in range(3, 14)]
    return sum(any(math.hypot(x - u, y - v) < 7 for u, v in drawn) for x, y in points)


def _on_borders(way: Way, layout: Layout) -> int:
    """How many points of a bent way lie on the upright side of a plate, beyond those of a way that crosses it."""
    if not way.bend:
        return 0
    points = [at(way.curve, k / 16) for k in range(3, 14)]
    sides = [
        sum(f.box.top < y < f.box.bottom and abs(x - side) < 3 for x, y in points)
        for f in layout.frames
        for side in (f.box.left, f.box.right)
    ]
    return sum(max(0, count - 2) for count in sides)


def _met(way: Way, obstacles: Sequence[Box]) -> int:
    points = [at(way.curve, k / 32) for k in range(33)]
    return sum(any(box.near(x, y, 2.0) for x, y in points) for box in obstacles)


def at(curve: tuple[Point, Point, Point, Point], t: float) -> Point:
    """A point of a cubic."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x, y = (sum(w * p[k] for w, p in zip(weights, curve, strict=True)) for k in (0, 1))
    return x, y


def reach(layout: Layout, name: str) -> float:
    """How far the border of a node is from its middle."""
    return layout.radius if layout.nodes[name].node.is_variable else MARK


def _bent(edge: Edge, layout: Layout, bend: int) -> Way:
    a, b = layout.nodes[edge.source], layout.nodes[edge.target]
    towards = math.atan2(b.y - a.y, b.x - a.x)
    turned = math.radians(bend)
    # y grows downwards, so that left of the way is a smaller angle.
    start = _off(a.x, a.y, towards - turned, reach(layout, edge.source))
    end = _off(b.x, b.y, towards + math.pi + turned, reach(layout, edge.target) + 1)
    far = _LOOSENESS * math.hypot(end[0] - start[0], end[1] - start[1])
    first = _off(*start, towards - turned, far)
    second = _off(*end, towards + math.pi + turned, far)
    return Way(edge, bend, (start, first, second, end))


def _off(x: float, y: float, angle: float, far: float) -> Point:
    return x + far * math.cos(angle), y + far * math.sin(angle)


def _loop(edge: Edge, layout: Layout) -> Way:
    """From above to below, beside the circle."""
    node, side, r = layout.nodes[edge.source], layout.loops[edge.source], layout.radius
    sign = 1 if side == "right" else -1
    angles = (-0.45, 0.45) if sign == 1 else (math.pi + 0.45, math.pi - 0.45)
    start, end = (_off(node.x, node.y, a, r + k) for a, k in zip(angles, (0, 1), strict=True))
    first, second = ((p[0] + sign * 22, p[1] + dy) for p, dy in ((start, -8), (end, 8)))
    return Way(edge, 0, (start, first, second, end), side)
