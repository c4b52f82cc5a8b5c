"""The power command on a few models, and that it would notice."""

import subprocess
import sys

import numpy as np
import pytest

from entropysym.testing import power
from entropysym.testing.power import TrueClaim, _caught, _changes, by_sympy, count
from entropysym.testing.sides import Values


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linear_vae", "gaussian_mixture", "softmax_classifier"])
def test_false_variants_are_rejected_and_true_claims_are_not(name):
    found = count(name, 300, variants=100)
    assert found.claims >= 4
    assert found.compared == 300 * found.claims
    assert (found.alarms, found.accepted) == (0, 0), found.examples
    assert found.variants > 80 * found.claims


@pytest.mark.slow
def test_a_comparison_that_is_too_loose_is_noticed(monkeypatch):
    monkeypatch.setattr(power, "TOLERANCE", 1e9)
    assert count("linear_vae", 30, variants=100).accepted > 0
    monkeypatch.setattr(power, "TOLERANCE", 1e-3)
    assert count("linear_vae", 300, variants=10).alarms > 0


def test_variants_that_change_nothing_are_not_counted():
    parts = np.array([[[1.0], [0.0]], [[2.0], [0.0]]])
    claim = TrueClaim(
        "c", np.array([[1.0], [2.0]]), Values(parts, np.ones((2, 1))), np.ones((2, 1))
    )
    ours, _, differs = _caught(claim, [np.array([0.0, -2.0]), np.array([-2.0, 0.0])])
    assert differs.tolist() == [False, True]
    assert ours.tolist() == [False, True]
    assert len(_changes(claim, 7, 0)) == 7


@pytest.mark.slow
def test_sympy_is_asked_too():
    tried, accepted, unknown = by_sympy(2.0)
    assert tried > 0
    assert accepted + unknown <= tried


@pytest.mark.slow
def test_the_command():
    run = subprocess.run(
        [sys.executable, "-m", "entropysym.testing.power", "--models", "linear_vae", "--configurations", "2000", "--variants", "50", "--sympy", "1"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Expr.equals of SymPy" in run.stdout


@pytest.mark.parametrize(
    "wrong", ["--models nope", "--configurations 0", "--variants -3", "--seed -1"]
)
def test_what_the_command_cannot_do_is_said(wrong, capsys):
    with pytest.raises(SystemExit):
        power.main(wrong.split())
    _, said = capsys.readouterr().err.split("error: ")  # after the usage, which names every option
    assert wrong.split()[0].strip("-") in said
