"""Where the nodes and plates of a graph stand: variables from top to bottom as p generates them, what they read beside them.

Each variable has a row of its own (two that have nothing to do with each other may share one), and its parameters stand to the left and right of it outside of the plates,
so that arrows from them meet nothing else on their way. Data plates stand beside each other, with what they share between them. Lengths are in pixels of SVG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from entropysym.pictures.boxes import Box, around, width_of
from entropysym.pictures.nodes import Edge, Graph, Node, Repeated

#: Distances: of parameters below each other, of rows, of columns of variables from the middle, of a column of parameters from a plate.
PITCH, GAP, STEP, APART = 27.0, 26.0, 46.0, 34.0
#: What a plate leaves around its members: at the sides and above, and below, where its label is.
PAD, FOOT = 12.0, 24.0
#: The radius of a parameter's mark, and how far its letter is from its middle.
MARK, LETTER = 3.5, 9.0


@dataclass(frozen=True)
class Placed:
    """A node: its middle, everything that it covers, and on which side of the mark its letter stands (`inside` a variable)."""

    node: Node
    x: float
    y: float
    box: Box
    letter: str


@dataclass(frozen=True)
class Frame:
    """The rectangle of a plate, and that of its label, at the lower right."""

    repeated: Repeated
    box: Box
    label: Box


@dataclass(frozen=True)
class Layout:
    """Nodes and plates with their places; `radius` is that of all circles, `loops` are the sides on which arrows from a step before lie."""

    nodes: dict[str, Placed]
    frames: tuple[Frame, ...]
    radius: float
    loops: dict[str, str]
    box: Box


@dataclass
class _Block:
    """What stands in one column of the page: an outermost plate, or the variables that are in none; rows, and the parameters on both sides, by row."""

    rows: list[list[str]]
    shift: dict[str, int] = field(default_factory=dict)
    sides: dict[str, list[list[list[str]]]] = field(default_factory=dict)


def label_of(repeated: Repeated) -> str:
    """What stands in a plate: n = 1…N."""
    return f"{repeated.plate.index.name} = 1…{repeated.plate.size.name}"


def placed(graph: Graph) -> Layout:
    """A layout of the graph: no two boxes of nodes overlap, and a plate's rectangle holds the boxes of its nodes and meets no other."""
    radius = max(
        [20.0, *(width_of(v.plain, 15) / 2 + 6 for v in graph.nodes if v.is_variable)],
    )
    blocks = _blocks(graph)
    for block in blocks:
        _choose_columns(block, graph.edges, radius)
    _set_aside(graph, blocks)
    heights = _rows(graph, blocks, radius)
    nodes: dict[str, Placed] = {}
    loops: dict[str, str] = {}
    left = 0.0
    for block in blocks:
        left = _stand(graph, block, (heights, radius, left), nodes, loops)
    frames = _frames(graph, nodes, loops, radius)
    boxes = [*(one.box for one in nodes.values()), *(f.box for f in frames)]
    boxes += [loop_box(nodes[name], side, radius) for name, side in loops.items()]
    return Layout(nodes, frames, radius, loops, around(boxes, 4, 4))


def _blocks(graph: Graph) -> list[_Block]:
    """Variables by outermost plate, those of none behind the first plate, or before it where there is just one."""
    names = [v.name for v in graph.nodes if v.is_variable]
    tops: list[list[str]] = []
    for plate in graph.plates:
        inside = [name for name in names if name in plate.members]
        if inside and not any(set(inside) <= set(top) for top in tops):
            tops.append(inside)
    free = [name for name in names if name not in set(chain(*tops))]
    # Plates come in the order in which their first variable does.
    tops.sort(key=lambda top: names.index(top[0]))
    if free:
        tops.insert(0 if len(tops) < 2 else 1, free)
    orders = [_nested(graph.plates, top) for top in tops]
    return [_Block(_in_rows(graph, order, len(tops) == 1)) for order in orders]


def _nested(plates: Sequence[Repeated], names: Sequence[str]) -> list[str]:
    """The same names, those of each plate next to each other; a plate stands where its first variable does."""
    for plate in sorted(plates, key=lambda p: len(p.members)):
        inside = [name for name in names if name in plate.members]
        if inside:
            at = names.index(inside[0])
            before = [name for name in names[:at] if name not in inside]
            names = [*before, *inside, *(n for n in names[at:] if n not in inside)]
    return list(names)


def _in_rows(graph: Graph, names: Sequence[str], alone: bool) -> list[list[str]]:
    """A row for each variable; where there is one block, two that follow each other, are in the same plates and share nothing that they read stand side by side."""
    rows: list[list[str]] = []
    for name in names:
        if alone and rows and len(rows[-1]) == 1 and _may_share(graph, rows[-1][0], name):
            rows[-1].append(name)
        else:
            rows.append([name])
    return rows


def _may_share(graph: Graph, one: str, other: str) -> bool:
    if any((one in p.members) != (other in p.members) for p in graph.plates):
        return False
    read = {
        name: {e.source for e in graph.edges if e.target == name and not graph.node(e.source).is_variable}
        for name in (one, other)
    }  # fmt: skip
    lagged = any(e.lag and e.target in (one, other) for e in graph.edges)
    ties = {(e.source, e.target) for e in graph.edges if e.side != "joint"}
    return not (read[one] & read[other] or lagged or {(one, other), (other, one)} & ties)


def _choose_columns(block: _Block, edges: Sequence[Edge], radius: float) -> None:
    """To the left of the middle, in it or to the right: so that straight arrows pass by the other circles, and are upright where they can be."""
    for row in block.rows:
        block.shift |= {row[0]: 0} if len(row) == 1 else {row[0]: -1, row[1]: 1}
    inner = [e for e in edges if {e.source, e.target} <= block.shift.keys()]
    single = [row[0] for row in block.rows if len(row) == 1]
    height = {name: i for i, row in enumerate(block.rows) for name in row}

    def cost() -> float:
        at = {n: (s * STEP, height[n] * (2 * radius + GAP)) for n, s in block.shift.items()}
        total = sum(0.1 * abs(s) for s in block.shift.values())
        for e in inner:
            a, b = at[e.source], at[e.target]
            total += abs(block.shift[e.source] - block.shift[e.target])
            met = (at[n] for n in at if n not in (e.source, e.target))
            total += 100 * sum(_distance(p, a, b) < radius + 4 for p in met)
        return total

    # One variable at a time, until nothing gets better; the number of rounds only bounds the work.
    for _ in range(4):
        for name in single:
            found = {}
            for shift in (0, 1, -1):
                block.shift[name] = shift
                found[shift] = cost()
            block.shift[name] = min(found, key=lambda s: found[s])


def _distance(p: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    """Of a point from a segment."""
    along = (b[0] - a[0], b[1] - a[1])
    length = along[0] ** 2 + along[1] ** 2
    t = ((p[0] - a[0]) * along[0] + (p[1] - a[1]) * along[1]) / length if length else 0.0
    t = min(1.0, max(0.0, t))
    return math.hypot(a[0] + t * along[0] - p[0], a[1] + t * along[1] - p[1])


def _set_aside(graph: Graph, blocks: list[_Block]) -> None:
    """Each parameter beside the first variable that reads it: in p to the left, in q to the right, and what several blocks read between the first two of them."""
    for block in blocks:
        block.sides = {s: [[] for _ in block.rows] for s in ("left", "right", "shared")}
    classes = [p for p in graph.plates if not any(graph.node(m).is_variable for m in p.members)]
    done: set[str] = set()
    for letter in graph.nodes:
        if letter.is_variable or letter.name in done:
            continue
        # The outermost plate of classes is one item, so that its rectangle holds nothing else.
        plate = next((p for p in classes if letter.name in p.members), None)
        names = _sorted(graph, classes, plate.members) if plate else [letter.name]
        done |= {*names}
        block, side, row = _beside(graph, blocks, names)
        blocks[block].sides[side][row].append(names)


def _sorted(graph: Graph, classes: Sequence[Repeated], members: frozenset[str]) -> list[str]:
    return _nested(classes, [one.name for one in graph.nodes if one.name in members])


def _beside(graph: Graph, blocks: list[_Block], names: list[str]) -> tuple[int, str, int]:
    """Block, side and row of parameters that stay together."""
    arrows = [e for e in graph.edges if e.source in names]
    places = [
        (b, r, c)
        for b, block in enumerate(blocks)
        for r, row in enumerate(block.rows)
        for c, name in enumerate(row)
        if any(e.target == name for e in arrows)
    ]
    if not places:  # read by the objective alone
        return 0, "left", 0
    b, r, c = places[0]
    if len({place[0] for place in places}) > 1:
        return b, "shared", r
    if len(blocks[b].rows[r]) > 1:
        return b, ("left", "right")[c], r
    if len(blocks) > 1:
        return b, "left" if b == 0 else "right", r
    return b, "left" if any(e.side == "p" for e in arrows) else "right", r


def _item_height(names: list[str], side: str, framed: bool) -> float:
    pitch = PITCH + 14 if side == "shared" else PITCH
    return pitch * len(names) + (PAD / 2 + FOOT if framed else 0)


def _is_framed(graph: Graph, names: list[str]) -> int:
    """How many plates of classes stand around the first of these parameters."""
    return sum(names[0] in p.members for p in graph.plates)


def _rows(graph: Graph, blocks: list[_Block], radius: float) -> list[float]:
    """The middle of each row, from the top: as far apart as circles, parameters, and the edges of plates that lie in between need."""
    count = max(len(block.rows) for block in blocks)
    above, below, tall = [0.0] * count, [0.0] * count, [2 * radius] * count
    for block in blocks:
        for side, rows in block.sides.items():
            for r, items in enumerate(rows):
                heights = [_item_height(i, side, bool(_is_framed(graph, i))) for i in items]
                tall[r] = max(tall[r], sum(heights))
        for r, one, other in _borders(graph, block):
            above[r], below[r] = max(above[r], one), max(below[r], other)
    found, y = [], 0.0
    for r in range(count):
        y += above[r] + tall[r] / 2
        found.append(y)
        y += tall[r] / 2 + below[r] + GAP
    return found


def _borders(graph: Graph, block: _Block) -> list[tuple[int, float, float]]:
    """For each row of a block, what plates that begin at it need above and those that end at it need below."""
    found = []
    for r in range(len(block.rows)):
        begin = end = 0
        for plate in graph.plates:
            inside = [i for i, row in enumerate(block.rows) if plate.members & {*row}]
            begin += bool(inside) and inside[0] == r
            end += bool(inside) and inside[-1] == r
        found.append((r, begin * PAD, end * FOOT))
    return found


def _stand(
    graph: Graph,
    block: _Block,
    at: tuple[list[float], float, float],
    nodes: dict[str, Placed],
    loops: dict[str, str],
) -> float:
    """Give the nodes of a block their places from `left` on, and say where the next block begins."""
    heights, radius, left = at
    lagged = {e.target for e in graph.edges if e.lag}
    widths = {side: _column_width(graph, rows, side) for side, rows in block.sides.items()}
    names = [name for row in block.rows for name in row]
    depth = max(sum(name in p.members for p in graph.plates) for name in names) if names else 0
    low, high = min(block.shift.values()), max(block.shift.values())
    inner = (high - low) * STEP + 2 * radius + 2 * PAD * depth
    # A label has to fit into its plate, and a loop as well.
    labels = [width_of(label_of(p), 11) + 2 * PAD for p in graph.plates if p.members & {*names}]
    inner = max([inner, *labels])
    start = left + (widths["left"] + APART if widths["left"] else 0)
    own = {
        name: _freer(block, r) for r, row in enumerate(block.rows) for name in row if name in lagged
    }
    loops |= own
    start += LOOP_WIDTH if "left" in own.values() else 0
    middle = start + inner / 2 - (low + high) / 2 * STEP
    for r, row in enumerate(block.rows):
        for name in row:
            x, y = middle + block.shift[name] * STEP, heights[r]
            nodes[name] = Placed(graph.node(name), x, y, Box.at(x, y, radius, radius), "inside")
    end = start + inner + (LOOP_WIDTH if "right" in own.values() else 0)
    _stack(graph, block.sides["left"], "left", (heights, left + widths["left"]), nodes)
    _stack(graph, block.sides["right"], "right", (heights, end + APART), nodes)
    end += widths["right"] + APART if widths["right"] else 0
    _stack(graph, block.sides["shared"], "shared", (heights, end + APART + widths["shared"] / 2), nodes)  # fmt: skip
    end += widths["shared"] + APART if widths["shared"] else 0
    return end + APART


def _freer(block: _Block, row: int) -> str:
    """The side of a row on which fewer parameters are."""
    right, left = (len(list(chain(*block.sides[side][row]))) for side in ("right", "left"))
    return "left" if right > left else "right"


def _column_width(graph: Graph, rows: list[list[list[str]]], side: str) -> float:
    items = list(chain(*rows))
    wide = [0.0]
    for names in items:
        letters = max(width_of(graph.node(n).plain, 15) for n in names)
        own = letters if side == "shared" else letters + LETTER + MARK
        labels = [width_of(label_of(p), 11) for p in graph.plates if names[0] in p.members]
        wide.append(max([own, *labels]) + 2 * PAD * len(labels))
    return max(wide)


def _stack(
    graph: Graph,
    rows: list[list[list[str]]],
    side: str,
    at: tuple[list[float], float],
    nodes: dict[str, Placed],
) -> None:
    """The parameters on one side of a block: below each other, around the middle of their row; letters stand on the far side of the marks."""
    heights, edge = at
    for r, items in enumerate(rows):
        tall = [_item_height(names, side, bool(_is_framed(graph, names))) for names in items]
        y = heights[r] - sum(tall) / 2
        for names, height in zip(items, tall, strict=True):
            inset = PAD * _is_framed(graph, names)
            first = y + (PAD / 2 if inset else 0)
            pitch = PITCH + 14 if side == "shared" else PITCH
            for k, name in enumerate(names):
                middle = first + (k + 0.5) * pitch
                x = {"left": edge - MARK - inset, "right": edge + MARK + inset}.get(side, edge)
                nodes[name] = _mark(graph.node(name), x, middle, side)
            y += height


def _mark(node: Node, x: float, y: float, side: str) -> Placed:
    wide = width_of(node.plain, 15)
    if side == "shared":
        y += 9
        box = Box(x - max(wide / 2, MARK), y - 25, x + max(wide / 2, MARK), y + MARK)
        return Placed(node, x, y, box, "above")
    reach = LETTER + wide
    box = Box(x - reach, y - 10, x + MARK, y + 10)
    return Placed(node, x, y, box if side == "left" else box.mirrored(x), side)


#: How far a loop reaches beyond its circle, with the words beside it.
LOOP_WIDTH = 46.0


def loop_box(placed: Placed, side: str, radius: float) -> Box:
    """What an arrow from the step before covers, with its label."""
    x = placed.x
    box = Box(x + radius * 0.7, placed.y - 15, x + radius + LOOP_WIDTH, placed.y + 15)
    return box if side == "right" else box.mirrored(x)


def _frames(
    graph: Graph, nodes: dict[str, Placed], loops: dict[str, str], radius: float
) -> tuple[Frame, ...]:
    """Rectangles from the inner plates outwards, each around its nodes and the plates inside."""
    found: dict[int, Frame] = {}
    for k, repeated in reversed(list(enumerate(graph.plates))):
        boxes = [nodes[name].box for name in repeated.members]
        boxes += [loop_box(nodes[n], s, radius) for n, s in loops.items() if n in repeated.members]
        boxes += [f.box for f in found.values() if f.repeated.members <= repeated.members]
        inner = around(boxes)
        wide = width_of(label_of(repeated), 11)
        short = max(0.0, wide + 8 - (inner.right - inner.left + 2 * PAD)) / 2
        top = PAD if nodes[min(repeated.members)].node.is_variable else PAD / 2
        box = Box(
            inner.left - PAD - short,
            inner.top - top,
            inner.right + PAD + short,
            inner.bottom + FOOT,
        )
        label = Box(box.right - wide - 5, box.bottom - 17, box.right - 5, box.bottom - 4)
        found[k] = Frame(repeated, box, label)
    return tuple(found[k] for k in sorted(found))
