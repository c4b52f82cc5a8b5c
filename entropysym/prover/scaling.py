r"""The scaling symmetry that serves a prior without parameters of its own.

$N(0,I)$ cannot be tempered by moving its parameters: it has none. But where the decoder reads z only through a free first layer and
the encoder can be rescaled, $z_h\to e^{s}z_h$ leaves the reconstruction alone and moves entropy and prior term, so that
$$\Delta_{\rm prior}=\overline{\mathbb E_{q_n}\log p_\Theta(z)}+\mathcal H[p_\Theta(z)]
  =v\cdot\nabla\bigl(\overline{\mathcal H[q_n]}+\overline{\mathbb E_{q_n}\log p_\Theta(z)}\bigr).$$
The field is found, not looked up: every free parameter is allowed to move by a multiple of itself plus a constant, and matching the
coefficients of both conditions (reconstruction unmoved, identity above) is a linear system in these numbers.
"""

from __future__ import annotations

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.heads import DataMean, Entropy, LogDensity, _Binder, _Expectation
from entropysym.language.objective import (
    encoder_expectation,
    latents_written_out,
    spelled_out,
)
from entropysym.language.records import Family, Model
from entropysym.language.symbols import n
from entropysym.prover.criterion import NoTempering, Tempering, solve_linear
from entropysym.prover.linearity import addends, distributed
from entropysym.prover.motion import along


def scaling_direction(
    model: Model, entropies: dict[Family, sp.Expr], own: frozenset[str]
) -> Tempering | NoTempering:
    """The scaling field for the prior; parameters in `own` already have a direction and stay still."""
    constrained = {c.on for c in model.constraints}
    free = [p for p in model.parameters if p.learned and p.name not in constrained | own]
    unknowns: list[sp.Symbol] = []
    ansatz: dict[str, sp.Expr] = {}
    for p in free:
        scale = sp.Dummy(f"w_{p.name}", real=True)
        unknowns.append(scale)
        ansatz[p.name] = scale * p.entry
        if p.range == "real":
            shift = sp.Dummy(f"a_{p.name}", real=True)
            unknowns.append(shift)
            ansatz[p.name] += shift
    encoder = DataMean(Entropy("encoder", n), n)
    prior = DataMean(encoder_expectation(model, LogDensity("prior"), reparametrised=True), n)
    decoder = DataMean(encoder_expectation(model, LogDensity("decoder", n), reparametrised=True), n)
    encoder, prior, decoder, prior_entropy = (
        spelled_out(model, e, entropies) for e in (encoder, prior, decoder, Entropy("prior"))
    )
    try:
        unmoved = along(decoder, model, ansatz)
        tempered = along(encoder + prior, model, ansatz) - prior - prior_entropy
    except InputError as reason:
        return NoTempering(f"no scaling of the latents can be written: {reason}")
    rows, right = [], []
    for condition in (unmoved, tempered):
        written_out = distributed(latents_written_out(condition), powers=True)
        for coefficient in _coefficients(written_out, unknowns).values():
            rows.append([coefficient.coeff(u) for u in unknowns])
            right.append(-coefficient.xreplace(dict.fromkeys(unknowns, sp.S.Zero)))
    solved = solve_linear(rows, right)
    if solved is None:
        return NoTempering(
            "no rescaling of the learned parameters leaves the reconstruction unchanged and rescales the encoder"
        )
    values = dict(zip(unknowns, solved[0], strict=True))
    direction = {p.entry: ansatz[p.name].xreplace(values) for p in free}
    return Tempering(
        direction={e: v for e, v in direction.items() if v != 0}, entropy=prior_entropy
    )


def _coefficients(expression: sp.Expr, unknowns: list[sp.Symbol]) -> dict[sp.Expr, sp.Expr]:
    """Collect an expression that is affine in the unknowns by what multiplies them."""
    found: dict[sp.Expr, sp.Expr] = {}
    for addend in addends(expression):
        if any(b.has(*unknowns) for b in addend.atoms(_Binder, _Expectation, sp.Sum)):
            raise InputError(f"an unknown is caught inside {addend}")
        coefficient, monomial = addend.as_independent(*_not(addend, unknowns), as_Add=False)
        found[monomial] = found.get(monomial, sp.S.Zero) + coefficient
    return {m: sp.expand(c) for m, c in found.items() if sp.expand(c) != 0}


def _not(addend: sp.Expr, unknowns: list[sp.Symbol]) -> list[sp.Basic]:
    return [s for s in addend.free_symbols if s not in unknowns] + list(addend.atoms(_Binder, _Expectation, sp.Sum))
