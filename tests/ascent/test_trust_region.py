"""Steps that follow one Hessian: as good as Newton's, and far fewer Hessians."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entropysym.ascent import trust_region
from entropysym.ascent.trust_region import corrected, trust_region_steps


def rosenbrock(v):
    steps = v[1:] - v[:-1] ** 2
    gradient = np.zeros_like(v)
    gradient[1:] += 200 * steps
    gradient[:-1] += -400 * v[:-1] * steps - 2 * (1 - v[:-1])
    return float(np.sum(100 * steps**2 + (1 - v[:-1]) ** 2)), gradient


def rosenbrock_curvature(v):
    found = np.zeros((v.size, v.size))
    for i in range(v.size - 1):
        found[i, i] += 1200 * v[i] ** 2 - 400 * v[i + 1] + 2
        found[i + 1, i + 1] += 200
        found[i, i + 1] = found[i + 1, i] = -400 * v[i]
    return found


def saddle(v):
    """Stationary at 0, where it is no minimum; minima at (0, ±1)."""
    x, y = v
    return x**2 + y**4 / 4 - y**2 / 2, np.array([2 * x, y**3 - y])


def descend(function, curvature, v, most=200, **options):
    """Where the steps end, and how many Hessians it took."""
    radius, hessians = 1.0, 0
    while np.linalg.norm(function(v)[1]) > 1e-10 and radius > 0 and hessians < most:
        v, radius = trust_region_steps(v, radius, function, curvature, 1e-10, **options)
        hessians += 1
    return v, hessians


def test_a_corrected_hessian_saves_hessians():
    start = np.array([-1.2, 1.0])
    end, few = descend(rosenbrock, rosenbrock_curvature, start)
    np.testing.assert_allclose(end, 1.0, atol=1e-9)
    end, many = descend(rosenbrock, rosenbrock_curvature, start, trials=1)
    np.testing.assert_allclose(end, 1.0, atol=1e-9)
    assert 3 * few <= many


def test_a_wrong_correction_is_noticed(monkeypatch):
    start = np.array([-1.2, 1.0])
    _, right = descend(rosenbrock, rosenbrock_curvature, start)
    monkeypatch.setattr(trust_region, "corrected", lambda B, s, y: -corrected(-B, s, y))
    end, wrong = descend(rosenbrock, rosenbrock_curvature, start)
    # The next Hessian is exact again, so a wrong one costs time, never the minimum.
    np.testing.assert_allclose(end, 1.0, atol=1e-9)
    assert wrong > right


def test_a_saddle_is_left():
    def curvature(v):
        return np.diag([2.0, 3 * v[1] ** 2 - 1])

    end, _ = descend(saddle, curvature, np.array([1.0, 1e-6]))
    np.testing.assert_allclose(np.abs(end), [0.0, 1.0], atol=1e-9)


def test_only_a_hessian_itself_says_that_no_step_helps():
    def flat(v):
        return 1.0, np.full(v.shape, 1e-3)  # a gradient that no value follows

    v, radius = np.zeros(2), 1.0
    for _ in range(100):
        v, radius = trust_region_steps(v, radius, flat, lambda v: np.eye(2))
        if radius == 0:
            break
    assert radius == 0
    np.testing.assert_array_equal(v, 0.0)


@given(seed=st.integers(0, 2**32 - 1), P=st.integers(1, 6))
def test_the_correction_is_symmetric_and_meets_the_change_of_the_gradient(seed, P):
    rng = np.random.default_rng(seed)
    B = rng.normal(size=(P, P))
    B = B + B.T
    step, change = rng.normal(size=(2, P))
    found = corrected(B, step, change)
    np.testing.assert_allclose(found, found.T, atol=1e-9 * np.abs(found).max())
    scale = np.abs(found).max() * np.linalg.norm(step)
    np.testing.assert_allclose(found @ step, change, atol=1e-9 * max(1.0, scale))


@pytest.mark.parametrize("change", [[1.0, 2.0], [1.0, 3.0]])
def test_a_correction_that_divides_by_rounding_is_left_out(change):
    B, step = np.diag([1.0, 2.0]), np.array([1.0, 1.0])
    if change == [1.0, 3.0]:
        step = np.array([1.0, 0.0])  # r = (0, 3) is at right angles to s
    np.testing.assert_array_equal(corrected(B, step, np.array(change)), B)


def test_where_values_are_too_coarse_the_gradient_leads_to_a_saddle_too():
    def coarse(v):
        x, y = v
        return 1e6 + 1e-6 * (x**2 + 1e4 * y**4 - y**2), 1e-6 * np.array([2 * x, 4e4 * y**3 - 2 * y])

    def curvature(v):
        return 1e-6 * np.diag([2.0, 12e4 * v[1] ** 2 - 2])

    end, _ = trust_region_steps(np.array([1e-3, 1e-4]), 0.3, coarse, curvature, 1e-13)
    np.testing.assert_allclose(end, [0.0, 0.0], atol=1e-6)
    assert np.linalg.norm(coarse(end)[1]) <= 1e-13


def test_a_step_to_a_gradient_that_is_not_finite_is_not_taken():
    def cliff(v):
        gradient = np.where(np.abs(v) < 0.9, 2 * (v - 1), np.nan)
        return float(np.sum((v - 1) ** 2)), gradient

    v, _ = trust_region_steps(np.zeros(1), 2.0, cliff, lambda v: 2 * np.eye(1))
    assert 0 < v[0] < 0.9


def test_far_off_points_teach_nothing():
    """A first trial in a region of other magnitudes leaves the Hessian as it is, without a warning."""

    def steep(v):
        if abs(v[0]) > 0.5:
            return 1e300, np.array([1e200])
        return float(v[0] ** 2 - v[0] / 2), 2 * v - 0.5

    v, radius = np.zeros(1), 8.0
    v, radius = trust_region_steps(v, radius, steep, lambda v: 0.01 * np.eye(1), 1e-10)
    np.testing.assert_allclose(v, 0.25, atol=1e-6)
    B = np.eye(2)
    np.testing.assert_array_equal(corrected(B, np.array([1.0, 0.0]), np.array([1e9, 0.0])), B)


@pytest.mark.parametrize("wild", [np.inf, np.nan])
def test_a_hessian_that_is_not_finite_leads_nowhere(wild):
    """It overflows where an objective runs to infinity: the point stays, and no step is promised."""
    v = np.array([0.3, -0.2])
    end, radius = trust_region_steps(v, 1.0, rosenbrock, lambda v: np.full((2, 2), wild))
    assert np.array_equal(end, v)
    assert radius == 0
