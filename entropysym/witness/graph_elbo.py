r"""The ELBO of a graph of factors straight from its densities, and its entropies; no derived formula is used.

$$\mathcal F=\sum_Pc_P\,\frac1P\sum_n\sum_sw_{ns}\Big\{\sum_{f\in q}\mathcal H[q_f]+\sum_{f\in p}\log p_f\Big\}(z_{ns})$$

over the data plates P (and what is global), with $c_P=P/N_\bullet$ and $1/N_\bullet$, or 1 where one data plate holds all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import sympy as sp
from jaxtyping import Array, Float

from entropysym.errors import InputError
from entropysym.language.matrices import Matrix
from entropysym.language.noise import parents_first
from entropysym.language.objective import demand_formula, weight, weight_of_plate
from entropysym.language.records import Factor, Model, Plate
from entropysym.lowering.arguments import Bound, bind
from entropysym.lowering.axes import SAMPLE, Axes, spread
from entropysym.lowering.evaluator import Evaluator
from entropysym.lowering.quadrature import AnyNodes, JointPoints
from entropysym.lowering.scope import Scope
from entropysym.lowering.signature import Signature, read_signature
from entropysym.lowering.words import COLUMN, ROW
from entropysym.witness.densities import density, terms_of
from entropysym.witness.opaque import ClosedForms, entropy_formula


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("log_densities", "entropies", "terms", "objective"),
    meta_fields=(),
)
@dataclass(frozen=True, eq=False)
class GraphParts:
    r"""The part of each factor in the ELBO, by its name: $c_P\overline{\mathbb E\log p_f}$ and $c_P\overline{\mathbb E\,\mathcal H[q_f]}$; nats per datum.

    `terms` is the sum of |terms|, `objective` what learning maximises.
    """

    log_densities: dict[str, Float[Array, ""]]
    entropies: dict[str, Float[Array, ""]]
    terms: Float[Array, ""]
    objective: Float[Array, ""]

    @property
    def total(self) -> Float[Array, ""]:
        """The ELBO."""
        return sum((*self.log_densities.values(), *self.entropies.values()), jnp.zeros(()))


@dataclass(frozen=True, eq=False)
class GraphElbo:
    """The ELBO of a graph as a function of its arguments and joint points; can be jitted, differentiated, vmapped.

    A latent variable whose factor of q has a location and a scale is drawn: its values in the points are the noise. Any other has its values there. `closed` has the
    formulas of entropies of q that are not in the table.
    """

    model: Model
    wanted: Signature
    closed: Mapping[str, sp.Expr]

    def __call__(self, arguments: Mapping[str, Any], nodes: AnyNodes) -> GraphParts:
        """Raises `InputError` for arguments that do not fit the model."""
        return _AtPoints(self, arguments, nodes).parts()

    def at(self, arguments: Mapping[str, Any], nodes: AnyNodes) -> JointPoints:
        """The points with the latents that are drawn in place of their noise."""
        return _AtPoints(self, arguments, nodes).points

    def penalty(self, arguments: Mapping[str, Any]) -> Float[Array, ""]:
        """What the objective subtracts."""
        penalty = self.model.objective.penalty
        wanted = read_signature((penalty,), (), self.model)
        return Evaluator(bind(wanted, arguments)).value(penalty, Scope({})).array

    def log_joint(self, arguments: Mapping[str, Any], nodes: AnyNodes) -> dict[str, Array]:
        """The log-density of everything at the points: for each data plate (N, S), under the empty name (S,) what is global."""
        return _AtPoints(self, arguments, nodes).log_joint()

    def entropies(
        self, arguments: Mapping[str, Any], nodes: AnyNodes
    ) -> dict[str, Float[Array, ""]]:
        """The averaged entropy of each factor by its name. Raises `InputError` for a family whose entropy has no closed form."""
        for f in self.model.p:
            if density(f.family).entropy is None:
                raise InputError(f"the entropy of {f.family.name} ({f.name}) has no closed form")
        here = _AtPoints(self, arguments, nodes)
        return {f.name: here.entropy(f)[0] for f in self.model.factors}


def graph_elbo(model: Model, closed: ClosedForms | None = None) -> GraphElbo:
    """The ELBO of a graph, ready for arguments. Raises `InputError` for a family without a numerical density."""
    for f in model.p:
        density(f.family)
    formulas = {}
    for f in model.q:
        if f.family.is_any or density(f.family).entropy is not None:
            continue
        formula = entropy_formula(model, f.name, closed or {})
        if formula is not None:
            formulas[f.name] = formula
    demand_formula(model)
    wanted = read_signature(model.objective.formulas, (), model)
    wanted.optional = set()
    wanted.sizes |= {s.name for s in model.sizes} | {plate.size.name for plate in model.data}
    return GraphElbo(model, wanted, formulas)


def is_drawn(factor: Factor) -> bool:
    """Whether a factor of q is drawn from noise: its family has a location and a scale, or is a multivariate Normal."""
    return not factor.family.is_any and density(factor.family).draw is not None


class _AtPoints:
    """A graph at one set of arguments: its latents drawn, each factor over (data, samples, plates, classes)."""

    def __init__(self, elbo: GraphElbo, arguments: Mapping[str, Any], nodes: AnyNodes) -> None:
        self.model, self.closed = elbo.model, elbo.closed
        if not isinstance(nodes, JointPoints):
            raise InputError(
                f"the model {elbo.model.name} is averaged over joint points of its latent variables; "
                f"pass JointPoints, not {type(nodes).__name__}"
            )
        self.points = nodes
        drawn = [f for f in parents_first(self.model) if is_drawn(f)]
        for _ in range(self._passes(elbo, arguments, drawn)):
            for f in drawn:
                self._bind(bind(elbo.wanted, {**arguments, "noise": self.points}))
                name = f.of[0]
                noise = {**self.points.noise, name: nodes.values[name]}
                values = {**self.points.values, name: self._drawn(f, nodes.values[name])}
                self.points = replace(self.points, values=values, noise=noise)
        self._bind(bind(elbo.wanted, {**arguments, "noise": self.points}))
        if nodes.enumerated:
            self.points = replace(self.points, weights=self._weighted(), enumerated=False)
            self._bind(bind(elbo.wanted, {**arguments, "noise": self.points}))

    def _passes(
        self, elbo: GraphElbo, arguments: Mapping[str, Any], drawn: Sequence[Factor]
    ) -> int:
        """Where a factor that is drawn reads a lag, each pass gets one more step right."""
        read = {name for f in drawn for name in f.given}
        steps = [lag.plate.size.name for lag in self.model.lags if lag.name in read]
        if not steps:
            return 1
        self._bind(bind(elbo.wanted, {**arguments, "noise": self.points}))
        return max(self.bound.sizes[size] for size in steps)

    def _drawn(self, f: Factor, noise: jax.Array) -> jax.Array:
        """The latent of a factor of q from its noise; with `select` by the location and the scale of the class at each point."""
        draw, values = density(f.family).draw, self._arguments(f)
        assert draw is not None
        if f.select is None:
            return draw(noise, *values)
        axes, _, scope = self._axes(f)
        at = self._class_axis(f)
        chosen = spread(self.evaluator.value(self.model.chosen(f), scope), axes)
        return jnp.sum(chosen * draw(jnp.expand_dims(noise, at), *values), axis=at)

    def _weighted(self) -> dict[str, jax.Array]:
        """The weights times the probabilities of the discrete latents under q."""
        weights = dict(self.points.weights)
        for f in self.model.q:
            if not (f.family.is_any or is_drawn(f)):
                log_q = self._whole(f, self._log_density(f)[0])
                place = self._place(f)
                weights[place] = weights[place] * jnp.exp(log_q)
        return weights

    def _place(self, f: Factor) -> str:
        datum = self.model.datum(f.of[0])
        return datum.size.name if datum else ""

    def _bind(self, bound: Bound) -> None:
        self.bound, self.evaluator = bound, Evaluator(bound)

    def parts(self) -> GraphParts:
        log_densities, entropies, terms = {}, {}, jnp.zeros(())
        objective = jnp.zeros(())
        for f in self.model.factors:
            value, scale = self.entropy(f) if f in self.model.q else self.log_density(f)
            (entropies if f in self.model.q else log_densities)[f.name] = value
            terms = terms + scale
            objective = objective + self._number(weight(self.model, f)) * value
        penalty = self._number(self.model.objective.penalty)
        return GraphParts(log_densities, entropies, terms, objective - penalty)

    def _number(self, e: sp.Expr) -> jax.Array:
        return self.evaluator.value(e, Scope({})).array

    def _axes(self, f: Factor) -> tuple[Axes, tuple[int, ...], Scope]:
        """Data, samples, plates, with the class before a vector's own plate; their lengths; and the scope of the arguments."""
        model, name = self.model, f.of[0]
        datum, inner, classes = model.datum(name), model.inner(name), model.classes(f)
        plates: list[Plate] = list(inner)
        if classes is not None:
            plates.insert(len(plates) - f.family.is_multivariate, classes)
        data = (datum,) if datum else ()
        axes = (*(p.index for p in data), SAMPLE, *(p.index for p in plates))
        lengths = [self.bound.sizes[p.size.name] for p in plates]
        outer = [self.bound.sizes[p.size.name] for p in data]
        samples = self.points.weights[self._place(f)].shape[-1]
        sizes = {p.index: p.size.name for p in (*data, *plates)}
        scope = Scope(sizes, joint=tuple(p.index for p in data))
        return axes, (*outer, samples, *lengths), scope

    def _outer(self, f: Factor) -> int:
        """The number of axes before those of the plates: the samples, and the data where there are any."""
        return 2 if self.model.datum(f.of[0]) else 1

    def _class_axis(self, f: Factor) -> int:
        return self._outer(f) + len(self.model.inner(f.of[0])) - f.family.is_multivariate

    def _arguments(self, f: Factor) -> list[jax.Array]:
        axes, lengths, scope = self._axes(f)
        values = []
        for a in f.arguments:
            if isinstance(a, Matrix):
                matrix = self.evaluator.matrix(a, scope)
                shape = (*lengths, lengths[-1])
                values.append(spread(matrix, (*axes[:-1], ROW, COLUMN), shape))
            else:
                values.append(spread(self.evaluator.value(a, scope), axes, lengths))
        return values

    def _variable(self, f: Factor) -> jax.Array:
        axes, _, scope = self._axes(f)
        return spread(self.evaluator.value(self.model.entry(f.of[0]), scope), axes)

    def log_density(self, f: Factor) -> tuple[jax.Array, jax.Array]:
        """The averaged log-density and the sum of its |terms|."""
        log_p, terms = self._log_density(f)
        return self._mean(f, self._whole(f, log_p)), self._mean(f, self._whole(f, terms))

    def _log_density(self, f: Factor) -> tuple[jax.Array, jax.Array]:
        """The log-density and its |terms| at each entry, before anything is summed."""
        family, values = density(f.family), self._arguments(f)
        axes, lengths, scope = self._axes(f)
        at = jnp.broadcast_to(self._variable(f), lengths)
        found = (self.evaluator.amplified(a, scope) for a in f.arguments)
        magnitudes = [None if one is None else spread(one, axes, lengths) for one in found]
        return family.log_density(at, *values), terms_of(family, at, values, magnitudes)

    def log_joint(self) -> dict[str, jax.Array]:
        """The sum of the log-densities of p in each data plate, (N, S), and under the empty name of what is global, (S,)."""
        found: dict[str, jax.Array] = {}
        for f in self.model.p:
            place = self._place(f)
            found[place] = found.get(place, 0) + self._whole(f, self._log_density(f)[0])
        return found

    def entropy(self, f: Factor) -> tuple[jax.Array, jax.Array]:
        """The averaged entropy and the sum of its |terms|: by its formula, from the table, or as it is given."""
        if f.family.is_any:
            given = self.points.entropies[f.name]
            share = self._share(f)
            return share * jnp.mean(given), share * jnp.mean(jnp.abs(given))
        if f.name in self.closed:
            axes, lengths, scope = self._axes(f)
            kept = self._outer(f)  # the formula is that of the whole, plates and classes included
            found = (self.evaluator.value, self.evaluator.magnitude)
            whole = (
                spread(e(self.closed[f.name], scope), axes[:kept], lengths[:kept]) for e in found
            )
            value, terms = (self._mean(f, v) for v in whole)
            return value, terms
        entropy = density(f.family).entropy
        assert entropy is not None
        value = entropy(*self._arguments(f))
        return self._mean(f, self._whole(f, value)), self._mean(f, self._whole(f, jnp.abs(value)))

    def _whole(self, f: Factor, value: jax.Array) -> jax.Array:
        """The sum over plates and classes, for each datum and sample."""
        axes, lengths, scope = self._axes(f)
        if f.family.is_multivariate:
            axes, lengths = axes[:-1], lengths[:-1]
        chosen = spread(self.evaluator.value(self.model.chosen(f), scope), axes)
        over = tuple(range(self._outer(f), len(lengths)))
        return jnp.sum(jnp.broadcast_to(chosen * value, lengths), axis=over)

    def _mean(self, f: Factor, value: jax.Array) -> jax.Array:
        weights = self.points.weights[self._place(f)]
        each = jnp.sum(weights * value, axis=-1)
        return self._share(f) * jnp.mean(each)

    def _share(self, f: Factor) -> jax.Array:
        return self._number(weight_of_plate(self.model, self.model.datum(f.of[0])))
