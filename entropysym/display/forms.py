r"""The forms: what is said of a result as HTML, Markdown, LaTeX and text.

HTML has its formulas in Unicode with subscripts: it is read where nothing sets TeX, in a notebook that is not trusted, and without a network. In Markdown and LaTeX they are
those of the page, for KaTeX, MathJax and TeX alike; tables are arrays in LaTeX, since MathJax knows no other.
"""

from __future__ import annotations

import html as escaping
import re
from collections.abc import Sequence
from typing import Any

from entropysym.display.said import Body, Formulas, Row, Said
from entropysym.display.table import said_of
from entropysym.pages import display, plain, tex_text
from entropysym.pages.layout import wrapped
from entropysym.pages.medium import markdown_text, plain_text

#: A subscript of `entropysym.pages.plain`: letters, digits and primes, with commas between them.
_BELOW = re.compile(r"_([A-Za-z0-9'α-ωΑ-Ω]+(?:,[A-Za-z0-9'α-ωΑ-Ω]+)*)")
#: Signs of a title that TeX's text has not.
_SIGNS = {"ℰ": r"$\mathcal{E}$", "Δ*": r"$\Delta_{\ast}$"}


def text(result: object) -> str:
    """A page of plain text of at most 100 columns. Raises `InputError` for what shows nothing, as all of them do."""
    said, body = _worked_out(result)
    parts = [wrapped(plain_text(_title(said.kind, said.says)), 0, 2)]
    for one in body.formulas:
        parts.append(f"{plain_text(one.words)}\n\n{display(one.lines, one.model, 'text')}")
    rows = [tuple(plain_text(cell) for cell in row) for row in _table(body.head, body.rows)]
    if rows:
        parts.append(_columns(rows))
    parts += [wrapped(plain_text(note)) for note in body.notes]
    return "\n\n".join(parts) + "\n"


def _worked_out(result: object) -> tuple[Said, Body]:
    """The body, and then the title, which may tell what has been worked out."""
    body = said_of(result).body()
    return said_of(result), body


def _title(kind: str, says: str) -> str:
    return f"{kind}: {says}" if says else kind


def _table(head: Row, rows: Sequence[Row]) -> list[Row]:
    return [*((head,) if head else ()), *rows]


def _columns(rows: Sequence[Row]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    lines = []
    for *cells, last in rows:
        lead = "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))
        indent = sum(widths) + 2 * len(widths)
        lines.append(lead + wrapped(last, indent, indent).lstrip())
    return "\n".join(line.rstrip() for line in lines)


def markdown(result: object) -> str:
    """Markdown for a notebook, with formulas between double dollars and tables of pipes."""
    said, body = _worked_out(result)
    parts = [_bold(markdown_text(said.kind), markdown_text(said.says))]
    for one in body.formulas:
        parts.append(f"{markdown_text(one.words)}\n\n{display(one.lines, one.model, 'markdown')}")
    if body.rows:
        width = len(body.rows[0])
        rows = [body.head or ("",) * width, ("---",) * width, *body.rows]
        cells = ([c if c == "---" else markdown_text(c) for c in row] for row in rows)
        parts.append("\n".join(f"| {' | '.join(row)} |" for row in cells))
    parts += map(markdown_text, body.notes)
    return "\n\n".join(parts) + "\n"


def _bold(kind: str, says: str) -> str:
    return f"**{kind}**: {says}" if says else f"**{kind}**"


def latex(result: object) -> str:
    r"""LaTeX that MathJax and a document with amsmath both set: words, `align*`, and tables as arrays of `\text`."""
    said, body = _worked_out(result)
    parts = [_tex(_title(said.kind, said.says))]
    for one in body.formulas:
        parts.append(f"{_tex(one.words)}\n{display(one.lines, one.model, 'latex')}")
    rows = _table(body.head, body.rows)
    if rows:
        lines = (" & ".join(rf"\text{{{_tex(cell)}}}" for cell in row) for row in rows)
        inner = " \\\\\n".join(lines)
        columns = "l" * len(rows[0])
        parts.append(f"$$\n\\begin{{array}}{{{columns}}}\n{inner}\n\\end{{array}}\n$$")
    parts += map(_tex, body.notes)
    return "\n\n".join(parts) + "\n"


def _tex(text: str) -> str:
    found = tex_text(text)
    for sign, tex in _SIGNS.items():
        found = found.replace(tex_text(sign), tex)
    return found


def html(result: object) -> str:
    """A `div` without scripts, styles from elsewhere or TeX."""
    said, body = _worked_out(result)
    says = f": {escaping.escape(said.says)}" if said.says else ""
    parts = [f"<p><b>{escaping.escape(said.kind)}</b>{says}</p>"]
    for one in body.formulas:
        parts.append(f"<p>{escaping.escape(one.words)}</p>")
        parts.append(_html_display(one))
    if body.rows:
        head = _html_row(body.head, "th") if body.head else ""
        cells = "".join(_html_row(row) for row in body.rows)
        parts.append(f"<table>{head}{cells}</table>")
    parts += [f"<p>{escaping.escape(note)}</p>" for note in body.notes]
    return f'<div class="entropysym">{"".join(parts)}</div>'


def _html_row(row: Row, tag: str = "td") -> str:
    first, *rest = (escaping.escape(cell) for cell in row)
    cells = "".join(f'<{tag} style="text-align:left">{cell}</{tag}>' for cell in rest)
    return f'<tr><th style="text-align:left">{first}</th>{cells}</tr>'


def _html_display(one: Formulas) -> str:
    """Each line of a display in a block of its own, which breaks where the window ends."""
    blocks = (
        f'<div style="margin-left:2em;padding-left:2em;text-indent:-2em">{_html_line(line, one.model)}</div>'
        for line in one.lines
    )
    return "".join(blocks)


def _html_line(line: Any, model: Any) -> str:
    given = "" if line.given is None else f"{unicode_html(line.given, model)} ⟺ "
    left = "" if line.left is None else f"{unicode_html(line.left, model)} "
    return f"{given}{left}{line.relation} {unicode_html(line.right, model)}"


def unicode_html(expression: Any, model: Any = None, data: Any = "finite") -> str:
    """An expression in HTML: the line of `entropysym.pages.plain`, with its subscripts below."""
    text = escaping.escape(plain(expression, model, data=data), quote=False)
    return _BELOW.sub(r"<sub>\1</sub>", text)
