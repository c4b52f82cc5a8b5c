"""A LaTeX document as a PDF, where LaTeX is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from entropysym.errors import InputError

PROGRAM = "pdflatex"
#: Seconds that LaTeX may take for each run, and runs: contents, then page numbers after the contents have their length.
LIMIT, RUNS = 120, 3


@dataclass(frozen=True)
class Compiled:
    """A PDF, and what TeX said of it."""

    pdf: bytes
    log: str


def pdf(document: str) -> bytes:
    """The PDF of a complete LaTeX document; equal documents give equal bytes. Raises `InputError` as `compiled`."""
    return compiled(document).pdf


def is_installed() -> bool:
    """Whether pdflatex is."""
    return shutil.which(PROGRAM) is not None


def compiled(document: str) -> Compiled:
    """A complete LaTeX document compiled until its references to itself are settled.

    Raises `InputError` where pdflatex is missing or stops, with its last words.
    """
    if not is_installed():
        raise InputError(
            f"{PROGRAM} is not installed here; write LaTeX and compile it elsewhere, or write html"
        )
    # No date of today, and no shell for what the document may hold.
    env = {**os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}
    command = [
        PROGRAM,
        "-interaction=nonstopmode",
        "-halt-on-error",
        "-no-shell-escape",
        "page.tex",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.tex").write_text(document, encoding="utf-8")
        log = ""
        for _ in range(RUNS):
            try:
                done = subprocess.run(
                    command, cwd=folder, env=env, capture_output=True, timeout=LIMIT, check=False
                )
            except subprocess.TimeoutExpired:
                raise InputError(f"{PROGRAM} gave no answer within {LIMIT} s") from None
            log = done.stdout.decode("utf-8", "replace")
            if done.returncode != 0:
                wrong = [line for line in log.splitlines() if line.startswith("!")]
                raise InputError(
                    f"{PROGRAM} stopped: {'; '.join(wrong or log.splitlines()[-3:])[:300]}"
                )
            if not re.search(r"Rerun to get|No file page\.toc", log):
                break
        return Compiled((folder / "page.pdf").read_bytes(), log)
