r"""Distributions of whole vectors beside the Normal and the categorical: on the simplex, on the sphere, and the abstract exponential family."""

import sympy as sp

from entropysym.language.formula import entry, sum_over
from entropysym.language.heads import Vector, abstract
from entropysym.language.records import COMPONENT, DIM, Family
from entropysym.language.symbols import array

_ALL = (COMPONENT, 1, DIM)
_x = array("variable", "positive")
_a = array("concentration", "positive")

#: $\frac{\Gamma(\sum_ia_i)}{\prod_i\Gamma(a_i)}\prod_ix_i^{a_i-1}$ on the simplex.
DIRICHLET = Family(
    name="Dirichlet",
    arguments=(_a,),
    variable=_x,
    support="simplex",
    log_density=sum_over((entry(_a, COMPONENT) - 1) * sp.log(entry(_x, COMPONENT)), _ALL)
    + sp.loggamma(sum_over(entry(_a, COMPONENT), _ALL))
    - sum_over(sp.loggamma(entry(_a, COMPONENT)), _ALL),
)

_natural, _point = array("natural"), array("variable")
_product = sum_over(entry(_natural, COMPONENT) * entry(_point, COMPONENT), _ALL)
_given = Vector(entry(_natural, COMPONENT), COMPONENT, DIM)

#: $e^{\eta\cdot x-A(\eta)}$ on the sphere, in its natural parameter $\eta=\kappa\mu$ (von Mises and Fisher); A is the logarithm of the integral of $e^{\eta\cdot x}$ over the sphere.
VON_MISES_FISHER = Family(
    name="VonMisesFisher",
    arguments=(_natural,),
    variable=_point,
    support="sphere",
    log_density=_product - abstract("log_sphere")(_given),
)


def exponential_family(
    name: str = "ExponentialFamily",
    support: str = "real",
    functions: tuple[str, str, str] = ("A", "T", "log_h"),
) -> Family:
    r"""Any exponential family in its natural parameters, $h(x)\,e^{\Psi\cdot T(x)-A(\Psi)}$: log-partition A, statistics T and base measure h are functions that nobody wrote down.

    The variable is a vector, with as many statistics as entries. Tempering is $v=\Psi$, and the pseudo entropy is $A(\Psi)-\Psi\cdot\nabla A(\Psi)$: one theorem for all. `functions` names A, T
    and $\log h$; a model with two such families names them apart. Raises `InputError` for what is no name or no support.
    """
    partition, statistics, log_h = map(abstract, functions)
    whole = Vector(entry(_point, COMPONENT), COMPONENT, DIM)
    statistic, base = statistics.entry(COMPONENT, whole), log_h(whole)
    return Family(
        name=name,
        arguments=(_natural,),
        variable=_point,
        support=support,
        log_density=base
        + sum_over(entry(_natural, COMPONENT) * statistic, _ALL)
        - partition(_given),
        log_base_measure=base,
    )
