"""An average that nodes may miss is neither accepted nor refuted; polynomials, networks and the model's own functions are as before."""

import pytest
import sympy as sp

import entropysym as es
from entropysym.language.declared import Symbols
from entropysym.language.heads import DataMean
from entropysym.language.objective import expectation
from entropysym.models.zoo import ZOO
from entropysym.prover import Derivation
from entropysym.testing import (
    ELBO,
    Along,
    Claim,
    Different,
    NotShown,
    Theorem,
    assert_entropy_sum,
    assert_equal,
    comparing,
    random_graph,
)
from entropysym.testing.comparing import Comparison
from tests.instances import found

M = ZOO["vae2"]()
S = Symbols(M)
NU, TAU2 = M.encoder.arguments
Z = S.z[S.h]


def total(body):
    return DataMean(sp.Sum(body, (S.h, 1, S.H)), S.n)


def mean(body):
    return total(expectation(M, body))


A = 10**7
TRUE_BUMP = (
    mean(sp.exp(-A * Z**2)) + 1,
    total(sp.exp(-A * NU**2 / (1 + 2 * A * TAU2)) / sp.sqrt(1 + 2 * A * TAU2)) + 1,
)
MISSED = 1 + mean(sp.exp(-A * (Z - sp.Rational(12345, 10000)) ** 2))


def test_a_true_closed_form_is_not_called_different():
    with pytest.raises(NotShown, match="nodes may miss"):
        assert_equal(*TRUE_BUMP, M)


def test_a_bump_that_nodes_miss_is_not_accepted():
    with pytest.raises(NotShown, match="nodes may miss"):
        assert_equal(MISSED * S.sigma2, S.sigma2, M)
    with pytest.raises(NotShown, match="nodes may miss"):
        assert_equal(MISSED * S.sigma2, lambda sigma2: sigma2, M)
    with pytest.raises(NotShown, match="nodes may miss"):
        assert_equal(ELBO, es.derive(M).elbo + MISSED - 1, M)


@pytest.mark.slow
def test_without_it_they_are(monkeypatch):
    monkeypatch.setattr(comparing, "unserved", lambda *_: "")
    assert_equal(MISSED * S.sigma2, S.sigma2, M)
    with pytest.raises(Different):
        assert_equal(*TRUE_BUMP, M)


@pytest.mark.slow
def test_polynomials_and_what_cancels_are_as_before():
    assert_equal(mean(Z**2), total(NU**2 + TAU2), M)
    with pytest.raises(Different):
        assert_equal(mean(Z**2), total(NU**2 + 2 * TAU2), M)
    exp = mean(sp.exp(Z))
    with pytest.raises(Different):
        assert_equal(exp + S.sigma2, 2 * S.sigma2 + exp, M)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sparse_coding", "poisson_vae"])
def test_the_objective_itself_is_as_before(name):
    model = ZOO[name]()
    whole = es.derive(model).elbo
    assert_equal(ELBO, whole, model)
    with pytest.raises(Different):
        assert_equal(ELBO, whole + sp.Rational(1, 10**6), model)


@pytest.mark.slow
def test_a_moment_of_a_graph_is_not_called_different():
    """Its latents are weighted points at random there, whose moments are not those of the law."""
    model = ZOO["two_layer_vae"]()
    n, z = model.data[0], model.entry("z1")
    first = DataMean(expectation(model, z, datum=n), n.index)
    location = next(f for f in model.q if f.of == ("z1",)).arguments[0]
    with pytest.raises(NotShown, match="random points"):
        assert_equal(first, DataMean(location, n.index), model)
    with pytest.raises(Different):
        assert_equal(first + 1, first + 2, model)


@pytest.mark.some(3)
@pytest.mark.parametrize("name", sorted(ZOO))
def test_no_derived_sum_has_an_average_that_nodes_may_miss(name):
    d = found(name)
    if isinstance(d, Derivation):
        assert Comparison.of(Theorem(d)).unserved == ""


#: A network that reads latents beside latents; a sigmoid, the slope of softplus, over counts and in time; exponentials that were taken apart.
GRAPHS = (6000013, 6000023, 6000027, 6000055, 6000070, 7000349)


@pytest.mark.some(2)
@pytest.mark.parametrize("seed", GRAPHS)
def test_nor_has_that_of_a_graph(seed):
    assert Comparison.of(Theorem(es.derive(random_graph(seed)))).unserved == ""


def test_what_no_objective_averages_is_not_accepted_beside_its_slopes():
    model = ZOO["poisson_vae"]()
    sum_ = es.derive(model).entropy_sum
    S = Symbols(model)
    bump = expectation(model, sp.exp(-A * (S.z[S.h] - sp.Rational(12345, 10000)) ** 2))
    missed = DataMean(sp.Sum(bump, (S.h, 1, S.H)), S.n)
    assert Comparison.of(Claim(model, Along(), sum_)).unserved == ""
    with pytest.raises(NotShown, match="nodes may miss"):
        assert_entropy_sum(model, sum_ + missed)


@pytest.mark.slow
def test_a_slope_is_known_along_a_direction_only():
    d = es.derive(random_graph(6000023))
    assert "nodes may miss" in Comparison.of(Claim(d.model, ELBO, d.entropy_sum)).unserved
