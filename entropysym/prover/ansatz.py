r"""Directions with unknown numbers: every free parameter may move by a multiple of itself plus a constant.

$v_\theta=w_\theta\,\theta+a_\theta$ with numbers $w_\theta,a_\theta$. What a direction has to satisfy is then a linear system in these numbers,
one equation for each function of data, latents and parameters that occurs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.heads import _Binder, _Expectation
from entropysym.language.matrices import Matrix, Scaled
from entropysym.language.records import Parameter
from entropysym.prover.criterion import solve_linear
from entropysym.prover.linearity import addends


@dataclass(frozen=True)
class Ansatz:
    """Motions by parameter name, at the parameter's own indices, and the unknown numbers in them."""

    motions: dict[str, sp.Basic]
    unknowns: tuple[sp.Symbol, ...]
    entries: dict[str, sp.Basic]


def free_motions(parameters: Iterable[Parameter]) -> Ansatz:
    """A multiple of itself for each parameter, plus a constant where its range allows one."""
    motions: dict[str, sp.Basic] = {}
    unknowns: list[sp.Symbol] = []
    entries: dict[str, sp.Basic] = {}
    for p in parameters:
        scale = sp.Dummy(f"w_{p.name}", real=True)
        unknowns.append(scale)
        entries[p.name] = p.entry
        if isinstance(p.entry, Matrix):
            motions[p.name] = Scaled(scale, p.entry)
            continue
        motions[p.name] = scale * p.entry
        if p.range == "real":
            shift = sp.Dummy(f"a_{p.name}", real=True)
            unknowns.append(shift)
            motions[p.name] += shift
    return Ansatz(motions, tuple(unknowns), entries)


def solved(ansatz: Ansatz, conditions: Sequence[sp.Expr]) -> dict[sp.Basic, sp.Basic] | None:
    """The motions, by parameter entry, for which every condition vanishes identically; None if there are none.

    Conditions are distributed expressions, affine in the unknowns. Numbers that stay free are 0; parameters that stay still are left out.
    """
    rows: list[list[sp.Expr]] = []
    right: list[sp.Expr] = []
    at_zero = dict.fromkeys(ansatz.unknowns, sp.S.Zero)
    for condition in conditions:
        for coefficient in _coefficients(condition, ansatz.unknowns).values():
            rows.append([coefficient.coeff(u) for u in ansatz.unknowns])
            right.append(-coefficient.xreplace(at_zero))
    found = solve_linear(rows, right)
    if found is None:
        return None
    values = dict(zip(ansatz.unknowns, found[0], strict=False)) if rows else at_zero
    motions = {
        ansatz.entries[name]: motion.xreplace(values) for name, motion in ansatz.motions.items()
    }
    return {
        e: v
        for e, v in motions.items()
        if v != 0 and not (isinstance(v, Scaled) and v.args[0] == 0)
    }


def _coefficients(expression: sp.Expr, unknowns: tuple[sp.Symbol, ...]) -> dict[sp.Expr, sp.Expr]:
    """Collect an expression that is affine in the unknowns by what multiplies them."""
    found: dict[sp.Expr, sp.Expr] = {}
    for addend in addends(expression):
        binders = addend.atoms(_Binder, _Expectation, sp.Sum)
        if any(b.has(*unknowns) for b in binders):
            raise InputError(f"an unknown is caught inside {addend}")
        others = [s for s in addend.free_symbols if s not in unknowns]
        coefficient, function = addend.as_independent(*others, *binders, as_Add=False)
        found[function] = found.get(function, sp.S.Zero) + coefficient
    return {f: sp.expand(c) for f, c in found.items() if sp.expand(c) != 0}
