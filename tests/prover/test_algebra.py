"""Multiplying out and adding fractions do less than one would by hand, and find the same."""

from functools import reduce
from operator import add

import pytest
import sympy as sp

from entropysym.errors import WorkLimitError
from entropysym.language import algebra
from entropysym.language.algebra import distributed, limited_work
from entropysym.language.formula import replaced
from entropysym.prover import elimination
from entropysym.prover.elimination import Field

a, b, c, d = sp.symbols("a b c d", positive=True)
SUMS = (a + b, 2 * a + 2 * b, 1 - c, a**2 + b * c, a - b)
TERMS = [
    sp.Rational(k + 1, 3) * base**power * b**other * sp.log(d)
    for k, (base, power, other) in enumerate(
        (base, power, other) for base in SUMS for power in (-2, -1, 1) for other in (-2, 0, 1)
    )
]


@pytest.mark.parametrize("size", [1, 2, 5, 9, 20])
def test_a_sum_of_fractions_is_what_adding_one_by_one_gives(size):
    for start in range(0, len(TERMS) - size, 7):
        terms = TERMS[start : start + size]
        field = Field.over(terms)
        whole, one_by_one = field.of(sp.Add(*terms)), reduce(add, map(field.of, terms))
        assert (whole.numer, whole.denom) == (one_by_one.numer, one_by_one.denom)
        assert whole != one_by_one + field.of(terms[0])


def test_fractions_with_one_denominator_are_added_at_once(monkeypatch):
    sums = []
    monkeypatch.setattr(
        Field, "_plus", lambda self, p, q, plus=Field._plus: sums.append(p) or plus(self, p, q)
    )
    powers = sp.Add(*(sp.Integer(k + 1) * c**k / (a + b) for k in range(-4, 5)))
    Field.over([powers]).of(powers)
    alike = len(sums)
    unlike = sp.Add(*(1 / (a + k * b) for k in range(1, 9)))
    Field.over([unlike]).of(unlike)
    assert alike == 0
    assert len(sums) == 7


def test_fractions_that_are_too_large_are_not_added_at_once(monkeypatch):
    e = c / (a + b) + d / (a + b)
    field = Field.over([e])
    assert field.of(e) == field.of((c + d) / (a + b))
    monkeypatch.setattr(elimination, "MOST", 2)
    with pytest.raises(WorkLimitError, match="too large to be added"):
        field.of(e)


def test_a_part_of_many_addends_is_looked_at_once():
    part = sp.log(sp.exp(a) + b)
    e = sp.Add(*(part * c**k + sp.exp(part * d**k) for k in range(1, 6)))
    seen = []

    def which(f):
        seen.append(f)
        return isinstance(f, sp.log)

    def by(f):
        return f.args[0] + 1

    once = algebra._each_once(e, (sp.log,), which, by)
    assert once == replaced(e, lambda f: isinstance(f, sp.log), by) != e
    assert seen.count(part) == 1
    assert sp.exp(a) not in seen


def test_what_is_remembered_is_charged_for():
    e = (a + b) * (b + c) * (c + d)
    with limited_work(100):
        distributed(e)
    with pytest.raises(WorkLimitError), limited_work(7):
        distributed(e)
