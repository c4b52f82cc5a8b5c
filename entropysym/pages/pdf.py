"""A LaTeX document as a PDF, where LaTeX is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from entropysym.errors import InputError

#: Seconds that LaTeX may take for each run.
LIMIT = 120


def pdf(document: str, *, runs: int = 1) -> bytes:
    """The PDF of a complete LaTeX document; equal documents give equal bytes. `runs` is 2 where it refers to its own pages, as a table of contents does.

    Raises `InputError` where pdflatex is missing or stops, with its last words.
    """
    program = shutil.which("pdflatex")
    if program is None:
        raise InputError(
            "pdflatex is not installed here; write LaTeX and compile it elsewhere, or write html"
        )
    # No date of today, and no shell for what the document may hold.
    env = {**os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1"}
    command = [
        program,
        "-interaction=nonstopmode",
        "-halt-on-error",
        "-no-shell-escape",
        "page.tex",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.tex").write_text(document, encoding="utf-8")
        for _ in range(runs):
            try:
                done = subprocess.run(
                    command, cwd=folder, env=env, capture_output=True, timeout=LIMIT, check=False
                )
            except subprocess.TimeoutExpired:
                raise InputError(f"pdflatex gave no answer within {LIMIT} s") from None
            if done.returncode != 0:
                said = done.stdout.decode("utf-8", "replace").splitlines()
                wrong = [line for line in said if line.startswith("!")] or said[-3:]
                raise InputError(f"pdflatex stopped: {'; '.join(wrong)[:300]}")
        return (folder / "page.pdf").read_bytes()
