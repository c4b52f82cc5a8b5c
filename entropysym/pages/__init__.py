"""Pages: a derivation or a refusal as LaTeX, HTML, Markdown, plain text or JSON, whole or in pieces; formulas as LaTeX; the training figure."""

from __future__ import annotations

from entropysym.pages.compiling import pdf
from entropysym.pages.equations import Line
from entropysym.pages.figure import training_figure
from entropysym.pages.latex import latex
from entropysym.pages.medium import tex_text
from entropysym.pages.own_notation import PROFILES
from entropysym.pages.paper import REFERENCES
from entropysym.pages.plain import plain
from entropysym.pages.rendering import (
    FORMATS,
    PARTS,
    bibtex,
    broken,
    display,
    for_screen,
    preamble,
    render,
    section,
)

__all__ = [
    "FORMATS",
    "PARTS",
    "PROFILES",
    "REFERENCES",
    "Line",
    "bibtex",
    "broken",
    "display",
    "for_screen",
    "latex",
    "pdf",
    "plain",
    "preamble",
    "render",
    "section",
    "tex_text",
    "training_figure",
]
