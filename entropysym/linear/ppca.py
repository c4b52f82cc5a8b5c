r"""Probabilistic PCA in closed form (Tipping & Bishop 1999): the reference for the linear VAE.

$$\max\mathrm{LL}=-\tfrac D2\log(2\pi e)-\tfrac12\Big\{\sum_{h\le H}\log\lambda_h+(D-H)\log\sigma^2\Big\},\qquad\sigma^2=\tfrac1{D-H}\sum_{i>H}\lambda_i$$

with the eigenvalues λ of the covariance with 1/N.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from entropysym.data.tables import checked, require_stationary_point
from entropysym.lowering.precision import require_x64


def spectrum(
    x: Float[np.ndarray, "N D"],
) -> tuple[Float[np.ndarray, " D"], Float[np.ndarray, "D D"]]:
    """Eigenvalues (descending, none negative) and eigenvectors (columns) of the 1/N covariance."""
    x = checked(x)
    centred = x - x.mean(axis=0)
    # Scaled first, so that neither squares nor products leave the range of float64.
    scale = np.abs(centred).max() or 1.0
    values, vectors = np.linalg.eigh((centred / scale).T @ (centred / scale) / len(x))
    return np.maximum(values[::-1], 0.0) * scale**2, vectors[:, ::-1]


def max_log_likelihood(x: Float[np.ndarray, "N D"], H: int) -> float:
    """The maximum log-likelihood per datum, in nats. Raises `NoStationaryPointError` where σ² would be 0."""
    require_stationary_point(x, H)
    values, _ = spectrum(x)
    D = values.size
    sigma2 = values[H:].mean()
    return float(
        -0.5 * D * math.log(2 * math.pi * math.e)
        - 0.5 * (np.log(values[:H]).sum() + (D - H) * math.log(sigma2))
    )


def maximum_point(x: Float[np.ndarray, "N D"], H: int) -> dict[str, jax.Array]:
    r"""A maximum as the parameters of the linear VAE: $W=U(L-\sigma^2)^{1/2}$, $V=M^{-1}W^\top$, $\tau_h^2=\sigma^2/\lambda_h$.

    Shapes: W (D, H), b (D,), sigma (), V (H, D), c (H,), tau (H,).
    """
    require_x64()
    require_stationary_point(x, H)
    values, vectors = spectrum(x)
    mean, sigma2 = np.asarray(x, np.float64).mean(axis=0), values[H:].mean()
    W = vectors[:, :H] * np.sqrt(np.maximum(values[:H] - sigma2, 0.0))
    V = W.T / values[:H, None]
    point = {
        "W": W,
        "b": mean,
        "sigma": np.sqrt(sigma2),
        "V": V,
        "c": -V @ mean,
        "tau": np.sqrt(sigma2 / values[:H]),
    }
    return {name: jnp.asarray(value, jnp.float64) for name, value in point.items()}
