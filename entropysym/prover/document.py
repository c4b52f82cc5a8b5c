"""A derivation as the JSON document that the checker reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from entropysym.language.objective import weight
from entropysym.language.records import COMPONENT, Family, Model, argument_name
from entropysym.language.store import (
    FORMAT,
    canonical,
    digest,
    family_term,
    model_record,
    term,
)
from entropysym.prover.conditions import refusal_conditions
from entropysym.prover.derivation import Derivation, Refusal
from entropysym.prover.families import FamilyCertificate
from entropysym.prover.refusing import Numbers, Witness


def statement(derivation: Derivation) -> dict[str, Any]:
    """Declarations, model, objective, direction, claim and conditions: what the theorem says, without its proof."""
    model = derivation.model
    (gap,) = (s.after for s in derivation.steps if s.rule == "gap")
    plates = {p.name: tuple(plate.index for plate in p.plates) for p in model.parameters}
    return {
        "model": model_record(model),
        "objective": _objective(model),
        "direction": {
            name: term(motion, model, plates[name]) for name, motion in derivation.direction.items()
        },
        "claim": {
            "gap": term(gap, model),
            "entropy_sum": term(derivation.stationary_value, model),
            "excess": term(derivation.excess, model),
        },
        "conditions": [c.stored() for c in derivation.conditions],
    }


def _objective(model: Model) -> Any:
    if model.objective.is_elbo:
        return "elbo"
    weighed = [(f.name, weight(model, f)) for f in model.factors]
    return {
        "weights": {name: term(w, model) for name, w in weighed if w != 1},
        "penalty": term(model.objective.penalty, model),
    }


def _motion(found: FamilyCertificate, argument: sp.Basic) -> sp.Basic:
    """An argument's motion; one that is not named stands still. A vector's is that of its component."""
    entry = argument[COMPONENT] if isinstance(argument, sp.IndexedBase) else argument
    return found.direction.get(entry, sp.S.Zero)


def certificates(entropies: Mapping[Family, FamilyCertificate]) -> dict[str, Any]:
    """The stored certificates of families, by the name of each."""
    return {
        family.name: {
            "direction": {
                argument_name(a): family_term(
                    _motion(found, a),
                    family,
                    (COMPONENT,) if isinstance(a, sp.IndexedBase) else (),
                )
                for a in family.arguments
            },
            "scale": family_term(found.scale, family),
            "shift": family_term(found.shift, family),
            "entropy": family_term(found.entropy, family),
        }
        for family, found in entropies.items()
    }


def document(derivation: Derivation) -> dict[str, Any]:
    """The whole document, hashes included."""
    body: dict[str, Any] = {
        "statement": statement(derivation),
        "certificates": certificates(derivation.entropies),
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


def refusal_document(refusal: Refusal, witness: Witness) -> dict[str, Any]:
    """A refusal with its witness, for the checker to replay."""
    model = refusal.model

    def numbers(values: Numbers) -> dict[str, Any]:
        return {name: _rational(v) for name, v in values.items()}

    body = {
        "model": model_record(model),
        "objective": _objective(model),
        "kind": witness.kind,
        "factor": witness.factor,
        "values": numbers(witness.values),
        "networks": numbers(witness.networks),
        "points": [[_rational(y), _rational(x)] for y, x in witness.points],
        "conditions": [c.stored() for c in refusal_conditions(model, witness.factor)],
    }
    return {"format": FORMAT, "refusal": body, "sha256": {"refusal": digest(body)}}


def _rational(value: sp.Rational) -> Any:
    return int(value.p) if value.q == 1 else ["frac", int(value.p), int(value.q)]


def refusal_to_json(refusal: Refusal, witness: Witness) -> str:
    """The canonical JSON text of a refusal with its witness."""
    return canonical(refusal_document(refusal, witness)) + "\n"


__all__ = [
    "certificates",
    "document",
    "refusal_document",
    "refusal_to_json",
    "statement",
    "to_json",
]
