"""What LaTeX and plain text share: the order of things, signs, and indices. The heads themselves are printed by `language.notation`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, get_args

import sympy as sp

from entropysym.errors import one_of
from entropysym.language.formula import arg_of, array_name, inside, of_type
from entropysym.language.functions import row_of
from entropysym.language.heads import (
    DataMean,
    Directional,
    LogBaseMeasure,
    LogDensity,
    NetworkValue,
    Vector,
)
from entropysym.language.matrices import LogDet, Matrix
from entropysym.language.names import primed
from entropysym.language.notation import Glyph, Notation
from entropysym.language.symbols import LAG, n
from entropysym.pages.marks import Amount, DensityName, FactorName, Slice, Times
from entropysym.pages.order import Roles, TakenApart, in_order, taken_apart
from entropysym.pages.vectors import without_index

#: Heads that are written with an open end: what is multiplied after them would be read as theirs.
OPEN = (LogDensity, LogBaseMeasure, LogDet, Directional)
#: Families that are written with the one letter N.
NORMALS = ("Normal", "MultivariateNormal")


def is_closed(f: sp.Basic) -> bool:
    r"""Whether a function ends with its own brackets, so that an exponent is its own; of $\log\Gamma(s)^2$ nobody knows what is squared."""
    row = row_of(f)
    return isinstance(f, sp.Abs) or (row is not None and not row.is_logarithm)


def divided_sum(exponent: sp.Expr) -> tuple[str, sp.Expr, int] | None:
    """Sign, sum and denominator of an exponent that is a whole sum divided by a number, $-(a+b)/2$; None for any other."""
    factor, rest = exponent.primitive()
    if not isinstance(factor, sp.Rational) or not isinstance(rest, sp.Add):
        return None
    if factor.q == 1 or abs(factor.p) != 1:
        return None
    return "-" if factor.p < 0 else "", rest, int(factor.q)


def factorial_of(e: sp.Basic) -> sp.Expr | None:
    r"""The x of a $\log\Gamma(x+1)$ that is written $\log x!$, else None."""
    x = inside(e) - 1 if isinstance(e, sp.loggamma) else None
    return x if isinstance(x, (sp.Symbol, sp.Indexed)) else None


class PagePrinter(Notation):
    """A mixin for a SymPy printer: heads in one of the notations, and the arithmetic between them as a paper orders it."""

    #: How the symbols of a page look that are no parameters.
    marks: ClassVar[Mapping[sp.Symbol, str]]

    def __init__(self, places: Roles, data: Amount = "finite") -> None:
        if data not in get_args(Amount):
            raise one_of(data, get_args(Amount), "kind of data")
        super().__init__()
        self.places, self.pseudo, self.infinite = places, places.pseudo, data == "infinite"
        self.counts, self.spellings = places.counts, places.spellings

    @abstractmethod
    def _product(self, p: TakenApart) -> str: ...

    # -- sums, products, symbols ------------------------------------------------------------------------------------

    def signed(self, e: sp.Expr | Matrix) -> tuple[str, str]:
        """The sign of an addend and what follows it."""
        taken = taken_apart(e, self.places)
        return "-" if taken.negative else "+", self._product(taken)

    def _over_data(self, p: TakenApart, mean: DataMean) -> TakenApart:
        """A term whose fraction takes in the 1/N of its mean."""
        count = of_type(self.counts[mean.index], sp.Symbol)
        if count in p.numerator:
            kept = list(p.numerator)
            kept.remove(count)
            return replace(p, numerator=tuple(kept))
        number = [f for f in p.denominator if f.is_Number]
        others = (f for f in p.denominator if not f.is_Number)
        return replace(p, denominator=(*number, count, *others))

    @staticmethod
    def _gathered(signed: list[tuple[str, str]]) -> str:
        out = ""
        for sign, body in signed:
            out += f" {sign} {body}" if out else (f"-{body}" if sign == "-" else body)
        return out

    def _print_Add(self, e: sp.Expr, order: object = None) -> str:
        return self._gathered([self.signed(a) for a in in_order(e, self.places)])

    def _print_Mul(self, e: sp.Expr) -> str:
        return self._gathered([self.signed(e)])

    def _heavy(self, factors: tuple[sp.Expr | Matrix, ...], shared: bool) -> list[str]:
        """Sums, means and expectations behind a fraction, which has the 1/N of a mean if it is shared."""
        parts = []
        for position, f in enumerate(factors):
            if isinstance(f, DataMean) and shared:
                parts.append(self.mean(f, with_fraction=False))
            elif position == len(factors) - 1 and not isinstance(f, sp.Add):
                parts.append(self._print(f))
            else:
                parts.append(self._as_factor(f))
        return parts

    def _as_factor(self, f: sp.Expr | Matrix) -> str:
        text = self._print(f)
        whole = isinstance(f, (sp.Add, sp.Sum, DataMean)) or self.ends_openly(f)
        return self.enclosed(text) if whole else text

    def ends_openly(self, f: sp.Basic) -> bool:
        """Whether what is written after a factor would be read as a part of it."""
        row = row_of(f)
        named = row is not None and row.is_logarithm
        return named or isinstance(f, (sp.log, *OPEN)) or self.is_logarithm(f)

    def _side_by_side(self, factors: tuple[sp.Expr, ...], *, ends: bool) -> list[str]:
        """Light factors. What `ends` a product may end openly."""
        texts = [self._as_factor(f) for f in factors]
        if ends and factors and (len(factors) == 1 or row_of(factors[-1])):
            texts[-1] = self._print(factors[-1])
        return texts

    def as_letter(self, e: sp.Basic) -> Glyph | None:
        """Letter with its indices, the power that its name carries, and its arguments: `alpha2[h]` is (α_h, 2, "")."""
        if isinstance(e, sp.Symbol):
            index = primed(e)
            return (index, 1, "") if index else (*self.letter(e.name, e.is_nonnegative), "")
        if isinstance(e, NetworkValue):
            return self.network(e)
        if isinstance(e, (sp.Indexed, Slice)):
            array, indices = arg_of(e, 0, sp.IndexedBase), e.args[1:]
            kept = indices[1:] if self.infinite and indices[:1] == (n,) else indices
            if array_name(array).endswith(LAG):
                return self.joined(self.variable(array_name(array)), kept), 1, ""
            name, power = self.letter(array_name(array), array.args[0].is_nonnegative)
            return self.joined(name, kept), power, ""
        return None

    def is_logarithm(self, e: sp.Basic) -> bool:
        """Whether the name of a letter is written as a logarithm, which needs brackets beside others and under a power."""
        if isinstance(e, NetworkValue):
            return self.spelled(e.name).logarithm
        if isinstance(e, (sp.Indexed, Slice)):
            return self.spelled(array_name(arg_of(e, 0, sp.IndexedBase))).logarithm
        return isinstance(e, sp.Symbol) and not e.is_integer and self.spelled(e.name).logarithm

    def _print_Indexed(self, e: sp.Indexed | Slice) -> str:
        letter = self.as_letter(e)
        assert letter is not None  # an entry has a letter
        return self.raised(letter)

    def _print_IndexedBase(self, e: sp.IndexedBase) -> str:
        return self.raised((*self.letter(array_name(e), e.args[0].is_nonnegative), ""))

    _print_Slice = _print_Indexed

    def _print_Symbol(self, e: sp.Symbol) -> str:
        letter = self.as_letter(e)
        assert letter is not None  # and so has a symbol
        return self.marks[e] if e in self.marks else self.raised(letter)

    _print_Dummy = _print_Symbol

    def _print_Pi(self, e: sp.Expr) -> str:
        return self.signs["pi"]

    def _print_EulerGamma(self, e: sp.Expr) -> str:
        return self.signs["euler"]

    def _print_Exp1(self, e: sp.Expr) -> str:
        return "e"

    def _print_DensityName(self, e: DensityName) -> str:
        head = e.head
        return self.law(head) if head.law else self.density(head.role, n)

    def _print_FactorName(self, e: FactorName) -> str:
        return f"{self.law_letter('p')}({', '.join(self.variable(str(a)) for a in e.args)})"

    def _print_loggamma(self, e: sp.Expr, exp: object = None) -> str:
        counted = factorial_of(e)
        if counted is not None:
            return f"{self.signs['log']} {self._print(counted)}!"
        return self._print_row(e)

    def _print_Abs(self, e: sp.Expr, exp: object = None) -> str:
        return self.enclosed(self._print(e.args[0]), "|", "|")

    # -- vectors ----------------------------------------------------------------------------------------------------

    def vector(self, e: Vector) -> tuple[str, bool]:
        """A vector without its index, and whether it is a sum."""
        found = without_index(e)
        if found is None:
            return self.enclosed(self._print(e.body)) + self.below((e.index,)), False
        whole = dict(found)
        ordered = in_order(e.body, self.places)
        return self._gathered([self.signed(whole[a]) for a in ordered]), len(found) > 1

    def _print_Times(self, e: Times) -> str:
        turned = self.signs["transposed"] if e.turned else ""
        return f"{self._print(e.matrix)}{turned}{self.signs['apply']}{self._print(e.vector)}"
