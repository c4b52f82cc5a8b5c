"""kill -9 at random instants: every resumed run ends with the same bytes. ENTROPYSYM_KILLS=200 repeats it two hundred times.

One kill is among the tests of the experiments.
"""

import os
import random
import subprocess
import sys
import time

import pytest

KILLS = int(os.environ.get("ENTROPYSYM_KILLS", "12"))
OPTIONS = ["--seeds", "2", "--epochs", "120", "--size", "300", "--batch", "100", "--json"]
FILES = ("pca.json", "pca.md", "pca.png", "pca.pdf")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Compiled programs are kept between the processes: what is to be killed is training, not the compiler."""
    cache = tmp_path_factory.mktemp("compiled")
    return {
        **os.environ,
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }


def command(place):
    return [sys.executable, "-m", "entropysym", "experiment", "pca", "--out", str(place), *OPTIONS]


def finish(place, environment):
    """Run to the end; the report's bytes, and the seconds it took."""
    began = time.monotonic()
    run = subprocess.run(command(place), env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return whole(place), time.monotonic() - began


def whole(place):
    """The bytes of a finished report; no checkpoint and no temporary file stays."""
    left = sorted(p.name for p in place.iterdir())
    assert left == sorted(FILES), left
    return {name: (place / name).read_bytes() for name in FILES}


@pytest.mark.slow
def test_killed_runs_resume_to_the_same_report(tmp_path, environment):
    """A run is killed and resumed until it outlives its kill; then its report must be the one of a run that nobody disturbed."""
    reference, _ = finish(tmp_path / "whole", environment)
    again, seconds = finish(tmp_path / "again", environment)  # compiled now: the true length
    assert again == reference
    seed = int(os.environ.get("ENTROPYSYM_KILL_SEED", "0"))
    rng, kills, resumed, place = random.Random(seed), 0, 0, tmp_path / "run_0"
    reports = 0
    while kills < KILLS:
        process = subprocess.Popen(
            command(place), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # The first instants only import; most kills are to hit training and the writing of the report.
        time.sleep(rng.uniform(0.2, 1.0) * seconds)
        if process.poll() is None:
            process.kill()
            process.wait()
            kills += 1
            resumed += any(place.glob(".*.npz")) if place.exists() else 0
        else:
            assert process.returncode == 0
            assert whole(place) == reference, f"after {kills} kills of seed {seed}"
            reports += 1
            place = tmp_path / f"run_{reports}"
    assert finish(place, environment)[0] == reference, f"after {kills} kills of seed {seed}"
    print(f"{kills} kills, {resumed} with a checkpoint to go on from; {reports + 1} equal reports")
    assert resumed > 0
