"""One random model through `derive` and the oracle: what each says, and whether they contradict each other."""

from __future__ import annotations

import re
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from entropysym import claims
from entropysym.errors import InputError
from entropysym.language import Model
from entropysym.prover import Derivation
from entropysym.prover.clamps import without_idle_clamps
from entropysym.testing.random_models import Spec, build, shrunk, source, spec_of
from entropysym.testing.spec_laws import LAWS

from .features import features
from .oracle import claimed_residual, is_true
from .situations import SIZES, rows

#: A claimed direction is compared in every situation; rounding stays far below.
AGREES = 1e-7

#: What may be wrong with an answer, worst first.
FAULTS = (
    *("false PROVED", "wrong direction", "false REFUTED", "exception", "too long"),
    *("oracle error", "not settled"),
)


class TooLong(BaseException):
    """`derive` took longer than it was given; no `Exception`, so that no handler of the tried code keeps it."""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong

    old = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def asked(model: Model, seconds: int) -> dict[str, Any]:
    """The verdict of `derive` and what it claims beside it."""
    started = time.perf_counter()
    said: dict[str, Any] = {"claims": []}
    try:
        with limited(seconds):
            found = claims.derive(model)
    except TooLong:
        said |= {"verdict": "TOO LONG", "reason": f"more than {seconds} s"}
    except InputError as reason:
        said |= {"verdict": "INPUT ERROR", "reason": str(reason)}
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename.rsplit('entropysym/', 1)[-1]}:{place.name}"
        said |= {"verdict": "EXCEPTION", "reason": f"{type(error).__name__} in {where}: {error}"}
    else:
        said |= {"verdict": found.verdict.value.name, "reason": found.verdict.reason}
        proved = found if isinstance(found, Derivation) else found.partial
        if proved is not None and proved.verdict.value.name == "PROVED":
            said["claims"] = [proved]
            if isinstance(found, Derivation) and found.model != without_idle_clamps(model):
                said |= {"verdict": "EXCEPTION", "reason": "the derivation is of another model"}
            if isinstance(found, Derivation) and found.excess != 0:
                said["verdict"] = "PROVED WITH EXCESS"
    return said | {"seconds": round(time.perf_counter() - started, 2)}


def judged(spec: Spec, seed: int, seconds: int) -> dict[str, Any]:
    """Verdict, oracle and fault of one spec, as plain data."""
    try:
        model = build(spec)
    except InputError as reason:
        return {"verdict": "NO MODEL", "reason": str(reason), "fault": None}
    said = asked(model, seconds)
    said["features"] = sorted(features(spec, model))
    try:
        answer = is_true(model, seed)
        said |= {"oracle": answer.word, "residual": answer.residual}
        said["fault"] = fault(model, seed, said)
    except Exception as error:
        said |= {"oracle": "error", "fault": "oracle error"}
        said["reason"] += f"; {type(error).__name__}: {error}"
    del said["claims"]
    return said


def fault(model: Model, seed: int, said: dict[str, Any]) -> str | None:
    verdict, word = said["verdict"], said["oracle"]
    if verdict == "PROVED" and word == "false":
        return "false PROVED"
    for claim in said[
        "claims"
    ]:  # where clamps are active, a partial claim is about a model without them
        tried_at = (rows(claim.model, k, seed) for k in range(len(SIZES)))
        worst = max(
            claimed_residual(found, claim.model, claim.direction, claim.excess)
            for found in tried_at
        )
        if not worst < AGREES:
            said["reason"] += f"; the claimed direction is off by {worst:.1e}"
            return "wrong direction"
    if verdict == "REFUTED" and (
        word == "true" or is_true(model, seed, generous=True).word == "true"
    ):
        return "false REFUTED"
    if verdict in ("EXCEPTION", "TOO LONG"):
        return verdict.lower()
    settled = verdict in ("PROVED", "REFUTED")
    return "not settled" if word == "true" and not settled else None


def tried(seed: int, seconds: int = 120) -> dict[str, Any]:
    """All about one seed, as plain data."""
    return {"seed": seed} | judged(spec_of(seed), seed, seconds)


def smaller(row: dict[str, Any], seconds: int = 120) -> dict[str, Any]:
    """A smaller model with the fault of a row, as the lines that build it and the reason that is given for it."""
    seed, spec = row["seed"], spec_of(row["seed"])
    if row["fault"] != "too long":
        alike = (row["fault"], kind(row["reason"]))

        def fails(smaller: Spec) -> bool:
            found = judged(smaller, seed, seconds)
            return (found["fault"], kind(found["reason"])) == alike

        spec = shrunk(spec, fails)
    return {"lines": source(spec), "reason": judged(spec, seed, seconds)["reason"]}


def kind(reason: str) -> str:
    """Reasons that differ in names and numbers only are one kind."""
    words = re.sub(r"[0-9]+|\b[a-zA-Z]\w*\[.*?\]", "", reason).split()
    names = {*LAWS, "prior", "decoder", "encoder"}
    return " ".join(word for word in words if word.strip(",.:;") not in names)[:70]
