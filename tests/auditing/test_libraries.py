"""Distributions of SciPy, PyTorch, NumPyro and EFAX as they are installed."""

import dataclasses
import importlib.util
import subprocess
import sys

import jax
import numpy as np
import pytest

from entropysym.auditing import Outcome, audit, audit_libraries, libraries
from entropysym.auditing.adapters import of_efax
from entropysym.auditing.checks import audited
from entropysym.auditing.table import as_data, lines
from entropysym.errors import InputError

#: With poles at both ends, or a kink at no parameter: the quadrature does not settle.
POLES = ("arcsine", "triang")


@pytest.mark.some(8)
@pytest.mark.parametrize("name", sorted(libraries._SCIPY | libraries._SCIPY_WHOLE))
def test_scipy(name):
    found = audit(libraries._of_scipy()[name](), name=name)
    assert not found.alarms
    if name not in POLES:
        assert found.row("entropy").outcome is Outcome.HOLDS


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(libraries._of_torch()))
def test_torch(name):
    found = audit(libraries._of_torch()[name](), name=name)
    assert not found.alarms
    assert found.decided >= 3


def test_a_law_of_torch_that_is_wrong_is_found(monkeypatch):
    import torch

    monkeypatch.setattr(torch.distributions.Gamma, "entropy", lambda self: self.concentration)
    found = audit(torch.distributions.Gamma(torch.tensor(2.3), torch.tensor(1.7)))
    assert {row.check for row in found.alarms} == {"entropy", "intercept"}


def test_what_is_not_installed_is_said_to_be_skipped(monkeypatch):
    missing = {"scipy": ("no_such_package", dict)}
    monkeypatch.setattr(libraries, "LIBRARIES", missing)
    (found,) = audit_libraries()
    assert found.skipped == "no_such_package is not installed"
    assert found.cells == 0
    assert lines([found])[0] == "scipy: skipped, no_such_package is not installed"


def test_the_table_and_the_data(monkeypatch):
    from scipy import stats

    makers = {
        "gamma": lambda: stats.gamma(2.3),
        "none": lambda: stats.gamma("x"),
    }
    monkeypatch.setattr(libraries, "LIBRARIES", {"scipy": ("scipy", lambda: makers)})
    found = list(audit_libraries(["scipy"]))
    text = "\n".join(lines(found))
    assert "gamma" in text
    assert "none                   not looked at: " in text
    assert "0 fail" in text
    (data,) = as_data(found)
    assert data["cells"] == found[0].cells > 4


@dataclasses.dataclass(frozen=True)
class ExponentialNP:
    """What EFAX calls an exponential law, in its natural parameter."""

    negative_rate: float

    def log_pdf(self, x):
        return jax.numpy.log(-self.negative_rate) + self.negative_rate * x

    def entropy(self):
        return 1 - jax.numpy.log(-self.negative_rate)

    def kl_divergence(self, q):
        ratio = q.negative_rate / self.negative_rate
        return ratio - 1 - jax.numpy.log(ratio)


@pytest.mark.parametrize("wrong", [False, True])
def test_an_object_with_the_words_of_efax(monkeypatch, wrong):
    if wrong:
        monkeypatch.setattr(ExponentialNP, "entropy", lambda self: 1 + jax.numpy.log(2.0))
    found = audited(of_efax(ExponentialNP(np.float64(-1.7))))
    assert {row.check for row in found.alarms} == ({"entropy", "intercept"} if wrong else set())
    assert found.decided == 8


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("numpyro"), reason="NumPyro is not installed")
def test_numpyro():
    (found,) = audit_libraries(["numpyro"])
    assert found.alarms == ()
    assert found.cells > 200


def test_an_unknown_library():
    with pytest.raises(InputError, match="unknown library"):
        list(audit_libraries(["sklearn"]))


@pytest.mark.slow
def test_the_whole_table():
    found = list(audit_libraries())
    assert sum(f.cells for f in found) >= 150
    assert [f.alarms for f in found if f.alarms] == []
    installed = [f.library for f in found if not f.skipped]
    assert installed == [n for n in libraries.LIBRARIES if importlib.util.find_spec(n)]


@pytest.mark.slow
@pytest.mark.parametrize("asked", [["entropysym", "audit"], ["entropysym.auditing"]])
def test_the_command(asked):
    run = subprocess.run([sys.executable, "-m", *asked, "scipy"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "cells decided" in run.stdout
