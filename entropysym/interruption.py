"""Ctrl-C and SIGTERM while the program runs: one exception, one line, one exit status, and nothing left behind.

Python alone raises `KeyboardInterrupt` wherever the main thread happens to be. Inside a destructor or a callback of the garbage collector (JAX
has one) it is printed and forgotten, and the program goes on; inside an import it may be taken for a missing package. And whoever ends the
interpreter while threads of JAX compute gets a segmentation fault. So here the exception is raised again if it was lost, not raised inside an
import, and the process leaves without the interpreter's shutdown.
"""

from __future__ import annotations

import os
import signal
import sys
import time

TYPE_CHECKING = False  # as in `typing`, which takes longer to load than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType
    from typing import Any, NoReturn

#: Signal -> exit status, as a shell would say it.
STATUS: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 143}

_AGAIN = 0.02  # seconds until it is tried again to raise the exception
_LONGEST_IMPORT = 10.0  # seconds; what a model's file imports may run for ever
_TWICE = 0.5  # seconds; what comes sooner is the same signal, sent to the process and to its group

_POSIX = (
    os.name == "posix"
)  # elsewhere there are no timers, and no second signal while JAX computes

_heard: list[tuple[int, float]] = []
_leaving: list[bool] = []
_begun: list[bool] = []
_unsaid = [True]
_files: dict[Path, bool] = {}
_folders: dict[Path, bool] = {}


def listen() -> None:
    """From now on the first signal raises `KeyboardInterrupt` in the main thread, and one that comes later ends the process at once.

    A signal that whoever started this process had it ignore stays ignored.
    """
    for number in STATUS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _first)
    sys.unraisablehook = _unraisable
    if _POSIX:
        signal.signal(signal.SIGALRM, _later)
        from threading import Thread

        ears, mouth = os.pipe()
        os.set_blocking(mouth, False)
        signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
        Thread(target=_watch, args=(ears,), daemon=True).start()


def heard() -> bool:
    """Whether a signal came, whatever became of its exception."""
    return bool(_heard)


def status() -> int:
    """The exit status of an interrupted program: 130, or 143 after SIGTERM."""
    return STATUS[_heard[0][0]] if _heard else STATUS[signal.SIGINT]


def say(line: str) -> None:
    """Print the one line about the interruption on stderr; a second one is not printed."""
    try:
        _unsaid.pop()  # by one thread only
        if sys.__stderr__ is not None:  # otherwise descriptor 2 may be a file of ours
            os.write(2, f"{' '.join(line.split())}\n".encode(errors="backslashreplace"))
    except (IndexError, OSError):
        return


def transient(path: Path) -> None:
    """A file that is about to be written and is to be gone, or have another name, when the program leaves."""
    _files[path] = True


def gone(path: Path) -> None:
    """That file is no more; it may go from the list."""
    _files.pop(path, None)


def made(folders: list[Path]) -> None:
    """Folders that this program makes for its results; they go if it leaves them empty. From now on there is something to keep."""
    _folders.update(dict.fromkeys(folders, True))
    _begun.append(True)


def leave(code: int) -> NoReturn:
    """End the process with this exit status, without the interpreter's shutdown; files that are `transient` go first, and empty folders that were `made`."""
    _leaving.append(True)
    _removed(list(_files), os.unlink)
    _removed(sorted(_folders, reverse=True), os.rmdir)  # the inner ones first
    os._exit(code)


def _removed(paths: list[Path], remove: Callable[[Path], None]) -> None:
    for path in paths:
        try:
            remove(path)
        except OSError:
            continue


def _first(number: int, frame: FrameType | None) -> None:
    _heard.append((number, time.monotonic()))
    if len(_heard) == 1 and not _leaving:
        _raise(frame)


def _later(number: int, frame: FrameType | None) -> None:
    if _heard and not _leaving:
        _raise(frame)


def _raise(frame: FrameType | None) -> None:
    if _imports(frame):
        if not _begun:
            _leave_at_once(_heard[0][0])
        if _POSIX and time.monotonic() - _heard[0][1] < _LONGEST_IMPORT:
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
            return
    raise KeyboardInterrupt


def _imports(frame: FrameType | None) -> bool:
    """Whether the main thread is inside an import."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _unraisable(lost: Any) -> None:
    """Raise an interruption again that arose where nobody can catch it; all else is printed as ever."""
    if _heard and _POSIX and issubclass(lost.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
    else:
        sys.__unraisablehook__(lost)


def _watch(ears: int) -> None:
    """Read the signals as they come, also while the main thread is inside compiled code and cannot; the second one is obeyed here."""
    came: list[tuple[int, float]] = []
    while True:
        number = os.read(ears, 1)[0]
        if number in STATUS:
            came.append((number, time.monotonic()))
            if came[-1][1] - came[0][1] > _TWICE:
                _leave_at_once(came[0][0])


def _leave_at_once(number: int) -> NoReturn:
    if os.isatty(2) and os.environ.get("TERM", "dumb") != "dumb":
        os.write(2, b"\r\x1b[K\x1b[?25h")  # a progress bar may have hidden the cursor
    say("interrupted")
    leave(STATUS[number])
