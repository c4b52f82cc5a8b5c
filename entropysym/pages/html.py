"""One HTML file that needs no network: the Markdown page with its formulas as MathML, which browsers draw themselves."""

from __future__ import annotations

import html
import re
from functools import lru_cache

from entropysym.pages.layout import bare

_DISPLAY = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.M | re.S)
_INLINE = re.compile(r"(?<!\\)\$(.+?)(?<!\\)\$")
_ENVIRONMENT = re.compile(r"\\begin\{(aligned|gathered)\}\n(.*)\n\\end\{\1\}\Z", re.S)
#: How a row begins that goes on with the line above.
_GOES_ON = r"&\quad"
_TEXT = re.compile(r"\\text\{([^{}]*)\}")
#: A character that no text has stands for the k-th formula while Markdown is read.
_MARK = "\ue000{}\ue001"
_MARKED = re.compile("(?:<p>)?\ue000(\\d+)\ue001(?:</p>)?")
#: What the converter reads otherwise than TeX does: sized braces, operators, and the room around a logarithm.
_REWRITTEN = (
    (re.compile(r"\\(math(?:cal|bb|bf|rm))\s+(\w)"), r"\\\1{\2}"),
    (re.compile(r"\\[bB]igg?[lr]\\([{}])"), r"\\\1"),
    (re.compile(r"\\operatorname"), r"\\mathrm"),
    (re.compile(r"\\mid(?![a-z])"), r"\\,|\\,"),
    (re.compile(r"(?<=[^\[({\s])\s*\\log(?![a-z])"), r"\\,\\log"),
    (re.compile(r"\\log (?=[\w\\])"), r"\\log\\,"),
)


@lru_cache(maxsize=4096)
def mathml(tex: str, *, display: bool = False) -> str:
    """MathML of one formula in LaTeX, of a single row."""
    from latex2mathml.converter import convert  # here, since no other form needs it

    for written, read in _REWRITTEN:
        tex = written.sub(read, tex)
    # A display stands beside its relation sign, so it is laid out like one and placed like text.
    block = 'display="inline" displaystyle="true"'
    return (
        convert(tex, display="block").replace('display="block"', block, 1)
        if display
        else convert(tex)
    )


def html_page(markdown: str, title: str) -> str:
    """A page in Markdown as a whole HTML document with the title."""
    return bare("page.html", title=html.escape(title), body=html_body(markdown))


def html_body(markdown: str) -> str:
    """Markdown as HTML, its formulas as MathML."""
    from markdown_it import MarkdownIt

    formulas: list[str] = []

    def kept(found: str) -> str:
        formulas.append(found)
        return _MARK.format(len(formulas) - 1)

    text = _DISPLAY.sub(lambda m: kept(display(m[1])), markdown)
    text = _INLINE.sub(lambda m: kept(mathml(m[1])), text)
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return _MARKED.sub(lambda m: _put(m, formulas), body)


def _put(found: re.Match[str], formulas: list[str]) -> str:
    formula = formulas[int(found[1])]
    if formula.startswith("<div"):
        return formula  # a display is no paragraph
    return found[0].replace(_MARK.format(found[1]), formula)


def display(tex: str) -> str:
    """A display as cells, so that lines align at their relation signs and reasons move below where a screen is narrow."""
    found = _ENVIRONMENT.match(tex)
    if not found:
        return f'<div class="gathered"><span>{mathml(tex, display=True)}</span></div>'
    rows = found[2].split(" \\\\\n")
    if found[1] == "gathered":
        parts = (part.strip() for row in rows for part in row.split(r"\qquad"))
        cells = "".join(f"<span>{mathml(part, display=True)}</span>" for part in parts)
        return f'<div class="gathered">{cells}</div>'
    lines: list[list[str]] = []
    for row in rows:
        if lines and row.startswith(_GOES_ON):
            lines[-1].append(row.removeprefix("&"))
        else:
            lines.append([row])
    return f'<div class="aligned">{"".join(_line(*line) for line in lines)}</div>'


def _line(first: str, *more: str) -> str:
    """A line in three cells. What goes on below stands in the same cell, so that on a narrow screen the reason comes after it."""
    left, _, rest = first.partition("&")
    right, _, reason = rest.partition("&& ")
    below = (f'<span class="more">{mathml(row.strip(), display=True)}</span>' for row in more)
    cells = [
        f'<span class="left">{mathml(left, display=True) if left.strip() else ""}</span>',
        f'<span class="right">{mathml(right.strip(), display=True)}{"".join(below)}</span>',
        f'<span class="reason">{_reason(reason.strip())}</span>',
    ]
    return "".join(cells)


def _reason(tex: str) -> str:
    r"""A reason, \text{words} and formulas in turn."""
    parts = _TEXT.split(tex)  # formulas at the even places
    return "".join(
        html.escape(part) if place % 2 else mathml(part.strip())
        for place, part in enumerate(parts)
        if part.strip()
    )
