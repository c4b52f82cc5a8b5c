r"""The log-likelihood and the posterior of a graph, exactly.

Discrete latents are summed over all their joint values. Given these, real latents are integrated: where $\log p(x,z)$ is quadratic in z,
$$\log p(x)=\log p(x,z^*)+\frac R2\log2\pi-\frac12\log\det\Lambda,\qquad\Lambda=-\nabla_z^2\log p,\quad z^*=z_0+\Lambda^{-1}\nabla_z\log p(x,z_0),$$
and the posterior is $N(z^*,\Lambda^{-1})$. With q the posterior the ELBO *is* the log-likelihood, so fixed points of EM are exact test cases. Latents are those of each
datum, or global ones, but not both.
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
from entropysym.witness.graph_elbo import GraphElbo, graph_elbo

#: Joint values of the discrete latents of one datum, at most.
LARGEST = 4096

_DISCRETE = ("binary", "onehot")

#: How far the log-density may be from a parabola, relative to its size.
_QUADRATIC = 1e-9


@dataclass(frozen=True, eq=False)
class Exact:
    """A graph with integers for its sizes: its exact log-likelihood and posterior as functions of its arguments."""

    model: Model
    sizes: Mapping[str, int]
    elbo: GraphElbo
    classes: Mapping[str, Float[np.ndarray, "S ..."]]
    real: tuple[Variable, ...]

    def log_likelihood(self, arguments: Mapping[str, Any]) -> Float[Array, ""]:
        """$\\log p$ of all data, in nats for each datum. It can be jitted and differentiated."""
        each, *_ = self._integrated(arguments)
        return jnp.sum(jax.scipy.special.logsumexp(each, axis=-1)) / self._count

    def posterior(self, arguments: Mapping[str, Any]) -> JointPoints:
        """The posterior as joint points, at which all that is quadratic in the real latents is averaged exactly, with its entropy.

        Raises `InputError` where the log-density is not quadratic in the real latents, so that this would be an approximation.
        """
        each, mode, precision = self._integrated(arguments)
        shares = jax.nn.softmax(each, axis=-1)
        entropy = -jnp.sum(jax.scipy.special.xlogy(shares, shares), axis=-1)
        R = self._dimension
        if R == 0:
            return self._points(jnp.zeros((*each.shape, 0)), shares, entropy)
        self._demand_quadratic(arguments, mode)
        root = jnp.linalg.cholesky(jnp.linalg.inv(precision))
        log_det = 2 * jnp.sum(jnp.log(jnp.diagonal(root, axis1=-2, axis2=-1)), axis=-1)
        each_entropy = (R * math.log(2 * math.pi * math.e) + log_det) / 2
        entropy = entropy + jnp.sum(shares * each_entropy, axis=-1)
        nodes = cubature(R)
        z = mode[..., None, :] + jnp.einsum("...rt,mt->...mr", root, nodes.eps)
        weights = shares[..., None] * nodes.weights
        return self._points(z.reshape(*each.shape[:-1], -1, R), weights.reshape(*each.shape[:-1], -1), entropy)

    @property
    def _dimension(self) -> int:
        return sum(math.prod(self._lengths(v)) for v in self.real)

    @property
    def _count(self) -> int:
        return sum(self.sizes[plate.size.name] for plate in self.model.data) or 1

    @property
    def _place(self) -> str:
        """The data plate of the latents; empty if they are global, or if there are none."""
        places = {datum.size.name if (datum := self.model.datum(v.name)) else "" for v in self.model.latents}
        return places.pop() if places else self.model.data[0].size.name

    def _lengths(self, v: Variable) -> tuple[int, ...]:
        return tuple(self.sizes[plate.size.name] for plate in self.model.inner(v.name))

    def _integrated(self, arguments: Mapping[str, Any]) -> tuple[Array, Array, Array]:
        """For each datum and joint class: the logarithm of the integral over the real latents, their mode and precision."""
        S, R = self._classes, self._dimension
        outer = (self.sizes[self._place],) if self._place else ()
        zero = jnp.zeros((*outer, S, R))

        def log_joint(z: Array) -> Array:
            return self._log_joint(arguments, z)

        if R == 0:
            return log_joint(zero), zero, jnp.zeros((*outer, S, 0, 0))
        slope = jax.grad(lambda z: jnp.sum(log_joint(z)))
        units = jnp.broadcast_to(jnp.eye(R)[:, None], (R, 1, R)) + jnp.zeros((R, *zero.shape[:-1], R)) if not outer else (
            jnp.eye(R)[:, None, None] + jnp.zeros((R, *zero.shape))
        )
        columns = jax.vmap(lambda e: jax.jvp(slope, (zero,), (e,))[1])(units)
        precision = -jnp.moveaxis(columns, 0, -1)
        mode = jnp.linalg.solve(precision, slope(zero)[..., None])[..., 0]
        _, log_det = jnp.linalg.slogdet(precision)
        return log_joint(mode) + (R * math.log(2 * math.pi) - log_det) / 2, mode, precision

    @property
    def _classes(self) -> int:
        return len(next(iter(self.classes.values()))) if self.classes else 1

    def _log_joint(self, arguments: Mapping[str, Any], z: Array) -> Array:
        """log p of each datum (or of all data, where the latents are global) with each joint value."""
        shape = z.shape[:-1]
        found = self.elbo.log_joint(arguments, self._points(z, jnp.full(shape, 1 / shape[-1]), None))
        total = jnp.zeros(shape)
        for place, value in found.items():
            inside = place == self._place
            if not inside and place and self._place:
                raise InputError("there are several data plates: their likelihoods are separate")
            total = total + (value if inside else jnp.sum(value, axis=0) if place else value)
        return total

    def _points(self, z: Array, weights: Array, entropy: Array | None) -> JointPoints:
        """Joint points from the real latents and the classes, which repeat for each node."""
        values: dict[str, Array] = {}
        outer, samples = weights.shape[:-1], weights.shape[-1]
        for name, table in self.classes.items():
            repeated = jnp.repeat(jnp.asarray(table), samples // len(table), axis=0)
            values[name] = jnp.broadcast_to(repeated, (*outer, *repeated.shape))
        start = 0
        for v in self.real:
            lengths = self._lengths(v)
            width = math.prod(lengths)
            values[v.name] = z[..., start : start + width].reshape(*weights.shape, *lengths)
            start += width
        shares = {self._place: weights}
        for plate in self.model.data:
            N = self.sizes[plate.size.name]
            shares.setdefault(plate.size.name, jnp.full((N, samples), 1 / samples) if self._place else weights + jnp.zeros((N, 1)))
        shares.setdefault("", jnp.full(samples, 1 / samples))
        given = {f.name: entropy for f in self.model.q} if entropy is not None else {}
        return JointPoints(values, shares, given)

    def _demand_quadratic(self, arguments: Mapping[str, Any], mode: Array) -> None:
        one, other = mode + 1.0, mode - 2.0
        at = [self._log_joint(arguments, z) for z in (mode, one, other)]
        # Along the line z* + t a parabola with its top at 0 has f(1) - f(0) = (f(-2) - f(0)) / 4.
        off = jnp.abs((at[1] - at[0]) - (at[2] - at[0]) / 4)
        if not bool(jnp.all(off <= _QUADRATIC * (1 + jnp.abs(at[2]) + jnp.abs(at[0])))):
            raise InputError(f"the log-density of {self.model.name} is not quadratic in its real latents: there is no exact posterior")


def exact(model: Model, sizes: Mapping[str, int]) -> Exact:
    """Prepare the exact log-likelihood and posterior of a graph whose q is one factor of any law (or which has no latents).

    Raises `InputError` for another q, for latents that are neither real nor discrete, for latents in several places, and for too many joint classes.
    """
    if not all(f.family.is_any for f in model.q) or len(model.q) > 1:
        raise InputError(f"the q of {model.name} is not one factor of any law, so it is not the posterior")
    places = {model.datum(v.name) for v in model.latents}
    if len(places) > 1 or len(model.data) > 1 and places:
        raise InputError(f"the latents of {model.name} lie in several places")
    strange = [v.name for v in model.latents if v.support not in ("real", *_DISCRETE)]
    if strange:
        raise InputError(f"{strange[0]} is {model.variable(strange[0]).support}: neither summed nor integrated here")
    discrete = [v for v in model.latents if v.support in _DISCRETE]
    tables = [_table(v, [sizes[plate.size.name] for plate in model.inner(v.name)]) for v in discrete]
    count = math.prod(len(t) for t in tables)
    if count > LARGEST:
        raise InputError(f"{count} joint values of the discrete latents are too many; at most {LARGEST}")
    rows = list(itertools.product(*(range(len(t)) for t in tables)))
    classes = {
        v.name: np.stack([t[row[k]] for row in rows]) for k, (v, t) in enumerate(zip(discrete, tables, strict=True))
    }
    real = tuple(v for v in model.latents if v.support == "real")
    return Exact(model, sizes, graph_elbo(model), classes, real)


def _table(v: Variable, lengths: list[int]) -> Float[np.ndarray, "S ..."]:
    """Every value of a discrete variable: one-hot over its last plate, or 0 and 1 in each entry."""
    if v.support == "onehot":
        *outer, K = lengths
        rows = itertools.product(range(K), repeat=math.prod(outer))
        return np.stack([np.eye(K)[list(row)].reshape(*outer, K) for row in rows])
    rows = itertools.product((0.0, 1.0), repeat=math.prod(lengths))
    return np.stack([np.array(row).reshape(lengths) for row in rows])
