"""Is a density that somebody wrote a density? Its integral and its scores' means decide, at several arguments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import mpmath
import sympy as sp

from entropysym.claims.densities.averages import BITS, Average, Averages, Formulas, averages
from entropysym.claims.densities.evaluation import NoNumberError
from entropysym.claims.densities.panels import in_many_digits
from entropysym.claims.densities.samples import leaves_of, settings
from entropysym.claims.densities.second_maker import agrees_with_sympy, is_undefined_in_part
from entropysym.claims.densities.wording import reason_of
from entropysym.errors import InputError
from entropysym.families import FAMILIES
from entropysym.language.records import Factor, Family, Model
from entropysym.language.supports import interval

Value = Literal["normalised", "not normalised", "score's mean not zero", "not settled"]

#: After this much work on two settings, in evaluations of 30 steps, no further one is looked at.
MOST_WORK = 200_000


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
    factors = dict.fromkeys((*model.p, *model.q))
    still = frozenset(p.symbol for p in model.parameters if not p.learned)
    found = tuple(_checked(f.family, f.arguments, still) for f in factors if _is_own(f))
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
    family: Family,
    arguments: tuple[sp.Expr, ...],
    still: frozenset[sp.Basic],
) -> Normalisation:
    if family.is_multivariate:
        return _not_settled(family, "densities of vectors are not integrated")
    try:
        return _looked_at(family, arguments, still)
    except NoNumberError as why:
        return _not_settled(family, str(why))
    except (ArithmeticError, ValueError, TypeError, NotImplementedError, RecursionError) as error:
        # What SymPy or mpmath cannot do with a formula is no fault of the density.
        return _not_settled(family, f"{type(error).__name__}: {error}")


def _looked_at(
    family: Family,
    arguments: tuple[sp.Expr, ...],
    still: frozenset[sp.Basic],
) -> Normalisation:
    """Look at setting after setting until one is refused, two are not settled, or the work is done."""
    standing = frozenset(
        place
        for place, argument in zip(family.arguments, arguments, strict=True)
        if all(_stands_still(leaf, still) for leaf in leaves_of(argument))
    )
    formulas = Formulas.of(family, standing)
    looks: list[Averages] = []
    findings: list[Finding] = []
    evaluations = 0
    drawn = settings(family.arguments, arguments)
    for setting in drawn:
        if len(looks) > 1 and evaluations * max(30, len(formulas.program.steps)) > 30 * MOST_WORK:
            break
        first = averages(formulas, family.support, setting)
        looks.append(first)
        evaluations += first.whole.evaluations
        finding = _finding(formulas, first)
        # Where many digits did not settle one setting, they would not settle the next.
        again = finding.value != "not settled" or "not settled" not in {f.value for f in findings}
        if finding.value not in ("normalised", "undefined") and again:
            finding, more = _looked_again(formulas, family, first, finding)
            evaluations += more
        findings.append(finding)
        found = [f.value for f in findings]
        too_much = finding.value == "not normalised" and finding.integral > 1
        if too_much or "score's mean not zero" in found:
            break
        if finding.value == "not settled" and first.whole.exhausted:
            break  # other settings have about as many places to look at
        if found.count("not settled") > 1 or found.count("not normalised") > 1:
            break
    if findings[-1].value == "not normalised":  # for what to do, another number tells
        looks += [averages(formulas, family.support, s) for s in drawn[len(looks) :][:1]]
    return _summary(family, formulas, looks, findings, evaluations)


def _stands_still(leaf: sp.Basic, still: frozenset[sp.Basic]) -> bool:
    """A parameter that is not learned, an entry of one, an index or a size."""
    return leaf in still or getattr(leaf, "base", None) in still or leaf.is_integer is True


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


def _looked_again(
    formulas: Formulas, family: Family, first: Averages, finding: Finding
) -> tuple[Finding, int]:
    """A refusal only if it stands with other anchors and in many digits; what is not settled once more in many digits."""
    support, setting = family.support, first.setting
    if finding.value == "not settled" and first.whole.exhausted:
        return finding, 0  # many digits take as many places, each ten times as long
    if finding.value == "not settled":
        second = averages(formulas, support, setting, bits=BITS)
        again = _finding(formulas, second)
        return again if again.value == "normalised" else finding, second.whole.evaluations
    over = interval(support)
    continuous = over is not None and not over.whole
    extra = _other_places(first) if continuous else ()
    second = averages(formulas, support, setting, extra=extra, bits=None if continuous else BITS)
    again, work = _finding(formulas, second), second.whole.evaluations
    if again.value == "normalised":
        return again, work
    if not agrees_with_sympy(family, formulas, finding.score, first):
        return _unsettled(finding), work
    if not _same(finding, again):
        return _unsettled(finding), work
    if continuous and finding.partial is None:
        totals = in_many_digits(first.whole)
        digits = replace(finding, integral=totals[0])
        if finding.score:
            place = [s.name for s in formulas.scores].index(finding.score)
            digits = replace(digits, mean=totals[1 + 2 * place])
        if not _same(finding, digits):
            return _unsettled(finding), work
    return finding, work


def _other_places(first: Averages) -> tuple[Any, ...]:
    """More anchors, so that every panel lies elsewhere."""
    places = sorted({p.piece.around.anchor for p in first.whole.panels})
    between = [a + (b - a) * mpmath.mpf("0.382") for a, b in pairwise(places)]
    beyond = [places[0] - (1 + abs(places[0])) * 0.7, places[-1] + (1 + abs(places[-1])) * 0.7]
    return (*between, *beyond)


def _same(finding: Finding, again: Finding) -> bool:
    """The same refusal with the same number, to a thousandth of what it is off by."""
    if (finding.value, finding.score) != (again.value, again.score):
        return False
    if finding.partial is not None or again.partial is not None:
        return finding.partial is not None and again.partial is not None
    if finding.score:
        return abs(finding.mean - again.mean) <= 1e-3 * abs(finding.mean)
    return abs(finding.integral - again.integral) <= 1e-3 * abs(finding.integral - 1)


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
    if len(findings) > 1 and sum(f.value == "not normalised" for f in findings) == 1:
        # Too little at one setting of many is more likely mass that was not seen.
        findings = [_unsettled(f) if f.integral < 1 else f for f in findings]
    values = [f.value for f in findings]
    value: Value = "not settled"
    decisive = next((f for f in findings if f.value != "normalised"), findings[0])
    refused = [f for f in findings if f.value in ("not normalised", "score's mean not zero")]
    if refused:
        decisive = refused[0]
        value = decisive.value  # type: ignore[assignment]
    elif set(values) == {"undefined"} and all(is_undefined_in_part(family, a) for a in looks):
        value = "not normalised"
    elif set(values) == {"normalised"} and not formulas.unknown:
        value = "normalised"
    motions = {
        name: _mean_zero(a.motions[i] for a in looks) for i, name in enumerate(formulas.motions)
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
        settings=len(findings),
        evaluations=evaluations,
        shift=motions.get("shift") if value == "normalised" else None,
        scale=motions.get("scale") if value == "normalised" else None,
    )


def _mean_zero(means: Iterable[Average]) -> bool | None:
    means = list(means)
    if any(m.fails(0) for m in means):
        return False
    return True if all(m.holds(0) for m in means) else None


def _not_settled(family: Family, why: str) -> Normalisation:
    return Normalisation(family.name, "not settled", f"{family.name} was not integrated: {why}")
