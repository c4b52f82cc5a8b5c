"""The two tables of functions, the checker's and the language's, say the same, and what they say is so in numbers."""

import math
import random
from fractions import Fraction

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy as sp

from entropysym.checker.kernel import functions, terms
from entropysym.checker.kernel.normal_form import Work, constant, of
from entropysym.checker.kernel.terms import Refused
from entropysym.errors import InputError
from entropysym.language import functions as language
from entropysym.language.supports import WORDS, check_support, interval, is_within
from entropysym.lowering.functions import jax_function, terms_within

ROWS = {row.head: row for row in language.ROWS}
WRITTEN_OUT = {"softplus", "sigmoid"}  # in exponentials, by the checker
MOVING = [head for head, row in functions.ROWS.items() if row.slope is not None]
POINTS = (-37.5, -3.25, -0.75, -0.03125, 0.015625, 0.5, 1.0, 2.25, 19.0, 130.0)


def points(head):
    return [u for u in POINTS if u > 0 or not functions.ROWS[head].above]


def value(term, u):
    """A term in ["var"] at a number, by the language's own numbers."""
    m = mpmath.mp
    match term:
        case int():
            return m.mpf(term)
        case ["frac", p, q]:
            return m.mpf(p) / q
        case ["var"]:
            return u
        case ["pi"]:
            return m.pi
        case ["add", *parts]:
            return m.fsum(value(part, u) for part in parts)
        case ["mul", *parts]:
            return m.fprod(value(part, u) for part in parts)
        case ["pow", base, exponent]:
            return value(base, u) ** value(exponent, u)
        case ["exp", inner]:
            return m.exp(value(inner, u))
        case [head, inner]:
            return ROWS[head].number(m, value(inner, u))
    raise AssertionError(term)


def test_both_tables_have_the_same_functions():
    assert ROWS.keys() == functions.ROWS.keys() | WRITTEN_OUT
    assert {head for head, row in ROWS.items() if row.moves} == {*MOVING} | WRITTEN_OUT
    assert {"log", "exp", "abs", *ROWS} == terms.FUNCTIONS


@pytest.mark.parametrize("head", MOVING)
def test_slopes_are_derivatives(head):
    with mpmath.workdps(40):
        for u in map(mpmath.mpf, points(head)):
            slope = mpmath.diff(lambda v: ROWS[head].number(mpmath.mp, v), u)
            assert abs(value(functions.ROWS[head].slope, u) - slope) < 1e-15 * (1 + abs(slope)), u


@pytest.mark.parametrize("head", MOVING)
def test_slopes_of_the_language_are_those_of_the_checker(head):
    row, u = ROWS[head], sp.Symbol("u", positive=True)
    slope = sp.diff(row.symbol(*row.order, u), u)
    with mpmath.workdps(30):
        for at in (0.5, 2.25):
            ours = sp.N(slope.subs(u, sp.Rational(at)), 25)
            assert abs(ours - value(functions.ROWS[head].slope, mpmath.mpf(at))) < 1e-20


@pytest.mark.parametrize("head", functions.ROWS)
def test_values_lie_where_the_checker_says(head):
    allowed = {
        "": lambda v: True,
        "positive": lambda v: v > 0,
        "nonnegative": lambda v: v >= 0,
        "unit": lambda v: 0 < v < 1,
        "within": lambda v: -1 < v < 1,
    }[functions.ROWS[head].range_]
    near = [u for u in points(head) if abs(u) < 20]  # 1 - erf(130) needs more digits
    with mpmath.workdps(200):
        assert all(allowed(ROWS[head].number(mpmath.mp, mpmath.mpf(u))) for u in near)


@pytest.mark.parametrize("head", functions.ODD)
def test_what_is_said_to_be_odd_grows_through_0(head):
    with mpmath.workdps(200):
        found = [ROWS[head].number(mpmath.mp, mpmath.mpf(u)) for u in sorted(POINTS)]
        assert found == sorted(found)
        for u in map(mpmath.mpf, POINTS):
            mirrored = ROWS[head].number(mpmath.mp, -u)
            assert abs(mirrored + ROWS[head].number(mpmath.mp, u)) < mpmath.mpf(10) ** -150


@pytest.mark.some(6)
@pytest.mark.parametrize("head", functions.ROWS)
def test_jax_computes_the_same(head):
    row = ROWS[head]
    e = row.symbol(*row.order, sp.Symbol("u", real=True))
    f = jax_function(e)
    at = np.array([*points(head), *np.random.default_rng(3).uniform(0.01, 30, 200)])
    found = np.asarray(f(jnp.asarray(at)))
    with mpmath.workdps(40):
        sizes = np.asarray(terms_within(e, jnp.asarray(at), jnp.asarray(found)))
        for u, v, size in zip(map(mpmath.mpf, at), found, sizes, strict=True):
            wanted = row.number(mpmath.mp, u)
            slope = mpmath.diff(lambda w: row.number(mpmath.mp, w), u) if row.moves else 0
            assert abs(v - wanted) <= 16 * 2.3e-16 * (size + abs(slope * u)) + 1e-300, u


@pytest.mark.parametrize("head", ["digamma", "loggamma"])
def test_numbers_are_reduced_to_one_or_a_half(head):
    """gamma(x + 1) = x gamma(x) is used for numbers; what is left is right."""
    for k in range(1, 12):
        x = Fraction(k, 2)
        with mpmath.workdps(30):
            steps, y = mpmath.mpf(0), x
            while y > 1:
                y -= 1
                steps += mpmath.mpf(1) / float(y) if head == "digamma" else mpmath.log(float(y))
            f = ROWS[head].number
            rest = f(mpmath.mp, mpmath.mpf(y.numerator) / y.denominator)
            assert abs(f(mpmath.mp, mpmath.mpf(k) / 2) - rest - steps) < 1e-25


# -- signs --------------------------------------------------------------------------------------------------------------


def random_polynomial(work, rng):
    """A polynomial in what has borders, and the same as a function of random values inside them."""
    rate = work.atom("param", "r", range_="positive")
    drawn = {
        work.atom("param", "p", range_="unit"): lambda: rng.uniform(0, 1),
        work.atom("v", "x", range_="unit"): lambda: rng.uniform(0, 1),
        rate: lambda: math.exp(rng.uniform(-6, 3)),
        work.atom("param", "a", range_="real"): lambda: rng.uniform(-4, 4),
        work.atom("param", "c", range_="nonnegative"): lambda: rng.choice([0, rng.uniform(0, 3)]),
        work.atom("v", "k", range_="count"): lambda: rng.randrange(5),
        work.atom("v", "u", range_="upto 4"): lambda: rng.randrange(5),
        work.atom("v", "y", range_="from 3/2"): lambda: 1.5 + rng.choice([0, rng.uniform(0, 4)]),
        work.atom("v", "w", range_="from -2"): lambda: -2 + rng.choice([0, rng.uniform(0, 4)]),
    }
    (grown,) = (atom for mono in work.exponential(of(rate)) for atom, _ in mono)
    total = constant(rng.choice([-2, -1, 0, 1, 2, 4]))
    for _ in range(rng.randrange(1, 4)):
        chosen = rng.sample([*drawn, grown], rng.randrange(1, 3))
        powers = {}
        for atom in chosen:
            least = -2 if atom.positive else 0
            powers[atom] = Fraction(rng.choice([e for e in range(least, 3) if e]))
        product = work.monomial(powers, Fraction(rng.choice([-4, -2, -1, 1, 2, 3])))
        total = work.add(total, product)

    def at():
        values = {atom: draw() for atom, draw in drawn.items()}
        values[grown] = math.exp(values[rate])
        return math.fsum(
            float(c) * math.prod(values[atom] ** float(e) for atom, e in mono)
            for mono, c in total.items()
        )

    return total, at


@pytest.mark.some(9)
@pytest.mark.parametrize("seed", range(40))
def test_a_sign_that_is_seen_is_so(seed):
    rng, seen = random.Random(seed), 0
    for _ in range(60):
        work = Work()
        poly, at = random_polynomial(work, rng)
        sign = work.sign(poly)
        seen += sign is not None
        values = [at() for _ in range(60)]
        if sign is True:
            assert all(v > 0 for v in values), poly
        if sign is False:
            assert all(v >= -1e-12 for v in values), poly
    assert seen >= 3


def _powers(work, *factors):
    return work.monomial({atom: Fraction(e) for atom, e in factors}, Fraction(1))


def test_signs_that_people_need_are_seen():
    work = Work()
    p = of(work.atom("param", "p", range_="unit"))
    r = of(work.atom("param", "r", range_="positive"))
    a = of(work.atom("param", "a"))
    x = of(work.atom("v", "x", range_="unit"))
    k = of(work.atom("v", "k", range_="upto 20"))
    y = of(work.atom("v", "y", range_="from 3/2"))
    one, less = constant(1), work.negative
    grown, fallen = work.exponential(r), work.exponential(less(r))
    positive = {
        "1 - p": work.add(one, less(p)),
        "1 - exp(-r)": work.add(one, less(fallen)),
        "exp(r) - 1": work.add(grown, less(one)),
        "1 - x^2": work.add(one, less(work.product(x, x))),
        "p - p^2": work.add(p, less(work.product(p, p))),
        "r - p r": work.add(r, less(work.product(p, r))),
        "p + (1 - p) exp(-r)": work.add(p, fallen, less(work.product(p, fallen))),
        "1 + a^2": work.add(one, work.product(a, a)),
        "21 - k": work.add(constant(21), less(k)),
        "y - 1": work.add(y, less(one)),
        "e - 1": work.add(of(work.atom("e")), less(one)),
        "1 - p x": work.add(one, less(work.product(p, x))),
    }
    assert {name: work.sign(poly) for name, poly in positive.items()} == dict.fromkeys(
        positive, True
    )
    unseen = {
        "p - x": work.add(p, less(x)),
        "1 - 2 p": work.add(one, less(work.product(constant(2), p))),
        "1 - r": work.add(one, less(r)),
        "exp(r) - 2": work.add(grown, constant(-2)),
        "exp(a) - 1": work.add(work.exponential(a), less(one)),
        "20 - k": None,
        "19 - k": work.add(constant(19), less(k)),
        "y - 3/2": None,
        "y - 2": work.add(y, constant(-2)),
        "a": a,
    }
    for name, poly in unseen.items():
        if poly is not None:
            assert work.sign(poly) is None, name
    assert work.sign(work.add(constant(20), less(k))) is False
    assert work.sign(work.add(y, constant(Fraction(-3, 2)))) is False
    assert work.sign(work.product(a, a)) is False


def test_roots_of_what_may_be_zero():
    work = Work()
    a = of(work.atom("param", "a"))
    size = work.absolute(a)
    half = Fraction(1, 2)
    assert work.power(work.power(size, half), Fraction(2)) == size
    with pytest.raises(Refused, match="positive"):
        work.power(size, -half)
    with pytest.raises(Refused, match="root of what is not shown"):
        work.power(work.product(a, a), half)
    with pytest.raises(Refused, match="positive"):
        work.power(work.negative(size), half)
    less = work.add(constant(-1), of(work.atom("param", "p", range_="unit")))
    inverse = work.power(less, Fraction(-1))
    assert work.equal(work.product(inverse, less), constant(1))
    with pytest.raises(Refused, match="not to be 0"):
        work.power(a, Fraction(-1))


# -- supports -----------------------------------------------------------------------------------------------------------

SUPPORTS = [*WORDS, "from 0", "from 3/2", "from -2", "upto 1", "upto 20"]


@pytest.mark.parametrize("inner", SUPPORTS)
@pytest.mark.parametrize("outer", SUPPORTS)
def test_both_sides_agree_which_support_lies_within_which(inner, outer):
    assert terms.within(inner, outer) == is_within(inner, outer)
    first, second = interval(inner), interval(outer)
    if terms.within(inner, outer) and first is not None and inner != outer:
        assert second is not None
        assert second.low is None or first.low >= second.low
        assert second.high is None or (first.high is not None and first.high <= second.high)
        assert first.whole == second.whole


@pytest.mark.parametrize(
    "written",
    [
        "from",
        "from 2/4",
        "from 1/0",
        "from 1.5",
        "from  1",
        "upto 0",
        "upto -1",
        "upto 3/2",
        "onehott",
    ],
)
def test_what_is_no_support_is_refused_by_both(written):
    assert not terms.is_support(written)
    with pytest.raises(InputError, match="unknown support of x"):
        check_support(written, "x")
    assert all(terms.is_support(s) and check_support(s, "x") == s for s in SUPPORTS)
