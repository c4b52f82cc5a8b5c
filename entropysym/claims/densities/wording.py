"""What a check of a density says: the number, the arguments, and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from entropysym.claims.densities.averages import Averages, Formulas, averages
from entropysym.language.records import Family
from entropysym.language.supports import Support, as_set, interval

if TYPE_CHECKING:
    from entropysym.claims.densities.check import Finding

_OVER: dict[Support, str] = {
    "real": "the real line",
    "positive": "the positive numbers",
    "unit": "(0, 1)",
    "angle": "[-pi, pi)",
    "binary": "0 and 1",
    "count": "the counts 0, 1, 2, ...",
}

#: Supports inside another, the larger ones first.
_INSIDE: dict[Support, tuple[Support, ...]] = {"real": ("positive", "unit"), "positive": ("unit",)}


def reason_of(
    family: Family, formulas: Formulas, value: str, finding: Finding, looks: Sequence[Averages]
) -> str:
    """One line for a person."""
    name, at = family.name, _at(finding)
    over = _OVER.get(family.support) or as_set(family.support)
    numbers = interval(family.support)
    total = "sum" if numbers is not None and numbers.whole else "integral"
    if value == "normalised":
        worst = max(a.mass.error for a in looks)
        return (
            f"{name} has {total} 1 over {over} and scores of mean zero at "
            f"{len(looks)} settings of its arguments (largest error {worst:.0e})"
        )
    if value == "score's mean not zero":
        return (
            f"{name} is not accepted: the mean of its score d log p/d {finding.score} is "
            f"{finding.mean:.6g}{at}, not 0; its support moves with {finding.score}, so write it for a variable "
            f"whose support stands still"
        )
    if value == "not normalised":
        return f"{name} is no density on {over}: {_wrong(finding, total, at)}; {_advice(family, formulas, looks)}"
    if finding.value == "undefined":
        return f"{name} was not settled: its log-density is no real number{at} at some places of {over}"
    if formulas.unknown:
        return f"{name} has {total} {finding.integral:.6g} over {over}{at}, but its scores were not settled: {formulas.unknown}"
    return f"{name} was not settled: its {total} over {over} is {finding.integral:.10g}{at}, with an error estimate of {finding.error:.0e}"


def _at(finding: Finding) -> str:
    named = ", ".join(f"{name} = {value:.6g}" for name, value in finding.arguments)
    return f" at {named}" if named else ""


def _wrong(finding: Finding, total: str, at: str) -> str:
    if finding.value == "undefined":
        return f"its log-density is no real number on a part of it{at}"
    if finding.partial is not None:
        low, high, known = finding.partial
        return f"its {total}{at} is infinite, {known:.6g} from {low:.6g} to {high:.6g} alone"
    return f"its {total}{at} is {finding.integral:.10g}, not 1"


def _advice(family: Family, formulas: Formulas, looks: Sequence[Averages]) -> str:
    for support in _INSIDE.get(family.support, ()):
        if averages(formulas, support, looks[0].setting).mass.holds(1):
            return f"state support={support!r}, over which it is 1"
    values = [a.mass.value for a in looks]
    first = values[0]
    if not all(map(math.isfinite, values)) or any(a.whole.partial for a in looks):
        return "state its support, and add the normaliser"
    if all(math.isclose(v, first, rel_tol=1e-6) for v in values):
        return f"add the normaliser -log({first:.10g}) to its log-density"
    return "add the normaliser to its log-density; it depends on the arguments"
