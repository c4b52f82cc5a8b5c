"""Verdicts have three values; nothing compared, NaN, or a blind check is never a pass."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import entropysym as es
from entropysym.claims import verification
from entropysym.claims.verification import sweep_verdict, training_verdict, verify
from entropysym.errors import InputError
from entropysym.verdict import Value, proved, refuted, undecided
from entropysym.witness import Sweep, VariantResult


def test_a_verdict_is_no_boolean():
    for verdict in (proved("x"), refuted("x"), undecided("x")):
        with pytest.raises(TypeError, match="three values"):
            bool(verdict)
        with pytest.raises(TypeError, match="three values"):
            bool(verdict.value)
    assert str(proved("because", "replayed")) == "proved: because [replayed]"


GOOD = Sweep("m", 100, 0, 49, 1.5, "seed 0")
WRONG = [VariantResult("sign", 100, 100, False), VariantResult("the same", 100, 0, True)]


def test_a_sweep_that_agrees_and_sees_is_a_pass():
    assert sweep_verdict(GOOD, WRONG).value is Value.PROVED


@pytest.mark.parametrize(
    ("sweep", "variants", "value", "words"),
    [
        (Sweep("m", 0, 0, 0, 0.0, "nowhere"), WRONG, Value.UNDECIDED, "was compared"),
        (GOOD, [], Value.UNDECIDED, "was compared"),
        (GOOD, [VariantResult("same", 100, 0, True)], Value.UNDECIDED, "was compared"),
        (GOOD, [VariantResult("sign", 100, 0, False)], Value.UNDECIDED, "blind: it accepts"),
        (Sweep("m", 100, 2, 0, 9.0, "seed 7"), WRONG, Value.REFUTED, "fails at 2 of 100"),
        (Sweep("m", 100, 99, 100, 1e300, "seed 7", 1), WRONG, Value.REFUTED, "fails at 99"),
        (Sweep("m", 100, 0, 9, float("inf"), "x", 1), WRONG, Value.UNDECIDED, "not finite at 1 of"),
        (Sweep("m", 100, 0, 50, 1.5, "seed 7"), WRONG, Value.UNDECIDED, "hide 1e-06 nat at 50"),
    ],
)
def test_what_is_no_pass_of_a_sweep(sweep, variants, value, words):
    verdict = sweep_verdict(sweep, variants)
    assert verdict.value is value
    assert words in verdict.reason


def _trained(**changes):
    gap = {"elbo": -10.0, "entropy_sum": -10.0, "gap": 0.0, "predicted": 0.0, "residual": 0.5}
    gap |= {"finite": True, "agrees": True}
    whole = {"gradient_norm": 1e-12, "stationary": True, "kind": "maximum", "message": "ok"}
    whole |= {"ppca_log_likelihood": -10.0}
    gap |= {k: v for k, v in changes.items() if k in gap}
    whole |= {k: v for k, v in changes.items() if k in whole}
    return SimpleNamespace(gap=SimpleNamespace(**gap), **whole)


@pytest.mark.parametrize(
    ("changes", "value", "words"),
    [
        ({}, Value.PROVED, "pPCA maximum to 0e+00 nat"),
        ({"finite": False, "agrees": False}, Value.UNDECIDED, "not finite"),
        ({"agrees": False, "residual": 50.0}, Value.REFUTED, "differ by 50"),
        ({"stationary": False}, Value.UNDECIDED, "did not reach a stationary point"),
        ({"elbo": -10.1}, Value.REFUTED, "differ by 1.000e-01"),
        ({"ppca_log_likelihood": float("nan")}, Value.REFUTED, "nan"),
        ({"ppca_log_likelihood": -9.0, "kind": "saddle"}, Value.UNDECIDED, "saddle"),
        ({"ppca_log_likelihood": None, "stationary": False}, Value.PROVED, "not stationary yet"),
    ],
)
def test_training_verdicts(changes, value, words):
    verdict = training_verdict(_trained(**changes))
    assert verdict.value is value
    assert words in verdict.reason


@pytest.mark.parametrize(("name", "value"), [("vae2", Value.UNDECIDED), ("vae0", Value.REFUTED)])
def test_what_is_not_compared_is_not_verified(name, value, monkeypatch):
    """A replayed derivation without numbers ends neither with proved nor with refuted; a refutation stands without them."""

    def no_numbers(*_, **__):
        raise InputError("no JAX function for it")

    monkeypatch.setattr(verification, "gap_function", no_numbers)
    (found,) = verify([es.models.ZOO[name]()], np.zeros((4, 3)))
    assert found.sweep is None
    assert found.verdict.value is value
    assert "not compared in numbers: no JAX function for it; " in found.verdict.reason
    assert "float64" not in found.verdict.evidence


def test_only_a_model_that_ships_is_trained_as_one():
    """Another model of the same name would be trained as what it is not."""
    vae2 = es.models.vae2()
    assert verification._trainer(vae2) is verification.TRAINERS["vae2"]
    assert verification._trainer(replace(es.models.vae0(), name="vae2")) is None
    assert verification._trainer(es.models.vae0()) is None


def test_replay_never_says_false():
    for text in (
        "",
        "[]",
        '{"format": "x"}',
        "\x00",
        es.render(es.derive(es.models.vae2()), to="json")[:-9],
    ):
        verdict = es.replay(text)
        assert verdict.value is Value.UNDECIDED
        assert "false" not in verdict.reason
