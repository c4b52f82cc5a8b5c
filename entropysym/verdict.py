"""Verdicts have three values, and none of them is a boolean."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NoReturn

from entropysym.shown import Shown


class Value(Enum):
    """Proved under named conditions, refuted by a witness, or undecided for a reason."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict has three values; compare it with Value.PROVED instead")


@dataclass(frozen=True, repr=False)
class Verdict(Shown):
    """A value, the reason for it in one line, and the evidence: names of the checks that really ran."""

    value: Value
    reason: str
    evidence: tuple[str, ...] = field(default=())

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a verdict has three values; compare verdict.value with Value.PROVED instead"
        )

    def __str__(self) -> str:
        by = f" [{', '.join(self.evidence)}]" if self.evidence else ""
        return f"{self.value.value}: {self.reason}{by}"


def proved(reason: str, *evidence: str) -> Verdict:
    """A proved verdict; evidence names the checks that ran."""
    return Verdict(Value.PROVED, reason, evidence)


def refuted(reason: str, *evidence: str) -> Verdict:
    """A refuted verdict; the evidence names the witness."""
    return Verdict(Value.REFUTED, reason, evidence)


def undecided(reason: str, *evidence: str) -> Verdict:
    """An undecided verdict with its reason."""
    return Verdict(Value.UNDECIDED, reason, evidence)
