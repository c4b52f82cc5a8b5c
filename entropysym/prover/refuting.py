"""When a refusal is a refutation: the form that was written down has instances for which the claim is false, whatever is learned.

A certificate is about what one factor is known to learn, and pointwise. Networks may learn more, a motion of the encoder may help, and
an average may vanish where the integrand does not. So a refutation needs a certificate and one of two arguments:

* The decoder's scale is a constant, which the residual would have to match. With more dimensions than latents there are data for which
  it does not: a linear mean leaves directions in which they vary as they like (the gap of probabilistic PCA with a fixed variance), and a
  mean that follows the data everywhere leaves no residual at all.
* Neither prior nor encoder learn anything: then the prior's part is a constant, which is worked out and must not be 0.
"""

from __future__ import annotations

import sympy as sp

from entropysym.language.functions import Softplus
from entropysym.language.heads import NetworkValue, _Expectation
from entropysym.language.matrices import MatrixNetwork
from entropysym.language.records import Factor, Model
from entropysym.language.symbols import LATENT
from entropysym.prover.derivation import Derivation
from entropysym.prover.linearity import vanishes
from entropysym.prover.stationarity import noise_averaged


def rescue(model: Model, role: str, partial: Derivation | None) -> str:
    """What might still make the claim true where a factor has no direction, in words; empty if nothing can."""
    if role not in ("prior", "decoder"):
        return ""
    if role == "decoder":
        if has_fixed_scale(model):
            return ""
        if any(a.has(Softplus) for a in model.decoder.arguments):
            return (
                "a softplus of a sum is not scaled by a motion of the sum; exp(sum + bias), or any positive head times a learned scale, "
                "leaves a direction"
            )
        if _learning_networks(model, model.decoder):
            return "what its networks learn might still give one: name their last layers"
    if role == "prior" and is_frozen(model, model.prior) and is_frozen(model, model.encoder):
        excess = (
            noise_averaged(partial.excess) if partial and "decoder" in partial.temperings else None
        )
        if excess is None or excess.atoms(_Expectation):
            return "the prior's part is a constant, of which it is not known here whether it is 0"
        return "the prior's part is 0 all the same" if vanishes(excess) else ""
    if _learning_networks(model, model.encoder):
        return "what the encoder's networks learn might still give one: name their last layers"
    return "a motion together with the encoder is not excluded"


def has_fixed_scale(model: Model) -> bool:
    """Whether the decoder has a location and a scale, and the scale depends on no latent, network or learned parameter."""
    family, arguments = model.decoder.family, model.decoder.arguments
    if family.is_multivariate:
        scale: sp.Basic = arguments[-1]
    elif family.scale is not None:
        scale = model.decoder.fill(family.scale, model.observed)
    else:
        return False
    learned = any(scale.has(p.symbol) for p in model.parameters if p.learned)
    return not (learned or scale.has(LATENT) or scale.atoms(NetworkValue, MatrixNetwork))


def is_frozen(model: Model, factor: Factor) -> bool:
    """Whether a factor learns nothing, neither in a parameter nor in a network."""
    learned = any(
        p.learned and any(a.has(p.symbol) for a in factor.arguments) for p in model.parameters
    )
    return not (learned or _learning_networks(model, factor))


def _learning_networks(model: Model, factor: Factor) -> bool:
    learned = {net.name for net in model.networks if net.learned}
    values = set().union(*(a.atoms(NetworkValue, MatrixNetwork) for a in factor.arguments))
    return any(v.name in learned for v in values)
