"""Eight ways to end training, and what the certificate says of each: the rows of the table of traps, and a ninth that is flat."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from entropysym.ascent import Plan, settle
from entropysym.errors import InputError
from entropysym.lowering import Nodes, cubature
from entropysym.networks import Outputs, Reading, certify
from entropysym.networks.outputs import elbo

RNG = np.random.default_rng(3)
N, D, H = 60, 4, 1
X = RNG.standard_t(5, size=(N, D)) * np.linspace(1.6, 0.6, D)
X[:, -1] += 0.5 * X[:, 0] ** 2  # no linear model fits this
NODES = cubature(H)
FLOOR = 3.0  # above the best variance


def start(**more):
    p = {
        "W": 0.5 * RNG.normal(size=(D, H)),
        "b": np.zeros(D),
        "s": np.zeros(()),
        "V": 0.3 * RNG.normal(size=(H, D)),
        "c": np.zeros(H),
        "u": np.full(H, -0.5),
        **more,
    }
    return {k: jnp.asarray(v, jnp.float64) for k, v in p.items()}


def network(p, x, eps, *, variance=lambda p: jnp.exp(p["s"])):
    """A linear VAE whose decoder variance is made from the parameters in various ways."""
    nu = x @ p["V"].T + p["c"]
    tau2 = jnp.exp(p["u"])
    z = nu[:, None] + jnp.sqrt(tau2) * eps
    alpha2 = jnp.exp(p["a"]) if "a" in p else 1.0
    return Outputs(nu, tau2, z @ p["W"].T + p["b"], variance(p), alpha2)


def clamped(p, x, eps):
    return network(p, x, eps, variance=lambda p: jnp.maximum(p["s"], FLOOR))


def fixed(p, x, eps):
    return network(p, x, eps, variance=lambda p: jnp.asarray(0.5))


def value(net, p, x=X):
    return elbo(net(p, jnp.asarray(x), NODES.eps), jnp.asarray(x), NODES.weights)


def trained(net, objective=None, begin=None, **plan):
    settings = {"epochs": 0, "lbfgs": 0, "newton": 100, **plan}
    objective = objective or (lambda p, x: value(net, p, x))
    one = jax.tree.map(lambda a: a[None], begin or start())
    return settle(objective, one, jnp.asarray(X), Plan(**settings)).run(0)


def judged(net, p, **options):
    return certify(net, p, X, NODES, **options)


class Row(NamedTuple):
    """What a trap must be called, and which figures must be small or not."""

    reading: Reading
    small_gradient: bool
    small_gap: bool


@pytest.mark.slow
def test_converged():
    c = judged(network, trained(network))
    assert c.reading is Reading.CONVERGED, c.message
    assert c.gradient_norm <= 1e-8
    assert abs(c.gap) <= 1e-9
    assert c.agrees
    assert c.inertia[2] == 0


@pytest.mark.slow
def test_clamped_variance():
    p = trained(clamped, begin=start(s=0.5))
    c = judged(clamped, p)
    assert c.reading is Reading.CLAMPED, c.message
    assert c.gradient_norm <= 1e-8  # stationary in the raw parameter
    assert abs(c.gap) > 0.1
    assert not c.exact  # no motion of the parameters scales the variance here
    assert not c.agrees


@pytest.mark.slow
def test_a_floor_on_one_dimension_only():
    def floored(p, x, eps):
        own = jnp.exp(p["s"])
        return network(p, x, eps, variance=lambda p: own.at[0].set(jnp.maximum(own[0], FLOOR)))

    begin = start(s=np.zeros(D))
    # Newton's steps alone do not cross the kink.
    c = judged(floored, trained(floored, begin=begin, epochs=300, rate=2e-2))
    assert c.reading is Reading.CLAMPED, c.message
    assert c.gradient_norm <= 1e-8
    assert not c.agrees


@pytest.mark.some(1)
@pytest.mark.parametrize("s", [-16.0, -18.0, -20.0, -22.0, -24.0])
def test_a_saturated_floor_is_never_converged(s):
    """The gradient is tiny and the direction long: their product, the bound, must not excuse the gap."""

    def still(p, x, eps):
        nu, tau2 = jnp.zeros((len(x), 1)) + p["c"], jnp.exp(p["u"])
        mean = jnp.zeros((len(x), len(eps), D)) + 0 * drawn_from(nu, tau2, eps)
        return Outputs(nu, tau2, mean, FLOOR + jnp.exp(p["s"]))

    p = {"c": jnp.zeros(1), "u": jnp.zeros(1), "s": jnp.asarray(s)}
    c = judged(still, p)
    assert abs(c.gap) > 0.05
    assert c.reading in (Reading.CLAMPED, Reading.STALLED), c.message


def drawn_from(nu, tau2, eps):
    return nu[:, None] + jnp.sqrt(tau2) * eps


@pytest.mark.slow
def test_what_a_network_reads_besides_its_arguments_is_read_anew():
    scale = {"k": 0.5}

    def closing(p, x, eps):
        return network(p, x, eps, variance=lambda p: scale["k"] * jnp.exp(p["s"]))

    p = trained(closing)
    assert judged(closing, p).reading is Reading.CONVERGED
    scale["k"] = 5.0
    assert judged(closing, p).reading is Reading.STALLED


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"goal": np.inf}, "goal is inf; pass a positive number"),
        ({"goal": -1.0}, "goal is -1.0"),
        ({"rows": 0}, "rows is 0; pass an integer >= 1 or None"),
        ({"batch": -3}, "batch is -3; pass an integer >= 1 or None"),
        ({"finer": (1, 2)}, "finer is .1, 2.; pass Nodes"),
        ({"directions": {"decoder": {}}}, "directions has .'decoder'."),
    ],
)
def test_arguments_that_make_no_sense(options, says):
    with pytest.raises(InputError, match=says):
        judged(network, start(), **options)


def test_weights_that_do_not_sum_to_one():
    nodes = Nodes(NODES.eps, 2 * NODES.weights)
    with pytest.raises(InputError, match="the weights of nodes sum to 2"):
        certify(network, start(), X, nodes)


def test_a_network_that_gives_something_else():
    with pytest.raises(InputError, match="the network gives tuple; let it give Outputs"):
        certify(lambda p, x, eps: (x, x), start(), X, NODES)


@pytest.mark.slow
def test_a_clamped_prior():
    def floored(p, x, eps):
        return network(p, x, eps)._replace(alpha2=jnp.maximum(p["raw"], 5.0))

    # The decoder's columns are held, so that the scale of z cannot follow the prior's.
    W = start()["W"]
    begin = {k: v for k, v in start(raw=np.ones(H)).items() if k != "W"}
    held = lambda p, x, eps: floored({**p, "W": W}, x, eps)  # noqa: E731
    c = judged(held, trained(held, begin=begin))
    assert c.reading is Reading.CLAMPED, c.message
    assert c.gradient_norm <= 1e-8
    assert abs(c.gap_prior) > 0.01


@pytest.mark.slow
def test_fixed_variance():
    begin = {k: v for k, v in start().items() if k != "s"}
    c = judged(fixed, trained(fixed, begin=begin))
    assert c.reading is Reading.FIXED, c.message
    assert c.gradient_norm <= 1e-8
    assert abs(c.gap) > 0.1


def test_a_rate_that_decayed_away():
    c = judged(network, trained(network, epochs=30, rate=1e-3, lbfgs=0, newton=0))
    assert c.reading is Reading.STALLED, c.message
    assert c.gradient_norm > 0.1
    assert c.agrees  # the gap is the predicted one all the same
    assert abs(c.gap) <= c.bound


@pytest.mark.slow
def test_weight_decay():
    def penalised(p, x=X):
        return value(network, p, x) - 0.1 * jnp.sum(p["W"] ** 2)

    p = trained(network, penalised)
    c = judged(network, p, trained=penalised)
    assert c.reading is Reading.WRONG_OBJECTIVE, c.message
    assert c.trained_gradient_norm <= 1e-8
    # The gap is v·∇R, with v_W = -W/2: minus the penalty itself.
    assert c.gap == pytest.approx(-0.1 * float(jnp.sum(p["W"] ** 2)), abs=1e-9)
    # Without the trained objective nobody can tell; it is never called converged.
    assert judged(network, p).reading is Reading.STALLED


@pytest.mark.slow
def test_mini_batches_at_a_constant_rate():
    p, x = start(), jnp.asarray(X)
    step = jax.jit(
        lambda p, rows: jax.tree.map(
            lambda a, g: a + 0.02 * g, p, jax.grad(lambda p: value(network, p, rows))(p)
        )
    )
    for _ in range(600):
        p = step(p, x[RNG.permutation(N)[:6]])
    c = judged(network, p, batch=6)
    assert c.reading is Reading.NOISE_BALL, c.message
    assert c.gradient_norm > 1e-3
    assert c.agrees


@pytest.mark.slow
def test_beta_objective_for_which_the_equality_holds():
    def weighted(p, x=X):
        out = network(p, jnp.asarray(x), NODES.eps)
        nu, tau2 = out.nu, jnp.broadcast_to(out.tau2, out.nu.shape)
        kl = jnp.mean(jnp.sum(nu**2 + tau2 - 1 - jnp.log(tau2), axis=-1)) / 2
        return elbo(out, jnp.asarray(x), NODES.weights) + 0.8 * kl  # the KL counts a fifth

    c = judged(network, trained(network, weighted), trained=weighted)
    assert c.reading is Reading.HOLDS, c.message
    assert c.trained_gradient_norm <= 1e-8 < c.gradient_norm
    assert abs(c.gap) <= 1e-8


@pytest.mark.slow
def test_parts_that_cancel():
    p = start()
    p["V"] = 0.1 * p["V"]  # whatever was drawn, the prior's part stays above -D/2
    # Choose the variance so that the decoder's part of the gap is minus the prior's.
    out = network(p, jnp.asarray(X), NODES.eps)
    R = float(jnp.mean(jnp.sum((X[:, None] - out.mean) ** 2, axis=-1) @ NODES.weights))
    prior = judged(network, p).gap_prior
    p["s"] = jnp.log(jnp.asarray(R / (D + 2 * prior)))
    c = judged(network, p)
    assert c.reading is Reading.NOT_STATIONARY, c.message
    assert abs(c.gap) <= 1e-12 < 1e-2 < abs(c.gap_prior)
    assert c.gradient_norm > 0.1


@pytest.mark.slow
def test_a_flat_direction_is_not_certified_as_a_point():
    # The scale of W against the prior's: both learned, no constraint.
    p = trained(network, begin=start(a=np.full(H, 0.3)))
    c = judged(network, p)
    assert c.reading is Reading.UNIDENTIFIABLE, c.message
    assert c.inertia[2] == H
    assert abs(c.gap) <= 1e-9


def test_what_is_not_finite_is_said():
    p = start(s=np.nan)
    c = judged(network, p)
    assert c.reading is Reading.NOT_FINITE
    assert not c.agrees


@pytest.mark.slow
@pytest.mark.parametrize("name", ["W", "V"])
def test_a_wrong_direction_is_noticed(name):
    """Negative control of the residual: with the sign of one motion turned, the gap is not the predicted one."""
    p = start()
    c = judged(network, p)
    assert c.agrees
    zero = jax.tree.map(jnp.zeros_like, p)
    motions = {"W": -p["W"] / 2, "V": p["V"] / 2, "c": p["c"] / 2, "u": jnp.ones(H)}
    right = {"decoder": {**zero, "s": -jnp.ones(())}, "prior": {**zero, **motions}}
    assert judged(network, p, directions=right).agrees
    settled = trained(network)
    # At a stationary point every direction predicts the gap; its equations tell that it is none.
    motions_there = {"W": -settled["W"] / 2, "V": settled["V"] / 2, "c": settled["c"] / 2}
    there = {"decoder": right["decoder"], "prior": {**zero, **motions_there, "u": jnp.ones(H)}}
    assert judged(network, settled, directions=there).agrees
    there["prior"][name] = -there["prior"][name]
    assert not judged(network, settled, directions=there).agrees
    wrong = {**right, "prior": {**right["prior"], name: -motions[name]}}
    assert not judged(network, p, directions=wrong).agrees
