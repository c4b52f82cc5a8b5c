"""The words of a theorem: one sentence for each kind of condition, one reason for each rule. Tables, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.families import FAMILIES
from entropysym.language.formula import entry, equation, of_type
from entropysym.language.heads import (
    Directional,
    Elbo,
    Entropy,
    LogBaseMeasure,
    LogDensity,
    NetworkValue,
    ObjectiveValue,
)
from entropysym.language.matrices import Matrix, MatrixNetwork
from entropysym.language.noise import noise
from entropysym.language.objective import expectation, head, location_and_scale, noise_entry
from entropysym.language.records import Factor, Model
from entropysym.language.supports import in_words
from entropysym.language.symbols import LATENT, NOISE
from entropysym.pages.marks import DIRECTION, EXCESS, FactorName, Slope
from entropysym.pages.medium import Medium, listed
from entropysym.prover.derivation import Condition, Derivation, Step

_RANGES = {
    "nonnegative": "at least 0",
    "angle": "an angle",
    "unit": "strictly between 0 and 1",
    "simplex": "on the simplex: positive, with sum 1 over the last index",
    "posdef": "symmetric positive definite",
    "triangular": "lower triangular with positive diagonal",
}
Sentence = Callable[[Sequence[Condition], Model, Medium], str]


def maximised(model: Model) -> sp.Expr:
    r"""What learning maximises, as a sign: $\mathcal F$, or $\mathcal J$ where the objective is another."""
    return Elbo() if model.objective.is_elbo else ObjectiveValue()


def declared(name: str, model: Model) -> sp.Expr | Matrix:
    """A parameter at its own indices, or a network's value where the model reads it."""
    own = next((p.whole for p in model.parameters if p.name == name), None)
    return value_of(name, model) if own is None else own


def value_of(name: str, model: Model) -> NetworkValue | MatrixNetwork:
    """A network's value where the model reads it."""
    for factor in (*model.p, *model.q):
        for argument in factor.arguments:
            for value in sorted(
                argument.atoms(NetworkValue, MatrixNetwork), key=sp.default_sort_key
            ):
                if value.name == name:
                    return value
    raise InputError(f"the model {model.name} has no parameter or network {shown(name)}")


def independent_noise(model: Model, m: Medium, factor: Factor | None = None) -> str:
    r"""Independent noise and its law: standard Normal, or the encoder's own family at location 0 and scale 1, its shape included.

    Of a graph that of the latent of a `factor` of q.
    """
    encoder = model.encoder if factor is None else factor
    noise_h = m.math(_noise(model, encoder))
    law = noise(encoder.family)
    if law.normal:
        return f"independent standard Normal {noise_h}"
    named = m.text(family_name(encoder.family.name))
    shape = [
        m.math(equation(a, of_type(value, sp.Expr)))
        for a, value in zip(encoder.family.arguments, encoder.arguments, strict=True)
        if a in law.shape and isinstance(a, sp.Symbol)
    ]
    at = listed([*shape, "location 0", "scale 1"])
    return f"independent {noise_h} of the law {named} with {at}"


def _noise(model: Model, factor: Factor) -> sp.Indexed:
    return entry(NOISE, model.latent.index) if model.is_plain else noise_entry(model, factor.of[0])


def reparametrisation(model: Model, factor: Factor | None = None) -> sp.Eq:
    r"""$z_h=\text{location}_h+\text{scale}_h\,\varepsilon_h$ of a model's encoder, of a graph that of a `factor` of q."""
    if factor is not None and not model.is_plain:
        location, scale = location_and_scale(model, factor.of[0])
        return equation(model.entry(factor.of[0]), location + scale * _noise(model, factor))
    h, location, scale = expectation(model, sp.S.One).encoder
    return equation(entry(LATENT, h), location + of_type(scale, sp.Expr) * entry(NOISE, h))


def slopes(conditions: Sequence[Condition], model: Model) -> list[sp.Eq]:
    r"""The equations $\partial\mathcal F/\partial\theta=0$ that stationarity conditions ask for."""
    return [equation(Slope(maximised(model), declared(str(c.detail), model))) for c in conditions]


def _ranges(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    positive = [
        sp.Gt(declared(c.subject, model), 0, evaluate=False) for c in cs if c.detail == "positive"
    ]
    said = [m.list(positive)] if positive else []
    for range_, words in _RANGES.items():
        there = [declared(c.subject, model) for c in cs if c.detail == range_]
        if there:
            said.append(f"{m.list(there)} {'is' if len(there) == 1 else 'are'} {words}")
    known = {"positive", *_RANGES}
    said += [
        f"{m.math(declared(c.subject, model))} is {m.text(str(c.detail))}"
        for c in cs
        if c.detail not in known
    ]
    return f"The parameters lie inside their ranges: {listed(said)}."


def _families(cs: Sequence[Condition], m: Medium) -> str:
    return listed([m.text(family_name(c.subject)) for c in cs])


def family_name(name: str) -> str:
    """A family's name in a sentence: MultivariateNormal is the multivariate Normal."""
    return name.replace("Multivariate", "multivariate ")


def _normalised(
    cs: Sequence[Condition], model: Model, m: Medium, evidence: Collection[str] = ()
) -> str:
    what = "density integrates" if len(cs) == 1 else "densities integrate"
    why = {c.subject: why_normalised(c.subject, evidence) for c in cs}
    each = [f"{m.text(family_name(name))}: {reason}" for name, reason in why.items()]
    said = "; ".join(each) if len(set(why.values())) > 1 else next(iter(why.values()))
    return f"The {_families(cs, m)} {what} to one ({said})."


def why_normalised(family: str, evidence: Collection[str]) -> str:
    """Why a density is believed to integrate to one: evidence names the checks of the run that ended with the verdict."""
    if family in FAMILIES:
        return "cited"
    return "integrated numerically" if "normalised" in evidence else "as its author says"


def _score(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    what = "density have" if len(cs) == 1 else "densities have"
    return f"The scores of the {_families(cs, m)} {what} mean zero (regularity)."


def _base_measure(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    named = {c.subject for c in cs}
    said = []
    for f in model.p:
        family = f.family
        if family.name in named and family.log_base_measure != 0:
            h = m.math(head(model, LogBaseMeasure, f))
            said.append(
                f"{called(model, f.name, m).replace('the ', 'The ', 1)} has the base measure of the {m.text(family_name(family.name))} family, {h}; "
                f"{m.math(head(model, Entropy, f))} is the pseudo entropy relative to it, "
                "minus the mean of the log-density without its base measure."
            )
    return " ".join(said)


def _finite(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    parts = [Elbo(), *([] if model.objective.is_elbo else [maximised(model)])]
    values = m.list([*parts, Directional(maximised(model))])
    return f"Every expectation in {values} and in the entropies is finite."


def _interchange(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    slope = m.math(Directional(maximised(model)))
    return f"The derivative {slope} may be taken under the data mean and the expectations."


def _constraint(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    held = m.list([declared(c.subject, model) for c in cs])
    return f"What the constraint binds, {held}, is not moved."


def _reparametrised(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    if model.is_plain:
        drawn = f"{m.math(reparametrisation(model))} with {independent_noise(model, m)}"
        return f"Samples of the encoder are {drawn}."
    return f"Samples of q are {samples(model, m, [c.subject for c in cs])}."


def samples(model: Model, m: Medium, factors: Collection[str]) -> str:
    """How the latents of these factors of q are drawn from noise."""
    return listed(
        [
            f"{m.math(reparametrisation(model, f))} with {independent_noise(model, m, f)}"
            for f in model.q
            if f.name in factors
        ]
    )


def _closed(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    names = dict.fromkeys(str(c.detail) for c in cs)
    entries = m.list([declared(name, model) for name in names])
    what = "The encoder family" if model.is_plain else "The family of q"
    return f"{what} is closed under the motion: {entries} are free in it."


def _lipschitz(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    named = m.list([declared(c.subject, model) for c in cs])
    are, inputs = ("is", "input stands") if len(cs) == 1 else ("are", "inputs stand")
    return f"{named} {are} locally Lipschitz, as usual networks are: along the straight line of {m.math(DIRECTION)} the {inputs} still to first order."


def _support(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    said = [f"{m.math(model.whole(c.subject))} is {in_words(str(c.detail))}" for c in cs]
    return f"The data are what they are said to be: {listed(said)}."


def _start(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    said = [f"{m.math(model.whole(c.subject))} is {m.math(model.whole(str(c.detail)))}" for c in cs]
    return f"At the first step {listed(said)}, and all sequences have one length."


def _counted(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    counts = [plate.size for plate in model.data if plate.size.name in {c.subject for c in cs}]
    return f"There are finitely many data, {m.list(counts)}."


def _tangent(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    return f"{m.list(slopes(cs, model))} along the simplex, at every index."


def _stationary(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    return f"{m.list(slopes(cs, model))}, at every index."


def _differentiable(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    named = listed([m.math(sp.Symbol(c.subject, real=True)) for c in cs])
    return f"{named} may be any differentiable {'function' if len(cs) == 1 else 'functions'} with which the densities are densities."


#: Kind of condition -> its sentence; every kind that a derivation may carry stands here.
CONDITIONS: Mapping[str, Sentence] = {
    "range": _ranges,
    "support": _support,
    "start": _start,
    "differentiable": _differentiable,
    "counted": _counted,
    "constraint": _constraint,
    "reparametrised": _reparametrised,
    "closed": _closed,
    "lipschitz": _lipschitz,
    "finite": _finite,
    "interchange": _interchange,
    "normalised": _normalised,
    "score": _score,
    "base_measure": _base_measure,
    "stationary": _stationary,
    "tangent": _tangent,
}

#: Kinds that the derivation takes as given: what is named in the last line of the document.
ADMITTED: Mapping[str, str] = {
    "normalised": "normalisation of the {} density ({why})",
    "score": "mean zero of the {} scores",
    "finite": "finiteness of the expectations",
    "interchange": "differentiation under the expectations",
}


def sentences(
    conditions: Sequence[Condition], model: Model, medium: Medium, evidence: Collection[str] = ()
) -> list[str]:
    """One sentence for each kind that occurs, in the order of the table. `evidence` is that of the verdict.

    Raises `InputError` for a kind without a wording: a condition is never dropped in silence.
    """
    unknown = sorted({c.kind for c in conditions} - set(CONDITIONS))
    if unknown:
        raise InputError(f"no wording for conditions of kind {unknown[0]!r}")
    grouped = {kind: [c for c in conditions if c.kind == kind] for kind in CONDITIONS}
    said = {**CONDITIONS, "normalised": partial(_normalised, evidence=evidence)}
    return [said[kind](cs, model, medium) for kind, cs in grouped.items() if cs]


def not_zero(excluded: Sequence[sp.Expr], m: Medium) -> str:
    """Where the direction is defined, if it divides by what may vanish."""
    where = m.list([sp.Ne(e, 0, evaluate=False) for e in excluded])
    return f"{where}, for the direction divides by {'it' if len(excluded) == 1 else 'them'}."


def admitted(
    conditions: Sequence[Condition], medium: Medium, evidence: Collection[str] = ()
) -> list[str]:
    """What is admitted, cited or integrated, in the words of the last line."""
    said = [
        ADMITTED[c.kind].format(
            medium.text(family_name(c.subject)), why=why_normalised(c.subject, evidence)
        )
        for c in conditions
        if c.kind in ADMITTED
    ]
    return list(dict.fromkeys(said))


def called(model: Model, name: str, m: Medium) -> str:
    """A factor in a sentence: the decoder; of a graph by what it is of, $p(z_2)$."""
    return m.text(f"the {name}") if model.is_plain else m.math(_named(model, name))


def _named(model: Model, name: str) -> FactorName:
    return FactorName(*model.factor(name).of)


def letter_of(letter: str, model: Model, m: Medium) -> str:
    """p or q as the densities of the page write it."""
    printer = m.printer
    plain = printer.signs.get(letter, letter)
    return m.inline(plain if model.is_plain else printer.law_letter(letter))


def tempered(step: Step) -> list[str]:
    """The factors whose log-densities a step brings under the derivative."""
    new = step.after.atoms(Directional) - step.before.atoms(Directional)
    return sorted({h.role for d in new for h in d.atoms(LogDensity)})


#: Rule -> the reason beside its line.
REASONS: Mapping[str, str] = {
    "definition": "definition of the ELBO",
    "reparametrise": "{encoder} written with noise",
    "split": "linearity",
    "tempering": "tempering of",
    "scaling": "scaling symmetry",
    "gap": "{how}",
    "stationary": "stationary: zero derivative",
    "closed_form": "entropies of the factors",
}


def has_scaling(derivation: Derivation) -> bool:
    """Whether latents are scaled in q: then the direction moves q, too."""
    return any(c.kind == "reparametrised" for c in derivation.conditions)


def constraints(model: Model, m: Medium) -> str:
    """The constraints of the model, and why they are harmless."""
    if not model.constraints:
        return ""
    texts = "; ".join(m.prose(c.text, model) for c in model.constraints)
    return f"Constraint: {texts}. It is harmless here: the direction of the result moves nothing that it binds."


def has_parts(derivation: Derivation) -> bool:
    """Whether factors were tempered one by one, and not all of them by one direction."""
    return any(s.rule in ("tempering", "scaling") for s in derivation.steps)


def reason(step: Step, derivation: Derivation) -> tuple[str, tuple[FactorName, ...]]:
    """The reason for one step, and the factors of a graph that it ends with. Raises `InputError` for a rule without one."""
    if step.rule not in REASONS:
        raise InputError(f"no reason is worded for the rule {step.rule!r}")
    model = derivation.model
    if step.rule == "tempering":
        names = tempered(step)
        if names and not model.is_plain:
            return REASONS[step.rule], tuple(_named(model, name) for name in names)
        roles = listed([f"the {name}" for name in names]) if names else "the model"
        return f"{REASONS[step.rule]} {roles}", ()
    how = "derivatives add up" if has_parts(derivation) else "one direction for all"
    if derivation.excess != 0:
        how = "a term remains"
    encoder = "encoder" if model.is_plain else "q"
    return REASONS[step.rule].format(how=how, encoder=encoder), ()


def about_excess(derivation: Derivation, m: Medium) -> str:
    """Where what stands beside the entropy sum comes from."""
    model, excess = derivation.model, m.math(EXCESS)
    lost = [called(model, f.name, m) for f in model.p if f.name not in derivation.factors]
    if lost:
        return (
            f"For {listed(lost)} no direction was found, and no symmetry that replaces it; {excess} is its mean log-density "
            f"plus its entropy, minus the derivative of that mean along {m.math(DIRECTION)}."
        )
    return f"{excess} is the derivative of the penalty along the direction; it is exact."


def about_q(derivation: Derivation, m: Medium) -> str:
    """Why the entropy of q drops out of the derivative, where the steps need it: it is no part of what was tempered."""
    model = derivation.model
    if not model.q or has_scaling(derivation) or not has_parts(derivation):
        return ""
    v, q = m.math(DIRECTION), letter_of("q", model, m)
    return f"Nothing that {q} reads moves along {v}, so its entropy has the derivative 0. "


def about_gap(derivation: Derivation, m: Medium) -> str:
    """What the gap is by the statement, before it is written out."""
    if not derivation.direction:
        return "At every value of the parameters"
    moved: sp.Expr = Directional(maximised(derivation.model))
    whole = moved + EXCESS if derivation.excess != 0 else moved
    return f"The gap is {m.math(whole)}, as stated above; written out, at every value of the parameters,"
