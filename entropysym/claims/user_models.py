"""A researcher's own model, read from the Python file in which it was written down.

The file is code and is run as such. Whatever it raises is bad input, `SystemExit` and every other `BaseException` included: how a file ends
says nothing about its model. Only Ctrl-C at the keyboard is not the file's.
"""

from __future__ import annotations

import runpy
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from types import FunctionType
from typing import Any

from entropysym.errors import EntropysymError, InputError
from entropysym.language.records import Model

#: The number of characters of a file's own text that an error passes on.
_LONGEST = 500


def model_from_file(path: Path, name: str = "model") -> Model:
    """Run a Python file of the caller's own and return the `Model` that it binds to `name`.

    The file is the caller's own model, not a document from elsewhere (those are JSON and never run). Raises `InputError` with the file's
    own error and line, or if there is no such model in it; `KeyboardInterrupt` for Ctrl-C.
    """
    if not path.is_file():
        raise InputError(f"there is no file {str(path)!r}")
    with own_code(path):
        with _as_a_program(path), redirect_stdout(sys.stderr):  # standard output is for the answer
            found = runpy.run_path(str(path))
        # What is wrong with a value is said by printing it, which is the file's code as well.
        return _bound(found, path, name)


class _NoModel(Exception):
    """The file ran and binds no model."""


def _bound(found: dict[str, Any], path: Path, name: str) -> Model:
    if name not in found:
        models = sorted(k for k, v in found.items() if issubclass(type(v), Model))
        hint = f"; it has {', '.join(models)}" if models else ""
        raise _NoModel(f"{path} binds no {name!r}: end it with `{name} = writer.model(…)`{hint}")
    if issubclass(type(found[name]), (FunctionType, partial)):
        called = getattr(found[name], "__name__", name)
        called = called if called.isidentifier() else name
        raise _NoModel(f"{path}: {name} is a function, not a Model; write {name} = {called}()")
    if not issubclass(type(found[name]), Model):
        raise _NoModel(f"{path}: {name} is {_cut(repr(found[name]), 80)}, not a Model")
    return found[name]


@contextmanager
def own_code(path: Path) -> Iterator[None]:
    """Where code of the caller's own file runs: whatever it raises becomes an `InputError` that names the line.

    Ctrl-C stays a `KeyboardInterrupt`, also if the file swallows it; a `KeyboardInterrupt` that the file raises itself is bad input.
    """
    reason = None
    with _listening() as heard:
        try:
            yield
        except BaseException as error:
            reason = _reason(error, path)
    if heard:
        raise KeyboardInterrupt
    if reason is not None:
        raise InputError(reason)


@contextmanager
def _listening() -> Iterator[list[int]]:
    """Notes each Ctrl-C, and each SIGTERM if somebody listens to it, and passes it on to whoever listened before."""
    heard: list[int] = []

    def noting(before: Callable[[int, Any], Any]) -> Callable[[int, Any], None]:
        def note(number: int, frame: Any) -> None:
            heard.append(number)
            before(number, frame)

        return note

    listeners = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    with suppress(ValueError):  # not the main thread, to which no signal comes
        for number, before in listeners.items():
            if callable(before):
                signal.signal(number, noting(before))
    try:
        yield heard
    finally:
        with suppress(ValueError):
            for number, before in listeners.items():
                if callable(before):
                    signal.signal(number, before)


@contextmanager
def _as_a_program(path: Path) -> Iterator[None]:
    """What stands beside the file can be imported, as if Python had been started with it; a changed recursion limit does not stay."""
    folder, limit = str(path.parent.absolute()), sys.getrecursionlimit()
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        with suppress(ValueError):
            sys.path.remove(folder)


def _reason(error: BaseException, path: Path) -> str:
    """What was raised, and where, in one sentence. An error of the file's own need not be printable."""
    try:
        return _described(error, path)
    except BaseException:
        return f"{path}: it raised an error that cannot be printed"


def _described(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}, line {error.lineno}: {error.msg}"
    text = _cut(str(error), _LONGEST)
    if type(error) is _NoModel:
        return text
    where = f"{path}, line {_line(error, path)}"
    if isinstance(error, EntropysymError):
        return f"{where}: {text}"
    return f"{where}: {type(error).__name__}{': ' if text else ''}{text}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _line(error: BaseException, path: Path) -> int | str:
    """The line of the file at which the error arose."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return lines[-1] if lines and lines[-1] is not None else "?"
