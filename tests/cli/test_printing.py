"""What the command line prints of a derivation: pieces, notations, files, and wishes that contradict each other."""

import pytest

from entropysym.cli import main
from entropysym.cli_printing import Form, Part
from entropysym.pages import FORMATS, PARTS


def _run(capsys, monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["entropysym", *words])
    status = main()
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_options_are_those_of_the_pages():
    assert {f.value for f in Form} == {*FORMATS, "pdf"}
    assert {p.value for p in Part} == {*PARTS}


def test_a_piece_in_ones_own_notation(capsys, monkeypatch):
    words = ("derive", "vae2", "--to", "latex", "--part", "closed form")
    status, out, _ = _run(
        capsys, monkeypatch, *words, "--notation", "textbook", "--notation", r"sigma2=\sigma_x^2"
    )
    assert status == 0
    assert r"\mathcal{L}" in out
    assert r"\sigma_{x}^{2}" in out
    assert "documentclass" not in out


def test_the_bibliography_goes_to_a_file_if_one_is_named(capsys, monkeypatch, tmp_path):
    place = tmp_path / "own.bib"
    status, out, _ = _run(capsys, monkeypatch, "derive", "vae2", "--bib", "--out", str(place))
    assert status == 0
    assert str(place) in out
    assert place.read_text().startswith("@")
    assert "@inproceedings" in _run(capsys, monkeypatch, "derive", "vae2", "--bib")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "pdf"), "--out"),
        (("--to", "pdf", "--part", "theorem"), "fragment"),
        (("--open",), "--to html"),
        (("--notation", "bayes", "--to", "latex"), "bayes"),
        (("--width", "3", "--to", "latex"), "3"),
    ],
)
def test_wishes_that_contradict_each_other_are_bad_input(words, said, capsys, monkeypatch):
    status, out, err = _run(capsys, monkeypatch, "derive", "vae2", *words)
    assert status == 2
    assert said in err
    assert out == ""
