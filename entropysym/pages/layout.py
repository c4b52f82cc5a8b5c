"""Layouts: how displays of formulas are set in LaTeX, in Markdown and on a terminal, and the templates they stand in."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import jinja2
import sympy as sp

from entropysym.pages.breaking import rows, tex_width
from entropysym.pages.equations import Line
from entropysym.pages.medium import Medium, tex_text

COLUMNS = 100
#: Widths of a LaTeX page in em: a display, and (set small) a step beside the column of reasons.
PAGE, STEP, REASON = 46.5, 37.5, 9.0


@dataclass(frozen=True)
class Layout:
    """Ways to set lines, each returning finished text: a display, a numbered derivation, an argument with its reasons, short equations side by side."""

    display: Callable[..., str]
    numbered: Callable[[Sequence[Line]], str]
    argued: Callable[[Sequence[Line]], str]
    together: Callable[[Sequence[Line]], str]


def latex_layout(medium: Medium) -> Layout:
    """For a LaTeX file: `align`, one number and one reason for each step."""

    def display(*lines: Line) -> str:
        # A star keeps the rows of one line on one page.
        body = " \\\\\n".join(" \\\\*\n".join(line) for line in _aligned(lines, medium, PAGE))
        return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"

    def reasoned(lines: Sequence[Line], environment: str) -> str:
        out = []
        for line, (first, *more) in zip(lines, _aligned(lines, medium, STEP), strict=True):
            out += [
                rf"{first} && \reason{{{tex_text(line.reason)}}}",
                *(rf"{row} && \notag" for row in more),
            ]
        body = " \\\\\n".join(out)
        return f"{{\\small\n\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}}}"

    def numbered(lines: Sequence[Line]) -> str:
        return reasoned(lines, "align")

    def argued(lines: Sequence[Line]) -> str:
        return reasoned(lines, "align*")

    def together(lines: Sequence[Line]) -> str:
        body = " \\\\\n".join(_side_by_side(lines, medium, PAGE))
        return f"\\begin{{gather*}}\n{body}\n\\end{{gather*}}"

    return Layout(display, numbered, argued, together)


def markdown_layout(medium: Medium) -> Layout:
    r"""For a notebook: `$$\begin{aligned}`, which KaTeX and MathJax both know; steps are numbered in their reasons."""

    def display(*lines: Line) -> str:
        body = " \\\\\n".join(row for line in _aligned(lines, medium, PAGE) for row in line)
        return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"

    def numbered(lines: Sequence[Line]) -> str:
        return argued(
            [replace(line, reason=f"({k}) {line.reason}") for k, line in enumerate(lines, 1)]
        )

    def argued(lines: Sequence[Line]) -> str:
        out = []
        for line, (first, *more) in zip(lines, _aligned(lines, medium, PAGE), strict=True):
            out += [rf"{first} && \text{{{tex_text(line.reason)}}}", *more]
        body = " \\\\\n".join(out)
        return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"

    def together(lines: Sequence[Line]) -> str:
        body = " \\\\\n".join(_side_by_side(lines, medium, PAGE))
        return f"$$\n\\begin{{gathered}}\n{body}\n\\end{{gathered}}\n$$"

    return Layout(display, numbered, argued, together)


def _aligned(lines: Sequence[Line], medium: Medium, width: float) -> list[list[str]]:
    """The rows of each line, aligned at the relation signs; the widest left side takes its room from all of them."""
    sides = []
    for line in lines:
        left = "" if line.left is None else medium.printer.doprint(line.left)
        given = "" if line.given is None else medium.printer.doprint(line.given)
        relation = line.relation or r"\quad"
        sides.append((given, rf"\iff {left} {relation}") if given else (left, relation))
    free = width - max(tex_width(left) for left, _ in sides)
    out = []
    for line, (left, relation) in zip(lines, sides, strict=True):
        first, *more = rows(
            line.right, medium.printer, tex_width, free - tex_width(relation), free - 2
        )
        out.append([f"{left} &{relation} {first}", *(rf"&\quad {row}" for row in more)])
    return out


def _side_by_side(lines: Sequence[Line], medium: Medium, width: float) -> list[str]:
    """Equations in rows, as many to a row as fit; one that is too wide breaks at its addends."""
    equations: list[list[str]] = []
    for line in lines:
        text = medium.printer.doprint(sp.Eq(line.left, line.right, evaluate=False))
        if tex_width(text) > width:
            left = "" if line.left is None else medium.printer.doprint(line.left)
            first = width - tex_width(f"{left} =")
            start, *more = rows(line.right, medium.printer, tex_width, first, width - 2)
            equations.append([f"{left} = {start}", *more])
        elif equations and tex_width(f"{equations[-1][-1]}, \\qquad {text}") <= width:
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
            f"  ({number}) {line.reason}\n{set_line(line, '      ')}"
            for number, line in enumerate(lines, 1)
        )

    def argued(lines: Sequence[Line]) -> str:
        return "\n".join(_beside(set_line(line, "    "), f"({line.reason})") for line in lines)

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
    return (
        _environment()
        .get_template(template)
        .render(
            display=layout.display,
            numbered=layout.numbered,
            argued=layout.argued,
            together=layout.together,
            reason_width=REASON,
            **content,
        )
    )


def bare(template: str) -> str:
    """A template of this package that holds no formulas."""
    return _environment().get_template(template).render(reason_width=REASON)


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
