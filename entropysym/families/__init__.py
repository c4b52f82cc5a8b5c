"""Distributions as records. A family is its log-density; directions and entropies are derived from it, never typed."""

from entropysym.families.any_law import ANY
from entropysym.families.bernoulli import BERNOULLI
from entropysym.families.categorical import CATEGORICAL, CATEGORICAL_LOGITS
from entropysym.families.laplace import LAPLACE
from entropysym.families.multivariate_normal import MULTIVARIATE_NORMAL
from entropysym.families.normal import NORMAL
from entropysym.families.poisson import POISSON

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
    )
}

__all__ = [
    "ANY",
    "BERNOULLI",
    "CATEGORICAL",
    "CATEGORICAL_LOGITS",
    "FAMILIES",
    "LAPLACE",
    "MULTIVARIATE_NORMAL",
    "NORMAL",
    "POISSON",
]
