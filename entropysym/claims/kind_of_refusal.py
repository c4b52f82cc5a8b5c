"""Which of the stored counter-examples is an instance of a refused model."""

from __future__ import annotations

from entropysym.families import NORMAL
from entropysym.language.functions import Softplus
from entropysym.language.symbols import LATENT
from entropysym.prover import Refusal
from entropysym.prover.clamps import is_clamped


def counter_example(refusal: Refusal) -> str | None:
    """The name in `claims.COUNTER_EXAMPLES`, or None if none of them is an instance of this model.

    What the counter-example fixes is fixed in the model, and what it learns is learned there: a witness of the same kind says so. The exception is a softplus
    head, for which there is no witness at numbers: it is named where a scale that z moves is a softplus.
    """
    model, witness = refusal.model, refusal.witness
    if not model.is_plain or any(not f.family.is_any and f.family != NORMAL for f in model.factors):
        return None
    (observed,) = (f for f in model.p if model.variable(f.of[0]).role == "observed")
    if is_clamped(model, observed.name):
        return "clamped variance" if witness is not None else None
    if witness is not None and witness.kind == "latent":
        return "frozen encoder"
    variance = observed.arguments[1]
    if witness is not None:
        named = [p for p in model.parameters if variance.has(p.symbol)]
        fixed = bool(named) and not any(p.learned for p in named)
        return "fixed variance" if fixed else None
    if refusal.role == observed.name and not model.constraints:
        return "softplus head" if any(h.has(LATENT) for h in variance.atoms(Softplus)) else None
    return None
