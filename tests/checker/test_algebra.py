"""Normal forms have the value of their term, and equal terms have equal normal forms."""

import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import entropysym.checker
from entropysym.checker import Refused

from .battery import TABLES, Bench
from .documents import DOCUMENTS, workbench
from .random_terms import random_term, rewritten

BENCHES = [Bench(entropysym.checker, build()) for build in (*DOCUMENTS, workbench)]
NAMED = {bench.document.model.name: bench for bench in BENCHES}


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_terms_aimed_at_one_rule_each(name):
    for seed in range(3):
        for term in TABLES[name][0]:
            assert NAMED[name].disagreement(term, seed) is None


@pytest.mark.parametrize("name", TABLES)
def test_equal_terms_are_recognised(name):
    for left, right in TABLES[name][1]:
        assert NAMED[name].polynomial(left) == NAMED[name].polynomial(right), (left, right)


def terms(bench: Bench, rnd, depth: int = 5):
    return random_term(bench.raw["statement"]["model"], rnd, depth, reparam=bench.reparam)


@pytest.mark.slow
@settings(deadline=None, max_examples=500)
@given(st.sampled_from(BENCHES), st.randoms(use_true_random=False), st.integers(0, 99))
def test_value_of_random_terms(bench, rnd, seed):
    try:
        assert bench.disagreement(terms(bench, rnd), seed) is None
    except (Refused, OverflowError):  # exp of a large number, in floats
        assume(False)


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(st.sampled_from(BENCHES), st.randoms(use_true_random=False), st.integers(0, 99))
def test_derivative_of_random_terms(bench, rnd, seed):
    try:
        assert bench.disagreement(["D", terms(bench, rnd, 4)], seed) is None
    except (Refused, OverflowError):
        assume(False)


def has_log_of_product_of_sums(term) -> bool:
    """The one kind of equality in these rewritings that the normal form does not see."""
    if isinstance(term, int):
        return False
    if term[0] == "log":
        return '"add"' in json.dumps(term)
    return any(has_log_of_product_of_sums(t) for t in term if isinstance(t, list))


@pytest.mark.slow
@settings(deadline=None, max_examples=500)
@given(st.sampled_from(BENCHES), st.randoms(use_true_random=False))
def test_rewritten_terms_are_recognised(bench, rnd):
    term = terms(bench, rnd)
    assume(not has_log_of_product_of_sums(term))
    other = rewritten(term, rnd)
    try:
        assert bench.polynomial(term) == bench.polynomial(other)
    except Refused:
        assume(False)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(BENCHES), st.randoms(use_true_random=False), st.integers(0, 99))
def test_different_values_are_never_one_normal_form(bench, rnd, seed):
    from . import explicit_sums

    world = explicit_sums.world(bench.raw, seed)
    left, right = terms(bench, rnd, 3), terms(bench, rnd, 3)
    try:
        same = bench.polynomial(left) == bench.polynomial(right)
    except Refused:
        assume(False)
        return
    if same:
        a, b = explicit_sums.number(world, left), explicit_sums.number(world, right)
        assert abs(a - b) <= 1e-9 * (1 + abs(a))


def test_log_gamma_is_known_at_whole_and_half_numbers_alone():
    """gamma(5/2) = 3/4 sqrt pi and gamma(4) = 6; of gamma(4/3) nothing is known."""
    from types import SimpleNamespace

    from entropysym.checker.kernel.evaluate import Site, evaluate
    from entropysym.checker.kernel.normal_form import Work
    from entropysym.checker.kernel.terms import ARITHMETIC

    site = Site(Work(), SimpleNamespace(model=None), 0).apart(ARITHMETIC)

    def value(term):
        return evaluate(site, term)

    def same(one, other):
        return site.work.equal(value(one), value(other))

    half = ["frac", 1, 2]
    log_pi = ["mul", half, ["log", ["pi"]]]
    assert same(["loggamma", 4], ["log", 6])
    assert same(["loggamma", ["frac", 5, 2]], ["add", ["log", ["frac", 3, 4]], log_pi])
    third = value(["loggamma", ["frac", 4, 3]])
    assert [atom.head for mono in third for atom, _ in mono] == ["loggamma"]
