"""Notebooks are text, and are executed."""

import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.py"))


def test_there_are_notebooks():
    assert NOTEBOOKS


#: The others than the tour take longer than the README's test command allows for all.
CASES = [
    pytest.param(p, id=p.stem, marks=() if p.stem == "tour" else pytest.mark.slow)
    for p in NOTEBOOKS
]


@pytest.mark.parametrize("path", CASES)
def test_a_notebook_runs_and_converts(path, tmp_path):
    run = subprocess.run([sys.executable, path], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    out = tmp_path / "notebook.ipynb"
    command = [sys.executable, "-m", "jupytext", "--to", "ipynb", "--output", str(out), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    assert out.stat().st_size > 1000
