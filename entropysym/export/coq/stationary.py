"""From the gradient to the curve: at a stationary point of what is optimised, the ELBO is the closed form."""

from __future__ import annotations

from dataclasses import replace

from entropysym.checker.kernel.terms import Array
from entropysym.export.coq.layout import Layout
from entropysym.export.coq.lines import comment, definition, wrapped
from entropysym.export.coq.names import safe
from entropysym.export.coq.premises import range_of
from entropysym.export.coq.separation import LASTING, moves_by_rate, separates

#: Ranges that hold near p where they hold at p, for a parameter that moves along a line: how that is shown.
NEAR = {
    "positive": "near_range near_positive",
    "unit": "near_range near_unit",
    "simplex": "near_rows",
}


def stationary_block(t: Layout) -> str:
    """The distance of parameters, and the theorem for a point where the gradient is zero; nothing where the curve may leave the range."""
    near = near_lemma(t)
    if near is None:
        return ""
    o, fixed = t.optimised, [a for a in t.model.parameters.values() if not a.learned]
    said = "ELBO" if t.plain else "objective"
    region = "learned" if fixed else "in_range"
    return "\n".join(
        [
            comment(
                "How far two parameters are from each other: the sum over all entries that are learned."
            ),
            definition("distance (p q : parameters)", distance(t)),
            *([_learned(fixed)] if fixed else []),
            near,
            *([_near_learned()] if fixed else []),
            "Lemma distance_grows : slow (fun t : R => distance p (move p t)).",
            "Proof. in_range. unfold distance. grows. Qed.",
            comment(
                f"Where the {said} is differentiable and its gradient is 0, see `stationary`, the ELBO is the closed form."
            ),
            f"Theorem {t.model.name}_stationary : stationary {region} distance {o} p -> ELBO p = closed_form p.",
            f"Proof using All. intro. apply {t.theorem}. now apply (zero_along {region} distance {o} p (move p) near{'_learned' if fixed else ''} distance_grows). Qed.",
        ]
    )


def _learned(fixed: list[Array]) -> str:
    """What is in range and can be reached by learning."""
    same = " /\\ ".join(f"{safe(a.name)} q = {safe(a.name)} p" for a in fixed)
    return "\n".join(
        [
            comment("What learning can reach from p: what is fixed stays as it is."),
            wrapped(f"Definition learned (q : parameters) : Prop := in_range q /\\ {same}."),
        ]
    )


def _near_learned() -> str:
    return "\n".join(
        [
            "Lemma near_learned : locally 0 (fun t : R => learned (move p t)).",
            "Proof. generalize near. apply filter_imp. intros t ?. split; [assumption | repeat split]. Qed.",
        ]
    )


def distance(t: Layout) -> str:
    found = []
    for array in t.model.parameters.values():
        if not array.learned:
            continue
        indices, _ = t.opened(replace(t.place, scope=()), array.plates)
        name = safe(array.name)
        words = f"Rabs ({' '.join([name, 'q', *indices])} - {' '.join([name, 'p', *indices])})"
        for index, size in reversed(list(zip(indices, array.plates, strict=True))):
            words = f"Sum {safe(size)} (fun {index} => {words})"
        found.append(words)
    return " + ".join(found) or "0"


def near_lemma(t: Layout) -> str | None:
    """That the curve is in range for small t; None where that is not known."""
    said = "Lemma near : locally 0 (fun t : R => in_range (move p t)).\nProof."
    if separates(t):
        return f"{said} apply filter_forall. intros t. now apply stays_in_range. Qed."
    local = [t.model.parameters[name] for name in t.said.direction if not _lasts(t, name)]
    if not all(array.range in NEAR for array in local):
        return None
    lines = [said, "  in_range."]
    for i, array in enumerate(local):
        holds = range_of(t, array, "(move p t)")
        lines.append(
            f"  assert (near_{i} : locally 0 (fun t : R => {holds})) by {NEAR[array.range]}."
        )
    if local:
        *first, last = (f"near_{i}" for i in range(len(local)))
        both = "".join(f"(filter_and _ _ {name} " for name in first) + last + ")" * len(first)
        names = " & ".join("?" * len(local))
        names = f"({names})" if first else names
        lines.append(f"  generalize {both}. apply filter_imp. intros t {names}.")
    else:
        lines.append("  apply filter_forall. intros t.")
    return "\n".join([*lines, "  constructor; first [assumption | unfold_curve; stays].", "Qed."])


def _lasts(t: Layout, name: str) -> bool:
    array: Array = t.model.parameters[name]
    return array.range in (LASTING if moves_by_rate(t, array) else ("real", "angle"))
