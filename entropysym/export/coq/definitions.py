"""Definitions: sizes, networks, outcomes, parameters, factors, the sums that a theorem is about, and the curve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from entropysym.checker.kernel.terms import ANY, Factor, Family, Term
from entropysym.export.coq.layout import Layout
from entropysym.export.coq.lines import comment, definition, wrapped
from entropysym.export.coq.motions import rate
from entropysym.export.coq.names import safe
from entropysym.export.coq.printer import (
    APPLIED,
    ATOM,
    PRODUCT,
    SUM,
    Place,
    function_of,
    law,
    of_model,
    text,
    unsupported,
    vector,
)


def declarations(t: Layout) -> str:
    model = t.model
    lines = [
        comment("Sizes, and networks: any functions. Indices start at 0."),
        *([f"Variables {' '.join(map(safe, t.sizes()))} : nat."] if t.sizes() else []),
    ]
    for net in model.networks.values():
        lines.append(
            f"Variable {safe(net.name)} : {'(nat -> R) -> ' * len(net.inputs)}{'nat -> ' * len(net.plates)}R."
        )
    for size in t.matrix_sizes():
        lines.append(
            comment(f"Determinant and inverse of matrices of size {size}; their laws are premises.")
        )
        lines.append(f"Variables (det_{size} : matrix -> R) (inverse_{size} : matrix -> matrix).")
    for function, slope in t.function_laws():
        lines += [
            comment(f"{function}, of which the derivative is known, {slope}."),
            f"Variables {function} {slope} : R -> R.",
        ]
    for world in t.worlds:
        lines += world_declarations(t, world)
    for factor in model.q.values():
        if factor.family == ANY:
            plate = model.data_plate(factor.of[0])
            lines.append(
                comment(
                    f"The entropy of {factor.name}, which is any law: any number{' for each datum' if plate else ''}."
                )
            )
            lines.append(
                f"Variable H_{factor.name} : {f'outcome{t.suffix(plate)} -> ' if plate else ''}R."
            )
    return "\n".join(lines)


def world_declarations(t: Layout, world: str) -> Iterator[str]:
    model, end = t.model, t.suffix(world)
    drawn = (
        ""
        if t.latent_free
        else " with a draw of the latents" + (" (or of their noise)" if t.noise else "")
    )
    what = f"a datum of the plate {world}{drawn}" if world else "a draw of what is global"
    yield comment(
        f"An outcome is {what}. Their law is any: E{end} is the mean over the data"
        + ("" if t.latent_free else " of the expectation under q")
        + "."
        if world
        else f"An outcome is {what}; E is the expectation under q."
    )
    yield f"Variables (outcome{end} : Type) (E{end} : law outcome{end})."
    for variable in model.variables.values():
        plate = model.data_plate(variable.name)
        if plate not in (world, ""):
            continue
        shape = f"outcome{end} -> {'nat -> ' * (len(variable.plates) - bool(plate))}R"
        drawn_as = (
            f"eps_{variable.name}"
            if variable.name in t.noise
            else of_model(model, variable.name, world if t.several else "")
        )
        role = "noise of a latent" if variable.name in t.noise else variable.role
        yield f"Variable {drawn_as} : {shape}. (* {role} *)"


def parameters_record(t: Layout) -> str:
    if not t.model.parameters:
        raise unsupported("it has no parameters", t.model)
    fields = []
    for array in t.model.parameters.values():
        fields.append(f"{safe(array.name)} : {'nat -> ' * len(array.plates)}R")
    return (
        comment("The parameters.")
        + "\n"
        + wrapped(f"Record parameters := Parameters {{ {'; '.join(fields)} }}.")
    )


def of_factor(t: Layout, factor: Factor, kind: str, place: Place) -> str:
    """log p, log h or H of a factor, summed over its plates and classes."""
    model, family = t.model, t.model.families[factor.family]
    plates = model.variables[factor.of[0]].plates
    data = bool(model.data_plate(factor.of[0]))
    alike = plates[data : len(plates) - family.depth]
    indices, inner = t.opened(replace(place, scope=("",) * data), alike)
    chosen = model.variable(factor.select).plates[-1:] if factor.select else []
    klass, inner = t.opened(inner, chosen)
    call = [f"{family.name}_{kind}", *_sizes_of(family, safe(plates[-1]) if plates else "")]
    for argument, range_ in zip(factor.arguments, family.arguments.values(), strict=True):
        wide = range_ in ("vector", "positives", "simplex")
        call.append(vector(argument, inner) if wide else text(argument, inner, ATOM))
    if kind != "entropy":
        call.append(_drawn(t, factor, inner, [*range(len(inner.scope))][: data + len(alike)]))
    body = (" ".join(call), APPLIED)
    if factor.select:
        entry = text(_class_entry(t, factor, alike, len(inner.scope) - 1), inner, PRODUCT)
        body = (f"{entry} * {body[0]}", PRODUCT)
        body = (f"Sum {safe(chosen[0])} {function_of(klass[0], body)}", APPLIED)
    for index, size in reversed(list(zip(indices, alike, strict=True))):
        body = (f"Sum {safe(size)} {function_of(index, body)}", APPLIED)
    return body[0]


def _sizes_of(family: Family, n: str) -> list[str]:
    """The size of a vector, with determinant and inverse of its matrices."""
    matrices = "posdef" in family.arguments.values()
    return [n, *([f"det_{n}", f"inverse_{n}"] if matrices else [])] if family.depth else []


def _class_entry(t: Layout, factor: Factor, alike: list[str], last: int) -> Term:
    """The entry of the one-hot variable that chooses, at the class that was opened last."""
    data = bool(t.model.data_plate(factor.of[0]))
    positions = {size: last - data - i for i, size in enumerate(alike)}
    plates = t.model.variable(factor.select).plates
    own = [positions[size] for size in plates[data:-1]]
    return ["v", factor.select, *([last] if data else []), *own, 0]


def _drawn(t: Layout, factor: Factor, place: Place, binders: list[int]) -> str:
    """The variable of a factor at these binders; of a vector, without its last index."""
    (of,), depth = factor.of, len(place.scope)
    if t.model.families[factor.family].depth:
        name, inner = place.opened(t.model.variables[of].plates[-1])
        entry = ["v", of, *(depth - i for i in binders), 0]
        return function_of(name, (text(entry, inner), APPLIED))
    return text(["v", of, *(depth - 1 - i for i in binders)], place, ATOM)


def definition_blocks(t: Layout) -> Iterator[str]:
    model = t.model
    if t.noise:
        yield "\n".join(
            [
                comment("The latents that move: location + scale * noise."),
                *(map(partial(latent_definition, t), t.noise)),
            ]
        )
    lines = [comment("The factors: log p, and the entropies by the formulas above.")]
    for factor in model.factors.values():
        world = model.data_plate(factor.of[0])
        place, outcome = t.at(world), f"(o : outcome{t.suffix(world)})"
        if factor.family == ANY:
            continue
        if factor.name in model.p:
            lines.append(
                definition(
                    f"log_{factor.name} (p : parameters) {outcome}",
                    of_factor(t, factor, "logpdf", place),
                )
            )
            if t.has_base(factor):
                lines.append(
                    definition(
                        f"log_base_{factor.name} (p : parameters) {outcome}",
                        of_factor(t, factor, "logbase", place),
                    )
                )
        lines.append(
            definition(
                f"H_{factor.name} (p : parameters) {outcome}",
                of_factor(t, factor, "entropy", place),
            )
        )
    yield "\n".join(lines)
    yield sums(t)


def latent_definition(t: Layout, name: str) -> str:
    model = t.model
    factor = next(f for f in model.q.values() if name in f.of)
    family = model.families[factor.family]
    plates = model.variables[name].plates
    data = 1 if model.data_plate(name) else 0
    world = model.data_plate(name)
    place = replace(t.at(world), scope=("",) * data)
    indices, inner = t.opened(place, plates[data:])
    values = {
        a: text(e, inner, ATOM) for a, e in zip(family.arguments, factor.arguments, strict=True)
    }
    inside = replace(inner, bindings=values)
    location, scale = (
        text(e, inside, level) for e, level in ((family.location, SUM), (family.scale, PRODUCT))
    )
    noise = " ".join([f"eps_{name} o", *indices])
    own = of_model(model, name, world if t.several else "")
    bound = f"({' '.join(indices)} : nat) " if indices else ""
    return definition(
        f"{own} (p : parameters) (o : outcome{t.suffix(world)}) {bound}".rstrip(),
        f"{location} + {scale} * {noise}",
    )


def sums(t: Layout) -> str:
    """ELBO, entropy sum, objective, excess and closed form."""
    lines = [
        comment(
            "The ELBO, the entropy sum and what is optimised, for one outcome and then averaged."
        )
    ]
    model, said = t.model, t.said
    weighted = t.weighted
    for world in t.worlds:
        end, given = t.suffix(world), f"(p : parameters) (o : outcome{t.suffix(world)})"
        parts = [(f, k) for f, k in t.parts() if model.data_plate(f.of[0]) == world]
        lines.append(definition(f"elbo{end} {given}", " + ".join(t.part(f, k) for f, k in parts)))
        entropies = [
            f"{t.part(f, 'H')}" for f in model.q.values() if model.data_plate(f.of[0]) == world
        ]
        words = " + ".join(entropies) or "0"
        for f in model.p.values():
            if model.data_plate(f.of[0]) == world:
                words += f" - {t.part(f, 'H')}" + (
                    f" + {t.part(f, 'logh')}" if t.has_base(f) else ""
                )
        lines.append(definition(f"entropies{end} {given}", words.removeprefix("0 + ")))
        if weighted:
            lines.append(
                definition(
                    f"gain{end} {given}", " + ".join(weighted_part(t, f, k) for f, k in parts)
                )
            )
    lines.append(definition("ELBO (p : parameters)", averaged(t, "elbo")))
    lines.append(definition("entropy_sum (p : parameters)", averaged(t, "entropies")))
    if said.penalty != 0:
        lines.append(definition("penalty (p : parameters)", text(said.penalty, t.place)))
    if not t.plain:
        penalty = " - penalty p" if said.penalty != 0 else ""
        lines.append(
            definition(
                "objective (p : parameters)",
                averaged(t, "gain" if weighted else "elbo") + penalty,
            )
        )
    if said.excess != 0:
        lines.append(comment("What stands beside the entropy sum at stationary points."))
        lines.append(definition("excess (p : parameters)", text(said.excess, t.place)))
    lines.append(comment("The closed form" + (", excess included." if said.excess != 0 else ".")))
    lines.append(definition("closed_form (p : parameters)", text(said.entropy_sum, t.place)))
    return "\n".join(lines)


def weighted_part(t: Layout, factor: Factor, kind: str) -> str:
    weight = t.said.weights.get(factor.name)
    part = t.part(factor, kind)
    return part if weight is None else f"{text(weight, t.place, PRODUCT)} * {part}"


def averaged(t: Layout, name: str) -> str:
    if not t.several:
        return f"{law('')} ({name} p)"
    return " + ".join(f"{t.share(w)} * {law(w)} ({name}{t.suffix(w)} p)" for w in t.worlds)


def curve_block(t: Layout) -> str:
    fields, lemmas = [], []
    for array in t.model.parameters.values():
        name = safe(array.name)
        indices, place = t.opened(replace(t.place, scope=()), array.plates)
        here = " ".join([name, "p", *indices])
        bound = f"fun {' '.join(indices)} => " if indices else ""
        given = f"({' '.join(indices)} : nat) " if indices else ""
        along = " ".join([name, "(move p t)", *indices])
        start = f"({here})"
        if array.name not in t.said.direction:
            fields.append(f"{name} := {name} p")
            velocity, proof = "0", "apply moves_const"
        elif array.range in ("posdef", "triangular"):
            factor = text(t.said.direction[array.name][1], replace(t.place, scope=()), ATOM)
            fields.append(f"{name} := scaled (exp ({factor} * t)) ({name} p)")
            continue
        elif (r := rate(t.said, array.name)) is not None:
            factor = text(r, replace(t.place, scope=()), ATOM)
            fields.append(f"{name} := {bound}{here} * exp ({factor} * t)")
            velocity, proof = f"({factor} * {here})", "apply curve_exp"
        else:
            term = text(t.said.direction[array.name], place, ATOM)
            fields.append(f"{name} := {bound}{here} + t * {term}")
            velocity, proof = term, "apply curve_line"
        lemmas.append(
            f"Lemma {name}_moves p {given}: moves (fun t : R => {along}) {start} {velocity}.\nProof. {proof}. Qed."
        )
    return "\n".join(
        [
            comment(
                "The curve through p along which the derivative is taken; its velocity at t = 0 is the direction."
            ),
            wrapped(
                "Definition move (p : parameters) (t : R) : parameters := {| "
                + "; ".join(fields)
                + " |}."
            ),
            *lemmas,
        ]
    )
