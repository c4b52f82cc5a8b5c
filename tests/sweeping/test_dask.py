"""A real cluster of Dask on this machine, whose workers and client are killed: the report has the bytes of the serial one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.sweeps import QUIET
from entropysym.sweeping import sweep, sweeps
from entropysym.sweeping.units import CHUNK

distributed = pytest.importorskip("distributed")

from tests.sweeping.client import one_shape  # noqa: E402 (it needs Dask)

ROOT = Path(__file__).parent.parent.parent


def client(folder, draws, kills, seed):
    """The client in a process of its own; see `client.py`."""
    program = [
        sys.executable,
        "-m",
        "tests.sweeping.client",
        *map(str, (draws, folder, kills, seed)),
    ]
    return subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )  # fmt: skip


def wait_for(process, line, times=1):
    """Read what it prints until the line has come so often."""
    for said in process.stdout:
        times -= said.startswith(line)
        if times == 0:
            return said
    raise AssertionError(f"it ended with {process.wait()} before it said {line!r}")


def report_of(folder):
    (path,) = folder.glob("*.report.json")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def serial_report(serial, tmp_path_factory):
    known = {}

    def of(draws):
        if draws not in known:
            folder = tmp_path_factory.mktemp("serial")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sweeps, "shapes", one_shape)
                sweep("vae2", draws, unit=CHUNK, on=serial, into=folder)
            known[draws] = report_of(folder)
        return known[draws]

    return of


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Dask's own
def test_its_executor_gives_the_serial_bytes(serial_report, tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "shapes", one_shape)
    draws = 3 * CHUNK
    with distributed.Client(
        processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as client:
        sweep("vae2", draws, unit=CHUNK, on=client.get_executor(), into=tmp_path)
    assert report_of(tmp_path) == serial_report(draws)


@pytest.mark.slow
def test_a_cluster_of_processes_gives_the_serial_bytes(serial_report, tmp_path):
    draws = 3 * CHUNK
    with client(tmp_path, draws, 0, 0) as process:
        assert wait_for(process, "done with 0 missing")
    assert process.returncode == 0
    assert report_of(tmp_path) == serial_report(draws)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(int(os.environ.get("ENTROPYSYM_RUNS", "20"))))
def test_six_kills_of_workers_and_one_of_the_client_change_no_byte(seed, serial_report, tmp_path):
    draws = 80 * CHUNK
    with client(tmp_path, draws, 3, seed) as first:
        wait_for(first, "killed a worker", 3)
        first.kill()
    there = len(list(tmp_path.glob("*.unit.json")))
    assert 0 < there < 80
    assert not list(tmp_path.glob("*.report.json"))
    with client(tmp_path, draws, 3, seed + 1000) as second:
        said = wait_for(second, "done with 0 missing")
        assert f"{80 - there} computed" in said
        assert wait_for(second, "all kills")
    assert second.returncode == 0
    assert report_of(tmp_path) == serial_report(draws)


def test_the_benchmark_has_dask_keep_house_as_the_page_says():
    page = (ROOT / "docs" / "sweeps.md").read_text()
    for name, value in QUIET.items():
        said = f'"{value}"' if isinstance(value, str) else value
        assert f'"{name}": {said},' in page
