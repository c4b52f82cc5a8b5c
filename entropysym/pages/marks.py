r"""Signs that a page needs and the language has not: $\mathcal E$, $\Delta$, $\partial\mathcal F/\partial\theta$, $v_\theta$.

They are SymPy expressions, so formulas on a page are built from objects and printed, never pasted together as text.
"""

from __future__ import annotations

from typing import Literal

import sympy as sp
from sympy.core.symbol import Str

from entropysym.language.formula import arg_of
from entropysym.language.heads import LogDensity
from entropysym.language.matrices import Matrix

#: The entropy sum $\mathcal E$ and the gap $\Delta=\mathcal F-\mathcal E$; printers know these objects.
ENTROPY_SUM = sp.Symbol("entropy_sum", real=True)
GAP = sp.Symbol("gap", real=True)
#: What stands beside the entropy sum at stationary points of a partial result, $\Delta_\ast$.
EXCESS = sp.Symbol("excess", real=True)


#: The log-density of a factor at one entry, $\ell$, its base measure there, $\log h$, and the time along the curve of the direction.
ELL = sp.Dummy("ell", real=True)
BASE = sp.Dummy("log_h", real=True)
TIME = sp.Dummy("t", real=True)


#: The direction as a letter.
DIRECTION = sp.Symbol("v", real=True)


#: How many data points a page speaks of.
Amount = Literal["finite", "infinite"]

#: What stands in place of a density where an encoder may have any law.
ANY_LAW = sp.Symbol("any_law")


class Slope(sp.Expr):
    r"""$\partial f/\partial\theta$ as written on a page: ``Slope(f, entry)``. It is never evaluated."""

    is_commutative = True


class Velocity(sp.Expr):
    r"""$v_\theta$, the component of the direction at one entry of a parameter: ``Velocity(entry)``."""

    is_commutative = True


class DensityName(sp.Expr):
    r"""A factor's density as a name: $p_\Theta(z)$, $p_\Theta(x_n\mid z)$, $q_\Phi(z\mid x_n)$: ``DensityName(head of the factor)``."""

    is_commutative = True

    @property
    def head(self) -> LogDensity:
        return arg_of(self, 0, LogDensity)


class FactorName(sp.Expr):
    r"""A factor by the variables that it is of, $p(c_0)$: ``FactorName(Str("c0"), …)``."""

    is_commutative = True

    def __new__(cls, *of: str | Str) -> FactorName:
        return sp.Expr.__new__(cls, *(Str(str(name)) for name in of))


class Distributed(sp.Expr):
    r"""A distribution at a value, $\mathcal N(z_h;0,\alpha_h^2)$: ``Distributed(family name, value, argument, …)``."""

    is_commutative = True

    def __new__(cls, family: str | Str, *args: sp.Expr | Matrix) -> Distributed:
        return sp.Expr.__new__(cls, Str(str(family)), *args)


class ScaleSlope(sp.Expr):
    r"""The derivative along multiples of a matrix, $\mathrm{tr}(A^\top\partial_Af)$: ``ScaleSlope(f, letter)``."""

    is_commutative = True


class Slice(sp.Expr):
    r"""An array without one of its indices: ``Slice(x, n)`` is the vector $x_n$, ``Slice(W)`` the matrix W."""

    is_commutative = True


class Times(sp.Expr):
    r"""A matrix times a vector, $Wz$: ``Times(Slice(W), Slice(z))``; a third argument means the transpose, $W^\top z$."""

    is_commutative = True

    @property
    def matrix(self) -> Slice:
        return arg_of(self, 0, Slice)

    @property
    def vector(self) -> sp.Expr:
        return arg_of(self, 1, sp.Expr)

    @property
    def turned(self) -> bool:
        return len(self.args) == 3


class UnderModel(sp.Expr):
    r"""$\mathbb E_p[\,\cdot\,]$, the mean under a factor of p itself: ``UnderModel(body)``."""

    is_commutative = True


class OnCurve(sp.Expr):
    r"""$\theta(t)$, a parameter on the curve along the direction: ``OnCurve(entry)``."""

    is_commutative = True
