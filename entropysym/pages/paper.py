"""What a page says about a derivation, in order, with its formulas still expressions. The layouts only set it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from importlib.metadata import PackageNotFoundError, version

import sympy as sp

from entropysym.language.formula import equation, of_type
from entropysym.language.heads import Elbo, ObjectiveValue
from entropysym.language.objective import objective
from entropysym.language.records import Model
from entropysym.language.store import digest
from entropysym.pages.abbreviations import Abbreviation, abbreviations
from entropysym.pages.argument import about_direction, curve, scaling_parameters
from entropysym.pages.argument import arguments as reasons_for
from entropysym.pages.declarations import factor_lines, letters
from entropysym.pages.equations import (
    Line,
    about_stationarity,
    direction_lines,
    entropy_lines,
    identity_lines,
    stationarity_lines,
)
from entropysym.pages.functions import about_functions
from entropysym.pages.marks import ENTROPY_SUM, EXCESS, GAP
from entropysym.pages.medium import Medium
from entropysym.pages.wording import (
    about_excess,
    about_gap,
    about_q,
    admitted,
    constraints,
    has_parts,
    has_scaling,
    maximised,
    not_zero,
    reason,
    sentences,
    slopes,
)
from entropysym.prover.derivation import Condition, Derivation
from entropysym.prover.document import statement

REFERENCES = (
    (
        "S. Damm, D. Forster, D. Velychko, Z. Dai, A. Fischer, J. Lücke. "
        "The ELBO of Variational Autoencoders Converges to a Sum of Three Entropies. "
        "AISTATS 2023, PMLR 206:3931."
    ),
    "J. Lücke, J. Warnken. On the Convergence of the ELBO to Entropy Sums. arXiv 2209.03077.",
)


@dataclass(frozen=True)
class Part:
    """A few lines and the words before them."""

    words: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Paper:
    """The content of a document; `str` fields are already set in the medium, formulas are not printed yet."""

    title: str
    source: str
    heading: str  # theorem, or partial result where something stands beside the entropy sum
    notation: tuple[tuple[str, str], ...]
    functions: str  # what those are that readers may not know
    factors: tuple[Line, ...]
    objective: Line
    learning: tuple[Line, ...]  # what learning maximises where that is not the ELBO
    maximised: str
    constraint: str  # why what binds the parameters is harmless
    conditions: tuple[str, ...]
    excluded: str  # where the direction is defined, if not everywhere
    gap_identity: Line
    entropy_sum: Line
    excess: tuple[Line, ...]
    about_excess: str
    direction: tuple[Line, ...]
    stationary: str  # the last condition, where something has to move
    claim: Line
    part_by_part: bool
    about_direction: str
    arguments: tuple[Part, ...]
    curve: tuple[Line, ...]
    identities: tuple[Line, ...]
    about_q: str  # why the entropy of q has no derivative along the direction, where that is used
    steps: tuple[Line, ...]
    entropies: tuple[Line, ...]
    about_stationarity: str
    stationarity: tuple[Line, ...]
    about_gap: str
    gap: Line
    remark: str
    admitted: tuple[str, ...]
    references: tuple[str, ...]
    sha256: str
    version: str
    verdict: str


def paper(derivation: Derivation, medium: Medium) -> Paper:
    """Gather the content. Raises `InputError` for a condition or a rule that has no wording."""
    d, model = derivation, derivation.model
    by_rule = {s.rule: s for s in d.steps}
    hypotheses = [c for c in d.conditions if c.kind in ("stationary", "tangent")]
    standing = [c for c in d.conditions if c not in hypotheses]
    derivative = by_rule["gap"].after - by_rule["stationary"].after
    right = ENTROPY_SUM + _under_its_sign(d)
    short = abbreviations(model)

    def lines(*given: Line) -> tuple[Line, ...]:
        return tuple(_abbreviated(line, short) for line in given)

    meanings = tuple(Line(one.letter, one.meaning) for one in short)
    content = Paper(
        title=medium.prose(model.title, model),
        source=medium.text(model.source),
        heading="Partial result" if d.excess != 0 else "Theorem",
        notation=tuple(letters(model, medium)),
        functions="",
        factors=(*lines(*factor_lines(model)), *meanings),
        objective=Line(Elbo(), by_rule["definition"].after),
        learning=() if model.objective.is_elbo else (Line(ObjectiveValue(), objective(model)),),
        maximised=medium.math(maximised(model)),
        conditions=tuple(sentences(standing, model, medium, d.verdict.evidence)),
        constraint=constraints(model, medium),
        excluded=not_zero(d.excluded, medium) if d.excluded else "",
        gap_identity=Line(Elbo(), right + derivative),
        entropy_sum=Line(ENTROPY_SUM, by_rule["stationary"].after - d.excess),
        excess=lines(Line(EXCESS, d.excess)) if d.excess != 0 else (),
        about_excess=about_excess(d, medium) if d.excess != 0 else "",
        direction=tuple(direction_lines(d)),
        stationary=_hypotheses(hypotheses, model, medium) if hypotheses else "",
        about_direction=about_direction(d, medium),
        arguments=tuple(Part(a.words(model, medium), lines(*a.lines)) for a in reasons_for(d)),
        curve=curve(d) if has_scaling(d) else (),
        claim=lines(Line(equation(Elbo(), right), d.stationary_value))[0],
        part_by_part=has_parts(d),
        identities=tuple(identity_lines(d)),
        about_q=about_q(d, medium),
        steps=lines(*_steps(d)),
        entropies=lines(*entropy_lines(d)),
        about_stationarity=about_stationarity(d, medium, scaling_parameters(d)),
        stationarity=lines(*stationarity_lines(d)),
        about_gap=about_gap(d, medium),
        gap=lines(Line(equation(GAP, Elbo() - ENTROPY_SUM), d.gap))[0],
        remark=_remark(d, medium),
        admitted=tuple(admitted(standing, medium, d.verdict.evidence)),
        references=tuple(medium.text(r) for r in REFERENCES),
        sha256=digest(statement(d)),
        version=installed_version(),
        verdict=medium.text(str(d.verdict)),
    )
    return replace(content, functions=about_functions(_formulas(content), model, medium))


def _formulas(content: Paper) -> Iterator[sp.Basic]:
    """Every formula that stands in a line of its own."""
    pending: list[object] = [getattr(content, field.name) for field in fields(content)]
    while pending:
        one = pending.pop()
        if isinstance(one, tuple):
            pending += one
        elif isinstance(one, Part):
            pending += one.lines
        elif isinstance(one, Line):
            pending += (one.given, one.left, one.right)
        elif isinstance(one, sp.Basic):
            yield one


def _hypotheses(conditions: Sequence[Condition], model: Model, m: Medium) -> str:
    """What stationarity asks for: derivatives that are 0, those along a simplex being said to be so."""
    plain = [c for c in conditions if c.kind == "stationary"]
    tangent = [c for c in conditions if c.kind == "tangent"]
    said = [m.list(slopes(plain, model))] if plain else []
    said += [f"{m.list(slopes(tangent, model))} along the simplex"] if tangent else []
    return " and ".join(said)


def _abbreviated(line: Line, short: tuple[Abbreviation, ...]) -> Line:
    for one in short:
        line = replace(line, right=one.gathered(of_type(line.right, sp.Expr)))
    return line


def _under_its_sign(d: Derivation) -> sp.Expr:
    return EXCESS if d.excess != 0 else sp.S.Zero


def _steps(d: Derivation) -> list[Line]:
    """The numbered lines. Under its own sign the excess leaves them short; the last one spells it out."""
    lines = []
    for s in d.steps:
        short = s.rule in ("gap", "stationary")
        after = s.after - d.excess + _under_its_sign(d) if short else s.after
        words, about = reason(s, d)
        lines.append(Line(None if lines else Elbo(), after, words, about=about))
    return lines


def installed_version() -> str:
    try:
        return version("entropysym")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "(not installed)"


def _remark(d: Derivation, m: Medium) -> str:
    entropies, objective = m.math(ENTROPY_SUM), m.math(Elbo())
    equal = m.math(equation(Elbo(), ENTROPY_SUM + _under_its_sign(d)))
    cited = (
        "Equality at stationary points is the theorem of [1] for Gaussian VAEs, and of [2] in a general form; the derivation "
        "printed here was found by entropysym."
    )
    if d.excess != 0:
        cited = "This is not the equality of [1] and [2], which was not shown for this model; the derivation was found by entropysym."
    return (
        f"Away from stationary points {entropies} is neither an upper nor a lower bound of {objective}: the gap "
        f"{m.math(GAP)} may have either sign. The converse does not hold: {equal} does not imply that the point is stationary, "
        "since only one direction of the gradient has to vanish. Differential entropies may be negative. "
        + m.text(cited)
    )
