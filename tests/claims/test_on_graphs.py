"""Graphs of factors on data: what data they take, what is simulated for them, and where their ascent ends."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from entropysym.claims.on_graphs import PLAN, graph_sample, rest_on_graph
from entropysym.claims.verification import rest_verdict
from entropysym.errors import InputError
from entropysym.families import ANY, MULTIVARIATE_NORMAL, NORMAL
from entropysym.language.supports import MATRICES, WORDS
from entropysym.language.writing import ModelWriter
from entropysym.models.zoo import GRAPHS, ZOO
from entropysym.networks.graph_defaults import concrete_graph
from entropysym.verdict import Value
from tests.instances import derivation


@pytest.mark.parametrize("name", GRAPHS)
def test_simulated_data_are_data_of_the_model(name):
    """They lie in their supports, have the sizes of the model, and equal seeds give equal bytes."""
    model = ZOO[name]()
    sample = graph_sample(model, None)
    again = graph_sample(model, sample.arrays)
    assert {k: again.sizes[k] for k in again.sizes} == dict(sample.sizes)
    same, other = graph_sample(model, None).arrays, graph_sample(model, None, seed=1).arrays
    for key, array in sample.arrays.items():
        assert array.tobytes() == same[key].tobytes()
        assert array.tobytes() != other[key].tobytes()
        assert np.ptp(array) > 0


@pytest.mark.parametrize("support", [*WORDS, "from 3/2", "upto 20"])
def test_data_of_every_support_are_simulated(support):
    w = ModelWriter()
    if support in MATRICES:
        given = w.given("g", "d d", support=support)
        w.p(w.x, MULTIVARIATE_NORMAL(w.learned("mu", "d"), given.matrix))
    else:
        given = w.given("g", "e B", support=support)
        w.p(w.x, NORMAL(w.network("mu", "d", reads=given), w.learned("s", range="positive")))
    model = w.model("own_given")
    sample = graph_sample(model, None)
    assert graph_sample(model, sample.arrays).shape == sample.shape
    assert np.ptp(sample.arrays["g"]) > 0


def _rows(**changes):
    """Two rows of inputs and of labels for the classifier, with changes."""
    u, y = np.array([[0.5, -1.0], [2.0, 0.0]]), np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return {"u": u, "y": y} | changes


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"w": np.zeros(2)}, r"unknown variable in the data 'w'"),
        ({"u": np.zeros(2)}, r"u has shape \(2,\); wanted \(N, J\)"),
        ({"u": np.zeros((3, 2))}, r"N is 3 in u \(3, 2\) and 2 in y \(2, 3\)"),
        ({"u": np.zeros((0, 2))}, r"u is empty: its shape is \(0, 2\)"),
        ({"u": np.array([[0.0, 1.0], [np.nan, 1.0]])}, r"u\[1, 0\] is nan; every number"),
        ({"y": np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])}, r"y is onehot, but at \[1\] it is"),
        ({"y": np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])}, r"y is onehot, but at \[1\] it is"),
    ],
)
def test_data_that_do_not_fit_are_named(changes, why):
    with pytest.raises(InputError, match=why):
        graph_sample(ZOO["softmax_classifier"](), _rows(**changes))


def test_missing_data_are_named():
    with pytest.raises(InputError, match="the data have no array 'y'; wanted are: u, y"):
        graph_sample(ZOO["softmax_classifier"](), {"u": np.zeros((2, 2))})


def test_any_law_beside_others_has_no_default_points():
    w = ModelWriter()
    z1, z2 = w.latent_variable("z1", "h"), w.latent_variable("z2", "l L")
    s = w.learned("s", range="positive")
    w.p(z2, NORMAL(0, w.learned("a", range="positive")))
    w.p(z1, NORMAL(w.network("m", "h", reads=z2), w.learned("b", range="positive")))
    w.p(w.x, NORMAL(w.network("mu", "d", reads=z1), s))
    w.q(z1, ANY)
    w.q(z2, NORMAL(w.network("nu", "l", reads=z1), w.network("t", "l", reads=z1, range="positive")))
    model = w.model("mixed")
    sample = graph_sample(model, None)
    with pytest.raises(InputError, match="q_z1 is of any law beside factors of other laws"):
        concrete_graph(model, sample.arrays, sample.sizes)


def test_equal_seeds_start_alike_and_learn_what_is_learned():
    model = ZOO["two_layer_vae_fixed_top"]()
    sample = graph_sample(model, None)
    one, same, other = (
        concrete_graph(model, sample.arrays, sample.sizes, seed=seed).start for seed in (3, 3, 4)
    )
    assert jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), one, same))
    assert not jax.tree.all(jax.tree.map(lambda a, b: bool((a == b).all()), one, other))
    # Of a network of data all behind its given units is learned; one of latents has no units.
    assert set(one["nu_1"]) == {"outside", "linear", "shift"}
    assert set(one["m1"]) == {"squares", "linear", "shift"}


@pytest.mark.slow
def test_data_without_spread_end_at_a_border_that_is_named():
    """The variance runs to 0, and no gradient norm is ever small; on small data with spread it is only small."""
    d = derivation("gaussian_mixture_shared")
    constant = rest_on_graph(d, graph_sample(d.model, {"x": np.ones((30, 2))}))
    assert constant.border is not None
    assert "runs to 0" in constant.border
    assert rest_verdict(constant).value is Value.UNDECIDED
    assert "vacuous" in rest_verdict(constant).reason
    small = 1e-4 * np.random.default_rng(0).normal(size=(30, 2))
    early = rest_on_graph(
        d, graph_sample(d.model, {"x": small}), plan=replace(PLAN, lbfgs=3, newton=0)
    )
    assert not early.measured.stationary
    assert early.border is None


@pytest.mark.slow
def test_an_ascent_is_repeated_exactly():
    d = derivation("softmax_classifier")
    sample = graph_sample(d.model, None)
    one, same = (rest_on_graph(d, sample).measured for _ in range(2))
    assert one.stationary
    assert (one.gap.elbo, one.gap.gap, one.gradient_norm) == (
        same.gap.elbo,
        same.gap.gap,
        same.gradient_norm,
    )


@pytest.mark.parametrize(
    "wrong", [[[1.0, 0.5], [0.4, 1.0]], [[1.0, 2.0], [2.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]
)
def test_data_that_are_no_positive_definite_matrices_are_named(wrong):
    w = ModelWriter(observed="d D")
    given = w.given("g", "d d", support="posdef")
    w.p(w.x, MULTIVARIATE_NORMAL(w.learned("mu", "d"), given.matrix))
    data = {"x": np.zeros((2, 2)), "g": np.array([np.eye(2), wrong])}
    with pytest.raises(InputError, match=r"g is symmetric and positive definite, but at \[1\]"):
        graph_sample(w.model("own_given"), data)
    data["g"][1] = np.eye(2)
    assert graph_sample(w.model("own_given"), data).sizes["D"] == 2
