"""What stands below a graph: the indices that no plate has, and what its marks mean, as far as it has them."""

from __future__ import annotations

from entropysym.pictures.nodes import VARIABLES, Graph

_MARKS = (
    ("learned", "dot: learned"),
    ("fixed", "ring: fixed"),
    ("network", "square: network"),
    ("frozen", "empty square: fixed network"),
)


def axes_line(graph: Graph) -> str:
    """d = 1…D, h = 1…H."""
    return ", ".join(f"{axis.index.name} = 1…{axis.size.name}" for axis in graph.axes)


def mark_lines(graph: Graph) -> list[str]:
    """The marks that occur, in words; at most three lines."""
    kinds = {one.kind for one in graph.nodes}
    sides = {e.side for e in graph.edges}
    circles = [
        words
        for kind, words in (
            ("observed", "grey: observed"),
            ("given", "thick border: given"),
            ("latent", "white: latent"),
        )
        if kind in kinds
    ]
    marks = [words for kind, words in _MARKS if kind in kinds]
    arrows = ["solid: p"] if "p" in sides else []
    arrows += ["dashed: q"] if "q" in sides else []
    arrows += ["dashed without a head: one law of q"] if "joint" in sides else []
    read = {e.source for e in graph.edges}
    if any(one.name not in read for one in graph.nodes if one.kind not in VARIABLES):
        arrows.append("no arrow: in the objective only")
    return [" · ".join(words) for words in (circles, marks, arrows) if words]
