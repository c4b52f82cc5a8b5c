"""kill -9 at random instants: every resumed run ends with the same bytes. ENTROPYSYM_KILLS=200 repeats it two hundred times."""

import os
import random
import subprocess
import sys
import time

import pytest

KILLS = int(os.environ.get("ENTROPYSYM_KILLS", "4"))
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
    left = sorted(p.name for p in place.iterdir())
    assert left == sorted(FILES), left  # no checkpoint and no temporary file stays
    return {name: (place / name).read_bytes() for name in FILES}, time.monotonic() - began


def test_killed_runs_resume_to_the_same_report(tmp_path, environment):
    reference, _ = finish(tmp_path / "whole", environment)
    again, seconds = finish(tmp_path / "again", environment)  # compiled now: the true length
    assert again == reference
    seed = int(os.environ.get("ENTROPYSYM_KILL_SEED", "0"))
    rng, resumed = random.Random(seed), 0
    for kill in range(KILLS):
        place = tmp_path / f"killed_{kill}"
        process = subprocess.Popen(
            command(place), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # The first instants only import; most kills are to hit training and the writing of the report.
        time.sleep(rng.uniform(0.2, 1.0) * seconds)
        process.kill()
        process.wait()
        resumed += any(place.glob(".*.npz")) if place.exists() else 0
        report, _ = finish(place, environment)
        assert report == reference, f"kill {kill} of seed {seed}"
    print(f"{KILLS} kills, {resumed} of them with a checkpoint to go on from")
    assert resumed > 0
