"""The conditions of a theorem as data, in the order of the stored form."""

from __future__ import annotations

from collections.abc import Set

import sympy as sp

from entropysym.language.formula import array_name, array_of
from entropysym.language.heads import AbstractValue, NetworkValue
from entropysym.language.matrices import MatrixLetter, MatrixNetwork
from entropysym.language.noise import parents_first
from entropysym.language.records import Model
from entropysym.language.symbols import LatentArray
from entropysym.prover.derivation import Condition
from entropysym.prover.motion import Motions


def conditions(model: Model, direction: Motions, moving: tuple[str, ...]) -> tuple[Condition, ...]:
    """Ranges, normalisation, scores and base measures, finiteness, interchange, constraints, closure, inputs, stationarity.

    `moving`: the latents that are written as noise.
    """
    out = [Condition("range", p.name, p.range) for p in model.parameters if p.range != "real"]
    out += [Condition("range", w.name, w.range) for w in model.networks if w.range != "real"]
    for v in model.variables:
        if v.role != "latent" and v.support != "real":
            out.append(Condition("support", v.name, v.support))
    out += [Condition("start", lag.name, lag.start) for lag in model.lags]
    if model.counted:
        out += [Condition("counted", plate.size.name) for plate in model.data]
    for family in sorted(model.families, key=lambda f: f.name):
        out += [Condition("normalised", family.name), Condition("score", family.name)]
        if family.log_base_measure != 0:
            out.append(Condition("base_measure", family.name))
    out += [Condition("differentiable", name) for name in sorted(_unknown_functions(model))]
    out += [Condition("finite", "objective"), Condition("interchange", "objective")]
    out += [Condition("constraint", c.on, c.text) for c in model.constraints]
    out += [Condition("reparametrised", f.name) for f in model.q if {*f.of} & {*moving}]
    moved = [p for p in model.parameters if p.name in direction]
    out += [
        Condition("closed", f.name, p.name)
        for f in model.q
        for p in moved
        if any(a.has(p.symbol) for a in f.arguments)
    ]
    still = _inputs_that_stand_still(model, {p.symbol for p in moved}, moving)
    out += [Condition("lipschitz", w.name) for w in model.networks if w.name in still]
    kinds = {True: "tangent", False: "stationary"}
    out += [Condition(kinds[p.range == "simplex"], "objective", p.name) for p in moved]
    return tuple(out)


def refusal_conditions(model: Model, name: str) -> tuple[Condition, ...]:
    """What a witness that is about one factor of p rests on: regular families, laws of q that are those of p, and of a latent one networks of p and q that learn nothing."""
    factor = model.factor(name)
    frozen = [q for q in model.q if factor.of[0] in q.of]
    out = []
    for family in sorted(model.families, key=lambda f: f.name):
        out += [Condition("normalised", family.name), Condition("score", family.name)]
        if family.log_base_measure != 0:
            out.append(Condition("base_measure", family.name))
    out += [Condition("finite", "objective"), Condition("interchange", "objective")]
    out += [Condition("collapsed", q.name) for q in model.q if q not in frozen]
    arguments = [a for f in (*frozen, factor) for a in f.arguments] if frozen else []
    read = {v.name for a in arguments for v in a.atoms(NetworkValue, MatrixNetwork)}
    return (*out, *(Condition("frozen", w.name) for w in model.networks if w.name in read))


def _unknown_functions(model: Model) -> set[str]:
    """The names of abstract functions in families and arguments."""
    densities = (f for f in model.families if not f.is_any)
    formulas = [e for f in densities for e in (f.density, f.log_base_measure)]
    formulas += [a for f in model.factors for a in f.arguments]
    return {value.name for e in formulas for value in e.atoms(AbstractValue)}


def _inputs_that_stand_still(
    model: Model, moved: Set[sp.Basic], moving: tuple[str, ...]
) -> set[str]:
    """Networks with an input that names a moved parameter: it stands still to first order only, so the network must be locally Lipschitz.

    A latent that is noise names what its law names, and what those that it reads name.
    """
    drawn: dict[str, set[sp.Basic]] = {}
    for f in parents_first(model):
        if {*f.of} & {*moving}:
            named = set[sp.Basic]().union(*map(_named, f.arguments))
            drawn[f.of[0]] = named.union(*(drawn.get(name, set()) for name in f.given))
    found = set()
    for factor in model.factors:
        for value in (v for a in factor.arguments for v in a.atoms(NetworkValue, MatrixNetwork)):
            for vector in value.inputs:
                named = _named(vector.body)
                arrays = {array_of(i) for i in vector.body.atoms(sp.Indexed)}
                read = [array_name(a) for a in arrays if isinstance(a, LatentArray)]
                if named.union(*(drawn.get(name, set()) for name in read)) & moved:
                    found.add(value.name)
    return found


def _named(e: sp.Basic) -> set[sp.Basic]:
    """Symbols, arrays and matrices in an expression."""
    return e.free_symbols | {array_of(i) for i in e.atoms(sp.Indexed)} | e.atoms(MatrixLetter)
