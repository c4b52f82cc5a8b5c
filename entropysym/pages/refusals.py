"""What a page says about a refusal: the reason, the witness, and what is true all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.records import Model
from entropysym.pages.declarations import factor_lines
from entropysym.pages.equations import Line
from entropysym.pages.medium import Medium, listed
from entropysym.pages.paper import Paper, installed_version, paper
from entropysym.pages.wording import called, declared, family_name, letter_of, why_normalised
from entropysym.prover.conditions import refusal_conditions
from entropysym.prover.derivation import Refusal
from entropysym.prover.refusing import Witness
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
    about_partial: str
    partial: Paper | None
    version: str
    verdict: str


def refusal_paper(refusal: Refusal, medium: Medium) -> RefusalPaper:
    """Gather what a refusal says."""
    return RefusalPaper(
        title=medium.prose(refusal.model.title, refusal.model),
        headline=medium.prose(_sentence(refusal.reason), refusal.model),
        factors=factor_lines(refusal.model),
        missing=tuple(medium.prose(_sentence(m), refusal.model) for m in refusal.missing)
        if refusal.witness is None
        else (),
        witness=""
        if refusal.witness is None
        else f"{_witness(refusal.witness, refusal.model, medium)} {_rests_on(refusal, refusal.witness, medium)}",
        counter_example=_counter_example(refusal.counter_example, medium),
        partial_holds=refusal.partial is not None and refusal.partial.verdict.value is Value.PROVED,
        about_partial="What follows is true where the ELBO is maximised in its place."
        if refusal.model.objective.named
        else "What is true all the same is the following partial result.",
        partial=None if refusal.partial is None else paper(refusal.partial, medium),
        version=installed_version(),
        verdict=medium.prose(str(refusal.verdict), refusal.model),
    )


#: Kind of condition of a witness -> its words; that of a collapsed law of q stands in the witness itself.
RESTS_ON: Mapping[str, str] = {
    "normalised": "densities that integrate to one ({densities})",
    "score": "scores with mean zero",
    "finite": "finite expectations",
    "interchange": "derivatives that may be taken under them",
    "collapsed": "",
    "frozen": "{frozen} learning nothing",
}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _counter_example(name: str | None, m: Medium) -> str:
    if name is None:
        return ""
    return (
        f"A small model of this kind that was trained until its gradient vanished, with a gap that did not, is the "
        f"counter-example {m.text(name)} of entropysym.claims, which anyone can run again."
    )


def _rests_on(refusal: Refusal, witness: Witness, m: Medium) -> str:
    """The conditions of a witness in one sentence. Raises `InputError` for a kind without a wording."""
    model = refusal.model
    said = refusal_conditions(model, witness.factor)
    by_kind = {kind: [c.subject for c in said if c.kind == kind] for kind in RESTS_ON}
    unknown = sorted({c.kind for c in said} - RESTS_ON.keys())
    if unknown:
        raise InputError(f"no wording for conditions of kind {unknown[0]!r}")
    evidence = refusal.verdict.evidence
    reasons = [
        f"{m.text(family_name(name))}: {why_normalised(name, evidence)}"
        for name in by_kind["normalised"]
    ]
    frozen = (
        m.list([declared(name, model) for name in by_kind["frozen"]]) if by_kind["frozen"] else ""
    )
    parts = [
        words.format(densities="; ".join(reasons), frozen=frozen)
        for kind, words in RESTS_ON.items()
        if by_kind[kind] and words
    ]
    return f"It rests on {listed(parts)}."


def _witness(w: Witness, model: Model, m: Medium) -> str:
    """The stationary point with a gap, in words."""
    numbers = ""
    for what, named in (("with {}", w.values), ("with the constant networks {}", w.networks)):
        if named:
            pairs = [sp.Eq(declared(name, model), v, evaluate=False) for name, v in named.items()]
            numbers += f"{'and ' if numbers else ''}{what.format(m.list(pairs))}, "
    name, q, p = called(model, w.factor, m), letter_of("q", model, m), letter_of("p", model, m)
    still = f"Witness, at all sizes 1: {numbers}no law depends on a variable"
    if w.kind == "observed":
        points = listed([f"{m.math(y)} at {m.math(p)}" for y, p in w.points])
        alike = f" and {q} has the laws of {p}" if model.q else ""
        others = sum(v.role == "observed" for v in model.variables) > 1
        beside = " while other data follow laws of their own" if others else ""
        return (
            f"{still}{alike}. Data that follow {name}, changed by a small multiple of the weights {points},{beside} leave every derivative 0: the weights sum "
            f"to 0, and so do the weighted scores. The weighted log-densities sum to {m.math(w.gap)}, so the gap is that multiple of it and not 0."
        )
    alike = f"the other laws of {q} are those of {p}, " if len(model.q) > 1 else ""
    return (
        f"{still}, the data follow their laws, {alike}and {name} and {q} of the same latents learn nothing. "
        f"The mean of that log-density under {q}, minus that under {p} itself, is {m.math(w.gap)}, and that is the gap."
    )
