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
# # The saddles of probabilistic PCA
#
# The theorem holds at *every* stationary point, maxima and saddles alike. For a small linear VAE all of those with latents on principal directions can be listed: a latent may sit on any principal direction, or on none.

# %%
import tempfile
from pathlib import Path

import jax
import numpy as np
from IPython.display import SVG

from entropysym.pictures import landscape, stationary_levels

jax.config.update("jax_enable_x64", True)
x = np.random.default_rng(0).normal(size=(200, 3)) * [2.0, 1.4, 0.7]
levels = stationary_levels(x, 1)
for level in levels:
    print(level.point.active, f"{level.elbo:.6f}", level.kind)

# %% [markdown]
# The ELBO is evaluated from the moments of the data, the entropy sum is its closed form. Both agree at each point, and the picture has them at their heights:

# %%
folder = Path(tempfile.mkdtemp())
SVG(str(landscape(x, 1, folder / "landscape.svg")))

# %% [markdown]
# Why this is so for saddles: the derivation never asks which kind of point it is.

# %%
import entropysym as es

d = es.derive(es.models.linear_vae())
d.verdict
