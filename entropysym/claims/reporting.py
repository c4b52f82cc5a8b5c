"""The report of a verification: a table for people, and a folder with JSON, LaTeX and figures."""

from __future__ import annotations

import json
import math
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from entropysym.claims.of_families import CheckedFamily, Role
from entropysym.claims.on_data import Rest
from entropysym.claims.on_graphs import GraphRest
from entropysym.claims.verification import Verification
from entropysym.files import write_whole
from entropysym.language.store import digest
from entropysym.pages import render
from entropysym.pages.figure import NO_FIGURES, can_draw, training_figure
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
    if v.rest is not None:
        out |= _at_rest(v.rest)
    return out | {"seconds": round(v.seconds)}


def _at_rest(rest: Rest | GraphRest) -> dict[str, Figure]:
    """What was measured where the ascent ended."""
    at = rest.measured
    gap = at.gap
    out: dict[str, Figure] = {"latents": rest.latents}
    if isinstance(rest, GraphRest):
        out |= {"q": rest.q}
    out |= {"ELBO": gap.elbo}
    if at.entropies is not None:
        out |= {f"{name} entropy": value for name, value in at.entropies.items()}
    out |= {
        "entropy sum": gap.entropy_sum,
        "gap": gap.gap,
        "predicted gap": gap.predicted,
        "residual [eps x terms]": gap.residual,
        "residual by densities [eps x terms]": at.density_residual,
        "identity as predicted": at.as_predicted,
        "gradient norm": at.gradient_norm,
        "stationary": at.stationary,
        "kind of point": rest.kind,
    }
    if rest.ppca is not None:
        out |= {"pPCA maximum": rest.ppca, "ELBO - pPCA maximum": gap.elbo - rest.ppca}
    steps = rest.settled.steps
    return out | {
        "seed of the start": rest.seed,
        "ascent": rest.settled.message,
        "last phase and step": f"{steps['phase']} {steps['step']}",
    }


def write_report(results: Sequence[Verification], place: Path) -> dict[str, Path]:
    """Write `report.json`, and for each model its derivation, its LaTeX document and, where matplotlib is installed, the figure of its training.

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
        if v.rest is not None:  # a verdict that used no data names none
            entry["data"] = str(v.rest.sample)
            entry["shape"] = v.rest.sample.shape
        if v.sweep is not None:
            entry["worst configuration"] = v.sweep.where
        if isinstance(v.derivation, Derivation):
            entry["statement_sha256"] = digest(statement(v.derivation))
            write_whole(place / f"{v.model}.json", to_json(v.derivation))
            entry["files"].append(f"{v.model}.json")
        write_whole(place / f"{v.model}.tex", render(v.derivation, to="latex"))
        entry["files"].append(f"{v.model}.tex")
        history = () if v.rest is None else _history(v.rest)
        if len(history) > 1:
            if can_draw():
                target = place / f"{v.model}_training.png"
                drawn = training_figure(history, v.derivation.model.title, target)
                entry["files"] += [p.name for p in drawn]
            entry["history"] = [
                {name: _stored(value) for name, value in h._asdict().items()} for h in history
            ]
        models.append(entry)
    report = {
        "seed": results[0].seed,
        "versions": _versions(),
        "models": models,
    }
    write_whole(
        paths["report"], json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    )
    return paths


class Reached(NamedTuple):
    """ELBO and entropy sum after a step, for the figure."""

    iteration: int
    elbo: float
    entropy_sum: float


def _history(rest: Rest | GraphRest) -> tuple[Reached, ...]:
    """The finite part of what was observed on the way."""
    seen = rest.settled.history
    rows = zip(seen["step"][:, 0], seen["elbo"][:, 0], seen["entropy_sum"][:, 0], strict=True)
    found = (Reached(int(step), float(F), float(E)) for step, F, E in rows)
    return tuple(r for r in found if math.isfinite(r.elbo) and math.isfinite(r.entropy_sum))


#: Columns of a table where there is no terminal.
WIDTH = 160


def table(results: Sequence[Verification], place: Path) -> None:
    """Print the figures: a column for each of up to three models, else a row; then each verdict with its reason."""
    from rich.console import Console

    columns = [figures(v) for v in results]
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    if len(results) > 3 or all(v.rest is None for v in results):
        _print_rows(results, columns, console)
    else:
        _print_columns(results, columns, console)
    left_out = "" if can_draw() else f" (without figures: {NO_FIGURES})"
    console.print(f"report: {place}{left_out}", markup=False)


def _print_columns(
    results: Sequence[Verification], columns: Sequence[dict[str, Figure]], console: Any
) -> None:
    from rich.markup import escape
    from rich.table import Table

    # The longest column names the rows in order; how the ascent ended is a sentence and stands in the report.
    ordered = sorted(columns, key=len, reverse=True)
    names = list(dict.fromkeys(n for column in ordered for n in column if n != "ascent"))
    printed = Table(title="nats per data point")
    printed.add_column("")
    for v in results:
        printed.add_column(v.model, justify="right")
    for name in names:
        printed.add_row(escape(name), *(_printed(column.get(name)) for column in columns))
    printed.add_row("verdict", *map(_coloured, results), end_section=True)
    console.print(printed)
    for v in results:
        if v.rest is not None:
            console.print(f"{v.model}: {v.rest.sample}", markup=False)
        console.print(f"{v.model}: {v.verdict}", markup=False)


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
}
#: The same, where models were settled on data.
_DATA_HEADS = {
    "latents": "latents",
    "gradient norm": "gradient norm",
    "gap": "gap",
    "residual [eps x terms]": "residual",
    "residual by densities [eps x terms]": "by densities",
}


def _print_rows(
    results: Sequence[Verification], columns: Sequence[dict[str, Figure]], console: Any
) -> None:
    from rich.table import Table

    used = any(v.rest is not None for v in results)
    heads = {**_HEADS, **(_DATA_HEADS if used else {}), "seconds": "s"}
    title = "gap identity at random configurations; residuals in eps x terms"
    printed = Table(title=f"{title}; gap on data in nats" if used else title)
    for head in ("model", *heads.values(), "verdict"):
        names = head == "model"
        printed.add_column(head, justify="left" if names else "right", no_wrap=names)
    for v, column in zip(results, columns, strict=True):
        printed.add_row(v.model, *(_short(column.get(n)) for n in heads), _coloured(v))
    console.print(printed)
    for v in results:
        if v.verdict.value.value != "proved" or v.sweep is None or v.rest is not None:
            console.print(f"{v.model}: {v.verdict}", markup=False)
            if v.partial_verdict is not None:
                console.print(f"  what holds all the same: {v.partial_verdict}", markup=False)


# -- families -----------------------------------------------------------------------------------------------------------

#: Heads of the table of families.
_FAMILY_HEADS = ("prior", "gap", "decoder", "gap", "entropy", "beside", "integral", "scores")
_FAMILY_HEADS += ("row", "s")


def family_record(c: CheckedFamily) -> dict[str, Any]:
    """What was checked of a family, as JSON."""

    def of_role(role: Role) -> dict[str, Any]:
        swept = role.sweep
        found = {"verdict": role.verdict.value.value, "reason": role.verdict.reason}
        if swept is None:
            return found
        residual = {"configurations": swept.compared, "residual [eps x terms]": swept.largest}
        return {**found, **{name: _stored(value) for name, value in residual.items()}}

    checks = {
        name: {"holds": k.holds, "off": _stored(k.off), "compared": k.compared, "by": k.by}
        for name, k in c.checks.items()
    }
    roles = {"prior": of_role(c.prior), "decoder": of_role(c.decoder)}
    seconds = round(c.seconds, 1)
    return {"family": c.family, **roles, **checks, "failing": [*c.failing], "seconds": seconds}


def family_table(results: Sequence[CheckedFamily]) -> None:
    """Print a row for each family; then what does not hold, with its reason."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    gaps = "gap identity and row in eps x terms"
    printed = Table(title=f"families as prior and as decoder; {gaps}; else largest differences")
    for head in ("family", *_FAMILY_HEADS):
        left = head in ("family", "beside")
        printed.add_column(head, justify="left" if left else "right", no_wrap=left)
    for c in results:
        printed.add_row(c.family, *_family_cells(c))
    console.print(printed)
    for c in results:
        for name in c.failing:
            role = {"prior": c.prior, "decoder": c.decoder}.get(name)
            why = c.checks[name].by if role is None else role.verdict
            console.print(f"{c.family}: {name}: {why}", markup=False)


def _family_cells(c: CheckedFamily) -> list[str]:
    def cell(name: str, text: str) -> str:
        return f"[bold red]{text}[/]" if name in c.failing else text

    cells = []
    for name, role in (("prior", c.prior), ("decoder", c.decoder)):
        largest = None if role.sweep is None else role.sweep.largest
        cells += [cell(name, role.verdict.value.value), cell(name, _short(largest))]
    entropy = c.checks["entropy"]
    cells += [cell("entropy", _short(entropy.off)), entropy.by]
    cells += [cell(name, _short(c.checks[name].off)) for name in ("normalised", "scores", "row")]
    return [*cells, f"{c.seconds:.0f}"]


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


def _short(value: Figure) -> str:
    """The same in a table with a row for each model, where the report has all digits."""
    if not isinstance(value, float) or not math.isfinite(value):
        return _printed(value)
    return f"{value:.1e}" if value != 0 and not 1e-3 <= abs(value) < 1e6 else f"{value:.3g}"


def _stored(value: Figure) -> Figure:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("entropysym", "sympy", "numpy", "jax", "jaxlib", "equinox", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found
