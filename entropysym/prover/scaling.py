r"""The scaling symmetry that serves a prior without parameters of its own.

$N(0,I)$ cannot be tempered by moving its parameters: it has none. But where the decoder reads z only through a free first layer and
the encoder can be rescaled, $z_h\to e^{s}z_h$ leaves the reconstruction alone and moves entropy and prior term, so that
$$\Delta_{\rm prior}=\overline{\mathbb E_{q_n}\log p_\Theta(z)}+\mathcal H[p_\Theta(z)]
  =v\cdot\nabla\bigl(\overline{\mathcal H[q_n]}+\overline{\mathbb E_{q_n}\log p_\Theta(z)}\bigr).$$
The field is found, not looked up: it solves the linear system that both conditions (reconstruction unmoved, identity above) put on the
unknown motions of the free parameters.
"""

from __future__ import annotations

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.heads import DataMean, Entropy, LogDensity
from entropysym.language.objective import (
    encoder_expectation,
    latents_written_out,
    spelled_out,
)
from entropysym.language.records import Family, Model
from entropysym.language.symbols import n
from entropysym.prover.ansatz import free_motions, solved
from entropysym.prover.criterion import NoTempering, Tempering
from entropysym.prover.linearity import distributed
from entropysym.prover.motion import Motion


def scaling_direction(
    model: Model, entropies: dict[Family, sp.Expr], own: frozenset[str]
) -> Tempering | NoTempering:
    """The scaling field for the prior; parameters in `own` already have a direction and stay still."""
    constrained = {c.on for c in model.constraints}
    ansatz = free_motions(
        p for p in model.parameters if p.learned and p.name not in constrained | own
    )

    def averaged(head: LogDensity) -> sp.Expr:
        return DataMean(encoder_expectation(model, head, reparametrised=True), n)

    motion = Motion(model.parameters, ansatz.motions, network_inputs=[])
    try:
        heads = (
            DataMean(Entropy("encoder", n), n),
            averaged(LogDensity("prior")),
            averaged(LogDensity("decoder", n)),
            Entropy("prior"),
        )
        encoder, prior, decoder, prior_entropy = (spelled_out(model, e, entropies) for e in heads)
        unmoved = motion.of(decoder)
        tempered = motion.of(encoder + prior) - prior - prior_entropy
        conditions = [
            distributed(latents_written_out(c), powers=True)
            for c in (unmoved, tempered, *(motion.network_inputs or ()))
        ]
        direction = solved(ansatz, conditions)
    except InputError as reason:
        return NoTempering(f"no scaling of the latents can be written: {reason}")
    if direction is None:
        return NoTempering(
            "no rescaling of the learned parameters leaves the reconstruction unchanged and rescales the encoder"
        )
    return Tempering(direction=direction, entropy=prior_entropy)
