r"""The categorical distribution of a one-hot vector, in its probabilities $\pi$ on the simplex and in its logits $\eta$, $\pi_k=e^{\eta_k}/\sum_le^{\eta_l}$."""

import sympy as sp

from entropysym.language.formula import entry, sum_over
from entropysym.language.records import COMPONENT, DIM, Family
from entropysym.language.symbols import array

_x = array("variable")
_p = array("probability", "positive")
_eta = array("logit")
_ALL = (COMPONENT, 1, DIM)

CATEGORICAL = Family(
    name="Categorical",
    arguments=(_p,),
    variable=_x,
    support="onehot",
    log_density=sum_over(entry(_x, COMPONENT) * sp.log(entry(_p, COMPONENT)), _ALL),
    simplex=(_p,),
)

CATEGORICAL_LOGITS = Family(
    name="CategoricalLogits",
    arguments=(_eta,),
    variable=_x,
    support="onehot",
    log_density=sum_over(entry(_x, COMPONENT) * entry(_eta, COMPONENT), _ALL)
    - sp.log(sum_over(sp.exp(entry(_eta, COMPONENT)), _ALL)),
)
