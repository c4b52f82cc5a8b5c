"""Both witnesses at networks of one's own: any pytree and a function to the model's arguments by name."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.families import LAPLACE, NORMAL
from entropysym.lowering import gauss_hermite
from entropysym.witness import (
    density_elbo,
    entropy_sum,
    gap,
    gap_function,
    measure,
    measuring,
    objective,
    sweep,
    try_variants,
)

NODES = gauss_hermite(2, 4)
X = jnp.asarray(np.random.default_rng(5).normal(size=(6, 3)))


def start():
    rng = np.random.default_rng(6)
    shapes = {"s": (), "a": (2,), "A": (3, 2), "B": (2, 3), "t": (2,)}
    return {name: jnp.asarray(0.5 * rng.normal(size=shape)) for name, shape in shapes.items()}


def arguments(p):
    """VAE-2 with its variances held by their logarithms."""
    return {
        "sigma2": jnp.exp(p["s"]),
        "alpha2": jnp.exp(p["a"]),
        "mu": lambda z: p["A"] @ jnp.tanh(z),
        "nu": lambda x: p["B"] @ x,
        "tau2": lambda x: jnp.exp(p["t"]),
    }


@pytest.mark.slow
def test_the_identity_holds_at_any_point_and_is_not_stationary_there(vae2_case):
    m = measure(vae2_case.identity, arguments, start(), X, NODES)
    assert m.as_predicted
    assert not m.stationary
    assert abs(m.gap.gap) > 0.1
    assert list(m.entropies) == ["encoder", "prior", "decoder"]
    E = entropy_sum(vae2_case.model, m.entropies)
    assert m.gap.entropy_sum == pytest.approx(float(E), rel=1e-12)


@pytest.mark.slow
def test_the_gradient_is_that_of_the_pytree_and_of_the_models_own_parameters(vae2_case):
    """The larger of two: a logarithm that runs to minus infinity hides no gradient."""
    p = start()
    gradient = jax.grad(objective(vae2_case.identity, arguments, NODES))(p, X)
    by_pytree = np.sqrt(sum(float(jnp.sum(leaf**2)) for leaf in gradient.values()))
    m = measure(vae2_case.identity, arguments, p, X, NODES)
    assert m.gradient_norm >= by_pytree * (1 - 1e-12)
    assert m.gradient_norm >= m.gap.gradient_norm
    # Where the variances are huge, nearly all the gradient is that of the logarithms.
    huge = {"s": jnp.asarray(30.0), "a": jnp.full(2, 30.0)}
    far = measure(vae2_case.identity, arguments, {**p, **huge}, X, NODES)
    assert far.gap.gradient_norm < far.gradient_norm
    assert far.gradient_norm >= 1.5 * (1 - 1e-9)


@pytest.mark.slow
def test_either_witness_alone_is_enough_to_disagree(vae2_case, monkeypatch):
    wrong = replace(vae2_case.identity, entropy_sum=vae2_case.entropy_sum + sp.Rational(1, 10**6))
    assert not measure(wrong, arguments, start(), X, NODES).as_predicted
    wrong = {"encoder": 1.0, "prior": 2.0, "decoder": 3.0}
    monkeypatch.setattr(measuring, "_entropies", lambda *_: wrong)
    m = measure(vae2_case.identity, arguments, start(), X, NODES)
    assert m.gap.agrees
    assert not m.as_predicted


@pytest.mark.slow
def test_what_is_not_finite_is_never_as_predicted_nor_stationary(vae2_case):
    m = measure(vae2_case.identity, arguments, {**start(), "s": jnp.asarray(np.nan)}, X, NODES)
    assert not m.as_predicted
    assert not m.stationary


def test_arguments_that_do_not_fit_are_named(vae2_case):
    def short(p):
        return {name: value for name, value in arguments(p).items() if name != "tau2"}

    with pytest.raises(InputError, match="tau2"):
        measure(vae2_case.identity, short, start(), X, NODES)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"parameters": {}}, "there are no parameters"),
        ({"parameters": {**start(), "A": jnp.ones((3, 2), jnp.float32)}}, r"\['A'\] is float32"),
        ({"parameters": {**start(), "a": jnp.zeros(2, int)}}, r"\['a'\] is int64"),
        ({"arguments": lambda p: [1, 2]}, "arguments gives .*; let it give a dict"),
        ({"nodes": None}, "nodes is None; pass Nodes"),
        ({"x": X[0]}, "x has shape"),
    ],
)
def test_what_is_no_point_of_a_model(vae2_case, change, says):
    given = {"arguments": arguments, "parameters": start(), "x": X, "nodes": NODES} | change
    with pytest.raises(InputError, match=says):
        measure(vae2_case.identity, **given)


@pytest.mark.some(2)
@pytest.mark.parametrize("function", [gap_function, sweep, try_variants])
def test_what_is_no_identity_says_what_to_pass(function):
    for found in (es.derive(es.models.vae2()), es.derive(es.models.vae0())):
        with pytest.raises(InputError, match=r"pass derivation\.identity"):
            function(found)


@pytest.mark.slow
@pytest.mark.parametrize("latent", ["z", "v"])
def test_an_excess_with_a_kink_is_averaged_at_the_same_nodes_as_the_elbo(
    latent, monkeypatch, at_shapes
):
    """The closed form on one side and nodes on the other would refute what is true, in a graph too."""
    at_shapes((3, 2, 4))
    w = es.ModelWriter()
    z = w.latent_variable(latent, "h")
    w.p(z, LAPLACE(0, w.fixed("lam", "h", range="positive")))
    mean = w.sum("h", w.learned("W", "d h") * z.entry)
    w.p(w.x, NORMAL(mean, w.learned("s", range="positive")))
    nu, t = w.network("nu", "h", reads=w.x), w.network("t", "h", reads=w.x, range="positive")
    w.q(z, NORMAL(nu, t))
    found = es.derive(w.model("fixed"))
    assert found.partial.excess.has(sp.Abs)
    assert sweep(found.partial.identity, count=20).passed
    monkeypatch.setattr(gap, "density_elbo", lambda *a, smooth: density_elbo(*a, smooth=True))
    assert sweep(found.partial.identity, count=20).failures > 10
