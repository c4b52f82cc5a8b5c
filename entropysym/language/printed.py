"""How the language's heads reach SymPy's own printers: `str(e)`, `sympy.latex(e)` and a notebook show them as a page does."""

from __future__ import annotations

import sympy as sp
from sympy.printing.printer import Printer

#: Between product and power: what is written with an open end stands in brackets under an exponent.
OPEN = 55


class Printed(sp.Basic):
    """A mixin for heads; what they look like is said once, in `notation`."""

    __slots__ = ()

    def _latex(self, printer: Printer, exp: str | None = None) -> str:
        from entropysym.language.notation import LatexWithin  # it knows the heads

        text = LatexWithin(printer).of(self)
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _sympystr(self, printer: Printer) -> str:
        from entropysym.language.notation import PlainWithin

        return PlainWithin(printer).of(self)
