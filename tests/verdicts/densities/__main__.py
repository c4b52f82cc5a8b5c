"""Random densities against the oracle: ``python -m tests.verdicts.densities --count 1000 --seed 0``.

Prints kinds of densities by what the oracle and `derive` say, what is wrong, and the slowest ones. Exit 1 if something is demanded and not met.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ..trying import kind
from .trying import FAULTS, WRONG, tried

Rows = list[dict[str, Any]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="a file for rows, one JSON a line")
    given = parser.parse_args()
    found = run(range(given.seed, given.seed + given.count), given.jobs, given.out)
    print(report(found))
    return 1 if unmet(found) else 0


def run(seeds: Sequence[int], jobs: int, out: Path | None = None) -> Rows:
    """The rows of these seeds, two for each; those that stand in the file `out` are not tried again."""
    rows: Rows = []
    if out is not None and out.exists():
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    known = {r["seed"] for r in rows}
    rows = [r for r in rows if r["seed"] in {*seeds}]
    new = [s for s in seeds if s not in known]
    with get_context("spawn").Pool(jobs) as pool:
        for done, pair in enumerate(pool.imap_unordered(tried, new), 1):
            rows += pair
            faults = [f"{r['use']} {r['fault']}" for r in pair if r["fault"]]
            words = ", ".join(faults) or "no fault"
            print(f"{done} seed {pair[0]['seed']}: {words}", file=sys.stderr, flush=True)
            if out is not None:
                with out.open("a") as file:
                    file.writelines(json.dumps(row) + "\n" for row in pair)
    return sorted(rows, key=lambda r: (r["seed"], r["use"]))


def unsettled(rows: Rows, *, found: bool = False) -> float:
    """The share of the true ones that are neither proved nor refuted: in all, or those of them for which a direction was `found` that the checker does not accept."""
    true = [r for r in rows if r["oracle"] == "true"]
    left = [r for r in true if r["fault"] == "not settled"]
    if found:
        left = [r for r in left if "not accepted" in r["reason"]]
    return len(left) / max(1, len(true))


def unmet(rows: Rows, *, most: float = 0.05) -> list[str]:
    """The demands that these rows do not meet, in words."""
    faults = Counter(r["fault"] for r in rows)
    out = [f"{faults[name]} {name}" for name in WRONG if faults[name]]
    if unsettled(rows) > most:
        out.append(f"{unsettled(rows):.1%} of the true ones are not settled")
    return out


def report(rows: Rows) -> str:
    """Counts, the slowest ones and one line for each fault."""
    kinds = Counter((r["kind"], r["use"], r["oracle"], r["verdict"]) for r in rows)
    out = [f"{len({r['seed'] for r in rows})} densities, {len(rows)} models", ""]
    out += [f"{'kind':20}{'use':10}{'oracle':10}{'verdict':14}{'count':>5}"]
    out += [f"{k:20}{u:10}{o:10}{v:14}{n:5}" for (k, u, o, v), n in sorted(kinds.items())]
    out += ["", f"{unsettled(rows):.1%} of the true ones are not settled"]
    out += [f"{unsettled(rows, found=True):.1%} are found and not accepted", "", "slowest"]
    slow = sorted(rows, key=lambda r: -r["seconds"])[:10]
    out += [f"{r['seconds']:6.2f} s  seed {r['seed']} {r['use']}: {r['lines']}" for r in slow]
    reasons = Counter(kind(r["reason"]) for r in rows if r["fault"] == "not settled")
    out += ["", "not settled, by reason", *(f"{n:5} {why}" for why, n in reasons.most_common())]
    wrong = sorted((r for r in rows if r["fault"]), key=lambda r: FAULTS.index(r["fault"]))
    for r in wrong:
        out += ["", f"{r['fault']}: seed {r['seed']} as {r['use']}, residual {r.get('residual')}"]
        out += [f"  {r['lines']}", f"  {r['reason'][:400]}"]
    return "\n".join([*out, "", *(f"NOT MET: {u}" for u in unmet(rows) or ["nothing"])])


if __name__ == "__main__":
    sys.exit(main())
