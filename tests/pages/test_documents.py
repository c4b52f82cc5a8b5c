"""Whole documents: golden files, wording of every condition, escaping, and that pdflatex takes them.

After a wanted change rewrite the golden files with `UPDATE_GOLDEN=1 pytest tests/pages/test_documents.py` and read the diff.
"""

import dataclasses
import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import sympy as sp

from entropysym import derive, models, replay
from entropysym.errors import InputError
from entropysym.language.records import Constraint
from entropysym.language.store import digest
from entropysym.pages import preamble, render, section
from entropysym.pages.equations import with_one_logarithm
from entropysym.pages.medium import latex_medium, markdown_text, plain_text, tex_text
from entropysym.pages.refusals import RESTS_ON
from entropysym.pages.wording import CONDITIONS, REASONS, sentences
from entropysym.prover import Condition
from entropysym.prover import derivation as records
from entropysym.prover import derive as derive_function
from entropysym.prover.conditions import conditions as conditions_function
from entropysym.prover.conditions import refusal_conditions
from entropysym.prover.derivation import Refusal
from entropysym.prover.document import to_json
from entropysym.verdict import Value, undecided
from tests import instances

GOLDEN = Path(__file__).parent.parent / "golden"
#: Every model that ships, and variants that bring in heads, ranges and objectives of their own.
NAMES = (
    *models.MODELS,
    *("vae1_softplus", "vae3_linear", "vae3_scaled", "vae3_softplus"),
    *("gaussian_vae_cholesky", "gaussian_vae_precision", "vae1_decay", "vae1_frozen_encoder"),
)
REFUSED = ("vae0", "vae3_softplus", "vae1_frozen_encoder")
DERIVED = tuple(name for name in NAMES if name not in REFUSED)
GOLDEN_NAMES = ("vae2", "linear_vae", "gaussian_vae", "poisson_vae", "vae0")
DATA = ("finite", "infinite")
HOSTILE_ASCII = r"100% \evil{} $x_1 & #2 ^~ <b> `code` [l](u) | "
HOSTILE = HOSTILE_ASCII + "σ² ≥ 漢 ö\x1b[31m"


@pytest.fixture(scope="module")
def derived():
    return {name: instances.found(name) for name in NAMES}


def page(name: str, to: str, data: str = "finite") -> str:
    """A document that ships, written once for all tests."""
    return _page(name, to, data)


@cache
def _page(name: str, to: str, data: str) -> str:
    return render(instances.found(name), to, data=data)


def _settled(text: str) -> str:
    """The document without what a release or a replay changes."""
    return re.sub(r"entropysym (\S+?)\. Verdict: .*", "entropysym VERSION. Verdict: …", text)


@pytest.mark.slow
def test_refused_are_those_that_are_named(derived):
    assert {name for name, d in derived.items() if isinstance(d, Refusal)} == set(REFUSED)


@pytest.mark.some(5)
@pytest.mark.parametrize("suffix", ["tex", "txt"])
@pytest.mark.parametrize("name", GOLDEN_NAMES)
def test_golden(name, suffix):
    made = _settled(page(name, {"tex": "latex", "txt": "text"}[suffix]))
    path = GOLDEN / f"{name}.{suffix}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(made, encoding="utf-8")
    assert made.splitlines() == path.read_text(encoding="utf-8").splitlines()


def _compile(tex: str, folder: Path) -> str:
    """Compile once and return the log; TeX breaks its lines, so they are joined."""
    if shutil.which("pdflatex") is None:
        pytest.skip(
            "pdflatex is not installed (Debian: texlive-latex-base, texlive-latex-recommended, lmodern)"
        )
    (folder / "page.tex").write_text(tex, encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "page.tex"],
        cwd=folder,
        capture_output=True,
        timeout=60,
    )
    log = (folder / "page.log").read_text(encoding="latin-1")
    assert run.returncode == 0, log[-3000:]
    return log


@pytest.mark.some(1)
@pytest.mark.parametrize(
    ("name", "data"),
    [*((name, "finite") for name in NAMES), *((name, "infinite") for name in GOLDEN_NAMES)],
)
def test_document_compiles_without_overfull_lines(name, data, tmp_path):
    log = _compile(page(name, "latex", data), tmp_path)
    found = [
        line for line in log.splitlines() if re.search("Overfull|undefined|LaTeX Warning", line)
    ]
    assert found == []


@pytest.mark.some(1)
@pytest.mark.parametrize("to", ["latex", "markdown", "text"])
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_machinery_shows(name, data, to):
    made = page(name, to, data)
    for word in (
        "DataMean",
        "Sum(",
        "Indexed",
        "Dummy",
        "Tuple",
        "None",
        "Softplus",
        "Sigmoid",
        "posdef",
        "Multivariate",
        "_{0}_{",
        "<%",
        "%>",
        "<<",
        ">>",
        "{{",
        "\u00a0",
    ):
        assert word not in made.replace("{{\\small", ""), word


@pytest.mark.some(1)
@pytest.mark.parametrize("name", NAMES)
def test_text_fits_a_terminal(name):
    lines = page(name, "text").splitlines()
    # A single addend is never broken; those of VAE-3 and of the Beta decoder are the longest.
    assert max(map(len, lines)) <= (125 if name.startswith(("vae3", "beta_decoder")) else 100)


@pytest.mark.some(1)
@pytest.mark.parametrize("to", ["latex", "markdown", "text"])
@pytest.mark.parametrize("name", NAMES)
def test_infinite_data_has_no_n(name, to):
    made = page(name, to, "infinite")
    for trace in ("x_{n", "x_n", "^{N}", "{1}{N", "1/N", "n=1", "Σ_n", "n=1}^"):
        assert trace not in made


@pytest.mark.some(2)
@pytest.mark.parametrize("name", NAMES)
def test_markdown_is_taken_by_katex(name):
    made = page(name, "markdown")
    assert not re.search(r"\\(label|DeclareMathOperator|begin\{align\}|reason|notag|tag)", made)
    assert made.count("$$") % 2 == 0


@pytest.mark.some(10)
@pytest.mark.parametrize("to", ["latex", "markdown", "text"])
@pytest.mark.parametrize("name", DERIVED)
def test_every_document_says_what_it_rests_on(derived, name, to):
    d = derived[name]
    made = page(name, to)
    stated = json.loads(to_json(d))["sha256"]["statement"]
    assert stated in made.replace(r"\hspace{0pt}", "")
    assert "206:3931" in made
    assert "2209.03077" in made
    assert "neither an upper nor a lower bound" in made
    last = " ".join(made.split())[-330:]
    family = max((f.name for f in d.model.families), key=len).replace(
        "Multivariate", "multivariate "
    )
    assert "differentiation under" in last
    assert f"normalisation of the {family} density (cited)" in " ".join(made.split())


def test_every_kind_of_condition_and_every_rule_has_a_wording(derived):
    kinds = (records.Condition.__doc__ or "").partition("Kinds:")[2].partition("and of a refusal")
    documented, of_refusals = (set(re.findall(r"`(\w+)`", kinds[i])) for i in (0, 2))
    files = (derive_function, conditions_function)
    source = "".join(Path(f.__code__.co_filename).read_text(encoding="utf-8") for f in files)
    written = set(re.findall(r'Condition\(\s*"(\w+)"', source))
    met = {c.kind for name in DERIVED for c in derived[name].conditions}
    assert documented
    assert written
    assert (documented | written | met) - of_refusals == set(CONDITIONS)
    frozen = models.vae1(frozen_encoder=True)
    met = {c.kind for f in frozen.p for c in refusal_conditions(frozen, f.name)}
    assert met == set(RESTS_ON)
    assert of_refusals < met
    assert set(REASONS) == set(records.Rule.__args__)  # type: ignore[attr-defined]


def test_a_condition_without_wording_is_not_dropped(derived):
    d = derived["vae2"]
    with pytest.raises(InputError, match="'moonlight'"):
        render(
            dataclasses.replace(d, conditions=(*d.conditions, Condition("moonlight", "elbo"))),
            "text",
        )


def test_every_condition_is_named(derived):
    d = derived["linear_vae"]
    said = " ".join(sentences(d.conditions, d.model, latex_medium(d.model, "finite")))
    for letter in ("V_{hd}", "c_{h}", r"\tau_{h}", r"\partial_{W_{dh}}", r"\partial_{\sigma}"):
        assert letter in said


@pytest.fixture(scope="module")
def hostile():
    model = dataclasses.replace(
        models.vae2(),
        title=HOSTILE,
        source=HOSTILE,
        constraints=(Constraint("mu", f"columns of mu: {HOSTILE_ASCII}"),),
    )
    return derive(model)


def test_hostile_text_is_escaped_in_latex(hostile, tmp_path):
    made = render(hostile, "latex")
    assert r"\evil" not in made
    assert "100\\%" in made
    assert r"columns of $\mu$:" in made
    _compile(made, tmp_path)


def test_hostile_text_is_escaped_elsewhere(hostile):
    assert "\x1b" not in render(hostile, "text") + render(hostile, "markdown")
    assert "<b>" not in render(hostile, "markdown").replace(r"\<b\>", "")
    assert markdown_text("a*b_c") == r"a\*b\_c"
    assert plain_text("a\x07b\nc") == "ab c"
    assert tex_text("a_b\\") == r"a\_b\textbackslash{}"


def test_one_logarithm_keeps_the_value():
    s = sp.Symbol("s", positive=True)
    spread = sp.log(s) / 2 + sp.log(2) / 2 + sp.Rational(1, 2) + sp.log(sp.pi) / 2
    joined = with_one_logarithm(spread)
    assert joined == sp.log(2 * sp.pi * sp.E * s) / 2
    assert abs((joined - spread).subs(s, sp.Rational(7, 3)).evalf(40)) < 1e-35
    assert with_one_logarithm(s + sp.log(s)) == s + sp.log(s)


def test_json_is_the_provers(derived):
    assert page("vae2", "json") == to_json(derived["vae2"])


def test_unknown_format_names_the_formats():
    with pytest.raises(InputError, match=r"'word'.*json, latex, markdown, text"):
        page("vae2", "word")


def test_only_derivations_and_refusals_are_rendered():
    with pytest.raises(InputError, match="derivation"):
        render("vae2")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def refusal():
    fixed = models.vae2()
    frozen = tuple(dataclasses.replace(p, learned=p.name != "sigma2") for p in fixed.parameters)
    found = derive(dataclasses.replace(fixed, parameters=frozen))
    assert isinstance(found, Refusal)
    return found


@pytest.mark.parametrize("to", ["latex", "markdown", "text"])
def test_a_refusal_says_what_is_missing(refusal, to):
    made = render(refusal, to)
    assert "No entropy sum was derived" in made
    assert "gives the decoder's part" in " ".join(made.split())
    assert "What is missing" in made
    assert refusal.verdict.value.value in made
    assert "theorem" not in made.rpartition(r"\begin{document}")[2].lower()
    assert "Partial result" in made


def test_a_refusal_compiles(refusal, tmp_path):
    assert "Overfull" not in _compile(render(refusal, "latex"), tmp_path)


def test_a_bare_refusal_is_rendered():
    bare = Refusal(models.vae2(), "model", "no common direction", (), undecided("none"))
    assert "No common direction." in render(bare, "text")


def test_a_bare_refusal_has_no_stored_form():
    bare = Refusal(models.vae2(), "model", "no common direction", (), undecided("none"))
    with pytest.raises(InputError, match="no stored form, because no partial result"):
        render(bare, "json")


def test_the_stored_form_of_an_undecided_refusal_is_that_of_its_partial_result(refusal):
    assert refusal.verdict.value is Value.UNDECIDED
    assert render(refusal, "json") == to_json(refusal.partial)


@pytest.mark.parametrize("name", REFUSED)
def test_a_witness_is_stored_where_it_refutes_and_only_there(derived, name):
    """It is replayed as what it is; with other points in it, it is not accepted."""
    found = derived[name]
    stored = render(found, "json")
    if found.verdict.value is not Value.REFUTED:
        assert stored == to_json(found.partial)
        return
    assert "refusal" in json.loads(stored)
    assert replay(stored).value is Value.REFUTED
    wrong = json.loads(stored)
    wrong["refusal"]["points"] = [[1, 0]]
    wrong["sha256"]["refusal"] = digest(wrong["refusal"])
    assert replay(json.dumps(wrong)).value is Value.UNDECIDED
    said = " ".join(render(found, "text").split())
    assert "Witness, at all sizes 1" in said
    assert "It rests on densities that integrate to one (Normal: cited), scores with" in said
    assert not re.search("determinant|ertificate", said)


def test_one_witness_refutes(derived):
    """The test above is not empty."""
    assert {n for n in REFUSED if derived[n].verdict.value is Value.REFUTED} == {
        "vae0",
        "vae1_frozen_encoder",
    }


@pytest.mark.parametrize("name", [*REFUSED, "vae1_decay"])
def test_a_partial_result_is_called_one_and_shows_what_is_left(name):
    text, tex = page(name, "text"), page(name, "latex")
    assert "F = ℰ + Δ* + v·∇" in text
    assert "Δ* = " in text
    assert r"\begin{partialresult}" in tex
    assert r"\begin{theorem}" not in tex


def test_another_objective_is_shown_and_the_claim_stays_about_the_elbo():
    text = page("beta_vae", "text")
    assert "J = β/N Σ_n {H[q(z|x_n)] + E_q(z|x_n)[log p(z)]}" in text
    assert "F = ℰ + v·∇J" in text
    assert "∂J/∂σ² = 0" in text
    assert "∂F/∂" not in text
    decay = page("vae1_decay", "text")
    assert "- λ/2 Σ_k Σ_h W_kh²" in decay
    assert "Δ* = -λ/2 Σ_k Σ_h W_kh²" in decay


def test_what_is_not_learned_is_said():
    text = page("vae1_frozen_encoder", "text")
    assert "V_hj: real array, fixed" in text
    assert "g_j(x_n): any real function of x_n, not learned" in text
    assert "not learned" not in page("vae1", "text")


def test_a_matrix_condition_is_only_that_along_its_multiples():
    text = page("gaussian_vae", "text")
    assert "tr(Aᵀ ∂F/∂A) = 0  ⟺  H = " in text
    assert "∂F/∂A = 0  ⟺" not in text
    assert "For A the condition along its own multiples is shown" in " ".join(text.split())


def test_pseudo_entropies_are_marked_and_the_base_measure_named():
    text = " ".join(page("poisson_vae", "text").split())
    assert "H̃[p(x|z)]" in text
    assert "log h(x_n) = -Σ_d log x_nd!" in text
    assert "base measure of the Poisson family" in text
    assert "H̃" not in page("bernoulli_vae", "text")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("vae1", "∂F/∂s_h = 0  ⟺  1 = 1/N Σ_n {exp(r_h(x_n) + u_h) + (Σ_j V_hj g_j(x_n) + c_h)²}"),
        ("sparse_coding", "∂F/∂λ_h = 0  ⟺  λ_h = 1/N Σ_n E_q(z|x_n)[|z_h|]"),
        ("gaussian_vae", "∂F/∂s = 0  ⟺  D = 1/N Σ_n E_q(z|x_n)[(x_n - μ(z))ᵀ (s Ω(z))⁻¹ (x_n - μ(z))]"),
        ("beta_vae", "∂J/∂s_h = 0  ⟺  1 = 1/N Σ_n {exp(r_h(x_n) + u_h) + (Σ_j V_hj g_j(x_n) + c_h)²}"),
    ],
)  # fmt: skip
def test_stationarity_conditions_read_as_in_a_paper(name, line):
    assert line in page(name, "text")


def test_a_section_has_no_preamble_and_the_preamble_is_its_own(derived, tmp_path):
    body = "\n".join(
        f"\\section{{{tex_text(name)}}}\n{section(derived[name])}"
        for name in ("vae2", "vae0", "poisson_vae")
    )
    assert "documentclass" not in body
    assert r"\section{Model}" not in body
    made = f"{preamble()}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    assert "Overfull" not in _compile(made, tmp_path)
