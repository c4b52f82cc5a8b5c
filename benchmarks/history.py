"""What the usual jobs need, by commit: `python benchmarks/history.py [--write]` measures them here, and with --write appends them to history.json.

Each job is a process of its own, so that imports and compilation count as for a user; of --runs the least time counts. Others on the machine make times longer, never shorter; a
record says how many processes waited for a processor at its start.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
HISTORY = HERE / "history.json"

#: Job -> program.
JOBS = {
    "import": "import entropysym",
    "derive and replay VAE-2": "import entropysym as es; es.derive(es.models.vae2())",
    "VAE-2 as HTML and LaTeX": "import entropysym as es; d = es.derive(es.models.vae2()); es.render(d, 'html'); es.render(d, 'latex')",
    "refuse VAE-0": "import entropysym as es; es.derive(es.models.vae0())",
    "derive three layers": "import entropysym as es; es.derive(es.models.ZOO['two_layer_vae']())",
    "lower VAE-2's entropy sum to JAX": "import entropysym as es; es.lower(es.derive(es.models.vae2()).entropy_sum)",
    "identify a loss": (
        "import numpy as np, entropysym as es\n"
        "def loss(recon_x, x, mu, logvar):\n"
        "    kl = -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum(1)\n"
        "    return ((recon_x - x) ** 2).mean() + kl.mean()\n"
        "es.identify_objective(loss, arrays='numpy')"
    ),
}


def measured(runs: int) -> dict[str, float]:
    """The least seconds of each job."""
    return {
        name: round(min(_seconds(program) for _ in range(runs)), 2)
        for name, program in JOBS.items()
    }


def _seconds(program: str) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL, cwd=HERE.parent
    )
    return time.perf_counter() - began


def record(runs: int) -> dict[str, Any]:
    """The seconds with what they depend on."""
    waiting = os.getloadavg()[0]
    return {
        "commit": _git("rev-parse", "--short=12", "HEAD")
        + ("+" if _git("status", "--porcelain") else ""),
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "processor": _processor(),
        "load": round(waiting, 1),
        "runs": runs,
        "seconds": measured(runs),
    }


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, cwd=HERE)
    return run.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    name = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), ""
    )
    return f"{name or platform.machine()}, {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="append to history.json")
    options = parser.parse_args()
    new = record(options.runs)
    known = json.loads(HISTORY.read_text(encoding="utf-8")) if HISTORY.is_file() else []
    before = next((r for r in reversed(known) if r["processor"] == new["processor"]), None)
    for name, seconds in new["seconds"].items():
        last = before["seconds"].get(name) if before else None
        print(
            f"{name}: {seconds:.2f} s"
            + (f", was {last:.2f} s at {before['commit']}" if before and last else "")
        )
    if options.write:
        HISTORY.write_text(
            json.dumps([*known, new], indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
