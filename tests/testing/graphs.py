"""Random graphs of factors through the plugin: `pytest --entropysym --entropysym-shapes 1 tests/testing/graphs.py`.

ENTROPYSYM_FIRST and ENTROPYSYM_GRAPHS say which seeds. What is proved is compared with the model's own density at random configurations; what is refused makes no claim, and is counted.
"""

import os
from collections import Counter
from functools import cache

import pytest

import entropysym as es
from entropysym.prover import Derivation
from entropysym.testing import Theorem, random_graph

FIRST, COUNT = (int(os.environ.get(f"ENTROPYSYM_{n}", d)) for n, d in (("FIRST", 0), ("GRAPHS", 8)))
SEEDS = range(FIRST, FIRST + COUNT)


@cache
def derived(seed):
    return es.derive(random_graph(seed))


#: What is proved; a theorem for each.
graphs = [Theorem(found) for seed in SEEDS if isinstance(found := derived(seed), Derivation)]


def test_nothing_that_is_refuted_has_a_direction():
    """A witness that the checker replayed is one, whatever the prover thinks of it."""
    said = Counter(derived(seed).verdict.value.name for seed in SEEDS)
    print(f"{COUNT} graphs from seed {FIRST}: {dict(said)}")
    for seed in SEEDS:
        found = derived(seed)
        if found.verdict.value.name == "REFUTED":
            assert es.replay(es.render(found, to="json")).value.name == "REFUTED"


if not graphs:
    pytest.skip("none of these graphs is proved", allow_module_level=True)
