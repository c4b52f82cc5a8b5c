"""Functions that readers may not know: each is explained on the page that names it, and the formulas of the explanations are true."""

import re

import mpmath
import pytest
import sympy as sp

import entropysym as es
from entropysym.language.functions import ROWS, Softplus
from entropysym.pages.functions import about_functions
from entropysym.pages.medium import latex_medium, plain_medium
from tests.instances import found

NAMES = sorted(es.models.ZOO)
KNOWN = {"sin", "cos"}
U = sp.Symbol("u", real=True)


def test_every_function_can_be_explained_or_is_known_to_everybody():
    assert {row.head for row in ROWS if row.formula is None and not row.words} == KNOWN


@pytest.mark.parametrize("row", [row for row in ROWS if row.formula], ids=lambda row: row.head)
@pytest.mark.parametrize("at", [0.3, 1.7])
def test_an_explanation_is_what_is_computed(row, at):
    formula = row.formula(U).doit()
    said = mpmath.mpf(sp.N(formula.subs(U, sp.Float(at, 30)), 25))
    assert mpmath.almosteq(said, row.number(mpmath, mpmath.mpf(at)), 1e-12)


@pytest.mark.some(4)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_explains_the_functions_that_it_names(name):
    d = found(name)
    whole = es.render(d, "latex")
    said = re.search(r"^Here (.*)\.$", es.render(d, "latex", part="model"), re.M)
    for row in ROWS:
        named = re.search(rf"(?<!\\log){re.escape(row.latex)}(?![A-Za-z'])", whole)
        if named and row.head not in KNOWN:
            assert said is not None
            assert row.latex in said[1], row.head


def test_what_the_page_of_single_cells_needs_is_said():
    text = es.render(found("single_cell_vae"), "text", part="model")
    joined = " ".join(text.split())
    assert "log sinhc(u) = log(1/(2u) (exp(u) - exp(-u)))" in joined
    assert "L(u) = 1 + 2/(exp(2u) - 1) - 1/u, the Langevin function" in joined
    assert "ψ(u) = ∂log Γ(u)/∂u" in joined


def test_a_factorial_needs_no_words_and_a_letter_of_the_model_is_not_used():
    d = found("poisson_vae")
    m = plain_medium(d.model, "finite")
    assert about_functions([sp.loggamma(U + 1)], d.model, m) == ""
    taken = found("vae1").model  # has a u of its own
    told = about_functions([Softplus(U)], taken, latex_medium(taken, "finite"))
    assert r"\operatorname{softplus}(s)" in told


def test_a_model_that_uses_every_such_letter_gets_another_one():
    w = es.ModelWriter(observed="d D")
    z = w.latent_variable("z", "h H")
    w.p(z, es.families.NORMAL(0, w.learned("u", "h", range="positive")))
    w.p(w.x, es.families.NORMAL(w.network("s", "d", reads=z), w.learned("w", range="positive")))
    y, r = (
        w.network("y", "h", reads=w.x),
        w.network("r", "h", reads=w.x, range="positive"),
    )
    w.q(z, es.families.NORMAL(y, r))
    model = w.model("all_letters")
    told = about_functions([Softplus(U)], model, latex_medium(model, "finite"))
    assert r"\operatorname{softplus}(u_{1})" in told
