r"""What the linear VAE has and others have not: an exact log-likelihood, and an ELBO that reads the data's mean and covariance only."""

from __future__ import annotations

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from entropysym.data.tables import checked, require_stationary_point
from entropysym.linear.moments import (
    Point,
    Standard,
    objective,
    original,
    standardised,
    to_standard,
)
from entropysym.lowering.factorisations import cholesky, log_diagonal, solve_lower
from entropysym.lowering.precision import require_x64
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


def settle_linear(start: LinearVae, x: Float[Array, "N D"]) -> LinearVae:
    """A linear VAE trained from `start` by L-BFGS (SciPy) until no step improves the ELBO, at a cost that does not grow with N after one pass.

    The gradient is then about the root of the rounding error; `settle` and `numerics.train_linear_vae` go on to rounding, and say what the
    point is. Raises `NoStationaryPointError` where σ² would run to 0 and `InputError` for unusable data.
    """
    from scipy.optimize import minimize

    require_x64()
    data = checked(x)
    require_stationary_point(data, start.W.shape[1])
    s = standardised(data)
    C, whiten = jnp.asarray(s.covariance), jnp.asarray(s.whiten)

    def negative(v: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = _negative(v, C, whiten, start.W.shape)
        return float(value), np.asarray(gradient)

    found = minimize(
        negative,
        np.asarray(_flat(start, s)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 5000, "maxfun": 20_000, "maxcor": 40, "ftol": 0.0, "gtol": 1e-9},
    )
    return _unflat(jnp.asarray(found.x), s, start.W.shape)


# Three small programs: op by op, the conversions would compile for longer than the training takes.


@jax.jit
def _flat(vae: LinearVae, s: Standard) -> Float[Array, " P"]:
    """The network in standardised coordinates."""
    named = {name: getattr(vae, name) for name in ("W", "b", "V", "c")}
    scales = {"sigma": jnp.exp(vae.log_sigma), "tau": jnp.exp(vae.log_tau)}
    return ravel_pytree(to_standard({**named, **scales}, s))[0]


def _unravel(v: Float[Array, " P"], shape: tuple[int, int]) -> Point:
    D, H = shape
    like = Point(*(jnp.zeros(a) for a in ((D, H), (D,), (), (H, D), (H,), (H,))))
    return ravel_pytree(like)[1](v)


@partial(jax.jit, static_argnums=2)
def _unflat(v: Float[Array, " P"], s: Standard, shape: tuple[int, int]) -> LinearVae:
    """The network of standardised coordinates."""
    p = original(_unravel(v, shape), s)
    return LinearVae(p["W"], p["b"], jnp.log(p["sigma"]), p["V"], p["c"], jnp.log(p["tau"]))


@partial(jax.jit, static_argnums=3)
def _negative(
    v: Float[Array, " P"],
    C: Float[Array, "D D"],
    whiten: Float[Array, "D D"],
    shape: tuple[int, int],
) -> tuple[Float[Array, ""], Float[Array, " P"]]:
    """−ELBO of the standardised data and its gradient; compiled once for each shape."""
    return jax.value_and_grad(lambda v: -objective(_unravel(v, shape), C, whiten))(v)
