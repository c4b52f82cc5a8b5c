"""What LaTeX and plain text share: the order of things, signs, indices, and what each head is made of.

`latex.PaperPrinter` and `plain.PlainPrinter` say how the pieces look: brackets, fractions, and the signs in their tables.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import sympy as sp

from entropysym.errors import one_of
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import DataMean, Elbo, ObjectiveValue, _Expectation
from entropysym.language.matrices import Inverse, Matrix, MatrixLetter, Scaled, Transposed
from entropysym.language.symbols import DATUM
from entropysym.pages.marks import Whole
from entropysym.pages.notation import DATA, Data, primed
from entropysym.pages.order import Product, Roles, addends, product
from entropysym.pages.vectors import without_index

#: Functions that need no brackets under an exponent.
CLOSED = (Softplus, Sigmoid, sp.Abs)
#: Families that are written with the one letter N.
NORMALS = ("Normal", "MultivariateNormal")
_LETTERLIKE = (MatrixLetter, Inverse, Transposed)


class HeadsPrinter(ABC):
    """A mixin for a SymPy printer: one method for each head and for the arithmetic between them."""

    if TYPE_CHECKING:
        _print: Any

    #: How a few words look: log, entropy, pseudo entropy, F, J, trace, log det, transposed, inverted, squared, π.
    signs: ClassVar[Mapping[str, str]]
    #: How the symbols of a page look that are no parameters.
    marks: ClassVar[Mapping[sp.Symbol, str]]
    #: The attribute in which a head may say how it prints where no method here knows it.
    own: ClassVar[str]

    def __init__(self, places: Roles, data: Data = "finite") -> None:
        if data not in DATA:
            raise one_of(data, DATA, "kind of data")
        super().__init__()
        self.places, self.infinite = places, data == "infinite"

    @abstractmethod
    def enclosed(self, body: str, left: str = "(", right: str = ")") -> str:
        """Brackets that fit what stands inside them."""

    @abstractmethod
    def letter(self, name: str) -> tuple[str, int]:
        """A declared name without its power, and the power that it carries: sigma2 is (σ, 2)."""

    @abstractmethod
    def _joined(self, name: str, indices: tuple[sp.Basic, ...]) -> str:
        """A name with its indices; a subscript that the name has itself comes first."""

    @abstractmethod
    def _below(self, indices: tuple[sp.Basic, ...]) -> str: ...

    @abstractmethod
    def _product(self, p: Product) -> str: ...

    @abstractmethod
    def _mean(self, e: sp.Expr, *, with_fraction: bool = True) -> str: ...

    @abstractmethod
    def _density(self, role: str, datum: sp.Basic | None) -> str: ...

    # -- sums, products, symbols ------------------------------------------------------------------------------------

    def signed(self, e: sp.Expr) -> tuple[str, str]:
        """The sign of an addend and what follows it."""
        taken = product(e, self.places)
        return "-" if taken.negative else "+", self._product(taken)

    @staticmethod
    def _gathered(signed: list[tuple[str, str]]) -> str:
        out = ""
        for sign, body in signed:
            out += f" {sign} {body}" if out else (f"-{body}" if sign == "-" else body)
        return out

    def _print_Add(self, e: sp.Expr, order: object = None) -> str:
        return self._gathered([self.signed(a) for a in addends(e, self.places)])

    def _print_Mul(self, e: sp.Expr) -> str:
        return self._gathered([self.signed(e)])

    def _heavy(self, factors: tuple[sp.Expr, ...], shared: bool) -> list[str]:
        """Sums, means and expectations behind a fraction, which has the 1/N of a mean if it is shared."""
        parts = []
        for position, f in enumerate(factors):
            if shared:
                parts.append(self._mean(f, with_fraction=False))
            elif position == len(factors) - 1 and not isinstance(f, sp.Add):
                parts.append(self._print(f))
            else:
                parts.append(self._as_factor(f))
        return parts

    def _as_factor(self, f: sp.Expr) -> str:
        text = self._print(f)
        return self.enclosed(text) if isinstance(f, (sp.Add, sp.Sum, DataMean)) else text

    def _base_and_power(self, e: sp.Basic) -> tuple[str, int, str] | None:
        """Letter with its indices, the power that its name carries, and its arguments: `alpha2[h]` is (α_h, 2, "")."""
        if isinstance(e, sp.Symbol):
            index = primed(e)
            return (index, 1, "") if index else (*self.letter(e.name), "")
        if isinstance(e, sp.Indexed):
            indices = e.indices[1:] if self.infinite and e.base == DATUM else e.indices
            name, power = self.letter(e.base.label.name)
            return self._joined(name, tuple(indices)), power, ""
        if e.func.__name__ == "NetworkValue":
            name, power = self.letter(e.name)
            inputs = ", ".join(self._print(v) for v in e.inputs)
            return self._joined(name, e.indices), power, f"({inputs})"
        if isinstance(e, Whole):
            kept = e.args[2:] if self.infinite and e.args[0] == DATUM else e.args[1:]
            name, power = self.letter(e.args[0].label.name)  # type: ignore[attr-defined]
            return self._joined(name, kept), power, ""
        return None

    def _raised(self, e: sp.Basic) -> str:
        stem, power, after = self._base_and_power(e)  # type: ignore[misc]
        return f"{stem}{self.signs['squared'] if power == 2 else ''}{after}"

    _print_Indexed = _print_Whole = _print_NetworkValue = _raised

    def _print_Symbol(self, e: sp.Symbol) -> str:
        return self.marks[e] if e in self.marks else self._raised(e)

    _print_Dummy = _print_Symbol

    def _print_Pi(self, e: sp.Expr) -> str:
        return self.signs["pi"]

    def _print_Exp1(self, e: sp.Expr) -> str:
        return "e"

    def _print_Basic(self, e: sp.Basic) -> str:
        own = getattr(e, self.own, None)  # as in notebooks
        return own(self) if own is not None else super()._print_Basic(e)  # type: ignore[misc]

    # -- densities and entropies ------------------------------------------------------------------------------------

    def _print_DataMean(self, e: sp.Expr) -> str:
        return self._mean(e)

    def _averaged(self, sign: str, e: _Expectation) -> str:
        return sign + self.enclosed(self._print(e.body), "[", "]")

    def _print_Density(self, e: sp.Expr) -> str:
        return self._density(str(e.args[0]), e.args[1])

    def _print_LogDensity(self, e: Any) -> str:
        density = self._density(e.role, e.args[-1] if e.role == "decoder" else None)
        return f"{self.signs['log']} {density}"

    def _print_Entropy(self, e: Any) -> str:
        letter = self.signs["pseudo" if e.role in self.places.pseudo else "entropy"]
        return f"{letter}[{self._density(e.role, e.args[-1] if e.role == 'encoder' else None)}]"

    def _print_LogBaseMeasure(self, e: Any) -> str:
        return f"{self.signs['log']} h({'z' if e.role == 'prior' else self._datum(e.args[-1])})"

    @abstractmethod
    def _datum(self, n: sp.Basic) -> str: ...

    def _print_Elbo(self, e: sp.Expr) -> str:
        return self.signs["F"]

    def _print_ObjectiveValue(self, e: sp.Expr) -> str:
        return self.signs["J"]

    def _print_Directional(self, e: sp.Expr) -> str:
        body = self._print(e.args[0])
        whole = isinstance(e.args[0], (Elbo, ObjectiveValue))
        return self.signs["along v"] + (body if whole else self.enclosed(body, "[", "]"))

    def _print_loggamma(self, e: sp.Expr, exp: object = None) -> str:
        counted = e.args[0] - 1
        if isinstance(counted, (sp.Symbol, sp.Indexed)):
            return f"{self.signs['log']} {self._print(counted)}!"
        return f"{self.signs['loggamma']}{self.enclosed(self._print(e.args[0]))}"

    def _print_Softplus(self, e: sp.Expr, exp: object = None) -> str:
        return f"{self.signs['softplus']}{self.enclosed(self._print(e.args[0]))}"

    def _print_Sigmoid(self, e: sp.Expr, exp: object = None) -> str:
        return f"{self.signs['sigmoid']}{self.enclosed(self._print(e.args[0]))}"

    def _print_Abs(self, e: sp.Expr, exp: object = None) -> str:
        return self.enclosed(self._print(e.args[0]), "|", "|")

    # -- vectors and matrices ---------------------------------------------------------------------------------------

    def _print_Vector(self, e: sp.Expr) -> str:
        return self._vector(e)[0]

    def _vector(self, e: sp.Expr) -> tuple[str, bool]:
        """A vector without its index, and whether it is a sum."""
        parts = without_index(e)  # type: ignore[arg-type]
        if parts is None:
            return self.enclosed(self._print(e.args[0])) + self._below(e.args[1:2]), False
        whole = dict(parts)
        ordered = addends(e.args[0], self.places)  # type: ignore[arg-type]
        return self._gathered([self.signed(whole[a]) for a in ordered]), len(parts) > 1

    def _print_MatrixNetwork(self, e: Any) -> str:
        return f"{self._print_MatrixLetter(e)}({', '.join(self._print(v) for v in e.inputs)})"

    @abstractmethod
    def _print_MatrixLetter(self, e: Any) -> str: ...

    def _print_Scaled(self, e: Any) -> str:
        factor, word = e.args
        if factor.could_extract_minus_sign():
            return f"-{self._print(Scaled(-factor, word))}"
        scalar = self._print(factor)
        scalar = self.enclosed(scalar) if isinstance(factor, sp.Add) else scalar
        return (
            self._print(word)
            if factor == 1
            else f"{scalar}{self.signs['times']}{self._print(word)}"
        )

    def _print_MatrixProduct(self, e: Any) -> str:
        return " ".join(map(self._letterlike, e.args))

    def _print_Inverse(self, e: Any) -> str:
        return f"{self._word(e.args[0])}{self.signs['inverse']}"

    def _print_Transposed(self, e: Any) -> str:
        return f"{self._word(e.args[0])}{self.signs['transposed']}"

    def _word(self, e: Matrix) -> str:
        text = self._print(e)
        return text if isinstance(e, MatrixLetter) else self.enclosed(text)

    def _letterlike(self, e: Matrix) -> str:
        return self._print(e) if isinstance(e, _LETTERLIKE) else self._word(e)

    def _print_LogDet(self, e: Any) -> str:
        inside = self._print(e.args[0])
        bare = isinstance(e.args[0], _LETTERLIKE)
        return self.signs["logdet"] + (f" {inside}" if bare else self.enclosed(inside))

    def _print_Trace(self, e: Any) -> str:
        return self.signs["trace"] + self.enclosed(self._print(e.args[0]))

    def _print_Quadratic(self, e: Any) -> str:
        left, word, right = e.args
        sides = [self.enclosed(t) if sum_ else t for t, sum_ in map(self._vector, (left, right))]
        return f"{sides[0]}{self.signs['transposed']} {self._letterlike(word)} {sides[1]}"

    def _print_Times(self, e: sp.Expr) -> str:
        matrix, vector = (self._print(a) for a in e.args[:2])
        turned = self.signs["transposed"] if len(e.args) == 3 else ""
        return f"{matrix}{turned}{self.signs['apply']}{vector}"
