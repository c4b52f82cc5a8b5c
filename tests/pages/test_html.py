"""HTML in one file: every formula is well-formed MathML, nothing is raw, nothing is fetched."""

import html
import re
import xml.etree.ElementTree as ET
from pathlib import Path

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


def test_the_reason_of_a_graph_ends_with_a_formula():
    page = es.render(found("hidden_markov_model"), "html")
    reasons = re.findall(r'<span class="reason">(.*?)</span>', page)
    (one,) = (r for r in reasons if r.startswith("(3)"))
    assert one.startswith("(3) tempering of <math")
    assert "".join(ET.fromstring(one.partition("of ")[2]).itertext()) == "p(c0)"


def test_a_reason_stands_before_its_line():
    """Where a screen is narrow it is read first, and the line goes on without a break."""
    row = html_body(
        "$$\n\\begin{aligned}\na &= b && \\text{why} \\\\\n&\\quad + c\n\\end{aligned}\n$$"
    )
    cells = re.findall(r'class="(reason|left|right)"', row)
    assert cells == ["reason", "left", "right"] * 2
    assert re.findall(r'"reason">(.*?)<', row) == ["why", ""]


@pytest.mark.parametrize(
    ("tex", "drawn"),
    [
        (r"\Bigl\{ a \Bigr\}", ["{", "a", "}"]),
        (r"\boldsymbol{A} + \boldsymbol{\Omega}", ["\U0001d468", "+", "\U0001d6c0"]),
        (r"\boldsymbol{\sigma}", ["\U0001d748"]),
    ],
)
def test_letters_and_braces_are_drawn_as_tex_draws_them(tex, drawn):
    tree = ET.fromstring(mathml(tex))
    assert [t for t in tree.itertext() if t.strip()] == drawn


def test_there_is_room_before_the_name_of_a_function_that_follows_a_factor():
    assert "mspace" in mathml(r"x \operatorname{erf}(y)")
    assert "mspace" not in mathml(r"(\operatorname{erf}(y))")


def _base(tex):
    """What bears the exponent of a formula, as text."""
    tree = ET.fromstring(mathml(tex))
    power = next(e for e in tree.iter() if e.tag.endswith("msup"))
    return "".join(power[0].itertext())


@pytest.mark.parametrize(
    ("tex", "base"),
    [
        (r"\Bigl( a + \bigl[ b \bigr] \Bigr)^{2}", "(a+[b])"),
        (r"\frac{\Bigl( a \Bigr)^{2}}{b}", "(a)"),
        (r"\Bigl( \Bigl( a \Bigr)^{2} + b \Bigr)", "(a)"),
        (r"a + b \Bigr)^{2}", ")"),  # what was opened in another line
        (r"(a)^{2}", ")"),
    ],
)
def test_a_sized_bracket_and_what_it_closes_bear_an_exponent_together(tex, base):
    assert _base(tex) == base


def test_a_full_stop_stays_with_its_formula():
    body = html_body("Let $a$, $b$ be.\n\n$c$.\n")
    assert re.findall(r'<span class="kept"><math.*?</math>(.)</span>', body) == [",", "."]
    assert body.count("<p>") == body.count("</p>") == 2


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


def test_a_left_side_above_its_right_one_begins_at_the_edge_with_all_that_follows():
    rows = [r"a &= b", r"&c", r"&\quad = d", r"&\qquad + e", r" &= f", r"g &= h"]
    body = "$$\n\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}\n$$"
    kinds = re.findall(r'class="(left|right|right flush)"', html_body(body))
    assert kinds == ["left", "right", *["right flush"] * 4, "left", "right"]


def test_the_rows_of_one_equation_stay_together():
    rows = [r"a = b, \qquad c = d,", r"e = f", r"\quad + g"]
    body = html_body("$$\n\\begin{gathered}\n" + " \\\\\n".join(rows) + "\n\\end{gathered}\n$$")
    assert len(re.findall(r'<span class="broken">(?:<span>.*?</span>){2}</span>', body)) == 1
    assert body.count("<span>") == 4


def test_capital_greek_letters_stand_upright_and_a_logarithm_before_one_has_room():
    drawn = mathml(r"\log\Gamma(\Theta) + \theta")
    assert drawn.count('mathvariant="normal"') == 2
    assert "mspace" in drawn.partition("log")[2].partition("&#x00393;")[0]


def test_all_that_draws_displays_knows_their_cells():
    """The page that stands alone, the site and the playground."""
    root = Path(__file__).parents[2]
    drawn = (root / "entropysym/pages/html.py").read_text(encoding="utf-8")
    cells = {c for names in re.findall(r'class="([a-z ]+)"', drawn) for c in names.split()}
    assert len(cells) > 5
    for style in (
        "entropysym/pages/templates/page.html",
        "docs/stylesheets/extra.css",
        "docs/playground/style.css",
    ):
        rules = (root / style).read_text(encoding="utf-8")
        assert cells - set(re.findall(r"\.([a-z]+)", rules)) == set(), style
        # What is too wide is scrolled sideways; a bar beside every display would be for the tails of its letters.
        assert "overflow: auto hidden" in rules, style
        assert "overflow-x: auto; }" not in "".join(
            re.findall(r"\.(?:aligned|gathered) \{.*", rules)
        )
