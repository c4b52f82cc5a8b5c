"""Pages: a derivation or a refusal as LaTeX, Markdown, plain text or JSON; formulas as LaTeX; the training figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from entropysym.errors import InputError, one_of, shown
from entropysym.language.records import Model
from entropysym.pages.equations import Line
from entropysym.pages.figure import training_figure
from entropysym.pages.latex import latex
from entropysym.pages.layout import bare, filled, latex_layout, markdown_layout, plain_layout
from entropysym.pages.marks import Amount
from entropysym.pages.medium import latex_medium, markdown_medium, plain_medium, tex_text
from entropysym.pages.paper import REFERENCES, paper
from entropysym.pages.plain import plain
from entropysym.pages.refusals import refusal_paper
from entropysym.prover.derivation import Derivation, Refusal
from entropysym.prover.document import refusal_to_json, to_json
from entropysym.verdict import Value

_MEDIA = {
    "latex": (latex_medium, latex_layout, "tex"),
    "markdown": (markdown_medium, markdown_layout, "md"),
    "text": (plain_medium, plain_layout, "txt"),
}


@dataclass(frozen=True)
class _Template:
    """The files for a refusal and for a derivation, and the level of their headings."""

    refusal: str
    derivation: str
    level: str


_WHOLE = _Template("refusal", "derivation", "section")
_PART = _Template("refused", "section", "subsection")
#: What `render` can write.
FORMATS = ("json", "latex", "markdown", "text")


def render(derivation: Derivation | Refusal, to: str = "text", *, data: Amount = "finite") -> str:
    r"""A derivation or a refusal as a complete document.

    `to` is latex (a file for pdflatex), markdown (for notebooks), text (for a terminal) or json (for the checker; of a refusal that is
    REFUTED its witness, of any other its partial result). `data="infinite"` writes the data mean as $\mathbb E_{p(x)}$; it changes how the page reads, not what is stored.
    Raises `InputError` for an unknown format or kind of data, and for a refusal that has neither as JSON.
    """
    if to == "json":
        return _stored(_checked(derivation))
    if to not in _MEDIA:
        raise one_of(to, FORMATS, "format")
    return _filled(derivation, to, _WHOLE, data)


def _stored(found: Derivation | Refusal) -> str:
    if isinstance(found, Derivation):
        return to_json(found)
    if found.witness is not None and found.verdict.value is Value.REFUTED:
        return refusal_to_json(found, found.witness)
    if found.partial is None:
        raise InputError(
            "this refusal has no stored form, because no partial result is left whose steps could be replayed; "
            "render it to text, markdown or latex"
        )
    return to_json(found.partial)


def section(derivation: Derivation | Refusal, *, data: Amount = "finite", closing: str = "") -> str:
    r"""The LaTeX body of a derivation or a refusal, as subsections without a preamble, for a larger document (see `preamble`).

    The remark that every page makes is left to that document; `closing` is LaTeX that stands before the last lines.
    """
    return _filled(derivation, "latex", _PART, data, closing)


def display(
    lines: Sequence[Line], model: Model, to: str = "latex", *, data: Amount = "finite"
) -> str:
    """Equations as one display, ordered and broken as those of a derivation; `to` is latex, markdown or text."""
    if to not in _MEDIA:
        raise one_of(to, _MEDIA, "format")
    make_medium, make_layout, _ = _MEDIA[to]
    return make_layout(make_medium(model, data)).display(*lines)


def preamble() -> str:
    r"""The LaTeX preamble that `section` needs, from \documentclass to \begin{document}, the latter not included."""
    return bare("preamble.tex")


def _checked(derivation: object) -> Derivation | Refusal:
    if not isinstance(derivation, (Derivation, Refusal)):
        raise InputError(f"only a derivation or a refusal can be rendered, not {shown(derivation)}")
    return derivation


def _filled(
    derivation: Derivation | Refusal, to: str, template: _Template, data: Amount, closing: str = ""
) -> str:
    found = _checked(derivation)
    make_medium, make_layout, suffix = _MEDIA[to]
    medium = make_medium(found.model, data)
    layout = make_layout(medium)
    given = {"level": template.level, "closing": closing}
    if isinstance(found, Refusal):
        return filled(
            f"{template.refusal}.{suffix}", layout, {"r": refusal_paper(found, medium), **given}
        )
    return filled(f"{template.derivation}.{suffix}", layout, {"p": paper(found, medium), **given})


__all__ = [
    "FORMATS",
    "REFERENCES",
    "Line",
    "display",
    "latex",
    "plain",
    "preamble",
    "render",
    "section",
    "tex_text",
    "training_figure",
]
