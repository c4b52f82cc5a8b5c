"""One random graph through `derive` and the oracle: what each says, and whether they contradict each other."""

from __future__ import annotations

from typing import Any

from entropysym.language import Model
from entropysym.prover.clamps import without_idle_clamps
from entropysym.prover.direction import moves_encoder
from entropysym.testing.random_graphs import random_graph as graph

from ..trying import asked
from .features import features, lines
from .oracle import claimed_residual, is_true
from .situations import SIZES, rows

#: A claimed direction is compared in every situation; rounding stays far below.
AGREES = 1e-7

#: What may be wrong with an answer, worst first.
FAULTS = (
    *("false PROVED", "wrong direction", "false REFUTED", "exception", "too long"),
    *("oracle error", "not settled"),
)


def tried(seed: int, seconds: int = 120) -> dict[str, Any]:
    """All about one seed, as plain data."""
    return {"seed": seed} | judged(graph(seed), seed, seconds)


def judged(model: Model, seed: int, seconds: int = 120) -> dict[str, Any]:
    """Verdict, oracle and fault of one graph."""
    said = asked(model, seconds)
    said["features"] = sorted(features(model))
    try:
        answer = is_true(model, seed)
        said |= {"oracle": answer.word, "still": answer.still, "residual": answer.residual}
        said["fault"] = fault(model, seed, said)
    except Exception as error:
        said |= {"oracle": "error", "fault": "oracle error"}
        said["reason"] += f"; {type(error).__name__}: {error}"
    said["partial"] = said["verdict"] != "PROVED" and bool(said["claims"])
    del said["claims"]
    return said | ({"lines": lines(model)} if said["fault"] else {})


def fault(model: Model, seed: int, said: dict[str, Any]) -> str | None:
    """What is wrong with an answer, if anything is.

    What moves q may be true though q at rest gives no identity; else every claim has to hold in numbers, in each situation.
    """
    verdict, word = said["verdict"], said["oracle"]
    moving = any(moves_encoder(claim.model, claim.direction) for claim in said["claims"])
    if verdict == "PROVED" and said["still"] == "false" and not moving:
        return "false PROVED"
    if verdict == "PROVED" and word == "false":
        return "false PROVED"
    for claim in said["claims"]:
        if moving:
            continue
        worst = max(
            claimed_residual(
                rows(without_idle_clamps(claim.model), k, seed), claim.direction, claim.excess
            )
            for k in range(len(SIZES))
        )
        if not worst < AGREES:
            said["reason"] += f"; the claimed direction is off by {worst:.1e}"
            return "wrong direction"
    if verdict == "REFUTED" and word != "false":
        return "false REFUTED"
    if verdict in ("EXCEPTION", "INPUT ERROR"):
        return "exception"
    if verdict == "TOO LONG":
        return "too long"
    return "not settled" if word == "true" and verdict != "PROVED" else None
