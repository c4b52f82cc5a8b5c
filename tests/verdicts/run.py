"""Random models against the oracle: ``python -m tests.verdicts.run --count 2000 --seed 0 --jobs 2 --out found.jsonl``.

Each line of the output file is one seed; seeds that stand there already are not tried again. The report counts verdicts against the oracle,
features, and faults, each with the lines of Python that rebuild a small model that has it. Exit 1 if something is demanded and not met.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from entropysym.testing.random_models import source, spec_of

from .trying import FAULTS, kind, smaller, tried

#: Verdicts that are wrong, of which there must be none.
WRONG = (
    "false PROVED",
    "wrong direction",
    "false REFUTED",
    "exception",
    "too long",
    "oracle error",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="models that the language takes")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=120, help="the most for one derive")
    parser.add_argument("--out", type=Path, default=Path("verdicts.jsonl"))
    parser.add_argument("--as-drawn", action="store_true", help="do not look for smaller models")
    given = parser.parse_args()
    found = run(given)
    print(report(found, jobs=0 if given.as_drawn else given.jobs))
    return 0 if not unmet(found) else 1


def run(given: argparse.Namespace) -> list[dict[str, Any]]:
    """The rows of the seeds from ``--seed`` on, read from the file or tried now."""
    known = {}
    if given.out.exists():
        rows = (json.loads(line) for line in given.out.read_text().splitlines())
        known = {row["seed"]: row for row in rows}
    seeds = [s for s in range(given.seed, given.seed + given.count) if s not in known]
    work = partial(tried, seconds=given.seconds)
    with get_context("spawn").Pool(given.jobs) as pool, given.out.open("a") as out:
        for done, row in enumerate(pool.imap_unordered(work, seeds), 1):
            out.write(json.dumps(row) + "\n")
            out.flush()
            known[row["seed"]] = row
            if row["fault"] or done % 50 == 0:
                print(
                    f"{done}/{len(seeds)} seed {row['seed']}: {row['fault'] or 'no fault'}",
                    flush=True,
                )
    return [known[s] for s in range(given.seed, given.seed + given.count)]


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts that the report prints and the demands are about."""
    models = [row for row in found if row["verdict"] != "NO MODEL"]
    oracle = Counter(row["oracle"] for row in models)
    faults = Counter(row["fault"] for row in models if row["fault"])
    table = Counter((row["oracle"], row["verdict"]) for row in models)
    used = Counter(name for row in models for name in row["features"])
    count = max(1, len(models))
    return {
        "models": len(models),
        "oracle": {word: n / count for word, n in oracle.items()},
        "table": table,
        "features": {name: n / count for name, n in used.items()},
        "faults": faults,
        "not settled": faults["not settled"] / max(1, oracle["true"]),
    }


def unmet(found: list[dict[str, Any]]) -> list[str]:
    """The demands that a run does not meet, in words."""
    s = summary(found)
    out = [f"{s['faults'][name]} {name}" for name in WRONG if s["faults"][name]]
    out += [
        f"only {s['oracle'].get(word, 0):.1%} are {word}"
        for word in ("true", "false")
        if s["oracle"].get(word, 0) < 0.25
    ]
    out += [
        f"only {share:.1%} have the feature {name}"
        for name, share in s["features"].items()
        if share < 0.1 and not name.endswith("(rare)")
    ]
    if s["not settled"] > 0.05:
        out.append(f"{s['not settled']:.1%} of the true ones are not settled")
    return out


def report(found: list[dict[str, Any]], *, jobs: int = 0) -> str:
    """Counts, features and faults in words; of each kind of fault one model as the lines that build it."""
    s = summary(found)
    out = [f"{s['models']} models of {len(found)} seeds"]
    out += ["", "oracle: " + ", ".join(f"{k} {v:.1%}" for k, v in sorted(s["oracle"].items()))]
    out += ["", "oracle   verdict             models"]
    out += [f"{word:8} {verdict:20} {n:5}" for (word, verdict), n in sorted(s["table"].items())]
    out += ["", "features"]
    out += [f"{v:6.1%} {k}" for k, v in sorted(s["features"].items(), key=lambda item: -item[1])]
    out += ["", f"{s['not settled']:.1%} of the true ones are not settled"]
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in found:
        if row["fault"]:
            kinds.setdefault((row["fault"], kind(row["reason"])), []).append(row)
    order = sorted(kinds.items(), key=lambda item: (FAULTS.index(item[0][0]), -len(item[1])))
    out += examples(order, jobs)
    return "\n".join([*out, "", *(f"NOT MET: {d}" for d in unmet(found) or ["nothing"])])


def examples(order: list[tuple[tuple[str, str], list[dict[str, Any]]]], jobs: int) -> list[str]:
    """Of each kind of fault up to three models, made smaller, and the seeds that are like them."""
    out = []
    with get_context("spawn").Pool(max(1, jobs)) as pool:
        smalls = [pool.map_async(smaller, same[:3]) if jobs else None for _, same in order]
        for ((fault, _), same), small in zip(order, smalls, strict=True):
            drawn = ({"reason": r["reason"], "lines": source(spec_of(r["seed"]))} for r in same[:1])
            seeds = ", ".join(str(row["seed"]) for row in same[:20])
            out += ["", f"## {fault}, {len(same)} of a kind: {seeds}"]
            shown: list[list[str]] = []
            for row, one in zip(same, small.get() if small else drawn, strict=False):
                if one["lines"] not in shown:
                    shown.append(one["lines"])
                    out += ["", f"# seed {row['seed']}: {one['reason'][:300]}", *one["lines"]]
    return out


if __name__ == "__main__":
    sys.exit(main())
