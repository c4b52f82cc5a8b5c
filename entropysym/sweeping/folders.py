"""The folder of a sweep: a file for each unit, written whole, and what is found there when the sweep goes on.

A file is a unit's if its name says so: claim and code, seed, sizes, block of seeds. All else is left alone and counted in the notes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from entropysym.errors import InputError
from entropysym.files import folder, write_whole
from entropysym.sweeping.records import Record, read
from entropysym.sweeping.units import Job, Unit

_UNIT, _REPORT = ".unit.json", ".report.json"


def found(into: Path, job: Job, units: Iterable[Unit]) -> tuple[dict[str, Record], list[str]]:
    """The records in the folder of these units, and notes about all else there: what is damaged, and what belongs to another claim, code or seed.

    Raises `InputError` for a place that is no folder or cannot be written.
    """
    place = folder(into)
    records, notes = {}, []
    wanted = {job.name(unit): unit for unit in units}
    there = {p.name.removesuffix(_UNIT): p for p in sorted(place.glob(f"*{_UNIT}"))}
    for name in sorted(wanted.keys() & there.keys()):
        try:
            records[name] = read(there[name].read_bytes(), name, wanted[name].count)
        except (InputError, OSError) as error:
            notes.append(f"the record {name} is computed again: {error}")
    return records, [*notes, *_others(job, there.keys() - wanted.keys())]


def _others(job: Job, names: Iterable[str]) -> list[str]:
    """Notes about records that are not counted, by the claim and code, and the seed, in their names."""
    groups: dict[str, int] = {}
    for name in names:
        key, _, rest = name.partition("-")
        whose = f"seed {rest.partition('-')[0]}" if key == job.key else f"claim or code {key}"
        whose = "another cut of this sweep" if whose == f"seed {job.seed}" else whose
        groups[whose] = groups.get(whose, 0) + 1
    return [
        f"not counted: {count} records of {whose}; this is claim and code {job.key}, seed {job.seed}"
        for whose, count in sorted(groups.items())
    ]


def store(into: Path, name: str, text: str) -> None:
    """Write the record of a unit, completely or not at all."""
    write_whole(into / f"{name}{_UNIT}", text)


def store_report(into: Path, job: Job, draws: int, text: str) -> Path:
    """Write the report of the sweep beside its records."""
    path = into / f"{job.key}-{job.seed}-{draws}{_REPORT}"
    write_whole(path, text)
    return path
