r"""Distributions of whole matrices: the Wishart law of a positive definite one, and the matrix normal law of a rectangular one."""

import sympy as sp

from entropysym.language.formula import entry, sum_over
from entropysym.language.heads import Vector
from entropysym.language.matrices import (
    Entry,
    Inverse,
    LogDet,
    MatrixLetter,
    MatrixProduct,
    Quadratic,
    Trace,
)
from entropysym.language.records import COMPONENT, DIM, OTHER_COMPONENT, ROW, ROW_DIM, Family
from entropysym.language.symbols import matrix_array, scalar

_X = MatrixLetter("variable", DIM, "posdef")
_scale = MatrixLetter("scale", DIM, "posdef")
_shape = scalar("shape", "positive")
_freedom = _shape + DIM - 1

#: $W_D(X;V,\nu)$ with $\nu=\text{shape}+D-1$ degrees of freedom and mean $\nu V$: $\frac{|X|^{(\nu-D-1)/2}e^{-\operatorname{tr}V^{-1}X/2}}{2^{\nu D/2}|V|^{\nu/2}\Gamma_D(\nu/2)}$,
#: where $\Gamma_D(\nu/2)=\pi^{D(D-1)/4}\prod_i\Gamma(\frac{\text{shape}+i-1}2)$. The shape is positive where $\nu>D-1$.
WISHART = Family(
    name="Wishart",
    arguments=(_scale, _shape),
    variable=_X,
    support="posdef",
    log_density=(
        (_shape - 2) * LogDet(_X) / 2
        - Trace(MatrixProduct(Inverse(_scale), _X)) / 2
        - _freedom * DIM * sp.log(2) / 2
        - _freedom * LogDet(_scale) / 2
        - DIM * (DIM - 1) * sp.log(sp.pi) / 4
        - sum_over(sp.loggamma((_shape + COMPONENT - 1) / 2), (COMPONENT, 1, DIM))
    ),
)

_x, _mean = matrix_array("variable"), matrix_array("mean")
_row_covariance = MatrixLetter("row_covariance", ROW_DIM, "posdef")
_column_covariance = MatrixLetter("column_covariance", DIM, "posdef")


def _column(c: sp.Symbol) -> Vector:
    return Vector(entry(_x, ROW, c) - entry(_mean, ROW, c), ROW, ROW_DIM)


_away, _away_too = _column(COMPONENT), _column(OTHER_COMPONENT)

#: $N(\operatorname{vec}X;\operatorname{vec}M,V\otimes U)$ of a matrix X with the covariance U of rows and V of columns; $\operatorname{tr}V^{-1}(X-M)^\top U^{-1}(X-M)$ is written as a sum over pairs of columns.
#: Only the product $V\otimes U$ is determined: $(sU,V/s)$ is the same law.
MATRIX_NORMAL = Family(
    name="MatrixNormal",
    arguments=(_mean, _row_covariance, _column_covariance),
    variable=_x,
    log_density=(
        -ROW_DIM * DIM * sp.log(2 * sp.pi) / 2
        - DIM * LogDet(_row_covariance) / 2
        - ROW_DIM * LogDet(_column_covariance) / 2
        - sum_over(
            Entry(Inverse(_column_covariance), COMPONENT, OTHER_COMPONENT)
            * Quadratic(_away, Inverse(_row_covariance), _away_too),
            (OTHER_COMPONENT, 1, DIM),
            (COMPONENT, 1, DIM),
        )
        / 2
    ),
)
