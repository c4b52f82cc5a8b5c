"""What `Monitor.reading` says at the end of real loops, and at figures that a loop would bring."""

import numpy as np
import pytest
import torch

from entropysym.errors import InputError
from entropysym.monitoring import Monitor, Move
from entropysym.monitoring.monitor import KEPT
from entropysym.networks.readings import Reading
from tests.monitoring.slips_table import Row, run


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _label(**changes):
    return run(Row("", **changes)).reading()


def _optimizer(rate):
    return lambda p: torch.optim.Adam(p, lr=rate)


def test_nothing_is_logged_yet():
    with pytest.raises(InputError, match="nothing is logged yet"):
        Monitor().reading()


@pytest.mark.slow
def test_learning_and_stalled():
    label, message = _label(steps=25)
    assert label is Reading.LEARNING, message
    assert "gradient norm" in message
    # The rate is 0, and every batch the whole of the data: nothing moves, and the gap is open.
    label, message = _label(steps=25, batch=64, optimizer=_optimizer(0.0), samples=200)
    assert label is Reading.STALLED, message


def test_converged():
    """The steps of a linear VAE-2 at its maximum, where both gaps are 0, and one that is not there."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    nu = rng.normal(size=(40, 2))
    at = {"x": x, "mean": 0 * x, "nu": nu, "tau2": np.full(2, 0.3)}
    sigma2, alpha2 = (x**2).mean(0), (nu**2).mean(0) + 0.3
    moves = [Move(plus=-1, name="s", factor="decoder"), Move(plus=-1, name="a", factor="prior")]
    passed = {"parameters": [np.zeros(3), np.zeros(2)], "gradients": [np.zeros(3), np.zeros(2)]}
    monitor = Monitor(moves)
    for step in range(12):
        monitor.log(step, **at, sigma2=sigma2, alpha2=alpha2, **passed)
    label, message = monitor.reading()
    assert label is Reading.CONVERGED, message
    gaps = Monitor().log(0, **at, sigma2=1.3 * sigma2, alpha2=alpha2)
    passed["gradients"] = [np.full(3, gaps.gap_decoder / 3), np.zeros(2)]
    for step in range(12, 36):
        monitor.log(step, **at, sigma2=1.3 * sigma2, alpha2=alpha2, **passed)
    label, message = monitor.reading()
    assert label is Reading.STALLED, message


def test_converged_but_for_the_noise_of_batches():
    """Small batches scatter the gaps around 0; a gap that is as large as its scatter at every step is none."""
    rng = np.random.default_rng(1)
    monitors = Monitor(), Monitor()
    for step in range(20):
        x, nu = rng.normal(size=(50, 3)), np.sqrt(0.5) * rng.normal(size=(50, 2))
        at = {"x": x, "mean": 0 * x, "nu": nu, "tau2": np.full(2, 0.5)}
        for monitor, sigma2 in zip(monitors, (1.0, 1.5), strict=True):
            monitor.log(step, **at, sigma2=sigma2)
    label, message = monitors[0].reading()
    assert label is Reading.CONVERGED, message
    label, message = monitors[1].reading()
    assert label is Reading.NO_DIRECTION, message


def test_a_fixed_variance():
    label, message = _label(model={"kind": "sigmoid"}, steps=25, with_loss=True)
    assert label is Reading.FIXED, message
    label, message = _label(model={"kind": "bernoulli"}, steps=25)  # which has no variance
    assert label in (Reading.LEARNING, Reading.STALLED), message


def test_a_clamped_encoder_is_named_with_its_number():
    """A network that computes the same log-variance for many data because of a clamp, though no slope is known."""

    def blind(model, optimizer):
        return Monitor()

    label, message = _label(clamp=0.1, monitor=blind)
    assert label is Reading.CLAMPED
    assert "many entries of log tau2 are" in message
    assert "0.1" in message
    assert _label(monitor=blind)[0] is Reading.NO_DIRECTION


def test_not_finite():
    monitor = run(Row(""))
    assert monitor.reading()[0] is not Reading.NOT_FINITE
    x = np.ones((4, 3))
    blind = Monitor()
    blind.log(0, x=x, mean=x, nu=np.ones((4, 2)), tau2=np.ones(2), sigma2=np.nan)
    assert blind.reading()[0] is Reading.NOT_FINITE
    assert "at step 0: sigma2" in blind.reading()[1]


def test_a_floor_of_the_decoders_variance():
    """log sigma2 is at its floor: its gradient is 0 and the gap stays."""

    def floored(model, given):
        return given | {"sigma2": 4.0}

    def no_gradient(model, optimizer, step):
        model.log_scale.grad.zero_()

    label, message = _label(logged=floored, before_log=no_gradient)
    assert label is Reading.CLAMPED, message
    assert "a clamp or a floor" in message


def test_a_reading_after_a_mistake_was_mended():
    """The mistake is told as long as the last steps are those of the wrong loop, and not once they are those of the right one."""
    rng = np.random.default_rng(0)
    monitor = Monitor([Move(plus=-1, name="s", factor="decoder"), Move(plus=-1, name="a", factor="prior")])  # fmt: skip
    for step in range(5 + KEPT):
        x, mean, nu = (rng.normal(size=s) for s in ((8, 3), (8, 3), (8, 2)))
        at = {"x": x, "mean": mean, "nu": nu, "tau2": np.ones(2), "sigma2": 0.7, "alpha2": 0.5}
        gaps = Monitor().log(0, **at)
        times = -8 if step < 5 else -1  # of the loss, summed and not
        slopes = [times * -gaps.gap_decoder, times * -gaps.gap_prior]
        monitor.log(step, **at, parameters=[0.0, 0.0], gradients=slopes)
        if step == 4:
            assert monitor.slip.name == "loss summed over the batch"
            assert monitor.reading()[0] is Reading.WRONG_USE
    assert monitor.slip is None
    assert monitor.reading()[0] is not Reading.WRONG_USE
