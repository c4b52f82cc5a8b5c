"""After the M-step of the scale parameters the ELBO is the entropy sum, for any encoder, where every factor has its own direction."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from entropysym.lowering import EPS, TOLERANCE, normal_noise
from entropysym.models import sparse_coding, vae1, vae2
from entropysym.witness import density_elbo, entropy_sum
from entropysym.witness.configurations import callables, draw, shapes


def settled(make, seed):
    """A random configuration with its scales set to their best values for its encoder: arguments, nodes and the model."""
    model = make()
    shape = shapes(model)[5]
    c = jax.tree.map(lambda a: jnp.asarray(a[0]), draw(model, shape, seed, 1))
    H = shape["H"]
    nodes = normal_noise(jax.random.key(seed), 7, H)
    arguments = {**c.arrays, **callables(model, shape)(c.weights)}
    x = arguments["x"]
    if make is vae1:
        features, rest = jax.vmap(arguments["g"])(x), jax.vmap(arguments["r"])(x)
        nu = features @ arguments["V"].T + arguments["c"]
        tau = jnp.exp((rest + arguments["u"]) / 2)
    else:
        nu = jax.vmap(arguments["nu"])(x)
        tau = jnp.sqrt(jax.vmap(arguments["tau2"])(x))
    z = nu[:, None] + tau[:, None] * nodes.eps
    if make is vae1:
        mean = jax.vmap(jax.vmap(lambda v: arguments["F"](arguments["W"] @ v)))(z)
    elif make is vae2:
        mean = jax.vmap(jax.vmap(arguments["mu"]))(z)
        arguments["alpha2"] = jnp.mean(z**2, axis=(0, 1))
    else:
        mean = z @ arguments["W"].T
        arguments["lambda"] = jnp.mean(jnp.abs(z), axis=(0, 1))
    arguments["sigma2"] = jnp.mean((x[:, None] - mean) ** 2)
    # Best at these nodes: |z| is averaged at them, as is all else.
    return density_elbo(model, smooth=False), arguments, nodes


@pytest.mark.slow
@pytest.mark.parametrize("make", [vae2, sparse_coding])
@pytest.mark.parametrize("seed", range(2))
def test_elbo_is_the_entropy_sum(make, seed):
    elbo, arguments, nodes = settled(make, seed)
    parts, entropies = elbo(arguments, nodes), elbo.entropies(arguments, nodes)
    gap = float(parts.total - entropy_sum(elbo.model, entropies))
    terms = float(parts.terms + sum(map(abs, entropies.values())))
    assert abs(gap) <= TOLERANCE * EPS * terms
    # Off the manifold it is not.
    off = {**arguments, "sigma2": 1.1 * arguments["sigma2"]}
    wrong = float(elbo(off, nodes).total - entropy_sum(elbo.model, elbo.entropies(off, nodes)))
    assert abs(wrong) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_vae1_keeps_the_gap_of_its_prior(seed):
    elbo, arguments, nodes = settled(vae1, seed)
    parts, entropies = elbo(arguments, nodes), elbo.entropies(arguments, nodes)
    decoder = float(parts.log_densities["decoder"] + entropies["decoder"])
    assert abs(decoder) <= TOLERANCE * EPS * float(parts.terms + abs(entropies["decoder"]))
    assert abs(float(parts.log_densities["prior"] + entropies["prior"])) > 1e-3
    assert np.isfinite(float(parts.total))
