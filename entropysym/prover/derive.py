r"""From a model record to a derivation: each step is computed from the one before.

definition → (reparametrise) → split → tempering or scaling of each factor → gap identity, at every parameter → stationarity as a
hypothesis → closed form. The rewriting functions below are the computation itself; the steps only record what they return.

Where a factor has no direction, what is left of it stands in the result as an explicit *excess*: the largest partial result that is true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.heads import (
    ROLES,
    Directional,
    Elbo,
    Entropy,
    LogBaseMeasure,
    LogDensity,
    ObjectiveValue,
)
from entropysym.language.matrices import Scaled
from entropysym.language.objective import (
    elbo,
    entropy_sum,
    latents_written_out,
    log_base_measures,
    objective,
    reparametrised,
    spelled_out,
)
from entropysym.language.records import Family, Model
from entropysym.language.store import model_record
from entropysym.prover.clamps import is_clamped, with_active_clamps
from entropysym.prover.conditions import conditions
from entropysym.prover.criterion import NoTempering, Tempering
from entropysym.prover.derivation import Condition, Derivation, Refusal, Rule, Step
from entropysym.prover.linearity import (
    addends,
    collected,
    distributed,
    exponentials_merged,
    vanishes,
)
from entropysym.prover.matching import factor_direction, family_direction
from entropysym.prover.motion import along
from entropysym.prover.refuting import rescue
from entropysym.prover.scaling import scaling_direction
from entropysym.prover.stationarity import scaling_condition, stationarity_conditions
from entropysym.verdict import Value, refuted, undecided


def derive(model: Model) -> Derivation | Refusal:
    """Derive the entropy sum of a model, or say which factor refuses, why, and what is true all the same.

    The result is not believed until the checker has replayed it.
    """
    for role in ("prior", "decoder"):
        if is_clamped(model, role):
            return _clamped(model, role)
    if model.encoder.family.log_base_measure != 0:
        name = model.encoder.family.name
        return _refusal(model, "encoder", f"the encoder's family {name} has a base measure")
    model_record(model)  # what cannot be stored is refused before the search, with its name
    families: dict[Family, Tempering] = {}
    for family in model.families:
        found = family_direction(family)
        if isinstance(found, NoTempering):
            return _refusal(
                model, "family", f"the entropy of {family.name} cannot be derived", found
            )
        families[family] = found
    entropies = {f: t.entropy for f, t in families.items()}

    decoder = factor_direction(model, "decoder")
    own = frozenset(_names(decoder)) if isinstance(decoder, Tempering) else frozenset()
    prior = factor_direction(model, "prior")
    attempts = [a for a in (prior, decoder) if isinstance(a, NoTempering)]
    scales = isinstance(prior, NoTempering)
    if scales:
        scaling = scaling_direction(model, entropies, own)
        if isinstance(scaling, NoTempering):
            attempts.append(scaling)
        else:
            attempts.remove(prior)
        prior = scaling
    scales = scales and isinstance(prior, Tempering)

    if isinstance(prior, Tempering) and isinstance(decoder, Tempering):
        try:
            return _derivation(model, families, {"prior": prior, "decoder": decoder}, scales)
        except InputError as reason:
            return Refusal(
                model,
                "model",
                str(reason),
                (),
                undecided(f"no common direction: {reason}"),
                _partial(model, families, {"decoder": decoder}, False),
            )
    role, reason = (
        ("decoder", "the decoder has no tempering direction")
        if isinstance(decoder, NoTempering)
        else (
            "prior",
            "the prior has no tempering direction and no scaling symmetry replaces it",
        )
    )
    temperings = {
        r: t for r, t in (("prior", prior), ("decoder", decoder)) if isinstance(t, Tempering)
    }
    partial = _partial(model, families, temperings, scales) if temperings else None
    return _refusal(model, role, reason, *attempts, partial=partial)


def _names(found: Tempering) -> dict[str, sp.Basic]:
    """Motions by parameter name: the entry alpha2[h] is the parameter alpha2."""
    return {
        e.base.label.name if isinstance(e, sp.Indexed) else e.name: v
        for e, v in found.direction.items()
    }


def _refusal(
    model: Model, role: str, reason: str, *attempts: NoTempering, partial: Derivation | None = None
) -> Refusal:
    shown = [a.certificate for a in attempts if a.certificate is not None]
    open_question = rescue(model, role, partial)
    said = (reason, *(a.reason for a in attempts), *([open_question] if open_question else []))
    why = "; ".join(said)
    certified = bool(shown) and not open_question
    verdict = refuted(why, "certificate") if certified else undecided(why)
    return Refusal(model, role, reason, attempts, verdict, partial)


def _partial(
    model: Model,
    families: Mapping[Family, Tempering],
    temperings: Mapping[str, Tempering],
    scales: bool,
) -> Derivation | None:
    """What the directions that there are leave, or None where not even that is shown."""
    try:
        return _derivation(model, families, temperings, scales)
    except (
        InputError
    ):  # the encoder moves too, an input of a network does, or the algebra does not see it
        return None


def _clamped(model: Model, role: str) -> Refusal:
    """What is known of a model with a clamp: what is known of it where the clamp is active."""
    found = derive(with_active_clamps(model, role))
    reason = (
        f"the {role} is clamped: where the clamp is active, the derivative by its parameter is 0 whatever the gap, "
        "so stationarity says nothing about it"
    )
    if isinstance(found, Derivation):
        why = f"{reason}; with the constant in its place equality follows without it"
        return Refusal(model, role, reason, (), undecided(why), found)
    if found.verdict.value is Value.REFUTED:
        reason = f"{reason}; equality holds only where the clamp is inactive"
    why = f"{reason}; {found.verdict.reason}"
    return Refusal(
        model, role, reason, found.attempts, replace(found.verdict, reason=why), found.partial
    )


def common_direction(model: Model, temperings: Mapping[str, Tempering]) -> dict[str, sp.Basic]:
    r"""$v=v_{\rm prior}/w+v_{\rm dec}$, where w weighs prior and encoder entropy in the objective.

    A parameter that both factors move must move the same way; otherwise `InputError`.
    """
    decoder = _names(temperings["decoder"]) if "decoder" in temperings else {}
    prior = _names(temperings["prior"]) if "prior" in temperings else {}
    weight = model.objective.weight
    out: dict[str, sp.Basic] = {}
    for name, v in prior.items():
        out[name] = Scaled(v.args[0] / weight, v.args[1]) if isinstance(v, Scaled) else v / weight
    for name, v in decoder.items():
        if name in out and out[name] != v:
            raise InputError(
                f"the parameter {name} is shared by prior and decoder, whose directions move it differently: {out[name]} for the prior, {v} for the decoder"
            )
        out[name] = v
    return {p.name: out[p.name] for p in model.parameters if p.name in out}


def _derivation(
    model: Model,
    families: Mapping[Family, Tempering],
    temperings: Mapping[str, Tempering],
    scales: bool,
) -> Derivation:
    entropies = {f: t.entropy for f, t in families.items()}
    direction = common_direction(model, temperings)
    spelled = spelled_out(model, elbo(model), entropies)
    sum_ = spelled_out(model, entropy_sum(model), entropies)
    excess = _excess(model, entropies, temperings, direction, scales)
    _demand_gap_identity(model, entropies, excess, direction, scales)
    stationarity = stationarity_conditions(model, entropies)
    if scales:
        per_latent = scaling_condition(model, entropies, _names(temperings["prior"]))
        if per_latent is not None:
            stationarity["scaling"] = per_latent
    steps = _steps(model, direction, entropies, temperings, excess, scales)
    return Derivation(
        model=model,
        steps=steps,
        direction=direction,
        conditions=conditions(model, direction, scales),
        entropies=families,
        temperings=temperings,
        elbo=spelled,
        gap=exponentials_merged(distributed(spelled - sum_)),
        excess=excess,
        entropy_sum=steps[-1].after,
        stationarity=stationarity,
    )


def _excess(
    model: Model,
    entropies: Mapping[Family, sp.Expr],
    temperings: Mapping[str, Tempering],
    direction: Mapping[str, sp.Basic],
    scales: bool,
) -> sp.Expr:
    r"""What is left at stationary points: $\Delta$ of each factor without a direction, and $v\cdot\nabla\mathcal R$ of a penalty."""
    left: sp.Expr = along(model.objective.penalty, model, direction)
    for role in ("prior", "decoder"):
        if role not in temperings:
            left += delta(model, role)
            if (
                not scales
            ):  # a factor may be moved by what the other one needs; a scaling leaves it alone
                term = spelled_out(model, density_term(model, role), entropies)
                left -= along(term, model, direction)
    left = spelled_out(model, left, entropies)
    left = distributed(reparametrised(left) if scales else left)
    return exponentials_merged(left)


def density_term(model: Model, role: str) -> sp.Expr:
    """The addend of the ELBO that holds a factor's log-density, with heads."""
    found = [
        a for a in addends(distributed(elbo(model))) if _has_role(a, role) and a.has(LogDensity)
    ]
    return sp.Add(*found)


def delta(model: Model, role: str) -> sp.Expr:
    r"""$\Delta_{\rm prior}$ or $\Delta_{\rm dec}$ with heads: the averaged $\log p-\log h+\tilde{\mathcal H}$ of a factor."""
    with_density, with_entropy = elbo(model), entropy_sum(model)
    of_density = [a for a in addends(distributed(with_density)) if _has_role(a, role)]
    of_entropy = [a for a in addends(distributed(with_entropy)) if _has_role(a, role)]
    return sp.Add(*of_density) - sp.Add(*of_entropy)


def _has_role(addend: sp.Expr, role: str) -> bool:
    return any(h.role == role for h in addend.atoms(LogDensity, Entropy, LogBaseMeasure))


def _demand_gap_identity(
    model: Model,
    entropies: Mapping[Family, sp.Expr],
    excess: sp.Expr,
    direction: Mapping[str, sp.Basic],
    scales: bool,
) -> None:
    """Raise `InputError` unless the factors' directions, moved together, give the gap: a parameter may serve two factors."""
    maximised, value, sum_ = (
        spelled_out(model, e, entropies)
        for e in (objective(model), elbo(model), entropy_sum(model))
    )
    if scales:
        maximised, value, sum_ = (reparametrised(e) for e in (maximised, value, sum_))
    left = along(maximised, model, direction) - value + sum_ + excess
    if not vanishes(latents_written_out(left)):
        read = {
            name: [
                role for role in ROLES if any(a.has(p.symbol) for a in model.factor(role).arguments)
            ]
            for name, p in ((p.name, p) for p in model.parameters if p.name in direction)
        }
        shared = "".join(
            f"; {name} is read by {' and '.join(roles)}"
            for name, roles in read.items()
            if len(roles) > 1
        )
        raise InputError(
            f"moving {', '.join(direction)} together is not shown to give the gap{shared}"
        )


def _steps(
    model: Model,
    direction: Mapping[str, sp.Basic],
    entropies: Mapping[Family, sp.Expr],
    temperings: Mapping[str, Tempering],
    excess: sp.Expr,
    scales: bool,
) -> tuple[Step, ...]:
    steps: list[Step] = []

    def add(rule: Rule, after: sp.Basic, *conditions: Condition) -> sp.Expr:
        before = steps[-1].after if steps else Elbo()
        steps.append(Step(rule, before, after, conditions))
        return after

    now = add("definition", elbo(model), Condition("finite", "objective"))
    if scales:
        now = add("reparametrise", reparametrised(now), Condition("reparametrised", "encoder"))
    now = add("split", distributed(now))
    for role in ("decoder", "prior") if scales else ("prior", "decoder"):
        if role not in temperings:
            continue
        rule: Rule = "scaling" if scales and role == "prior" else "tempering"
        score = Condition("score", model.factor(role).family.name)
        now = add(rule, tempered(model, now, role, with_encoder=rule == "scaling"), score)
    now = add(
        "gap",
        with_one_derivative(model, now, excess, scales),
        Condition("interchange", "objective"),
    )
    maximised = Elbo() if model.objective.is_elbo else ObjectiveValue()
    stationary = [Condition("stationary", "objective", name) for name in direction]
    now = add("stationary", now - Directional(maximised), *stationary)
    sum_ = spelled_out(model, entropy_sum(model, reparametrised=scales), entropies)
    closed = exponentials_merged(collected(distributed(sum_ + excess), model.sizes))
    families = sorted({f.name for f in model.families})
    add("closed_form", closed, *(Condition("score", f) for f in families))
    return tuple(steps)


def tempered(model: Model, expression: sp.Expr, role: str, *, with_encoder: bool) -> sp.Expr:
    r"""Apply the averaged (T) to a factor: $\overline{\mathbb E\log p}=\overline{\mathbb E\log h}-\overline{\mathbb E\,\tilde{\mathcal H}}+v\cdot\nabla\overline{\mathbb E\log p}$.

    With `with_encoder` the encoder's entropy moves too and stands beside log p under the derivative (scaling symmetry). The prior's
    derivative carries the objective's weight, because its direction was divided by it.
    """
    total: sp.Expr = sp.S.Zero
    weight = model.objective.weight if role == "prior" else sp.S.One
    companion = sum(
        (a for a in addends(expression) if any(h.role == "encoder" for h in a.atoms(Entropy))),
        sp.S.Zero,
    )
    for addend in addends(expression):
        heads = [h for h in addend.atoms(LogDensity) if h.role == role]
        if not heads or addend.has(Directional):
            total += addend
            continue
        left = {h: log_base_measures(model, h) - Entropy(role) for h in heads}
        moved = addend + companion if with_encoder else addend
        total += distributed(addend.xreplace(left)) + weight * Directional(moved)
    return total


def with_one_derivative(
    model: Model, expression: sp.Expr, excess: sp.Expr, scales: bool
) -> sp.Expr:
    r"""Gather the factors' derivatives into that of the objective; a factor without a direction leaves entropy and excess."""
    maximised = Elbo() if model.objective.is_elbo else ObjectiveValue()
    sum_ = distributed(entropy_sum(model, reparametrised=scales))
    return sum_ + excess + Directional(maximised)
