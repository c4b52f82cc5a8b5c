"""The stored form: the same bytes whatever the hash seed, and a round trip back to equal expressions."""

import json
import os
import subprocess
import sys

import pytest

import entropysym as es
from entropysym.errors import InputError
from entropysym.language.reading import expression, model_from
from entropysym.language.store import model_record, term
from entropysym.prover.document import document, to_json


def test_models_and_steps_come_back_equal(derivation):
    stored = document(derivation)
    model = model_from(stored["statement"]["model"])
    assert model_record(model) == stored["statement"]["model"]
    for step, kept in zip(derivation.steps, stored["steps"], strict=True):
        back = expression(kept["result"], model)
        assert back == step.after
        assert term(back, model) == kept["result"]


def test_a_model_that_was_read_back_derives_the_same_document(derivation):
    stored = document(derivation)
    again = es.derive(model_from(stored["statement"]["model"]))
    assert document(again) == stored


def test_documents_are_byte_equal_over_hash_seeds(derivation):
    program = (
        "import sys, entropysym as es; from entropysym.prover import derive;"
        "from entropysym.prover.document import to_json;"
        "sys.stdout.write(to_json(derive(es.models.MODELS[sys.argv[1]]())))"
    )
    for seed in ("1", "42"):
        run = subprocess.run(
            [sys.executable, "-c", program, derivation.model.name],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout == to_json(derivation)


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


@pytest.mark.parametrize(
    "stored",
    [["eval", "1"], ["__class__"], ["sum"], "x", None, True, 1.5, [], [["add"]], ["SUM", "H", 1]],
)
def test_unknown_heads_are_refused(stored):
    with pytest.raises((InputError, IndexError)):
        expression(stored, es.models.vae2())


@pytest.mark.parametrize("position", [-1, 5, "0", None])
def test_positions_out_of_range_are_refused(position):
    with pytest.raises(InputError, match="is no position among"):
        expression(["sum", "H", ["param", "alpha2", position]], es.models.vae2())
