"""Names in a printed file: those of the model, without clashes with Coq's own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

_WORDS = """
as at cofix else end exists exists2 fix for forall fun if IF in let match mod Prop return Set
then Type using where with SProp R O S I True False nat bool list eq_refl Law law Some None left
right inl inr pair fst snd exp ln sqrt cosh sinh tanh sin cos tan PI Rabs Rpower Rplus Rmult
Rminus Rdiv Rinv Ropp INR IZR Derive is_derive plus mult minus opp scal zero one norm abs Sum
integrable expect interchange softplus sigmoid logsinhc langevin lag onehot simplex count binary
finite surely joint moves velocity means known same positive algebra spell tempers identity
atoms pull move p t o E e elbo entropies gain penalty objective excess closed_form entropy_sum
ELBO outcome parameters in_range conditions ranges mean_a mean_b mean_0 mean_1 mean_2 gap_0
gap_1 gap_2 slope gap closed along pointwise loggamma digamma trigamma inverse logdet det matrix
scaled transposed matmul trace quad posdef triangular matrix_laws eq_plus distribute
constant_part real near near_0 near_1 near_2 near_3 distance distance_grows stationary slow grows stays
stays_in_range move_move interchange_holds entropies_move separates learned near_learned locally
q draw some unit by using Parameters Definition Lemma Theorem Proof Qed Defined Record Section End Variable
Variables Hypothesis Check Print Require Import From Open Scope Ltac Set Module Axiom Parameter Inductive
Fixpoint Notation Arguments Context Class Instance Coercion Hint Export Include Definition Example Fact
Goal Eval Compute Search Abort Admitted Show Unset Scheme Combined Opaque Transparent Canonical Structure
Corollary Remark Proposition Property Let Local Global Program Function CoFixpoint CoInductive Variant
"""
_PRELUDE = Path(__file__).with_name("EntropySum.v")
_DEFINED = r"^\s*(?:Definition|Fixpoint|Lemma|Theorem|Record|Ltac|with) (\w+)"
#: Words that mean something else in a printed file: Coq's, its libraries', the prelude's, and those of the file itself.
TAKEN = frozenset(_WORDS.split()) | frozenset(
    re.findall(_DEFINED, _PRELUDE.read_text(encoding="utf-8"), re.M)
)


def safe(name: str) -> str:
    """The name itself, with an underscore behind it where it is taken."""
    return f"{name}_" if name in TAKEN else name


def letter(size: str, used: Collection[str]) -> str:
    """An index over this size that is not used yet: d for D."""
    base = size[0].lower()
    tries: Iterable[str] = (base, *(f"{base}{i}" for i in range(1, 99)))
    return next(name for name in tries if name not in used and name not in TAKEN)
