"""What the special functions on a page are: one sentence, its formulas printed like all others."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, count

import sympy as sp

from entropysym.language.formula import equation, of_type
from entropysym.language.functions import ROWS, SYMBOLS, Row, row_of
from entropysym.language.records import Model
from entropysym.pages.marks import Slope
from entropysym.pages.medium import Medium, listed
from entropysym.pages.printer import factorial_of

_LETTERS = ("u", "s", "w", "y", "r")


def about_functions(expressions: Iterable[sp.Basic], model: Model, m: Medium) -> str:
    """What each function is that readers may not know, and that its formula is written with; empty if there is none."""
    pending = {row for e in expressions for row in _rows_in(e)}
    letter = _letter(model)
    found: set[Row] = set()
    while pending:
        row = pending.pop()
        found.add(row)
        formula = row.formula(letter) if row.formula else sp.S.Zero
        pending |= _rows_in(formula) - found
    said = [_said(row, letter, m) for row in ROWS if row in found and (row.formula or row.words)]
    return f"Here {listed(said)}." if said else ""


def _letter(model: Model) -> sp.Symbol:
    """A letter that the model has no other use for."""
    named = (*model.parameters, *model.networks, *model.variables)
    taken = {record.name for record in named}
    more = (f"u_{k}" for k in count(1))
    return sp.Symbol(next(c for c in chain(_LETTERS, more) if c not in taken), real=True)


def _rows_in(e: sp.Basic) -> set[Row]:
    """The rows of the functions that are written by name; log x! is not."""
    rows = {row_of(f) for f in e.atoms(*SYMBOLS) if factorial_of(f) is None}
    return {row for row in rows if row is not None}


def _said(row: Row, letter: sp.Symbol, m: Medium) -> str:
    value = of_type(row.symbol(*row.order, letter), sp.Expr)
    if row.formula is None:
        return f"{m.math(value)} is {row.words}"
    formula = row.formula(letter)
    right = Slope(*formula.args[:1], letter) if isinstance(formula, sp.Derivative) else formula
    return f"{m.math(equation(value, right))}{row.words and f', {row.words}'}"
