"""One HTML file that needs no network: the Markdown page with its formulas as MathML, which browsers draw themselves."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from unicodedata import lookup

from entropysym.pages.layout import bare

_DISPLAY = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.M | re.S)
#: A dollar that is followed by a blank, or a closing one by a digit, is money.
_INLINE = re.compile(r"(?<![\\$])\$(?!\s)([^$\n]+?)(?<![\\\s])\$(?!\d)")
_ENVIRONMENT = re.compile(r"\\begin\{(aligned|gathered)\}\n(.*)\n\\end\{\1\}\Z", re.S)
_TEXT = re.compile(r"\\text\{([^{}]*)\}")
#: A character that no text has stands for the k-th formula while Markdown is read.
_MARK = "\ue000{}\ue001"
_MARKED = re.compile(
    "(?P<before>(?:<p>)?)\ue000(?P<formula>\\d+)\ue001(?P<mark>[.,;:)]*)(?P<after>(?:</p>)?)"
)
#: What the converter reads otherwise than TeX does: operators, and the room around a logarithm and an equivalence.
_REWRITTEN = (
    (re.compile(r"\\(math(?:cal|bb|bf|rm))\s+(\w)"), r"\\\1{\2}"),
    (re.compile(r"\\iff(?![a-z])"), r"\\;\\iff\\;"),
    (re.compile(r"(?<=[^\[({\s])\s*\\operatorname"), r"\\,\\mathrm"),
    (re.compile(r"\\operatorname"), r"\\mathrm"),
    (re.compile(r"\\mid(?![a-z])"), r"\\,|\\,"),
    (re.compile(r"(?<=[^\[({\s])\s*\\log(?![a-z])"), r"\\,\\log"),
    (re.compile(r"\\log (?=[\w\\])"), r"\\log\\,"),
    (re.compile(r"\\log(?=\\(?!Big)[A-Z])"), r"\\log\\,"),
)
#: Matrices: browsers know bold letters as characters of their own.
_BOLD = re.compile(r"\\boldsymbol\{(\\?)([A-Za-z]+)\}")
#: What it writes otherwise than a browser needs it: capital Greek letters, which stand upright in TeX, sized braces, primes of indices, and the room behind a relation that opens a line.
_CORRECTED = (
    (re.compile(r"<mi>(&#x003(?:9[1-9A-F]|A[0-9]);)</mi>"), r'<mi mathvariant="normal">\1</mi>'),
    (re.compile(r">\\([{}])</mo>"), r">\1</mo>"),
    (
        re.compile(r"<msup><mi>([a-z])</mi><mi>(&#x0203[234];)</mi></msup>"),
        r'<mi>\1</mi><mo lspace="0" rspace="0">\2</mo>',
    ),
    (
        re.compile(r"\A(<math[^>]*><mrow>)<mo>&#x0003D;"),
        r'\1<mo lspace="0" rspace="0.28em">&#x0003D;',
    ),
)
#: A sized bracket that opens or closes, and a group.
_BRACKET = re.compile(r"\\[bB]igg?(?P<side>[lr])\\?.|(?<!\\)(?P<group>[{}])")


@lru_cache(maxsize=4096)
def mathml(tex: str, *, display: bool = False) -> str:
    """MathML of one formula in LaTeX, of a single row."""
    from latex2mathml.converter import convert  # here, since no other form needs it

    for written, read in _REWRITTEN:
        tex = written.sub(read, tex)
    tex = _grouped(_BOLD.sub(_bold, tex))
    # A display stands beside its relation sign, so it is laid out like one and placed like text.
    block = 'display="inline" displaystyle="true"'
    found = (
        convert(tex, display="block").replace('display="block"', block, 1)
        if display
        else convert(tex)
    )
    for written, read in _CORRECTED:
        found = written.sub(read, found)
    return found


def _bold(found: re.Match[str]) -> str:
    r"""The bold character of a letter; a capital Greek one stands upright, as in TeX. A longer name stays as it is."""
    greek, name = found[1], found[2]
    slanted = "" if greek and name[0].isupper() else "ITALIC "
    try:
        return lookup(
            f"MATHEMATICAL BOLD {slanted}{'CAPITAL' if name[0].isupper() else 'SMALL'} {name.upper()}"
        )
    except KeyError:
        return found[0]


def _grouped(tex: str) -> str:
    """Sized brackets with an exponent or a subscript as one group: a bracket that bears it alone is not drawn in its size."""
    open_: list[int | None] = []  # None for a group
    grouped: list[tuple[int, str]] = []
    for found in _BRACKET.finditer(tex):
        if found["side"] == "l" or found["group"] == "{":
            open_.append(found.start() if found["side"] else None)
        elif found["group"]:
            while open_ and open_.pop() is not None:  # what opened here closes in another line
                pass
        elif open_ and open_[-1] is not None:
            start = open_.pop()
            if start is not None and tex[found.end() : found.end() + 1] in ("^", "_"):
                grouped += [(start, "{"), (found.end(), "}")]
    for place, brace in sorted(grouped, reverse=True):
        tex = f"{tex[:place]}{brace}{tex[place:]}"
    return tex


def html_page(markdown: str, title: str) -> str:
    """A page in Markdown as a whole HTML document with the title."""
    return bare("page.html", title=html.escape(title), body=html_body(markdown))


def html_body(markdown: str) -> str:
    """Markdown as HTML, its formulas as MathML."""
    from markdown_it import MarkdownIt

    formulas: list[str] = []
    text = marked(markdown, formulas)
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return drawn(body, formulas)


def marked(markdown: str, formulas: list[str]) -> str:
    """Markdown with a mark in the place of each formula, whose MathML is put at the end of `formulas`."""

    def kept(found: str) -> str:
        formulas.append(found)
        return _MARK.format(len(formulas) - 1)

    text = _DISPLAY.sub(lambda m: kept(display(m[1])), markdown)
    return _INLINE.sub(lambda m: kept(mathml(m[1])), text)


def drawn(body: str, formulas: list[str]) -> str:
    """HTML with the formulas in the place of their marks."""
    return _MARKED.sub(lambda m: _put(m, formulas), body)


def _put(found: re.Match[str], formulas: list[str]) -> str:
    formula = formulas[int(found["formula"])]
    if formula.startswith("<div"):
        return formula  # a display is no paragraph
    if found["mark"]:  # a comma or a full stop does not begin a line
        formula = f'<span class="kept">{formula}{found["mark"]}</span>'
    return f"{found['before']}{formula}{found['after']}"


def display(tex: str) -> str:
    """A display as cells, so that lines align at their relation signs; the reason of a line stands beside it, and above it where a screen is narrow."""
    found = _ENVIRONMENT.match(tex)
    if not found:
        return f'<div class="gathered"><span>{mathml(tex, display=True)}</span></div>'
    rows = found[2].split(" \\\\\n")
    if found[1] == "gathered":
        return f'<div class="gathered">{"".join(map(_equation, _equations(rows)))}</div>'
    cells, flush = "", False
    for row in rows:
        left, _, rest = row.partition("&")
        stands_above = not left and not rest.startswith((r"\quad", r"\qquad"))
        flush = not left.strip() and (flush or stands_above)
        cells += _row(left, rest, flush=flush)
    return f'<div class="aligned">{cells}</div>'


def _equations(rows: Sequence[str]) -> list[list[str]]:
    """The equations that stand side by side, each in its rows: one that opens with a quad goes on with the equation before."""
    found: list[list[str]] = []
    for row in rows:
        if row.startswith(r"\quad") and found:
            found[-1].append(row)
        else:
            found += [[part.strip()] for part in row.split(r"\qquad")]
    return found


def _equation(rows: Sequence[str]) -> str:
    lines = [f"<span>{mathml(row, display=True)}</span>" for row in rows]
    return lines[0] if len(lines) == 1 else f'<span class="broken">{"".join(lines)}</span>'


def _row(left: str, rest: str, *, flush: bool) -> str:
    """A line in cells. A left side that stands alone above its right one, and what follows it, begins at the edge."""
    right, _, reason = rest.partition("&& ")
    cells = [f'<span class="reason">{_reason(reason.strip())}</span>']
    if not flush:
        cells += [f'<span class="left">{mathml(left, display=True) if left.strip() else ""}</span>']
    kind = "right flush" if flush else "right"
    cells += [f'<span class="{kind}">{mathml(right.strip(), display=True)}</span>']
    return "".join(cells)


def _reason(tex: str) -> str:
    r"""A reason, \text{words} and formulas in turn."""
    parts = _TEXT.split(tex)  # formulas at the even places
    return "".join(
        html.escape(part) if place % 2 else mathml(part.strip())
        for place, part in enumerate(parts)
        if part.strip()
    )
