"""Names as a person writes them: a table by hand, not read off the printers."""

import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.language.names import latex_stem, plain_stem, spelled
from entropysym.pages import latex, plain

#: Name, whether its values are positive, what is declared beside it, LaTeX and text.
TABLE = [
    ("sigma2", True, "", r"\sigma^{2}", "σ²"),
    ("sigma2", False, "", r"\sigma_{2}", "σ_2"),
    ("sigma2", True, "sigma1", r"\sigma_{2}", "σ_2"),
    ("sigma2", True, "sigma3", r"\sigma_{2}", "σ_2"),
    ("sigma2", True, "sigma", r"\sigma_{2}", "σ_2"),
    ("sigma2", True, "tau1", r"\sigma^{2}", "σ²"),
    ("sigma1", True, "sigma2", r"\sigma_{1}", "σ_1"),
    ("sigma", True, "", r"\sigma", "σ"),
    ("sigma12", True, "", r"\sigma_{12}", "σ_12"),
    ("sigma22", True, "", r"\sigma_{22}", "σ_22"),
    ("sigma2_x", True, "", r"\sigma_{x}^{2}", "σ_x²"),
    ("sigma2_x", True, "sigma2_y", r"\sigma_{x}^{2}", "σ_x²"),
    ("sigma2_x", True, "sigma1_x", r"\sigma_{2,x}", "σ_2,x"),
    ("sigma_x", True, "", r"\sigma_{x}", "σ_x"),
    ("sigma_dec", True, "", r"\sigma_{\mathrm{dec}}", "σ_dec"),
    ("sigma2_dec", True, "", r"\sigma_{\mathrm{dec}}^{2}", "σ_dec²"),
    ("alpha2", True, "", r"\alpha^{2}", "α²"),
    ("alpha2", True, "alpha1", r"\alpha_{2}", "α_2"),
    ("tau2", True, "nu", r"\tau^{2}", "τ²"),
    ("mu1", False, "mu2", r"\mu_{1}", "μ_1"),
    ("mu2", False, "mu1", r"\mu_{2}", "μ_2"),
    ("mu2", False, "", r"\mu_{2}", "μ_2"),
    ("mu0", False, "", r"\mu_{0}", "μ_0"),
    ("mu_dec", False, "", r"\mu_{\mathrm{dec}}", "μ_dec"),
    ("mu_0_h", False, "", r"\mu_{0,h}", "μ_0,h"),
    ("beta2", False, "", r"\beta_{2}", "β_2"),
    ("beta2", True, "", r"\beta^{2}", "β²"),
    ("beta2", True, "beta0 beta1", r"\beta_{2}", "β_2"),
    ("beta0", False, "beta1 beta2", r"\beta_{0}", "β_0"),
    ("epsilon2", True, "", r"\varepsilon^{2}", "ε²"),
    ("chi2", True, "", r"\chi^{2}", "χ²"),
    ("Gamma2", False, "", r"\Gamma_{2}", "Γ_2"),
    ("lambda_", True, "", r"\lambda", "λ"),
    ("W", False, "", "W", "W"),
    ("W1", False, "W2", "W_{1}", "W_1"),
    ("W2", False, "", "W_{2}", "W_2"),
    ("W2", True, "", "W_{2}", "W_2"),
    ("b_1", False, "b_2", "b_{1}", "b_1"),
    ("V_enc", False, "", r"V_{\mathrm{enc}}", "V_enc"),
    ("rate", True, "", r"\mathrm{rate}", "rate"),
    ("rate2", True, "", r"\mathrm{rate}_{2}", "rate_2"),
    ("log_sigma2", False, "", r"\log \sigma^{2}", "log σ²"),
    ("log_sigma2_x", False, "", r"\log \sigma_{x}^{2}", "log σ_x²"),
    ("log_tau", False, "", r"\log \tau", "log τ"),
    ("log_sigma2", False, "log_sigma1", r"\log \sigma_{2}", "log σ_2"),
    ("log_rate", False, "", r"\log \mathrm{rate}", "log rate"),
    ("log", False, "", r"\mathrm{log}", "log"),
    ("log_2", False, "", r"\mathrm{log}_{2}", "log_2"),
]


@pytest.mark.parametrize(("name", "positive", "siblings", "as_latex", "as_text"), TABLE)
def test_the_table(name, positive, siblings, as_latex, as_text):
    found = spelled(name, positive, siblings.split())
    square = "^{2}" if found.square else ""
    assert latex_stem(found) + square == as_latex
    assert plain_stem(found) + ("²" if found.square else "") == as_text


def _model(**declared):
    w = es.ModelWriter()
    N = es.families.NORMAL
    made = {name: w.learned(name, range=range_) for name, range_ in declared.items()}
    shift = sp.Add(*(p for name, p in made.items() if declared[name] == "real"))
    scale = sp.Mul(*(p for name, p in made.items() if declared[name] == "positive"))
    mu = w.network("m", "d", reads=w.z)
    nu = w.network("v", "h", reads=w.x_n)
    tau = w.network("t", "h", reads=w.x_n, range="positive")
    return w.model("own", prior=N(0, 1), decoder=N(mu + shift, scale), encoder=N(nu, tau)), made


def test_a_page_knows_ranges_and_siblings():
    model, made = _model(mu1="real", mu2="real", sigma2="positive", beta2="real")
    shown = {name: latex(p, model) for name, p in made.items()}
    assert shown == {
        "mu1": r"\mu_{1}",
        "mu2": r"\mu_{2}",
        "sigma2": r"\sigma^{2}",
        "beta2": r"\beta_{2}",
    }
    assert plain(made["mu2"] ** 2, model) == "μ_2²"
    assert latex(made["sigma2"] ** 2, model) == r"\sigma^{4}"


def test_beside_its_sibling_a_second_variance_is_no_square():
    model, made = _model(sigma1="positive", sigma2="positive")
    assert latex(made["sigma2"] ** 2, model) == r"\sigma_{2}^{2}"
    assert plain(made["sigma1"], model) == "σ_1"


def test_a_logarithm_in_a_name_keeps_its_meaning():
    model, made = _model(log_sigma2="real", b="real", s="positive")
    u = made["log_sigma2"]
    assert latex(u, model) == r"\log \sigma^{2}"
    assert latex(u**2, model) == r"(\log \sigma^{2})^{2}"
    assert plain(u**2, model) == "(log σ²)²"
    assert r"(\log \sigma^{2})" in latex(made["b"] * u, model)
    assert "(log σ²)" in plain(made["b"] * u, model)


@pytest.mark.parametrize(
    "declared",
    [
        {"log_s": "real", "s": "positive"},
        {"log_sigma2": "real", "sigma2": "positive"},
        {"sigma": "positive", "sigma2": "positive", "sigma_2": "positive"},
        {"mu2": "real", "mu_2": "real"},
    ],
)
def test_names_that_print_alike_are_refused(declared):
    with pytest.raises(InputError, match="print"):
        _model(**{**declared, "s0": "positive"})
