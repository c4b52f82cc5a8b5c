"""The checks of the checker are needed: deleted or weakened one at a time, each is missed."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import entropysym

from .deletions import SAMPLE, SURVIVORS, checked, trees
from .mutations import CHECKS, called, mutants

ROOT = Path(entropysym.__file__).parent.parent
TREES = checked(trees())
KEYS = [mutant.key for mutant in mutants(TREES)]


def run(*arguments: str) -> subprocess.CompletedProcess:
    """In a process of its own, since it forks."""
    command = [sys.executable, "-m", "tests.checker.deletions", *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)


def test_every_check_has_its_deletion():
    """Each statement that calls check or require and each raise of a refusal, once."""
    wanted = 0
    for tree in TREES.values():
        for node in ast.walk(tree):
            statement = isinstance(node, ast.Expr) and called(node.value) in CHECKS
            refusal = isinstance(node, ast.Raise) and node.exc is not None
            refusal = refusal and called(node.exc) in ("Refused", "Malformed")
            wanted += statement or refusal
    deleted = [
        k
        for k in KEYS
        if "-> pass" in k and any(f" {w}" in k for w in ("check(", "require(", "raise "))
    ]
    assert wanted > 50
    assert len(deleted) == wanted


def test_keys_are_stable_and_survivors_name_mutants():
    assert len(set(KEYS)) == len(KEYS) > 300
    assert not SURVIVORS.keys() - set(KEYS)
    assert not SAMPLE.keys() - set(KEYS)
    assert len(SURVIVORS) <= 15
    assert not SURVIVORS.keys() & SAMPLE.keys()


def test_a_sample_of_deletions_is_noticed():
    done = run("--sample")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(SAMPLE)} mutants" in done.stdout
    assert "SURVIVED" not in done.stdout


def test_what_survives_is_reported():
    """With the sample's documents alone, another deletion goes unnoticed, and the command says so."""
    done = run("--sample", "--only", "nothing starts so")
    assert done.returncode == 0
    assert "0 mutants" in done.stdout


@pytest.mark.slow
def test_every_deletion_is_noticed_or_listed():
    done = run()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
