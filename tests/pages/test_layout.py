"""Displays: where long lines break, and what stands beside what."""

import re

import pytest
import sympy as sp

import entropysym as es
from entropysym.models.gaussian import vae2
from entropysym.pages.abbreviations import abbreviations
from entropysym.pages.breaking import rows, tex_width
from entropysym.pages.equations import Line
from entropysym.pages.latex import PaperPrinter
from entropysym.pages.layout import markdown_layout
from entropysym.pages.medium import markdown_medium, plain_medium
from entropysym.pages.order import Roles
from tests.instances import found

A, B, C, D = sp.symbols("a b c d", real=True)


def displayed(*lines, width):
    layout = markdown_layout(markdown_medium(vae2(), "finite"), width)
    return layout.display(*lines).splitlines()[2:-2]


def wide(letter):
    """A left side that is about 12 em wide."""
    return sp.Add(*(sp.Symbol(f"{letter}_{k}", real=True) for k in range(1, 8)))


def test_sides_of_about_one_width_stand_above_together():
    lines = (Line(wide("a"), B), Line(wide("b"), wide("c")), Line(C, D))
    shown = displayed(*lines, width=16)
    assert [row.startswith(("&a_", "&b_")) for row in shown].count(True) == 2
    assert any(row.startswith("c &= d") for row in shown)


def test_what_follows_a_side_that_stands_above_is_indented_as_its_right_side_is():
    shown = displayed(Line(wide("a"), B), Line(None, wide("c")), Line(C, D), width=14)
    signs = [row for row in shown if "=" in row]
    assert [row.startswith(r"&\quad = ") for row in signs] == [True, True, False]


def test_a_product_breaks_inside_the_brackets_of_its_sum():
    e = sp.Mul(A, wide("b") + C, evaluate=False)
    printer = PaperPrinter(Roles())
    assert tex_width(printer.doprint(e)) > 10
    pieces = rows(e, printer, tex_width, 10, 10)
    assert len(pieces) > 1
    assert " ".join(pieces) == printer.doprint(e)
    assert all(tex_width(piece) <= 10 for piece in pieces)


def test_a_fraction_is_not_torn_apart():
    e = sp.Mul(wide("b"), 1 / (A + C), evaluate=False)
    for piece in rows(e, PaperPrinter(Roles()), tex_width, 5, 5):
        assert piece.count("{") == piece.count("}")


def test_one_of_two_columns_is_wide_enough_for_the_page_of_single_cells():
    tex = es.render(found("single_cell_vae"), "latex", fragment=True, width=23)
    shares = {r"\small": 0.92, r"\footnotesize": 0.84, r"\scriptsize": 0.79}
    pattern = r"(?:\{(\\[a-z]+)\n)?\\begin\{align\*?\}\n(.*?)\n\\end"
    displays = re.findall(pattern, tex, re.S)
    assert len(displays) > 5
    for size, body in displays:
        for row in re.split(r" \\\\\*?\n", body):
            row = row.replace(r"\notag", "")
            assert tex_width(row) * shares.get(size, 1.0) <= 23, row


@pytest.mark.parametrize("name", ["beta_decoder_vae", "single_cell_vae", "softmax_classifier"])
def test_a_long_argument_has_its_letter_wherever_it_stands(name):
    """Also a second one, and one whose exponential was taken apart."""
    d = found(name)
    short = abbreviations(d.model)
    assert len(short) == (2 if name == "beta_decoder_vae" else 1)
    closed = es.render(d, "text", part="closed form")
    assert not re.search(r"exp\([^()]*Σ", closed)
    argument = es.render(d, "text", part="derivation").partition("ℓ = ")[2]
    if name != "beta_decoder_vae":
        assert " + c_d" not in argument
        assert " + b_k" not in argument
    if name == "softmax_classifier":
        assert "exp(b" not in es.render(d, "text", part="conditions")


def test_an_exponential_over_a_number_needs_no_brackets_on_a_terminal():
    m = plain_medium(vae2(), "finite")
    assert m.math(sp.exp(A + B) / 2).replace("\u00a0", " ") == "exp(a + b)/2"
    assert m.math(C * sp.exp(A) / 2).replace("\u00a0", " ") == "(c exp(a))/2"
