"""Default networks: every model of the zoo gets arguments in their ranges, from which its objective can be computed."""

import jax
import numpy as np
import pytest

from entropysym.errors import InputError
from entropysym.models import ZOO
from entropysym.networks.defaults import concrete, into
from entropysym.witness import density_elbo
from tests.instances import REPRESENTATIVE, names

KINDS = {
    "real": np.random.default_rng(0).normal(size=(12, 3)) * 4 + 7,
    "binary": 1.0 * (np.random.default_rng(0).uniform(size=(12, 3)) < 0.4),
    "count": np.random.default_rng(0).poisson(2.0, size=(12, 3)) * 1.0,
}


@pytest.mark.some(1)
@pytest.mark.parametrize("name", names(ZOO, REPRESENTATIVE))
def test_every_model_starts_at_finite_numbers(name):
    model = ZOO[name]()
    x = KINDS[model.decoder.family.support]
    c = concrete(model, x, seed=3)
    elbo, points = density_elbo(model), c.data(x)

    def maximised(p):
        return elbo({**c.arguments(p), "x": x}, c.noise(points)).objective

    value, gradient = jax.jit(jax.value_and_grad(maximised))(c.start)
    assert np.isfinite(value)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
    made = c.arguments(c.start)
    for p in model.parameters:
        a = np.asarray(made[p.name])
        assert a.shape == tuple(c.sizes[plate.size.name] for plate in p.plates)
        if p.range in ("positive", "unit"):
            assert (a > 0).all()
        if p.range == "posdef":
            assert (np.linalg.eigvalsh(a) > 0).all()
    # What is not learned is not moved, and all that is learned is.
    frozen = {f.name for f in (*model.parameters, *model.networks) if not f.learned}
    assert frozen.isdisjoint(c.start)
    assert frozen <= set(c.fixed)


@pytest.mark.slow
def test_ranges():
    raw = np.random.default_rng(0).normal(size=6)
    L = np.asarray(into(raw, "triangular"))
    assert (np.diag(L) > 0).all()
    assert np.allclose(L, np.tril(L))
    assert np.allclose(np.asarray(into(raw, "posdef")), L @ L.T)
    assert ((into(raw, "unit") > 0) & (into(raw, "unit") < 1)).all()


@pytest.mark.parametrize("latent", [0, -1, True, 1.5])
def test_a_number_of_latents_that_is_none(latent):
    with pytest.raises(InputError, match="pass an integer >= 1"):
        concrete(ZOO["vae2"](), KINDS["real"], latent=latent)
