"""The words of a theorem: one sentence for each kind of condition, one reason for each rule. Tables, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.heads import Directional, Elbo, Entropy, LogDensity, NetworkValue
from entropysym.language.objective import encoder_expectation
from entropysym.language.records import Model
from entropysym.language.symbols import LATENT, NOISE
from entropysym.prover.derivation import Condition, Step
from entropysym.rendering.marks import Slope
from entropysym.rendering.medium import Medium, listed

Sentence = Callable[[Sequence[Condition], Model, Medium], str]


def entry(name: str, model: Model) -> sp.Expr:
    """A parameter at its own indices, or a network's value where the model reads it."""
    for p in model.parameters:
        if p.name == name:
            return p.entry
    for role in ("prior", "decoder", "encoder"):
        for argument in model.factor(role).arguments:
            for value in sorted(argument.atoms(NetworkValue), key=str):
                if value.name == name:
                    return value
    raise InputError(f"the model {model.name} has no parameter or network {shown(name)}")


def reparametrisation(model: Model) -> sp.Eq:
    r"""$z_h=\text{location}_h+\text{scale}_h\,\varepsilon_h$ of a model's encoder."""
    h, location, scale = encoder_expectation(model, Entropy("prior")).encoder  # type: ignore[attr-defined]
    return sp.Eq(LATENT[h], location + scale * NOISE[h], evaluate=False)


def slopes(conditions: Sequence[Condition], model: Model) -> list[sp.Expr]:
    r"""The equations $\partial\mathcal F/\partial\theta=0$ that stationarity conditions ask for."""
    return [
        sp.Eq(Slope(Elbo(), entry(str(c.detail), model)), 0, evaluate=False) for c in conditions
    ]


def _ranges(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    positive = [
        sp.Gt(entry(c.subject, model), 0, evaluate=False) for c in cs if c.detail == "positive"
    ]
    said = [m.list(positive)] if positive else []
    for c in cs:
        if c.detail == "unit":
            said.append(f"{m.math(entry(c.subject, model))} lies strictly between 0 and 1")
        elif c.detail != "positive":
            said.append(f"{m.math(entry(c.subject, model))} is {m.text(str(c.detail))}")
    return f"The parameters lie inside their ranges: {listed(said)}."


def _families(cs: Sequence[Condition], m: Medium) -> str:
    return listed([m.text(c.subject) for c in cs])


def _normalised(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    return f"The {_families(cs, m)} density integrates to one (cited)."


def _score(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    return f"The scores of the {_families(cs, m)} density have mean zero (regularity)."


def _finite(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    return f"Every expectation in {m.math(Elbo())} and in {m.math(Directional(Elbo()))} is finite."


def _interchange(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    return f"The derivative {m.math(Directional(Elbo()))} may be taken under the data mean and the expectations."


def _constraint(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    texts = [m.prose(str(c.detail), model) for c in cs]
    return f"Constraint: {'; '.join(texts)}. What it binds is not moved."


def _reparametrised(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    return (
        f"Samples of the encoder are {m.math(reparametrisation(model))} "
        f"with independent standard Normal {m.math(NOISE[model.latent.index])}."
    )


def _closed(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    entries = m.list([entry(str(c.detail), model) for c in cs])
    return f"The encoder family is closed under the motion: {entries} are free in it."


def _stationary(cs: Sequence[Condition], model: Model, m: Medium) -> str:
    return f"{m.list(slopes(cs, model))}, at every index."


#: Kind of condition -> its sentence; every kind that a derivation may carry stands here.
CONDITIONS: Mapping[str, Sentence] = {
    "range": _ranges,
    "constraint": _constraint,
    "reparametrised": _reparametrised,
    "closed": _closed,
    "finite": _finite,
    "interchange": _interchange,
    "normalised": _normalised,
    "score": _score,
    "stationary": _stationary,
}

#: Kinds that the derivation takes as given: what is named in the last line of the document.
ADMITTED: Mapping[str, str] = {
    "normalised": "normalisation of the {} density (cited)",
    "score": "mean zero of the {} scores",
    "finite": "finiteness of the expectations",
    "interchange": "differentiation under the expectations",
}


def sentences(conditions: Sequence[Condition], model: Model, medium: Medium) -> list[str]:
    """One sentence for each kind that occurs, in the order of the table.

    Raises `InputError` for a kind without a wording: a condition is never dropped in silence.
    """
    unknown = sorted({c.kind for c in conditions} - set(CONDITIONS))
    if unknown:
        raise InputError(f"no wording for conditions of kind {unknown[0]!r}")
    grouped = {kind: [c for c in conditions if c.kind == kind] for kind in CONDITIONS}
    return [CONDITIONS[kind](cs, model, medium) for kind, cs in grouped.items() if cs]


def admitted(conditions: Sequence[Condition], medium: Medium) -> list[str]:
    """What is admitted or cited, in the words of the last line."""
    said = [
        ADMITTED[c.kind].format(medium.text(c.subject)) for c in conditions if c.kind in ADMITTED
    ]
    return list(dict.fromkeys(said))


def tempered_role(step: Step) -> str:
    """The factor whose log-density a step brings under the derivative."""
    new = step.after.atoms(Directional) - step.before.atoms(Directional)
    found = sorted({h.role for d in new for h in d.atoms(LogDensity)})
    return listed(found) if found else "model"


#: Rule -> the reason beside its line.
REASONS: Mapping[str, str] = {
    "definition": "definition of the ELBO",
    "reparametrise": "encoder written with noise",
    "split": "linearity of means and expectations",
    "tempering": "tempering direction of the {role}",
    "scaling": "scaling symmetry, in place of the {role}'s direction",
    "gap": "the derivatives of the parts add up",
    "stationary": "no derivative at a stationary point",
    "closed_form": "entropies of the factors",
}


def reason(step: Step) -> str:
    """The reason for one step. Raises `InputError` for a rule without one."""
    if step.rule not in REASONS:
        raise InputError(f"no reason is worded for the rule {step.rule!r}")
    return REASONS[step.rule].format(role=tempered_role(step))
