r"""A claim at as many random configurations as one likes: $\mathcal F=\mathcal E+v\cdot\nabla\mathcal J$, residuals in units of eps × terms.

The work is cut into units (`units`), an executor carries them out (`processes`), each leaves a record (`records`), and the report is a function of the set of records alone.
"""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path

import jax

from entropysym.claims.progress import Progress, silent
from entropysym.claims.replayed import derive
from entropysym.claims.verification import sweep_verdict
from entropysym.errors import InputError, NotStorableError, integer, one_of, shown
from entropysym.language.identity import Identity
from entropysym.language.records import Model
from entropysym.models.zoo import ZOO
from entropysym.prover import Derivation, Refusal
from entropysym.shown import Shown
from entropysym.sweeping import folders
from entropysym.sweeping.computing import claim_digest, double_precision, residuals
from entropysym.sweeping.escalation import LookedAt, looked_at
from entropysym.sweeping.processes import carried_out, here
from entropysym.sweeping.records import Record, merged, read, total
from entropysym.sweeping.units import CHUNK, SEEDS, UNIT, Job, Unit, code_digest, compute, planned
from entropysym.verdict import Value, Verdict, refuted, undecided
from entropysym.witness.configurations import Configuration, Shape, draw, shapes
from entropysym.witness.sweeps import Sweep, VariantResult

#: A name of the zoo, a model, what was derived of one, or a claim.
Claimed = str | Model | Derivation | Refusal | Identity


@dataclass(frozen=True, repr=False)
class SweepReport(Shown):
    """What a sweep found: `sweep` as of `witness.sweep`, with the line of Python that repeats the largest residual, a histogram of residuals, and the wrong variants.

    `balls` tells what bounds in ball arithmetic show at configurations where rounding could hide a difference. `blind` names units whose wrong variants all passed, `missing` units that could not be computed, with the reason. `key` is of claim and code. `notes` and `seconds` tell
    of this run alone (records that were computed again or not counted); they are no part of `json`, which has the same bytes for the same sweep.
    """

    key: str
    seed: int
    draws: int
    units: int
    sweep: Sweep
    histogram: Mapping[str, int]
    variants: tuple[VariantResult, ...]
    balls: tuple[LookedAt, ...] = ()
    blind: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = field(default=(), compare=False)
    computed: int = field(default=0, compare=False)
    seconds: float = field(default=0.0, compare=False)

    @property
    def verdict(self) -> Verdict:
        """PROVED (at random configurations, evidence *float64*) only if every unit is there and none is blind; REFUTED by one configuration."""
        found = sweep_verdict(self.sweep, self.variants)
        if found.value is Value.REFUTED:
            return found
        for one in self.balls:
            if one.verdict.value is Value.REFUTED:
                return refuted(
                    f"where rounding hides it, balls show a difference: {one.verdict.reason}; {one.where}",
                    "ball",
                )
        if self.missing:
            name, reason = next(iter(self.missing.items()))
            return undecided(f"{len(self.missing)} units are missing, such as {name}: {reason}")
        if self.blind:
            return undecided(
                f"the check is blind: the wrong variants of {len(self.blind)} units all pass, such as those of {self.blind[0]}"
            )
        return found

    def json(self) -> str:
        """The report as JSON, byte-equal whoever computed which unit, in which order and how often."""
        s = self.sweep
        body = {
            "model": s.model,
            "claim and code": self.key,
            "seed": self.seed,
            "draws": self.draws,
            "units": self.units,
            "verdict": {"value": self.verdict.value.value, "reason": self.verdict.reason},
            "compared": s.compared,
            "failures": s.failures,
            "beyond rounding": s.beyond,
            "not finite": s.broken,
            "coarse": s.coarse,
            "largest residual [eps x terms]": repr(s.largest),
            "where": s.where,
            "looked at with balls": {
                b.where: f"{b.verdict.value.value}: {b.verdict.reason}" for b in self.balls
            },
            "histogram of floor(4 log10 residual)": dict(self.histogram),
            "wrong variants": {
                v.name: "equal" if v.equal else f"rejected at {v.rejected} of {v.compared}"
                for v in self.variants
            },
            "blind units": list(self.blind),
            "missing units": dict(self.missing),
        }
        return json.dumps(body, indent=2, ensure_ascii=False) + "\n"

    def __str__(self) -> str:
        s, wrong = self.sweep, [v for v in self.variants if not v.equal]
        return "\n".join(
            (
                f"{s.model}: {self.verdict}",
                f"{s.compared} configurations in {self.units} units, seed {self.seed}; {self.computed} computed now in {self.seconds:.1f} s",
                f"largest residual {s.largest:.3g} eps x terms: {s.where}",
                f"wrong variants rejected: {sum(v.rejected > 0 for v in wrong)} of {len(wrong)}",
                *(f"looked at with balls, {b.where}: {b.verdict}" for b in self.balls),
                *self.notes,
            )
        )


def sweep(
    claim: Claimed,
    draws: int = 1_000_000,
    *,
    seed: int = 0,
    on: Executor | None = None,
    into: str | Path | None = None,
    workers: int | None = None,
    unit: int = UNIT,
    progress: Progress = silent,
) -> SweepReport:
    """Compare both sides of a claim at `draws` random configurations, spread over the model's shapes.

    `on` is any executor of `concurrent.futures`; without one, `workers` processes are spawned (as many as there are cores). In `into` each unit of `unit` configurations leaves its
    record as soon as it is done, and a sweep that was cut off goes on from there; Ctrl-C raises `KeyboardInterrupt` and loses only the units in work. A worker that dies is replaced, and a unit that
    kills its workers is named in `missing`. Each unit tries wrong variants of the claim as well, and fails if none is rejected.

    Raises `InputError` for a claim that is none or that cannot be stored or lowered, for counts and seeds that are none, and for a folder that cannot be written.
    """
    began = time.monotonic()
    draws, seed = integer("draws", draws), integer("seed", seed, 0)
    job, model = job_of(claim, seed)
    units = planned(tuple(s.sizes for s in shapes(model, seed)), draws, integer("unit", unit))
    place = None if into is None else Path(into)
    done, notes = ({}, []) if place is None else folders.found(place, job, units)
    todo = {job.name(u): (job, u) for u in units if job.name(u) not in done}
    shown_as = f"{model.name}: sweep"
    work = _Kept(todo, done, place, lambda n, remark: progress(shown_as, n, draws, remark))
    work.tell()
    workers = None if workers is None else integer("workers", workers)
    lost = carried_out(compute, todo, work.keep, on=on, workers=workers) if todo else {}
    name = repr(claim) if isinstance(claim, str) else "claim"
    report = _report(job, model.name, [job.name(u) for u in units], work.done, (draws, name))
    balls = looked_at(pickle.loads(job.claim), job, units, work.done, name)
    report = replace(report, missing=dict(sorted(lost.items())), balls=balls)
    if place is not None and not lost:
        folders.store_report(place, job, draws, report.json())
    seconds = time.monotonic() - began
    return replace(report, notes=tuple(notes), computed=len(todo) - len(lost), seconds=seconds)


def job_of(claim: Claimed, seed: int) -> tuple[Job, Model]:
    """What workers are sent, and the claim's model. Raises `InputError` as `sweep` does."""
    if seed >= SEEDS:
        raise InputError(f"seed is {seed}; pass one below 2**32")
    identity = _identity(claim)
    try:
        digest = claim_digest(identity)
        sent = pickle.dumps(identity)
    except NotStorableError as reason:
        raise InputError(
            f"the claim cannot be stored, so no record could name it: {reason}"
        ) from None
    except (pickle.PicklingError, AttributeError, TypeError) as reason:
        raise InputError(f"the claim cannot be sent to another process: {reason}") from None
    buckets = len(shapes(identity.model, seed))
    return Job(sent, digest, code_digest(), buckets, seed, here()), identity.model


def _identity(claim: Claimed) -> Identity:
    if isinstance(claim, str):
        if claim not in ZOO:
            raise one_of(claim, ZOO, "model")
        claim = ZOO[claim]()
    if isinstance(claim, Model):
        claim = derive(claim)
    if isinstance(claim, Refusal):
        if claim.partial is None:
            raise InputError(f"nothing is claimed of {claim.model.name}: {claim.reason}")
        claim = claim.partial
    if isinstance(claim, Derivation):
        return claim.identity
    if not isinstance(claim, Identity):
        raise InputError(
            f"the claim is {shown(claim)}; pass the name of a model, a model, what was derived of one, or an Identity"
        )
    return claim


@dataclass
class _Kept:
    """Records as they come, in memory and in the folder."""

    todo: Mapping[str, tuple[Job, Unit]]
    done: dict[str, Record]
    place: Path | None
    progress: Callable[[int, str], None]
    began: float = field(default_factory=time.monotonic)
    now: int = 0

    def __post_init__(self) -> None:
        self.before = sum(r.compared for r in self.done.values())

    def keep(self, name: str, text: str) -> None:
        record = read(text, name, self.todo[name][1].count)
        if self.place is not None:
            folders.store(self.place, name, text)
        self.done |= merged({name: self.done.get(name, record)}, {name: record})
        self.now += record.compared
        self.tell()

    def tell(self) -> None:
        rate = self.now / max(time.monotonic() - self.began, 1e-9)
        self.progress(self.before + self.now, f"{rate:,.0f} a second" if self.now else "")


def _report(
    job: Job, model: str, names: list[str], done: Mapping[str, Record], asked: tuple[int, str]
) -> SweepReport:
    """The report of the records that are there; `asked` is how many draws and how Python calls the claim."""
    records = {name: done[name] for name in names if name in done}
    all_, draws = total(records), asked[0]
    where, largest = "nowhere", 0.0
    if (worst := all_.worst) is not None:
        sizes = ", ".join(f"{name}={size}" for name, size in worst.at)
        where = f"es.sweeping.repeat({asked[1]}, seed={worst.seed}, number={worst.number}, {sizes})"
        largest = worst.residual
    return SweepReport(
        key=job.key,
        seed=job.seed,
        draws=draws,
        units=len(names),
        sweep=Sweep(
            *(model, all_.compared, all_.failures, all_.coarse, largest, where),
            *(all_.broken, all_.beyond),
        ),
        histogram=all_.histogram,
        variants=tuple(
            VariantResult(name, v.compared, v.rejected, not v.differs)
            for name, v in all_.variants.items()
        ),
        blind=tuple(sorted(name for name, r in records.items() if r.blind)),
    )


@dataclass(frozen=True, eq=False)
class Repeated:
    """One configuration again: the residual in eps × terms, the tolerance in nats, and the configuration itself."""

    residual: float
    tolerance: float
    configuration: Configuration


def repeat(claim: Claimed, *, seed: int, number: int, **sizes: int) -> Repeated:
    """The configuration with this number among those drawn from a seed at these sizes, to the last bit as a sweep's report names it.

    Raises `InputError` for sizes that are not those of the model, and for a number that no unit has.
    """
    seed, number = integer("seed", seed, 0), integer("number", number, 0)
    if number >= CHUNK:
        raise InputError(f"number is {number}; a seed has numbers below {CHUNK}")
    job, model = job_of(claim, seed % SEEDS)
    names = [name for name, _ in shapes(model, 0)[0].sizes]
    if set(names) != set(sizes):
        raise InputError(f"the sizes are {shown(sizes)}; pass {', '.join(names)}")
    shape = Shape(tuple((name, integer(name, sizes[name])) for name in names))
    with double_precision():
        batch = draw(model, shape, seed, CHUNK)
        residual, tolerance = map(float, residuals(job, shape)(batch)[number])
        return Repeated(residual, tolerance, jax.tree.map(lambda leaf: leaf[number], batch))
