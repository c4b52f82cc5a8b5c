"""Distributions as records. A family is its log-density; directions and entropies are derived from it, never typed."""

from entropysym.families.any_law import ANY
from entropysym.families.bernoulli import BERNOULLI
from entropysym.families.categorical import CATEGORICAL, CATEGORICAL_LOGITS
from entropysym.families.counts import (
    BERNOULLI_PROBABILITY,
    GEOMETRIC,
    NEGATIVE_BINOMIAL,
    NEGATIVE_BINOMIAL_DECAY,
    POISSON_RATE,
    ZERO_INFLATED_POISSON,
    binomial,
)
from entropysym.families.laplace import LAPLACE
from entropysym.families.matrices import MATRIX_NORMAL, WISHART
from entropysym.families.multivariate_normal import MULTIVARIATE_NORMAL
from entropysym.families.normal import NORMAL
from entropysym.families.poisson import POISSON
from entropysym.families.positive import (
    EXPONENTIAL,
    GAMMA,
    HALF_NORMAL,
    INVERSE_GAMMA,
    INVERSE_GAUSSIAN,
    LOG_NORMAL,
    MAXWELL,
    RAYLEIGH,
    WEIBULL,
    pareto,
)
from entropysym.families.real import (
    ASYMMETRIC_LAPLACE,
    STUDENT_T,
    VON_MISES,
    generalised_normal,
)
from entropysym.families.unit import (
    BETA,
    BETA_MEAN_PRECISION,
    CONTINUOUS_BERNOULLI,
    TRUNCATED_EXPONENTIAL,
)
from entropysym.families.vectors import DIRICHLET, VON_MISES_FISHER, exponential_family

#: Every family that ships, by name.
FAMILIES = {
    f.name: f
    for f in (
        NORMAL,
        MULTIVARIATE_NORMAL,
        LAPLACE,
        BERNOULLI,
        POISSON,
        CATEGORICAL,
        CATEGORICAL_LOGITS,
        BERNOULLI_PROBABILITY,
        POISSON_RATE,
        GEOMETRIC,
        NEGATIVE_BINOMIAL,
        NEGATIVE_BINOMIAL_DECAY,
        ZERO_INFLATED_POISSON,
        EXPONENTIAL,
        GAMMA,
        INVERSE_GAMMA,
        LOG_NORMAL,
        HALF_NORMAL,
        RAYLEIGH,
        MAXWELL,
        INVERSE_GAUSSIAN,
        WEIBULL,
        BETA,
        BETA_MEAN_PRECISION,
        CONTINUOUS_BERNOULLI,
        TRUNCATED_EXPONENTIAL,
        STUDENT_T,
        ASYMMETRIC_LAPLACE,
        VON_MISES,
        DIRICHLET,
        VON_MISES_FISHER,
        WISHART,
        MATRIX_NORMAL,
    )
}

#: Families with a number that is no argument: the support or an exponent depends on it.
WITH_A_NUMBER = {
    "binomial": binomial,
    "pareto": pareto,
    "generalised_normal": generalised_normal,
}

__all__ = [
    "ANY",
    "ASYMMETRIC_LAPLACE",
    "BERNOULLI",
    "BERNOULLI_PROBABILITY",
    "BETA",
    "BETA_MEAN_PRECISION",
    "CATEGORICAL",
    "CATEGORICAL_LOGITS",
    "CONTINUOUS_BERNOULLI",
    "DIRICHLET",
    "EXPONENTIAL",
    "FAMILIES",
    "GAMMA",
    "GEOMETRIC",
    "HALF_NORMAL",
    "INVERSE_GAMMA",
    "INVERSE_GAUSSIAN",
    "LAPLACE",
    "LOG_NORMAL",
    "MATRIX_NORMAL",
    "MAXWELL",
    "MULTIVARIATE_NORMAL",
    "NEGATIVE_BINOMIAL",
    "NEGATIVE_BINOMIAL_DECAY",
    "NORMAL",
    "POISSON",
    "POISSON_RATE",
    "RAYLEIGH",
    "STUDENT_T",
    "TRUNCATED_EXPONENTIAL",
    "VON_MISES",
    "VON_MISES_FISHER",
    "WEIBULL",
    "WISHART",
    "WITH_A_NUMBER",
    "ZERO_INFLATED_POISSON",
    "binomial",
    "exponential_family",
    "generalised_normal",
    "pareto",
]
