"""True identities that floats or quadrature rules seem to refute: none is called different, and false ones beside them are."""

import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym.claims import telling_apart
from entropysym.language.averages import degree
from entropysym.language.declared import Symbols
from entropysym.language.heads import DataMean
from entropysym.language.objective import expectation
from entropysym.models.zoo import ZOO

M = ZOO["vae2"]()
S = Symbols(M)
NU, TAU2 = M.encoder.arguments
Z = S.z[S.h]
X, SG = S.x[S.n, S.d], S.sigma2


def total(body):
    return DataMean(sp.Sum(body, (S.h, 1, S.H)), S.n)


def mean(body):
    return total(expectation(M, body))


def bump(a):
    """E exp(-a z^2) in closed form."""
    return sp.exp(-a * NU**2 / (1 + 2 * a * TAU2)) / sp.sqrt(1 + 2 * a * TAU2)


AVERAGES = {
    "exp": (mean(sp.exp(Z)), total(sp.exp(NU + TAU2 / 2))),
    "exp of 3 z": (mean(sp.exp(3 * Z)), total(sp.exp(3 * NU + 9 * TAU2 / 2))),
    "cosh": (mean(sp.cosh(Z)), total(sp.exp(TAU2 / 2) * sp.cosh(NU))),
    "a bump": (mean(sp.exp(-50 * Z**2)), total(bump(50))),
    "what is infinite": (mean(Z**-2), 2 * mean(Z**-2)),
    "too high a power": (
        mean(Z**100),
        total(sum(sp.binomial(100, 2 * k) * sp.factorial2(2 * k - 1) * NU ** (100 - 2 * k) * TAU2**k for k in range(51))),
    ),
    "cos": (mean(sp.cos(Z)), total(sp.exp(-TAU2 / 2) * sp.cos(NU))),
    "an absolute value": (
        mean(sp.Abs(Z)),
        total(sp.sqrt(2 * TAU2 / sp.pi) * sp.exp(-(NU**2) / (2 * TAU2)) + NU * sp.erf(NU / sp.sqrt(2 * TAU2))),
    ),
    "cases": (
        mean(sp.Piecewise((1, Z > 0), (0, True))),
        total((1 + sp.erf(NU / sp.sqrt(2 * TAU2))) / 2),
    ),
}  # fmt: skip


@pytest.mark.some(2)
@pytest.mark.parametrize("name", AVERAGES)
def test_an_average_that_no_rule_serves_refutes_nothing(name):
    found = es.equal(*AVERAGES[name], M)
    assert found.value.name != "REFUTED", found
    assert name != "exp" or "no quadrature rule is known to be right" in found.reason


@pytest.mark.slow
def test_without_the_degree_they_are_refuted(monkeypatch):
    monkeypatch.setattr(telling_apart, "beyond_rules", lambda *_: None)
    wrong = {k for k, pair in AVERAGES.items() if es.equal(*pair, M).value.name == "REFUTED"}
    assert {"exp of 3 z", "a bump", "what is infinite"} <= wrong


def test_what_both_sides_average_alike_is_left_out():
    false = es.equal(mean(sp.exp(Z)) + SG, mean(sp.exp(Z)) + 2 * SG, M)
    assert false.value.name == "REFUTED"
    assert es.equal(mean(sp.exp(Z)) + SG, SG + mean(sp.exp(Z)), M).value.name == "PROVED"


def test_polynomials_and_networks_still_refute():
    other = ZOO["poisson_vae"]()
    s = Symbols(other)
    rate = other.decoder.arguments[0]
    of_network = DataMean(expectation(other, sp.exp(rate) * s.z[s.h]), s.n)
    assert degree(sp.exp(rate) * s.z[s.h] ** 2) == 2
    assert degree(sp.exp(Z)) == degree(1 / Z) == degree(sp.exp(rate + Z)) == sp.oo
    assert es.equal(mean(Z**4), total(NU**4), M).value.name == "REFUTED"
    assert es.equal(of_network, 2 * of_network, other).value.name == "REFUTED"


ROUNDED = {
    "log of 1": (sp.log(sp.sin(SG) ** 2 + sp.cos(SG) ** 2), sp.S.Zero),
    "erfc": (sp.Abs(1 - sp.erf(X)), sp.erfc(X)),
    "erfc, far": (sp.Abs(1 - sp.erf(30 * SG)), sp.erfc(30 * SG)),
    "the size of 0": (sp.Abs(sp.sin(X) ** 2 + sp.cos(X) ** 2 - 1), sp.S.Zero),
    "digamma": (sp.Abs(sp.digamma(SG + 1) - sp.digamma(SG)), 1 / SG),
    "roots": (
        sp.Abs(sp.sqrt(X**2 + 1) - sp.Abs(X)),
        1 / (sp.sqrt(X**2 + 1) + sp.Abs(X)),
    ),
    "cases": (
        sp.Piecewise((1, sp.loggamma(SG + 1) - sp.loggamma(SG) - sp.log(SG) > 0), (0, True)),
        sp.S.Zero,
    ),
    "a sum of what is large": (sp.Abs(10**16 + SG - 10**16 * sp.exp(sp.log(SG) - sp.log(SG) * sp.sin(SG) ** 2 - sp.log(SG) * sp.cos(SG) ** 2)), SG),
    "underflow": (sp.Abs(sp.exp(-800 * (sp.sin(SG) ** 2 + sp.cos(SG) ** 2)) * sp.exp(700)), sp.exp(-100)),
    "log of exp": (sp.log(1 + sp.exp(-30 * SG) * (sp.sin(SG) ** 2 + sp.cos(SG) ** 2)), sp.log(1 + sp.exp(-30 * SG))),
    "a power": ((sp.sin(X) ** 2 + sp.cos(X) ** 2 - 1) ** 2, sp.S.Zero),
    "arsinh": (sp.Abs(sp.asinh(X) - sp.log(X + sp.sqrt(X**2 + 1))), sp.S.Zero),
}  # fmt: skip


@pytest.mark.some(3)
@pytest.mark.parametrize("name", ROUNDED)
def test_rounding_inside_of_functions_refutes_nothing(name):
    for a, b in (ROUNDED[name], ROUNDED[name][::-1]):
        found = es.equal(a, b, M)
        assert found.value.name != "REFUTED", found


def test_without_it_they_are_refuted(monkeypatch):
    monkeypatch.setattr(telling_apart, "_rounding", lambda *_: np.zeros(()))
    wrong = {k for k, pair in ROUNDED.items() if es.equal(*pair, M).value.name == "REFUTED"}
    assert len(wrong) >= 6, wrong


@pytest.mark.some(1)
@pytest.mark.parametrize("name", ["erfc", "digamma", "roots", "log of exp"])
def test_a_planted_error_is_still_seen(name):
    a, b = ROUNDED[name]
    assert es.equal(a, b * (1 + sp.Rational(1, 10**9)), M).value.name == "REFUTED"
    assert es.equal(a + sp.Rational(1, 10**9), b, M).value.name == "REFUTED"
