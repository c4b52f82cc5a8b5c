"""What the playground answers, asked without a browser."""

import json

import pytest

import entropysym as es
from tests.playground.site import EXAMPLES, answering, building, example

VAE = example("proved", "vae")


def test_a_proof_comes_with_all_that_the_page_shows():
    stages = []
    found = answering().answer(VAE, stages.append)
    assert found["verdict"] == "proved"
    assert found["evidence"] == ["replayed"]
    assert [s["heading"] for s in found["sections"]][:3] == ["Result", "Model", "Derivation"]
    assert all("<math" in s["html"] for s in found["sections"][:3])
    assert found["latex"].startswith("\\documentclass")
    assert es.replay(found["json"]).value.name == "PROVED"
    assert "Theorem vae_theorem :" in found["coq"]
    assert "stationary: the objective is stationary in sigma2" in found["checked"]
    assert stages[0] == "reading the model"
    assert stages[-1] == "writing the page"


def test_a_refusal_comes_with_its_witness():
    found = answering().answer(VAE.replace('learned("sigma2"', 'fixed("sigma2"'))
    assert found["verdict"] == "refuted"
    assert found["evidence"] == ["witness"]
    assert "No entropy sum was derived" in found["head"]
    assert es.replay(found["json"]).value.name == "REFUTED"
    assert "refusal of kind observed" in found["checked"]


@pytest.mark.slow
def test_what_was_not_shown_says_what_is_missing():
    found = answering().answer(example("refused", "abstract_logits"))
    assert found["verdict"] == "undecided"
    assert "What is missing" in found["head"]
    assert "name their last layers" in found["head"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "binds no 'model'"),
        ("import sys\nw = (\n", 2, "never closed"),
        ("import sys\n\nsys.exit(0)\nmodel = 1\n", 3, "SystemExit"),
        ("x = 1\nmodel = 3\nx = 2\n", 2, "model is 3, not a Model"),
        ("def f():\n    return f()\nmodel = f()\n", 2, "RecursionError"),
        (VAE.replace("alpha2)", "alpha3)"), 14, "name 'alpha3' is not defined"),
        (VAE.replace('"h", range', '"k", range'), 10, "unknown index 'k'"),
        (VAE.replace("reads=w.z)", "reads=w.x_n)"), 12, "must not see x"),
    ],
)
def test_a_mistake_is_one_line_at_its_place(text, line, said):
    error = answering().answer(text)["error"]
    assert error["line"] == line
    assert said in error["message"]
    assert "\n" not in error["message"]


def test_a_mistake_that_no_line_raises_stands_where_the_model_is_bound():
    text = """import sympy as sp
import entropysym as es
from entropysym import families
x, s = es.argument("x"), es.argument("s", "positive")
wrong = es.Family("Wrong", (s,), x, -sp.log(s) - x**2)
w = es.ModelWriter(observed="d D", latent="h H")
model = w.model("m", prior=wrong(w.learned("a", range="positive")),
    decoder=families.NORMAL(w.network("mu", "d", reads=w.z), w.learned("v", range="positive")), encoder=families.ANY())
print("read")
"""
    found = answering().answer(text)
    assert found["error"]["line"] == 7
    assert "Wrong" in found["error"]["message"]
    assert found["printed"] == "read\n"


def test_what_a_model_prints_is_kept_up_to_a_length():
    found = answering().answer("for k in range(10**4):\n    print('much', k)\n")
    assert len(found["printed"]) == answering().LONGEST


def test_every_example_has_a_title_and_the_first_is_the_vae():
    gallery = building().gallery()
    assert {label: len(examples) for label, examples in gallery.items()} == {
        label: len(list((EXAMPLES / folder).glob("*.py")))
        for folder, label in building().GALLERY.items()
    }
    assert gallery["Proved"][0]["name"] == "vae"
    json.dumps(gallery)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.py")), ids=lambda p: p.stem)
def test_the_examples_are_what_the_gallery_says(path):
    found = answering().answer(path.read_text(encoding="utf-8"))
    verdicts = {"proved": {"proved"}, "refused": {"refuted", "undecided"}}
    assert found["verdict"] in verdicts[path.parent.name]


def test_nothing_else_is_overwritten(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(SystemExit, match="no earlier build"):
        building().build(tmp_path)
    assert (tmp_path / "thesis.tex").exists()
