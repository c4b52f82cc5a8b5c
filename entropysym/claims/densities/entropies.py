r"""A family in numbers, in digits of one's own choice: its integral, the means of its scores, and
its entropy $\mathbb E[\log h-\log p]$ beside a formula for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sympy as sp

from entropysym.claims.densities.averages import BITS, Average, Averages, Formulas, averages
from entropysym.claims.densities.evaluation import Program, compiled
from entropysym.claims.densities.samples import Setting, settings
from entropysym.language.formula import of_type
from entropysym.language.records import Family

#: An average that floats know to this, relative to its size, is not looked at in many digits.
_KNOWN = 1e-13


@dataclass(frozen=True)
class Measured:
    """At one setting of the arguments: the integral, each score's mean (of motions of the variable
    too), the entropy, and what the formula says it is.
    """

    arguments: tuple[Any, ...]
    mass: Average
    scores: tuple[Average, ...]
    entropy: Average
    formula: float


def measured(family: Family, entropy: sp.Expr) -> Iterator[Measured]:
    """One family at several settings. Raises `NoNumberError` for a formula without numbers."""
    x, places = (
        of_type(family.variable, sp.Symbol),
        [of_type(a, sp.Symbol) for a in family.arguments],
    )
    leaves = frozenset(places)
    plain = Formulas.of(family, frozenset())
    surprise = family.log_base_measure - family.density
    scores = [family.density.diff(a) for a in places]
    slope = family.density.diff(x)
    moved = [1 + x * slope if motion == "scale" else slope for motion in plain.motions]
    program = compiled(x, leaves, [family.density, surprise, *scores, *moved])
    # What is called a score is integrated to the full precision.
    formulas = Formulas(program, plain.scan, (x, *places), plain.motions, "")
    derived = compiled(None, leaves, [entropy])
    for setting in settings(places, places):
        found = averages(formulas, family.support, setting)
        if not all(_is_known(a) for a in (found.mass, *found.scores)):
            found = _better(found, averages(formulas, family.support, setting, bits=BITS))
        surprised, *means = found.scores
        values = tuple(float(setting[a]) for a in places)
        every = (*means, *found.motions)
        yield Measured(values, found.mass, every, surprised, _value(derived, setting))


def _is_known(a: Average) -> bool:
    return a.error <= _KNOWN * a.size


def _better(first: Averages, second: Averages) -> Averages:
    return second if second.mass.error <= first.mass.error else first


def _value(program: Program, setting: Setting) -> float:
    return float(program.at(setting).constants[program.outputs[0]])
