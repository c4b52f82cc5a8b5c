"""The quadratures, each check's power to reject, and what is not shown."""

import math
import sys

import numpy as np
import pytest

import entropysym as es
from entropysym.auditing import Audit, Outcome, Space, audit, checks
from entropysym.auditing.quadrature import Nodes, double_exponential, gauss
from entropysym.auditing.records import space_of
from entropysym.errors import InputError


def gamma(x, shape, rate):
    return shape * np.log(rate) - math.lgamma(float(shape)) + (shape - 1) * np.log(x) - rate * x


GAMMA = {"support": "positive", "parameters": {"shape": 2.3, "rate": 1.7}}


@pytest.mark.parametrize("rule", [gauss, double_exponential])
@pytest.mark.parametrize(
    ("space", "log_density"),
    [
        (space_of("real"), lambda x: -(x**2) / 2 - math.log(2 * math.pi) / 2),
        (space_of("real"), lambda x: -np.abs(x - 0.3) / 1.4 - math.log(2.8)),
        (space_of("real"), lambda x: -np.log(np.pi * (1 + x**2))),
        (space_of("positive"), lambda x: -x),
        (space_of("positive"), lambda x: -2 * np.log1p(x)),
        (space_of("from 1"), lambda x: math.log(2.5) - 3.5 * np.log(x)),
        (space_of("unit"), lambda x: np.log(6 * x * (1 - x))),
        (space_of("count"), lambda x: x * math.log(0.4) + math.log(0.6)),
        (space_of("simplex", 3), lambda x: math.log(2) + np.zeros(len(x))),
        (space_of("sphere", 2), lambda x: -math.log(2 * math.pi) + np.zeros(len(x))),
        (space_of("sphere", 3), lambda x: -math.log(4 * math.pi) + np.zeros(len(x))),
        (space_of("real", 2), lambda x: -np.sum(x**2, axis=-1) / 2 - math.log(2 * math.pi)),
        (space_of("onehot", 3), lambda x: x @ np.log([0.2, 0.5, 0.3])),
    ],
)
def test_known_integrals(rule, space, log_density):
    for nodes in rule(space, log_density, [0.3]):
        with np.errstate(all="ignore"):
            mass = float(np.exp(log_density(nodes.x) + nodes.log_weight).sum())
        assert mass == pytest.approx(1, abs=1e-9)


def test_a_sound_law_has_no_alarm():
    found = audit(gamma, **GAMMA)
    assert not found.alarms
    assert found.decided >= 4
    assert found.row("scores").outcome is Outcome.HOLDS
    assert found.row("intercept").outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("check", "claims"),
    [
        ("entropy", {"entropy": lambda shape, rate: 1.0}),
        ("intercept", {"entropy": lambda shape, rate: 1.0}),
        ("kl", {"kl": lambda p, q: 0.5}),
        ("kl of equals", {"kl": lambda p, q: 0.5}),
    ],
)
def test_wrong_claims_are_found(check, claims):
    assert check in {row.check for row in audit(gamma, **GAMMA, **claims).alarms}


def test_a_wrong_density_is_found():
    found = audit(lambda x, shape, rate: gamma(x, shape, rate) + 0.01 * shape, **GAMMA)
    assert {"normalised", "scores"} <= {row.check for row in found.alarms}


def test_a_difference_that_the_other_quadrature_does_not_see_is_no_alarm(monkeypatch):
    """Each alarm needs two witnesses: with a second rule that finds something else nothing fails."""

    def blind(space, log_density, breaks):
        x = np.array([0.5, 1.5])
        return Nodes(x, np.zeros(2)), Nodes(x, np.zeros(2))

    wrong = {"entropy": lambda shape, rate: 1.0}
    assert audit(gamma, **GAMMA, **wrong).alarms
    monkeypatch.setattr(checks, "double_exponential", blind)
    found = audit(gamma, **GAMMA, **wrong)
    assert not found.alarms
    assert found.row("entropy").outcome is Outcome.NOT_SHOWN
    assert "disagree" in found.row("entropy").says


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_never_holds(value):
    found = audit(gamma, **GAMMA, entropy=lambda shape, rate: value)
    assert found.row("entropy").outcome is not Outcome.HOLDS
    found = audit(lambda x, shape, rate: np.full_like(x, value), **GAMMA)
    assert all(row.outcome is not Outcome.HOLDS for row in found.rows if row.check != "support")


def test_a_density_that_does_not_decay_is_not_shown():
    found = audit(lambda x, shape, rate: np.zeros_like(x), **GAMMA)
    assert found.row("normalised").outcome is not Outcome.HOLDS


def test_a_gradient_that_is_no_number_is_found():
    import jax.numpy as jnp

    def law(x, scale):
        u = x / scale
        # where, with a branch that is not taken, whose derivative is nan
        safe = jnp.where(x > 1, 0.0 * jnp.sqrt(jnp.maximum(1 - u, 0.0) * 0.0), 0.0)
        return -u - jnp.log(scale) + safe

    found = audit(law, support="positive", parameters={"scale": 1.3})
    assert found.row("gradient").outcome is Outcome.FAILS
    assert found.row("normalised").outcome is Outcome.HOLDS


def test_jax_and_torch_functions_have_gradients():
    import jax
    import torch

    def in_jax(x, rate):
        return jax.numpy.log(rate) - rate * x

    def in_torch(x, rate):
        return torch.log(rate) - rate * x

    for law in (in_jax, in_torch):
        found = audit(law, support="positive", parameters={"rate": 1.7})
        assert not found.alarms
        assert found.row("gradient").outcome is Outcome.HOLDS
        assert found.row("intercept").outcome is Outcome.HOLDS
    assert "torch" in sys.modules


@pytest.mark.some(3)
@pytest.mark.parametrize("name", sorted(es.families.FAMILIES))
def test_records(name):
    family = es.families.FAMILIES[name]
    if family.depth == 2:
        pytest.skip("matrices with rows and columns are not integrated")
    size = 1 if name == "Wishart" else 2
    found = audit(family, size=size)
    assert not found.alarms
    if name not in ("VonMisesFisher",):  # whose log-partition nobody wrote down
        assert found.row("normalised").outcome is Outcome.HOLDS


def test_an_infinite_divergence_is_told_from_a_finite_one():
    from scipy import stats

    def uniform(x, high):
        return np.where(x <= high, -np.log(high), -np.inf)

    assert stats.uniform(0, 1).entropy() == 0
    found = audit(
        uniform,
        support=(0, 2.0),
        parameters={"high": 2.0},
        other={"high": 1.5},
        kl=lambda p, q: math.inf if p["high"] > q["high"] else 0.0,
    )
    assert found.row("kl").outcome is Outcome.HOLDS
    assert found.row("kl").wanted == math.inf


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({}, "pass support= and parameters="),
        ({"support": "sideways", "parameters": {}}, "unknown support"),
        ({"support": "simplex", "parameters": {}}, "have a size"),
        ({"support": (2, 1), "parameters": {}}, "is empty"),
        ({"support": "real", "parameters": {"a": math.nan}}, "finite numbers"),
        ({"support": "real", "parameters": {"a": "b"}}, "number or an array"),
    ],
)
def test_what_cannot_be_audited_is_told(about, says):
    with pytest.raises(InputError, match=says):
        audit(gamma, **about)


def test_what_is_no_distribution():
    with pytest.raises(InputError, match="no distribution"):
        audit(3)
    with pytest.raises(InputError, match="no row 'kurtosis'"):
        Audit("x", ()).row("kurtosis")
    with pytest.raises(TypeError, match="three values"):
        bool(Outcome.HOLDS)
    assert space_of((0, 1)) == Space("interval", 0.0, 1.0)
