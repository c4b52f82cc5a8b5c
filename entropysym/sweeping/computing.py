"""Inside a worker: the gap identity at the configurations of a unit, and at some of them the unit's wrong variants.

What is compiled is kept by the process, one program for each shape; it always runs on `CHUNK` configurations, so that a number is the same to the last bit
in whichever unit, and however many of them, it is computed.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from entropysym.errors import InputError
from entropysym.language.identity import Identity
from entropysym.language.objective import weight
from entropysym.language.store import canonical, digest, family_term, model_record, term
from entropysym.lowering.precision import COARSE, REFUTES, TOLERANCE
from entropysym.sweeping.records import BINS, NOT_FINITE, ZERO, Place, Record, Tried
from entropysym.sweeping.units import CHUNK, Job, Unit, code_digest
from entropysym.witness.configurations import Configuration, Shape, callables, draw
from entropysym.witness.gap import gap_function
from entropysym.witness.mutations import Variant, variants
from entropysym.witness.sweeps import WrongVariants, compiled, residual

#: At how many of a unit's configurations its wrong variants are tried.
TRIED = 64

#: Each program runs for long, so XLA optimises it.
_COMPILER: dict[str, str | bool] = {}

Evaluated = Callable[[Configuration], np.ndarray]


def double_precision() -> Any:
    """A context in which JAX computes in float64, in this thread and without changing a flag of the process."""
    try:
        from jax import enable_x64
    except ImportError:  # older ones have it elsewhere
        from jax.experimental import enable_x64
    return enable_x64(True)


def claim_digest(claim: Identity) -> str:
    """SHA-256 of all that a claim says: model, objective, direction, both sides.

    Raises `NotStorableError` for what the stored form has no head for, such as a float.
    """
    model = claim.model
    plates = {p.name: tuple(plate.index for plate in p.plates) for p in model.parameters}
    weights = {f.name: term(weight(model, f), model) for f in model.factors}
    said = {
        "model": model_record(model),
        "objective": [model.objective.named, weights, term(model.objective.penalty, model)],
        "direction": {
            name: term(motion, model, plates.get(name, ()))
            for name, motion in claim.direction.items()
        },
        "entropy_sum": term(claim.entropy_sum, model),
        "excess": term(claim.excess, model),
        "entropies": {f.name: family_term(e, f) for f, e in claim.entropies.items()},
    }
    return digest(canonical(said))


@lru_cache(maxsize=4)
def _claim(job: Job) -> Identity:
    claim: Identity = pickle.loads(job.claim)
    if claim_digest(claim) != job.digest:
        raise InputError("the claim did not arrive as it was sent")
    if code_digest() != job.code:
        raise InputError(
            "this worker has another version of entropysym, or of what it computes with, than the process that asks; install the same"
        )
    return claim


@lru_cache(maxsize=64)
def residuals(job: Job, shape: Shape) -> Evaluated:
    """The compiled residuals (CHUNK, 2) of a job's claim: in eps x terms, and the tolerance in nats."""
    claim = _claim(job)
    one = residual(gap_function(claim), claim.model, shape)
    return compiled(one, draw(claim.model, shape, 0, CHUNK), _COMPILER)


def _wrong(claim: Identity, bucket: int, buckets: int) -> list[Variant]:
    """The wrong variants of a shape: its share of all, and one that is wrong at every shape."""
    little = claim.entropy_sum + sp.Rational(1, 1000)
    always = Variant("a thousandth of a nat too many", replace(claim, entropy_sum=little))
    return [always, *variants(claim)[bucket::buckets]]


def _named(made: list[Variant]) -> list[str]:
    """Names of variants, told apart where long ones were cut off alike."""
    names = [v.name for v in made]
    return [f"{name} ({k})" if names.count(name) > 1 else name for k, name in enumerate(names)]


@lru_cache(maxsize=64)
def _tried(job: Job, bucket: int, shape: Shape) -> tuple[list[str], Evaluated]:
    """The names of a shape's wrong variants and their compiled residuals (TRIED, variants, 2)."""
    claim = _claim(job)
    made = _wrong(claim, bucket, job.buckets)
    lowered = WrongVariants.lowered(gap_function(claim), claim, made)
    batch = draw(claim.model, shape, 0, TRIED)
    one = lowered.residuals(callables(claim.model, shape))
    return _named(made), compiled(one, batch)


@dataclass
class _Counts:
    """What is counted as configurations go by."""

    compared: int = 0
    failures: int = 0
    beyond: int = 0
    broken: int = 0
    coarse: int = 0

    def add(self, residuals: np.ndarray, tolerances: np.ndarray) -> None:
        finite = np.isfinite(residuals)
        self.compared += residuals.size
        self.failures += int(np.sum(finite & ~(residuals <= TOLERANCE)))
        self.beyond += int(np.sum(finite & (residuals > REFUTES)))
        self.broken += int(np.sum(~finite))
        self.coarse += int(np.sum(~(tolerances <= COARSE)))


def histogram(residuals: np.ndarray) -> dict[str, int]:
    """How many residuals lie in each bin floor(4 log10 residual)."""
    finite = np.isfinite(residuals)
    positive = residuals[finite & (residuals > 0)]
    bins, counts = np.unique(np.floor(BINS * np.log10(positive)).astype(int), return_counts=True)
    found = {str(k): int(n) for k, n in zip(bins, counts, strict=True)}
    for name, number in ((ZERO, np.sum(residuals == 0)), (NOT_FINITE, np.sum(~finite))):
        if number:
            found[name] = int(number)
    return found


def computed(job: Job, unit: Unit) -> str:
    """The text of a unit's record."""
    shape, counts, worst = Shape(unit.at), _Counts(), []
    found = []
    with double_precision():
        model, at = _claim(job).model, residuals(job, shape)
        for seed, count in unit.blocks(job.seed):
            rows = at(draw(model, shape, seed, CHUNK))[:count]
            found.append(rows[:, 0])
            counts.add(rows[:, 0], rows[:, 1])
            number = int(np.argmax(rows[:, 0]))
            worst.append(Place(float(rows[number, 0]), unit.at, seed, number))
        tried = _try(job, unit, shape)
    return Record(
        unit=job.name(unit),
        **vars(counts),
        worst=min(worst, key=lambda place: place.order),
        histogram=histogram(np.concatenate(found)),
        variants=tried,
    ).text()


def _try(job: Job, unit: Unit, shape: Shape) -> dict[str, Tried]:
    """The unit's wrong variants at its first configurations."""
    names, at = _tried(job, unit.bucket, shape)
    seed, count = next(unit.blocks(job.seed))
    count = min(count, TRIED)
    rows = at(draw(_claim(job).model, shape, seed, TRIED))[:count]
    beyond = ~(rows <= TOLERANCE)
    rejected, differs = (
        np.asarray(a) for a in (beyond[:, :, 0].sum(axis=0), beyond[:, :, 1].any(axis=0))
    )
    every = zip(names, rejected, differs, strict=True)
    return {name: Tried(count, int(r), bool(d)) for name, r, d in every}


__all__ = [
    "claim_digest",
    "computed",
    "double_precision",
    "histogram",
    "residuals",
]
