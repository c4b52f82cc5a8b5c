"""Docstrings as Markdown: doctests become blocks of code, and formulas marks, as on the other pages."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import griffe

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from docs.site.formulas import marked

#: A doctest: from a prompt to the next empty line.
_DOCTEST = re.compile(r"^>>> .*?(?=\n\s*\n|\Z)", re.M | re.S)


class Docstrings(griffe.Extension):
    """Changes every docstring that is read."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(docstring: str) -> str:
    """A docstring with its doctests in fences and its formulas marked."""
    return marked(_DOCTEST.sub(lambda m: f"\n```pycon\n{m[0]}\n```", docstring))
