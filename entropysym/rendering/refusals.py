"""What a page says about a refusal: the reason, the certificate, and what is true all the same."""

from __future__ import annotations

from dataclasses import dataclass

from entropysym.prover.criterion import Certificate
from entropysym.prover.derivation import Refusal
from entropysym.rendering.declarations import factors
from entropysym.rendering.equations import Line
from entropysym.rendering.medium import Medium
from entropysym.rendering.paper import Paper, installed_version, paper
from entropysym.verdict import Value


@dataclass(frozen=True)
class RefusalPaper:
    """The content of a refusal: what was asked, what is missing, the certificate in words, and the largest result that is true."""

    title: str
    headline: str
    factors: tuple[Line, ...]
    missing: tuple[str, ...]
    certificates: tuple[str, ...]
    counter_example: str
    partial_holds: bool
    partial: Paper | None
    version: str
    verdict: str


def refusal_paper(refusal: Refusal, medium: Medium) -> RefusalPaper:
    """Gather what a refusal says."""
    certificates = [a.certificate for a in refusal.attempts if a.certificate is not None]
    return RefusalPaper(
        title=medium.prose(refusal.model.title, refusal.model),
        headline=medium.prose(_sentence(refusal.reason), refusal.model),
        factors=factors(refusal.model),
        missing=tuple(medium.prose(_sentence(a.reason), refusal.model) for a in refusal.attempts),
        certificates=tuple(_certificate(c, medium) for c in certificates),
        counter_example=_counter_example(refusal.counter_example, medium),
        partial_holds=refusal.partial is not None and refusal.partial.verdict.value is Value.PROVED,
        partial=None if refusal.partial is None else paper(refusal.partial, medium),
        version=installed_version(),
        verdict=medium.prose(str(refusal.verdict), refusal.model),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _counter_example(name: str | None, m: Medium) -> str:
    if name is None:
        return ""
    return (
        f"That equality can fail for models of this kind is shown by the counter-example {m.text(name)} of entropysym.numerics, which "
        "anyone can run again: a trained model whose gradient vanishes and whose gap does not."
    )


def _certificate(c: Certificate, m: Medium) -> str:
    return (
        f"Certificate: at {len(c.points)} rational points the log-density, its scores and 1 form a square matrix whose "
        f"determinant is {m.math(c.determinant)}, which is not zero."
    )
