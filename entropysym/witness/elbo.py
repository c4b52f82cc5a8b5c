r"""The ELBO of a model straight from its densities, and its three entropies; no derived formula is used.

$$\mathcal F=\frac1N\sum_n\Big\{\mathcal H[q_n]+\sum_sw_s\big(\log p_\Theta(z_{ns})+\log p_\Theta(x_n\mid z_{ns})\big)\Big\},\qquad z_{ns}=\text{draw}(\varepsilon_s)$$

An encoder without location and scale is not drawn from noise: its latents $z_{ns}$ and their weights $w_{ns}$ are given for each datum, as `Points`.
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
from entropysym.families import NORMAL
from entropysym.language.matrices import Matrix
from entropysym.language.objective import demand_formula, weight
from entropysym.language.records import Model, Plate
from entropysym.language.symbols import n
from entropysym.lowering.arguments import Bound, bind
from entropysym.lowering.axes import SAMPLE, Axes, NamedArray, spread
from entropysym.lowering.evaluator import Evaluator
from entropysym.lowering.quadrature import AnyNodes, Nodes, Points
from entropysym.lowering.scope import Latent, Scope
from entropysym.lowering.signature import (
    DATA_SIZE,
    Signature,
    is_weighted,
    read_signature,
)
from entropysym.lowering.words import COLUMN, ROW
from entropysym.witness.densities import Density, density, ships, terms_of
from entropysym.witness.opaque import ClosedForms, entropy_formula

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
    """The ELBO of `model` as a function of its arguments (see `Lowered`) and nodes; can be jitted, differentiated, vmapped.

    `encoder_entropy` is the formula of an encoder's entropy that is not in the table. At `Points` gradients hold the encoder's draws still.
    With `smooth` the prior's mean under a normal encoder is taken in closed form where nodes would see a kink.
    """

    model: Model
    wanted: Signature
    encoder_entropy: sp.Expr | None = None
    smooth: bool = True

    def __call__(self, arguments: Mapping[str, Any], nodes: AnyNodes) -> ElboParts:
        """Raises `InputError` for arguments that do not fit the model."""
        factors = self._factors(arguments, nodes)
        entropy, entropy_terms = map(jnp.mean, factors.encoder_entropy(self.encoder_entropy))
        prior, prior_terms = factors.expected_prior(self.smooth)
        decoder, decoder_terms = factors.expected("decoder", factors.x)
        parts = {"encoder": entropy, "prior": prior, "decoder": decoder}
        return ElboParts(
            entropy,
            prior,
            decoder,
            terms=entropy_terms + prior_terms + decoder_terms,
            objective=factors.objective(parts),
        )

    def entropies(self, arguments: Mapping[str, Any], nodes: AnyNodes) -> Entropies:
        """The three entropies, from the same arguments. Raises `InputError` for a family whose entropy has no closed form."""
        for role in ("prior", "decoder"):
            family = self.model.factor(role).family
            if density(family).entropy is None:
                raise InputError(f"the entropy of {family.name} ({role}) has no closed form")
        factors = self._factors(arguments, nodes)
        return Entropies(
            jnp.mean(factors.encoder_entropy(self.encoder_entropy)[0]),
            factors.entropy("prior"),
            factors.average(factors.entropy("decoder")),
        )

    def at(self, arguments: Mapping[str, Any], nodes: AnyNodes) -> AnyNodes:
        """What stands for the noise on the other side: the nodes themselves."""
        return nodes

    def _factors(self, arguments: Mapping[str, Any], nodes: AnyNodes) -> _Factors:
        return _Factors(self.model, bind(self.wanted, {**arguments, "noise": nodes}))


def density_elbo(
    model: Model, closed: ClosedForms | None = None, *, smooth: bool = True
) -> DensityElbo:
    """The ELBO of a model, ready for arguments. Raises `InputError` for a family without a numerical density.

    `closed` has the entropies, in their arguments, of families of the caller's own. That of an own encoder is needed wherever the other
    side of a comparison spells it out; else its unknown part is what `witness.opaque` puts in its place. `smooth` as in `DensityElbo`: False where the
    other side averages |z| at the nodes.
    """
    for role in ("prior", "decoder"):
        density(model.factor(role).family)
    encoder = model.encoder.family
    if not is_weighted(encoder) and density(encoder).draw is None:
        raise InputError(f"the encoder's family {encoder.name} has no reparametrisation")
    formula = None
    if encoder.log_density is not None and not ships(encoder):
        formula = entropy_formula(model, "encoder", closed or {})
        if formula is not None:
            read_signature((formula,), (_DATA,))
    demand_formula(model)
    wanted = read_signature(model.objective.formulas, (), model)
    wanted.optional = set()
    wanted.sizes |= {DATA_SIZE, *(s.name for s in model.sizes)}
    for role in ("prior", "decoder", "encoder"):
        plates = (model.plate(role),) if role == "prior" else (_DATA, model.plate(role))
        latent = model.latent.size.name if role == "decoder" else None
        # The record has been checked for scope; this finds heads that have no value.
        read_signature(model.factor(role).arguments, plates, None, latent)
    return DensityElbo(model, wanted, formula, smooth)


class _Factors:
    """The three factors at one set of arguments: arrays over (N,), () and (N, S) and the plate for each argument of the family.

    A covariance has two axes of the plate's size.
    """

    def __init__(self, model: Model, bound: Bound) -> None:
        self.model, self.bound = model, bound
        self.evaluator = Evaluator(bound)
        h, d = model.latent.index, model.observed.index
        noise = bound.noise
        if not isinstance(noise, Nodes | Points):
            raise InputError(
                f"the model {model.name} is averaged over noise; pass Nodes or Points, not {type(noise).__name__}"
            )
        self.noise = noise
        self.magnitudes: dict[str, list[jax.Array | None]] = {}
        N, S, H = (bound.sizes[DATA_SIZE], bound.samples, bound.sizes[model.latent.size.name])
        D = bound.sizes[model.observed.size.name]
        if model.encoder.family.log_density is not None:
            in_n = Scope({n: DATA_SIZE}).binding(h, model.latent.size.name)
            self.encoder = self._factor("encoder", in_n, (n, h), (N, H))
        if isinstance(noise, Points):
            self.z = noise.z
        else:
            q, q_arguments = self.encoder
            assert q.draw is not None
            self.z = q.draw(noise.eps, *(a[:, None] for a in q_arguments))
        latent = Latent("z", h, NamedArray(self.z, (n, SAMPLE, h)))
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
        values: list[jax.Array] = []
        magnitudes: list[jax.Array | None] = []
        for a in factor.arguments:
            if isinstance(a, Matrix):
                covariance = self.evaluator.matrix(a, scope)
                lengths = (*sizes[:-1], sizes[-1], sizes[-1])
                values.append(spread(covariance, (*axes[:-1], ROW, COLUMN), lengths))
                magnitudes.append(None)
            else:
                values.append(spread(self.evaluator.value(a, scope), axes, sizes))
                found = self.evaluator.amplified(a, scope)
                magnitudes.append(None if found is None else spread(found, axes, sizes))
        self.magnitudes[role] = magnitudes
        return density(factor.family), values

    def average(self, values: Float[Array, "*"]) -> Float[Array, ""]:
        """Weighted mean over the nodes and mean over the data of what varies over both."""
        weights = self.noise.weights
        if weights.ndim == 1:
            return jnp.mean(values @ weights)
        return jnp.mean(jnp.sum(values * weights, axis=-1))

    def whole(self, role: str, values: jax.Array) -> jax.Array:
        """Sum over the plate, where the family is not multivariate already."""
        return values if getattr(self, role)[0].multivariate else jnp.sum(values, axis=-1)

    def entropy(self, role: str, *, absolute: bool = False) -> jax.Array:
        """The entropy of the factor, or the sum of the absolute values over its plate."""
        p, arguments = getattr(self, role)
        entropy = p.entropy(*arguments)
        return self.whole(role, jnp.abs(entropy) if absolute else entropy)

    def encoder_entropy(self, formula: sp.Expr | None) -> tuple[jax.Array, jax.Array]:
        """The entropy for each datum and the sum of its |terms|: by the formula if there is one, from the table, or as it is given."""
        if formula is not None:
            scope = Scope({n: DATA_SIZE})
            evaluated = self.evaluator.value, self.evaluator.magnitude
            value, terms = (spread(f(formula, scope), (n,)) for f in evaluated)
            return value, terms
        if ships(self.model.encoder.family) and self.encoder[0].entropy is not None:
            return self.entropy("encoder"), self.entropy("encoder", absolute=True)
        assert isinstance(self.noise, Points)
        return self.noise.entropy, jnp.abs(self.noise.entropy)

    def expected(self, role: str, at: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The averaged log-density and the sum of its |terms|."""
        p, arguments = getattr(self, role)
        log_p = self.whole(role, p.log_density(at, *arguments))
        terms = terms_of(p, at, arguments, self.magnitudes[role])
        return self.average(log_p), self.average(self.whole(role, terms))

    def expected_prior(self, smooth: bool) -> tuple[jax.Array, jax.Array]:
        """The prior's averaged log-density and the sum of its |terms|; in closed form under a normal encoder, if smooth and known."""
        p, arguments = self.prior
        drawn = not isinstance(self.noise, Points)
        if not (smooth and drawn and p.under_normal and self.model.encoder.family == NORMAL):
            return self.expected("prior", self.z)
        mean, terms = p.under_normal(*self.encoder[1], *arguments)
        return jnp.mean(self.whole("prior", mean)), jnp.mean(self.whole("prior", terms))

    def objective(self, parts: Mapping[str, jax.Array]) -> jax.Array:
        """The weighted sum of the factors' parts of the ELBO, less the penalty."""

        def number(e: sp.Expr) -> jax.Array:
            return self.evaluator.value(e, Scope({})).array

        weighed = (
            number(weight(self.model, self.model.factor(name))) * part
            for name, part in parts.items()
        )
        return sum(weighed, -number(self.model.objective.penalty))
