"""Sums of a density over 0, …, n or over all counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import mpmath

from entropysym.claims.densities.anchors import anchors
from entropysym.claims.densities.evaluation import Around, Bound, NoNumberError
from entropysym.claims.densities.panels import Integral, integral, total

#: Counts that are added one by one; the rest is an integral with corrections at its end (Euler and Maclaurin).
DIRECT = 2048

#: f' and f''' from seven neighbours, with the weights 1/12 and -1/720 of the corrections.
_FIRST = tuple(c / 60 for c in (-1, 9, -45, 0, 45, -9, 1))
_THIRD = tuple(c / 8 for c in (1, -8, 13, 0, -13, 8, -1))


def finite_sum(bound: Bound, last: int, bits: int | None) -> Integral:
    """The sums over 0, …, `last`. Raises `NoNumberError` for more of them than are added up."""
    if last >= 2 * DIRECT:
        raise NoNumberError(f"sums over 0, ..., {last} are not added up")
    rows = _rows(bound.around(mpmath.mpf(0)), [float(k) for k in range(last + 1)], bits)
    return _summed(rows, last + 1)


def count_sum(bound: Bound, scan: Bound, refined: int, bits: int | None) -> Integral:
    """The sums over 0, 1, 2, …: some terms one by one, then an integral.

    The error estimate is what the sums differ by when half as many terms are added one by one.
    """
    direct = DIRECT if bits is None else DIRECT // 8
    around = bound.around(mpmath.mpf(0))
    rows = _rows(around, [float(k) for k in range(direct + 4)], bits)
    whole = _summed([row[:direct] for row in rows], direct)
    if any(v != v for v in rows[0]):
        whole.totals = (math.nan, *whole.totals[1:])
        return whole
    between = around.log_density([direct + 0.37, direct + 1.61], 200)
    if any(v != v for v in between):
        return _without_tail(whole, around, bits)
    tails = []
    for start in (direct // 2, direct):
        places = anchors(scan, (mpmath.mpf(start), None))
        tail = integral(bound, places, (mpmath.mpf(start), None), refined, bits)
        whole.evaluations += tail.evaluations
        if tail.undefined:
            return _without_tail(whole, around, bits)
        tails.append((tail, [_corrected(row, start) for row in rows]))
    (near, near_ends), (far, far_ends) = tails
    if far.partial is not None:
        whole.partial = (0.0, float(direct - 1), whole.totals[0])
    totals, errors = [], []
    for k, near_sum in enumerate(whole.totals):
        value = near_sum + far.totals[k] + far_ends[k]
        halved = total(rows[k][: direct // 2]) + near.totals[k] + near_ends[k]
        totals.append(value)
        errors.append(whole.errors[k] + far.errors[k] + abs(value - halved))
    whole.totals, whole.errors, whole.left_out = tuple(totals), tuple(errors), far.left_out
    return whole


def _without_tail(whole: Integral, around: Around, bits: int | None) -> Integral:
    """The terms alone, where the density is no number between the counts; less than 1 is not held against it."""
    later = _rows(around, [math.ldexp(DIRECT, k) + k for k in range(30)], bits)[0]
    if any(later) or whole.totals[0] < 1 - 1e-9:
        whole.left_out = math.nan
    return whole


def _rows(around: Around, places: Sequence[float], bits: int | None) -> list[list[float]]:
    columns = around.outputs(places, bits)
    if bits is None and any(v != v for v in columns[0]):  # floats that overflow
        columns = around.outputs(places, 200)
    logs, *moments = columns
    weights = [_density(float(v)) for v in logs]
    rows = [weights]
    for moment in moments:
        row = [w * float(m) if w else 0.0 for w, m in zip(weights, moment, strict=True)]
        rows += [row, [abs(v) for v in row]]
    return rows


def _density(log: float) -> float:
    return math.exp(log) if log < 709 else (math.inf if log >= 709 else math.nan)


def _summed(rows: Sequence[Sequence[Any]], evaluations: int) -> Integral:
    whole = Integral([], evaluations=evaluations)
    whole.totals = tuple(map(total, rows))
    whole.errors = tuple(1e-14 * sum(map(abs, row)) for row in rows)
    return whole


def _corrected(row: Sequence[float], start: int) -> float:
    """What the sum from `start` on has beyond the integral from there."""
    around = row[start - 3 : start + 4]
    first = sum(c * v for c, v in zip(_FIRST, around, strict=True))
    third = sum(c * v for c, v in zip(_THIRD, around, strict=True))
    return row[start] / 2 - first / 12 + third / 720
