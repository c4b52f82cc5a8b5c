"""A laid out graph as SVG: letters are Unicode text with subscripts, arrow heads are polygons, and nothing is loaded from elsewhere."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

from entropysym.pictures.boxes import BELOW, Box, runs, width_of
from entropysym.pictures.curves import Way
from entropysym.pictures.keys import axes_line, mark_lines
from entropysym.pictures.nodes import Graph
from entropysym.pictures.placing import LETTER, MARK, Frame, Layout, Placed, label_of

#: Fonts of one width that have Greek letters; the last is whatever the reader's machine has.
_FONT = "Times New Roman, Liberation Serif, Tinos, Nimbus Roman, DejaVu Serif, serif"
_SHADE, _INK, _PALE = "#D9D9D9", "#000000", "#595959"
#: Letters, or what lies between letters; a letter alone is in italics, a word is not.
_WORDS = re.compile(r"[^\W\d_²³⁻]+|[\W\d_²³⁻]+")
_DASHES = ' stroke-dasharray="5 3"'


def svg(title: str, graph: Graph, layout: Layout, ways: Sequence[Way], key: bool) -> str:
    """The text of an SVG file."""
    lines = [(t, 12.0) for t in [axes_line(graph), *mark_lines(graph)] if t] if key else []
    wide = max(
        [layout.box.right - layout.box.left, *(width_of(t, size, 1.3) + 24 for t, size in lines)]
    )
    tall = layout.box.bottom - layout.box.top
    middle = (layout.box.left + layout.box.right) / 2
    view = (middle - wide / 2, layout.box.top, wide, tall + (8 + 17 * len(lines) if lines else 0))
    body = [
        *(_frame(f) for f in layout.frames),
        *(_way(w) for w in ways),
        *(_node(p, layout.radius) for p in layout.nodes.values()),
    ]
    for k, (text, size) in enumerate(lines):
        y = layout.box.bottom + 17 + 17 * k
        body.append(_words(middle, y, text, size, "middle", _PALE))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(wide)}" height="{_n(view[3])}" '
        f'viewBox="{" ".join(map(_n, view))}" font-family="{_FONT}" role="img">'
    )
    ground = f'<rect x="{_n(view[0])}" y="{_n(view[1])}" width="{_n(wide)}" height="{_n(view[3])}" fill="#FFFFFF"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", ground, *body, "</svg>", ""])


def _n(value: float) -> str:
    """A length with at most two digits behind the point; no minus in front of zero."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def _words(x: float, y: float, text: str, size: float, anchor: str, colour: str = _INK) -> str:
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(text)}</text>"
    )


def _letter(x: float, y: float, text: str, side: str) -> str:
    """A name with its subscripts, to the `left` or `right` of a place, or else around it; what comes after a subscript returns to the line."""
    # Where it begins is computed: programs do not agree on what an anchor means for a text of several pieces.
    x -= {"left": 1.25, "right": 0.0}.get(side, 0.54) * width_of(text, 15, 1.0)
    low, out = False, []
    for piece, below in runs(text):
        for word in _WORDS.findall(piece):
            shift = (3.5 if below else -3.5) if below != low else 0.0
            low = below
            moved = f' dy="{_n(shift)}"' if shift else ""
            size = f' font-size="{_n(15 * BELOW)}"' if below else ""
            italic = word.isalpha() and (below or len(word) == 1)
            style = ' font-style="italic"' if italic else ""
            out.append(f"<tspan{moved}{size}{style}>{escape(word)}</tspan>")
    return f'<text x="{_n(x)}" y="{_n(y)}" font-size="15" fill="{_INK}">{"".join(out)}</text>'


def _rectangle(box: Box, rest: str) -> str:
    wide, tall = box.right - box.left, box.bottom - box.top
    return f'<rect x="{_n(box.left)}" y="{_n(box.top)}" width="{_n(wide)}" height="{_n(tall)}" {rest}/>'


def _frame(frame: Frame) -> str:
    name = escape(frame.repeated.plate.index.name)
    box = _rectangle(frame.box, f'rx="5" fill="none" stroke="{_INK}" stroke-width="0.9"')
    words = _words(frame.label.right, frame.label.bottom - 3, label_of(frame.repeated), 11, "end")
    return f'<g class="plate" id="plate-{name}">{box}{words}</g>'


def _node(p: Placed, radius: float) -> str:
    kind = p.node.kind
    if p.node.is_variable:
        fill = "#FFFFFF" if kind == "latent" else _SHADE
        stroke = 2.4 if kind == "given" else 1.1
        mark = f'<circle cx="{_n(p.x)}" cy="{_n(p.y)}" r="{_n(radius)}" fill="{fill}" stroke="{_INK}" stroke-width="{stroke}"/>'
        words = _letter(p.x, p.y + 4.5, p.node.plain, "inside")
    else:
        fill = "#FFFFFF" if kind in ("fixed", "frozen") else _INK
        rest = f'fill="{fill}" stroke="{_INK}" stroke-width="1.1"'
        if kind in ("network", "frozen"):
            mark = _rectangle(Box.at(p.x, p.y, MARK - 0.4, MARK - 0.4), rest)
        else:
            mark = f'<circle cx="{_n(p.x)}" cy="{_n(p.y)}" r="{_n(MARK - 0.4)}" {rest}/>'
        across, down = {"left": (-LETTER, 4.5), "right": (LETTER, 4.5), "above": (0.0, -10.0)}[
            p.letter
        ]
        words = _letter(p.x + across, p.y + down, p.node.plain, p.letter)
    return f'<g class="{kind}" id="node-{escape(p.node.name)}">{mark}{words}</g>'


def _way(way: Way) -> str:
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = way.curve
    headless = way.edge.side == "joint"
    angle = math.atan2(y3 - y2, x3 - x2)
    tip = (x3, y3)
    if not headless:  # the line ends inside the head, not at its tip
        x3, y3 = x3 - 5 * math.cos(angle), y3 - 5 * math.sin(angle)
    path = f"M{_n(x0)} {_n(y0)}C{_n(x1)} {_n(y1)} {_n(x2)} {_n(y2)} {_n(x3)} {_n(y3)}"
    dashes = "" if way.edge.side == "p" else _DASHES
    line = f'<path d="{path}" fill="none" stroke="{_INK}" stroke-width="1.1"{dashes}/>'
    ends = f'data-from="{escape(way.edge.source)}" data-to="{escape(way.edge.target)}"'
    words = ""
    if way.side:
        x = max(x1, x2) if way.side == "right" else min(x1, x2)
        anchor, x = ("start", x - 2) if way.side == "right" else ("end", x + 2)
        words = _words(x, (y0 + tip[1]) / 2 + 3.5, f"{way.edge.lag} − 1", 11, anchor)
    return f'<g class="{way.edge.side}" {ends}>{line}{"" if headless else _head(tip, angle)}{words}</g>'


def _head(tip: tuple[float, float], angle: float) -> str:
    corners = [tip]
    for turn in (2.75, -2.75):
        corners.append((tip[0] + 8 * math.cos(angle + turn), tip[1] + 8 * math.sin(angle + turn)))
    return f'<polygon points="{" ".join(f"{_n(x)},{_n(y)}" for x, y in corners)}" fill="{_INK}"/>'
