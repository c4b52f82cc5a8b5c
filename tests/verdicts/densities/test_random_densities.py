"""Verdicts on random densities against least squares."""

import pytest

from . import trying
from .__main__ import report, run, unmet
from .drawing import KINDS, USES, draft
from .oracle import is_closed
from .trying import judged, tried


@pytest.mark.slow
def test_every_kind_is_drawn_and_both_answers_are_common():
    drafts = [draft(seed) for seed in range(60)]
    assert {d.kind for d in drafts} == set(KINDS)
    words = [is_closed(d).word for d in drafts]
    assert min(words.count("true"), words.count("false")) >= 15
    assert words.count("unknown") == 0
    assert draft(3) == draft(3)


def test_a_wrong_verdict_is_noticed(monkeypatch):
    drafts = {is_closed(d).word: d for d in map(draft, range(10))}
    said = {"reason": "", "claims": [], "seconds": 0.0}
    for word, lie, fault in (
        ("false", "PROVED", "false PROVED"),
        ("true", "REFUTED", "false REFUTED"),
        ("true", "UNDECIDED", "not settled"),
        ("true", "EXCEPTION", "exception"),
    ):
        monkeypatch.setattr(trying, "asked", lambda *_, v=lie: said | {"verdict": v})
        d = drafts[word]
        assert judged(d, "decoder", is_closed(d))["fault"] == fault


@pytest.mark.slow
def test_few_random_densities():
    rows = [row for seed in range(20) for row in tried(seed, uses=(USES[seed % 2],))]
    assert not unmet(rows, most=1), report(rows)


@pytest.mark.slow
def test_a_thousand_random_densities():
    rows = run(range(10_000, 11_000), jobs=2)
    assert not unmet(rows), report(rows)
