r"""What a theorem is here, and the ways to check one in numbers.

A script of this folder is mostly data: a `Theorem` with its statement in words, its source, the function that makes its model, a claim
that has to hold and a control that has to fail. Both are run only when asked for; without them the derivation still renders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import sympy as sp

from entropysym.claims import derive
from entropysym.errors import EntropysymError
from entropysym.language import Entropy, Identity, Model
from entropysym.language.algebra import distributed
from entropysym.language.objective import head, per_datum, spelled_out
from entropysym.pages import Line, plain
from entropysym.prover import Derivation, Refusal
from entropysym.verdict import Value, Verdict, proved, refuted, undecided

#: Random configurations that a claim compares for each model.
COUNT = 240

DAMM = (
    "Damm, Forster, Velychko, Dai, Fischer, Lücke, The ELBO of Variational Autoencoders Converges to a Sum of Three "
    "Entropies, AISTATS 2023 (PMLR 206:3931)"
)
LUECKE = "Lücke, Warnken, On the Convergence of the ELBO to Entropy Sums, arXiv 2209.03077"
VELYCHKO = (
    "Velychko, Damm, Fischer, Lücke, Learning Sparse Codes with Entropy-Based ELBOs, AISTATS 2024, "
    "arXiv 2311.01888"
)
OWN = "Own derivation, after Damm et al., AISTATS 2023 (PMLR 206:3931)"

Check = Callable[[], Verdict]


@dataclass(frozen=True)
class Theorem:
    """A theorem: what it says in words, where it is from, its model, and how it is checked and how it would fail.

    `claim` is PROVED where the numbers agree; `control` is a wrong or a refused variant and is never PROVED. `lines` are equations
    that follow, computed from the derivation; `data` says whether the page speaks of finite or infinite data.
    """

    title: str
    statement: str
    source: str
    model: Callable[[], Model]
    claim: Check
    control: Check
    about_lines: str = ""
    lines: Callable[[Derivation], Sequence[Line]] | None = None
    data: Literal["finite", "infinite"] = "finite"

    @property
    def found(self) -> Derivation | Refusal:
        """What the prover finds for the model."""
        return found(self.model)

    @property
    def derivation(self) -> Derivation:
        """The derivation, or of a refusal its partial result."""
        return derivation(self.model)


@lru_cache(maxsize=64)
def found(make: Callable[[], Model]) -> Derivation | Refusal:
    """What the prover finds for a model, replayed by the checker, witnesses included; each model is derived once."""
    return derive(make())


def derivation(make: Callable[[], Model]) -> Derivation:
    """The derivation of a model, or of a refused one its partial result."""
    there = found(make)
    result = there.partial if isinstance(there, Refusal) else there
    if result is None:
        raise EntropysymError(f"nothing is derived for {there.model.name}: {there.verdict.reason}")
    return result


def everywhere(*makes: Callable[[], Model]) -> Check:
    r"""The gap identity $\mathcal F=\mathcal E+v\cdot\nabla\mathcal F$ of each model at random configurations."""
    return lambda: together(*(identity(derivation(make).identity) for make in makes))


def entropy(d: Derivation, role: str) -> sp.Expr:
    """The (pseudo) entropy of a factor of p, averaged as in the entropy sum and spelled out."""
    factor = d.model.factor(role)
    whole = per_datum(d.model, [(factor, head(d.model, Entropy, factor))])
    return distributed(spelled_out(d.model, whole, {f: t.entropy for f, t in d.entropies.items()}))


def identity(claim: Identity) -> Verdict:
    """An identity at random configurations."""
    from entropysym.witness import sweep  # loads JAX, so only where numbers are asked for

    try:
        s = sweep(claim, count=COUNT)
    except EntropysymError as reason:
        return undecided(f"no numbers for {claim.model.name}: {reason}")
    if s.passed:
        return proved(
            f"{claim.model.name}: gap identity at {s.compared} random configurations, largest residual {s.largest:.2g} eps x terms",
            "float64",
        )
    fails = f"{claim.model.name}: the identity fails at {s.failures} of {s.compared} random configurations"
    if not s.beyond:
        return undecided(
            f"{fails}, at none by more than rounding may do; numbers are not finite at {s.broken}"
        )
    return refuted(fails, "float64")


def together(*verdicts: Verdict) -> Verdict:
    """The first verdict that is not PROVED, else all of them as one."""
    for v in verdicts:
        if v.value is not Value.PROVED:
            return v
    return proved("; ".join(v.reason for v in verdicts), *verdicts[0].evidence)


def wrong(
    what: str,
    make: Callable[[], Model],
    *,
    add: Callable[[Derivation], sp.Expr] | None = None,
    move: Callable[[Derivation], Mapping[str, sp.Basic]] | None = None,
) -> Check:
    """A control: the identity with something added to the entropy sum, or along another direction."""

    def check() -> Verdict:
        d = derivation(make)
        E = d.entropy_sum + add(d) if add else d.entropy_sum
        v = identity(replace(d.identity, entropy_sum=E, direction=move(d) if move else d.direction))
        return Verdict(v.value, f"{what}: {v.reason}", v.evidence)

    return check


def refused(what: str, make: Callable[[], Model]) -> Check:
    """A control: a model for which the prover must not find an entropy sum."""

    def check() -> Verdict:
        there = found(make)
        v = there.verdict if isinstance(there, Refusal) else proved("an entropy sum was derived")
        return Verdict(v.value, f"{what}: {v.reason}", v.evidence)

    return check


def shortened(text: str, limit: int = 120) -> str:
    """A text cut to a length."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def shown_identity(what: str, left: sp.Expr, right: sp.Expr = sp.S.Zero) -> Verdict:
    """PROVED if two expressions are equal after distributing every sum, mean and expectation."""
    difference = distributed(left - right, powers=True)
    if difference == 0:
        return proved(f"{what}: equal term by term", "symbolic")
    return refuted(f"{what}: the sides differ by {shortened(plain(difference))}", "symbolic")
