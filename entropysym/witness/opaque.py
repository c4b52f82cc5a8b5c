r"""Entropies that are not known in closed form: in a true identity they cancel, so anything may stand for them, as long as it is the same on both sides.

* An encoder with location and scale has $\mathcal H=\sum\log\text{scale}+\mathcal H_0$, where $\mathcal H_0$ depends on the arguments that location and scale do not name.
* For any other encoder the entropy is a number for each datum, which `Points` holds.
* That of a prior or decoder may depend on all its arguments.

What stands for the unknown part is a smooth function of the arguments, which a wrong claim that moves them does not survive.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from entropysym.language.formula import substituted
from entropysym.language.heads import Entropy
from entropysym.language.matrices import LogDet, Matrix
from entropysym.language.objective import whole_factor
from entropysym.language.records import Family, Model
from entropysym.lowering.signature import is_weighted

ClosedForms = Mapping[Family, sp.Expr]


def stood_in(model: Model, expression: sp.Expr, closed: ClosedForms | None = None) -> sp.Expr:
    """The expression with a formula for each entropy; one that is a number for each datum stays as the head.

    `closed` has the entropies that are known, in the arguments of their families.
    """
    known = {}
    for of in expression.atoms(Entropy):
        formula = entropy_formula(model, of.role, closed or {})
        if formula is not None:
            known[of] = formula
    return substituted(expression, known)


def entropy_formula(model: Model, role: str, closed: ClosedForms) -> sp.Expr | None:
    """The entropy of a whole factor; None for an encoder whose entropy is a number for each datum."""
    factor = model.factor(role)
    family = factor.family
    if family.is_any:
        return None
    found = closed.get(family)
    if factor in model.q and family.log_base_measure != 0:
        found = (
            None  # what is known in closed form is a pseudo entropy, which is none of an encoder's
        )
    if model.is_plain and factor in model.q and is_weighted(family) and found is None:
        return None
    return whole_factor(model, role, _one(family) if found is None else found)


def _one(family: Family) -> sp.Expr:
    """For one index of the plate, or a whole vector."""
    if family.location is None or family.scale is None:
        return _any_function(family.arguments)
    named = family.location.free_symbols | family.scale.free_symbols
    return sp.log(family.scale) + _any_function(a for a in family.arguments if a not in named)


def _any_function(arguments: Iterable[sp.Basic]) -> sp.Expr:
    parts = []
    for k, a in enumerate(arguments):
        if isinstance(a, Matrix):
            parts.append(sp.tanh(LogDet(a)) / (k + 2))
        elif isinstance(a, sp.Symbol):
            parts.append(sp.tanh(a / 3) / (k + 2))
    return sp.Add(sp.Rational(1, 7), *parts)
