"""Configurations per second of a sweep: one process of one thread for every model, and two workers of Dask against one.

Run: python benchmarks/sweeps.py models [NAME ...] [--seconds 2]; python benchmarks/sweeps.py dask [--draws 1e7] [--model vae2]. The first prints a line for each model of the zoo; the
second needs the extra `dask`, and sweeps the same claim with one worker and with two, each of one thread. Nothing is asserted. The load of the machine is printed, for what else runs here counts.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time

from entropysym.sweeping.processes import one_thread

if __name__ == "__main__":
    one_thread()  # before JAX computes anything

import entropysym as es
from entropysym.errors import InputError
from entropysym.models import ZOO
from entropysym.sweeping.computing import double_precision, residuals
from entropysym.sweeping.sweeps import job_of
from entropysym.sweeping.units import CHUNK, UNIT
from entropysym.witness.configurations import Shape, draw, shapes

#: Dask's housekeeping: what it measures of itself, and how often.
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}


def _of_model(name: str, seconds: float) -> str:
    """One line: configurations per second of the processor over all shapes, as many at each, as a sweep has them; what drawing takes of it; the slowest shape; compiling."""
    job, model = job_of(name, 0)
    every = shapes(model, 0)
    began = time.perf_counter()
    programs = [residuals(job, Shape(s.sizes)) for s in every]
    compiling = time.perf_counter() - began
    each: dict[str, float] = {}  # seconds of one configuration
    drawing = computing = 0.0
    for shape, program in zip(every, programs, strict=True):
        program(draw(model, shape, 0, CHUNK))
        spent, done = 0.0, 0
        while spent < seconds / len(every):
            start = time.process_time()
            batch = draw(model, shape, done + 1, CHUNK)
            middle = time.process_time()
            program(batch)
            end = time.process_time()
            drawing, computing = drawing + middle - start, computing + end - middle
            spent, done = spent + end - start, done + CHUNK
        each[str(shape)] = spent / done
    mean, slowest = len(each) / sum(each.values()), max(each, key=lambda at: each[at])
    share = drawing / (drawing + computing)
    return (
        f"{name:34} {mean:9,.0f} a second   drawing {share:4.0%}   "
        f"slowest {1 / each[slowest]:9,.0f} at {slowest:32} compiling {compiling:5.1f} s"
    )


def models(names: list[str], seconds: float) -> None:
    """Every model of the zoo, in this process, on one thread."""
    for name in names or sorted(ZOO):
        try:
            with double_precision():
                print(_of_model(name, seconds), flush=True)
        except InputError as reason:
            print(f"{name:34} not compared: {reason}", flush=True)


def on_dask(name: str, draws: int) -> None:
    """The same sweep with one worker and with two; workers are warm, since what compiles at the start is not throughput.

    Dask keeps house in this process, on the cores that two workers fill: as seldom as docs/sweeps.md says.
    """
    import dask
    from distributed import Client, LocalCluster

    dask.config.set(QUIET)
    seconds: dict[int, float] = {}
    reports: dict[int, str] = {}
    for workers in (1, 2):
        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            ) as cluster,
            Client(cluster) as client,
            tempfile.TemporaryDirectory() as into,
        ):
            began = time.perf_counter()
            es.sweep(name, 32 * UNIT * workers, on=client.get_executor())  # each meets each shape
            warm = time.perf_counter() - began
            report = es.sweep(name, draws, on=client.get_executor(), into=into)
            seconds[workers], reports[workers] = report.seconds, report.json()
        rate = draws / seconds[workers]
        print(f"{workers} workers: {seconds[workers]:7.1f} s, {rate:9,.0f} a second; warming up {warm:.0f} s; {report.verdict}", flush=True)  # fmt: skip
    print(
        f"two against one: {seconds[1] / seconds[2]:.2f} x; equal bytes: {reports[1] == reports[2]}"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("models", "dask"))
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each model")
    parser.add_argument("--draws", type=float, default=1e7)
    parser.add_argument("--model", default="vae2")
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores, {sys.platform}")
    if asked.what == "models":
        models(asked.names, asked.seconds)
    else:
        on_dask(asked.model, int(asked.draws))
    print(f"load {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    main()
