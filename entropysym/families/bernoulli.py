r"""The Bernoulli distribution on {0, 1}, in its logit $\eta=\log\frac{\pi}{1-\pi}$, which is its natural parameter."""

import sympy as sp

from entropysym.language.functions import Softplus
from entropysym.language.records import Family

_logit = sp.Symbol("logit", real=True)
_x = sp.Symbol("x", real=True)

BERNOULLI = Family(
    name="Bernoulli",
    arguments=(_logit,),
    variable=_x,
    support="binary",
    log_density=_x * _logit - Softplus(_logit),
)
