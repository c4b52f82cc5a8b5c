"""Double precision, and the shipped models with entropy sums and directions written by hand from the theory, not derived."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from entropysym.families import NORMAL
from entropysym.language.heads import DataMean
from entropysym.language.identity import Identity
from entropysym.language.objective import elbo, entropy_sum, spelled_out
from entropysym.language.symbols import n
from entropysym.models import linear_vae, vae2

jax.config.update("jax_enable_x64", True)

HALF = sp.Rational(1, 2)
_MOTION = {
    "vae2": {"sigma2": -1, "alpha2": -1},
    "linear_vae": {"W": -HALF, "V": HALF, "c": HALF, "tau": HALF, "sigma": -HALF},
}


class Case(NamedTuple):
    """A model with both sides of its gap identity, and arguments at D=3, H=2, N=5."""

    model: object
    direction: dict
    entropy_sum: sp.Expr
    elbo: sp.Expr
    arguments: dict

    @property
    def identity(self):
        return Identity(self.model, self.direction, self.entropy_sum)


def _arguments(name):
    rng = np.random.default_rng(7)
    D, H, N = 3, 2, 5
    x = jnp.asarray(rng.normal(size=(N, D)) * 2 + 1)
    if name == "linear_vae":
        return {
            "x": x,
            "W": jnp.asarray(rng.normal(size=(D, H))),
            "b": jnp.asarray(rng.normal(size=D)),
            "sigma": jnp.asarray(0.7),
            "V": jnp.asarray(rng.normal(size=(H, D))),
            "c": jnp.asarray(rng.normal(size=H)),
            "tau": jnp.asarray(rng.uniform(0.3, 2, size=H)),
        }
    A, B, C = (jnp.asarray(rng.normal(size=s)) for s in ((D, H), (H, D), (H, D)))
    return {
        "x": x,
        "sigma2": jnp.asarray(0.6),
        "alpha2": jnp.asarray([0.4, 1.7]),
        "mu": lambda z: A @ jnp.tanh(z),
        "nu": lambda x: B @ jnp.sin(x),
        "tau2": lambda x: jnp.exp(jnp.tanh(C @ x)),
    }


def _case(make):
    model = make()
    # The Normal's entropy is written out here: the witness must not depend on what the prover finds.
    entropies = {NORMAL: sp.log(2 * sp.pi * sp.E * NORMAL.arguments[1]) / 2}
    parameters = {p.name: p for p in model.parameters}
    return Case(
        model,
        {k: c * parameters[k].entry for k, c in _MOTION[model.name].items()},
        spelled_out(model, entropy_sum(model), entropies),
        spelled_out(model, elbo(model), entropies),
        _arguments(model.name),
    )


@pytest.fixture(scope="session")
def vae2_case():
    return _case(vae2)


@pytest.fixture(scope="session")
def linear_case():
    return _case(linear_vae)


@pytest.fixture(params=["vae2_case", "linear_case"])
def case(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def closed_forms(vae2_case, linear_case):
    """Entropy sums in the other usual form: constants pulled out, log e written as 1."""
    D, H = (s for s in vae2_case.model.sizes[:2])
    h = vae2_case.model.latent.index
    alpha2 = vae2_case.model.parameters[1].at(h)
    tau2 = vae2_case.model.encoder.arguments[1]
    sigma2 = vae2_case.model.parameters[0].symbol
    sigma, tau = (p for p in linear_case.model.parameters if p.name in ("sigma", "tau"))
    return {
        "vae2": DataMean(sp.Sum(sp.log(tau2 / alpha2) / 2, (h, 1, H)), n)
        - D / 2 * (1 + sp.log(2 * sp.pi * sigma2)),
        "linear_vae": sp.Sum(sp.log(tau.at(h)), (h, 1, H))
        - D / 2 * (sp.log(2 * sp.pi) + 1)
        - D * sp.log(sigma.symbol),
    }
