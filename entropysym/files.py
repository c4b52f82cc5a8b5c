"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path

from entropysym.errors import InputError
from entropysym.interruption import gone, made, transient


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file completely or not at all: write beside it, flush to disk, then replace.

    Raises `InputError` with the system's reason if the place cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    path = Path(os.path.realpath(path))  # a link keeps pointing at what it points at
    if path.exists() and not path.is_file():
        raise InputError(f"cannot write {str(path)!r}: it is no regular file; print to it instead")
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    # Named before it is there, so that whoever ends the program in between knows what to remove.
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    transient(temporary)
    try:
        with open(
            temporary, "xb", opener=partial(os.open, mode=0o666 if mode is None else mode)
        ) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(path)
    except BaseException as error:  # an interrupt leaves nothing behind either
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
        raise
    gone(temporary)


def folder(path: Path) -> Path:
    """The folder at `path`, made if it is missing; one that is still empty when the program ends is removed. Raises `InputError` if it cannot be made or written."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    made(missing)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InputError(f"cannot write into {str(path)!r}: {error.strerror or error}") from None
    return path
