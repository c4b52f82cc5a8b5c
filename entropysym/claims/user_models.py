"""A researcher's own model, read from the Python file in which it was written down."""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from entropysym.errors import EntropysymError, InputError, shown
from entropysym.language.records import Model


def model_from_file(path: Path, name: str = "model") -> Model:
    """Run a Python file of the caller's own and return the `Model` that it binds to `name`.

    The file is code and is run as such: it is the caller's own model, not a document from elsewhere (those are JSON and never run).
    Raises `InputError` with the file's own error and line, or if there is no such model in it.
    """
    if not path.is_file():
        raise InputError(f"there is no file {str(path)!r}")
    try:
        with _beside(path), redirect_stdout(sys.stderr):  # standard output is for the answer
            found = runpy.run_path(str(path))
    except EntropysymError as error:
        raise InputError(f"{path}, line {_line(error, path)}: {error}") from None
    except SyntaxError as error:
        raise InputError(f"{path}, line {error.lineno}: {error.msg}") from None
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{path}, line {_line(error, path)}: {type(error).__name__}: {error}"
        ) from None
    if name not in found:
        models = sorted(k for k, v in found.items() if isinstance(v, Model))
        hint = f"; it has {', '.join(models)}" if models else ""
        raise InputError(f"{path} binds no {name!r}: end it with `{name} = writer.model(…)`{hint}")
    if not isinstance(found[name], Model):
        raise InputError(f"{path}: {name} is {shown(found[name])}, not a Model")
    return found[name]


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    """What stands beside the file can be imported, as if Python had been started with it."""
    sys.path.insert(0, str(path.parent.absolute()))
    try:
        yield
    finally:
        sys.path.remove(str(path.parent.absolute()))


def _line(error: BaseException, path: Path) -> int | str:
    """The line of the file at which the error arose."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return lines[-1] if lines and lines[-1] is not None else "?"
