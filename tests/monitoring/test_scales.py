"""One learned scale, from errors alone: beside the ELBO's own derivative, and beside what training the scale finds."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from entropysym.errors import InputError
from entropysym.monitoring import entropies
from entropysym.monitoring.scales import scale_report
from entropysym.networks.laws import LAWS

RNG = np.random.default_rng(8)
X = RNG.standard_t(5, size=(400, 3, 2))
M = 0.3 * X + 0.1
ERRORS = {"laplace": np.abs(X - M), "normal": (X - M) ** 2}


def log_likelihood(law, log_scale):
    return LAWS[law].log_density(np, X, M, np.exp(log_scale)).sum() / len(X)


@pytest.mark.parametrize("law", ERRORS)
def test_gap_is_minus_the_derivative_by_the_log_scale(law):
    found = scale_report(ERRORS[law], -0.7, law=law)
    h = 1e-5
    slope = (log_likelihood(law, -0.7 + h) - log_likelihood(law, -0.7 - h)) / (2 * h)
    assert found.gap_decoder == pytest.approx(-slope, rel=1e-7)
    assert found.gap_decoder == pytest.approx(LAWS[law].gap(np, X, M, math.exp(-0.7)).sum() / 400)


@pytest.mark.parametrize("law", ERRORS)
def test_the_stationary_scale_is_where_training_ends(law):
    found = scale_report(ERRORS[law], 0.9, law=law)
    best = minimize_scalar(lambda s: -log_likelihood(law, s), bounds=(-5, 5), method="bounded", options={"xatol": 1e-9})  # fmt: skip
    assert found.stationary_log_scale == pytest.approx(best.x, abs=1e-6)
    assert found.gain == pytest.approx(-best.fun - log_likelihood(law, 0.9), rel=1e-8)
    assert found.is_stationary is False
    assert scale_report(ERRORS[law], found.stationary_log_scale, law=law).is_stationary is True


def test_few_data_do_not_tell():
    exact = scale_report(ERRORS["laplace"], 0.0).stationary_log_scale
    few = scale_report(ERRORS["laplace"][:10], exact)
    assert few.is_stationary is None
    assert "do not tell" in str(few)


def test_it_is_the_part_of_the_report_on_arrays():
    x, mean = X.reshape(400, -1), M.reshape(400, -1)
    whole = entropies(x, np.zeros((400, 1)), [1.0], mean=mean, scale=0.5, decoder="laplace")
    assert scale_report(ERRORS["laplace"], math.log(0.5)).gap_decoder == pytest.approx(whole.gap_decoder)  # fmt: skip


@pytest.mark.parametrize(
    ("errors", "log_scale", "options", "says"),
    [
        (-ERRORS["laplace"], 0.0, {}, "is negative; pass"),
        (ERRORS["laplace"][:, 0, 0], 0.0, {}, r"errors has shape \(400,\)"),
        (ERRORS["laplace"] * np.nan, 0.0, {}, "is not finite"),
        (0 * ERRORS["laplace"], 0.0, {}, "all errors are 0"),
        (ERRORS["laplace"], [0.0, 1.0], {}, "log_scale is .*; pass one finite number"),
        (ERRORS["laplace"], 0.0, {"law": "cauchy"}, "unknown law .*cauchy"),
    ],
)
def test_what_is_refused(errors, log_scale, options, says):
    with pytest.raises(InputError, match=says):
        scale_report(errors, log_scale, **options)
