"""The glossary knows every word that the code says, and nothing twice."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

import entropysym as es
from entropysym.ascent.settling import Ending
from entropysym.auditing.records import Outcome
from entropysym.errors import InputError
from entropysym.glossary import Entry, explain, glossary
from entropysym.glossary.explaining import folded
from entropysym.monitoring.stopping import Reason
from entropysym.networks.readings import Reading
from entropysym.pages.refusals import RESTS_ON
from entropysym.pages.wording import CONDITIONS, REASONS
from entropysym.prover.derivation import Rule
from entropysym.verdict import Value

PACKAGE = Path(es.__file__).parent
ENTRIES = list(glossary().values())


def _texts(nodes):
    inner = (n for node in nodes for n in ast.walk(node))
    return {n.value for n in inner if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def evidence_in(source):
    """Names of evidence that a module gives to verdicts."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in ("proved", "refuted", "undecided"):
                found |= _texts(node.args[1:])
            elif name == "Verdict":
                found |= _texts(node.args[2:])
            found |= _texts([k.value for k in node.keywords if k.arg == "evidence"])
    return found


def in_the_code():
    kinds = {
        "reading": Reading,
        "reason": Reason,
        "ending": Ending,
        "outcome": Outcome,
        "verdict": Value,
    }
    found = {f"{kind} {one.name}" for kind, names in kinds.items() for one in names}
    found |= {f"condition {kind}" for kind in {*CONDITIONS, *RESTS_ON}}
    found |= {f"rule {rule}" for rule in get_args(Rule)}
    evidence = set().union(*(evidence_in(p.read_text("utf-8")) for p in PACKAGE.rglob("*.py")))
    # Of enclosures the word is chosen beside the call.
    return found | {f"evidence {name}" for name in evidence | {"ball", "exact"}}


def faults(entries, wanted):
    """What is wrong with a glossary: code without an entry, entries for no code, words twice, and related words that are none."""
    explained = [name for e in entries for name in e.code]
    names = [folded(name) for e in entries for name in (e.word, *e.also)]
    words = {e.word for e in entries}
    return {
        "missing": wanted - {*explained},
        "unused": {*explained} - wanted,
        "twice": {n for n in (*explained, *names) if [*explained, *names].count(n) > 1},
        "unknown": {r for e in entries for r in e.related if r not in words or r == e.word},
    }


def test_every_word_of_the_code_has_one_entry_and_no_entry_has_another():
    assert not any((found := faults(ENTRIES, in_the_code())).values()), found
    assert set(get_args(Rule)) == set(REASONS)
    assert len(ENTRIES) >= 60


@pytest.mark.slow
def test_the_law_rejects():
    wanted, (first, *rest) = in_the_code(), ENTRIES
    coded = next(e for e in ENTRIES if e.code)
    assert faults([e for e in ENTRIES if e is not coded], wanted)["missing"] == {*coded.code}
    assert faults(ENTRIES, wanted - {"rule split"})["unused"] == {"rule split"}
    assert faults([*ENTRIES, Entry("elbo", "A word.")], wanted)["twice"] == {"elbo"}
    twice = replace(coded, word="another")
    assert {*coded.code} <= faults([*ENTRIES, twice], wanted)["twice"]
    assert faults([replace(first, related=("?",)), *rest], wanted)["unknown"] == {"?"}
    assert evidence_in("proved('reason', 'seen'); f(evidence=('a', *b))") == {"seen", "a"}


@pytest.mark.some(4)
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.word)
def test_an_entry_is_short_and_says_where_to_go_on(entry):
    assert 1 <= sum(entry.text.count(end) for end in (". ", ".\n")) + 1 <= 3
    assert entry.text.endswith(".")
    assert 20 < len(entry.text) < 400
    assert entry.related
    assert len(entry.formula) < 90


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("elbo", "ELBO"),
        ("Evidence Lower Bound", "ELBO"),
        ("NOISE_BALL", "noise ball"),
        ("noise-ball", "noise ball"),
        ("base_measure", "base measure"),
        ("condition finite", "finite"),
        ("stationary", "stationary point"),
        ("entropies sum", None),
        ("plates", "plate"),
        ("holds", "holds"),
        ("logits", "natural parameter"),
        ("closed_form", "closed form"),
    ],
)
def test_a_word_is_found_however_it_is_written(asked, word):
    if word is None:
        with pytest.raises(InputError, match=r"did you mean .*entropy sum"):
            explain(asked)
    else:
        assert explain(asked).word == word


def test_an_unknown_word_is_told_with_what_is_like_it():
    with pytest.raises(InputError, match="no 'tempring'; did you mean 'tempering direction'"):
        es.explain("tempring")
    with pytest.raises(InputError, match=r"no 'xyzxyz'; `entropysym explain` lists all words"):
        es.explain("xyzxyz")
    with pytest.raises(InputError, match="word is 3; pass a text"):
        es.explain(3)
