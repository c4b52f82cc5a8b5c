"""The command, each time in its own process: exit status, one line, time, and what is loaded."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import entropysym

from .documents import linear_vae, vae2
from .falsehoods import FALSE_CLAIMS, TAMPERINGS
from .hostile import HOSTILE

ROOT = Path(entropysym.__file__).parent.parent
SAMPLE = {
    **{name: HOSTILE[name] for name in list(HOSTILE)[::2]},
    **{name: TAMPERINGS[name] for name in list(TAMPERINGS)[::9]},
}


def _cpu() -> float:
    """Seconds that finished children computed: what an answer costs, whatever else the machine does.

    Without the system's share: CPython 3.11 maps and unmaps a piece of its stack at each call of a loop that happens to sit at the end of
    a piece, which multiplies the time of one file by four and says nothing about its work.
    """
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def run(*arguments: str, python: tuple[str, ...] = ()) -> tuple[subprocess.CompletedProcess, float]:
    start = _cpu()
    done = subprocess.run(
        [sys.executable, *python, "-m", "entropysym.checker", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    return done, _cpu() - start


@pytest.mark.some(1)
@pytest.mark.parametrize("python", [(), ("-O",), ("-OO",)])
def test_accepted(python, tmp_path):
    path = tmp_path / "linear.json"
    path.write_text(json.dumps(linear_vae()))
    done, _ = run(str(path), python=python)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("model own_linear_vae, sizes D, H")
    assert done.stdout.endswith("derivation accepted: 8 steps, not one of the shipped models\n")


@pytest.mark.parametrize(
    "name", ["one nat more", "the variance for the scale", "zero times an infinite mean"]
)
def test_refused_without_assertions(name, tmp_path):
    path = tmp_path / "false.json"
    path.write_text(json.dumps(FALSE_CLAIMS[name]()))
    done, _ = run(str(path), python=("-O",))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("derivation not accepted: ")


@pytest.mark.some(2)
@pytest.mark.parametrize("name", SAMPLE)
def test_hostile_and_tampered_files(name, tmp_path):
    path = tmp_path / "file.json"
    path.write_bytes(SAMPLE[name]())
    done, seconds = run(str(path))
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    start = "derivation not accepted: " if done.returncode == 1 else "not a readable derivation: "
    assert done.stderr.startswith(start)
    assert "false" not in done.stderr.split(start)[0]
    # Less than one on an idle machine; the bound leaves room for one that is slowed down by others.
    assert seconds < 2, f"{seconds:.2f} s"


def test_json(tmp_path):
    path = tmp_path / "file.json"
    path.write_text(json.dumps(vae2()))
    done, _ = run(str(path), "--json")
    answer = json.loads(done.stdout)
    assert (answer["accepted"], answer["model"], answer["shipped"]) == (True, "own_vae2", False)
    path.write_text("[")
    done, _ = run(str(path), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["accepted"] is False


@pytest.mark.parametrize("path", ["missing.json", ".", "a\nb", "/dev/null"])
def test_unreadable(path):
    done, _ = run(path)
    assert done.returncode == 2
    assert done.stderr.startswith("not a readable derivation: ")
    assert done.stderr.count("\n") == 1


def test_only_the_standard_library_is_loaded():
    code = (
        "import sys; before = set(sys.modules); import entropysym.checker.__main__;"
        "print(*sorted({m.split('.')[0] for m in set(sys.modules) - before}));"
        "print(*sorted(m for m in sys.modules if m.startswith('entropysym')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    tops, ours = done.stdout.splitlines()
    foreign = set(tops.split()) - sys.stdlib_module_names - {"entropysym"}
    assert not foreign
    outside = [name for name in ours.split() if not name.startswith("entropysym.checker")]
    assert outside == ["entropysym", "entropysym.version"]


def test_many_keys_and_one_twice_are_answered_at_once(tmp_path):
    path = tmp_path / "keys.json"
    path.write_text("{" + ",".join(f'"k{i}":0' for i in range(80_000)) + ',"k5":1}')
    began = _cpu()
    done = subprocess.run(
        [sys.executable, "-m", "entropysym.checker", path], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "occurs twice" in done.stderr
    assert _cpu() - began < 2
