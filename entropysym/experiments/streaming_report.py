"""The report of a stream: table, JSON and figure, with the published figures beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from entropysym.experiments.reporting import aligned, as_json
from entropysym.experiments.streaming import (
    PUBLISHED_RATIO,
    PUBLISHED_RIGHT_ELBO,
    PUBLISHED_RIGHT_ENTROPY,
    StreamOutcome,
    StreamSettings,
)
from entropysym.experiments.streaming_figure import streaming_figure
from entropysym.files import write_whole
from entropysym.verdict import Verdict, proved, refuted, undecided

#: The least share of late batches in which the entropy BIC must pick the right H, in every segment.
LEAST_SHARE = 0.99

#: At most this many points of each curve are stored; the figures of the table come from all.
_STORED = 2000


def write_stream(outcome: StreamOutcome, place: Path) -> dict[str, Path]:
    """Write `streaming.json`, `streaming.md` and the figure; returns the paths."""
    paths = {"json": place / "streaming.json", "table": place / "streaming.md"}
    if outcome.elbo.shape[2] > 1:
        paths["png"], paths["pdf"] = streaming_figure(outcome, place / "streaming.png")
    write_whole(paths["table"], stream_table(outcome) + "\n")
    write_whole(paths["json"], as_json(_record(outcome)))
    return paths


def stream_table(outcome: StreamOutcome) -> str:
    """A line for each segment and run, the published figures last."""
    rows = [
        (
            *("segment", "run", "true H", "late batches", "entropy BIC right", "ELBO BIC right"),
            *("ELBO BIC, own batches", "mean ELBO - entropy sum", "std ELBO / entropy sum"),
        )
    ]
    for r in outcome.rows:
        rows.append(
            (
                *(str(r.segment + 1), str(r.run), str(r.dimension), str(r.batches)),
                *(f"{100 * r.right_by_entropy:.2f} %", f"{100 * r.right_by_elbo:.2f} %"),
                *(f"{100 * r.right_by_elbo_apart:.2f} %", f"{r.gap:+.4f} nat"),
                f"{r.noise_ratio:.1f}",
            )
        )
    low, high = PUBLISHED_RIGHT_ELBO
    rows.append(
        (
            *("published", "1", "6, 2, 4", "2000", f"{100 * PUBLISHED_RIGHT_ENTROPY:.0f} %", "-"),
            *(
                f"{100 * low:g}-{100 * high:g} %",
                "0.002-0.029 nat",
                "{:g}-{:g}".format(*PUBLISHED_RATIO),
            ),
        )
    )
    lines = ["# Streaming: the number of latents chosen in every batch of ten data points", ""]
    lines += aligned(rows)
    lines += [
        "Nats per data point. BIC with M = the batch and the parameters of probabilistic PCA. `own batches`: each H is judged by a batch of its own, as",
        "published; elsewhere all H are judged by the same batch, whose noise cancels.",
    ]
    if not outcome.complete:
        lines += ["", f"**Not complete**: {outcome.note}."]
    return "\n".join(lines)


def stream_verdict(outcome: StreamOutcome) -> Verdict:
    """PROVED if the entropy BIC picks the right H in at least 99 % of the late batches of every segment of every run."""
    if not outcome.complete or not outcome.rows:
        return undecided(outcome.note or "no segment was seen to its end")
    worst = min(outcome.rows, key=lambda r: r.right_by_entropy)
    said = (
        f"the entropy BIC picks the right H in at least {100 * worst.right_by_entropy:.2f} % of the late batches of "
        f"{len(outcome.rows)} segments; ELBO {min(r.noise_ratio for r in outcome.rows):.1f} to "
        f"{max(r.noise_ratio for r in outcome.rows):.1f} times as noisy as the entropy sum"
    )
    default, ours = StreamSettings(), outcome.settings
    if not worst.right_by_entropy >= LEAST_SHARE and ours.segment < default.segment:
        return undecided(f"{said}; a stream shorter than the published one shows nothing")
    if not worst.right_by_entropy >= LEAST_SHARE:
        return refuted(f"{said}: segment {worst.segment + 1}, run {worst.run}", "trained")
    return proved(said, "trained")


def _record(outcome: StreamOutcome) -> Mapping[str, Any]:
    every = max(1, outcome.elbo.shape[2] // _STORED)
    curves = {
        name: np.asarray(getattr(outcome, name))[:, :, ::every] for name in ("elbo", "entropy_sum")
    }
    return {
        "experiment": "streaming",
        "unit": "nats per data point",
        "complete": outcome.complete,
        "note": outcome.note,
        "seed": outcome.seed,
        "settings": asdict(outcome.settings),
        "segments": [asdict(r) for r in outcome.rows],
        "every": every,
        "curves (runs, candidates, batches)": curves,
    }
