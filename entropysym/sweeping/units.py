"""What is sent to a worker: a job, which is the same for all units of a sweep, and a unit, which is a block of seeds at one shape.

Configurations are numbered: each seed gives `CHUNK` of them at a shape, and seed number c of the sweep with seed s is s + 2³² c. So blocks are
disjoint, within a sweep and between sweeps, and c = 0 gives what `witness.sweep` draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

import entropysym
from entropysym.errors import InputError
from entropysym.sweeping.processes import see_to_worker

#: Configurations of one seed, and of one call of a compiled program: so many that calling costs nothing, and few enough for the caches of a core.
CHUNK = 1024

#: Configurations of a unit: about a second of work, so that a worker that dies takes little with it.
UNIT = 32 * CHUNK

#: Seeds of a sweep are below this.
SEEDS = 2**32

#: The rooms whose code decides what a unit finds.
_ROOMS = ("language", "families", "lowering", "witness", "ascent", "sweeping")
_PACKAGES = ("jax", "jaxlib", "numpy", "sympy")


@dataclass(frozen=True)
class Unit:
    """`count` configurations at the sizes `at`, from the seeds number `first`, `first` + 1, …; `bucket` is the number of the shape."""

    bucket: int
    at: tuple[tuple[str, int], ...]
    first: int
    count: int

    def blocks(self, seed: int) -> Iterator[tuple[int, int]]:
        """Each seed of the unit, and how many of its configurations are compared: all but of the last."""
        for k in range(0, self.count, CHUNK):
            yield seed + SEEDS * (self.first + k // CHUNK), min(CHUNK, self.count - k)


@dataclass(frozen=True)
class Job:
    """A claim, pickled for workers of one's own, never for a file; its digest, that of the code, the number of its shapes, and the sweep's seed.

    `home` is the process that asks: elsewhere a worker may see to its environment. Jobs that differ in the seed alone are equal: what is compiled for one serves the other.
    """

    claim: bytes = field(repr=False, compare=False)
    digest: str
    code: str
    buckets: int
    seed: int = field(compare=False)
    home: tuple[str, int] = field(compare=False)

    @property
    def key(self) -> str:
        """What the records of this claim, computed by this code, have in their names."""
        return hashlib.sha256(f"{self.digest} {self.code}".encode()).hexdigest()[:16]

    def name(self, unit: Unit) -> str:
        """The name of a unit, and of the file of its record: claim and code, seed, sizes, first seed and count."""
        at = "".join(f"{name}{size}" for name, size in unit.at)
        return f"{self.key}-{self.seed}-{unit.bucket}{at}-{unit.first:08d}-{unit.count}"


def planned(shapes: tuple[tuple[tuple[str, int], ...], ...], draws: int, size: int) -> list[Unit]:
    """The units of a sweep: `draws` spread over the shapes as evenly as can be, `size` in each unit but the last of a shape.

    Raises `InputError` for a size that is no multiple of `CHUNK`.
    """
    if size % CHUNK or size < CHUNK:
        raise InputError(f"a unit of {size} configurations; pass a multiple of {CHUNK}")
    units = []
    for bucket, at in enumerate(shapes):
        share = draws // len(shapes) + (bucket < draws % len(shapes))
        for start in range(0, share, size):
            units.append(Unit(bucket, at, start // CHUNK, min(size, share - start)))
    return units


@cache
def code_digest() -> str:
    """A digest of the code that computes units: the sources of the rooms that do, and the versions of what they call."""
    found = hashlib.sha256()
    root = Path(entropysym.__file__).parent
    for room in _ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            found.update(path.relative_to(root).as_posix().encode())
            found.update(path.read_bytes())
    for package in _PACKAGES:
        found.update(f"{package} {version(package)}".encode())
    return found.hexdigest()


def compute(job: Job, unit: Unit) -> str:
    """The text of a unit's record; what a worker calls. Raises `InputError` where the code is another than that of the process that asks."""
    see_to_worker(job.home)
    from entropysym.sweeping.computing import computed  # JAX, after its environment

    return computed(job, unit)
