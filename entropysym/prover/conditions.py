"""The conditions of a theorem as data, in the order of the stored form."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from entropysym.language.records import Model
from entropysym.prover.derivation import Condition


def conditions(
    model: Model, direction: Mapping[str, sp.Basic], scales: bool
) -> tuple[Condition, ...]:
    """Ranges, normalisation, scores and base measures, finiteness, interchange, constraints, closure, stationarity."""
    out = [Condition("range", p.name, p.range) for p in model.parameters if p.range != "real"]
    out += [Condition("range", w.name, w.range) for w in model.networks if w.range != "real"]
    for family in sorted(model.families, key=lambda f: f.name):
        out += [Condition("normalised", family.name), Condition("score", family.name)]
        if family.log_base_measure != 0:
            out.append(Condition("base_measure", family.name))
    out += [Condition("finite", "objective"), Condition("interchange", "objective")]
    out += [Condition("constraint", c.on, c.text) for c in model.constraints]
    if scales:
        out.append(Condition("reparametrised", "encoder"))
    moved = [p for p in model.parameters if p.name in direction]
    read = model.encoder.arguments
    out += [
        Condition("closed", "encoder", p.name) for p in moved if any(a.has(p.symbol) for a in read)
    ]
    out += [Condition("stationary", "objective", p.name) for p in moved]
    return tuple(out)
