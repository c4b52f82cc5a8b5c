"""Networks that are not ours: plain functions, Equinox and Flax. Directions are solved for, and their residual says whether there is one."""

import ast
from pathlib import Path

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import entropysym
from entropysym.ascent import Plan, settle
from entropysym.errors import InputError
from entropysym.lowering import gauss_hermite
from entropysym.networks import Outputs, Reading, certify, initial
from entropysym.networks.as_model import as_model
from entropysym.networks.directions import EXACT
from entropysym.networks.networks import outputs
from entropysym.networks.outputs import elbo
from entropysym.networks.written import redundant, written

RNG = np.random.default_rng(2)
N, D, H = 50, 4, 1
X = RNG.standard_t(4, size=(N, D)) + 0.5 * RNG.normal(size=(N, 1)) ** 2
NODES = gauss_hermite(H, 10)


def drawn(nu, tau2, eps):
    return nu[:, None] + jnp.sqrt(tau2)[:, None] * eps


def plain():
    """A VAE-1 as a function of a dictionary: the decoder's first layer is free, the encoder's heads are affine."""

    def network(p, x, eps):
        g = jnp.tanh(x @ p["A"])
        nu, tau2 = g @ p["V"] + p["c"], jnp.exp(g @ p["R"] + p["u"])
        mean = jnp.tanh(drawn(nu, tau2, eps) @ p["W"] + p["b"]) @ p["B"]
        return Outputs(nu, tau2, mean, jnp.exp(p["log_sigma2"]))

    sizes = {"A": (D, 3), "V": (3, H), "c": (H,), "R": (3, H), "u": (H,)}
    sizes |= {"W": (H, 3), "b": (3,), "B": (3, D), "log_sigma2": ()}
    return network, {k: jnp.asarray(0.4 * RNG.normal(size=s)) for k, s in sizes.items()}


def with_equinox():
    """A VAE-2 from Equinox layers, one datum at a time under vmap."""

    class Vae(eqx.Module):
        encode: eqx.nn.MLP
        decode: eqx.nn.MLP
        log_alpha2: jax.Array
        sigma: jax.Array

    key = jax.random.split(jax.random.key(0))
    vae = Vae(
        eqx.nn.MLP(D, 2 * H, 5, 1, jnp.tanh, key=key[0]),
        eqx.nn.MLP(H, D, 5, 1, jnp.tanh, key=key[1]),
        jnp.zeros(H),
        jnp.ones(D),
    )
    arrays, rest = eqx.partition(vae, eqx.is_array)

    def network(p, x, eps):
        m = eqx.combine(p, rest)
        nu, log_tau2 = jnp.split(jax.vmap(m.encode)(x), 2, axis=-1)
        tau2 = jnp.exp(log_tau2)
        mean = jax.vmap(jax.vmap(m.decode))(drawn(nu, tau2, eps))
        return Outputs(nu, tau2, mean, m.sigma**2, jnp.exp(m.log_alpha2))

    return network, arrays


def with_flax(positive=jnp.exp):
    """A VAE-3 from Flax layers; `positive` makes the standard deviation."""

    class Vae(nn.Module):
        @nn.compact
        def __call__(self, x, eps):
            def dense(size):
                return nn.Dense(size, param_dtype=jnp.float64)

            g = jnp.tanh(dense(4)(x))
            nu, tau2 = dense(H)(g), jnp.exp(dense(H)(g))
            z = drawn(nu, tau2, eps)
            mean = dense(D)(jnp.tanh(dense(4)(z)))
            scale = positive(dense(D)(jnp.tanh(dense(3)(z))))
            return Outputs(nu, tau2, mean, scale**2)

    module = Vae()
    p = module.init(jax.random.key(1), jnp.asarray(X), NODES.eps)
    return lambda p, x, eps: module.apply(p, x, eps), p


MAKERS = {"plain": plain, "equinox": with_equinox, "flax": with_flax}


@pytest.mark.some(1)
@pytest.mark.parametrize("name", MAKERS)
def test_the_directions_of_any_network_are_found(name):
    network, p = MAKERS[name]()
    c = certify(network, p, X, NODES)
    assert c.exact, c.missing
    assert c.agrees
    assert abs(c.gap) > 0.01
    assert c.gap == pytest.approx(c.predicted, abs=1e-9)
    assert c.slopes["decoder"] == pytest.approx(c.gap_decoder, abs=1e-9)
    assert c.slopes["prior"] == pytest.approx(c.gap_prior, abs=1e-9)
    assert abs(c.gap) <= c.bound


@pytest.mark.slow
def test_a_softplus_head_has_no_direction():
    network, p = with_flax(jax.nn.softplus)
    c = certify(network, p, X, NODES)
    assert c.missing["decoder"] > 100 * EXACT
    assert c.missing["prior"] <= EXACT
    assert not c.exact
    assert not c.agrees


@pytest.mark.slow
@pytest.mark.parametrize("S", [3, 5])
def test_a_motion_that_only_fits_the_points_is_no_direction(S):
    """Few data, few nodes and many weights: a softplus head can be moved right where it was looked at."""
    network, p = with_flax(jax.nn.softplus)
    nodes = gauss_hermite(H, S)
    c = certify(network, p, X[:5], nodes)
    assert not c.agrees


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["vae1", "vae3"])
def test_an_encoder_with_many_weights_is_determined_by_enough_data(kind):
    x = jnp.asarray(RNG.normal(size=(200, 4)))
    vae = initial(kind, x, 2, (6,), jax.random.key(3), "tanh")
    nodes = gauss_hermite(2, 5)
    shipped = certify(outputs, vae, x, nodes)
    foreign = certify(lambda p, x, eps: outputs(p["net"], x, eps), {"net": vae}, x, nodes)
    assert foreign.origin == "solved"
    assert shipped.origin == "written"
    assert foreign.exact, foreign.missing
    assert foreign.gap == pytest.approx(shipped.gap, abs=1e-12)
    assert foreign.predicted == pytest.approx(shipped.predicted, abs=1e-8)


@pytest.mark.slow
def test_an_unknown_network_has_nothing_that_was_written_down():
    """What is known of a shipped network is asked of a table, which has nothing for others; such a network among others is no shipped one."""
    vae = initial("vae2", jnp.asarray(X), H, (3,), jax.random.key(0))
    assert set(written(vae)) == {"decoder", "prior"}
    assert redundant(vae) == H
    assert as_model(vae).model.name == "vae2"
    for stranger in ({"net": vae}, jnp.zeros(3)):
        assert written(stranger) is None
        assert redundant(stranger) == 0
        with pytest.raises(InputError, match=f"{type(stranger).__name__} is no shipped network"):
            as_model(stranger)


def _asked_by_class(source):
    """The network classes that a program tells apart by `isinstance`."""
    shipped = {"LinearVae", "Vae1", "Vae2", "Vae3", "GaussianVae"}
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"isinstance", "type"}
    ]
    names = {n.id for call in calls for n in ast.walk(call) if isinstance(n, ast.Name)}
    return names & shipped


@pytest.mark.slow
def test_nobody_asks_what_network_it_is():
    """What depends on the network is the network's own, or stands in a table by class, which a new network joins from outside."""
    assert _asked_by_class("if isinstance(vae, Vae1 | Vae2): pass") == {"Vae1", "Vae2"}
    package = Path(entropysym.__file__).parent
    found = {path: _asked_by_class(path.read_text("utf-8")) for path in package.rglob("*.py")}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_frozen_encoder_leaves_the_prior_without_a_direction():
    network, p = plain()
    frozen = {k: p[k] for k in ("A", "V", "c", "R", "u")}
    learned = {k: v for k, v in p.items() if k not in frozen}
    c = certify(lambda q, x, eps: network({**frozen, **q}, x, eps), learned, X, NODES)
    assert c.missing["decoder"] <= EXACT < c.missing["prior"]
    assert not c.agrees


@pytest.mark.slow
def test_a_network_of_yours_is_brought_to_a_stationary_point():
    def network(p, x, eps):
        nu, tau2 = x @ p["V"] + p["c"], jnp.exp(p["u"])
        mean = jnp.tanh(drawn(nu, jnp.broadcast_to(tau2, nu.shape), eps) @ p["W"] + p["a"]) @ p["B"]
        return Outputs(nu, tau2, mean + p["b"], jnp.exp(p["s"]))

    sizes = {"V": (D, H), "c": (H,), "u": (H,), "W": (H, 1), "a": (1,), "B": (1, D), "b": (D,)}
    start = {k: jnp.asarray(0.4 * RNG.normal(size=(1, *s))) for k, s in sizes.items()}
    start["s"] = jnp.zeros(1)
    found = settle(
        lambda p, x: elbo(network(p, x, NODES.eps), x, NODES.weights),
        start,
        jnp.asarray(X),
        Plan(epochs=200, rate=5e-2, lbfgs=0, newton=200),
    )
    c = certify(network, found.run(0), X, NODES, finer=gauss_hermite(H, 20))
    assert c.gradient_norm <= 1e-8, found.message
    assert abs(c.gap) <= 1e-8
    assert c.reading in (Reading.CONVERGED, Reading.UNIDENTIFIABLE)
    assert c.exact
    assert c.quadrature_error is not None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda o: o._replace(mean=o.mean[:, 0]), "pass x .N, D., nu .N, H., mean .N, S, D."),
        (lambda o: o._replace(sigma2=jnp.ones(D + 1)), "sigma2 has shape .5,."),
        (lambda o: o._replace(alpha2=jnp.ones((2, 2))), "alpha2 has shape .2, 2."),
        (lambda o: o._replace(tau2=jnp.ones(N)), "tau2 has shape .50,."),
        (lambda o: o._replace(mean=o.mean[:-1]), "do not agree in N or D"),
    ],
)
def test_outputs_of_wrong_shapes_are_refused(change, says):
    network, p = plain()
    with pytest.raises(InputError, match=says):
        certify(lambda p, x, eps: change(network(p, x, eps)), p, X, NODES)


def test_single_precision_is_taken_and_computed_in_double():
    network, p = plain()
    short = {k: np.asarray(a, np.float32) for k, a in p.items()}
    same = {k: jnp.asarray(a, jnp.float64) for k, a in short.items()}
    c = certify(network, short, X, NODES)
    assert c.agrees
    assert c.gap == certify(network, same, X, NODES).gap
    assert all(a.dtype == np.float32 for a in short.values())  # the caller's own are not touched


def test_a_network_that_computes_in_single_precision_is_refused():
    network, p = plain()

    def short(p, x, eps):
        return jax.tree.map(lambda a: jnp.asarray(a, jnp.float32), network(p, x, eps))

    with pytest.raises(InputError, match=r"computes in float32 although .* dtype=None"):
        certify(short, p, X, NODES)
