"""Moments of the nodes: what is exact is exact."""

import jax
import numpy as np
import pytest

from entropysym.errors import InputError
from entropysym.lowering import cubature, gauss_hermite, low_discrepancy, normal_noise


def _moment(nodes, f):
    return float(np.asarray(nodes.weights) @ f(np.asarray(nodes.eps)))


@pytest.mark.parametrize("H", [1, 2, 3])
@pytest.mark.parametrize("make", [cubature, lambda H: gauss_hermite(H, 8)])
def test_degree_three(H, make):
    nodes = make(H)
    assert _moment(nodes, lambda e: np.ones(len(e))) == pytest.approx(1, abs=1e-14)
    for i in range(H):
        assert _moment(nodes, lambda e, i=i: e[:, i]) == pytest.approx(0, abs=1e-14)
        assert _moment(nodes, lambda e, i=i: e[:, i] ** 3) == pytest.approx(0, abs=1e-13)
        for j in range(H):
            got = _moment(nodes, lambda e, i=i, j=j: e[:, i] * e[:, j])
            assert got == pytest.approx(float(i == j), abs=1e-13)


def test_gauss_hermite_is_exact_to_a_high_degree():
    assert _moment(gauss_hermite(2, 8), lambda e: e[:, 0] ** 14) == pytest.approx(135135, rel=1e-12)


def test_normal_noise_is_a_function_of_its_key():
    one, two = (normal_noise(jax.random.key(5), 8, 3) for _ in range(2))
    assert np.array_equal(one.eps, two.eps)
    matched = normal_noise(jax.random.key(5), 8, 3, moment_matched=True)
    np.testing.assert_allclose(np.mean(matched.eps, axis=0), 0, atol=1e-16)
    np.testing.assert_allclose(np.mean(np.asarray(matched.eps) ** 2, axis=0), 1, rtol=1e-14)


def test_errors():
    with pytest.raises(InputError, match=r"12\*\*6 nodes are too many"):
        gauss_hermite(6)
    with pytest.raises(InputError, match="even number"):
        normal_noise(jax.random.key(0), 3, 2, moment_matched=True)
    with pytest.raises(InputError, match="H is 0; pass an integer >= 1"):
        cubature(0)
    with jax.enable_x64(False), pytest.raises(InputError, match="float32"):
        cubature(2)


def test_low_discrepancy_points_have_exact_moments_and_differ_by_seed():
    nodes = low_discrepancy(6, 100, seed=1)
    assert nodes.eps.shape == (128, 6)
    np.testing.assert_allclose(nodes.weights @ nodes.eps, 0, atol=1e-15)
    np.testing.assert_allclose(nodes.weights @ nodes.eps**2, 1, rtol=1e-14)
    assert not np.allclose(nodes.eps, low_discrepancy(6, 100, seed=2).eps)
    # A smooth expectation, for which plain draws of this number are off by about 0.02.
    value = float(nodes.weights @ np.cos(nodes.eps.sum(axis=1) / 3))
    assert value == pytest.approx(np.exp(-6 / 18), abs=0.01)
