"""Running the command line."""

import subprocess
import sys

import pytest

from entropysym.cli import main


@pytest.fixture
def run(capfd, monkeypatch):
    """The program in this process: what it does is the same, and Python and SymPy are loaded once for all tests."""

    def run(*arguments, cwd=None):
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["entropysym", *map(str, arguments)])
            if cwd is not None:
                patch.chdir(cwd)
            status = main()
        printed = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, status, printed.out, printed.err)

    return run
