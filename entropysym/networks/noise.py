"""How noisy estimates of ELBO and entropy sum are: both from the same mini-batches and the same samples of z."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from entropysym.networks.outputs import parts
from entropysym.networks.programs import Network


class Noise(NamedTuple):
    """Standard deviations of the estimates of ELBO and entropy sum, in nats per data point, and their means."""

    elbo: float
    entropy_sum: float
    mean_elbo: float
    mean_entropy_sum: float

    @property
    def ratio(self) -> float:
        """How many times noisier the ELBO is; infinite where the entropy sum is a constant."""
        return self.elbo / self.entropy_sum if self.entropy_sum > 0 else float("inf")


def estimator_noise(
    network: Network,
    parameters: Any,
    x: Float[Array, "N D"],
    latent: int,
    key: Key[Array, ""],
    *,
    batch: int = 100,
    samples: int = 10,
    draws: int = 200,
) -> Noise:
    """The spread over `draws` mini-batches, drawn with replacement, with fresh samples of z. What varies is the data point and z: the
    parameters stand still."""
    batch = min(batch, len(x))
    found = _drawn(network, parameters, x, jax.random.split(key, draws), (batch, samples, latent))
    (F, E), (dF, dE) = jnp.mean(found, axis=0), jnp.std(found, axis=0)
    return Noise(float(dF), float(dE), float(F), float(E))


@partial(jax.jit, static_argnums=(0, 4))
def _drawn(
    network: Network,
    parameters: Any,
    x: Float[Array, "N D"],
    keys: Key[Array, " T"],
    sizes: tuple[int, int, int],
) -> Float[Array, "T 2"]:
    batch, samples, latent = sizes

    def one(key: Key[Array, ""]) -> Float[Array, " 2"]:
        for_rows, for_noise = jax.random.split(key)
        rows = jax.random.randint(for_rows, (batch,), 0, len(x))
        eps = jax.random.normal(for_noise, (samples, latent), x.dtype)
        found = parts(network(parameters, x[rows], eps), x[rows])
        return jnp.stack([found.elbo, found.entropy_sum])

    return jax.lax.map(one, keys)
