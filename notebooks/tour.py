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
# # The ELBO becomes a sum of entropies
#
# A variational autoencoder's objective equals a sum of three entropies at every stationary point of learning. Here the statement is
# derived for VAE-2 with symbolic sizes, replayed by an independent checker, and evaluated.

# %%
import jax
import jax.numpy as jnp
import numpy as np

import entropysym as es

d = es.derive(es.models.vae2())
print(d.verdict)

# %% [markdown]
# The direction is what makes it work: along it, the ELBO changes by exactly the gap between ELBO and entropy sum, at *every* parameter.

# %%
for name, motion in d.direction.items():
    print(f"{name} moves by {motion}")
es.show(d.gap, d.model)

# %% [markdown]
# At stationary points the gap is zero. The conditions for that, and the closed form:

# %%
for name, equation in d.stationarity.items():
    print(f"{name}: {es.plain(equation, d.model)}")
es.show(d.entropy_sum, d.model)

# %% [markdown]
# A fixed decoder variance breaks it. The refusal says why, and what is left:

# %%
refused = es.derive(es.models.vae0())
print(refused.verdict)
es.show(refused.partial.excess, refused.model)

# %% [markdown]
# Everything is an ordinary SymPy expression and can be written out at given sizes.

# %%
linear = es.derive(es.models.linear_vae())
print(es.instantiate(linear.entropy_sum, D=3, H=2))

# %% [markdown]
# The same identity for a network of one's own: `certify` takes any JAX function that says what a Gaussian VAE computes, finds the direction by least
# squares, and compares the gap with what the gradient predicts, here at a random point where nothing was trained.

# %%
jax.config.update("jax_enable_x64", True)


def network(p, x, eps):
    nu, tau2 = jnp.tanh(x @ p["A"]) @ p["V"], jnp.exp(p["u"])
    z = nu[:, None] + jnp.sqrt(tau2) * eps
    return es.Outputs(nu, tau2, jnp.tanh(z @ p["W"]) @ p["B"], jnp.exp(p["s"]))


rng = np.random.default_rng(0)
shapes = {"A": (5, 3), "V": (3, 2), "u": (2,), "W": (2, 4), "B": (4, 5), "s": ()}
p = {name: jnp.asarray(rng.normal(size=shape)) for name, shape in shapes.items()}
x = rng.normal(size=(100, 5))
certificate = es.certify(network, p, x, es.gauss_hermite(2, 10))
print(f"gap {certificate.gap:+.6f}, predicted {certificate.predicted:+.6f} nat")
print(certificate.reading.value)
