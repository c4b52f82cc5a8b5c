r"""The log-likelihood of the linear VAE's decoder, which is exact."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from entropysym.lowering.factorisations import cholesky, log_diagonal, solve_lower
from entropysym.networks.networks import LinearVae


def log_likelihood(vae: LinearVae, x: Float[Array, "N D"]) -> Float[Array, ""]:
    r"""The log-likelihood of the decoder, $x\sim N(b,C)$ with $C=WW^\top+\sigma^2I$, per data point in nats:
    $-\frac12\{D\log2\pi+\log\det C+\mathrm{tr}\,C^{-1}S\}$.

    Only $M=W^\top W+\sigma^2I$ is factorised: $\log\det C=\log\det M+(D-H)\log\sigma^2$ and $C^{-1}=(I-WM^{-1}W^\top)/\sigma^2$ (Tipping & Bishop 1999).
    """
    D, H = vae.W.shape
    sigma2 = jnp.exp(2 * vae.log_sigma)
    root = cholesky(vae.W.T @ vae.W + sigma2 * jnp.eye(H))
    rest = x - vae.b
    white = solve_lower(root, (rest @ vae.W).T)
    fit = (jnp.sum(rest**2) - jnp.sum(white**2)) / len(x) / sigma2
    log_det = 2 * log_diagonal(root) + (D - H) * 2 * vae.log_sigma
    return -(D * math.log(2 * math.pi) + log_det + fit) / 2
