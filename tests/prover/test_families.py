"""(T) for families: the entropy is derived from the density, in every coordinate, and what has no solution stays opaque."""

import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.families import ANY, CATEGORICAL, CATEGORICAL_LOGITS, FAMILIES, NORMAL
from entropysym.language import Family, ModelWriter, Sigmoid, Softplus
from entropysym.language.algebra import distributed
from entropysym.language.records import COMPONENT, DIM
from entropysym.language.symbols import scalar
from entropysym.prover.elimination import Field, eliminate
from entropysym.prover.families import family_certificate

from .true_models import GUMBEL, LOGISTIC, STANDARD_LAPLACE, STANDARD_NORMAL, UNIT_NORMAL

x = sp.Symbol("x", real=True)
m = sp.Symbol("m", real=True)
s = sp.Symbol("s", positive=True)
r = sp.Symbol("r", real=True)
p, t = scalar("p", "unit"), scalar("t", "positive")


def normal(name, parameter, variance):
    """The Normal in its mean and another coordinate of its variance."""
    return Family(name, (m, parameter), x, NORMAL(m, variance).fill(NORMAL.log_density, None, x))


CAUCHY = Family("Cauchy", (m, s), x, sp.log(s / sp.pi) - sp.log(s**2 + (x - m) ** 2))
COORDINATES = [
    ("variance", s, s, -s),
    ("logvariance", r, sp.exp(r), sp.Integer(-1)),
    ("std", s, s**2, -s / 2),
    ("precision", s, 1 / s, s),
    ("softplus", r, Softplus(r) ** 2, -sp.log(1 + sp.exp(r)) * (1 + sp.exp(-r)) / 2),
]


@pytest.mark.parametrize(("name", "parameter", "variance", "motion"), COORDINATES)
def test_normal_in_the_coordinates_people_use(name, parameter, variance, motion):
    found = family_certificate(normal(name, parameter, variance))
    assert found.direction[m] == 0
    assert (found.scale, found.shift) == (0, 0)
    entropy = sp.log(2 * sp.pi * sp.E * variance) / 2
    for value in (sp.Rational(1, 3), sp.Rational(7, 2)):
        at = {parameter: value, m: sp.Rational(5, 3)}
        assert abs((found.direction[parameter] - motion).subs(at).evalf(40)) < 1e-35
        assert abs((found.entropy - entropy).subs(at).evalf(40)) < 1e-35


UNIVARIATE = [f for f in FAMILIES.values() if not f.is_multivariate]
OWN = [UNIT_NORMAL, STANDARD_NORMAL, STANDARD_LAPLACE]


@pytest.mark.some(6)
@pytest.mark.parametrize("family", UNIVARIATE + OWN, ids=lambda f: f.name)
def test_every_certificate_satisfies_the_identity_pointwise(family):
    found = family_certificate(family)
    slope = sp.diff(family.log_density, family.variable)
    moved = sum((v * sp.diff(family.log_density, p) for p, v in found.direction.items()), sp.S.Zero)
    moved += found.scale * (1 + family.variable * slope) + found.shift * slope
    residual = moved - family.log_density + family.log_base_measure - found.entropy
    for k in range(5):
        most = 12 if any(family.range_of(a) == "unit" for a in family.arguments) else 7
        at = {a: sp.Rational(3 + 2 * k, most + i) for i, a in enumerate(family.arguments)}
        assert abs(residual.subs({**at, family.variable: sp.Rational(4, 5 + k)}).evalf(40)) < 1e-30


CLASSES = 3


def _at_classes(e, values):
    """A formula of a one-hot family at numbers for the entries of its arrays, with all sums written out."""
    written = e.subs(DIM, CLASSES).doit()
    return written.xreplace(
        {i: values[i.base, int(i.indices[0])] for i in written.atoms(sp.Indexed)}
    )


@pytest.mark.parametrize("family", [CATEGORICAL, CATEGORICAL_LOGITS], ids=lambda f: f.name)
@pytest.mark.parametrize("seen", range(1, CLASSES + 1))
def test_certificates_of_classes_satisfy_the_identity_at_each_class(family, seen):
    found = family_certificate(family)
    (argument,), one_hot = family.arguments, family.variable
    raw = [
        sp.Rational(1, 7),
        sp.Rational(2, 7),
        sp.Rational(4, 7),
    ]  # on the simplex, and logits too
    values = {(argument, k + 1): v for k, v in enumerate(raw)}
    values |= {(one_hot, k): sp.Integer(k == seen) for k in range(1, CLASSES + 1)}
    (motion,) = found.direction.values()
    moves = [_at_classes(motion.subs(COMPONENT, k), values) for k in range(1, CLASSES + 1)]
    # The density along the motion, by each entry's own derivative.
    log_p = family.log_density.subs(DIM, CLASSES).doit()
    slopes = [_at_classes(sp.diff(log_p, argument[k]), values) for k in range(1, CLASSES + 1)]
    moved = sum((m * s for m, s in zip(moves, slopes, strict=True)), sp.S.Zero)
    rest = _at_classes(family.log_density, values) + _at_classes(found.entropy, values)
    assert abs((moved - rest).evalf(40)) < 1e-30
    if argument in family.simplex:
        assert abs(sum(moves).evalf(40)) < 1e-30  # along the simplex
    chances = [
        _at_classes(sp.exp(log_p), {**values, **_seen(one_hot, k)}) for k in range(1, CLASSES + 1)
    ]
    entropy = -sum(p * sp.log(p) for p in chances)
    assert abs((entropy - _at_classes(found.entropy, values)).evalf(40)) < 1e-30


def _seen(one_hot, k):
    return {(one_hot, j): sp.Integer(j == k) for j in range(1, CLASSES + 1)}


def test_the_entropy_of_a_standard_law_follows_from_its_location_and_scale():
    gauss, laplace = sp.log(2 * sp.pi * sp.E) / 2, sp.log(2 * sp.E)
    for family, entropy in (
        (UNIT_NORMAL, gauss),
        (STANDARD_NORMAL, gauss),
        (STANDARD_LAPLACE, laplace),
    ):
        found = family_certificate(family)
        assert sp.simplify(sp.expand_log(found.entropy - entropy, force=True)) == 0


@pytest.mark.parametrize("family", [LOGISTIC, GUMBEL, CAUCHY], ids=lambda f: f.name)
def test_what_has_no_solution_is_opaque(family):
    assert family_certificate(family) is None


def test_a_base_measure_or_a_bounded_support_does_not_scale():
    """x/2 dx moves counts off the counts, and (0, 1) off itself: the certificates would be false."""
    density = -x - sp.log(1 - sp.exp(-1))
    assert family_certificate(Family("OnUnit", (), x, density, support="unit")) is None
    counts = -sp.S.One - sp.loggamma(x + 1)
    poisson = Family(
        "Poisson1", (), x, counts, support="count", log_base_measure=-sp.loggamma(x + 1)
    )
    assert family_certificate(poisson).scale == 0
    half = Family("HalfLaplace", (), x, -x, support="positive")
    assert (family_certificate(half).scale, family_certificate(half).shift) == (1, 0)


def test_counts_need_their_base_measure():
    lam = sp.Symbol("lam", positive=True)
    density = x * sp.log(lam) - lam - sp.loggamma(x + 1)
    assert family_certificate(Family("P", (lam,), x, density, support="count")) is None
    with_base = Family(
        "P", (lam,), x, density, support="count", log_base_measure=-sp.loggamma(x + 1)
    )
    found = family_certificate(with_base)
    assert found.direction[lam] == lam * sp.log(lam)
    assert sp.expand(found.entropy - (lam - lam * sp.log(lam))) == 0


def test_roots_exponentials_and_logarithms_are_one_field():
    """sqrt(s)^2 is s, e^{2r} is (e^r)^2, log 12 is 2 log 2 + log 3: the system below has no solution in any other reading."""
    entries = [sp.sqrt(s), s, sp.exp(2 * r), sp.exp(r), sp.log(s) / s]
    field = Field.over(entries)
    root, whole, square, once, _ = map(field.of, entries)
    assert root * root == whole
    assert once * once == square
    assert field.back(root / whole) == 1 / sp.sqrt(s)
    found = eliminate(
        [{"u": root, "v": whole}, {"u": whole, "v": whole * root}], ["u", "v"], field.is_safe
    )
    assert list(found.pivots) == ["u"]
    assert found.rest == []


def test_a_pivot_that_cannot_vanish_is_preferred():
    field = Field.over([r, s])
    one = field.domain.one
    found = eliminate(
        [{"u": field.of(r), 1: one}, {"u": field.of(s), 1: one}], ["u"], field.is_safe
    )
    assert found.pivots["u"][1] == one / field.of(s)
    assert len(found.rest) == 1


def _proved(family):
    w = ModelWriter()
    given = (w.learned(f"own_{a}", "d", range=family.range_of(a)) for a in family.arguments)
    prior = NORMAL(0, w.learned("v", range="positive"))
    found = es.derive(w.model("own", prior=prior, decoder=family(*given), encoder=ANY()))
    return found.verdict.value is es.Value.PROVED


@pytest.mark.parametrize(
    ("support", "log_density"),
    [
        ("upto 3", x * sp.log(s) - sp.log(1 + s + s**2 + s**3)),
        ("upto 4", x * sp.log(p) + sp.log(1 - p) - sp.log(1 - p**5)),
    ],
)
def test_logarithms_of_sums_are_stated_as_given(support, log_density):
    argument = s if log_density.has(s) else p
    family = Family("Own", (argument,), x, log_density, support=support)
    stated = family_certificate(family).entropy.atoms(sp.log)
    given = family.density.atoms(sp.log)
    assert {f for f in given if f.args[0].is_Add and f.has(argument)} <= stated
    assert _proved(family)


@pytest.mark.some(2)
@pytest.mark.parametrize(
    ("support", "log_density"),
    [
        ("binary", sp.log(p**x * (1 - p) ** (1 - x))),
        ("real", (s - 1) * sp.log(Sigmoid(x)) + (t - 1) * sp.log(1 - Sigmoid(x)) + x
         - 2 * Softplus(x) + sp.loggamma(s + t) - sp.loggamma(s) - sp.loggamma(t)),
        ("from 1/2", -sp.log(2 * sp.pi * s) / 2 - (x - m) ** 2 / (2 * s)
         - sp.log(sp.erfc((sp.Rational(1, 2) - m) / sp.sqrt(2 * s)) / 2)),
        ("positive", sp.log(s / x) / 2 - sp.log(2 * sp.pi * x) / 2 - s * sp.log(x) ** 2 / 2),
    ],
    ids=["powers", "sigmoid", "erfc", "quotient"],
)  # fmt: skip
def test_forms_in_which_densities_are_written(support, log_density):
    arguments = tuple(a for a in (m, s, t, p) if log_density.has(a))
    base = -sp.log(x) if support == "positive" else sp.S.Zero
    family = Family("Own", arguments, x, log_density, support=support, log_base_measure=base)
    assert _proved(family)


def test_a_power_whose_exponent_is_an_argument_breaks_no_division():
    power = (1 + s) ** (r - 1)
    assert distributed(power / (1 + s) - power / (1 + s), powers=True) == 0
    assert distributed(s * power / (1 + s), powers=True).has(r)


def test_a_sum_over_its_root_is_its_root():
    field = Field.over([sp.sqrt(s**2 + 1), r])
    assert field.of((s**2 + 1) / sp.sqrt(s**2 + 1)) == field.of(sp.sqrt(s**2 + 1))
    assert field.of(1 / sp.sqrt(s**2 + 1)) * field.of(s**2 + 1) == field.of(sp.sqrt(s**2 + 1))


def test_a_location_whose_logarithms_are_not_seen_to_be_real_keeps_its_signs():
    logit = sp.log(p) - sp.log(1 - p)
    family = Family("Own", (p, s), x, -sp.Abs((x - logit) / s) - sp.log(2 * s))
    assert family_certificate(family).direction == {p: 0, s: -s}


@pytest.mark.parametrize("more", [x * sp.log(x), -sp.log(x), 1 / (1 - x)])
def test_a_binary_density_has_a_value_at_0_and_1(more):
    given = x * sp.log(p) + (1 - x) * sp.log(1 - p) + more
    with pytest.raises(InputError, match="has no value at 0 or at 1"):
        Family("Own", (p,), x, given, support="binary")


def test_a_binary_density_is_that_of_its_two_values():
    mixed = sp.log(p * sp.exp(x * sp.log(2)) / 3 + (1 - p) * sp.Rational(1, 2))
    found = Family("Own", (p,), x, mixed, support="binary").density
    for k in (0, 1):
        left, right = (e.subs({x: k, p: sp.Rational(1, 3)}) for e in (found, mixed))
        assert abs(sp.N(left - right, 30)) < 1e-25
    assert sp.diff(found, x, 2) == 0


def test_a_square_is_completed_and_a_difference_factored():
    m = sp.Symbol("m", real=True)
    expanded = -sp.log(1 + m**2 - 2 * m * x + x**2) - sp.log(sp.pi)
    assert Family("Own", (m,), x, expanded).density == -sp.log(1 + (x - m) ** 2) - sp.log(sp.pi)
    found = Family("Own", (p,), x, x * sp.log(p**2) + (1 - x) * sp.log(1 - p**2), support="binary")
    assert found.density.has(sp.log(1 + p))
