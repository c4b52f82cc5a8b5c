"""What an experiment knows of each kind of network beside its weights: how expectations are taken, and the log-likelihood where it is exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from entropysym.data.tables import require_stationary_point
from entropysym.experiments.records import Settings
from entropysym.linear.likelihood import log_likelihood
from entropysym.linear.ppca import max_log_likelihood
from entropysym.lowering.quadrature import Nodes, cubature, gauss_hermite, low_discrepancy

#: A product rule is used while it has at most this many nodes; a finer one, which only measures, while it has at most this many.
_PRODUCT, _FINER = 2000, 100_000


class Expectation(NamedTuple):
    """Nodes to train with, finer ones that estimate their error, and what they are called."""

    nodes: Nodes
    finer: Nodes
    called: str


def _exact(settings: Settings) -> Expectation:
    """Polynomials of degree two."""
    H = settings.latent
    finer = gauss_hermite(H, 4) if H <= 4 else cubature(H)
    return Expectation(cubature(H), finer, "cubature (exact)")


def _approximate(settings: Settings) -> Expectation:
    """A product rule, where it is not too large."""
    H, order = settings.latent, settings.order
    if order**H > _PRODUCT:
        finer = low_discrepancy(H, 1024, seed=1)
        return Expectation(low_discrepancy(H, 256), finer, "256 Sobol' points")
    called = f"Gauss-Hermite, {order} nodes per latent"
    more = order + 6
    finer = gauss_hermite(H, more) if more**H <= _FINER else low_discrepancy(H, 4096)
    return Expectation(gauss_hermite(H, order), finer, called)


def _bounded(x: Float[np.ndarray, "N D"], H: int) -> None:
    """Raise `NoStationaryPointError` where σ² would run to 0. With as many latents as dimensions a curved decoder leaves σ² free to be small,
    and data of full rank do not drive it to 0."""
    require_stationary_point(x, min(H, x.shape[1] - 1))


@dataclass(frozen=True)
class Kind:
    """A kind of network: its expectation, what it demands of data and number of latents, and the settings that it does without.

    `log_likelihood` of a network at data, and its maximum for data and number of latents, are None where they are not known exactly.
    """

    expectation: Callable[[Settings], Expectation] = _approximate
    demand: Callable[[Float[np.ndarray, "N D"], int], None] = _bounded
    without: frozenset[str] = field(default_factory=frozenset)
    log_likelihood: Callable[[Any, jax.Array], jax.Array] | None = None
    max_log_likelihood: Callable[[Float[np.ndarray, "N D"], int], float] | None = None


KINDS: Mapping[str, Kind] = {
    "linear_vae": Kind(
        expectation=_exact,
        # A linear network with as many latents as dimensions has no isolated variance.
        demand=require_stationary_point,
        without=frozenset({"hidden", "encoder", "activation", "order"}),
        log_likelihood=log_likelihood,
        max_log_likelihood=max_log_likelihood,
    ),
    **dict.fromkeys(("vae1", "vae2", "vae3"), Kind()),
}
