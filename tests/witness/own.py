"""Models of families and encoders that do not ship, with both sides of the gap identity written by hand."""

from typing import Any, NamedTuple

import sympy as sp

from entropysym.families import ANY, BERNOULLI, LAPLACE, NORMAL
from entropysym.language import DataMean, Entropy, Family, Identity, ModelWriter, Softplus
from entropysym.language.heads import LogBaseMeasure
from entropysym.language.objective import (
    entropy_sum,
    expectation,
    log_density,
    spelled_out,
)
from entropysym.language.symbols import n

x, m, eta = (sp.Symbol(s, real=True) for s in ("x", "m", "eta"))
b, r, s2 = (sp.Symbol(s, positive=True) for s in ("b", "r", "s2"))
nu = sp.Symbol("nu", positive=True)
u = (x - m) / b

LOG_VARIANCE = Family(
    "LogVariance",
    (m, eta),
    x,
    -sp.log(2 * sp.pi) / 2 - eta / 2 - (x - m) ** 2 * sp.exp(-eta) / 2,
    location=m,
    scale=sp.exp(eta / 2),
)
OWN_LAPLACE = Family("OwnLaplace", (m, b), x, -sp.Abs(u) - sp.log(2 * b), location=m, scale=b)
EXPONENTIAL = Family("OwnExponential", (r,), x, sp.log(r) - r * x, support="positive")
OWN_BERNOULLI = Family("OwnBernoulli", (eta,), x, x * eta - Softplus(eta), support="binary")
GEOMETRIC = Family(
    "OwnGeometric", (r,), x, x * sp.log(r / (1 + r)) - sp.log(1 + r), support="count"
)
OWN_POISSON = Family(
    "OwnPoisson",
    (eta,),
    x,
    x * eta - sp.exp(eta) - sp.loggamma(x + 1),
    support="count",
    log_base_measure=-sp.loggamma(x + 1),
)
POWER = Family(
    "Power", (r,), x, sp.log(r) + (r - 1) * sp.log(x), support="unit", log_base_measure=-sp.log(x)
)
#: A record under the name of a family that ships.
IMPOSTOR = Family("Normal", (m, b), x, -sp.Abs(u) - sp.log(2 * b))
LOGISTIC = Family("Logistic", (m, b), x, -u - sp.log(b) - 2 * Softplus(-u), location=m, scale=b)
STUDENT_T = Family(
    "Student",
    (m, b, nu),
    x,
    sp.loggamma((nu + 1) / 2)
    - sp.loggamma(nu / 2)
    - sp.log(sp.pi * nu) / 2
    - sp.log(b)
    - (nu + 1) / 2 * sp.log(1 + u**2 / nu),
    location=m,
    scale=b,
)


_NORMAL_VARIANCE = NORMAL.arguments[1]
_LAPLACE_SCALE = LAPLACE.arguments[1]
_LOGIT = BERNOULLI.arguments[0]
_ODDS = sp.log(r / (1 + r))

#: Entropies, and pseudo entropies where there is a base measure, in the arguments of the families.
CLOSED = {
    NORMAL: sp.log(2 * sp.pi * sp.E * _NORMAL_VARIANCE) / 2,
    LAPLACE: 1 + sp.log(2 * _LAPLACE_SCALE),
    BERNOULLI: Softplus(_LOGIT) - _LOGIT / (1 + sp.exp(-_LOGIT)),
    LOG_VARIANCE: sp.log(2 * sp.pi * sp.E) / 2 + eta / 2,
    OWN_LAPLACE: 1 + sp.log(2 * b),
    IMPOSTOR: 1 + sp.log(2 * b),
    EXPONENTIAL: 1 - sp.log(r),
    OWN_BERNOULLI: Softplus(eta) - eta / (1 + sp.exp(-eta)),
    GEOMETRIC: sp.log(1 + r) - r * _ODDS,
    OWN_POISSON: sp.exp(eta) - eta * sp.exp(eta),
    POWER: 1 - sp.log(r),
}


class Case(NamedTuple):
    """A model with a true direction and entropy sum; `excess` is what the sum holds beside the entropies."""

    model: Any
    direction: dict[str, sp.Basic]
    entropy_sum: sp.Expr
    excess: sp.Expr

    @property
    def identity(self):
        return Identity(self.model, self.direction, self.entropy_sum, self.excess, CLOSED)


def spelled(model, expression):
    """Heads replaced by their formulas; the entropy of a family without a closed one stays a head."""
    for head in expression.atoms(Entropy, LogBaseMeasure):
        if isinstance(head, LogBaseMeasure) or model.factor(head.role).family in CLOSED:
            expression = expression.xreplace({head: spelled_out(model, head, CLOSED)})
    return expression


def excess_of(model, role):
    """What a factor without a direction leaves: its mean log-density and its opaque entropy, not cancelled."""
    entropy = Entropy("prior") if role == "prior" else Entropy("decoder", latent=True)
    return DataMean(expectation(model, log_density(model, role) + entropy), n)


class _Writer:
    """A model in the making: what is learned and how it moves."""

    def __init__(self):
        self.w, self.moves = ModelWriter(), {}

    def learned(self, name, plates="", rate=0, range="real"):
        entry = self.w.learned(name, plates, range=range)
        if rate != 0:
            self.moves[name] = rate(entry) if callable(rate) else rate * entry
        return entry

    def positive(self, name, plates="", rate=0):
        return self.learned(name, plates, rate, "positive")

    def mu(self):
        return self.w.network("mu", "d", reads=self.w.z)

    def read(self, name, range="real"):
        """A network over the latents that reads the datum."""
        return self.w.network(name, "h", reads=self.w.x_n, range=range)

    def layer(self, rate=1):
        W, c = self.learned("W", "d h", rate), self.learned("c", "d", rate)
        return self.w.sum("h", W * self.w.z_h) + c


def _normal_prior(w):
    return NORMAL(0, w.positive("alpha2", "h", -1))


def _normal_decoder(w):
    return NORMAL(w.mu(), w.positive("sigma2", rate=-1))


def _normal_encoder(w):
    return NORMAL(w.read("nu"), w.read("tau2", "positive"))


def _any(w):
    return ANY()


def case(prior=_normal_prior, decoder=_normal_decoder, encoder=_normal_encoder, leaves=()):
    w = _Writer()
    factors = {"prior": prior(w), "decoder": decoder(w), "encoder": encoder(w)}
    model = w.w.model("own", **factors)
    excess = sp.Add(*(excess_of(model, role) for role in leaves))
    return Case(model, w.moves, spelled(model, entropy_sum(model)) + excess, excess)


def _shrunk(w):
    """For an encoder that is stretched: the weights shrink, so that the mean stands still."""
    mean = w.w.sum("h", w.learned("W", "d h", -sp.Rational(1, 2)) * w.w.z_h)
    return NORMAL(mean, w.positive("sigma2", rate=-1))


def _stretched(family, *shape):
    def encoder(w):
        half = sp.Rational(1, 2)
        V = w.learned("V", "h d", half)
        location = w.w.sum("d", V * w.w.x_nd) + w.learned("c", "h", half)
        return family(location, w.positive("tau", "h", half), *(f(w) for f in shape))

    return encoder


CASES = {
    "log-variance coordinates": lambda: case(
        prior=lambda w: LOG_VARIANCE(0, w.learned("a", "h", lambda e: -sp.S.One)),
        decoder=lambda w: LOG_VARIANCE(w.mu(), w.learned("s", rate=lambda e: -sp.S.One)),
        encoder=lambda w: LOG_VARIANCE(w.read("nu"), w.read("t")),
    ),
    "own Laplace": lambda: case(decoder=lambda w: OWN_LAPLACE(w.mu(), w.positive("b", "", -1))),
    "exponential data": lambda: case(
        decoder=lambda w: EXPONENTIAL(
            w.positive("r", "d", 1)
            * w.w.network("g", "d", reads=w.w.z, range="positive")
        )
    ),
    "own Bernoulli": lambda: case(decoder=lambda w: OWN_BERNOULLI(w.layer())),
    "geometric": lambda: case(
        decoder=lambda w: GEOMETRIC(
            w.positive("r", "d", lambda e: e * (1 + e) * sp.log(e / (1 + e)))
        )
    ),
    "own Poisson": lambda: case(decoder=lambda w: OWN_POISSON(w.layer())),
    "impostor": lambda: case(
        prior=lambda w: IMPOSTOR(0, w.positive("a", "h", -1)),
        decoder=lambda w: IMPOSTOR(w.mu(), w.positive("b", "", -1)),
        encoder=lambda w: OWN_LAPLACE(w.read("nu"), w.read("t", "positive")),
    ),
    "logistic encoder": lambda: case(
        prior=lambda w: NORMAL(0, 1), decoder=_shrunk, encoder=_stretched(LOGISTIC)
    ),
    "Student-t encoder": lambda: case(
        prior=lambda w: NORMAL(0, 1),
        decoder=_shrunk,
        encoder=_stretched(STUDENT_T, lambda w: w.read("freedom", "positive")),
    ),
    "any law": lambda: case(encoder=_any),
    "any law, positive": lambda: case(
        prior=lambda w: EXPONENTIAL(w.positive("r", "h", 1)), encoder=_any
    ),
    "any law, unit": lambda: case(
        prior=lambda w: POWER(w.positive("r", "h", 1)), encoder=_any
    ),
    "any law, binary": lambda: case(
        prior=lambda w: BERNOULLI(w.learned("a", "h", 1)),
        decoder=lambda w: OWN_BERNOULLI(w.layer()),
        encoder=_any,
    ),
    "any law, count": lambda: case(
        prior=lambda w: OWN_POISSON(w.learned("a", "h", 1)), encoder=_any
    ),
    "exponential encoder": lambda: case(
        prior=lambda w: EXPONENTIAL(w.positive("r", "h", 1)),
        encoder=lambda w: EXPONENTIAL(w.read("q", "positive")),
    ),
    "Bernoulli encoder": lambda: case(
        prior=lambda w: BERNOULLI(w.learned("a", "h", 1)),
        encoder=lambda w: BERNOULLI(w.read("q")),
    ),
    "opaque prior": lambda: case(
        prior=lambda w: STUDENT_T(0, w.positive("a", "h"), 3), leaves=["prior"]
    ),
    "opaque decoder": lambda: case(
        decoder=lambda w: LOGISTIC(w.mu(), w.positive("b", "d")), leaves=["decoder"]
    ),
    "opaque all": lambda: case(
        prior=lambda w: LOGISTIC(0, w.positive("a", "h")),
        decoder=lambda w: STUDENT_T(w.mu(), w.positive("b"), w.positive("k", "d")),
        encoder=_any,
        leaves=["prior", "decoder"],
    ),
}  # fmt: skip
