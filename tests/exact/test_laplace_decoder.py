r"""The L1 loss with a learned scale, averaged over a Normal q in closed form: at the nodes of a
rule its maximum is at a kink, where no gradient vanishes; the integral is smooth."""

import math

import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from jax.scipy.special import erf
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from entropysym.ascent.settling import Plan, settle
from tests.instances import derivation

PLAN = Plan(epochs=0, lbfgs=600, newton=60, goal=1e-11, block=50)
D, H = 5, 1


def folded(m, s):
    r"""$\mathbb E|y|$ for $y\sim N(m,s^2)$."""
    u = m / (s * math.sqrt(2))
    return s * math.sqrt(2 / math.pi) * jnp.exp(-(u**2)) + m * erf(u)


def parts(p, x):
    """Encoder entropy, and the two averaged log-densities, in nats per datum: p(z) = N(0, alpha2),
    p(x|z) = Laplace(Wz + b, exp(l)), q = N(Vx + c, t)."""
    nu, t = x @ p["V"].T + p["c"], jnp.exp(p["t"])
    encoder = jnp.sum(jnp.log(2 * math.pi * math.e * t)) / 2
    prior = -jnp.mean(jnp.sum((nu**2 + t) * jnp.exp(-p["a"]) + p["a"], axis=1)) / 2
    prior -= H * math.log(2 * math.pi) / 2
    distance = folded(x - nu @ p["W"].T - p["b"], jnp.sqrt(p["W"] ** 2 @ t))
    decoder = -jnp.mean(jnp.sum(distance, axis=1)) * jnp.exp(-p["l"])
    return encoder, prior, decoder - D * (p["l"] + math.log(2))


@pytest.mark.slow
def test_at_the_maximum_the_elbo_is_the_entropy_sum_that_is_derived():
    rng = np.random.default_rng(0)
    x = PCA(D).fit_transform(load_digits().data) @ np.linalg.qr(rng.normal(size=(D, D)))[0]
    x = jnp.asarray(x / x.std(axis=0))
    shapes = {"W": (D, H), "b": (D,), "l": (), "a": (H,), "V": (H, D), "c": (H,), "t": (H,)}
    start = {name: jnp.asarray(0.5 * rng.normal(size=(1, *s))) for name, s in shapes.items()}
    end = settle(lambda p, x: sum(parts(p, x)), start, x, PLAN)
    p = end.run(0)
    assert end.gradient_norms[0] <= 1e-8
    _, prior, decoder = parts(p, x)
    of_prior = jnp.sum(jnp.log(2 * math.pi * math.e) + p["a"]) / 2
    of_decoder = D * (p["l"] + math.log(2 * math.e))
    assert abs(float(prior + of_prior)) <= 1e-8
    assert abs(float(decoder + of_decoder)) <= 1e-8
    assert float(jnp.max(jnp.abs(p["W"]) * jnp.exp(p["a"] / 2))) > 0.3  # z is in use
    # What is derived says the same of the decoder: exp(logscale) is the mean error.
    d = derivation("laplace_decoder_vae")
    assert d.direction == {"logscale": -1, "alpha2": d.direction["alpha2"]}
    derived = d.entropies[d.model.decoder.family].entropy
    assert sp.simplify(derived - 1 - sp.log(2) - sp.log(d.model.decoder.family.arguments[1])) == 0
    # Off the maximum the two differ: with a scale that is not learned, a gap stays.
    off = parts({**p, "l": p["l"] + 0.5}, x)[2] + of_decoder + 0.5 * D
    assert abs(float(off)) > 0.1
