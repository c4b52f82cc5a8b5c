"""The law of the gap for every model: ELBO = entropy sum + v·grad ELBO at every parameter, data set and encoder; and its wrong variants fail.

In JAX by the sweep, in NumPy by complex steps (no matrices there), and for two models at whatever Hypothesis thinks of.
"""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entropysym.lowering import TOLERANCE, Nodes
from entropysym.witness import gap_function, sweep
from entropysym.witness.gap import finished
from tests.instances import MODELS, REPRESENTATIVE, derivation, names
from tests.verdicts.oracle import claimed_residual
from tests.verdicts.situations import SIZES, rows

#: Compilation is paid once for each shape (D, H, N), so there are few; ones are among them.
SHAPES = [(1, 1, 1), (3, 2, 4), (2, 3, 1), (5, 1, 3)]

values = st.floats(-4, 4, allow_nan=False, width=64)
logs = st.floats(-5, 5, allow_nan=False, width=64)


@pytest.mark.some(1)
@pytest.mark.parametrize("name", names(MODELS, REPRESENTATIVE))
def test_it_holds_at_random_configurations(name, at_shapes):
    at_shapes((4, 2, 5))
    d = derivation(name)
    result = sweep(d.identity, count=100)
    assert result.passed, result
    assert 0 < result.largest < 4


@pytest.mark.slow
@pytest.mark.parametrize("name", names(MODELS))
def test_it_holds_at_shapes_with_ones_and_equal_sizes(name, at_shapes):
    at_shapes((1, 2, 3), (3, 3, 2), (9, 8, 6))
    d = derivation(name)
    result = sweep(d.identity, count=300)
    assert result.passed, result
    assert 0 < result.largest < 4


#: This oracle knows no matrices and one latent vector; graphs have one of their own.
SCALAR = [
    name
    for name, make in MODELS.items()
    if (m := make()).is_plain and not any(f.is_multivariate for f in m.families)
]


@pytest.mark.some(3)
@pytest.mark.parametrize("name", names(SCALAR))
def test_it_holds_by_complex_steps(name):
    """Nothing of JAX, prover or checker on this side; a direction and an excess that are off by a hundredth are seen."""
    d = derivation(name)
    for k in range(len(SIZES)):
        drawn = rows(d.model, k, 5)
        assert claimed_residual(drawn, d.model, d.direction, d.excess) < 1e-10
    off = {moved: motion * 1.01 for moved, motion in d.direction.items()}
    assert claimed_residual(drawn, d.model, off, d.excess) > 1e-4
    if d.excess != 0:
        assert claimed_residual(drawn, d.model, d.direction, 1.01 * d.excess) > 1e-4


@cache
def _identity(name):
    d = derivation(name)
    identity = gap_function(d.identity)
    return jax.jit(identity, static_argnames=("networks",))


def _array(draw, shape, of):
    size = int(np.prod(shape))
    return jnp.asarray(
        np.array(draw(st.lists(of, min_size=size, max_size=size)), float).reshape(shape)
    )


def _positive(draw, shape):
    return jnp.exp(_array(draw, shape, logs) / 2)


def _networks(weights):
    """Small random networks: the identity holds for any, so these only have to be no special case."""

    def layer(name, positive=False):
        def apply(v):
            out = jnp.tanh(weights[name][0] @ v + weights[name][1]) * weights[name][2]
            return jnp.exp(out) if positive else out

        return apply

    return {"mu": layer("mu"), "nu": layer("nu"), "tau2": layer("tau2", positive=True)}


@st.composite
def linear_points(draw):
    D, H, N = draw(st.sampled_from(SHAPES))
    return {
        "x": _array(draw, (N, D), values),
        "W": _array(draw, (D, H), values),
        "b": _array(draw, (D,), values),
        "sigma": _positive(draw, ()),
        "V": _array(draw, (H, D), values),
        "c": _array(draw, (H,), values),
        "tau": _positive(draw, (H,)),
    }, _noise(draw, H)


@st.composite
def vae2_points(draw):
    D, H, N = draw(st.sampled_from(SHAPES))
    sizes = {"mu": (D, H), "nu": (H, D), "tau2": (H, D)}
    weights = {
        name: (
            _array(draw, (rows, columns), values),
            _array(draw, (rows,), values),
            _array(draw, (rows,), values),
        )
        for name, (rows, columns) in sizes.items()
    }
    arrays = {
        "x": _array(draw, (N, D), values),
        "sigma2": _positive(draw, ()),
        "alpha2": _positive(draw, (H,)),
    }
    return arrays, weights, _noise(draw, H)


def _noise(draw, H):
    # Any fixed noise will do: the identity is exact sample by sample.
    return Nodes(_array(draw, (3, H), values), jnp.full(3, 1 / 3))


def _agrees(parts, inputs):
    gap = finished(parts, inputs)
    assert gap.finite
    assert gap.residual <= TOLERANCE, gap


@pytest.mark.slow
@settings(max_examples=60)
@given(linear_points())
def test_linear_vae(point):
    arrays, nodes = point
    _agrees(_identity("linear_vae")(arrays, nodes), (arrays, nodes))


@pytest.mark.slow
@settings(max_examples=60)
@given(vae2_points())
def test_vae2_with_any_encoder_and_decoder(point):
    arrays, weights, nodes = point
    _agrees(_identity("vae2")(arrays, nodes, weights, networks=_networks), (arrays, weights, nodes))


@pytest.mark.parametrize("name", ["x", "W", "sigma", "tau"])
@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
def test_what_is_not_finite_never_passes(name, bad):
    rng = np.random.default_rng(1)
    D, H, N = SHAPES[1]
    shapes = {"x": (N, D), "W": (D, H), "b": (D,), "sigma": (), "V": (H, D), "c": (H,), "tau": (H,)}
    arrays = {k: jnp.asarray(np.abs(rng.normal(size=s)) + 0.1) for k, s in shapes.items()}
    nodes = Nodes(jnp.asarray(rng.normal(size=(3, H))), jnp.full(3, 1 / 3))
    spoiled = {**arrays, name: arrays[name].at[(0,) * arrays[name].ndim].set(bad)}
    assert finished(_identity("linear_vae")(arrays, nodes), (arrays, nodes)).agrees
    assert not finished(_identity("linear_vae")(spoiled, nodes), (spoiled, nodes)).agrees
