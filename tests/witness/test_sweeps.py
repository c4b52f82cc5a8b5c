"""The identity at random configurations; the variants that must fail are in tests/laws."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from entropysym.errors import InputError
from entropysym.witness import configurations, sweep
from entropysym.witness.configurations import draw, shapes
from entropysym.witness.sweeps import Sweep, VariantResult


@pytest.mark.slow
def test_no_alarm_at_hundreds_of_configurations(case):
    seen = []
    result = sweep(case.identity, count=480, progress=lambda *step: seen.append(step))
    assert result.passed, result
    assert result.compared == 480
    assert 0 < result.largest < 4
    assert "seed 0, D=" in result.where
    assert seen[-1][:2] == (480, 480)


@pytest.fixture
def few_shapes(at_shapes):
    """Two shapes are enough, and to compile, where failure is expected."""
    at_shapes(*configurations.SHAPES[3:5])


@pytest.mark.some(1)
@pytest.mark.usefixtures("few_shapes")
def test_a_false_identity_fails_everywhere(case):
    false = case.entropy_sum + sp.Rational(1, 1000)
    result = sweep(replace(case.identity, entropy_sum=false), count=24)
    assert not result.passed
    # Where the terms are huge a thousandth of a nat may drown, but hardly anywhere.
    assert result.failures >= 20


@pytest.mark.usefixtures("few_shapes")
def test_huge_terms_that_cancel_hide_nothing(vae2_case):
    """A wrong side that rounding hides is not passed."""
    s = vae2_case.model.parameters[0].symbol
    zero = sp.Add(sp.Pow(1 + s, 2), -(s**2), -2 * s, -1, evaluate=False)
    false = vae2_case.entropy_sum + sp.Rational(1, 1000) + sp.Mul(10**16, zero, evaluate=False)
    result = sweep(replace(vae2_case.identity, entropy_sum=false), count=24)
    assert result.failures < 24
    assert result.coarse == 24
    assert not result.passed


@pytest.mark.slow
def test_a_formula_that_fits_the_small_sizes_only_fails(vae2_case):
    D = vae2_case.model.observed.size
    wrong = vae2_case.entropy_sum + sp.prod(D - k for k in range(1, 7))
    result = sweep(replace(vae2_case.identity, entropy_sum=wrong), count=64)
    assert result.failures == 64 // 8


def test_nothing_compared_is_a_failure():
    assert not Sweep("m", 0, 0, 0, 0.0, "nowhere").passed
    assert not VariantResult("v", 0, 0, False).passed
    assert not VariantResult("v", 10, 0, False).passed
    assert VariantResult("v", 10, 0, True).passed


@pytest.mark.usefixtures("few_shapes")
def test_numbers_that_are_not_finite_are_no_pass_and_no_failure(vae2_case):
    sigma2 = vae2_case.model.parameters[0].symbol
    broken = vae2_case.entropy_sum + sp.exp(sp.exp(sp.exp(sigma2 + 9)))
    result = sweep(replace(vae2_case.identity, entropy_sum=broken), count=24)
    assert (result.failures, result.broken) == (0, 24)
    assert result.largest == np.inf
    assert not result.passed


def test_configurations_are_random_ragged_and_repeatable(case):
    model = case.model
    every = shapes(model)
    assert len(every) == 8
    for size in ("D", "H", "N"):
        found = {s[size] for s in every}
        assert 1 in found
        assert max(found) >= 6
    assert len({shapes(model, seed)[-1] for seed in range(20)}) > 5
    few, many = (draw(model, every[5], 3, k) for k in (2, 50))
    for name, array in few.arrays.items():
        assert np.array_equal(array, many.arrays[name][:2])
    assert not np.array_equal(few.arrays["x"], draw(model, every[5], 4, 2).arrays["x"])
    positive = many.arrays["sigma2" if model.name == "vae2" else "sigma"]
    assert positive.min() < 0.05
    assert positive.max() > 20


@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_counts_that_make_no_sense(case, count):
    with pytest.raises(InputError, match=r"count is .*; pass an integer >= 1"):
        sweep(case.identity, count=count)
