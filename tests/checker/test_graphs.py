"""Graphs of factors: each true document is accepted, and each false variant of it is refused."""

import json

import pytest

from entropysym.checker import replay

from .graphs import GRAPHS, chain


@pytest.mark.parametrize("name", GRAPHS)
def test_each_graph_is_accepted(name):
    """Else the checker could not read a model of this kind, or its algebra would not close."""
    document = GRAPHS[name]()
    result = replay(json.dumps(document))
    assert not result.shipped
    assert list(map(list, result.conditions)) == document["statement"]["conditions"]


def test_the_work_for_a_chain_grows_linearly():
    """Else a deep model would be over the limit: a full noise form triples with each layer."""
    work = [replay(json.dumps(chain(length))).work for length in range(1, 13)]
    steps = [after - before for before, after in zip(work, work[1:], strict=False)]
    assert work[11] <= 2.5 * work[5]
    assert max(steps) <= 1.2 * min(steps), steps
