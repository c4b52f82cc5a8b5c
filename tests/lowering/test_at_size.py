"""A derived closed form as a JAX function at the size of real data: D = 784, N = 10,000, under jit, grad and vmap."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import entropysym as es

D, H, N = 784, 16, 10_000
RNG = np.random.default_rng(0)
X = RNG.random((N, D))
WEIGHTS = RNG.normal(size=(H, D)) / 28
U = RNG.normal(size=H)
SIGMA2 = 0.37


@pytest.fixture(scope="module")
def entropy_sum():
    return es.lower(es.derive(es.models.vae1()).entropy_sum)


def value(function, sigma2, u, weights, x):
    return function(x=x, sigma2=sigma2, u=u, r=lambda datum: jnp.tanh(weights @ datum))


def by_hand(sigma2, u, weights, x):
    return (
        np.tanh(x @ weights.T).sum(axis=1).mean() / 2
        + u.sum() / 2
        - D / 2 * np.log(2 * np.pi * np.e * sigma2)
    )


def close(ours, numpys):
    np.testing.assert_allclose(np.asarray(ours), numpys, rtol=1e-12, atol=0)


def test_jit(entropy_sum):
    run = jax.jit(lambda *a: value(entropy_sum, *a))
    close(run(SIGMA2, U, WEIGHTS, X), by_hand(SIGMA2, U, WEIGHTS, X))


def test_grad(entropy_sum):
    run = jax.jit(jax.grad(lambda *a: value(entropy_sum, *a), argnums=(0, 1, 2)))
    by_sigma2, by_u, by_weights = run(SIGMA2, U, WEIGHTS, X)
    close(by_sigma2, -D / 2 / SIGMA2)
    close(by_u, np.full(H, 0.5))
    slope = 1 - np.tanh(X @ WEIGHTS.T) ** 2
    close(by_weights, slope.T @ X / (2 * N))


@pytest.mark.slow
def test_vmap(entropy_sum):
    sigma2 = np.array([0.1, 0.37, 2.0])
    run = jax.jit(jax.vmap(lambda s: value(entropy_sum, s, U, WEIGHTS, X)))
    close(run(sigma2), [by_hand(s, U, WEIGHTS, X) for s in sigma2])
