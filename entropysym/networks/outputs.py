r"""What any Gaussian VAE computes, and the ELBO and the three entropies from it; quantities are in nats per data point.

With noise ε and weights w, $z_{ns}=\nu_n+\tau_n\varepsilon_s$:
$$\mathcal F=\overline{\mathcal H[q_n]}+\overline{\sum_sw_s\log p(z_{ns})}+\overline{\sum_sw_s\log p(x_n\mid z_{ns})},\qquad
\mathcal E=\overline{\mathcal H[q_n]}-\mathcal H[p(z)]-\overline{\sum_sw_s\mathcal H[p(x\mid z_{ns})]}.$$
The encoder's entropy and the average of log p(z) are analytic; the decoder is averaged over the same samples everywhere.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from entropysym.errors import InputError

_LOG_2_PI = math.log(2 * math.pi)


class Outputs(NamedTuple):
    r"""What a Gaussian VAE computes: encoder mean ν and variance τ², decoder mean μ and variance σ² at $z=\nu+\tau\varepsilon$, prior variance α².

    Variances broadcast: a scalar σ² or one for each d will do, one τ² for all data, and so will α² = 1.
    """

    nu: Float[Array, "N H"]
    tau2: Float[Array, "#N H"]
    mean: Float[Array, "N S D"]
    sigma2: Float[Array, "*#NSD"]
    alpha2: Float[Array, "*#H"] | float = 1.0


class Parts(NamedTuple):
    """The terms of ELBO and entropy sum, and the sum of the absolute values of all that is added up."""

    encoder_entropy: Float[Array, ""]
    prior: Float[Array, ""]
    decoder: Float[Array, ""]
    prior_entropy: Float[Array, ""]
    decoder_entropy: Float[Array, ""]
    terms: Float[Array, ""]

    @property
    def elbo(self) -> Float[Array, ""]:
        return self.encoder_entropy + self.prior + self.decoder

    @property
    def entropy_sum(self) -> Float[Array, ""]:
        return self.encoder_entropy - self.prior_entropy - self.decoder_entropy

    @property
    def gaps(self) -> dict[str, Float[Array, ""]]:
        """What each factor that has parameters adds to ELBO minus entropy sum: its expected log-density plus its entropy."""
        return {
            "decoder": self.decoder + self.decoder_entropy,
            "prior": self.prior + self.prior_entropy,
        }


def parts(
    outputs: Outputs, x: Float[Array, "N D"], weights: Float[Array, " S"] | None = None
) -> Parts:
    """ELBO, entropies and |terms|; `weights` sum to one (default: equal). Raises `InputError` for shapes that do not fit."""
    nu, tau2, mean, sigma2, alpha2 = _checked(outputs, x)
    H, D, S = nu.shape[-1], x.shape[-1], mean.shape[1]
    w = jnp.full(S, 1 / S, mean.dtype) if weights is None else weights
    # Nothing is broadcast before it is averaged: a long sum of equal numbers rounds the same way every time.
    log_tau2 = jnp.log(jnp.atleast_2d(tau2))
    log_alpha2 = jnp.broadcast_to(jnp.log(alpha2), (H,))
    moment = jnp.mean((nu**2 + tau2) / alpha2, axis=0)
    squares = (x[:, None, :] - mean) ** 2
    if sigma2.ndim < 3:
        fit = jnp.sum(_average(squares, w) / sigma2) / 2
    else:
        fit = jnp.sum(_average(squares / sigma2, w)) / 2
    log_sigma2 = _average(_three_axes(jnp.log(sigma2)), w)
    times = D / log_sigma2.size
    spread = times * jnp.sum(log_sigma2) / 2
    encoder_entropy = jnp.mean(jnp.sum(log_tau2, axis=-1)) / 2 + H / 2 * (1 + _LOG_2_PI)
    prior_entropy = jnp.sum(log_alpha2) / 2 + H / 2 * (1 + _LOG_2_PI)
    prior = -jnp.sum(log_alpha2 + moment) / 2 - H / 2 * _LOG_2_PI
    decoder_entropy = spread + D / 2 * (1 + _LOG_2_PI)
    decoder = -spread - fit - D / 2 * _LOG_2_PI
    # Each of these is added once in F and, but for the fits, once in E.
    absolute = _average(jnp.abs(_three_axes(jnp.log(sigma2)) + _LOG_2_PI), w)
    logs = (
        jnp.mean(jnp.sum(jnp.abs(log_tau2 + 1 + _LOG_2_PI), axis=-1)) / 2
        + jnp.sum(jnp.abs(log_alpha2 + _LOG_2_PI)) / 2
        + times * jnp.sum(absolute) / 2
    )
    terms = 2 * logs + jnp.sum(moment) / 2 + fit + (H + D) / 2
    return Parts(encoder_entropy, prior, decoder, prior_entropy, decoder_entropy, terms)


def elbo(
    outputs: Outputs, x: Float[Array, "N D"], weights: Float[Array, " S"] | None = None
) -> Float[Array, ""]:
    """The ELBO, nats per data point; see `parts`."""
    return parts(outputs, x, weights).elbo


def _average(values: Float[Array, "#N #S #D"], weights: Float[Array, " S"]) -> Float[Array, " #D"]:
    """The mean over data and, weighted, over samples; an axis of length 1 stands for itself."""
    over_samples = (
        values[:, 0] if values.shape[1] == 1 else jnp.einsum("nsd,s->nd", values, weights)
    )
    return jnp.mean(over_samples, axis=0)


def _three_axes(values: Array) -> Float[Array, "#N #S #D"]:
    return values.reshape((1,) * (3 - values.ndim) + values.shape)


def _checked(outputs: Outputs, x: Any) -> tuple[jax.Array, ...]:
    nu, tau2, mean, sigma2, alpha2 = (jnp.asarray(a) for a in outputs)
    if x.ndim != 2 or nu.ndim != 2 or mean.ndim != 3:
        raise InputError(
            f"x {x.shape}, nu {nu.shape}, mean {mean.shape}; pass x (N, D), nu (N, H), mean (N, S, D)"
        )
    (N, D), H, S = x.shape, nu.shape[1], mean.shape[1]
    if nu.shape != (N, H) or mean.shape != (N, S, D):
        raise InputError(f"x {x.shape}, nu {nu.shape} and mean {mean.shape} do not agree in N or D")
    for name, array, wanted in (
        ("tau2", tau2, ((N, H), (1, H), (H,))),
        ("sigma2", sigma2, ((), (D,), (1, 1, D), (N, S, D))),
        ("alpha2", alpha2, ((), (H,))),
    ):
        if array.shape not in wanted:
            shapes = " or ".join(map(str, dict.fromkeys(wanted)))
            raise InputError(f"{name} has shape {array.shape}; pass {shapes}")
    return nu, tau2, mean, sigma2, alpha2
