"""What an experiment has shown: trained networks whose gap is the predicted one, and a stream on which BIC picks the right model."""

from __future__ import annotations

from collections.abc import Sequence

from entropysym.experiments.running import Outcome
from entropysym.experiments.selection import PUBLISHED
from entropysym.experiments.streaming import StreamOutcome
from entropysym.lowering.precision import REFUTES
from entropysym.verdict import Verdict, proved, refuted, undecided

#: The least share of late batches in which the entropy BIC must pick the right H, in every segment.
LEAST_SHARE = 0.99


def verdict_of_networks(outcomes: Sequence[Outcome]) -> Verdict:
    """PROVED if every trained network's gap is the predicted one for both witnesses; nothing measured is never a pass."""
    measured = [m for o in outcomes for t in o.trained for m in t.measured]
    wrong = [m for m in measured if not m.agrees]
    notes = "; ".join(o.note for o in outcomes if o.note)
    if wrong:
        worst = max(wrong, key=lambda m: abs(m.certificate.gap - m.certificate.predicted))
        c = worst.certificate
        differ = (
            f"{len(wrong)} of {len(measured)} networks: gap {c.gap:.3e} nat, predicted {c.predicted:.3e} "
            f"({c.residual:.3g} and {worst.densities.residual:.3g} eps x terms)"
        )
        if not any(
            r > REFUTES for m in wrong for r in (m.certificate.residual, m.densities.residual)
        ):
            return undecided(f"{differ}; that little may be rounding")
        return refuted(differ, "trained")
    if not measured or notes:
        return undecided(notes or "no network was measured")
    blurred = [m for m in measured if not m.resolved]
    if blurred:
        return undecided(
            f"the expectation is not resolved for {len(blurred)} of {len(measured)} networks: other nodes change the ELBO by up to "
            f"{max(m.certificate.quadrature_error or 0 for m in blurred):.1e} nat; raise --order"
        )
    stationary = sum(
        m.certificate.reading.name in ("CONVERGED", "UNIDENTIFIABLE") for m in measured
    )
    largest = max(abs(m.certificate.gap) for m in measured)
    return proved(
        f"gap as predicted by v.grad F for {len(measured)} trained network{'s' * (len(measured) != 1)}, largest |gap| {largest:.1e} nat; {stationary} at a stationary point",
        "trained" if stationary == len(measured) else "trained in part",
    )


def verdict_of_stream(outcome: StreamOutcome) -> Verdict:
    """PROVED if the entropy BIC picks the right H in at least 99 % of the late batches of every segment of every run."""
    if not outcome.complete or not outcome.rows:
        return undecided(outcome.note or "no segment was seen to its end")
    worst = min(outcome.rows, key=lambda r: r.right_by_entropy)
    said = (
        f"the entropy BIC picks the right H in at least {100 * worst.right_by_entropy:.2f} % of the late batches of "
        f"{len(outcome.rows)} segments; ELBO {min(r.noise_ratio for r in outcome.rows):.1f} to "
        f"{max(r.noise_ratio for r in outcome.rows):.1f} times as noisy as the entropy sum"
    )
    enough = worst.right_by_entropy >= LEAST_SHARE
    if not enough and outcome.settings.segment < PUBLISHED.segment:
        return undecided(f"{said}; a stream shorter than the published one shows nothing")
    if not enough:
        return refuted(f"{said}: segment {worst.segment + 1}, run {worst.run}", "trained")
    return proved(said, "trained")
