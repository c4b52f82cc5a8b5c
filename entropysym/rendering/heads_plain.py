"""Text of the language's heads: expectations, densities, entropies, derivatives, functions, matrices and vectors.

A mixin of `plain.PlainPrinter`, which prints the arithmetic between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from entropysym.language.heads import GREEK, Elbo, ObjectiveValue, _Expectation, name_parts
from entropysym.language.matrices import Inverse, Matrix, MatrixLetter, Scaled, Transposed
from entropysym.rendering.heads_latex import NORMALS
from entropysym.rendering.order import addends, product
from entropysym.rendering.vectors import without_index

_LETTERLIKE = (MatrixLetter, Inverse, Transposed)


def plain_name(name: str) -> tuple[str, int]:
    """A name in Unicode without its power, and the power that the name carries: `sigma2` is (σ, 2)."""
    stem, below, square = name_parts(name)
    return GREEK.get(stem, stem) + (f"_{below}" if below else ""), 2 if square else 1


class HeadsPlain:
    """One method for each head."""

    if TYPE_CHECKING:
        infinite: bool
        places: Any
        _print: Any
        _raised: Any
        _product: Any

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
        return self._vector(e)[0]

    def _vector(self, e: sp.Expr) -> tuple[str, bool]:
        """A vector without its index, and whether it is a sum."""
        parts = without_index(e)  # type: ignore[arg-type]
        if parts is None:
            return f"({self._print(e.args[0])})_{self._print(e.args[1])}", False
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
        return f"{matrix}{'ᵀ' if len(e.args) == 3 else ''}{vector}"

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
        role = e.role  # type: ignore[attr-defined]
        letter = "H̃" if role in self.places.pseudo else "H"
        return f"{letter}[{self._density(role, e.args[-1] if role == 'encoder' else None)}]"

    def _print_LogBaseMeasure(self, e: sp.Expr) -> str:
        return f"log h({'z' if e.role == 'prior' else self._datum(e.args[-1])})"  # type: ignore[attr-defined]

    def _print_Elbo(self, e: sp.Expr) -> str:
        return "F"

    def _print_ObjectiveValue(self, e: sp.Expr) -> str:
        return "J"

    def _print_Directional(self, e: sp.Expr) -> str:
        body = self._print(e.args[0])
        return f"v·∇{body}" if isinstance(e.args[0], (Elbo, ObjectiveValue)) else f"v·∇[{body}]"

    def _print_Slope(self, e: sp.Expr) -> str:
        return "∂{}/∂{}".format(*(self._print(a) for a in e.args))

    def _print_ScaleSlope(self, e: sp.Expr) -> str:
        body, letter = (self._print(a) for a in e.args)
        return f"tr({letter}ᵀ ∂{body}/∂{letter})"

    def _print_Velocity(self, e: sp.Expr) -> str:
        return f"v[{self._print(e.args[0])}]"

    def _print_Density(self, e: sp.Expr) -> str:
        return self._density(str(e.args[0]), e.args[1])

    def _print_Distributed(self, e: sp.Expr) -> str:
        family = "N" if str(e.args[0]) in NORMALS else str(e.args[0])
        value, *arguments = (self._print(a) for a in e.args[1:])
        return f"{family}({value}; {', '.join(arguments)})"

    def _print_Product(self, e: sp.Expr) -> str:
        return f"Π_{self._print(e.args[1][0])} {self._print(e.args[0])}"

    # -- functions ----------------------------------------------------------------------------------------------------

    def _print_Softplus(self, e: sp.Expr) -> str:
        return f"softplus({self._print(e.args[0])})"

    def _print_Sigmoid(self, e: sp.Expr) -> str:
        return f"sigmoid({self._print(e.args[0])})"

    def _print_Abs(self, e: sp.Expr) -> str:
        return f"|{self._print(e.args[0])}|"

    def _print_loggamma(self, e: sp.Expr) -> str:
        counted = e.args[0] - 1
        if isinstance(counted, (sp.Symbol, sp.Indexed)):
            return f"log {self._print(counted)}!"
        return f"log Γ({self._print(e.args[0])})"

    # -- matrices -----------------------------------------------------------------------------------------------------

    def _print_MatrixLetter(self, e: Any) -> str:
        return plain_name(e.name)[0]

    def _print_MatrixNetwork(self, e: Any) -> str:
        return f"{plain_name(e.name)[0]}({', '.join(self._print(v) for v in e.inputs)})"

    def _print_Scaled(self, e: Any) -> str:
        factor, word = e.args
        if factor.could_extract_minus_sign():
            return f"-{self._print(Scaled(-factor, word))}"
        scalar = f"({self._print(factor)})" if isinstance(factor, sp.Add) else self._print(factor)
        return self._print(word) if factor == 1 else f"{scalar} {self._print(word)}"

    def _print_MatrixProduct(self, e: Any) -> str:
        return " ".join(
            self._print(a) if isinstance(a, _LETTERLIKE) else self._word(a) for a in e.args
        )

    def _print_Inverse(self, e: Any) -> str:
        return f"{self._word(e.args[0])}⁻¹"

    def _print_Transposed(self, e: Any) -> str:
        return f"{self._word(e.args[0])}ᵀ"

    def _word(self, e: Matrix) -> str:
        text = self._print(e)
        return text if isinstance(e, MatrixLetter) else f"({text})"

    def _print_LogDet(self, e: Any) -> str:
        inside = self._print(e.args[0])
        return f"log det {inside}" if isinstance(e.args[0], _LETTERLIKE) else f"log det({inside})"

    def _print_Trace(self, e: Any) -> str:
        return f"tr({self._print(e.args[0])})"

    def _print_Quadratic(self, e: Any) -> str:
        left, word, right = e.args
        sides = [f"({t})" if sum_ else t for t, sum_ in map(self._vector, (left, right))]
        middle = self._print(word) if isinstance(word, _LETTERLIKE) else self._word(word)
        return f"{sides[0]}ᵀ {middle} {sides[1]}"
