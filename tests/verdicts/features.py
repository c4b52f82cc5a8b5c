"""Features of random models, which the report counts."""

from __future__ import annotations

from entropysym.language import Model
from entropysym.testing.random_models import Spec, source
from entropysym.testing.spec_choices import HEADS, words

from .catalogue import CASES, Case

ROLES = ("prior", "decoder", "encoder")

#: What a factor reads, by the choices that say so.
READS = {
    ("prior", "prior mean"): words("number fixed_array learned_array"),
    ("encoder", "encoder linear"): words(
        "linear linear_no_bias linear_fixed linear_fixed_offset last_layer tied"
    ),
    ("encoder", "encoder abstract"): words("network exp_network times_network frozen"),
    ("encoder", "encoder frozen"): words("frozen linear_fixed"),
    ("decoder", "decoder linear"): words("linear linear_bias exp_linear linear_fixed"),
    ("decoder", "decoder network"): words(
        "network last_layer last_layer_no_bias frozen exp_last_layer"
    ),
    ("decoder", "decoder network of linear"): words("network_of_linear"),
}


def features(spec: Spec, model: Model) -> set[str]:
    """The features of a model; those that are meant to be rare say so."""
    cases = {role: case for role in ROLES if (case := CASES.get(getattr(spec, role)))}
    used = {role: _used(spec, role, cases.get(role)) for role in ROLES}
    every = set().union(*used.values())
    text = "\n".join(source(spec))
    learned = [p.symbol for p in model.parameters if p.learned]
    found = {name for (role, name), choices in READS.items() if used[role] & set(choices)}
    found |= {f"own {role} family" for role, case in cases.items() if case.own}
    others = {
        "own family": any(case.own for case in cases.values()),
        "encoder of any law": spec.encoder == "Any",
        "encoder not Normal": not spec.encoder.startswith("Normal"),
        "argument that stays fixed": any(_holds(spec, role, case) for role, case in cases.items()),
        "base measure": any(case.record.log_base_measure != 0 for case in cases.values()),
        "shared parameter": any(choice.startswith(("shared", "tied")) for choice in every),
        "head": bool(every & set(HEADS)),
        "encoder with learned parameters": any(
            a.has(symbol) for a in model.encoder.arguments for symbol in learned
        ),
        "penalty": "penalty=" in text,
        "beta": "weight=" in text,
        "clamp (rare)": "Max(" in text,
        "constraint (rare)": ".constrain(" in text,
    }
    return found | {name for name, there in others.items() if there}


def _holds(spec: Spec, role: str, case: Case) -> bool:
    """Whether an own family has a shape that is not learned, or a scale that is no argument at all."""
    fixed_shape = "shape" in case.kinds and getattr(spec, f"{role}_shape") != "learned"
    return fixed_shape or (case.own and case.support == "real" and len(case.kinds) < 2)


def _used(spec: Spec, role: str, case: Case | None) -> set[str]:
    """The choices that a factor's arguments really read."""
    kinds = set(case.kinds) if case else set()
    parts = {"location": {"location", "natural"}, "scale": {"scale", "logscale"}}
    return {getattr(spec, f"{role}_{part}") for part, needed in parts.items() if kinds & needed}
