r"""Certificates of refusal: points at which a log-density is provably no combination of the scores and of functions that x is not in.

The determinant of a square matrix of values is exact where the values are rational, and enclosed in an interval without zero elsewhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy as sp

from entropysym.language.functions import Sigmoid, Softplus

#: Binary digits of the interval arithmetic.
_PRECISION = 200


@dataclass(frozen=True)
class Certificate:
    r"""Why no direction exists: at these rational points $\log p-\log h$ is no combination of the scores and what x is not in.

    The matrix has a row for each point and a column for each of `columns`, up to terms free of x; a column 1 stands for one value of
    what the density is conditioned on, and is 0 at points with another. The determinant is a rational other than zero, or
    `AccumBounds` with a rigorous lower and upper bound that exclude zero.
    """

    parameters: Mapping[sp.Symbol, sp.Rational]
    points: tuple[Mapping[sp.Symbol, sp.Rational], ...]
    columns: tuple[sp.Expr, ...]
    matrix: sp.ImmutableMatrix
    determinant: sp.Expr


def certificate(
    scores: Sequence[sp.Expr],
    tempered: sp.Expr,
    over: frozenset[sp.Symbol],
    given: frozenset[sp.Symbol],
) -> Certificate | None:
    """Look for points that show `tempered` outside the span of the scores and of functions of `given`; None if none were found.

    The expressions are taken up to terms free of x: those are taken up by the columns 1.
    """
    columns = [*scores, tempered]
    symbols = set().union(*(c.free_symbols for c in columns)) - over - given
    values = {t: sp.Rational(2 * i + 3, 2 * i + 7) for i, t in enumerate(sorted(symbols, key=str))}
    for conditions in range(1, 5 if given else 2):
        # All that is conditioned on varies together, each in its own order.
        settings = [
            {
                g: _GRID[(j * (2 * i + 1) + i) % len(_GRID)]
                for i, g in enumerate(sorted(given, key=str))
            }
            for j in range(conditions)
        ]
        points = [{**x, **g} for g in settings for x in _places(over, 8)]
        table = sp.Matrix(
            [
                [
                    *(sp.Integer(all(p[k] == v for k, v in g.items())) for g in settings),
                    *(c.xreplace(values).xreplace(p) for c in columns),
                ]
                for p in points
            ]
        )
        square = _independent(table)
        if square is None:
            continue
        rows, kept = square
        matrix = table[rows, kept]
        determinant = _determinant(matrix)
        if determinant is not None:
            named = [sp.S.One] * len(settings) + columns
            return Certificate(
                parameters=values,
                points=tuple(points[r] for r in rows),
                columns=tuple(named[c] for c in kept),
                matrix=sp.ImmutableMatrix(matrix),
                determinant=determinant,
            )
    return None


_GRID = [sp.Rational(k, 4) for k in (1, 3, 2, 5, 7, 9, 11, 13)]


def _places(over: frozenset[sp.Symbol], most: int) -> list[dict[sp.Symbol, sp.Rational]]:
    ordered = sorted(over, key=str)
    found = itertools.islice(itertools.product(_GRID, repeat=len(ordered)), most)
    return [dict(zip(ordered, p, strict=True)) for p in found]


def _independent(table: sp.Matrix) -> tuple[list[int], list[int]] | None:
    """Rows and columns of a square part whose last column is independent of the rest, chosen in floating point; a guess to be proved."""
    with mpmath.workprec(_PRECISION):
        numbers = [[mpmath.mpf(sp.N(e, 60)) for e in table.row(r)] for r in range(table.rows)]
        last = table.cols - 1
        kept = _pivots([list(c) for c in zip(*numbers, strict=True)][:last])
        chosen = [[row[c] for c in (*kept, last)] for row in numbers]
        rows = _pivots(chosen)
    return (rows, [*kept, last]) if len(rows) == len(kept) + 1 else None


def _pivots(vectors: list[list[Any]]) -> list[int]:
    """Indices of vectors that are independent of those before them."""
    basis: list[tuple[int, list[Any]]] = []
    found = []
    for k, vector in enumerate(vectors):
        rest = list(vector)
        for place, b in basis:
            factor = rest[place] / b[place]
            rest = [x - factor * y for x, y in zip(rest, b, strict=True)]
        place = max(range(len(rest)), key=lambda i: abs(rest[i]))
        if abs(rest[place]) > mpmath.mpf(10) ** -25:
            basis.append((place, rest))
            found.append(k)
    return found


def _determinant(matrix: sp.Matrix) -> sp.Expr | None:
    """Exact for rational entries, else bounds that exclude zero; None if zero is not excluded."""
    if all(e.is_Rational for e in matrix):
        exact = matrix.det()
        return exact if exact != 0 else None
    context = mpmath.iv
    before, context.prec = context.prec, _PRECISION
    try:
        entries = [[_enclosed(e) for e in matrix.row(r)] for r in range(matrix.rows)]
        value = _expanded(entries)
        if value.a <= 0 <= value.b:
            return None
        return sp.AccumBounds(*(sp.Float(mpmath.mpf(bound), 15) for bound in (value.a, value.b)))
    except (KeyError, ZeroDivisionError, ValueError):
        return None
    finally:
        context.prec = before


def _expanded(rows: list[list[Any]]) -> Any:
    """A determinant by expansion along the first row: no division, so bounds stay bounds."""
    if not rows:
        return mpmath.iv.mpf(1)
    total = mpmath.iv.mpf(0)
    for c, entry in enumerate(rows[0]):
        minor = [[*row[:c], *row[c + 1 :]] for row in rows[1:]]
        total += (-1) ** c * entry * _expanded(minor)
    return total


_ENCLOSED: dict[type, Callable[..., Any]] = {
    sp.exp: lambda a: mpmath.iv.exp(a),
    sp.log: lambda a: mpmath.iv.log(a),
    sp.Abs: lambda a: abs(a),
    Softplus: lambda a: mpmath.iv.log(1 + mpmath.iv.exp(a)),
    Sigmoid: lambda a: 1 / (1 + mpmath.iv.exp(-a)),
}


def _enclosed(e: sp.Expr) -> Any:
    """A rigorous enclosure of a number. Raises `KeyError` for a function that has none here."""
    if e.is_Rational:
        return mpmath.iv.mpf(int(e.p)) / int(e.q)
    if e is sp.pi:
        return mpmath.iv.pi
    if e is sp.E:
        return mpmath.iv.e
    parts = [_enclosed(a) for a in e.args]
    if e.is_Add:
        return sum(parts, mpmath.iv.mpf(0))
    if e.is_Mul:
        out = mpmath.iv.mpf(1)
        for p in parts:
            out *= p
        return out
    if e.is_Pow and e.exp.is_Integer:
        return parts[0] ** int(e.exp)
    if e.is_Pow:
        return mpmath.iv.exp(parts[1] * mpmath.iv.log(parts[0]))
    return _ENCLOSED[type(e)](*parts)
