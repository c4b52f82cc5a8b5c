"""Verdicts have three values; nothing compared, NaN, or a blind check is never a pass."""

from types import SimpleNamespace

import pytest

import entropysym as es
from entropysym.ascent import Ending
from entropysym.claims import verification
from entropysym.claims.verification import rest_verdict, sweep_verdict, verify
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
        (Sweep("m", 100, 2, 0, 9.0, "seed 7"), WRONG, Value.UNDECIDED, "may be rounding"),
        (Sweep("m", 100, 2, 0, 1e4, "seed 7", 0, 1), WRONG, Value.REFUTED, "fails at 2 of 100"),
        (Sweep("m", 100, 99, 100, 1e300, "seed 7", 1, 99), WRONG, Value.REFUTED, "fails at 99"),
        (Sweep("m", 100, 1, 0, float("inf"), "x", 1), WRONG, Value.UNDECIDED, "may be rounding"),
        (Sweep("m", 100, 0, 9, float("inf"), "x", 1), WRONG, Value.UNDECIDED, "not finite at 1 of"),
        (Sweep("m", 100, 0, 50, 1.5, "seed 7"), WRONG, Value.UNDECIDED, "hide 1e-06 nat at 50"),
    ],
)
def test_what_is_no_pass_of_a_sweep(sweep, variants, value, words):
    verdict = sweep_verdict(sweep, variants)
    assert verdict.value is value
    assert words in verdict.reason


def _rest(**changes):
    gap = {"elbo": -10.0, "entropy_sum": -10.0, "gap": 0.0, "predicted": 0.0, "residual": 0.5}
    gap |= {"finite": True}
    at = {"gradient_norm": 1e-12, "stationary": True, "as_predicted": True, "density_residual": 0.5}
    whole = {"kind": "maximum", "ppca": -10.0, "border": None}
    for part in (gap, at, whole):
        part |= {k: v for k, v in changes.items() if k in part}
    measured = SimpleNamespace(gap=SimpleNamespace(**gap), **at)
    settled = SimpleNamespace(message="why", ending=Ending.LIMIT)
    return SimpleNamespace(measured=measured, settled=settled, **whole)


@pytest.mark.parametrize(
    ("changes", "value", "words"),
    [
        ({}, Value.PROVED, "pPCA maximum to 0e+00 nat"),
        ({"ppca": None}, Value.PROVED, "stationary on the data"),
        ({"finite": False, "as_predicted": False}, Value.UNDECIDED, "not finite"),
        (
            {"finite": False, "as_predicted": False, "border": "A runs to 0"},
            Value.UNDECIDED,
            "vacuous, the ascent runs to a border",
        ),
        ({"as_predicted": False, "residual": 5e4}, Value.REFUTED, "differ by 5e"),
        ({"as_predicted": False, "residual": 50.0}, Value.UNDECIDED, "may be rounding"),
        ({"as_predicted": False, "density_residual": 5e4}, Value.REFUTED, "differ by 0.5 and 5e"),
        ({"stationary": False}, Value.UNDECIDED, "the identity is as predicted"),
        ({"stationary": False, "ppca": None}, Value.UNDECIDED, "the ascent ended above"),
        (
            {"stationary": False, "border": "A runs to 0"},
            Value.UNDECIDED,
            "vacuous, the ascent runs to a border",
        ),
        (
            {"as_predicted": False, "residual": 5e4, "border": "A runs to 0"},
            Value.REFUTED,
            "differ",
        ),
        ({"gap": 1e-7, "ppca": None}, Value.UNDECIDED, "the gap is 1.0e-07 nat, as predicted"),
        ({"elbo": -10.1}, Value.REFUTED, "1.000e-01 nat off"),
        ({"ppca": float("nan")}, Value.REFUTED, "nan"),
        ({"ppca": -9.0, "kind": "saddle, 2 flat directions"}, Value.UNDECIDED, "saddle"),
    ],
)
def test_what_data_say(changes, value, words):
    """Proved is said at a stationary point alone; only an identity that fails refutes."""
    verdict = rest_verdict(_rest(**changes))
    assert verdict.value is value
    assert words in verdict.reason


@pytest.mark.parametrize(("name", "value"), [("vae2", Value.UNDECIDED), ("vae0", Value.REFUTED)])
def test_what_is_not_compared_is_not_verified(name, value, monkeypatch):
    """A replayed derivation without numbers ends neither with proved nor with refuted; a refutation stands without them."""

    def no_numbers(*_, **__):
        raise InputError("no JAX function for it")

    monkeypatch.setattr(verification, "gap_function", no_numbers)
    (found,) = verify([es.models.ZOO[name]()], None)
    assert found.sweep is None
    assert found.verdict.value is value
    assert "not compared in numbers: no JAX function for it; " in found.verdict.reason
    assert "float64" not in found.verdict.evidence


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
