"""The law of the gap, swept by Hypothesis: ELBO = entropy sum + v·grad ELBO at every parameter, data set and encoder."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import entropysym as es
from entropysym.lowering import TOLERANCE, Nodes
from entropysym.witness import gap_function
from entropysym.witness.gap import finished

#: Compilation is paid once for each shape (D, H, N), so there are few; ones are among them.
SHAPES = [(1, 1, 1), (3, 2, 4), (2, 3, 1), (5, 1, 3)]

values = st.floats(-4, 4, allow_nan=False, width=64)
logs = st.floats(-5, 5, allow_nan=False, width=64)


@cache
def _identity(name):
    d = es.derive(es.models.MODELS[name]())
    identity = gap_function(d.model, d.direction, d.entropy_sum)
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


@settings(max_examples=60)
@given(linear_points())
def test_linear_vae(point):
    arrays, nodes = point
    _agrees(_identity("linear_vae")(arrays, nodes), (arrays, nodes))


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
