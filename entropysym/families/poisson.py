r"""The Poisson distribution, in its log-rate $\eta=\log\lambda$; the base measure $h(x)=1/x!$ is the convention for counts."""

import sympy as sp

from entropysym.language.records import Family

_log_rate = sp.Symbol("log_rate", real=True)
_x = sp.Symbol("x", real=True)

POISSON = Family(
    name="Poisson",
    arguments=(_log_rate,),
    variable=_x,
    support="count",
    log_density=_x * _log_rate - sp.exp(_log_rate) - sp.loggamma(_x + 1),
    log_base_measure=-sp.loggamma(_x + 1),
)
