"""Expressions for a terminal: one line of Unicode, `-D/2 log(2πeσ²)`, `1/(ND) Σ_n E_q(z|x_n)[Σ_d (x_nd - μ_d(z))²]`."""

from __future__ import annotations

import sympy as sp
from sympy.printing.str import StrPrinter

from entropysym.errors import one_of
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import DataMean
from entropysym.language.records import Model
from entropysym.language.symbols import DATUM
from entropysym.rendering.heads_plain import HeadsPlain, plain_name
from entropysym.rendering.marks import ENTROPY_SUM, EXCESS, GAP, Whole
from entropysym.rendering.notation import COUNT, DATA, Data, primed
from entropysym.rendering.order import Product, Roles, addends, product, roles

#: Functions that need no brackets under an exponent.
_CLOSED = (Softplus, Sigmoid, sp.Abs)
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def plain(expression: sp.Basic, model: Model | None = None, *, data: Data = "finite") -> str:
    """One expression in one line of Unicode text. Arguments as for `entropysym.rendering.latex.latex`."""
    return PlainPrinter(roles(model) if model else Roles(), data).doprint(expression)


class PlainPrinter(HeadsPlain, StrPrinter):
    """Prints the arithmetic between the language's heads, which are inherited; the order is that of the LaTeX printer."""

    printmethod = "_paper_plain"

    def __init__(self, places: Roles, data: Data = "finite") -> None:
        if data not in DATA:
            raise one_of(data, DATA, "kind of data")
        super().__init__()
        self.places, self.infinite = places, data == "infinite"

    def signed(self, e: sp.Expr) -> tuple[str, str]:
        """The sign of an addend and the text of what follows it."""
        taken = product(e, self.places)
        return "-" if taken.negative else "+", self._product(taken)

    def _print_Add(self, e: sp.Expr, order: object = None) -> str:
        out = ""
        for a in addends(e, self.places):
            sign, body = self.signed(a)
            out += f" {sign} {body}" if out else (f"-{body}" if sign == "-" else body)
        return out

    def _print_Mul(self, e: sp.Expr) -> str:
        sign, body = self.signed(e)
        return f"-{body}" if sign == "-" else body

    def _product(self, p: Product) -> str:
        below, heavy = p.denominator, list(p.heavy)
        shared = len(heavy) == 1 and isinstance(heavy[0], DataMean) and not self.infinite
        if shared:
            number = [f for f in below if f.is_Number]
            below = (*number, COUNT, *(f for f in below if not f.is_Number))
        parts = []
        if below or p.numerator or not heavy:
            above = self._light(p.numerator) or "1"
            under = self._light(below)
            several = len(below) > 1 or (
                below
                and not isinstance(below[0], (sp.Symbol, sp.Indexed, sp.Integer, sp.Pow, *_CLOSED))
            )
            grouped = f"({above})" if below and " " in above else above
            parts.append(
                f"{grouped}/({under})" if several else f"{grouped}/{under}" if below else above
            )
        for position, f in enumerate(heavy):
            last = position == len(heavy) - 1
            if shared:
                parts.append(self._mean(f, with_fraction=False))
            elif last and not isinstance(f, sp.Add):
                parts.append(self._print(f))
            else:
                parts.append(self._as_factor(f))
        return " ".join(parts)

    def _light(self, factors: tuple[sp.Expr, ...]) -> str:
        if len(factors) == 1:
            return self._print(factors[0])
        out, close = "", True
        for text in (self._as_factor(f) for f in factors):
            bare = text.rstrip("⁰¹²³⁴⁵⁶⁷⁸⁹")
            short = bare.isdigit() or len(bare) <= 1  # 2πe is one word, τ_h z_h are two
            out += text if not out or (close and short) else f" {text}"
            close = short
        return out

    def _as_factor(self, f: sp.Expr) -> str:
        if isinstance(f, sp.log):
            return f"log({self._print(f.args[0])})"
        text = self._print(f)
        return f"({text})" if isinstance(f, (sp.Add, sp.Sum, DataMean)) else text

    def _print_Pow(self, e: sp.Pow, rational: bool = False) -> str:
        base, exponent = e.base, e.exp
        if exponent.is_Rational and exponent.is_negative:
            return self._print_Mul(e)
        own = self._base_and_power(base)
        total = exponent * (own[1] if own else 1)
        if total.is_Integer:
            raised = "" if total == 1 else str(total).translate(_RAISED)
            if own:
                return f"{own[0]}{raised}{own[2]}"
            text = self._print(base)
            bare = base.is_Integer or base == sp.E or isinstance(base, _CLOSED)
            return f"{text if bare else f'({text})'}{raised}"
        if exponent == sp.S.Half:
            return f"√({self._print(base)})"
        return f"{self._print(base) if base == sp.E else f'({self._print(base)})'}^({self._print(exponent)})"

    def _print_exp(self, e: sp.Expr) -> str:
        factor, rest = e.args[0].primitive()
        if isinstance(rest, sp.Add) and factor.q != 1 and abs(factor.p) == 1:
            return f"exp({'-' if factor.p < 0 else ''}({self._print(rest)})/{factor.q})"
        return f"exp({self._print(e.args[0])})"

    def _base_and_power(self, e: sp.Basic) -> tuple[str, int, str] | None:
        if isinstance(e, sp.Symbol):
            index = primed(e)
            return (index, 1, "") if index else (*plain_name(e.name), "")
        if isinstance(e, sp.Indexed):
            indices = e.indices[1:] if self.infinite and e.base == DATUM else e.indices
            name, power = plain_name(e.base.label.name)
            return self._joined(name, tuple(indices)), power, ""
        if e.func.__name__ == "NetworkValue":
            name, power = plain_name(e.name)
            inputs = ", ".join(self._print(v) for v in e.inputs)
            return self._joined(name, e.indices), power, f"({inputs})"
        if isinstance(e, Whole):
            kept = e.args[2:] if self.infinite and e.args[0] == DATUM else e.args[1:]
            name, power = plain_name(e.args[0].label.name)  # type: ignore[attr-defined]
            return self._joined(name, kept), power, ""
        return None

    def _raised(self, e: sp.Basic) -> str:
        stem, power, after = self._base_and_power(e)  # type: ignore[misc]
        return f"{stem}{'²' if power == 2 else ''}{after}"

    def _joined(self, name: str, indices: tuple[sp.Basic, ...]) -> str:
        below = self._below(indices)
        return f"{name},{below[1:]}" if below and "_" in name else name + below

    def _below(self, indices: tuple[sp.Basic, ...]) -> str:
        texts = [self._print(i) for i in indices]
        joint = "" if all(len(t.rstrip("'")) == 1 for t in texts) else ","
        return f"_{joint.join(texts)}" if texts else ""

    def _print_Symbol(self, e: sp.Symbol) -> str:
        marks = {ENTROPY_SUM: "ℰ", GAP: "Δ", EXCESS: "Δ*"}
        return marks[e] if e in marks else self._raised(e)

    _print_Dummy = _print_Symbol

    def _print_Indexed(self, e: sp.Indexed) -> str:
        return self._raised(e)

    def _print_Pi(self, e: sp.Expr) -> str:
        return "π"

    def _print_Exp1(self, e: sp.Expr) -> str:
        return "e"

    def _print_Relational(self, e: sp.Basic) -> str:
        sign = {"==": "=", ">=": "≥", "<=": "≤"}.get(e.rel_op, e.rel_op)  # type: ignore[attr-defined]
        return f"{self._print(e.args[0])} {sign} {self._print(e.args[1])}"

    def _print_log(self, e: sp.Expr) -> str:
        (inside,) = e.args
        base = inside.base if isinstance(inside, sp.Pow) else inside
        text = self._print(inside)
        closed = isinstance(base, _CLOSED) or self._base_and_power(base) is not None
        bare = closed and "/" not in text and "√" not in text
        return f"log {text}" if bare else f"log({text})"

    def _print_Sum(self, e: sp.Sum) -> str:
        body = self._print(e.function)
        signs = " ".join(f"Σ_{self._print(lim[0])}" for lim in reversed(e.limits))
        return f"{signs} {f'({body})' if isinstance(e.function, sp.Add) or body.startswith('-') else body}"

    def _print_Basic(self, e: sp.Basic) -> str:
        own = getattr(
            e, "_sympystr", None
        )  # a head without a method here prints as it does in notebooks
        return own(self) if own is not None else super()._print_Basic(e)
