r"""Functions of the language that SymPy lacks: softplus and its derivative, kept whole so that they cancel.

Written with exponentials, $e^s/(1+e^s)$ and $1/(1+e^{-s})$ would be two things.
"""

from __future__ import annotations

from typing import Any

import sympy as sp


class Softplus(sp.Function):
    r"""$\mathrm{softplus}(s)=\log(1+e^s)$, positive for every real s."""

    nargs = 1
    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return Sigmoid(self.args[0])

    def _latex(self, printer: Any) -> str:
        return rf"\mathrm{{softplus}}\left({printer._print(self.args[0])}\right)"

    def _eval_evalf(self, prec: int) -> Any:
        return sp.log(1 + sp.exp(self.args[0]))._eval_evalf(prec)


class Sigmoid(sp.Function):
    r"""$\mathrm{sigmoid}(s)=1/(1+e^{-s})$, the derivative of softplus, in (0, 1)."""

    nargs = 1
    is_real = True
    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return self * (1 - self)

    def _latex(self, printer: Any) -> str:
        return rf"\mathrm{{sigmoid}}\left({printer._print(self.args[0])}\right)"

    def _eval_evalf(self, prec: int) -> Any:
        return (1 / (1 + sp.exp(-self.args[0])))._eval_evalf(prec)
