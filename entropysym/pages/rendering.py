"""Rendering: a derivation or a refusal, whole or in pieces, in each form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy as sp

from entropysym.errors import InputError, one_of, shown
from entropysym.language.records import Model
from entropysym.pages.breaking import rows, tex_width
from entropysym.pages.equations import Line
from entropysym.pages.html import html_body, html_page
from entropysym.pages.latex import LATEX_SIGNS, PaperPrinter
from entropysym.pages.layout import (
    INDENT,
    PAGE,
    Layout,
    bare,
    filled,
    latex_layout,
    markdown_layout,
    plain_layout,
)
from entropysym.pages.marks import Amount
from entropysym.pages.medium import Medium, latex_medium, markdown_medium, plain_medium
from entropysym.pages.order import Roles, roles
from entropysym.pages.own_notation import MACROS, own_notation, with_macros
from entropysym.pages.paper import paper
from entropysym.pages.refusals import refusal_paper
from entropysym.prover.derivation import Derivation, Refusal
from entropysym.prover.document import refusal_to_json, to_json
from entropysym.verdict import Value

#: What `render` can write.
FORMATS = ("coq", "html", "json", "latex", "markdown", "text")
#: Those that are for a checker and not for a page.
STORED = ("coq", "json")
#: The parts of a page, and the template of each.
PARTS: Mapping[str, str] = {
    "model": "model",
    "theorem": "theorem",
    "derivation": "argument",
    "closed form": "closed",
    "conditions": "conditions",
    "gap": "gap",
}
#: Widths of a text in em: of a fragment, which fits one column of the usual classes, and of a page that is read on a screen.
FRAGMENT, SCREEN = 34.0, 32.0
#: The narrowest and the widest text that formulas are broken for.
WIDTHS = (20.0, 80.0)


@dataclass(frozen=True)
class _Form:
    """How a form is set: the medium, the layout, the ending of its templates, and the width of its text."""

    medium: Callable[..., Medium]
    layout: Callable[..., Layout]
    ending: str
    width: float = PAGE


_FORMS = {
    "latex": _Form(latex_medium, latex_layout, "tex"),
    "markdown": _Form(markdown_medium, markdown_layout, "md"),
    "html": _Form(markdown_medium, markdown_layout, "md", SCREEN),
    "text": _Form(plain_medium, lambda medium, width: plain_layout(medium), "txt"),
}


def render(
    derivation: Derivation | Refusal,
    to: str = "text",
    *,
    data: Amount = "finite",
    part: str | None = None,
    fragment: bool = False,
    notation: Mapping[str, str] | str | None = None,
    macros: bool = False,
    width: float | None = None,
) -> str:
    r"""A derivation or a refusal as a complete document, or a piece of one.

    `to` is latex (a file for pdflatex), html (one file that needs no network), markdown (for notebooks), text (for a terminal), json (for the checker; of a
    refusal that is REFUTED its witness, of any other its partial result) or coq (a theory for `coqc`, of a refusal that of its partial result). `data="infinite"` writes the data mean as $\mathbb E_{p(x)}$; it changes how the page reads, not what is stored.

    `part` is model, theorem, derivation, closed form, conditions or gap; of a refusal that of its partial result. Parts, and with `fragment` the whole, come without a preamble, title and
    references, for a document of one's own: LaTeX asks for amsmath and amssymb and, where a theorem stands in it, for an environment of that name, and is broken for a text of `width` em
    (default 34; 23 for one of two columns). `notation` names a profile (papers, textbook, statistics) or gives LaTeX by name, `{"sigma2": r"\sigma_x^2", "F": r"\mathcal L"}`; with `macros`
    the signs of the theory are `\newcommand`s before the fragment.

    Raises `InputError` for an unknown form, part, notation or kind of data, for a width beyond 20 to 80 em, and for a refusal that has no such part or stored form.
    """
    found = _checked(derivation)
    pieces = bool(part) or fragment
    _demand_sense(to, pieces=pieces, dressed=bool(notation), macros=macros, width=width)
    if to == "json":
        return _stored(found)
    if to == "coq":
        return _theory(found)
    form = _FORMS[to]
    if to == "latex":
        form = replace(form, width=width or (FRAGMENT if pieces else PAGE))
    own = own_notation(notation, found.model)
    medium = form.medium(found.model, data, with_macros(own) if macros else own)
    layout = form.layout(medium, form.width)
    if part is not None:
        text = _part(found, part, medium, layout, form.ending)
    else:
        text = _filled(found, medium, layout, form.ending, whole=not fragment)
    if to == "html":
        return html_body(text) if pieces else html_page(text, found.model.title)
    return _macros_of(text, own.signs, found.model) + text if macros else text


def _demand_sense(
    to: str, *, pieces: bool, dressed: bool, macros: bool, width: float | None
) -> None:
    """Raises `InputError` for wishes that contradict each other."""
    if to not in FORMATS:
        raise one_of(to, FORMATS, "format")
    if to in STORED and (pieces or dressed or macros or width):
        form = "stored form" if to == "json" else "Coq text"
        raise InputError(f"the {form} has no parts, notation or width; render to latex or markdown")
    if (macros or width) and to != "latex":
        raise InputError(f"macros and width are for LaTeX, not for {to}")
    if macros and not pieces:
        raise InputError("macros stand before a fragment; pass fragment=True or a part")
    if width is not None and not WIDTHS[0] <= width <= WIDTHS[1]:
        raise InputError(
            f"the text is {shown(width)} em wide; pass {WIDTHS[0]:.0f} to {WIDTHS[1]:.0f}"
        )


def _macros_of(text: str, signs: Mapping[str, str], model: Model) -> str:
    """A `\\newcommand` for each sign that occurs."""
    graph = {} if model.is_plain else {"p": "p", "q": "q"}
    given = {**LATEX_SIGNS, **graph, **signs}
    used = ((macro, given[word]) for word, macro in MACROS.items() if macro in text)
    return "".join(f"\\newcommand{{{macro}}}{{{meaning}}}\n" for macro, meaning in used)


def _part(
    found: Derivation | Refusal, part: str, medium: Medium, layout: Layout, ending: str
) -> str:
    if part not in PARTS:
        raise one_of(part, PARTS, "part of a page")
    d = found.partial if isinstance(found, Refusal) else found
    if d is None:
        raise InputError(
            f"nothing was derived for {found.model.name}, so there is no {part} to show"
        )
    content = paper(d, medium)
    if part == "conditions" and not content.stationarity:
        raise InputError(
            f"nothing has to move in {found.model.name}, so there are no stationarity conditions"
        )
    return filled(f"{PARTS[part]}.{ending}", layout, {"p": content, "level": "", "alone": True})


def _filled(
    found: Derivation | Refusal,
    medium: Medium,
    layout: Layout,
    ending: str,
    *,
    whole: bool,
    closing: str = "",
) -> str:
    given = {"level": "section" if whole else "subsection", "closing": closing, "alone": not whole}
    if isinstance(found, Refusal):
        template = "refusal" if whole or ending != "tex" else "refused"
        return filled(f"{template}.{ending}", layout, {"r": refusal_paper(found, medium), **given})
    template = "derivation" if whole else "section" if ending == "tex" else "body"
    return filled(f"{template}.{ending}", layout, {"p": paper(found, medium), **given})


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


def _theory(found: Derivation | Refusal) -> str:
    from entropysym.export.coq import theory_of

    d = found.partial if isinstance(found, Refusal) else found
    if d is None:
        raise InputError(
            f"nothing was derived for {found.model.name}, so there is no theorem to print for Coq"
        )
    return theory_of(found.model.name, to_json(d))


def section(derivation: Derivation | Refusal, *, data: Amount = "finite", closing: str = "") -> str:
    r"""The LaTeX body of a derivation or a refusal, as subsections without a preamble, for a larger document (see `preamble`).

    The remark that every page makes is left to that document; `closing` is LaTeX that stands before the last lines.
    """
    found = _checked(derivation)
    medium = latex_medium(found.model, data)
    return _filled(found, medium, latex_layout(medium), "tex", whole=False, closing=closing)


def display(
    lines: Sequence[Line], model: Model, to: str = "latex", *, data: Amount = "finite"
) -> str:
    """Equations as one display, ordered and broken as those of a derivation; `to` is latex, html, markdown or text."""
    if to not in _FORMS:
        raise one_of(to, _FORMS, "format")
    form = _FORMS[to]
    width = form.width if to == "latex" else min(form.width, SCREEN)  # else it is looked at
    text = form.layout(form.medium(model, data), width).display(*lines)
    return html_body(text) if to == "html" else text


def broken(e: sp.Expr, model: Model | None = None, *, data: Amount = "finite") -> list[str]:
    """LaTeX of an expression in lines that a screen has room for; later ones open with a sign."""
    printer = PaperPrinter(roles(model) if model else Roles(), data)
    return rows(e, printer, tex_width, SCREEN, SCREEN - INDENT)


def for_screen(derivation: Derivation | Refusal) -> str:
    """The Markdown of the page in HTML: that of a notebook, its lines broken for a screen."""
    found, form = _checked(derivation), _FORMS["html"]
    medium = form.medium(found.model, "finite")
    return _filled(found, medium, form.layout(medium, form.width), form.ending, whole=True)


def preamble() -> str:
    r"""The LaTeX preamble that `section` needs, from \documentclass to \begin{document}, the latter not included."""
    return bare("preamble.tex")


def bibtex() -> str:
    """The works that a page cites, as BibTeX."""
    return bare("references.bib")


def _checked(derivation: object) -> Derivation | Refusal:
    if not isinstance(derivation, (Derivation, Refusal)):
        raise InputError(f"only a derivation or a refusal can be rendered, not {shown(derivation)}")
    return derivation
