"""Numerical knowledge of the families, from jax.scipy.stats; the symbolic log-densities are not used here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array
from jax.scipy import stats

from entropysym.errors import one_of
from entropysym.language.records import Family


@dataclass(frozen=True)
class Density:
    """Functions of a family's arguments, all elementwise, in nats.

    `log_density(x, *arguments)`, `entropy(*arguments)`, `peak(*arguments)` (the log-density at the mode), and
    `draw(noise, *arguments)`, which turns standard normal noise into a draw (None where there is no such map).
    """

    log_density: Callable[..., Array]
    entropy: Callable[..., Array]
    peak: Callable[..., Array]
    draw: Callable[..., Array] | None = None


_NORMAL = Density(
    log_density=lambda x, mean, variance: stats.norm.logpdf(x, mean, jnp.sqrt(variance)),
    entropy=lambda mean, variance: 0.5 * jnp.log(2 * math.pi * math.e * variance) + 0 * mean,
    peak=lambda mean, variance: stats.norm.logpdf(mean, mean, jnp.sqrt(variance)),
    draw=lambda noise, mean, variance: mean + jnp.sqrt(variance) * noise,
)

#: The families that can be evaluated, by the name in their record.
DENSITIES = {"Normal": _NORMAL}


def density(family: Family) -> Density:
    """The numerical side of a family. Raises `InputError` for one that the table lacks."""
    if family.name not in DENSITIES:
        raise one_of(family.name, DENSITIES, "family for a numerical density")
    return DENSITIES[family.name]
