"""Every family as a law of q in a graph: numbers agree with what is derived, whatever is known of its entropy."""

from dataclasses import replace

import jax
import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym import ModelWriter
from entropysym.families import (
    BERNOULLI,
    CATEGORICAL,
    DIRICHLET,
    FAMILIES,
    NORMAL,
    POISSON,
    VON_MISES,
    VON_MISES_FISHER,
)
from entropysym.witness import density_elbo, sweep
from entropysym.witness.configurations import callables, draw, shapes
from tests.witness import own

OWN = (
    own.EXPONENTIAL,
    own.GEOMETRIC,
    own.LOGISTIC,
    own.LOG_VARIANCE,
    own.OWN_POISSON,
    own.POWER,
    own.STUDENT_T,
)
#: A law of p on each support.
PRIORS = {
    "real": lambda w: NORMAL(0, w.learned("alpha2", "h", range="positive")),
    "binary": lambda w: BERNOULLI(w.learned("logit", "h")),
    "count": lambda w: POISSON(w.learned("log_rate", "h")),
    "onehot": lambda w: CATEGORICAL(w.learned("pi0", "h", range="simplex")),
    "positive": lambda w: own.EXPONENTIAL(w.learned("rate", "h", range="positive")),
    "angle": lambda w: VON_MISES(w.learned("mean", "h"), w.learned("kappa", "h", range="positive")),
    "simplex": lambda w: DIRICHLET(w.learned("a", "h", range="positive")),
    "sphere": lambda w: VON_MISES_FISHER(w.learned("eta", "h")),
    "unit": lambda w: own.POWER(w.learned("power", "h", range="positive")),
}


def _law(w, family, reads, classes=""):
    """The family with arguments that are learned, or networks of what is read."""
    given = []
    for k, argument in enumerate(family.arguments):
        range_ = {"vector": "real", "positives": "positive"}.get(
            family.range_of(argument), family.range_of(argument)
        )
        plates = f"h g{classes}" if range_ == "posdef" else f"h{classes}"
        if reads:
            given.append(w.network(f"net{k}", plates, reads=reads, range=range_))
        else:
            given.append(w.learned(f"par{k}", plates, range=range_))
    return family(*given)


def _graph(family, place):
    w = ModelWriter(observed="d D")
    w.plate("g H")
    z = w.latent_variable("a", "h", support=family.support)
    w.p(z, PRIORS[family.support](w))
    w.p(w.x, NORMAL(w.network("mu", "d", reads=z), w.learned("s", range="positive")))
    if place == "root":
        w.q(z, _law(w, family, ()))
    elif place == "data":
        w.q(z, _law(w, family, w.x))
    elif place == "latent":
        b = w.latent_variable("b", "l L")
        w.p(b, NORMAL(0, w.learned("beta2", "l", range="positive")))
        mean = w.network("nu", "l", reads=w.x)
        w.q(b, NORMAL(mean, w.network("t", "l", reads=w.x, range="positive")))
        w.q(z, _law(w, family, b))
    elif place == "selects":
        c = w.latent_variable("c", "k K", support="onehot")
        w.p(c, CATEGORICAL(w.learned("weights", "k", range="simplex")))
        w.q(c, CATEGORICAL(w.network("r", "k", reads=w.x, range="simplex")))
        w.q(z, _law(w, family, (), " k"), select=c)
    return w.model(f"graph_{place}")


def _swept(family, place):
    if (family.name, place) == ("MultivariateNormal", "selects"):
        pytest.skip("a covariance stands as a whole, so it has none for each class")
    found = es.derive(_graph(family, place))
    # One shape: each is compiled.
    result = sweep(found.identity, count=1)
    assert result.passed, result


#: One of each kind: drawn or not, of numbers, classes, circles and vectors.
QUICK = (
    "Normal",
    "MultivariateNormal",
    "Bernoulli",
    "Categorical",
    "Gamma",
    "StudentT",
    "VonMises",
)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["latent", "selects"])
@pytest.mark.parametrize("family", [FAMILIES[name] for name in QUICK], ids=lambda f: f.name)
def test_a_law_of_q_is_swept(family, place):
    _swept(family, place)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["root", "data", "latent", "selects"])
@pytest.mark.parametrize("family", [*FAMILIES.values(), *OWN], ids=lambda f: f.name)
def test_a_law_of_q_is_swept_wherever_it_stands(family, place):
    _swept(family, place)
    if place == "selects":
        return
    found = es.derive(_graph(family, place))
    wrong = replace(found.identity, entropy_sum=found.entropy_sum + sp.Rational(1, 10))
    assert sweep(wrong, count=3).failures == 3


@pytest.mark.slow
def test_what_reads_the_step_before_is_drawn_step_by_step():
    w = ModelWriter(observed="d D")
    w.plate("t T")
    z0, z = w.latent_variable("z0", "h"), w.latent_variable("z", "t h")
    y, earlier = w.observed_variable("y", "t d"), w.lag(z, "t", start=z0)
    variances = [w.learned(f"s{k}", range="positive") for k in range(3)]
    w.p(z0, NORMAL(0, variances[0]))
    w.p(z, NORMAL(earlier.entry, variances[1]))
    w.p(y, NORMAL(w.network("mu", "d", reads=z), variances[2]))
    w.q(z0, NORMAL(0, w.fixed("r0", range="positive")))
    a, r = w.fixed("a"), w.fixed("r", range="positive")
    w.q(z, NORMAL(a * earlier.entry, r))
    found = es.derive(w.model("walk"))
    assert sweep(found.identity, count=1).passed
    shape = shapes(found.model)[1]
    c = draw(found.model, shape, 0, 1)
    one = jax.tree.map(lambda leaf: leaf[0], c)
    networks = callables(found.model, shape)(one.weights)
    at = density_elbo(found.model).at({**one.arrays, **networks}, one.nodes).values
    eps, walk = one.nodes.values["z"], [np.sqrt(one.arrays["r0"]) * one.nodes.values["z0"]]
    for t in range(shape["T"]):
        step = np.sqrt(one.arrays["r"]) * eps[..., t, :]
        walk.append(one.arrays["a"] * walk[-1] + step)
    np.testing.assert_allclose(at["z0"], walk[0], rtol=1e-12)
    np.testing.assert_allclose(at["z"], np.stack(walk[1:], axis=-2), rtol=1e-12)
    assert shape["T"] > 1
