"""Pages of graphs: every form is written, the documents compile without an overfull line, and each factor stands there by what it is of."""

import re
import shutil
import subprocess

import pytest

import entropysym as es
from entropysym.models import GRAPHS
from tests import instances

FORMS = ("text", "markdown", "latex")


@pytest.mark.some(1)
@pytest.mark.parametrize("name", GRAPHS)
def test_every_form_is_written(name):
    found = instances.found(name)
    for form in FORMS:
        made = es.render(found, form)
        for word in ("Dummy", "Any(", "; )", "any_law", "None", "Sum(", "p_z", "q_c"):
            assert word not in made.replace("\\_", "_").replace("any_law\n", ""), word


@pytest.mark.some(1)
@pytest.mark.parametrize("name", GRAPHS)
def test_it_compiles_without_overfull_lines(name, tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    text = es.render(instances.found(name), "latex")
    (tmp_path / "page.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "page.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    log = (tmp_path / "page.log").read_text(encoding="latin-1")
    assert run.returncode == 0, log[-2000:]
    assert not re.search("Overfull|undefined|LaTeX Warning", log)


def test_factors_classes_and_lags_are_named():
    said = " ".join(es.render(instances.found("hidden_markov_model"), "text").split())
    assert "p(c|c⁻)" in said
    assert "c⁻" in said
    assert "one step earlier" in said
    mixture = " ".join(es.render(instances.found("gaussian_mixture"), "text").split())
    assert "p(x_n|c)" in mixture
    assert "along the simplex" in mixture
