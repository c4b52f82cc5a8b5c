"""Mistakes in loops are named with their factor, right loops are not accused, and what cannot be told is not told."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from entropysym.monitoring import Monitor, Move, slips
from entropysym.monitoring.evidence import READINGS, UNPASSED
from entropysym.networks.readings import Reading
from tests.monitoring.slips_table import (
    RIGHT,
    SLIPS,
    N,
    Row,
    preset,
    run,
    verdict,
    weighted,
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.some(12)
@pytest.mark.parametrize("row", [*SLIPS, *RIGHT], ids=lambda row: row.name.replace(" ", "-"))
def test_the_table(row):
    # The long run by the command of the table; here as much of it as is quick.
    fits, told = verdict(replace(row, steps=min(row.steps, 150)))
    assert fits, told


def test_every_mistake_of_the_tables_has_a_row():
    """A row of the package that no loop here makes could be wrong or dead."""
    told = " | ".join(row.says for row in SLIPS)
    names = [r.name for each in READINGS.values() for r in (*each, UNPASSED)]
    names += [r.name for r in slips.ROWS] + [name for name, _ in slips.VARIANTS.values()]
    untried = {name for name in names if name and name not in told}
    assert untried == OTHERWISE.keys()


def _shown(**changes):
    return run(Row("", **changes))


#: The rows that the loops below make.
OTHERWISE = {
    "KL averaged over the latents": (lambda: _shown(loss=lambda t: t.error.sum(1).mean() + t.kl.mean()), 1 / 3),
    "KL summed over the batch": (lambda: _shown(loss=weighted(1, N)), N),
    "error summed over the batch": (lambda: _shown(loss=weighted(N, 1)), N),
    "error counted twice": (lambda: _shown(loss=weighted(2, 1), with_loss=True), 2.0),
    "error counted half": (lambda: _shown(loss=weighted(0.5, 1), with_loss=True), 0.5),
    "KL counted twice": (lambda: _shown(loss=weighted(1, 2)), 2.0),
    "KL counted half": (lambda: _shown(loss=weighted(1, 0.5)), 0.5),
    "KL without effect": (lambda: _shown(loss=weighted(1, 0)), 0.0),
    "decoder's scale does not follow its parameter": (lambda: _shown(before_log=_no_gradient), 0.0),
    "error weighted": (lambda: _shown(loss=weighted(0.3, 1)), 0.3),
    "log sigma2 moved as log sigma": (lambda: _shown(monitor=_moved(log_scale=-0.5), with_loss=True), None),
    "log-variance moved as log-standard deviation": (lambda: _shown(monitor=_with_logstd), None),
}  # fmt: skip


def _no_gradient(model, optimizer, step):
    model.log_scale.grad.zero_()


def _moved(log_scale):
    def monitor(model, optimizer):
        right = preset(model, optimizer)
        moves = [replace(m, plus=log_scale) if m.factor == "decoder" else m for m in right._direction]  # fmt: skip
        return Monitor(moves)

    return monitor


def _with_logstd(model, optimizer):
    return Monitor.gaussian(
        encoder_mean=model.fc_mu,
        encoder_logstd=model.fc_spread,
        decoder_first=model.first,
        log_sigma2=model.log_scale,
    )


@pytest.mark.parametrize("name", OTHERWISE)
def test_the_other_rows(name):
    make, factor = OTHERWISE[name]
    slip = make().slip
    assert (slip.name, slip.certain) == (name, True)
    assert slip.factor == (None if factor is None else pytest.approx(factor, rel=0.01, abs=1e-9))


def test_two_mistakes_that_look_the_same_are_both_told():
    """Without the loss, an error of weight 2 and a wrong move of log sigma give the same slopes."""
    slip = _shown(loss=weighted(2, 1)).slip
    assert "error counted twice" in slip.name
    assert "log sigma moved as log sigma2" in slip.name
    assert not slip.certain


def test_weights_of_both_terms():
    slip = _shown(loss=weighted(0.3, 1.7)).slip
    assert slip.name == "error weighted by 0.3, KL by 1.7"
    assert slip.factor == pytest.approx(1.7 / 0.3, rel=0.01)


def test_what_no_row_explains_is_not_guessed():
    """A penalty on the first layer, 8 more nats for a large mean, batch statistics of the encoder: in none is a factor."""

    def odd(t):
        return t.error.sum(1).mean() + (t.kl.sum(1) ** 2).mean()

    slip = _shown(loss=odd, with_loss=True).slip
    assert (slip.name, slip.certain) == ("not as predicted", False)


def test_fewer_than_three_steps_say_nothing():
    wrong = Row("", loss=weighted(1, 4))
    assert run(replace(wrong, steps=2)).slip is None
    assert run(replace(wrong, steps=3)).slip.name == "KL weighted"


def test_a_constant_is_not_fitted_to_what_does_not_change():
    """The same batch and noise at the same parameters again and again: any reading with any weight would fit."""
    monitor = Monitor([Move(plus=-1, name="s", factor="decoder"), Move(plus=-1, name="a", factor="prior")])  # fmt: skip
    rng = np.random.default_rng(0)
    x, mean, nu = (rng.normal(size=s) for s in ((5, 3), (5, 3), (5, 2)))
    for step in range(6):
        logged = monitor.log(step, x=x, mean=mean, nu=nu, tau2=np.ones(2), sigma2=0.7, alpha2=0.5, parameters=[0.0, 0.0], gradients=[1.234, 0.777])  # fmt: skip
    assert abs(logged.slope_decoder - logged.gap_decoder) > 0.1
    assert monitor.slip.name == "not as predicted"


def test_a_suspicion_is_no_claim():
    """Without the loss a binary cross-entropy cannot be told from a squared error of unit variance."""
    row = next(row for row in SLIPS if row.name == "BCE as a Gaussian")
    slip = run(replace(row, with_loss=False)).slip
    assert (slip.name, slip.certain) == ("a Bernoulli decoder logged as Gaussian", False)
    squared = next(row for row in RIGHT if row.name == "fixed variance")
    assert run(replace(squared, with_loss=True)).slip is None


def test_layers_with_two_modes_are_named():
    def whole(model, optimizer):
        return preset(model, model)

    row = next(row for row in SLIPS if row.name == "batch statistics")
    slip = run(replace(row, monitor=whole)).slip
    assert slip.name == "arrays of another pass"
    assert "BatchNorm1d" in slip.cure


@pytest.mark.parametrize("name", ["free bits", "free bits of each entry"])
def test_the_threshold_of_free_bits_is_bracketed(name):
    slip = run(next(row for row in SLIPS if row.name == name)).slip
    low, high = map(float, re.search(r"between (\S+) and (\S+) nats", slip.cure).groups())
    assert 0.05 < low <= 0.08 <= high < 0.12
    assert slip.cure.startswith("entries" if "entry" in name else "latents")


def test_a_step_that_is_right_by_chance_hides_no_mistake():
    """With this seed tau and tau^2 give the same moments once, to rounding."""
    row = next(row for row in SLIPS if row.name == "tau as tau2")
    monitor = run(replace(row, seed=103))
    assert 1 <= sum(e.right() for e in monitor._evidence) < 4
    assert monitor.slip.name == "tau2 is a standard deviation"


def test_mixed_precision_hides_no_large_mistake():
    """Slopes in bfloat16 fit nothing to the rounding of float32: that something is wrong is told, and not what."""
    slip = run(Row("", loss=weighted(1, 4), half=True)).slip
    assert (slip.name, slip.certain) == ("not as predicted", False)


def test_readings_of_mistakes():
    names = {
        "sum over the batch": Reading.WRONG_USE,
        "log tau2 as tau2": Reading.WRONG_USE,
        "beta = 4": Reading.WRONG_OBJECTIVE,
        "free bits": Reading.FREE_BITS,
        "clamp": Reading.CLAMPED,
    }
    rows = {row.name: row for row in SLIPS}
    for name, reading in names.items():
        monitor = run(rows[name])
        label, message = monitor.reading()
        assert label is reading, (name, message)
        assert monitor.slip.cure in message
    label, message = _shown(before_log=_no_gradient).reading()
    assert label is Reading.CLAMPED, message


def test_the_factor_is_that_of_the_last_batch():
    """A last batch that is smaller: the sum over the batch is known by its size at each step."""
    monitor = Monitor([Move(plus=-1, name="s", factor="decoder"), Move(plus=-1, name="a", factor="prior")])  # fmt: skip
    rng = np.random.default_rng(0)
    for step, n in enumerate([8, 8, 8, 5]):
        x, mean, nu = (rng.normal(size=s) for s in ((n, 3), (n, 3), (n, 2)))
        arrays = {"x": x, "mean": mean, "nu": nu, "tau2": np.ones(2), "sigma2": 0.7, "alpha2": 0.5}
        gaps = Monitor().log(0, **arrays)
        slopes = [n * gaps.gap_decoder, n * gaps.gap_prior]
        monitor.log(step, **arrays, parameters=[0.0, 0.0], gradients=slopes)
    assert monitor.slip.name == "loss summed over the batch"
    assert monitor.slip.factor == 5
    assert math.isfinite(monitor.slip.factor)
