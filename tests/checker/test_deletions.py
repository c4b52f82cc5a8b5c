"""The checks of the checker are needed: deleted or weakened one at a time, each is missed."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import entropysym
import entropysym.checker
from entropysym.checker import Malformed, Refused, replay, replay_refusal

from .exposed import EXPOSED
from .exposures import REFUSALS, REFUSED, VALID
from .mutations import CHECKS, called, checked, mutants, trees
from .survivors import SAMPLE, SURVIVORS
from .tails import SURE, UNSURE

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
    assert not SURVIVORS.keys() & SAMPLE.keys()


@pytest.mark.slow
def test_a_sample_of_deletions_is_noticed():
    done = run("--sample")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(SAMPLE)} mutants" in done.stdout
    assert "SURVIVED" not in done.stdout


@pytest.mark.slow
def test_what_survives_is_reported():
    """With the sample's documents alone another deletion goes unnoticed, and the command says so."""
    start = "kernel/evaluate.py _rate: check(fitting"
    done = run("--documents-of-sample", "--only", start)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 survived" in done.stdout
    assert "NOT LISTED" in done.stdout


@pytest.mark.some(5)
@pytest.mark.parametrize("name", VALID)
def test_what_is_valid_is_accepted(name):
    replay(json.dumps(VALID[name]()))


@pytest.mark.some(17)
@pytest.mark.parametrize("name", REFUSED)
def test_what_shows_a_check_is_refused(name):
    document = REFUSED[name]()
    data = document if isinstance(document, bytes) else json.dumps(document)
    with pytest.raises((Refused, Malformed)):
        replay(data)


@pytest.mark.parametrize("name", SURE)
def test_witnesses_whose_latent_is_read_slowly(name):
    replay_refusal(json.dumps(SURE[name]()))


@pytest.mark.parametrize("name", REFUSALS | UNSURE)
def test_refusals_that_show_a_check_are_refused(name):
    with pytest.raises((Refused, Malformed)):
        replay_refusal(json.dumps((REFUSALS | UNSURE)[name]()))


@pytest.mark.parametrize("name", EXPOSED)
def test_laws_hold(name):
    assert EXPOSED[name](entropysym.checker) is None


@pytest.mark.slow
def test_every_deletion_is_noticed_or_listed():
    done = run()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
