"""A model that is not well formed is refused when it is written down, with the value that caused it."""

from dataclasses import replace

import pytest
import sympy as sp

import entropysym as es
from entropysym.checker import gate
from entropysym.errors import InputError
from entropysym.families import NORMAL
from entropysym.language import Constraint, Parameter, symbols
from entropysym.language.symbols import DATUM, LATENT, index, n, scalar

vae2 = es.models.vae2()
h, d = index("h"), index("d")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"constraints": (Constraint("nobody", "x"),)}, "a constraint is on 'nobody'"),
        ({"objective": "iwae"}, "unknown objective 'iwae'"),
        ({"parameters": (*vae2.parameters, Parameter("sigma2"))}, "declares sigma2 more than once"),
        ({"parameters": (*vae2.parameters, Parameter("z"))}, "declares z more than once"),
        ({"parameters": (*vae2.parameters, Parameter("ghost"))}, "reads 'ghost'"),
        ({"networks": (), "constraints": ()}, "which is not declared"),
    ],
)
def test_ill_formed_models_are_refused(changes, words):
    with pytest.raises(InputError, match=words):
        replace(vae2, **changes)


@pytest.mark.parametrize(
    ("factor", "law", "words"),
    [
        ("prior", NORMAL(LATENT[h], 1), "the prior of 'vae2' must not see z"),
        ("decoder", NORMAL(DATUM[n, d], 1), "the decoder of 'vae2' must not see"),
        ("encoder", NORMAL(LATENT[h], 1), "the encoder of 'vae2' must not see z"),
        ("prior", NORMAL(0, sp.Symbol("ghost", positive=True)), "must not see ghost"),
        ("prior", NORMAL(0, scalar("sigma2", "unit")), "not declared with this range"),
    ],
)
def test_factors_see_what_is_given_to_them_alone(factor, law, words):
    with pytest.raises(InputError, match=words):
        vae2.with_laws(**{factor: law})


def test_an_unknown_factor_or_variable_is_named():
    with pytest.raises(InputError, match="unknown factor 'decodr'; did you mean decoder"):
        vae2.with_laws(decodr=NORMAL(0, 1))
    with pytest.raises(InputError, match="unknown factor 'likelihood'"):
        vae2.factor("likelihood")
    with pytest.raises(InputError, match="unknown variable 'y'; choose one of: x, z"):
        vae2.variable("y")


def test_families_count_their_arguments():
    with pytest.raises(InputError, match=r"Normal takes 2 arguments \(mean, variance\), not 1"):
        NORMAL(0)


def test_parameters_count_their_indices():
    with pytest.raises(InputError, match="sigma2 has 0 plates, not 1"):
        vae2.parameters[0].at(h)


@pytest.mark.parametrize("name", ["pi", "e", "d", "h", "i1", "log", "epsilon", "n12"])
def test_names_that_mean_something_else_are_refused(name):
    with pytest.raises(
        InputError, match=f"the name '{name}' is taken(, for .* by it; | by an index; )rename it"
    ):
        replace(vae2, parameters=(*vae2.parameters, Parameter(name)))


def test_the_checker_takes_the_same_names():
    assert gate.TAKEN.pattern == symbols.TAKEN.pattern
    assert gate.NAME.pattern + r"\Z" == symbols.NAME.pattern


@pytest.mark.parametrize("name", ["my model", "", "π", 3])
def test_a_model_has_a_name(name):
    with pytest.raises(InputError, match="is no name: use a letter"):
        replace(vae2, name=name)


@pytest.mark.parametrize("text", ["σ² ≥ 1", "a" * 201, "two\nlines"])
def test_constraints_are_plain_text(text):
    with pytest.raises(InputError, match="200 characters of plain ASCII"):
        Constraint("mu", text)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("0", "mean of Normal is a formula or an integer: '0' does not fit"),
        (None, "mean of Normal is a formula or an integer: None does not fit"),
        (True, "mean of Normal is a formula or an integer: True does not fit"),
        (0.5, r"holds a float; write it exactly, as sympy.Rational\('0.5'\)"),
        (scalar("a") * 0.001, r"as sympy.Rational\('0.001'\)"),
    ],
)
def test_arguments_of_a_family_are_exact_formulas(given, words):
    with pytest.raises(InputError, match=words):
        NORMAL(given, 1)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("sigma_2", "sigma"), "print alike"),
        (("x_n",), "prints as data or a latent"),
        (("z_h",), "prints as data or a latent"),
        (("alpha_h",), "alpha2 and alpha_h print alike"),
    ],
)
def test_names_that_print_alike_are_refused(names, words):
    with pytest.raises(InputError, match=words):
        replace(vae2, parameters=(*vae2.parameters, *map(Parameter, names)))
