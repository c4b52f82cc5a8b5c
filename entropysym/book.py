"""The book of all theorems, from the installed package or from a checkout."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from entropysym.errors import InputError


def write_book(
    out: Path, *, numbers: bool = False, progress: Callable[[str], None] = lambda said: None
) -> Path:
    """Write the document of all theorems into a folder, and say where: a PDF where pdflatex is installed, otherwise LaTeX.

    With `numbers` every claim and its negative control are run, which takes minutes. `progress` is called with each stage. Raises `InputError` where the scripts are not
    installed, where the folder cannot be written, and with TeX's message where it stops.
    """
    return _theorems().book(Path(out), numbers=numbers, progress=progress)


def _theorems() -> ModuleType:
    """The scripts: `entropysym.theorems` of an installed package, `derivations` beside the package in a checkout."""
    try:
        return import_module("entropysym.theorems.build")
    except ModuleNotFoundError as missing:
        if not str(missing.name).startswith("entropysym.theorems"):
            raise
    root = Path(__file__).parent.parent
    if not (root / "derivations" / "build.py").is_file():
        raise InputError("the scripts of the theorems are neither installed nor beside the package")
    sys.path.append(str(root))
    try:
        return import_module("derivations.build")
    finally:
        sys.path.remove(str(root))
