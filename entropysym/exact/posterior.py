r"""The log-likelihood and the posterior of a graph, exactly.

Discrete latents are summed over all their joint values. Given these, real latents are integrated: where $\log p(x,z)$ is quadratic in z,
$$\log p(x)=\log p(x,z^*)+\frac R2\log2\pi-\frac12\log\det\Lambda,\qquad\Lambda=-\nabla_z^2\log p,\quad z^*=z_0+\Lambda^{-1}\nabla_z\log p(x,z_0),$$
and the posterior is $N(z^*,\Lambda^{-1})$. With q the posterior the ELBO *is* the log-likelihood, so fixed points of EM are exact test cases. Latents are those of each
datum, or global ones, but not both. A real latent may be confined to a *grid* instead: then q is any law on the grid, and the optimal one is the posterior there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from entropysym.errors import InputError
from entropysym.language.records import Model, Variable
from entropysym.lowering.quadrature import JointPoints, cubature
from entropysym.witness.elbo import DensityElbo, density_elbo

#: Joint values of the discrete latents of one datum, at most.
LARGEST = 4096

_DISCRETE = ("binary", "onehot")

#: How far the log-density may be from a parabola, relative to its size.
_QUADRATIC = 1e-9


@dataclass(frozen=True, eq=False)
class Place:
    """The latents of one data plate (or, under the empty name, the global ones): tables of those that are summed, (S, …), and what is integrated."""

    name: str
    tables: Mapping[str, Float[np.ndarray, "S ..."]]
    real: tuple[Variable, ...]
    widths: tuple[tuple[int, ...], ...]

    @property
    def classes(self) -> int:
        return len(next(iter(self.tables.values()))) if self.tables else 1

    @property
    def dimension(self) -> int:
        return sum(map(math.prod, self.widths))

    def values(self, z: Float[Array, ...]) -> dict[str, Array]:
        """Each latent from the real ones, (…, samples, R); classes repeat for each node."""
        outer, samples = z.shape[:-2], z.shape[-2]
        found: dict[str, Array] = {}
        for name, table in self.tables.items():
            repeated = jnp.repeat(jnp.asarray(table), samples // self.classes, axis=0)
            found[name] = jnp.broadcast_to(repeated, (*outer, *repeated.shape))
        start = 0
        for v, lengths in zip(self.real, self.widths, strict=True):
            width = math.prod(lengths)
            found[v.name] = z[..., start : start + width].reshape(*outer, samples, *lengths)
            start += width
        return found


@dataclass(frozen=True, eq=False)
class Exact:
    """A graph with integers for its sizes: its exact log-likelihood and posterior as functions of its arguments."""

    model: Model
    sizes: Mapping[str, int]
    elbo: DensityElbo
    places: tuple[Place, ...]

    def log_likelihood(self, arguments: Mapping[str, Any]) -> Float[Array, ""]:
        """$\\log p$ of all data, in nats for each datum. It can be jitted and differentiated."""
        count = sum(self.sizes[plate.size.name] for plate in self.model.data) or 1
        each = (self._integrated(arguments, place)[0] for place in self.places)
        return (
            jnp.asarray(sum(jnp.sum(jax.scipy.special.logsumexp(e, axis=-1)) for e in each)) / count
        )

    def posterior(self, arguments: Mapping[str, Any], *, checked: bool = True) -> JointPoints:
        """The posterior as joint points, at which all that is quadratic in the real latents is averaged exactly, with its entropy.

        Raises `InputError` where the log-density is not quadratic in the real latents, so that this would be an approximation; where that is known already it is not `checked`
        again, and the function can be jitted.
        """
        values, weights, entropies = {}, {}, {}
        for place in self.places:
            each, mode, precision = self._integrated(arguments, place)
            shares = jax.nn.softmax(each, axis=-1)
            entropy = -jnp.sum(jax.scipy.special.xlogy(shares, shares), axis=-1)
            R, z, w = place.dimension, mode, shares
            if R:
                if checked:
                    self._demand_quadratic(arguments, place, mode)
                root = jnp.linalg.cholesky(jnp.linalg.inv(precision))
                scale = jnp.sum(jnp.log(jnp.diagonal(root, axis1=-2, axis2=-1)), axis=-1)
                each_entropy = R * math.log(2 * math.pi * math.e) / 2 + scale
                entropy = entropy + jnp.sum(shares * each_entropy, axis=-1)
                nodes = cubature(R)
                z = mode[..., None, :] + jnp.einsum("...rt,mt->...mr", root, nodes.eps)
                z, w = z.reshape(*each.shape[:-1], -1, R), shares[..., None] * nodes.weights
            values |= place.values(z)
            weights[place.name] = w.reshape(*each.shape[:-1], -1)
            entropies |= {f.name: entropy for f in self.model.q if self._lies(f.of[0], place)}
        return JointPoints(values, self._completed(weights), entropies)

    def _lies(self, name: str, place: Place) -> bool:
        datum = self.model.datum(name)
        return (datum.size.name if datum else "") == place.name

    def _completed(self, weights: dict[str, Array]) -> dict[str, Array]:
        """The weights of every plate: where all latents are global each datum has theirs."""
        shared = weights.get("", jnp.ones(1))
        for plate in self.model.data:
            N = self.sizes[plate.size.name]
            weights.setdefault(plate.size.name, jnp.broadcast_to(shared, (N, *shared.shape)))
        return {"": shared, **weights}

    def _integrated(self, arguments: Mapping[str, Any], place: Place) -> tuple[Array, Array, Array]:
        """For each datum and joint class: the logarithm of the integral over the real latents, their mode and precision."""
        S, R = place.classes, place.dimension
        outer = (self.sizes[place.name],) if place.name else ()
        zero = jnp.zeros((*outer, S, R))

        def log_joint(z: Array) -> Array:
            return self._log_joint(arguments, place, z)

        if R == 0:
            return log_joint(zero), zero, jnp.zeros((*outer, S, 0, 0))
        slope = jax.grad(lambda z: jnp.sum(log_joint(z)))
        units = jnp.eye(R).reshape(R, *[1] * (zero.ndim - 1), R) + jnp.zeros((R, *zero.shape))
        columns = jax.vmap(lambda e: jax.jvp(slope, (zero,), (e,))[1])(units)
        precision = -jnp.moveaxis(columns, 0, -1)
        mode = jnp.linalg.solve(precision, slope(zero)[..., None])[..., 0]
        _, log_det = jnp.linalg.slogdet(precision)
        return log_joint(mode) + (R * math.log(2 * math.pi) - log_det) / 2, mode, precision

    def _log_joint(self, arguments: Mapping[str, Any], place: Place, z: Array) -> Array:
        """log p of each datum of the place (or of all data, where the latents are global) with each joint value."""
        values, weights = {}, {}
        for other in self.places:
            outer = (self.sizes[other.name],) if other.name else ()
            at = z if other is place else jnp.zeros((*outer, other.classes, other.dimension))
            values |= other.values(at)
            weights[other.name] = jnp.full(at.shape[:-1], 1 / at.shape[-2])
        found = self.elbo.log_joint(arguments, JointPoints(values, self._completed(weights), {}))
        if place.name:
            return found[place.name]
        shape = z.shape[:-1]
        return sum(
            (jnp.sum(v, axis=0) if name else v for name, v in found.items()), jnp.zeros(shape)
        )

    def _demand_quadratic(self, arguments: Mapping[str, Any], place: Place, mode: Array) -> None:
        at = [self._log_joint(arguments, place, z) for z in (mode, mode + 1.0, mode - 2.0)]
        # Along the line z* + t a parabola with its top at 0 has f(1) - f(0) = (f(-2) - f(0)) / 4.
        off = jnp.abs((at[1] - at[0]) - (at[2] - at[0]) / 4)
        if not bool(jnp.all(off <= _QUADRATIC * (1 + jnp.abs(at[2]) + jnp.abs(at[0])))):
            raise InputError(
                f"the log-density of {self.model.name} is not quadratic in its real latents: confine them to a grid"
            )


def exact(
    model: Model,
    sizes: Mapping[str, int],
    grids: Mapping[str, Float[np.ndarray, " G"]] | None = None,
) -> Exact:
    """Prepare the exact log-likelihood and posterior of a graph whose latents have, in each data plate, one factor of any law (or none).

    `grids` has for a real latent the values that each of its entries may take. Raises `InputError` for another q, for latents that are neither real nor discrete, for local
    beside global ones, and for too many joint values.
    """
    if not all(f.family.is_any for f in model.q):
        raise InputError(f"the q of {model.name} is not of any law, so it is not the posterior")
    if model.latents and model.objective.is_weighted:
        raise InputError(
            f"the parts of the ELBO of {model.name} are weighted, so the best q is not the posterior"
        )
    of_plate = {
        datum.size.name if (datum := model.datum(v.name)) else "": None for v in model.latents
    }
    if "" in of_plate and len(of_plate) > 1:
        raise InputError(f"{model.name} has global latents beside those of each datum")
    if "" not in of_plate:
        of_plate |= {plate.size.name: None for plate in model.data}
    places = tuple(_place(model, name, sizes, grids or {}) for name in of_plate)
    if any(
        len([f for f in model.q if p.tables.keys() | {v.name for v in p.real} >= {*f.of}]) > 1
        for p in places
    ):
        raise InputError(
            f"the q of {model.name} has several factors in one data plate, so it is not the posterior"
        )
    return Exact(model, sizes, density_elbo(model), places)


def _place(
    model: Model, name: str, sizes: Mapping[str, int], grids: Mapping[str, Float[np.ndarray, " G"]]
) -> Place:
    here = [
        v for v in model.latents if (((d := model.datum(v.name)) and d.size.name) or "") == name
    ]
    real = tuple(v for v in here if v.support == "real" and v.name not in grids)
    summed = [v for v in here if v not in real]
    strange = [v.name for v in summed if v.support not in _DISCRETE and v.name not in grids]
    if strange:
        raise InputError(
            f"{strange[0]} is {model.variable(strange[0]).support}: neither summed nor integrated here"
        )

    def lengths(v: Variable) -> tuple[int, ...]:
        return tuple(sizes[plate.size.name] for plate in model.inner(v.name))

    each = [_table(v, lengths(v), grids.get(v.name)) for v in summed]
    count = math.prod(len(t) for t in each)
    if count > LARGEST:
        raise InputError(f"{count} joint values of the latents are too many; at most {LARGEST}")
    rows = list(itertools.product(*(range(len(t)) for t in each)))
    tables = {
        v.name: np.stack([t[row[k]] for row in rows])
        for k, (v, t) in enumerate(zip(summed, each, strict=True))
    }
    return Place(name, tables, real, tuple(map(lengths, real)))


def _table(
    v: Variable, lengths: tuple[int, ...], grid: Float[np.ndarray, " G"] | None
) -> Float[np.ndarray, "S ..."]:
    """Every value of a variable: one-hot over its last plate, or for each entry 0 and 1, or the points of a grid."""
    if v.support == "onehot":
        *outer, K = lengths
        rows = itertools.product(range(K), repeat=math.prod(outer))
        return np.stack([np.eye(K)[list(row)].reshape(*outer, K) for row in rows])
    points = (0.0, 1.0) if grid is None else tuple(map(float, grid))
    if len(points) ** math.prod(lengths) > LARGEST:
        raise InputError(f"{len(points)}**{math.prod(lengths)} values of {v.name} are too many")
    rows = itertools.product(points, repeat=math.prod(lengths))
    return np.stack([np.array(row).reshape(lengths) for row in rows])
