"""Synthetic data: equal seeds give equal data, the moments are those of the formulas, train and test share their mechanism."""

import numpy as np
import pytest

from entropysym.data.synthetic import (
    MANIFOLDS,
    haar_orthogonal,
    k_in_D,
    linear_mechanism,
    pca_data,
    ring,
    ring_latents,
    rotated_mechanism,
    stream_mechanism,
    stream_segment,
)
from entropysym.errors import InputError

GENERATORS = {
    **MANIFOLDS,
    "pca": pca_data,
    "ring": ring,
    "stream": lambda N, rng, **more: stream_segment(N, rng, 6, **more),
}
WIDTHS = dict.fromkeys(GENERATORS, 10) | dict.fromkeys(MANIFOLDS, 2)
WIDTHS |= {"swiss_roll": 3, "spiral": 3, "k_in_D": 10}


def seeded(seed=0):
    return np.random.default_rng(seed)


def rank(x):
    deviation = x - x.mean(axis=0)
    return np.linalg.matrix_rank(deviation, tol=1e-9 * np.linalg.norm(deviation))


@pytest.mark.parametrize("name", GENERATORS)
def test_shape_type_and_seed(name):
    make = GENERATORS[name]
    x = make(7, seeded())
    assert x.shape == (7, WIDTHS[name])
    assert x.dtype == np.float64
    assert np.isfinite(x).all()
    assert np.array_equal(x, make(7, seeded()))
    assert not np.array_equal(x, make(7, seeded(1)))
    assert make(1, seeded()).shape == (1, WIDTHS[name])


@pytest.mark.parametrize("name", GENERATORS)
def test_the_noise_is_what_it_says_and_keeps_the_rank_full(name):
    make = GENERATORS[name]
    bare, noisy = (make(20_000, seeded(3), noise=s) for s in (0.0, 0.3))
    # The noise is drawn last, so equal seeds share the points beneath it.
    noise = noisy - bare
    assert noise.std() == pytest.approx(0.3, rel=0.02)
    assert np.abs(noise.mean(axis=0)).max() < 5 * 0.3 / np.sqrt(len(noise))
    assert rank(make(200, seeded())) == WIDTHS[name]


@pytest.mark.parametrize("name", MANIFOLDS)
def test_manifolds_are_centred_with_total_variance_one(name):
    x = MANIFOLDS[name](200_000, seeded(4), noise=0.0)
    assert np.abs(x.mean(axis=0)).max() < 0.01
    assert np.sum(x.var(axis=0)) == pytest.approx(1.0, abs=0.01)


def test_the_curves_satisfy_their_equations():
    x, y = MANIFOLDS["circle"](500, seeded(), noise=0.0).T
    assert np.allclose(x**2 + y**2, 1)
    t, y = MANIFOLDS["cosine"](500, seeded(), noise=0.0).T * np.sqrt(np.pi**2 / 3 + 0.5)
    assert np.allclose(y, np.cos(t))
    x, y = MANIFOLDS["lemniscate"](500, seeded(), noise=0.0).T * np.sqrt(np.sqrt(2) - 1)
    assert np.allclose((x**2 + y**2) ** 2, x**2 - y**2)
    x, y, z = MANIFOLDS["spiral"](500, seeded(), noise=0.0).T * np.sqrt(7 / 3)
    assert np.allclose((x, y), (np.cos(np.pi * z), np.sin(np.pi * z)))
    assert z.min() < -1.9
    assert z.max() > 1.9


def test_the_eight_gaussians_are_equally_likely():
    x, y = MANIFOLDS["eight_gaussians"](8000, seeded(), noise=0.0).T
    places, counts = np.unique(np.round(np.arctan2(y, x) / (np.pi / 4)) % 8, return_counts=True)
    assert len(places) == 8
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)


def test_the_swiss_roll_is_a_roll():
    scale = np.sqrt(9.75 * np.pi**2 - 4 - (2 / (3 * np.pi)) ** 2 + 21**2 / 12)
    x, h, y = MANIFOLDS["swiss_roll"](500, seeded(), noise=0.0).T * scale
    x, y = x + 2, y + 2 / (3 * np.pi)
    t = np.hypot(x, y)
    assert np.allclose((x, y), (t * np.cos(t), t * np.sin(t)))
    assert 1.5 * np.pi <= t.min() < t.max() <= 4.5 * np.pi
    assert -10.5 <= h.min() < -10 < 10 < h.max() <= 10.5


@pytest.mark.parametrize(("k", "D"), [(1, 1), (1, 4), (3, 10), (10, 10)])
def test_k_in_D_has_rank_k(k, D):
    assert rank(k_in_D(100, seeded(), noise=0.0, k=k, D=D)) == k
    eigenvalues = np.linalg.eigvalsh(np.cov(k_in_D(100_000, seeded(), k=k, D=D).T).reshape(D, D))
    assert eigenvalues[::-1][:k] == pytest.approx(1 / k + 0.05**2, rel=0.05)
    assert eigenvalues[::-1][k:] == pytest.approx(0.05**2, rel=0.05)


def test_pca_data_have_the_moments_of_their_mechanism():
    rng = seeded(5)
    mechanism = linear_mechanism(rng, D=4, H=2)
    for drawn in (mechanism.W, mechanism.mu):
        assert ((drawn >= 0) & (drawn < 1)).all()
    train, test = mechanism.sample(100_000, rng), mechanism.sample(100_000, rng)
    assert not np.array_equal(train, test)
    for x in (train, test):
        assert x.mean(axis=0) == pytest.approx(mechanism.mu, abs=0.02)
        wanted = mechanism.W @ mechanism.W.T + 0.1**2 * np.eye(4)
        assert np.cov(x.T) == pytest.approx(wanted, abs=0.03)
    assert rank(pca_data(50, seeded(), H=3, noise=0.0)) == 3


def test_pca_data_are_those_of_a_fresh_mechanism():
    rng = seeded(6)
    assert np.array_equal(pca_data(9, seeded(6)), linear_mechanism(rng).sample(9, rng))


def test_the_ring_is_a_fuzzy_circle():
    z = ring_latents(50_000, 2, seeded())
    radius = np.linalg.norm(z, axis=1)
    # ‖z/10 + z/‖z‖‖ = 1 + ‖z‖/10, and E‖z‖ = √(π/2) in two dimensions.
    assert radius.min() > 1
    assert radius.mean() == pytest.approx(1 + np.sqrt(np.pi / 2) / 10, abs=0.002)
    assert np.abs(z.mean(axis=0)).max() < 0.03
    assert rank(ring(50, seeded(), noise=0.0)) == 2


@pytest.mark.parametrize("dimension", [2, 4, 6])
def test_stream_segments_have_the_published_spectrum(dimension):
    x = stream_segment(100_000, seeded(7), dimension)
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T))[::-1]
    scales = np.linspace(1, 5, 10)[:dimension][::-1]
    assert eigenvalues[:dimension] == pytest.approx(scales**2 + 0.01, rel=0.03)
    assert eigenvalues[dimension:] == pytest.approx(0.01, rel=0.03)


def test_equal_seeds_give_equal_directions_for_every_dimension():
    small, large = (stream_mechanism(seeded(8), dimension).W for dimension in (2, 6))
    assert np.array_equal(small, large[:, :2])


def test_haar_matrices_are_orthogonal_and_not_biased_by_qr():
    rng = seeded(9)
    drawn = np.array([haar_orthogonal(rng, 3) for _ in range(4000)])
    assert np.allclose(drawn @ drawn.transpose(0, 2, 1), np.eye(3))
    # Without the sign correction the diagonal of Q would lean to one side.
    assert np.abs(drawn.mean(axis=0)).max() < 5 / np.sqrt(3 * 4000)
    assert (drawn**2).mean(axis=0) == pytest.approx(1 / 3, abs=0.03)


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize(
    ("N", "rng", "more", "says"),
    [
        (0, seeded(), {}, "N is 0; pass an integer >= 1"),
        (2.0, seeded(), {}, r"N is 2\.0; pass an integer >= 1"),
        (True, seeded(), {}, "N is True"),
        (3, 0, {}, r"rng is 0; pass a generator, np\.random\.default_rng\(seed\)"),
        (3, seeded(), {"noise": -0.1}, r"noise is -0\.1; pass a finite standard deviation >= 0"),
        (3, seeded(), {"noise": float("nan")}, "noise is nan"),
        (3, seeded(), {"noise": "0.1"}, r"noise is '0\.1'"),
    ],
)
def test_arguments_that_make_no_sense(name, N, rng, more, says):
    with pytest.raises(InputError, match=says):
        GENERATORS[name](N, rng, **more)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda rng: stream_segment(3, rng, 11), "dimension is 11; pass one from 1 to D=10"),
        (lambda rng: stream_segment(3, rng, 0), "dimension is 0; pass an integer >= 1"),
        (lambda rng: k_in_D(3, rng, k=4, D=3), "dimension is 4; pass one from 1 to D=3"),
        (lambda rng: k_in_D(3, rng, k=0), "k is 0; pass an integer >= 1"),
        (lambda rng: rotated_mechanism(rng, np.ones(0)), "dimension is 0"),
        (lambda rng: pca_data(3, rng, H=0), "H is 0; pass an integer >= 1"),
        (lambda rng: pca_data(3, rng, D=-1), "D is -1; pass an integer >= 1"),
    ],
)
def test_dimensions_that_make_no_sense(call, says):
    with pytest.raises(InputError, match=says):
        call(seeded())
