"""What `entropysym experiment NAME` runs: every experiment by name, with its options, its report, and what is said at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from entropysym.ascent.checkpoints import Checkpoint, digest_of
from entropysym.errors import InputError, one_of, shown
from entropysym.experiments import manifolds
from entropysym.experiments.records import TRAINED
from entropysym.experiments.reporting import table, write
from entropysym.experiments.running import Outcome, Progress, demand_data, run
from entropysym.experiments.streaming import StreamSettings, stream
from entropysym.experiments.streaming_report import (
    stream_table,
    stream_verdict,
    write_stream,
)
from entropysym.experiments.titles import TITLES
from entropysym.files import folder
from entropysym.verdict import Verdict, proved, refuted, undecided


@dataclass(frozen=True, eq=False)
class Finished:
    """An experiment that has been run and written: its verdict, its table as text, its files, and whether it came to its end."""

    verdict: Verdict
    text: str
    paths: Mapping[str, Path]
    complete: bool
    interrupted: bool
    seconds: float


def execute(
    name: str,
    place: Path,
    *,
    seed: int = 0,
    source: Path | None = None,
    changes: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Finished:
    """Run an experiment in the folder `place` and write its report there. `changes` are settings by name; those that are None are left alone.

    A run that was cut off goes on from its checkpoint, if it is called with the same options. Raises `InputError` for an unknown name, for
    settings that the experiment does not have, and for data that cannot be used.
    """
    wanted = {k: v for k, v in (changes or {}).items() if v is not None}
    if name == "streaming":
        return _streaming(place, seed, source, wanted, progress)
    if name == "manifolds":
        if source is not None:
            raise InputError("the experiment 'manifolds' makes its own data; leave out --data")
        _demand_known(wanted, manifolds.SETTINGS, name)
        place = folder(place)
        found = manifolds.run_manifolds(wanted, seed=seed, folder=place, progress=progress)
        paths = manifolds.write_manifolds(found, place)
        outcomes = list(found.outcomes.values())
        text = manifolds.manifolds_table(found)
        return _finished(outcomes, text, paths, found.seconds, place)
    if name not in TRAINED:
        raise one_of(name, TITLES, "experiment")
    experiment = TRAINED[name]
    _demand_known(wanted, experiment.settings, name)
    for option in ("hidden", "order"):
        if option in wanted and set(experiment.kinds) == {"linear_vae"}:
            raise InputError(f"the linear VAE of {name!r} has no --{option}")
    demand_data(experiment, source)
    place = folder(place)
    outcome = run(experiment, wanted, seed=seed, source=source, folder=place, progress=progress)
    return _finished([outcome], table(outcome), write(outcome, place), outcome.seconds, place)


def _demand_known(wanted: Mapping[str, Any], settings: Any, name: str) -> None:
    known = {f.name for f in fields(settings)}
    for option, value in wanted.items():
        if option not in known:
            raise InputError(f"the experiment {name!r} has no --{option} (here {shown(value)})")
        numbers = value if isinstance(value, tuple) else (value,)
        least = {"epochs": 0, "lbfgs": 0, "newton": 0, "order": 2}.get(option, 1)
        if option == "hidden" and not value:
            raise InputError("--hidden is empty; pass at least one layer, such as 50")
        for number in numbers:
            if isinstance(number, int) and number < least:
                raise InputError(f"--{option} is {shown(value)}; pass integers >= {least}")
            if isinstance(number, float) and not 0 < number < float("inf"):
                raise InputError(f"--{option} is {number}; pass a positive number")


def _finished(
    outcomes: list[Outcome], text: str, paths: Mapping[str, Path], seconds: float, place: Path
) -> Finished:
    complete = all(o.complete for o in outcomes)
    interrupted = any("interrupted" in o.note for o in outcomes)
    if complete:
        _clear(place, outcomes[0].experiment.name.split("_")[0])
    return Finished(verdict_of(outcomes), text, paths, complete, interrupted, seconds)


def _clear(place: Path, name: str) -> None:
    """Remove the checkpoints of a finished experiment, and what a kill in the middle of writing a file left beside it."""
    for pattern in (
        f".{name}*.checkpoint.npz",
        f"..{name}*.checkpoint.npz.*",
        f".{name}.*.????????",
    ):
        for leftover in place.glob(pattern):
            leftover.unlink(missing_ok=True)


def verdict_of(outcomes: list[Outcome]) -> Verdict:
    """PROVED if every trained network's gap is the predicted one for both witnesses; nothing measured is never a pass."""
    measured = [m for o in outcomes for t in o.trained for m in t.measured]
    wrong = [m for m in measured if not m.agrees]
    notes = "; ".join(o.note for o in outcomes if o.note)
    if wrong:
        worst = max(wrong, key=lambda m: abs(m.certificate.gap - m.certificate.predicted))
        c = worst.certificate
        return refuted(
            f"{len(wrong)} of {len(measured)} networks: gap {c.gap:.3e} nat, predicted {c.predicted:.3e} "
            f"({c.residual:.3g} and {worst.densities.residual:.3g} eps x terms)",
            "trained",
        )
    if not measured or notes:
        return undecided(notes or "no network was measured")
    blurred = [m for m in measured if not m.resolved]
    if blurred:
        return undecided(
            f"the expectation is not resolved for {len(blurred)} of {len(measured)} networks: other nodes change the ELBO by up to "
            f"{max(m.certificate.quadrature_error or 0 for m in blurred):.1e} nat; raise --order"
        )
    stationary = sum(
        m.certificate.reading.name in ("CONVERGED", "UNIDENTIFIABLE") for m in measured
    )
    largest = max(abs(m.certificate.gap) for m in measured)
    return proved(
        f"gap as predicted by v.grad F for {len(measured)} trained network{'s' * (len(measured) != 1)}, largest |gap| {largest:.1e} nat; {stationary} at a stationary point",
        "trained" if stationary == len(measured) else "trained in part",
    )


def _streaming(
    place: Path,
    seed: int,
    source: Path | None,
    wanted: Mapping[str, Any],
    progress: Progress | None,
) -> Finished:
    if source is not None:
        raise InputError("the experiment 'streaming' makes its own data; leave out --data")
    # A stream counts data by its segments.
    renamed = {{"size": "segment"}.get(option, option): value for option, value in wanted.items()}
    _demand_known(renamed, StreamSettings(), "streaming")
    settings = StreamSettings(**renamed)
    place = folder(place)
    checkpoint = Checkpoint(
        place / ".streaming.checkpoint.npz", digest_of({**asdict(settings), "seed": seed})
    )
    told = progress and (lambda done, total, remark: progress("streaming", done, total, remark))
    found = stream(settings, seed, told, checkpoint)
    paths = write_stream(found, place)
    if found.complete:
        _clear(place, "streaming")
    return Finished(
        verdict=stream_verdict(found),
        text=stream_table(found),
        paths=paths,
        complete=found.complete,
        interrupted="interrupted" in found.note,
        seconds=found.seconds,
    )
