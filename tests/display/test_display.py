"""How results show themselves: one line, HTML, Markdown, LaTeX and text, for every class of the table."""

import re
from dataclasses import dataclass, fields, is_dataclass, replace
from html.parser import HTMLParser
from importlib import import_module

import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym.ascent.settling import Ending, Settled
from entropysym.auditing.records import Audit, Outcome, Row
from entropysym.claims.verification import Verification
from entropysym.display import forms, line, said_of
from entropysym.display.table import SAID
from entropysym.errors import InputError
from entropysym.networks.certificate import Certificate
from entropysym.networks.readings import Reading
from entropysym.prover import derive as find
from entropysym.shown import Shown
from entropysym.sweeping.sweeps import SweepReport
from entropysym.testing.claims import ELBO, Claim, Theorem
from entropysym.verdict import proved, refuted
from entropysym.witness import Sweep, VariantResult
from tests.instances import derivation, found

SWEEP = Sweep("vae2", 1000, 0, 3, 2.5, "D=3, H=2", 0, 0)
CERTIFICATE = Certificate(
    elbo=-1.5,
    encoder_entropy=1.0,
    entropies={"prior": 1.5, "decoder": 1.25},
    gaps={"prior": 0.25, "decoder": 0.0},
    gap=0.25,
    predicted=0.25,
    slopes={"prior": 0.25, "decoder": 0.0},
    residual=1.0,
    tolerance=1e-12,
    gradient_norm=0.5,
    trained_gradient_norm=0.5,
    direction_norm=2.0,
    missing={},
    origin="solved",
    motion=("W × -0.5",),
    inertia=(0, 3, 1),
    quadrature_error=None,
    reading=Reading.STALLED,
    message="gap +2.50e-01 nat, gradient norm 5.0e-01",
)


def _monitored():
    rng = np.random.default_rng(0)
    x, nu = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    arrays = {"x": x, "nu": nu, "tau2": np.ones((6, 2)), "mean": np.zeros((6, 3)), "sigma2": 1.0}
    step = es.Monitor().log(40, **arrays)
    return step, es.entropies(**arrays)


def _results():
    d, r = derivation("vae2"), found("vae0")
    step, report = _monitored()
    variants = (VariantResult("a factor", 10, 10, False),)
    values, norms = np.arange(30.0), np.full(30, 1e-9)
    settled = Settled({}, values, norms, Ending.ARRIVED, "arrived", {}, 1.0)
    audit = Audit("Gamma", (Row("entropy", Outcome.FAILS, "1.0 is not 2.0 <"),))
    return {
        "Derivation": d,
        "Refusal": r,
        "Equations": d.stationarity,
        "Model": d.model,
        "Verdict": d.verdict,
        "Certificate": CERTIFICATE,
        "Reading": Reading.CLAMPED,
        "SweepReport": SweepReport("key", 0, 1000, 2, SWEEP, {}, variants),
        "Sweep": SWEEP,
        "Verification": Verification("vae2", d.verdict, d, SWEEP, variants),
        "Settled": settled,
        "Audit": audit,
        "Step": step,
        "EntropyReport": report,
        "Claim": Claim("vae2", ELBO, sp.Integer(0)),
        "Theorem": Theorem("vae2"),
        "Entry": es.explain("gap"),
    }


#: A result of each class of the table, by the class's name.
RESULTS = _results()


def test_every_class_of_the_table_is_tried_and_shows_itself():
    assert {name.rpartition(".")[2] for name in SAID} == set(RESULTS)
    for path in SAID:
        module, _, name = path.rpartition(".")
        kind = getattr(import_module(module), name)
        assert issubclass(kind, Shown)
        assert kind.__repr__ is Shown.__repr__
        assert isinstance(RESULTS[name], kind)


EXPECTED = {
    "Derivation": "<Derivation of vae2: F = ℰ at stationary points, proved>",
    "Equations": "<Stationarity conditions of vae2",
    "Refusal": "<Refusal of vae0: refuted: no motion",
    "Model": "<Model vae2: VAE-2: Gaussian VAE",
    "Verdict": "<Verdict proved [replayed]: derivation accepted",
    "Certificate": "<Certificate: stalled, gap +0.25 nat as predicted, gradient norm 0.5>",
    "Reading": "<Reading CLAMPED: clamped: the variance",
    "SweepReport": "<Sweep of vae2: proved, 1000 configurations, largest residual 2.5 eps x terms>",
    "Sweep": "<Sweep of vae2: passed, 1000 configurations, largest residual 2.5 eps x terms>",
    "Verification": "<Verification of vae2: proved [replayed]: derivation",
    "Settled": "<Settled, 30 runs: arrived, largest gradient norm 1e-09>",
    "Audit": "<Audit of Gamma: fails: entropy>",
    "Step": "<Step 40: ELBO -",
    "EntropyReport": "<Entropies: ELBO -",
    "Claim": "<Claim on vae2: F = 0>",
    "Theorem": "<Theorem on vae2: its gap identity>",
    "Entry": "<gap: ELBO minus entropy sum. It has one part",
}


@pytest.mark.parametrize("name", RESULTS)
def test_repr_is_one_line(name):
    text = repr(RESULTS[name])
    assert text == line(RESULTS[name])
    assert text.startswith(EXPECTED[name])
    assert text.endswith((">", "…>"))
    assert len(text) <= 100
    assert "\n" not in text


def test_a_long_line_is_cut():
    text = repr(refuted("a reason " * 50))
    assert len(text) == 100
    assert text.endswith("…>")
    assert repr(refuted("two\nlines")) == "<Verdict refuted: two lines>"


def test_repr_never_raises_and_works_nothing_out(monkeypatch):
    half = object.__new__(type(derivation("vae2")))
    assert repr(half) == "<Derived>"

    def fail(*_):
        raise AssertionError("worked out")

    monkeypatch.setattr("entropysym.prover.stationarity.stationarity_conditions", fail)
    fresh = find(es.models.vae2())
    assert repr(fresh.stationarity) == "<Stationarity conditions of vae2: not worked out yet>"
    assert repr(fresh) == "<Derivation of vae2: F = ℰ at stationary points, undecided>"
    with pytest.raises(AssertionError, match="worked out"):
        fresh.stationarity._repr_latex_()


def test_small_records_keep_the_repr_that_python_makes():
    condition = derivation("vae2").conditions[0]
    assert repr(condition) == "Condition(kind='range', subject='sigma2', detail='positive')"
    assert "rejected=" in repr(VariantResult("a factor", 10, 10, False))


def test_str_stays_where_it_is_said():
    assert str(proved("why", "replayed")) == "proved: why [replayed]"
    assert str(RESULTS["Derivation"]) == repr(RESULTS["Derivation"])
    assert str(RESULTS["Claim"]) == "F = 0"
    assert str(RESULTS["Entry"]).startswith("gap (Δ)\n    Δ = F - ℰ\nELBO minus")


class _Balanced(HTMLParser):
    """Reads HTML and demands that every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.read, self.seen = [], "", set()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.read += data


def _read(html):
    parser = _Balanced()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


@pytest.mark.parametrize("name", RESULTS)
def test_html_is_whole_and_needs_nothing_from_elsewhere(name):
    parser = _read(RESULTS[name]._repr_html_())
    assert said_of(RESULTS[name]).kind in parser.read
    assert parser.seen <= {"div", "p", "b", "span", "sub", "table", "tr", "th", "td"}
    assert "$" not in parser.read
    assert "\\" not in parser.read


@pytest.mark.parametrize("name", RESULTS)
def test_latex_and_markdown_have_their_braces_and_environments(name):
    for text in (RESULTS[name]._repr_latex_(), RESULTS[name]._repr_markdown_()):
        bare = re.sub(r"\\[{}]", "", text)
        assert bare.count("{") == bare.count("}")
        for environment in re.findall(r"\\begin\{([a-z*]+)\}", text):
            assert text.count(rf"\begin{{{environment}}}") == text.count(rf"\end{{{environment}}}")
        assert text.count("$$") % 2 == 0
        assert "U+" not in text


@pytest.mark.parametrize("name", RESULTS)
def test_a_page_of_text_fits(name):
    text = forms.text(RESULTS[name])
    assert text.startswith(said_of(RESULTS[name]).kind)
    assert all(len(one) <= 100 for one in text.splitlines())


def test_a_derivation_shows_its_theorem():
    d = RESULTS["Derivation"]
    text = forms.text(d)
    assert "Under 6 conditions, at every value of the parameters,\n\n    F = ℰ + v·∇F" in text
    assert "v[α_h²] = -α_h²" in text
    assert "F = ℰ = 1/(2N) Σ_n Σ_h log τ_h²(x_n)" in text
    tex = d._repr_latex_()
    assert r"\mathcal{F} = \mathcal{E} &= \frac{1}{2 N}" in tex
    assert r"\log(2 \pi e \sigma^{2})" in tex
    assert r"\sigma_{2}" not in tex + d._repr_markdown_()
    assert "α<sub>h</sub>²" in d._repr_html_()


def test_the_conditions_are_counted_as_the_page_lists_them():
    d = RESULTS["Derivation"]
    page = es.render(d)
    listed = re.findall(r"^  \(([a-p])\) ", page.partition("Derivation\n---")[0], flags=re.M)
    assert f"Under {len(listed) - 1} conditions" in forms.text(d)  # one of them is stationarity


def test_a_refusal_shows_witness_and_what_is_true_all_the_same():
    text = forms.text(RESULTS["Refusal"])
    assert "What is true all the same: under" in text
    assert "F = ℰ + Δ* + v·∇F" in text
    assert re.search(r"witness +W = 0, .*sigma2 = 1", text)
    assert "claims.COUNTER_EXAMPLES['fixed variance']" in text


def test_a_derivation_without_a_direction_holds_everywhere():
    d = replace(RESULTS["Derivation"], direction={})
    assert repr(d) == "<Derivation of vae2: F = ℰ everywhere, proved>"
    assert "along the direction" not in forms.text(d)


def test_long_arguments_stand_under_a_letter_as_on_the_page():
    text = forms.text(derivation("bernoulli_vae"))
    assert "with\n\n    η_d(z) = Σ_k V_dk f_k(z) + c_d" in text
    assert "with\n" not in forms.text(RESULTS["Derivation"])
    both = forms.text(derivation("beta_decoder_vae"))
    assert "Σ_k A_dk f_k(z) + a_d\n    ζ_d(z) = Σ_k B_dk f_k(z) + b_d" in both


def test_stationarity_conditions_show_as_the_page_has_them():
    text = forms.text(RESULTS["Equations"])
    assert "∂F/∂α_h² = 0  ⟺  α_h² = 1/N Σ_n ν_h²(x_n) + 1/N Σ_n τ_h²(x_n)" in text
    assert repr(RESULTS["Equations"]) == "<Stationarity conditions of vae2: sigma2, alpha2>"


def test_what_is_written_by_others_is_escaped():
    title = "A <script>alert(1)</script> & $x$ | model"
    model = replace(es.models.vae2(), title=title)
    html = model._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert r"\<script" in model._repr_markdown_()
    assert r"\$x\$" in model._repr_latex_()
    rows = replace(RESULTS["Audit"], rows=(Row("a|b", Outcome.HOLDS, "$ & _"),))
    assert r"a\|b" in rows._repr_markdown_()
    assert r"\text{\$ \& \_}" in rows._repr_latex_()


def test_a_long_table_is_cut_and_says_so():
    text = forms.text(RESULTS["Settled"])
    assert "10 runs more." in text
    assert "\n19 " in text
    assert "\n20 " not in text


def test_what_shows_nothing_is_told():
    with pytest.raises(InputError, match="3 is no result that shows itself"):
        line(3)

    @dataclass(frozen=True, repr=False)
    class Foreign(Shown):
        x: int

    assert repr(Foreign(1)) == "<Foreign>"
    with pytest.raises(InputError, match="shows itself"):
        Foreign(1)._repr_html_()


def test_the_mixin_adds_no_field():
    assert is_dataclass(RESULTS["Verdict"])
    assert [f.name for f in fields(RESULTS["Verdict"])] == ["value", "reason", "evidence"]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(es.models.ZOO))
def test_every_model_that_ships_is_shown(name):
    d = found(name)
    for result in (d, d.model):
        assert len(repr(result)) <= 100
        _read(result._repr_html_())
        tex = result._repr_latex_()
        assert tex.count(r"\begin{align*}") == tex.count(r"\end{align*}") >= 1
        assert "$$" in result._repr_markdown_()
        assert all(len(one) <= 130 for one in forms.text(result).splitlines())
