"""Random graphs against the oracle: ``python -m tests.verdicts.graphs.run --count 2000 --seed 0 --jobs 2 --out found.jsonl``.

Each line of the output file is one seed; seeds that stand there already are not tried again. The report counts verdicts against the oracle, features, and faults, each with
a graph that has it. Exit 1 if something is demanded and not met.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from .features import COMMON
from .trying import FAULTS, tried

#: Verdicts that are wrong, of which there must be none.
WRONG = FAULTS[:-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=120, help="the most for one derive")
    parser.add_argument("--out", type=Path, default=Path("graphs.jsonl"))
    given = parser.parse_args()
    found = run(given.out, given.seed, given.count, given.jobs, given.seconds)
    print(report(found))
    return 0 if not unmet(found) else 1


def run(
    out: Path, seed: int, count: int, jobs: int = 2, seconds: int = 120
) -> list[dict[str, Any]]:
    """The rows of the seeds from `seed` on, read from the file or tried now."""
    known: dict[int, dict[str, Any]] = {}
    if out.exists():
        known = {row["seed"]: row for row in map(json.loads, out.read_text().splitlines())}
    wanted = range(seed, seed + count)
    seeds = [s for s in wanted if s not in known]
    work = partial(tried, seconds=seconds)
    with get_context("spawn").Pool(jobs) as pool, out.open("a") as file:
        for done, row in enumerate(pool.imap_unordered(work, seeds), 1):
            file.write(json.dumps(row) + "\n")
            file.flush()
            known[row["seed"]] = row
            if row["fault"] or done % 50 == 0:
                words = row["fault"] or "no fault"
                print(f"{done}/{len(seeds)} seed {row['seed']}: {words}", flush=True)
    return [known[s] for s in wanted]


def unmet(found: list[dict[str, Any]], *, common: float = 0.1, share: float = 0.25) -> list[str]:
    """The demands that a run does not meet, in words."""
    count = len(found)
    faults = Counter(row["fault"] for row in found)
    words = Counter(row["oracle"] for row in found)
    used = Counter(name for row in found for name in row["features"])
    out = [f"{faults[name]} {name}" for name in WRONG if faults[name]]
    out += [
        f"only {words[word] / count:.1%} are {word}"
        for word in ("true", "false")
        if words[word] < share * count
    ]
    out += [
        f"only {used[name] / count:.1%} have the feature {name}"
        for name in COMMON
        if used[name] < common * count
    ]
    if faults["not settled"] > 0.1 * words["true"]:
        out.append(f"{faults['not settled']} of {words['true']} true ones are not settled")
    return out


def report(found: list[dict[str, Any]]) -> str:
    """Counts, features and faults in words; of each kind of fault some graphs."""
    count = len(found)

    def table(of: Iterable[Any]) -> list[tuple[Any, int]]:
        return sorted(Counter(of).items(), key=lambda item: -item[1])

    out = [f"{count} graphs", "", "oracle   q at rest  verdict      graphs"]
    out += [
        f"{word:8} {still:10} {verdict:12} {n:5}"
        for (word, still, verdict), n in table(
            (row["oracle"], row.get("still", ""), row["verdict"]) for row in found
        )
    ]
    out += ["", f"{sum(row['partial'] for row in found)} partial results", "", "features"]
    out += [
        f"{n / count:6.1%} {name}" for name, n in table(f for row in found for f in row["features"])
    ]
    for fault in FAULTS:
        same = [row for row in found if row["fault"] == fault]
        if same:
            out += [
                "",
                f"## {fault}: {len(same)}, seeds {', '.join(str(r['seed']) for r in same[:40])}",
            ]
        for row in same[:3]:
            out += [f"# seed {row['seed']}: {row['reason'][:300]}", *row["lines"]]
    return "\n".join([*out, "", *(f"NOT MET: {d}" for d in unmet(found) or ["nothing"])])


if __name__ == "__main__":
    sys.exit(main())
