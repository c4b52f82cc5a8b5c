"""Stationary points of the linear VAE in closed form, on digits and on data with given eigenvalues, against the densities."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from entropysym.data import load
from entropysym.errors import InputError, NoStationaryPointError
from entropysym.linear import (
    Inertia,
    beta_point,
    fixed_variance_point,
    hessian_inertia,
    max_log_likelihood,
    nondiagonal_saddle,
    stationary_point,
)
from entropysym.lowering import cubature
from entropysym.models import linear_vae
from entropysym.models.objectives import with_beta
from entropysym.witness import density_elbo, entropy_sum

DIGITS = load("digits")
VALUES = np.array([5.0, 2.5, 0.9, 0.4])
#: Data with exactly these eigenvalues.
FOUR = np.concatenate([np.diag(np.sqrt(4 * VALUES)), -np.diag(np.sqrt(4 * VALUES))])


@pytest.fixture(scope="module")
def measure():
    """ELBO, entropy sum and gradient of the objective from the densities, compiled once for each size."""
    elbo, weighted = density_elbo(linear_vae()), density_elbo(with_beta(linear_vae()))

    @jax.jit
    def run(parameters, x, beta, nodes):
        def objective(p):
            parts = weighted({"x": x, "beta": beta, **p}, nodes)
            return parts.objective, parts.total

        (_, total), gradient = jax.value_and_grad(objective, has_aux=True)(parameters)
        entropies = elbo.entropies({"x": x, **parameters}, nodes)
        return total, entropy_sum(elbo.model, entropies), gradient

    def at(x, point, beta=1.0, fixed=()):
        H = point.parameters["W"].shape[1]
        total, E, gradient = run(point.parameters, jnp.asarray(x), jnp.asarray(beta), cubature(H))
        moving = [np.ravel(g) for k, g in gradient.items() if k not in fixed]
        return float(total), float(E), float(np.linalg.norm(np.concatenate(moving)))

    return at


def log_likelihood(x, point):
    W, sigma = (np.asarray(point.parameters[k]) for k in ("W", "sigma"))
    C = W @ W.T + sigma**2 * np.eye(len(W))
    return stats.multivariate_normal.logpdf(x, x.mean(axis=0), C).mean()


@pytest.mark.parametrize("subset", [(0, 1, 2, 3), (0, 1, 2, 4), (0, 2, 5, 7), (0, 1, 3)])
def test_digits_maximum_and_saddles(measure, subset):
    point = stationary_point(DIGITS, 4, subset)
    elbo, sums, norm = measure(DIGITS, point)
    assert norm <= 1e-8
    for value in (
        elbo,
        sums,
        point.entropy_sum,
        point.log_likelihood,
        log_likelihood(DIGITS, point),
    ):
        assert value == pytest.approx(point.elbo, abs=1e-9)
    assert point.elbo <= max_log_likelihood(DIGITS, 4) + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subset", "kind", "positive"), [((0, 1, 2, 3), "maximum", 0), ((0, 1, 2, 4), "saddle", 1)]
)
def test_digits_inertia(subset, kind, positive):
    point = stationary_point(DIGITS, 4, subset)
    inertia = hessian_inertia(DIGITS, point.parameters)
    # Flat are the 4 columns of V on the 3 pixels that are always 0.
    assert inertia == Inertia(positive, 573 - positive, 12)
    assert inertia.kind == kind


def test_nondiagonal_saddle_of_digits(measure):
    point = nondiagonal_saddle(DIGITS)
    elbo, sums, norm = measure(DIGITS, point)
    assert norm <= 1e-8
    assert elbo == pytest.approx(point.elbo, abs=1e-9)
    assert sums == pytest.approx(point.elbo, abs=1e-9)
    W, sigma = (np.asarray(point.parameters[k]) for k in ("W", "sigma"))
    M = W.T @ W + sigma**2 * np.eye(2)
    assert M[0, 0] == pytest.approx(M[1, 1], rel=1e-12)
    assert abs(M[0, 1]) > 1
    higher = 0.5 * (np.log(np.diag(M)).sum() - np.linalg.slogdet(M)[1])
    assert higher > 1e-4
    assert log_likelihood(DIGITS, point) - elbo == pytest.approx(higher, abs=1e-9)
    assert point.log_likelihood == pytest.approx(log_likelihood(DIGITS, point), abs=1e-9)


@pytest.mark.slow
def test_the_fixture_that_tells_the_theorem_from_the_folklore(measure):
    point = nondiagonal_saddle(FOUR)
    elbo, sums, norm = measure(FOUR, point)
    assert norm < 1e-12
    assert elbo == pytest.approx(-6.537715, abs=1e-6)
    assert sums == pytest.approx(elbo, abs=1e-12)
    assert point.log_likelihood == pytest.approx(-6.522775, abs=1e-6)
    assert log_likelihood(FOUR, point) == pytest.approx(point.log_likelihood, abs=1e-12)
    assert hessian_inertia(FOUR, point.parameters).kind == "saddle"


@pytest.mark.some(2)
@pytest.mark.parametrize("subset", [(), (0,), (1,), (0, 1)])
def test_fewer_active_latents_than_there_are(measure, subset):
    point = stationary_point(FOUR, 3, subset)
    elbo, sums, norm = measure(FOUR, point)
    assert norm < 1e-12
    assert elbo == pytest.approx(point.elbo, abs=1e-12)
    assert sums == pytest.approx(elbo, abs=1e-12)
    assert hessian_inertia(FOUR, point.parameters).kind == "saddle"


def test_equal_eigenvalues_leave_a_flat_rotation():
    values = np.array([4.0, 4.0, 1.0, 0.5])
    x = np.concatenate([np.diag(np.sqrt(4 * values)), -np.diag(np.sqrt(4 * values))])
    inertia = hessian_inertia(x, stationary_point(x, 2).parameters)
    assert inertia.kind == "maximum"
    assert inertia.zero == 1


@pytest.mark.parametrize("factor", [0.25, 1.5, 6.0, 12.0])
def test_fixed_variance(measure, factor):
    scale = float(stationary_point(DIGITS, 4).parameters["sigma"]) ** 2
    sigma2 = factor * scale
    point = fixed_variance_point(DIGITS, 4, sigma2)
    elbo, sums, norm = measure(DIGITS, point, fixed=("sigma",))
    assert norm <= 1e-8
    values = np.linalg.eigvalsh(np.cov(DIGITS.T, bias=True))[::-1]
    active = int(np.sum(values[:4] > sigma2))
    assert len(point.active) == active == {0.25: 4, 1.5: 4, 6.0: 4, 12.0: 3}[factor]
    formula = 0.5 * np.sum(1 - values[active:] / sigma2)
    assert elbo - sums == pytest.approx(formula, abs=1e-9)
    assert point.elbo - point.entropy_sum == pytest.approx(formula, abs=1e-9)
    assert elbo == pytest.approx(point.elbo, abs=1e-9)
    assert log_likelihood(DIGITS, point) == pytest.approx(point.log_likelihood, abs=1e-9)
    assert abs(formula) > 1e-3


def test_full_collapse_at_a_large_fixed_variance():
    point = fixed_variance_point(FOUR, 2, 5.1)
    assert point.active == ()
    assert np.all(np.asarray(point.parameters["W"]) == 0)
    assert np.all(np.asarray(point.parameters["tau"]) == 1)
    inertia = hessian_inertia(FOUR, fixed_variance_point(FOUR, 2, 2.0).parameters, fixed=["sigma"])
    assert inertia.kind == "maximum"


@pytest.mark.parametrize("beta", [0.2, 1.0, 2.0, 5.0, 40.0])
def test_beta(measure, beta):
    point = beta_point(DIGITS, 4, beta)
    elbo, sums, norm = measure(DIGITS, point, beta)
    assert norm <= 1e-8
    assert elbo == pytest.approx(point.elbo, abs=1e-9)
    assert sums == pytest.approx(elbo, abs=1e-9)
    assert log_likelihood(DIGITS, point) == pytest.approx(point.log_likelihood, abs=1e-9)
    values = np.linalg.eigvalsh(np.cov(DIGITS.T, bias=True))[::-1]
    k, sigma2 = len(point.active), float(point.parameters["sigma"]) ** 2
    assert k == (0 if beta == 40 else 4)
    assert sigma2 == pytest.approx(values[k:].sum() / (64 - k * beta), rel=1e-12)
    assert all(values[:k] > beta * sigma2)
    assert k == 4 or values[k] <= beta * sigma2


def test_beta_inertia():
    point = beta_point(FOUR, 2, 1.3)
    assert len(point.active) == 2
    assert hessian_inertia(FOUR, point.parameters, beta=1.3).kind == "maximum"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: stationary_point(FOUR, 2, (0, 0)), r"the subset .* is no set"),
        (lambda: stationary_point(FOUR, 2, (0, 4)), "integers from 0 to 3"),
        (lambda: stationary_point(FOUR, 2, (0, 1, 2)), "3 eigenvectors are active, but at most 2"),
        (lambda: stationary_point(FOUR, 2, (0, 3)), "eigenvalue 3 is 0.4, below the mean 1.7"),
        (lambda: fixed_variance_point(FOUR, 2, 0.0), "sigma2 is 0.0; pass a positive number"),
        (lambda: fixed_variance_point(FOUR, 0, 1.0), "the number of latents is 0"),
        (lambda: beta_point(FOUR, 2, float("nan")), "beta is nan; pass a positive number"),
        (lambda: nondiagonal_saddle(FOUR, 2, (1, 1)), "is no set of integers"),
        (lambda: nondiagonal_saddle(FOUR, 1), "2 eigenvectors are active"),
        (lambda: hessian_inertia(FOUR, {}, fixed=["rho"]), "unknown parameter 'rho'"),
    ],
)
def test_what_makes_no_sense(call, says):
    with pytest.raises(InputError, match=says):
        call()


def test_no_stationary_point():
    flat = FOUR[:, :2] @ np.eye(2, 4)
    with pytest.raises(NoStationaryPointError):
        stationary_point(flat, 2)
    with pytest.raises(NoStationaryPointError):
        beta_point(flat, 3, 0.5)
