"""Bounds that hold, claims that are told apart far below rounding, and what is not shown."""

import math
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp

import entropysym as es
from benchmarks.balls import at_random, gaussian_sides, rationals
from entropysym.errors import InputError
from entropysym.language.formula import entry, sum_over
from entropysym.language.functions import ROWS
from entropysym.language.symbols import array, index, scalar, size
from entropysym.verdict import Value

flint = pytest.importorskip("flint")

from entropysym.balls import enclose_integral, escalated  # noqa: E402
from entropysym.balls.functions import FUNCTIONS  # noqa: E402

s, x = scalar("s", "positive"), scalar("x")
SMALL = sp.Rational(1, 10**40)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("used", "given", "found"),
    [
        ("entropysym.derive", {}, "python"),
        ("from entropysym.language import Family", {}, "python"),
        ("entropysym.derive", {"SYMPY_GROUND_TYPES": "flint"}, "flint"),
        ("import entropysym.testing.plugin", {}, "flint"),
    ],
)
def test_ground_types_of_sympy_stay(used, given, found):
    """python-flint is used in this room alone: derivations have SymPy's own integers, unless somebody chose others, and who merely has the package installed keeps what he had."""
    lines = "from sympy.external.gmpy import GROUND_TYPES as g; print(g)"
    asked = {k: v for k, v in os.environ.items() if k != "SYMPY_GROUND_TYPES"}
    run = subprocess.run(
        [sys.executable, "-c", f"import entropysym, flint; {used}; {lines}"],
        env=asked | given,
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == found, run.stderr


def test_bounds_of_an_expression():
    found = es.enclose(sp.log(s) + sp.sqrt(s) / sp.pi, {"s": Fraction(7, 3)}, digits=40)
    wanted = mpmath.mpf(7) / 3
    with mpmath.workdps(60):
        wanted = mpmath.log(mpmath.mpf(7) / 3) + mpmath.sqrt(mpmath.mpf(7) / 3) / mpmath.pi
        low, high = (mpmath.mpf(e.numerator) / e.denominator for e in (found.low, found.high))
        assert low <= wanted <= high
    assert found.radius < 1e-40
    assert found.verdict.value is Value.PROVED
    assert found.verdict.evidence == ("ball",)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.head)
def test_each_function_beside_its_own_numbers(row):
    assert row.head in FUNCTIONS
    for value in (Fraction(1, 3), Fraction(17, 5), Fraction(40)):
        argument = sp.Symbol("u", positive=True)
        e = row.symbol(*row.order, argument)
        found = es.enclose(e, {"u": value})
        with mpmath.workdps(60):
            wanted = row.number(mpmath.mp, mpmath.mpf(value.numerator) / value.denominator)
        assert found.is_finite
        assert abs(float(found) - float(wanted)) <= 1e-15 * max(1, abs(float(wanted)))
        assert found.radius < 1e-29 * max(1, abs(float(wanted)))


def test_rational_claims_are_exact():
    found = es.enclose(((s + 1) ** 2, s**2 + 2 * s + 1), {"s": Fraction(2, 7)})
    assert found.exact
    assert found.low == found.high == 0
    assert found.verdict.value is Value.PROVED
    assert found.verdict.evidence == ("exact",)
    wrong = es.enclose(((s + 1) ** 2, s**2 + 2 * s), {"s": Fraction(2, 7)})
    assert wrong.verdict.value is Value.REFUTED


def test_a_difference_below_all_rounding_is_shown():
    claim = sp.Eq(sp.log(2 * s), sp.log(2) + sp.log(s) + SMALL, evaluate=False)
    found = es.enclose(claim, {"s": 3})
    assert found.verdict.value is Value.UNDECIDED  # 30 digits do not see it
    found = es.enclose(claim, {"s": 3}, digits=50)
    assert found.verdict.value is Value.REFUTED
    assert found.excludes_zero


def test_equality_in_balls_is_no_proof():
    found = es.enclose((sp.log(2 * s), sp.log(2) + sp.log(s)), {"s": 3})
    assert found.contains_zero
    assert found.verdict.value is Value.UNDECIDED
    assert "no proof" in found.verdict.reason


@pytest.mark.parametrize("e", [sp.log(x), 1 / x, sp.log(x) - sp.log(x + sp.S.Zero) + 1 / x, sp.sqrt(x - 1)])  # fmt: skip
def test_what_is_no_number_contains_nothing(e):
    found = es.enclose((e, sp.S.Zero), {"x": 0})
    assert not found.is_finite
    assert not found.contains_zero
    assert not found.excludes_zero
    assert found.radius == math.inf
    assert found.verdict.value is Value.UNDECIDED
    assert "not shown" in found.verdict.reason
    with pytest.raises(InputError, match="no finite bounds"):
        float(found)


def test_flint_itself_says_that_nothing_contains_zero():
    """The trap that the rule is for."""
    assert flint.arb("nan").contains(0)


def test_a_hundred_data_in_two_hundred_dimensions():
    F, entropy = gaussian_sides()
    y = rationals(100, 200)
    best = sum(v * v for v in y.ravel()) / 100 / 200
    found = es.enclose((F, entropy), {"y": y, "sigma2": best})
    assert found.contains_zero
    assert found.radius < 1e-30
    wrong = es.enclose((F, entropy + sp.Rational(1, 10**25)), {"y": y, "sigma2": best})
    assert wrong.verdict.value is Value.REFUTED


@pytest.mark.parametrize(
    "sizes", [(5, 4, 2), pytest.param((100, 200, 2), marks=pytest.mark.slow)], ids=str
)
def test_the_gap_identity_of_a_model(sizes):
    """The linear VAE, expectations included; one part in 10**20 of a nat is shown to be wrong."""
    found = es.derive(es.models.linear_vae())
    point = at_random(found.model, **dict(zip("NDH", sizes, strict=True)))
    right = es.enclose(found, point)
    assert right.contains_zero
    assert right.radius < 1e-30
    sum_ = found.identity.entropy_sum + sp.Rational(1, 10**20)
    wrong = es.enclose(replace(found.identity, entropy_sum=sum_), point)
    assert wrong.verdict.value is Value.REFUTED
    halved = {k: v / 2 for k, v in found.identity.direction.items()}
    wrong = es.enclose(replace(found.identity, direction=halved), point)
    assert wrong.verdict.value is Value.REFUTED


def test_an_average_that_is_no_polynomial_is_refused():
    """|z| under a Normal encoder is an integral, and a rule that is exact for cubics is none of it."""
    found = es.derive(es.models.sparse_coding())
    point = at_random(found.model, N=2, D=3, H=2)
    for net in found.model.networks:
        point[net.name] = lambda x: [1, 2]
    with pytest.raises(InputError, match="no polynomial of degree 3"):
        es.enclose(found, point)


def test_a_sum_of_products_is_the_sum_of_its_products():
    """What has not the index stands outside, two factors are a matrix product, terms are summed one by one; rational numbers stay rational."""
    n, d, h, N, D, H = *map(index, "ndh"), *map(size, "NDH")
    W, z, c = array("W"), array("z"), scalar("c", "real")
    inner = sum_over(entry(W, d, h) * entry(z, n, h) * (2 - c), (h, 1, H))
    whole = sum_over((inner + c) * entry(W, d, d) * entry(z, n, n) / d + 3 - inner**2, (n, 1, N), (d, 1, D))  # fmt: skip
    rng = np.random.default_rng(0)
    V, u = rng.integers(-9, 9, (3, 3)), rng.integers(-9, 9, (3, 3))
    given = {"W": V, "z": u, "c": Fraction(1, 7), "N": 3, "D": 3, "H": 3}
    product = (V @ u.T) * Fraction(13, 7)
    by_hand = sum(
        (product[j, k] + Fraction(1, 7)) * int(V[j, j] * u[k, k]) / (j + 1) + 3 - product[j, k] ** 2
        for j in range(3)
        for k in range(3)
    )
    found = es.enclose(whole, given)
    assert found.exact
    assert found.low == by_hand
    assert abs(float(es.enclose(whole * sp.exp(c), given)) - float(by_hand) * np.exp(1 / 7)) < 1e-9


@pytest.mark.parametrize("length", [2, 60])
@pytest.mark.parametrize("other", ["ones", "zero there", "zeros"])
def test_what_is_no_number_stays_so_in_a_product_of_matrices(length, other):
    """Also beside a 0, and where flint itself says that the product is 0."""
    n, h, d = map(index, "nhd")
    product = sum_over(sp.log(entry(array("z"), n, h)) * entry(array("y"), h, d), (h, 1, size("H")))
    whole = sum_over(product**2, (n, 1, size("N")), (d, 1, size("D")))
    u, y = np.full((length, length), 2), np.ones((length, length), int)
    if other != "ones":
        y[1 if other == "zero there" else slice(None)] = 0
    assert es.enclose(whole, {"z": u, "y": y}).is_finite
    u[1, 1] = -1
    found = es.enclose(whole, {"z": u, "y": y})
    assert not found.is_finite
    assert found.verdict.value is Value.UNDECIDED


def test_flint_itself_says_that_no_number_times_zeros_is_zero():
    """The trap that the rule is for."""
    with flint.ctx.workprec(140):
        left, right = (flint.arb_mat(60, 60, [flint.arb(v)] * 3600) for v in (1, 0))
        left[0, 0] = flint.arb("nan")
        assert (left * right)[0, 0].is_finite()


def test_matrices():
    family = es.families.MULTIVARIATE_NORMAL
    value = es.kl(family, family).value
    S = [[Fraction(6, 5), Fraction(2, 5)], [Fraction(2, 5), Fraction(9, 10)]]
    T = [[2, Fraction(1, 3)], [Fraction(1, 3), 1]]
    m, n = [Fraction(1, 3), -1], [0, Fraction(1, 2)]
    point = {"mean": m, "covariance": S, "mean_q": n, "covariance_q": T, "dim": 2}
    found = es.enclose(value, point)
    P, Q = (np.array([[float(v) for v in row] for row in M]) for M in (S, T))
    away = np.array([float(u - v) for u, v in zip(m, n, strict=True)])
    inverse = np.linalg.inv(Q)
    wanted = (np.trace(inverse @ P) + away @ inverse @ away - 2 + np.log(np.linalg.det(Q) / np.linalg.det(P))) / 2  # fmt: skip
    assert float(found) == pytest.approx(wanted, rel=1e-13)
    assert found.radius < 1e-30


def test_singular_matrices_show_nothing():
    value = es.entropy(es.families.MULTIVARIATE_NORMAL).value
    found = es.enclose(value, {"covariance": [[1, 1], [1, 1]], "dim": 2})
    assert not found.is_finite


def test_escalated_goes_on_where_a_point_has_no_ball():
    claim = (sp.log(s * s), 2 * sp.log(s))
    first, second = escalated(claim, [{"s": Fraction(1, 10**9)}, {}])
    assert first.contains_zero
    assert second.verdict.value is Value.UNDECIDED
    assert "the point has no s" in second.verdict.reason


# -- integrals -------------------------------------------------------------------------------------------


def test_flint_alone_is_wrong_about_kinks():
    """The trap: without an answer to whether it is holomorphic, a "rigorous" integral of |z| is wrong."""
    wrong = flint.acb.integral(lambda z, _: flint.acb(abs(z)), -1, 1).real
    assert wrong.rad() < 1e-10
    assert not wrong.contains(1)
    wrong = flint.acb.integral(lambda z, _: z if z.real > 0 else 0 * z, -1, 1).real
    assert not wrong.contains(flint.arb(0.5))


@pytest.mark.parametrize("f", [sp.Abs(x), sp.Max(x, 0) * 2])
def test_kinks_are_integrated_right(f):
    found = es.enclose(sp.Integral(f, (x, -1, 1)), digits=5)
    assert not found.is_finite or found.low <= 1 <= found.high
    assert found.is_finite
    assert found.radius < 1e-4


def test_both_wrong_integrals_are_refused():
    for f in (lambda z, _: abs(z), lambda z, _: z if z.real > 0 else 0 * z):
        with pytest.raises(InputError, match="is no expression"):
            enclose_integral(f, x, -1, 1, {})


def test_the_wrong_values_are_refuted():
    """As claims: the number that the rule gives without the flag is shown to be wrong."""
    for f in (sp.Abs(x), sp.Max(x, 0) * 2):
        integral = es.enclose(sp.Integral(f, (x, -1, 1)), digits=5)
        assert integral.low > sp.Rational(
            9, 10
        )  # not 0, and not the 1.0x of a rule on the whole interval


def test_a_density_is_integrated():
    density = sp.exp(-(x**2) / (2 * s)) / sp.sqrt(2 * sp.pi * s)
    found = es.enclose(sp.Integral(density, (x, -12, 12)), {"s": 1})
    assert found.low < 1
    assert 1 - found.low < Fraction(1, 10**29)
    with pytest.raises(InputError, match="not finite"):
        es.enclose(sp.Integral(density, (x, -sp.oo, sp.oo)), {"s": 1})


@pytest.mark.parametrize(
    ("claim", "point", "says"),
    [
        (3, {}, "is no claim"),
        (sp.log(s), {}, "the point has no s"),
        (sp.log(s), {"s": math.inf}, "finite float"),
        (sp.log(s), {"s": "1"}, "pass an integer|finite float"),
        (sp.zeta(s), {"s": 2}, "has no ball"),
        (sp.Integral(x, x), {}, "between two ends"),
    ],
)
def test_what_cannot_be_enclosed_is_told(claim, point, says):
    with pytest.raises(InputError, match=says):
        es.enclose(claim, point)
