"""The table of an audit of libraries, as text and as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from entropysym.auditing.libraries import LibraryAudit
from entropysym.auditing.records import Audit, Outcome

#: The columns, in the order of the checks.
COLUMNS = ("support", "normalised", "gradient", "scores", "entropy", "intercept", "kl", "kl of equals")  # fmt: skip
_MARKS = {Outcome.HOLDS: "holds", Outcome.FAILS: "FAILS", Outcome.NOT_SHOWN: "."}


def lines(found: Iterable[LibraryAudit]) -> Sequence[str]:
    """One line a distribution, then what fails, then the sums; a dot is what is not shown."""
    found = list(found)
    said = []
    for library in found:
        if library.skipped:
            said += [f"{library.library}: skipped, {library.skipped}", ""]
            continue
        said.append(f"{library.library} {library.version}")
        said.append("  " + " ".join([f"{'':<22}", *(f"{c:<12}" for c in COLUMNS)]).rstrip())
        said += [_line(a) for a in library.audits]
        said.append("")
    alarms = [(lib.library, name, row) for lib in found for name, row in lib.alarms]
    said += [f"{library} {name}: {row.check}: {row.says}" for library, name, row in alarms]
    cells, seconds = sum(f.cells for f in found), sum(f.seconds for f in found)
    said.append(f"{cells} cells decided in {seconds:.0f} s, {len(alarms)} fail, each confirmed by a second quadrature")  # fmt: skip
    return said


def _line(a: Audit) -> str:
    marks = {row.check: _MARKS[row.outcome] for row in a.rows}
    if "made" in marks:
        return f"  {a.name:<22} not looked at: {a.rows[0].says}"
    return "  " + " ".join([f"{a.name:<22}", *(f"{marks.get(c, '.'):<12}" for c in COLUMNS)]).rstrip()  # fmt: skip


def as_data(found: Iterable[LibraryAudit]) -> list[dict[str, Any]]:
    """The same as JSON data."""
    return [
        {
            "library": f.library,
            "version": f.version,
            "skipped": f.skipped,
            "cells": f.cells,
            "seconds": round(f.seconds, 3),
            "distributions": [
                {
                    "name": a.name,
                    "rows": [
                        {"check": r.check, "outcome": r.outcome.value, "says": r.says}
                        for r in a.rows
                    ],
                }
                for a in f.audits
            ],
        }
        for f in found
    ]
