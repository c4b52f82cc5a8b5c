"""A small convolutional Bernoulli VAE for images of 28 x 28, three times: as PyTorch has it, as JAX has it, and with samples last.

Encoder: two convolutions of stride 2 and two affine heads; decoder: an affine layer and two transposed convolutions of stride 2. All kernels are
4 x 4 with one pixel of padding, as in most public code. XLA computes a transposed convolution on a CPU as a convolution of an image
that is mostly zeros. Here both kinds are matrix products instead: with the samples on the last, contiguous axis, a kernel of stride 2
reads or writes shifted slices of the four images of even and odd rows and columns.
"""

from __future__ import annotations

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import torch
from jax import lax
from torch import nn
from torch.distributions import Bernoulli, Normal

from entropysym.networks.estimators import chunk_size, elbo, kept, latents, mean_over_data
from entropysym.networks.networks import drawn
from entropysym.networks.outputs import GraphOutputs, bernoulli, encoded, normal

WIDTH, CHANNELS = 28, (16, 32)
SMALL = WIDTH // 4
FEATURES = CHANNELS[1] * SMALL**2
TAPS = tuple(itertools.product(range(4), range(4)))


class TorchConvVae(nn.Module):
    """What a user writes in PyTorch."""

    def __init__(self, H: int) -> None:
        super().__init__()
        one, two = CHANNELS
        self.body = nn.Sequential(
            *(nn.Conv2d(1, one, 4, 2, 1), nn.ReLU(), nn.Conv2d(one, two, 4, 2, 1), nn.ReLU()),
            nn.Flatten(),
        )
        self.nu, self.log_tau2 = nn.Linear(FEATURES, H), nn.Linear(FEATURES, H)
        self.decoder = nn.Sequential(
            *(nn.Linear(H, FEATURES), nn.ReLU(), nn.Unflatten(1, (two, SMALL, SMALL))),
            *(nn.ConvTranspose2d(two, one, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(one, 1, 4, 2, 1)),
        )  # fmt: skip

    def encode(self, x: torch.Tensor) -> Normal:
        g = self.body(x.reshape(-1, 1, WIDTH, WIDTH))
        return Normal(self.nu(g), (self.log_tau2(g) / 2).exp())

    def decode(self, z: torch.Tensor) -> Bernoulli:
        logits = self.decoder(z.flatten(0, 1)).reshape(*z.shape[:2], -1)
        return Bernoulli(logits=logits, validate_args=False)


class ConvVae(eqx.Module):
    """The same in JAX; kernels and matrices are laid out as PyTorch's, in the order of its `parameters()`."""

    leaves: tuple[jax.Array, ...]

    def encode(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """ν and log τ² with XLA's convolutions."""
        K1, k1, K2, k2, V, c, R, u, *_ = self.leaves
        g = x.reshape(-1, 1, WIDTH, WIDTH)
        for kernel, bias in ((K1, k1), (K2, k2)):
            pads = ((1, 1), (1, 1))
            g = lax.conv_general_dilated(g, kernel, (2, 2), pads) + bias[:, None, None]
            g = jax.nn.relu(g)
        g = g.reshape(len(x), -1)
        return g @ V.T + c, g @ R.T + u

    def logits(self, z: jax.Array) -> jax.Array:
        """The decoder with XLA's transposed convolutions."""
        *_, W, b, T1, t1, T2, t2 = self.leaves
        h = jax.nn.relu(z @ W.T + b).reshape(-1, CHANNELS[1], SMALL, SMALL)
        h = jax.nn.relu(_transposed(h, T1) + t1[:, None, None])
        return (_transposed(h, T2) + t2[:, None, None]).reshape(*z.shape[:2], -1)

    def outputs(self, x: jax.Array, eps: jax.Array) -> GraphOutputs:
        nu, log_tau2 = self.encode(x)
        z = drawn(nu, log_tau2, eps)
        return GraphOutputs(
            {"z": normal(z, 0.0, 1.0), "x": bernoulli(x[:, None], self.logits(z))},
            {"z": encoded(z, log_tau2=log_tau2)},
        )


def _transposed(h: jax.Array, kernel: jax.Array) -> jax.Array:
    layout = ("NCHW", "IOHW", "NCHW")
    pads = ((2, 2), (2, 2))
    turned = kernel[:, :, ::-1, ::-1]
    return lax.conv_transpose(h, turned, (2, 2), pads, dimension_numbers=layout)


def initial(H: int, seed: int = 0) -> ConvVae:
    """PyTorch's own random weights."""
    torch.manual_seed(seed)
    return ConvVae(tuple(jnp.asarray(p.detach().numpy()) for p in TorchConvVae(H).parameters()))


@elbo.register
def _(vae: ConvVae, x: jax.Array, noise: jax.Array, weights: Any = None) -> jax.Array:
    """Encoder and decoder a few data at a time, samples last."""
    K1, k1, K2, k2, V, c, R, u, *decoder = vae.leaves
    g = x.T.reshape(1, WIDTH, WIDTH, -1)
    g = jax.nn.relu(convolved(g, K1) + k1[:, None, None, None])
    g = jax.nn.relu(convolved(g, K2) + k2[:, None, None, None]).reshape(FEATURES, -1)
    nu, log_tau2 = (V @ g).T + c, (R @ g).T + u
    z = latents(nu, log_tau2, noise)
    size = chunk_size(len(x), z.shape[2], 16 * CHANNELS[0] * SMALL**2)
    return kept(nu, log_tau2) - mean_over_data(cross_entropies, size, tuple(decoder), x, z)


def cross_entropies(shared: tuple[jax.Array, ...], x: jax.Array, z: jax.Array) -> jax.Array:
    """Binary cross-entropy, summed over pixels and data, averaged over samples."""
    W, b, T1, t1, T2, t2 = shared
    H, n, S = z.shape
    h = jax.nn.relu(W @ z.reshape(H, n * S) + b[:, None])
    h = h.reshape(CHANNELS[1], SMALL, SMALL, n * S)
    h = jax.nn.relu(spread(h, T1) + t1[:, None, None, None])
    eta = (spread(h, T2) + t2[:, None, None, None]).reshape(WIDTH**2, n, S)
    return jnp.sum(jax.nn.softplus(eta) - x.T[:, :, None] * eta) / S


def convolved(g: jax.Array, kernel: jax.Array) -> jax.Array:
    """Convolution of stride 2, (C, 2i, 2j, M) to (O, i, j, M): one product with the 16 shifted images of even and odd pixels."""
    C, rows, columns, M = g.shape
    g = jnp.pad(g, ((0, 0), (1, 1), (1, 1), (0, 0)))
    quarters = g.reshape(C, rows // 2 + 1, 2, columns // 2 + 1, 2, M)
    shifted = [
        quarters[:, k // 2 : k // 2 + rows // 2, k % 2, m // 2 : m // 2 + columns // 2, m % 2]
        for k, m in TAPS
    ]
    patches = jnp.stack(shifted, axis=1).reshape(C * 16, -1)
    return (kernel.reshape(len(kernel), -1) @ patches).reshape(-1, rows // 2, columns // 2, M)


def spread(h: jax.Array, kernel: jax.Array) -> jax.Array:
    """Transposed convolution of stride 2, (C, i, j, M) to (O, 2i, 2j, M): one product, then each tap is added where it belongs."""
    C, rows, columns, M = h.shape
    O = kernel.shape[1]
    product = kernel.reshape(C, -1).T @ h.reshape(C, -1)
    taps = product.reshape(O, 2, 2, 2, 2, rows, columns, M)  # kernel row 2p + a, column 2q + b
    quarters = sum(
        jnp.pad(taps[:, p, :, q], ((0, 0), (0, 0), (0, 0), (p, 1 - p), (q, 1 - q), (0, 0)))
        for p in (0, 1)
        for q in (0, 1)
    )
    whole = jnp.transpose(quarters, (0, 3, 1, 4, 2, 5))
    return whole.reshape(O, 2 * rows + 2, 2 * columns + 2, M)[:, 1:-1, 1:-1]


def operations(samples: int) -> int:
    """Matrix products of one datum's step, forward and back; the first layer reads data and has no slope of its input."""
    one, two = CHANNELS
    middle = (2 * SMALL) ** 2
    first, second = 2 * 16 * one * middle, 2 * 16 * one * two * SMALL**2
    return 2 * first + 3 * second + samples * 3 * (first + second)
