"""The prover's derivation meets the checker: a derivation is PROVED when its stored form has been replayed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from entropysym import checker
from entropysym.claims.kind_of_refusal import counter_example
from entropysym.language.records import Model
from entropysym.prover import Derivation, Refusal
from entropysym.prover import derive as find
from entropysym.prover.document import refusal_to_json, to_json
from entropysym.prover.refusing import Witness
from entropysym.verdict import Verdict, proved, refuted, undecided


def derive(
    model: Model, *, progress: Callable[[str], None] = lambda stage: None
) -> Derivation | Refusal:
    r"""Derive $\mathcal F=\mathcal E$ at stationary points for a model, and have the checker replay it.

    Returns a `Derivation` whose verdict is PROVED if the replay accepted it, or a `Refusal` with the reason, which is REFUTED only if a stationary point with a gap
    was replayed. `progress` is called with the name of each stage. Raises `InputError` for a family whose location and scale do not standardise it.
    Source: Damm et al., AISTATS 2023, for the result; the derivation itself is what is returned.
    """
    found = find(model, progress=progress)
    if isinstance(found, Derivation):
        verdict = replay(to_json(found))
        if found.excess != 0:
            verdict = replace(
                verdict, reason=f"{verdict.reason}; with an excess beside the entropy sum"
            )
        return replace(found, verdict=verdict)
    if found.witness is not None:
        found = replace(found, verdict=_of_witness(found, found.witness))
    found = replace(found, counter_example=counter_example(found))
    if found.partial is None:
        return found
    partial = replace(found.partial, verdict=replay(to_json(found.partial)))
    return replace(found, partial=partial)


def _of_witness(found: Refusal, witness: Witness) -> Verdict:
    """REFUTED where the checker has replayed the witness, otherwise UNDECIDED with its reason."""
    try:
        checker.replay_refusal(refusal_to_json(found, witness))
    except (checker.Malformed, checker.Refused) as reason:
        return undecided(f"{found.reason}; the witness is not accepted: {reason}")
    return refuted(f"{found.reason}; a stationary point has a gap", "witness")


def replay(text: str | bytes) -> Verdict:
    """The checker's verdict on a stored derivation: PROVED, or UNDECIDED with its reason; a refusal never means *false*.

    The text is a document of `checker/FORMAT.md`, as `render(d, to="json")` writes it.
    """
    try:
        result = checker.replay(text)
    except checker.Malformed as reason:
        return undecided(f"not a readable derivation: {reason}")
    except checker.Refused as reason:
        return undecided(f"derivation not accepted: {reason}")
    return proved(
        f"derivation accepted in {len(result.rules)} steps, under {len(result.conditions)} conditions, {result.origin}",
        "replayed",
    )
