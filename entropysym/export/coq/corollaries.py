"""Corollaries: N data points, and that the premises hold together."""

from __future__ import annotations

from entropysym.checker.kernel.terms import ANY
from entropysym.export.coq.layout import Layout
from entropysym.export.coq.lines import comment, wrapped
from entropysym.export.coq.names import safe
from entropysym.export.coq.printer import of_model


def points_corollary(t: Layout) -> str:
    """The theorem for N data points, each with a law of its latents."""
    model, name = t.model, t.model.name
    bound = [*t.sizes(), *model.networks]
    given = [*map(safe, bound)]
    taken = [*map(safe, bound)]
    for size in t.matrix_sizes():
        taken += [f"det_{size}", f"inverse_{size}"]
        given += [f"det_{size}", f"inverse_{size}"]
    for pair in t.function_laws():
        taken += pair
        given += pair
    tame = []
    for world in t.worlds:
        end, first, second = t.suffix(world), "o", "o"
        if not world:
            taken += ["outcome", "E"]
            given += ["outcome", "E"]
        else:
            n = safe(world)
            taken += ([] if t.several else [n]) + [f"(some{end} : (0 < {n})%nat)"]
            points = f"(finite {n} some{end})"
            tame.append(f"(tame_finite {n} some{end})")
            if t.latent_free:
                given += ["nat", points]
            else:
                taken += [f"(draw{end} : Type) (q{end} : nat -> law draw{end})"]
                given += [f"(nat * draw{end})", f"(joint {points} q{end})"]
                first, second = "(fst o)", "(snd o)"
        for variable in model.variables.values():
            plate = model.data_plate(variable.name)
            if plate not in (world, ""):
                continue
            own = (
                f"eps_{variable.name}"
                if variable.name in t.noise
                else of_model(model, variable.name, world if t.several else "")
            )
            of_draw = variable.role == "latent"
            kind = "outcome" if not world else f"draw{end}" if of_draw else "nat"
            taken.append(f"({own} : {kind} -> {'nat -> ' * (len(variable.plates) - bool(plate))}R)")
            given.append(f"(fun o => {own} {second if of_draw else first})")
    for factor in model.q.values():
        if factor.family == ANY:
            plate = model.data_plate(factor.of[0])
            taken.append(f"(H_{factor.name} : nat -> R)" if plate else f"H_{factor.name}")
            given.append(f"(fun o => H_{factor.name} (fst o))" if plate else f"H_{factor.name}")
    all_given = " ".join(given)
    body = f"{t.theorem} {all_given}"
    if t.latent_free:
        body = f"fun p ranges => {body} p ranges ({name}_conditions_hold {all_given} p ranges {' '.join(tame)})"
    words = (
        "For N data points: nothing is assumed but ranges."
        if t.latent_free
        else "For N data points, the n-th with any law q n of the latents: the mean is / INR N * Sum N (fun n => expect (q n) ...), see joint_points."
    )
    return "\n".join(
        [
            comment(words),
            wrapped(f"Definition {name}_points {' '.join(taken)} := {body}."),
            f"Check {name}_points.",
        ]
    )


def not_vacuous_lemma(t: Layout) -> str:
    """All premises hold together, for sizes, networks, data and parameters that are 1."""
    model, name = t.model, t.model.name
    one = {"unit": "(1 / 2)"}
    sizes = ["1%nat" for _ in t.sizes()]

    def value(depth: int, range_: str) -> str:
        if range_ == "triangular":
            return "(fun i j => if Nat.eq_dec i j then 1 else 0)"
        return (
            f"(fun {' '.join('_' * depth)} => {one.get(range_, '1')})"
            if depth
            else one.get(range_, "1")
        )

    given = [*sizes]
    for net in model.networks.values():
        inner = value(len(net.plates), net.range)
        given.append(f"(fun {' '.join('_' * len(net.inputs))} => {inner})" if net.inputs else inner)
    for _ in t.matrix_sizes():
        given += ["(fun M => M 0%nat 0%nat)", "(fun M _ _ => / M 0%nat 0%nat)"]
    for _ in t.function_laws():
        given += ["(fun _ => 0)", "(fun _ => 0)"]
    for world in t.worlds:
        given += ["unit", "(surely tt)"]
        for variable in model.variables.values():
            plate = model.data_plate(variable.name)
            if plate in (world, ""):
                depth = len(variable.plates) - bool(plate)
                given.append(f"(fun _ => {value(depth, variable.support)})")
    for factor in model.q.values():
        if factor.family == ANY:
            given.append("(fun _ => 1)" if model.data_plate(factor.of[0]) else "1")
    values = " ".join(value(len(a.plates), a.range) for a in model.parameters.values())
    given.append(f"(Parameters {values})")
    certain = " ".join(["(tame_surely tt)"] * len(t.worlds))
    applied_to = f"{name}_conditions_hold {' '.join(given)}"
    return "\n".join(
        [
            comment(
                "The premises do not contradict each other: they hold together where all is 1 and the law is surely one outcome."
            ),
            wrapped(
                f"Lemma {name}_not_vacuous : ltac:(let all := type of (fun ranges => {applied_to} ranges {certain}) in"
            ),
            "  lazymatch all with ?ranges -> ?conditions => exact (ranges /\\ conditions) end).",
            "Proof.",
            "  match goal with |- ?ranges /\\ _ => assert (r : ranges) by (constructor; example) end.",
            wrapped(f"  split; [exact r | exact ({applied_to} r {certain})]."),
            "Qed.",
        ]
    )
