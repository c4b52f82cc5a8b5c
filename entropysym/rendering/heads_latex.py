r"""LaTeX of the language's heads: expectations, densities, entropies, derivatives, functions, matrices and vectors.

A mixin of `latex.PaperPrinter`, which prints the arithmetic between them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sympy as sp

from entropysym.language.heads import Elbo, ObjectiveValue, _Expectation, latex_name
from entropysym.language.matrices import Inverse, Matrix, MatrixLetter, Scaled, Transposed
from entropysym.rendering.order import addends, product
from entropysym.rendering.vectors import without_index

_LETTERLIKE = (MatrixLetter, Inverse, Transposed)
#: Families that are written with one calligraphic letter.
NORMALS = ("Normal", "MultivariateNormal")


class HeadsLatex:
    """One method for each head."""

    if TYPE_CHECKING:
        infinite: bool
        places: Any
        _print: Any
        _raised: Any
        enclosed: Any
        _product: Any
        _opens_with_sign: Any

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

    def _print_DataMean(self, e: sp.Expr) -> str:
        return self._mean(e)

    def _print_Vector(self, e: sp.Expr) -> str:
        text, _ = self._vector(e)
        return text

    def _vector(self, e: sp.Expr) -> tuple[str, bool]:
        """A vector without its index, and whether it is a sum."""
        parts = without_index(e)  # type: ignore[arg-type]
        if parts is None:
            return rf"{self.enclosed(self._print(e.args[0]))}_{{{self._print(e.args[1])}}}", False
        whole = dict(parts)
        out = ""
        for a in addends(e.args[0], self.places):  # type: ignore[arg-type]
            taken = product(whole[a], self.places)
            sign, text = "-" if taken.negative else "+", self._product(taken)
            out += f" {sign} {text}" if out else (f"-{text}" if sign == "-" else text)
        return out, len(parts) > 1

    def _print_Whole(self, e: sp.Expr) -> str:
        return self._raised(e)

    def _print_Times(self, e: sp.Expr) -> str:
        matrix, vector = (self._print(a) for a in e.args[:2])
        turned = r"^{\top}" if len(e.args) == 3 else ""
        return f"{matrix}{turned} {vector}"

    def _print_EncoderExpectation(self, e: _Expectation) -> str:
        under = rf"q_\Phi(z \mid {self._datum(e.datum)})"
        return rf"\mathbb{{E}}_{{{under}}}{self.enclosed(self._print(e.body), '[', ']')}"

    def _print_NoiseExpectation(self, e: _Expectation) -> str:
        return rf"\mathbb{{E}}_{{\varepsilon}}{self.enclosed(self._print(e.body), '[', ']')}"

    def _print_NetworkValue(self, e: sp.Expr) -> str:
        return self._raised(e)

    def _density(self, role: str, datum: sp.Basic | None) -> str:
        at = "x" if datum is None else self._datum(datum)
        return {
            "prior": r"p_\Theta(z)",
            "decoder": rf"p_\Theta({at} \mid z)",
            "encoder": rf"q_\Phi(z \mid {at})",
        }[role]

    def _print_LogDensity(self, e: sp.Expr) -> str:
        return rf"\log {self._density(e.role, e.args[-1] if e.role == 'decoder' else None)}"  # type: ignore[attr-defined]

    def _print_Entropy(self, e: sp.Expr) -> str:
        role = e.role  # type: ignore[attr-defined]
        letter = r"\tilde{\mathcal{H}}" if role in self.places.pseudo else r"\mathcal{H}"
        return f"{letter}[{self._density(role, e.args[-1] if role == 'encoder' else None)}]"

    def _print_LogBaseMeasure(self, e: sp.Expr) -> str:
        return rf"\log h({'z' if e.role == 'prior' else self._datum(e.args[-1])})"  # type: ignore[attr-defined]

    def _print_Elbo(self, e: sp.Expr) -> str:
        return r"\mathcal{F}"

    def _print_ObjectiveValue(self, e: sp.Expr) -> str:
        return r"\mathcal{J}"

    def _print_Directional(self, e: sp.Expr) -> str:
        body = self._print(e.args[0])
        return r"v \cdot \nabla " + (
            body if isinstance(e.args[0], (Elbo, ObjectiveValue)) else self.enclosed(body, "[", "]")
        )

    def _print_Slope(self, e: sp.Expr) -> str:
        body, entry = (self._print(a) for a in e.args)
        return rf"\partial_{{{entry}}} {body}"

    def _print_ScaleSlope(self, e: sp.Expr) -> str:
        body, letter = (self._print(a) for a in e.args)
        return rf"\mathrm{{tr}}({letter}^{{\top}} \partial_{{{letter}}} {body})"

    def _print_Velocity(self, e: sp.Expr) -> str:
        return f"v_{{{self._print(e.args[0])}}}"

    def _print_Density(self, e: sp.Expr) -> str:
        return self._density(str(e.args[0]), e.args[1])

    def _print_Distributed(self, e: sp.Expr) -> str:
        # What TeX would take as a command is dropped from a family's name.
        name = re.sub(r"[^A-Za-z0-9]", "", str(e.args[0]))
        family = r"\mathcal{N}" if name in NORMALS else rf"\mathrm{{{name}}}"
        value, *arguments = (self._print(a) for a in e.args[1:])
        return family + self.enclosed(rf"{value};\, {', '.join(arguments)}")

    def _print_Product(self, e: sp.Expr) -> str:
        i, lower, upper = (self._print(a) for a in e.args[1])
        return rf"\prod_{{{i}={lower}}}^{{{upper}}} {self._print(e.args[0])}"

    # -- functions ----------------------------------------------------------------------------------------------------

    def _print_Softplus(self, e: sp.Expr, exp: object = None) -> str:
        return rf"\operatorname{{softplus}}{self.enclosed(self._print(e.args[0]))}"

    def _print_Sigmoid(self, e: sp.Expr, exp: object = None) -> str:
        return rf"\operatorname{{sigmoid}}{self.enclosed(self._print(e.args[0]))}"

    def _print_Abs(self, e: sp.Expr, exp: object = None) -> str:
        return self.enclosed(self._print(e.args[0]), "|", "|")

    def _print_loggamma(self, e: sp.Expr, exp: object = None) -> str:
        counted = e.args[0] - 1
        if isinstance(counted, (sp.Symbol, sp.Indexed)):
            return rf"\log {self._print(counted)}!"
        return rf"\log\Gamma{self.enclosed(self._print(e.args[0]))}"

    # -- matrices -----------------------------------------------------------------------------------------------------

    def _print_MatrixLetter(self, e: Any) -> str:
        stem, power = latex_name(e.name)
        return rf"\boldsymbol{{{stem}}}{power}"

    def _print_MatrixNetwork(self, e: Any) -> str:
        return f"{self._print_MatrixLetter(e)}({', '.join(self._print(v) for v in e.inputs)})"

    def _print_Scaled(self, e: Any) -> str:
        factor, word = e.args
        if factor.could_extract_minus_sign():
            return f"-{self._print(Scaled(-factor, word))}"
        scalar = self._print(factor)
        scalar = self.enclosed(scalar) if isinstance(factor, sp.Add) else scalar
        return self._print(word) if factor == 1 else rf"{scalar} \, {self._print(word)}"

    def _print_MatrixProduct(self, e: Any) -> str:
        return " ".join(
            self._word(a) if not isinstance(a, _LETTERLIKE) else self._print(a) for a in e.args
        )

    def _print_Inverse(self, e: Any) -> str:
        return f"{self._word(e.args[0])}^{{-1}}"

    def _print_Transposed(self, e: Any) -> str:
        return rf"{self._word(e.args[0])}^{{\top}}"

    def _word(self, e: Matrix) -> str:
        text = self._print(e)
        return text if isinstance(e, MatrixLetter) else self.enclosed(text)

    def _print_LogDet(self, e: Any) -> str:
        word = e.args[0]
        inside = self._print(word)
        bare = isinstance(word, _LETTERLIKE)
        return rf"\log\det{f' {inside}' if bare else self.enclosed(inside)}"

    def _print_Trace(self, e: Any) -> str:
        return rf"\mathrm{{tr}}{self.enclosed(self._print(e.args[0]))}"

    def _print_Quadratic(self, e: Any) -> str:
        left, word, right = e.args
        sides = [self.enclosed(t) if sum_ else t for t, sum_ in map(self._vector, (left, right))]
        middle = self._word(word) if not isinstance(word, _LETTERLIKE) else self._print(word)
        return rf"{sides[0]}^{{\top}} {middle} {sides[1]}"
