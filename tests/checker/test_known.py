"""The shipped statements: every model of the zoo replays as the shipped one, and nothing else goes by its name."""

import json
import re
from dataclasses import replace

import pytest
import sympy as sp

import entropysym as es
from entropysym import checker, families
from entropysym.checker.known import FAMILIES, KNOWN, MODELS
from entropysym.errors import InputError
from entropysym.language.store import canonical, digest
from entropysym.models.catalogue import CATALOGUE
from entropysym.prover import derive as find
from entropysym.prover.document import document, statement, to_json
from tests import instances

from .known_hashes import hashes


@pytest.fixture(scope="module")
def zoo():
    """Every model in every form, derived and replayed."""
    return {name: instances.found(name) for name in es.models.ZOO}


@pytest.mark.slow
def test_every_model_of_the_zoo_has_the_verdict_that_is_listed(zoo):
    listed = {name: known.verdict for name, known in CATALOGUE.items()}
    assert listed == {name: found.verdict.value.value for name, found in zoo.items()}


def test_what_is_said_of_a_form_is_what_it_has():
    """It names each parameter that its model has not, and no two forms of a model are said to be the same."""
    for name, known in CATALOGUE.items():
        assert (known.of == "") == (known.differs == "")
        if known.of:
            form, model = es.models.ZOO[name](), es.models.ZOO[known.of]()
            assert form != model
            words = re.findall(r"\w+", known.differs)
            assert {p.name for p in form.parameters} - {p.name for p in model.parameters} <= {
                *words
            }
    said = [(known.of or name, known.differs) for name, known in CATALOGUE.items()]
    assert len(set(said)) == len(said)
    forms = {name for name, known in CATALOGUE.items() if known.of}
    assert {*es.models.zoo.VARIANTS} <= forms | {"factor_analysis"}


@pytest.mark.slow
def test_every_model_of_the_zoo_has_its_hash(zoo):
    current = {}
    for name, found in zoo.items():
        found = found.partial if isinstance(found, es.Refusal) else found
        current[name] = statement(found)
    tables = hashes(current)
    assert (tables["KNOWN"], tables["MODELS"]) == (KNOWN, MODELS), (
        "the statements changed: look at what changed, then run `python -m tests.checker.known_hashes`"
    )


@pytest.mark.some(5)
def test_a_shipped_derivation_says_so(derivation):
    result = checker.replay(to_json(derivation))
    assert result.shipped
    assert result.origin == f"the shipped model {derivation.model.name!r}"


def test_every_family_has_its_hash():
    assert hashes({})["FAMILIES"] == FAMILIES


def _restored(stored):
    """The document with the hashes that belong to what it says now."""
    stored["sha256"]["statement"] = digest(stored["statement"])
    body = {k: stored[k] for k in ("statement", "certificates", "steps")}
    stored["sha256"]["document"] = digest(body)
    return canonical(stored)


def test_another_density_does_not_go_by_the_name_of_a_shipped_family():
    """Twice the Normal density: every identity of the derivation holds, but its "entropy" is none."""
    twice = replace(families.NORMAL, log_density=families.NORMAL.log_density + sp.log(2))
    twice = replace(twice, location=None, scale=None)
    vae2 = es.models.vae2()
    decoder = replace(vae2.decoder, family=twice)
    with pytest.raises(InputError, match="two families called Normal"):
        vae2.with_laws(decoder=decoder)
    law = replace(decoder, family=replace(twice, name="Twice"))
    model = replace(vae2, name="m").with_laws(decoder=law)
    stored = json.loads(to_json(find(model)))
    printed = checker.replay(canonical(stored)).statement
    assert "normalised: NOT SHOWN: this family does not ship" in printed
    assert "normalised: shown, as that of location + scale * standard normal noise" in printed
    record = stored["statement"]["model"]["families"].pop("Twice")
    stored["statement"]["model"]["families"]["Laplace"] = record
    stored["statement"]["model"]["p"][1]["family"] = "Laplace"
    stored["certificates"]["Laplace"] = stored["certificates"].pop("Twice")
    for condition in stored["statement"]["conditions"]:
        condition[:] = ["Laplace" if word == "Twice" else word for word in condition]
    of_families = [
        i
        for i, c in enumerate(stored["statement"]["conditions"])
        if c[0] in ("normalised", "score")
    ]
    ordered = sorted(
        (stored["statement"]["conditions"][i] for i in of_families), key=lambda c: c[1]
    )
    for i, condition in zip(of_families, ordered, strict=True):
        stored["statement"]["conditions"][i] = condition
    with pytest.raises(checker.Refused, match="the family Laplace is not the shipped one"):
        checker.replay(_restored(stored))


def test_another_true_statement_does_not_go_by_a_shipped_name():
    stored = document(find(replace(es.models.vae2(coordinates="std"), name="own")))
    assert checker.replay(canonical(stored)).shipped is False
    stored["statement"]["model"]["name"] = "vae2"
    with pytest.raises(checker.Refused, match="is not that of the shipped model 'vae2'"):
        checker.replay(_restored(stored))
