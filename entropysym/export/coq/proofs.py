"""Proofs: one lemma for each factor, the velocity at an outcome, the identity, the closed form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from entropysym.checker.kernel.terms import ANY, Factor, Term, named
from entropysym.export.coq.layout import Layout
from entropysym.export.coq.lines import comment, definition, wrapped
from entropysym.export.coq.names import safe
from entropysym.export.coq.printer import (
    ATOM,
    PRODUCT,
    SUM,
    Place,
    law,
    of_model,
    text,
    unsupported,
)
from entropysym.export.coq.separation import interchange_block, rate_lemmas, separates


def proof_blocks(t: Layout) -> Iterator[str]:
    if not separates(t):
        yield AT_P
        yield from at_parameters(t)
    else:
        yield f"Section at_parameters.\n{AT_P}"
        yield from at_parameters(t)
        yield rate_lemmas(t)
        yield "End at_parameters."
        yield unfold_curve(t)
        yield interchange_block(t)
        yield f"{AT_P}\n{known_velocities(parameters_known(t))}"
    yield conditions_hold(t)
    yield gap_lemma(t)
    yield closed_lemma(t)


#: The parameters that a proof is about.
AT_P = (
    "Variable p : parameters.\nHypothesis ranges : in_range p.\nLtac in_range := destruct ranges."
)


def parameters_known(t: Layout) -> list[str]:
    moving, matrices = t.said.direction, ("posdef", "triangular")
    return [
        f"apply {safe(a.name)}_moves"
        for a in t.model.parameters.values()
        if a.name not in moving or a.range not in matrices
    ]


def known_velocities(known: list[str]) -> str:
    return f"Ltac known ::= first [ {' | '.join([*known, 'fail'])} ]."


def unfold_curve(t: Layout) -> str:
    return f"Ltac unfold_curve ::= cbn [move {' '.join(map(safe, t.model.parameters))}]."


def at_parameters(t: Layout) -> Iterator[str]:
    """What holds at each outcome, up to the velocity of what is optimised."""
    known = parameters_known(t)
    for name in t.noise:
        yield scales_lemmas(t, name)
        known.append(f"apply {of_model(t.model, name, t.seen_from(name))}_moves")
    for i, said in enumerate(still_networks(t)):
        yield still_lemma(t, i, said)
        known.append(f"apply still_{i}")
    yield known_velocities(known)
    yield unfold_curve(t)
    for factor in t.moving.tempering:
        yield tempering_lemma(t, factor)
    for factor, partner in t.moving.scaling:
        yield scaling_lemma(t, factor, partner)
    if t.said.penalty != 0:
        yield penalty_lemmas(t)
    if t.unexplained:
        yield rest_lemma(t)
    for world in t.worlds:
        yield along_lemma(t, world)


def scales_lemmas(t: Layout, name: str) -> str:
    """A latent that moves is multiplied by exp (r t), and hence has the velocity r z."""
    model = t.model
    plates = model.variables[name].plates
    data = 1 if model.data_plate(name) else 0
    indices, _ = t.opened(replace(t.place, scope=()), plates[data:])
    own = of_model(model, name, t.seen_from(name))
    r = text(t.moving.noise[name], t.place, ATOM)
    here = " ".join([own, "p", "o", *indices])
    along = " ".join([own, "(move p t)", "o", *indices])
    given = f"o ({' '.join(indices)} : nat)" if indices else "o"
    return "\n".join(
        [
            f"Lemma {own}_scales t {given} : {along} = exp ({r} * t) * {here}.",
            f"Proof. in_range. unfold {own}. cbn [move {' '.join(map(safe, model.parameters))}]. scales. Qed.",
            f"Lemma {own}_moves {given} : moves (fun t : R => {along}) ({here}) ({r} * {here}).",
            f"Proof. in_range. apply (moves_ext (fun t : R => {here} * exp ({r} * t))); [intros t; rewrite {own}_scales; ring | apply curve_exp]. Qed.",
        ]
    )


def still_networks(t: Layout) -> Iterator[tuple[str, str, str]]:
    """Networks whose inputs name parameters or noise; they are the same all along the curve."""
    model, seen = t.model, set()
    for factor in model.factors.values():
        if factor.family == ANY:
            continue
        of = factor.of[0]
        data = 1 if model.data_plate(of) else 0
        family = model.families[factor.family]
        plates = model.variables[of].plates[data:]
        alike = plates[: len(plates) - family.depth]
        chosen = model.variable(factor.select).plates[-1:] if factor.select else []
        base = replace(t.at(model.data_plate(of)), scope=("",) * data)
        _, place = t.opened(base, [*alike, *chosen])
        for argument in factor.arguments:
            for net, inner in networks_of(argument, place):
                if not named(net[-1], "param") and not named(net[-1], "v") & t.noise:
                    continue
                along = text(net, replace(inner, at="(move p t)"))
                here = text(net, inner)
                words = {*re.findall(r"\w+", here)}
                indices = " ".join(n for n in inner.scope if n in words)
                given = f"o ({indices} : nat)" if indices else "o"
                if (given, along) not in seen:
                    seen.add((given, along))
                    yield given, along, here


def networks_of(term: Term, place: Place) -> Iterator[tuple[Term, Place]]:
    if not isinstance(term, list):
        return
    if term[0] == "net":
        yield term, place
    elif term[0] in ("sum", "vec"):
        yield from networks_of(term[2], place.opened(term[1])[1])
    else:
        for part in term[1:]:
            yield from networks_of(part, place)


def still_lemma(t: Layout, i: int, said: tuple[str, str, str]) -> str:
    given, along, here = said
    model = t.model
    scales = "".join(
        f" rewrite ?{of_model(model, name, t.seen_from(name))}_scales;" for name in t.noise
    )
    cbn = f"cbn [move {' '.join(map(safe, model.parameters))}]"
    return "\n".join(
        [
            wrapped(f"Lemma still_{i} {given} : moves (fun t : R => {along}) ({here}) 0."),
            f"Proof. in_range. apply moves_still. intros t. stands_still ltac:(idtac;{scales} {cbn}). Qed.",
        ]
    )


def tempering_lemma(t: Layout, factor: Factor) -> str:
    name, family = factor.name, factor.family
    base = t.has_base(factor)
    if name in t.said.weights:
        return weighted_tempering_lemma(t, factor)
    right = f"(H_{name} p o - log_base_{name} p o)" if base else f"H_{name} p o"
    unfolded = ", ".join([f"log_{name}", f"H_{name}", *([f"log_base_{name}"] if base else [])])
    return "\n".join(
        [
            f"(* (T) for {name}. *)",
            wrapped(
                f"Lemma {name}_T o : moves (fun t : R => log_{name} (move p t) o) (log_{name} p o) (log_{name} p o + {right})."
            ),
            f"Proof. in_range. unfold {unfolded}. tempers ltac:(apply {family}_T; argument). Qed.",
        ]
    )


def weighted_tempering_lemma(t: Layout, factor: Factor) -> str:
    """(T) for a factor with a weight: the weighted velocity is log p + H."""
    f, family = factor.name, factor.family
    if t.has_base(factor):
        raise unsupported("a weight of a factor with a base measure", t.model)
    return "\n".join(
        [
            f"(* (T) for {f}, which counts with a weight. *)",
            wrapped(
                f"Lemma {f}_T o : exists d, moves (fun t : R => log_{f} (move p t) o) (log_{f} p o) d /\\ "
                f"{times(t, factor, 'd')} = log_{f} p o + H_{f} p o."
            ),
            f"Proof. in_range. unfold log_{f}, H_{f}, {family}_logpdf, {family}_entropy. eexists. split; [velocity_of | merged]. Qed.",
        ]
    )


def scaling_lemma(t: Layout, factor: Factor, partner: Factor) -> str:
    """(T) for a latent that is written as noise: the entropy of q moves with log p."""
    f, g = factor.name, partner.name
    families = dict.fromkeys([factor.family, partner.family])
    unfolded = ", ".join(
        [
            f"log_{f}",
            f"H_{f}",
            f"H_{g}",
            *(f"{n}_logpdf" for n in families),
            *(f"{n}_entropy" for n in families),
        ]
    )
    left = " + ".join(times(t, x, d) for x, d in ((partner, "d"), (factor, "d'")))
    return "\n".join(
        [
            f"(* (T) for {f}, whose latent is written as noise: the entropy of {g} moves with it. *)",
            wrapped(
                f"Lemma {f}_T o : exists d d', moves (fun t : R => H_{g} (move p t) o) (H_{g} p o) d /\\ "
                f"moves (fun t : R => log_{f} (move p t) o) (log_{f} p o) d' /\\ {left} = log_{f} p o + H_{f} p o."
            ),
            f"Proof. in_range. unfold {unfolded}. do 2 eexists. split; [velocity_of | split; [velocity_of | merged]]. Qed.",
        ]
    )


def times(t: Layout, factor: Factor, velocity: str) -> str:
    weight = t.said.weights.get(factor.name)
    return velocity if weight is None else f"{text(weight, t.place, PRODUCT)} * {velocity}"


def penalty_lemmas(t: Layout) -> str:
    return "\n".join(
        [
            "Lemma penalty_exists : exists d, moves (fun t : R => penalty (move p t)) (penalty p) d.",
            "Proof. in_range. unfold penalty. eexists. velocity_of. Qed.",
            "Lemma penalty_moves : moves (fun t : R => penalty (move p t)) (penalty p) (Derive (fun t : R => penalty (move p t)) 0).",
            "Proof. destruct penalty_exists as [d h]. rewrite (moves_value _ _ _ h). exact h. Qed.",
        ]
    )


def rest_lemma(t: Layout) -> str:
    """What (T) does not explain: the excess, at an outcome, is what is left over."""
    rest = t.moving.rest
    velocities = [f"d{i}" for i in range(len(rest))]
    said = [
        f"moves (fun t : R => log_{f.name} (move p t) o) (log_{f.name} p o) {d}"
        for f, d in zip(rest, velocities, strict=True)
    ]
    left = " + ".join(times(t, f, d) for f, d in zip(rest, velocities, strict=True)) or "0"
    right = " + ".join(f"(log_{f.name} p o + H_{f.name} p o)" for f in rest) or "0"
    if any(map(t.has_base, rest)):
        raise unsupported("an excess of a factor with a base measure", t.model)
    penalty = " + Derive (fun t : R => penalty (move p t)) 0" if t.said.penalty != 0 else ""
    families = {f.family for f in rest}
    unfolded = [f"log_{f.name}" for f in rest] + [f"H_{f.name}" for f in rest]
    unfolded += [f"{n}_{w}" for n in sorted(families) for w in ("logpdf", "entropy")]
    exists = f"exists {' '.join(velocities)}, " if velocities else ""
    both = " /\\ ".join([*said, f"{left} = {right} - excess_of o{penalty}"])
    proof = []
    if t.said.penalty != 0:
        proof = [
            "  eassert (slope : moves (fun t : R => penalty (move p t)) (penalty p) _) by (unfold penalty; velocity_of).",
            "  rewrite (moves_value _ _ _ slope). clear slope.",
        ]
    if unfolded:
        proof.append(f"  unfold {', '.join(unfolded)}.")
    if velocities:
        proof.append(f"  do {len(velocities)} eexists. repeat (split; [velocity_of|]).")
    return "\n".join(
        [
            "(* What moves otherwise, and the excess of an outcome. *)",
            definition("excess_of (o : outcome)", at_outcome(t, t.said.excess)),
            wrapped(f"Lemma rest_T o : {exists}{both}."),
            "Proof.",
            "  in_range. unfold excess_of.",
            *proof,
            "  algebra.",
            "Qed.",
        ]
    )


def along_lemma(t: Layout, world: str) -> str:
    """The velocity of what is optimised, at an outcome."""
    model, end = t.model, t.suffix(world)
    mine = [f for f in t.moving.tempering if model.data_plate(f.of[0]) == world]
    pairs = [(f, g) for f, g in t.moving.scaling if model.data_plate(f.of[0]) == world]
    paired = {g.name for _, g in pairs}
    integrand = f"{t.integrand}{end}"
    excess = " - excess_of o" if t.unexplained else ""
    penalty = " + Derive (fun t : R => penalty (move p t)) 0" if t.said.penalty != 0 else ""
    weights = t.said.weights
    steps = [
        f"  destruct ({f.name}_T o) as (d_{f.name} & ? & ?)."
        if f.name in weights
        else f"  pose proof ({f.name}_T o)."
        for f in mine
    ]
    steps += [
        f"  destruct ({f.name}_T o) as (d_{f.name} & d_{g.name} & ? & ? & ?)." for f, g in pairs
    ]
    if t.unexplained:
        rest = t.moving.rest
        pattern = " & ".join([*(f"e{i}" for i in range(len(rest))), *("?" for _ in rest), "?"])
        steps.append(
            f"  destruct (rest_T o) as ({pattern})." if rest else "  pose proof (rest_T o)."
        )
    for q in model.q.values():
        if q.family != ANY and q.name not in paired and model.data_plate(q.of[0]) == world:
            steps.append(
                f"  assert (moves (fun t : R => H_{q.name} (move p t) o) (H_{q.name} p o) 0) \n    by first [exact (moves_still _ _ (fun t => eq_refl)) | unfold H_{q.name}, {q.family}_entropy; velocity]."
            )
    unfolded = ", ".join(dict.fromkeys([integrand, f"elbo{end}", f"entropies{end}"]))
    return "\n".join(
        [
            f"Lemma along{end} o : moves (fun t : R => {integrand} (move p t) o) ({integrand} p o) (elbo{end} p o - entropies{end} p o{excess}{penalty}).",
            "Proof using All." if separates(t) else "Proof.",
            "  in_range.",
            *steps,
            f"  unfold {unfolded}. eapply moves_eq; [velocity_of | reflexivity | lra].",
            "Qed.",
        ]
    )


def conditions_hold(t: Layout) -> str:
    """For tame laws, ranges are all that is assumed."""
    said = " -> ".join(f"tame E{t.suffix(w)}" for w in t.worlds)
    names = [f"tame_{i}" for i in range(len(t.worlds))]
    tries = "first [" + " | ".join(f"apply {n}" for n in names) + "]"
    swaps = " | ".join(
        f"apply {n}_swaps; intros o; exists ({t.integrand}{t.suffix(w)} p o); eexists; exact (along{t.suffix(w)} o)"
        for n, w in zip(names, t.worlds, strict=True)
    )
    how = tries if separates(t) else f"first [{tries} | {swaps}]"
    return "\n".join(
        [
            comment("Where the law is tame, at parameters in range all conditions hold."),
            f"Lemma {t.model.name}_conditions_hold : {said} -> conditions p.",
            f"Proof using All. intros {' '.join(f'[{n} {n}_swaps]' for n in names)}. constructor; {how}. Qed.",
        ]
    )


def gap_lemma(t: Layout) -> str:
    """The identity: from the velocity at an outcome to that of the mean."""
    excess = " - excess p" if t.said.excess != 0 else ""
    how = _by_plates(t) if t.several else _with_excess(t) if t.unexplained else _plainly(t)
    return "\n".join(
        [
            "Hypothesis means : conditions p.",
            f"Lemma gap : is_derive (fun t : R => {t.optimised} (move p t)) 0 (ELBO p - entropy_sum p{excess}).",
            "Proof.",
            "  destruct means.",
            *how,
            "Qed.",
        ]
    )


def _plainly(t: Layout) -> list[str]:
    if separates(t):
        return [
            f"  apply (plain_identity E (fun t : R => {t.integrand} (move p t))); try assumption.",
            "  - intros o. exact (at_start _ _ _ (along p ranges o)).",
            "  - now apply interchange_holds.",
        ]
    return [
        f"  apply (plain_identity E (fun t : R => {t.integrand} (move p t))); try assumption.",
        "  intros o. exact (at_start _ _ _ (along o)).",
    ]


def _by_plates(t: Layout) -> list[str]:
    lines = [f"  unfold ELBO, entropy_sum{'' if t.plain else ', objective'}."]
    for i, w in enumerate(t.worlds):
        end = t.suffix(w)
        velocity = f"{law(w)} (elbo{end} p) - {law(w)} (entropies{end} p)"
        lines.append(
            f"  assert (gap_{i} : is_derive (fun t : R => {law(w)} ({t.integrand}{end} (move p t))) 0 ({velocity}))\n"
            f"    by (apply plain_identity; [intros o; exact (at_start _ _ _ (along{end} o)) | assumption ..])."
        )
    more = range(1, len(t.worlds))
    sums = "apply @is_derive_plus; [" * len(more) + "apply is_derive_scal; exact gap_0"
    sums += "".join(f" | apply is_derive_scal; exact gap_{i}]" for i in more)
    return [*lines, f"  eapply derives_as; [|{sums}].", "  unfold plus; simpl. ring."]


def _with_excess(t: Layout) -> list[str]:
    curve = "fun t : R => penalty (move p t)"
    if t.said.penalty != 0:
        start, moved = "", "apply penalty_moves"
        penalty = f"({curve}) (penalty p) (Derive ({curve}) 0)"
    else:
        start = "apply (is_derive_ext (fun t : R => ELBO (move p t) - 0)); [intros; apply Rminus_0_r|]. "
        penalty, moved = "(fun _ => 0) 0 0", "apply moves_const"
    parts = f"(fun t : R => {t.integrand} (move p t)) (elbo p) (entropies p) excess_of {penalty}"
    return [
        f"  {start}apply (identity E {parts}); try assumption.",
        "  - intros o. eapply moves_eq; [exact (at_start _ _ _ (along o)) | reflexivity | ring].",
        f"  - {moved}.",
        "  - unfold excess, excess_of. eapply hm_eq; [means | reflexivity].",
    ]


def _entropy_heads(t: Layout, world: str) -> str:
    """The definitions behind the entropies of a plate."""
    factors = [f for f in t.model.factors.values() if f.family != ANY]
    mine = [f for f in factors if t.model.data_plate(f.of[0]) == world]
    families = sorted({f.family for f in factors})
    heads = [f"H_{f.name}" for f in mine] + [f"{name}_entropy" for name in families]
    heads += [f"log_base_{f.name}" for f in mine if f.name in t.model.p and t.has_base(f)]
    heads += [f"{n}_logbase" for n in families if t.model.families[n].log_base_measure != 0]
    return ", ".join(heads)


def closed_lemma(t: Layout) -> str:
    """The closed form: at an outcome, and then in the mean."""
    if t.several:
        return _closed_by_plates(t)
    excess = t.said.excess != 0
    more, unfold = (" + excess_of o", "excess_of, ") if excess else ("", "")
    left = "entropy_sum p + excess p" if excess else "entropy_sum p"
    by_parts = "apply hm_plus; [now apply hm_self|]. unfold excess, excess_of. eapply hm_eq; [means | reflexivity]."
    (world,) = t.worlds
    return "\n".join(
        [
            wrapped(
                f"Lemma pointwise o : entropies p o{more} = {at_outcome(t, t.said.entropy_sum)}."
            ),
            f"Proof. in_range. unfold {unfold}entropies, {_entropy_heads(t, world)}. algebra. Qed.",
            f"Lemma closed : {left} = closed_form p.",
            "Proof.",
            "  destruct means.",
            f"  assert (mean_a : has_mean E (fun o => entropies p o{more}) ({left})).",
            f"  {{ {by_parts if excess else 'now apply hm_self.'} }}",
            f"  assert (mean_b : has_mean E (fun o => entropies p o{more}) (closed_form p)).",
            "  { eapply hm_ext; [intros o; apply eq_sym, pointwise|]. unfold closed_form. eapply hm_eq; [means | reflexivity]. }",
            "  rewrite <- (hm_expect _ _ _ mean_a). exact (hm_expect _ _ _ mean_b).",
            "Qed.",
        ]
    )


def _closed_by_plates(t: Layout) -> str:
    lines = [
        "Lemma closed : entropy_sum p = closed_form p.",
        "Proof.",
        "  in_range. destruct means.",
    ]
    for i, w in enumerate(t.worlds):
        end = t.suffix(w)
        spelled = f"unfold entropies{end}, {_entropy_heads(t, w)}; spell"
        lines.append(
            f"  eassert (mean_{i} : has_mean E{end} (entropies{end} p) _)\n"
            f"    by (eapply hm_ext; [intros o; apply eq_sym; {spelled} | means])."
        )
    rewritten = " ".join(f"rewrite (hm_expect _ _ _ mean_{i})." for i in range(len(t.worlds)))
    lines += [f"  unfold entropy_sum, closed_form. {rewritten}", "  plain_means. algebra.", "Qed."]
    return "\n".join(lines)


def at_outcome(t: Layout, term: Term) -> str:
    return text(term, t.at("", pointwise=True), SUM)
