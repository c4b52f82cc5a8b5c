"""Matrices: words of letters against NumPy, the sums of |terms|, and what is not positive definite is never a number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from scipy import stats

from entropysym.errors import InputError
from entropysym.families import BERNOULLI, LAPLACE, MULTIVARIATE_NORMAL, POISSON
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import DataMean, EncoderExpectation
from entropysym.language.matrices import (
    Inverse,
    LogDet,
    MatrixLetter,
    MatrixProduct,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.records import Network, Plate
from entropysym.language.symbols import DATUM, LATENT, array, n, scalar
from entropysym.lowering import cubature, lower
from entropysym.lowering.factorisations import UNROLLED, cholesky, inverse_lower, solve_lower
from entropysym.witness.densities import density

RNG = np.random.default_rng(3)
H = sp.Symbol("H", integer=True, positive=True)
h, d = Plate.named("h", "H"), Plate.named("d", "D")
A, L = MatrixLetter("A", H, "posdef"), MatrixLetter("L", H, "triangular")
s = scalar("s", "positive")
a, b = array("a"), array("b")
ROOT = np.tril(RNG.normal(size=(3, 3)), -1) + np.diag([0.5, 1.5, 2.0])
GRAM = ROOT @ ROOT.T + 0.3 * np.eye(3)
LEFT, RIGHT = RNG.normal(size=(2, 3))
GIVEN = {"A": GRAM, "L": ROOT, "s": 0.7, "a": LEFT, "b": RIGHT}

WORDS = {
    "A": (A, GRAM),
    "L L'": (MatrixProduct(L, Transposed(L)), ROOT @ ROOT.T),
    "A^-1": (Inverse(A), np.linalg.inv(GRAM)),
    "(L L')^-1": (Inverse(MatrixProduct(L, Transposed(L))), np.linalg.inv(ROOT @ ROOT.T)),
    "s A": (Scaled(s, A), 0.7 * GRAM),
    "(s L)^-1": (Inverse(Scaled(s, L)), np.linalg.inv(0.7 * ROOT)),
    "L^-1'": (Transposed(Inverse(L)), np.linalg.inv(ROOT).T),
    "(A L)^-1": (Inverse(MatrixProduct(A, L)), np.linalg.inv(GRAM @ ROOT)),
    "(L^-1)^-1": (Inverse(Inverse(L)), ROOT),
    "A L A": (MatrixProduct(A, L, A), GRAM @ ROOT @ GRAM),
}


def given(*expressions):
    names = set().union(*(lower(e).signature for e in expressions))
    return {
        k: v if isinstance(v, float) else jnp.asarray(v) for k, v in GIVEN.items() if k in names
    }


@pytest.mark.some(3)
@pytest.mark.parametrize("name", WORDS)
def test_words(name):
    word, wanted = WORDS[name]
    ends = (h.vector(a[h.index]), h.vector(b[h.index]))
    np.testing.assert_allclose(lower(word)(**given(word)), wanted, rtol=1e-12, atol=1e-14)
    for e, value in (
        (LogDet(word), np.linalg.slogdet(wanted)[1]),
        (Trace(word), np.trace(wanted)),
        (Quadratic(ends[0], word, ends[1]), LEFT @ wanted @ RIGHT),
    ):
        f = lower(e)
        np.testing.assert_allclose(f(**given(e)), value, rtol=1e-11, atol=1e-13)
        assert f.terms(**given(e)) >= abs(value) * (1 - 1e-12)


def test_terms_show_the_condition_number():
    values = np.diag([1.0, 1e-6])
    turn = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2)
    bad = jnp.asarray(turn @ values @ turn.T)
    bad = (bad + bad.T) / 2
    assert lower(LogDet(A)).terms(A=bad) > 1e5
    assert lower(LogDet(A)).terms(A=jnp.asarray(values)) < 20


NOT_POSITIVE = {
    "-I": -np.eye(2),  # its determinant is 1
    "indefinite": np.array([[1.0, 2.0], [2.0, 1.0]]),
    "singular": np.array([[1.0, 1.0], [1.0, 1.0]]),
    "zero": np.zeros((2, 2)),
    "not symmetric": np.array([[2.0, 1.0], [0.0, 2.0]]),
    "NaN": np.array([[np.nan, 0.0], [0.0, 1.0]]),
    "infinite": np.array([[np.inf, 0.0], [0.0, 1.0]]),
}


@pytest.mark.parametrize("name", NOT_POSITIVE)
def test_what_is_not_positive_definite_is_no_number(name):
    bad = jnp.asarray(NOT_POSITIVE[name])
    x = h.vector(a[h.index])
    for e in (
        LogDet(A),
        LogDet(Inverse(A)),
        LogDet(Scaled(sp.Integer(2), A)),
        Quadratic(x, Inverse(A), x),
    ):
        arguments = {"A": bad, "a": jnp.ones(2)}
        f = lower(e)
        assert not np.isfinite(f(**{k: v for k, v in arguments.items() if k in f.signature})), e
    p = density(MULTIVARIATE_NORMAL)
    zero = jnp.zeros(2)
    assert not np.isfinite(p.log_density(jnp.ones(2), zero, bad)) or name == "not symmetric"
    assert not np.isfinite(p.entropy(zero, bad)) or name == "not symmetric"


def test_what_is_not_triangular_is_no_number():
    for bad in (np.ones((2, 2)), np.diag([1.0, -1.0]), np.diag([-1.0, -1.0])):
        assert not np.isfinite(lower(LogDet(L))(L=jnp.asarray(bad)))
    assert not np.isfinite(lower(LogDet(Scaled(-s, A)))(A=jnp.eye(2), s=1.0))


@pytest.mark.slow
def test_networks_of_matrices_are_mapped_over_data():
    T = Network("T", (h, h), (sp.Symbol("D", integer=True, positive=True),), range="posdef")
    e = DataMean(LogDet(Scaled(s, T.matrix(d.vector(DATUM[n, d.index])))), n)
    f = lower(e)
    assert f.signature["T"] == "(D,) -> (H, H)"
    x = jnp.asarray(RNG.normal(size=(5, 2)))

    def network(v):
        return jnp.eye(3) + jnp.outer(jnp.ones(3), jnp.ones(3)) * v[0] ** 2

    wanted = np.mean([np.linalg.slogdet(0.7 * np.asarray(network(v)))[1] for v in x])
    np.testing.assert_allclose(f(x=x, T=network, s=0.7), wanted, rtol=1e-13)


def test_latents_with_a_full_covariance():
    body = h.sum(LATENT[h.index] * a[h.index]) ** 2
    e = EncoderExpectation(body, n, h.vector(b[h.index]), A)
    value = lower(e)(**given(e), noise=cubature(3))
    np.testing.assert_allclose(value, (LEFT @ RIGHT) ** 2 + LEFT @ GRAM @ LEFT, rtol=1e-12)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        (Quadratic(d.vector(a[d.index]), A, h.vector(b[h.index])), "joins the sizes"),
        (
            MatrixProduct(
                A, MatrixLetter("B", sp.Symbol("D", integer=True, positive=True), "posdef")
            ),
            "joins the sizes H and D",
        ),
    ],
)
def test_sizes_that_do_not_fit(expression, says):
    with pytest.raises(InputError, match=says):
        lower(expression)
    with pytest.raises(InputError, match="pass no plates"):
        lower(A, plates=(h,))


@pytest.mark.parametrize("size", [1, 2, 5, UNROLLED, UNROLLED + 1])
def test_factorisations(size):
    m = RNG.normal(size=(4, size, size))
    m = m @ np.swapaxes(m, -1, -2) + np.eye(size)
    root = np.asarray(jax.jit(cholesky)(m))
    np.testing.assert_allclose(root, np.linalg.cholesky(m), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        root @ np.asarray(jax.jit(inverse_lower)(root)),
        np.broadcast_to(np.eye(size), m.shape),
        atol=1e-10,
    )
    right = RNG.normal(size=(size, 2))
    np.testing.assert_allclose(
        root @ np.asarray(jax.jit(solve_lower)(root, right)),
        np.broadcast_to(right, (4, size, 2)),
        atol=1e-10,
    )


@pytest.mark.slow
def test_gradient_of_a_log_determinant():
    gradient = jax.grad(lambda m: lower(LogDet(A))(A=m))(jnp.asarray(GRAM))
    np.testing.assert_allclose(gradient, np.linalg.inv(GRAM), rtol=1e-11)


def plain(e, **values):
    """A plain SymPy expression as a float."""
    return float(e.subs({sp.Symbol(k, **s.assumptions0): v for k, v in values.items()}).evalf(30))


@pytest.mark.parametrize("value", [-700.0, -40.0, -1.0, 0.0, 2.0, 40.0])
def test_softplus_and_its_slope(value):
    t = scalar("t")
    f, g = lower(Softplus(t)), lower(Sigmoid(t))
    with_high_precision = float(sp.log(1 + sp.exp(sp.Float(value, 400))).evalf(20))
    np.testing.assert_allclose(f(t=value), with_high_precision, rtol=4e-16)
    np.testing.assert_allclose(jax.grad(lambda v: f(t=v))(value), g(t=value), rtol=1e-16)
    assert f.terms(t=jnp.asarray(-40.0)) > 30 * f(t=-40.0)


def test_lowered_against_plain_sympy():
    e = sp.exp(-s) * sp.log(s) + sp.loggamma(s + 1) + Softplus(s) * s**2
    p = sp.exp(-s) * sp.log(s) + sp.loggamma(s + 1) + sp.log(1 + sp.exp(s)) * s**2
    np.testing.assert_allclose(lower(e)(s=1.7), plain(p, s=sp.Float(1.7, 30)), rtol=1e-14)


def test_families_against_scipy():
    x = np.array([0.0, 1.0, 4.0])
    eta = np.array([-0.5, 3.0, 1.2])
    arrays = map(jnp.asarray, (x, eta))
    p = density(POISSON)
    np.testing.assert_allclose(
        p.log_density(*arrays), stats.poisson.logpmf(x, np.exp(eta)), rtol=1e-13
    )
    assert p.entropy is None
    binary = np.array([0.0, 1.0, 1.0])
    q, probability = density(BERNOULLI), 1 / (1 + np.exp(-eta))
    np.testing.assert_allclose(
        q.log_density(jnp.asarray(binary), jnp.asarray(eta)),
        stats.bernoulli.logpmf(binary, probability),
        rtol=1e-13,
    )
    np.testing.assert_allclose(
        q.entropy(jnp.asarray(eta)), stats.bernoulli.entropy(probability), rtol=1e-13
    )
    r = density(LAPLACE)
    np.testing.assert_allclose(
        r.log_density(x, 0.3, 2.0), stats.laplace.logpdf(x, 0.3, 2.0), rtol=1e-13
    )
    np.testing.assert_allclose(
        r.entropy(jnp.asarray(0.3), 2.0), stats.laplace.entropy(0.3, 2.0), rtol=1e-14
    )
    m = density(MULTIVARIATE_NORMAL)
    mean, G = jnp.asarray(LEFT), jnp.asarray(GRAM)
    np.testing.assert_allclose(
        m.log_density(jnp.asarray(RIGHT), mean, G),
        stats.multivariate_normal.logpdf(RIGHT, LEFT, GRAM),
        rtol=1e-13,
    )
    np.testing.assert_allclose(
        m.entropy(mean, G), stats.multivariate_normal(LEFT, GRAM).entropy(), rtol=1e-13
    )


def test_values_outside_the_support_are_no_numbers():
    assert density(BERNOULLI).log_density(jnp.asarray(0.5), jnp.asarray(1.0)) == -np.inf
    for x in (-1.0, 1.5):
        assert density(POISSON).log_density(jnp.asarray(x), jnp.asarray(1.0)) == -np.inf
