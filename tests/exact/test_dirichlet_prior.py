"""The VAE with a Dirichlet prior at a stationary point, with an encoder that is a few weighted points on the simplex for each datum.

No exact posterior is known here, and none is needed: the encoder may have any law, so it stays as it was drawn, and a and B alone are learned.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy import stats

import entropysym as es
from tests.instances import derivation

N, D, K, H, S = 60, 5, 4, 3, 6


@pytest.fixture(scope="module")
def stationary():
    rng = np.random.default_rng(4)
    x = np.eye(K)[rng.integers(0, K, (N, D))]
    z = rng.dirichlet([0.8, 1.5, 3.0], (N, S)) * 0.96 + 0.04 / H
    weights = rng.dirichlet(np.ones(S), N)

    def log_p(p):
        a, B = p["a"], p["B"]
        prior = jax.scipy.special.gammaln(a.sum()) - jax.scipy.special.gammaln(a).sum()
        prior = prior + ((a - 1) * jnp.log(z)).sum(-1)
        logits = z @ B.T  # (N, S, K)
        decoder = jnp.einsum("ndk,nsk->ns", x, logits) - D * jax.nn.logsumexp(logits, -1)
        return prior, decoder

    def mean(value):
        return (weights * value).sum(1).mean()

    flat, back = ravel_pytree({"a": jnp.ones(H), "B": jnp.zeros((K, H))})

    def loss(v):
        return -mean(sum(log_p(back(v))))

    gradient, hessian = jax.jit(jax.grad(loss)), jax.jit(jax.hessian(loss))
    for _ in range(
        40
    ):  # convex in B, and in a near the maximum; a constant added to all classes changes nothing
        flat = flat - jnp.linalg.pinv(hessian(flat), rtol=1e-10) @ gradient(flat)
    p = back(flat)
    logits = z @ p["B"].T
    chance = np.asarray(jax.nn.softmax(logits, -1))
    entropies = {
        "prior": stats.dirichlet.entropy(np.asarray(p["a"])),
        "decoder": D * mean(-(chance * np.log(chance)).sum(-1)),
    }
    parts = dict(zip(("prior", "decoder"), map(mean, log_p(p)), strict=True))
    return float(jnp.linalg.norm(gradient(flat))), parts, entropies


@pytest.mark.slow
def test_both_factors_are_minus_their_entropies(stationary):
    norm, parts, entropies = stationary
    assert norm < 1e-12
    for name, entropy in entropies.items():
        assert abs(parts[name] + entropy) < 1e-10


def test_the_derived_sum_says_so():
    found = derivation("dirichlet_prior_vae")
    assert found.verdict.value is es.Value.PROVED
    assert found.excess == 0
