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
from entropysym.language.matrices import Matrix
from entropysym.language.records import Model, Plate
from entropysym.language.symbols import n
from entropysym.numerics.arguments import Bound, bind
from entropysym.numerics.axes import SAMPLE, Axes, Named, spread
from entropysym.numerics.densities import Density, density
from entropysym.numerics.evaluator import Evaluator
from entropysym.numerics.quadrature import Nodes
from entropysym.numerics.scope import Latent, Scope
from entropysym.numerics.signature import DATA_SIZE, Signature, read_signature
from entropysym.numerics.words import COLUMN, ROW

_DATA = Plate(n, sp.Symbol(DATA_SIZE, integer=True, positive=True))


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("encoder_entropy", "prior", "decoder", "terms", "objective"),
    meta_fields=(),
)
@dataclass(frozen=True, eq=False)
class ElboParts:
    r"""$\overline{\mathcal H[q_n]}$, $\overline{\mathbb E\log p(z)}$, $\overline{\mathbb E\log p(x_n|z)}$ and the sum of |terms|; nats per datum.

    `objective` is what learning maximises: the ELBO, unless the model's objective has a weight on the first two, or a penalty.
    """

    encoder_entropy: Float[Array, ""]
    prior: Float[Array, ""]
    decoder: Float[Array, ""]
    terms: Float[Array, ""]
    objective: Float[Array, ""]

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
        entropy = jnp.mean(factors.entropy("encoder"))
        entropy_terms = jnp.mean(factors.entropy("encoder", absolute=True))
        prior, prior_terms = factors.expected("prior", factors.z)
        decoder, decoder_terms = factors.expected("decoder", factors.x)
        weight, penalty = factors.objective()
        return ElboParts(
            entropy,
            prior,
            decoder,
            terms=entropy_terms + prior_terms + decoder_terms,
            objective=weight * (entropy + prior) + decoder - penalty,
        )

    def entropies(self, arguments: Mapping[str, Any], nodes: Nodes) -> Entropies:
        """The three entropies, from the same arguments. Raises `InputError` for a family whose entropy has no closed form."""
        for role in ("prior", "decoder"):
            family = self.model.factor(role).family
            if density(family).entropy is None:
                raise InputError(f"the entropy of {family.name} ({role}) has no closed form")
        factors = _Factors(self.model, bind(self.wanted, {**arguments, "noise": nodes}))
        return Entropies(
            jnp.mean(factors.entropy("encoder")),
            factors.entropy("prior"),
            factors.average(factors.entropy("decoder")),
        )


def density_elbo(model: Model) -> DensityElbo:
    """The ELBO of a model, ready for arguments. Raises `InputError` for a family without a numerical density."""
    for family in model.families:
        density(family)
    if density(model.encoder.family).draw is None:
        raise InputError(
            f"the encoder's family {model.encoder.family.name} has no reparametrisation"
        )
    wanted = read_signature((model.objective.weight, model.objective.penalty), (), model)
    wanted.optional = set()
    wanted.sizes |= {DATA_SIZE, *(s.name for s in model.sizes)}
    for role in ("prior", "decoder", "encoder"):
        plates = (model.plate(role),) if role == "prior" else (_DATA, model.plate(role))
        latent = model.latent.size.name if role == "decoder" else None
        # The record has been checked for scope; this finds heads that have no value.
        read_signature(model.factor(role).arguments, plates, None, latent)
    return DensityElbo(model, wanted)


class _Factors:
    """The three factors at one set of arguments: arrays over (N,), () and (N, S) and the plate for each argument of the family.

    A covariance has two axes of the plate's size.
    """

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
        self.z = q.draw(noise.eps, *(a[:, None] for a in q_arguments))
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
        values = []
        for a in factor.arguments:
            if isinstance(a, Matrix):
                covariance = self.evaluator.matrix(a, scope)
                lengths = (*sizes[:-1], sizes[-1], sizes[-1])
                values.append(spread(covariance, (*axes[:-1], ROW, COLUMN), lengths))
            else:
                values.append(spread(self.evaluator.value(a, scope), axes, sizes))
        return density(factor.family), values

    def average(self, values: Float[Array, "*"]) -> Float[Array, ""]:
        """Weighted mean over the nodes and mean over the data of what varies over both."""
        return jnp.mean(values @ self.weights)

    def whole(self, role: str, values: jax.Array) -> jax.Array:
        """Sum over the plate, where the family is not multivariate already."""
        return values if getattr(self, role)[0].multivariate else jnp.sum(values, axis=-1)

    def entropy(self, role: str, *, absolute: bool = False) -> jax.Array:
        """The entropy of the factor, or the sum of the absolute values over its plate."""
        p, arguments = getattr(self, role)
        entropy = p.entropy(*arguments)
        return self.whole(role, jnp.abs(entropy) if absolute else entropy)

    def expected(self, role: str, at: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The averaged log-density and the sum of its |terms|."""
        p, arguments = getattr(self, role)
        log_p = self.whole(role, p.log_density(at, *arguments))
        return self.average(log_p), self.average(self.whole(role, p.terms(at, *arguments)))

    def objective(self) -> tuple[jax.Array, jax.Array]:
        """The weight of encoder entropy and prior, and the penalty."""
        objective, scope = self.model.objective, Scope({})
        weight, penalty = (
            self.evaluator.value(e, scope).array for e in (objective.weight, objective.penalty)
        )
        return weight, penalty
