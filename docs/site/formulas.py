"""Formulas as MathML, which browsers draw themselves: marks stand for them while Markdown is read."""

from __future__ import annotations

import re

from entropysym.pages.html import display, mathml

#: What stands in code is no formula.
_CODE = re.compile(r"^(```|~~~).*?^\1\s*$|`[^`\n]+`|^(?: {4}|\t)[^\n]*$", re.M | re.S)
_DISPLAY = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.M | re.S)
_INLINE = re.compile(r"(?<![\\$])\$(?!\s)([^$\n]+?)(?<![\\\s])\$(?!\d)")
#: Stands for the k-th formula, or piece of code; no text has these characters.
_FORMULA, _KEPT = "\ue000{}\ue001", "\ue002{}\ue003"
_MARKED = re.compile("(?:<p>)?\ue000(\\d+)\ue001(?:</p>)?")
_MADE: list[str] = []


def marked(markdown: str) -> str:
    """The text with a mark in the place of each formula outside of code."""
    code: list[str] = []

    def keep(found: re.Match[str]) -> str:
        code.append(found[0])
        return _KEPT.format(len(code) - 1)

    text = _DISPLAY.sub(lambda m: _mark(display(m[1])), markdown)
    text = _INLINE.sub(lambda m: _mark(mathml(m[1])), _CODE.sub(keep, text))
    return re.sub("\ue002(\\d+)\ue003", lambda m: code[int(m[1])], text)


def _mark(formula: str) -> str:
    _MADE.append(formula)
    return _FORMULA.format(len(_MADE) - 1)


def drawn(html: str) -> str:
    """HTML with the formulas in the place of their marks; a display is no paragraph."""
    return _MARKED.sub(_put, html)


def _put(found: re.Match[str]) -> str:
    formula = _MADE[int(found[1])]
    if formula.startswith("<div") and found[0].startswith("<p>") and found[0].endswith("</p>"):
        return formula
    return found[0].replace(_FORMULA.format(found[1]), formula)
