"""Formulas of the site's pages as MathML, which browsers draw themselves; what stands in code is none."""

from __future__ import annotations

import re

from entropysym.pages import html

_CODE = re.compile(r"^(```|~~~).*?^\1\s*$|`[^`\n]+`|^(?: {4}|\t)[^\n]*$", re.M | re.S)
#: Stands for the k-th piece of code; no text has these characters.
_KEPT = "\ue002{}\ue003"
#: The formulas of all pages, and of the docstrings that are read while a page is.
_MADE: list[str] = []


def marked(markdown: str) -> str:
    """The text with a mark in the place of each formula outside of code."""
    code: list[str] = []

    def keep(found: re.Match[str]) -> str:
        code.append(found[0])
        return _KEPT.format(len(code) - 1)

    text = html.marked(_CODE.sub(keep, markdown), _MADE)
    return re.sub("\ue002(\\d+)\ue003", lambda m: code[int(m[1])], text)


def drawn(page: str) -> str:
    """HTML with the formulas in the place of their marks."""
    return html.drawn(page, _MADE)
