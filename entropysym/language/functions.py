r"""Functions of the language that SymPy lacks: softplus and its derivative, kept whole so that they cancel.

Written with exponentials, $e^s/(1+e^s)$ and $1/(1+e^{-s})$ would be two things.
"""

from __future__ import annotations

import sympy as sp

from entropysym.language.formula import inside, of_type
from entropysym.language.printed import Printed


class _OneArgument(Printed, sp.Function):
    nargs = 1
    is_real = True
    is_positive = True

    # A number where the argument is one.
    def __new__(cls, argument: sp.Expr, **options: bool) -> sp.Expr:
        return of_type(super().__new__(cls, argument, **options), sp.Expr)


class Softplus(_OneArgument):
    r"""$\mathrm{softplus}(s)=\log(1+e^s)$, positive for every real s."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return Sigmoid(inside(self))

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        return sp.log(1 + sp.exp(inside(self)))._eval_evalf(prec)


class Sigmoid(_OneArgument):
    r"""$\mathrm{sigmoid}(s)=1/(1+e^{-s})$, the derivative of softplus, in (0, 1)."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return self * (1 - self)

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        return (1 / (1 + sp.exp(-inside(self))))._eval_evalf(prec)
