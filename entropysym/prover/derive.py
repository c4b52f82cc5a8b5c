r"""From a model record to a derivation: each step is computed from the one before.

definition → (reparametrise) → split → tempering or scaling of each factor → gap identity, at every parameter → stationarity as a
hypothesis → closed form. The rewriting functions below are the computation itself; the steps only record what they return.

Where no direction serves all factors, what is left of the others stands in the result as an explicit *excess*: the largest partial result that is true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

import sympy as sp

from entropysym.errors import InputError, NotStorableError, WorkLimitError
from entropysym.families import FAMILIES
from entropysym.language.algebra import (
    addends,
    collected,
    counts_joined,
    distributed,
    exponentials_merged,
    limited_work,
)
from entropysym.language.formula import substituted
from entropysym.language.heads import (
    Directional,
    Elbo,
    Entropy,
    LogBaseMeasure,
    LogDensity,
    ObjectiveValue,
)
from entropysym.language.noise import noise, noise_form
from entropysym.language.objective import (
    InNoise,
    elbo,
    entropy_sum,
    head,
    log_base_measures,
    reparametrised,
    spelled_out,
    weight,
)
from entropysym.language.records import (
    COMPONENT,
    OTHER_OBJECTIVES,
    Family,
    Model,
    Objective,
    Parameter,
)
from entropysym.language.store import family_term, model_record, term
from entropysym.language.symbols import LatentArray
from entropysym.prover.clamps import is_clamped, with_active_clamps, without_idle_clamps
from entropysym.prover.conditions import conditions
from entropysym.prover.derivation import Condition, Derivation, Refusal, Rule, Step
from entropysym.prover.direction import Direction, joint_direction
from entropysym.prover.families import FamilyCertificate, family_certificate
from entropysym.prover.motion import Motions, along
from entropysym.prover.refusing import find_witness, missing
from entropysym.prover.stationarity import Equations
from entropysym.verdict import undecided

#: Addends that the search for one model may multiply out.
WORK = 30_000

Announce = Callable[[str], None]


def derive(
    model: Model, *, progress: Announce = lambda stage: None, work: int = WORK
) -> Derivation | Refusal:
    """Derive the entropy sum of a model, or say which factor refuses, why, and what is true all the same.

    The result is not believed until the checker has replayed it; a `Refusal` refutes nothing until its witness has been. `progress` is called with each stage.
    Raises `InputError` for a family whose location and scale do not standardise it.
    """
    for family in model.families:
        if family.location is not None:
            noise(family)
    model = without_idle_clamps(model)
    try:
        with limited_work(work):
            if model.objective.named:
                return _of_another_objective(model, progress)
            return _derive(model, progress)
    except NotStorableError as reason:
        return _undecided(model, f"what the model holds cannot be stored: {reason}")
    except WorkLimitError as reason:
        return _undecided(model, f"the search was given up: {reason}")


def _undecided(model: Model, reason: str) -> Refusal:
    return Refusal(model, "model", reason, (), undecided(reason))


def _of_another_objective(model: Model, progress: Announce) -> Refusal:
    """Why what is maximised has no identity here, and what is known of the model with the ELBO in its place."""
    named = model.objective.named
    reason = f"{named}: {OTHER_OBJECTIVES[named]}"
    found = _derive(replace(model, name=f"{model.name}_elbo", objective=Objective()), progress)
    if isinstance(found, Derivation):
        why = f"{reason}; with the ELBO in its place equality follows"
        return Refusal(model, "objective", reason, (), undecided(why), found)
    return Refusal(model, "objective", reason, (), undecided(reason), found.partial)


def _derive(model: Model, progress: Announce) -> Derivation | Refusal:
    names = tuple(f.name for f in model.p)
    for role in names:
        if is_clamped(model, role):
            return _clamped(model, role, progress)
    model_record(model)  # what cannot be stored is refused before the search, with its name
    if _base_measure_reads_z(model):
        return _undecided(
            model, "a factor's base measure depends on a latent; write it into the density"
        )
    progress("entropies of the families")
    families = certificates(model)
    direction = joint_direction(model, families, progress)
    found = None
    if direction.factors:
        progress("steps and stationarity conditions")
        with suppress(InputError):
            found = _derivation(model, families, direction)
    stranger = _not_storable(found) if found is not None else ""
    if stranger and direction.factors == names:
        return _undecided(model, f"a direction was found, but it cannot be stored: {stranger}")
    if found is not None and direction.factors == names:
        return found
    found = None if stranger else found
    role = next((r for r in reversed(names) if r not in direction.factors), names[-1])
    progress("looking for a stationary point with a gap")
    reason = _reason(model, role, direction)
    witness = find_witness(model)
    said = missing(model, role)
    why = (
        "; ".join((reason, *said))
        if witness is None
        else f"{reason}; the witness is not replayed yet"
    )
    return Refusal(model, role, reason, said, undecided(why), found, witness)


def _base_measure_reads_z(model: Model) -> bool:
    return any(
        a in f.family.log_base_measure.free_symbols and e.has(LatentArray)
        for f in model.p
        for a, e in zip(f.family.arguments, f.arguments, strict=True)
    )


def _not_storable(found: Derivation) -> str:
    """What of a direction has no head in the stored form, in words; empty if it has one."""
    plates = {p.name: tuple(plate.index for plate in p.plates) for p in found.model.parameters}
    try:
        for name, motion in found.direction.items():
            term(motion, found.model, plates[name])
        term(found.excess, found.model)
    except NotStorableError as reason:
        return str(reason)
    return ""


def certificates(model: Model) -> dict[Family, FamilyCertificate]:
    """The certificate of each family that has one which can be stored; the entropies of the others stay opaque.

    So does that of a family of q which no factor of p has, unless it is the logarithm of a scale plus a constant: nothing depends on its form.
    """
    needed = {f.family for f in model.p}
    plain = {
        f for f in model.families if f in needed or f.location is not None or f.is_multivariate
    }
    found = {
        f: family_certificate(f) for f in model.families if f in plain or f in FAMILIES.values()
    }
    return {f: c for f, c in found.items() if c is not None and _is_storable(f, c)}


def _is_storable(family: Family, found: FamilyCertificate) -> bool:
    try:
        for e in (found.entropy, found.scale, found.shift):
            family_term(e, family)
        for a, v in found.direction.items():
            family_term(v, family, (COMPONENT,) if isinstance(a, sp.Indexed) else ())
    except NotStorableError:
        return False
    return True


def _reason(model: Model, role: str, direction: Direction) -> str:
    """What a factor learns, what is fixed in it, and that no motion serves it."""
    arguments = model.factor(role).arguments
    read = [p for p in model.parameters if any(a.has(p.symbol) for a in arguments)]
    held = {c.on for c in model.constraints}
    learned = [p.name for p in read if p.learned and p.name not in held]
    fixed = [p.name for p in read if not p.learned]
    bound = [p.name for p in read if p.name in held]
    said = f"it learns {', '.join(learned)}" if learned else "it learns nothing"
    said += f", {', '.join(fixed)} being fixed" if fixed else ""
    said += f", {', '.join(bound)} being constrained" if bound else ""
    others = " and ".join(r for r in direction.factors if r != role)
    beside = f" beside that of the {others}" if others else ""
    return f"no motion of what is learned gives the {role}'s part{beside}: {said}"


def _clamped(model: Model, role: str, progress: Announce) -> Refusal:
    """What is known of a model with a clamp: what is known of it where the clamp is active."""
    reason = (
        f"the {role} is clamped: where the clamp is active, the derivative by its parameter is 0 whatever the gap, "
        "so stationarity says nothing about it"
    )
    witness = find_witness(model)
    found = _derive(with_active_clamps(model, role), progress)
    if isinstance(found, Derivation):
        why = f"{reason}; with the constant in its place equality follows without it"
        return Refusal(model, role, reason, (), undecided(why), found, witness)
    why = f"{reason}; {found.reason}"
    return Refusal(model, role, reason, found.missing, undecided(why), found.partial, witness)


def _derivation(
    model: Model, families: Mapping[Family, FamilyCertificate], direction: Direction
) -> Derivation:
    entropies = {f: c.entropy for f, c in families.items()}
    motions = {
        p.name: direction.motions[p.name] for p in model.parameters if p.name in direction.motions
    }
    moving = noise_form(model, [*motions])
    spelled = spelled_out(model, elbo(model), entropies)
    sum_ = spelled_out(model, entropy_sum(model), entropies)
    excess = _excess(model, entropies, direction, motions, moving)
    alone = (direction.latent_alone or {}) if moving else {}
    steps = _steps(model, motions, entropies, direction, excess, moving)
    return Derivation(
        model=model,
        steps=steps,
        direction=motions,
        conditions=conditions(model, motions, moving),
        entropies=families,
        factors=direction.factors,
        elbo=spelled,
        gap=exponentials_merged(distributed(spelled - sum_)),
        excess=excess,
        entropy_sum=_closed(model, entropies, sp.S.Zero, moving)
        if excess != 0
        else steps[-1].after,
        stationary_value=steps[-1].after,
        stationarity=Equations(_without_lengthy(model, direction), entropies, alone),
        excluded=direction.excluded,
    )


#: Operations in the log-density of a factor, above which the equations of its parameters are too long to be read.
_LENGTHY = 35


def _without_lengthy(model: Model, direction: Direction) -> Model:
    """The model with those parameters at rest that only lengthy factors read which the direction does not serve: nothing rests on their equations."""
    aside = [
        f
        for f in model.p
        if f.name not in direction.factors
        and f.family.log_density is not None
        and sp.count_ops(f.family.log_density) > _LENGTHY
    ]
    others = [f for f in (*model.p, *model.q) if f not in aside]

    def at_rest(p: Parameter) -> Parameter:
        read = any(a.has(p.symbol) for f in others for a in f.arguments)
        idle = aside and not read and p.name not in direction.motions
        return replace(p, learned=False) if idle else p

    return replace(model, parameters=tuple(map(at_rest, model.parameters)))


def _excess(
    model: Model,
    entropies: Mapping[Family, sp.Expr],
    direction: Direction,
    motions: Motions,
    moving: tuple[str, ...],
) -> sp.Expr:
    r"""What is left at stationary points: $\Delta$ of each factor that is not served, less what it gains along v, and $v\cdot\nabla\mathcal R$ of a penalty."""
    left: sp.Expr = sp.S.Zero
    if "penalty" in direction.left_out:
        left += along(model.objective.penalty, model, motions)
    for f in model.p:
        if f.name not in direction.factors:
            left += spelled_out(model, delta(model, f.name), entropies)
            if f.name in direction.left_out:
                density = spelled_out(model, density_term(model, f.name), entropies)
                density = reparametrised(density, moving) if moving else density
                left -= weight(model, f) * along(density, model, motions)
    left = distributed(reparametrised(left, moving) if moving else left)
    return exponentials_merged(left)


def density_term(model: Model, role: str) -> sp.Expr:
    """The addend of the ELBO that holds a factor's log-density, with heads."""
    found = [
        a for a in addends(distributed(elbo(model))) if _has_role(a, role) and a.has(LogDensity)
    ]
    return sp.Add(*found)


def delta(model: Model, role: str) -> sp.Expr:
    r"""$\Delta_f$ with heads: the averaged $\log p-\log h+\tilde{\mathcal H}$ of a factor."""
    with_density, with_entropy = elbo(model), entropy_sum(model)
    of_density = [a for a in addends(distributed(with_density)) if _has_role(a, role)]
    of_entropy = [a for a in addends(distributed(with_entropy)) if _has_role(a, role)]
    return sp.Add(*of_density) - sp.Add(*of_entropy)


def _has_role(addend: sp.Expr, role: str) -> bool:
    return any(h.role == role for h in addend.atoms(LogDensity, Entropy, LogBaseMeasure))


def _steps(
    model: Model,
    motions: Motions,
    entropies: Mapping[Family, sp.Expr],
    direction: Direction,
    excess: sp.Expr,
    moving: tuple[str, ...],
) -> tuple[Step, ...]:
    steps: list[Step] = []

    def add(rule: Rule, after: sp.Expr, *conditions: Condition) -> sp.Expr:
        before = steps[-1].after if steps else Elbo()
        steps.append(Step(rule, before, after, conditions))
        return after

    now = add("definition", elbo(model), Condition("finite", "objective"))
    if moving:
        drawn = (Condition("reparametrised", f.name) for f in model.q if {*f.of} & {*moving})
        now = add("reparametrise", reparametrised(now, moving), *drawn)
    now = add("split", distributed(now))
    for role, rule in _one_by_one(model, direction, moving):
        score = Condition("score", model.factor(role).family.name)
        now = add(rule, tempered(model, now, role, with_q=rule == "scaling"), score)
    now = add(
        "gap",
        with_one_derivative(model, excess, moving),
        Condition("interchange", "objective"),
    )
    maximised = Elbo() if model.objective.is_elbo else ObjectiveValue()
    stationary = [Condition("stationary", "objective", name) for name in motions]
    now = add("stationary", now - Directional(maximised), *stationary)
    closed = _closed(model, entropies, excess, moving)
    families = sorted({f.name for f in model.families})
    add("closed_form", closed, *(Condition("score", f) for f in families))
    return tuple(steps)


def _closed(
    model: Model, entropies: Mapping[Family, sp.Expr], excess: sp.Expr, moving: InNoise
) -> sp.Expr:
    """The entropy sum, plus what stands beside it, in closed form."""
    sum_ = spelled_out(model, entropy_sum(model, reparametrised=moving), entropies)
    whole = distributed(sum_ + excess)
    if len(model.data) > 1:
        whole = counts_joined(whole, tuple(plate.size for plate in model.data))
    return exponentials_merged(collected(whole, model.sizes))


def _one_by_one(
    model: Model, direction: Direction, moving: tuple[str, ...]
) -> list[tuple[str, Rule]]:
    """Factors whose own part v tempers, in the order of the steps, each with its rule; none where v serves them only together.

    Products over plates are solved for part by part, and a factor over vectors is tempered on its own where the other one does not move with it.
    """
    scaled = [f.name for f in model.p if {*f.of} & {*moving}]
    order: list[tuple[str, Rule]] = [
        *((f.name, "tempering") for f in model.p if f.name not in scaled),
        *((name, "scaling") for name in scaled),
    ]
    if any(f.family.is_multivariate and f.family.support != "onehot" for f in model.p):
        moved = {p.symbol for p in model.parameters if p.name in direction.motions}
        read = [{s for s in moved if any(a.has(s) for a in f.arguments)} for f in model.p]
        if moving or any(a & b for i, a in enumerate(read) for b in read[:i]):
            return []
    return [(role, rule) for role, rule in order if role in direction.factors]


def tempered(model: Model, expression: sp.Expr, role: str, *, with_q: bool) -> sp.Expr:
    r"""Apply the averaged (T) to a factor: $\overline{\mathbb E\log p}=\overline{\mathbb E\log h}-\overline{\mathbb E\,\tilde{\mathcal H}}+v\cdot\nabla\overline{\mathbb E\log p}$.

    With `with_q` the entropy of q of the same latent moves too and stands beside log p under the derivative (scaling symmetry). Its
    derivative carries the objective's weight, because its direction was divided by it.
    """
    whole: sp.Expr = sp.S.Zero
    factor = model.factor(role)
    of_q = {f.name for f in model.q if {*f.of} & {*factor.of}}
    companion = sp.Add(
        *(a for a in addends(expression) if any(h.role in of_q for h in a.atoms(Entropy)))
    )
    for addend in addends(expression):
        heads = [h for h in addend.atoms(LogDensity) if h.role == role]
        if not heads or addend.has(Directional):
            whole += addend
            continue
        left = {h: log_base_measures(model, h) - head(model, Entropy, factor) for h in heads}
        whole += distributed(substituted(addend, left))
        own = weight(model, factor)
        if not with_q:
            whole += own * Directional(addend)
        elif all(weight(model, f) == own for f in model.q if f.name in of_q):
            whole += own * Directional(addend + companion)
        else:
            weighed = (
                weight(model, f) * a
                for f in model.q
                for a in addends(companion)
                if any(h.role == f.name for h in a.atoms(Entropy))
            )
            whole += Directional(own * addend + sp.Add(*weighed))
    return whole


def with_one_derivative(model: Model, excess: sp.Expr, moving: InNoise) -> sp.Expr:
    r"""Gather the factors' derivatives into that of the objective; a factor without a direction leaves entropy and excess."""
    maximised = Elbo() if model.objective.is_elbo else ObjectiveValue()
    sum_ = distributed(entropy_sum(model, reparametrised=moving))
    return sum_ + excess + Directional(maximised)
