"""What a history says: converged, learning, stalled, fixed, clamped, another objective, … in the words of `networks.readings`.

"Closed" is measured by the noise of a batch: the mean gap of the last steps is within three of its standard errors of 0, or within a thousandth of a nat
for each of the factor's terms. That is a reading of figures, no proof; what is certain is `Step.predicted`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from entropysym.monitoring.arrays import DECODERS
from entropysym.monitoring.evidence import Evidence, factors_of
from entropysym.monitoring.moves import Move
from entropysym.monitoring.slips import Slip
from entropysym.monitoring.steps import Step
from entropysym.networks.readings import Reading

#: The last steps that are read together.
LAST = 10

#: A gap is closed below this many nats, or within this many standard errors.
CLOSED, DEVIATIONS = 1e-3, 3.0


def judged(
    history: Sequence[Step],
    direction: Sequence[Move],
    decoder: str,
    evidence: Sequence[Evidence],
    slip: Slip | None,
) -> tuple[Reading, str]:
    """The label, and one line with the figures that led to it."""
    last = history[-1]
    said = f"gap {last.gap:+.3g} nat (decoder {last.gap_decoder:+.3g}, prior {last.gap_prior:+.3g})"
    if last.gradient_norm is not None:
        said += f", gradient norm {last.gradient_norm:.2g}"
    if slip is not None and slip.certain:
        return slip.reading, f"{slip.name}: {slip.cure}; {said}"
    if last.not_finite:
        return Reading.NOT_FINITE, f"at step {last.step}: {', '.join(last.not_finite)}"
    recent = history[-LAST:]
    still = _stuck(recent, direction, decoder, evidence)
    if still is not None:
        return still[0], f"{still[1]}; {said}"
    if slip is not None:
        return slip.reading, f"{slip.name}: {slip.cure}; {said}"
    if all(_closed(recent, factor) for factor in ("decoder", "prior")):
        return Reading.CONVERGED, said
    if not direction:
        return (
            Reading.NO_DIRECTION,
            f"no moves are given, so nothing says why the gap is open; {said}",
        )
    return (Reading.LEARNING if _moves(history) else Reading.STALLED), said


def _stuck(
    recent: Sequence[Step], direction: Sequence[Move], decoder: str, evidence: Sequence[Evidence]
) -> tuple[Reading, str] | None:
    """A variance that does not follow: of the encoder, many entries of which are one number, or of the decoder, which is fixed or clamped."""
    last = recent[-1]
    at = evidence[-1].clamped if evidence else None
    if at is not None and len(evidence) > 1 and evidence[-2].clamped == at:
        return Reading.CLAMPED, f"many entries of log tau2 are {at:.6g}; widen the clamp"
    if _closed(recent, "decoder"):
        return None
    spread = DECODERS[decoder].spread
    known = factors_of(direction)
    if decoder == "mse" or (spread and direction and known == ("prior",)):
        return Reading.FIXED, "no move of the direction is the decoder's, whose gap is open"
    if last.slope_decoder == 0 and spread:
        return Reading.CLAMPED, f"the gradient of the parameter of {spread} is 0 but its gap is open: a clamp or a floor"  # fmt: skip
    return None


def _closed(recent: Sequence[Step], factor: str) -> bool:
    """The mean gap of the last steps is 0 within its noise."""
    gaps = np.array([getattr(step, f"gap_{factor}") for step in recent])
    errors = [getattr(step, f"error_{factor}") for step in recent]
    mean = abs(float(gaps.mean()))
    if mean <= CLOSED:
        return True
    # The scatter of the steps themselves: for a full batch there is none, and the error over the data is no reason to call a gap closed.
    if len(recent) < 3 or any(e is None for e in errors):
        return False
    return mean <= DEVIATIONS * float(gaps.std(ddof=1)) / math.sqrt(len(gaps)) and mean <= float(np.mean(errors))  # fmt: skip


def _moves(history: Sequence[Step]) -> bool:
    """The ELBO changed over the last steps by more than they scatter and more than a closed gap."""
    elbos = np.array([step.elbo for step in history[-2 * LAST :]])
    half = len(elbos) // 2
    if half < 2:
        return True
    before, after = elbos[:half], elbos[half:]
    scatter = math.sqrt((before.var(ddof=1) + after.var(ddof=1)) / half)
    change = abs(after.mean() - before.mean())
    return bool(change > max(CLOSED, scatter))
