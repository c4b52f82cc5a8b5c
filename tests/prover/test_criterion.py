"""The criterion solver finds the direction in every coordinate, derives the entropy, and refuses with a certificate."""

import pytest
import sympy as sp

from entropysym.families import FAMILIES, NORMAL
from entropysym.prover.criterion import (
    NoTempering,
    Tempering,
    factor_tempering,
    family_tempering,
    solve_linear,
    tempering_direction,
)

x = sp.Symbol("x", real=True)
m = sp.Symbol("m", real=True)
s = sp.Symbol("s", positive=True)
r = sp.Symbol("r", real=True)


def normal(mean, variance):
    """The Normal's log-density at x."""
    return NORMAL(mean, variance).fill(NORMAL.log_density, None, x)


COORDINATES = [
    ("variance", s, s, -s),
    ("log variance", r, sp.exp(r), sp.Integer(-1)),
    ("standard deviation", s, s**2, -s / 2),
    ("precision", s, 1 / s, s),
    ("softplus", r, sp.log(1 + sp.exp(r)) ** 2, -sp.log(1 + sp.exp(r)) * (1 + sp.exp(-r)) / 2),
]


@pytest.mark.parametrize(("name", "parameter", "variance", "motion"), COORDINATES)
def test_normal_in_the_coordinates_people_use(name, parameter, variance, motion):
    found = tempering_direction(normal(m, variance), [x], [m, parameter])
    assert isinstance(found, Tempering)
    assert found.direction[m] == 0
    assert sp.simplify(found.direction[parameter] - motion) == 0
    entropy = sp.log(2 * sp.pi * sp.E * variance) / 2
    for value in (sp.Rational(1, 3), sp.Rational(7, 2)):
        at = {parameter: value, m: sp.Rational(5, 3)}
        assert abs((found.entropy - entropy).subs(at).evalf(40)) < 1e-35


UNIVARIATE = [f for f in FAMILIES.values() if not f.is_multivariate]


@pytest.mark.parametrize("family", UNIVARIATE, ids=lambda f: f.name)
def test_every_family_satisfies_the_identity_pointwise(family):
    found = family_tempering(family)
    assert isinstance(found, Tempering)
    moved = sum(v * sp.diff(family.log_density, p) for p, v in found.direction.items())
    residual = moved - family.log_density + family.log_base_measure - found.entropy
    for k in range(5):
        at = {a: sp.Rational(3 + 2 * k, 7 + i) for i, a in enumerate(family.arguments)}
        assert abs(residual.subs({**at, family.variable: sp.Rational(4, 5 + k)}).evalf(40)) < 1e-30


FIXED = [
    ("variance 1", normal(m, 1), [m]),
    ("variance s, not learned", normal(m, s), [m]),
    ("nothing learned", normal(0, 1), []),
    ("mean fixed, mean twice in the variance", normal(s, s), [s]),
]


@pytest.mark.parametrize(("name", "log_density", "learned"), FIXED)
def test_refusals_carry_a_certificate_that_can_be_checked_by_hand(name, log_density, learned):
    found = tempering_direction(log_density, [x], learned)
    assert isinstance(found, NoTempering)
    certificate = found.certificate
    assert certificate is not None
    assert certificate.determinant != 0
    assert certificate.determinant == certificate.matrix.det()
    for row, point in enumerate(certificate.points):
        for column, function in enumerate(certificate.columns):
            value = function.subs({**certificate.parameters, **point})
            assert certificate.matrix[row, column] == value
    # The columns are what they should be: 1, scores, and log p, up to what does not depend on x.
    assert certificate.columns[0] == 1
    scores = [sp.diff(log_density, p) for p in learned]
    for column, function in zip(certificate.columns[1:], (*scores, log_density), strict=True):
        assert sp.diff(column - function, x).expand() == 0


def test_without_a_certificate_nothing_is_claimed():
    counts = x * sp.log(s) - s - sp.loggamma(x + 1)
    found = tempering_direction(counts, [x], [s])
    assert isinstance(found, NoTempering)
    assert found.certificate is None
    # ... and with the family's own base measure it is accepted, with the pseudo entropy.
    accepted = tempering_direction(counts, [x], [s], log_base_measure=-sp.loggamma(x + 1))
    assert isinstance(accepted, Tempering)
    assert sp.expand(accepted.entropy - (s - s * sp.log(s))) == 0


def test_pivots_that_may_vanish_are_listed():
    rows = [[r, sp.S.Zero], [sp.S.Zero, s]]
    solution, pivots = solve_linear(rows, [sp.S.One, sp.S.One])
    assert solution == [1 / r, 1 / s]
    assert [p for p in pivots if p.is_nonzero is None] == [r]
    assert solve_linear([[sp.S.Zero]], [sp.S.One]) is None


def test_directions_of_the_shipped_models(derivations):
    vae2, linear = derivations["vae2"], derivations["linear_vae"]
    assert {k: str(v) for k, v in vae2.direction.items()} == {
        "alpha2": "-alpha2[h]",
        "sigma2": "-sigma2",
    }
    assert {k: str(v) for k, v in linear.direction.items()} == {
        "W": "-W[d, h]/2",
        "V": "V[h, d]/2",
        "c": "c[h]/2",
        "tau": "tau[h]/2",
        "sigma": "-sigma/2",
    }
    assert isinstance(factor_tempering(linear.model, "prior"), NoTempering)
