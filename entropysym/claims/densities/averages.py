"""One family at one setting of its arguments: the integral of its density and the means of its scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy as sp

from entropysym.claims.densities.anchors import anchors
from entropysym.claims.densities.evaluation import NoNumberError, Program, compiled
from entropysym.claims.densities.panels import Integral, integral
from entropysym.claims.densities.sums import binary_sum, count_sum
from entropysym.language.records import Family, Support

#: The ends of the continuous supports.
ENDS: dict[Support, tuple[Any, Any]] = {
    "real": (None, None),
    "positive": (mpmath.mpf(0), None),
    "unit": (mpmath.mpf(0), mpmath.mpf(1)),
}

#: Binary digits of the second look.
BITS = 130


@dataclass(frozen=True)
class Formulas:
    """A family's log-density as a program, with what is averaged: its scores, then the derivatives of motions of the variable."""

    program: Program
    scores: tuple[sp.Symbol, ...]
    motions: tuple[str, ...]
    unknown: str

    @staticmethod
    def of(family: Family, still: frozenset[sp.Symbol]) -> Formulas:
        """The formulas of a family; the arguments that stand `still` have no score that counts.

        Raises `NoNumberError` if the log-density has no numbers; `unknown` says why the scores have none.
        """
        x, log_density = family.variable, family.log_density
        leaves = frozenset(family.arguments)
        strays = log_density.free_symbols - leaves - {x}
        if strays:
            raise NoNumberError(f"{min(map(str, strays))} is no argument of {family.name}")
        free = tuple(a for a in family.arguments if a not in still)
        if family.support in ("binary", "count"):
            wanted, motions = [log_density], ()
        else:
            slope = log_density.diff(x)
            wanted = [log_density, slope]
            motions = {"real": ("shift", "scale"), "positive": ("scale",)}.get(family.support, ())
        scores = [log_density.diff(a) for a in free]
        moved = [1 + x * slope if m == "scale" else slope for m in motions]
        # The slope stands first, for its zeros are peaks; it is a moment only where a shift is.
        try:
            program = compiled(x, leaves, [*wanted, *scores, *moved], watched=len(wanted))
            outputs = (program.outputs[0], *program.outputs[len(wanted) :])
        except NoNumberError as why:
            program = compiled(x, leaves, [log_density], watched=1)
            return Formulas(program, (), (), str(why))
        program = Program(program.steps, outputs, program.switches, program.linear)
        return Formulas(program, free, motions, "")


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
        off = abs(self.value - wanted)
        return off > max(1e-7 * self.size, 1000 * self.error) and not math.isnan(off)

    def agrees(self, other: Average, wanted: float) -> bool:
        """The same distance from what is wanted, to a thousandth."""
        return abs(self.value - other.value) <= 1e-3 * abs(self.value - wanted)


@dataclass(frozen=True)
class Averages:
    """The integral, the scores' means, the motions' means at one setting, and how they were found."""

    setting: Mapping[sp.Symbol, Any]
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
    setting: Mapping[sp.Symbol, Any],
    *,
    extra: tuple[Any, ...] = (),
    bits: int | None = None,
) -> Averages:
    """The averages over a support; `extra` are more anchors, `bits` binary digits in place of floats."""
    bound = formulas.program.at(setting)
    refined = len(formulas.scores)
    if support == "binary":
        whole = binary_sum(bound, bits)
    elif support == "count":
        whole = count_sum(bound, refined, bits)
    else:
        ends = ENDS[support]
        whole = integral(bound, anchors(bound, ends, extra), ends, refined, bits)
    left_out = whole.left_out
    mass = Average(whole.totals[0], whole.errors[0] + left_out)
    means = [
        Average(whole.totals[k], whole.errors[k] + left_out, whole.totals[k + 1])
        for k in range(1, len(whole.totals), 2)
    ]
    return Averages(setting, whole, mass, tuple(means[:refined]), tuple(means[refined:]))
