# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Equinox: settle and certify
#
# A small VAE as an Equinox module is brought to a stationary point, and certified there: ELBO and entropy sum agree to many digits.

# %%
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

import entropysym as es

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(0)
t = rng.normal(size=(300, 1))
x = t @ np.array([[1.5, -1.0, 0.5]]) + 0.4 * rng.normal(size=(300, 3))


class Vae(eqx.Module):
    mean: eqx.nn.Linear
    decoder: eqx.nn.Linear
    log_tau2: jax.Array
    log_sigma2: jax.Array


k1, k2 = jax.random.split(jax.random.key(0))
model = Vae(eqx.nn.Linear(3, 1, key=k1), eqx.nn.Linear(1, 3, key=k2), jnp.zeros(1), jnp.zeros(()))
network = es.networks.vae(
    lambda m, x: (jax.vmap(m.mean)(x), m.log_tau2 + 0 * x[:, :1]),
    lambda m, z: (z @ m.decoder.weight.T + m.decoder.bias, jnp.exp(m.log_sigma2)),
)
nodes = es.gauss_hermite(1, 8)

# %% [markdown]
# Before training: the gap is large, and it is the one that the gradient predicts. This holds at *any* parameters.

# %%
before = es.certify(network, model, x, nodes)
print(before.reading.value, before.gap, before.predicted)
assert before.agrees

# %% [markdown]
# Train to the end. Any optimiser will do; here BFGS of SciPy on the gradient of the ELBO of the model.

# %%
from jax.flatten_util import ravel_pytree

start, unravel = ravel_pytree(eqx.filter(model, eqx.is_array))


@jax.jit
def loss(v):
    m = unravel(v)
    nu, tau2 = jax.vmap(m.mean)(x), jnp.exp(m.log_tau2)
    z = nu[:, None] + jnp.sqrt(tau2) * nodes.eps  # (N, S, 1)
    mean = z @ m.decoder.weight.T + m.decoder.bias
    s = jnp.exp(m.log_sigma2)
    log_p = -((x[:, None] - mean) ** 2).sum(-1) / (2 * s) - 3 / 2 * jnp.log(2 * jnp.pi * s)
    kl = (nu**2 + tau2 - 1 - jnp.log(tau2)).sum(-1) / 2
    return jnp.mean(kl - log_p @ nodes.weights)


both = jax.jit(jax.value_and_grad(loss))
end = minimize(
    lambda v: [np.asarray(a) for a in both(v)],
    start,
    jac=True,
    method="BFGS",
    options={"gtol": 1e-10},
)
trained = unravel(jnp.asarray(end.x))
print(np.linalg.norm(end.jac))

# %%
after = es.certify(network, trained, x, nodes)
print(after.reading.value, after.gap)
print(after.elbo, after.entropy_sum)
assert abs(after.gap) < 1e-7
after
