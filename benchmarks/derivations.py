"""Derive, replay and render every model in every form, here and in another checkout.

Run: python benchmarks/derivations.py [--against PATH] [--runs K]. Each run is one process that goes through all forms; runs of the two checkouts
alternate, and the least time of each form counts. Prints seconds and ratios; nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
STAGES = ("derive", "replay", "render")
Times = dict[str, dict[str, float]]  # form -> stage -> seconds


def measured() -> Times:
    """Seconds of each stage for each form, in this process and with the package that it finds.

    `derive` includes the replay that gives the verdict; `replay` is that of the stored form alone; `render` writes text and LaTeX.
    """
    import entropysym as es

    found: Times = {}
    for name, make in es.models.ZOO.items():
        model = make()
        began = time.perf_counter()
        derived = es.derive(model)
        after_derive = time.perf_counter()
        stored = es.render(derived, to="json")
        before_replay = time.perf_counter()
        es.replay(stored)
        after_replay = time.perf_counter()
        for form in ("text", "latex"):
            es.render(derived, to=form)
        rendered = time.perf_counter()
        found[name] = {
            "derive": after_derive - began,
            "replay": after_replay - before_replay,
            "render": rendered - after_replay,
        }
    return found


def run_in(checkout: Path) -> Times:
    """`measured` in a process of its own, with the package of a checkout."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), "--once"],
        env={**os.environ, "PYTHONPATH": str(checkout)},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{checkout}: {done.stderr.strip() or 'no answer'}")
    return json.loads(done.stdout)


def least(runs: list[Times]) -> Times:
    """The least time of each form and stage over the runs."""
    return {
        name: {stage: min(run[name][stage] for run in runs) for stage in STAGES} for name in runs[0]
    }


def table(ours: Times, theirs: Times | None) -> str:
    """One line for each form that both have, then the sums; with the ratio theirs / ours of all stages together. Last what the whole zoo takes, there and here."""
    names = [name for name in ours if theirs is None or name in theirs]
    rows = [("form", *(f"{stage} [s]" for stage in STAGES), "theirs / ours" if theirs else "")]
    for name in (*names, "all forms"):
        forms = names if name == "all forms" else [name]
        sums = [sum(ours[f][stage] for f in forms) for stage in STAGES]
        ratio = ""
        if theirs is not None:
            ratio = f"{sum(theirs[f][s] for f in forms for s in STAGES) / sum(sums):.2f} x"
        rows.append((name, *(f"{seconds:.3f}" for seconds in sums), ratio))
    if theirs is not None:
        whole, known = (sum(map(sum, (t.values() for t in m.values()))) for m in (ours, theirs))
        rows.append((f"whole zoo: {len(ours)} forms, {len(theirs)} there", f"{whole:.1f}", "", f"{known:.1f}", f"{known / whole:.2f} x"))  # fmt: skip
    return "\n".join(f"{r[0]:<36}{r[1]:>12}{r[2]:>12}{r[3]:>12}{r[4]:>16}".rstrip() for r in rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--against", type=Path, metavar="PATH", help="another checkout to compare with"
    )
    parser.add_argument("--runs", type=int, default=3, metavar="K", help="runs of each checkout")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        print(json.dumps(measured()))
        return
    if given.runs < 1:
        parser.error("--runs is at least 1")
    if given.against is not None and not (given.against / "entropysym").is_dir():
        parser.error(f"there is no package entropysym in {given.against}")
    ours: list[Times] = []
    theirs: list[Times] = []
    for _ in range(given.runs):
        ours.append(run_in(HERE))
        if given.against is not None:
            theirs.append(run_in(given.against.resolve()))
    print(table(least(ours), least(theirs) if theirs else None))


if __name__ == "__main__":
    main()
