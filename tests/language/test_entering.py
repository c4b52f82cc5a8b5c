"""What formulas become as they enter: logarithms, powers and signs that the search and the checker can read."""

import pytest
import sympy as sp

from entropysym.language import Family, Sigmoid, Softplus
from entropysym.language.functions import Erfc, on_entry
from entropysym.language.symbols import is_surely_positive, scalar

a, b, k, x = scalar("a", "unit"), scalar("b", "unit"), scalar("k"), scalar("x")
s = scalar("s", "positive")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (sp.log(a**x * (1 - a) ** (1 - x)), x * sp.log(a) + (1 - x) * sp.log(1 - a)),
        (s**x, sp.exp(x * sp.log(s))),
        (sp.log(Sigmoid(k)) + sp.log(1 - Sigmoid(k)), k - 2 * Softplus(k)),
        (sp.log(sp.erfc(-k / s)), sp.log(Erfc(-k / s))),
        (sp.log(1 - sp.erfc(k) / 2), sp.log(Erfc(-k) / 2)),
    ],
)
def test_formulas_as_they_enter(written, read):
    entered = on_entry(written)
    assert entered == read
    at = {a: 0.3, s: 1.7, k: -0.4, x: 2.0}
    assert sp.N(written.subs(at)) == pytest.approx(sp.N(entered.subs(at)))


@pytest.mark.parametrize(
    ("support", "written", "read"),
    [
        ("positive", sp.log(s / x), sp.log(s) - sp.log(x)),
        ("unit", sp.log(x / (1 - x)), sp.log(x) - sp.log(1 - x)),
        ("from 2", sp.log(s * (x - 1)), sp.log(s) + sp.log(x - 1)),
        ("real", sp.log(s * x**2), sp.log(s * x**2)),
    ],
)
def test_what_is_positive_on_the_support_has_logarithms_of_its_own(support, written, read):
    assert Family("Own", (s,), x, written, support=support).log_density == read


@pytest.mark.parametrize("e", [a / (1 - a), -sp.log(a), 1 - a * b, 1 - a**2, a + b * (1 - a)])
def test_signs_between_0_and_1(e):
    assert is_surely_positive(e)
    assert not is_surely_positive(-e)
    assert not is_surely_positive(e - sp.Rational(99, 100))
