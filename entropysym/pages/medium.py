"""A medium: how formulas and free text are set in LaTeX, in Markdown and on a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.names import GREEK
from entropysym.language.records import Model
from entropysym.pages.latex import PaperPrinter
from entropysym.pages.marks import Amount
from entropysym.pages.order import roles
from entropysym.pages.own_notation import PAPERS, OwnNotation
from entropysym.pages.plain import PlainPrinter

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}",
    "–": "--", "—": "---", "…": r"\ldots{}", "’": "'", "‘": r"\textquoteleft{}", "“": "``", "”": "''",
    "²": r"\textsuperscript{2}", "·": r"$\cdot$", "×": r"$\times$", "≤": r"$\leq$", "≥": r"$\geq$", "≠": r"$\neq$",
    "−": r"$-$", "∞": r"$\infty$", "∇": r"$\nabla$", "→": r"$\to$",
}  # fmt: skip
_TEX |= {letter: rf"$\{name}$" for name, letter in GREEK.items()}
# What T1-encoded Latin Modern has without further packages.
_LATIN = re.compile(r"[ -~À-ÖØ-öø-ÿĀ-ćČ-đĘ-ěĞğĹĺĽľŁ-ńŇňŐ-ŕŘ-śŞ-ťŮ-űŸ-ž]\Z")


def tex_text(text: str) -> str:
    """Free text for LaTeX: every special character escaped, and what the fonts lack shown by its code point."""
    out = []
    for char in " ".join(text.split()):
        if char in _TEX:
            out.append(_TEX[char])
        elif _LATIN.match(char):
            out.append(char)
        else:
            out.append(rf"\texttt{{U+{ord(char):04X}}}")
    return "".join(out)


def markdown_text(text: str) -> str:
    """Free text for Markdown: punctuation that means something there is escaped, control characters are dropped."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|$~&])", r"\\\1", plain_text(text))


def plain_text(text: str) -> str:
    """Free text for a terminal: control characters, escape sequences among them, are dropped."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


@dataclass(frozen=True)
class Medium:
    """A printer for formulas, how a formula stands in a sentence, and how free text is escaped."""

    printer: PaperPrinter | PlainPrinter
    inline: Callable[[str], str]
    text: Callable[[str], str]
    dots: str

    def math(self, e: sp.Basic) -> str:
        """A formula inside a sentence."""
        return self.inline(self.printer.doprint(e))

    def list(self, formulas: Sequence[sp.Basic]) -> str:
        """Formulas in a sentence: a, b and c."""
        return listed([self.math(e) for e in formulas])

    def prose(self, text: str, model: Model) -> str:
        """Free text in which a declared name is set as the symbol it names; what could be a word, "a", "A" or "I", and the s of a genitive are none."""
        names = {p.name: p.symbol for p in model.parameters} | {
            w.name: sp.Symbol(w.name) for w in model.networks
        }
        parts = re.split(r"(?<!['’])\b(?![aAI]\b)([A-Za-z][A-Za-z0-9_]*)\b", text)
        spaced = []
        for part in parts:
            edge = (
                part[: len(part) - len(part.lstrip())],
                part[len(part.rstrip()) :] if part.strip() else "",
            )
            body = self.math(names[part]) if part in names else self.text(part)
            spaced.append(f"{' ' if edge[0] else ''}{body}{' ' if edge[1] else ''}")
        return "".join(spaced)


def listed(items: Sequence[str]) -> str:
    """a, b and c."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def latex_medium(model: Model, data: Amount, own: OwnNotation = PAPERS) -> Medium:
    """For a LaTeX file."""
    return Medium(PaperPrinter(roles(model), data, own), lambda t: f"${t}$", tex_text, r"\dots")


def markdown_medium(model: Model, data: Amount, own: OwnNotation = PAPERS) -> Medium:
    """For a notebook: the same formulas, Markdown's escapes."""
    return Medium(
        PaperPrinter(roles(model), data, own), lambda t: f"${t}$", markdown_text, r"\dots"
    )


def plain_medium(model: Model, data: Amount, own: OwnNotation = PAPERS) -> Medium:
    """For a terminal. Raises `InputError` for a notation of one's own, which is LaTeX."""
    if own != PAPERS:
        raise InputError("a notation of one's own is LaTeX; render to latex, markdown or html")
    # Hard blanks keep a formula on one line; `wrapped` makes them soft again.
    return Medium(
        PlainPrinter(roles(model), data), lambda t: t.replace(" ", "\u00a0"), plain_text, "…"
    )
