"""Is a density that somebody wrote a density? Its integral and its scores' means decide, at several arguments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import mpmath
import sympy as sp

from entropysym.claims.densities.averages import BITS, ENDS, Average, Averages, Formulas, averages
from entropysym.claims.densities.evaluation import NoNumberError
from entropysym.claims.densities.samples import settings
from entropysym.claims.densities.wording import reason_of
from entropysym.errors import InputError
from entropysym.families import FAMILIES
from entropysym.language.records import Factor, Family, Model

Value = Literal["normalised", "not normalised", "score's mean not zero", "not settled"]

#: How many settings get a second look, in many digits and with other anchors.
_SECOND_LOOKS = 2


@dataclass(frozen=True)
class Finding:
    """What was found at one setting; `partial` is an interval over which a diverging integral is known, and its value."""

    value: Value | Literal["undefined"]
    arguments: tuple[tuple[str, float], ...]
    integral: float
    error: float = math.nan
    score: str = ""
    mean: float = math.nan
    partial: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Normalisation:
    """Whether a family's density integrates to one over its support with scores of mean zero, by numbers at several arguments.

    `integral`, `score`, `mean` and `arguments` are those of the finding that decided, `error` is the largest error estimate of an integral.
    `shift` and `scale` say whether a motion of the variable itself has mean zero: E[d/dx log p] = 0, 1 + E[x d/dx log p] = 0.
    """

    family: str
    value: Value
    reason: str
    arguments: tuple[tuple[str, float], ...] = ()
    integral: float = math.nan
    score: str = ""
    mean: float = math.nan
    error: float = math.nan
    settings: int = 0
    evaluations: int = 0
    shift: bool | None = None
    scale: bool | None = None

    @property
    def is_refused(self) -> bool:
        return self.value in ("not normalised", "score's mean not zero")


def check_densities(model: Model) -> tuple[Normalisation, ...]:
    """Check every family of a model that does not ship, at the arguments that its factors give it.

    Raises `InputError` for one whose density clearly does not integrate to one, or whose score's mean is clearly not zero.
    """
    unit = frozenset(d.name for d in (*model.parameters, *model.networks) if d.range == "unit")
    factors = dict.fromkeys((model.prior, model.decoder, model.encoder))
    found = tuple(_checked(f.family, f.arguments, unit) for f in factors if _is_own(f))
    for normalisation in found:
        if normalisation.is_refused:
            raise InputError(normalisation.reason)
    return found


def check_family(family: Family, arguments: Sequence[sp.Expr] | None = None) -> Normalisation:
    """Check one family, with its arguments free in their ranges or filled in as a factor does.

    An argument that is a number stays as it is, and no derivative by it is asked for.
    """
    filled = family.arguments if arguments is None else tuple(arguments)
    return _checked(family, filled, frozenset())


def _is_own(factor: Factor) -> bool:
    family = factor.family
    return family.log_density is not None and family != FAMILIES.get(family.name)


@lru_cache(maxsize=256)
def _checked(
    family: Family, arguments: tuple[sp.Expr, ...], unit: frozenset[str]
) -> Normalisation:
    if family.is_multivariate:
        return _not_settled(family, "densities of vectors are not integrated")
    still = frozenset(
        p for p, a in zip(family.arguments, arguments, strict=True) if not a.free_symbols
    )
    try:
        formulas = Formulas.of(family, still)
    except NoNumberError as why:
        return _not_settled(family, str(why))
    looks = [
        averages(formulas, family.support, setting)
        for setting in settings(family.arguments, arguments, unit)
    ]
    findings, evaluations, second_looks = [], sum(a.whole.evaluations for a in looks), 0
    for first in looks:
        finding = _finding(formulas, first)
        if finding.value not in ("normalised", "undefined") and second_looks < _SECOND_LOOKS:
            second_looks += 1
            second = _second_look(formulas, family, first)
            evaluations += second.whole.evaluations
            finding = _confirmed(finding, first, _finding(formulas, second), second)
        elif finding.value not in ("normalised", "undefined"):
            finding = _unsettled(finding)
        findings.append(finding)
        if finding.value in ("not normalised", "score's mean not zero"):
            break
    return _summary(family, formulas, looks, findings, evaluations)


def _finding(formulas: Formulas, a: Averages) -> Finding:
    """What one look says."""
    named = tuple((str(k), float(v)) for k, v in a.setting.items())
    mass = a.mass
    if a.is_undefined:
        return Finding("undefined", named, mass.value)
    if a.whole.partial is not None:
        known = a.whole.partial[2]
        value = "not normalised" if known > 1.1 else "not settled"
        return Finding(value, named, math.inf, partial=a.whole.partial)
    if mass.fails(1):
        return Finding("not normalised", named, mass.value, mass.error)
    if not mass.holds(1):
        return Finding("not settled", named, mass.value, mass.error)
    for symbol, score in zip(formulas.scores, a.scores, strict=True):
        if score.fails(0):
            value = "score's mean not zero"
            return Finding(value, named, mass.value, mass.error, symbol.name, score.value)
    if not all(score.holds(0) or score.size == 0 for score in a.scores):
        return Finding("not settled", named, mass.value, mass.error)
    return Finding("normalised", named, mass.value, mass.error)


def _second_look(formulas: Formulas, family: Family, first: Averages) -> Averages:
    """The same averages in many digits and with more anchors, so that every panel lies elsewhere."""
    if family.support not in ENDS:
        return averages(formulas, family.support, first.setting, bits=BITS)
    places = sorted({p.piece.around.anchor for p in first.whole.panels})
    extra = [a + (b - a) * mpmath.mpf("0.382") for a, b in zip(places, places[1:], strict=False)]
    extra += [places[0] - (1 + abs(places[0])) * 0.7, places[-1] + (1 + abs(places[-1])) * 0.7]
    return averages(formulas, family.support, first.setting, extra=tuple(extra), bits=BITS)


def _confirmed(finding: Finding, first: Averages, again: Finding, second: Averages) -> Finding:
    """A refusal only if both looks say the same."""
    if again.value == "normalised":
        return again
    if finding.value != again.value or finding.score != again.score:
        return _unsettled(finding)
    if finding.value == "score's mean not zero":
        close = abs(finding.mean - again.mean) <= 1e-3 * abs(finding.mean)
    elif finding.partial is not None or again.partial is not None:
        close = finding.partial is not None and again.partial is not None
    else:
        close = first.mass.agrees(second.mass, 1)
    return finding if close else _unsettled(finding)


def _unsettled(finding: Finding) -> Finding:
    return Finding("not settled", finding.arguments, finding.integral, finding.error)


def _summary(
    family: Family,
    formulas: Formulas,
    looks: Sequence[Averages],
    findings: Sequence[Finding],
    evaluations: int,
) -> Normalisation:
    """One answer from the findings at all settings."""
    values = [f.value for f in findings]
    value: Value = "not settled"
    decisive = next((f for f in findings if f.value != "normalised"), findings[0])
    refused = [f for f in findings if f.value in ("not normalised", "score's mean not zero")]
    if refused:
        decisive = refused[0]
        value = decisive.value  # type: ignore[assignment]
    elif set(values) == {"undefined"} and all(_is_undefined_in_part(family, a) for a in looks):
        value = "not normalised"
    elif set(values) == {"normalised"} and not formulas.unknown:
        value = "normalised"
    motions = {
        name: _stands(a.motions[i] for a in looks) for i, name in enumerate(formulas.motions)
    }
    return Normalisation(
        family=family.name,
        value=value,
        reason=reason_of(family, formulas, value, decisive, looks),
        arguments=decisive.arguments,
        integral=decisive.integral,
        score=decisive.score,
        mean=decisive.mean,
        error=max((f.error for f in findings if f.error == f.error), default=math.nan),
        settings=len(looks),
        evaluations=evaluations,
        shift=motions.get("shift") if value == "normalised" else None,
        scale=motions.get("scale") if value == "normalised" else None,
    )


def _stands(means: Iterable[Average]) -> bool | None:
    means = list(means)
    if any(m.fails(0) for m in means):
        return False
    return True if all(m.holds(0) for m in means) else None


def _is_undefined_in_part(family: Family, a: Averages) -> bool:
    """Numbers of a second maker agree that the log-density is no real number somewhere in the support, and is one elsewhere."""
    undefined = a.whole.undefined
    if not any(p.defined and p.values[0] > 0 for p in a.whole.panels) or not undefined:
        return False
    nearest = min(undefined, key=lambda p: abs(p.low + p.high))
    x = sp.Rational(*map(int, float(sum(nearest.interval()) / 2).as_integer_ratio()))
    places = {s: sp.Float(v) for s, v in a.setting.items()}
    value = sp.N(family.log_density.xreplace({**places, family.variable: x}), 30)
    return value is sp.nan or (value.is_number and not value.is_extended_real)


def _not_settled(family: Family, why: str) -> Normalisation:
    return Normalisation(family.name, "not settled", f"{family.name} was not integrated: {why}")
