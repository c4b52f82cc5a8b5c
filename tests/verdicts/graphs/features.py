"""Features of random graphs, which the report counts, and a graph in a few lines, which it prints."""

from __future__ import annotations

from entropysym.language import Model, NetworkValue
from entropysym.language.records import Factor

#: Features that at least a tenth of the graphs have.
COMMON = ("three latents", "one-hot", "given", "lag", "global")


def features(model: Model) -> set[str]:
    """What there is in a graph."""
    arguments = [a for f in model.p for a in f.arguments]
    held = {c.on for c in model.constraints}
    shared = [
        p
        for p in model.parameters
        if sum(any(a.has(p.symbol) for a in f.arguments) for f in model.p) > 1
    ]
    of_q = [f for f in model.q if not f.family.is_any]
    found = {
        "three latents": len(model.latents) >= 3,
        "four latents": len(model.latents) >= 4,
        "one-hot": any(v.support == "onehot" for v in model.variables),
        "select": any(f.select for f in model.p),
        "given": any(v.role == "given" for v in model.variables),
        "lag": bool(model.lags),
        "global": any(model.datum(v.name) is None for v in model.latents),
        "two data plates": len(model.data) > 1,
        "nested": not model.lags and any(len(model.inner(v.name)) > 1 for v in model.latents),
        "beta": model.objective.weight != 1,
        "penalty": model.objective.penalty != 0,
        "constraint": bool(held),
        "fixed": any(
            any(a.has(p.symbol) for a in arguments) for p in model.parameters if not p.learned
        ),
        "shared": bool(shared),
        "network in p": any(a.has(NetworkValue) for a in arguments),
        "law of q": bool(of_q),
        "several of any law": any(len(f.of) > 1 for f in model.q),
    }
    found |= {f.family.name: True for f in model.p}
    return {name for name, there in found.items() if there}


def lines(model: Model) -> list[str]:
    """A graph in a few lines."""

    def line(side: str, f: Factor) -> str:
        given = f" | {', '.join(f.given)}" if f.given else ""
        arguments = ", ".join(map(str, f.arguments))
        chosen = f", select={f.select}" if f.select else ""
        return f"{side}({', '.join(f.of)}{given}) = {f.family.name}({arguments}{chosen})"

    variables = ", ".join(
        f"{v.role} {v.name}[{','.join(str(p.index) for p in v.plates)}] {v.support}"
        for v in model.variables
    )
    fixed = ", ".join(p.name for p in model.parameters if not p.learned)
    held = ", ".join(c.on for c in model.constraints)
    out = [variables, *(line("p", f) for f in model.p), *(line("q", f) for f in model.q)]
    out += [f"fixed: {fixed}"] if fixed else []
    out += [f"constrained: {held}"] if held else []
    if not model.objective.is_elbo:
        out.append(f"objective: weight {model.objective.weight}, penalty {model.objective.penalty}")
    return out
