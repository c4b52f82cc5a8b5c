"""Copies of the checker in which the text of one rule is replaced by a careless variant."""

import ast
import importlib
import itertools
import sys
from functools import cache
from types import ModuleType

from .mutations import FOLDER, Mutated, trees

Change = tuple[str, str, str]  # a file of the checker, a text that it holds once, and another
NUMBERS = itertools.count()


@cache
def _trees() -> dict[str, ast.Module]:
    return trees()


def careless(*changes: Change) -> ModuleType:
    """The checker's package with these changes, imported under a name of its own."""
    texts: dict[str, str] = {}
    for file, old, new in changes:
        text = texts.get(file) or (FOLDER / file).read_text()
        if text.count(old) != 1:
            raise ValueError(f"{file} holds this {text.count(old)} times: {old}")
        texts[file] = text.replace(old, new)
    changed = {file: ast.parse(text) for file, text in texts.items()}
    package = f"careless_checker_{next(NUMBERS)}"
    finder = Mutated(package, _trees() | changed)
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module(package)
    finally:
        sys.meta_path.remove(finder)
