"""Pieces for a paper: they compile inside other classes beside the author's own macros, in the author's notation, without an overfull line."""

import re
import shutil
import subprocess

import pytest

import entropysym as es
from entropysym.errors import InputError
from entropysym.pages import PARTS, PROFILES, bibtex
from entropysym.pages.breaking import tex_width
from entropysym.pages.own_notation import MACROS
from tests.instances import found

pytestmark = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")

#: Stand-ins for what conferences and journals ask for: options of the class, the measures of the text, and the width of a column in em.
CLASSES = {
    "one column, 5.5in": (r"\documentclass[10pt]{article}", r"\textwidth=5.5in", 34),
    "two columns, 6.75in": (r"\documentclass[10pt,twocolumn]{article}", r"\textwidth=6.75in \columnsep=.25in", 23),
    "one column, 6in, 11pt": (r"\documentclass[11pt,twoside]{article}", r"\textwidth=6in", 34),
    "two columns, letter": (r"\documentclass[letterpaper,twocolumn,10pt]{article}", r"\textwidth=6.75in \columnsep=.25in \oddsidemargin=-.1in", 23),
    "amsart": (r"\documentclass{amsart}", "", 34),
}  # fmt: skip
#: What authors have in their preambles; a fragment that defined or needed any of these would clash.
OWN = r"""
\usepackage{amsmath,amssymb,amsthm}
\newcommand{\E}{\mathbf{E}} \newcommand{\F}{F} \newcommand{\KL}{\mathrm{KL}} \newcommand{\reason}[1]{#1}
\newcommand{\elbo}{\mathcal{L}} \newcommand{\norm}[1]{\lVert#1\rVert} \newcommand{\given}{\,|\,} \newcommand{\H}[1]{H(#1)}
\newtheorem{theorem}{Theorem} \newtheorem{lemma}[theorem]{Lemma} \newtheorem{remark}{Remark}
\allowdisplaybreaks
"""
NAMES = ("vae1", "vae2", "gaussian_vae", "poisson_vae", "vae0")


def _compiled(tmp_path, head, measures, body):
    own = OWN.replace(r"\newcommand{\H}", r"\renewcommand{\H}")
    text = f"{head}{own}{measures}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    (tmp_path / "paper.tex").write_text(text)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    return [line for line in done.stdout.splitlines() if line.startswith("Overfull \\hbox")]


def _parts(name):
    d = found(name)
    d = getattr(d, "partial", d)
    return [p for p in PARTS if p != "conditions" or d.stationarity]


@pytest.mark.some(1)
@pytest.mark.parametrize("notation", ["papers", "textbook"])
@pytest.mark.parametrize("kind", CLASSES)
def test_parts_compile_in_other_classes(kind, notation, tmp_path):
    head, measures, width = CLASSES[kind]
    body = [
        es.render(found(name), "latex", part=part, notation=notation, width=width)
        for name in NAMES
        for part in _parts(name)
    ]
    assert _compiled(tmp_path, head, measures, "\n\n".join(body)) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", CLASSES)
def test_a_whole_page_compiles_as_a_fragment_with_macros(kind, tmp_path):
    head, measures, width = CLASSES[kind]
    text = es.render(found("vae2"), "latex", fragment=True, width=width, macros=True)
    assert _compiled(tmp_path, head, measures, text) == []


def test_an_overfull_line_would_be_seen(tmp_path):
    head, measures, _ = CLASSES["two columns, 6.75in"]
    wide = es.render(found("vae1"), "latex", part="derivation", width=46)
    assert _compiled(tmp_path, head, measures, wide) != []


def test_ones_own_notation_stands_in_every_formula():
    own = {"sigma2": r"\sigma_x^2", "F": r"\mathcal L"}
    text = es.render(found("vae2"), "latex", fragment=True, notation=own)
    assert r"\sigma_{x}^{2}" in text
    assert r"\mathcal L" in text
    assert r"\mathcal{F}" not in text
    assert not re.search(r"\\sigma(?!_\{x\})", text)
    assert es.latex(es.models.vae2().parameters[0].whole ** 2, es.models.vae2(), notation=own) == r"\sigma_{x}^{4}"  # fmt: skip


def test_an_array_keeps_its_indices_whatever_it_is_called():
    model = es.models.vae2()
    alpha2 = next(p.whole for p in model.parameters if p.name == "alpha2")
    shown = {
        r"s_0": r"s_{0,h}",
        r"s_{0}^2": r"s_{0,h}^{2}",
        r"W^{(1)}": r"{W^{(1)}}_{h}",
        r"\lambda": r"\lambda_{h}",
        r"s_\mathrm{pr}": r"s_{\mathrm{pr},h}",
    }
    for given, expected in shown.items():
        assert es.latex(alpha2, model, notation={"alpha2": given}) == expected


def test_macros_are_defined_where_they_are_used_and_nowhere_else():
    text = es.render(found("vae2"), "latex", part="theorem", macros=True)
    defined = set(re.findall(r"\\newcommand\{(\\es\w+)\}", text))
    used = set(re.findall(r"\\es[A-Za-z]+", text))
    assert defined == used
    assert used <= {*MACROS.values()}
    assert r"\mathcal{F}" not in text.split("\\begin{theorem}")[1]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"part": "proof"}, "part of a page"),
        ({"notation": "bayes"}, "profile of notation"),
        ({"notation": {"sigma": "s"}}, "name to be written otherwise"),
        ({"notation": {"sigma2": "$s$"}}, "dollar"),
        ({"notation": {"sigma2": r"\sigma_{x"}}, "braces"),
        ({"notation": {"sigma2": "s", "alpha2": "s"}}, "both"),
        ({"notation": {"sigma2": r"\tau^2"}}, "both"),
        ({"notation": {"sigma2": "D"}}, "both"),
        ({"notation": {"sigma2": " "}}, "characters"),
        ({"width": 5.0}, "5.0"),
        ({"macros": True}, "fragment"),
    ],
)
def test_wrong_wishes_are_refused(asked, said):
    with pytest.raises(InputError, match=said):
        es.render(found("vae2"), "latex", **asked)


def test_text_has_no_notation_of_ones_own():
    with pytest.raises(InputError, match="LaTeX"):
        es.render(found("vae2"), "text", notation="textbook")
    with pytest.raises(InputError, match="stored form"):
        es.render(found("vae2"), "json", part="theorem")


def test_every_profile_prints_and_differs():
    shown = {name: es.render(found("vae2"), "latex", part="theorem", notation=name) for name in PROFILES}  # fmt: skip
    assert len({*shown.values()}) == len(PROFILES)
    assert shown["papers"] == es.render(found("vae2"), "latex", part="theorem")


def test_the_bibliography_has_both_works():
    assert len(re.findall(r"^@\w+\{(\w+),", bibtex(), re.M)) == 2


def test_a_profile_reaches_graphs():
    d = found("hidden_markov_model")
    text = es.render(d, "latex", fragment=True, notation="textbook")
    assert r"p_{\theta}(c \mid c^{-})" in text
    assert r"\mathbb{E}_{q_{\phi}}" in text
    assert "tempering of $p_{\\theta}(c_{0})$" in text
    assert not re.search(r"(?<![A-Za-z_{\\])[pq]\(", text)
    usual = es.render(d, "latex", fragment=True)
    assert r"p(c \mid c^{-})" in usual
    assert "Theta" not in usual
    macros = es.render(d, "latex", fragment=True, macros=True)
    assert r"\newcommand{\esModel}{p}" in macros
    assert r"\esModel(c \mid c^{-})" in macros


@pytest.mark.parametrize(
    ("tex", "em"),
    [
        (r"\partial_{\alpha_{h}^{2}} \mathcal{F} = 0 \iff \alpha_{h}^{2} = \frac{1}{N} \sum_{n=1}^{N} \nu_{h}^{2}(x_{n}) + \frac{1}{N} \sum_{n=1}^{N} \tau_{h}^{2}(x_{n})", 22.66),
        (r"x_{nd} \mathbb{E}_{q}\Bigl[ e^{\sum_{k=1}^{K} V_{dk} f_{k}(z, s_{n})} \Bigr]", 10.62),
        (r"\frac{1}{\sum_{k'=1}^{K} e^{\sum_{h=1}^{H} B_{k'h} z_{h}}} \sum_{k'=1}^{K} e^{\sum_{h=1}^{H} B_{k'h} z_{h}} \sum_{h=1}^{H} B_{k'h} z_{h}", 20.85),
        (r"(x_{n} - \mu(z))^{\top} (s \, \boldsymbol{\Omega}(z))^{-1} (x_{n} - \mu(z))", 15.29),
    ],
)  # fmt: skip
def test_the_width_of_a_formula_is_estimated_as_tex_sets_it(tex, em):
    r"""Widths that pdflatex measures with \settowidth: never half an em too narrow, and not a tenth too wide."""
    assert -0.5 <= tex_width(tex) - em <= 0.1 * em
