r"""Tempering directions by matching what the variable stands in, for parameters under sums, in last layers and in matrices.

The unknown motion is a multiple of each parameter plus a constant (`ansatz`). In $D_v\log p-\log p+\log h$ everything that holds the variable
has to vanish; what is left is the (pseudo) entropy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.objective import variable
from entropysym.language.records import (
    COMPONENT,
    DIM,
    Family,
    Model,
    Parameter,
    Plate,
    argument_name,
)
from entropysym.language.symbols import DATUM, LATENT
from entropysym.prover.ansatz import free_motions, solved
from entropysym.prover.criterion import (
    NoTempering,
    Tempering,
    factor_tempering,
    family_tempering,
)
from entropysym.prover.linearity import addends, distributed
from entropysym.prover.motion import Motion


def factor_direction(model: Model, role: str) -> Tempering | NoTempering:
    """(T) for the prior or the decoder of a model: first by solving for its scalars, then by the ansatz for everything learned."""
    factor, plate = model.factor(role), model.plate(role)
    family = factor.family
    if not family.is_multivariate:
        found = factor_tempering(model, role)
        if isinstance(found, Tempering):
            return found
    constrained = {c.on for c in model.constraints}
    fixed = [
        p.name
        for p in model.parameters
        if not p.learned and any(a.has(p.symbol) for a in factor.arguments)
    ]
    free = [
        p
        for p in model.parameters
        if p.learned
        and p.name not in constrained
        and any(a.has(p.symbol) for a in factor.arguments)
    ]
    held = DATUM if role == "decoder" else LATENT
    matched = _matched(
        factor.fill(family.log_density, plate, variable(model, role)),
        factor.fill(family.log_base_measure, plate, variable(model, role)),
        free,
        lambda e: e.has(held),
    )
    if isinstance(matched, Tempering):
        return matched
    refused = matched if family.is_multivariate else found
    learned = f"it learns {', '.join(p.name for p in free)}" if free else "it learns nothing"
    but = f", {', '.join(fixed)} being fixed" if fixed else ""
    return replace(
        refused, reason=f"no motion of the {role}'s parameters tempers its density: {learned}{but}"
    )


def family_direction(family: Family) -> Tempering | NoTempering:
    """(T) for a family all of whose arguments are free; directions are keyed by the arguments."""
    if not family.is_multivariate:
        return family_tempering(family)
    plate = Plate(COMPONENT, DIM)
    parameters = [
        Parameter(
            argument_name(a),
            (plate,) if isinstance(a, sp.IndexedBase) else (plate, plate),
            _range(a),
        )
        for a in family.arguments
    ]
    return _matched(
        family.log_density, family.log_base_measure, parameters, lambda e: e.has(family.variable)
    )


def _range(argument: sp.Basic):
    return "real" if isinstance(argument, sp.IndexedBase) else argument.kind


def _matched(
    log_density: sp.Expr,
    log_base_measure: sp.Expr,
    free: Sequence[Parameter],
    holds_variable: Callable[[sp.Expr], bool],
) -> Tempering | NoTempering:
    ansatz = free_motions(free)
    motion = Motion(free, ansatz.motions, network_inputs=[])
    tempered = log_density - log_base_measure
    try:
        left = distributed(motion.of(log_density) - tempered, powers=True)
        conditions = [sp.Add(*(a for a in addends(left) if holds_variable(a)))]
        direction = solved(ansatz, [*conditions, *(motion.network_inputs or ())])
    except InputError as reason:
        return NoTempering(f"no direction can be written: {reason}")
    if direction is None:
        names = ", ".join(p.name for p in free) or "nothing"
        return NoTempering(
            f"no multiple and no shift of what is learned ({names}) tempers the density"
        )
    names = {p.entry: p.name for p in free}
    moved = Motion(free, {names[e]: v for e, v in direction.items()}).of(log_density)
    entropy = distributed(moved - tempered)
    if holds_variable(entropy):
        entropy = distributed(moved - tempered, powers=True)
    return Tempering(direction=direction, entropy=entropy, log_base_measure=log_base_measure)
