r"""The ELBO of a VAE at data x and given noise ε, in nats per datum, as fast as a CPU allows; with a Gaussian decoder
$$\mathcal F=\frac1N\sum_n\Big\{\sum_h\tfrac12\Big(1+\log\frac{\tau_{nh}^2}{\alpha_h^2}-\frac{\nu_{nh}^2+\tau_{nh}^2}{\alpha_h^2}\Big)-\tfrac12\sum_sw_s\sum_d\Big[\log2\pi\sigma^2_{nsd}+\frac{(x_{nd}-\mu_{nsd})^2}{\sigma^2_{nsd}}\Big]\Big\}.$$
Encoder entropy and prior are integrated, the decoder is averaged over the noise: S samples or S quadrature nodes. `outputs.elbo` is this formula and
nothing else; `elbo` gives the same number up to rounding and reads the noise's moments (linear decoder), the Gram matrix of the last layer
(one variance) or a few data at a time (a variance for each z; Bernoulli).

Inside, features lead and samples trail, (K, M): all products are two-dimensional, with the long axis contiguous.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from functools import partial, singledispatch
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float, Key

from entropysym.networks import outputs
from entropysym.networks.networks import (
    ACTIVATIONS,
    BernoulliVae,
    Layer,
    LinearVae,
    Perceptron,
    Vae1,
    Vae2,
    Vae3,
)

Noise = Float[Array, "S H"] | Float[Array, "N S H"]
Weights = Float[Array, " S"] | None
LOG_2PI = math.log(2 * math.pi)


def numbers_in_cache() -> int:
    """How many float32 numbers the second-level caches of all cores hold together; 250,000 where the operating system does not tell."""
    try:
        told = Path("/sys/devices/system/cpu/cpu0/cache/index2/size").read_text().strip()
    except OSError:
        return 250_000
    kilobytes = int(told[:-1]) if told.endswith("K") and told[:-1].isdigit() else 0
    return kilobytes * 1024 * (os.cpu_count() or 1) // 4 or 250_000


# Numbers in the widest activation of a chunk: what stays in the caches of the threads that share it, between the products that read it. On two
# cores with 512 KiB each, a training step of VAE-3 takes 1.4 times as long with four times as many, and 1.7 times as long with an
# eighth, where threads wait for each other more than they compute.
CHUNK_NUMBERS = min(max(numbers_in_cache(), 125_000), 4_000_000)


@singledispatch
def elbo(
    vae: Any, x: Float[Array, "N D"], noise: Noise, weights: Weights = None
) -> Float[Array, ""]:
    """The ELBO in nats per datum for noise shared by the data (S, H) or drawn for each (N, S, H); weights (S,) sum to 1 and default to 1 / S.

    A network without a method of its own is evaluated from its outputs.
    """
    return outputs.elbo(vae.outputs(x, noise), x, weights)


def draw_noise(
    key: Key[Array, ""], N: int, S: int, H: int, dtype: Any = jnp.float64
) -> Float[Array, "N S H"]:
    """Standard normal noise, kept in memory in the order in which `elbo` reads it: no copy."""
    # Each call of Threefry gives two words. The partitionable stream, made for many devices, spends both on one float32.
    with jax.threefry_partitionable(False):
        return jnp.transpose(jax.random.normal(key, (H, N, S), dtype), (1, 2, 0))


@elbo.register
def _(
    vae: LinearVae, x: Float[Array, "N D"], noise: Noise, weights: Weights = None
) -> Float[Array, ""]:
    r"""The decoder is linear in ε, so that the mean of the noise of each datum and its scatter about it, averaged over the data, are enough:
    $\sum_sw_s\|x-\mu\|^2=\|x-\bar\mu\|^2+\mathrm{tr}\,W^\top W\,\mathrm{diag}(\tau)\,C\,\mathrm{diag}(\tau)$."""
    nu, log_tau2 = vae.encode(x)
    tau = jnp.exp(vae.log_tau)
    eps = features_first(noise)
    mean = average(eps, weights)
    scatter = pooled_scatter(eps, mean, weights)
    middle = x - (nu + tau * mean.T) @ vae.W.T - vae.b
    spread = jnp.sum((vae.W.T @ vae.W) * jnp.outer(tau, tau) * scatter)
    squares = jnp.mean(jnp.sum(middle**2, axis=-1)) + spread
    return kept(nu, log_tau2) + one_variance(squares, 2 * vae.log_sigma, x.shape[1])


@elbo.register
def _(vae: Vae1, x: Float[Array, "N D"], noise: Noise, weights: Weights = None) -> Float[Array, ""]:
    """One variance: squared errors through the Gram matrix of the last layer."""
    nu, log_tau2 = vae.encode(x)
    z = latents(nu, log_tau2, noise)
    squares = expected_squares(vae.mean, x, z, weights)
    return kept(nu, log_tau2) + one_variance(squares, vae.log_sigma2, x.shape[1])


@elbo.register
def _(vae: Vae2, x: Float[Array, "N D"], noise: Noise, weights: Weights = None) -> Float[Array, ""]:
    """As VAE-1, with a learned prior."""
    nu, log_tau2 = vae.encode(x)
    z = latents(nu, log_tau2, noise)
    squares = expected_squares(vae.mean, x, z, weights)
    return kept(nu, log_tau2, vae.log_alpha2) + one_variance(squares, vae.log_sigma2, x.shape[1])


@elbo.register
def _(vae: Vae3, x: Float[Array, "N D"], noise: Noise, weights: Weights = None) -> Float[Array, ""]:
    """A variance for each z: nothing can be integrated, so that only the order of work is left to choose."""
    nu, log_tau2 = vae.encode(x)
    z = latents(nu, log_tau2, noise)
    shared = (vae.mean, vae.log_variance, weights)
    width = max(widest(vae.mean), widest(vae.log_variance), x.shape[1])
    size = chunk_size(len(x), z.shape[2], width)
    errors = mean_over_data(scaled_errors, size, shared, x, z)
    return kept(nu, log_tau2) - errors / 2


@elbo.register
def _(
    vae: BernoulliVae, x: Float[Array, "N D"], noise: Noise, weights: Weights = None
) -> Float[Array, ""]:
    """The data enter through the mean of the features; the log-partition function has to be read for every sample."""
    nu, log_tau2 = vae.encode(x)
    z = latents(nu, log_tau2, noise)
    width = max(widest(vae.logits), x.shape[1])
    size = chunk_size(len(x), z.shape[2], width)
    fit = mean_over_data(cross_entropies, size, (vae.logits, weights), x, z)
    return kept(nu, log_tau2) - fit


def expected_squares(
    net: Perceptron, x: Float[Array, "N D"], z: Float[Array, "H N S"], weights: Weights
) -> Float[Array, ""]:
    r"""$\frac1N\sum_n\sum_sw_s\|x_n-\mu(z_{ns})\|^2$."""
    W = net.layers[-1].weight
    size = chunk_size(len(x), z.shape[2], widest(net))
    # The Gram matrix is formed here, once for all chunks, and so is its share of the slope of W.
    return mean_over_data(squared_errors, size, (net, W.T @ W, weights), x, z)


def widest(net: Perceptron) -> int:
    """The largest number of features that a layer reads."""
    return max(layer.weight.shape[-1] for layer in net.layers)


def kept(
    nu: Float[Array, "N H"],
    log_tau2: Float[Array, "N H"],
    log_alpha2: Float[Array, " H"] | float = 0.0,
) -> Float[Array, ""]:
    """Encoder entropy and expected log-prior: the terms that no noise enters."""
    per_latent = 1 + log_tau2 - log_alpha2 - (nu**2 + jnp.exp(log_tau2)) / jnp.exp(log_alpha2)
    return jnp.mean(jnp.sum(per_latent, axis=-1)) / 2


def one_variance(
    squares: Float[Array, ""], log_sigma2: Float[Array, ""], D: int
) -> Float[Array, ""]:
    r"""$-\frac D2\log2\pi\sigma^2-\frac R{2\sigma^2}$ for the mean squared error R of a datum."""
    return -(D * (LOG_2PI + log_sigma2) + squares * jnp.exp(-log_sigma2)) / 2


def features_first(noise: Noise) -> Float[Array, "H _N S"]:
    """Noise with the latents leading; shared noise has one datum, _N = 1."""
    return jnp.moveaxis(noise if noise.ndim == 3 else noise[None], -1, 0)


def latents(
    nu: Float[Array, "N H"], log_tau2: Float[Array, "N H"], noise: Noise
) -> Float[Array, "H N S"]:
    r"""$z=\nu+\tau\varepsilon$, features first."""
    return nu.T[:, :, None] + jnp.exp(log_tau2 / 2).T[:, :, None] * features_first(noise)


def average(values: Float[Array, "*B S"], weights: Weights) -> Float[Array, "*B"]:
    """The weighted mean over samples, the last axis."""
    return jnp.mean(values, axis=-1) if weights is None else values @ weights


def pooled_scatter(
    eps: Float[Array, "H N S"], mean: Float[Array, "H N"], weights: Weights
) -> Float[Array, "H H"]:
    r"""$\frac1N\sum_{n,s}w_s\,\delta_{ns}\delta_{ns}^\top$ with $\delta_{ns}=\varepsilon_{ns}-\bar\varepsilon_n$, as a difference of second moments.

    Noise is of order one, so that no digits are lost, and no array as large as the noise is written.
    """
    H, N, S = eps.shape
    rows = eps.reshape(H, N * S)
    weighed = rows if weights is None else (eps * weights).reshape(H, N * S)
    moments = weighed @ rows.T / (S if weights is None else 1)
    return (moments - mean @ mean.T) / N


def hidden(net: Perceptron, z: Float[Array, "I M"]) -> Float[Array, "K M"]:
    """`Perceptron.features`, features first."""
    act = ACTIVATIONS[net.activation]
    for layer in net.layers[:-1]:
        z = act(affine(layer, z))
    return z


def affine(layer: Layer, z: Float[Array, "I M"]) -> Float[Array, "O M"]:
    """A layer, features first."""
    return layer.weight @ z + layer.bias[:, None]


def squared_errors(
    shared: tuple[Perceptron, Float[Array, "K K"], Weights],
    x: Float[Array, "n D"],
    z: Float[Array, "H n S"],
) -> Float[Array, ""]:
    r"""$\sum_n\sum_sw_s\|x_n-Wh_{ns}-b\|^2=\sum_n\|x_n-W\bar h_n-b\|^2+\sum_{n,s}w_s\,\delta_{ns}^\top A\delta_{ns}$ with $\delta=h-\bar h$, $A=W^\top W$.

    Nothing as wide as the data is computed for a sample. Both parts are sums of squares: no digits are lost where the error is small.
    """
    net, gram, weights = shared
    H, n, S = z.shape
    h = hidden(net, z.reshape(H, n * S)).reshape(-1, n, S)
    mean = average(h, weights)
    W, b = net.layers[-1].weight, net.layers[-1].bias
    middle = x.T - W @ mean - b[:, None]
    spread = (h - mean[:, :, None]).reshape(-1, n * S)
    w = jnp.full((), 1 / S, z.dtype) if weights is None else jnp.tile(weights, n)
    return jnp.sum(middle**2) + quadratic(gram, spread, w)


@jax.custom_jvp
def quadratic(
    A: Float[Array, "K K"], v: Float[Array, "K M"], w: Float[Array, "*#M"]
) -> Float[Array, ""]:
    r"""$\sum_mw_m\,v_m^\top Av_m$ for a symmetric A."""
    return jnp.sum(w * jnp.sum(v * (A @ v), axis=0))


@quadratic.defjvp
def _(primals: Sequence[Array], tangents: Sequence[Array]) -> tuple[Array, Array]:
    """One product less than by the chain rule, which does not know that A is symmetric."""
    (A, v, w), (dA, dv, dw) = primals, tangents
    Av = A @ v
    norms = jnp.sum(v * Av, axis=0)
    moved = jnp.sum(((w * v) @ v.T) * dA) + 2 * jnp.sum(w * Av * dv) + jnp.sum(norms * dw)
    return jnp.sum(w * norms), moved


def scaled_errors(
    shared: tuple[Perceptron, Perceptron, Weights],
    x: Float[Array, "n D"],
    z: Float[Array, "H n S"],
) -> Float[Array, ""]:
    r"""$\sum_n\sum_sw_s\sum_d\{\log2\pi\sigma_d^2(z_{ns})+(x_{nd}-\mu_d(z_{ns}))^2/\sigma_d^2(z_{ns})\}$."""
    mean, log_variance, weights = shared
    H, n, S = z.shape
    rows = z.reshape(H, n * S)
    mu = affine(mean.layers[-1], hidden(mean, rows)).reshape(-1, n, S)
    log_sigma2 = affine(log_variance.layers[-1], hidden(log_variance, rows)).reshape(-1, n, S)
    terms = LOG_2PI + log_sigma2 + (x.T[:, :, None] - mu) ** 2 * jnp.exp(-log_sigma2)
    return jnp.sum(average(jnp.sum(terms, axis=0), weights))


def cross_entropies(
    shared: tuple[Perceptron, Weights], x: Float[Array, "n D"], z: Float[Array, "H n S"]
) -> Float[Array, ""]:
    r"""$\sum_n\big\{\sum_sw_s\sum_d\log(1+e^{\eta_d(z_{ns})})-x_n^\top\bar\eta_n\big\}$ with $\bar\eta_n=W\sum_sw_sh_{ns}+b$."""
    logits, weights = shared
    H, n, S = z.shape
    h = hidden(logits, z.reshape(H, n * S))
    eta = affine(logits.layers[-1], h).reshape(-1, n, S)
    mean = affine(logits.layers[-1], average(h.reshape(-1, n, S), weights))
    return jnp.sum(average(jnp.sum(jax.nn.softplus(eta), axis=0), weights)) - jnp.sum(x.T * mean)


Total = Callable[[Any, Float[Array, "n D"], Float[Array, "H n S"]], Float[Array, ""]]


def chunk_size(N: int, S: int, width: int) -> int:
    """Data in a chunk whose widest activation has about `CHUNK_NUMBERS` numbers; all samples of a datum stay together.

    Equal chunks are preferred, since a smaller last one is compiled as a program of its own.
    """
    fewest = -(-N * S * width // CHUNK_NUMBERS)
    chunks = next((k for k in range(fewest, 2 * fewest) if N % k == 0), fewest)
    return -(-N // min(chunks, N))


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def mean_over_data(
    total: Total, size: int, shared: Any, x: Float[Array, "N D"], z: Float[Array, "H N S"]
) -> Float[Array, ""]:
    """The mean over the data of what `total` sums over some of them, `size` data at a time."""
    summed, _ = over_chunks(lambda x, z: (total(shared, x, z), {}), size, x, z)
    return summed / len(x)


@partial(mean_over_data.defjvp, symbolic_zeros=True)
def _(
    total: Total, size: int, primals: tuple[Any, Array, Array], tangents: tuple[Any, Any, Any]
) -> tuple[Array, Array]:
    """The gradient of a chunk is taken together with its value, while its activations are in the cache; none are kept for later.

    As a rule for tangents it serves both modes: the derivative is linear in them, with the gradient as its coefficients.
    """
    shared, x, z = primals
    moving = tuple(k for k, tangent in enumerate(tangents) if moves(tangent))
    if not moving:
        value = mean_over_data(total, size, *primals)
        return value, jnp.zeros_like(value)

    def gradients(x: Array, z: Array) -> tuple[Any, Any]:
        value, found = jax.value_and_grad(total, argnums=moving)(shared, x, z)
        slopes = dict(zip(moving, found, strict=True))
        return (value, slopes.pop(0, ())), slopes

    (value, slope), slopes = over_chunks(gradients, size, x, z)
    slopes[0] = slope
    moved = jnp.sum(jnp.stack([along(slopes[k], tangents[k]) for k in moving]))
    return value / len(x), moved / len(x)


def moves(tangent: Any) -> bool:
    """Whether any part of a tangent may differ from zero."""
    return any(not isinstance(t, SymbolicZero) for t in jax.tree.leaves(tangent))


def along(slope: Any, tangent: Any) -> Float[Array, ""]:
    """The gradient's product with a tangent."""
    pairs = zip(jax.tree.leaves(slope), jax.tree.leaves(tangent), strict=True)
    products = [jnp.sum(g * t) for g, t in pairs if not isinstance(t, SymbolicZero)]
    return jnp.sum(jnp.stack(products))


def over_chunks(
    f: Callable[[Array, Array], tuple[Any, Any]],
    size: int,
    x: Float[Array, "N D"],
    z: Float[Array, "H N S"],
) -> tuple[Any, Any]:
    """f on `size` data at a time: its first results are added up, its second, per datum like x (key 1) and z (key 2), are joined."""
    axes = {1: 0, 2: 1}
    whole = len(x) // size

    def step(total: Any, k: Array) -> tuple[Any, Any]:
        part = [lax.dynamic_slice_in_dim(a, k * size, size, axis) for a, axis in ((x, 0), (z, 1))]
        added, joined = f(*part)
        return jax.tree.map(jnp.add, total, added), joined

    def join(parts: Array, axis: int) -> Array:
        return lax.collapse(jnp.moveaxis(parts, 0, axis), axis, axis + 2)

    start = jax.tree.map(jnp.zeros_like, jax.eval_shape(f, x[:size], z[:, :size])[0])
    total, parts = lax.scan(step, start, jnp.arange(whole))
    joined = {key: join(part, axes[key]) for key, part in dict(parts).items()}
    if whole * size == len(x):
        return total, joined
    added, rest = f(x[whole * size :], z[:, whole * size :])
    joined = {key: jnp.concatenate([joined[key], rest[key]], axes[key]) for key in joined}
    return jax.tree.map(jnp.add, total, added), joined
