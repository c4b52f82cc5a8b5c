r"""The Normal distribution of a whole vector, $N(x;\mu,\Sigma)$, in its mean and its full covariance."""

import sympy as sp

from entropysym.language.formula import entry
from entropysym.language.heads import Vector
from entropysym.language.matrices import Inverse, LogDet, MatrixLetter, Quadratic
from entropysym.language.records import COMPONENT, DIM, Family
from entropysym.language.symbols import array

_mean = array("mean")
_covariance = MatrixLetter("covariance", DIM, "posdef")
_x = array("variable")
_residual = Vector(entry(_x, COMPONENT) - entry(_mean, COMPONENT), COMPONENT, DIM)

MULTIVARIATE_NORMAL = Family(
    name="MultivariateNormal",
    arguments=(_mean, _covariance),
    variable=_x,
    log_density=(
        -DIM * sp.log(2 * sp.pi) / 2
        - LogDet(_covariance) / 2
        - Quadratic(_residual, Inverse(_covariance), _residual) / 2
    ),
)
