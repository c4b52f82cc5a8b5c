"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from entropysym.errors import InputError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file completely or not at all: write beside it, flush to disk, then replace.

    Raises `InputError` with the system's reason if the place cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    path = Path(os.path.realpath(path))  # a link keeps pointing at what it points at
    if path.exists() and not path.is_file():
        raise InputError(f"cannot write {str(path)!r}: it is no regular file; print to it instead")
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException as error:  # an interrupt leaves nothing behind either
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
        raise


def folder(path: Path) -> Path:
    """The folder at `path`, made if it is missing. Raises `InputError` if it cannot be made or written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InputError(f"cannot write into {str(path)!r}: {error.strerror or error}") from None
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
