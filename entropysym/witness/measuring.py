r"""Both witnesses at one point of any model, whatever its networks are made of.

A network is a pytree of parameters and a function `arguments` from it to the model's arguments by name: an array for each parameter of the
model, a callable for each of its networks. $\mathcal F-\mathcal E$ is compared with $v\cdot\nabla\mathcal J$ twice: with the entropy sum under test, and
with the entropies of the densities themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from entropysym.errors import InputError, shown
from entropysym.language.identity import Identity
from entropysym.lowering.lowered import lower
from entropysym.lowering.precision import EPS, TOLERANCE, require_x64
from entropysym.lowering.quadrature import AnyNodes, JointPoints, Nodes, Points
from entropysym.witness.elbo import DensityElbo, entropy_sum
from entropysym.witness.gap import Gap, gap_function, measure_gap
from entropysym.witness.opaque import stood_in

#: A point is stationary if the norm of the gradient is at most this.
STATIONARY = 1e-8

#: From a pytree of parameters to the model's arguments by name.
Arguments = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Measurement:
    """What two witnesses say of one point, in nats per datum.

    `gap` compares the densities with the entropy sum of the identity. `entropies` are those of the factors by their names, by the densities, None
    where one has no closed form, and `density_residual` is the residual of the same identity with these, in eps × terms. `gradient_norm` is the
    larger of two: in the model's own parameters with the networks' weights, and in the pytree, whose entries may be logarithms of the former.
    """

    gap: Gap
    gradient_norm: float
    entropies: Mapping[str, float] | None
    density_residual: float | None

    @property
    def stationary(self) -> bool:
        return self.gradient_norm <= STATIONARY

    @property
    def as_predicted(self) -> bool:
        """Both witnesses agree with $v\\cdot\\nabla\\mathcal J$ to rounding."""
        other = self.density_residual
        return self.gap.agrees and (other is None or other <= TOLERANCE)


def measure(
    identity: Identity,
    arguments: Arguments,
    parameters: Any,
    x: Float[np.ndarray, "N D"] | Float[Array, "N D"] | Mapping[str, Any],
    nodes: AnyNodes,
) -> Measurement:
    """Measure a model at `arguments(parameters)` on data, with nodes for the noise (or weighted points, where the encoder has none; joint points for a graph).

    `x` are the data of a model of one observed vector, or of a graph all that is observed and given, by name.

    `parameters` is any pytree of float64 arrays; a weight that is not among them counts as given, not as learned. Raises `InputError` for
    parameters of another type and for arguments that do not fit the model. Numbers that are not finite never raise: nothing is as predicted then.
    """
    require_x64()
    _demand_parameters(parameters)
    if not isinstance(nodes, (Nodes, Points, JointPoints)):
        raise InputError(f"nodes is {shown(nodes)}; pass Nodes, such as gauss_hermite(2, 10)")
    data = dict(x) if isinstance(x, Mapping) else {"x": x}
    data = {name: jnp.asarray(value) for name, value in data.items()}
    made = arguments(parameters)
    if not isinstance(made, Mapping):
        raise InputError(
            f"arguments gives {shown(made)}; let it give a dict of arrays and functions"
        )
    arrays = {name: value for name, value in made.items() if not callable(value)}

    def networks(weights: Any) -> dict[str, Any]:
        return {name: value for name, value in arguments(weights).items() if callable(value)}

    gap = measure_gap(
        identity,
        arguments={**arrays, **data},
        nodes=nodes,
        weights=parameters,
        networks=networks,
    )
    gradient = jax.jit(jax.grad(objective(identity, arguments, nodes)))(parameters, data)
    norm = float(np.sqrt(sum(np.sum(np.asarray(leaf) ** 2) for leaf in jax.tree.leaves(gradient))))
    everything = {**made, **data}
    entropies = _entropies(gap_function(identity).elbo, everything, nodes)
    residual = None
    if entropies is not None and gap.finite:
        by_densities = float(entropy_sum(identity.model, entropies))
        apart = gap.elbo - by_densities - _excess(identity, everything, nodes) - gap.predicted
        residual = abs(apart) / (EPS * gap.terms)
    return Measurement(gap, max(gap.gradient_norm, norm), entropies, residual)


def _demand_parameters(parameters: Any) -> None:
    """Raise `InputError` for a pytree without leaves and for a leaf that is not float64."""
    leaves = jax.tree_util.tree_flatten_with_path(parameters)[0]
    if not leaves:
        raise InputError("there are no parameters; pass a pytree with at least one float64 array")
    for path, leaf in leaves:
        kind = (
            "float64" if type(leaf) is float else str(getattr(leaf, "dtype", type(leaf).__name__))
        )
        if kind != "float64":
            name = jax.tree_util.keystr(path)
            raise InputError(f"the parameter {name} is {kind}; pass float64 arrays")


def objective(
    identity: Identity, arguments: Arguments, nodes: AnyNodes
) -> Callable[[Any, Any], Float[Array, ""]]:
    """What learning maximises, in nats per datum, as a function of (parameters, x): what `ascent.settle` takes."""
    elbo = gap_function(identity).elbo

    def maximised(parameters: Any, x: Any) -> Array:
        data = x if isinstance(x, Mapping) else {"x": x}
        return elbo({**arguments(parameters), **data}, nodes).objective

    return maximised


def _entropies(
    elbo: DensityElbo, everything: Mapping[str, Any], nodes: AnyNodes
) -> dict[str, float] | None:
    """Of each factor by its name, by the densities; None where there is no closed form."""
    if any(f.family.log_base_measure != 0 for f in elbo.model.p):
        return None  # the sum is of pseudo entropies then
    try:
        found = elbo.entropies(everything, nodes)
    except InputError:
        return None
    return {name: float(value) for name, value in found.items()}


def _excess(identity: Identity, everything: Mapping[str, Any], nodes: AnyNodes) -> float:
    if identity.excess == 0:
        return 0.0
    formula = stood_in(identity.model, identity.excess, identity.entropies)
    at = gap_function(identity).elbo.at(everything, nodes)
    return float(lower(formula, identity.model)(**everything, noise=at))
