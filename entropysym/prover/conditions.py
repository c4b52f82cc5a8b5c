"""The conditions of a theorem as data, in the order of the stored form."""

from __future__ import annotations

from collections.abc import Set

import sympy as sp

from entropysym.language.formula import array_of
from entropysym.language.heads import NetworkValue
from entropysym.language.matrices import MatrixLetter, MatrixNetwork
from entropysym.language.records import Model
from entropysym.language.symbols import LATENT
from entropysym.prover.derivation import Condition
from entropysym.prover.motion import Motions


def conditions(model: Model, direction: Motions, moving: bool) -> tuple[Condition, ...]:
    """Ranges, normalisation, scores and base measures, finiteness, interchange, constraints, closure, inputs, stationarity.

    `moving`: the direction moves the encoder.
    """
    out = [Condition("range", p.name, p.range) for p in model.parameters if p.range != "real"]
    out += [Condition("range", w.name, w.range) for w in model.networks if w.range != "real"]
    if model.decoder.family.support != "real":
        out.append(Condition("support", "x", model.decoder.family.support))
    for family in sorted(model.families, key=lambda f: f.name):
        out += [Condition("normalised", family.name), Condition("score", family.name)]
        if family.log_base_measure != 0:
            out.append(Condition("base_measure", family.name))
    out += [Condition("finite", "objective"), Condition("interchange", "objective")]
    out += [Condition("constraint", c.on, c.text) for c in model.constraints]
    if moving:
        out.append(Condition("reparametrised", "encoder"))
    moved = [p for p in model.parameters if p.name in direction]
    read = model.encoder.arguments
    out += [
        Condition("closed", "encoder", p.name) for p in moved if any(a.has(p.symbol) for a in read)
    ]
    still = _inputs_that_stand_still(model, {p.symbol for p in moved}, moving)
    out += [Condition("lipschitz", w.name) for w in model.networks if w.name in still]
    out += [Condition("stationary", "objective", p.name) for p in moved]
    return tuple(out)


def refusal_conditions(model: Model, kind: str) -> tuple[Condition, ...]:
    """What a witness rests on: regular families, and an encoder that is the prior (kind `decoder`), or a prior and an encoder whose networks learn nothing (kind `prior`)."""
    out = []
    for family in sorted({model.prior.family, model.decoder.family}, key=lambda f: f.name):
        out += [Condition("normalised", family.name), Condition("score", family.name)]
        if family.log_base_measure != 0:
            out.append(Condition("base_measure", family.name))
    out += [Condition("finite", "objective"), Condition("interchange", "objective")]
    if kind == "decoder":
        return (*out, Condition("collapsed", "encoder"))
    arguments = (*model.prior.arguments, *model.encoder.arguments)
    read = {v.name for a in arguments for v in a.atoms(NetworkValue, MatrixNetwork)}
    return (*out, *(Condition("frozen", w.name) for w in model.networks if w.name in read))


def _inputs_that_stand_still(model: Model, moved: Set[sp.Basic], moving: bool) -> set[str]:
    """Networks with an input that names a moved parameter: it stands still to first order only, so the network must be locally Lipschitz."""
    drawn: set[sp.Basic] = set()
    encoder = model.encoder
    if moving and encoder.family.location is not None and encoder.family.scale is not None:
        for e in (encoder.family.location, encoder.family.scale):
            drawn |= _named(encoder.fill(e, model.latent))
    found = set()
    for factor in (model.prior, model.decoder, model.encoder):
        for value in (v for a in factor.arguments for v in a.atoms(NetworkValue, MatrixNetwork)):
            for vector in value.inputs:
                named = _named(vector.body) | (drawn if vector.body.has(LATENT) else set())
                if named & moved:
                    found.add(value.name)
    return found


def _named(e: sp.Basic) -> set[sp.Basic]:
    """Symbols, arrays and matrices in an expression."""
    return e.free_symbols | {array_of(i) for i in e.atoms(sp.Indexed)} | e.atoms(MatrixLetter)
