r"""The ELBO of a model straight from its densities, and the entropies of its factors; no derived formula is used.

$$\mathcal F=\sum_Pc_P\,\frac1P\sum_n\sum_sw_{ns}\Big\{\sum_{f\in q}\mathcal H[q_f]+\sum_{f\in p}\log p_f\Big\}(z_{ns})$$

over the data plates P (and what is global), with $c_P=P/N_\bullet$ and $1/N_\bullet$, or 1 where one data plate holds all. Latents with a location and a scale under q are drawn
from noise, $z_{ns}=\text{draw}(\varepsilon_{ns})$; any others have given values with weights.
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
from entropysym.families import NORMAL
from entropysym.language.matrices import Matrix, MatrixLetter
from entropysym.language.noise import parents_first
from entropysym.language.objective import demand_formula, weight, weight_of_plate
from entropysym.language.records import Factor, Letter, Model, Plate
from entropysym.lowering.arguments import bind
from entropysym.lowering.axes import SAMPLE, Axes, NamedArray, spread
from entropysym.lowering.evaluator import Evaluator
from entropysym.lowering.quadrature import AnyNodes, JointPoints, Nodes
from entropysym.lowering.scope import Scope
from entropysym.lowering.signature import (
    Signature,
    demand_values,
    is_weighted,
    jointly,
    read_signature,
)
from entropysym.lowering.words import COLUMN, ROW
from entropysym.witness.densities import density, is_drawn, terms_of
from entropysym.witness.opaque import ClosedForms, entropy_formula


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("log_densities", "entropies", "terms", "objective"),
    meta_fields=(),
)
@dataclass(frozen=True, eq=False)
class ElboParts:
    r"""The part of each factor in the ELBO, by its name: $c_P\overline{\mathbb E\log p_f}$ and $c_P\overline{\mathbb E\,\mathcal H[q_f]}$; nats per datum.

    `terms` is the sum of |terms|. `objective` is what learning maximises: the ELBO, unless the model's objective has weights or a penalty.
    """

    log_densities: dict[str, Float[Array, ""]]
    entropies: dict[str, Float[Array, ""]]
    terms: Float[Array, ""]
    objective: Float[Array, ""]

    @property
    def total(self) -> Float[Array, ""]:
        """The ELBO."""
        return sum((*self.entropies.values(), *self.log_densities.values()), jnp.zeros(()))


@dataclass(frozen=True, eq=False)
class DensityElbo:
    """The ELBO of `model` as a function of its arguments (see `Lowered`) and nodes; can be jitted, differentiated, vmapped.

    The nodes are `JointPoints`; where there is one latent vector, `Nodes`, or `Points` where it has no location and scale under q. A latent that is drawn has its noise in
    them, any other its values, which gradients hold still. `closed` has the formulas of entropies of q that are not in the table. With `smooth` the mean log-density of what is
    drawn under a Normal law is taken in closed form where nodes would see a kink.
    """

    model: Model
    wanted: Signature
    closed: Mapping[str, sp.Expr]
    smooth: bool = True

    def __call__(self, arguments: Mapping[str, Any], nodes: AnyNodes) -> ElboParts:
        """Raises `InputError` for arguments that do not fit the model."""
        return _AtPoints(self, arguments, nodes).parts()

    def at(self, arguments: Mapping[str, Any], nodes: AnyNodes) -> AnyNodes:
        """What stands for the noise on the other side: joint points with the latents that are drawn in place of their noise; any other nodes as they are."""
        if not isinstance(nodes, JointPoints):
            return nodes
        return _AtPoints(self, arguments, nodes).points

    def by_factor(
        self, arguments: Mapping[str, Any], nodes: AnyNodes
    ) -> dict[str, tuple[Array, Array]]:
        """The part of each factor by its name, as in `ElboParts`, with the sum of its |terms|."""
        here = _AtPoints(self, arguments, nodes)
        return {
            f.name: here.entropy(f) if f in self.model.q else here.log_density(f)
            for f in self.model.factors
        }

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


def entropy_sum(model: Model, entropies: Mapping[str, Any]) -> Float[Array, ""]:
    """The entropies of q plus, those of p minus."""
    of_q = sum((entropies[f.name] for f in model.q), jnp.zeros(()))
    return of_q - sum((entropies[f.name] for f in model.p), jnp.zeros(()))


def density_elbo(
    model: Model, closed: ClosedForms | None = None, *, smooth: bool = True
) -> DensityElbo:
    """The ELBO of a model, ready for arguments. Raises `InputError` for a family without a numerical density.

    `closed` has the entropies, in their arguments, of families of the caller's own. That of an own law of q is needed wherever the other side of a comparison spells it
    out; else its unknown part is what `witness.opaque` puts in its place. `smooth` as in `DensityElbo`: False where the other side averages |z| at the nodes.
    """
    for f in model.p:
        density(f.family)
    formulas = {}
    for f in model.q:
        if f.family.is_any:
            continue
        known = density(f.family)
        if model.is_plain and not (is_weighted(f.family) or known.draw):
            raise InputError(f"the {f.name}'s family {f.family.name} has no reparametrisation")
        formula = None if known.entropy else entropy_formula(model, f.name, closed or {})
        if formula is not None:
            demand_values((formula,), _data(model, f), model)
            formulas[f.name] = formula
    demand_formula(model)
    wanted = read_signature(model.objective.formulas, (), model)
    wanted.optional = set()
    wanted.sizes |= {size.name for size in (*model.sizes, *(plate.size for plate in model.data))}
    for f in model.factors:
        classes = model.classes(f)
        plates = (*_data(model, f), *model.inner(f.of[0]), *([classes] if classes else []))
        # The record has been checked for scope; this finds heads that have no value.
        demand_values(f.arguments, plates, model)
    return DensityElbo(model, wanted, formulas, smooth)


def _data(model: Model, f: Factor) -> tuple[Plate, ...]:
    """The data plate of a factor, if it has one."""
    datum = model.datum(f.of[0])
    return (datum,) if datum else ()


def _joint(model: Model, nodes: AnyNodes) -> JointPoints:
    """Nodes or points of the one latent vector as joint values; what all data share, (S, H), has a data axis of length 1 and is not copied."""
    if isinstance(nodes, JointPoints):
        return nodes
    (f,) = model.q
    (datum,) = _data(model, f)
    (name,), place = f.of, datum.size.name
    if isinstance(nodes, Nodes):
        return JointPoints({name: nodes.eps[None]}, {place: nodes.weights[None]}, {})
    return JointPoints({name: nodes.z}, {place: nodes.weights}, {f.name: nodes.entropy})


def _normal_law(model: Model, f: Factor) -> Factor | None:
    """The Normal factor of q under which the variable of a factor of p is drawn, where the latter reads no latent; else None."""
    found = next((g for g in model.q if f.of[0] in g.of), None)
    reads = any(model.variable(name).role == "latent" for name in f.given)
    if found is None or found.family != NORMAL or reads or f.select or found.select:
        return None
    return found


class _AtPoints:
    """A model at one set of arguments: its latents drawn, each factor over (data, samples, plates, classes).

    Data and samples have length 1 where a factor is the same for all of them. A covariance has two axes of its plate's size.
    """

    def __init__(self, elbo: DensityElbo, arguments: Mapping[str, Any], nodes: AnyNodes) -> None:
        model = self.model = elbo.model
        self.closed, self.smooth = elbo.closed, elbo.smooth
        bound = bind(elbo.wanted, {**arguments, "noise": nodes})
        given = _joint(model, nodes)
        self.bound = replace(bound, signature=jointly(bound.signature, model))
        # What each latent was drawn with: the networks of q are evaluated once.
        self.known: dict[str, list[jax.Array]] = {}
        self._stand_at(given)
        drawn = [f for f in parents_first(model) if is_drawn(model, f)]
        for _ in range(self._passes(drawn)):
            for f in drawn:
                self.known.pop(f.name, None)
                values = self._arguments(f)
                name = f.of[0]
                noise = {**self.points.noise, name: given.values[name]}
                z = {**self.points.values, name: self._draw(f, given.values[name], values)}
                self._stand_at(replace(self.points, values=z, noise=noise))
                self.known[f.name] = values
        if given.enumerated:
            self._stand_at(replace(self.points, weights=self._weighted(), enumerated=False))

    def _stand_at(self, points: JointPoints) -> None:
        self.points = points
        self.bound = replace(self.bound, noise=points)
        self.evaluator = Evaluator(self.bound)

    def _passes(self, drawn: Sequence[Factor]) -> int:
        """Where a factor that is drawn reads a lag, each pass gets one more step right."""
        read = {name for f in drawn for name in f.given}
        steps = [lag.plate.size.name for lag in self.model.lags if lag.name in read]
        return max((self.bound.sizes[size] for size in steps), default=1)

    def _draw(self, f: Factor, noise: jax.Array, values: Sequence[jax.Array]) -> jax.Array:
        """The latent of a factor of q from its noise; with `select` by the location and the scale of the class at each point."""
        draw = density(f.family).draw
        assert draw is not None
        axes, lengths, scope = self._axes(f)
        outer = self._outer(f)
        if f.select is None:
            found = draw(noise, *values)
        else:
            at = outer + len(self.model.inner(f.of[0])) - f.family.depth
            chosen = spread(self.evaluator.value(self.model.chosen(f), scope), axes)
            found = jnp.sum(chosen * draw(jnp.expand_dims(noise, at), *values), axis=at)
        return jnp.broadcast_to(found, (*lengths[:outer], *noise.shape[outer:]))

    def _weighted(self) -> dict[str, jax.Array]:
        """The weights times the probabilities of the discrete latents under q."""
        weights = dict(self.points.weights)
        for f in self.model.q:
            if not (f.family.is_any or is_drawn(self.model, f)):
                log_q = self._whole(f, self._log_density(f)[0])
                place = self._place(f)
                weights[place] = weights[place] * jnp.exp(log_q)
        return weights

    def parts(self) -> ElboParts:
        log_densities, entropies, terms = {}, {}, jnp.zeros(())
        objective = jnp.zeros(())
        for f in self.model.factors:
            value, scale = self.entropy(f) if f in self.model.q else self.log_density(f)
            (entropies if f in self.model.q else log_densities)[f.name] = value
            terms = terms + scale
            objective = objective + self._number(weight(self.model, f)) * value
        penalty = self._number(self.model.objective.penalty)
        return ElboParts(log_densities, entropies, terms, objective - penalty)

    def _number(self, e: sp.Expr) -> jax.Array:
        return self.evaluator.value(e, Scope({})).array

    def _place(self, f: Factor) -> str:
        return next((plate.size.name for plate in _data(self.model, f)), "")

    def _axes(self, f: Factor) -> tuple[Axes, tuple[int, ...], Scope]:
        """Data, samples, plates, with the class before those of one draw; their lengths; and the scope of the arguments. A positive definite matrix has `ROW` and `COLUMN`."""
        model, data = self.model, _data(self.model, f)
        plates, classes = list(model.inner(f.of[0])), model.classes(f)
        if classes is not None:
            plates.insert(len(plates) - f.family.depth, classes)
        axes = (*(p.index for p in data), SAMPLE, *(p.index for p in plates))
        if model.variable(f.of[0]).is_matrix:
            axes = (*axes[:-2], ROW, COLUMN)
        lengths = [self.bound.sizes[p.size.name] for p in plates]
        outer = [self.bound.sizes[p.size.name] for p in data]
        samples = self.points.weights[self._place(f)].shape[-1]
        sizes = {p.index: p.size.name for p in (*data, *plates)}
        scope = Scope(sizes, joint=tuple(p.index for p in data))
        return axes, (*outer, samples, *lengths), scope

    def _outer(self, f: Factor) -> int:
        """The number of axes before those of the plates: the samples, and the data where there are any."""
        return len(_data(self.model, f)) + 1

    def _spread(self, f: Factor, place: Letter, value: NamedArray) -> jax.Array:
        """An argument over the factor's axes, whole along its plates; of length 1 along data and samples where it is the same for all, so that nothing is computed twice."""
        axes, lengths, _ = self._axes(f)
        outer, depth = self._outer(f), f.family.depth
        if depth and f.family.range_of(place) != "matrix":
            own = lengths[-depth] if f.family.range_of(place).endswith("rows") else lengths[-1]
            last = self.model.inner(f.of[0])[-1].index
            kept, lengths = axes[:-depth], lengths[:-depth]
            if isinstance(place, MatrixLetter):
                axes, lengths = (*kept, ROW, COLUMN), (*lengths, own, own)
            elif isinstance(place, sp.IndexedBase):
                axes, lengths = (*kept, last), (*lengths, own)
            else:
                axes = kept
        array = spread(value, axes)
        return jnp.broadcast_to(array, (*array.shape[:outer], *lengths[outer:]))

    def _arguments(self, f: Factor) -> list[jax.Array]:
        if f.name in self.known:
            return self.known[f.name]
        *_, scope = self._axes(f)
        evaluate = self.evaluator
        found = (
            evaluate.matrix(a, scope) if isinstance(a, Matrix) else evaluate.value(a, scope)
            for a in f.arguments
        )
        places = f.family.arguments
        return [self._spread(f, place, v) for place, v in zip(places, found, strict=True)]

    def log_density(self, f: Factor) -> tuple[jax.Array, jax.Array]:
        """The averaged log-density and the sum of its |terms|; in closed form under a Normal law of q, if smooth and known."""
        law, closed = _normal_law(self.model, f), density(f.family).under_normal
        if self.smooth and law is not None and closed is not None:
            log_p, terms = closed(*self._arguments(law), *self._arguments(f))
        else:
            log_p, terms = self._log_density(f)
        return self._mean(f, self._whole(f, log_p)), self._mean(f, self._whole(f, terms))

    def _log_density(self, f: Factor) -> tuple[jax.Array, jax.Array]:
        """The log-density and its |terms| at each entry, before anything is summed."""
        family, values = density(f.family), self._arguments(f)
        axes, _, scope = self._axes(f)
        drawn = self.model.whole(f.of[0])
        evaluate = self.evaluator
        matrix = isinstance(drawn, Matrix)
        value = evaluate.matrix(drawn, scope) if matrix else evaluate.value(drawn, scope)
        at = spread(value, axes)
        found = (
            (place, evaluate.amplified(a, scope))
            for place, a in zip(f.family.arguments, f.arguments, strict=True)
        )
        magnitudes = [None if one is None else self._spread(f, place, one) for place, one in found]
        return family.log_density(at, *values), terms_of(family, at, values, magnitudes)

    def log_joint(self) -> dict[str, jax.Array]:
        """The sum of the log-densities of p in each data plate, (N, S), and under the empty name of what is global, (S,)."""
        found: dict[str, jax.Array] = {}
        for f in self.model.p:
            whole = self._whole(f, self._log_density(f)[0])
            lengths = self._axes(f)[1][: self._outer(f)]
            place = self._place(f)
            found[place] = found.get(place, 0) + jnp.broadcast_to(whole, lengths)
        return found

    def entropy(self, f: Factor) -> tuple[jax.Array, jax.Array]:
        """The averaged entropy and the sum of its |terms|: by its formula, from the table, or as it is given."""
        axes, _, scope = self._axes(f)
        if f.name in self.closed:
            # The formula is that of the whole, plates and classes included.
            whole = replace(scope, sizes={i: scope.sizes[i] for i in scope.joint or ()})
            found = (self.evaluator.value, self.evaluator.magnitude)
            value, terms = (
                self._mean(f, spread(e(self.closed[f.name], whole), axes[: self._outer(f)]))
                for e in found
            )
            return value, terms
        entropy = None if f.family.is_any else density(f.family).entropy
        if entropy is None:
            given, share = self.points.entropies[f.name], self._share(f)
            return share * jnp.mean(given), share * jnp.mean(jnp.abs(given))
        value = entropy(*self._arguments(f))
        return self._mean(f, self._whole(f, value)), self._mean(f, self._whole(f, jnp.abs(value)))

    def _whole(self, f: Factor, value: jax.Array) -> jax.Array:
        """The sum over plates and classes, for each datum and sample."""
        axes, lengths, scope = self._axes(f)
        outer = self._outer(f)
        kept = len(axes) - f.family.depth
        axes, lengths = axes[:kept], lengths[:kept]
        each = spread(self.evaluator.value(self.model.chosen(f), scope), axes) * value
        each = jnp.broadcast_to(each, (*each.shape[:outer], *lengths[outer:]))
        return jnp.sum(each, axis=tuple(range(outer, len(lengths))))

    def _mean(self, f: Factor, value: jax.Array) -> jax.Array:
        each = jnp.sum(self.points.weights[self._place(f)] * value, axis=-1)
        return self._share(f) * jnp.mean(each)

    def _share(self, f: Factor) -> jax.Array:
        return self._number(weight_of_plate(self.model, self.model.datum(f.of[0])))
