"""What people write wrongly when they write a graph: each is named, with what to write instead."""

from dataclasses import replace

import pytest

from entropysym import ModelWriter
from entropysym import families as f
from entropysym.errors import InputError
from entropysym.language import Objective


def _writer():
    w = ModelWriter(observed="d D", latent="h H")
    return w, w.latent_variable("z", "h")


def _of_poisson(w, z):
    w.p(z, f.POISSON(w.learned("r", "h")))
    w.p(w.x, f.NORMAL(0, 1))
    w.q(z, f.ANY)
    return w.model("counts")


WRONG = {
    "a support": (
        lambda w, z: w.latent_variable("u", "h", support="onehott"),
        "unknown support of u 'onehott'; did you mean onehot",
    ),
    "a law without arguments": (
        lambda w, z: w.p(z, f.NORMAL),
        "the law Normal is given with its arguments",
    ),
    "a name for a variable": (lambda w, z: w.p("z", f.NORMAL(0, 1)), "'z' is no variable"),
    "a name to select": (
        lambda w, z: w.q(z, f.NORMAL(0, 1), select="z"),
        "'z' is no variable",
    ),
    "two factors": (
        lambda w, z: [w.p(z, f.NORMAL(0, k)) for k in (1, 2)],
        "z has a factor in p already",
    ),
    "a real network for a variance": (
        lambda w, z: f.NORMAL(0, w.network("v", "d", reads=z)),
        "variance of Normal is positive, .* range='positive'",
    ),
    "a real parameter for a variance": (
        lambda w, z: f.NORMAL(0, w.learned("v", "d")),
        "variance of Normal is positive, .* range='positive'",
    ),
    "a real network for probabilities": (
        lambda w, z: f.CATEGORICAL(w.network("v", "d", reads=z)),
        "range='simplex'",
    ),
    "a size for an index": (
        lambda w, z: w.latent_variable("u", "h S1"),
        "the index h is declared already, with the size H, not S1",
    ),
    "another support than the law's": (_of_poisson, "give it support='count'"),
    "a name that is taken": (
        lambda w, z: w.latent_variable("E", "h"),
        "the name .E. is taken, for formulas mean something else",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_it_is_named(what):
    write, why = WRONG[what]
    with pytest.raises(InputError, match=why):
        write(*_writer())


OBJECTIVES = {
    "a free index": (lambda w, g: Objective(penalty=g**2), "the penalty has the free index h"),
    "a latent": (lambda w, g: Objective(penalty=w.sum("h", w.z_h**2)), "the penalty reads z"),
    "a network": (
        lambda w, g: Objective(penalty=w.sum("h", w.network("nu", "h", reads=w.x_n))),
        "the penalty reads a network",
    ),
    "a learned weight": (
        lambda w, g: Objective(weights={"prior": w.sum("h", g**2) + 1}),
        "the weight of prior is learned",
    ),
}


@pytest.mark.parametrize("what", OBJECTIVES)
def test_an_objective_of_anything_but_parameters_is_named(what):
    w = ModelWriter(observed="d D", latent="h H")
    g = w.learned("g", "h")
    prior = f.NORMAL(g, 1)
    model = w.model("own", prior=prior, decoder=f.NORMAL(0, 1), encoder=f.ANY())
    make, why = OBJECTIVES[what]
    with pytest.raises(InputError, match=why):
        replace(model, objective=make(w, g))
