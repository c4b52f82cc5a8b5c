"""The law of stationarity: the derived equations hold exactly where JAX's gradient of the density ELBO vanishes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from entropysym.lowering import cubature, lower
from entropysym.witness import density_elbo


def _point(seed=0, D=4, H=2, N=6):
    rng = np.random.default_rng(seed)
    shapes = {"x": (N, D), "W": (D, H), "b": (D,), "sigma": (), "V": (H, D), "c": (H,), "tau": (H,)}
    point = {k: jnp.asarray(rng.normal(size=s)) for k, s in shapes.items()}
    return {**point, "sigma": jnp.asarray(0.7), "tau": jnp.abs(point["tau"]) + 0.3}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["W", "b", "sigma", "V", "c", "tau"])
def test_linear_vae_gradients_are_those_of_the_density_elbo(name, derivations):
    d = derivations["linear_vae"]
    point, nodes = _point(), cubature(2)
    elbo = density_elbo(d.model)
    gradient = jax.grad(lambda v: elbo({**point, name: v}, nodes).total)(point[name])
    equation = d.stationarity[name]
    parameter = next(p for p in d.model.parameters if p.name == name)

    def value(expression, **arguments):
        return lower(expression, d.model, parameter.plates)(**arguments, noise=nodes)

    if equation.rhs == 0:
        assert jnp.allclose(value(equation.lhs, **point), gradient, rtol=1e-10, atol=1e-10)
        return
    # A solved equation: put the right-hand side in place of the parameter and the gradient is zero.
    solved = value(equation.rhs, **point)
    power = equation.lhs.as_base_exp()[1]
    there = jnp.broadcast_to(solved ** (1 / float(power)), point[name].shape)
    moved = jax.grad(lambda v: elbo({**point, name: v}, nodes).total)(there)
    assert jnp.max(jnp.abs(gradient)) > 1e-3
    assert jnp.max(jnp.abs(moved)) < 1e-11


@pytest.mark.slow
def test_the_scaling_of_one_latent(derivations):
    d = derivations["linear_vae"]
    point, nodes = _point(3), cubature(2)
    elbo = density_elbo(d.model)

    def scaled(s):
        up, down = jnp.exp(s), jnp.exp(-s)
        moved = {
            "W": point["W"] * down,
            "V": point["V"] * up[:, None],
            "c": point["c"] * up,
            "tau": point["tau"] * up,
        }
        return elbo({**point, **moved}, nodes).total

    slope = lower(d.stationarity["scaling"].lhs, d.model, (d.model.latent,))
    assert jnp.allclose(slope(**point, noise=nodes), jax.grad(scaled)(jnp.zeros(2)), atol=1e-11)
