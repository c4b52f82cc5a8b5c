r"""The Normal distribution $N(x;\mu,\sigma^2)$, in its mean and variance."""

import sympy as sp

from entropysym.language.records import Family

_mean = sp.Symbol("mean", real=True)
_variance = sp.Symbol("variance", positive=True)
_x = sp.Symbol("x", real=True)

NORMAL = Family(
    name="Normal",
    arguments=(_mean, _variance),
    variable=_x,
    log_density=-sp.log(2 * sp.pi * _variance) / 2 - (_x - _mean) ** 2 / (2 * _variance),
    location=_mean,
    scale=sp.sqrt(_variance),
)
