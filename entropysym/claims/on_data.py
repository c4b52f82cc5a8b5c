r"""A model settled on data: default networks, an ascent that is counted in steps, and what two witnesses measure where it ends.

What is stationary, and whether the identity is as predicted, are two questions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from entropysym.ascent.curvature import kind_of_point
from entropysym.ascent.settling import Plan, Settled, demand_whole, settle
from entropysym.data.tables import demand_kind, of_kind, require_stationary_point, with_spread
from entropysym.errors import NoStationaryPointError
from entropysym.families import ASYMMETRIC_LAPLACE, LAPLACE, NORMAL
from entropysym.language.heads import NetworkValue
from entropysym.language.matrices import MatrixNetwork
from entropysym.language.records import Model
from entropysym.language.symbols import MATRIX_RANGES
from entropysym.linear.ppca import max_log_likelihood
from entropysym.models import ZOO
from entropysym.networks.defaults import Concrete, concrete
from entropysym.prover import Derivation
from entropysym.witness.gap import GapFunction, gap_function
from entropysym.witness.measuring import STATIONARY, Measurement, measure

#: Steps, not seconds: the same data end with the same figures on a slow machine.
PLAN = Plan(epochs=0, lbfgs=400, newton=60, goal=1e-10, block=20)

#: An entry of a positive parameter below this is on its way to 0.
BORDER = 1e-5

#: From a bad start two tanh units may merge, a limit that no network attains; then others are tried, this many in all.
STARTS = 3

#: Decoders whose density has a kink at their location.
KINKED = (LAPLACE, ASYMMETRIC_LAPLACE)

#: A model with a covariance of the data is verified on at most this many columns.
COLUMNS = 3


@dataclass(frozen=True, eq=False)
class Sample:
    """Data of the kind that a model's decoder needs, and in words what was done to them."""

    x: Float[np.ndarray, "N D"]
    source: str
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> list[int]:
        """N and D."""
        return list(self.x.shape)

    def __str__(self) -> str:
        N, D = self.x.shape
        return "; ".join([f"{self.source}, N x D = {N} x {D}", *self.notes])


def sample(model: Model, data: str | Float[np.ndarray, "N D"], name: str = "the data") -> Sample:
    """The data for a model: built-in ones by name, or a matrix (N, D). Columns that leave no finite optimum are dropped.

    Raises `InputError` for data of another kind, and `NoStationaryPointError` if no column is left, or for a decoder with a kink.
    """
    family, notes = model.decoder.family, []
    if isinstance(data, str):
        x, name = of_kind(data, family.support), data
        notes += [] if family.support == "real" else [f"as a {family.name} decoder needs them"]
    else:
        x = demand_kind(data, family.support, name, family.name)
    if family in KINKED:
        raise NoStationaryPointError(
            f"{family.name} errors averaged at nodes have their maximum at a kink, where no gradient vanishes; their integral is smooth"
        )
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
    """Where the ascent of a model ended, and what two witnesses measure there.

    `border` names a positive parameter that runs to 0, where the gradient in its logarithm vanishes and that in itself does not: the theorem is about
    points inside. `seed` is that of the start, `kind` is maximum or saddle, by the curvature. `ppca` is the maximum of probabilistic PCA, in nats per datum, where the model is the linear VAE.
    """

    sample: Sample
    concrete: Concrete
    settled: Settled
    measured: Measurement
    seed: int
    kind: str
    border: str | None = None
    ppca: float | None = None

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
    """Settle a derived model on data and measure where it ends: from `seed`, and from the seeds after it as long as that is not stationary.

    Raises `KeyboardInterrupt` if Ctrl-C cuts an ascent off, `NoStationaryPointError` where σ² would run to 0, and `InputError` for numbers that make no sense.
    """
    tried: list[Rest] = []
    for k in range(STARTS):
        rest = _rest_from(derived, data, latent, seed + k, plan, progress)
        tried.append(rest)
        at = rest.measured
        if at.stationary or (at.gap.finite and not at.as_predicted):
            return rest
    return min(tried, key=_steepness)


def _steepness(rest: Rest) -> float:
    norm = rest.measured.gradient_norm
    return norm if math.isfinite(norm) else math.inf


def _rest_from(
    derived: Derivation,
    data: Sample,
    latent: int | None,
    seed: int,
    plan: Plan,
    progress: Callable[[int, int, str], None] | None,
) -> Rest:
    """Where the ascent from one start ends."""
    model = derived.model
    started = concrete(model, data.x, latent=latent, seed=seed)
    if _learns_a_variance(model):
        require_stationary_point(data.x, started.sizes[model.latent.size.name])
    points = started.data(data.x)
    identity = gap_function(derived.identity)

    def maximised(p: Any, data: Any) -> Array:
        made = {**started.arguments(p), "x": data["x"]}
        return identity.elbo(made, started.noise(data)).objective

    settled = demand_whole(
        settle(
            maximised,
            jax.tree.map(lambda leaf: leaf[None], started.start),
            points,
            plan,
            observe=_sides(identity, started, points),
            progress=progress,
        )
    )
    at, noise = settled.run(0), started.noise(points)
    measured = measure(derived.identity, started.arguments, at, points["x"], noise)
    inside = measured.stationary or settled.gradient_norms[0] > STATIONARY
    return Rest(
        sample=data,
        concrete=started,
        settled=settled,
        measured=measured,
        border=None if inside else _border(started, at),
        seed=seed,
        kind=kind_of_point(lambda p: maximised(p, points), at),
        ppca=_ppca(model, data, started),
    )


def _border(c: Concrete, at: Any) -> str | None:
    """The first positive parameter with an entry that is nearly 0."""
    made = c.arguments(at)
    for p in c.model.parameters:
        if p.learned and p.range == "positive" and (least := float(jnp.min(made[p.name]))) < BORDER:
            return f"{p.name} runs to 0 (its smallest entry is {least:.0e})"
    return None


def _sides(identity: GapFunction, c: Concrete, points: Any) -> dict[str, Callable[[Any], Array]]:
    """ELBO and entropy sum along the way."""

    def everything(p: Any) -> dict[str, Any]:
        return {**c.arguments(p), "x": points["x"]}

    noise = c.noise(points)
    return {
        "elbo": lambda p: identity.elbo(everything(p), noise).total,
        "entropy_sum": lambda p: identity.entropy_sum(**everything(p), noise=noise),
    }


def _ppca(model: Model, data: Sample, c: Concrete) -> float | None:
    if model != ZOO["linear_vae"]():
        return None
    return max_log_likelihood(data.x, c.sizes[model.latent.size.name])
