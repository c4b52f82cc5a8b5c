"""Which of the stored counter-examples is of the kind of a refused claim."""

from __future__ import annotations

from entropysym.language.functions import Softplus
from entropysym.prover import Refusal
from entropysym.prover.clamps import is_clamped
from entropysym.prover.refuting import has_fixed_scale, is_frozen


def counter_example(refusal: Refusal) -> str | None:
    """The name in `numerics.COUNTER_EXAMPLES`, or None if none is of the kind of this refusal.

    It shows that equality can fail for models of this kind; whether it fails for the one at hand is what the verdict says.
    """
    model = refusal.model
    factor = {"prior": model.prior, "decoder": model.decoder}.get(refusal.role)
    if factor is None:
        read = [
            {p.name for p in model.parameters if p.learned and f.arguments[1].has(p.symbol)}
            for f in (model.prior, model.decoder)
            if f.family.location is not None
        ]
        tied = len(read) == 2 and read[0] == read[1] and len(read[0]) == 1
        return "tied variances" if tied else None
    if is_clamped(model, refusal.role):
        return "clamped variance"
    if refusal.role == "prior":
        frozen = is_frozen(model, model.prior) and is_frozen(model, model.encoder)
        return "frozen encoder" if frozen else None
    if any(a.has(Softplus) for a in factor.arguments):
        return "softplus head"
    return "fixed variance" if has_fixed_scale(model) else None
