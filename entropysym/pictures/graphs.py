"""The graph of a model's factors as a picture, in plate notation."""

from __future__ import annotations

from entropysym.errors import InputError, one_of, shown
from entropysym.language.records import Model
from entropysym.pictures.curves import ways
from entropysym.pictures.nodes import graph_of
from entropysym.pictures.placing import placed
from entropysym.pictures.svg import svg
from entropysym.pictures.tikz import tikz

_WRITERS = {"svg": svg, "tikz": tikz}


def model_graph(model: Model, to: str = "svg", *, key: bool = True) -> str:
    r"""The graph of a model's factors in plate notation, as the text of an SVG file or as a `tikzpicture`.

    Circles are variables (grey: observed or given; white: latent), marks parameters (a dot is learned, a ring fixed) and networks (a square, empty if it does not learn).
    Solid arrows are what p reads, dashed ones what q reads; a dashed line without a head joins what one law of q is over. Rectangles repeat what is in them, and
    an arrow that returns to its circle comes from the step before. The indices that no rectangle has stand below, with what the marks mean; `key=False` leaves
    these lines out. SVG needs no font and no other file; TikZ needs `\usepackage{tikz}` and, for names of matrices, `amsmath`.

    Raises `InputError` for what is no model, and for another format. Source of the notation: Bishop, 2006, section 8.1.
    """
    if not isinstance(model, Model):
        raise InputError(f"model is {shown(model)}; pass a Model, such as models.vae2()")
    if to not in _WRITERS:
        raise one_of(to, _WRITERS, "format")
    graph = graph_of(model)
    layout = placed(graph)
    return _WRITERS[to](model.title, graph, layout, ways(graph, layout), key)
