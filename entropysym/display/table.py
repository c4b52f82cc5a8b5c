"""The table: what is said of a result, by its class. A class stands here under its name, so that showing one loads no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from entropysym.display import of_derivations, of_results
from entropysym.display.said import Said
from entropysym.errors import InputError, shown

#: The longest line that `repr` gives.
WIDTH = 100

#: Module and name of a class -> what is said of its objects, and of those of its subclasses.
SAID: dict[str, Callable[[Any], Said]] = {
    "entropysym.prover.derivation.Derivation": of_derivations.of_derivation,
    "entropysym.prover.derivation.Refusal": of_derivations.of_refusal,
    "entropysym.prover.stationarity.Equations": of_derivations.of_equations,
    "entropysym.language.records.Model": of_derivations.of_model,
    "entropysym.verdict.Verdict": of_results.of_verdict,
    "entropysym.networks.certificate.Certificate": of_results.of_certificate,
    "entropysym.networks.readings.Reading": of_results.of_reading,
    "entropysym.sweeping.sweeps.SweepReport": of_results.of_sweep_report,
    "entropysym.witness.sweeps.Sweep": of_results.of_sweep,
    "entropysym.claims.verification.Verification": of_results.of_verification,
    "entropysym.ascent.settling.Settled": of_results.of_settled,
    "entropysym.auditing.records.Audit": of_results.of_audit,
    "entropysym.monitoring.steps.Step": of_results.of_step,
    "entropysym.monitoring.reports.EntropyReport": of_results.of_entropies,
    "entropysym.testing.claims.Claim": of_results.of_claim,
    "entropysym.testing.claims.Theorem": of_results.of_claim,
    "entropysym.glossary.entries.Entry": of_results.of_entry,
}


def said_of(result: object) -> Said:
    """What is said of a result. Raises `InputError` for an object of which nothing is said here."""
    for kind in type(result).__mro__:
        found = SAID.get(f"{kind.__module__}.{kind.__qualname__}")
        if found is not None:
            return found(result)
    raise InputError(f"{shown(result)} is no result that shows itself; print it instead")


def line(result: object) -> str:
    """What is said of a result in one line of at most 100 characters, such as ``<Derivation of vae2: F = ℰ at stationary points, proved>``.

    Raises `InputError` as `said_of`.
    """
    said = said_of(result)
    text = " ".join(f"{said.kind}{': ' if said.says else ''}{said.says}".split())
    return f"<{text}>" if len(text) <= WIDTH - 2 else f"<{text[: WIDTH - 3]}…>"
