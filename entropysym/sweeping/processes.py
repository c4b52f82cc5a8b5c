"""Units carried out by an executor: dead workers are tried again, Ctrl-C loses nothing that is done, and a pool of spawned processes of our own.

A unit that raises an error raises it at home, since it would raise it everywhere. What else a future brings (a pool that broke, a worker that was
killed) is the executor's: the unit is tried again, `TRIES` times in all, and named if it never came back.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from concurrent.futures.process import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any

from entropysym.errors import EntropysymError, InputError, shown

#: How often a unit is tried. A pool that breaks takes all with it that is in flight, so a unit may be there without guilt.
TRIES = 8

#: How many units an executor of the caller's own holds at a time, and how many each worker of ours: one at work, one waiting.
_WINDOW, _EACH = 4096, 2

#: What glibc calls M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, and sizes beyond all arrays of a unit; glibc before 2.35 takes none above the second.
_MAPPED, _TRIMMED, _SIZES = -3, -1, (2**30, 2**25)

#: One thread for each worker; the flags are those of XLA, NPROC is the size of its pool of threads.
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",
}
_XLA_FLAGS = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def here() -> tuple[str, int]:
    """This machine and process."""
    return socket.gethostname(), os.getpid()


def one_thread() -> None:
    """Keep a worker to one thread, on the CPU: to be called in its process before JAX computes anything; later it changes nothing."""
    for name, value in _ONE_THREAD.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_cpu_multi_thread_eigen" not in flags:
        os.environ["XLA_FLAGS"] = f"{flags} {_XLA_FLAGS}".strip()


def keep_memory() -> bool:
    """Ask glibc to keep what is freed, so that arrays are not mapped afresh each time; whether it does.

    Dask tells its workers to give all back at once, which takes two fifths of a unit's time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return False
    return all(any(mallopt(what, size) for size in _SIZES) for what in (_MAPPED, _TRIMMED))


def see_to_worker(home: tuple[str, int]) -> None:
    """In a process that is not the one that asks, whoever began it: one thread, and memory that is kept."""
    if here() != home:
        one_thread()
        keep_memory()


def _begin_worker() -> None:
    """In a process of our own pool: one thread, deaf to Ctrl-C, which is for the process that asks, and gone when that one is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    one_thread()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_after, args=(parent.sentinel,), daemon=True).start()


def _leave_after(sentinel: Any) -> None:
    connection.wait([sentinel])
    os._exit(1)


def pool(workers: int) -> ProcessPoolExecutor:
    """Spawned processes, since JAX hangs in forked ones."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=spawn, initializer=_begin_worker)


def cores() -> int:
    """The cores that this process may use."""
    with suppress(AttributeError):  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class _Raised:
    """An error of the unit's own, in words: not every exception survives being sent."""

    kind: str
    text: str
    foreseen: bool


def _attempt(call: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return call(*arguments)
    except Exception as error:
        return _Raised(type(error).__name__, str(error), isinstance(error, EntropysymError))


def carried_out(
    call: Callable[..., Any],
    tasks: Mapping[str, tuple[Any, ...]],
    keep: Callable[[str, Any], None],
    *,
    on: Executor | None = None,
    workers: int | None = None,
) -> dict[str, str]:
    """Call `call(*arguments)` for each task by its name, in any order, and `keep(name, result)` at home as results come.

    Returns the tasks that were lost, with what ended them. Raises `InputError` for one that a task raised, `RuntimeError` for any other of its
    errors, and `KeyboardInterrupt` after what is done has been kept.
    """
    if on is not None and not callable(getattr(on, "submit", None)):
        raise InputError(f"on is {shown(on)}; pass an executor, which has submit, or None")
    return _Work(call, tasks, keep, on, workers or cores()).done()


class _Work:
    """Tasks that wait, are in flight, or are lost."""

    def __init__(
        self,
        call: Callable[..., Any],
        tasks: Mapping[str, tuple[Any, ...]],
        keep: Callable[[str, Any], None],
        on: Executor | None,
        workers: int,
    ) -> None:
        self.call, self.tasks, self.keep, self.given, self.workers = call, tasks, keep, on, workers
        self.waiting = deque(tasks)
        self.flying: dict[Future[Any], str] = {}
        self.tries: Counter[str] = Counter()
        self.lost: dict[str, str] = {}
        self.window = _EACH * workers if on is None else _WINDOW
        self.on: Executor | None = on

    def done(self) -> dict[str, str]:
        """Carry all out."""
        whole = False
        try:
            while self.waiting or self.flying:
                self._send()
                for future in wait(self.flying, return_when=FIRST_COMPLETED).done:
                    self._take(future)
            whole = True
        finally:
            if not whole:
                self._leave()
            if self.given is None and self.on is not None:
                self.on.shutdown(wait=whole, cancel_futures=True)
        return self.lost

    def _send(self) -> None:
        while self.waiting and len(self.flying) < self.window:
            name = self.waiting.popleft()
            try:
                if self.on is None:
                    self.on = pool(min(self.workers, len(self.tasks)))
                with _deaf() if self.given is None else nullcontext():
                    future = self.on.submit(_attempt, self.call, self.tasks[name])
            except BrokenExecutor as error:
                self._again(name, error)
                self._renew()
                return
            self.flying[future] = name

    def _take(self, future: Future[Any]) -> None:
        name = self.flying.pop(future, None)
        if name is None:
            return
        try:
            result = future.result()
        except Exception as error:  # what the executor says, not the unit
            self._again(name, error)
            if isinstance(error, BrokenExecutor):
                self._renew()
            return
        if isinstance(result, _Raised):
            if result.foreseen:
                raise InputError(result.text)
            raise RuntimeError(f"the unit {name} raised {result.kind}: {result.text}")
        self.keep(name, result)

    def _again(self, name: str, error: BaseException) -> None:
        """Put a task back, unless it was tried often enough or there is nobody left to carry it out."""
        self.tries[name] += 1
        gone = isinstance(error, BrokenExecutor) and self.given is not None
        if gone or self.tries[name] >= TRIES:
            reason = str(error) or type(error).__name__
            tried = "" if gone else f"tried {TRIES} times: "
            self.lost[name] = f"{tried}{type(error).__name__}: {reason.splitlines()[0]}"
        else:
            self.waiting.append(name)

    def _renew(self) -> None:
        """After a pool broke: what was in flight waits again, for a new pool; an executor of the caller's own is not ours to make anew."""
        broken = BrokenExecutor("a worker of the pool died")
        for future, name in list(self.flying.items()):
            del self.flying[future]
            if future.done() and not future.cancelled() and future.exception() is None:
                self.flying[future] = name  # it was done before
            else:
                self._again(name, broken)
        if self.given is not None:
            for name in self.waiting:
                self.lost[name] = "the executor broke before it was sent"
            self.waiting.clear()
        elif self.on is not None:
            self.on.shutdown(wait=False, cancel_futures=True)
            self.on = None

    def _leave(self) -> None:
        """Keep what is done, call off what has not begun."""
        for future in list(self.flying):
            if future.done() and not future.cancelled() and future.exception() is None:
                with suppress(InputError, RuntimeError):
                    self._take(future)
            else:
                future.cancel()


@contextmanager
def _deaf() -> Iterator[None]:
    """What is started meanwhile never hears Ctrl-C, not even before it listens; this process hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
