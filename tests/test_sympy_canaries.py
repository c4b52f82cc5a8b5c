"""SymPy's wrong or surprising answers, pinned. No code of the package relies on any; an upgrade that changes one is noticed here."""

import sympy as sp
from sympy.stats import Expectation, Normal


def test_the_derivative_of_an_expectation_is_zero():
    theta = sp.Symbol("theta", positive=True)
    X = Normal("X", 0, sp.sqrt(theta))
    assert sp.diff(Expectation(X**2), theta) == 0  # truth: 1


def test_the_derivative_of_a_log_determinant_is_zero():
    S = sp.MatrixSymbol("S", 3, 3)
    assert sp.log(sp.Determinant(S)).diff(S) == sp.ZeroMatrix(3, 3)  # truth: S^-T


def test_substitution_captures_a_summation_index():
    x, i, n = sp.symbols("x i n")
    captured = sp.Sum(x * i, (i, 1, n)).subs(x, i)
    assert captured == sp.Sum(i**2, (i, 1, n))  # truth: i*n*(n+1)/2


def test_sums_that_differ_in_the_index_name_are_unequal():
    a = sp.IndexedBase("a")
    i, j, N = sp.symbols("i j N", integer=True)
    assert sp.simplify(sp.Sum(a[i], (i, 1, N)) - sp.Sum(a[j], (j, 1, N))) != 0  # truth: 0


def test_an_empty_sum_is_not_empty():
    i = sp.Symbol("i", integer=True)
    assert sp.Sum(i, (i, 5, 2)).doit() == -7  # 0 by the empty-sum reading


def test_two_symbols_of_one_name_differ():
    real, positive = sp.Symbol("s", real=True), sp.Symbol("s", positive=True)
    assert str(real) == str(positive)
    assert sp.diff(positive**2, real) == 0  # truth: 2 s


def test_conditions_are_dropped_at_construction():
    x = sp.Symbol("x")
    assert x / x == 1
    assert sp.log(x) - sp.log(x) == 0
    assert sp.exp(sp.log(x)) == x


def test_simplify_moves_variables_into_exponents():
    s = sp.Symbol("s", positive=True)
    assert sp.simplify(s * sp.log(2 * sp.pi * s)).has(s) is True
    assert sp.linsolve(
        [sp.Symbol("a") * sp.Symbol("b") - sp.Symbol("a")], sp.Symbol("b")
    ) == sp.FiniteSet((1,))
