"""Tasks on executors: workers die, tasks raise, and our own processes are spawned, deaf to Ctrl-C and of one thread."""

import os
import platform
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from entropysym.errors import InputError
from entropysym.sweeping.processes import TRIES, carried_out, pool
from tests.sweeping import executors
from tests.sweeping.executors import Dying, Shuffled


def results(call, tasks, **how):
    kept = {}
    lost = carried_out(call, tasks, lambda name, result: kept.update({name: result}), **how)
    return kept, lost


NUMBERS = {str(k): (k,) for k in range(7)}
SQUARES = {str(k): k**2 for k in range(7)}


@pytest.mark.some(1)
@pytest.mark.parametrize(
    "on", [Shuffled(0), Dying(), Dying(times=TRIES - 1), None], ids=["any order", "well", "dying", "ours"]
)  # fmt: skip
def test_every_task_is_carried_out(on):
    assert results(executors.squared, NUMBERS, on=on, workers=2) == (SQUARES, {})


def test_a_task_that_never_comes_back_is_named():
    kept, lost = results(executors.squared, NUMBERS, on=Dying(always=("3",)))
    assert kept.keys() | lost.keys() == NUMBERS.keys()
    assert lost == {"3": f"tried {TRIES} times: OSError: the worker was killed"}


@pytest.mark.slow
def test_a_worker_of_ours_that_is_killed_is_replaced(tmp_path):
    tasks = {str(k): (k, tmp_path) for k in range(5)}
    kept, lost = results(executors.killed_once, tasks, workers=1)
    assert kept == {str(k): k**2 for k in range(5)}
    assert not lost


@pytest.mark.slow
def test_a_task_that_kills_every_worker_of_ours_is_named(tmp_path):
    tasks = {str(k): (k, tmp_path) for k in (1, 3)}
    kept, lost = results(executors.killed, tasks, workers=1)
    assert "BrokenProcessPool" in lost["3"] or "BrokenExecutor" in lost["3"]
    assert kept.keys() | lost.keys() == {"1", "3"}


@pytest.mark.slow
def test_a_pool_of_the_callers_that_breaks_is_not_ours_to_mend(tmp_path):
    import multiprocessing

    tasks = {str(k): (k, tmp_path) for k in (3, 4, 5)}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as broken:
        kept, lost = results(executors.killed, tasks, on=broken)
    assert "3" in lost
    assert kept.keys() | lost.keys() == {"3", "4", "5"}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [None, 1], ids=["a thread", "our process"])
def test_an_error_of_the_tasks_own_is_raised_at_once(workers):
    on = ThreadPoolExecutor(1) if workers is None else None
    with pytest.raises(RuntimeError, match="the unit 1 raised ZeroDivisionError: at 1"):
        results(executors.raising, {"1": (1,)}, on=on, workers=workers)
    with pytest.raises(InputError, match="not 1"):
        results(executors.refusing, {"1": (1,)}, on=on, workers=workers)


@pytest.mark.slow
def test_workers_of_ours_have_one_thread_and_hear_no_ctrl_c(monkeypatch):
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    with pool(1) as ours:
        (threads, flags, platform), heard = ours.submit(executors.environment, 0).result()
    assert threads == "1"
    assert "--xla_cpu_multi_thread_eigen=false" in flags
    assert platform == "cpu"
    assert heard is signal.SIG_IGN


FAULTS = """
import resource, sys
import numpy as np
from entropysym.sweeping.processes import here, see_to_worker

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(2**17)  # 256 pages
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = faults()
see_to_worker(here())
at_home = faults()
see_to_worker(("elsewhere", 0))
print(first, at_home, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_a_worker_frees_it_keeps_even_where_its_environment_says_otherwise():
    told = dict(os.environ, MALLOC_TRIM_THRESHOLD_="65536")  # as Dask's nanny does
    told |= {"MALLOC_MMAP_THRESHOLD_": "65536"}
    done = subprocess.run([sys.executable, "-c", FAULTS], env=told, capture_output=True, check=True)
    first, at_home, kept = map(int, done.stdout.split())
    assert first > 50 * 200
    assert at_home > 50 * 200  # the process that asks is left alone
    assert kept < 2 * 256


ORPHANS = """
import os, sys
from entropysym.sweeping.processes import pool
if __name__ == "__main__":
    ours = pool(1)
    print(ours.submit(os.getpid).result(), flush=True)
    sys.stdin.read()
"""


def test_workers_of_ours_go_with_the_process_that_asks(tmp_path):
    (tmp_path / "asks.py").write_text(ORPHANS)
    asks = subprocess.Popen(
        [sys.executable, str(tmp_path / "asks.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    worker = int(asks.stdout.readline())
    asks.kill()
    asks.communicate()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("the worker is still there")


def test_what_is_done_is_kept_when_ctrl_c_comes():
    kept = []

    def keep(name, result):
        kept.append(name)
        if len(kept) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carried_out(executors.squared, NUMBERS, keep, on=Dying())
    assert sorted(kept) == sorted(NUMBERS)  # all were done when it came
