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
# # Derived expressions in SymPy and JAX
#
# Everything that is derived is a SymPy expression with symbolic sizes. Here two are compared with a verdict, differentiated, evaluated, and made functions of arrays.

# %%
import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

import entropysym as es

jax.config.update("jax_enable_x64", True)  # verdicts need double precision
d = es.derive(es.models.linear_vae())
es.show(d.entropy_sum, d.model)

# %% [markdown]
# **Equal?** The sum written by hand, and with a mistake. *Proved* is by the normal form of the checker; *refuted* names a point that tells the two apart.

# %%
s = d.symbols
by_hand = sp.Sum(sp.log(s.tau[s.h]), (s.h, 1, s.H)) - s.D * sp.log(s.sigma)
by_hand -= s.D * sp.log(2 * sp.pi * sp.E) / 2
print(es.equal(d.entropy_sum, by_hand, d.model))
print(es.equal(d.entropy_sum, by_hand + s.D / 2, d.model))

# %% [markdown]
# **Derivatives**, right at free indices:

# %%
print(d.derivative("sigma"), "|", d.derivative("tau"))

# %% [markdown]
# **Functions.** The same expression for JAX, which differentiates it, and for NumPy; and as code that needs nothing of this package.

# %%
f = es.lower(d.entropy_sum)
print(f.signature)
tau = jnp.array([0.5, 2.0])
slope = jax.grad(lambda sigma: f(sigma=sigma, tau=tau, D=3))(0.7)
print(slope, -3 / 0.7)  # the derivative above at D = 3
assert np.isclose(slope, -3 / 0.7)
print(es.source(d.entropy_sum, to="numpy"))

# %% [markdown]
# **Numbers in the place of sizes** give plain SymPy, with sums written out:

# %%
es.instantiate(d.entropy_sum, D=3, H=2, N=1)
