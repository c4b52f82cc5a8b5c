"""The report of a verification: a table for people, and a folder with JSON, LaTeX and figures."""

from __future__ import annotations

import json
import math
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from entropysym.claims.verification import Verification
from entropysym.files import write_whole
from entropysym.language.store import digest
from entropysym.pages import render
from entropysym.pages.figure import training_figure
from entropysym.prover import Derivation
from entropysym.prover.document import statement, to_json

Figure = float | int | str | bool | None


def figures(v: Verification) -> dict[str, Figure]:
    """Every figure that was measured, by name; quantities in nats per data point, residuals in eps x terms."""
    partial = v.partial_verdict is not None
    replayed: Figure = "replayed" in v.verdict.evidence
    if replayed and isinstance(v.derivation, Derivation) and v.derivation.excess != 0:
        replayed = "with an excess"
    out: dict[str, Figure] = {"derived and replayed": "in part" if partial else replayed}
    if v.sweep is not None:
        wrong = [r for r in v.variants if not r.equal]
        out |= {
            "configurations": v.sweep.compared,
            "largest residual [eps x terms]": v.sweep.largest,
            "wrong variants rejected": f"{sum(r.rejected > 0 for r in wrong)} of {len(wrong)}",
        }
    if v.trained is not None:
        t, gap = v.trained, v.trained.gap
        out |= {
            "ELBO": gap.elbo,
            "encoder entropy": t.encoder_entropy,
            "prior entropy": t.prior_entropy,
            "decoder entropy": t.decoder_entropy,
            "entropy sum": gap.entropy_sum,
            "gap": gap.gap,
            "predicted gap": gap.predicted,
            "residual [eps x terms]": gap.residual,
            "gradient norm": t.gradient_norm,
        }
        if t.ppca_log_likelihood is not None:
            out |= {
                "pPCA maximum": t.ppca_log_likelihood,
                "ELBO - pPCA maximum": gap.elbo - t.ppca_log_likelihood,
                "kind of stationary point": t.kind,
            }
        out |= {"training": t.message, "iterations": t.iterations}
    return out | {"seconds": round(v.seconds)}


def write_report(results: Sequence[Verification], place: Path) -> dict[str, Path]:
    """Write `report.json`, and for each model its derivation, its LaTeX document and the figure of its training.

    Files are replaced whole. Raises `InputError` for a folder that cannot be written.
    """
    paths = {"report": place / "report.json"}
    models = []
    for v in results:
        entry: dict[str, Any] = {
            "model": v.model,
            "verdict": v.verdict.value.value,
            "reason": v.verdict.reason,
            "evidence": list(v.verdict.evidence),
            "figures": {name: _stored(value) for name, value in figures(v).items()},
            "variants": [
                {"name": r.name, "compared": r.compared, "rejected": r.rejected, "equal": r.equal}
                for r in v.variants
            ],
            "files": [],
        }
        if v.sweep is not None:
            entry["worst configuration"] = v.sweep.where
        if isinstance(v.derivation, Derivation):
            entry["statement_sha256"] = digest(statement(v.derivation))
            write_whole(place / f"{v.model}.json", to_json(v.derivation))
            entry["files"].append(f"{v.model}.json")
        write_whole(place / f"{v.model}.tex", render(v.derivation, to="latex"))
        entry["files"].append(f"{v.model}.tex")
        if v.trained is not None and len(v.trained.history) > 1:
            drawn = training_figure(
                v.trained.history, v.derivation.model.title, place / f"{v.model}_training.png"
            )
            entry["files"] += [p.name for p in drawn]
            entry["history"] = [
                {
                    "iteration": h.iteration,
                    "elbo": _stored(h.elbo),
                    "entropy_sum": _stored(h.entropy_sum),
                }
                for h in v.trained.history
            ]
        models.append(entry)
    first = results[0]
    report = {
        "data": first.data,
        "shape": list(first.shape),
        "seed": first.seed,
        "versions": _versions(),
        "models": models,
    }
    write_whole(
        paths["report"], json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )
    return paths


def table(results: Sequence[Verification], place: Path) -> None:
    """Print the figures, a column for each model, then each verdict with its reason."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    columns = [figures(v) for v in results]
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    if all(v.trained is None for v in results):
        _print_rows(results, columns, console)
        console.print(f"report: {place}", markup=False)
        return
    # The longest column names the rows in order; "training" is a sentence and stands in the report.
    ordered = sorted(columns, key=len, reverse=True)
    names = list(dict.fromkeys(n for column in ordered for n in column if n != "training"))
    printed = Table(
        title=f"{results[0].data}, N x D = {' x '.join(map(str, results[0].shape))}, nats per data point"
    )
    printed.add_column("")
    for v in results:
        printed.add_column(v.model, justify="right")
    for name in names:
        printed.add_row(escape(name), *(_printed(column.get(name)) for column in columns))
    printed.add_row("verdict", *map(_coloured, results), end_section=True)
    console.print(printed)
    for v in results:
        console.print(f"{v.model}: {v.verdict}", markup=False)
    console.print(f"report: {place}", markup=False)


def _coloured(v: Verification) -> str:
    colours = {"proved": "green", "refuted": "red", "undecided": "yellow"}
    word = v.verdict.value.value
    return f"[bold {colours[word]}]{word}[/]"


#: Short heads for the table with a row for each model.
_HEADS = {
    "derived and replayed": "replayed",
    "configurations": "random points",
    "largest residual [eps x terms]": "largest residual",
    "wrong variants rejected": "wrong variants rejected",
    "seconds": "s",
}


def _print_rows(
    results: Sequence[Verification], columns: Sequence[dict[str, Figure]], console: Any
) -> None:
    from rich.table import Table

    printed = Table(title="gap identity at random configurations; residuals in eps x terms")
    for head in ("model", *_HEADS.values(), "verdict"):
        names = head == "model"
        printed.add_column(head, justify="left" if names else "right", no_wrap=names)
    for v, column in zip(results, columns, strict=True):
        printed.add_row(v.model, *(_printed(column.get(n)) for n in _HEADS), _coloured(v))
    console.print(printed)
    for v in results:
        if v.verdict.value.value != "proved" or v.sweep is None:
            console.print(f"{v.model}: {v.verdict}", markup=False)
            if v.partial_verdict is not None:
                console.print(f"  what holds all the same: {v.partial_verdict}", markup=False)


def _printed(value: Figure) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        small = value != 0 and abs(value) < 1e-3
        return (
            f"{value:.2e}"
            if small or abs(value) >= 1e6
            else f"{value:.6g}"
            if abs(value) < 10
            else f"{value:.6f}"
        )
    return "" if value is None else str(value)


def _stored(value: Figure) -> Figure:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in (
        "entropysym",
        "sympy",
        "numpy",
        "jax",
        "jaxlib",
        "equinox",
        "scipy",
        "scikit-learn",
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
