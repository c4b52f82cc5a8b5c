"""Clamps: maxima and minima of parameters. Where one is active it is a constant, and its parameter has no effect.

One that is never active, `Max(1, exp(s))` for positive s, is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sympy as sp

from entropysym.language.formula import args_of, derivative, of_type
from entropysym.language.heads import NetworkValue
from entropysym.language.matrices import Matrix, MatrixNetwork
from entropysym.language.records import Factor, Model
from entropysym.language.symbols import LatentArray


def is_clamped(model: Model, role: str) -> bool:
    """Whether a factor holds a clamp; a maximum of latents or networks belongs to the model's shape and is none."""
    found = set().union(*(a.atoms(sp.Max, sp.Min) for a in model.factor(role).arguments))
    return any(not c.has(LatentArray) and not c.atoms(NetworkValue) for c in found)


def without_idle_clamps(model: Model) -> Model:
    """The model with each clamp that is surely never active replaced by what it lets through; the same model in other words."""

    def idle(clamp: sp.Expr) -> sp.Expr:
        for kept in args_of(clamp):
            others = [a for a in args_of(clamp) if a is not kept]
            if all(_never_below(kept, a, clamp.func is sp.Max) for a in others):
                return kept
        return clamp

    def cleared(factor: Factor) -> Factor:
        return replace(factor, arguments=tuple(_clamps_replaced(a, idle) for a in factor.arguments))

    if not any(a.atoms(sp.Max, sp.Min) for f in model.factors for a in f.arguments):
        return model
    return model.with_laws(**{f.name: cleared(f) for f in model.factors})


def _clamps_replaced(
    argument: sp.Expr | Matrix, by: Callable[[sp.Expr], sp.Expr]
) -> sp.Expr | Matrix:
    """An argument of a factor with each clamp replaced; that of a matrix stands in the scalar before it."""
    replaced = argument.replace(lambda f: isinstance(f, (sp.Max, sp.Min)), by)
    return of_type(replaced, Matrix if isinstance(argument, Matrix) else sp.Expr)


def _never_below(kept: sp.Expr, other: sp.Expr, above: bool) -> bool:
    """Whether kept >= other (or <= other) at every value: the difference is monotone in one parameter and fits at the end of its range."""
    difference = kept - other if above else other - kept
    if difference.is_nonnegative:
        return True
    symbols = sorted(difference.free_symbols, key=str)
    if len(symbols) != 1 or symbols[0].is_positive is not True:
        return False
    lowest = difference.subs(symbols[0], 0)
    return (
        derivative(difference, symbols[0]).is_nonnegative is True and lowest.is_nonnegative is True
    )


def with_active_clamps(model: Model, role: str) -> Model:
    """The model with the constant of each of a factor's clamps in its place, and without what nothing reads any more."""
    learned = {p.symbol for p in model.parameters if p.learned}

    def active(clamp: sp.Expr) -> sp.Expr:
        branches = args_of(clamp)
        return next((a for a in branches if not any(a.has(s) for s in learned)), branches[0])

    clamped = model.factor(role)
    inside = tuple(_clamps_replaced(a, active) for a in clamped.arguments)
    freed = replace(clamped, arguments=inside)
    p, q = (tuple(freed if f == clamped else f for f in side) for side in (model.p, model.q))
    arguments = [a for f in (*q, *p) for a in f.arguments]
    kept = model.objective.formulas
    read = {v.name for a in arguments for v in a.atoms(NetworkValue, MatrixNetwork)}
    return replace(
        model,
        name=f"{model.name}_clamped",
        parameters=tuple(
            one for one in model.parameters if any(a.has(one.symbol) for a in [*arguments, *kept])
        ),
        networks=tuple(net for net in model.networks if net.name in read),
        p=p,
        q=q,
    )
