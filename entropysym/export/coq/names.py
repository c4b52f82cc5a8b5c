"""Names in a printed file: those of the model, without clashes with Coq's own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

_WORDS = """
as at cofix else end exists exists2 fix for forall fun if IF in let match mod Prop return Set then
Type using where with SProp R O S I True False nat bool list eq_refl Law Some None left right inl
inr pair fst snd exp ln sqrt cosh sinh tanh sin cos tan PI Rabs Rpower Rplus Rmult Rminus Rdiv Rinv
Ropp INR IZR Derive is_derive plus mult minus opp scal zero one norm abs integrable expect move p t
o E e elbo entropies gain penalty objective excess closed_form entropy_sum ELBO outcome parameters
in_range conditions ranges mean_a mean_b slope gap closed along pointwise loggamma digamma trigamma
inverse logdet det real near distance distance_grows stays_in_range move_move interchange_holds
entropies_move learned near_learned locally q draw some unit by Parameters Definition Lemma Theorem
Proof Qed Defined Record Section End Variable Variables Hypothesis Check Print Require Import From
Open Scope Ltac Module Axiom Parameter Inductive Fixpoint Notation Arguments Context Class Instance
Coercion Hint Export Include Example Fact Goal Eval Compute Search Abort Admitted Show Unset Scheme
Combined Opaque Transparent Canonical Structure Corollary Remark Proposition Property Let Local
Global Program Function CoFixpoint CoInductive Variant
"""
_PRELUDE = Path(__file__).with_name("EntropySum.v")
_DEFINED = r"^\s*(?:Definition|Fixpoint|Lemma|Theorem|Record|Ltac|with) (\w+)"
#: Words that mean something else in a printed file: Coq's, its libraries', the prelude's, and those of the file itself.
TAKEN = frozenset(_WORDS.split()) | frozenset(
    re.findall(_DEFINED, _PRELUDE.read_text(encoding="utf-8"), re.M)
)
#: Names that a printed file gives by number, or to each plate of data.
_NUMBERED = re.compile(
    r"(finite|still|tame|near|gap|mean|d|e)_\d+|(finite|interchange|E|outcome|elbo|entropies|gain)_\w+"
)


def safe(name: str) -> str:
    """The name itself, with an underscore behind it where it is taken."""
    return f"{name}_" if name in TAKEN or _NUMBERED.fullmatch(name) else name


def letter(size: str, used: Collection[str]) -> str:
    """An index over this size that is not used yet: d for D."""
    base = size[0].lower()
    tries: Iterable[str] = (base, *(f"{base}{i}" for i in range(1, 99)))
    return next(name for name in tries if name not in used and name not in TAKEN)
