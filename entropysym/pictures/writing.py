"""A drawn figure as a file of the kind that its name asks for; equal figures give equal bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from entropysym.errors import InputError, shown
from entropysym.files import write_whole

#: What a suffix needs so that no time of writing stands in the file.
_OPTIONS: dict[str, dict[str, Any]] = {
    ".png": {"dpi": 150},
    ".pdf": {"metadata": {"CreationDate": None}},
    ".svg": {"metadata": {"Date": None}},
}


def checked(path: str | Path) -> Path:
    """The path, if its suffix is one that can be written. Raises `InputError` for any other, before anything is drawn."""
    target = Path(path)
    if target.suffix not in _OPTIONS:
        raise InputError(
            f"path is {shown(str(path))}; let it end with {', '.join(_OPTIONS)}, which says what kind of file is written"
        )
    return target


def write(figure: Any, path: Path) -> Path:
    """Write a figure as PNG, PDF or SVG, the file whole; returns its path."""
    from matplotlib import rc_context

    stream = io.BytesIO()
    # Names inside of an SVG file are random without a salt.
    with rc_context({"svg.hashsalt": "entropysym"}):
        figure.savefig(stream, format=path.suffix[1:], **_OPTIONS[path.suffix])
    write_whole(path, stream.getvalue())
    return path
