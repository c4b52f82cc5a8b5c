"""Sums over products of one-hot, simplex and plain entries: the normal form is the explicit sum, and it
does not depend on the order in which the indices are bound."""

import itertools
import math
import random
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from entropysym import checker

from .careless import careless

CASES = 400
SIZES = {"K": 2, "L": 3, "N": 2}
# name: head, range, plates. Two square simplexes and a square one-hot array: only the last index counts.
SYMBOLS = {
    "c": ("v", "onehot", "NK"),
    "d": ("v", "onehot", "K"),
    "e": ("v", "onehot", "K"),
    "c@-1": ("v", "onehot", "NK"),
    "g": ("v", "onehot", "LK"),
    "B": ("v", "onehot", "KK"),
    "pi0": ("param", "simplex", "K"),
    "A": ("param", "simplex", "KK"),
    "T": ("param", "simplex", "LL"),
    "m": ("param", "real", "LK"),
    "w": ("param", "real", "K"),
    "x": ("v", "real", "NL"),
}
Term = list[tuple[str, tuple[int, ...], int]]  # a product: symbol, places of its indices, exponent


def arrays(rng: np.random.Generator) -> dict[str, np.ndarray]:
    found = {}
    for name, (_, range_, plates) in SYMBOLS.items():
        shape = tuple(SIZES[size] for size in plates)
        if range_ == "onehot":
            found[name] = np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
        elif range_ == "simplex":
            table = rng.random(shape) + 0.1
            found[name] = table / table.sum(-1, keepdims=True)
        else:
            found[name] = rng.normal(size=shape)
    return found


def random_product(rng: random.Random) -> tuple[str, Term]:
    """The sizes of the binders, and a product over them."""
    binders = "".join(rng.choice("KKKLLN") for _ in range(rng.randint(1, 4)))
    places = {size: [i for i, other in enumerate(binders) if other == size] for size in SIZES}
    fitting = [name for name in SYMBOLS if all(places[size] for size in SYMBOLS[name][2])]
    product: Term = []
    for _ in range(rng.randint(1, 5) if fitting else 0):
        name = rng.choice(fitting)
        indices = tuple(rng.choice(places[size]) for size in SYMBOLS[name][2])
        product.append((name, indices, rng.choice((1, 1, 1, 2))))
    return binders, product


def explicit(binders: str, product: Term, numbers: dict[str, np.ndarray]) -> float:
    """Sums over the indices, the mean over the data."""
    result, data = 0.0, 1
    for place in itertools.product(*(range(SIZES[size]) for size in binders)):
        result += math.prod(
            numbers[name][tuple(place[i] for i in indices)] ** power
            for name, indices, power in product
        )
    for size in binders:
        data *= SIZES[size] if size == "N" else 1
    return float(result / data)


def bound(kernel: Any, work: Any, binders: str, product: Term, order: list[int]) -> dict:
    """The normal form, the indices bound in this order."""
    form, measures = kernel.normal_form, kernel.measures
    names = [work.fresh(("datum" if size == "N" else "index", size)) for size in binders]
    poly = form.constant(1)
    for name, indices, power in product:
        head, range_, _ = SYMBOLS[name]
        atom = work.atom(head, name, tuple(names[i] for i in indices), range_=range_)
        poly = work.product(poly, *[form.of(atom)] * power)
    for i in order:
        poly = measures.close(work, poly, names[i])
    return poly


def number(poly: dict, numbers: dict[str, np.ndarray], at: dict[int, int]) -> float:
    """A polynomial as a number, by loops over the binders of its measures."""
    return sum(
        float(c) * math.prod(_atom(atom, numbers, at) ** float(power) for atom, power in mono)
        for mono, c in poly.items()
    )


def _atom(atom: Any, numbers: dict[str, np.ndarray], at: dict[int, int]) -> float:
    if atom.head == "size":
        return SIZES[atom.label]
    if atom.head == "delta":
        return float(at[atom.ids[0]] == at[atom.ids[1]])
    if atom.head == "measure":
        names = [name for name, _ in atom.binders]
        sizes = [SIZES[size] for _, (_, size) in atom.binders]
        count = math.prod(SIZES[size] for _, (tag, size) in atom.binders if tag == "datum")
        places = itertools.product(*map(range, sizes))
        inner = (at | dict(zip(names, place, strict=True)) for place in places)
        return sum(number(dict(atom.bodies[0]), numbers, one) for one in inner) / count
    return float(numbers[atom.label][tuple(at[name] for name in atom.ids)])


def wrong(kernel: Any, case: int) -> list[str]:
    """What is wrong with one random product."""
    rng = random.Random(case)
    numbers = arrays(np.random.default_rng(case))
    binders, product = random_product(rng)
    work = kernel.normal_form.Work()
    orders = [rng.sample(range(len(binders)), len(binders)) for _ in range(4)]
    forms = [bound(kernel, work, binders, product, order) for order in orders]
    wanted = explicit(binders, product, numbers)
    found = []
    if any(form != forms[0] for form in forms):
        found.append(f"{binders} {product}: another normal form in another order")
    if abs(number(forms[0], numbers, {}) - wanted) > 1e-9 * (1 + abs(wanted)):
        found.append(f"{binders} {product}: {number(forms[0], numbers, {})}, not {wanted}")
    return found


@pytest.mark.slow
def test_products_are_explicit_sums_in_any_order():
    """Else one-hot and simplex entries would be rewritten to what they are not, or equal sums would
    look different."""
    found = [message for case in range(CASES) for message in wrong(checker.kernel, case)]
    assert not found


def test_rewriting_happens():
    """Else the test above would say nothing: c_k c_l is c_k where k = l, and entries sum to 1."""
    form, work = checker.kernel.normal_form, checker.kernel.normal_form.Work()

    def made(binders: str, product: Term) -> dict:
        return bound(checker.kernel, work, binders, product, [*range(len(binders))])

    one = form.constant(Fraction(1))
    assert made("K", [("d", (0,), 2)]) == one
    assert made("KK", [("d", (0,), 1), ("d", (1,), 1)]) == one
    assert made("KK", [("d", (0,), 1), ("A", (0, 1), 1)]) == one
    assert made("KK", [("A", (0, 1), 1)]) == form.of(work.atom("size", "K"))
    assert made("K", [("A", (0, 0), 1)]) != one
    assert made("K", [("pi0", (0,), 2)]) != one


WRONG: dict[str, tuple[str, str, str]] = {
    "c_k c_l is c_k for all k, l": (
        "kernel/normal_form.py",
        "rest = [item for item in powers.items() if item[0] not in (first, atom)]\n",
        "rest = [item for item in powers.items() if item[0] not in (first, atom)]\n"
        "                more = more[1:]\n",
    ),
    "one-hots of other data are the same": (
        "kernel/normal_form.py",
        "found.setdefault((atom.label, atom.ids[:-1]), atom)",
        "found.setdefault((atom.label,), atom)",
    ),
    "all one-hots are the same": (
        "kernel/normal_form.py",
        "found.setdefault((atom.label, atom.ids[:-1]), atom)",
        "found.setdefault(atom.ids[:-1], atom)",
    ),
    "simplex entries are 0 or 1": (
        "kernel/normal_form.py",
        'if atom.range == "onehot"]',
        'if atom.range in ("onehot", "simplex")]',
    ),
    "any index sums to 1": (
        "kernel/normal_form.py",
        "last == name and name not in others",
        "name in atom.ids",
    ),
    "a diagonal sums to 1": (
        "kernel/normal_form.py",
        "last == name and name not in others",
        "last == name",
    ),
    "powers of a simplex sum to 1": (
        "kernel/normal_form.py",
        "not in others and exponent == 1",
        "not in others",
    ),
    "anything sums to 1": (
        "kernel/normal_form.py",
        "return atom.range in ONE_IN_ALL and",
        "return",
    ),
    "entries sum to 1 beside other factors": (
        "kernel/measures.py",
        "[sums_to_one(*factor, name) for factor in drawn] == [True]",
        "any(sums_to_one(*factor, name) for factor in drawn)",
    ),
    "a delta keeps its sum": (
        "kernel/measures.py",
        "others = (name for name in opened if name != gone)",
        "others = opened",
    ),
}


@pytest.mark.some(5)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_noticed(name):
    """Else the products would not reach that rule."""
    copy: ModuleType = careless(WRONG[name])
    assert any(_tried(copy, case) for case in range(CASES))


def _tried(copy: ModuleType, case: int) -> Any:
    try:
        return wrong(copy.kernel, case)
    except Exception as error:
        return error
