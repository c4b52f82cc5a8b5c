"""The gap identity at single points: it holds, and nothing that is not finite or not float64 ever passes."""

import math
import re
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from entropysym.errors import InputError
from entropysym.language.heads import DataMean
from entropysym.language.symbols import DATUM, n
from entropysym.lowering import Nodes, cubature, gauss_hermite, normal_noise
from entropysym.witness import measure_gap
from entropysym.witness.gap import finished, gap_function

NODES = {
    "cubature": lambda: cubature(2),
    "product": lambda: gauss_hermite(2, 5),
    "noise": lambda: normal_noise(jax.random.key(2), 3, 2),
}


@pytest.mark.some(2)
@pytest.mark.parametrize("nodes", NODES)
def test_identity_holds_at_any_parameters_for_any_nodes(case, nodes):
    gap = measure_gap(case.identity, arguments=case.arguments, nodes=NODES[nodes]())
    assert gap.agrees, gap
    assert gap.residual <= 3
    assert abs(gap.gap) > 1  # far from stationary, so the check has something to see
    assert gap.gap == pytest.approx(gap.predicted, rel=1e-12)
    assert abs(gap.gap) <= gap.gradient_norm * gap.direction_norm


def test_other_form_of_the_entropy_sum(case, closed_forms):
    gap = measure_gap(
        replace(case.identity, entropy_sum=closed_forms[case.model.name]),
        arguments=case.arguments,
        nodes=cubature(2),
    )
    assert gap.agrees


def test_a_gap_of_the_wrong_direction_is_seen(case):
    wrong = {name: -v for name, v in case.direction.items()}
    gap = measure_gap(
        replace(case.identity, direction=wrong),
        arguments=case.arguments,
        nodes=cubature(2),
    )
    assert gap.finite
    assert not gap.agrees
    assert gap.residual > 1e10


@pytest.mark.slow
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_never_passes(case, bad):
    identity = gap_function(case.identity)
    arrays = {k: v for k, v in case.arguments.items() if not callable(v)}
    functions = {k: v for k, v in case.arguments.items() if callable(v)}
    nodes = cubature(2)

    @jax.jit
    def run(arrays, nodes, shift):
        made = {
            k: (lambda v, f=f, k=k: f(v) + shift[k] * jnp.ones(f(v).shape).at[1:].set(0.0))
            for k, f in functions.items()
        }
        return identity({**arrays, **made}, nodes)

    still = {k: jnp.zeros(()) for k in functions}
    assert finished(run(arrays, nodes, still), (arrays, nodes)).agrees
    tried = 0
    for name, array in arrays.items():
        spoilt = {**arrays, name: jnp.asarray(array).ravel().at[0].set(bad).reshape(array.shape)}
        assert not finished(run(spoilt, nodes, still), (spoilt, nodes)).agrees, name
        tried += 1
    for name in functions:
        assert not finished(run(arrays, nodes, {**still, name: jnp.asarray(bad)})).agrees, name
        tried += 1
    for spoilt in (
        Nodes(nodes.eps.at[0, 0].set(bad), nodes.weights),
        Nodes(nodes.eps, nodes.weights.at[0].set(bad)),
    ):
        assert not finished(run(arrays, spoilt, still), (arrays, spoilt)).agrees
        tried += 1
    assert tried == len(case.arguments) + 2


def test_a_negative_variance_never_passes(vae2_case):
    arguments = {**vae2_case.arguments, "sigma2": jnp.asarray(-0.6)}
    gap = measure_gap(vae2_case.identity, arguments=arguments, nodes=cubature(2))
    assert not gap.finite
    assert not gap.agrees
    assert math.isnan(gap.residual)


@pytest.mark.slow
def test_weights_count_in_the_gradient_norm(vae2_case):
    functions = {k: v for k, v in vae2_case.arguments.items() if callable(v)}
    arrays = {k: v for k, v in vae2_case.arguments.items() if not callable(v)}

    def networks(w):
        return {**functions, "mu": lambda z: w["scale"] * functions["mu"](z) + w["shift"]}

    weights = {"scale": jnp.asarray(1.0), "shift": jnp.zeros(3)}
    common = {"nodes": cubature(2)}
    plain = measure_gap(vae2_case.identity, arguments=vae2_case.arguments, **common)
    more = measure_gap(
        vae2_case.identity, arguments=arrays, weights=weights, networks=networks, **common
    )
    assert more.agrees
    assert more.elbo == pytest.approx(plain.elbo, rel=1e-14)
    assert more.gradient_norm > plain.gradient_norm
    # The shift moves the decoder mean, so its gradient is the mean residual over sigma^2.
    x, sigma2 = arrays["x"], arrays["sigma2"]
    z = jax.vmap(functions["nu"])(x)[:, None] + jnp.sqrt(jax.vmap(functions["tau2"])(x))[
        :, None
    ] * np.asarray(cubature(2).eps)
    mean = jax.vmap(jax.vmap(functions["mu"]))(z)
    slope = jnp.mean(x[:, None] - mean, axis=(0, 1)) / sigma2
    by_scale = jnp.mean(jnp.sum((x[:, None] - mean) * mean, axis=2)) / sigma2
    wanted = math.sqrt(plain.gradient_norm**2 + float(slope @ slope) + float(by_scale) ** 2)
    assert more.gradient_norm == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sigma": jnp.asarray(0.7, jnp.float32)}, "sigma is float32; pass float64"),
        ({"x": jnp.ones((5, 3), jnp.float32)}, "x is float32; pass float64"),
        ({"sigma": 1}, "sigma is 1; pass a float64 array"),
        ({"sigma": "1"}, "sigma is '1'; pass a float64 array"),
        ({"b": jnp.ones(4)}, "but 4 in b"),
    ],
)
def test_arguments_that_do_not_fit(linear_case, change, says):
    with pytest.raises(InputError, match=re.escape(says)):
        measure_gap(
            linear_case.identity,
            arguments={**linear_case.arguments, **change},
            nodes=cubature(2),
        )


def test_float32_mode_is_refused(linear_case):
    nodes = cubature(2)
    with jax.enable_x64(False), pytest.raises(InputError, match="jax_enable_x64"):
        measure_gap(linear_case.identity, arguments=linear_case.arguments, nodes=nodes)


def test_directions_move_learned_parameters_and_read_nothing_else(vae2_case):
    claim, model = vae2_case.identity, vae2_case.model
    d = model.observed.index
    with pytest.raises(InputError, match=r"unknown learned parameter .* 'mu'; choose one of"):
        gap_function(replace(claim, direction={"mu": sp.S.One}))
    with pytest.raises(InputError, match="a direction depends on parameters only"):
        gap_function(
            replace(claim, direction={"sigma2": DataMean(model.observed.sum(DATUM[n, d]), n)})
        )
