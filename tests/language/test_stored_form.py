"""The stored form: the same bytes whatever the hash seed, and a round trip back to equal expressions."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import sympy as sp

import entropysym as es
from entropysym.language import Objective
from entropysym.language.noise import noise_form
from entropysym.language.store import model_record, term
from entropysym.prover.document import _objective, document, to_json
from tests.graph_models import GRAPHS
from tests.instances import MODELS, graph

from .reading import expression, model_from


@pytest.mark.parametrize("name", [*MODELS, *GRAPHS])
def test_every_model_comes_back(name):
    made = (MODELS | GRAPHS)[name]()
    record, objective = model_record(made), _objective(made)
    model = model_from(record, objective)
    assert model_record(model) == record
    assert _objective(model) == objective


def test_weights_of_factors_come_back():
    weights = {"p_z2": sp.Rational(1, 3), "q_z1": sp.Integer(3)}
    made = replace(MODELS["two_layer_vae"](), objective=Objective(weights=weights))
    stored = _objective(made)
    assert _objective(model_from(model_record(made), stored)) == stored
    assert set(stored["weights"]) == set(weights)


@pytest.fixture(params=GRAPHS)
def of_a_graph(request):
    """The derivation of each graph in turn."""
    return graph(request.param)


def _read_back(stored):
    statement = stored["statement"]
    return model_from(statement["model"], statement["objective"])


@pytest.mark.some(10)
def test_models_and_steps_come_back_equal(derivation):
    _come_back_equal(derivation)


@pytest.mark.some(2)
def test_graphs_and_their_steps_come_back_equal(of_a_graph):
    _come_back_equal(of_a_graph)


def _come_back_equal(derivation):
    stored = document(derivation)
    model = _read_back(stored)
    assert model_record(model) == stored["statement"]["model"]
    for step, kept in zip(derivation.steps, stored["steps"], strict=True):
        back = expression(kept["result"], model, noise_form(model, derivation.direction))
        # Bound indices are stored by position; where the model's own index names are the usual ones, expressions agree too.
        assert _unordered(term(back, model)) == _unordered(kept["result"])
        if set(map(str, model.sizes)) <= {"D", "H"}:
            assert back == step.after


def _unordered(term):
    """A term with addends and factors in an order that does not depend on the names of bound indices."""
    if not isinstance(term, list):
        return term
    parts = [_unordered(t) for t in term]
    return [parts[0], *sorted(parts[1:], key=str)] if parts[:1] in (["add"], ["mul"]) else parts


@pytest.mark.some(2)
def test_a_model_that_was_read_back_derives_the_same_document(derivation):
    _derives_the_same(derivation)


@pytest.mark.some(2)
def test_a_graph_that_was_read_back_derives_the_same_document(of_a_graph):
    _derives_the_same(of_a_graph)


def _derives_the_same(derivation):
    stored = document(derivation)
    again = es.derive(_read_back(stored))
    again = again.partial if isinstance(again, es.Refusal) else again
    assert document(again)["statement"]["conditions"] == stored["statement"]["conditions"]
    assert again.verdict == derivation.verdict
    assert _unordered(document(again)["statement"]["claim"]["entropy_sum"]) == _unordered(
        stored["statement"]["claim"]["entropy_sum"]
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "42"])
def test_documents_are_byte_equal_over_hash_seeds(seed, derivations):
    program = (
        "import json, sys, entropysym as es; from entropysym.prover import derive;"
        "from entropysym.prover.document import to_json;"
        "found = {name: derive(make()) for name, make in es.models.MODELS.items()};"
        "json.dump({name: to_json(getattr(d, 'partial', d)) for name, d in found.items()}, sys.stdout)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    made = json.loads(run.stdout)
    assert made == {name: to_json(getattr(d, "partial", d)) for name, d in derivations.items()}


def test_documents_hold_integers_texts_and_lists_only(derivation):
    def walk(node):
        if isinstance(node, dict):
            for key, value in node.items():
                assert isinstance(key, str)
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
        else:
            assert node is None or isinstance(node, (int, str))

    walk(json.loads(to_json(derivation)))
