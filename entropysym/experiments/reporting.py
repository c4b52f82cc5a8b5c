"""The report of an experiment: verdict, table, JSON and figure in one folder. What depends on the clock stays out of the files, so that equal runs
give equal bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from entropysym.experiments.figures import draw_manifolds, draw_networks, draw_stream
from entropysym.experiments.manifolds import TITLES, Manifolds
from entropysym.experiments.measuring import Measured
from entropysym.experiments.running import Outcome, Trained
from entropysym.experiments.selection import (
    PUBLISHED_RATIO,
    PUBLISHED_RIGHT_ELBO,
    PUBLISHED_RIGHT_ENTROPY,
    SegmentRow,
)
from entropysym.experiments.streaming import StreamOutcome
from entropysym.experiments.verdicts import verdict_of_networks, verdict_of_stream
from entropysym.files import write_whole
from entropysym.verdict import Verdict

#: At most this many points of each curve of a stream are stored; the figures of the table come from all.
_STORED = 2000


@dataclass(frozen=True, eq=False)
class Report:
    """What an experiment says: its verdict, its table as text, all its numbers, and how it is drawn, if there is something to draw.

    `complete` is false if it did not come to its end; `note` says why. `paths` are the files that it has been written to.
    """

    name: str
    verdict: Verdict
    text: str
    record: Mapping[str, Any]
    draw: Callable[[Path], tuple[Path, Path]] | None
    complete: bool
    note: str
    seconds: float
    paths: Mapping[str, Path] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return "interrupted" in self.note


def written(report: Report, place: Path) -> Report:
    """Write `NAME.json`, `NAME.md` and the figure. Files are replaced whole."""
    paths = {"json": place / f"{report.name}.json", "table": place / f"{report.name}.md"}
    if report.draw is not None:
        paths["png"], paths["pdf"] = report.draw(place / f"{report.name}.png")
    write_whole(paths["table"], report.text + "\n")
    write_whole(paths["json"], as_json(report.record))
    return replace(report, paths=paths)


def as_json(record: Mapping[str, Any]) -> str:
    """JSON text; what is not finite becomes null."""
    return json.dumps(_plain(record), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table whose columns also line up as text."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return [line(rows[0]), rule, *map(line, rows[1:]), ""]


def _ended(lines: list[str], complete: bool, note: str) -> str:
    """A table's text, with a warning where the experiment did not come to its end."""
    return "\n".join(lines if complete else [*lines, "", f"**Not complete**: {note}."])


# --- networks on one data set -----------------------------------------------------------------------------------------------------


def report_of_networks(outcome: Outcome) -> Report:
    """A line for each trained network, and below what the columns mean."""
    recorded = all(len(t.settled.history["step"]) > 1 for t in outcome.trained)
    return Report(
        name=outcome.experiment.name,
        verdict=verdict_of_networks([outcome]),
        text=_networks_table(outcome),
        record=_networks(outcome),
        draw=(lambda path: draw_networks(outcome, path)) if outcome.trained and recorded else None,
        complete=outcome.complete,
        note=outcome.note,
        seconds=outcome.seconds,
    )


def _networks(outcome: Outcome) -> dict[str, Any]:
    """All that was measured, quantities in nats per data point."""
    e = outcome.experiment
    return {
        "experiment": e.name,
        "title": e.title,
        "source": e.source,
        "unit": "nats per data point",
        "data": outcome.data,
        "shape": list(outcome.shape),
        "seed": outcome.seed,
        "complete": outcome.complete,
        "note": outcome.note,
        "published settings": dict(e.published),
        "networks": [_network(t) for t in outcome.trained],
    }


def _network(t: Trained) -> dict[str, Any]:
    s = t.settled
    return {
        "kind": t.kind,
        "parameters": t.parameters,
        "settings": asdict(t.settings),
        "nodes": t.nodes,
        "ending": s.ending.name.lower(),
        "message": s.message,
        "last phase": s.steps,
        "gradient norms of the objective": s.gradient_norms,
        "runs": [_run(m) for m in t.measured],
        "history": dict(s.history),
    }


def _run(m: Measured) -> dict[str, Any]:
    c, d = m.certificate, m.densities
    return {
        "seed": m.seed,
        "reading": c.reading.name.lower(),
        "message": c.message,
        "ELBO": c.elbo,
        "encoder entropy": c.encoder_entropy,
        "prior entropy": c.prior_entropy,
        "decoder entropy": c.decoder_entropy,
        "entropy sum": c.entropy_sum,
        "gap": c.gap,
        "gap of the prior": c.gap_prior,
        "gap of the decoder": c.gap_decoder,
        "predicted gap": c.predicted,
        "bound on the gap": c.bound,
        "residual [eps x terms]": c.residual,
        "residual of densities and derived direction [eps x terms]": d.residual,
        "gap agrees": m.agrees,
        "gradient norm": c.gradient_norm,
        "gradient norm in the model's parameters": d.gradient_norm,
        "derivatives along the directions": dict(c.slopes),
        "curvatures: positive, negative, flat": c.inertia,
        "error of the expectation": c.quadrature_error,
        "test ELBO": m.test_elbo,
        "log-likelihood": m.log_likelihood,
        "pPCA maximum": m.max_log_likelihood,
        "noise": {
            "ELBO": m.noise.elbo,
            "entropy sum": m.noise.entropy_sum,
            "ratio": m.noise.ratio if m.noise.ratio < 1e9 else None,
        },
        "latents": {"KL": m.latents.kl, "collapsed": m.latents.collapsed},
    }


_HEAD = (
    *("network", "seed", "reading", "ELBO", "gap", "predicted", "bound", "residual"),
    *("gradient", "curvature + - 0", "expectation", "collapsed", "noise ratio"),
)


def _networks_table(outcome: Outcome) -> str:
    rows = [_HEAD]
    for t in outcome.trained:
        rows += [_row(t, m) for m in t.measured]
    exact = [m for t in outcome.trained for m in t.measured if m.max_log_likelihood is not None]
    N, D = outcome.shape
    lines = [f"# {outcome.experiment.title}", "", f"Data: {outcome.data}, N = {N}, D = {D}.", ""]
    lines += aligned(rows)
    for m in exact:
        assert m.log_likelihood is not None
        assert m.max_log_likelihood is not None
        lines.append(
            f"- seed {m.seed}: ELBO - pPCA maximum {m.certificate.elbo - m.max_log_likelihood:+.1e}, "
            f"entropy sum - log-likelihood {m.certificate.entropy_sum - m.log_likelihood:+.1e} nat"
        )
    lines += [""] * bool(exact)
    lines += [
        f"- {t.kind}: {t.parameters} parameters; {t.nodes}; {t.settled.message}"
        for t in outcome.trained
    ]
    lines += [
        "",
        "Nats per data point. `residual`: |gap - predicted| in eps x terms, from the network and from the densities with the derived direction;",
        "`expectation`: change of the ELBO under other nodes; `noise ratio`: standard deviation of a mini-batch estimate of the ELBO over that of the entropy sum.",
    ]
    return _ended(lines, outcome.complete, outcome.note)


def _row(t: Trained, m: Measured) -> tuple[str, ...]:
    c = m.certificate
    return (
        t.kind,
        str(m.seed),
        c.reading.name.lower().replace("_", " ") + ("" if m.agrees else " (gap not as predicted)"),
        f"{c.elbo:.6f}",
        f"{c.gap:+.1e}",
        f"{c.predicted:+.1e}",
        f"{c.bound:.1e}",
        f"{c.residual:.2f}, {m.densities.residual:.2f}",
        f"{c.gradient_norm:.1e}",
        " ".join(map(str, c.inertia)) if c.inertia else "-",
        f"{c.quadrature_error:.0e}" if c.quadrature_error is not None else "-",
        f"{int(m.latents.collapsed.sum())} of {len(m.latents.collapsed)}",
        # A linear VAE's entropy sum reads parameters only, so that rounding is all its noise.
        f"{m.noise.ratio:.1f}" if m.noise.ratio < 1e9 else "constant sum",
    )


# --- manifolds --------------------------------------------------------------------------------------------------------------------


def report_of_manifolds(found: Manifolds) -> Report:
    """A line for each manifold and kind of network (first seed)."""
    outcomes = list(found.outcomes.values())
    record = {
        "experiment": "manifolds",
        "complete": found.complete,
        "note": found.note,
        "manifolds": {name: _networks(o) for name, o in found.outcomes.items()},
    }
    trained = any(o.trained for o in outcomes)
    return Report(
        name="manifolds",
        verdict=verdict_of_networks(outcomes),
        text=_manifolds_table(found),
        record=record,
        draw=(lambda path: draw_manifolds(found, path)) if trained else None,
        complete=found.complete,
        note=found.note,
        seconds=found.seconds,
    )


def _manifolds_table(found: Manifolds) -> str:
    head = ("manifold", "network", "reading", "ELBO", "gap", "predicted", "residual", "gradient")
    rest = ("expectation", "KL of each latent", "collapsed")
    rows = [(*head, *rest, "std of ELBO", "std of entropy sum", "ratio")]
    for name, outcome in found.outcomes.items():
        rows += [
            (TITLES[name], t.kind, *_manifold_row(m))
            for t in outcome.trained
            for m in t.measured[:1]
        ]
    lines = ["# Manifolds: posterior collapse, and noise of ELBO and entropy sum", ""]
    lines += aligned(rows)
    lines += [
        "Nats per data point. `residual`: |gap - predicted| in eps x terms, from the network and from the densities with the derived direction.",
        "Standard deviations are those of estimates from mini-batches of 100 data points with 10 samples of z each.",
    ]
    return _ended(lines, found.complete, found.note)


def _manifold_row(m: Measured) -> tuple[str, ...]:
    c = m.certificate
    return (
        c.reading.name.lower().replace("_", " "),
        f"{c.elbo:.4f}",
        f"{c.gap:+.1e}",
        f"{c.predicted:+.1e}",
        f"{c.residual:.2f}, {m.densities.residual:.2f}",
        f"{c.gradient_norm:.1e}",
        f"{c.quadrature_error:.0e}" if c.quadrature_error is not None else "-",
        " ".join(f"{k:.2f}" for k in m.latents.kl),
        str(int(m.latents.collapsed.sum())),
        f"{m.noise.elbo:.4f}",
        f"{m.noise.entropy_sum:.4f}",
        f"{m.noise.ratio:.1f}",
    )


# --- a stream ---------------------------------------------------------------------------------------------------------------------


def report_of_stream(outcome: StreamOutcome) -> Report:
    """A line for each segment and run, the published figures last."""
    return Report(
        name="streaming",
        verdict=verdict_of_stream(outcome),
        text=_stream_table(outcome),
        record=_stream(outcome),
        draw=(lambda path: draw_stream(outcome, path)) if outcome.elbo.shape[2] > 1 else None,
        complete=outcome.complete,
        note=outcome.note,
        seconds=outcome.seconds,
    )


def _stream_table(outcome: StreamOutcome) -> str:
    low, high = PUBLISHED_RIGHT_ELBO
    rows = [
        (
            *("segment", "run", "true H", "late batches", "entropy BIC right", "ELBO BIC right"),
            *("ELBO BIC, own batches", "mean ELBO - entropy sum", "std ELBO / entropy sum"),
        ),
        *map(_segment_row, outcome.rows),
        (
            *("published", "1", "6, 2, 4", "2000", f"{100 * PUBLISHED_RIGHT_ENTROPY:.0f} %", "-"),
            *(f"{100 * low:g}-{100 * high:g} %", "0.002-0.029 nat"),
            "{:g}-{:g}".format(*PUBLISHED_RATIO),
        ),
    ]
    lines = ["# Streaming: the number of latents chosen in every batch of ten data points", ""]
    lines += aligned(rows)
    lines += [
        "Nats per data point. BIC with M = the batch and the parameters of probabilistic PCA. `own batches`: each H is judged by a batch of its own, as",
        "published; elsewhere all H are judged by the same batch, whose noise cancels.",
    ]
    return _ended(lines, outcome.complete, outcome.note)


def _segment_row(r: SegmentRow) -> tuple[str, ...]:
    return (
        *(str(r.segment + 1), str(r.run), str(r.dimension), str(r.batches)),
        *(f"{100 * r.right_by_entropy:.2f} %", f"{100 * r.right_by_elbo:.2f} %"),
        *(f"{100 * r.right_by_elbo_apart:.2f} %", f"{r.gap:+.4f} nat", f"{r.noise_ratio:.1f}"),
    )


def _stream(outcome: StreamOutcome) -> Mapping[str, Any]:
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
