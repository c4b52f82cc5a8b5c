r"""A long argument of the decoder under a letter of its own: $\eta_d(z)=\sum_kV_{dk}f_k(z)+c_d$.

Logits, log-rates and what stands inside a softplus occur again and again on a page; one letter keeps the lines short.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from entropysym.language.algebra import addends, distributed, exponentials_merged, holds
from entropysym.language.formula import args_of, of_type, substituted
from entropysym.language.heads import NetworkValue
from entropysym.language.records import Factor, Model
from entropysym.language.symbols import VARIABLES

_LETTERS = ("eta", "zeta", "kappa", "xi")


@dataclass(frozen=True)
class Abbreviation:
    """A letter with its index and z, and what it stands for."""

    letter: sp.Expr
    meaning: sp.Expr
    index: sp.Symbol

    def applied(self, e: sp.Expr) -> sp.Expr:
        """The expression with the letter in place of what it stands for, also under another index and where an exponential of it was taken apart."""
        return of_type(self._applied(exponentials_merged(e)), sp.Expr)

    def _applied(self, e: sp.Basic) -> sp.Basic:
        if not e.args or not holds(e, VARIABLES):
            return e
        if isinstance(e, type(self.meaning)):
            for index in sorted(_indices(e), key=str):
                if _settled(e) == _settled(self.meaning.xreplace({self.index: index})):
                    return self.letter.xreplace({self.index: index})
                rest = self._beside(e, index)
                if rest is not None:
                    letter = self.letter.xreplace({self.index: index})
                    return of_type(letter, sp.Expr) + of_type(self._applied(rest), sp.Expr)
        args = [self._applied(a) for a in e.args]
        return e.func(*args) if tuple(args) != e.args else e

    def _beside(self, e: sp.Basic, index: sp.Basic) -> sp.Expr | None:
        """What a sum has beside all addends of the meaning, None if it has not all of them."""
        own = {_settled(a): a for a in args_of(e)}
        wanted = [_settled(a) for a in args_of(self.meaning.xreplace({self.index: index}))]
        if not own.keys() >= set(wanted):
            return None
        return sp.Add(*(a for settled, a in own.items() if settled not in wanted))

    def gathered(self, e: sp.Expr) -> sp.Expr:
        """The expression with addends joined that differ only in which part of the meaning they hold; `applied` first."""
        pending = list(addends(self.applied(e)))
        parts = addends(self.meaning)
        out: list[sp.Expr] = []
        while pending:
            addend = pending.pop(0)
            part = next((p for p in parts if isinstance(p, sp.Sum) and _times(addend, p)), None)
            others = [
                exponentials_merged(distributed(substituted(addend, {part: p})))
                for p in parts
                if part is not None and p != part
            ]
            rest = [*pending, *out]
            if part is not None and all(o in rest for o in others):
                pending = [a for a in pending if a not in others]
                out = [a for a in out if a not in others]
                addend = substituted(addend, {part: self.letter})
            out.append(addend)
        return sp.Add(*out) if len(out) > 1 else out[0]


def _times(addend: sp.Expr, part: sp.Sum) -> bool:
    """Whether a product in the addend has the part as a factor of its own."""
    return any(part in product.args for product in addend.atoms(sp.Mul))


def abbreviations(model: Model) -> tuple[Abbreviation, ...]:
    """The linear predictors of what is observed, where there are some that deserve a letter."""
    observed = [f for f in model.p if model.variable(f.of[0]).role == "observed"]
    return next((found for f in observed if (found := _of_factor(model, f))), ())


def _of_factor(model: Model, factor: Factor) -> tuple[Abbreviation, ...]:
    plate = model.plate(factor.name)
    inside = [] if factor.family.location is not None else list(factor.arguments)
    for argument in factor.arguments:
        inside += [f.args[0] for f in sorted(argument.atoms(sp.Function), key=str)]
    long = [
        e
        for e in dict.fromkeys(inside)
        if isinstance(e, sp.Add)
        and e.has(*VARIABLES)
        and any(isinstance(a, sp.Sum) for a in e.args)
        and plate.index in e.free_symbols
    ]
    taken = {p.name for p in model.parameters} | {w.name for w in model.networks}
    free = [c for c in _LETTERS if c not in taken]
    found = (_named(name, e, model, factor) for name, e in zip(free, long, strict=False))
    return tuple(one for one in found if one is not None)


def _named(name: str, meaning: sp.Add, model: Model, factor: Factor) -> Abbreviation | None:
    """What stands for a long argument; None where that reads a variable of which there is one only."""
    plate = model.plate(factor.name)
    read = [v for v in factor.given if meaning.has(model.variable(v).lagged(v))]
    if not all(model.inner(v) for v in read):
        return None
    vectors = (model.inner(v)[-1].vector(model.entry(v)) for v in read)
    plates = model.inner(factor.of[0])
    others = [q.index for q in plates if q != plate and q.index in meaning.free_symbols]
    letter = NetworkValue(
        sp.Symbol(name, real=True), sp.Tuple(*others, plate.index), sp.Tuple(*vectors)
    )
    return Abbreviation(letter, meaning, plate.index)


def _indices(e: sp.Basic) -> set[sp.Basic]:
    return {i for a in e.atoms(sp.Indexed) for i in a.indices}


@lru_cache(maxsize=2**13)  # every part of every line is compared with what may be abbreviated
def _settled(e: sp.Basic) -> sp.Basic:
    """The expression with the same names for bound indices everywhere."""
    if not e.args:
        return e
    e = e.func(*(_settled(a) for a in e.args))
    if isinstance(e, sp.Sum):
        new = {lim[0]: sp.Symbol(f"_{lim[2]}", integer=True, positive=True) for lim in e.limits}
        return sp.Sum(e.function.xreplace(new), *((new[i], a, b) for i, a, b in e.limits))
    return e
