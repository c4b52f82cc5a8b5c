"""What is said of a result, before it is set in HTML, Markdown, LaTeX or text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: A row of a table: texts, the first of which names it.
Row = tuple[str, ...]


@dataclass(frozen=True)
class Formulas:
    """Lines of a display (`entropysym.pages.Line`) over the symbols of a model, and the words before them."""

    words: str
    lines: tuple[Any, ...]
    model: Any


@dataclass(frozen=True)
class Body:
    """What stands below the title: formulas, then a table, then sentences. `head` names the columns where there are more than two."""

    formulas: tuple[Formulas, ...] = ()
    rows: tuple[Row, ...] = ()
    head: Row = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """A title in two parts, what the thing is and what it says, at hand without computing; and the body, worked out where it is set."""

    kind: str
    says: str
    body: Callable[[], Body] = Body


def number(value: Any) -> str:
    """A number, a truth value or a text as a cell."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def nats(value: Any) -> str:
    """A signed number of nats in a title."""
    return f"{float(value):+.3g} nat"


def named(values: Any) -> str:
    """A mapping from names to numbers as a cell."""
    return ", ".join(f"{name} {number(value)}" for name, value in dict(values).items())
