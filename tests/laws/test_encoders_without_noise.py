"""Encoders that cannot be written as location + scale * noise: derived and replayed, and checked by summing over all latents."""

import itertools
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym.claims import verify
from entropysym.errors import InputError
from entropysym.families import BERNOULLI, LAPLACE, NORMAL
from entropysym.lowering import Points, lower
from entropysym.verdict import Value
from entropysym.witness import configurations, density_elbo, measure_gap, sweeps

D, H, N = 5, 3, 7


def sigmoid_belief_net(*, learned_prior=True):
    w = es.ModelWriter()
    a = (w.learned if learned_prior else w.fixed)("a", "h")
    W, b = w.learned("W", "d h"), w.learned("b", "d")
    return w.model(
        "sigmoid_belief_net_of_one_layer",
        prior=BERNOULLI(a),
        decoder=BERNOULLI(w.sum("h", W * w.z_h) + b),
        encoder=BERNOULLI(w.network("r", "h", reads=w.x_n)),
    )


def bernoulli_entropy(eta):
    p = jax.nn.sigmoid(eta)
    return -(p * jnp.log(p) + (1 - p) * jnp.log1p(-p))


def log_bernoulli(x, eta):
    return x * jax.nn.log_sigmoid(eta) + (1 - x) * jax.nn.log_sigmoid(-eta)


LATENTS = jnp.asarray(list(itertools.product([0.0, 1.0], repeat=H)))


def law(r):
    """q(z | x_n) of every z, for every n."""
    return jnp.exp(log_bernoulli(LATENTS, r[:, None]).sum(-1))


def elbo(p, x, r):
    prior = log_bernoulli(LATENTS, p["a"]).sum(-1)
    decoder = log_bernoulli(x[:, None], LATENTS @ p["W"].T + p["b"]).sum(-1)
    q = law(r)
    return jnp.mean(bernoulli_entropy(r).sum(-1) + (q * (prior + decoder)).sum(-1))


def entropy_sum(p, r):
    decoder = bernoulli_entropy(LATENTS @ p["W"].T + p["b"]).sum(-1)
    return (
        jnp.mean(bernoulli_entropy(r).sum(-1) - (law(r) * decoder).sum(-1))
        - bernoulli_entropy(p["a"]).sum()
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_sigmoid_belief_net(seed):
    found = es.derive(sigmoid_belief_net())
    assert found.verdict.value is Value.PROVED, found.verdict
    direction = {name: str(v) for name, v in found.direction.items()}
    assert direction == {"a": "a[h]", "W": "W[d, h]", "b": "b[d]"}
    rng = np.random.default_rng(seed)
    p = {"a": rng.normal(size=H), "W": rng.normal(size=(D, H)), "b": rng.normal(size=D)}
    p = {name: jnp.asarray(v) for name, v in p.items()}
    x = jnp.asarray(rng.integers(2, size=(N, D)), float)
    r = jnp.asarray(rng.normal(size=(N, H)))
    gradient = jax.grad(elbo)(p, x, r)
    predicted = sum(jnp.sum(p[name] * gradient[name]) for name in p)
    gap = elbo(p, x, r) - entropy_sum(p, r)
    assert abs(gap) > 1e-3
    np.testing.assert_allclose(gap, predicted, rtol=1e-12)


def test_a_fixed_bernoulli_prior_leaves_its_part():
    found = es.derive(sigmoid_belief_net(learned_prior=False))
    assert isinstance(found, es.Refusal)
    assert "it learns nothing, a being fixed" in found.verdict.reason
    assert found.partial.verdict.value is Value.PROVED


def laplace_posterior():
    w = es.ModelWriter()
    lam, sigma2 = w.learned("lam", "h", range="positive"), w.learned("sigma2", range="positive")
    width = w.network("width", "h", reads=w.x_n, range="positive")
    return w.model(
        "laplace_posterior",
        prior=LAPLACE(0, lam),
        decoder=NORMAL(w.network("mu", "d", reads=w.z), sigma2),
        encoder=LAPLACE(w.network("nu", "h", reads=w.x_n), width),
    )


def test_a_laplace_encoder():
    assert es.derive(laplace_posterior()).verdict.value is Value.PROVED


@pytest.mark.slow
@pytest.mark.parametrize("learned_prior", [True, False])
def test_points_with_the_weights_of_the_law_are_the_encoder(learned_prior):
    """All latents, each with its probability: the weighted points give what summing over all latents gives."""
    found = es.derive(sigmoid_belief_net(learned_prior=learned_prior))
    claimed = found if learned_prior else found.partial
    rng = np.random.default_rng(8)
    p = {"a": rng.normal(size=H), "W": rng.normal(size=(D, H)), "b": rng.normal(size=D)}
    p = {name: jnp.asarray(v) for name, v in p.items()}
    x = jnp.asarray(rng.integers(2, size=(N, D)), float)
    R = jnp.asarray(rng.normal(size=(H, D)))
    r = x @ R.T
    points = Points(jnp.broadcast_to(LATENTS, (N, *LATENTS.shape)), law(r), jnp.zeros(N))
    arguments = {**p, "x": x, "r": lambda x: R @ x}
    parts = density_elbo(found.model)(arguments, points)
    np.testing.assert_allclose(parts.total, elbo(p, x, r), rtol=1e-13)
    right = lower(claimed.stationary_value, found.model)(**arguments, noise=points)
    left_over = lower(claimed.excess, found.model)(**arguments, noise=points)
    np.testing.assert_allclose(right - left_over, entropy_sum(p, r), rtol=1e-12)
    gap = measure_gap(claimed.identity, arguments=arguments, nodes=points)
    assert gap.agrees
    assert abs(gap.gap) > 1e-3
    wrong = replace(claimed.identity, entropy_sum=claimed.stationary_value + sp.Rational(1, 10**6))
    assert not measure_gap(wrong, arguments=arguments, nodes=points).agrees


def test_what_needs_points_or_noise_says_so():
    found = es.derive(sigmoid_belief_net())
    with pytest.raises(InputError, match=r"missing argument .*Points: z \(N, S, H\)"):
        es.lower(found.entropy_sum)()
    with pytest.raises(InputError, match="no location and scale, so its samples cannot be"):
        es.instantiate(found.gap, D=2, H=2, N=2)


@pytest.mark.slow
@pytest.mark.parametrize("make", [sigmoid_belief_net, laplace_posterior])
def test_they_are_compared_in_numbers(make, monkeypatch):
    monkeypatch.setattr(configurations, "SHAPES", ((3, 2, 4),))
    monkeypatch.setattr(sweeps, "_VARIANT_SHAPES", (0,))
    (found,) = verify([make()], None, configurations=40)
    assert found.verdict.value is Value.PROVED, found.verdict
    assert found.verdict.evidence == ("replayed", "float64")
    assert found.sweep.compared == 40
    assert sum(v.rejected > 0 for v in found.variants) >= 30
