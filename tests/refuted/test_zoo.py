"""The gap identity for every model of the zoo, with the prover's direction and entropy sum."""

import pytest

from entropysym.models import ZOO
from entropysym.witness import configurations, sweep

from .zoo import EXCESS, derivation


@pytest.fixture(autouse=True)
def few_shapes(monkeypatch):
    """Compilation takes the time: two shapes here, all of them in `verify`."""
    shapes = configurations.SHAPES
    monkeypatch.setattr(configurations, "SHAPES", (shapes[1], shapes[3]))


@pytest.mark.parametrize("name", ZOO)
def test_no_alarm(name):
    d = derivation(name)
    assert (d.excess != 0) == (name in EXCESS)
    result = sweep(d.model, d.direction, d.entropy_sum, count=200)
    assert result.passed, result
    assert 0 < result.largest < 4
