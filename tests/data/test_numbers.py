"""NumPy's numbers are taken wherever Python's are, and come out as Python's; a truth value is no integer."""

import json
from dataclasses import asdict

import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from entropysym.ascent import Plan
from entropysym.data import require_stationary_point, synthetic
from entropysym.data.sources import dequantised_digits, load_celeba, load_susy
from entropysym.data.tables import demand_kind
from entropysym.errors import InputError, integer, real, whole
from entropysym.families import binomial, pareto
from entropysym.language import instantiate
from entropysym.linear import stationary_point
from entropysym.lowering import quadrature
from entropysym.models.hierarchical import diffusion_chain

THREE = (3, np.int64(3), np.uint8(3), np.array(3), jnp.asarray(3), sp.Integer(3))
NO_INTEGERS = (True, np.True_, np.array(True), jnp.asarray(True), 3.0, np.float64(3), "3", None)
NO_INTEGERS += (np.array([3]), jnp.asarray([3]), [3], 3j, sp.Symbol("n"))


class Framework:
    """A number of a framework of one's own: PyTorch's truth values and its rows of one number are indices, too."""

    def __init__(self, dtype, ndim):
        self.dtype, self.ndim = dtype, ndim

    def __index__(self):
        return 1


@pytest.mark.parametrize("value", THREE, ids=lambda v: type(v).__name__)
def test_an_integer_of_any_kind_is_pythons(value):
    assert whole(value) == 3
    assert type(whole(value)) is int
    assert type(integer("n", value, 3)) is int
    with pytest.raises(InputError, match=r"n is .*3.*; pass an integer >= 4 or None"):
        integer("n", value, 4, otherwise=" or None")


@pytest.mark.parametrize("value", NO_INTEGERS, ids=repr)
def test_what_is_no_integer_is_refused(value):
    assert whole(value) is None
    with pytest.raises(InputError, match="pass an integer >= 1"):
        integer("n", value)


def test_a_truth_value_of_any_framework_is_no_integer():
    assert whole(Framework("torch.int64", 0)) == 1
    assert whole(Framework("torch.bool", 0)) is None
    assert whole(Framework("torch.int64", 1)) is None


def test_real_numbers():
    half = (
        0.5,
        np.float32(0.5),
        np.float64(0.5),
        np.array(0.5),
        jnp.asarray(0.5),
        sp.Rational(1, 2),
    )
    for value in half:
        assert real(value) == 0.5
        assert type(real(value)) is float
    assert real(np.int64(2)) == 2.0
    for value in (True, np.True_, "0.5", None, 0.5j, np.array([0.5]), np.complex128(1), 10**400):
        assert real(value) is None


def test_a_plan_of_numpys_numbers_is_that_of_pythons():
    """Also in the text by which a checkpoint knows it."""
    numpys = {"epochs": np.int64(3), "batch": np.array(5), "seed": np.uint8(2)}
    plan = Plan(**numpys, rate=np.float64(0.1), goal=np.float64(1e-8))
    same = Plan(epochs=3, batch=5, seed=2, rate=0.1, goal=1e-8)
    assert plan == same
    assert json.dumps(asdict(plan)) == json.dumps(asdict(same))
    assert Plan(rate=np.float32(0.1)).rate == float(np.float32(0.1))
    for name in ("epochs", "batch", "seed", "block", "observed", "lbfgs", "newton", "rate", "goal"):
        with pytest.raises(InputError, match=f"{name} is"):
            Plan(**{name: np.True_})


N, H = np.int64(6), np.uint8(2)
RNG = np.random.default_rng

#: Calls with NumPy's numbers, and the same with Python's.
CALLS = {
    "curve": (lambda n, h, s: synthetic.bent_curve(n, h, RNG(0))[0]),
    "circle": (lambda n, h, s: synthetic.circle(n, RNG(0), noise=s)),
    "pca": (lambda n, h, s: synthetic.pca_data(n, RNG(0), D=n, H=h, noise=s)),
    "stream": (lambda n, h, s: synthetic.stream_segment(n, RNG(0), h, D=n, noise=s)),
    "k_in_D": (lambda n, h, s: synthetic.k_in_D(n, RNG(0), k=h, D=n)),
    "digits": (lambda n, h, s: dequantised_digits(n, RNG(0))),
    "gauss_hermite": (lambda n, h, s: quadrature.gauss_hermite(h, n).eps),
    "cubature": (lambda n, h, s: quadrature.cubature(h).eps),
    "low_discrepancy": (lambda n, h, s: quadrature.low_discrepancy(h, n, seed=h).eps),
    "stationary": (
        lambda n, h, s: stationary_point(RNG(0).normal(size=(9, 4)), h, [h - h]).parameters["W"]
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_calls_take_numpys_numbers(name):
    found, known = CALLS[name](N, H, np.float32(0.5)), CALLS[name](6, 2, 0.5)
    assert np.array_equal(np.asarray(found), np.asarray(known))


def test_records_take_numpys_numbers():
    assert binomial(np.int64(3)) == binomial(3)
    assert pareto(np.int64(2)).support == pareto(2).support
    assert len(diffusion_chain(np.int64(2)).factors) == len(diffusion_chain(2).factors)
    assert instantiate(sp.Symbol("x"), D=np.int64(3)) == sp.Symbol("x")
    require_stationary_point(RNG(0).normal(size=(9, 4)), np.int64(2))
    for refused in (
        lambda: binomial(True),
        lambda: pareto(True),
        lambda: pareto(np.float64(2)),
        lambda: diffusion_chain(np.True_),
        lambda: require_stationary_point(RNG(0).normal(size=(9, 4)), np.True_),
        lambda: quadrature.cubature(np.True_),
        lambda: synthetic.circle(np.True_, RNG(0)),
        lambda: stationary_point(RNG(0).normal(size=(9, 4)), 2, [True]),
    ):
        with pytest.raises(InputError):
            refused()


@pytest.mark.parametrize("load", [load_susy, load_celeba])
def test_a_limit_may_be_numpys(tmp_path, load):
    with pytest.raises(InputError, match=r"limit is .*True"):
        load(tmp_path, limit=np.True_)
    with pytest.raises(InputError, match=r"Is a directory|holds no"):
        load(tmp_path, limit=np.int64(3))


def test_data_of_numpys_numbers_in_lists():
    assert demand_kind([[np.int64(1), np.float32(0)]], "binary").tolist() == [[1.0, 0.0]]
