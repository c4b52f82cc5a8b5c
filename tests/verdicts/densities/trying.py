"""One random density through `derive`, as prior and as decoder, and the oracle: what each says, and whether they contradict each other."""

from __future__ import annotations

import time
from typing import Any

import mpmath

from entropysym.errors import InputError
from entropysym.prover import Derivation

from ..trying import asked
from .drawing import USES, Draft, draft, model_of
from .oracle import DIGITS, Answer, compiled, is_closed

#: What may be wrong with an answer, worst first.
FAULTS = (
    *("false PROVED", "wrong entropy", "false REFUTED", "exception", "input error", "too long"),
    *("oracle error", "not settled"),
)
#: What must not be at all.
WRONG = FAULTS[:-1]

#: The most seconds for one derivation, its replay and the numbers of the density.
SECONDS = 10


def tried(seed: int, seconds: int = 120, uses: tuple[str, ...] = USES) -> list[dict[str, Any]]:
    """All about one seed, a row of plain data for each use."""
    d = draft(seed)
    said = {"seed": seed, "kind": d.kind, "law": d.law.name, "used": d.used, "lines": d.lines}
    try:
        answer = is_closed(d)
    except Exception as error:
        wrong = {"fault": "oracle error", "reason": f"{type(error).__name__}: {error}"}
        return [
            said | wrong | {"use": use, "oracle": "error", "verdict": "", "seconds": 0}
            for use in uses
        ]
    return [said | {"use": use} | judged(d, use, answer, seconds) for use in uses]


def judged(d: Draft, use: str, answer: Answer, seconds: int = 120) -> dict[str, Any]:
    """Verdict, oracle and fault of one density in one use."""
    started = time.process_time()  # others may use the same processors
    try:
        said = asked(model_of(d, use), seconds)
    except InputError as reason:
        said = {"verdict": "INPUT ERROR", "reason": str(reason), "claims": [], "seconds": 0}
    said["seconds"] = round(time.process_time() - started, 2)
    said |= {"oracle": answer.word, "residual": answer.residual}
    said["fault"] = _fault(d, said, answer)
    del said["claims"]
    return said


def _fault(d: Draft, said: dict[str, Any], answer: Answer) -> str | None:
    verdict, word = said["verdict"], answer.word
    if verdict == "PROVED" and word == "false":
        return "false PROVED"
    off = max((entropy_off(d, claim, answer) for claim in said["claims"]), default=0.0)
    if verdict == "PROVED" and not off < 1e-7:
        said["reason"] += f"; the entropy is off by {off:.1e}"
        return "wrong entropy"
    if verdict == "REFUTED" and word == "true":
        return "false REFUTED"
    if verdict in ("EXCEPTION", "INPUT ERROR"):
        return verdict.lower()
    if verdict == "TOO LONG" or said["seconds"] > SECONDS:
        return "too long"
    return "not settled" if word == "true" and verdict != "PROVED" else None


def entropy_off(d: Draft, claim: Derivation, answer: Answer) -> float:
    """How far the entropy that a derivation states is from minus the intercept; 0 where it states none."""
    stated = claim.entropies.get(d.record)
    if stated is None or answer.word != "true":
        return 0.0
    formula = compiled(stated.entropy, [*d.record.arguments])
    with mpmath.workdps(DIGITS):
        found = [
            abs(mpmath.mpc(formula(*at.values())) - entropy) / (1 + abs(entropy))
            for at, entropy in answer.entropies
        ]
    return float(max(found))
