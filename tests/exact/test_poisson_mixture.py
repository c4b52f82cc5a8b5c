"""EM of a Poisson mixture, written down here, on counts that are more dispersed than any Poisson
law: the likelihood is the sum of *pseudo* entropies, not of entropies."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import gammaln, logsumexp, xlogy

from entropysym import models
from entropysym.exact import exact
from entropysym.witness.gap import gap_function
from entropysym.witness.measuring import measure
from tests.instances import derivation

CLOSE = 1e-9  # nat per datum
K = 2


@pytest.fixture(scope="module")
def fitted():
    """Counts from a negative binomial with r = 1 and mean 2, and class probabilities, rates (D, K),
    posterior (N, K) at a fixed point of EM."""
    rng = np.random.default_rng(0)
    x = rng.negative_binomial(1, 1 / 3, size=(600, 2)).astype(np.float64)
    rates = x.mean(axis=0)[:, None] * rng.uniform(0.3, 2, size=(2, K))
    pi = np.full(K, 1 / K)
    for _ in range(1000):
        posterior = np.exp(log_joint(x, pi, rates))
        posterior /= posterior.sum(axis=1, keepdims=True)
        rates, pi = x.T @ posterior / posterior.sum(axis=0), posterior.mean(axis=0)
    posterior = np.exp(log_joint(x, pi, rates))
    return x, pi, rates, posterior / posterior.sum(axis=1, keepdims=True)


def log_joint(x, pi, rates):
    """log p(x_n, c), (N, K)."""
    constant = gammaln(x + 1).sum(axis=1, keepdims=True)
    return x @ np.log(rates) - rates.sum(axis=0) - constant + np.log(pi)


def discrete_entropy(p):
    return -xlogy(p, p).sum(axis=-1)


def poisson_entropy(rates):
    """By summation over the counts."""
    k = np.arange(200)[:, None, None]
    log_p = k * np.log(rates) - rates - gammaln(k + 1)
    return -(np.exp(log_p) * log_p).sum(axis=0)


def test_the_likelihood_is_the_sum_with_pseudo_entropies(fitted):
    x, pi, rates, posterior = fitted
    likelihood = logsumexp(log_joint(x, pi, rates), axis=1).mean()
    classes = discrete_entropy(posterior).mean() - discrete_entropy(pi)
    shares = posterior.mean(axis=0)
    pseudo = shares @ (rates - rates * np.log(rates)).sum(axis=0)
    data = -gammaln(x + 1).sum(axis=1).mean()
    assert abs(likelihood - (classes - pseudo + data)) <= CLOSE
    # With the entropies of the Poisson laws, and without the data term, the sum is another number.
    true = shares @ poisson_entropy(rates).sum(axis=0)
    assert likelihood - (classes - true) < -0.5


@pytest.mark.slow
def test_the_derived_sum_is_that_number(fitted):
    x, pi, rates, posterior = fitted
    d = derivation("poisson_mixture")
    sizes = {"N": len(x), "D": x.shape[1], "K": K}
    at = {"pi0": jnp.asarray(pi), "eta": jnp.log(jnp.asarray(rates))}
    arguments = {**at, "x": jnp.asarray(x)}
    whole = exact(models.poisson_mixture(), sizes)
    points = whole.posterior(arguments)
    assert np.allclose(points.weights["N"], posterior, atol=1e-12)
    likelihood = float(whole.log_likelihood(arguments))
    assert abs(likelihood - logsumexp(log_joint(x, pi, rates), axis=1).mean()) <= CLOSE
    identity = gap_function(d.identity)
    noise = identity.elbo.at(arguments, points)
    assert abs(float(identity.entropy_sum(**arguments, noise=noise)) - likelihood) <= CLOSE
    measured = measure(d.identity, lambda p: p, at, {"x": x}, points)
    assert measured.as_predicted
    assert abs(measured.gap.gap) <= CLOSE
