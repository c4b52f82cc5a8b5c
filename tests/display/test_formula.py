"""Bare expressions in the convention of the pages, and SymPy's hook for all of them."""

import pytest
import sympy as sp

import entropysym as es
from entropysym.display import Formula, sympy_printer
from entropysym.errors import InputError
from tests.instances import derivation


@pytest.fixture(scope="module")
def d():
    return derivation("vae2")


def test_a_square_is_a_square(d):
    shown = es.show(d.entropy_sum, d.model)
    assert isinstance(shown, Formula)
    assert repr(shown) == "1/(2N) Σ_n Σ_h log τ_h²(x_n) - 1/2 Σ_h log α_h² - D/2 log(2πeσ²)"
    assert str(shown) == repr(shown)
    tex = shown._repr_latex_()
    assert tex.startswith(r"$\displaystyle \frac{1}{2 N}")
    assert r"\sigma^{2}" in tex
    assert shown._repr_markdown_() == tex
    assert "log τ<sub>h</sub>²(x<sub>n</sub>)" in shown._repr_html_()


def test_sympy_alone_writes_an_index(d):
    """Why `show` is needed; should this change, the hook may go."""
    assert r"\sigma_{2}" in sp.latex(d.entropy_sum)
    assert r"\sigma_{2}" in d.entropy_sum._repr_latex_()


def test_equations_symbols_and_infinite_data(d):
    assert repr(es.show(d.stationarity["alpha2"], d.model)).startswith("α_h² = 1/N Σ_n")
    assert repr(es.show(d.symbols.sigma2)) == "σ²"
    assert repr(es.show(sp.Integer(0))) == "0"
    infinite = es.show(d.entropy_sum, d.model, data="infinite")
    assert "E_p(x)" in repr(infinite)
    assert "Σ_n" not in repr(infinite)


def test_html_is_escaped_and_subscripts_stand_below(d):
    x = d.symbols.sigma2
    html = es.show(sp.Lt(x, 1, evaluate=False), d.model)._repr_html_()
    assert html == "<span>σ² &lt; 1</span>"
    mixture = derivation("gaussian_mixture")
    assert "π<sub>0,k</sub>" in es.show(mixture.direction["pi0"], mixture.model)._repr_html_()


def test_what_is_no_expression_is_refused(d):
    with pytest.raises(InputError, match="'x' is no expression; pass one"):
        es.show("x")
    with pytest.raises(InputError, match="model is 'vae2'; pass a Model"):
        es.show(d.entropy_sum, "vae2")
    with pytest.raises(InputError, match="kind of data"):
        es.show(d.entropy_sum, d.model, data="many")


def test_sympys_hook_takes_the_pages_printer(d):
    printer = sympy_printer(d.model)
    assert printer(d.symbols.sigma2) == r"\sigma^{2}"
    assert printer(d.symbols.sigma2, mode="inline") == r"$\sigma^{2}$"
    assert printer(d.symbols.sigma2, mode="equation*", order=None) == (
        r"\begin{equation*}\sigma^{2}\end{equation*}"
    )
    assert printer(sp.Matrix([[1, 2]])) == sp.latex(sp.Matrix([[1, 2]]))
    assert printer([sp.Symbol("x")]) == sp.latex([sp.Symbol("x")])
    assert printer(sp.Integral(sp.Symbol("x"), sp.Symbol("x"))).startswith(r"\int")


def test_a_long_formula_is_broken_for_a_screen():
    long = es.derive(es.models.hidden_markov_model())
    tex = es.show(long.entropy_sum, long.model)._repr_latex_()
    assert tex.startswith("$$\n\\begin{aligned}\n&\\frac{1}{N}")
    assert tex.count("\\\\\n&\\quad") >= 1
    assert tex == es.show(long.entropy_sum, long.model)._repr_markdown_()
