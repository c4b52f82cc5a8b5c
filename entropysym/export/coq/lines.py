"""Lines of a printed file: comments, definitions and records, broken at a hundred characters."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from entropysym.export.coq.names import TAKEN

WIDTH = 100


@dataclass(frozen=True)
class Premise:
    """A named premise."""

    name: str
    said: str


def fresh(name: str, used: Iterable[str]) -> str:
    taken = {*used, *TAKEN}
    tries = (name, *(f"{name}{i}" for i in range(1, 99)))
    return next(n for n in tries if n not in taken)


def comment(words: str) -> str:
    lines = textwrap.wrap(words, WIDTH - 6, break_long_words=False)
    return "(* " + "\n   ".join(lines) + " *)"


def wrapped(words: str) -> str:
    return "\n".join(
        textwrap.wrap(
            words, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    )


def definition(name: str, body: str) -> str:
    line = f"Definition {name} : R := {body}."
    return (
        line
        if len(line) <= WIDTH
        else f"Definition {name} : R :=\n"
        + "\n".join(
            textwrap.wrap(
                body + ".",
                WIDTH,
                initial_indent="  ",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    )


def record(name: str, premises: list[Premise]) -> str:
    fields = ";\n".join(f"  {p.name} : {p.said}" for p in premises)
    return (
        f"Record {name} (p : parameters) : Prop := {{\n{fields} }}."
        if premises
        else f"Record {name} (p : parameters) : Prop := {{ }}."
    )
