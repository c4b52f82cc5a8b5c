"""The shipped statements: every model of the zoo replays as the shipped one, and nothing else goes by its name."""

import pytest

import entropysym as es
from entropysym import checker
from entropysym.checker.known import KNOWN
from entropysym.language.store import canonical, digest
from entropysym.prover.document import document, statement, to_json


def test_every_model_of_the_zoo_has_its_hash(derivations):
    current = {}
    for name, found in derivations.items():
        found = found.partial if isinstance(found, es.Refusal) else found
        current[name] = digest(statement(found))
    assert current == KNOWN, (
        "the statements changed: look at what changed, then put these into known.py"
    )


def test_a_shipped_derivation_says_so(derivation):
    result = checker.replay(to_json(derivation))
    assert result.shipped
    assert result.origin == f"the shipped model {derivation.model.name!r}"


def test_another_true_statement_does_not_go_by_a_shipped_name():
    stored = document(es.derive(es.models.vae2(coordinates="std")))
    assert checker.replay(canonical(stored)).shipped is False
    stored["statement"]["model"]["name"] = "vae2"
    stored["sha256"]["statement"] = digest(stored["statement"])
    body = {k: stored[k] for k in ("statement", "certificates", "steps")}
    stored["sha256"]["document"] = digest(body)
    with pytest.raises(checker.Refused, match="is not that of the shipped model 'vae2'"):
        checker.replay(canonical(stored))
