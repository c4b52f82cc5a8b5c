"""Ctrl-C and SIGTERM at any instant of any command: one line, 130 or 143, no crash of the interpreter, nothing half-written.

Forty instants over the whole of `entropysym verify` run with `-m slow`; ENTROPYSYM_SEED draws others.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from entropysym import files, interruption

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}
BOTH = pytest.mark.parametrize("number", STATUS, ids=lambda n: n.name)

# What starts in the background of a shell inherits that Ctrl-C is ignored; somebody's terminal does not. Before the program listens, no
# instant is its own: Python itself is starting. From then on there is a file.
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from entropysym import __main__, interruption
listen = interruption.listen
interruption.listen = lambda: (listen(), open("listening", "w").close())
"""
MAIN = PROGRAM + "__main__.main()"


#: What is printed and never flushed is to be lost, as it is for everybody else; and JAX writes what it compiled for others in place.
_OTHERS = ("PYTHONUNBUFFERED", "JAX_COMPILATION_CACHE_DIR")


def started(folder: Path, *arguments: object, program: str = MAIN) -> subprocess.Popen:
    """The program in a process of its own, as soon as it listens."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in _OTHERS},
    )
    wait_for(folder / "listening", process)
    return process


def wait_for(path: Path, process: subprocess.Popen) -> None:
    """Until there is such a file."""
    deadline = time.monotonic() + 200
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def demand_interrupted(process: subprocess.Popen, number: int, *, seconds: float = 100) -> str:
    """Its exit status is the signal's, and stderr has one line about it, after those of the stages; stdout."""
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == STATUS[number], err
    *stages, last = err.splitlines()
    assert last.startswith("interrupted")
    assert all(line.endswith(" ...") for line in stages), err
    return out


def demand_partial_or_absent(report: Path) -> None:
    """There is no report, or a whole file that says that it is partial; and no temporary file anywhere beside it."""
    assert not list(report.parent.rglob(".*"))
    if report.exists():
        assert json.loads((report / "report.json").read_text())["complete"] is False


def small(folder: Path) -> list[str]:
    """A verification that takes seconds."""
    rng = np.random.default_rng(3)
    np.save(folder / "data.npy", rng.normal(size=(40, 4)) @ rng.normal(size=(4, 4)))
    return ["verify", "linear_vae", "--data", "data.npy", "--configurations", "64"]


@pytest.mark.some(1)
@pytest.mark.parametrize(
    ("number", "milestone", "delay"),
    [
        (signal.SIGINT, "listening", 0.0),
        (signal.SIGTERM, "listening", 0.1),
        (signal.SIGINT, "listening", 0.6),
        (signal.SIGTERM, "report", 0.0),
        (signal.SIGINT, "report", 1.0),
    ],
)
def test_verify_at_some_instants(number, milestone, delay, tmp_path):
    process = started(tmp_path, *small(tmp_path))
    wait_for(tmp_path / milestone, process)
    time.sleep(delay)
    process.send_signal(number)
    demand_interrupted(process, number)
    demand_partial_or_absent(tmp_path / "report")


#: Ctrl-C as soon as it is listened to, before anything else is done.
AT_ONCE = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from entropysym import __main__, interruption
listen = interruption.listen
interruption.listen = lambda: (listen(), os.kill(os.getpid(), signal.SIGINT))
__main__.main()
"""


def test_the_first_instant(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", AT_ONCE], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    demand_interrupted(process, signal.SIGINT)


def over_the_whole(number: int, folder: Path, *arguments: str) -> None:
    """A signal at forty instants, one in each fortieth of what the command takes when nobody interrupts it."""
    rng = random.Random(int(os.environ.get("ENTROPYSYM_SEED", "0")))
    (folder / "whole").mkdir()
    whole = started(folder / "whole", *arguments)
    began = time.monotonic()
    out, err = whole.communicate(timeout=3000)
    seconds = time.monotonic() - began
    assert whole.returncode == 0, out + err
    for k in range(40):
        at = seconds * (k + rng.random()) / 40
        while True:
            place = folder / f"at_{at:.3f}"
            place.mkdir()
            process = started(place, *arguments)
            try:
                process.communicate(timeout=at)
            except subprocess.TimeoutExpired:
                break
            at *= 0.9  # it was faster this time
        process.send_signal(number)
        demand_interrupted(process, number, seconds=300)
        demand_partial_or_absent(place / "report")


@pytest.mark.slow
@BOTH
def test_verify_at_forty_instants(number, tmp_path):
    over_the_whole(number, tmp_path, "verify")


@pytest.mark.slow
@BOTH
def test_a_small_verification_at_forty_instants(number, tmp_path):
    over_the_whole(number, tmp_path, *small(tmp_path), "--data", str(tmp_path / "data.npy"))


@pytest.mark.parametrize("delay", [0.2, 0.5])
def test_derive_at_some_instants(delay, tmp_path):
    process = started(tmp_path, "derive", "vae3", "--out", "vae3.txt")
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    assert demand_interrupted(process, signal.SIGINT) == ""
    assert [p.name for p in tmp_path.iterdir()] == ["listening"]


#: A file whose model is not reached: what it does first.
JAX_FOR_EVER = """
import jax
from pathlib import Path
loop = jax.jit(lambda x: jax.lax.while_loop(lambda v: v >= 0, lambda v: v + 1e-300, x))
compiled = loop.lower(1.0).compile()
Path("started").touch()
compiled(1.0).block_until_ready()
"""
DEAF = """
from pathlib import Path
import time
while True:
    try:
        Path("started").touch()
        time.sleep(60)
    except BaseException:
        pass
"""


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("text", [JAX_FOR_EVER, DEAF], ids=["compiled", "deaf"])
def test_a_second_signal_ends_what_does_not_heed_the_first(text, number, tmp_path):
    (tmp_path / "own.py").write_text(text)
    process = started(tmp_path, "judge", "own.py")
    wait_for(tmp_path / "started", process)
    time.sleep(0.5)  # it is said a moment before the compiled loop, which is what must not heed
    for _ in range(3):  # so soon after the first, they are the first
        process.send_signal(number)
        time.sleep(0.02)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.8)
    process.send_signal(signal.SIGINT)
    demand_interrupted(process, number, seconds=5)


@pytest.mark.slow
def test_an_experiment_keeps_what_it_trained_if_a_signal_comes_twice_at_once(tmp_path):
    """As from a terminal and a wrapper: the partial report is written all the same."""
    options = ["--seeds", "1", "--epochs", "1000000", "--size", "300", "--batch", "100"]
    process = started(tmp_path, "experiment", "pca", "--out", "pca", *options)
    wait_for(tmp_path / "pca" / ".pca_linear_vae.checkpoint.npz", process)
    for _ in range(5):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.02)
    assert "Not complete" in demand_interrupted(process, signal.SIGTERM)
    assert json.loads((tmp_path / "pca" / "pca.json").read_text())["complete"] is False


def run(folder: Path, text: str, number: int = signal.SIGINT) -> subprocess.Popen:
    """A program that interrupts itself, with what `__main__` does around a command."""
    text = f"def run():\n    {text.strip().replace(chr(10), chr(10) + '    ')}\n"
    setting = "import gc, os, sys, time\nfrom pathlib import Path\nfrom entropysym import files\n"
    ending = f"import entropysym.cli\nentropysym.cli.main = run\nME = {number}\n__main__.main()\n"
    return started(folder, program=PROGRAM + setting + text + ending)


#: Where Python loses the exception: it is printed and forgotten.
LOST = {
    "destructor": "class D:\n    def __del__(self): signal.raise_signal(ME)\nD()\ntime.sleep(60)",
    "collector": "gc.callbacks.append(lambda *_: signal.raise_signal(ME))\ngc.collect()\ntime.sleep(60)",
    "weak reference": (
        "import weakref\nclass D: pass\nd = D()\n"
        "weakref.finalize(d, lambda: 0)\nr = weakref.ref(d, lambda _: signal.raise_signal(ME))\n"
        "del d\ntime.sleep(60)"
    ),
    # An import that takes whatever happens for a missing package.
    "import": (
        "files.folder(Path('made'))\n"
        "Path('module.py').write_text('try:\\n import signal; signal.raise_signal(2)\\nexcept BaseException: missing = True')\n"
        "sys.path.insert(0, '.')\nimport module\nassert not hasattr(module, 'missing')\ntime.sleep(60)"
    ),
    "conversion": (
        "try: signal.raise_signal(ME)\nexcept BaseException: raise ImportError('no such package')"
    ),
    "exit": "try: signal.raise_signal(ME)\nexcept BaseException: sys.exit(0)",
}


@pytest.mark.parametrize("place", LOST)
def test_an_interruption_is_not_lost(place, tmp_path):
    demand_interrupted(run(tmp_path, LOST[place]), signal.SIGINT, seconds=20)
    assert not (tmp_path / "made").exists()


def test_other_lost_exceptions_are_printed_as_ever(tmp_path):
    text = "class D:\n    def __del__(self): raise ValueError('lost')\nD()\nreturn 3"
    process = run(tmp_path, text)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "ValueError: lost" in err


@pytest.mark.slow
def test_an_import_before_any_work_is_left_at_once(tmp_path):
    (tmp_path / "slow.py").write_text("import time\nopen('started', 'w').close()\ntime.sleep(60)")
    (tmp_path / "own.py").write_text("import slow")
    process = started(tmp_path, "judge", "own.py")
    wait_for(tmp_path / "started", process)
    process.send_signal(signal.SIGTERM)
    demand_interrupted(process, signal.SIGTERM, seconds=5)


@BOTH
def test_files_are_whole_or_not_there(number, tmp_path):
    """Interrupted at some instant of writing it again and again."""
    text = """
files.folder(Path("a/b/empty"))
while True:
    files.write_whole(Path("a/b/file"), b"x" * 3_000_000)
"""
    for delay in (0.0, 0.03, 0.11):
        place = tmp_path / f"{delay}"
        place.mkdir()
        process = run(place, text)
        file = place / "a" / "b" / "file"
        wait_for(file, process)
        time.sleep(delay)
        process.send_signal(number)
        demand_interrupted(process, number)
        assert list(file.parent.iterdir()) == [file]
        assert file.stat().st_size == 3_000_000


def test_a_file_that_was_being_written_is_gone_when_the_program_leaves_at_once(tmp_path):
    text = """
def fsync(descriptor):
    open("writing", "w").close()
    while True:
        try: time.sleep(60)
        except BaseException: pass
os.fsync = fsync
files.write_whole(Path("file"), b"x")
"""
    process = run(tmp_path, text)
    wait_for(tmp_path / "writing", process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    demand_interrupted(process, signal.SIGINT, seconds=5)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["listening", "writing"]


def test_a_file_that_cannot_be_finished_is_gone_in_a_program_of_others(tmp_path, monkeypatch):
    def fsync(descriptor):
        raise KeyboardInterrupt

    files.write_whole(tmp_path / "file", "first")
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt):
        files.write_whole(tmp_path / "file", "second")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "first"
    assert not interruption._files


def test_who_has_more_to_say_of_an_interruption_says_it_instead(tmp_path):
    text = "from entropysym import interruption\ntry: signal.raise_signal(ME)\nfinally: interruption.say('interrupted; some\\nis kept')"
    process = run(tmp_path, text)
    assert process.communicate(timeout=60) == ("", "interrupted; some is kept\n")
    assert process.returncode == 130


def test_folders_that_stay_empty_go_whatever_the_end(tmp_path):
    (tmp_path / "mine").mkdir()
    text = "files.folder(Path('mine/a/b'))\nfiles.folder(Path('mine'))\nreturn 0"
    process = run(tmp_path, text)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["listening", "mine"]
    assert not list((tmp_path / "mine").iterdir())


@pytest.mark.slow
def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    program = PROGRAM.replace("default_int_handler", "SIG_IGN") + "__main__.main()"
    process = started(tmp_path, "derive", "vae2", program=program)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=100)[1] == ""
    assert process.returncode == 0
