"""`entropysym sweep`: an answer, an exit status, and a folder that goes on after Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from entropysym.cli import main
from entropysym.sweeping import sweep


@pytest.fixture
def run(capfd, monkeypatch):
    def run(*arguments):
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["entropysym", "sweep", *map(str, arguments)])
        status = main()
        return status, *capfd.readouterr()

    return run


@pytest.mark.slow
@pytest.mark.usefixtures("one_shape")
def test_it_sweeps_in_processes_and_goes_on(run, serial, tmp_path):
    asked = ("vae2", "--draws", "2e2", "--workers", "1", "--into", tmp_path)
    status, out, err = run(*asked)
    assert (status, out.partition(":")[0]) == (0, "vae2"), err
    assert "proved: gap identity at 200 configurations" in out
    status, out, err = run(*asked, "--json")
    report = json.loads(out)
    assert status == 0
    assert report["compared"] == report["draws"] == 200
    (path,) = tmp_path.glob("*.report.json")
    assert path.read_text(encoding="utf-8") == out == sweep("vae2", 200, on=serial).json()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("vae9",), "unknown model 'vae9'"),
        (("vae2", "--draws", "some"), "--draws is 'some'"),
        (("vae2", "--draws", "1.5"), "--draws is '1.5'"),
        (("vae2", "--draws", "0"), "--draws is '0'"),
        (("vae2", "--draws", "inf"), "--draws is 'inf'"),
        (("missing.py",), "there is no file"),
    ],
)
def test_what_cannot_be_swept(run, arguments, says):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert says in err


def started(folder):
    """A sweep of minutes, in a process group of its own."""
    asked = ["sweep", "vae2", "--draws", "1e8", "--workers", "1", "--into", str(folder)]
    return subprocess.Popen(
        [sys.executable, "-m", "entropysym", *asked],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
@pytest.mark.parametrize("to_all", [True, False], ids=["the whole group", "the program"])
def test_an_interruption_keeps_what_is_done(number, to_all, tmp_path):
    process = started(tmp_path)
    deadline = time.monotonic() + 120
    while len(list(tmp_path.glob("*.unit.json"))) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (os.killpg if to_all else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number], err
    assert "the same call goes on" in err
    assert "Traceback" not in err
    assert not out
    assert not list(tmp_path.glob(".*"))
    time.sleep(2)
    assert not others(process.pid)
    again = started(tmp_path)
    there = len(list(tmp_path.glob("*.unit.json")))
    while len(list(tmp_path.glob("*.unit.json"))) == there:
        assert again.poll() is None, again.communicate()
        time.sleep(0.05)
    os.killpg(again.pid, signal.SIGINT)
    again.communicate(timeout=60)


def others(group):
    """What is left of a process group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
