r"""The gap identity in numbers: $\mathcal F=\mathcal E+v\cdot\nabla\mathcal J$, at any parameters and any data.

$\mathcal J$ is what learning maximises, the ELBO $\mathcal F$ unless the model's objective says otherwise; $\mathcal E$ holds the excess, if there is one.
$\mathcal F$ and the gradient come from the densities (`elbo`), $\mathcal E$ and $v$ from the expressions under test. An encoder without location and
scale is `Points`, which stand still: $\mathcal H[q_n]$ is then a given number for each datum on both sides, or the same closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp
from jaxtyping import Array, Float

from entropysym.errors import InputError, one_of, shown
from entropysym.language.identity import Identity
from entropysym.language.matrices import Matrix
from entropysym.language.records import Model, Parameter
from entropysym.lowering.averaging import averaged
from entropysym.lowering.lowered import Lowered, lower
from entropysym.lowering.precision import EPS, TOLERANCE
from entropysym.lowering.quadrature import AnyNodes, Nodes
from entropysym.witness.densities import is_drawn
from entropysym.witness.elbo import DensityElbo, density_elbo
from entropysym.witness.opaque import stood_in

Networks = Callable[[Any], Mapping[str, Callable[..., jax.Array]]]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=("elbo", "entropy_sum", "predicted", "terms", "gradient_norm", "direction_norm"),
    meta_fields=(),
)
@dataclass(frozen=True, eq=False)
class GapParts:
    """What a gap is made of, as traced arrays; the fields are those of `Gap`."""

    elbo: Float[Array, ""]
    entropy_sum: Float[Array, ""]
    predicted: Float[Array, ""]
    terms: Float[Array, ""]
    gradient_norm: Float[Array, ""]
    direction_norm: Float[Array, ""]


@dataclass(frozen=True)
class Gap:
    """The gap at one point, in nats per datum.

    `gap` = elbo − entropy_sum, `predicted` = v·∇J, `residual` = |gap − predicted| in units of eps × `terms`, and the norms of the
    gradient (over all learned parameters and network weights) and of v. |gap| is at most the product of the norms.
    """

    elbo: float
    entropy_sum: float
    gap: float
    predicted: float
    terms: float
    residual: float
    gradient_norm: float
    direction_norm: float
    finite: bool

    @property
    def agrees(self) -> bool:
        """The residual is within tolerance and everything, inputs included, is finite."""
        return self.finite and self.residual <= TOLERANCE


class Sides(NamedTuple):
    """ELBO, entropy sum, |terms|, gradients and motion at one point: averages over data, or constant."""

    elbo: jax.Array
    entropy_sum: jax.Array
    terms: jax.Array
    gradient: dict[str, jax.Array]
    weight_gradient: Any
    motion: dict[str, jax.Array]


@dataclass(frozen=True, eq=False)
class GapFunction:
    """Both sides of the identity for one model, direction and entropy sum; can be jitted and vmapped."""

    elbo: DensityElbo
    direction: Mapping[str, Lowered]
    entropy_sum: Lowered

    def __call__(
        self,
        arguments: Mapping[str, Any],
        nodes: AnyNodes,
        weights: Any = None,
        networks: Networks | None = None,
    ) -> GapParts:
        """Evaluate. `networks(weights)` gives the callables that `arguments` does not hold."""
        return self.parts(self.sides(arguments, nodes, weights, networks))

    def sides(
        self,
        arguments: Mapping[str, Any],
        nodes: AnyNodes,
        weights: Any = None,
        networks: Networks | None = None,
    ) -> Sides:
        """Both sides, before anything that is not linear in the data mean."""
        value, terms, gradient, weight_gradient = self.gradient(arguments, nodes, weights, networks)
        made = {**arguments, **(networks(weights) if networks else {})}
        everything = {**made, "noise": self.elbo.at(made, nodes)}
        right, motion = self.right_hand_side(everything)
        terms = terms + self.entropy_sum.terms(**everything)
        return Sides(value, right, terms, gradient, weight_gradient, motion)

    def parts(self, sides: Sides) -> GapParts:
        """The gap and its prediction from both sides."""
        along = [motion * sides.gradient[name] for name, motion in sides.motion.items()]
        learned = [
            _tangential(p, sides.gradient[p.name]) for p in self.elbo.model.parameters if p.learned
        ]
        return GapParts(
            elbo=sides.elbo,
            entropy_sum=sides.entropy_sum,
            predicted=_total(along),
            terms=sides.terms + _total([jnp.abs(a) for a in along]),
            gradient_norm=_norm([*learned, *jax.tree.leaves(sides.weight_gradient)]),
            direction_norm=_norm(list(sides.motion.values())),
        )

    def gradient(
        self,
        arguments: Mapping[str, Any],
        nodes: AnyNodes,
        weights: Any = None,
        networks: Networks | None = None,
    ) -> tuple[jax.Array, jax.Array, dict[str, jax.Array], Any]:
        """The ELBO, its |terms|, the objective's gradient by parameter name, and that by the weights."""
        names = [p.name for p in self.elbo.model.parameters if p.name in arguments]
        fixed = {k: v for k, v in arguments.items() if k not in names}

        def objective(
            parameters: dict[str, jax.Array], weights: Any
        ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
            made = networks(weights) if networks else {}
            parts = self.elbo({**fixed, **parameters, **made}, nodes)
            return parts.objective, (parts.total, parts.terms)

        parameters = {name: arguments[name] for name in names}
        (_, (value, terms)), (by_parameter, by_weight) = jax.value_and_grad(
            objective, argnums=(0, 1), has_aux=True
        )(parameters, weights)
        return value, terms, by_parameter, by_weight

    def right_hand_side(
        self, everything: Mapping[str, Any]
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The entropy sum, and the motion of each parameter that moves."""
        parameters = {
            p.name: everything[p.name] for p in self.elbo.model.parameters if p.name in everything
        }
        motion = {name: v(**parameters) for name, v in self.direction.items()}
        return self.entropy_sum(**everything), motion


def _tangential(p: Parameter, gradient: jax.Array) -> jax.Array:
    """The gradient along the simplex: off it there is nothing to be stationary in."""
    if p.range != "simplex":
        return gradient
    return gradient - jnp.mean(gradient, axis=-1, keepdims=True)


def _total(values: list[jax.Array]) -> jax.Array:
    return sum((jnp.sum(v) for v in values), jnp.zeros(()))


def _norm(values: list[jax.Array]) -> jax.Array:
    return jnp.sqrt(_total([v**2 for v in values]))


def gap_function(identity: Identity) -> GapFunction:
    """Prepare both sides; see `witness.opaque` for what stands for entropies that have no closed form.

    Raises `InputError` for what is no identity, for a direction that moves what is not a learned parameter, or that reads data, latents or networks, or that moves
    the law of a factor of q without location and scale.
    """
    if not isinstance(identity, Identity):
        kind = type(identity).__name__
        raise InputError(
            f"this is no Identity but a {kind}; pass derivation.identity, of a refusal partial.identity"
        )
    model = identity.model
    learned = {p.name: p for p in model.parameters if p.learned}
    _demand_still_laws(model, identity.direction)
    motion = {}
    for name, expression in identity.direction.items():
        if name not in learned:
            raise one_of(name, learned, "learned parameter in the direction")
        motion[name] = lowered_motion(model, learned[name], expression)
        needs = set(motion[name].signature) - motion[name].wanted.optional
        foreign = needs - {p.name for p in model.parameters}
        if foreign:
            raise InputError(
                f"the motion {shown(expression)} of {name} reads {', '.join(sorted(foreign))}; "
                "a direction depends on parameters only"
            )
    right = lower(stood_in(model, identity.entropy_sum, identity.entropies), model)
    # What stands beside the entropies is averaged at the nodes, kinks included.
    smooth = not identity.entropy_sum.has(sp.Abs)
    return GapFunction(density_elbo(model, identity.entropies, smooth=smooth), motion, right)


def _demand_still_laws(model: Model, direction: Mapping[str, sp.Basic]) -> None:
    """An average over given points is constant in the parameters, so it is that of a law of q only while the law stands still."""
    moved = [p for p in model.parameters if direction.get(p.name, 0) != 0]
    for p in moved:
        for f in model.q:
            if not is_drawn(model, f) and any(a.has(p.symbol) for a in f.arguments):
                raise InputError(
                    f"the direction moves {p.name}, which the {f.name} reads; {f.family.name} has no location and scale here, "
                    "so how its expectations move is not known"
                )


def lowered_motion(model: Model, parameter: Parameter, motion: sp.Basic) -> Lowered:
    """The motion of one parameter. Raises `InputError` if a matrix does not move by a word, or anything else does."""
    if isinstance(motion, Matrix) != parameter.is_matrix:
        wanted = "a word of matrices" if parameter.is_matrix else "an expression"
        raise InputError(f"the motion {shown(motion)} of {parameter.name} is not {wanted}")
    return lower(motion, model, () if parameter.is_matrix else parameter.plates)


def measure_gap(
    identity: Identity,
    *,
    arguments: Mapping[str, Any],
    nodes: AnyNodes,
    weights: Any = None,
    networks: Networks | None = None,
    rows: int | None = None,
) -> Gap:
    """The gap and its prediction at one point.

    `arguments` holds `x` (N, D), every parameter, and every network as a callable. Networks whose weights count in the gradient
    norm come instead from `networks(weights)`, which maps a pytree of float64 arrays to the callables by name. With `rows` the data are
    read that many at a time, which bounds the memory; all that is measured is an average over data.

    Raises `InputError` for arguments that do not fit. Numbers that are not finite never raise: they make `agrees` false.
    """
    if rows is not None and not isinstance(nodes, Nodes):
        raise InputError(f"rows is {rows}, but each datum has points of its own; leave rows out")
    made = gap_function(identity)
    arrays, callables = {}, {}
    for name, value in arguments.items():
        (callables if callable(value) else arrays)[name] = value

    def run(arrays: Mapping[str, Any], nodes: AnyNodes, weights: Any) -> Sides:
        return made.sides({**arrays, **callables}, nodes, weights, networks)

    # What is no array is reported by name before jit can complain about its type.
    for name, value in arrays.items():
        if not isinstance(value, float) and not hasattr(value, "dtype"):
            raise InputError(f"{name} is {shown(value)}; pass a float64 array")
    one, x = jax.jit(run), arrays.get("x")
    if x is not None and np.ndim(x) == 2:
        sides = averaged(lambda some: one({**arrays, "x": some}, nodes, weights), x, rows)
    else:
        sides = one(arrays, nodes, weights)
    return finished(made.parts(sides), inputs=(arrays, nodes, weights))


def finished(parts: GapParts, inputs: Any = None) -> Gap:
    """A record of Python floats; non-finite inputs are remembered even where they cancel out."""
    F, E, predicted = float(parts.elbo), float(parts.entropy_sum), float(parts.predicted)
    terms = float(parts.terms)
    norms = float(parts.gradient_norm), float(parts.direction_norm)
    gap = F - E
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(inputs)]
    finite = all(map(math.isfinite, (F, E, predicted, terms, *norms))) and all(
        bool(np.isfinite(leaf).all()) for leaf in leaves
    )
    residual = abs(gap - predicted) / (EPS * terms) if finite and terms > 0 else math.nan
    return Gap(F, E, gap, predicted, terms, residual, *norms, finite and terms > 0)
