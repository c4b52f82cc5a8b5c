"""In a notebook every result shows a formula or a table, `repr` is one line, and the extension shows bare expressions as pages do."""

import pytest
import sympy as sp

import entropysym as es
from entropysym.display import load_ipython_extension, unload_ipython_extension
from tests.display.test_display import RESULTS

formatters = pytest.importorskip("IPython.core.formatters")

#: What stands in each form of what is shown, so that the form is more than a title.
SHOWN = {
    "Derivation": {"text/html": "σ²", "text/latex": r"\sigma^{2}", "text/markdown": r"\sigma^{2}"},
    "Refusal": {"text/html": "<table>", "text/latex": r"\begin{align*}", "text/markdown": "$$"},
    "Equations": {"text/html": "α<sub>h</sub>²", "text/latex": r"\alpha_{h}^{2}", "text/markdown": r"\alpha_{h}^{2}"},
    "Model": {"text/html": "Π<sub>h</sub>", "text/latex": r"\prod_{h=1}^{H}", "text/markdown": r"\prod_{h=1}^{H}"},
    "Certificate": {"text/html": "<table>", "text/latex": r"\begin{array}", "text/markdown": "| --- |"},
    "Sweep": {"text/html": "<table>", "text/latex": r"\begin{array}", "text/markdown": "| --- |"},
    "SweepReport": {"text/html": "<table>", "text/latex": r"\begin{array}", "text/markdown": "| --- |"},
    "Verdict": {"text/html": "<b>Verdict proved", "text/latex": "Verdict proved", "text/markdown": "**Verdict proved"},
}  # fmt: skip


class Shell:
    """What an extension sees of IPython."""

    def __init__(self):
        self.display_formatter = formatters.DisplayFormatter()

    def shows(self, result):
        data, _ = self.display_formatter.format(result)
        return data


@pytest.mark.parametrize("name", SHOWN)
def test_a_notebook_is_given_formulas_and_tables(name):
    Shell().shows(RESULTS[name])  # what a line tells of was worked out by then
    data = Shell().shows(RESULTS[name])
    assert set(data) == {"text/plain", *SHOWN[name]}
    assert data["text/plain"] == repr(RESULTS[name])
    assert "\n" not in data["text/plain"]
    for form, part in SHOWN[name].items():
        assert part in data[form]


def test_every_result_shows_more_than_a_line():
    for name in RESULTS.keys() - {"Verification"}:  # it shows the derivation among others
        assert set(Shell().shows(RESULTS[name])) == {"text/plain", *SHOWN["Verdict"]}


def test_the_extension_shows_bare_expressions_as_pages_do():
    d, shell = RESULTS["Derivation"], Shell()
    before = shell.shows(d.entropy_sum)
    assert r"\sigma_{2}" in before["text/latex"]
    load_ipython_extension(shell)
    shown = shell.shows(d.entropy_sum)
    assert shown["text/latex"] == rf"$\displaystyle {es.latex(d.entropy_sum)}$"
    assert r"\log(2 \pi e \sigma^{2})" in shown["text/latex"]
    assert shown["text/plain"] == es.plain(d.entropy_sum)
    assert shell.shows(d.stationarity["alpha2"])["text/plain"].startswith("α_h² = 1/N Σ_n")
    assert shell.shows(dict(d.direction))["text/plain"] == "{'sigma2': -σ², 'alpha2': -α_h²}"
    unload_ipython_extension(shell)
    assert shell.shows(d.entropy_sum) == before


def test_the_extension_leaves_everything_else_alone():
    shell = Shell()
    matrix = sp.Matrix([[1, 2]])
    before = shell.shows(matrix), shell.shows(RESULTS["Verdict"])
    load_ipython_extension(shell)
    assert (shell.shows(matrix), shell.shows(RESULTS["Verdict"])) == before
    unload_ipython_extension(shell)
    unload_ipython_extension(shell)  # twice is once
