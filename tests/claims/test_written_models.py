"""The graphs that `docs/models.md` writes down: short, derived, rendered, swept, and brought to a stationary point on simulated data."""

import re
from functools import cache
from pathlib import Path

import pytest

import entropysym as es
from entropysym.claims.on_graphs import graph_sample, rest_on_graph
from entropysym.prover import Derivation
from entropysym.witness import sweep, try_variants

PAGE = Path(es.__file__).parent.parent / "docs" / "models.md"
#: The lines that each may take.
LINES = {"three_layers": 20, "mixture": 12, "semi_supervised": 20, "two_views": 20}


@cache
def _written():
    """The text of each model, by its name."""
    (block,) = (
        text
        for text in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
        if "three_layers" in text
    )
    parts = ["w = ModelWriter" + part for part in block.split("\nw = ModelWriter")[1:]]
    return {re.search(r'w\.model\("(\w+)"\)', part).group(1): part for part in parts}


@cache
def _derived(name):
    own = {}
    lines = _written()[name].split(f'w.model("{name}")')[0] + f'w.model("{name}")'
    exec("from entropysym import ModelWriter, families as f\n" + lines, own)
    return es.derive(own[name])


def test_they_are_the_ones_that_are_promised():
    assert list(_written()) == list(LINES)


@pytest.mark.some(1)
@pytest.mark.parametrize("name", LINES)
def test_a_model_is_short_derived_and_rendered(name):
    text = _written()[name]
    lines = text.split(f'w.model("{name}")')[0].strip().splitlines()
    assert len([line for line in lines if line]) <= LINES[name]
    d = _derived(name)
    assert isinstance(d, Derivation)
    assert str(d.verdict).startswith("proved")
    for form in ("text", "markdown", "latex"):
        assert len(es.render(d, form)) > 1000


@pytest.mark.slow
@pytest.mark.parametrize("name", LINES)
def test_it_is_swept_and_brought_to_a_stationary_point(name):
    d = _derived(name)
    assert sweep(d.identity, count=60).passed
    assert all(v.rejected for v in try_variants(d.identity, count=30) if not v.equal)
    m = rest_on_graph(d, graph_sample(d.model, None)).measured
    assert m.as_predicted
    assert m.gradient_norm <= 1e-8
    assert abs(m.gap.gap) <= 1e-8
