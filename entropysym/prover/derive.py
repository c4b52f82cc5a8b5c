r"""From a model record to a derivation: each step is computed from the one before.

definition → (reparametrise) → split → tempering or scaling of each factor → gap identity, at every parameter → stationarity as a
hypothesis → closed form. The rewriting functions below are the computation itself; the steps only record what they return.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.heads import DataMean, Directional, Elbo, Entropy, LogDensity
from entropysym.language.objective import (
    elbo,
    entropy_sum,
    latents_written_out,
    reparametrised,
    spelled_out,
)
from entropysym.language.records import Family, Model
from entropysym.prover.criterion import (
    NoTempering,
    Tempering,
    factor_tempering,
    family_tempering,
)
from entropysym.prover.derivation import Condition, Derivation, Refusal, Rule, Step
from entropysym.prover.linearity import addends, collected, distributed
from entropysym.prover.motion import along
from entropysym.prover.scaling import scaling_direction
from entropysym.prover.stationarity import scaling_condition, stationarity_conditions
from entropysym.verdict import refuted, undecided


def derive(model: Model) -> Derivation | Refusal:
    """Derive the entropy sum of a model, or say which factor refuses and why.

    The result is not believed until the checker has replayed it.
    """
    families: dict[Family, Tempering] = {}
    for family in model.families:
        found = family_tempering(family)
        if isinstance(found, NoTempering):
            return _refusal(model, "family", f"the entropy of {family.name} cannot be derived", found)
        families[family] = found
    entropies = {f: t.entropy for f, t in families.items()}

    decoder = factor_tempering(model, "decoder")
    if isinstance(decoder, NoTempering):
        return _refusal(model, "decoder", "the decoder has no tempering direction", decoder)
    prior = factor_tempering(model, "prior")
    scales = isinstance(prior, NoTempering)
    stationarity = stationarity_conditions(model, entropies)
    if isinstance(prior, NoTempering):
        own = frozenset(_names(decoder))
        scaling = scaling_direction(model, entropies, own)
        if isinstance(scaling, NoTempering):
            return _refusal(
                model,
                "prior",
                "the prior has no tempering direction and no scaling symmetry replaces it",
                prior,
                scaling,
            )
        prior = scaling
        per_latent = scaling_condition(model, entropies, _names(scaling))
        if per_latent is not None:
            stationarity["scaling"] = per_latent
    temperings = {"prior": prior, "decoder": decoder}
    direction = {**_names(prior), **_names(decoder)}
    objective = elbo(model)
    spelled = spelled_out(model, objective, entropies)
    sum_ = spelled_out(model, entropy_sum(model), entropies)
    try:
        _demand_gap_identity(model, spelled, sum_, direction, scales)
    except InputError as reason:
        return Refusal(
            model, "model", str(reason), (), undecided(f"no common direction: {reason}")
        )
    steps = _steps(model, objective, direction, entropies, scales)
    return Derivation(
        model=model,
        steps=steps,
        direction=direction,
        conditions=_conditions(model, direction, scales),
        entropies=families,
        temperings=temperings,
        elbo=spelled,
        gap=distributed(spelled - sum_),
        entropy_sum=steps[-1].after,
        stationarity=stationarity,
    )


def _names(found: Tempering) -> dict[str, sp.Expr]:
    """Motions by parameter name: the entry alpha2[h] is the parameter alpha2."""
    return {
        e.base.label.name if isinstance(e, sp.Indexed) else e.name: v  # type: ignore[attr-defined]
        for e, v in found.direction.items()
    }


def _refusal(model: Model, role: str, reason: str, *attempts: NoTempering) -> Refusal:
    why = "; ".join((reason, *(a.reason for a in attempts)))
    # A certificate refutes the factor's own direction; that no symmetry replaces it is not certified.
    certified = len(attempts) == 1 and attempts[0].certificate is not None
    verdict = refuted(why, "certificate") if certified else undecided(why)
    return Refusal(model, role, reason, attempts, verdict)


def _demand_gap_identity(
    model: Model, objective: sp.Expr, sum_: sp.Expr, direction: Mapping[str, sp.Expr], scales: bool
) -> None:
    """Raise `InputError` unless the factors' directions, moved together, give the gap: a parameter may serve two factors."""
    if scales:
        objective, sum_ = reparametrised(objective), reparametrised(sum_)  # type: ignore[assignment]
    gap = along(objective, model, direction) - objective + sum_
    if distributed(latents_written_out(gap), powers=True) != 0:  # type: ignore[arg-type]
        moved = ", ".join(direction)
        raise InputError(
            f"moving {moved} together does not give the gap: a parameter is shared between factors that need it to move differently"
        )


def _steps(
    model: Model,
    objective: sp.Expr,
    direction: Mapping[str, sp.Expr],
    entropies: Mapping[Family, sp.Expr],
    scales: bool,
) -> tuple[Step, ...]:
    steps: list[Step] = []

    def add(rule: Rule, after: sp.Basic, *conditions: Condition) -> sp.Expr:
        before = steps[-1].after if steps else Elbo()
        steps.append(Step(rule, before, after, conditions))  # type: ignore[arg-type]
        return after  # type: ignore[return-value]

    families = sorted({f.name for f in model.families})
    now = add("definition", objective, Condition("finite", "elbo"))
    if scales:
        now = add("reparametrise", reparametrised(now), Condition("reparametrised", "encoder"))
    now = add("split", distributed(now))
    for role in ("decoder", "prior") if scales else ("prior", "decoder"):
        rule: Rule = "scaling" if scales and role == "prior" else "tempering"
        score = Condition("score", model.factor(role).family.name)
        now = add(rule, tempered(now, role, with_encoder=rule == "scaling"), score)
    now = add("gap", with_one_derivative(now), Condition("interchange", "elbo"))
    stationary = (Condition("stationary", "elbo", p) for p in _moved(model, direction))
    now = add("stationary", now - Directional(Elbo()), *stationary)
    closed = collected(distributed(spelled_out(model, now, entropies)), model.sizes)
    add("closed_form", closed, *(Condition("score", f) for f in families))
    return tuple(steps)


def tempered(expression: sp.Expr, role: str, *, with_encoder: bool) -> sp.Expr:
    r"""Apply the averaged (T) to a factor: $\overline{\mathbb E\log p}=-\overline{\mathbb E\,\mathcal H}+v\cdot\nabla\overline{\mathbb E\log p}$.

    With `with_encoder` the encoder's entropy moves too and stands beside log p under the derivative (scaling symmetry).
    """
    total: sp.Expr = sp.S.Zero
    companion = sum(
        (a for a in addends(expression) if any(h.role == "encoder" for h in a.atoms(Entropy))),
        sp.S.Zero,
    )
    for addend in addends(expression):
        heads = [h for h in addend.atoms(LogDensity) if h.role == role]
        if not heads or addend.has(Directional):
            total += addend
            continue
        entropy = distributed(addend.xreplace({h: Entropy(role) for h in heads}))
        total += -entropy + Directional(addend + companion if with_encoder else addend)
    return total


def with_one_derivative(expression: sp.Expr) -> sp.Expr:
    r"""Gather the factors' derivatives into $v\cdot\nabla\mathcal F$; the parts of the ELBO that do not move add nothing."""
    kept = [a for a in addends(expression) if not a.has(Directional)]
    return sp.Add(*kept, Directional(Elbo()))


def _moved(model: Model, direction: Mapping[str, sp.Expr]) -> list[str]:
    return [p.name for p in model.parameters if p.name in direction]


def _conditions(
    model: Model, direction: Mapping[str, sp.Expr], scales: bool
) -> tuple[Condition, ...]:
    """Every hypothesis of the theorem, in the order of the stored form."""
    encoder = DataMean(sp.Add(*model.encoder.arguments), sp.Symbol("n", integer=True, positive=True))
    out = [Condition("range", p.name, p.range) for p in model.parameters if p.range != "real"]
    out += [Condition("range", w.name, w.range) for w in model.networks if w.range != "real"]
    for name in sorted({f.name for f in model.families}):
        out += [Condition("normalised", name), Condition("score", name)]
    out += [Condition("finite", "elbo"), Condition("interchange", "elbo")]
    out += [Condition("constraint", c.on, c.text) for c in model.constraints]
    if scales:
        out.append(Condition("reparametrised", "encoder"))
    moved = [p for p in model.parameters if p.name in direction]
    out += [Condition("closed", "encoder", p.name) for p in moved if encoder.has(p.symbol)]
    out += [Condition("stationary", "elbo", p.name) for p in moved]
    return tuple(out)
