"""Graphs for which the claim is false: each is refuted by a witness that the checker replays, and is proved where what is missing is learned."""

from dataclasses import replace

import pytest

import entropysym as es
from entropysym import ModelWriter
from entropysym.families import ANY, CATEGORICAL, NORMAL
from entropysym.language import Model
from entropysym.prover import Derivation, Refusal
from entropysym.verdict import Value
from tests.graph_models import GRAPHS

SHAPES = es.models.GRAPHS | {f"own {name}": make for name, make in GRAPHS.items()}

#: A graph, what is fixed in it, and the variable whose factor has the witness then.
FIXED = {
    "two_layer_vae": ("s0", "x"),
    "two_layer_vae_fixed_top": ("s0", "x"),
    "ladder_vae": ("s0", "x"),
    "diffusion_chain": ("s1", "x"),
    "gaussian_mixture": ("s", "x"),
    "gaussian_mixture_shared": ("s", "x"),
    "mixture_of_factor_analysers": ("s", "x"),
    "mixture_prior_vae": ("sigma2", "x"),
    "conditional_vae": ("sigma2", "x"),
    "conditional_vae_fixed_prior": ("sigma2", "x"),
    "linear_state_space": ("R", "y"),
    "deep_markov_model": ("R", "y"),
    "hidden_markov_model": ("s", "y"),
    "own grouped_variances": ("s", "x"),
}


def fixed(name: str) -> Model:
    model = SHAPES[name]()
    parameters = tuple(
        replace(p, learned=p.learned and p.name != FIXED[name][0]) for p in model.parameters
    )
    return replace(model, name="without", parameters=parameters)


@pytest.mark.some(2)
@pytest.mark.parametrize("name", FIXED)
def test_a_graph_with_a_fixed_variance_is_refuted(name):
    found = es.derive(fixed(name))
    assert isinstance(found, Refusal)
    assert found.verdict.value is Value.REFUTED, found.verdict
    assert found.witness is not None
    assert found.witness.kind == "observed"
    assert found.model.factor(found.witness.factor).of == (FIXED[name][1],)
    assert es.replay(es.render(found, "json")).value is Value.REFUTED
    said = " ".join(es.render(found, "text").split())
    assert "Witness, at all sizes 1" in said
    assert f"Data that follow p({FIXED[name][1]})" in said


@pytest.mark.parametrize("name", sorted({"own grouped_variances", "gaussian_mixture"}))
def test_the_same_graph_with_it_learned_is_proved(name):
    assert es.derive(SHAPES[name]()).verdict.value is Value.PROVED


def regression(*, learned: bool = False) -> Model:
    """No latent at all."""
    w = ModelWriter()
    u, y = w.given("u", "j J"), w.observed_variable("y", "d D")
    mean = w.sum("j", w.learned("W", "d j") * u.entry) + w.learned("b", "d")
    variance = (w.learned if learned else w.fixed)("sigma2", range="positive")
    w.p(y, NORMAL(mean, variance))
    return w.model("own_linear_regression")


def test_a_regression_with_a_fixed_variance_is_refuted():
    found = es.derive(regression())
    assert isinstance(found, Refusal)
    assert found.verdict.value is Value.REFUTED, found.verdict
    assert "q has" not in es.render(found, "text")
    assert isinstance(es.derive(regression(learned=True)), Derivation)


def layers_of_which_one_is_frozen(*, learned: bool) -> Model:
    w = ModelWriter(observed="d D")
    z1, z2 = w.latent_variable("z1", "h H"), w.latent_variable("z2", "l L")
    w.p(z2, NORMAL(0, 1))
    w.p(z1, NORMAL(w.network("f", "h", reads=z2), w.learned("s1", range="positive")))
    w.p(w.x, NORMAL(w.network("g", "d", reads=z1), w.learned("s0", range="positive")))
    w.q(z1, ANY)
    w.q(z2, NORMAL(w.network("nu", "l", reads=w.x, learned=learned), 1))
    return w.model("frozen_layer")


def test_a_layer_that_learns_nothing_is_refuted():
    found = es.derive(layers_of_which_one_is_frozen(learned=False))
    assert isinstance(found, Refusal)
    assert found.verdict.value is Value.REFUTED, found.verdict
    assert found.witness is not None
    assert (found.witness.kind, found.witness.factor) == ("latent", "p_z2")
    assert "learn nothing" in es.render(found, "text")
    other = es.derive(layers_of_which_one_is_frozen(learned=True))
    assert other.verdict.value is Value.UNDECIDED


def labels_beside(*, learned: bool) -> Model:
    """Two observed variables, one of which reads the other; what learns is shared by both."""
    w = ModelWriter(observed="d D")
    y = w.observed_variable("y", "k K", support="onehot")
    s = (w.learned if learned else w.fixed)("s", range="positive")
    w.p(y, CATEGORICAL(w.learned("pi0", "k", range="simplex")))
    w.p(w.x, NORMAL(w.network("mu", "d", reads=y), s))
    return w.model("labels_beside")


def test_one_of_two_observed_variables_refutes():
    found = es.derive(labels_beside(learned=False))
    assert found.verdict.value is Value.REFUTED, found.verdict
    assert "other data follow laws of their own" in " ".join(es.render(found, "text").split())
    assert es.derive(labels_beside(learned=True)).verdict.value is Value.PROVED


@pytest.mark.parametrize("name", ["bayesian_regression", "semi_supervised_vae", "own nested"])
def test_what_no_witness_is_known_for_is_undecided(name):
    """Where the number of data counts, and where a latent is read as it is."""
    model = SHAPES[name]()
    variance = "s" if name == "own nested" else "sigma2"
    parameters = tuple(
        replace(p, learned=p.learned and p.name != variance) for p in model.parameters
    )
    found = es.derive(replace(model, name="without", parameters=parameters))
    assert found.verdict.value is Value.UNDECIDED
