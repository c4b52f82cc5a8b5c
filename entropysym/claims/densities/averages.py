"""One family at one setting of its arguments: the integral of its density and the means of its scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy as sp

from entropysym.claims.densities.anchors import anchors
from entropysym.claims.densities.evaluation import NoNumberError, Program, compiled, scanned
from entropysym.claims.densities.panels import Integral, integral
from entropysym.claims.densities.sums import count_sum, finite_sum
from entropysym.language.formula import derivative
from entropysym.language.records import Family
from entropysym.language.supports import Support, interval

#: Motions of the variable that stay inside a support: x + t, and x + t x.
_MOTIONS: dict[Support, tuple[str, ...]] = {"real": ("shift", "scale"), "positive": ("scale",)}

#: Binary digits of the second look.
BITS = 130


@dataclass(frozen=True)
class Formulas:
    """A family's log-density as a program, with what is averaged: its scores, then the derivatives of motions of the variable."""

    program: Program
    scan: Program
    scores: tuple[Any, ...]
    motions: tuple[str, ...]
    unknown: str

    @staticmethod
    def of(family: Family, still: frozenset[sp.Basic]) -> Formulas:
        """The formulas of a family; the arguments that stand `still` have no score that counts.

        Raises `NoNumberError` if the log-density has no numbers; `unknown` says why the scores have none.
        """
        x: Any = family.variable
        log_density = family.density
        leaves = frozenset(family.arguments)
        strays = log_density.free_symbols - leaves - {x}
        if strays:
            raise NoNumberError(f"{min(map(str, strays))} is no argument of {family.name}")
        free = tuple(a for a in family.arguments if a not in still)
        motions = _MOTIONS.get(family.support, ())
        try:
            slope = derivative(log_density, x) if motions else sp.S.Zero
            moved = [1 + x * slope if m == "scale" else slope for m in motions]
            scores = [derivative(log_density, a) for a in free]
            program, unknown = compiled(x, leaves, [log_density, *scores, *moved]), ""
        except NoNumberError as why:
            program, free, motions = compiled(x, leaves, [log_density]), (), ()
            unknown = str(why)
        try:
            scan = scanned(x, leaves, log_density)
        except NoNumberError:
            scan = program
        return Formulas(program, scan, free, motions, unknown)


@dataclass(frozen=True)
class Average:
    """A number with its error estimate; `size` is the average of the absolute value."""

    value: float
    error: float
    size: float = 1.0

    def holds(self, wanted: float) -> bool:
        """Within the error estimate of what is wanted, and that estimate small."""
        small = self.error <= 1e-7 * self.size
        return small and abs(self.value - wanted) <= max(1e-9 * self.size, 8 * self.error)

    def fails(self, wanted: float) -> bool:
        """Away from what is wanted by far more than the error estimate."""
        known = math.isfinite(self.value) and math.isfinite(self.error)
        return known and abs(self.value - wanted) > max(1e-7 * self.size, 1000 * self.error)


@dataclass(frozen=True)
class Averages:
    """The integral, the scores' means, the motions' means at one setting, and how they were found."""

    setting: Mapping[sp.Basic, Any]
    whole: Integral
    mass: Average
    scores: tuple[Average, ...]
    motions: tuple[Average, ...]

    @property
    def is_undefined(self) -> bool:
        return math.isnan(self.mass.value) or bool(self.whole.undefined)


def averages(
    formulas: Formulas,
    support: Support,
    setting: Mapping[sp.Basic, Any],
    *,
    extra: tuple[Any, ...] = (),
    bits: int | None = None,
) -> Averages:
    """The averages over a support; `extra` are more anchors, `bits` binary digits in place of floats."""
    bound, scan = formulas.program.at(setting), formulas.scan.at(setting)
    refined = len(formulas.scores)
    over = interval(support)
    if over is None:
        raise NoNumberError(f"densities of vectors ({support}) are not integrated")
    if over.whole and over.high is not None:
        whole = finite_sum(bound, int(over.high), bits)
    elif over.whole:
        whole = count_sum(bound, scan, refined, bits)
    else:
        ends = _number(over.low), _number(over.high)
        whole = integral(bound, anchors(scan, ends, extra), ends, refined, bits)
    left_out = whole.left_out
    mass = Average(whole.totals[0], whole.errors[0] + left_out)
    means = [
        Average(whole.totals[k], whole.errors[k] + left_out, whole.totals[k + 1])
        for k in range(1, len(whole.totals), 2)
    ]
    return Averages(setting, whole, mass, tuple(means[:refined]), tuple(means[refined:]))


def _number(end: sp.Expr | None) -> Any:
    return None if end is None else mpmath.mpf(str(sp.N(end, 60)))
