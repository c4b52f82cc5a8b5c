"""Which of the stored counter-examples shows that a claim of this kind is false."""

from __future__ import annotations

import sympy as sp

from entropysym.language.functions import Softplus
from entropysym.prover import Refusal


def counter_example(refusal: Refusal) -> str | None:
    """The name in `numerics.COUNTER_EXAMPLES`, or None if none is of the kind of this refusal."""
    model = refusal.model
    learned = [p.symbol for p in model.parameters if p.learned]

    def moves(argument: sp.Basic) -> bool:
        return any(argument.has(symbol) for symbol in learned)

    factor = {"prior": model.prior, "decoder": model.decoder}.get(refusal.role)
    if factor is None:
        return "tied variances" if refusal.role == "model" else None
    if any(a.has(sp.Max, sp.Min) for a in factor.arguments):
        return "clamped variance"
    if refusal.role == "prior":
        return None if any(map(moves, model.encoder.arguments)) else "frozen encoder"
    if any(a.has(Softplus) for a in factor.arguments):
        return "softplus head"
    fixed = factor.family.location is not None and not moves(factor.arguments[1])
    return "fixed variance" if fixed else None
