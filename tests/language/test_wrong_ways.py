"""What SymPy would answer wrongly without a word ends in a message that names the way."""

import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.language.declared import Symbols
from entropysym.language.heads import DataMean
from entropysym.language.wrong_ways import CODE_PRINTERS, NoCode

VAE2 = es.models.vae2()
S = Symbols(VAE2)
HEAD = DataMean(S.x[S.n, S.d] * S.sigma2, S.n)


@pytest.mark.parametrize("modules", [None, "numpy", "math", "mpmath", "scipy", "sympy"])
def test_lambdify_of_a_head_names_the_way(modules):
    if modules in ("mpmath", "sympy"):
        pytest.importorskip("mpmath")
    with pytest.raises(InputError, match=r"use entropysym.lower\(expression\)"):
        sp.lambdify([S.sigma2], HEAD + 1, modules)


@pytest.mark.parametrize("write", [sp.ccode, sp.pycode, sp.fcode, sp.jscode, sp.rust_code])
def test_code_of_a_head_names_the_way(write):
    with pytest.raises(InputError, match="SymPy has no code for DataMean"):
        write(2 * HEAD)


def test_all_code_printers_of_sympy_are_known():
    import sympy.printing as printing

    asked = set()
    for module in vars(printing).values():
        for value in vars(module).values() if hasattr(module, "__file__") else ():
            method = getattr(value, "printmethod", None)
            asked |= {method} if isinstance(method, str) else set()
    drawn = {
        "_latex",
        "_sympystr",
        "_sympyrepr",
        "_pretty",
        "_mathml_content",
        "_mathml_presentation",
    }
    assert len(asked) > 10
    assert asked - drawn - {""} <= {*CODE_PRINTERS}
    assert all(hasattr(NoCode, name) for name in CODE_PRINTERS)


def test_a_derivative_by_a_look_alike_is_not_silently_zero():
    alike = sp.Symbol("sigma2")
    assert HEAD.diff(S.sigma2) != 0
    for by in (lambda: sp.diff(HEAD, alike), lambda: HEAD.diff(alike)):
        with pytest.raises(InputError, match=r"other assumptions; take d.symbols.sigma2"):
            by()
    head = DataMean(S.x[S.n, S.d] * S.alpha2[S.h], S.n)
    other = sp.IndexedBase(sp.Symbol("alpha2", real=True))
    with pytest.raises(InputError, match="another array than the alpha2"):
        head.diff(other[S.h])
    assert HEAD.diff(sp.Symbol("t")) == 0  # what is not in it at all


def test_a_derivative_at_a_bound_index_is_refused():
    head = DataMean(sp.Sum(S.x[S.n, S.d] * S.alpha2[S.h], (S.h, 1, S.H)), S.n)
    with pytest.raises(InputError, match=r"use d.derivative\('alpha2'\)"):
        head.diff(S.alpha2[S.h])


def test_symbols_by_name():
    d = es.derive(VAE2)
    assert d.symbols.sigma2 == sp.Symbol("sigma2", positive=True)
    assert d.symbols.alpha2[d.symbols.h].is_positive
    assert {"sigma2", "alpha2", "x", "z", "D", "H", "N", "d", "h", "n"} == {*d.symbols}
    with pytest.raises(
        InputError, match="unknown symbol of the model 'sigma'; did you mean sigma2"
    ):
        _ = d.symbols.sigma
    assert not hasattr(d.symbols, "__wrapped__")


def test_a_text_is_not_run_as_code():
    with pytest.raises(InputError, match=r"is a text; take d\.symbols"):
        HEAD.diff("__import__('os').getcwd()")
