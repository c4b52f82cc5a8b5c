"""How the language's heads reach SymPy's own printers: `str(e)`, `sympy.latex(e)` and a notebook show them as a page does."""

from __future__ import annotations

import sympy as sp
from sympy.printing.precedence import PRECEDENCE, precedence
from sympy.printing.printer import Printer

#: Below a sum, for `str`, which asks no more where there is a minus: a mean opens with a fraction, 1/N Σ_n.
DIVIDED = 39
#: Between sum and product, for SymPy's printers: what is written with an open end, such as $\log p$, stands in brackets as a factor and under an exponent.
OPEN = 45
#: Between product and power: what would share an exponent with its last letter, $x^\top Mx$, or bear a second one, $\tau^2(x)$, stands in brackets under one.
RAISED = 55
#: What needs no brackets.
CLOSED = 1000


class Printed(sp.Basic):
    """A mixin for heads; what they look like is said once, in `notation`."""

    __slots__ = ()

    def _latex(self, printer: Printer, exp: str | None = None) -> str:
        from entropysym.language.notation import LatexWithin  # it knows the heads

        text = LatexWithin(printer).of(self)
        if exp is None:
            return text
        closed = precedence(self) > PRECEDENCE["Pow"]
        return rf"{text}^{{{exp}}}" if closed else rf"\left({text}\right)^{{{exp}}}"

    def _sympystr(self, printer: Printer) -> str:
        from entropysym.language.notation import PlainWithin

        return PlainWithin(printer).of(self)
