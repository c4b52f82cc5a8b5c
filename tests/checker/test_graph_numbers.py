"""What no equality tests: weights, plates and averages of the entropies, and 1/N for what is global.

H[q] stands in F and in E and cancels, so the kernel's algebra would accept seven of them. Here the terms
that the kernel builds are numbers, and so is E_q[log p - log q] / N, written out for each model.
"""

import ast
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from entropysym.checker.kernel import reader, theorem

from .careless import careless
from .graph_numbers import EXAMPLES, Example
from .graphs import GRAPHS
from .mutations import FOLDER, mutants

NOTICED = 1e-6
BUILDERS = ("head", "per_datum", "_sum", "elbo_parts", "entropy_sum")


@cache
def example(name: str) -> Example:
    return EXAMPLES[name](GRAPHS[name]())


@cache
def by_definition(name: str) -> tuple[float, float]:
    return example(name).elbo(), example(name).entropies()


def built(name: str, reader: Any, theorem: Any) -> tuple[float, float]:
    """The numbers of the two terms that a kernel builds."""
    one = example(name)
    model = reader.model(one.document["statement"]["model"])
    elbo, entropies = theorem.elbo(model), theorem.entropy_sum(model)
    return one.numbers.value(elbo), one.numbers.value(entropies)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_elbo_is_the_elbo(name):
    """Else F is not the mean over data of E_q[log p - log q]."""
    elbo, _ = built(name, reader, theorem)
    assert elbo == pytest.approx(by_definition(name)[0], abs=1e-12)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_entropy_sum_is_what_the_elbo_is_without_its_slope(name):
    """E = F - D F, with D F a difference of the definition; and the closed form is this number."""
    _, entropies = built(name, reader, theorem)
    closed = example(name).document["statement"]["claim"]["entropy_sum"]
    assert entropies == pytest.approx(by_definition(name)[1], abs=1e-9)
    assert example(name).numbers.value(closed) == pytest.approx(entropies, abs=1e-12)


def noticed(kernel: ModuleType) -> list[str]:
    """The examples that show that this copy builds other terms, or none that can be evaluated."""
    parts = kernel.kernel
    found = []
    for name in EXAMPLES:
        try:
            numbers = built(name, parts.reader, parts.theorem)
        except Exception:
            found.append(name)
            continue
        differ = zip(numbers, by_definition(name), strict=True)
        found += [name] if max(abs(a - b) for a, b in differ) > NOTICED else []
    return found


AVERAGE = '"H": factor.given}'
H_IN_F = '*((factor, head(model, "H", factor)) for factor in model.q.values()),'
H_IN_E = 'parts = [(factor, head(model, "H", factor)) for factor in model.q.values()]'
MEANS = '["mean", plate, body] if plate else body for'
PLATES = '[["size", plate]] if plate else [] for'
COUNTED = "self.data_plate(factor.of[0]) for factor in self.factors.values()"
NEGATIVE = '["mul", -1, head(model, "H", factor)]'
PLANTED = {
    "an entropy of q counts seven times": [
        (
            "kernel/theorem.py",
            H_IN_F,
            H_IN_F.replace("head(", '["mul", 7, head(').replace(")) for", ")]) for"),
        ),
        (
            "kernel/theorem.py",
            H_IN_E,
            H_IN_E.replace("head(", '["mul", 7, head(').replace(")) for", ")]) for"),
        ),
    ],
    "entropies of q that read latents do not count": [
        (
            "kernel/theorem.py",
            H_IN_F,
            H_IN_F.replace("values()", "values() if not any(map(model.latent, factor.given))"),
        ),
        (
            "kernel/theorem.py",
            H_IN_E,
            H_IN_E.replace("values()", "values() if not any(map(model.latent, factor.given))"),
        ),
    ],
    "entropies are not averaged over what they read": [
        ("kernel/theorem.py", AVERAGE, '"H": []}'),
    ],
    "log p is not averaged over its own variable": [
        ("kernel/theorem.py", '"logp": [*factor.of, *factor.given]', '"logp": factor.given'),
    ],
    "what is global counts for each datum": [
        ("kernel/terms.py", COUNTED, '"" for _ in "a"'),
    ],
    "a mean over data is a sum": [
        (
            "kernel/theorem.py",
            MEANS,
            '["mul", ["size", plate], ["mean", plate, body]] if plate else body for',
        ),
    ],
    "data plates count alike": [("kernel/theorem.py", PLATES, "[] for")],
    "the number of data is that of the first plate": [
        (
            "kernel/theorem.py",
            "for plate in model.data]), -1]",
            "for plate in model.data[:1]]), -1]",
        ),
    ],
    "the number of data is not divided by": [
        ("kernel/theorem.py", "for plate in model.data]), -1]", "for plate in model.data]), 1]"),
    ],
    "what is global is inside the first data plate": [
        (
            "kernel/theorem.py",
            "by_plate.setdefault(model.data_plate(factor.of[0]), [])",
            "by_plate.setdefault(model.data[0], [])",
        ),
    ],
    "entropies of p count twice": [
        ("kernel/theorem.py", NEGATIVE, '["mul", -2, head(model, "H", factor)]'),
    ],
    "entropies of p are added": [("kernel/theorem.py", NEGATIVE, 'head(model, "H", factor)')],
    "log h is not averaged over the class": [
        ("kernel/theorem.py", '"logh": factor.of + chosen,', '"logh": factor.of,'),
    ],
    "log h is left out": [
        (
            "kernel/theorem.py",
            "log_base_measure != 0:\n            parts",
            "log_base_measure == 1:\n            parts",
        ),
    ],
    "the last factor of p is left out": [
        (
            "kernel/theorem.py",
            "    for factor in model.p.values():\n        parts.append((factor, " + NEGATIVE,
            "    for factor in [*model.p.values()][:-1]:\n        parts.append((factor, "
            + NEGATIVE,
        ),
    ],
}


# An expectation of a constant is that constant, and a sum of one addend is that addend.
AVERAGED = "factor.family != ANY and any(map(model.latent, reads[kind]))"
HARMLESS = {
    f"head: {AVERAGED} -> any(map(model.latent, reads[kind]))",
    f"head: {AVERAGED} -> factor.family != ANY",
    "_sum: len(parts) > 1 -> True",
}


@pytest.mark.some(1)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_noticed(name):
    """Else the numbers would not see what they are there for."""
    assert noticed(careless(*PLANTED[name]))


@pytest.mark.slow
def test_each_weight_of_the_builders_is_noticed():
    """Every number, entry and condition of the functions that build F and E, changed one at a time."""
    source = (FOLDER / "kernel/theorem.py").read_text()
    tree = ast.parse(source)
    missed = []
    changes = [one for one in mutants({"kernel/theorem.py": tree}) if one.function in BUILDERS]
    for change in changes:
        old = change.place.node
        change.place.put(change.new)
        text = ast.unparse(ast.fix_missing_locations(tree))
        change.place.put(old)
        if not noticed(careless(("kernel/theorem.py", source, text))):
            missed.append(change.key)
    assert len(changes) > 12
    assert {change.removeprefix("kernel/theorem.py ") for change in missed} == HARMLESS
