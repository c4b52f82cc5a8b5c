r"""The Laplace distribution, in its location and scale."""

import sympy as sp

from entropysym.language.records import Family

_location = sp.Symbol("location", real=True)
_scale = sp.Symbol("scale", positive=True)
_x = sp.Symbol("x", real=True)

LAPLACE = Family(
    name="Laplace",
    arguments=(_location, _scale),
    variable=_x,
    log_density=-sp.Abs(_x - _location) / _scale - sp.log(2 * _scale),
)
