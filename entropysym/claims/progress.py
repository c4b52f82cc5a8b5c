"""Progress of long work: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

#: Called with a task's name, how much is done, how much there is, and a short remark.
Progress = Callable[[str, float, float, str], None]


def silent(task: str, done: float, total: float, remark: str = "") -> None:
    """No progress shown."""


@contextmanager
def on_terminal(stream: TextIO) -> Iterator[Progress]:
    """A progress bar per task on a terminal; silence elsewhere."""
    if not stream.isatty():
        yield silent
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
