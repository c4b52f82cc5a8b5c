"""Pages: a derivation or a refusal as LaTeX, Markdown, plain text or JSON; formulas as LaTeX; the training figure."""

from __future__ import annotations

from entropysym.errors import InputError, one_of, shown
from entropysym.prover.derivation import Derivation, Refusal
from entropysym.prover.document import to_json
from entropysym.rendering.figure import training_figure
from entropysym.rendering.latex import latex
from entropysym.rendering.layout import filled, latex_layout, markdown_layout, plain_layout
from entropysym.rendering.medium import latex_medium, markdown_medium, plain_medium
from entropysym.rendering.notation import Data
from entropysym.rendering.paper import paper, refusal_paper
from entropysym.rendering.plain import plain

_MEDIA = {
    "latex": (latex_medium, latex_layout, "tex"),
    "markdown": (markdown_medium, markdown_layout, "md"),
    "text": (plain_medium, plain_layout, "txt"),
}
#: What `render` can write.
FORMATS = ("json", "latex", "markdown", "text")


def render(derivation: Derivation | Refusal, to: str = "text", *, data: Data = "finite") -> str:
    r"""A derivation or a refusal as a complete document.

    `to` is latex (a file for pdflatex), markdown (for notebooks), text (for a terminal) or json (for the checker; derivations only).
    `data="infinite"` writes the data mean as $\mathbb E_{p(x)}$; it changes how the page reads, not what is stored.
    Raises `InputError` for an unknown format or kind of data, and for a refusal as JSON.
    """
    if not isinstance(derivation, (Derivation, Refusal)):
        raise InputError(f"only a derivation or a refusal can be rendered, not {shown(derivation)}")
    if to == "json":
        if isinstance(derivation, Refusal):
            raise InputError(
                "a refusal has no stored form, because there are no steps to replay; render it to text, markdown or latex"
            )
        return to_json(derivation)
    if to not in _MEDIA:
        raise one_of(to, FORMATS, "format")
    make_medium, make_layout, suffix = _MEDIA[to]
    medium = make_medium(derivation.model, data)
    layout = make_layout(medium)
    if isinstance(derivation, Refusal):
        return filled(f"refusal.{suffix}", layout, {"r": refusal_paper(derivation, medium)})
    return filled(f"derivation.{suffix}", layout, {"p": paper(derivation, medium)})


def document(derivation: Derivation | Refusal, *, data: Data = "finite") -> str:
    """A complete LaTeX document that pdflatex compiles in one run."""
    return render(derivation, "latex", data=data)


__all__ = ["FORMATS", "document", "latex", "plain", "render", "training_figure"]
