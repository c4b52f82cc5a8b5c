"""The ascent: it arrives, it goes on where it was cut off, and what is not finite is named with its step."""

import contextlib
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from entropysym.ascent import Checkpoint, Ending, Plan, settle
from entropysym.ascent.checkpoints import digest_of
from entropysym.ascent.trust_region import minimiser_within
from entropysym.errors import InputError
from tests.instances import names

RNG = np.random.default_rng(5)
X = jnp.asarray(RNG.normal(size=(40, 3)) * [1.0, 2.0, 0.5] + [1.0, 0.0, -1.0])
PLAN = Plan(epochs=30, rate=5e-2, batch=10, lbfgs=40, newton=20, block=10, observed=10)


def likelihood(p, x):
    """A normal density's log-likelihood; its maximum is known."""
    return jnp.mean(jnp.sum(-p["s"] - (x - p["m"]) ** 2 * jnp.exp(-2 * p["s"]) / 2, axis=1))


def starts(runs=2):
    return {
        "m": jnp.asarray(RNG.normal(size=(runs, 3))),
        "s": jnp.asarray(0.1 * RNG.normal(size=(runs, 3))),
    }


START = starts()
OBSERVE = {"value": lambda p: likelihood(p, X)}


@pytest.mark.slow
def test_every_run_arrives_at_the_known_maximum():
    found = settle(likelihood, START, X, PLAN, observe=OBSERVE)
    assert found.ending is Ending.ARRIVED
    assert (found.gradient_norms <= PLAN.goal).all()
    for run in range(2):
        p = found.run(run)
        np.testing.assert_allclose(p["m"], X.mean(axis=0), atol=1e-9)
        np.testing.assert_allclose(jnp.exp(p["s"]), X.std(axis=0), atol=1e-9)
    history = found.history["value"]
    assert history.shape == (len(found.history["step"]), 2)
    assert (history[0] < history[-1]).all()
    assert list(found.phases) == ["Adam", "L-BFGS", "Newton"][: len(found.phases)]


@pytest.mark.slow
def test_a_saddle_is_left_and_newton_finds_the_maximum():
    def two_hills(p, x):
        return -jnp.sum((p**2 - 1) ** 2) + 0.1 * jnp.sum(p) + 0 * jnp.sum(x)

    near_saddle = jnp.asarray([[1e-3, -1e-3]])
    found = settle(two_hills, near_saddle, X, Plan(epochs=0, lbfgs=0, newton=50))
    assert found.ending is Ending.ARRIVED
    hessian = jax.hessian(lambda p: two_hills(p, X))(found.run(0))
    assert np.linalg.eigvalsh(hessian).max() < 0


class CutOff:
    """Interrupts after so many reports of progress, as Ctrl-C would."""

    def __init__(self, after):
        self.left = after

    def __call__(self, done, total, remark):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("after", names((1, 4, 9, 12), (1, 12)))
def test_a_run_that_was_cut_off_goes_on_to_the_same_bytes(tmp_path, after):
    whole = settle(likelihood, START, X, PLAN, observe=OBSERVE)
    checkpoint = Checkpoint(tmp_path / "state.npz", digest_of({"plan": 1}, np.asarray(X)))
    cut = settle(
        likelihood, START, X, PLAN, observe=OBSERVE, progress=CutOff(after), checkpoint=checkpoint
    )
    assert cut.ending is Ending.INTERRUPTED
    assert "interrupted after step" in cut.message
    again = settle(likelihood, START, X, PLAN, observe=OBSERVE, checkpoint=checkpoint)
    assert again.ending is whole.ending
    for name in ("m", "s"):
        assert np.asarray(again.point[name]).tobytes() == np.asarray(whole.point[name]).tobytes()
    for name, values in whole.history.items():
        assert again.history[name].tobytes() == values.tobytes()


@pytest.mark.slow
def test_a_checkpoint_of_another_training_or_damaged_is_refused(tmp_path):
    path = tmp_path / "state.npz"
    settle(likelihood, START, X, PLAN, checkpoint=Checkpoint(path, "one"))
    with pytest.raises(InputError, match="belongs to another training"):
        settle(likelihood, START, X, PLAN, checkpoint=Checkpoint(path, "two"))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="remove it to start anew"):
        settle(likelihood, START, X, PLAN, checkpoint=Checkpoint(path, "one"))


@pytest.mark.slow
def test_a_checkpoint_of_other_data_runs_or_plan_is_refused_whatever_the_caller_says(tmp_path):
    checkpoint = Checkpoint(tmp_path / "state.npz", "mine")
    settle(likelihood, START, X, PLAN, checkpoint=checkpoint)
    for start, data, plan in (
        (starts(3), X, PLAN),
        (START, X + 1, PLAN),
        (START, X, replace(PLAN, rate=1e-2)),
    ):
        with pytest.raises(InputError, match="belongs to another training"):
            settle(likelihood, start, data, plan, checkpoint=checkpoint)


def test_a_damaged_checkpoint_is_an_input_error_or_as_good_as_new(tmp_path):
    path = tmp_path / "state.npz"
    checkpoint = Checkpoint(path, "mine")
    checkpoint.save(a=np.arange(50.0))
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), size=3):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(bytes(damaged[: rng.integers(10, len(whole) + 1)]))
        with contextlib.suppress(InputError):  # anything else would be raised
            checkpoint.load()


@pytest.mark.slow
def test_a_disk_that_cannot_be_written_costs_the_checkpoint_only(tmp_path):
    checkpoint = Checkpoint(tmp_path / "missing" / "state.npz", "mine")
    with pytest.warns(UserWarning, match="training goes on without checkpoints"):
        found = settle(likelihood, START, X, PLAN, checkpoint=checkpoint)
    assert found.ending is Ending.ARRIVED


@pytest.mark.slow
def test_a_flat_or_linear_function_ends():
    step = minimiser_within(np.zeros(2), np.ones(2), 1.0)
    assert np.linalg.norm(step) == pytest.approx(1.0, rel=1e-3)
    plan = Plan(epochs=2, lbfgs=2, newton=3)
    found = settle(lambda p, x: jnp.sum(p) + 0 * jnp.sum(x), jnp.zeros((1, 2)), X, plan)
    assert found.ending is Ending.LIMIT


def test_the_digest_tells_settings_and_data_apart():
    x = np.asarray(X)
    digests = {
        digest_of({"a": 1}, x),
        digest_of({"a": 2}, x),
        digest_of({"a": 1}, x + 1),
        digest_of({"a": 1}, x.astype(np.float32)),
        digest_of({"a": 1}, x.reshape(-1)),
    }
    assert len(digests) == 5


def test_what_is_not_finite_is_named_with_its_step():
    def falls_off(p, x):
        # Grows without bound up to the edge at 1, where the logarithm ends.
        return jnp.sum(10 * p["edge"]) + 0 * jnp.sum(jnp.log(1 - p["edge"])) + jnp.sum(p["other"])

    start = {"edge": jnp.asarray([[0.5]]), "other": jnp.asarray([[0.0]])}
    found = settle(falls_off, start, X, Plan(epochs=50, rate=0.1, lbfgs=0, newton=0))
    assert found.ending is Ending.NOT_FINITE
    assert "of Adam, run 0" in found.message
    assert "the objective is not finite at step" in found.message
    step = int(found.message.split("step ")[1].split()[0])
    assert 4 <= step <= 8  # half a unit at a rate of a tenth


def test_a_gradient_that_is_not_finite_is_named():
    def rooted(p, x):
        return -jnp.sum(jnp.sqrt(p["root"])) + 0 * jnp.sum(p["fine"])

    start = {"fine": jnp.asarray([[1.0]]), "root": jnp.asarray([[0.0]])}
    found = settle(rooted, start, X, Plan(epochs=5, lbfgs=0, newton=0))
    assert found.ending is Ending.NOT_FINITE
    assert "the gradient by ['root'] is not finite at step 0 of Adam" in found.message


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ({"m": jnp.zeros((2, 3), jnp.float32)}, r"\['m'\] of the start is float32"),
        ({"m": jnp.zeros((2, 3)), "s": jnp.zeros((1, 3))}, "one leading axis of runs"),
        ({"m": jnp.zeros(())}, "one leading axis of runs"),
        ({"m": jnp.zeros((0, 3))}, "one leading axis of runs"),
    ],
)
def test_a_start_that_makes_no_sense(start, says):
    with pytest.raises(InputError, match=says):
        settle(lambda p, x: jnp.sum(p["m"]), start, X, PLAN)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"epochs": -1}, "epochs is -1; pass an integer >= 0"),
        ({"rate": 0.0}, "rate is 0.0; pass a positive number"),
        ({"rate": float("nan")}, "rate is nan; pass a positive number"),
        ({"batch": 0}, "batch is 0; pass an integer >= 1 or None"),
        ({"batch": True}, "batch is True"),
        ({"rate": None}, "rate is None; pass a positive number"),
        ({"rate": float("inf")}, "rate is inf; pass a positive number"),
    ],
)
def test_a_plan_that_makes_no_sense(options, says):
    with pytest.raises(InputError, match=says):
        Plan(**options)
