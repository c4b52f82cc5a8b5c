"""What `entropysym experiment NAME` runs: every experiment by name, with its options and its report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from entropysym.ascent.checkpoints import Checkpoint, digest_of
from entropysym.errors import InputError, integer, one_of, shown
from entropysym.experiments.kinds import KINDS
from entropysym.experiments.manifolds import MANIFOLD, run_manifolds
from entropysym.experiments.names import EXPERIMENTS
from entropysym.experiments.records import SETTINGS, TRAINED, Experiment
from entropysym.experiments.reporting import (
    Report,
    report_of_manifolds,
    report_of_networks,
    report_of_stream,
    written,
)
from entropysym.experiments.running import Progress, demand_data, run
from entropysym.experiments.selection import StreamSettings
from entropysym.experiments.streaming import stream
from entropysym.files import folder
from entropysym.pages.figure import demand_drawing


@dataclass(frozen=True)
class Asked:
    """What was asked for: a folder, a seed, data of the user's, settings by name, and whom to tell of the progress."""

    place: Path
    seed: int
    source: Path | None
    changes: Mapping[str, Any]
    progress: Progress | None


def execute(
    name: str,
    place: Path,
    *,
    seed: int = 0,
    source: Path | None = None,
    changes: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Run an experiment in the folder `place` and write its report there. `changes` are settings by name; those that are None are left alone.

    A run that was cut off goes on from its checkpoint, if it is called with the same options. Raises `InputError` for an unknown name, for
    settings that the experiment does not have, and for data that cannot be used.
    """
    if name not in EXPERIMENTS:
        raise one_of(name, EXPERIMENTS, "experiment")
    demand_drawing()
    wanted = {k: v for k, v in (changes or {}).items() if v is not None}
    asked = Asked(place, integer("seed", seed, 0), source, wanted, progress)
    report = written(RUNS[name](asked) if name in RUNS else _networks(TRAINED[name], asked), place)
    if report.complete:
        _clear(place, name)
    return report


def _networks(experiment: Experiment, asked: Asked) -> Report:
    _demand_known(asked, SETTINGS, experiment.name)
    for option in asked.changes:
        if all(option in KINDS[kind].without for kind in experiment.kinds):
            raise InputError(f"the networks of {experiment.name!r} have no --{option}")
    experiment.settings.changed(asked.changes)
    demand_data(experiment, asked.source)
    return report_of_networks(
        run(
            experiment,
            asked.changes,
            seed=asked.seed,
            source=asked.source,
            folder=folder(asked.place),
            progress=asked.progress,
        )
    )


def _manifolds(asked: Asked) -> Report:
    _demand_no_data(asked, "manifolds")
    _demand_known(asked, SETTINGS, "manifolds")
    MANIFOLD.changed(asked.changes)
    place = folder(asked.place)
    found = run_manifolds(asked.changes, seed=asked.seed, folder=place, progress=asked.progress)
    return report_of_manifolds(found)


def _streaming(asked: Asked) -> Report:
    _demand_no_data(asked, "streaming")
    known = {f.name for f in fields(StreamSettings)}
    _demand_known(asked, known | {"size"}, "streaming")
    # A stream counts data by its segments.
    renamed = {"segment" if name == "size" else name: v for name, v in asked.changes.items()}
    settings = StreamSettings(**renamed)
    digest = digest_of({**asdict(settings), "seed": asked.seed})
    checkpoint = Checkpoint(folder(asked.place) / ".streaming.checkpoint.npz", digest)
    tell = asked.progress
    told = tell and (lambda done, total, remark: tell("streaming", done, total, remark))
    return report_of_stream(stream(settings, asked.seed, told, checkpoint))


#: Experiments that are not networks on one data set.
RUNS: Mapping[str, Callable[[Asked], Report]] = {
    "streaming": _streaming,
    "manifolds": _manifolds,
}


def _demand_no_data(asked: Asked, name: str) -> None:
    if asked.source is not None:
        raise InputError(f"the experiment {name!r} makes its own data; leave out --data")


def _demand_known(asked: Asked, known: Collection[str], name: str) -> None:
    for option, value in asked.changes.items():
        if option not in known:
            raise InputError(f"the experiment {name!r} has no --{option} (here {shown(value)})")


def _clear(place: Path, name: str) -> None:
    """Remove the checkpoints of a finished experiment, and what a kill in the middle of writing a file left beside it."""
    for pattern in (
        f".{name}*.checkpoint.npz",
        f"..{name}*.checkpoint.npz.*",
        f".{name}.*.????????",
    ):
        for leftover in place.glob(pattern):
            leftover.unlink(missing_ok=True)
