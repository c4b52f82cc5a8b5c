"""HTML in one file: every formula is well-formed MathML, nothing is raw, nothing is fetched."""

import html
import re
import xml.etree.ElementTree as ET

import pytest

import entropysym as es
from entropysym.pages import display
from entropysym.pages.equations import direction_lines
from entropysym.pages.html import html_body, mathml
from tests.instances import found

NAMES = sorted(es.models.ZOO)


@pytest.mark.some(3)
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_whole_and_nothing_on_it_is_raw(name):
    page = es.render(found(name), "html")
    formulas = re.findall(r"<math .*?</math>", page, re.S)
    assert len(formulas) > 10
    for one in formulas:
        ET.fromstring(one)  # well-formed
        assert "\\" not in re.sub(r"<[^>]*>", "", one), one
    rest = re.sub(r"<math .*?</math>", "", page, flags=re.S)
    body = rest.partition("<body>")[2]
    assert not re.search(
        r"\\[A-Za-z]+|\$|\ue000|\ue001", html.unescape(re.sub(r"<[^>]*>", "", body))
    )
    assert not re.search(r"""(src|href)\s*=|@import|url\(""", page)


def test_the_lines_of_a_display_have_their_reasons():
    page = es.render(found("vae2"), "html")
    reasons = [r for r in re.findall(r'<span class="reason">(.*?)</span>', page) if r]
    assert "(1) definition of the ELBO" in reasons
    assert "tempering equation" in reasons


def test_what_goes_on_below_stands_before_its_reason():
    body = html_body(
        "$$\n\\begin{aligned}\na &= b && \\text{why} \\\\\n&\\quad + c \\\\\nd &= e\n\\end{aligned}\n$$\n"
    )
    assert body.count('class="left"') == body.count('class="reason"') == 2
    assert body.index("<mi>b<") < body.index("<mi>c<") < body.index("why") < body.index("<mi>d<")


def test_sums_of_a_display_carry_their_limits_above_and_below():
    assert "munderover" in mathml(r"\sum_{n=1}^{N} x_{n}", display=True)
    assert "munderover" not in mathml(r"\sum_{n=1}^{N} x_{n}")


def test_text_is_text():
    body = html_body("# A <b> \\$5\n\nWhere $a < b$.\n")
    assert "&lt;b&gt;" in body
    assert "<b>" not in body
    assert "$5" in body
    assert body.count("<math") == 1


def test_a_fragment_is_no_document():
    part = es.render(found("vae2"), "html", part="theorem")
    assert "<html" not in part
    assert "<math" in part


def test_a_notation_of_ones_own_is_drawn():
    page = es.render(found("vae2"), "html", part="theorem", notation={"sigma2": r"\rho^2"})
    assert "&#x003C1;" in page


def test_equations_alone_are_drawn_too():
    d = found("vae2")
    shown = display(direction_lines(d), d.model, "html")
    assert "<math" in shown
    assert "$$" not in shown


def test_a_letter_of_another_alphabet_needs_no_braces():
    assert mathml(r"\mathcal F=\mathbb E") == mathml(r"\mathcal{F}=\mathbb{E}")
    assert mathml(r"\mathcal F") != mathml("F")
