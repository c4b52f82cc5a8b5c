"""No density is believed: true ones pass, whatever their kinks, poles and tails; false ones are refused with the right number."""

import math
import subprocess
import sys
from dataclasses import replace

import mpmath
import pytest
import sympy as sp

import entropysym as es
from entropysym.claims.densities import averages, check, check_densities, check_family, panels
from entropysym.claims.densities.evaluation import compiled
from entropysym.claims.densities.functions import FLOAT, MPMATH
from entropysym.errors import InputError
from entropysym.families import ANY, FAMILIES
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.records import Family, Parameter, one_latent_model

R = sp.Rational
log, exp, sqrt, pi, erf, gamma_ = sp.log, sp.exp, sp.sqrt, sp.pi, sp.erf, sp.loggamma
X, P = sp.Symbol("x", real=True), sp.Symbol("x", positive=True)
m, eta = sp.symbols("m eta", real=True)
s, a, b, nu = sp.symbols("s a b nu", positive=True)
_standard = (X - m) / s


def _normal(mean, deviation):
    return exp(-(((X - mean) / deviation) ** 2) / 2) / (deviation * sqrt(2 * pi))


def _student(freedom):
    size = gamma_((freedom + 1) / 2) - gamma_(freedom / 2) - log(freedom * pi) / 2 - log(s)
    return size - (freedom + 1) / 2 * log(1 + _standard**2 / freedom)


def _family(name, log_density, support="real"):
    variable = P if P in log_density.free_symbols else X
    arguments = sorted(log_density.free_symbols - {X, P}, key=str)
    return Family(name, tuple(arguments), variable, log_density, support)


_HUBER = sqrt(2 * pi) * erf(1 / sqrt(2)) + 2 * exp(-R(1, 2))

TRUE = [
    _family("normal in its variance", -log(2 * pi * s) / 2 - (X - m) ** 2 / (2 * s)),
    _family("normal in its deviation", -log(2 * pi) / 2 - log(s) - _standard**2 / 2),
    _family("normal in its precision", log(s / (2 * pi)) / 2 - s * (X - m) ** 2 / 2),
    _family(
        "normal in its log-deviation", -log(2 * pi) / 2 - eta - (X - m) ** 2 * exp(-2 * eta) / 2
    ),
    _family("normal, natural", eta * X - a * X**2 - eta**2 / (4 * a) + log(a / pi) / 2),
    _family("normal, expanded", -log(2 * pi * s) / 2 - sp.expand((X - m) ** 2 / (2 * s))),
    _family("standard normal", -log(2 * pi) / 2 - X**2 / 2),
    _family("narrow", -log(2 * pi) / 2 + 6 * log(10) - (X - 1000) ** 2 * 10**12 / 2),
    _family(
        "narrow, expanded", -log(2 * pi) / 2 + 3 * log(10) - sp.expand((X - 100) ** 2) * 500000
    ),
    _family("Laplace", -abs(X - m) / s - log(2 * s)),
    _family(
        "asymmetric Laplace",
        log(a * b / (a + b)) - sp.Piecewise((a * (X - m), m <= X), (b * (m - X), True)),
    ),
    _family(
        "asymmetric Laplace by maxima",
        log(a * b / (a + b)) - a * sp.Max(X - m, 0) - b * sp.Max(m - X, 0),
    ),
    _family("Cauchy", -log(pi * s) - log(1 + _standard**2)),
    _family("Student, 1.1 degrees", _student(R(11, 10))),
    _family("Student, degrees learned", _student(nu)),
    _family("logistic", -log(s) - _standard - 2 * log(1 + exp(-_standard))),
    _family("logistic by softplus", -log(s) - _standard - 2 * Softplus(-_standard)),
    _family("Gumbel of maxima", -log(s) - _standard - exp(-_standard)),
    _family("Gumbel of minima", -log(s) + _standard - exp(_standard)),
    _family("hyperbolic secant", -log(2 * s) - log(sp.cosh(pi * _standard / 2))),
    _family("generalised normal, 1/2", -log(4 * s) - sqrt(abs(X - m) / s)),
    _family("generalised normal, 8", -log(2 * s) - gamma_(R(9, 8)) - (abs(X - m) / s) ** 8),
    _family("generalised normal", log(a) - log(2 * s) - gamma_(1 / a) - (abs(X - m) / s) ** a),
    _family(
        "skew normal",
        -log(2 * pi) / 2 - log(s) - _standard**2 / 2 + log(1 + erf(eta * _standard / sqrt(2))),
    ),
    _family("mixture, modes far apart", log(_normal(-500, 1) / 3 + 2 * _normal(500, R(1, 10)) / 3)),
    _family(
        "mixture, widths far apart", log(_normal(m, 1) / 3 + 2 * _normal(m + 10, R(1, 1000)) / 3)
    ),
    _family(
        "Huber",
        sp.Piecewise((-((X - m) ** 2) / 2, abs(X - m) <= 1), (R(1, 2) - abs(X - m), True))
        - log(_HUBER),
    ),
    _family("triangle", log(sp.Max(1 - abs(X), 0))),
    _family("exponential", log(a) - a * P, "positive"),
    _family("gamma", a * log(b) - gamma_(a) + (a - 1) * log(P) - b * P, "positive"),
    _family(
        "gamma, shape 1/10",
        log(b) / 10 - gamma_(R(1, 10)) - R(9, 10) * log(P) - b * P,
        "positive",
    ),
    _family("inverse gamma", a * log(b) - gamma_(a) - (a + 1) * log(P) - b / P, "positive"),
    _family("Weibull, shape 1/2", -log(2 * b) - log(P / b) / 2 - sqrt(P / b), "positive"),
    _family("half-normal", log(2 / (pi * s)) / 2 - P**2 / (2 * s), "positive"),
    _family("log-normal", -log(P) - log(2 * pi * s) / 2 - (log(P) - m) ** 2 / (2 * s), "positive"),
    _family("Pareto, shifted", log(a) + a * log(2) - (a + 1) * log(P + 2), "positive"),
    _family("uniform", sp.S.Zero, "unit"),
    _family("arcsine", -log(pi) - log(P) / 2 - log(1 - P) / 2, "unit"),
    _family(
        "beta",
        gamma_(a + b) - gamma_(a) - gamma_(b) + (a - 1) * log(P) + (b - 1) * log(1 - P),
        "unit",
    ),
    _family("Kumaraswamy", log(a * b) + (a - 1) * log(P) + (b - 1) * log(1 - P**a), "unit"),
    _family("continuous Bernoulli", P * log(a) + log(log(a) / (a - 1)), "unit"),
    _family("Bernoulli", X * eta - Softplus(eta), "binary"),
    _family("Poisson", X * log(a) - a - gamma_(X + 1), "count"),
    _family("Poisson, rate 10^5", 5 * X * log(10) - 10**5 - gamma_(X + 1), "count"),
    _family("geometric", X * log(Sigmoid(eta)) + log(1 - Sigmoid(eta)), "count"),
    _family(
        "negative binomial",
        gamma_(X + 3) - log(2) - gamma_(X + 1) - 3 * Softplus(eta) - X * Softplus(-eta),
        "count",
    ),
    _family("zeta", -2 * log(X + 1) - log(pi**2 / 6), "count"),
]


@pytest.mark.some(2)
@pytest.mark.parametrize("family", TRUE, ids=lambda f: f.name)
def test_a_density_passes(family):
    found = check_family(family)
    assert found.value == "normalised", found.reason
    assert found.error < 1e-7
    assert found.settings == (5 if family.arguments else 1)
    assert found.evaluations < 1_000_000


_LOGISTIC = -log(s) - _standard - 2 * log(1 + exp(-_standard))
_BETA = gamma_(a + b) - gamma_(a) - gamma_(b) + (a - 1) * log(P) + (b - 1) * log(1 - P)

#: What is no density, with its integral as a formula in its arguments.
FALSE = [
    (_family("half forgotten", -log(2 * pi * s) / 2 - (X - m) ** 2 / s), 1 / sqrt(2)),
    (_family("no normaliser", -((X - m) ** 2) / (2 * s)), sqrt(2 * pi * s)),
    (_family("variance for deviation", -log(2 * pi * s) / 2 - _standard**2 / 2), sqrt(s)),
    (_family("logistic, factor 2", _LOGISTIC + log(2)), sp.Integer(2)),
    (_family("logistic of the half", -log(s) - _standard - log(1 + exp(-_standard))), sp.oo),
    (_family("half-normal over the line", log(2 / (pi * s)) / 2 - X**2 / (2 * s)), sp.Integer(2)),
    (_family("exponential over the line", log(a) - a * X), sp.oo),
    (_family("exp(m x)", m * X), sp.oo),
    (_family("flat", sp.S.Zero), sp.oo),
    (_family("beta over the line", _BETA.xreplace({P: X})), sp.nan),
    (_family("uniform on (0, s)", -log(s) + 0 * P, "positive"), sp.oo),
    (_family("Pareto from s on", log(a) + a * log(s) - (a + 1) * log(P), "positive"), sp.oo),
    (_family("shifted exponential", m - P, "positive"), exp(m)),
    (
        _family("gamma without its function", a * log(b) + (a - 1) * log(P) - b * P, "positive"),
        sp.gamma(a),
    ),
    (_family("Rayleigh without x", -log(s) - P**2 / (2 * s), "positive"), sqrt(pi / (2 * s))),
    (_family("Cauchy without pi", -log(s) - log(1 + _standard**2)), pi),
    (
        _family("beta without its function", (a - 1) * log(P) + (b - 1) * log(1 - P), "unit"),
        sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b),
    ),
    (
        _family("Bernoulli, softplus for its half", X * eta - Softplus(eta) / 2, "binary"),
        sqrt(1 + exp(eta)),
    ),
    (_family("Poisson without x!", -X * a - a, "count"), exp(-a) / (1 - exp(-a))),
    (
        _family(
            "geometric from 1 on", (X - 1) * log(Sigmoid(eta)) + log(1 - Sigmoid(eta)), "count"
        ),
        1 / Sigmoid(eta),
    ),
]


@pytest.mark.some(4)
@pytest.mark.parametrize(("family", "integral"), FALSE, ids=lambda f: getattr(f, "name", ""))
def test_what_is_no_density_is_refused_with_its_integral(family, integral):
    found = check_family(family)
    assert found.value == "not normalised", found.reason
    at = {symbol: dict(found.arguments)[symbol.name] for symbol in family.arguments}
    true = float(integral.subs(at).evalf()) if integral is not sp.nan else math.nan
    assert found.integral == pytest.approx(true, rel=1e-9, nan_ok=True)
    assert family.name in found.reason
    if math.isfinite(true):
        assert f"{true:.6g}"[:6] in found.reason
    for name, value in found.arguments:
        assert f"{name} = {value:.6g}" in found.reason


#: What integrates to one over a support that moves, with the mean of a score.
MOVING = [
    (_family("exponential from m on", sp.Piecewise((m - X, m < X), (-sp.oo, True))), "m", sp.S.One),
    (_family("uniform up to s", sp.Piecewise((-log(s), s > P), (-sp.oo, True)), "positive"), "s", -1 / s),
    (
        _family(
            "Pareto from b on",
            sp.Piecewise((log(a) + a * log(b) - (a + 1) * log(P), b < P), (-sp.oo, True)),
            "positive",
        ),
        "b",
        a / b,
    ),
    (_family("uniform around m", sp.Piecewise((-log(2 * s), abs(X - m) < s), (-sp.oo, True))), "s", -1 / s),
]  # fmt: skip


@pytest.mark.parametrize(("family", "score", "mean"), MOVING, ids=lambda f: getattr(f, "name", ""))
def test_a_support_that_moves_shows_in_a_score(family, score, mean):
    found = check_family(family)
    assert found.value == "score's mean not zero", found.reason
    at = {symbol: dict(found.arguments)[symbol.name] for symbol in family.arguments}
    assert found.score == score
    assert found.mean == pytest.approx(float(mean.subs(at)), rel=1e-9)
    assert f"{found.mean:.6g}" in found.reason


def test_an_argument_that_stands_still_has_no_score():
    family = MOVING[2][0]
    assert check_family(family, (a, sp.Integer(2))).value == "normalised"
    assert check_family(family, (a, b)).value == "score's mean not zero"


@pytest.mark.some(5)
@pytest.mark.parametrize("off", [R(1, 10**6), -R(1, 10**6), R(1, 10**8), -R(1, 10**8), R(1, 100)])
@pytest.mark.parametrize("which", [0, 9, 12, 28, 36, 38, 42])
def test_the_check_sees_a_small_error(which, off):
    family = TRUE[which]
    found = check_family(replace(family, log_density=family.log_density + off))
    assert found.value == ("not settled" if abs(off) < 1e-7 else "not normalised")
    if abs(off) > 1e-7:
        assert found.integral == pytest.approx(math.exp(off), abs=1e-9)


def _named(name):
    return next(f for f in TRUE if f.name == name)


def test_without_breakpoints_true_densities_are_lost(monkeypatch):
    """Planted: only the middle of the line is looked at."""
    check._checked.cache_clear()
    monkeypatch.setattr(
        averages,
        "anchors",
        lambda bound, ends, extra=(): [e for e in ends if e is not None] or [mpmath.mpf(0)],
    )
    for name in ("narrow", "mixture, widths far apart"):
        assert check_family(_named(name)).value != "normalised"
    check._checked.cache_clear()


def test_without_scores_a_moving_support_passes(monkeypatch):
    """Planted: no score is averaged."""
    of = averages.Formulas.of
    monkeypatch.setattr(
        averages.Formulas, "of", lambda family, still: of(family, frozenset(family.arguments))
    )
    check._checked.cache_clear()
    assert [check_family(f).value for f, *_ in MOVING] == ["normalised"] * len(MOVING)
    check._checked.cache_clear()


def test_where_the_work_ends_nothing_is_claimed_and_no_more_is_spent(monkeypatch):
    """Of a piece that was not looked at to its end nobody says that its integral is infinite, and many digits, which would cost more than there is, are not tried."""
    check._checked.cache_clear()
    monkeypatch.setattr(panels, "WORK", 1000)
    for name in ("normal in its variance", "mixture, widths far apart", "Laplace"):
        found = check_family(_named(name))
        assert (found.value, found.settings) == ("not settled", 1)
        assert math.isfinite(found.integral)
        assert math.isnan(found.error)
        assert found.evaluations < 1000 + 15 * 300
    check._checked.cache_clear()


def test_many_digits_are_given_up_only_where_they_would_end_without_a_result(monkeypatch):
    """Where the least that they cost is within the work, they are tried."""
    family = _named("normal in its variance")
    formulas = averages.Formulas.of(family, frozenset())
    setting = {s: mpmath.mpf(2), m: mpmath.mpf(1)}
    right = averages.averages(formulas, "real", setting, bits=averages.BITS)
    assert right.mass.holds(1)
    assert not right.whole.exhausted
    monkeypatch.setattr(panels, "WORK", right.whole.evaluations // 4)
    given_up = averages.averages(formulas, "real", setting, bits=averages.BITS)
    assert given_up.whole.exhausted
    assert given_up.whole.evaluations == 0
    assert not given_up.mass.holds(1)
    assert not given_up.mass.fails(1)
    monkeypatch.setattr(panels, "_least_work", lambda top, bits: 0)
    tried = averages.averages(formulas, "real", setting, bits=averages.BITS)
    assert tried.whole.exhausted
    assert tried.whole.evaluations > panels.WORK


@pytest.mark.some(1)
@pytest.mark.parametrize("head", ["erf", "loggamma", "softplus", "abs", "piecewise"])
def test_a_fault_of_our_own_arithmetic_refuses_nobody(head, monkeypatch):
    """Planted: a function is off by two percent in floats."""
    right = FLOAT[head]
    monkeypatch.setitem(FLOAT, head, lambda columns: [1.02 * v for v in right(columns)])
    names = {
        "erf": "skew normal",
        "loggamma": "Student, degrees learned",
        "softplus": "logistic by softplus",
        "abs": "generalised normal, 8",
        "piecewise": "Huber",
    }
    check._checked.cache_clear()
    assert not check_family(_named(names[head])).is_refused
    check._checked.cache_clear()


def test_the_rule_is_exact_for_polynomials():
    for power in range(23):
        row = [node**power for node in panels.NODES]
        exact = 0 if power % 2 else 2 / (power + 1)
        assert sum(w * v for w, v in zip(panels.KRONROD, row, strict=True)) == pytest.approx(
            exact, abs=1e-14
        )
        if power < 14:
            assert sum(w * v for w, v in zip(panels.GAUSS, row, strict=True)) == pytest.approx(
                exact, abs=1e-14
            )


def test_a_step_function_is_not_linear():
    step = -sp.Piecewise((a, m < X), (b, True))
    program = compiled(X, frozenset({a, b, m}), [step])
    around = program.at({a: mpmath.mpf(1), b: mpmath.mpf(2), m: mpmath.mpf(3)}).around(
        mpmath.mpf(3)
    )
    assert list(around.outputs([-1.0, 1.0])[0]) == [-2.0, -1.0]


@pytest.mark.parametrize(
    ("family", "words"),
    [
        (FAMILIES["MultivariateNormal"], "vectors"),
        (_family("zeros of Bessel", sp.besselj(0, X)), "besselj has no numbers"),
        (Family("stray", (), X, nu - X**2), "no argument"),
        (_family("Bernoulli in its mean", X * log(a) + (1 - X) * log(1 - a), "binary"), "real number"),
        (_family("exponential, natural", eta * P + log(-eta), "positive"), "real number"),
        (_family("pole too steep for floats", log(R(1, 100)) - R(99, 100) * log(P), "unit"), "error estimate"),
    ],
    ids=lambda f: getattr(f, "name", ""),
)  # fmt: skip
def test_what_is_not_settled_says_so(family, words):
    found = check_family(family)
    assert found.value == "not settled"
    assert words in found.reason


def test_motions_of_the_variable_are_told():
    jump = _family("exponential on the line", sp.Piecewise((-X, X > 0), (-sp.oo, True)))
    found = check_family(jump)
    assert (found.value, found.shift, found.scale) == ("normalised", False, True)
    found = check_family(_named("Laplace"))
    assert (found.shift, found.scale) == (True, True)
    found = check_family(_named("exponential"))
    assert (found.shift, found.scale) == (None, True)


def _with_prior(family, *arguments, parameters=()):
    model = es.models.MODELS["vae2"]()
    used = set().union(*(sp.sympify(g).free_symbols for g in arguments))
    kept = [p for p in model.parameters if not model.prior.arguments[1].has(p.symbol)]
    extra = [p for p in parameters if p.symbol in used]
    own = replace(family, name="Own")
    networks = tuple(w for w in model.networks if w.name == "mu")
    return one_latent_model(
        name="own",
        observed=model.observed,
        latent=model.latent,
        prior=own(*arguments),
        decoder=model.decoder,
        encoder=ANY(),
        parameters=(*kept, *extra),
        networks=networks,
    )


@pytest.mark.slow
def test_a_model_is_checked_at_the_arguments_that_it_gives():
    for make in es.models.MODELS.values():
        assert check_densities(make()) == ()
    learned = Parameter("omega", range="positive")
    student = _named("Student, degrees learned")
    model = _with_prior(student, 0, R(11, 10), learned.symbol, parameters=(learned,))
    (found,) = check_densities(model)
    assert found.value == "normalised"
    assert dict(found.arguments)["nu"] == pytest.approx(1.1)
    pareto = MOVING[2][0]
    assert check_densities(_with_prior(pareto, learned.symbol, 2, parameters=(learned,)))
    with pytest.raises(InputError, match=r"mean of its score d log p/d b"):
        check_densities(_with_prior(pareto, 2, learned.symbol, parameters=(learned,)))
    fixed = replace(learned, learned=False)
    assert check_densities(_with_prior(pareto, 2, fixed.symbol, parameters=(fixed,)))
    with pytest.raises(InputError, match=r"Own is no density.* is 0\.7071067812, not 1; add"):
        check_densities(_with_prior(FALSE[0][0], 0, 1))


@pytest.mark.slow
def test_the_same_answer_every_time_and_nothing_heavy_is_loaded():
    program = """
import sys, sympy as sp
from entropysym.claims.densities import check_family
from entropysym.language.records import Family
x, m = sp.symbols("x m", real=True)
print(check_family(Family("own", (m,), x, -sp.log(2 * sp.pi) / 2 - (x - m) ** 2 / 2)))
print(sorted({"numpy", "scipy", "jax"} & {name.split(".")[0] for name in sys.modules}))
"""
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stdout.splitlines()[-1] == "[]"


def test_a_mass_whose_digits_cancel_is_no_refusal():
    # erf(1e4) - erf(9e3) is 0 in any digits that are spent, so the log-density would be infinite.
    mass = sp.erf(10**4 * a) - sp.erf(9 * 10**3 * a)
    found = check_family(_family("far in the tail", eta * P - log(mass), "unit"))
    assert found.value == "not settled"
    assert "cancel" in found.reason


def test_far_out_a_sigmoid_is_small_and_not_0():
    for far in ("-1e10", "-1e100", "-1e300"):
        (value,) = MPMATH["sigmoid"]([[mpmath.mpf(far)]])
        assert value > 0
        assert mpmath.log(value) == mpmath.mpf(far)
