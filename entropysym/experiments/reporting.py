"""The report of an experiment: figure, table and JSON in one folder. What depends on the clock stays out of it, so that equal runs give equal bytes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from entropysym.experiments.figures import draw
from entropysym.experiments.running import Measured, Outcome, Trained
from entropysym.files import write_whole


def write(outcome: Outcome, place: Path) -> dict[str, Path]:
    """Write `NAME.json`, `NAME.md` and the figure; returns the paths. Files are replaced whole."""
    name = outcome.experiment.name
    paths = {"json": place / f"{name}.json", "table": place / f"{name}.md"}
    if outcome.trained and all(len(t.settled.history["step"]) > 1 for t in outcome.trained):
        paths["png"], paths["pdf"] = draw(outcome, place / f"{name}.png")
    write_whole(paths["table"], table(outcome) + "\n")
    write_whole(paths["json"], as_json(to_json(outcome)))
    return paths


def as_json(record: Mapping[str, Any]) -> str:
    """JSON text; what is not finite becomes null."""
    return json.dumps(_plain(record), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def to_json(outcome: Outcome) -> dict[str, Any]:
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


def table(outcome: Outcome) -> str:
    """A line for each trained network, and below what the columns mean."""
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
    if not outcome.complete:
        lines += ["", f"**Not complete**: {outcome.note}."]
    return "\n".join(lines)


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


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table whose columns also line up as text."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        return "| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return [line(rows[0]), rule, *map(line, rows[1:]), ""]


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
