"""Records: a derivation with its steps and conditions, and a refusal with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import sympy as sp

from entropysym.language.declared import Symbols
from entropysym.language.identity import Identity
from entropysym.language.records import Family, Model
from entropysym.prover.families import FamilyCertificate
from entropysym.prover.motion import Motions
from entropysym.prover.partial import derivative_by
from entropysym.prover.refusing import Witness
from entropysym.shown import Shown
from entropysym.verdict import Verdict, undecided

Rule = Literal[
    "definition",
    "reparametrise",
    "split",
    "tempering",
    "scaling",
    "gap",
    "stationary",
    "closed_form",
]


@dataclass(frozen=True)
class Condition:
    """A hypothesis as data: its kind, what it is about, and a detail.

    Kinds: `range`, `support`, `start`, `counted`, `normalised`, `score`, `base_measure`, `differentiable`, `finite`, `interchange`, `constraint`, `reparametrised`, `closed`,
    `lipschitz`, `stationary`, `tangent`, and of a refusal `collapsed` and `frozen`.
    """

    kind: str
    subject: str
    detail: str | None = None

    def stored(self) -> list[str]:
        """The stored form, a list of two or three texts."""
        return [self.kind, self.subject, *([self.detail] if self.detail is not None else [])]


@dataclass(frozen=True)
class Step:
    """One line: the rule, what stood before, what stands after, and the conditions that this rule asks for."""

    rule: Rule
    before: sp.Expr
    after: sp.Expr
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, repr=False)
class Derivation(Shown):
    r"""A derivation of $\mathcal F=\mathcal E+v\cdot\nabla\mathcal F$ at every parameter, and of $\mathcal F=\mathcal E$ at stationary points.

    Expressions are per data point and in nats. `elbo` and `gap` are spelled out; `excess` is 0 for the theorem and otherwise what
    stands beside the entropy sum at stationary points; `entropy_sum` is the sum of the entropies in closed form, and `stationary_value` what the ELBO is at stationary points, excess included;
    `direction` gives each moved parameter's motion at its own indices and `factors` the factors whose $\Delta$ it gives; `entropies` has the certificate of each family
    whose entropy is known in closed form. `stationarity` has each learned parameter's equation, and under the key `scaling` that of the scaling of one latent
    where its factor of p needs it. Where one of `excluded` is 0, v is not defined.
    """

    model: Model
    steps: tuple[Step, ...]
    direction: Motions
    conditions: tuple[Condition, ...]
    entropies: Mapping[Family, FamilyCertificate]
    factors: tuple[str, ...]
    elbo: sp.Expr
    gap: sp.Expr
    excess: sp.Expr
    entropy_sum: sp.Expr
    stationary_value: sp.Expr
    stationarity: Mapping[str, sp.Eq]
    excluded: tuple[sp.Expr, ...] = ()
    verdict: Verdict = field(default_factory=lambda: undecided("not replayed by the checker yet"))

    @property
    def identity(self) -> Identity:
        """What was derived, without the derivation."""
        closed = {family: shown.entropy for family, shown in self.entropies.items()}
        return Identity(self.model, self.direction, self.stationary_value, self.excess, closed)

    @property
    def symbols(self) -> Symbols:
        """The symbols of the model by name, to build expressions and derivatives with: `d.symbols.sigma2`."""
        return Symbols(self.model)

    def derivative(self, name: str) -> sp.Expr:
        r"""$\partial\mathcal E/\partial p$ of the entropy sum by the parameter of this name, at its own free indices: `d.derivative("alpha2")` has h free.

        Raises `InputError` for a name that is no parameter, for a matrix, and where the parameter moves the law of an expectation.
        """
        return derivative_by(self.entropy_sum, self.model, name)


@dataclass(frozen=True, repr=False)
class Refusal(Shown):
    """Why no derivation was found: the factor, the reason, what is missing, and what is true all the same.

    `partial` derives $\\mathcal F=\\mathcal E+\\text{excess}$ at stationary points, with the excess spelled out; None if nothing is left.
    `witness` is a stationary point with a gap, for the checker to replay: only then the verdict is REFUTED. `counter_example` names one in
    `claims.COUNTER_EXAMPLES` that is an instance of the model: trained to a stationary point with a gap, to be re-run.
    """

    model: Model
    role: str
    reason: str
    missing: tuple[str, ...]
    verdict: Verdict
    partial: Derivation | None = None
    witness: Witness | None = None
    counter_example: str | None = None
