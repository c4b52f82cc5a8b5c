"""Where the integrand separates, (T) holds along the whole curve and entropies change at a constant rate: the derivative may be taken under any mean."""

from __future__ import annotations

import re
from fractions import Fraction

from entropysym.checker.kernel.normal_form import Polynomial
from entropysym.checker.kernel.terms import MATRICES, Array, Factor, Family, named
from entropysym.export.coq.layout import Layout
from entropysym.export.coq.lines import comment, fresh, wrapped
from entropysym.export.coq.motions import rate
from entropysym.export.coq.names import safe

#: Ranges in which a parameter stays that moves by a multiple of itself.
LASTING = ("real", "angle", "nonnegative", "positive", "posdef", "triangular")


def separates(t: Layout) -> bool:
    """Whether the ELBO is optimised as it is, entropies change at constant rates, and the curve goes on from each of its points."""
    return (
        t.plain
        and not t.unexplained
        and not t.several
        and all(rate_of(t, name, kind) is not None for name, kind in t.moving.rates)
        and _goes_on(t)
    )


def _goes_on(t: Layout) -> bool:
    moving = t.said.direction
    for name, term in moving.items():
        array = t.model.parameters[name]
        own = {name} if moves_by_rate(t, array) else set()
        if (named(term, "param", "mat") - own) & {*moving}:
            return False
        if array.range not in (LASTING if own else ("real", "angle")):
            return False
    return True


def moves_by_rate(t: Layout, array: Array) -> bool:
    """Whether a parameter moves by a multiple of itself."""
    return array.range in MATRICES or rate(t.said, array.name) is not None


def rate_of(t: Layout, name: str, kind: str) -> str | None:
    """The velocity of an entropy or a base measure as Coq prints it, a number for each index it is summed over; None where it depends on more."""
    factor = t.model.factors[name]
    if factor.select:
        return None
    alike = _alike(t, factor)
    rest = _number(t.moving.rates[name, kind], alike)
    if rest is None:
        return None
    for size in reversed(alike):
        rest = f"INR {safe(size)} * ({rest})"
    return rest


def _alike(t: Layout, factor: Factor) -> list[str]:
    """The plates over which a factor is summed."""
    of = factor.of[0]
    plates = t.model.variables[of].plates[bool(t.model.data_plate(of)) :]
    return plates[: len(plates) - t.model.families[factor.family].depth]


def _number(found: Polynomial, alike: list[str]) -> str | None:
    """A polynomial of sizes divided by these sizes; None where it is no such polynomial."""
    words = []
    for monomial, coefficient in found.items():
        powers: dict[str, Fraction] = dict.fromkeys(alike, Fraction(-1))
        for atom, exponent in monomial:
            if atom.head != "size":
                return None
            powers[atom.label] = powers.get(atom.label, Fraction(0)) + exponent
        if any(power < 0 or power.denominator > 1 for power in powers.values()):
            return None
        sizes = [f" * INR {safe(s)}" for s, power in powers.items() for _ in range(int(power))]
        words.append(f"({coefficient.numerator} / {coefficient.denominator}){''.join(sizes)}")
    return " + ".join(words) or "0"


def family_rate(t: Layout, family: Family, n: str) -> str | None:
    """The velocity of the entropy of a family over vectors of size n along its certificate's motion, as its factors show it."""
    for factor in t.moving.tempering:
        if factor.family == family.name:
            found = _number(t.moving.rates[factor.name, "H"], _alike(t, factor))
            size = safe(t.model.variables[factor.of[0]].plates[-1])
            return None if found is None else re.sub(rf"\bINR {size}\b", f"INR {n}", found)
    return None


def rate_lemmas(t: Layout) -> str:
    """Entropies and base measures change at constant rates, and so does their sum."""
    lines, known, total = [], [], ""
    for name, kind in t.moving.rates:
        factor = t.model.factors[name]
        word, head = ("H_", "entropy") if kind == "H" else ("log_base_", "logbase")
        change = rate_of(t, name, kind)
        still = "exact (moves_still _ _ (fun t => eq_refl))"
        how = f"first [{still} | unfold {word}{name}, {factor.family}_{head}; steady velocity]"
        if kind == "H" and name in t.model.p and t.has_matrices(factor.family):
            how = f"unfold H_{name}. steady ltac:(apply {factor.family}_entropy_moves; argument)"
        said = f"moves (fun t : R => {word}{name} (move p t) o) ({word}{name} p o) ({change})"
        lines += [wrapped(f"Lemma {word}{name}_moves o : {said}."), f"Proof. in_range. {how}. Qed."]
        known.append(f"apply {word}{name}_moves")
        sign = "+" if name in t.model.q or kind == "logh" else "-"
        total += f" {sign} ({change})"
    return "\n".join(
        [
            "(* Entropies move at a constant rate. *)",
            *lines,
            f"Ltac known ::= first [ {' | '.join(known)} ].",
            wrapped(
                f"Lemma entropies_move o : moves (fun t : R => entropies (move p t) o) (entropies p o) (0{total})."
            ),
            "Proof using All. unfold entropies. eapply moves_eq; [velocity_of | reflexivity | ring]. Qed.",
        ]
    )


def interchange_block(t: Layout) -> str:
    """What follows for the mean, for all parameters in range."""
    fields, s = " ".join(map(safe, t.model.parameters)), fresh("s", t.place.used)
    return "\n".join(
        [
            comment(
                "The curve goes on from each of its points and stays in range. Along it the ELBO of an outcome moves by itself less its entropies, "
                "and these move at a constant rate, so it is known for all t, and the derivative may be taken under every mean."
            ),
            f"Lemma move_move p {s} t : move (move p {s}) t = move p ({s} + t).",
            f"Proof. unfold move. cbn [{fields}]. f_equal; same_point. Qed.",
            "Lemma stays_in_range p t : in_range p -> in_range (move p t).",
            "Proof. intros []. constructor; unfold_curve; stays. Qed.",
            "Lemma interchange_holds p : in_range p -> integrable E (elbo p) -> integrable E (entropies p) ->\n"
            "  interchange E (fun t : R => elbo (move p t)).",
            "Proof. exact (separates E in_range move elbo entropies _ move_move stays_in_range along entropies_move p). Qed.",
        ]
    )
