r"""A model settled on data: default networks, an ascent that is counted in steps, and what two witnesses measure where it ends.

At the end $\mathcal F-\mathcal E=v\cdot\nabla\mathcal J$ is compared twice: with the derived entropy sum, and with the entropies of the densities
themselves. What is stationary, and whether the identity is as predicted, are two questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp
from jaxtyping import Array, Float

from entropysym.ascent.curvature import hessian, inertia
from entropysym.ascent.settling import DENSE, Plan, Settled, settle
from entropysym.data.tables import demand_kind, of_kind, require_stationary_point, with_spread
from entropysym.errors import InputError
from entropysym.families import NORMAL
from entropysym.language.heads import NetworkValue
from entropysym.language.matrices import MatrixNetwork
from entropysym.language.records import Model
from entropysym.language.symbols import MATRIX_RANGES
from entropysym.linear.ppca import max_log_likelihood
from entropysym.lowering.lowered import lower
from entropysym.lowering.precision import EPS, TOLERANCE
from entropysym.models import ZOO
from entropysym.networks.defaults import Concrete, concrete
from entropysym.prover import Derivation
from entropysym.witness.elbo import density_elbo
from entropysym.witness.gap import Gap, GapFunction, gap_function, measure_gap

#: A point is stationary if the norm of the gradient in all learned parameters and weights is at most this.
STATIONARY = 1e-8

#: Steps, not seconds: the same data end with the same figures on a slow machine.
PLAN = Plan(epochs=0, lbfgs=400, newton=200, goal=1e-10, block=20)

#: A model with a covariance of the data is verified on at most this many columns.
COLUMNS = 3


@dataclass(frozen=True, eq=False)
class Sample:
    """Data of the kind that a model's decoder needs, and in words what was done to them."""

    x: Float[np.ndarray, "N D"]
    source: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        N, D = self.x.shape
        return "; ".join([f"{self.source}, N x D = {N} x {D}", *self.notes])


def sample(model: Model, data: str | Float[np.ndarray, "N D"], name: str = "the data") -> Sample:
    """The data for a model: built-in ones by name, or a matrix (N, D). Columns that leave no finite optimum are dropped.

    Raises `InputError` for data of another kind, and `NoStationaryPointError` if no column is left.
    """
    family, notes = model.decoder.family, []
    if isinstance(data, str):
        x, name = of_kind(data, family.support), data
        notes += [] if family.support == "real" else [f"as a {family.name} decoder needs them"]
    else:
        x = demand_kind(data, family.support, name, family.name)
    if not _shares_a_variance(model):
        x, dropped = with_spread(x, family.support)
        notes += [dropped] if dropped else []
    matrices = (f for f in (*model.parameters, *model.networks) if f.range in MATRIX_RANGES)
    if any(model.observed in f.plates for f in matrices) and x.shape[1] > COLUMNS:
        notes.append(f"{x.shape[1]} columns were pooled into {COLUMNS} means of neighbours")
        x = np.stack([part.mean(axis=1) for part in np.array_split(x, COLUMNS, axis=1)], axis=1)
    return Sample(x, name, tuple(notes))


def _shares_a_variance(model: Model) -> bool:
    """Whether all columns have one normal variance, so that one without spread does no harm."""
    if model.decoder.family != NORMAL:
        return False
    variance = model.decoder.arguments[1]
    return model.observed.index not in variance.free_symbols


def _learns_a_variance(model: Model) -> bool:
    if model.decoder.family != NORMAL:
        return False
    variance = model.decoder.arguments[1]
    learned = {p.symbol for p in model.parameters if p.learned}
    reads = any(variance.has(symbol) for symbol in learned)
    return reads or bool(variance.atoms(NetworkValue, MatrixNetwork))


@dataclass(frozen=True, eq=False)
class Rest:
    """Where the ascent of a model ended, in nats per datum.

    `gap` compares the densities with the derived entropy sum (and its excess); `entropies` are encoder's, prior's and decoder's by the densities, None
    where one has no closed form, and `density_residual` the residual of the same identity with these, in eps × terms. `gradient_norm` is the
    larger of two norms: in the model's own parameters, and in the unconstrained ones that were moved. `ppca` is the maximum of probabilistic
    PCA where the model is the linear VAE.
    """

    sample: Sample
    concrete: Concrete
    settled: Settled
    gap: Gap
    gradient_norm: float
    entropies: tuple[float, float, float] | None
    density_residual: float | None
    kind: str
    ppca: float | None = None

    @property
    def stationary(self) -> bool:
        return self.gradient_norm <= STATIONARY

    @property
    def as_predicted(self) -> bool:
        """Both witnesses agree with $v\\cdot\\nabla\\mathcal J$ to rounding."""
        other = self.density_residual
        return self.gap.agrees and (other is None or other <= TOLERANCE)

    @property
    def latents(self) -> int:
        return self.concrete.sizes[self.concrete.model.latent.size.name]


def rest_on(
    derived: Derivation,
    data: Sample,
    *,
    latent: int | None = None,
    seed: int = 0,
    plan: Plan = PLAN,
    progress: Callable[[int, int, str], None] | None = None,
) -> Rest:
    """Settle a derived model on data and measure where it ends.

    Raises `NoStationaryPointError` where σ² would run to 0, and `InputError` for numbers that make no sense.
    """
    model = derived.model
    started = concrete(model, data.x, latent=latent, seed=seed)
    if _learns_a_variance(model):
        require_stationary_point(data.x, started.sizes[model.latent.size.name])
    entropies = {family: t.entropy for family, t in derived.entropies.items()}
    identity = gap_function(model, derived.direction, derived.entropy_sum, entropies)
    points = started.data(data.x)
    settled = settle(
        started.objective,
        jax.tree.map(lambda leaf: leaf[None], started.start),
        points,
        plan,
        observe=_sides(identity, started, points),
        progress=progress,
    )
    return _measured(derived, data, started, settled, points)


def _sides(identity: GapFunction, c: Concrete, points: Any) -> dict[str, Callable[[Any], Array]]:
    """ELBO and entropy sum along the way."""

    def everything(p: Any) -> dict[str, Any]:
        return {**c.arguments(p), "x": points["x"]}

    noise = c.noise(points)
    return {
        "elbo": lambda p: identity.elbo(everything(p), noise).total,
        "entropy_sum": lambda p: identity.entropy_sum(**everything(p), noise=noise),
    }


def _measured(
    derived: Derivation, data: Sample, c: Concrete, settled: Settled, points: Any
) -> Rest:
    """What the two witnesses say of the point at which the ascent ended."""
    model, at = c.model, settled.run(0)
    closed = {family: t.entropy for family, t in derived.entropies.items()}
    noise, made = c.noise(points), c.arguments(at)
    named = {name: value for name, value in made.items() if not callable(value)}
    weights = {net.name: at[net.name] for net in model.networks if net.name in at}

    def networks(w: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in c.arguments({**at, **w}).items() if callable(v)}

    gap = measure_gap(
        model,
        direction=derived.direction,
        entropy_sum=derived.entropy_sum,
        arguments={"x": points["x"], **named},
        nodes=noise,
        weights=weights,
        networks=networks,
        entropies=closed,
    )
    everything = {**made, "x": points["x"]}
    entropies = _entropies(model, everything, noise, closed)
    residual = None
    if entropies is not None and gap.finite:
        excess = _number(derived.excess, model, everything, noise)
        sum_ = entropies[0] - entropies[1] - entropies[2] + excess
        residual = abs(gap.elbo - sum_ - gap.predicted) / (EPS * gap.terms)
    return Rest(
        sample=data,
        concrete=c,
        settled=settled,
        gap=gap,
        gradient_norm=max(gap.gradient_norm, float(settled.gradient_norms[0])),
        entropies=entropies,
        density_residual=residual,
        kind=_kind(c, at, points),
        ppca=_ppca(model, data, c),
    )


def _entropies(
    model: Model, everything: Mapping[str, Any], noise: Any, closed: Mapping[Any, sp.Expr]
) -> tuple[float, float, float] | None:
    """Encoder, prior and decoder entropy by the densities; None where there is no closed form."""
    try:
        found = density_elbo(model, closed).entropies(everything, noise)
    except InputError:
        return None
    if model.prior.family.log_base_measure != 0 or model.decoder.family.log_base_measure != 0:
        return None  # the sum is of pseudo entropies then
    return float(found.encoder), float(found.prior), float(found.decoder)


def _number(e: sp.Expr, model: Model, everything: Mapping[str, Any], noise: Any) -> float:
    return 0.0 if e == 0 else float(lower(e, model)(**everything, noise=noise))


def _kind(c: Concrete, at: Any, points: Any) -> str:
    """Maximum or saddle, by the curvature of the objective; flat directions are named."""
    if sum(leaf.size for leaf in jax.tree.leaves(at)) > DENSE:
        return "unknown"
    dense = jax.jit(lambda p: hessian(lambda q: c.objective(q, points), p))(at)
    if not bool(jnp.isfinite(dense).all()):
        return "unknown"
    up, _, flat = inertia(np.asarray(dense))
    name = "saddle" if up else "maximum"
    return f"{name}, {flat} flat directions" if flat else name


def _ppca(model: Model, data: Sample, c: Concrete) -> float | None:
    if model != ZOO["linear_vae"]():
        return None
    return max_log_likelihood(data.x, c.sizes[model.latent.size.name])
