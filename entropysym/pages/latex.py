r"""LaTeX of an expression as a paper writes it: a `LatexPrinter` subclass; nothing is patched after printing.

$-\frac D2\log(2\pi e\sigma^2)$, $\frac1{ND}\sum_{n=1}^N\mathbb E_{q_\Phi(z\mid x_n)}[\dots]$, $(x_{nd}-\mu_d(z))^2$. Everything printed is
understood by amsmath, KaTeX and MathJax.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import sympy as sp
from sympy.printing.latex import LatexPrinter

from entropysym.language.heads import DataMean, _Expectation, latex_name
from entropysym.language.records import Model
from entropysym.pages.marks import ANY_LAW, ENTROPY_SUM, EXCESS, GAP
from entropysym.pages.notation import COUNT, Data
from entropysym.pages.order import Product, Roles, roles
from entropysym.pages.printer import CLOSED, NORMALS, HeadsPrinter

_TALL = ("\\frac", "\\sum", "\\prod")


def latex(expression: sp.Basic, model: Model | None = None, *, data: Data = "finite") -> str:
    """LaTeX of one expression. With its model, spelled-out terms are ordered encoder, prior, decoder.

    `data="infinite"` writes the data mean as an expectation over p(x) and drops the index of the datum.
    """
    return PaperPrinter(roles(model) if model else Roles(), data).doprint(expression)


class PaperPrinter(HeadsPrinter, LatexPrinter):
    """LaTeX of the language's heads and of the arithmetic between them."""

    printmethod = (
        "_paper_latex"  # the heads' own `_latex` is for notebooks; here every head has a method
    )
    own = "_latex"
    signs: ClassVar = {
        "log": r"\log",
        "entropy": r"\mathcal{H}",
        "pseudo": r"\tilde{\mathcal{H}}",
        "F": r"\mathcal{F}",
        "J": r"\mathcal{J}",
        "along v": r"v \cdot \nabla ",
        "loggamma": r"\log\Gamma",
        "softplus": r"\operatorname{softplus}",
        "sigmoid": r"\operatorname{sigmoid}",
        "trace": r"\mathrm{tr}",
        "logdet": r"\log\det",
        "transposed": r"^{\top}",
        "inverse": "^{-1}",
        "squared": "^{2}",
        "times": r" \, ",
        "apply": " ",
        "pi": r"\pi",
    }
    marks: ClassVar = {
        ENTROPY_SUM: r"\mathcal{E}",
        GAP: r"\Delta",
        EXCESS: r"\Delta_{\ast}",
        ANY_LAW: r"\text{any law}",
    }

    # -- sums and products ------------------------------------------------------------------------------------------

    def _product(self, p: Product) -> str:
        heavy, below = p.heavy, p.denominator
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
        return " ".join((*parts, *self._heavy(heavy, bool(shared))))

    def _light(self, factors: tuple[sp.Expr, ...], *, lone: bool = False) -> str:
        if lone and len(factors) == 1:
            return self._print(factors[0])
        return " ".join(self._as_factor(f) for f in factors)

    def _as_factor(self, f: sp.Expr) -> str:
        if isinstance(f, sp.log):
            return self._log(f, lone=False)
        return super()._as_factor(f)

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

    def letter(self, name: str) -> tuple[str, int]:
        stem, power = latex_name(name)
        return stem, 2 if power else 1

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

    # -- means, densities, directions -------------------------------------------------------------------------------

    def _datum(self, n: sp.Basic) -> str:
        return "x" if self.infinite else f"x_{{{self._print(n)}}}"

    def _mean(self, e: sp.Expr, *, with_fraction: bool = True) -> str:
        body = self._print(e.args[0])
        if self.infinite:
            own = isinstance(e.args[0], _Expectation)
            return (
                r"\mathbb{E}_{p(x)} " + body
                if own
                else rf"\mathbb{{E}}_{{p(x)}}{self.enclosed(body, '[', ']')}"
            )
        signs = rf"\sum_{{{self._print(e.args[1])}=1}}^{{N}} "
        if with_fraction:
            signs = rf"\frac{{1}}{{N}} {signs}"
        return signs + (
            rf"\Bigl\{{ {body} \Bigr\}}" if self._opens_with_sign(e.args[0], body) else body
        )

    def _print_EncoderExpectation(self, e: _Expectation) -> str:
        under = rf"q_\Phi(z \mid {self._datum(e.datum)})"
        return self._averaged(rf"\mathbb{{E}}_{{{under}}}", e)

    def _print_NoiseExpectation(self, e: _Expectation) -> str:
        return self._averaged(r"\mathbb{E}_{\varepsilon}", e)

    def _density(self, role: str, datum: sp.Basic | None) -> str:
        at = "x" if datum is None else self._datum(datum)
        return {
            "prior": r"p_\Theta(z)",
            "decoder": rf"p_\Theta({at} \mid z)",
            "encoder": rf"q_\Phi(z \mid {at})",
        }[role]

    def _print_Slope(self, e: sp.Expr) -> str:
        body, entry = (self._print(a) for a in e.args)
        return rf"\partial_{{{entry}}} {body}"

    def _print_ScaleSlope(self, e: sp.Expr) -> str:
        body, letter = (self._print(a) for a in e.args)
        return rf"\mathrm{{tr}}({letter}^{{\top}} \partial_{{{letter}}} {body})"

    def _print_Velocity(self, e: sp.Expr) -> str:
        return f"v_{{{self._print(e.args[0])}}}"

    def _print_Distributed(self, e: sp.Expr) -> str:
        # What TeX would take as a command is dropped from a family's name.
        name = re.sub(r"[^A-Za-z0-9]", "", str(e.args[0]))
        family = r"\mathcal{N}" if name in NORMALS else rf"\mathrm{{{name}}}"
        value, *arguments = (self._print(a) for a in e.args[1:])
        return family + self.enclosed(rf"{value};\, {', '.join(arguments)}" if arguments else value)

    def _print_Product(self, e: sp.Expr) -> str:
        i, lower, upper = (self._print(a) for a in e.args[1])
        return rf"\prod_{{{i}={lower}}}^{{{upper}}} {self._print(e.args[0])}"

    def _print_MatrixLetter(self, e: Any) -> str:
        stem, power = latex_name(e.name)
        return rf"\boldsymbol{{{stem}}}{power}"
