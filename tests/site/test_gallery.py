"""The gallery's marks: machine-checked is what Coq has accepted word for word."""

import pytest

import entropysym as es
from benchmarks import machine_checked as record
from tests.instances import found

NAMES = sorted(es.models.ZOO)


@pytest.mark.some(4)
@pytest.mark.parametrize("name", NAMES)
def test_what_ships_is_marked(name):
    """Else print and check it again: `python benchmarks/machine_checked.py --record`."""
    theory = es.render(found(name), to="coq")
    assert record.accepted(name, theory)
    assert not record.accepted(name, theory.replace("Theorem", "Lemma", 1))


def test_comments_are_not_part_of_what_was_accepted():
    theory = es.render(found("vae1"), to="coq")
    assert record.sha256(theory) == record.sha256("(* More. *)\n" + theory)
    assert record.sha256(theory) != record.sha256(theory.replace("vae1", "vae2"))


def test_another_prelude_takes_all_marks_away(monkeypatch):
    theory = es.render(found("vae1"), to="coq")
    monkeypatch.setattr(record, "prelude", lambda: "Definition Sum := 0.")
    assert not record.accepted("vae1", theory)
