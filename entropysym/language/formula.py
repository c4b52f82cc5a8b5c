r"""Formulas and their parts with the types that they have.

SymPy calls every argument of an expression, every array and whatever a rewriting returns `Basic`, which can be neither added nor indexed. The
functions here say what it is, and check it: what is not of the type that was asked for raises `TypeError` where it came up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar, overload

import sympy as sp

#: A real-valued scalar expression of the language.
Formula: TypeAlias = sp.Expr

Node = TypeVar("Node", bound=sp.Basic)
Old = TypeVar("Old", bound=sp.Basic)
New = TypeVar("New", bound=sp.Basic)


def of_type(e: object, kind: type[Node]) -> Node:
    """The expression itself, which is of this kind."""
    if isinstance(e, kind):
        return e
    raise TypeError(f"{e} is no {kind.__name__} but a {type(e).__name__}")


def arg_of(e: sp.Basic, position: int, kind: type[Node]) -> Node:
    """One argument of an expression."""
    return of_type(e.args[position], kind)


@overload
def args_of(e: sp.Basic, *, after: int = 0) -> tuple[Formula, ...]: ...
@overload
def args_of(e: sp.Basic, kind: type[Node], *, after: int = 0) -> tuple[Node, ...]: ...
def args_of(e: sp.Basic, kind: type[sp.Basic] = sp.Expr, *, after: int = 0) -> tuple[sp.Basic, ...]:
    """The arguments of an expression, the first few left out."""
    return tuple(of_type(a, kind) for a in e.args[after:])


def inside(e: sp.Basic) -> Formula:
    """What a function of one argument is taken of: u of log u."""
    (argument,) = args_of(e)
    return argument


def substituted(e: Formula, rule: Mapping[Old, New]) -> Formula:
    """The formula with parts exchanged for others."""
    return of_type(e.xreplace(dict(rule)), sp.Expr)


def replaced(
    e: Formula, which: Callable[[sp.Expr], object], by: Callable[[sp.Expr], sp.Basic]
) -> Formula:
    """The formula with the parts for which `which` holds replaced by what `by` makes of them."""
    return of_type(e.replace(which, by), sp.Expr)


def array_like(label: sp.Symbol) -> sp.IndexedBase:
    """The array with the name of a symbol, every entry with its assumptions."""
    return of_type(sp.IndexedBase(label), sp.IndexedBase)


def entry(array: sp.Basic, *indices: sp.Basic | int) -> sp.Indexed:
    """An entry of an array: $z_h$, $x_{nd}$."""
    return of_type(of_type(array, sp.IndexedBase)[indices], sp.Indexed)


def array_of(entry: sp.Indexed) -> sp.IndexedBase:
    """The array that an entry is of."""
    return arg_of(entry, 0, sp.IndexedBase)


def array_name(array: sp.IndexedBase) -> str:
    """The name of an array."""
    return str(array.label)


def sum_over(body: Formula, *limits: tuple[sp.Basic, sp.Basic | int, sp.Basic]) -> Formula:
    """A sum over indices: ``total(body, (h, 1, H))``."""
    return of_type(sp.Sum(body, *limits), sp.Expr)


def derivative(e: Formula, symbol: sp.Basic) -> Formula:
    """The partial derivative."""
    if not e.has(sp.Abs):
        return of_type(sp.diff(e, symbol), sp.Expr)
    hidden = replaced(
        e, lambda f: isinstance(f, sp.Abs), lambda f: of_type(_Size(inside(f)), sp.Expr)
    )
    slope = of_type(sp.diff(hidden, symbol), sp.Expr)
    return replaced(slope, lambda f: isinstance(f, _Size), lambda f: sp.Abs(inside(f)))


class _Size(sp.Function):
    """|u| of what is real: SymPy's derivative would ask whether it is, and log(1 - p) is not seen to be."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return of_type(sp.sign(inside(self)), sp.Expr)


def coefficient(e: Formula, symbol: sp.Expr, power: int = 1) -> Formula:
    """What stands with a power of a symbol."""
    return of_type(e.coeff(symbol, power), sp.Expr)


def equation(left: Formula, right: Formula = sp.S.Zero) -> sp.Eq:
    """left = right, also where SymPy would say true or false at once."""
    return of_type(sp.Eq(left, right, evaluate=False), sp.Eq)
