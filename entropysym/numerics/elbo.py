r"""The ELBO of a model straight from its densities, and its three entropies; no derived formula is used.

$$\mathcal F=\frac1N\sum_n\Big\{\mathcal H[q_n]+\sum_sw_s\big(\log p_\Theta(z_{ns})+\log p_\Theta(x_n\mid z_{ns})\big)\Big\},\qquad z_{ns}=\text{draw}(\varepsilon_s)$$
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import sympy as sp
from jaxtyping import Array, Float

from entropysym.errors import InputError
from entropysym.language.records import Model, Plate
from entropysym.language.symbols import n
from entropysym.numerics.arguments import Bound, bind
from entropysym.numerics.axes import SAMPLE, Axes, Named, spread
from entropysym.numerics.densities import Density, density
from entropysym.numerics.evaluator import Evaluator, Latent, Scope
from entropysym.numerics.quadrature import Nodes
from entropysym.numerics.signature import DATA_SIZE, Signature, read_signature

_DATA = Plate(n, sp.Symbol(DATA_SIZE, integer=True, positive=True))


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("encoder_entropy", "prior", "decoder", "terms"),
    meta_fields=(),
)
@dataclass(frozen=True, eq=False)
class ElboParts:
    r"""$\overline{\mathcal H[q_n]}$, $\overline{\mathbb E\log p(z)}$, $\overline{\mathbb E\log p(x_n|z)}$ and the sum of |terms|; nats per datum."""

    encoder_entropy: Float[Array, ""]
    prior: Float[Array, ""]
    decoder: Float[Array, ""]
    terms: Float[Array, ""]

    @property
    def total(self) -> Float[Array, ""]:
        """The ELBO."""
        return self.encoder_entropy + self.prior + self.decoder


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("encoder", "prior", "decoder"),
    meta_fields=(),
)
@dataclass(frozen=True, eq=False)
class Entropies:
    """Mean encoder entropy, prior entropy, and decoder entropy averaged over the aggregate posterior; nats per datum."""

    encoder: Float[Array, ""]
    prior: Float[Array, ""]
    decoder: Float[Array, ""]

    @property
    def entropy_sum(self) -> Float[Array, ""]:
        """Encoder plus, prior and decoder minus."""
        return self.encoder - self.prior - self.decoder


@dataclass(frozen=True, eq=False)
class DensityElbo:
    """The ELBO of `model` as a function of its arguments (see `Lowered`) and nodes; can be jitted, differentiated, vmapped."""

    model: Model
    wanted: Signature

    def __call__(self, arguments: Mapping[str, Any], nodes: Nodes) -> ElboParts:
        """Raises `InputError` for arguments that do not fit the model."""
        factors = _Factors(self.model, bind(self.wanted, {**arguments, "noise": nodes}))
        q, q_arguments = factors.encoder
        entropy = q.entropy(*q_arguments)
        prior, prior_terms = factors.expected("prior", factors.z)
        decoder, decoder_terms = factors.expected("decoder", factors.x)
        terms = factors.mean(jnp.abs(entropy)) + prior_terms + decoder_terms
        return ElboParts(factors.mean(entropy), prior, decoder, terms)

    def entropies(self, arguments: Mapping[str, Any], nodes: Nodes) -> Entropies:
        """The three entropies, from the same arguments."""
        factors = _Factors(self.model, bind(self.wanted, {**arguments, "noise": nodes}))
        q, q_arguments = factors.encoder
        p, p_arguments = factors.prior
        return Entropies(
            factors.mean(q.entropy(*q_arguments)),
            jnp.sum(p.entropy(*p_arguments)),
            factors.average(factors.decoder[0].entropy(*factors.decoder[1])),
        )


def density_elbo(model: Model) -> DensityElbo:
    """The ELBO of a model, ready for arguments. Raises `InputError` for a family without a numerical density."""
    for family in model.families:
        density(family)
    if density(model.encoder.family).draw is None:
        raise InputError(
            f"the encoder's family {model.encoder.family.name} has no reparametrisation"
        )
    wanted = read_signature((), (), model)
    wanted.optional = set()
    wanted.sizes |= {DATA_SIZE, *(s.name for s in model.sizes)}
    for role in ("prior", "decoder", "encoder"):
        plates = (model.plate(role),) if role == "prior" else (_DATA, model.plate(role))
        latent = model.latent.size.name if role == "decoder" else None
        # The record has been checked for scope; this finds heads that have no value.
        read_signature(model.factor(role).arguments, plates, None, latent)
    return DensityElbo(model, wanted)


class _Factors:
    """The three factors at one set of arguments: arrays (N, H), (H,) and (N, S, D) for each argument of the family."""

    def __init__(self, model: Model, bound: Bound) -> None:
        self.model, self.bound = model, bound
        self.evaluator = Evaluator(bound)
        h, d = model.latent.index, model.observed.index
        noise = bound.noise
        assert noise is not None
        self.weights = noise.weights
        N, (S, H) = bound.sizes[DATA_SIZE], noise.eps.shape
        D = bound.sizes[model.observed.size.name]
        in_n = Scope({n: DATA_SIZE})
        self.encoder = self._factor(
            "encoder", in_n.binding(h, model.latent.size.name), (n, h), (N, H)
        )
        q, q_arguments = self.encoder
        assert q.draw is not None
        self.z = q.draw(noise.eps, *(a[:, None, :] for a in q_arguments))
        latent = Latent("z", h, Named(self.z, (n, SAMPLE, h)))
        self.prior = self._factor("prior", Scope({h: model.latent.size.name}), (h,), (H,))
        self.decoder = self._factor(
            "decoder",
            Scope({n: DATA_SIZE, d: model.observed.size.name}, latent),
            (n, SAMPLE, d),
            (N, S, D),
        )
        self.x = bound.arrays["x"][:, None, :]

    def _factor(
        self, role: str, scope: Scope, axes: Axes, sizes: tuple[int, ...]
    ) -> tuple[Density, list[jax.Array]]:
        factor = self.model.factor(role)
        values = [self.evaluator.value(a, scope) for a in factor.arguments]
        return density(factor.family), [spread(v, axes, sizes) for v in values]

    def mean(self, values: Float[Array, "N K"]) -> Float[Array, ""]:
        """Sum over the plate, mean over the data."""
        return jnp.mean(jnp.sum(values, axis=1))

    def average(self, values: Float[Array, "N S K"]) -> Float[Array, ""]:
        """Sum over the plate, weighted mean over the nodes, mean over the data."""
        return jnp.mean(jnp.sum(values, axis=2) @ self.weights)

    def expected(self, role: str, at: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The averaged log-density and the sum of its |terms|: the peak and the distance from it."""
        p, arguments = getattr(self, role)
        log_p, peak = p.log_density(at, *arguments), p.peak(*arguments)
        split = jnp.abs(peak) + jnp.abs(log_p - peak)
        return self.average(log_p), self.average(jnp.broadcast_to(split, log_p.shape))
