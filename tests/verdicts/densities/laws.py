"""Laws with a known normaliser, whose arguments are drawn in random coordinates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import sympy as sp

from entropysym.language import Softplus
from entropysym.language.functions import LogBessel, LogSinhc, Sigmoid
from entropysym.language.symbols import scalar

from .words import R, Words

_half_log_2pi = sp.log(2 * sp.pi) / 2


@dataclass(frozen=True)
class Drawn:
    """A law: its support, variable and log-density; `base` is the logarithm of the base measure of its convention."""

    name: str
    support: str
    x: sp.Symbol
    log_p: sp.Expr
    base: sp.Expr = sp.S.Zero
    location: sp.Expr | None = None
    scale: sp.Expr | None = None


Maker = Callable[[Words], Drawn]


def variable(support: str) -> sp.Symbol:
    """The variable as somebody would declare it."""
    kind, _, number = support.partition(" ")
    positive = kind == "positive" or (kind == "from" and sp.Rational(number) > 0)
    return scalar("x", "unit" if kind == "unit" else "positive" if positive else "real")


def _law(name: str, support: str, body: Callable[[Words, sp.Symbol], tuple[sp.Expr, sp.Expr]]):
    def made(w: Words) -> Drawn:
        x = variable(support)
        log_p, base = body(w, x)
        return Drawn(name, support, x, log_p, sp.sympify(base))

    return made


def _normal(w, x):
    m, v = w.real(), w.positive()
    return -_half_log_2pi - sp.log(v) / 2 - (x - m) ** 2 / (2 * v), 0


def _normal_precision(w, x):
    m, r = w.real(), w.positive()
    return -_half_log_2pi + sp.log(r) / 2 - r * (x - m) ** 2 / 2, 0


def _normal_natural(w, x):
    eta, lam = w.real(), w.positive()
    return eta * x - lam * x**2 / 2 - eta**2 / (2 * lam) + sp.log(lam) / 2 - _half_log_2pi, 0


def _laplace_centred(w, x):
    s = w.positive()
    return -sp.Abs(x) / s - sp.log(2 * s), 0


def _asymmetric_laplace(w, x):
    left, right = w.positive(), w.positive()
    rate = (left + right) / 2 * sp.Abs(x) + (right - left) / 2 * x
    return sp.log(left) + sp.log(right) - sp.log(left + right) - rate, 0


def _exponential(w, x):
    r = w.positive()
    return sp.log(r) - r * x, 0


def _exponential_mean(w, x):
    m = w.positive()
    return -sp.log(m) - x / m, 0


def _gamma(w, x):
    a, r = w.positive(), w.positive()
    return a * sp.log(r) - sp.loggamma(a) + (a - 1) * sp.log(x) - r * x, 0


def _gamma_mean(w, x):
    a, m = w.positive(), w.positive()
    return a * sp.log(a / m) - sp.loggamma(a) + (a - 1) * sp.log(x) - a * x / m, 0


def _inverse_gamma(w, x):
    a, b = w.positive(), w.positive()
    return a * sp.log(b) - sp.loggamma(a) - (a + 1) * sp.log(x) - b / x, 0


def _inverse_gaussian(w, x):
    m, lam = w.positive(), w.positive()
    log_p = (
        sp.log(lam) / 2 - _half_log_2pi - 3 * sp.log(x) / 2 - lam * (x - m) ** 2 / (2 * m**2 * x)
    )
    return log_p, w.some(-3 * sp.log(x) / 2, sp.S.Zero)


def _half_normal(w, x):
    v = w.positive()
    return sp.log(2 / sp.pi) / 2 - sp.log(v) / 2 - x**2 / (2 * v), 0


def _nakagami(w, x):
    m, o = w.positive(), w.positive()
    log_p = sp.log(2) + m * sp.log(m) - sp.loggamma(m) - m * sp.log(o)
    return log_p + (2 * m - 1) * sp.log(x) - m * x**2 / o, 0


def _rayleigh(w, x):
    v = w.positive()
    return sp.log(x) - sp.log(v) - x**2 / (2 * v), w.some(sp.log(x), sp.S.Zero)


def _log_normal(w, x):
    m, v = w.real(), w.positive()
    log_p = -sp.log(x) - _half_log_2pi - sp.log(v) / 2 - (sp.log(x) - m) ** 2 / (2 * v)
    return log_p, w.some(-sp.log(x), sp.S.Zero)


def _weibull(w, x):
    k = w.some(R(2), R(3), R(1, 2), R(3, 2))
    r = w.positive()
    log_p = sp.log(k) + sp.log(r) + (k - 1) * sp.log(x) - r * x**k
    return log_p, w.some((k - 1) * sp.log(x), sp.S.Zero)


def _beta_prime(w, x):
    a, b = w.positive(), w.positive()
    log_b = sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b)
    return (a - 1) * sp.log(x) - (a + b) * sp.log(1 + x) - log_b, 0


def _lomax(w, x):
    a, s = w.positive(), w.positive()
    return sp.log(a) + a * sp.log(s) - (a + 1) * sp.log(x + s), 0


def _burr(w, x):
    k, c = w.positive(), w.some(R(2), R(3))
    log_p = sp.log(c * k) + (c - 1) * sp.log(x) - (k + 1) * sp.log(1 + x**c)
    return log_p, w.some((c - 1) * sp.log(x), sp.S.Zero)


def _beta(w, x):
    a, b = w.positive(), w.positive()
    log_b = sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b)
    return (a - 1) * sp.log(x) + (b - 1) * sp.log(1 - x) - log_b, 0


def _beta_mean(w, x):
    m, k = w.unit(), w.positive()
    log_b = sp.loggamma(m * k) + sp.loggamma((1 - m) * k) - sp.loggamma(k)
    return (m * k - 1) * sp.log(x) + ((1 - m) * k - 1) * sp.log(1 - x) - log_b, 0


def _power(w, x):
    a = w.positive()
    return sp.log(a) + (a - 1) * sp.log(x), 0


def _kumaraswamy(w, x):
    a, b = w.some(R(2), R(3), R(1, 2)), w.positive()
    log_p = sp.log(a) + sp.log(b) + (a - 1) * sp.log(x) + (b - 1) * sp.log(1 - x**a)
    return log_p, w.some((a - 1) * sp.log(x), sp.S.Zero)


def _continuous_bernoulli(w, x):
    k = w.real()
    if k.is_number:
        k = w.new("real")
    return x * k - k / 2 - LogSinhc(k / 2), 0


def _logit_normal(w, x):
    m, v = w.real(), w.positive()
    u, jacobian = sp.log(x / (1 - x)), -sp.log(x) - sp.log(1 - x)
    log_p = jacobian - _half_log_2pi - sp.log(v) / 2 - (u - m) ** 2 / (2 * v)
    return log_p, w.some(jacobian, sp.S.Zero)


def _bernoulli(w, x):
    p = w.unit()
    return x * sp.log(p) + (1 - x) * sp.log(1 - p), 0


def _bernoulli_logit(w, x):
    k = w.real()
    return x * k - w.some(Softplus(k), sp.log(1 + sp.exp(k))), 0


def _bernoulli_odds(w, x):
    o = w.positive()
    return x * sp.log(o) - sp.log(1 + o), 0


def _bernoulli_cosh(w, x):
    k = w.new("real")
    return (2 * x - 1) * k - sp.log(2 * sp.cosh(k)), 0


def _poisson(w, x):
    r = w.positive()
    return x * sp.log(r) - r - sp.loggamma(x + 1), -sp.loggamma(x + 1)


def _poisson_true_entropy(w, x):
    r = w.positive()
    return x * sp.log(r) - r - sp.log(sp.factorial(x)), 0


def _geometric(w, x):
    p = w.unit()
    return x * sp.log(1 - p) + sp.log(p), 0


def _geometric_odds(w, x):
    o = w.positive()
    return x * sp.log(o) - (x + 1) * sp.log(1 + o), 0


def _negative_binomial(w, x):
    r, p = w.some(R(3), R(5, 2)), w.unit()
    choices = sp.loggamma(x + r) - sp.loggamma(r) - sp.loggamma(x + 1)
    return choices + x * sp.log(p) + r * sp.log(1 - p), choices


def _negative_binomial_mean(w, x):
    r, m = w.some(R(2), R(7, 2)), w.positive()
    choices = sp.loggamma(x + r) - sp.loggamma(r) - sp.loggamma(x + 1)
    return choices + x * sp.log(m / (m + r)) + r * sp.log(r / (m + r)), choices


def _logarithmic(w, x):
    p = w.unit()
    return (x + 1) * sp.log(p) - sp.log(x + 1) - sp.log(-sp.log(1 - p)), -sp.log(x + 1)


def _zero_truncated_poisson(w, x):
    r = w.positive()
    log_p = (x + 1) * sp.log(r) - r - sp.loggamma(x + 2) - sp.log(1 - sp.exp(-r))
    return log_p, -sp.loggamma(x + 2)


def _binomial(trials: int):
    def body(w, x):
        choices = sp.expand_log(sp.log(sp.factorial(trials)), factor=True)
        choices += -sp.loggamma(x + 1) - sp.loggamma(trials - x + 1)
        if w.chance(0.5):
            p = w.unit()
            return choices + x * sp.log(p) + (trials - x) * sp.log(1 - p), choices
        k = w.real()
        return choices + x * k - trials * Softplus(k), choices

    return body


def _tilted(top: int):
    def body(w, x):
        o = w.positive()
        return x * sp.log(o) - sp.log(sum(o**k for k in range(top + 1))), 0

    return body


def _tilted_exp(top: int):
    def body(w, x):
        k = w.real()
        return x * k - sp.log(sum(sp.exp(j * k) for j in range(top + 1))), 0

    return body


def _tilted_twice(w, x):
    """Everything on three values."""
    a, b = w.real(), w.real()
    return a * x + b * x**2 - sp.log(1 + sp.exp(a + b) + sp.exp(2 * a + 4 * b)), 0


def _truncated_poisson(top: int):
    def body(w, x):
        r = w.positive()
        total = sum(r**k / sp.factorial(k) for k in range(top + 1))
        return x * sp.log(r) - sp.loggamma(x + 1) - sp.log(total), -sp.loggamma(x + 1)

    return body


def _pareto(w, x):
    a = w.positive()
    return sp.log(a) + a * sp.log(R(3, 2)) - (a + 1) * sp.log(x), 0


def _shifted_exponential(least: sp.Rational):
    def body(w, x):
        r = w.positive()
        return sp.log(r) - r * (x - least), 0

    return body


def _shifted_lomax(w, x):
    a, s = w.positive(), w.positive()
    return sp.log(a) + a * sp.log(s) - (a + 1) * sp.log(x + 1 + s), 0


def _von_mises(w, x):
    m, k = w.real(), w.positive()
    return k * sp.cos(x - m) - sp.log(2 * sp.pi) - LogBessel(k), 0


def _von_mises_natural(w, x):
    a, b = w.new("real"), w.new("real")
    return a * sp.cos(x) + b * sp.sin(x) - sp.log(2 * sp.pi) - LogBessel(sp.sqrt(a**2 + b**2)), 0


def _cardioid(w, x):
    m, r = w.real(), w.unit()
    return sp.log(1 + r * sp.cos(x - m)) - sp.log(2 * sp.pi), 0


def _two_sided(w, x):
    """A sum of statistics with one argument each, on two values beside 0."""
    a, b = w.positive(), w.positive()
    pieces = sp.Piecewise((sp.log(a), sp.Eq(x, 1)), (sp.log(b), sp.Eq(x, 2)), (sp.S.Zero, True))
    return pieces - sp.log(1 + a + b), 0


EXPONENTIAL_FAMILIES: tuple[Maker, ...] = (
    _law("normal", "real", _normal),
    _law("normal, precision", "real", _normal_precision),
    _law("normal, natural", "real", _normal_natural),
    _law("centred laplace", "real", _laplace_centred),
    _law("asymmetric laplace", "real", _asymmetric_laplace),
    _law("exponential", "positive", _exponential),
    _law("exponential, mean", "positive", _exponential_mean),
    _law("gamma", "positive", _gamma),
    _law("gamma, mean", "positive", _gamma_mean),
    _law("inverse gamma", "positive", _inverse_gamma),
    _law("inverse gaussian", "positive", _inverse_gaussian),
    _law("half normal", "positive", _half_normal),
    _law("nakagami", "positive", _nakagami),
    _law("rayleigh", "positive", _rayleigh),
    _law("log-normal", "positive", _log_normal),
    _law("weibull", "positive", _weibull),
    _law("beta prime", "positive", _beta_prime),
    _law("lomax", "positive", _lomax),
    _law("burr", "positive", _burr),
    _law("beta", "unit", _beta),
    _law("beta, mean", "unit", _beta_mean),
    _law("power", "unit", _power),
    _law("kumaraswamy", "unit", _kumaraswamy),
    _law("continuous bernoulli", "unit", _continuous_bernoulli),
    _law("logit-normal", "unit", _logit_normal),
    _law("bernoulli", "binary", _bernoulli),
    _law("bernoulli, logit", "binary", _bernoulli_logit),
    _law("bernoulli, odds", "binary", _bernoulli_odds),
    _law("bernoulli, cosh", "binary", _bernoulli_cosh),
    _law("poisson", "count", _poisson),
    _law("poisson, true entropy", "count", _poisson_true_entropy),
    _law("geometric", "count", _geometric),
    _law("geometric, odds", "count", _geometric_odds),
    _law("negative binomial", "count", _negative_binomial),
    _law("negative binomial, mean", "count", _negative_binomial_mean),
    _law("logarithmic", "count", _logarithmic),
    _law("zero-truncated poisson", "count", _zero_truncated_poisson),
    _law("binomial", "upto 4", _binomial(4)),
    _law("tilted", "upto 3", _tilted(3)),
    _law("tilted, exp", "upto 2", _tilted_exp(2)),
    _law("tilted twice", "upto 2", _tilted_twice),
    _law("truncated poisson", "upto 3", _truncated_poisson(3)),
    _law("three values", "upto 2", _two_sided),
    _law("pareto", "from 3/2", _pareto),
    _law("shifted exponential", "from -2", _shifted_exponential(R(-2))),
    _law("shifted exponential", "from 3", _shifted_exponential(R(3))),
    _law("shifted lomax", "from -1", _shifted_lomax),
    _law("von mises", "angle", _von_mises),
    _law("von mises, natural", "angle", _von_mises_natural),
    _law("cardioid", "angle", _cardioid),
)


# -- location and scale --------------------------------------------------------------------------


def _student(w: Words, u: sp.Expr) -> sp.Expr:
    nu = w.positive() if w.chance(0.7) else w.some(R(3), R(5), R(1))
    constant = sp.loggamma((nu + 1) / 2) - sp.loggamma(nu / 2) - sp.log(sp.pi * nu) / 2
    return constant - (nu + 1) * sp.log(1 + u**2 / nu) / 2


def _type_four(w: Words, u: sp.Expr) -> sp.Expr:
    a, b = w.positive(), w.positive()
    return sp.loggamma(a + b) - sp.loggamma(a) - sp.loggamma(b) - b * u - (a + b) * Softplus(-u)


def _skewed(w: Words, u: sp.Expr) -> sp.Expr:
    a = w.new("real")
    return -_half_log_2pi - u**2 / 2 + sp.log(1 + sp.erf(a * u / sp.sqrt(2)))


def _two_slopes(w: Words, u: sp.Expr) -> sp.Expr:
    k = w.positive()
    return -sp.log(k + 1 / k) - (sp.Abs(u) * (k + 1 / k) + u * (k - 1 / k)) / 2


def _johnson(w: Words, u: sp.Expr) -> sp.Expr:
    g, v = w.real(), w.positive()
    return -_half_log_2pi - sp.log(v) / 2 - sp.log(1 + u**2) / 2 - (g + sp.asinh(u)) ** 2 / (2 * v)


def _generalised(power: sp.Rational):
    constant = sp.log(power / 2) - sp.loggamma(1 / power)
    return lambda w, u: constant - sp.Abs(u) ** power


STANDARD: dict[str, Callable[[Words, sp.Expr], sp.Expr]] = {
    "normal": lambda w, u: -_half_log_2pi - u**2 / 2,
    "laplace": lambda w, u: -sp.Abs(u) - sp.log(2),
    "logistic": lambda w, u: -u - 2 * Softplus(-u),
    "gumbel": lambda w, u: -u - sp.exp(-u),
    "cauchy": lambda w, u: -sp.log(sp.pi) - sp.log(1 + u**2),
    "hyperbolic secant": lambda w, u: sp.pi * u / 2 - Softplus(sp.pi * u),
    "quartic": lambda w, u: -(u**4) - sp.log(2) - sp.loggamma(R(5, 4)),
    "power 3/2": _generalised(R(3, 2)),
    "power 3": _generalised(R(3)),
    "student": _student,
    "type four logistic": _type_four,
    "skew normal": _skewed,
    "asymmetric laplace": _two_slopes,
    "johnson": _johnson,
}


def location_scale(w: Words) -> Drawn:
    """A standard law at (x - location) / scale, standardised or not."""
    name = w.rng.choice([*STANDARD, "student", "normal", "laplace"])
    x, m, s = variable("real"), w.real(), w.positive()
    u = w.some((x - m) / s, x / s - m / s)
    noise = sp.Symbol("noise", real=True)
    law = STANDARD[name](w, noise)
    log_p = law.xreplace({noise: u}) - sp.log(s)
    shared = law.free_symbols & (m.free_symbols | s.free_symbols)
    if name == "skew normal" or not w.chance(0.5) or shared:
        return Drawn(name, "real", x, log_p)
    return Drawn(f"{name}, standardised", "real", x, log_p, location=m, scale=s)


# -- truncations ---------------------------------------------------------------------------------


def _truncated_exponential(w, x):
    r = w.positive()
    return sp.log(r) - sp.log(1 - sp.exp(-r)) - r * x, 0


def _truncated_normal(w, x):
    m, s = w.real(), w.positive()
    root = sp.sqrt(2) * s
    mass = (sp.erf((1 - m) / root) + sp.erf(m / root)) / 2
    return -_half_log_2pi - sp.log(s) - ((x - m) / s) ** 2 / 2 - sp.log(mass), 0


def _half_line_normal(least: sp.Rational):
    def body(w, x):
        m, v = w.real(), w.positive()
        mass = sp.erfc((least - m) / sp.sqrt(2 * v)) / 2
        return -_half_log_2pi - sp.log(v) / 2 - (x - m) ** 2 / (2 * v) - sp.log(mass), 0

    return body


def _half_cauchy(w, x):
    s = w.positive()
    return sp.log(2) - sp.log(sp.pi) - sp.log(s) - sp.log(1 + (x / s) ** 2), 0


def _half_student(w, x):
    s, nu = w.positive(), w.positive()
    constant = sp.loggamma((nu + 1) / 2) - sp.loggamma(nu / 2) - sp.log(sp.pi * nu) / 2 + sp.log(2)
    return constant - sp.log(s) - (nu + 1) / 2 * sp.log(1 + x**2 / (nu * s**2)), 0


def _half_logistic(w, x):
    s = w.positive()
    return sp.log(2) - x / s - sp.log(s) - 2 * Softplus(-x / s), 0


def _logistic_in_unit(w, x):
    m, s = w.real(), w.positive()
    u = (x - m) / s
    mass = Sigmoid((1 - m) / s) - Sigmoid(-m / s)
    return -u - 2 * Softplus(-u) - sp.log(s) - sp.log(mass), 0


def _half_normal_in_unit(w, x):
    r = w.positive()
    return -r * x**2 - sp.log(sp.sqrt(sp.pi) * sp.erf(sp.sqrt(r)) / (2 * sp.sqrt(r))), 0


def _weibull_from(w, x):
    r = w.positive()
    return sp.log(2 * r) + sp.log(x) - r * (x**2 - 4), w.some(sp.log(x), sp.S.Zero)


def _generalised_pareto(w, x):
    a, s = w.positive(), w.positive()
    return sp.log(a) - sp.log(s) - (a + 1) * sp.log(1 + (x - 1) / s), 0


def _geometric_upto(w, x):
    p = w.unit()
    return x * sp.log(p) + sp.log(1 - p) - sp.log(1 - p**5), 0


TRUNCATIONS: tuple[Maker, ...] = (
    _law("exponential in (0, 1)", "unit", _truncated_exponential),
    _law("normal in (0, 1)", "unit", _truncated_normal),
    _law("half normal in (0, 1)", "unit", _half_normal_in_unit),
    _law("logistic in (0, 1)", "unit", _logistic_in_unit),
    _law("normal above 0", "positive", _half_line_normal(R(0))),
    _law("normal from 1/2", "from 1/2", _half_line_normal(R(1, 2))),
    _law("normal from -1", "from -1", _half_line_normal(R(-1))),
    _law("half cauchy", "positive", _half_cauchy),
    _law("half student", "positive", _half_student),
    _law("half logistic", "positive", _half_logistic),
    _law("weibull from 2", "from 2", _weibull_from),
    _law("generalised pareto from 1", "from 1", _generalised_pareto),
    _law("geometric upto 4", "upto 4", _geometric_upto),
)


# -- transformed variables -----------------------------------------------------------------------

#: Old support -> name, new support, old variable in terms of the new one, log of the derivative.
_MAPS: dict[str, list[tuple[str, str, Callable[[sp.Expr], sp.Expr], Callable[[sp.Expr], sp.Expr]]]]
_MAPS = {
    "real": [
        ("exp", "positive", sp.log, lambda y: -sp.log(y)),
        (
            "sigmoid",
            "unit",
            lambda y: sp.log(y) - sp.log(1 - y),
            lambda y: -sp.log(y) - sp.log(1 - y),
        ),
        ("sinh", "real", sp.asinh, lambda y: -sp.log(1 + y**2) / 2),
        ("affine", "real", lambda y: 2 * y + 1, lambda y: sp.log(2)),
    ],
    "positive": [
        ("reciprocal", "positive", lambda y: 1 / y, lambda y: -2 * sp.log(y)),
        ("root", "positive", lambda y: y**2, lambda y: sp.log(2 * y)),
        ("square", "positive", sp.sqrt, lambda y: -sp.log(2) - sp.log(y) / 2),
        ("log", "real", sp.exp, lambda y: y),
        ("exp of minus", "unit", lambda y: -sp.log(y), lambda y: -sp.log(y)),
        ("of odds", "unit", lambda y: y / (1 - y), lambda y: -2 * sp.log(1 - y)),
        ("cube root", "positive", lambda y: y**3, lambda y: sp.log(3 * y**2)),
    ],
    "unit": [
        ("other side", "unit", lambda y: 1 - y, lambda y: sp.S.Zero),
        ("root", "unit", lambda y: y**2, lambda y: sp.log(2 * y)),
        ("minus log", "positive", lambda y: sp.exp(-y), lambda y: -y),
        ("odds", "positive", lambda y: y / (1 + y), lambda y: -2 * sp.log(1 + y)),
        ("logit", "real", Sigmoid, lambda y: y - 2 * Softplus(y)),
    ],
}


def transformed(w: Words) -> Drawn:
    """A law of a function of the variable, with the Jacobian in the base measure or not."""
    while True:
        start = w.rng.choice([*EXPONENTIAL_FAMILIES, location_scale, location_scale])(w)
        if start.support in _MAPS:
            break
        w.arguments.clear()
    name, support, inverse, slope = w.rng.choice(_MAPS[start.support])
    y = variable(support)
    there = {start.x: inverse(y)}
    log_p = start.log_p.xreplace(there) + slope(y)
    base = start.base.xreplace(there) + slope(y) if w.chance(0.6) else sp.S.Zero
    return Drawn(f"{name} of {start.name.split(',')[0]}", support, y, log_p, base)


# -- mixtures and zero inflation -----------------------------------------------------------------

_MIXED = ("normal", "exponential", "gamma", "beta", "poisson", "geometric", "bernoulli", "binomial")


def mixture(w: Words) -> Drawn:
    """Two components of one kind, as a marginal density."""
    made = {m(Words(0)).name: m for m in EXPONENTIAL_FAMILIES}
    maker = made[w.rng.choice(_MIXED)]
    share = w.unit()
    one, other = maker(w), maker(w)
    log_p = sp.log(share * sp.exp(one.log_p) + (1 - share) * sp.exp(other.log_p))
    return replace(one, name=f"mixture of {one.name}", log_p=log_p)


def zero_inflated(w: Words) -> Drawn:
    """A law of counts with more zeros."""
    made = [m for m in EXPONENTIAL_FAMILIES if m(Words(0)).support == "count"]
    law = w.rng.choice(made)(w)
    p = w.unit()
    at_zero = law.log_p.subs(law.x, 0)
    log_p = sp.Piecewise(
        (sp.log(p + (1 - p) * sp.exp(at_zero)), sp.Eq(law.x, 0)), (sp.log(1 - p) + law.log_p, True)
    )
    return replace(law, name=f"zero-inflated {law.name}", log_p=log_p)
