"""Expressions for a terminal: one line of Unicode, `-D/2 log(2πeσ²)`, `1/(ND) Σ_n E_q(z|x_n)[Σ_d (x_nd - μ_d(z))²]`."""

from __future__ import annotations

from typing import ClassVar

import sympy as sp
from sympy.core.relational import Relational
from sympy.printing.str import StrPrinter

from entropysym.language.formula import inside
from entropysym.language.heads import DataMean
from entropysym.language.matrices import Matrix
from entropysym.language.notation import PlainNotation
from entropysym.language.records import Model
from entropysym.pages.marks import ANY_LAW, BASE, ELL, ENTROPY_SUM, EXCESS, GAP, TIME, Amount
from entropysym.pages.order import Roles, TakenApart, roles
from entropysym.pages.printer import NORMALS, PagePrinter, divided_sum, is_closed

_RELATIONS = {sp.Eq: "=", sp.Ne: "≠", sp.Ge: "≥", sp.Le: "≤", sp.Gt: ">", sp.Lt: "<"}
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def plain(expression: sp.Basic, model: Model | None = None, *, data: Amount = "finite") -> str:
    """One expression in one line of Unicode text. Arguments as for `entropysym.pages.latex.latex`."""
    return PlainPrinter(roles(model) if model else Roles(), data).doprint(expression)


class PlainPrinter(PagePrinter, PlainNotation, StrPrinter):
    """Text of the language's heads and of the arithmetic between them, in the order of the LaTeX printer."""

    printmethod = "_on_a_page"  # a head's own `_sympystr` is for SymPy's printers
    marks: ClassVar = {
        ENTROPY_SUM: "ℰ",
        GAP: "Δ",
        EXCESS: "Δ*",
        ANY_LAW: "any law",
        ELL: "ℓ",
        BASE: "log h",
        TIME: "t",
    }

    def _product(self, p: TakenApart) -> str:
        heavy = p.heavy
        first = heavy[0] if len(heavy) == 1 else None
        shared = isinstance(first, DataMean) and first.index in self.counts and not self.infinite
        if shared and isinstance(first, DataMean):
            p = self._over_data(p, first)
        below = p.denominator
        parts = []
        if below or p.numerator or not heavy:
            above = self._light(p.numerator, ends=not heavy or bool(below)) or "1"
            under = self._light(below, ends=True)
            short = (sp.Symbol, sp.Indexed, sp.Integer, sp.Pow)
            several = len(below) > 1 or (
                below and not isinstance(below[0], short) and not is_closed(below[0])
            )
            whole = len(p.numerator) == 1 and (
                isinstance(p.numerator[0], sp.exp) or is_closed(p.numerator[0])
            )
            grouped = f"({above})" if below and " " in above and not whole else above
            parts.append(
                f"{grouped}/({under})" if several else f"{grouped}/{under}" if below else above
            )
        return " ".join((*parts, *self._heavy(heavy, shared)))

    def _light(self, factors: tuple[sp.Expr, ...], *, ends: bool) -> str:
        out, close = "", True
        for text in self._side_by_side(factors, ends=ends):
            bare = text.rstrip("⁰¹²³⁴⁵⁶⁷⁸⁹")
            short = bare.isdigit() or len(bare) <= 1  # 2πe is one word, τ_h z_h are two
            out += text if not out or (close and short) else f" {text}"
            close = short
        return out

    def _as_factor(self, f: sp.Expr | Matrix) -> str:
        return f"log({self._print(f.args[0])})" if isinstance(f, sp.log) else super()._as_factor(f)

    def _print_Pow(self, e: sp.Pow, rational: bool = False) -> str:
        base, exponent = e.base, e.exp
        if exponent.is_Rational and exponent.is_negative:
            return self._print_Mul(e)
        own = None if self.is_logarithm(base) else self.as_letter(base)
        total = exponent * (own[1] if own else 1)
        if total.is_Integer:
            raised = "" if total == 1 else str(total).translate(_RAISED)
            if own:
                return f"{own[0]}{raised}{own[2]}"
            text = self._print(base)
            bare = base.is_Integer or base == sp.E or is_closed(base)
            return f"{text if bare else f'({text})'}{raised}"
        if exponent == sp.S.Half:
            return f"√({self._print(base)})"
        return f"{self._print(base) if base == sp.E else f'({self._print(base)})'}^({self._print(exponent)})"

    def _print_exp(self, e: sp.Expr) -> str:
        halved = divided_sum(inside(e))
        if halved is None:
            return f"exp({self._print(e.args[0])})"
        sign, rest, below = halved
        return f"exp({sign}({self._print(rest)})/{below})"

    def _print_Relational(self, e: Relational) -> str:
        return f"{self._print(e.args[0])} {_RELATIONS[type(e)]} {self._print(e.args[1])}"

    def _print_log(self, e: sp.Expr) -> str:
        (of,) = e.args
        base = of.base if isinstance(of, sp.Pow) else of
        text = self._print(of)
        closed = is_closed(base) or self.as_letter(base) is not None
        bare = closed and "/" not in text and "√" not in text
        return f"log {text}" if bare else f"log({text})"

    def _print_Sum(self, e: sp.Sum) -> str:
        body = self._print(e.function)
        signs = " ".join(f"Σ_{self._print(lim[0])}" for lim in reversed(e.limits))
        return f"{signs} {f'({body})' if isinstance(e.function, sp.Add) or body.startswith('-') else body}"

    def _print_Slope(self, e: sp.Expr) -> str:
        return "∂{}/∂{}".format(*(self._print(a) for a in e.args))

    def _print_ScaleSlope(self, e: sp.Expr) -> str:
        body, letter = (self._print(a) for a in e.args)
        return f"tr({letter}ᵀ ∂{body}/∂{letter})"

    def _print_Velocity(self, e: sp.Expr) -> str:
        return f"v[{self._print(e.args[0])}]"

    def _print_UnderModel(self, e: sp.Expr) -> str:
        return f"E_p[{self._print(e.args[0])}]"

    def _print_OnCurve(self, e: sp.Expr) -> str:
        return f"{self._print(e.args[0])}(t)"

    def _print_Distributed(self, e: sp.Expr) -> str:
        family = "N" if str(e.args[0]) in NORMALS else str(e.args[0])
        value, *arguments = (self._print(a) for a in e.args[1:])
        return f"{family}({'; '.join((value, ', '.join(arguments))) if arguments else value})"

    def _print_Product(self, e: sp.Product) -> str:
        signs = "".join(f"Π_{self._print(i)} " for i, _, _ in reversed(e.limits))
        return signs + self._print(e.args[0])
