"""Layouts: how displays of formulas are set in LaTeX, in Markdown and on a terminal, and the templates they stand in."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import jinja2
import sympy as sp

from entropysym.pages.breaking import rows, tex_width
from entropysym.pages.equations import Line
from entropysym.pages.medium import Medium, listed, tex_text

COLUMNS = 100
#: Widths of a LaTeX page in em: a display, and the column of reasons.
PAGE, REASON = 46.9, 9.0
#: What share of the widest left side others are about as wide as.
_ABOUT = 0.6
#: Below this width of a text, in em, reasons have no column of their own; what small type is to the text's; the room of a number of an equation, and of what stands before a row that goes on.
NARROW, SMALL, NUMBER, INDENT = 30.0, 0.92, 2.5, 2.0


@dataclass(frozen=True)
class Layout:
    """Ways to set lines, each returning finished text: a display, a numbered derivation, an argument with its reasons, short equations side by side."""

    display: Callable[..., str]
    numbered: Callable[[Sequence[Line]], str]
    argued: Callable[[Sequence[Line]], str]
    together: Callable[[Sequence[Line]], str]


def latex_layout(medium: Medium, width: float = PAGE) -> Layout:
    """For a LaTeX file whose text is `width` em wide: `align`, one number and one reason for each step.

    In a narrow column the reasons stand below the lines. No macro is used that the document would have to define.
    """
    narrow = width < NARROW

    def display(*lines: Line) -> str:
        size, broken = _sized(lines, medium, width)
        # A star keeps the rows of one line on one page.
        body = " \\\\\n".join(" \\\\*\n".join(line) for line in broken)
        text = f"\\begin{{align*}}\n{body}\n\\end{{align*}}"
        return f"{{{size}\n{text}}}" if size else text

    def reasoned(lines: Sequence[Line], environment: str) -> str:
        out, last = [], len(lines)
        number = NUMBER if environment == "align" else 0.0
        room = width - number if narrow else width - REASON
        # Small type is not counted on where a column of reasons stands beside the lines.
        size, broken = _sized(lines, medium, room, _SIZES[1:] if narrow else _BESIDE)
        for line, (first, *more) in zip(lines, broken, strict=True):
            said = "" if narrow else f" && {_reason(line, medium)}"
            out += [f"{first}{said}", *(rf"{row}{'' if narrow else ' &&'} \notag" for row in more)]
        body = " \\\\\n".join(out)
        set_ = f"{{{size}\n\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}}}"
        if not narrow:
            return set_
        each = (_words(line, medium) for line in lines)
        marks = range(1, last + 1) if environment == "align" else [""] * last
        below = "; ".join(f"({k}) {r}" if k else r for k, r in zip(marks, each, strict=True))
        return f"{set_}\n{{\\footnotesize {'Reasons' if environment == 'align' else 'Line by line'}: {below}.\\par}}"

    def numbered(lines: Sequence[Line]) -> str:
        return reasoned(lines, "align")

    def argued(lines: Sequence[Line]) -> str:
        return reasoned(lines, "align*")

    def together(lines: Sequence[Line]) -> str:
        body = " \\\\\n".join(_side_by_side(lines, medium, width))
        return f"\\begin{{gather*}}\n{body}\n\\end{{gather*}}"

    return Layout(display, numbered, argued, together)


#: Sizes of type, and the width of a letter as a share of that in the text: small letters are cut wider.
_SIZES = (("", 1.0), (r"\small", 0.92), (r"\footnotesize", 0.84), (r"\scriptsize", 0.79))


#: Beside a column of reasons, where the room was measured for small type.
_BESIDE = tuple((size, share / SMALL) for size, share in _SIZES[1:])


def _sized(
    lines: Sequence[Line], medium: Medium, width: float, sizes: Sequence[tuple[str, float]] = _SIZES
) -> tuple[str, list[list[str]]]:
    """The largest size of type at which every row fits, and the rows of each line."""
    found: list[list[str]] = []
    for size, share in sizes:
        found, widest = _aligned(lines, medium, width / share)
        if widest * share <= width:
            return size, found
    return sizes[-1][0], found


def _reason(line: Line, medium: Medium) -> str:
    return rf"\parbox[t]{{{REASON}em}}{{\raggedright\footnotesize {_words(line, medium)}\strut}}"


def _words(line: Line, medium: Medium) -> str:
    """A reason in a sentence."""
    said = medium.text(line.reason)
    return f"{said} {medium.list(line.about)}" if line.about else said


def markdown_layout(medium: Medium, width: float = PAGE) -> Layout:
    r"""For a notebook: `$$\begin{aligned}`, which KaTeX and MathJax both know; steps are numbered in their reasons."""

    def display(*lines: Line) -> str:
        body = " \\\\\n".join(row for line in _aligned(lines, medium, width)[0] for row in line)
        return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"

    def numbered(lines: Sequence[Line]) -> str:
        return argued(
            [replace(line, reason=f"({k}) {line.reason}") for k, line in enumerate(lines, 1)]
        )

    def argued(lines: Sequence[Line]) -> str:
        out = []
        for line, (first, *more) in zip(lines, _aligned(lines, medium, width)[0], strict=True):
            out += [rf"{first} && {_words_in_math(line, medium)}", *more]
        body = " \\\\\n".join(out)
        return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"

    def together(lines: Sequence[Line]) -> str:
        body = " \\\\\n".join(_side_by_side(lines, medium, width))
        return f"$$\n\\begin{{gathered}}\n{body}\n\\end{{gathered}}\n$$"

    return Layout(display, numbered, argued, together)


def _words_in_math(line: Line, medium: Medium) -> str:
    """A reason inside a display, where no dollar signs may stand."""
    about = [medium.printer.doprint(e) for e in line.about]
    said = tex_text(line.reason)
    if not about:
        return rf"\text{{{said}}}"
    return rf"\text{{{said} }}" + listed(about).replace(" and ", r"\text{ and }")


def _aligned(lines: Sequence[Line], medium: Medium, width: float) -> tuple[list[list[str]], float]:
    """The rows of each line, aligned at the relation signs, and the width of the widest; the widest left side takes its room from all of them.

    Where a row does not fit, the widest left side stands above its right one.
    """
    sides = []
    for line in lines:
        left = "" if line.left is None else medium.printer.doprint(line.left)
        given = "" if line.given is None else medium.printer.doprint(line.given)
        relation = line.relation or r"\quad"
        sides.append((given, rf"\iff {left} {relation}") if given else (left, relation))
    beside = {k: tex_width(left) for k, (left, _) in enumerate(sides) if left}
    while True:
        lead = max(beside.values(), default=0.0)
        found: list[list[str]] = []
        alone = False  # and so are the lines that go on without a left side
        for k, (line, (left, relation)) in enumerate(zip(lines, sides, strict=True)):
            alone = k not in beside if left else alone
            found.append(_rows_of(line, left, relation, medium, width - lead, alone=alone))
        widest = lead + max(tex_width(_behind_sign(row)) for rows_ in found for row in rows_)
        if widest <= width or lead <= INDENT:
            return found, widest
        # Those that are about as wide go with it: beside one of them the others would stand far from the edge.
        beside = {k: one for k, one in beside.items() if one < _ABOUT * lead}


def _behind_sign(row: str) -> str:
    """What stands in the second column."""
    return row.partition("&")[2]


def _rows_of(
    line: Line, left: str, relation: str, medium: Medium, room: float, *, alone: bool
) -> list[str]:
    """One line in rows no wider than `room` behind its left side, which stands above them if it is `alone`."""

    def broken(relation: str, indents: tuple[float, float]) -> list[str]:
        first, rest = (room - indent for indent in indents)
        return rows(line.right, medium.printer, tex_width, first - tex_width(relation), rest)

    if not alone:
        first, *more = broken(relation, (0.0, INDENT))
        return [f"{left} &{relation} {first}", *(rf"&\quad {row}" for row in more)]
    above = [f"&{left}"] if left else []
    first, *more = broken(relation, (INDENT, 2 * INDENT))
    if line.given is not None and tex_width(f"{relation} {first}") > room - INDENT:
        middle, _, relation = relation.rpartition(" ")
        above.append(rf"&\quad {middle}")
        first, *more = broken(relation, (INDENT, 2 * INDENT))
    return [*above, rf"&\quad {relation} {first}", *(rf"&\qquad {row}" for row in more)]


def _side_by_side(lines: Sequence[Line], medium: Medium, width: float) -> list[str]:
    """Equations in rows, as many to a row as fit; one that is too wide breaks at its addends, and its later rows open with a quad."""
    equations: list[list[str]] = []
    for line in lines:
        text = medium.printer.doprint(sp.Eq(line.left, line.right, evaluate=False))
        if tex_width(text) > width:
            left = "" if line.left is None else medium.printer.doprint(line.left)
            first = width - tex_width(f"{left} =")
            start, *more = rows(line.right, medium.printer, tex_width, first, width - INDENT)
            equations.append([f"{left} = {start}", *(rf"\quad {row}" for row in more)])
        elif (
            equations
            and len(equations[-1]) == 1
            and tex_width(f"{equations[-1][-1]}, \\qquad {text}") <= width
        ):
            equations[-1][-1] += rf", \qquad {text}"
        else:
            equations.append([text])
    for equation in equations[:-1]:
        equation[-1] += ","
    return [row for equation in equations for row in equation]


def plain_layout(medium: Medium) -> Layout:
    """For a terminal: formulas indented, at most 100 columns where their addends allow it."""

    def set_line(line: Line, indent: str) -> str:
        left = "" if line.left is None else f"{medium.printer.doprint(line.left)} "
        if line.given is not None:
            left = f"{medium.printer.doprint(line.given)}  ⟺  {left}"
        lead = f"{indent}{left}{line.relation} "
        hanging = indent + " " * 6
        first, *more = rows(
            line.right, medium.printer, len, COLUMNS - len(lead), COLUMNS - len(hanging)
        )
        return "\n".join([lead + first, *(hanging + row for row in more)])

    def display(*lines: Line) -> str:
        return "\n".join(set_line(line, "    ") for line in lines)

    def numbered(lines: Sequence[Line]) -> str:
        return "\n".join(
            f"  ({number}) {_words(line, medium)}\n{set_line(line, '      ')}"
            for number, line in enumerate(lines, 1)
        )

    def argued(lines: Sequence[Line]) -> str:
        return "\n".join(
            _beside(set_line(line, "    "), f"({_words(line, medium)})") for line in lines
        )

    return Layout(display, numbered, argued, lambda lines: display(*lines))


def _beside(text: str, reason: str) -> str:
    """A reason at the right edge, on a line of its own where there is no room."""
    last = text.rsplit("\n", 1)[-1]
    room = COLUMNS - len(last) - len(reason)
    return f"{text}{' ' * room}{reason}" if room >= 2 else f"{text}\n{reason:>{COLUMNS}}"


def wrapped(text: str, first: int = 0, rest: int = 0) -> str:
    """Words in at most 100 columns, indented by `first` and then `rest` blanks."""
    return textwrap.fill(
        text,
        COLUMNS,
        initial_indent=" " * first,
        subsequent_indent=" " * rest,
        break_on_hyphens=False,
        break_long_words=False,
    ).replace("\u00a0", " ")


def filled(template: str, layout: Layout, content: Mapping[str, object]) -> str:
    """A template of this package, filled. A name that the template asks for and nobody gives is an error."""
    text = (
        _environment()
        .get_template(template)
        .render(
            display=layout.display,
            numbered=layout.numbered,
            argued=layout.argued,
            together=layout.together,
            **content,
        )
    )
    return re.sub(r"\n{3,}", "\n\n", text).lstrip("\n")


def bare(template: str, **content: str) -> str:
    """A template of this package without formulas of its own."""
    return _environment().get_template(template).render(**content)


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__name__.rpartition(".")[0]),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # every text is escaped by its medium
        keep_trailing_newline=True,
    )
    environment.filters["wrapped"] = wrapped
    return environment
