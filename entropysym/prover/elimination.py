r"""Linear systems over the rational functions of symbols, logarithms and other functions that are taken as independent.

Every number that is not rational ($\log2$, $\log\pi$) and every function of a symbol ($\log s$, $\mathrm{softplus}(s)$, $e^r$) is a generator of its own;
fractional powers share one: $\sqrt s$ and s are t and $t^2$. What is concluded is checked afterwards, so a relation that is overlooked costs a solution, never the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import TypeVar

import sympy as sp
from sympy.polys.domains import QQ
from sympy.polys.fields import FracElement, FracField
from sympy.polys.orderings import lex
from sympy.polys.rings import PolyElement

from entropysym.errors import WorkLimitError
from entropysym.language.formula import args_of, inside, of_type, substituted

#: How large the fractions of a density may be, such as those of a mixture in many coordinates.
MOST = 2**17

#: An unknown, or the name of a right side; None where there is only one.
ColumnName = sp.Basic | str | None
Row = dict[ColumnName, FracElement]
Key = TypeVar("Key")
Powers = tuple[int, ...]


def _factors(e: sp.Expr) -> Iterable[tuple[sp.Expr, sp.Rational]]:
    """The generators in an expression, each with a rational exponent that occurs."""
    if e.is_Rational:
        return
    if isinstance(e, (sp.Add, sp.Mul)):
        for a in args_of(e):
            yield from _factors(a)
        return
    base, exponent = _power(e)
    if isinstance(base, (sp.Add, sp.Mul)) and base != e:
        yield from _factors(base)
    if not (exponent.is_Integer and isinstance(base, (sp.Add, sp.Mul))):
        yield base, exponent


def _power(e: sp.Expr) -> tuple[sp.Expr, sp.Rational]:
    """Base and rational exponent; of an exponential the base is an exponential too: $e^{2r}=(e^r)^2$."""
    if isinstance(e, sp.exp) and e.args:  # e itself has none
        times, rest = inside(e).as_coeff_Mul()
        if isinstance(times, sp.Rational) and rest != 1:
            return sp.exp(rest), times
        return e, sp.S.One
    base, exponent = e.as_base_exp()
    return (base, exponent) if isinstance(exponent, sp.Rational) else (e, sp.S.One)


def in_primes(f: sp.Expr) -> sp.Expr:
    """A logarithm of a number as a sum over its primes, whose logarithms are independent."""
    if isinstance(f, sp.log) and f.args[0].is_Rational:
        return of_type(sp.expand_log(f, factor=True), sp.Expr)
    return f


@dataclass(frozen=True)
class Field:
    """A field of rational functions, and how expressions are written in it and back."""

    domain: FracField
    place: Mapping[sp.Expr, tuple[int, int]]  # generator -> its number, and the root taken of it

    @staticmethod
    def over(expressions: Iterable[sp.Expr]) -> Field:
        """The smallest field that holds the expressions. A sum of fractions with a larger `_size` than `MOST` raises `WorkLimitError`."""
        roots: dict[sp.Expr, int] = {}
        for e in expressions:
            for base, exponent in _factors(e):
                roots[base] = int(sp.ilcm(roots.get(base, 1), exponent.q))
        ordered = sorted(roots, key=sp.default_sort_key)
        names = [sp.Dummy(f"t{k}") for k in range(max(1, len(ordered)))]
        place = {base: (k, roots[base]) for k, base in enumerate(ordered)}
        return Field(FracField(names, QQ, lex), place)

    @property
    def zero(self) -> FracElement:
        return self.domain(0)

    @property
    def one(self) -> FracElement:
        return self.domain(1)

    def of(self, e: sp.Expr) -> FracElement:
        """An expression as an element."""
        if isinstance(e, sp.Rational):
            return self.domain(QQ(int(e.p), int(e.q)))
        if isinstance(e, sp.Add):
            return reduce(self._plus, self._gathered(map(self.of, args_of(e))))
        if isinstance(e, sp.Mul):
            return reduce(lambda a, b: a * b, (self.of(a) for a in args_of(e)))
        base, exponent = _power(e)
        if exponent.is_Integer and isinstance(base, (sp.Add, sp.Mul)):
            return self.of(base) ** int(exponent)
        k, root = self.place[base]
        if isinstance(base, sp.Add):  # s / sqrt(s) is sqrt(s)
            whole = sp.floor(exponent)
            fraction = self.domain.gens[k] ** int((exponent - whole) * root)
            return fraction * self.of(base) ** int(whole)
        return self.domain.gens[k] ** int(exponent * root)

    def _gathered(self, elements: Iterable[FracElement]) -> Iterator[FracElement]:
        """The sums of those elements whose denominators differ by a monomial alone: for each sum only one common divisor is looked for."""
        groups: dict[PolyElement, list[tuple[PolyElement, Powers]]] = {}
        for e in elements:
            powers = tuple(map(min, zip(*e.denom.itermonoms(), strict=True)))
            rest = e.denom.quo_term((powers, e.denom.LC))
            groups.setdefault(rest, []).append((e.numer.quo_ground(e.denom.LC), powers))
        for rest, parts in groups.items():
            common = tuple(map(max, zip(*(powers for _, powers in parts), strict=True)))
            above = self.domain.ring.zero
            for numerator, powers in parts:
                lacking = tuple(a - b for a, b in zip(common, powers, strict=True))
                above += numerator.mul_monom(lacking)
            sum_ = self.domain.raw_new(above, rest.mul_monom(common))
            yield self._cancelled(sum_)

    def _cancelled(self, a: FracElement) -> FracElement:
        if _size(a, a) > MOST:
            raise WorkLimitError("its fractions are too large to be added")
        return self.domain.new(a.numer, a.denom)

    def _plus(self, a: FracElement, b: FracElement) -> FracElement:
        if _size(a, b) > MOST:
            raise WorkLimitError("its fractions are too large to be added")
        return a + b

    @property
    def _meant(self) -> list[sp.Expr]:
        """What the generators of the domain stand for, in their order."""
        ordered = sorted(self.place, key=lambda base: self.place[base][0])
        return [base ** sp.Rational(1, self.place[base][1]) for base in ordered] or [sp.S.One]

    def back(self, element: FracElement) -> sp.Expr:
        """An element as an expression."""
        above, below = (_polynomial(p, self._meant) for p in (element.numer, element.denom))
        if below.is_Add and _is_negative_somewhere(below):
            above, below = -above, sp.Add(*(-a for a in args_of(below)))
        ratio = above / below
        return ratio if below.is_Add else of_type(sp.expand(ratio), sp.Expr)

    def factored(self, element: FracElement) -> sp.Expr:
        """The same as a product of powers of what cannot be factored, which is short where `back` would multiply out."""
        found: list[sp.Expr] = []
        for part, sign in ((element.numer, 1), (element.denom, -1)):
            number, factors = part.factor_list()
            found.append(sp.Rational(int(number.numerator), int(number.denominator)) ** sign)
            found += [_polynomial(p, self._meant) ** (sign * power) for p, power in factors]
        return sp.Mul(*found)

    def is_safe(self, element: FracElement) -> bool:
        """Whether an element surely is never 0."""
        return self.back(element).is_nonzero is True

    def over_one_denominator(self, elements: Mapping[Key, FracElement]) -> dict[Key, PolyElement]:
        """The elements times the least common multiple of their denominators."""
        common = reduce(lambda a, b: a.lcm(b), (e.denom for e in elements.values()), self.one.numer)
        return {k: e.numer * common.quo(e.denom) for k, e in elements.items()}

    def split(
        self, polynomial: PolyElement, local: Callable[[sp.Expr], bool]
    ) -> dict[Powers, FracElement]:
        """A polynomial, such as a numerator, by its monomials in the generators for which `local` holds."""
        chosen = [k for base, (k, _) in self.place.items() if local(base)]
        found: dict[Powers, FracElement] = {}
        for monomial, coefficient in polynomial.terms():
            mark = tuple(monomial[k] for k in chosen)
            rest = tuple(0 if k in chosen else power for k, power in enumerate(monomial))
            term = self.domain(self.domain.ring.from_dict({rest: coefficient}))
            found[mark] = found.get(mark, self.zero) + term
        return {mark: e for mark, e in found.items() if e}


def _size(a: FracElement, b: FracElement) -> int:
    """What a common divisor may cost: the digits of the number that a polynomial becomes, its generators being put in one after another."""
    parts = [p for p in (a.numer, b.numer, a.denom, b.denom) if p]
    if len(a.denom) == len(b.denom) == 1:
        return 1
    return prod(1 + max(powers) for powers in zip(*(p.degrees() for p in parts), strict=True))


def _is_negative_somewhere(e: sp.Expr) -> bool:
    """The sign at one point: a sum that never vanishes is then written as a positive one."""
    symbols = set(e.atoms(sp.Indexed)) | {s for s in e.free_symbols if isinstance(s, sp.Symbol)}
    point = {s: sp.Rational(1, 3) for s in symbols}
    return bool(sp.N(substituted(e, point)).is_negative)


def _polynomial(p: PolyElement, meant: Sequence[sp.Expr]) -> sp.Expr:
    terms = []
    for monomial, coefficient in p.terms():
        powers = (b**k for b, k in zip(meant, monomial, strict=False) if k)
        terms.append(
            sp.Mul(sp.Rational(int(coefficient.numerator), int(coefficient.denominator)), *powers)
        )
    return sp.Add(*terms)


@dataclass
class Eliminated:
    """Pivot rows by unknown, each reduced, and the rows that are left, which hold no unknown that was asked for."""

    pivots: dict[ColumnName, Row]
    rest: list[Row]


def eliminate(
    rows: Iterable[Row], unknowns: Sequence[ColumnName], safe: Callable[[FracElement], bool]
) -> Eliminated:
    """Gauss–Jordan elimination of the unknowns, in their order; rows map unknowns and right sides to coefficients, and mean *sum = 0*.

    A pivot that cannot vanish (`safe`) is preferred, then a short row.
    """
    waiting = [dict(row) for row in rows if row]
    pivots: dict[ColumnName, Row] = {}
    for u in unknowns:
        candidates = [r for r in waiting if u in r]
        if not candidates:
            continue
        best = min(candidates, key=lambda r: (not safe(r[u]), len(r)))
        waiting = [r for r in waiting if r is not best]
        lead = best[u]
        one = {k: c / lead for k, c in best.items()}
        waiting = [r for r in (_without(r, u, one) for r in waiting) if r]
        pivots = {v: _without(r, u, one) for v, r in pivots.items()}
        pivots[u] = one
    return Eliminated(pivots, waiting)


def _without(row: Row, u: ColumnName, pivot: Row) -> Row:
    """The row less the multiple of the pivot's row that removes u."""
    if u not in row:
        return row
    factor = row[u]
    out = dict(row)
    for k, c in pivot.items():
        value = out.pop(k, 0) - factor * c if k in out else -factor * c
        if value:
            out[k] = value
    out.pop(u, None)
    return out
