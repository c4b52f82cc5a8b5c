"""Every theorem's script: what it must have, that it renders, that its claim holds and its control fails."""

import inspect
import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import jax
import pytest

from derivations import build, theorem
from derivations.page import page
from derivations.theorem import Theorem
from entropysym.errors import InputError
from entropysym.pages.compiling import compiled, is_installed
from entropysym.verdict import Value
from tests.instances import names

SCRIPTS = Path(build.__file__).parent
SHARED = {"limits", "__init__", "__main__", "build", "page", "theorem"}
THEOREMS = build.theorems()

#: Claims of every kind: a sum, matrices, a remainder, a correspondence, and graphs with classes, with labels, and with time.
QUICK = ("vae2", "gaussian_vae", "fixed_variance", "correspondence", "mixture", "semi_supervised", "sequences")  # fmt: skip


def test_every_script_is_in_the_document():
    assert {p.stem for p in SCRIPTS.glob("*.py")} - SHARED == set(build.NAMES)


@pytest.mark.parametrize("name", build.NAMES)
def test_a_script_is_short_and_complete(name):
    t = THEOREMS[name]
    assert isinstance(t, Theorem)
    assert len((SCRIPTS / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 120
    assert inspect.getdoc(import_module(f"derivations.{name}"))
    assert len(t.statement) > 100
    # Of an own derivation it is the model that stands in a paper or a textbook.
    assert re.search(r"(19|20)\d\d|arXiv", t.source)
    assert callable(t.claim)
    assert callable(t.control)
    assert (t.lines is None) == (t.about_lines == "")


@pytest.mark.some(1)
@pytest.mark.parametrize("name", build.NAMES)
def test_a_script_renders_to_every_format(name):
    t = THEOREMS[name]
    text, tex, stored = (page(t, to, numbers=False) for to in ("text", "latex", "json"))
    assert text.startswith(t.title)
    assert "v·∇" in text
    assert r"\begin{document}" in tex
    assert r"\begin{align}" in tex
    assert json.loads(stored)["format"] == "entropysym/2"


@pytest.mark.some(2)
@pytest.mark.parametrize("name", build.NAMES)
def test_the_checker_accepts_the_derivation(name):
    verdict = THEOREMS[name].derivation.verdict
    assert verdict.value is Value.PROVED, verdict
    assert verdict.evidence == ("replayed",)


@pytest.fixture
def float64(monkeypatch):
    """Double precision, and a few configurations only: this asks whether claims and controls run, not for evidence."""
    monkeypatch.setattr(theorem, "COUNT", 4)
    before = jax.config.jax_enable_x64  # type: ignore[attr-defined]
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def _claim_and_control(name):
    verdict = THEOREMS[name].claim()
    assert verdict.value is Value.PROVED, verdict
    assert verdict.evidence
    verdict = THEOREMS[name].control()
    assert verdict.value is not Value.PROVED
    # A refusal may be undecided; a wrong right-hand side must be seen to fail.
    assert verdict.value is Value.REFUTED or name == "vae3", verdict
    assert "no numbers" not in verdict.reason


@pytest.mark.slow
@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", names(build.NAMES, QUICK))
def test_the_claim_holds_and_the_control_is_rejected(name, at_shapes):
    at_shapes((1, 2, 3))
    _claim_and_control(name)


@pytest.mark.slow
@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", build.NAMES)
def test_claim_and_control_at_all_shapes(name, monkeypatch):
    monkeypatch.setattr(theorem, "COUNT", 80)
    _claim_and_control(name)


def test_numbers_that_cannot_be_had_leave_a_claim_undecided(monkeypatch):
    def broken(*_, **__):
        raise InputError("float64 is off")

    monkeypatch.setattr("entropysym.witness.sweeps.sweep", broken)
    monkeypatch.setattr("entropysym.witness.sweep", broken, raising=False)
    verdict = theorem.everywhere(THEOREMS["vae2"].model)()
    assert verdict.value is Value.UNDECIDED
    assert "float64 is off" in verdict.reason


@pytest.mark.slow
def test_a_script_runs_by_itself():
    run = subprocess.run(
        [sys.executable, str(SCRIPTS / "poisson.py"), "--to", "text", "--no-numbers"],
        capture_output=True,
        text=True,
        timeout=120,
        encoding="utf-8",
        env={"PYTHONPATH": str(SCRIPTS.parent), "PYTHONIOENCODING": "utf-8"},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("Poisson decoder")


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    place = tmp_path_factory.mktemp("document")
    build.main(["--out", str(place), "--no-numbers"])
    return place


@pytest.mark.slow
def test_the_document_has_every_theorem_once(document):
    made = (document / "derivations.tex").read_text(encoding="utf-8")
    assert made.count(r"\documentclass") == 1
    assert made.count(r"\tableofcontents") == 1
    assert re.findall(r"\\label\{(\w+)\}", made) == list(build.NAMES)
    assert made.count("Statement SHA-256") == len(build.NAMES)


def test_the_index_names_each_model_once_with_all_of_its_theorems():
    index = build._by_model(THEOREMS)
    titles = re.findall(r"^(.+?) & \\ref", index, flags=re.M)
    assert titles == sorted({t.model().title for t in THEOREMS.values()})
    (row,) = (line for line in index.splitlines() if line.startswith("VAE-2: Gaussian VAE"))
    assert row.count("\\ref{") == row.count("\\pageref{") > 1
    assert sorted(re.findall(r"\\ref\{(\w+)\}", index)) == sorted(THEOREMS)


@pytest.mark.slow
def test_the_document_compiles_without_overfull_lines(document):
    if not is_installed():
        pytest.skip("pdflatex is not installed (Debian: texlive-latex-base, lmodern)")
    assert (document / "derivations.pdf").read_bytes().startswith(b"%PDF")
    log = compiled((document / "derivations.tex").read_text(encoding="utf-8")).log
    assert [w for w in log.splitlines() if re.search("Overfull|undefined|LaTeX Warning", w)] == []
