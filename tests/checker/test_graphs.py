"""Graphs of factors: each true document is accepted, each false one refused, and for each rule that a
careless checker lacks there is a false document that such a checker accepts."""

import copy
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from entropysym.checker import Malformed, Refused, replay

from .careless import careless
from .graph_falsehoods import FALSE, TRAPS, independent_shape, variants, without_conditions
from .graph_terms import sealed
from .graphs import GRAPHS, chain
from .matrix_falsehoods import FALSE as FALSE_MATRICES
from .matrix_falsehoods import TRAPS as MATRIX_TRAPS
from .matrix_falsehoods import VALID as MATRICES

FALSE, TRAPS = FALSE | FALSE_MATRICES, TRAPS | MATRIX_TRAPS

STEP = 80  # of all variants of all documents, the quick test looks at one in so many
WRONG = (None, True, 0, -1, "", "x", "N", [], [[]], ["N"], [0], {}, {"x": 0}, 10**17)


@pytest.mark.some(6)
@pytest.mark.parametrize("name", GRAPHS)
def test_each_graph_is_accepted(name):
    """Else the checker could not read a model of this kind, or its algebra would not close."""
    document = GRAPHS[name]()
    result = replay(json.dumps(document))
    assert not result.shipped
    assert list(map(list, result.conditions)) == document["statement"]["conditions"]


@pytest.mark.parametrize("name", MATRICES)
def test_what_is_true_of_matrices_is_accepted(name):
    """Else what is false of them would be refused for no reason."""
    assert replay(json.dumps(MATRICES[name]())).work > 0


def test_a_printed_class_has_an_index_of_its_own():
    """Else the row that c selects would read as the diagonal of A."""
    lines = replay(json.dumps(GRAPHS["hidden_markov"]())).statement.splitlines()
    law = "categorical(vec_(i3 <= K) (A[i2, i3])) at the class i2 <= K of c@-1"
    assert f"  transition p(c[n1, i1] | c@-1) = {law}" in lines


@pytest.mark.slow
def test_the_work_for_a_chain_grows_linearly():
    """Else a deep model would be over the limit: a full noise form triples with each layer."""
    work = [replay(json.dumps(chain(length))).work for length in range(1, 13)]
    steps = [after - before for before, after in itertools.pairwise(work)]
    assert work[11] <= 2.5 * work[5]
    assert max(steps) <= 1.2 * min(steps), steps


def test_noise_of_a_fixed_law_is_independent():
    """Else the trap about its shape would be refused for no reason."""
    replay(json.dumps(independent_shape()))


def _all_variants() -> Iterator[tuple[str, dict]]:
    for name, build in GRAPHS.items():
        document = build()
        for kind in (variants, without_conditions):
            yield from ((f"{name}: {what}", false) for what, false in kind(document))


def _accepted(documents: Iterator[tuple[str, dict]]) -> list[str]:
    wrong = []
    for what, document in documents:
        try:
            replay(json.dumps(document))
            wrong.append(what)
        except Refused:
            pass
    return wrong


@pytest.mark.slow
def test_variants_are_refused():
    """Other weights, signs, sizes, directions, excesses and conditions: else the claim is not compared."""
    assert not _accepted(itertools.islice(_all_variants(), 5, None, STEP))


@pytest.mark.slow
def test_all_variants_are_refused():
    everything = list(_all_variants())
    assert len(everything) > 1000
    assert not _accepted(iter(everything))


@pytest.mark.some(14)
@pytest.mark.parametrize("name", FALSE)
def test_false_models_are_refused(name):
    """Each for its own reason: else the rule is not there."""
    build, word = FALSE[name]
    with pytest.raises((Refused, Malformed)) as caught:
        replay(json.dumps(sealed(build())))
    assert word in str(caught.value)


@pytest.mark.some(2)
@pytest.mark.parametrize("name", TRAPS)
def test_a_careless_copy_accepts_what_is_refused(name):
    """The document tests the rule: it is refused with the rule and accepted without it."""
    build, word, changes = TRAPS[name]
    text = json.dumps(build())
    with pytest.raises((Refused, Malformed)) as caught:
        replay(text)
    assert word in str(caught.value)
    assert careless(*changes).replay(text).work > 0


def _places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The paths of all entries of the model, terms left out but for their first entries."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _places(part, (*path, key))
    elif isinstance(value, list) and not _is_term(value):
        for k, part in enumerate(value):
            yield from _places(part, (*path, k))
    elif isinstance(value, list):
        yield from ((*path, k) for k in range(len(value)))


def _is_term(value: list) -> bool:
    return bool(value) and isinstance(value[0], str) and len(value) > 1 and value[1:] != [[]]


def _put(document: dict, path: tuple, new: Any) -> dict:
    document = copy.deepcopy(document)
    _at(document, path[:-1])[path[-1]] = new
    return document


def _says_another_truth(path: tuple) -> bool:
    """Names, the terms of arguments and families, and what a factor of any law reads: the statement is
    about another model then, of which it may be true as well."""
    return path[-1] in ("name", "given") or not {"arguments", "families"}.isdisjoint(path)


FUZZED = [
    ("weighted_mixture", ()),
    ("hidden_markov", ("lags",)),
    pytest.param("hidden_markov", (), marks=pytest.mark.slow),
    pytest.param("semi_supervised", (), marks=pytest.mark.slow),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "under"), FUZZED)
def test_wrong_types_are_malformed_or_refused(name, under):
    """Any entry of another type or value: never another exception."""
    document = GRAPHS[name]()
    accepted = []
    root = ("statement", "model", *under)
    for path in _places(_at(document, root), root):
        old = json.dumps(_at(document, path))
        for wrong in (wrong for wrong in WRONG if json.dumps(wrong) != old):
            try:
                replay(json.dumps(sealed(_put(document, path, wrong))))
            except (Refused, Malformed):
                continue
            accepted.append((path, old, wrong))
    assert all(_says_another_truth(path) for path, _, _ in accepted), accepted


def _at(document: dict, path: tuple) -> Any:
    for key in path:
        document = document[key]
    return document


@pytest.mark.some(1)
@pytest.mark.parametrize("name", ["hidden_markov", "semi_supervised", "weighted_mixture"])
def test_keys_that_are_missing_or_too_many_are_malformed(name):
    """Else a reader of the document would see what the checker does not, or the other way round."""
    document = GRAPHS[name]()
    for path in _places(document["statement"]["model"], ("statement", "model")):
        owner = _at(document, path)
        if not isinstance(owner, dict):
            continue
        for key in ["more", *owner]:
            new = dict(owner)
            if key == "more":
                new[key] = 0
            else:
                del new[key]
            with pytest.raises((Malformed, Refused)):
                replay(json.dumps(sealed(_put(document, path, new))))
