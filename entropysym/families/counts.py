r"""Distributions of 0 and 1, and of counts, beside those in their natural parameter (`bernoulli`, `poisson`)."""

import sympy as sp

from entropysym.errors import integer
from entropysym.language.functions import LogSinhc, Softplus
from entropysym.language.records import Family
from entropysym.language.symbols import scalar

_x = scalar("x")
_probability, _rate = scalar("probability", "unit"), scalar("rate", "positive")
_size, _logit = scalar("dispersion", "positive"), scalar("logit")

#: $\pi^x(1-\pi)^{1-x}$, in the probability π.
BERNOULLI_PROBABILITY = Family(
    name="BernoulliProbability",
    arguments=(_probability,),
    variable=_x,
    support="binary",
    log_density=_x * sp.log(_probability) + (1 - _x) * sp.log(1 - _probability),
)

#: $\lambda^xe^{-\lambda}/x!$, in the rate λ, with the base measure $h=1/x!$.
POISSON_RATE = Family(
    name="PoissonRate",
    arguments=(_rate,),
    variable=_x,
    support="count",
    log_density=_x * sp.log(_rate) - _rate - sp.loggamma(_x + 1),
    log_base_measure=-sp.loggamma(_x + 1),
)

#: $\pi(1-\pi)^x$, the failures before the first success, in the probability π.
GEOMETRIC = Family(
    name="Geometric",
    arguments=(_probability,),
    variable=_x,
    support="count",
    log_density=_x * sp.log(1 - _probability) + sp.log(_probability),
)

_choices = sp.loggamma(_x + _size) - sp.loggamma(_size) - sp.loggamma(_x + 1)

#: $\binom{x+r-1}x\pi^x(1-\pi)^r$, in the dispersion r and the probability π, with the binomial coefficient as base measure: tempering moves π alone.
NEGATIVE_BINOMIAL = Family(
    name="NegativeBinomial",
    arguments=(_size, _probability),
    variable=_x,
    support="count",
    log_density=_choices + _x * sp.log(_probability) + _size * sp.log(1 - _probability),
    log_base_measure=_choices,
)

_decay = scalar("decay", "positive")

#: The negative binomial in its natural parameter, $\pi=e^{-\rho}$ with the decay ρ, normalised by
#: $1-e^{-\rho}=\rho\,e^{-\rho/2}\,\frac{\sinh(\rho/2)}{\rho/2}$: tempering moves ρ by itself.
NEGATIVE_BINOMIAL_DECAY = Family(
    name="NegativeBinomialDecay",
    arguments=(_size, _decay),
    variable=_x,
    support="count",
    log_density=_choices
    - _x * _decay
    + _size * (sp.log(_decay) - _decay / 2 + LogSinhc(_decay / 2)),
    log_base_measure=_choices,
)

#: 0 with probability $\pi+(1-\pi)e^{-\lambda}$, else $(1-\pi)\lambda^xe^{-\lambda}/x!$, with the base measure $h=1/x!$.
ZERO_INFLATED_POISSON = Family(
    name="ZeroInflatedPoisson",
    arguments=(_probability, _rate),
    variable=_x,
    support="count",
    log_density=sp.Piecewise(
        (sp.log(_probability + (1 - _probability) * sp.exp(-_rate)), sp.Eq(_x, 0)),
        (sp.log(1 - _probability) + _x * sp.log(_rate) - _rate - sp.loggamma(_x + 1), True),
    ),
    log_base_measure=-sp.loggamma(_x + 1),
)


def binomial(trials: int) -> Family:
    r"""$\binom nx\pi^x(1-\pi)^{n-x}$ of n `trials`, in the logit of π, with the binomial coefficient as base measure. Raises `InputError` for what is no number of trials."""
    trials = integer("trials", trials)
    # n! by its primes, for it soon has too many digits to be stored.
    constant = sp.expand_log(sp.log(sp.factorial(trials)), factor=True)
    choices = constant - sp.loggamma(_x + 1) - sp.loggamma(trials - _x + 1)
    return Family(
        name=f"Binomial_{trials}",
        arguments=(_logit,),
        variable=_x,
        support=f"upto {trials}",
        log_density=choices + _x * _logit - trials * Softplus(_logit),
        log_base_measure=choices,
    )
