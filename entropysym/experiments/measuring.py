"""Measuring a trained network with two witnesses, which must give the same gap: the certificate of the network as it was trained, and the model's
densities with the direction that was derived for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from entropysym.claims import derive
from entropysym.experiments.kinds import KINDS, Expectation
from entropysym.experiments.records import Sample
from entropysym.lowering.averaging import averaged
from entropysym.lowering.quadrature import Nodes
from entropysym.models import MODELS
from entropysym.monitoring.reports import Latents, entropies
from entropysym.networks.as_model import as_model
from entropysym.networks.certificate import Certificate, certify
from entropysym.networks.estimators import elbo
from entropysym.networks.networks import GaussianVae, outputs
from entropysym.networks.noise import Noise, estimator_noise
from entropysym.networks.readings import Reading
from entropysym.witness.gap import Gap, GapFunction, Sides, finished, gap_function

#: Numbers in the largest array while measuring: data points × nodes × dimensions. Eight bytes each, and a dozen such arrays.
_NUMBERS = 10_000_000

#: Data points that are summed in one go. The rounding of a long sum grows with its length; a sum of sums of this many stays below 8 eps.
_ROWS = 2500


@dataclass(frozen=True, eq=False)
class Measured:
    """One trained network: its certificate, the gap from densities and derived direction, and where exact the log-likelihoods (nats)."""

    seed: int
    certificate: Certificate
    densities: Gap
    test_elbo: float
    latents: Latents
    noise: Noise
    log_likelihood: float | None = None
    max_log_likelihood: float | None = None

    @property
    def agrees(self) -> bool:
        """The gap is the predicted one for both witnesses."""
        return self.certificate.agrees and self.densities.agrees

    @property
    def resolved(self) -> bool:
        """Both witnesses measure the same gap, and other nodes give the same ELBO."""
        apart = abs(self.certificate.gap - self.densities.gap)
        return (
            apart <= 1e-13 * self.densities.terms
            and self.certificate.reading is not Reading.UNRESOLVED
        )


def measure(kind: str, seed: int, vae: Any, sample: Sample, expectation: Expectation) -> Measured:
    """Measure one network of this kind at the training data."""
    x, test = jnp.asarray(sample.train), jnp.asarray(sample.test)
    nodes, H = expectation.nodes, expectation.nodes.eps.shape[1]
    rows = min(_ROWS, max(1, _NUMBERS // (len(nodes.weights) * x.shape[1])))
    certificate = certify(outputs, vae, x, nodes, finer=expectation.finer, rows=rows)
    identity, sides = _derived(kind)
    both = averaged(lambda some: sides(vae, some, nodes), x, rows)
    known = KINDS[kind]
    exact, maximum = known.log_likelihood, known.max_log_likelihood
    return Measured(
        seed=seed,
        certificate=certificate,
        densities=finished(identity.parts(both), inputs=(vae, x)),
        test_elbo=float(_compiled(elbo)(vae, test, nodes.eps, nodes.weights)),
        latents=_latents(vae, x, H),
        noise=estimator_noise(outputs, vae, x, H, jax.random.key(seed)),
        log_likelihood=None if exact is None else float(_compiled(exact)(vae, x)),
        max_log_likelihood=None if maximum is None else maximum(np.asarray(x), H),
    )


def entropy_sum(kind: str, vae: GaussianVae, x: jax.Array, nodes: Nodes) -> jax.Array:
    """The derived entropy sum at a network, in nats per data point."""
    made = as_model(vae)
    networks = made.networks(made.weights) if made.networks else {}
    return _derived(kind)[0].entropy_sum(x=x, noise=nodes, **made.arguments, **networks)


@cache
def _derived(kind: str) -> tuple[GapFunction, Callable[..., Sides]]:
    """The derived identity for a kind of network, and its two sides as a compiled function of network, data and nodes."""
    found: Any = derive(MODELS[kind]())
    identity = gap_function(found.identity)

    @jax.jit
    def sides(vae: GaussianVae, x: jax.Array, nodes: Nodes) -> Sides:
        made = as_model(vae)
        return identity.sides({"x": x, **made.arguments}, nodes, made.weights, made.networks)

    return identity, sides


@cache
def _compiled(function: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """Compiled once for all seeds."""
    return jax.jit(function)


def _latents(vae: Any, x: jax.Array, H: int) -> Latents:
    """KL and collapse of each latent; the decoder is evaluated at the mean of z, since these figures do not depend on it."""
    out = outputs(vae, x, jnp.zeros((1, H)))
    sigma2 = jnp.broadcast_to(out.sigma2, out.mean.shape)[:, 0]
    return entropies(
        x, out.nu, out.tau2, mean=out.mean[:, 0], sigma2=sigma2, alpha2=out.alpha2
    ).latents
