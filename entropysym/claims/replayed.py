"""The prover's derivation meets the checker: a derivation is PROVED when its stored form has been replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from entropysym import checker
from entropysym.claims.densities import Normalisation, check_densities
from entropysym.claims.derived import Derived
from entropysym.claims.kind_of_refusal import counter_example
from entropysym.errors import NotStorableError
from entropysym.language.records import Model
from entropysym.prover import Derivation, Refusal
from entropysym.prover import derive as find
from entropysym.prover.document import refusal_to_json, to_json
from entropysym.prover.refusing import Witness
from entropysym.verdict import Value, Verdict, proved, refuted, undecided


def derive(
    model: Model, *, progress: Callable[[str], None] = lambda stage: None
) -> Derivation | Refusal:
    r"""Derive $\mathcal F=\mathcal E$ at stationary points for a model, and have the checker replay it.

    Returns a `Derivation` whose verdict is PROVED if the replay accepted it, or a `Refusal` with the reason, which is REFUTED only if a stationary point with a gap
    was replayed. `progress` is called with the name of each stage. Raises `InputError` for a family of one's own whose density does not integrate to one over its
    support, whose scores do not have mean zero, or which location and scale do not standardise.
    Source: Damm et al., AISTATS 2023, for the result; the derivation itself is what is returned.
    """
    progress("densities of families of one's own")
    densities = check_densities(model)
    found = find(model, progress=progress)
    progress("replay")
    if isinstance(found, Derivation):
        verdict = _stored(found)
        if found.excess != 0:
            verdict = replace(
                verdict, reason=f"{verdict.reason}; with an excess beside the entropy sum"
            )
        verdict = _integrated(verdict, densities)
        return Derived.of(
            replace(found, verdict=_with_motions_of_the_variable(found, verdict, densities))
        )
    if found.witness is not None:
        verdict = _of_witness(found, found.witness)
        found = replace(found, verdict=_integrated(verdict, densities))
    found = replace(found, counter_example=counter_example(found))
    if found.partial is None:
        return found
    verdict = _integrated(_stored(found.partial), densities)
    return replace(found, partial=Derived.of(replace(found.partial, verdict=verdict)))


def _stored(found: Derivation) -> Verdict:
    """The checker's verdict on what was found; UNDECIDED where the stored form has no word for a function in it."""
    try:
        text = to_json(found)
    except NotStorableError as reason:
        return undecided(f"the derivation cannot be written down: {reason}")
    return replay(text)


def _integrated(verdict: Verdict, densities: tuple[Normalisation, ...]) -> Verdict:
    """The verdict with the evidence *normalised* if every density that does not ship was seen to be one, else with what was not settled."""
    if verdict.value is Value.UNDECIDED or not densities:
        return verdict
    open_questions = [n.reason for n in densities if n.value != "normalised"]
    if open_questions:
        return replace(verdict, reason="; ".join((verdict.reason, *open_questions)))
    return replace(verdict, evidence=(*verdict.evidence, "normalised"))


def _with_motions_of_the_variable(
    found: Derivation, verdict: Verdict, densities: tuple[Normalisation, ...]
) -> Verdict:
    """UNDECIDED where an entropy rests on a score of location or scale that was integrated and does not have mean zero, as at a jump."""
    certificates = {family.name: c for family, c in found.entropies.items()}
    for n in densities:
        c = certificates.get(n.family)
        if c and ((c.scale != 0 and n.scale is False) or (c.shift != 0 and n.shift is False)):
            return undecided(
                f"the entropy of {n.family} rests on scores of location and scale, which do not have mean zero: its density jumps"
            )
    return verdict


def _of_witness(found: Refusal, witness: Witness) -> Verdict:
    """REFUTED where the checker has replayed the witness, otherwise UNDECIDED with its reason."""
    try:
        checker.replay_refusal(refusal_to_json(found, witness))
    except (checker.Malformed, checker.Refused) as reason:
        return undecided(f"{found.reason}; the witness is not accepted: {reason}")
    return refuted(f"{found.reason}; a stationary point has a gap", "witness")


def replay(text: str | bytes) -> Verdict:
    """The checker's verdict on a stored derivation, PROVED, or on a stored refusal, REFUTED; UNDECIDED with its reason where it is not accepted.

    That a derivation is not accepted never means *false*. The text is a document of `checker/FORMAT.md`, as `render(d, to="json")` writes it.
    """
    if checker.is_refusal(text):
        return _replay_refusal(text)
    try:
        result = checker.replay(text)
    except checker.Malformed as reason:
        return undecided(f"not a readable derivation: {reason}")
    except checker.Refused as reason:
        return undecided(f"derivation not accepted: {reason}")
    return proved(
        f"derivation accepted in {len(result.rules)} steps, under {_kinds(result.conditions)} conditions, {result.origin}",
        "replayed",
    )


def _kinds(conditions: Iterable[tuple[str, ...]]) -> int:
    """How many conditions a page lists: one for each kind, stationarity being one, whether along a simplex or not."""
    return len({"stationary" if kind == "tangent" else kind for kind, *_ in conditions})


def _replay_refusal(text: str | bytes) -> Verdict:
    try:
        found = checker.replay_refusal(text)
    except checker.Malformed as reason:
        return undecided(f"not a readable refusal: {reason}")
    except checker.Refused as reason:
        return undecided(f"refusal not accepted: {reason}")
    return refuted(
        f"refusal accepted: a stationary point of {found.model} has a gap, under {len(found.conditions)} conditions",
        "witness",
    )
