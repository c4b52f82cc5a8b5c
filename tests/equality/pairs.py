"""Pairs of expressions with the verdict that is right: equal ones written differently, near misses, and what the checker does not know.

Each row: a name, the model, and a function of the model's symbols that gives both sides.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import sympy as sp

import entropysym as es
from entropysym.language.declared import Symbols
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import DataMean
from entropysym.language.matrices import Inverse, LogDet, MatrixProduct, Scaled, Trace, Transposed
from entropysym.language.objective import elbo, entropy_sum, expectation
from entropysym.language.symbols import index
from entropysym.models.zoo import ZOO

EQUAL, DIFFERENT, NOT_SHOWN = "PROVED", "REFUTED", "UNDECIDED"


@lru_cache
def model(name: str) -> es.Model:
    return ZOO[name]()


@lru_cache
def derived(name: str) -> Any:
    found = es.derive(model(name))
    return found if isinstance(found, es.Derivation) else found.partial


class Pair(NamedTuple):
    name: str
    model: str
    sides: Callable[[Symbols], tuple[Any, Any]]
    verdict: str


def total(body: sp.Expr, i: sp.Symbol, size: sp.Symbol) -> sp.Expr:
    return sp.Sum(body, (i, 1, size))


def mean(s: Symbols, name: str, power: int = 1) -> sp.Expr:
    r"""$\overline{\sum_h\mathbb E_qz_h^k}$."""
    body = expectation(model(name), s.z[s.h] ** power)
    return DataMean(total(body, s.h, s.H), s.n)


def ladder(s: Symbols, power: int) -> sp.Expr:
    """The mean of a power of the first latent of two layers."""
    m = model("two_layer_vae")
    body = m.entry(m.latents[0].name) ** power
    return DataMean(expectation(m, body, datum=m.data[0]), m.data[0].index)


def networks(s: Symbols) -> tuple[sp.Expr, sp.Expr]:
    """nu and tau2 of VAE-2 at the datum and at h."""
    return model("vae2").encoder.arguments  # type: ignore[return-value]


def moment(s: Symbols, f: Callable[[sp.Expr, sp.Expr], sp.Expr]) -> sp.Expr:
    nu, tau2 = networks(s)
    return DataMean(total(f(nu, tau2), s.h, s.H), s.n)


def x_mean(s: Symbols, f: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    return DataMean(total(f(s.x[s.n, s.d]), s.d, s.D), s.n)


k, j = index("k_1"), index("j_1")
TWO_PI_E = 2 * sp.pi * sp.E

_EQUAL: list[tuple[str, str, Callable[[Symbols], tuple[Any, Any]]]] = [
    ("log of a power", "vae2", lambda s: (sp.log(s.sigma2**2), 2 * sp.log(s.sigma2))),
    (
        "entropy of a normal",
        "vae2",
        lambda s: (
            s.D * sp.log(TWO_PI_E * s.sigma2) / 2,
            s.D * (1 + sp.log(2 * sp.pi) + sp.log(s.sigma2)) / 2,
        ),
    ),
    (
        "a half as a root",
        "vae2",
        lambda s: (
            total(sp.log(s.alpha2[s.h]), s.h, s.H) / 2,
            total(sp.log(sp.sqrt(s.alpha2[s.h])), s.h, s.H),
        ),
    ),
    (
        "what a sum does not see",
        "vae2",
        lambda s: (
            total(s.alpha2[s.h] + s.sigma2, s.h, s.H),
            total(s.alpha2[s.h], s.h, s.H) + s.H * s.sigma2,
        ),
    ),
    (
        "a square of a sum",
        "vae2",
        lambda s: (
            total(s.alpha2[s.h], s.h, s.H) ** 2,
            total(total(s.alpha2[s.h] * s.alpha2[k], k, s.H), s.h, s.H),
        ),
    ),
    (
        "another name of an index",
        "vae2",
        lambda s: (total(s.alpha2[s.h], s.h, s.H), total(s.alpha2[j], j, s.H)),
    ),
    ("shares of one", "vae2", lambda s: (1 / (1 + s.sigma2) + s.sigma2 / (1 + s.sigma2), 1)),
    ("polynomial division", "vae2", lambda s: ((s.sigma2**2 - 1) / (s.sigma2 + 1), s.sigma2 - 1)),
    ("exp of a log", "vae2", lambda s: (sp.exp(2 * sp.log(s.sigma2)), s.sigma2**2)),
    (
        "a sum of powers",
        "vae2",
        lambda s: ((s.sigma2 + 1) ** 3, s.sigma2**3 + 3 * s.sigma2**2 + 3 * s.sigma2 + 1),
    ),
    ("sigmoids that sum to one", "vae2", lambda s: (Sigmoid(s.sigma2) + Sigmoid(-s.sigma2), 1)),
    (
        "softplus of both signs",
        "vae2",
        lambda s: (Softplus(s.sigma2) - Softplus(-s.sigma2), s.sigma2),
    ),
    ("log sigmoid", "vae2", lambda s: (sp.log(Sigmoid(s.sigma2)), -Softplus(-s.sigma2))),
    ("gamma of a whole number", "vae2", lambda s: (sp.loggamma(5, evaluate=False), sp.log(24))),
    ("tanh", "vae2", lambda s: (sp.tanh(s.sigma2), 1 - 2 / (1 + sp.exp(2 * s.sigma2)))),
    ("sinh", "vae2", lambda s: (sp.sinh(s.sigma2) + sp.cosh(s.sigma2), sp.exp(s.sigma2))),
    ("log four", "vae2", lambda s: (sp.log(4, evaluate=False), 2 * sp.log(2))),
    (
        "at a free index",
        "vae2",
        lambda s: ((s.alpha2[s.h] + s.alpha2[s.h] * s.sigma2) / s.alpha2[s.h], 1 + s.sigma2),
    ),
    (
        "a square in a data mean",
        "vae2",
        lambda s: (
            x_mean(s, lambda x: (x - 1) ** 2),
            x_mean(s, lambda x: x**2) - 2 * x_mean(s, lambda x: x) + s.D,
        ),
    ),
    (
        "a mean of a constant",
        "vae2",
        lambda s: (
            DataMean(s.sigma2 * s.x[s.n, s.d], s.n),
            s.sigma2 * DataMean(s.x[s.n, s.d], s.n),
        ),
    ),
    ("the first moment", "vae2", lambda s: (mean(s, "vae2"), moment(s, lambda nu, tau2: nu))),
    (
        "the second moment",
        "vae2",
        lambda s: (mean(s, "vae2", 2), moment(s, lambda nu, tau2: nu**2 + tau2)),
    ),
    (
        "the third moment",
        "vae2",
        lambda s: (mean(s, "vae2", 3), moment(s, lambda nu, tau2: nu**3 + 3 * nu * tau2)),
    ),
    (
        "the fourth moment",
        "vae2",
        lambda s: (
            mean(s, "vae2", 4),
            moment(s, lambda nu, tau2: nu**4 + 6 * nu**2 * tau2 + 3 * tau2**2),
        ),
    ),
    (
        "the second moment of the linear encoder",
        "linear_vae",
        lambda s: (
            mean(s, "linear_vae", 2),
            DataMean(
                total(model("linear_vae").encoder.arguments[0] ** 2 + s.tau[s.h] ** 2, s.h, s.H),
                s.n,
            ),
        ),
    ),
    ("the ELBO in closed form", "vae2", lambda s: (derived("vae2").elbo, elbo(model("vae2")))),
    (
        "the ELBO of the linear VAE",
        "linear_vae",
        lambda s: (derived("linear_vae").elbo, elbo(model("linear_vae"))),
    ),
    (
        "the entropy sum with heads",
        "vae2",
        lambda s: (derived("vae2").entropy_sum, entropy_sum(model("vae2"))),
    ),
    (
        "the entropy sum of a Poisson decoder",
        "poisson_vae",
        lambda s: (derived("poisson_vae").entropy_sum, entropy_sum(model("poisson_vae"))),
    ),
    (
        "the gap",
        "linear_vae",
        lambda s: (
            derived("linear_vae").gap + derived("linear_vae").entropy_sum,
            derived("linear_vae").elbo,
        ),
    ),
    (
        "the entropy sum by hand",
        "linear_vae",
        lambda s: (
            derived("linear_vae").entropy_sum,
            total(sp.log(s.tau[s.h] * sp.sqrt(TWO_PI_E)), s.h, s.H)
            - s.H * sp.log(TWO_PI_E) / 2
            - s.D * sp.log(TWO_PI_E * s.sigma**2) / 2,
        ),
    ),
    (
        "a derivative at a free index",
        "vae2",
        lambda s: (derived("vae2").derivative("alpha2"), -1 / (2 * s.alpha2[s.h])),
    ),
    (
        "a derivative by a scalar",
        "linear_vae",
        lambda s: (derived("linear_vae").derivative("sigma"), -s.D / s.sigma),
    ),
    (
        "log det of a multiple",
        "gaussian_vae",
        lambda s: (LogDet(Scaled(s.s, s.A)), s.H * sp.log(s.s) + LogDet(s.A)),
    ),
    ("log det of an inverse", "gaussian_vae", lambda s: (LogDet(Inverse(s.A)), -LogDet(s.A))),
    (
        "trace of a multiple",
        "gaussian_vae",
        lambda s: (Trace(Scaled(2 * s.s, s.A)), 2 * s.s * Trace(s.A)),
    ),
    (
        "log det of a Cholesky product",
        "gaussian_vae_cholesky",
        lambda s: (LogDet(MatrixProduct(s.L, Transposed(s.L))), 2 * LogDet(s.L)),
    ),
    ("probabilities sum to one", "gaussian_mixture", lambda s: (total(s.pi0[s.k], s.k, s.K), 1)),
    (
        "shares in a mixture",
        "gaussian_mixture",
        lambda s: (
            total(s.pi0[s.k] * (1 + s.s[s.d, s.k]), s.k, s.K),
            1 + total(s.pi0[s.k] * s.s[s.d, s.k], s.k, s.K),
        ),
    ),
]

_DIFFERENT: list[tuple[str, str, Callable[[Symbols], tuple[Any, Any]]]] = [
    ("D for H", "vae2", lambda s: (s.D * sp.log(s.sigma2), s.H * sp.log(s.sigma2))),
    (
        "a missing half",
        "vae2",
        lambda s: (derived("vae2").entropy_sum, 2 * derived("vae2").entropy_sum),
    ),
    ("a sign", "vae2", lambda s: (sp.log(s.sigma2), -sp.log(s.sigma2))),
    (
        "a standard deviation for a variance",
        "vae2",
        lambda s: (s.D * sp.log(TWO_PI_E * s.sigma2) / 2, s.D * sp.log(TWO_PI_E * s.sigma2**2) / 2),
    ),
    (
        "two pi without e",
        "vae2",
        lambda s: (s.D * sp.log(TWO_PI_E * s.sigma2) / 2, s.D * sp.log(2 * sp.pi * s.sigma2) / 2),
    ),
    ("log of a sum", "vae2", lambda s: (sp.log(1 + s.sigma2), sp.log(1) + sp.log(s.sigma2))),
    (
        "a mean of logs",
        "vae2",
        lambda s: (total(sp.log(s.alpha2[s.h]), s.h, s.H), sp.log(total(s.alpha2[s.h], s.h, s.H))),
    ),
    (
        "a square of a sum",
        "vae2",
        lambda s: (total(s.alpha2[s.h], s.h, s.H) ** 2, total(s.alpha2[s.h] ** 2, s.h, s.H)),
    ),
    (
        "a constant inside of a sum",
        "vae2",
        lambda s: (
            total(s.alpha2[s.h] + s.sigma2, s.h, s.H),
            total(s.alpha2[s.h], s.h, s.H) + s.sigma2,
        ),
    ),
    (
        "a small constant",
        "vae2",
        lambda s: (
            derived("vae2").entropy_sum,
            derived("vae2").entropy_sum + sp.Rational(1, 10**6),
        ),
    ),
    (
        "a free index for a sum",
        "vae2",
        lambda s: (derived("vae2").derivative("alpha2"), -s.H / (2 * s.alpha2[s.h])),
    ),
    (
        "the derivative of the other one",
        "linear_vae",
        lambda s: (
            derived("linear_vae").derivative("sigma"),
            derived("linear_vae").derivative("sigma") * s.sigma,
        ),
    ),
    (
        "a second moment without the mean",
        "vae2",
        lambda s: (mean(s, "vae2", 2), moment(s, lambda nu, tau2: tau2)),
    ),
    (
        "a second moment without the variance",
        "vae2",
        lambda s: (mean(s, "vae2", 2), moment(s, lambda nu, tau2: nu**2)),
    ),
    (
        "a third moment with one of three",
        "vae2",
        lambda s: (mean(s, "vae2", 3), moment(s, lambda nu, tau2: nu**3 + nu * tau2)),
    ),
    (
        "a deviation as a variance",
        "vae2",
        lambda s: (mean(s, "vae2", 2), moment(s, lambda nu, tau2: nu**2 + tau2**2)),
    ),
    (
        "the square of a mean",
        "vae2",
        lambda s: (x_mean(s, lambda x: x**2), x_mean(s, lambda x: x) ** 2),
    ),
    ("a sum for a mean", "vae2", lambda s: (x_mean(s, lambda x: x), DataMean(s.x[s.n, s.d], s.n))),
    (
        "Jensen",
        "linear_vae",
        lambda s: (DataMean(sp.exp(s.x[s.n, s.d]), s.n), sp.exp(DataMean(s.x[s.n, s.d], s.n))),
    ),
    (
        "a wrong encoder variance",
        "linear_vae",
        lambda s: (
            mean(s, "linear_vae", 2),
            DataMean(
                total(model("linear_vae").encoder.arguments[0] ** 2 + s.tau[s.h], s.h, s.H), s.n
            ),
        ),
    ),
    (
        "the ELBO is not the entropy sum",
        "linear_vae",
        lambda s: (derived("linear_vae").elbo, derived("linear_vae").entropy_sum),
    ),
    (
        "the gap with a wrong sign",
        "linear_vae",
        lambda s: (
            derived("linear_vae").gap + derived("linear_vae").elbo,
            derived("linear_vae").entropy_sum,
        ),
    ),
    (
        "the prior's part left out",
        "linear_vae",
        lambda s: (
            derived("linear_vae").entropy_sum,
            derived("linear_vae").entropy_sum + s.H * sp.log(TWO_PI_E) / 2,
        ),
    ),
    (
        "log det of a multiple with D for H",
        "gaussian_vae",
        lambda s: (LogDet(Scaled(s.s, s.A)), s.D * sp.log(s.s) + LogDet(s.A)),
    ),
    (
        "log det of an inverse without sign",
        "gaussian_vae",
        lambda s: (LogDet(Inverse(s.A)), LogDet(s.A)),
    ),
    ("trace is not log det", "gaussian_vae", lambda s: (Trace(s.A), LogDet(s.A))),
    (
        "log det of one Cholesky factor",
        "gaussian_vae_cholesky",
        lambda s: (LogDet(MatrixProduct(s.L, Transposed(s.L))), LogDet(s.L)),
    ),
    (
        "squares of probabilities",
        "gaussian_mixture",
        lambda s: (total(s.pi0[s.k] ** 2, s.k, s.K), 1),
    ),
    (
        "a mixture's variance without its share",
        "gaussian_mixture",
        lambda s: (total(s.pi0[s.k] * s.s[s.d, s.k], s.k, s.K), total(s.s[s.d, s.k], s.k, s.K)),
    ),
    ("sigmoids of one sign", "vae2", lambda s: (Sigmoid(s.sigma2) + Sigmoid(s.sigma2), 1)),
    ("softplus is not the identity", "vae2", lambda s: (Softplus(s.sigma2), s.sigma2)),
    ("a classical slip", "vae2", lambda s: (1 / (1 + s.sigma2), 1 + 1 / s.sigma2)),
    ("a last digit", "vae2", lambda s: (s.sigma2, s.sigma2 * (1 + sp.Rational(1, 10**9)))),
]

_NOT_SHOWN: list[tuple[str, str, Callable[[Symbols], tuple[Any, Any]]]] = [
    ("sine and cosine", "vae2", lambda s: (sp.sin(s.sigma2) ** 2 + sp.cos(s.sigma2) ** 2, 1)),
    (
        "gamma's recurrence",
        "vae2",
        lambda s: (sp.loggamma(s.sigma2 + 1), sp.loggamma(s.sigma2) + sp.log(s.sigma2)),
    ),
    ("erf and erfc", "vae2", lambda s: (sp.erf(s.sigma2) + sp.erfc(s.sigma2), 1)),
    ("a maximum", "vae2", lambda s: (sp.Max(s.sigma2, 2) + sp.Min(s.sigma2, 2), s.sigma2 + 2)),
    (
        "an average over a ladder, for which there is no rule",
        "two_layer_vae",
        lambda s: (ladder(s, 1), ladder(s, 2)),
    ),
]

PAIRS = tuple(
    Pair(name, of, sides, verdict)
    for rows, verdict in ((_EQUAL, EQUAL), (_DIFFERENT, DIFFERENT), (_NOT_SHOWN, NOT_SHOWN))
    for name, of, sides in rows
)
