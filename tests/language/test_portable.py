"""Expressions as JSON text: the round trip, and what is refused."""

import json

import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError, NotStorableError
from entropysym.language.objective import elbo, entropy_sum
from entropysym.models.zoo import ZOO

QUICK = ("vae2", "linear_vae", "gaussian_vae", "poisson_vae", "vae3_linear", "laplace_decoder_vae")


def parts(name):
    d = es.derive(ZOO[name]())
    d = d if isinstance(d, es.Derivation) else d.partial
    yield from (d.elbo, d.entropy_sum, d.stationary_value, d.gap, *d.direction.values())
    yield from d.stationarity.values()


@pytest.mark.some(1)
@pytest.mark.parametrize("name", QUICK)
def test_every_part_of_a_derivation_comes_back(name):
    for part in parts(name):
        assert es.load(es.dump(part)) == part


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ZOO if name not in QUICK])
def test_every_part_of_every_derivation_comes_back(name):
    test_every_part_of_a_derivation_comes_back(name)


@pytest.mark.parametrize(
    "name", ["vae2", "gaussian_mixture", "two_layer_vae", "linear_state_space"]
)
def test_heads_that_name_factors_come_back(name):
    model = ZOO[name]()
    for e in (elbo(model), entropy_sum(model)):
        assert es.load(es.dump(e)) == e


def test_what_sympy_would_write_in_another_way_comes_back():
    x, y = sp.symbols("x y", real=True)
    for e in (
        sp.Mul(2, x + y, evaluate=False),
        sp.log(sp.E * x, evaluate=False),
        sp.Add(x, x, evaluate=False),
        sp.Eq(x, y),
        sp.Rational(-7, 3),
        sp.sqrt(2) ** 3,
        sp.exp(x) ** y,
        sp.Function("tau__1", positive=True)(x, y),
    ):
        assert es.load(es.dump(e)) == e


def test_two_symbols_of_one_name_stay_two():
    e = sp.Symbol("s", real=True) - sp.Symbol("s", positive=True)
    assert e != 0
    assert es.load(es.dump(e)) == e


def test_the_text_is_json_without_code():
    text = es.dump(es.derive(es.models.linear_vae()).entropy_sum)
    raw = json.loads(text)
    assert raw["format"] == "entropysym-expression/1"
    assert raw["symbols"]["tau"] == {"is": ["positive"], "name": "tau"}


@pytest.mark.parametrize(
    ("e", "says"),
    [
        (sp.Float(0.5), "no head for .0.5"),
        (sp.Dummy("x"), "is a Dummy"),
        (sp.Symbol("x", prime=True), "does not know the assumptions"),
        (sp.Integral(sp.Symbol("x")), "no head for"),
    ],
    ids=str,
)
def test_what_cannot_be_dumped(e, says):
    with pytest.raises(NotStorableError, match=says):
        es.dump(e)
    with pytest.raises(InputError, match="no SymPy expression"):
        es.dump("x + 1")


def text(expression, symbols=None, **more):
    found = {
        "format": "entropysym-expression/1",
        "symbols": symbols or {},
        "expression": expression,
    }
    return json.dumps(found | more)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "no JSON text"),
        ("[1]", "has not the keys"),
        (text(1, format="other"), "the format is 'other'"),
        (text(["__import__", "os"]), "unknown head '__import__'"),
        (text(["symbol", "x"]), "unknown symbol of the text 'x'"),
        (text(0.5), "no JSON text"),
        (text(True), "is no term"),
        (text(["pow", 10, 10**9]), "exponent up to 64"),
        (text(["loggamma", 10**9]), "a number up to"),
        (text(10**500), "no integer of up to"),
        (text(["log"]), "does not fit together"),
        (text(["symbol", "x"], {"x": {"name": "x", "is": ["prime"]}}), "unknown assumption"),
        (text(["symbol", "x"], {"x": {"name": "", "is": []}}), "has no name"),
        (text([["log"]]), "is no term"),
    ],
    ids=range(14),
)
def test_what_cannot_be_loaded(given, says):
    with pytest.raises(InputError, match=says):
        es.load(given)


def test_deep_texts_are_refused():
    deep = ["log", 2]
    for _ in range(300):
        deep = ["log", deep]
    with pytest.raises(InputError, match="more than 200 levels"):
        es.load(text(deep))
