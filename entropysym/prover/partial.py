r"""Partial derivatives of expressions with sums and free indices: $\partial/\partial\alpha_h$ with h free, Kronecker sums resolved.

The derivative along a motion $p_i\to p_i+t\,u_i$ is $\sum_i\frac{\partial e}{\partial p_i}u_i$, linear in u. What stands with u at an index that a sum binds is taken at the free index:
$\sum_hc_hu_h$ gives $c_i$. So nothing is differentiated twice, and no delta is left but where both of its indices are free.
"""

from __future__ import annotations

import sympy as sp

from entropysym.errors import InputError, one_of, shown
from entropysym.language.algebra import distributed
from entropysym.language.formula import (
    arg_of,
    args_of,
    array_like,
    entry,
    of_type,
    sum_over,
)
from entropysym.language.heads import DataMean, NoiseExpectation, _Expectation, at_indices
from entropysym.language.records import Model
from entropysym.prover.motion import Motion

_CHANGE = sp.Symbol("change_of_parameter", real=True)

#: Where the change stands -> what stands with it.
_Slopes = dict[tuple[sp.Expr, ...], sp.Expr]


def derivative_by(e: sp.Expr, model: Model, name: str) -> sp.Expr:
    r"""$\partial e/\partial p$ for the parameter of this name, at its own free indices: $\partial e/\partial\alpha_h$.

    Raises `InputError` for a name that is no parameter, for a matrix, and where the parameter moves the law of an expectation or what an abstract network reads.
    """
    parameters = {p.name: p for p in model.parameters}
    if name not in parameters:
        raise one_of(name, parameters, "parameter")
    p = parameters[name]
    if p.is_matrix:
        raise InputError(
            f"{name} is a matrix, which has no derivative as a formula here; lower the expression and use jax.grad"
        )
    own = tuple(plate.index for plate in p.plates)
    change = entry(array_like(_CHANGE), *own) if own else _CHANGE
    try:
        moved = Motion([p], {name: change}, model=model).of(e)
    except InputError as reason:
        raise InputError(
            f"no derivative by {name} as a formula: {reason}; lower the expression and use jax.grad"
        ) from None
    targets = tuple(sp.Dummy(i.name, integer=True, positive=True) for i in own)
    total: sp.Expr = sp.S.Zero
    for at, slope in _slopes(distributed(moved), targets).items():
        deltas = (sp.KroneckerDelta(i, t) for i, t in zip(at, targets, strict=True) if i != t)
        total += slope * sp.Mul(*deltas)
    return at_indices(total, dict(zip(targets, own, strict=True))) if own else total


def _slopes(e: sp.Expr, targets: tuple[sp.Expr, ...]) -> _Slopes:
    """An expression that is linear in the change, by where the change stands."""
    if not _has_change(e):
        if e == 0:
            return {}
        raise InputError(f"{shown(str(e))} is not linear in the change")
    match e:
        case sp.Symbol():
            return {(): sp.S.One}
        case sp.Indexed():
            return {args_of(e, after=1): sp.S.One}
        case sp.Add():
            return _added(*(_slopes(a, targets) for a in args_of(e)))
        case sp.Mul():
            held = [a for a in args_of(e) if _has_change(a)]
            rest = sp.Mul(*(a for a in args_of(e) if not _has_change(a)))
            if len(held) != 1:
                raise InputError(f"{shown(str(e))} is not linear in the change")
            return {at: rest * slope for at, slope in _slopes(held[0], targets).items()}
        case sp.Sum():
            found = _slopes(arg_of(e, 0, sp.Expr), targets)
            for limits in e.limits:
                found = _summed(found, limits, targets)
            return found
        case DataMean():
            return {
                at: DataMean(slope, e.index) if slope.has(e.index) else slope
                for at, slope in _slopes(e.body, targets).items()
            }
        case _Expectation():
            found = _slopes(e.body, targets)
            if isinstance(e, NoiseExpectation) or not _has_change(sp.Tuple(*e.args[1:])):
                return {at: e.over(slope) for at, slope in found.items()}
    raise InputError(f"no partial derivative of {type(e).__name__}: {shown(str(e))}")


def _has_change(e: sp.Basic) -> bool:
    return e.has(_CHANGE)


def _added(*many: _Slopes) -> _Slopes:
    total: _Slopes = {}
    for found in many:
        for at, slope in found.items():
            total[at] = total.get(at, sp.S.Zero) + slope
    return total


def _summed(
    found: _Slopes, limits: tuple[sp.Basic, sp.Basic | int, sp.Basic], targets: tuple[sp.Expr, ...]
) -> _Slopes:
    r"""$\sum_jc_j\,\delta_{j,t}=c_t$, and $\sum_jc_j$ beside a change at other indices."""
    j = of_type(limits[0], sp.Symbol)
    total: _Slopes = {}
    for at, slope in found.items():
        place = next((k for k, i in enumerate(at) if i.has(j)), None)
        if place is None:
            one: _Slopes = {at: sum_over(slope, limits)}
        else:
            (value,) = sp.solve(at[place] - targets[place], j)
            chosen: dict[sp.Basic, sp.Basic] = {j: value}
            one = {
                tuple(of_type(i.xreplace(chosen), sp.Expr) for i in at): at_indices(slope, chosen)
            }
        total = _added(total, one)
    return total
