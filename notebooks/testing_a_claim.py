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
# # Property-testing a claim
#
# Somebody has written down the ELBO of the linear VAE by hand. Is it right, for all sizes, parameters and data? A claim is compared at random configurations, and wrong variants *of this claim* are compared beside it: a test
# that they pass would be blind.

# %%
import jax
import numpy as np

from entropysym.testing import ELBO, Along, Claim, Different, assert_equal, assert_rejects

jax.config.update("jax_enable_x64", True)


def elbo(x, W, b, sigma, V, c, tau, D):
    nu, kl = x @ V.T + c, np.sum(tau**2 - 1 - np.log(tau**2)) / 2
    R = np.mean(np.sum((x - nu @ W.T - b) ** 2, axis=1)) + np.sum(W**2 * tau**2)
    return (
        -D / 2 * np.log(2 * np.pi * sigma**2) - R / (2 * sigma**2) - kl - np.sum(nu**2) / len(x) / 2
    )


print(assert_equal(elbo, ELBO, "linear_vae"))

# %% [markdown]
# A slip that survives many eyes: $\sigma$ for $\sigma^2$ in the logarithm. The counter-example is made small, and is printed as lines that run by themselves.


# %%
def slip(x, W, b, sigma, V, c, tau, D):
    return elbo(x, W, b, sigma, V, c, tau, D) + D / 2 * np.log(sigma)


try:
    assert_equal(slip, ELBO, "linear_vae")
except Different as found:
    print(found)

# %% [markdown]
# Claims may be LaTeX as `es.latex` writes it. This one says H where D belongs, and is rejected:

# %%
wrong = r"""\frac{1}{2 N} \sum_{n=1}^{N} \sum_{h=1}^{H} \log(2 \pi e \tau_{h}^{2}(x_{n}))
    - \frac{1}{2} \sum_{h=1}^{H} \log(2 \pi e \alpha_{h}^{2}) - \frac{H}{2} \log(2 \pi e \sigma^{2})"""
print(assert_rejects(Claim("vae2", Along(), wrong)))
