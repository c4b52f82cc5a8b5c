"""Streaming model selection on short streams: deterministic, resumable, and BIC picks the right H."""

from dataclasses import asdict, replace

import jax
import numpy as np
import pytest

import entropysym as es
from entropysym.ascent.checkpoints import Checkpoint, digest_of
from entropysym.errors import InputError
from entropysym.experiments.figures import draw_stream
from entropysym.experiments.selection import (
    StreamSettings,
    apart,
    bic,
    chosen,
    free_parameters,
    segment_rows,
)
from entropysym.experiments.streaming import chunk_of_data, mechanism, stream
from entropysym.linear import max_log_likelihood
from entropysym.lowering import cubature
from entropysym.networks.as_model import as_model
from entropysym.witness import measure_gap

# Five times the published rate settles in a few hundred batches. A segment is a whole chunk and a part of one.
SHORT = StreamSettings(
    dimensions=(4, 2), candidates=(2, 4), segment=12_000, rate=1e-2, seeds=2, late=400
)


class Interrupter:
    """Presses Ctrl-C after so many chunks."""

    def __init__(self, chunks):
        self.left = chunks

    def __call__(self, done, total, remark):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def outcome():
    return stream(SHORT, seed=3)


def same_bytes(one, other):
    assert one.elbo.tobytes() == other.elbo.tobytes()
    assert one.entropy_sum.tobytes() == other.entropy_sum.tobytes()
    for a, b in zip(jax.tree.leaves(one.networks), jax.tree.leaves(other.networks), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()
    assert one.rows == other.rows


@pytest.mark.slow
def test_equal_seeds_give_equal_bytes_and_runs_differ(outcome):
    same_bytes(outcome, stream(SHORT, seed=3))
    assert outcome.complete
    assert outcome.note == ""
    assert outcome.elbo.shape == outcome.entropy_sum.shape == (2, 2, 2400)
    assert not np.array_equal(outcome.elbo[0], outcome.elbo[1])
    assert not np.array_equal(stream(SHORT, 4).elbo[0], outcome.elbo[0])


@pytest.mark.slow
def test_bic_picks_the_right_model_by_either_estimate_and_the_entropy_sum_is_quiet(outcome):
    assert [(r.segment, r.run, r.dimension, r.batches) for r in outcome.rows] == [
        *((0, 0, 4, 400), (0, 1, 4, 400)),
        *((1, 0, 2, 400), (1, 1, 2, 400)),
    ]
    for row in outcome.rows:
        assert row.right_by_entropy >= 0.99
        assert row.right_by_elbo >= 0.99
        assert row.right_by_elbo_apart > 0.8
        assert row.noise_ratio > 2
        assert abs(row.gap) < 1.0


@pytest.mark.slow
def test_an_interrupted_stream_goes_on_to_the_same_bytes(outcome, tmp_path):
    digest = digest_of({**asdict(SHORT), "seed": 3})
    checkpoint = Checkpoint(tmp_path / "stream.npz", digest)
    cut = stream(SHORT, 3, Interrupter(3), checkpoint)
    assert not cut.complete
    assert cut.note == "interrupted after batch 2200 of 2400"
    assert {r.segment for r in cut.rows} == {0}
    np.testing.assert_array_equal(cut.elbo, outcome.elbo[:, :, :2200])
    calls = []
    resumed = stream(SHORT, 3, lambda *call: calls.append(call), checkpoint)
    assert [call[:2] for call in calls] == [(2400, 2400)]
    same_bytes(resumed, outcome)
    # A finished stream is read back without training.
    same_bytes(stream(SHORT, 3, Interrupter(1), checkpoint), outcome)
    with pytest.raises(InputError, match="belongs to another training"):
        stream(SHORT, 4, checkpoint=Checkpoint(checkpoint.path, digest_of({"seed": 4})))


@pytest.mark.slow
def test_recorded_values_are_the_elbo_and_entropy_sum_before_the_update(outcome):
    """At the first batch after an interruption the network is at hand: ELBO = entropy sum + v·∇ELBO, from the densities."""
    cut = stream(SHORT, 3, Interrupter(2))
    batch = cut.elbo.shape[2]
    found = es.derive(es.models.linear_vae())
    for j, H in enumerate(SHORT.candidates):
        for run in range(SHORT.seeds):
            vae = jax.tree.map(lambda leaf, run=run: leaf[run], cut.networks[H])
            x = chunk_of_data(SHORT, 3, run, 2)[0]
            made = as_model(vae)
            gap = measure_gap(
                found.identity,
                arguments={"x": x, **made.arguments},
                nodes=cubature(H),
            )
            assert gap.agrees
            np.testing.assert_allclose(outcome.elbo[run, j, batch], gap.elbo, rtol=1e-12)
            recorded = outcome.entropy_sum[run, j, batch]
            np.testing.assert_allclose(recorded, gap.entropy_sum, rtol=1e-12)
            np.testing.assert_allclose(
                outcome.elbo[run, j, batch] - recorded, gap.predicted, atol=1e-10
            )


def test_without_a_penalty_the_largest_model_wins():
    """The likelihood that can be reached rises with H, also where the data have two dimensions; BIC's penalty is what stops it."""
    settings = StreamSettings(segment=1000, points=1000)
    for segment, dimension in enumerate(settings.dimensions):
        x = mechanism(settings, 0, 0, segment).sample(1000, np.random.default_rng(segment))
        values = np.array([[max_log_likelihood(x, H)] for H in settings.candidates])
        assert chosen(values, settings).tolist() == [dimension]
        assert chosen(values, replace(settings, points=1)).tolist() == [6]


def test_the_penalty_decides_where_models_are_equally_good(outcome):
    """In the segment of dimension 2, H = 4 is no worse: without the penalty the choice is not the right one in nearly every batch."""
    bare = segment_rows(outcome.elbo, outcome.entropy_sum, replace(SHORT, points=1))
    shares = [r.right_by_entropy for r in bare if r.dimension == 2]
    assert np.mean(shares) < 0.9


def test_bic_is_the_formula():
    assert [free_parameters(10, H) for H in (2, 4, 6)] == [30, 45, 56]
    # With H = D - 1 the covariance is free: mean and a symmetric matrix.
    assert free_parameters(10, 9) == 10 + 55
    values = np.array([[1.0, -2.0], [1.0, 3.0], [0.0, 0.0]])
    found = bic(values, StreamSettings())
    np.testing.assert_allclose(found[:, 0], np.log(10) * np.array([30, 45, 56]) - [20, 20, 0])
    published = bic(values, StreamSettings(points=7, count="published"))
    np.testing.assert_allclose(published[:, 1], np.log(7) * np.array([21, 41, 61]) + [28, -42, 0])
    assert chosen(values, StreamSettings()).tolist() == [2, 4]


def test_apart_gives_every_candidate_a_batch_of_its_own():
    values = np.arange(10.0)[None] + np.array([[0.0], [100.0], [200.0]])
    assert apart(values)[:, 5].tolist() == [5, 104, 203]


def test_segments_and_chunks_are_functions_of_their_place():
    settings = StreamSettings(segment=15_000)
    first, again = (chunk_of_data(settings, 0, 0, 0) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert first.shape == (1000, 10, 10)
    assert chunk_of_data(settings, 0, 0, 1).shape == (500, 10, 10)
    places = [(0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 1, 0), (1, 0, 0)]
    heads = {chunk_of_data(settings, *place)[0].tobytes() for place in places}
    assert len(heads) == len(places)
    for k, dimension in enumerate(settings.dimensions):
        x = chunk_of_data(settings, 0, 0, 2 * k).reshape(-1, 10)
        spectrum = np.linalg.eigvalsh(np.cov(x.T))
        assert np.sum(spectrum > 0.5) == dimension
        assert np.all(spectrum[: 10 - dimension] < 0.02)


def test_numbers_that_are_not_finite_end_the_stream_with_a_name():
    settings = StreamSettings(dimensions=(2,), candidates=(2,), segment=3000, rate=1e200, late=10)
    ended = stream(settings)
    assert not ended.complete
    assert ended.elbo.shape == (1, 1, 0)
    assert ended.rows == ()
    assert ended.note == "the ELBO of H=2 is not finite at batch 2, run 0"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"segment": 0}, "segment is 0; pass an integer >= 1"),
        ({"batch": True}, "batch is True; pass an integer >= 1"),
        ({"points": 0}, "points is 0; pass an integer >= 1"),
        ({"segment": 1005}, "segment is 1005; pass a multiple of batch=10, at least 6 times it"),
        ({"segment": 50}, "segment is 50; pass a multiple of batch=10, at least 6 times it"),
        ({"rate": 0.0}, "rate is 0.0; pass a positive number"),
        ({"rate": float("inf")}, "rate is inf; pass a positive number"),
        ({"dimensions": ()}, "dimensions is empty; pass at least one intrinsic dimension"),
        (
            {"dimensions": (3,)},
            r"dimensions contains 3, which is none of the candidates \(2, 4, 6\)",
        ),
        ({"candidates": (2, 10)}, "candidates contains 10; pass numbers below D=10"),
        (
            {"candidates": (6, 4, 2)},
            r"candidates is \(6, 4, 2\); pass each once, in rising order",
        ),
        (
            {"count": "all"},
            "unknown count of parameters 'all'; choose one of: ppca, published",
        ),
    ],
)
def test_wrong_settings_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        StreamSettings(**changes)


@pytest.mark.parametrize("seed", [-1, True, 0.5])
def test_a_wrong_seed_is_refused(seed):
    with pytest.raises(InputError, match=f"seed is {seed}; pass an integer >= 0"):
        stream(SHORT, seed)


@pytest.mark.slow
def test_the_figure_is_drawn_twice_the_same(outcome, tmp_path):
    one, other = (draw_stream(outcome, tmp_path / name, run=1) for name in ("a", "b"))
    for first, second in zip(one, other, strict=True):
        assert first.read_bytes() == second.read_bytes()
    assert [p.suffix for p in one] == [".png", ".pdf"]
    with pytest.raises(InputError, match="run is 2; pass one from 0 to 1"):
        draw_stream(outcome, tmp_path / "c", run=2)
    short = replace(outcome, elbo=outcome.elbo[:, :, :1])
    with pytest.raises(InputError, match="a figure needs at least two batches, not 1"):
        draw_stream(short, tmp_path / "c")
