"""A stationarity condition times a factor that can vanish is not accepted; one times a factor that cannot is."""

import pytest
import sympy as sp

from entropysym.testing import NotShown, assert_stationary_condition, stationary
from tests.instances import derivation

D = derivation("vae2")
ST = D.stationarity["sigma2"]
S = D.symbols
VANISHING = [S.sigma2 - 1, S.sigma2 - 2, sp.log(S.sigma2), S.D - 3, S.D - S.H, 1 / (S.sigma2 - 2)]


@pytest.mark.some(1)
@pytest.mark.parametrize("factor", VANISHING, ids=str)
def test_a_factor_that_can_vanish_is_refused(factor):
    with pytest.raises(NotShown, match=r"both signs|where the derivative|not finite"):
        assert_stationary_condition(D.model, "sigma2", (factor * ST.lhs, factor * ST.rhs))


def test_without_the_signs_it_is_accepted(monkeypatch):
    monkeypatch.setattr(stationary, "_demand_one_sign", lambda *_: None)
    factor = S.sigma2 - 2
    assert_stationary_condition(D.model, "sigma2", (factor * ST.lhs, factor * ST.rhs))


@pytest.mark.some(1)
@pytest.mark.parametrize("factor", [sp.S.One, S.sigma2**2, -S.D / S.sigma2, 1 + S.sigma2], ids=str)
def test_a_factor_that_cannot_is_none(factor):
    assert_stationary_condition(D.model, "sigma2", (factor * ST.lhs, factor * ST.rhs))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["W", "sigma"])
def test_derived_conditions_of_other_ranges_hold(name):
    d = derivation("linear_vae")
    if name in d.stationarity:
        assert_stationary_condition(d.model, name, d.stationarity[name])
