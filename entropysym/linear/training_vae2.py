r"""Training of a small VAE-2 (tanh networks) by full-batch L-BFGS in float64, with a fixed budget.

The decoder is $\mu(z)=\bar x+s\,(W_2\tanh(W_1z+b_1)+b_2)$ with unit-norm columns of $W_1$ by construction, and the encoder
gives $\nu$ and $\log\tau^2$ from one tanh layer on $(x-\bar x)/s$. Expectations are Gauss-Hermite sums. The last layer of the decoder is
linear, so that the reconstruction error needs only the first two moments of the hidden layer, $m_n=\mathbb E\,t$ and $M=\overline{\mathbb E\,tt^\top}$:
$$R=\overline{\|x_n-b_2\|^2}-2\,\overline{(x_n-b_2)^\top W_2m_n}+\mathrm{tr}\,W_2^\top W_2M.$$
That only drives the optimiser; what is reported comes from the densities.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Key

from entropysym.data.tables import checked, require_stationary_point
from entropysym.errors import InputError
from entropysym.language.records import Model
from entropysym.linear.training import (
    Ascender,
    HistoryPoint,
    Progress,
    Status,
    Step,
    Trained,
    check_training,
    thinned,
    trained_entropies,
)
from entropysym.lowering.lowered import lower
from entropysym.lowering.precision import require_x64
from entropysym.lowering.quadrature import Nodes, gauss_hermite
from entropysym.witness.gap import measure_gap

#: Gradient norm, in the coordinates that are trained, at which a point counts as stationary.
GRADIENT_GOAL = 1e-8


class Decoder(eqx.Module):
    """The decoder mean in standardised units; `raw` has any columns, `first` their unit-norm version."""

    raw: Float[Array, "K H"]
    bias: Float[Array, " K"]
    last: Float[Array, "D K"]
    shift: Float[Array, " D"]

    @property
    def first(self) -> Float[Array, "K H"]:
        return self.raw / jnp.linalg.norm(self.raw, axis=0)

    def __call__(self, z: Float[Array, " H"]) -> Float[Array, " D"]:
        return self.last @ jnp.tanh(self.first @ z + self.bias) + self.shift


class Encoder(eqx.Module):
    """Encoder mean and log-variance of standardised data, from one hidden layer."""

    first: Float[Array, "K D"]
    bias: Float[Array, " K"]
    mean: Float[Array, "H K"]
    mean_shift: Float[Array, " H"]
    log_variance: Float[Array, "H K"]
    log_variance_shift: Float[Array, " H"]

    def __call__(self, x: Float[Array, " D"]) -> tuple[Float[Array, " H"], Float[Array, " H"]]:
        t = jnp.tanh(self.first @ x + self.bias)
        return self.mean @ t + self.mean_shift, self.log_variance @ t + self.log_variance_shift


class Weights(eqx.Module):
    """The network weights of a VAE-2."""

    decoder: Decoder
    encoder: Encoder


class _Point(eqx.Module):
    weights: Weights
    log_sigma2: Float[Array, ""]
    log_alpha2: Float[Array, " H"]


def _start(D: int, H: int, K: int, key: Key[Array, ""]) -> _Point:
    k = jax.random.split(key, 5)

    def normal(key: Key[Array, ""], rows: int, columns: int) -> Array:
        return jax.random.normal(key, (rows, columns), jnp.float64) / math.sqrt(columns)

    decoder = Decoder(normal(k[0], K, H), jnp.zeros(K), normal(k[1], D, K), jnp.zeros(D))
    encoder = Encoder(
        normal(k[2], K, D),
        jnp.zeros(K),
        normal(k[3], H, K),
        jnp.zeros(H),
        0.1 * normal(k[4], H, K),
        jnp.full(H, -2.0),
    )
    return _Point(Weights(decoder, encoder), jnp.zeros(()), jnp.zeros(H))


def _objective(p: _Point, x: Float[Array, "N D"], nodes: Nodes) -> Float[Array, ""]:
    """The ELBO of the standardised data."""
    (N, D), (S, H), decoder = x.shape, nodes.eps.shape, p.weights.decoder
    nu, log_tau2 = jax.vmap(p.weights.encoder)(x)
    tau2 = jnp.exp(log_tau2)
    z = nu[:, None, :] + jnp.sqrt(tau2)[:, None, :] * nodes.eps
    # Flattened to two axes, which XLA multiplies several times faster on a CPU.
    t = jnp.tanh(z.reshape(N * S, H) @ decoder.first.T + decoder.bias)
    m = jnp.einsum("s,nsk->nk", nodes.weights, t.reshape(N, S, -1))
    weights = jnp.tile(nodes.weights, N) / N
    M = (t * weights[:, None]).T @ t
    rest = x - decoder.shift
    R = (
        jnp.sum(rest**2) / N
        - 2 * jnp.sum(rest * (m @ decoder.last.T)) / N
        + jnp.sum((decoder.last @ M) * decoder.last)
    )
    latents = jnp.mean(nu**2 + tau2, axis=0) * jnp.exp(-p.log_alpha2)
    return (
        jnp.sum(jnp.mean(log_tau2, axis=0) - p.log_alpha2 - latents + 1) / 2
        - D / 2 * (math.log(2 * math.pi) + p.log_sigma2)
        - R / 2 * jnp.exp(-p.log_sigma2)
    )


def networks(
    mean: Float[np.ndarray, " D"], scale: float
) -> Callable[[Weights], dict[str, Callable[..., Array]]]:
    """The function from weights to `mu`, `nu` and `tau2` on original data with this mean and scale."""

    centre = jnp.asarray(mean)

    def make(w: Weights) -> dict[str, Callable[..., Array]]:
        return {
            "mu": lambda z: centre + scale * w.decoder(z),
            "nu": lambda x: w.encoder((x - centre) / scale)[0],
            "tau2": lambda x: jnp.exp(w.encoder((x - centre) / scale)[1]),
        }

    return make


def train_vae2(
    model: Model,
    data: Float[np.ndarray, "N D"],
    *,
    direction: Mapping[str, sp.Expr],
    entropy_sum: sp.Expr,
    latent: int = 2,
    hidden: int = 16,
    order: int = 10,
    seed: int = 0,
    iterations: int = 300,
    seconds: float = 50.0,
    progress: Progress | None = None,
) -> Trained:
    """Train VAE-2 (parameters sigma2, alpha2; networks mu, nu, tau2) from a random start, within a budget.

    `order` Gauss-Hermite nodes per latent. Within the default budget the gradient of a network does not vanish: `status` then is
    LIMIT, and the record says how large gradient and gap are. `gradient_norm` is that of sigma2, alpha2 and all weights on the original
    data; the same quadrature nodes serve training, ELBO and gap.

    Raises `NoStationaryPointError` where σ² would run to 0 already for a linear decoder, `InputError` for unusable data or numbers.
    """
    began = time.monotonic()
    require_x64()
    check_training(latent, seed, iterations, seconds)
    if {p.name for p in model.parameters} != {"sigma2", "alpha2"}:
        raise InputError(f"the model {model.name!r} is no VAE-2 with parameters sigma2 and alpha2")
    x = checked(data)
    require_stationary_point(x, latent)
    mean = x.mean(axis=0)
    largest = np.abs(x - mean).max()
    scale = float(largest * np.sqrt(np.mean(((x - mean) / largest) ** 2)))
    make, nodes = networks(mean, scale), gauss_hermite(latent, order)
    start = _start(x.shape[1], latent, hidden, jax.random.key(seed))
    ascender = Ascender(_objective, start, jnp.asarray((x - mean) / scale), nodes)
    ascent = ascender.run(
        start,
        iterations=iterations,
        deadline=began + seconds,
        goal=GRADIENT_GOAL,
        progress=progress,
    )
    p = ascent.point
    arguments = {
        "x": jnp.asarray(x),
        "sigma2": scale**2 * jnp.exp(p.log_sigma2),
        "alpha2": jnp.exp(p.log_alpha2),
    }
    gap = measure_gap(
        model,
        direction=direction,
        entropy_sum=entropy_sum,
        arguments=arguments,
        nodes=nodes,
        weights=p.weights,
        networks=make,
    )
    flat = np.asarray(ravel_pytree(p)[0])
    scaled = float(np.linalg.norm(ascender.negative(flat)[1]))
    if not (gap.finite and ascent.finite):
        status = Status.NOT_FINITE
    elif scaled <= GRADIENT_GOAL:
        status = Status.STATIONARY
    else:
        status = Status.LIMIT if ascent.limited else Status.STALLED
    history = _history(model, ascender, entropy_sum, ascent.path, mean, scale, x, nodes)
    encoder, prior, decoder = trained_entropies(model, arguments, nodes, make(p.weights))
    return Trained(
        model=model.name,
        status=status,
        message=f"{status.value}; gradient norm {scaled:.1e} where it was trained, {gap.gradient_norm:.1e} on the original data",
        gap=gap,
        gradient_norm=gap.gradient_norm,
        scaled_gradient_norm=scaled,
        goal=GRADIENT_GOAL,
        kind="unknown",
        restarts=0,
        iterations=ascent.iterations,
        seconds=time.monotonic() - began,
        history=history,
        arguments=arguments,
        nodes=nodes,
        encoder_entropy=encoder,
        prior_entropy=prior,
        decoder_entropy=decoder,
        weights=p.weights,
        networks=make,
    )


def _history(
    model: Model,
    ascender: Ascender,
    entropy_sum: sp.Expr,
    path: tuple[Step, ...],
    mean: Float[np.ndarray, " D"],
    scale: float,
    x: Float[np.ndarray, "N D"],
    nodes: Nodes,
) -> tuple[HistoryPoint, ...]:
    lowered, make = lower(entropy_sum, model), networks(mean, scale)

    @jax.jit
    def right(v: jax.Array, x: jax.Array) -> jax.Array:
        p = ascender.unravel(v)
        return lowered(
            x=x,
            noise=nodes,
            sigma2=scale**2 * jnp.exp(p.log_sigma2),
            alpha2=jnp.exp(p.log_alpha2),
            **make(p.weights),
        )

    shift = x.shape[1] * math.log(scale)
    points = []
    for i, v, value in thinned(path):
        F, E = value - shift, float(right(jnp.asarray(v), jnp.asarray(x)))
        points.append(HistoryPoint(i, F, E, F - E))
    return tuple(points)
