"""Many models of one shape as one program: each run has data of its own, and ends where it would have ended alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from entropysym.ascent import Checkpoint, Ending, Plan, settle
from entropysym.errors import InputError
from entropysym.lowering import gauss_hermite
from entropysym.networks import Outputs, certify
from tests.ascent.test_settling import CutOff, likelihood

RNG = np.random.default_rng(11)
K, N = 3, 30
X = RNG.normal(size=(K, N, 2)) * RNG.uniform(0.5, 2, size=(K, 1, 2)) + RNG.normal(size=(K, 1, 2))
START = {name: 0.1 * RNG.normal(size=(K, 2)) for name in ("m", "s")}
PLAN = Plan(epochs=20, rate=5e-2, batch=7, lbfgs=40, newton=20, block=10, observed=5, goal=1e-10)
OBSERVE = {"value": likelihood}


def alone(run, plan=PLAN):
    start = jax.tree.map(lambda a: a[run : run + 1], START)
    observe = {"value": lambda p: likelihood(p, X[run])}
    return settle(likelihood, start, X[run], plan, observe=observe)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [None, 7])
def test_every_run_takes_the_steps_that_it_takes_alone(batch):
    """Adam's batches too: the rows are those of the plan's seed."""
    plan = Plan(epochs=10, rate=5e-2, batch=batch, lbfgs=0, newton=0, observed=5)
    found = settle(likelihood, START, X, plan, observe=OBSERVE, data_per_run=True)
    for run in range(K):
        one = alone(run, plan)
        for name in START:
            np.testing.assert_allclose(found.run(run)[name], one.run()[name], rtol=1e-12)
        np.testing.assert_allclose(found.values[run], one.values[0], rtol=1e-12)
        seen = found.history["value"][:, run : run + 1]
        np.testing.assert_allclose(seen, one.history["value"], rtol=1e-12)
    # The wrong data are seen: no two of these points are near each other.
    assert abs(np.diff(found.point["m"], axis=0)).max() > 1e-3


@pytest.mark.slow
def test_every_run_arrives_where_it_arrives_alone():
    found = settle(likelihood, START, X, PLAN, data_per_run=True)
    assert found.ending is Ending.ARRIVED
    assert (found.gradient_norms <= PLAN.goal).all()
    for run in range(K):
        np.testing.assert_allclose(found.run(run)["m"], X[run].mean(axis=0), atol=1e-9)
        np.testing.assert_allclose(np.exp(found.run(run)["s"]), X[run].std(axis=0), atol=1e-9)
    one = alone(1)
    np.testing.assert_allclose(found.values[1], one.values[0], rtol=1e-13)
    np.testing.assert_allclose(found.run(1)["m"], one.run()["m"], atol=1e-9)


def test_newton_alone_reads_the_data_of_its_run():
    plan = Plan(epochs=0, lbfgs=0, newton=30, goal=1e-10)
    found = settle(likelihood, START, X, plan, data_per_run=True)
    assert found.ending is Ending.ARRIVED
    np.testing.assert_allclose(found.point["m"], X.mean(axis=1), atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("after", [2, 11])
def test_a_run_that_was_cut_off_goes_on_to_the_same_bytes(tmp_path, after):
    def settled(**more):
        return settle(likelihood, START, X, PLAN, observe=OBSERVE, data_per_run=True, **more)

    whole, checkpoint = settled(), Checkpoint(tmp_path / "state.npz", "mine")
    cut = settled(progress=CutOff(after), checkpoint=checkpoint)
    assert cut.ending is Ending.INTERRUPTED
    again = settled(checkpoint=checkpoint)
    assert again.ending is whole.ending
    for name in START:
        assert np.asarray(again.point[name]).tobytes() == np.asarray(whole.point[name]).tobytes()
    assert again.history["value"].tobytes() == whole.history["value"].tobytes()


def test_a_checkpoint_knows_whether_the_data_are_each_runs_own(tmp_path):
    """Data (3, 30, 2) are either three runs' or three data points of a shape (30, 2)."""

    def objective(p, x):
        return -jnp.sum(p["m"] ** 2) + 0 * jnp.sum(x)

    checkpoint, plan = Checkpoint(tmp_path / "state.npz", "mine"), Plan(epochs=2, lbfgs=0, newton=0)
    settle(objective, START, X, plan, data_per_run=True, checkpoint=checkpoint)
    with pytest.raises(InputError, match="belongs to another training"):
        settle(objective, START, X, plan, checkpoint=checkpoint)
    with pytest.raises(InputError, match="belongs to another training"):
        settle(objective, START, X + 1, plan, data_per_run=True, checkpoint=checkpoint)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (X[0], r"leading axes \[\(30, 2\)\]; pass arrays with an axis of the 3 runs"),
        (X[:2], r"leading axes \[\(2, 30\)\]; pass arrays with an axis of the 3 runs"),
        (X[:, :0], r"leading axes \[\(3, 0\)\]"),
        (X[:, 0, 0], r"leading axes \[\(3,\)\]"),
        ({"x": X, "y": X[:, :5]}, r"leading axes \[\(3, 5\), \(3, 30\)\]"),
    ],
)
def test_data_without_an_axis_of_runs_are_refused(data, says):
    with pytest.raises(InputError, match=says):
        settle(lambda p, x: -jnp.sum(p["m"] ** 2), START, data, PLAN, data_per_run=True)


def test_a_run_is_named_where_there_are_several():
    plan = Plan(epochs=1, lbfgs=0, newton=0)
    found = settle(likelihood, START, X, plan, data_per_run=True)
    assert np.array_equal(found.run(np.int64(1))["m"], found.point["m"][1])
    assert np.array_equal(found.run(-1)["m"], found.point["m"][2])
    assert np.array_equal(found.data_of(1), X[1])
    for wrong in (None, 3, -4, True, 1.0):
        with pytest.raises(InputError, match=r"there are 3 runs, pass one from 0 to 2"):
            found.run(wrong)
        with pytest.raises(InputError, match="there are 3 runs"):
            found.data_of(wrong)
    one = alone(2, plan)
    assert one.run()["m"].shape == (2,)
    assert np.array_equal(one.data_of(), X[2])


def test_a_start_without_an_axis_of_runs_is_told_how_to_get_one():
    one = {"m": jnp.zeros(2), "s": jnp.zeros(())}
    with pytest.raises(InputError) as caught:
        settle(likelihood, one, X[0], PLAN)
    assert "jax.tree.map(lambda a: a[None], start) for one run" in str(caught.value)
    cured = jax.tree.map(lambda a: a[None], one)
    assert settle(likelihood, cured, X[0], Plan(epochs=1, lbfgs=0, newton=0)).run()["s"].shape == ()


D = 3
Y = RNG.normal(size=(2, 40, 1)) * RNG.normal(size=(2, 1, D)) + 0.4 * RNG.normal(size=(2, 40, D))
NODES = gauss_hermite(1, 4)


def network(p, x, eps):
    nu, tau2 = x @ p["V"], jnp.exp(p["u"])
    mean = (nu[:, None] + jnp.sqrt(tau2) * eps) @ p["W"]
    return Outputs(nu, tau2, mean, jnp.exp(p["s"]))


def elbo(p, x):
    """Of the linear VAE of one latent, written out."""
    nu, tau2, s2 = x @ p["V"], jnp.exp(p["u"]), jnp.exp(p["s"])
    misfit = jnp.sum((x - nu @ p["W"]) ** 2, axis=1) + jnp.sum(tau2 @ p["W"] ** 2)
    decoder = -D / 2 * jnp.log(2 * jnp.pi * s2) - misfit / (2 * s2)
    kl = 0.5 * jnp.sum(nu**2 + tau2 - jnp.log(tau2) - 1, axis=1)
    return jnp.mean(decoder - kl)


@pytest.mark.slow
def test_a_settled_run_is_certified_in_one_line():
    shapes = {"V": (D, 1), "u": (1,), "W": (1, D), "s": ()}
    start = {name: 0.3 * RNG.normal(size=(2, *shape)) for name, shape in shapes.items()}
    plan = Plan(epochs=0, lbfgs=300, newton=50, goal=1e-10)
    found = settle(elbo, start, Y, plan, data_per_run=True)
    assert found.ending is Ending.ARRIVED
    for run in range(2):
        c = found.certify(network, NODES, run=run)
        assert abs(c.gap) < 1e-8
        assert c.gradient_norm < 1e-8
        np.testing.assert_allclose(c.elbo, found.values[run], rtol=1e-12)
    assert c == certify(network, found.run(1), Y[1], NODES)
    # On the data of the other run the same point is not stationary, and has a gap.
    wrong = certify(network, found.run(1), Y[0], NODES)
    assert wrong.gradient_norm > 1e-3
    assert abs(wrong.gap) > 1e-3
    with pytest.raises(InputError, match="there are 2 runs"):
        found.certify(network, NODES)
    with pytest.raises(InputError, match="goal is -1"):
        found.certify(network, NODES, run=0, goal=-1)
