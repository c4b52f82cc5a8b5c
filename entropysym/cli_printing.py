"""How the command line prints a derivation: the options, and what they ask for together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from entropysym.errors import InputError


class Form(StrEnum):
    """What `derive` can print."""

    text = "text"
    latex = "latex"
    html = "html"
    pdf = "pdf"
    markdown = "markdown"
    json = "json"
    coq = "coq"


class Part(StrEnum):
    """A piece of a page."""

    model = "model"
    theorem = "theorem"
    derivation = "derivation"
    closed_form = "closed form"
    conditions = "conditions"
    gap = "gap"


#: Options of the commands that print a derivation.
ToForm = Annotated[Form, typer.Option(help="The form to print.")]
OutFile = Annotated[Path | None, typer.Option(help="Write to this file instead.", metavar="FILE")]
OnePart = Annotated[Part | None, typer.Option(help="This part alone, without preamble and title.")]
Fragment = Annotated[
    bool,
    typer.Option(
        "--fragment", help="The whole without preamble and title, for a document of your own."
    ),
]
OwnNotation = Annotated[
    list[str] | None,
    typer.Option(
        help=r"A profile (papers, textbook, statistics), or a name and its LaTeX: sigma2=\sigma_x^2. May be repeated.",
        metavar="NAME|NAME=LATEX",
    ),
]
Macros = Annotated[
    bool,
    typer.Option(
        "--macros", help="Of a fragment in LaTeX: \\newcommands for the signs of the theory."
    ),
]
Width = Annotated[
    float | None,
    typer.Option(
        help="Of LaTeX: the width of the text in em; 23 for one of two columns.", metavar="EM"
    ),
]
Bib = Annotated[
    bool, typer.Option("--bib", help="Print the works that are cited as BibTeX instead.")
]
Open = Annotated[
    bool, typer.Option("--open", help="Show the page in the browser or viewer (html, pdf).")
]


@dataclass(frozen=True)
class Wish:
    """How a derivation is to be printed, as the options say."""

    to: Form
    part: Part | None
    fragment: bool
    notation: list[str] | None
    macros: bool
    width: float | None
    bib: bool
    out: Path | None
    show: bool
    as_json: bool

    def own_notation(self) -> dict[str, str] | None:
        """`NAME=LATEX` as a mapping, and a name alone as a profile."""
        if not self.notation:
            return None
        pairs = (given.partition("=") for given in self.notation)
        return {name if sign else "profile": text if sign else name for name, sign, text in pairs}

    def check(self) -> None:
        """Raises `InputError` for wishes that contradict each other, before anything is derived."""
        if self.to is Form.pdf and (self.part or self.fragment):
            raise InputError(
                "a fragment is no document that could be a PDF; print it with --to latex"
            )
        if self.to is Form.pdf and self.out is None and not self.show:
            raise InputError("a PDF is no text; pass --out FILE.pdf or --open")
        if self.show and self.to not in (Form.html, Form.pdf):
            raise InputError(
                f"--open shows a page; pass --to html or --to pdf, not {self.to.value}"
            )

    def written(self, text: str | bytes, name: str) -> Path | None:
        """The file that was written, if one was asked for, and shown if that was."""
        out = self.out
        if out is None and self.show:
            import tempfile

            out = (
                Path(tempfile.mkdtemp(prefix="entropysym-"))
                / f"{name}.{'v' if self.to is Form.coq else self.to.value}"
            )
        if out is not None:
            from entropysym.files import write_whole

            write_whole(out, text)
        if out is not None and self.show:
            typer.launch(str(out))
        return out
