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


_SCALING = sp.IndexedBase("s", real=True)


@dataclass(frozen=True)
class Line:
    """One line of a display: left, right, and the reason for it in words. No left side continues the line above."""

    left: sp.Basic | None
    right: sp.Expr
    reason: str = ""
    given: sp.Basic | None = None  # the equation that this line is equivalent to


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


@dataclass(frozen=True)
class RefusalPaper:
    """The content of a refusal: what was asked, what is missing, and the certificate in words."""

    title: str
    headline: str
    factors: tuple[Line, ...]
    missing: tuple[str, ...]
    certificates: tuple[str, ...]
    version: str
    verdict: str


def refusal_paper(refusal: Refusal, medium: Medium) -> RefusalPaper:
    """Gather what a refusal says."""
    certificates = [a.certificate for a in refusal.attempts if a.certificate is not None]
    return RefusalPaper(
        title=medium.text(refusal.model.title),
        headline=medium.text(_sentence(refusal.reason)),
        factors=_factors(refusal.model),
        missing=tuple(medium.text(_sentence(a.reason)) for a in refusal.attempts),
        certificates=tuple(_certificate(c, medium) for c in certificates),
        version=_version(),
        verdict=medium.text(str(refusal.verdict)),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _certificate(c: Certificate, m: Medium) -> str:
    return (
        f"Certificate: at {len(c.points)} rational points the log-density, its scores and 1 form a square matrix whose "
        f"determinant is {m.math(c.determinant)}, which is not zero."
    )


def _factors(model: Model) -> tuple[Line, ...]:
    return tuple(
        Line(Density(role, n), density(model, role)) for role in ("prior", "decoder", "encoder")
    )


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


def _notation(model: Model, m: Medium) -> list[tuple[str, str]]:
    rows = []
    for p in model.parameters:
        kind = {"real": "real", "positive": "positive", "unit": "between 0 and 1"}[p.range]
        what = f"{kind} {'array' if p.plates else 'scalar'}, {'learned' if p.learned else 'fixed'}"
        rows.append((m.math(p.entry), what + _over(p.plates, m)))
    for w in model.networks:
        value = entry(w.name, model)
        assert isinstance(value, NetworkValue)
        inputs = m.list(list(value.inputs))
        kind = {"real": "real", "positive": "positive", "unit": "between 0 and 1"}[w.range]
        rows.append(
            (
                m.math(value),
                f"any {kind} function of {inputs} with learned parameters{_over(w.plates, m)}",
            )
        )
    return rows


def _over(plates: tuple[Plate, ...], m: Medium) -> str:
    if not plates:
        return ""
    ends = [
        m.inline(f"{m.printer.doprint(q.index)}=1,{m.dots},{m.printer.doprint(q.size)}")
        for q in plates
    ]
    return "; " + ", ".join(ends)


def density(model: Model, role: str) -> sp.Expr:
    r"""A factor as a product over its plate: $\prod_hN(z_h;0,\alpha_h^2)$."""
    plate, factor = model.plate(role), model.factor(role)
    value = DATUM[n, plate.index] if role == "decoder" else LATENT[plate.index]
    return sp.Product(
        Distributed(factor.family.name, value, *factor.arguments), (plate.index, 1, plate.size)
    )


def _direction(d: Derivation) -> list[Line]:
    moved = [p for p in d.model.parameters if p.name in d.direction]
    return [Line(Velocity(p.entry), d.direction[p.name]) for p in moved]


def _identities(d: Derivation) -> list[Line]:
    """What each factor's step rests on: v.grad[part] = part + entropy, read off the step itself."""
    lines = []
    for s in d.steps:
        for new in sorted(s.after.atoms(Directional) - s.before.atoms(Directional), key=str):
            if s.rule in ("tempering", "scaling"):
                lines.append(Line(new, new - (s.after - s.before)))
    return lines


def _entropies(d: Derivation) -> list[Line]:
    joint = {f: with_one_logarithm(t.entropy) for f, t in d.entropies.items()}
    lines = []
    for head in (Entropy("encoder", n), Entropy("prior"), Entropy("decoder")):
        formula = spelled_out(d.model, head, joint)  # type: ignore[arg-type]
        if (
            isinstance(formula, sp.Sum)
            and formula.limits[0][0] not in formula.function.free_symbols
        ):
            formula = formula.limits[0][2] * formula.function
        elif isinstance(formula, sp.Sum):
            factor, rest = formula.function.as_coeff_Mul()
            formula = factor * sp.Sum(rest, *formula.limits)
        lines.append(Line(head, formula))
    return lines


def _stationarity(d: Derivation) -> list[Line]:
    lines = []
    for name, equation in d.stationarity.items():
        about = _SCALING[d.model.latent.index] if name == "scaling" else entry(name, d.model)
        given = sp.Eq(Slope(Elbo(), about), 0, evaluate=False)
        solved = equation.rhs != 0
        left, right = (equation.lhs, equation.rhs) if solved else (sp.S.Zero, equation.lhs)
        lines.append(Line(left, right, given=given))
    return lines


def _about_stationarity(d: Derivation, m: Medium) -> str:
    said = "One condition for each learned parameter that the model names, at every index."
    if any(e.atoms(NoiseExpectation) for e in d.stationarity.values()):
        z, noise = m.math(reparametrisation(d.model)), m.math(NOISE[d.model.latent.index])
        said += f" Under the expectation over noise, {z} with independent standard Normal {noise}."
    if "scaling" in d.stationarity:
        scale, z = m.math(_SCALING[d.model.latent.index]), m.math(LATENT[d.model.latent.index])
        said += (
            f" The last line follows from the others: {scale} is the logarithm of a factor that scales {z} "
            "in the encoder and is undone in the decoder."
        )
    return said


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


def with_one_logarithm(e: sp.Expr) -> sp.Expr:
    r"""$\frac12\log2+\frac12\log\pi+\frac12\log s+\frac12$ as $\frac12\log(2\pi es)$; anything else as it is."""
    inside, coefficients, constant = sp.S.One, set(), sp.S.Zero
    for a in sp.Add.make_args(e):
        c, rest = a.as_coeff_Mul()
        if rest == 1:
            constant += c
        elif isinstance(rest, sp.log):
            coefficients.add(c)
            inside *= rest.args[0]
        else:
            return e
    if len(coefficients) != 1:
        return e
    (c,) = coefficients
    return c * sp.log(sp.E ** (constant / c) * inside) if (constant / c).is_Integer else e
