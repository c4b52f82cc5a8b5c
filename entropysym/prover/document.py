"""A derivation as the JSON document that the checker reads."""

from __future__ import annotations

from typing import Any

from entropysym.language.store import (
    FORMAT,
    canonical,
    digest,
    family_term,
    model_record,
    term,
)
from entropysym.prover.derivation import Derivation


def statement(derivation: Derivation) -> dict[str, Any]:
    """Declarations, model, objective, direction, claim and conditions: what the theorem says, without its proof."""
    model = derivation.model
    (gap,) = (s.after for s in derivation.steps if s.rule == "gap")
    plates = {p.name: tuple(plate.index for plate in p.plates) for p in model.parameters}
    return {
        "model": model_record(model),
        "objective": model.objective,
        "direction": {
            name: term(motion, model, plates[name])
            for name, motion in derivation.direction.items()
        },
        "claim": {
            "gap": term(gap, model),
            "entropy_sum": term(derivation.steps[-1].after, model),
        },
        "conditions": [c.stored() for c in derivation.conditions],
    }


def document(derivation: Derivation) -> dict[str, Any]:
    """The whole document, hashes included."""
    body: dict[str, Any] = {
        "statement": statement(derivation),
        "certificates": {
            family.name: {
                "direction": {
                    a.name: family_term(found.direction[a], family) for a in family.arguments  # type: ignore[index]
                },
                "entropy": family_term(found.entropy, family),
            }
            for family, found in derivation.entropies.items()
        },
        "steps": [
            {"rule": s.rule, "result": term(s.after, derivation.model)} for s in derivation.steps
        ],
    }
    return {
        "format": FORMAT,
        **body,
        "sha256": {"statement": digest(body["statement"]), "document": digest(body)},
    }


def to_json(derivation: Derivation) -> str:
    """The canonical JSON text, byte-equal for equal derivations."""
    return canonical(document(derivation)) + "\n"


__all__ = ["document", "statement", "to_json"]
