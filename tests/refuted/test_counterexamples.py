"""What is refused is false: at a vanishing gradient a gap remains, and where a formula predicts it, it is that gap."""

import pytest

from entropysym.numerics import COUNTER_EXAMPLES


@pytest.mark.parametrize("name", COUNTER_EXAMPLES)
def test_a_gap_at_a_vanishing_gradient(name):
    found = COUNTER_EXAMPLES[name]()
    assert found.name == name
    assert found.convinces, found
    assert found.gradient_norm < 1e-8
    assert abs(found.gap) > 1e-3
    if name == "softplus head":
        assert found.extra["gap_with_60_nodes"] == pytest.approx(found.gap, rel=1e-9)
    else:
        assert found.extra["predicted"] == pytest.approx(found.gap, rel=1e-9)
