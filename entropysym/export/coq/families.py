"""Families: log density, base measure and entropy, (T), and the link from the formula of the entropy to -E log p."""

from __future__ import annotations

from dataclasses import replace

from entropysym.checker.kernel.terms import Family, subterms
from entropysym.export.coq.layout import RANGES, SUPPORTS, Layout
from entropysym.export.coq.lines import comment, definition, fresh, wrapped
from entropysym.export.coq.printer import ATOM, Place, text

#: The types of arguments that are no numbers.
KINDS = {"vector": "nat -> R", "positives": "nat -> R", "simplex": "nat -> R", "posdef": "matrix"}
MATRIX_PROOF = (
    "\n  match goal with L : matrix_laws _ _ _ |- _ => pose proof (moves_logdet _ _ _ L) end.\n "
)
#: Supports of single numbers that a certificate's proof may use.
POINTS = ("positive", "unit", "count")


def family_block(t: Layout, family: Family) -> str:
    """Its log density, base measure and entropy, and (T)."""
    if not any(f.family == family.name for f in t.model.factors.values()):
        return ""
    certificate, name = t.said.certificates[family.name], family.name
    used = t.place.used
    arguments = [fresh(a, used) for a in family.arguments]
    vectors = family.depth == 1
    variable = fresh("y", {*arguments, *used})
    dims = {"dim": fresh("n", {*arguments, *used})} if vectors else {}
    place = replace(
        t.at(),
        dims=dims,
        bindings={**dict(zip(family.arguments, arguments, strict=True)), "var": variable},
    )
    kinds = {
        a: KINDS.get(r, "R") for a, r in zip(arguments, family.arguments.values(), strict=True)
    }
    size = f"({dims['dim']} : nat) " if vectors else ""
    if "matrix" in kinds.values():
        n = dims["dim"]
        size += f"(det_{n} : matrix -> R) (inverse_{n} : matrix -> matrix) "
    taken = size + " ".join(f"({a} : {kind})" for a, kind in kinds.items())
    drawn = f"({variable} : {'nat -> R' if vectors else 'R'})"
    lines = [
        comment(
            f"The family {name}: its log density{', log base measure' if family.log_base_measure != 0 else ''} and entropy."
        ),
        definition(f"{name}_logpdf {taken} {drawn}", text(family.log_density, place)),
    ]
    base = family.log_base_measure != 0
    if base:
        lines.append(
            definition(f"{name}_logbase {taken} {drawn}", text(family.log_base_measure, place))
        )
    lines.append(definition(f"{name}_entropy {taken}", text(certificate.entropy, place)))
    lines.append(certificate_lemma(t, family, place, kinds, variable, size))
    lines.append(entropy_link(t, family, place, kinds, size))
    return "\n".join(lines)


def certificate_lemma(
    t: Layout, family: Family, place: Place, kinds: dict[str, str], variable: str, size: str
) -> str:
    """(T): where the arguments move as the certificate says, D log p = log p - log h + H."""
    name, certificate = family.name, t.said.certificates[family.name]
    n = place.dims.get("dim", "")
    curves = {a: fresh(f"{a}_t", {*kinds, *t.place.used}) for a in kinds}
    said = []
    for (stored, range_), a in zip(family.arguments.items(), kinds, strict=True):
        if kinds[a] == "R":
            said.append(f"moves {curves[a]} {a} {text(certificate.direction[stored], place, ATOM)}")
            if range_ in RANGES:
                said.append(RANGES[range_].format(a))
        elif kinds[a] == "matrix":
            r = text(certificate.direction[stored][1], place, ATOM)
            said += [
                f"(forall t, {curves[a]} t = scaled (exp ({r} * t)) {a})",
                f"0 < det_{n} {a}",
            ]
        else:
            i, inner = place.opened("dim")
            direction = text(certificate.direction[stored], inner, ATOM)
            said.append(
                f"(forall {i}, ({i} < {n})%nat -> moves (fun t : R => {curves[a]} t {i}) ({a} {i}) {direction})"
            )
            if range_ == "simplex":
                said.append(f"simplex {n} {a}")
            elif range_ == "positives":
                said.append(f"(forall {i}, ({i} < {n})%nat -> 0 < {a} {i})")
                said.append(f"(0 < {n})%nat")
    if family.support in POINTS:
        said.append(SUPPORTS[family.support].format(variable))
    if family.support == "onehot":
        said.append(f"onehot {n} {variable}")
    if family.support == "simplex":
        said.append(f"simplex {n} {variable}")
    laws = [
        f"derivative_law {f} {g}"
        for f, g in t.function_laws()
        if any(True for _ in subterms(family.log_density, f))
    ]
    curved = size + " ".join(f"({curves[a]} : R -> {kinds[a]}) ({a} : {kinds[a]})" for a in kinds)
    matrices = "matrix" in kinds.values()
    if matrices:
        laws.insert(0, f"matrix_laws {n} det_{n} inverse_{n}")
    prefix = f"{n} " if n else ""
    prefix += f"det_{n} inverse_{n} " if matrices else ""
    at_t = prefix + " ".join(f"({curves[a]} t)" for a in kinds)
    at_0 = prefix + " ".join(kinds)
    drawn = f"({variable} : {'nat -> R' if n else 'R'})"
    entropy = f"{name}_entropy {at_0}"
    base = family.log_base_measure != 0
    right = f"({entropy} - {name}_logbase {at_0} {variable})" if base else entropy
    unfolded = ", ".join(
        [f"{name}_logpdf", f"{name}_entropy", *([f"{name}_logbase"] if base else [])]
    )
    statement = " -> ".join([*said, *laws])
    return "\n".join(
        [
            wrapped(
                f"Lemma {name}_T {curved} {drawn} : {statement} -> moves (fun t : R => {name}_logpdf {at_t} {variable}) "
                f"({name}_logpdf {at_0} {variable}) ({name}_logpdf {at_0} {variable} + {right})."
            ),
            "Proof.",
            "  intros. repeat match goal with H : simplex _ _ |- _ => pose proof (simplex_pos _ _ H); revert H end; intros.",
            f"  unfold {unfolded}.{MATRIX_PROOF if matrices else ''} velocity.",
            "Qed.",
        ]
    )


def entropy_link(t: Layout, family: Family, place: Place, kinds: dict[str, str], size: str) -> str:
    """That the formula is the entropy, where the score along the certificate has mean zero."""
    name, certificate, n = (
        family.name,
        t.said.certificates[family.name],
        place.dims.get("dim", ""),
    )
    base = family.log_base_measure != 0
    curves, said = [], []
    for (stored, range_), a in zip(family.arguments.items(), kinds, strict=True):
        term = certificate.direction[stored]
        if kinds[a] == "R":
            curves.append(f"({a} + t * {text(term, place, ATOM)})")
            said += [RANGES[range_].format(a)] if range_ in RANGES else []
        elif kinds[a] == "matrix":
            curves.append(f"(scaled (exp ({text(term[1], place, ATOM)} * t)) {a})")
            said.append(f"0 < det_{n} {a}")
        else:
            i, inner = place.opened("dim")
            curves.append(f"(fun {i} => {a} {i} + t * {text(term, inner, ATOM)})")
            said += [f"simplex {n} {a}"] if range_ == "simplex" else []
            said += (
                [f"(forall {i}, ({i} < {n})%nat -> 0 < {a} {i})", f"(0 < {n})%nat"]
                if range_ == "positives"
                else []
            )
    if family.support in ("onehot", "simplex"):
        said.append(f"(forall w, {family.support} {n} (y_of w))")
    elif family.support in POINTS:
        said.append(f"(forall w, {SUPPORTS[family.support].format('(y_of w)')})")
    if "matrix" in kinds.values():
        said.append(f"matrix_laws {n} det_{n} inverse_{n}")
    said += [
        f"derivative_law {f} {g}"
        for f, g in t.function_laws()
        if any(True for _ in subterms(family.log_density, f))
    ]
    prefix = (f"{n} " if n else "") + (
        f"det_{n} inverse_{n} " if "matrix" in kinds.values() else ""
    )
    here, along = prefix + " ".join(kinds), prefix + " ".join(curves)
    mean = f"expect law_of_y (fun w => {name}_logpdf {here} (y_of w))"
    said.append(f"integrable law_of_y (fun w => {name}_logpdf {here} (y_of w))")
    if base:
        said.append(f"integrable law_of_y (fun w => {name}_logbase {here} (y_of w))")
        mean = f"({mean} - expect law_of_y (fun w => {name}_logbase {here} (y_of w)))"
    said.append(
        f"expect law_of_y (fun w => Derive (fun t : R => {name}_logpdf {along} (y_of w)) 0) = 0"
    )
    given = size + " ".join(f"({a} : {kind})" for a, kind in kinds.items())
    kind = "nat -> R" if n else "R"
    proof = f"  intros. apply entropy_link{'_base' if base else ''} with (D := fun w => Derive (fun t : R => {name}_logpdf {along} (y_of w)) 0); try assumption."
    return "\n".join(
        [
            comment(
                "Where the score has mean zero under the law of y, this entropy is "
                + ("-E log (p / h)." if base else "-E log p.")
            ),
            wrapped(
                f"Lemma {name}_is_entropy (W : Type) (law_of_y : law W) (y_of : W -> {kind}) {given} : {' -> '.join(said)} -> "
                f"{name}_entropy {here} = - {mean}."
            ),
            "Proof.",
            wrapped(proof),
            f"  intros w. eapply moves_value, {name}_T; intros; first [apply curve_line | reflexivity | eauto 3].",
            "Qed.",
        ]
    )
