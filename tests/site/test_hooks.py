"""What the site makes of its pages: formulas become MathML and code stays code; the glossary's links lead somewhere; outputs of notebooks are kept."""

import base64
import re
from types import SimpleNamespace

import pytest

import entropysym as es
from docs.site import gallery, hooks, notebooks, tables
from docs.site.hooks import ROOT
from entropysym.glossary import glossary
from entropysym.pages import for_screen
from entropysym.pages.html import html_body


def both(markdown):
    """A page as it is before and after Markdown is read, which leaves the marks as they are."""
    text = hooks.on_page_markdown(markdown)
    return text, hooks.on_page_content(f"<p>{text}</p>")


def test_formulas_are_drawn_by_the_browser():
    text, html = both(r"the value $\sigma^2$ of 5 $ and 6 $")
    assert "sigma" not in text
    assert html.count("<math") == 1
    assert "5 $ and 6 $" in html


@pytest.mark.parametrize(
    "code", ["`a $x$ b`", "```python\nprint('$x$ $y$')\n```", "    cost $x$ y"]
)
def test_code_stays_code(code):
    text, html = both(f"before\n\n{code}\n\nafter $y$")
    assert code in text
    assert html.count("<math") == 1


def test_a_display_is_no_paragraph():
    _, html = both("$$\na=b\n$$")
    assert html.startswith("<div")
    assert "<p>" not in html


def test_nothing_of_a_mark_is_left():
    _, html = both(
        "$a$ and $$ and `$b$`\n\n$$\n\\begin{aligned}\na &= b && \\text{why} \\\\\n&= c\n\\end{aligned}\n$$\n"
    )
    assert not re.search("[\ue000-\ue003]", html)
    assert "why" in html


def test_doctests_are_code_and_formulas_are_marked():
    pytest.importorskip("griffe")
    from docs.site.docstrings import as_markdown

    text = as_markdown("Gives $a$.\n\n>>> f(['x'])\n['x']\n\nMore.")
    assert "```pycon\n>>> f(['x'])\n['x']\n```" in text
    assert "$" not in text
    assert text.endswith("More.")


def test_the_glossary_s_links_lead_somewhere():
    text = hooks._glossary()
    there = set(re.findall(r"\{#([^}]+)\}", text))
    linked = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert len(there) == len(glossary())
    assert linked <= there


def test_the_first_page_leads_to_what_people_come_for():
    """LaTeX, testing a claim, what a reading means, what to believe: one click each."""
    first = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([a-z]+)\.md\)", first))
    assert {"pages", "testing", "glossary", "trust", "idea"} <= linked


def test_outputs_of_a_notebook():
    cell = SimpleNamespace
    dot = base64.b64encode(b"a picture").decode()
    outputs = [
        {"output_type": "stream", "text": "said"},
        {"output_type": "stream", "text": "\n"},
        {"output_type": "display_data", "data": {"image/png": dot}},
        {"output_type": "stream", "text": "\n"},
        {"output_type": "execute_result", "data": {"text/plain": "x", "text/markdown": "**x**"}},
        {"output_type": "execute_result", "data": {"text/latex": "$\\sigma$"}},
        {"output_type": "execute_result", "data": {"text/markdown": "$\\displaystyle x$"}},
        {"output_type": "execute_result", "data": {"text/plain": "one  two"}},
    ]
    cells = [cell(cell_type="markdown", source="# Title"), cell(cell_type="code", source="f()", outputs=outputs)]  # fmt: skip
    text, pictures = notebooks.written(cell(cells=cells), "n")
    assert text.split("\n\n") == [
        "# Title",
        "```python\nf()\n```",
        "```text\nsaid\n```",
        "![Output](n_0.png)",
        "**x**",
        "$$\n\\sigma\n$$",
        "$$\nx\n$$",
        "```{ .text .columns }\none  two\n```",
    ]
    assert pictures == {"n_0.png": b"a picture"}


def test_cells_of_a_wide_table_are_named():
    row = "<tr>\n<td>a</td>\n<td>b</td>\n<td>c</td>\n</tr>"
    heads = "<tr>\n<th>x</th>\n<th><em>y</em></th>\n<th>z</th>\n</tr>"
    page = tables.labelled(f"<table>\n{heads}\n{row}\n{row}\n</table>")
    assert re.findall(r'data-name="(\w)">(\w)', page) == [*zip("xyz", "abc", strict=True)] * 2
    narrow = "<table>\n<tr><th>x</th><th>y</th></tr>\n<tr><td>a</td><td>b</td></tr>\n</table>"
    assert tables.labelled(narrow) == narrow


def test_the_gallery_is_broken_for_a_screen_and_says_what_each_model_is(monkeypatch):
    monkeypatch.setattr(es.models, "ZOO", {"vae0": es.models.vae0})
    made = dict(gallery.pages())
    assert "VAE-0: Gaussian VAE with fixed decoder variance | refuted |" in made["gallery/index.md"]
    refused = es.derive(es.models.vae0())
    text = for_screen(refused)
    assert made["gallery/vae0.md"].startswith(text.strip())
    assert html_body(text) in es.render(refused, "html")


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    """Links and anchors included; what is not found is a warning, and a warning is an error."""
    pytest.importorskip("mkdocs")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    config = load_config(str(hooks.ROOT / "mkdocs.yml"), site_dir=str(tmp_path), strict=True)
    build(config)
    assert (tmp_path / "gallery" / "vae2.html").is_file()
    assert (tmp_path / "playground" / "index.html").is_file()
    assert "<math" in (tmp_path / "idea.html").read_text(encoding="utf-8")
