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
    tame = [f"(tame_finite {safe(w)} some{t.suffix(w)})" for w in t.worlds if w]
    for world in t.worlds:
        more_taken, more_given = _outcomes(t, world)
        taken += more_taken
        given += more_given
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


def _outcomes(t: Layout, world: str) -> tuple[list[str], list[str]]:
    """The outcomes of a plate with N data, and its variables: what is taken, and what is given for it."""
    model, n, end = t.model, safe(world), t.suffix(world)
    taken, given, datum, draw = ["outcome", "E"], ["outcome", "E"], "o", "o"
    if world:
        points = f"(finite {n} some{end})"
        taken = [*([] if t.several else [n]), f"(some{end} : (0 < {n})%nat)"]
        given = ["nat", points]
        if not t.latent_free:
            taken.append(f"(draw{end} : Type) (q{end} : nat -> law draw{end})")
            given = [f"(nat * draw{end})", f"(joint {points} q{end})"]
            datum, draw = "(fst o)", "(snd o)"
    for variable in model.variables.values():
        plate = model.data_plate(variable.name)
        if plate in (world, ""):
            seen = of_model(model, variable.name, world if t.several else "")
            own = f"eps_{variable.name}" if variable.name in t.noise else seen
            latent = variable.role == "latent"
            kind = "outcome" if not world else f"draw{end}" if latent else "nat"
            taken.append(f"({own} : {kind} -> {'nat -> ' * (len(variable.plates) - bool(plate))}R)")
            given.append(f"(fun o => {own} {draw if latent else datum})")
    return taken, given


def not_vacuous_lemma(t: Layout) -> str:
    """All premises hold together, for sizes, networks, data and parameters that are 1."""
    name, given = t.model.name, _ones(t)
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


def _one(depth: int, range_: str) -> str:
    """An array of ones; of halves where it lies in the unit interval."""
    if range_ == "triangular":
        return "(fun i j => if Nat.eq_dec i j then 1 else 0)"
    value = "(1 / 2)" if range_ == "unit" else "1"
    return f"(fun {' '.join('_' * depth)} => {value})" if depth else value


def _ones(t: Layout) -> list[str]:
    """Ones for all that a printed file declares, in its order."""
    model = t.model
    given = ["1%nat" for _ in t.sizes()]
    for net in model.networks.values():
        inner = _one(len(net.plates), net.range)
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
                given.append(f"(fun _ => {_one(depth, variable.support)})")
    for factor in model.q.values():
        if factor.family == ANY:
            given.append("(fun _ => 1)" if model.data_plate(factor.of[0]) else "1")
    values = " ".join(_one(len(a.plates), a.range) for a in model.parameters.values())
    given.append(f"(Parameters {values})")
    return given
