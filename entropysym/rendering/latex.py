r"""LaTeX of an expression as a paper writes it: a `LatexPrinter` subclass; nothing is patched after printing.

$-\frac D2\log(2\pi e\sigma^2)$, $\frac1{ND}\sum_{n=1}^N\mathbb E_{q_\Phi(z\mid x_n)}[\dots]$, $(x_{nd}-\mu_d(z))^2$. Everything printed is
understood by amsmath, KaTeX and MathJax.
"""

from __future__ import annotations

import sympy as sp
from sympy.printing.latex import LatexPrinter

from entropysym.errors import one_of
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import DataMean, latex_name
from entropysym.language.records import Model
from entropysym.language.symbols import DATUM
from entropysym.rendering.heads_latex import HeadsLatex
from entropysym.rendering.marks import ENTROPY_SUM, EXCESS, GAP, Whole
from entropysym.rendering.notation import COUNT, DATA, Data, primed
from entropysym.rendering.order import Product, Roles, addends, product, roles

#: Functions that need no brackets under an exponent.
CLOSED = (Softplus, Sigmoid, sp.Abs)
_TALL = ("\\frac", "\\sum", "\\prod")


def latex(expression: sp.Basic, model: Model | None = None, *, data: Data = "finite") -> str:
    """LaTeX of one expression. With its model, spelled-out terms are ordered encoder, prior, decoder.

    `data="infinite"` writes the data mean as an expectation over p(x) and drops the index of the datum.
    """
    return PaperPrinter(roles(model) if model else Roles(), data).doprint(expression)


class PaperPrinter(HeadsLatex, LatexPrinter):
    """Prints the arithmetic between the language's heads; the heads themselves are inherited."""

    printmethod = "_paper_latex"  # the heads' own `_latex` is for notebooks; here every head has a method below

    def __init__(self, places: Roles, data: Data = "finite") -> None:
        if data not in DATA:
            raise one_of(data, DATA, "kind of data")
        super().__init__()
        self.places, self.infinite = places, data == "infinite"

    # -- sums and products ------------------------------------------------------------------------------------------

    def signed(self, e: sp.Expr) -> tuple[str, str]:
        """The sign of an addend and the LaTeX of what follows it."""
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
        heavy = list(p.heavy)
        below = p.denominator
        first = heavy[0] if len(heavy) == 1 else None
        shared = isinstance(first, DataMean) and not self.infinite and (below or p.numerator)
        if shared:  # one fraction for the factor and for the 1/N of the mean
            number = [f for f in below if f.is_Number]
            below = (*number, COUNT, *(f for f in below if not f.is_Number))
        parts = []
        if below:
            parts.append(
                rf"\frac{{{self._light(p.numerator) or '1'}}}{{{self._light(below, lone=True)}}}"
            )
        elif p.numerator or not heavy:
            parts.append(self._light(p.numerator) or "1")
        for position, f in enumerate(heavy):
            last = position == len(heavy) - 1
            if shared:
                parts.append(self._mean(f, with_fraction=False))
            elif last and not isinstance(f, sp.Add):
                parts.append(self._print(f))
            else:
                parts.append(self._as_factor(f))
        return " ".join(parts)

    def _light(self, factors: tuple[sp.Expr, ...], *, lone: bool = False) -> str:
        if lone and len(factors) == 1:
            return self._print(factors[0])
        return " ".join(self._as_factor(f) for f in factors)

    def _as_factor(self, f: sp.Expr) -> str:
        if isinstance(f, sp.log):
            return self._log(f, lone=False)
        text = self._print(f)
        return self.enclosed(text) if isinstance(f, (sp.Add, sp.Sum, DataMean)) else text

    def _print_Pow(self, e: sp.Pow) -> str:
        base, exponent = e.base, e.exp
        if exponent.is_Rational and exponent.is_negative:
            return self._print_Mul(e)
        if base == sp.E:
            return self._exponential(exponent)
        own = self._base_and_power(base)
        if own is not None:
            stem, power, after = own
            total = exponent * power
            if total.is_Integer:
                raised = "" if total == 1 else f"^{{{self._print(total)}}}"
                return f"{stem}{raised}{after}"
        if exponent == sp.S.Half:
            return rf"\sqrt{{{self._print(base)}}}"
        text = self._print(base)
        if not base.is_Number or base.is_negative or not base.is_Integer:
            simple = isinstance(base, (sp.Symbol, sp.Indexed)) and own is not None and own[1] == 1
            text = text if simple or isinstance(base, CLOSED) else self.enclosed(text)
        return f"{text}^{{{self._print(exponent)}}}"

    def _print_ExpBase(self, e: sp.Expr, exp: object = None) -> str:
        return self._exponential(e.args[0])

    def _exponential(self, exponent: sp.Expr) -> str:
        factor, rest = exponent.primitive()
        if isinstance(rest, sp.Add) and factor.q != 1 and abs(factor.p) == 1:
            sign = "-" if factor.p < 0 else ""
            return f"e^{{{sign}{self.enclosed(self._print(rest))}/{factor.q}}}"
        return f"e^{{{self._print(exponent)}}}"

    def _base_and_power(self, e: sp.Basic) -> tuple[str, int, str] | None:
        """Letter with its indices, the power that its name carries, and its arguments: `alpha2[h]` is (\\alpha_{h}, 2, "")."""
        if isinstance(e, sp.Symbol):
            name, power = self._name(e)
            return name, 2 if power else 1, ""
        if isinstance(e, sp.Indexed):
            name, power = latex_name(e.base.label.name)
            indices = e.indices[1:] if self.infinite and e.base == DATUM else e.indices
            return self._joined(name, tuple(indices)), 2 if power else 1, ""
        if e.func.__name__ == "NetworkValue":
            name, power = latex_name(e.name)
            inputs = ", ".join(self._print(v) for v in e.inputs)
            return self._joined(name, e.indices), 2 if power else 1, f"({inputs})"
        if isinstance(e, Whole):
            kept = e.args[2:] if self.infinite and e.args[0] == DATUM else e.args[1:]
            name, power = latex_name(e.args[0].label.name)  # type: ignore[attr-defined]
            return self._joined(name, kept), 2 if power else 1, ""
        return None

    def _raised(self, e: sp.Basic) -> str:
        stem, power, after = self._base_and_power(e)  # type: ignore[misc]
        return f"{stem}{'^{2}' if power == 2 else ''}{after}"

    def _name(self, s: sp.Symbol) -> tuple[str, str]:
        index = primed(s)
        return (index, "") if index else latex_name(s.name)

    def _joined(self, name: str, indices: tuple[sp.Basic, ...]) -> str:
        """A name with its indices; a subscript that the name has itself comes first: $\\mu_{0,h}$."""
        below = self._below(indices)
        if not below or not name.endswith("}") or "_{" not in name:
            return name + below
        return f"{name[:-1]},{below[2:]}"

    def _below(self, indices: tuple[sp.Basic, ...]) -> str:
        if not indices:
            return ""
        texts = [self._print(i) for i in indices]
        joint = "" if all(len(t.rstrip("'")) == 1 for t in texts) else ","
        return f"_{{{joint.join(texts)}}}"

    def _print_Symbol(self, e: sp.Symbol, style: str = "plain") -> str:
        marks = {ENTROPY_SUM: r"\mathcal{E}", GAP: r"\Delta", EXCESS: r"\Delta_{\ast}"}
        return marks[e] if e in marks else "".join(self._name(e))

    _print_Dummy = _print_Symbol

    def _print_Pi(self, e: sp.Expr) -> str:
        return r"\pi"

    def _print_Exp1(self, e: sp.Expr) -> str:
        return "e"

    def _print_Indexed(self, e: sp.Indexed) -> str:
        return self._raised(e)

    def _print_IndexedBase(self, e: sp.IndexedBase) -> str:
        return "".join(latex_name(e.label.name))

    def _print_log(self, e: sp.Expr, exp: object = None) -> str:
        return self._log(e)

    def _log(self, e: sp.Expr, *, lone: bool = True) -> str:
        (inside,) = e.args
        base = inside.base if isinstance(inside, sp.Pow) else inside
        text = self._print(inside)
        bare = (
            lone
            and (isinstance(base, CLOSED) or self._base_and_power(base) is not None)
            and "\\frac" not in text
            and "\\sqrt" not in text
        )
        return rf"\log {text}" if bare else rf"\log{self.enclosed(text)}"

    def _print_Sum(self, e: sp.Sum) -> str:
        signs = "".join(
            rf"\sum_{{{self._print(i)}={self._print(lower)}}}^{{{self._print(upper)}}} "
            for i, lower, upper in reversed(e.limits)
        )
        body = self._print(e.function)
        return signs + (self.enclosed(body) if self._opens_with_sign(e.function, body) else body)

    @staticmethod
    def _opens_with_sign(e: sp.Basic, text: str) -> bool:
        return isinstance(e, sp.Add) or text.startswith("-")

    def enclosed(self, body: str, left: str = "(", right: str = ")") -> str:
        """Brackets that fit what stands inside them. Unlike \\left and \\right they may be parted by a line break."""
        nested = "big" if left == "[" and "[" in body else ""
        size = "bigg" if "\\Big" in body else "Big" if any(t in body for t in _TALL) else nested
        return f"\\{size}l{left} {body} \\{size}r{right}" if size else f"{left}{body}{right}"

    def _print_Basic(self, e: sp.Basic) -> str:
        own = getattr(
            e, "_latex", None
        )  # a head without a method here prints as it does in notebooks
        return own(self) if own is not None else super()._print_Basic(e)
