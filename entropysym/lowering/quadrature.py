r"""Nodes for expectations over standard normal noise: $\mathbb E f(\varepsilon)\approx\sum_sw_sf(\varepsilon_s)$."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from entropysym.errors import InputError, integer
from entropysym.lowering.precision import require_x64

#: A product rule has order**H nodes; beyond this many it is refused.
MAX_NODES = 100_000


@partial(jax.tree_util.register_dataclass, data_fields=("eps", "weights"), meta_fields=())
@dataclass(frozen=True, eq=False)
class Nodes:
    """Noise points and their weights, which sum to one."""

    eps: Float[Array, "S H"]
    weights: Float[Array, " S"]


@partial(jax.tree_util.register_dataclass, data_fields=("z", "weights", "entropy"), meta_fields=())
@dataclass(frozen=True, eq=False)
class Points:
    r"""Weighted latents for each datum, where the encoder cannot be drawn from noise: $\mathbb E_{q_n}f(z)=\sum_sw_{ns}f(z_{ns})$, $\sum_sw_{ns}=1$.

    They are the encoder as far as an average goes, and stand still when parameters move. `entropy` stands for $\mathcal H[q_n]$ where the
    encoder's law has no closed one: any numbers, for they occur on both sides.
    """

    z: Float[Array, "N S H"]
    weights: Float[Array, "N S"]
    entropy: Float[Array, " N"]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("values", "weights", "entropies", "noise"),
    meta_fields=("enumerated",),
)
@dataclass(frozen=True, eq=False)
class JointPoints:
    r"""Weighted joint values of all latent variables of a graph: $\mathbb E_qf(z)=\sum_sw_{ns}f(z_{ns})$, $\sum_sw_{ns}=1$.

    `values` has each latent variable over (N, S, its plates), a global one over (S, its plates); `weights` those of each data plate by the name of its size, (N, S), and
    under the empty name, (S,), those of what is global. `entropies` stands for the entropy of each factor of any law, (N,) or a number; it occurs on both sides.
    With `enumerated` the discrete latents take all their values, which still have to be weighted by their factors of q. `noise` has the noise of the latents that
    have been drawn from it.
    """

    values: dict[str, Float[Array, ...]]
    weights: dict[str, Float[Array, ...]]
    entropies: dict[str, Float[Array, ...]]
    enumerated: bool = False
    noise: dict[str, Float[Array, ...]] = field(default_factory=dict)


#: Noise nodes, or weighted points where there is no noise, or those of a graph.
AnyNodes = Nodes | Points | JointPoints


def gauss_hermite(H: int, order: int = 12) -> Nodes:
    """The Gauss-Hermite product rule: exact for polynomials of degree 2·order − 1 in each coordinate; order**H nodes.

    Raises `InputError` if there would be more than `MAX_NODES` nodes.
    """
    require_x64()
    order, H = integer("order", order), integer("H", H)
    if order**H > MAX_NODES:
        raise InputError(f"{order}**{H} nodes are too many; use cubature({H}) or normal_noise")
    points, weights = np.polynomial.hermite_e.hermegauss(order)
    weights = weights / weights.sum()
    grid = np.stack([g.ravel() for g in np.meshgrid(*[points] * H, indexing="ij")], axis=-1)
    product = np.ones(1)
    for _ in range(H):
        product = np.outer(product, weights).ravel()
    return Nodes(jnp.asarray(grid), jnp.asarray(product))


def cubature(H: int) -> Nodes:
    r"""The 2H points $\pm\sqrt H\,e_h$ with weights 1/(2H): exact for polynomials of degree at most 3.

    All integrands of a model with a linear decoder are quadratic in the noise, so there it is no approximation.
    """
    require_x64()
    H = integer("H", H)
    points = np.sqrt(float(H)) * np.eye(H)
    eps = np.concatenate([points, -points])
    return Nodes(jnp.asarray(eps), jnp.full(2 * H, 1 / (2 * H), jnp.float64))


def normal_noise(
    key: Key[Array, ""], samples: int, H: int, *, moment_matched: bool = False
) -> Nodes:
    """Fixed standard normal draws with equal weights.

    With `moment_matched` the draws come in antithetic pairs and are scaled to unit variance in each coordinate, so that
    first and (per coordinate) second moments are exact; `samples` must then be even.
    """
    require_x64()
    samples, H = integer("samples", samples), integer("H", H)
    if not moment_matched:
        eps = jax.random.normal(key, (samples, H), jnp.float64)
    else:
        if samples % 2:
            raise InputError(f"samples is {samples}; antithetic pairs need an even number")
        half = jax.random.normal(key, (samples // 2, H), jnp.float64)
        eps = jnp.concatenate([half, -half])
        eps = eps / jnp.sqrt(jnp.mean(eps**2, axis=0))
    return Nodes(eps, jnp.full(samples, 1 / samples, jnp.float64))


def low_discrepancy(H: int, samples: int = 128, seed: int = 0) -> Nodes:
    """Fixed normal points with equal weights from a scrambled Sobol' sequence (Owen 1998), for latents too many for a product rule.

    `samples` is rounded up to a power of two, for which the points are balanced. Other seeds give other scrambles: their spread estimates
    the error. Each coordinate is shifted and scaled to mean 0 and variance 1.
    """
    from scipy.special import ndtri
    from scipy.stats import qmc

    require_x64()
    power = (integer("samples", samples) - 1).bit_length()
    seed = integer("seed", seed, 0)
    points = qmc.Sobol(integer("H", H), scramble=True, rng=seed).random_base2(power)
    # Points are multiples of 2**-64 or so; a half keeps the quantile off minus infinity.
    eps = ndtri(np.clip(points, 2.0**-53, 1 - 2.0**-53))
    # With exact first and second moments all that is quadratic in the noise is integrated exactly, the prior's part above all.
    eps = eps - eps.mean(axis=0)
    eps = eps / np.sqrt(np.mean(eps**2, axis=0)) if len(eps) > 1 else eps
    return Nodes(jnp.asarray(eps), jnp.full(len(eps), 1 / len(eps), jnp.float64))
