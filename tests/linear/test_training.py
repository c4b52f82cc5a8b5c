"""Training on small data: it arrives, and where it cannot it says so."""

import math

import numpy as np
import pytest

from entropysym.errors import InputError, NoStationaryPointError
from entropysym.linear import Status, train_linear_vae, train_vae2
from entropysym.linear.training import HISTORY_POINTS, Ascender

RNG = np.random.default_rng(11)
X = RNG.standard_t(5, size=(60, 5)) @ np.diag([2, 1.5, 1, 0.6, 0.5]) + 1.0


def linear(case, x=X, **options):
    options = {"latent": 2, **options}
    return train_linear_vae(case.model, x, **case.sides, **options)


@pytest.mark.parametrize("seed", [0, 1])
def test_linear_vae_reaches_ppca(linear_case, seed):
    steps = []
    t = linear(linear_case, seed=seed, progress=lambda *s: steps.append(s))
    assert t.status is Status.STATIONARY, t.message
    assert t.gradient_norm <= 1e-8
    assert abs(t.gap.gap) <= 1e-8
    assert t.gap.agrees
    assert t.kind == "maximum"
    assert t.gap.elbo == pytest.approx(t.ppca_log_likelihood, abs=1e-8)
    assert t.gap.entropy_sum == pytest.approx(t.ppca_log_likelihood, abs=1e-8)
    assert t.history[0].elbo < t.history[-1].elbo - 0.1
    assert abs(t.history[0].gap) > 0.01 > 1e-8 > abs(t.history[-1].gap)
    assert len(t.history) <= HISTORY_POINTS
    assert steps
    assert all(i <= total and "ELBO" in message for i, total, message in steps)


def test_the_same_seed_gives_the_same_point(linear_case):
    one, two = (linear(linear_case, seed=3) for _ in range(2))
    assert np.array_equal(one.arguments["W"], two.arguments["W"])
    assert one.gap == two.gap


@pytest.mark.parametrize("scale", [1e6, 1e-6])
def test_linear_vae_on_scaled_data(linear_case, scale):
    t = linear(linear_case, X * scale)
    assert t.status is Status.STATIONARY, t.message
    assert "standardised coordinates" in t.message or t.gradient_norm <= 1e-8
    assert abs(t.gap.gap) <= 1e-8
    assert t.gap.elbo == pytest.approx(t.ppca_log_likelihood, abs=1e-8)


def test_linear_vae_with_an_offset_and_constant_columns(linear_case):
    x = np.concatenate([X, np.full((60, 2), 0.1)], axis=1) + 1e5
    t = linear(linear_case, x)
    assert t.status is Status.STATIONARY, t.message
    assert t.gap.elbo == pytest.approx(t.ppca_log_likelihood, abs=1e-6)


def test_a_limit_is_reported(linear_case):
    t = linear(linear_case, iterations=3)
    assert t.status is Status.LIMIT
    assert "limit" in t.message
    assert t.iterations == 3
    assert t.gap.agrees  # the identity holds anywhere


@pytest.mark.parametrize(
    ("x", "latent"),
    [(X[:1], 1), (np.ones((5, 3)), 1), (X[:, :2], 2), (X[:3], 2), (X, 5)],
)
def test_no_stationary_point(linear_case, vae2_case, x, latent):
    with pytest.raises(NoStationaryPointError):
        linear(linear_case, x, latent=latent)
    with pytest.raises(NoStationaryPointError):
        train_vae2(vae2_case.model, x, **vae2_case.sides, latent=latent)


def test_vae2_gap_shrinks_and_is_predicted(vae2_case):
    t = train_vae2(
        vae2_case.model, X, **vae2_case.sides, latent=1, hidden=4, iterations=120, seconds=20
    )
    assert t.status in (Status.LIMIT, Status.STATIONARY, Status.STALLED)
    assert t.gap.agrees
    assert t.gap.gap == pytest.approx(t.gap.predicted, abs=1e-12)
    assert abs(t.gap.gap) < 0.05 * abs(t.history[0].gap)
    assert t.history[-1].elbo == pytest.approx(t.gap.elbo, rel=1e-9)
    assert t.history[-1].entropy_sum == pytest.approx(t.gap.entropy_sum, rel=1e-12)
    assert abs(t.gap.gap) <= t.gap.gradient_norm * t.gap.direction_norm
    columns = np.linalg.norm(np.asarray(t.weights.decoder.first), axis=0)
    np.testing.assert_allclose(columns, 1, rtol=1e-14)
    assert math.isfinite(t.gradient_norm)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"latent": 0}, "latent is 0; pass an integer >= 1"),
        ({"seed": -1}, "seed is -1; pass an integer >= 0"),
        ({"iterations": 0}, "iterations is 0"),
        ({"seconds": 0.0}, "seconds is 0.0; pass a positive number"),
        ({"seconds": math.nan}, "seconds is nan; pass a positive number"),
    ],
)
def test_numbers_that_make_no_sense(linear_case, options, says):
    with pytest.raises(InputError, match=says):
        linear(linear_case, **options)


def test_the_wrong_model(linear_case, vae2_case):
    with pytest.raises(InputError, match="'vae2' is no linear VAE"):
        linear(vae2_case)
    with pytest.raises(InputError, match="'linear_vae' is no VAE-2"):
        train_vae2(linear_case.model, X, **linear_case.sides)


def test_an_objective_that_is_not_finite_ends():
    import jax.numpy as jnp

    start = {"a": jnp.asarray([1.0, 2.0])}
    ascent = Ascender(lambda p: jnp.log(-jnp.sum(p["a"])), start).run(
        start, iterations=5, deadline=math.inf, goal=1e-8
    )
    assert not ascent.finite
    # A wall inside the domain: log(1 - a) - ... is only defined for a < 1.
    start = {"a": jnp.asarray([0.0])}
    ascent = Ascender(lambda p: jnp.sum(jnp.log(1 - p["a"]) + 3 * p["a"]), start).run(
        start, iterations=50, deadline=math.inf, goal=1e-8
    )
    assert ascent.finite
    assert float(ascent.point["a"][0]) == pytest.approx(2 / 3, abs=1e-6)
