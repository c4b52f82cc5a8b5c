r"""The Normal distribution of a whole vector, $N(x;\mu,\Sigma)$, in its mean and its full covariance."""

import sympy as sp

from entropysym.language.heads import Vector
from entropysym.language.matrices import Inverse, LogDet, MatrixLetter, Quadratic
from entropysym.language.records import COMPONENT, DIM, Family

_mean = sp.IndexedBase("mean", real=True)
_covariance = MatrixLetter("covariance", DIM, "posdef")
_x = sp.IndexedBase("variable", real=True)
_residual = Vector(_x[COMPONENT] - _mean[COMPONENT], COMPONENT, DIM)

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
