r"""LaTeX of an expression as a paper writes it: a `LatexPrinter` subclass; nothing is patched after printing.

$-\frac D2\log(2\pi e\sigma^2)$, $\frac1{ND}\sum_{n=1}^N\mathbb E_{q_\Phi(z\mid x_n)}[\dots]$, $(x_{nd}-\mu_d(z))^2$. Everything printed is
understood by amsmath, KaTeX and MathJax.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import sympy as sp
from sympy.printing.latex import LatexPrinter

from entropysym.errors import InputError
from entropysym.language.formula import arg_of, inside
from entropysym.language.heads import DataMean
from entropysym.language.matrices import Matrix
from entropysym.language.notation import LatexNotation
from entropysym.language.records import Model
from entropysym.pages.marks import ANY_LAW, BASE, ELL, ENTROPY_SUM, EXCESS, GAP, TIME, Amount
from entropysym.pages.order import Roles, TakenApart, is_light, roles
from entropysym.pages.own_notation import PAPERS, OwnNotation, own_notation
from entropysym.pages.printer import NORMALS, PagePrinter, divided_sum, is_closed


def latex(
    expression: sp.Basic,
    model: Model | None = None,
    *,
    data: Amount = "finite",
    notation: Mapping[str, str] | str | None = None,
) -> str:
    """LaTeX of one expression. With its model, spelled-out terms are ordered encoder, prior, decoder.

    `data="infinite"` writes the data mean as an expectation over p(x) and drops the index of the datum. `notation` is that of `own_notation`, which needs the model.
    Raises `InputError` for a notation without a model.
    """
    if notation is not None and model is None:
        raise InputError("pass the model with a notation: its names are looked up there")
    own = own_notation(notation, model) if model else PAPERS
    return PaperPrinter(roles(model) if model else Roles(), data, own).doprint(expression)


class PaperPrinter(PagePrinter, LatexNotation, LatexPrinter):
    """LaTeX of the language's heads and of the arithmetic between them."""

    printmethod = "_on_a_page"  # a head's own `_latex` is for SymPy's printers
    marks: ClassVar = {
        ENTROPY_SUM: r"\mathcal{E}",
        GAP: r"\Delta",
        EXCESS: r"\Delta_{\ast}",
        ANY_LAW: r"\text{any law}",
        ELL: r"\ell",
        BASE: r"\log h",
        TIME: "t",
    }

    def __init__(self, places: Roles, data: Amount = "finite", own: OwnNotation = PAPERS) -> None:
        super().__init__(places, data)
        self.own = own
        self.signs = {**self.signs, **own.signs}
        said = {ENTROPY_SUM: "entropy sum", GAP: "gap"}
        self.marks = {mark: own.signs.get(said.get(mark, ""), t) for mark, t in self.marks.items()}

    def letter(self, name: str, positive: bool | None = False) -> tuple[str, int]:
        return self.own.letters.get(name) or super().letter(name, positive)

    def law_letter(self, letter: str) -> str:
        # The papers' index of all parameters is for the three factors of a VAE.
        return self.own.signs.get(letter, letter)

    # -- sums and products ------------------------------------------------------------------------------------------

    def _product(self, p: TakenApart) -> str:
        heavy = p.heavy
        first = heavy[0] if len(heavy) == 1 else None
        shared = bool(p.denominator or p.numerator) and not self.infinite
        if shared and isinstance(first, DataMean) and first.index in self.counts:
            p = self._over_data(p, first)  # one fraction for the factor and for the 1/N of the mean
        else:
            shared = False
        below = p.denominator
        parts = []
        if below:
            parts.append(
                rf"\frac{{{self._light(p.numerator, ends=True) or '1'}}}{{{self._light(below, ends=True)}}}"
            )
        elif p.numerator or not heavy:
            parts.append(self._light(p.numerator, ends=not heavy) or "1")
        return " ".join((*parts, *self._heavy(heavy, shared)))

    def _light(self, factors: tuple[sp.Expr, ...], *, ends: bool) -> str:
        return " ".join(self._side_by_side(factors, ends=ends))

    def _as_factor(self, f: sp.Expr | Matrix) -> str:
        return self._log(f, lone=False) if isinstance(f, sp.log) else super()._as_factor(f)

    def _print_Pow(self, e: sp.Pow) -> str:
        base, exponent = e.base, e.exp
        if exponent.is_Rational and exponent.is_negative:
            return self._print_Mul(e)
        if base == sp.E:
            return self._exponential(arg_of(e, 1, sp.Expr))
        own = None if self.is_logarithm(base) else self.as_letter(base)
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
            text = text if simple or is_closed(base) else self.enclosed(text)
        return f"{text}^{{{self._print(exponent)}}}"

    def _print_ExpBase(self, e: sp.Expr, exp: object = None) -> str:
        return self._exponential(inside(e))

    def _exponential(self, exponent: sp.Expr) -> str:
        halved = divided_sum(exponent)
        if halved is None:
            return f"e^{{{self._divided(exponent)}}}"
        sign, rest, below = halved
        return f"e^{{{sign}{self.enclosed(self._print(rest))}/{below}}}"

    def _divided(self, exponent: sp.Expr) -> str:
        """An exponent on one line, -t/2, where a number is all that it is divided by and nothing ends openly before the stroke."""
        number, rest = exponent.as_coeff_Mul()
        factors = sp.Mul.make_args(rest)
        closed = all(is_light(f) and not self.ends_openly(f) for f in factors)
        if not isinstance(number, sp.Rational) or number.q == 1 or not closed:
            return self._print(exponent)
        above = self._print(number.p * rest)
        return self._print(exponent) if "\\frac" in above else f"{above}/{number.q}"

    def _print_log(self, e: sp.Expr, exp: object = None) -> str:
        return self._log(e)

    def _log(self, e: sp.Expr, *, lone: bool = True) -> str:
        (of,) = e.args
        base = of.base if isinstance(of, sp.Pow) else of
        text = self._print(of)
        bare = (
            lone
            and (is_closed(base) or self.as_letter(base) is not None)
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
        return signs + (self.enclosed(body) if self.opens_with_sign(e.function, body) else body)

    # -- means, densities, directions -------------------------------------------------------------------------------

    def _print_Slope(self, e: sp.Expr) -> str:
        body, entry = (self._print(a) for a in e.args)
        return rf"\partial_{{{entry}}} {body}"

    def _print_ScaleSlope(self, e: sp.Expr) -> str:
        body, letter = (self._print(a) for a in e.args)
        return rf"\mathrm{{tr}}({letter}^{{\top}} \partial_{{{letter}}} {body})"

    def _print_Velocity(self, e: sp.Expr) -> str:
        return f"v_{{{self._print(e.args[0])}}}"

    def _print_UnderModel(self, e: sp.Expr) -> str:
        return rf"{self.signs['mean']}_{{p}}{self.enclosed(self._print(e.args[0]), '[', ']')}"

    def _print_OnCurve(self, e: sp.Expr) -> str:
        return f"{self._print(e.args[0])}(t)"

    def _print_Distributed(self, e: sp.Expr) -> str:
        # What TeX would take as a command is dropped from a family's name.
        name = re.sub(r"[^A-Za-z0-9]", "", str(e.args[0]))
        family = r"\mathcal{N}" if name in NORMALS else rf"\mathrm{{{name}}}"
        value, *arguments = (self._print(a) for a in e.args[1:])
        return family + self.enclosed(rf"{value};\, {', '.join(arguments)}" if arguments else value)

    def _print_Product(self, e: sp.Product) -> str:
        signs = ""
        for limit in reversed(e.limits):  # the outermost first
            i, lower, upper = (self._print(a) for a in limit)
            signs += rf"\prod_{{{i}={lower}}}^{{{upper}}} "
        return signs + self._print(e.args[0])


#: How signs are written unless a notation says otherwise.
LATEX_SIGNS = {
    **PaperPrinter.signs,
    "entropy sum": PaperPrinter.marks[ENTROPY_SUM],
    "gap": PaperPrinter.marks[GAP],
}
