r"""What one unit of a sweep found, as a text that vouches for itself, and what many of them come to.

The record of a unit is counts, the largest residual with its place, a histogram, and what became of the unit's wrong variants. Records by the name of their unit
form a semilattice: `merged` is associative, commutative and idempotent, and `total` sums over the names. So order, duplicates and restarts change nothing.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from entropysym.errors import InputError, shown

FORMAT = "entropysym sweep unit/1"

#: Bins of the histogram for each power of ten.
BINS = 4

#: Bins that have no logarithm: residuals that are 0, and those of numbers that are not finite.
ZERO, NOT_FINITE = "exactly 0", "not finite"


@dataclass(frozen=True)
class Place:
    """Where a residual arose: number `number` of those drawn from `seed` at the sizes `at`."""

    residual: float
    at: tuple[tuple[str, int], ...]
    seed: int
    number: int

    @property
    def order(self) -> tuple[float, tuple[tuple[str, int], ...], int, int]:
        """Larger residuals go first; among equal ones the place decides, so that the first is always the same."""
        return (-self.residual, self.at, self.seed, self.number)


@dataclass(frozen=True)
class Tried:
    """A wrong variant of the claim at `compared` configurations: how many rejected it, and whether any told it from the claim."""

    compared: int
    rejected: int
    differs: bool


@dataclass(frozen=True)
class Record:
    """What was counted in the unit called `unit`, as in `witness.Sweep`; `histogram` counts the bins floor(4 log10 residual)."""

    unit: str
    compared: int
    failures: int
    beyond: int
    broken: int
    coarse: int
    worst: Place | None
    histogram: Mapping[str, int] = field(default_factory=dict)
    variants: Mapping[str, Tried] = field(default_factory=dict)

    @property
    def blind(self) -> bool:
        """Whether no wrong variant was rejected: then agreement shows nothing."""
        return not any(v.rejected for v in self.variants.values())

    def text(self) -> str:
        """The one JSON text of the record, with a digest of itself."""
        body = asdict(self)
        if self.worst is not None:
            body["worst"]["residual"] = self.worst.residual.hex()
        body = {"format": FORMAT, **body}
        return _canonical({**body, "sha256": _digest(body)}) + "\n"


def _canonical(data: object) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(data: object) -> str:
    return hashlib.sha256(_canonical(data).encode("ascii")).hexdigest()


def read(text: str | bytes, unit: str, count: int) -> Record:
    """The record of the unit of this name, which compares `count` configurations.

    Raises `InputError` with the reason for a text that is cut off, changed, or of another unit, and for counts that cannot be.
    """
    try:
        body = json.loads(text)
        stated = body.pop("sha256")
        if body.get("format") != FORMAT or stated != _digest(body):
            raise InputError("it is not what was written")
        found = _record(body)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"it cannot be read ({type(error).__name__})") from None
    if found.unit != unit:
        raise InputError(f"it is the record of {shown(found.unit)}")
    _demand_possible(found, count)
    return found


def _record(body: Mapping[str, Any]) -> Record:
    names = ("compared", "failures", "beyond", "broken", "coarse")
    counts = {name: _count(body[name]) for name in names}
    worst = body["worst"]
    if worst is not None:
        at = tuple((str(k), _count(v)) for k, v in worst["at"])
        residual = float.fromhex(worst["residual"])
        worst = Place(residual, at, _count(worst["seed"]), _count(worst["number"]))
    return Record(
        unit=str(body["unit"]),
        **counts,
        worst=worst,
        histogram={str(k): _count(v) for k, v in body["histogram"].items()},
        variants={
            str(k): Tried(_count(v["compared"]), _count(v["rejected"]), v["differs"] is True)
            for k, v in body["variants"].items()
        },
    )


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _demand_possible(r: Record, count: int) -> None:
    """A record that was changed and sealed again is still no record of what never was."""
    tried = r.variants.values()
    possible = (
        r.compared == count == sum(r.histogram.values())
        and r.beyond <= r.failures
        and max(r.failures + r.broken, r.coarse) <= count
        and r.histogram.get(NOT_FINITE, 0) == r.broken
        and r.worst is not None
        and not math.isnan(r.worst.residual)
        and all(v.rejected <= v.compared <= count for v in tried)
    )
    if not possible:
        raise InputError("its counts do not add up")


def merged(a: Mapping[str, Record], b: Mapping[str, Record]) -> dict[str, Record]:
    """The records of both, by the names of their units. Of two different ones of one unit, which two machines may make that round differently, the worse is kept."""
    found = dict(a)
    for name, record in b.items():
        other = found.get(name, record)
        found[name] = max(record, other, key=lambda r: (r.failures + r.broken, r.text()))
    return found


def total(records: Mapping[str, Record]) -> Record:
    """All units as one record without a name; a sum over the units in the order of their names."""
    every = [records[name] for name in sorted(records)]
    places = [r.worst for r in every if r.worst is not None]
    return Record(
        unit="",
        compared=sum(r.compared for r in every),
        failures=sum(r.failures for r in every),
        beyond=sum(r.beyond for r in every),
        broken=sum(r.broken for r in every),
        coarse=sum(r.coarse for r in every),
        worst=min(places, key=lambda p: p.order, default=None),
        histogram=_summed(r.histogram for r in every),
        variants=_tried(r.variants for r in every),
    )


def _summed(histograms: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for histogram in histograms:
        for name, count in histogram.items():
            found[name] = found.get(name, 0) + count
    return dict(sorted(found.items(), key=lambda item: _edge(item[0])))


def _edge(name: str) -> float:
    """Where a bin lies."""
    return {ZERO: -math.inf, NOT_FINITE: math.inf}.get(name) or float(name)


def _tried(variants: Iterable[Mapping[str, Tried]]) -> dict[str, Tried]:
    found: dict[str, Tried] = {}
    for each in variants:
        for name, new in each.items():
            old = found.get(name, Tried(0, 0, False))
            compared, rejected = old.compared + new.compared, old.rejected + new.rejected
            found[name] = Tried(compared, rejected, old.differs or new.differs)
    return dict(sorted(found.items()))
