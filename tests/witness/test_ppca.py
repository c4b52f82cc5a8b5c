"""Probabilistic PCA in closed form against scikit-learn, the normal log-density and the density ELBO."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA

from entropysym.errors import NoStationaryPointError
from entropysym.linear import max_log_likelihood, maximum_point
from entropysym.linear.ppca import spectrum
from entropysym.lowering import cubature
from entropysym.witness import measure_gap

RNG = np.random.default_rng(4)
X = RNG.normal(size=(40, 6)) @ np.diag([3, 2, 1, 0.5, 0.4, 0.3]) + RNG.normal(size=6)


@pytest.mark.parametrize("H", [1, 3, 5])
def test_log_likelihood_of_the_maximum_point(H):
    point = {k: np.asarray(v) for k, v in maximum_point(X, H).items()}
    covariance = point["W"] @ point["W"].T + point["sigma"] ** 2 * np.eye(6)
    direct = stats.multivariate_normal.logpdf(X, point["b"], covariance).mean()
    assert max_log_likelihood(X, H) == pytest.approx(direct, rel=1e-12)


def test_against_sklearn():
    # scikit-learn divides the covariance by N-1, so it is slightly off the maximum.
    x = np.repeat(X, 2000, axis=0)
    assert max_log_likelihood(x, 3) == pytest.approx(PCA(3).fit(x).score(x), rel=1e-7)


@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
def test_scaling_shifts_by_a_logarithm(scale):
    shifted = max_log_likelihood(X * scale, 2) + 6 * np.log(scale)
    assert shifted == pytest.approx(max_log_likelihood(X, 2), rel=1e-10)


def test_maximum_point_is_stationary_for_the_elbo(linear_case):
    gap = measure_gap(
        linear_case.identity,
        arguments={"x": jnp.asarray(X), **maximum_point(X, 3)},
        nodes=cubature(3),
    )
    assert gap.agrees
    assert gap.gradient_norm < 1e-11
    assert abs(gap.gap) < 1e-12
    assert gap.elbo == pytest.approx(max_log_likelihood(X, 3), rel=1e-13)


def test_the_saddle_where_the_theorem_holds_and_equality_with_ppca_does_not(linear_case):
    # Eigenvalues 5, 2.5, 0.9, 0.4 exactly; W has the leading pair with M_11 = M_22 and M_12 != 0.
    values = np.array([5.0, 2.5, 0.9, 0.4])
    x = np.concatenate([np.diag(np.sqrt(4 * values)), -np.diag(np.sqrt(4 * values))])
    np.testing.assert_allclose(spectrum(x)[0], values, rtol=1e-14)
    m = ((np.sqrt(5) + np.sqrt(2.5)) / 2) ** 2
    sigma2 = 0.65
    turn = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    W = np.zeros((4, 2))
    W[:2] = np.diag(np.sqrt(np.sqrt(values[:2] * m) - sigma2)) @ turn
    M = W.T @ W + sigma2 * np.eye(2)
    V = np.linalg.solve(M, W.T)
    point = {
        "W": W,
        "b": np.zeros(4),
        "sigma": np.array(np.sqrt(sigma2)),
        "V": V,
        "c": np.zeros(2),
        "tau": np.sqrt(sigma2 / np.diag(M)),
    }
    gap = measure_gap(
        linear_case.identity,
        arguments={"x": jnp.asarray(x), **{k: jnp.asarray(v) for k, v in point.items()}},
        nodes=cubature(2),
    )
    assert gap.gradient_norm < 1e-12
    assert gap.elbo == pytest.approx(-6.537715, abs=1e-6)
    assert abs(gap.gap) < 1e-12
    assert max_log_likelihood(x, 2) > gap.elbo + 0.01


def test_degenerate():
    with pytest.raises(NoStationaryPointError):
        max_log_likelihood(X[:3], 2)
