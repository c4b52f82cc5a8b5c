"""What a page says about a refusal: the reason, the witness, and what is true all the same."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from entropysym.language.records import Model
from entropysym.prover.derivation import Refusal
from entropysym.prover.refusing import Witness
from entropysym.rendering.declarations import factors
from entropysym.rendering.equations import Line
from entropysym.rendering.medium import Medium
from entropysym.rendering.paper import Paper, installed_version, paper
from entropysym.rendering.wording import entry
from entropysym.verdict import Value


@dataclass(frozen=True)
class RefusalPaper:
    """The content of a refusal: what was asked, what is missing, the witness in words, and the largest result that is true."""

    title: str
    headline: str
    factors: tuple[Line, ...]
    missing: tuple[str, ...]
    witness: str
    counter_example: str
    partial_holds: bool
    partial: Paper | None
    version: str
    verdict: str


def refusal_paper(refusal: Refusal, medium: Medium) -> RefusalPaper:
    """Gather what a refusal says."""
    return RefusalPaper(
        title=medium.prose(refusal.model.title, refusal.model),
        headline=medium.prose(_sentence(refusal.reason), refusal.model),
        factors=factors(refusal.model),
        missing=tuple(medium.prose(_sentence(m), refusal.model) for m in refusal.missing)
        if refusal.witness is None
        else (),
        witness=_witness(refusal.witness, refusal.model, medium) if refusal.witness else "",
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
        f"An instance of the model that was trained is the counter-example {m.text(name)} of entropysym.numerics, which "
        "anyone can run again: its gradient vanishes and its gap does not."
    )


def _witness(w: Witness, model: Model, m: Medium) -> str:
    """The stationary point with a gap, in words."""
    values = m.list([sp.Eq(entry(name, model), v, evaluate=False) for name, v in w.values.items()])
    numbers = (
        f"with {values} and networks that are constant, "
        if w.values
        else "with networks that are constant, "
    )
    if w.kind == "decoder":
        points = ", ".join(f"{m.math(y)} at {m.math(p)}" for y, p in w.points)
        return (
            f"Witness, at all sizes 1: {numbers}the decoder does not see the latents and the encoder is the prior. Data that follow the "
            f"decoder's own law, changed by small multiples of the weights {points}, leave every derivative 0: the weights and the weighted scores sum to 0. "
            f"The weighted log-densities sum to {m.math(w.gap)}, which is not, and neither is the gap."
        )
    return (
        f"Witness, at all sizes 1: {numbers}the decoder does not see the latents, the data follow its own law, and prior and encoder learn nothing. "
        f"The mean of the log-density of the prior is larger by {m.math(w.gap)} under the encoder than under the prior itself, and that is the gap."
    )
