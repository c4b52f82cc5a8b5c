"""Six wrong closed forms that have been shipped or printed somewhere, written once more: each is found, and each right one is left alone."""

import math

import numpy as np
import pytest
import torch  # noqa: F401 (loaded, a function of NumPy could be taken for one of PyTorch)
from scipy import special

from entropysym.auditing import Outcome, audit

# -- the laws ------------------------------------------------------------------------------------------


def log_normal(x, location, scale):
    z = (np.log(x) - location) / scale
    return -np.log(x) - np.log(scale) - math.log(2 * math.pi) / 2 - z**2 / 2


def without_the_jacobian(x, location, scale):
    return log_normal(x, location, scale) + np.log(x)


def entropy_of_log_normal(location, scale):
    return location + 0.5 + math.log(2 * math.pi) / 2 + np.log(scale)


def entropy_in_bits(location, scale):
    """As the box of an encyclopedia has it, beside entropies in nats."""
    return entropy_of_log_normal(location, scale) / math.log(2)


def inverse_wishart(x, freedom, scale, exponent=0.25):
    p = 2
    log_gamma = p * (p - 1) * exponent * math.log(math.pi) + sum(
        special.gammaln((freedom - j) / 2) for j in range(p)
    )
    log_partition = freedom * p / 2 * math.log(2) + log_gamma
    log_partition = log_partition - freedom / 2 * np.log(np.linalg.det(scale))
    power = -(freedom + p + 1) / 2 * np.log(np.linalg.det(x))
    return power - np.trace(scale @ np.linalg.inv(x), axis1=-2, axis2=-1) / 2 - log_partition


def wrong_inverse_wishart(x, freedom, scale):
    """pi to p (p - 1) / 2 in the multivariate gamma function."""
    return inverse_wishart(x, freedom, scale, exponent=0.5)


def normal(x, location, scale):
    return -np.log(scale) - math.log(2 * math.pi) / 2 - ((x - location) / scale) ** 2 / 2


def kl_of_normals(p, q):
    ratio = p["scale"] / q["scale"]
    away = (p["location"] - q["location"]) / q["scale"]
    return (ratio**2 + away**2 - 1) / 2 - np.log(ratio)


def kl_swapped(p, q):
    return kl_of_normals(q, p)


def dirichlet(x, concentration):
    log_beta = np.sum(special.gammaln(concentration)) - special.gammaln(np.sum(concentration))
    return np.sum((concentration - 1) * np.log(x), axis=-1) - log_beta


def entropy_of_dirichlet(concentration, shift=0.0):
    a = concentration
    log_beta = np.sum(special.gammaln(a)) - special.gammaln(np.sum(a))
    whole = (a.sum() - a.size) * special.digamma(a.sum() - shift)
    return log_beta + whole - np.sum((a - 1) * special.digamma(a))


def wrong_entropy_of_dirichlet(concentration):
    """The digamma of the sum less the number of entries."""
    return entropy_of_dirichlet(concentration, shift=concentration.size)


def pareto(x, least, shape):
    inside = np.log(shape) + shape * np.log(least) - (shape + 1) * np.log(x)
    return np.where(x >= least, inside, -np.inf)


LOG_NORMAL = {"support": "positive", "parameters": {"location": 0.4, "scale": 0.7}}
WISHART = {"support": "posdef", "size": 2, "parameters": {"freedom": 6.0, "scale": [[1.2, 0.3], [0.3, 0.9]]}}  # fmt: skip
NORMAL = {"support": "real", "parameters": {"location": 0.4, "scale": 0.7}}
DIRICHLET = {"support": "simplex", "size": 3, "parameters": {"concentration": [2.2, 1.6, 3.1]}}

#: Name -> the right claim, the wrong one, and the rows that find it.
BUGS = {
    "entropy in bits": (
        (log_normal, LOG_NORMAL | {"entropy": entropy_of_log_normal}),
        (log_normal, LOG_NORMAL | {"entropy": entropy_in_bits}),
        {"entropy", "intercept"},
    ),
    "inverse Wishart": (
        (inverse_wishart, WISHART),
        (wrong_inverse_wishart, WISHART),
        {"normalised", "intercept"},
    ),
    "swapped KL": (
        (normal, NORMAL | {"kl": kl_of_normals}),
        (normal, NORMAL | {"kl": kl_swapped}),
        {"kl"},
    ),
    "no Jacobian": (
        (log_normal, LOG_NORMAL),
        (without_the_jacobian, LOG_NORMAL),
        {"normalised", "scores", "intercept", "kl"},
    ),
    "digamma": (
        (dirichlet, DIRICHLET | {"entropy": entropy_of_dirichlet}),
        (dirichlet, DIRICHLET | {"entropy": wrong_entropy_of_dirichlet}),
        {"entropy", "intercept"},
    ),
    "moving support": (
        (pareto, {"support": (1.5, math.inf), "parameters": {"shape": 2.5}, "name": "pareto"}),
        (pareto, {"support": "positive", "parameters": {"least": 1.5, "shape": 2.5}}),
        {"support", "scores"},
    ),
}


#: At least one of these finds a bug; the others follow from it.
MAIN = {"normalised", "entropy", "kl", "support"}


@pytest.mark.some(1)
@pytest.mark.parametrize("name", BUGS)
def test_the_bug_is_found(name):
    _, (law, about), rows = BUGS[name]
    found = audit(law, **about)
    alarms = {row.check for row in found.alarms}
    assert alarms & MAIN
    assert alarms <= rows


@pytest.mark.some(1)
@pytest.mark.parametrize("name", BUGS)
def test_the_right_one_is_left_alone(name):
    (law, about), _, rows = BUGS[name]
    if name == "moving support":  # the least is a number here
        found = audit(lambda x, shape: pareto(x, 1.5, shape), **about)
    else:
        found = audit(law, **about)
    assert not found.alarms
    for check in rows & {"normalised", "entropy", "support"}:
        assert found.row(check).outcome is Outcome.HOLDS
