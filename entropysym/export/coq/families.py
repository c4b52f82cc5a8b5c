"""Families: log density, base measure and entropy, (T), and the link from the formula of the entropy to -E log p."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from entropysym.checker.kernel.terms import Family, FamilyCertificate, Term, subterms
from entropysym.export.coq import separation
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


@dataclass(frozen=True)
class _Said:
    """A family as it is printed: its arguments with their types, and its variable."""

    t: Layout
    family: Family
    place: Place
    kinds: dict[str, str]

    @property
    def certificate(self) -> FamilyCertificate:
        return self.t.said.certificates[self.family.name]

    @property
    def variable(self) -> str:
        return self.place.bindings["var"]

    @property
    def n(self) -> str:
        """The size of a vector, or nothing."""
        return self.place.dims.get("dim", "")

    @property
    def base(self) -> bool:
        return self.family.log_base_measure != 0

    @property
    def matrices(self) -> bool:
        return "matrix" in self.kinds.values()

    @property
    def size(self) -> str:
        """The size, with determinant and inverse, as binders."""
        size = f"({self.n} : nat) " if self.n else ""
        both = f"(det_{self.n} : matrix -> R) (inverse_{self.n} : matrix -> matrix) "
        return size + (both if self.matrices else "")

    @property
    def given(self) -> str:
        return self.size + " ".join(f"({a} : {kind})" for a, kind in self.kinds.items())

    @property
    def drawn(self) -> str:
        return f"({self.variable} : {'nat -> R' if self.n else 'R'})"

    def called(self, *arguments: str) -> str:
        """The size and the arguments of a call."""
        both = [f"det_{self.n}", f"inverse_{self.n}"] if self.matrices else []
        return " ".join([*([self.n] if self.n else []), *both, *arguments])

    def arguments(self) -> Iterator[tuple[str, str, Term]]:
        """Each argument with its range and its motion."""
        for (stored, range_), a in zip(self.family.arguments.items(), self.kinds, strict=True):
            yield a, range_, self.certificate.direction[stored]

    def ranges(self) -> Iterator[str]:
        """Where the arguments lie."""
        n = self.n
        for a, range_, _ in self.arguments():
            if range_ in RANGES:
                yield RANGES[range_].format(a)
            elif range_ == "posdef":
                yield f"0 < det_{n} {a}"
            elif range_ == "simplex":
                yield f"simplex {n} {a}"
            elif range_ == "positives":
                i, _ = self.place.opened("dim")
                yield f"(forall {i}, ({i} < {n})%nat -> 0 < {a} {i})"
                yield f"(0 < {n})%nat"

    def support(self, drawn: str) -> list[str]:
        """Where the variable lies, as far as a proof needs it."""
        support = self.family.support
        if support in ("onehot", "simplex"):
            return [f"{support} {self.n} {drawn}"]
        return [SUPPORTS[support].format(drawn)] if support in POINTS else []

    def laws(self) -> list[str]:
        """The laws of functions and matrices that the density names."""
        found = [
            f"derivative_law {f} {g}"
            for f, g in self.t.function_laws()
            if any(True for _ in subterms(self.family.log_density, f))
        ]
        n = self.n
        return [*([f"matrix_laws {n} det_{n} inverse_{n}"] if self.matrices else []), *found]


def family_block(t: Layout, family: Family) -> str:
    """Its log density, base measure and entropy, (T), and the link to -E log p."""
    if not any(f.family == family.name for f in t.model.factors.values()):
        return ""
    used = t.place.used
    names = [fresh(a, used) for a in family.arguments]
    taken = {*names, *used}
    bindings = {**dict(zip(family.arguments, names, strict=True)), "var": fresh("y", taken)}
    dims = {"dim": fresh("n", taken)} if family.depth else {}
    place = replace(t.at(), dims=dims, bindings=bindings)
    kinds = [KINDS.get(range_, "R") for range_ in family.arguments.values()]
    f = _Said(t, family, place, dict(zip(names, kinds, strict=True)))
    name = family.name
    measure = ", log base measure" if f.base else ""
    lines = [
        comment(f"The family {name}: its log density{measure} and entropy."),
        definition(f"{name}_logpdf {f.given} {f.drawn}", text(family.log_density, place)),
        definition(f"{name}_logbase {f.given} {f.drawn}", text(family.log_base_measure, place))
        if f.base
        else "",
        definition(f"{name}_entropy {f.given}", text(f.certificate.entropy, place)),
        _certificate(f),
        _entropy_rate(f),
        _link(f),
    ]
    return "\n".join(filter(None, lines))


def _certificate(f: _Said) -> str:
    """(T): where the arguments move as the certificate says, D log p = log p - log h + H."""
    name, y = f.family.name, f.variable
    curves = {a: fresh(f"{a}_t", {*f.kinds, *f.t.place.used}) for a in f.kinds}
    curved = f.size + " ".join(f"({curves[a]} : R -> {k}) ({a} : {k})" for a, k in f.kinds.items())
    premises = [*_motions(f, curves), *f.ranges(), *f.support(y), *f.laws()]
    along, here = f.called(*(f"({curves[a]} t)" for a in f.kinds)), f.called(*f.kinds)
    entropy = f"{name}_entropy {here}"
    right = f"({entropy} - {name}_logbase {here} {y})" if f.base else entropy
    unfolded = [f"{name}_logpdf", f"{name}_entropy", *([f"{name}_logbase"] if f.base else [])]
    return "\n".join(
        [
            wrapped(
                f"Lemma {name}_T {curved} {f.drawn} : {' -> '.join(premises)} -> "
                f"moves (fun t : R => {name}_logpdf {along} {y}) ({name}_logpdf {here} {y}) ({name}_logpdf {here} {y} + {right})."
            ),
            "Proof.",
            "  intros. repeat match goal with H : simplex _ _ |- _ => pose proof (simplex_pos _ _ H); revert H end; intros.",
            f"  unfold {', '.join(unfolded)}.{MATRIX_PROOF if f.matrices else ''} velocity.",
            "Qed.",
        ]
    )


def _entropy_rate(f: _Said) -> str:
    """That the entropy of a family with matrices moves at a constant rate, where the integrand separates."""
    change = separation.family_rate(f.t, f.family, f.n)
    if not f.matrices or change is None or not separation.separates(f.t):
        return ""
    name = f.family.name
    curves = {a: fresh(f"{a}_t", {*f.kinds, *f.t.place.used}) for a in f.kinds}
    curved = f.size + " ".join(f"({curves[a]} : R -> {k}) ({a} : {k})" for a, k in f.kinds.items())
    premises = [*_motions(f, curves), *f.ranges(), *f.laws()]
    along, here = f.called(*(f"({curves[a]} t)" for a in f.kinds)), f.called(*f.kinds)
    return "\n".join(
        [
            wrapped(
                f"Lemma {name}_entropy_moves {curved} : {' -> '.join(premises)} -> "
                f"moves (fun t : R => {name}_entropy {along}) ({name}_entropy {here}) ({change})."
            ),
            "Proof.",
            f"  intros. unfold {name}_entropy.{MATRIX_PROOF} velocity.",
            "Qed.",
        ]
    )


def _motions(f: _Said, curves: dict[str, str]) -> Iterator[str]:
    """That the curves of the arguments start with the certificate's velocities."""
    for a, _, term in f.arguments():
        if f.kinds[a] == "R":
            yield f"moves {curves[a]} {a} {text(term, f.place, ATOM)}"
        elif f.kinds[a] == "matrix":
            yield f"(forall t, {curves[a]} t = scaled (exp ({text(term[1], f.place, ATOM)} * t)) {a})"
        else:
            i, inner = f.place.opened("dim")
            entry = f"moves (fun t : R => {curves[a]} t {i}) ({a} {i}) {text(term, inner, ATOM)}"
            yield f"(forall {i}, ({i} < {f.n})%nat -> {entry})"


def _along(f: _Said) -> Iterator[str]:
    """The arguments on such curves."""
    for a, _, term in f.arguments():
        if f.kinds[a] == "R":
            yield f"({a} + t * {text(term, f.place, ATOM)})"
        elif f.kinds[a] == "matrix":
            yield f"(scaled (exp ({text(term[1], f.place, ATOM)} * t)) {a})"
        else:
            i, inner = f.place.opened("dim")
            yield f"(fun {i} => {a} {i} + t * {text(term, inner, ATOM)})"


def _link(f: _Said) -> str:
    """That the formula is the entropy, where the score along the certificate has mean zero."""
    name, here = f.family.name, f.called(*f.kinds)
    density, base = (f"(fun o => {name}_{kind} {here} (y_of o))" for kind in ("logpdf", "logbase"))
    score = f"(fun o => Derive (fun t : R => {name}_logpdf {f.called(*_along(f))} (y_of o)) 0)"
    mean = f"expect law_of_y {density}"
    mean = f"({mean} - expect law_of_y {base})" if f.base else mean
    premises = [*f.ranges(), *(f"(forall o, {said})" for said in f.support("(y_of o)")), *f.laws()]
    premises += [f"integrable law_of_y {each}" for each in (density, *([base] if f.base else []))]
    premises.append(f"expect law_of_y {score} = 0")
    kind, end = "nat -> R" if f.n else "R", "_base" if f.base else ""
    ratio = "(p / h)" if f.base else "p"
    return "\n".join(
        [
            comment(
                f"Where the score has mean zero under the law of y, this entropy is -E log {ratio}."
            ),
            wrapped(
                f"Lemma {name}_is_entropy (W : Type) (law_of_y : law W) (y_of : W -> {kind}) {f.given} : "
                f"{' -> '.join(premises)} -> {name}_entropy {here} = - {mean}."
            ),
            "Proof.",
            wrapped(f"  intros. apply entropy_link{end} with (D := {score}); try assumption."),
            f"  intros o. eapply moves_value, {name}_T; intros; first [apply curve_line | reflexivity | eauto 3].",
            "Qed.",
        ]
    )
