"""Distributions on (0, 1)."""

import sympy as sp

from entropysym.language.functions import LogSinhc
from entropysym.language.records import Family
from entropysym.language.symbols import scalar

_x = scalar("x", "unit")
_a, _b = scalar("a", "positive"), scalar("b", "positive")
_mean, _precision = scalar("mean", "unit"), scalar("precision", "positive")
_logit, _rate = scalar("logit"), scalar("rate", "positive")


def _beta(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    powers = (a - 1) * sp.log(_x) + (b - 1) * sp.log(1 - _x)
    return powers + sp.loggamma(a + b) - sp.loggamma(a) - sp.loggamma(b)


#: $x^{a-1}(1-x)^{b-1}/B(a,b)$.
BETA = Family(
    name="Beta", arguments=(_a, _b), variable=_x, support="unit", log_density=_beta(_a, _b)
)

#: The beta distribution in mean μ and precision κ: $a=\mu\kappa$, $b=(1-\mu)\kappa$.
BETA_MEAN_PRECISION = Family(
    name="BetaMeanPrecision",
    arguments=(_mean, _precision),
    variable=_x,
    support="unit",
    log_density=_beta(_mean * _precision, (1 - _mean) * _precision),
)

#: $e^{\eta x}$ on (0, 1), normalised by $\frac{e^\eta-1}\eta=e^{\eta/2}\,\frac{\sinh(\eta/2)}{\eta/2}$ (Loaiza-Ganem and Cunningham 2019), in its logit η.
CONTINUOUS_BERNOULLI = Family(
    name="ContinuousBernoulli",
    arguments=(_logit,),
    variable=_x,
    support="unit",
    log_density=_x * _logit - _logit / 2 - LogSinhc(_logit / 2),
)

#: The exponential distribution cut off at 1, $\lambda e^{-\lambda x}/(1-e^{-\lambda})$, where $\frac\lambda{1-e^{-\lambda}}=e^{\lambda/2}/\frac{\sinh(\lambda/2)}{\lambda/2}$.
TRUNCATED_EXPONENTIAL = Family(
    name="TruncatedExponential",
    arguments=(_rate,),
    variable=_x,
    support="unit",
    log_density=_rate / 2 - LogSinhc(_rate / 2) - _rate * _x,
)
