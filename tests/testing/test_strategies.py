"""Strategies: what they make is of the model, over decades, and shrinks to what is plain."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

import entropysym as es
from entropysym.families import FAMILIES
from entropysym.language.supports import contains
from entropysym.testing import at, configurations, datasets, models, points, sizes
from entropysym.testing import networks as network_functions
from entropysym.testing.claims import Theorem
from entropysym.testing.flat_points import drawn, shape_of, shapes, small_shapes, wanted

VAE2 = es.models.vae2()
THEOREM = Theorem("vae2")
QUICK = settings(max_examples=20, deadline=None)
SHORT = settings(
    max_examples=40, deadline=None, database=None, phases=(Phase.generate, Phase.shrink)
)


@pytest.mark.some(1)
@pytest.mark.parametrize("name", ["vae2", "linear_vae", "gaussian_vae", "poisson_vae", "gaussian_mixture"])  # fmt: skip
def test_configurations_shrink_to_ones_and_plain_numbers(name):
    model = es.models.ZOO[name]()
    found = find(configurations(model), lambda c: True, settings=SHORT)
    least = small_shapes(model)[0]
    assert found.shape == least
    for array in found.arrays.values():
        assert set(np.ravel(array)) <= {0.0, 0.5, 1.0}


def test_each_array_becomes_plain_by_itself():
    found = find(configurations(VAE2), lambda c: c.arrays["sigma2"] > 50, settings=SHORT)
    assert dict(found.shape.sizes) == {"D": 1, "H": 1, "N": 1}
    assert found.arrays["alpha2"].tolist() == [1.0]
    assert found.arrays["x"].tolist() == [[0.0]]
    assert "sigma2=" in repr(found)


@QUICK
@given(configurations(VAE2))
def test_what_is_drawn_is_a_point_of_the_model(point):
    assert shape_of(VAE2, point.arrays) == point.shape
    assert {*point.arrays} == {*wanted(VAE2, point.shape)}
    D, N = point.shape["D"], point.shape["N"]
    assert point.configuration.arrays["x"].shape == (N, D)
    eps, weights = point.configuration.nodes.eps, point.configuration.nodes.weights
    assert weights.sum() == pytest.approx(1)
    assert np.allclose(weights @ eps, 0)
    assert np.allclose(eps.T @ (weights[:, None] * eps), np.eye(point.shape["H"]))


@settings(max_examples=5, deadline=None)
@given(configurations(VAE2, shape=shapes(VAE2)[0]))
def test_the_witness_takes_a_point(point):
    assert at(THEOREM, point.arrays).agrees


def test_parameters_lie_over_many_decades_and_data_do_not_fit():
    flat = drawn(VAE2, shapes(VAE2)[2], 0, 200)
    assert flat["sigma2"].max() / flat["sigma2"].min() > 1e4
    spread = np.ptp(flat["x"], axis=(1, 2))
    assert spread.max() / spread.min() > 1e2


@pytest.mark.parametrize("name", FAMILIES)
def test_points_of_every_family_lie_in_its_support(name):
    family = FAMILIES[name]

    @settings(max_examples=5, deadline=None, database=None)
    @given(points(family, 2))
    def inside(point):
        assert len(point) == 1 + len(family.arguments)
        assert all(np.isfinite(v).all() for v in point.values())
        if not family.is_multivariate:
            assert np.all(contains(family.support, point["x"]))

    inside()


@QUICK
@given(datasets())
def test_datasets_have_rows_and_columns(x):
    assert x.ndim == 2
    assert np.isfinite(x).all()


@pytest.mark.slow
def test_datasets_have_what_breaks_code():
    seen = {"constant": lambda x: len(x) > 1 and np.ptp(x[:, 0]) == 0 and np.ptp(x) > 0}
    seen["duplicates"] = lambda x: len(x) > 1 and np.ptp(x) > 0 and (x[0] == x[1]).all()
    seen["huge"] = lambda x: np.abs(x).max() > 1e8
    seen["tiny"] = lambda x: 0 < np.abs(x).max() < 1e-8
    for wanted_ in seen.values():
        find(datasets(), wanted_, settings=settings(SHORT, max_examples=2000))
    assert find(datasets(), lambda x: True, settings=SHORT).tolist() == [[0.0]]
    assert find(sizes(), lambda n: True, settings=SHORT) == 1


def test_a_network_is_a_function_and_shrinks_to_a_constant():
    net = next(n for n in VAE2.networks if n.name == "mu")
    shape = shapes(VAE2)[2]
    f = find(network_functions(net, shape, VAE2), lambda f: True, settings=SHORT)
    inputs = np.arange(float(shape["H"]))
    assert np.array_equal(f(inputs), f(inputs + 1))
    assert f(inputs).shape == (shape["D"],)


def test_models_are_random_and_shrink_to_the_plain_one():
    plain = find(models(), lambda m: True, settings=SHORT)
    assert plain.is_plain
    assert {f.family.name for f in plain.factors} == {"Normal"}
    graph = find(models(), lambda m: not m.is_plain, settings=SHORT)  # fmt: skip
    assert not graph.is_plain


@settings(max_examples=15, deadline=None)
@given(st.from_type(es.Model), st.from_type(es.Family))
def test_types_are_registered(model, family):
    assert isinstance(model, es.Model)
    assert isinstance(family, es.Family)


REGISTERED = """
{first}
import sys
assert "sympy" not in sys.modules or {late}
import entropysym as es
es.Model
from hypothesis import given, settings, strategies as st


@settings(max_examples=2, database=None, deadline=None)
@given(st.from_type(es.Model))
def one(model):
    assert isinstance(model, es.Model)


one()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "late"), [("import hypothesis.strategies", False), ("import sympy", True)]
)
def test_the_entry_point_registers_whatever_comes_first(first, late):
    run = [sys.executable, "-c", REGISTERED.format(first=first, late=late)]
    subprocess.run(run, check=True)
