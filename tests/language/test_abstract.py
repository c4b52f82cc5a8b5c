"""Functions that nobody wrote down: one theorem for every exponential family, and what must not follow from it."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym import ModelWriter
from entropysym.checker import Malformed, Refused, replay
from entropysym.errors import InputError
from entropysym.families import ANY, NORMAL, VON_MISES_FISHER, exponential_family
from entropysym.language.heads import AbstractValue, Vector, abstract
from entropysym.language.records import COMPONENT, DIM, Family
from entropysym.lowering import abstract as stand_ins
from entropysym.prover.document import to_json
from entropysym.verdict import Value
from entropysym.witness import sweep, try_variants
from tests.checker.forging import sealed
from tests.instances import names

psi, x = sp.Symbol("psi", real=True), sp.Symbol("x", real=True)
A, T = abstract("A"), abstract("T")
#: With one parameter, of numbers.
ONE = Family("OneParameter", (psi,), x, psi * T(x) - A(psi))
FAMILY = exponential_family()


def decoder(law_of):
    w = ModelWriter()
    alpha2 = w.learned("alpha2", "h", range="positive")
    return w.model("abstract", prior=NORMAL(0, alpha2), decoder=law_of(w), encoder=ANY())


def last_layer(w, learned=True):
    bias = w.learned("c", "d") if learned else w.fixed("c", "d")
    return w.sum("h", w.learned("V", "d h") * w.z_h) + bias


def prior(family):
    w = ModelWriter()
    law = family(w.learned("eta", "h"))
    mean, sigma2 = w.network("mu", "d", reads=w.z), w.learned("sigma2", range="positive")
    return w.model("abstract_prior", prior=law, decoder=NORMAL(mean, sigma2), encoder=ANY())


MODELS = {
    "a vector and its last layer": lambda: decoder(lambda w: FAMILY(last_layer(w))),
    "a number and its last layer": lambda: decoder(lambda w: ONE(last_layer(w))),
    "natural parameters": lambda: decoder(lambda w: FAMILY(w.learned("eta", "d"))),
    "a prior": lambda: prior(FAMILY),
    "the sphere": lambda: decoder(lambda w: VON_MISES_FISHER(last_layer(w))),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", names(MODELS, ("a number and its last layer", "a prior")))
def test_natural_parameters_that_scale_are_enough(name):
    d = es.derive(MODELS[name]())
    assert d.verdict.value is Value.PROVED
    assert d.excess == 0
    known = {c.subject for c in d.conditions if c.kind == "differentiable"}
    assert known == ({"log_sphere"} if name == "the sphere" else known & {"A", "T", "log_h"})
    assert known
    result = sweep(d.identity, count=60)
    assert result.passed, result


@pytest.mark.slow
def test_wrong_variants_are_rejected():
    d = es.derive(MODELS["a vector and its last layer"]())
    found = try_variants(d.identity, count=40)
    assert found
    assert all(one.rejected for one in found)


@pytest.mark.parametrize(
    "law",
    [
        lambda w: FAMILY(last_layer(w, learned=False)),
        lambda w: ONE(last_layer(w, learned=False)),
        lambda w: ONE(w.learned("s", "d") ** 2 + 1),
    ],
    ids=["a fixed bias", "a fixed bias of a number", "a parameter that cannot scale"],
)
def test_what_does_not_scale_is_not_shown(law):
    assert es.derive(decoder(law)).verdict.value is Value.UNDECIDED


def tampered(change):
    document = json.loads(to_json(es.derive(MODELS["a number and its last layer"]())))
    text = json.dumps(document)
    assert change(text) != text
    return json.dumps(sealed(json.loads(change(text))))


@pytest.mark.some(5)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace('["fun", "A", 1,', '["fun", "A", 0,'), "not shown"),
        (lambda t: t.replace('["fun", "A", 1,', '["fun", "A", 2,'), "not shown"),
        (lambda t: t.replace('["fun", "A", 1,', '["fun", "B", 1,'), "not one of A, T"),
        (lambda t: t.replace('["fun", "A", 1,', '["fun", "A", -1,'), "order of a derivative"),
        (lambda t: t.replace('["fun", "A", 1,', '["fun", "A", true,'), "true stands for no number"),
        (lambda t: t.replace('["differentiable", "A"], ', ""), "is needed"),
        (lambda t: t.replace('"fun", "A"', '"fun", "V"'), "called like another name"),
        (lambda t: t.replace('"fun", "A"', '"fun", "pi"'), "printed statement needs"),
    ],
)
def test_tampered_documents_are_refused(change, words):
    with pytest.raises((Refused, Malformed), match=words):
        replay(tampered(change))


def test_derivatives_are_named():
    eta = sp.IndexedBase(sp.Symbol("eta", real=True))
    vector = Vector(eta[COMPONENT], COMPONENT, DIM)
    assert sp.diff(A(psi**2), psi) == 2 * psi * AbstractValue("A", sp.Integer(1), psi**2)
    assert A(vector).moved(sp.S.Zero) == 0
    moved = A(vector).moved(eta[COMPONENT])
    assert moved == sp.Sum(A.entry(COMPONENT, vector) * eta[COMPONENT], (COMPONENT, 1, DIM))
    with pytest.raises(InputError, match="entry of a gradient"):
        A.entry(COMPONENT, vector).moved(eta[COMPONENT])
    with pytest.raises(InputError, match="is taken"):
        abstract("exp")


@pytest.mark.slow
def test_stand_ins_are_what_they_say():
    u = jnp.linspace(-3.0, 3.0, 7)
    for order in range(3):
        above = jax.vmap(jax.grad(lambda v, k=order: stand_ins.of_number("A", k)(v)))(u)
        np.testing.assert_allclose(stand_ins.of_number("A", order + 1)(u), above, rtol=1e-12)
    v = jnp.asarray(np.random.default_rng(0).normal(size=(4, 3)))
    slopes = jax.vmap(jax.grad(stand_ins.of_vector("A")))(v)
    np.testing.assert_allclose(stand_ins.gradient("A")(v), slopes, rtol=1e-12)
    assert not np.allclose(stand_ins.of_vector("A")(v), stand_ins.of_vector("B")(v))


@pytest.mark.parametrize("K", [1, 2, 3, 5])
def test_the_normaliser_of_the_sphere_integrates(K):
    """By points of the sphere, and in three dimensions by its closed form."""
    eta = np.random.default_rng(K).normal(size=K) * 2
    found = float(stand_ins.of_vector("log_sphere")(jnp.asarray(eta)))
    if K == 1:
        assert found == pytest.approx(np.log(2 * np.cosh(eta[0])), rel=1e-14)
    elif K == 3:
        length = np.linalg.norm(eta)
        assert found == pytest.approx(np.log(4 * np.pi * np.sinh(length) / length), rel=1e-14)
    else:
        points = np.random.default_rng(1).normal(size=(400_000, K))
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        surface = 2 * np.pi ** (K / 2) / float(sp.gamma(sp.Rational(K, 2)))
        assert found == pytest.approx(np.log(surface * np.exp(points @ eta).mean()), abs=0.02)
