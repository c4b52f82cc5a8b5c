r"""One expression in the convention of the pages: σ², not $\sigma_2$, for a parameter called sigma2.

SymPy prints its own symbols itself, and a plain `sympy.Symbol` cannot say how it looks: a subclass with a `_latex` would be unequal to the symbol of the same name. So an expression is shown
with `show`, or SymPy's printing in notebooks is given the pages' printer with the hook that SymPy has for it: ``sympy.init_printing(latex_printer=es.display.sympy_printer(model))``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import sympy as sp

from entropysym.display.forms import unicode_html
from entropysym.errors import InputError, one_of, shown
from entropysym.language.records import Model
from entropysym.pages import broken, latex, plain

#: Whether the data mean is one over N data or an expectation over p(x).
Amount = Literal["finite", "infinite"]


@dataclass(frozen=True, repr=False)
class Formula:
    """An expression that a notebook shows as a page does, and a terminal as one line of Unicode. Made by `show`."""

    expression: sp.Basic
    model: Model | None = None
    data: Amount = "finite"

    def __repr__(self) -> str:
        return plain(self.expression, self.model, data=self.data)

    def _repr_latex_(self) -> str:
        if isinstance(self.expression, sp.Expr):
            lines = broken(self.expression, self.model, data=self.data)
            if len(lines) > 1:
                body = " \\\\\n&\\quad ".join(lines)
                return f"$$\n\\begin{{aligned}}\n&{body}\n\\end{{aligned}}\n$$"
        return rf"$\displaystyle {latex(self.expression, self.model, data=self.data)}$"

    _repr_markdown_ = _repr_latex_

    def _repr_html_(self) -> str:
        return f"<span>{unicode_html(self.expression, self.model, self.data)}</span>"


def show(expression: sp.Basic, model: Model | None = None, *, data: Amount = "finite") -> Formula:
    r"""An expression or equation of the language, ready to be looked at: Unicode in a terminal, formulas in a notebook.

    With its `model`, names are read beside their siblings, and terms are ordered encoder, prior, decoder. `data="infinite"` writes the data mean as $\mathbb E_{p(x)}$.
    Raises `InputError` for what is no expression, and for another model or kind of data.

    >>> import entropysym as es
    >>> d = es.derive(es.models.vae2())
    >>> es.show(d.entropy_sum, d.model)
    1/(2N) Σ_n Σ_h log τ_h²(x_n) - 1/2 Σ_h log α_h² - D/2 log(2πeσ²)
    """
    if not isinstance(expression, sp.Basic):
        raise InputError(f"{shown(expression)} is no expression; pass one, such as d.entropy_sum")
    if model is not None and not isinstance(model, Model):
        raise InputError(f"model is {shown(model)}; pass a Model, such as d.model, or leave it out")
    if data not in get_args(Amount):
        raise one_of(data, get_args(Amount), "kind of data")
    return Formula(expression, model, data)


def sympy_printer(model: Model | None = None) -> Callable[..., str]:
    """What `sympy.init_printing(latex_printer=…)` takes, so that every expression of a notebook is shown as a page shows it.

    What a page has no way to print, such as a matrix of numbers, is printed by `sympy.latex`.
    """

    def printer(e: Any, mode: str = "plain", **settings: Any) -> str:
        if not isinstance(e, (sp.Expr, sp.core.relational.Relational)):
            return sp.latex(e, mode=mode, **settings)
        body = latex(e, model)
        if mode == "inline":
            return f"${body}$"
        return body if mode == "plain" else f"\\begin{{{mode}}}{body}\\end{{{mode}}}"

    return printer
