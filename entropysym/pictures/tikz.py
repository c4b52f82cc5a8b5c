r"""A laid out graph as a `tikzpicture`, for `\usepackage{tikz}` alone; names of matrices need amsmath.

Nodes have names and coordinates in centimetres, arrows go from name to name: what is moved takes its arrows along.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from entropysym.pages.medium import tex_text
from entropysym.pictures.curves import Way
from entropysym.pictures.keys import axes_line, mark_lines
from entropysym.pictures.nodes import Graph
from entropysym.pictures.placing import MARK, Frame, Layout, Placed

#: A pixel of the layout in centimetres, at which its letters have the size of a paper's.
_CM = 0.025

_STYLES = (
    r"every node/.style={inner sep=0pt, font=\small}",
    "latent/.style={circle, draw, fill=white, minimum size=%s}",
    "observed/.style={latent, fill=black!15}",
    "given/.style={observed, line width=1.1pt}",
    "learned/.style={circle, draw, fill=black, minimum size=%s}",
    "fixed/.style={learned, fill=white}",
    "network/.style={draw, fill=black, minimum size=%s}",
    "frozen/.style={network, fill=white}",
    "plate/.style={draw, rounded corners=1.5pt}",
    ">=stealth, p/.style={->}, q/.style={->, dashed}, joint/.style={dashed}",
)


def tikz(title: str, graph: Graph, layout: Layout, ways: Sequence[Way], key: bool) -> str:
    """The text of a `tikzpicture`, with a line that says what it is and what it needs."""
    sizes = iter((2 * layout.radius, 2 * MARK, 2 * MARK - 0.5))
    styles = [s % f"{next(sizes) * _CM:.3f}cm" if "%s" in s else s for s in _STYLES]
    comment = re.sub(r"\s+", " ", title)
    lines = [rf"% {comment}. Needs \usepackage{{tikz,amsmath}}.", r"\begin{tikzpicture}[", ""]
    lines[-1] = "  " + ",\n  ".join(styles) + "]"
    lines += [_frame(f) for f in layout.frames]
    lines += [_node(p) for p in layout.nodes.values()]
    lines += [_way(w) for w in ways]
    if key:
        words = [_math(axes_line(graph)), *map(tex_text, mark_lines(graph))]
        x, y = (layout.box.left + layout.box.right) / 2, layout.box.bottom + 4
        body = r" \\ ".join(w for w in words if w)
        lines.append(rf"\node[align=center, anchor=north, font=\footnotesize] at {_at(x, y)} {{{body}}};")  # fmt: skip
    return "\n".join([*lines, r"\end{tikzpicture}", ""])


def _at(x: float, y: float) -> str:
    """A place; TikZ's y grows upwards."""
    return f"({x * _CM + 0.0:.3f},{-y * _CM + 0.0:.3f})"


def _math(words: str) -> str:
    """n = 1…N as a formula; an index or a size of several letters as one word."""
    if not words:
        return ""
    named = re.sub(r"[A-Za-z][A-Za-z0-9_]+", lambda m: rf"\mathit{{{m[0]}}}".replace("_", r"\_"), words)  # fmt: skip
    # Dots with their commas after the commas between ranges, which have room behind them.
    formula = named.replace(", ", r",\ ").replace("…", r",\dots,")
    return f"${formula}$"


def _frame(frame: Frame) -> str:
    box, plate = frame.box, frame.repeated.plate
    # Closely set, as wide as the label in SVG.
    words = _math(f"{plate.index.name}{{=}}1{{…}}{plate.size.name}").replace(",", "")
    corner = _at(box.right - 5, box.bottom - 4)
    return (
        rf"\draw[plate] {_at(box.left, box.bottom)} rectangle {_at(box.right, box.top)};" + "\n"
        rf"\node[anchor=south east, font=\scriptsize] at {corner} {{{words}}};"
    )


def _node(p: Placed) -> str:
    name, letter = p.node.name, f"${p.node.latex}$"
    if p.node.is_variable:
        return rf"\node[{p.node.kind}] ({name}) at {_at(p.x, p.y)} {{{letter}}};"
    label = f"label={{[label distance=2pt]{p.letter}:{letter}}}"
    return rf"\node[{p.node.kind}, {label}] ({name}) at {_at(p.x, p.y)} {{}};"


def _way(way: Way) -> str:
    source, target = way.edge.source, way.edge.target
    if way.side:
        out, into = (26, -26) if way.side == "right" else (154, 206)
        words = f"{_math(way.edge.lag)[:-1]}-1$"
        turn = f"out={out}, in={into}, looseness=5"
        return rf"\draw[{way.edge.side}] ({source}) to[{turn}] node[{way.side}=1pt, font=\scriptsize] {{{words}}} ({target});"
    bend = f"bend left={way.bend}" if way.bend > 0 else f"bend right={-way.bend}"
    return rf"\draw[{way.edge.side}] ({source}) to{f'[{bend}]' if way.bend else ''} ({target});"
