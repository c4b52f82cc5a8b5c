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
# # Posterior collapse
#
# A latent that the decoder does not use falls back to the prior: $\tau^2\to\alpha^2$, $\nu\to0$. In the entropies this is visible for each latent by itself, from arrays of any framework.

# %%
import jax
import numpy as np

import entropysym as es

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(0)
z = rng.normal(size=(800, 2))
x = z @ np.array([[1.2, -0.8, 0.5, 0.9], [0.3, 0.9, -0.7, 0.1]]) + 0.5 * rng.normal(size=(800, 4))

# %% [markdown]
# The best linear VAE with three latents on data that have two directions, by probabilistic PCA, whose noise variance is the smallest that four dimensions leave:

# %%
from entropysym.linear import maximum_point

best = maximum_point(x, 3)
nu = x @ best["V"].T + best["c"]
tau2 = best["tau"] ** 2
samples = nu + best["tau"] * rng.normal(size=(200, *nu.shape))
report = es.entropies(
    x, nu, tau2, mean=samples @ best["W"].T + best["b"], sigma2=best["sigma"] ** 2
)
print(report.table())

# %% [markdown]
# With a latent more than the data have directions to spare (here the third is as good as noise) its KL is nearly nothing: it tells the decoder nearly nothing. As a picture:

# %%
import tempfile
from pathlib import Path

from IPython.display import SVG

from entropysym.pictures import collapse_figure

folder = Path(tempfile.mkdtemp())
SVG(str(collapse_figure(report, folder / "collapse.svg", title="Three latents on two directions")))
