"""Where a point is so steep that a rounding of its numbers makes more than the terms show, the sides may differ by as much; a false claim stays false there."""

import numpy as np
import pytest

from entropysym.lowering.precision import EPS, TOLERANCE
from entropysym.testing.comparing import Both, steadied
from entropysym.testing.sides import Values


class _Sides:
    """Two ways to compute a steep function of one number, and what is wrong with the second."""

    def __init__(self, steepness, wrong=0.0):
        self.steepness, self.wrong = steepness, wrong

    def at(self, shape, flat):
        def side(a, wrong=0.0):
            value = np.exp(self.steepness * a) * (1 + wrong)
            return Values(value[:, None, None], np.abs(value)[:, None])

        a = flat["a"]
        return Both(side(a), side(a * (1 + EPS), self.wrong))


FLAT = {"a": np.array([0.7, 0.3])}


def test_a_steep_point_passes():
    sides = _Sides(600.0)
    before = sides.at(None, FLAT)
    assert (before.residual > TOLERANCE).any()
    assert (steadied(sides, None, FLAT, before).residual <= TOLERANCE).all()


@pytest.mark.parametrize("steepness", [1.0, 600.0])
def test_a_false_claim_stays_false(steepness):
    sides = _Sides(steepness, wrong=1e-9)
    assert (steadied(sides, None, FLAT, sides.at(None, FLAT)).residual > TOLERANCE).all()


def test_what_passes_is_left_as_it_is():
    sides = _Sides(1.0)
    both = sides.at(None, FLAT)
    assert steadied(sides, None, FLAT, both) is both


def test_what_is_not_finite_warns_nobody():
    """Of a wrong variant or a steep point; whoever compares sees it."""
    values = Values(np.array([[[np.inf], [-np.inf]], [[1.0], [2.0]]]), np.ones((2, 1)))
    assert np.isnan(values.value[0, 0])
    assert values.value[1, 0] == 3.0
    assert not Both(values, values).finite[0]
