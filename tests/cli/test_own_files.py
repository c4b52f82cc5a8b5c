"""`judge FILE.py` and `verify FILE.py`: whatever the file does, no exit status but 2 comes of it, and no traceback."""

import json
import signal
import subprocess
import sys
import time

import pytest

TRAP = """
from entropysym import models
from entropysym.language import Model

class Trap(Model):
    set = False

    @property
    def plate(self):
        if Trap.set:
            {what}
        return super().plate

model = Trap(**vars(models.vae2()))
Trap.set = True
"""

#: Each ends a program in another way than by an ordinary exception.
ENDS = [
    "import sys; sys.exit(0)",
    "raise SystemExit(1)",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
    "class Own(BaseException): pass\nraise Own",
    "def f(): f()\nf()",
    "class E(Exception):\n    def __str__(self): raise SystemExit(1)\nraise E",
    "import sys; sys.stderr.close(); raise ValueError",
    "import sys; sys.__stdout__.close(); raise ValueError",
    *(TRAP.format(what=f"raise {e}") for e in ("SystemExit(1)", "GeneratorExit", "EOFError")),
]


# What starts in the background of a shell inherits that Ctrl-C is ignored; somebody's terminal does not.
MAIN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from entropysym import __main__
__main__.main()
"""


def started(command, path):
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, command, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=path.parent,
        text=True,
    )


@pytest.mark.some(1)
@pytest.mark.parametrize("text", ENDS)
def test_judge_calls_it_bad_input(text, tmp_path):
    (tmp_path / "own.py").write_text(text)
    process = started("judge", tmp_path / "own.py")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert out == ""
    assert "Traceback" not in err
    assert err.startswith("error: ") or "close()" in text


@pytest.mark.slow
@pytest.mark.parametrize("text", [ENDS[1], ENDS[2], ENDS[4], ENDS[9]])
def test_verify_calls_it_bad_input(text, tmp_path):
    (tmp_path / "own.py").write_text(text)
    process = started("verify", tmp_path / "own.py")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2, err
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("command", ["judge", "verify"])
def test_an_interrupt_at_the_keyboard_ends_with_130(command, tmp_path):
    (tmp_path / "own.py").write_text(
        "import pathlib, time\n"
        "try:\n"
        "    pathlib.Path('started').touch(); time.sleep(60)\n"
        "except BaseException: raise SystemExit(1)\n"
    )
    with started(command, tmp_path / "own.py") as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


OWN_DECODER = """
import sympy as sp
from entropysym import ModelWriter, families
from entropysym.language import Family

r, x = sp.Symbol("r", positive=True), sp.Symbol("x", positive=True)
EXPONENTIAL = Family("OwnExponential", (r,), x, sp.log(r) - r * x, support="positive")
w = ModelWriter(observed="d D", latent="h H")
model = w.model(
    "waiting_times",
    prior=families.NORMAL(0, w.learned("alpha2", range="positive")),
    decoder=EXPONENTIAL(w.learned("rate", "d", range="positive")),
    encoder=families.NORMAL(w.network("nu", "h", reads=w.x_n), 1),
)
"""

OWN_ENCODER = """
from dataclasses import replace
from entropysym import models
from entropysym.families import MULTIVARIATE_NORMAL

model = models.ZOO["gaussian_vae"]()
own = replace(MULTIVARIATE_NORMAL, name="OwnVectors")
law = own(*model.factor("encoder").arguments)
model = replace(model.with_laws(encoder=law), name="vectors")
"""


@pytest.mark.some(1)
@pytest.mark.parametrize(
    ("text", "status", "verdict", "evidence"),
    [
        (OWN_DECODER, 0, "proved", ["replayed", "normalised", "float64"]),
        # Vectors of a law that only the file knows cannot be drawn.
        (OWN_ENCODER, 3, "undecided", ["replayed"]),
    ],
)
def test_verify_says_what_it_compared(run, at_shapes, text, status, verdict, evidence, tmp_path):
    at_shapes((2, 3, 4))
    (tmp_path / "own.py").write_text(text)
    done = run("verify", "own.py", "--configurations", "40", "--json", cwd=tmp_path)
    assert done.returncode == status, done.stderr
    (found,) = json.loads(done.stdout)["models"]
    assert found["verdict"] == verdict
    assert found["evidence"] == evidence
    assert ("not compared in numbers: " in found["reason"]) == (status == 3)
    assert ("configurations" in found["figures"]) == (status == 0)
