"""Progress of long work: a bar on a terminal, a line per stage elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

#: Called with a task's name, how much is done, how much there is, and a short remark.
Progress = Callable[[str, float, float, str], None]


def silent(task: str, done: float, total: float, remark: str = "") -> None:
    """No progress shown."""


@contextmanager
def stages_on_terminal(stream: TextIO | None, what: str) -> Iterator[Callable[[str], None]]:
    """What is being done, with the present stage, as one line on a terminal that is gone in the end; silence elsewhere."""
    if stream is None or not stream.isatty():
        yield lambda stage: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(file=stream).status(Text(what)) as status:
        yield lambda stage: status.update(Text(f"{what}: {stage}"))


def _a_line_per_stage(stream: TextIO) -> Progress:
    """For logs: what begins is named once, and a stream that is gone costs the line only."""
    begun: set[str] = set()

    def show(task: str, done: float, total: float, remark: str = "") -> None:
        if task not in begun:
            begun.add(task)
            with suppress(OSError, ValueError):
                stream.write(f"{task} ...\n")  # at once: an interruption comes between two writes
                stream.flush()

    return show


@contextmanager
def on_terminal(stream: TextIO | None) -> Iterator[Progress]:
    """A progress bar per task on a terminal; elsewhere a line for each that begins."""
    if stream is None:
        yield silent
        return
    if not stream.isatty():
        yield _a_line_per_stage(stream)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import (
        Progress as Bars,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[remark]}"),
    )
    with Bars(*columns, console=Console(file=stream)) as bars:
        tasks: dict[str, object] = {}

        def show(task: str, done: float, total: float, remark: str = "") -> None:
            if task not in tasks:
                tasks[task] = bars.add_task(task, total=total, remark=remark)
            bars.update(tasks[task], completed=done, total=total, remark=remark)  # type: ignore[arg-type]

        yield show
