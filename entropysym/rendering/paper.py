"""What a page says about a derivation, in order, with its formulas still expressions. The layouts only set it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import sympy as sp

from entropysym.language.heads import Directional, Elbo, Entropy, NetworkValue, NoiseExpectation
from entropysym.language.objective import spelled_out
from entropysym.language.records import Model, Plate
from entropysym.language.store import digest
from entropysym.language.symbols import DATUM, LATENT, NOISE, n
from entropysym.prover.criterion import Certificate
from entropysym.prover.derivation import Derivation, Refusal
from entropysym.prover.document import statement
from entropysym.rendering.marks import ENTROPY_SUM, GAP, Density, Distributed, Slope, Velocity
from entropysym.rendering.medium import Medium
from entropysym.rendering.wording import admitted, entry, reason, reparametrisation, sentences, slopes

REFERENCES = (
    (
        "S. Damm, D. Forster, D. Velychko, Z. Dai, A. Fischer, J. Lücke. "
        "The ELBO of Variational Autoencoders Converges to a Sum of Three Entropies. "
        "AISTATS 2023, PMLR 206:3931."
    ),
    "J. Lücke, J. Warnken. On the Convergence of the ELBO to Entropy Sums. arXiv 2209.03077.",
)


@dataclass(frozen=True)
class Paper:
    """The content of a document; `str` fields are already set in the medium, formulas are not printed yet."""

    title: str
    source: str
    notation: tuple[tuple[str, str], ...]
    factors: tuple[Line, ...]
    objective: Line
    conditions: tuple[str, ...]
    gap_identity: Line
    entropy_sum: Line
    direction: tuple[Line, ...]
    stationary: str
    claim: Line
    identities: tuple[Line, ...]
    steps: tuple[Line, ...]
    entropies: tuple[Line, ...]
    about_stationarity: str
    stationarity: tuple[Line, ...]
    gap: Line
    remark: str
    admitted: tuple[str, ...]
    references: tuple[str, ...]
    sha256: str
    version: str
    verdict: str


def paper(derivation: Derivation, medium: Medium) -> Paper:
    """Gather the content. Raises `InputError` for a condition or a rule that has no wording."""
    model, steps = derivation.model, derivation.steps
    by_rule = {s.rule: s for s in steps}
    hypotheses = [c for c in derivation.conditions if c.kind == "stationary"]
    standing = [c for c in derivation.conditions if c.kind != "stationary"]
    return Paper(
        title=medium.text(model.title),
        source=medium.text(model.source),
        notation=tuple(_notation(model, medium)),
        factors=_factors(model),
        objective=Line(Elbo(), by_rule["definition"].after),
        conditions=tuple(sentences(standing, model, medium)),
        gap_identity=Line(
            Elbo(), ENTROPY_SUM + (by_rule["gap"].after - by_rule["stationary"].after)
        ),
        entropy_sum=Line(ENTROPY_SUM, by_rule["stationary"].after),
        direction=tuple(_direction(derivation)),
        stationary=medium.list(slopes(hypotheses, model)),
        claim=Line(sp.Eq(Elbo(), ENTROPY_SUM, evaluate=False), derivation.entropy_sum),
        identities=tuple(_identities(derivation)),
        steps=tuple(Line(None if i else Elbo(), s.after, reason(s)) for i, s in enumerate(steps)),
        entropies=tuple(_entropies(derivation)),
        about_stationarity=_about_stationarity(derivation, medium),
        stationarity=tuple(_stationarity(derivation)),
        gap=Line(sp.Eq(GAP, Elbo() - ENTROPY_SUM, evaluate=False), derivation.gap),
        remark=_remark(medium),
        admitted=tuple(admitted(standing, medium)),
        references=tuple(medium.text(r) for r in REFERENCES),
        sha256=digest(statement(derivation)),
        version=_version(),
        verdict=medium.text(str(derivation.verdict)),
    )


def _version() -> str:
    try:
        return version("entropysym")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "(not installed)"


def _remark(m: Medium) -> str:
    entropies, objective = m.math(ENTROPY_SUM), m.math(Elbo())
    equal = m.math(sp.Eq(Elbo(), ENTROPY_SUM, evaluate=False))
    return (
        f"Away from stationary points {entropies} is neither an upper nor a lower bound of {objective}: the gap "
        f"{m.math(GAP)} may have either sign. The converse does not hold: {equal} does not imply that the point is stationary, "
        "since only one direction of the gradient has to vanish. Differential entropies may be negative. "
        + m.text(
            "The equality at stationary points is the theorem of [1], in general form of [2]; the derivation printed here was "
            "found by entropysym."
        )
    )
