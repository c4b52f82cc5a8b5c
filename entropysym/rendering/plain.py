"""Expressions for a terminal: one line of Unicode, `-D/2 log(2πeσ²)`, `1/(ND) Σ_n E_q(z|x_n)[Σ_d (x_nd - μ_d(z))²]`."""

from __future__ import annotations

import sympy as sp
from sympy.printing.str import StrPrinter

from entropysym.errors import one_of
from entropysym.language.heads import GREEK, DataMean, Elbo, _Expectation, name_parts
from entropysym.language.records import Model
from entropysym.language.symbols import DATUM
from entropysym.rendering.marks import ENTROPY_SUM, GAP
from entropysym.rendering.notation import COUNT, DATA, Data, primed
from entropysym.rendering.order import Product, Roles, addends, product, roles

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def plain(expression: sp.Basic, model: Model | None = None, *, data: Data = "finite") -> str:
    """One expression in one line of Unicode text. Arguments as for `entropysym.rendering.latex.latex`."""
    return PlainPrinter(roles(model) if model else Roles(), data).doprint(expression)


def plain_name(name: str) -> tuple[str, int]:
    """A name in Unicode without its power, and the power that the name carries: `sigma2` is (σ, 2)."""
    stem, below, square = name_parts(name)
    return GREEK.get(stem, stem) + (f"_{below}" if below else ""), 2 if square else 1


class PlainPrinter(StrPrinter):
    """Prints the language's heads and the arithmetic between them; the order is that of the LaTeX printer."""

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
                below and not isinstance(below[0], (sp.Symbol, sp.Indexed, sp.Integer, sp.Pow))
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
            return f"{text if base.is_Integer or base == sp.E else f'({text})'}{raised}"
        if exponent == sp.S.Half:
            return f"√({self._print(base)})"
        return f"{self._print(base) if base == sp.E else f'({self._print(base)})'}^({self._print(exponent)})"

    def _base_and_power(self, e: sp.Basic) -> tuple[str, int, str] | None:
        if isinstance(e, sp.Symbol):
            index = primed(e)
            return (index, 1, "") if index else (*plain_name(e.name), "")
        if isinstance(e, sp.Indexed):
            indices = e.indices[1:] if self.infinite and e.base == DATUM else e.indices
            name, power = plain_name(e.base.label.name)
            return name + self._below(tuple(indices)), power, ""
        if e.func.__name__ == "NetworkValue":
            name, power = plain_name(e.name)
            inputs = ", ".join(self._print(v) for v in e.inputs)
            return name + self._below(e.indices), power, f"({inputs})"
        return None

    def _raised(self, e: sp.Basic) -> str:
        stem, power, after = self._base_and_power(e)  # type: ignore[misc]
        return f"{stem}{'²' if power == 2 else ''}{after}"

    def _below(self, indices: tuple[sp.Basic, ...]) -> str:
        texts = [self._print(i) for i in indices]
        joint = "" if all(len(t.rstrip("'")) == 1 for t in texts) else ","
        return f"_{joint.join(texts)}" if texts else ""

    def _print_Symbol(self, e: sp.Symbol) -> str:
        if e == ENTROPY_SUM:
            return "ℰ"
        return "Δ" if e == GAP else self._raised(e)

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
        bare = self._base_and_power(base) is not None and "/" not in text and "√" not in text
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

    def _datum(self, n: sp.Basic) -> str:
        return "x" if self.infinite else f"x_{self._print(n)}"

    def _mean(self, e: sp.Expr, *, with_fraction: bool = True) -> str:
        body = self._print(e.args[0])
        if self.infinite:
            return f"E_p(x) {body}" if isinstance(e.args[0], _Expectation) else f"E_p(x)[{body}]"
        inner = f"{{{body}}}" if isinstance(e.args[0], sp.Add) or body.startswith("-") else body
        return f"{'1/N ' if with_fraction else ''}Σ_{self._print(e.args[1])} {inner}"

    def _print_DataMean(self, e: sp.Expr) -> str:
        return self._mean(e)

    def _print_Vector(self, e: sp.Expr) -> str:
        body, i = e.args[0], e.args[1]
        if isinstance(body, sp.Indexed) and body.indices[-1] == i:
            if body.base == DATUM:
                return self._datum(body.indices[0])
            return plain_name(body.base.label.name)[0] + self._below(tuple(body.indices[:-1]))
        return f"({self._print(body)})_{self._print(i)}"

    def _print_EncoderExpectation(self, e: _Expectation) -> str:
        return f"E_q(z|{self._datum(e.datum)})[{self._print(e.body)}]"

    def _print_NoiseExpectation(self, e: _Expectation) -> str:
        return f"E_ε[{self._print(e.body)}]"

    def _print_NetworkValue(self, e: sp.Expr) -> str:
        return self._raised(e)

    def _density(self, role: str, datum: sp.Basic | None) -> str:
        at = "x" if datum is None else self._datum(datum)
        return {"prior": "p(z)", "decoder": f"p({at}|z)", "encoder": f"q(z|{at})"}[role]

    def _print_LogDensity(self, e: sp.Expr) -> str:
        return f"log {self._density(e.role, e.args[-1] if e.role == 'decoder' else None)}"  # type: ignore[attr-defined]

    def _print_Entropy(self, e: sp.Expr) -> str:
        return f"H[{self._density(e.role, e.args[-1] if e.role == 'encoder' else None)}]"  # type: ignore[attr-defined]

    def _print_LogBaseMeasure(self, e: sp.Expr) -> str:
        return f"log h({'z' if e.role == 'prior' else self._datum(e.args[-1])})"  # type: ignore[attr-defined]

    def _print_Elbo(self, e: sp.Expr) -> str:
        return "F"

    def _print_Directional(self, e: sp.Expr) -> str:
        body = self._print(e.args[0])
        return f"v·∇{body}" if isinstance(e.args[0], Elbo) else f"v·∇[{body}]"

    def _print_Slope(self, e: sp.Expr) -> str:
        return "∂{}/∂{}".format(*(self._print(a) for a in e.args))

    def _print_Velocity(self, e: sp.Expr) -> str:
        return f"v[{self._print(e.args[0])}]"

    def _print_Density(self, e: sp.Expr) -> str:
        return self._density(str(e.args[0]), e.args[1])

    def _print_Distributed(self, e: sp.Expr) -> str:
        family = "N" if str(e.args[0]) == "Normal" else str(e.args[0])
        value, *arguments = (self._print(a) for a in e.args[1:])
        return f"{family}({value}; {', '.join(arguments)})"

    def _print_Product(self, e: sp.Expr) -> str:
        return f"Π_{self._print(e.args[1][0])} {self._print(e.args[0])}"
