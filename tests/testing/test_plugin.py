"""The pytest plugin in a project of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compiling import as_users_do

ROOT = Path(__file__).parent.parent.parent

CLAIMS = """
from entropysym.testing import Claim, Theorem

THEOREM = Theorem("vae2")
SQUARES = [Claim("vae2", r"\\log \\sigma^{4}", r"2 \\log \\sigma^{2}")]


def test_other():
    assert True
"""

FALSE = """
from entropysym.testing import Claim

false = Claim("vae2", r"\\log \\sigma^{4}", r"\\log \\sigma^{2}")
"""


@pytest.fixture
def project(tmp_path):
    """A folder with tests, and a function that runs pytest in it."""

    def run(*arguments, python=sys.executable, alone=False, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        env = {k: v for k, v in as_users_do().items() if not k.startswith(("PYTEST", "JAX_ENABLE"))}
        if alone:  # other projects' plugins load what they like
            env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
            arguments = ("-p", "entropysym.testing.plugin", *arguments)
        return subprocess.run(
            [python, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
        )

    return run


def _own_model():
    return (Path(__file__).parent / "own_model.py").read_text()


@pytest.mark.slow
def test_claims_and_model_files_are_tests(project):
    run = project("--entropysym", "-v", test_claims=CLAIMS, own_model=_own_model())
    assert run.returncode == 0, run.stdout
    for name in ("THEOREM", "SQUARES[0]", "gap_identity", "test_other"):
        assert f"::{name} PASSED" in run.stdout
    line = re.search(r"entropysym: 3 claims held at (\d+) configurations .* (\d+) of (\d+)", run.stdout)  # fmt: skip
    assert 60 <= int(line[1]) <= 81
    assert int(line[2]) > 0.9 * int(line[3])


@pytest.mark.slow
def test_a_false_claim_fails_with_its_counterexample(project):
    run = project("--entropysym", test_false=FALSE)
    assert run.returncode == 1
    assert "Different: " in run.stdout
    assert "point = {" in run.stdout


@pytest.mark.slow
def test_nothing_collected_is_a_failure(project):
    run = project("--entropysym", test_none="def test_other():\n    pass\n")
    assert run.returncode == 1
    assert "nothing was compared" in run.stdout
    assert project("--entropysym", test_none="").returncode != 0


@pytest.mark.slow
def test_options_say_how_many_and_which(project):
    run = project("--entropysym", "--entropysym-draws=6", "--entropysym-seed=5", test_claims=CLAIMS)
    assert run.returncode == 0, run.stdout
    found = re.search(r"2 claims held at (\d+) configurations", run.stdout)
    assert 10 <= int(found[1]) <= 12
    wrong = project("--entropysym-draws=0", test_claims=CLAIMS)
    assert wrong.returncode != 0
    assert "pass an integer >= 1" in wrong.stdout + wrong.stderr


@pytest.mark.slow
def test_a_theorem_of_a_refused_model_fails_and_the_others_run(project):
    refused = "from entropysym.testing import Theorem\n\nRefused = Theorem('vae1_frozen_encoder')\n"
    run = project("--entropysym", test_a=refused, test_claims=CLAIMS)
    assert run.returncode == 1
    assert "NotShown: no gap identity of vae1_frozen_encoder was derived" in run.stdout
    assert "INTERNALERROR" not in run.stdout + run.stderr
    assert "1 failed, 3 passed" in run.stdout


@pytest.mark.slow
def test_fewer_shapes_are_compiled_where_that_is_asked_for(project):
    run = project("--entropysym", "--entropysym-shapes=1", test_claims=CLAIMS)
    assert run.returncode == 0, run.stdout
    assert "2 claims held at 50 configurations" in run.stdout
    wrong = project("--entropysym-shapes=0", test_claims=CLAIMS)
    assert "pass an integer >= 1" in wrong.stdout + wrong.stderr


@pytest.mark.slow
def test_workers_send_what_they_compared(project):
    run = project("--entropysym", "-n", "2", test_claims=CLAIMS, own_model=_own_model())
    assert run.returncode == 0, run.stdout
    assert "entropysym: 3 claims held" in run.stdout
    none = project(
        "--entropysym", "-n", "2", test_claims="def test_other():\n    pass\n", own_model=""
    )
    assert none.returncode == 1


def test_a_foreign_run_loads_the_standard_library_only(project):
    loaded = """
import sys
def test_loaded():
    heavy = {"numpy", "jax", "sympy", "hypothesis", "mpmath", "torch", "scipy"}
    assert "entropysym.testing.plugin" in sys.modules
    assert not heavy & {m.split(".")[0] for m in sys.modules}
    ours = {m for m in sys.modules if m.startswith("entropysym")}
    assert ours <= {"entropysym", "entropysym.lazy", "entropysym.version", "entropysym.testing", "entropysym.testing.plugin"}
"""
    run = project(alone=True, test_foreign=loaded)
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
def test_the_fixture_gives_double_precision_and_takes_it_back(project):
    tests = """
import jax, jax.numpy as jnp
def test_x64(entropysym_x64):
    assert jnp.asarray(1.0).dtype == "float64"
def test_before():
    assert jnp.asarray(1.0).dtype == "float32"
"""
    run = project(test_x64=tests)
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
def test_the_installed_wheel(project, tmp_path):
    """A fresh environment that sees the dependencies of this one but not the package."""
    wheels, env = tmp_path / "wheels", tmp_path / "env"
    pip = [sys.executable, "-m", "pip", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", wheels, ROOT], check=True)
    subprocess.run([sys.executable, "-m", "venv", env], check=True)
    python = env / "bin/python"
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([*pip, "--python", python, "install", "--no-deps", wheel], check=True)
    site = next(env.glob("lib/python*/site-packages"))
    own = [p for p in sys.path if p.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(own) + "\n")
    run = project("--entropysym", "-v", python=python, test_claims=CLAIMS, own_model=_own_model())
    assert run.returncode == 0, run.stdout + run.stderr
    assert "entropysym: 3 claims held" in run.stdout
    where = subprocess.run(
        [python, "-c", "import entropysym; print(entropysym.__file__)"],
        capture_output=True, text=True, check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert str(env) in where.stdout
