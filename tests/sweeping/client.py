"""A client of Dask with a cluster of its own, whose workers it kills: python client.py DRAWS FOLDER KILLS SEED.

A worker is killed (SIGKILL) a random moment after one or two records more have come. It prints a line for each kill, and one in the end.
"""

import logging
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import dask
from distributed import Client, LocalCluster

import entropysym as es
from entropysym.sweeping import sweeps
from entropysym.sweeping.units import CHUNK
from entropysym.witness import configurations


def one_shape(model, seed=0):
    """A worker that was killed has to compile for each shape again."""
    return configurations.shapes(model, seed)[3:4]


def kill_workers(cluster, folder, kills, rng):
    """Kill as many workers as asked for, each a random moment after records have come."""
    killed = set()
    while len(killed) < kills:
        wanted = len(list(folder.glob("*.unit.json"))) + rng.randint(1, 2)
        while len(list(folder.glob("*.unit.json"))) < wanted:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
        # A process that was killed keeps its number until its nanny has seen it.
        while not (alive := {w.pid for w in cluster.workers.values() if w.pid} - killed):
            time.sleep(0.01)
        killed.add(pid := rng.choice(sorted(alive)))
        os.kill(pid, signal.SIGKILL)
        print("killed a worker", flush=True)


def main(draws, folder, kills, seed):
    if not os.environ.get("TALK"):
        logging.disable(logging.CRITICAL)
    sweeps.shapes = one_shape
    # Where a worker takes longer to come back, the cluster gives it up; on a busy machine the imports alone do.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "20 minutes"})
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        rng = random.Random(seed)
        killer = threading.Thread(target=kill_workers, args=(cluster, folder, kills, rng))
        killer.daemon = True
        killer.start()
        report = es.sweep("vae2", draws, unit=CHUNK, on=client.get_executor(), into=folder)
        print(f"done with {len(report.missing)} missing, {report.computed} computed", flush=True)
        killer.join(timeout=1)
        print("all kills" if not killer.is_alive() else "too few kills", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
