"""Formulas as a paper writes them: expression beside exact LaTeX beside exact text."""

import pytest
import sympy as sp

from entropysym import models
from entropysym.errors import InputError
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import (
    DataMean,
    Directional,
    Elbo,
    Entropy,
    LogBaseMeasure,
    LogDensity,
    ObjectiveValue,
    Vector,
)
from entropysym.language.matrices import (
    Inverse,
    LogDet,
    MatrixLetter,
    MatrixProduct,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.objective import elbo, entropy_sum, expectation, head, reparametrised
from entropysym.language.symbols import DATUM, LATENT, NOISE, array, index, n, scalar, size
from entropysym.pages.abbreviations import abbreviations
from entropysym.pages.latex import latex
from entropysym.pages.marks import EXCESS, ScaleSlope
from entropysym.pages.plain import plain
from tests.instances import derivation

VAE2, LINEAR = models.vae2(), models.linear_vae()
D, H = size("D"), size("H")
d, h, h1 = index("d"), index("h"), index("h_1")
sigma, sigma2, tau2 = (
    scalar("sigma", "positive"),
    scalar("sigma2", "positive"),
    scalar("tau2", "positive"),
)
alpha2, W, V, b, c = array("alpha2", "positive"), array("W"), array("V"), array("b"), array("c")
mu, nu = VAE2.decoder.arguments[0], VAE2.encoder.arguments[0]
t2 = VAE2.encoder.arguments[1]
residual = DATUM[n, d] - mu

TABLE = [
    # letters, powers, indices
    (sigma2, r"\sigma^{2}", "σ²"),
    (sigma2**2, r"\sigma^{4}", "σ⁴"),
    (sp.sqrt(sigma2), r"\sigma", "σ"),
    (sigma**2, r"\sigma^{2}", "σ²"),
    (alpha2[h], r"\alpha_{h}^{2}", "α_h²"),
    (W[d, h], "W_{dh}", "W_dh"),
    (W[d, h1], "W_{dh'}", "W_dh'"),
    (W[d, h] ** 2, "W_{dh}^{2}", "W_dh²"),
    (DATUM[n, d], "x_{nd}", "x_nd"),
    (NOISE[h], r"\varepsilon_{h}", "ε_h"),
    (t2, r"\tau_{h}^{2}(x_{n})", "τ_h²(x_n)"),
    (sp.sqrt(t2), r"\tau_{h}(x_{n})", "τ_h(x_n)"),
    (mu, r"\mu_{d}(z)", "μ_d(z)"),
    # products and fractions
    (-D * sp.log(2 * sp.pi * sp.E * sigma2) / 2, r"-\frac{D}{2} \log(2 \pi e \sigma^{2})", "-D/2 log(2πeσ²)"),
    (-D * sp.log(sigma), r"-D \log \sigma", "-D log σ"),
    (-sigma / 2, r"-\frac{\sigma}{2}", "-σ/2"),
    (W[d, h] * DATUM[n, d] * LATENT[h], "W_{dh} x_{nd} z_{h}", "W_dh x_nd z_h"),
    (sp.log(alpha2[h]), r"\log \alpha_{h}^{2}", "log α_h²"),
    (residual**2 / (2 * sigma2), r"\frac{1}{2 \sigma^{2}} (x_{nd} - \mu_{d}(z))^{2}", "1/(2σ²) (x_nd - μ_d(z))²"),
    (1 / (1 + sigma2), r"\frac{1}{1 + \sigma^{2}}", "1/(1 + σ²)"),
    (sp.exp(-sigma), r"e^{-\sigma}", "exp(-σ)"),
    # sums, and the order inside them
    (residual, r"x_{nd} - \mu_{d}(z)", "x_nd - μ_d(z)"),
    (sp.Sum(sp.log(alpha2[h]), (h, 1, H)), r"\sum_{h=1}^{H} \log \alpha_{h}^{2}", "Σ_h log α_h²"),
    (
        DATUM[n, d] - b[d] - sp.Sum(W[d, h] * LATENT[h], (h, 1, H)),
        r"x_{nd} - \sum_{h=1}^{H} W_{dh} z_{h} - b_{d}",
        "x_nd - Σ_h W_dh z_h - b_d",
    ),
    (sp.Sum(residual, (d, 1, D)), r"\sum_{d=1}^{D} (x_{nd} - \mu_{d}(z))", "Σ_d (x_nd - μ_d(z))"),
    # heads
    (Directional(Elbo()), r"v \cdot \nabla \mathcal{F}", "v·∇F"),
    (Entropy("prior"), r"\mathcal{H}[p_\Theta(z)]", "H[p(z)]"),
    (Entropy("encoder", n), r"\mathcal{H}[q_\Phi(z \mid x_{n})]", "H[q(z|x_n)]"),
    (LogDensity("decoder", n, latent=True), r"\log p_\Theta(x_{n} \mid z)", "log p(x_n|z)"),
    (
        expectation(VAE2, LogDensity("prior", latent=True)),
        r"\mathbb{E}_{q_\Phi(z \mid x_{n})}[\log p_\Theta(z)]",
        "E_q(z|x_n)[log p(z)]",
    ),
    (
        expectation(VAE2, LogDensity("prior", latent=True), reparametrised=True),
        r"\mathbb{E}_{\varepsilon}[\log p_\Theta(z)]",
        "E_ε[log p(z)]",
    ),
    (DataMean(nu**2, n), r"\frac{1}{N} \sum_{n=1}^{N} \nu_{h}^{2}(x_{n})", "1/N Σ_n ν_h²(x_n)"),
    (
        DataMean(expectation(VAE2, residual**2), n) / D,
        r"\frac{1}{N D} \sum_{n=1}^{N} \mathbb{E}_{q_\Phi(z \mid x_{n})}[(x_{nd} - \mu_{d}(z))^{2}]",
        "1/(ND) Σ_n E_q(z|x_n)[(x_nd - μ_d(z))²]",
    ),
    (
        elbo(VAE2),
        r"\frac{1}{N} \sum_{n=1}^{N} \Bigl\{ \mathcal{H}[q_\Phi(z \mid x_{n})]"
        r" + \mathbb{E}_{q_\Phi(z \mid x_{n})}[\log p_\Theta(z)]"
        r" + \mathbb{E}_{q_\Phi(z \mid x_{n})}[\log p_\Theta(x_{n} \mid z)] \Bigr\}",
        "1/N Σ_n {H[q(z|x_n)] + E_q(z|x_n)[log p(z)] + E_q(z|x_n)[log p(x_n|z)]}",
    ),
    (
        entropy_sum(VAE2) + Directional(Elbo()),
        r"\frac{1}{N} \sum_{n=1}^{N} \mathcal{H}[q_\Phi(z \mid x_{n})] - \mathcal{H}[p_\Theta(z)]"
        r" - \frac{1}{N} \sum_{n=1}^{N} \mathbb{E}_{q_\Phi(z \mid x_{n})}\bigl[ \mathcal{H}[p_\Theta(x \mid z)] \bigr]"
        r" + v \cdot \nabla \mathcal{F}",
        "1/N Σ_n H[q(z|x_n)] - H[p(z)] - 1/N Σ_n E_q(z|x_n)[H[p(x|z)]] + v·∇F",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "tex", "text"), TABLE, ids=lambda v: v if isinstance(v, str) else ""
)
def test_formula(expression, tex, text):
    assert latex(expression, VAE2) == tex
    assert plain(expression, VAE2) == text


GENERAL = models.gaussian_vae()
A = MatrixLetter("A", H, "posdef")
L = MatrixLetter("L", H, "triangular")
Omega = GENERAL.decoder.arguments[1].args[1]
s_, mu0, rho = scalar("s", "positive"), array("mu0"), scalar("rho")
POISSON = models.poisson_vae()
eta = POISSON.decoder.arguments[0]
F = models.vae1().decoder.arguments[0]
g = models.vae1().encoder.arguments[0]
z_off = Vector(LATENT[h] - mu0[h], h, H)
x_off = Vector(DATUM[n, d] - mu, d, D)

MATRICES = [
    # letters and words
    (A, r"\boldsymbol{A}", "A"),
    (Scaled(sp.S.NegativeOne, A), r"-\boldsymbol{A}", "-A"),
    (Scaled(-sp.S.Half, L), r"-\frac{1}{2} \, \boldsymbol{L}", "-1/2 L"),
    (Scaled(s_, Omega), r"s \, \boldsymbol{\Omega}(z)", "s Ω(z)"),
    (MatrixProduct(L, Transposed(L)), r"\boldsymbol{L} \boldsymbol{L}^{\top}", "L Lᵀ"),
    (Inverse(A), r"\boldsymbol{A}^{-1}", "A⁻¹"),
    (Inverse(MatrixProduct(L, Transposed(L))), r"(\boldsymbol{L} \boldsymbol{L}^{\top})^{-1}", "(L Lᵀ)⁻¹"),
    # scalars made of them
    (LogDet(A) / 2, r"\frac{1}{2} \log\det \boldsymbol{A}", "1/2 log det A"),
    (LogDet(Scaled(s_, Omega)), r"\log\det(s \, \boldsymbol{\Omega}(z))", "log det(s Ω(z))"),
    (Trace(MatrixProduct(Inverse(A), L)), r"\mathrm{tr}(\boldsymbol{A}^{-1} \boldsymbol{L})", "tr(A⁻¹ L)"),
    (Quadratic(z_off, Inverse(A), z_off), r"(z - \mu_{0})^{\top} \boldsymbol{A}^{-1} (z - \mu_{0})", "(z - μ_0)ᵀ A⁻¹ (z - μ_0)"),
    (
        Quadratic(x_off, Inverse(Scaled(s_, Omega)), x_off),
        r"(x_{n} - \mu(z))^{\top} (s \, \boldsymbol{\Omega}(z))^{-1} (x_{n} - \mu(z))",
        "(x_n - μ(z))ᵀ (s Ω(z))⁻¹ (x_n - μ(z))",
    ),
    (ScaleSlope(Elbo(), A), r"\mathrm{tr}(\boldsymbol{A}^{\top} \partial_{\boldsymbol{A}} \mathcal{F})", "tr(Aᵀ ∂F/∂A)"),
    # vectors without their index
    (F, r"F_{d}(W z)", "F_d(Wz)"),
    (mu0[h], r"\mu_{0,h}", "μ_0,h"),
    (Vector(sp.Sum(W[d, h] * LATENT[h], (h, 1, H)) + b[d], d, D), "W z + b", "Wz + b"),
    (Vector(sp.Sum(W[h, d] * LATENT[h], (h, 1, H)), d, D), r"W^{\top} z", "Wᵀz"),
    (Vector(LATENT[h] ** 2, h, H), r"(z_{h}^{2})_{h}", "(z_h²)_h"),
    (Vector(W[h, h], h, H), "(W_{hh})_{h}", "(W_hh)_h"),
    (g, r"\sum_{j=1}^{J} V_{hj} g_{j}(x_{n}) + c_{h}", "Σ_j V_hj g_j(x_n) + c_h"),
    # functions
    (-Softplus(rho) / (2 * Sigmoid(rho)), r"-\frac{\operatorname{softplus}(\rho)}{2 \operatorname{sigmoid}(\rho)}", "-softplus(ρ)/(2 sigmoid(ρ))"),
    (Softplus(rho) ** 2, r"\operatorname{softplus}(\rho)^{2}", "softplus(ρ)²"),
    (sp.log(Softplus(rho)), r"\log \operatorname{softplus}(\rho)", "log softplus(ρ)"),
    (sp.Abs(LATENT[h]) / alpha2[h], r"\frac{|z_{h}|}{\alpha_{h}^{2}}", "|z_h|/α_h²"),
    (sp.loggamma(DATUM[n, d] + 1), r"\log x_{nd}!", "log x_nd!"),
    (sp.loggamma(sigma), r"\log\Gamma(\sigma)", "log Γ(σ)"),
    (sp.loggamma(sigma) ** 2, r"(\log\Gamma(\sigma))^{2}", "(log Γ(σ))²"),
    (D * sp.loggamma(sigma), r"D \log\Gamma(\sigma)", "D log Γ(σ)"),
    (sp.loggamma(sigma) * LogDet(L), r"(\log\Gamma(\sigma)) \log\det \boldsymbol{L}", "(log Γ(σ)) log det L"),
    (LogDet(L) * Trace(L), r"(\log\det \boldsymbol{L}) \mathrm{tr}(\boldsymbol{L})", "(log det L) tr(L)"),
    (LogDensity("prior", latent=True) * Entropy("prior"), r"\mathcal{H}[p_\Theta(z)] \log p_\Theta(z)", "H[p(z)] log p(z)"),
    (sp.EulerGamma * sigma, r"\gamma_{\mathrm{E}} \sigma", "γ_E σ"),
    (sp.exp((nu + b[d]) / 2) * NOISE[h], r"e^{(\nu_{h}(x_{n}) + b_{d})/2} \varepsilon_{h}", "exp((ν_h(x_n) + b_d)/2) ε_h"),
    (sp.log(sp.pi * sp.exp(-1) / 2), r"\log\Bigl( \frac{\pi}{2 e} \Bigr)", "log(π/(2e))"),
    # heads of other objectives and base measures
    (Directional(ObjectiveValue()), r"v \cdot \nabla \mathcal{J}", "v·∇J"),
    (LogBaseMeasure("decoder", n), r"\log h(x_{n})", "log h(x_n)"),
    (LogBaseMeasure("prior", latent=True), r"\log h(z)", "log h(z)"),
    (EXCESS, r"\Delta_{\ast}", "Δ*"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "tex", "text"), MATRICES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_formula_with_matrices_and_functions(expression, tex, text):
    assert latex(expression, GENERAL) == tex
    assert plain(expression, GENERAL) == text


def test_entropies_relative_to_a_base_measure_are_marked():
    assert (
        latex(Entropy("decoder", latent=True), POISSON)
        == r"\tilde{\mathcal{H}}[p_\Theta(x \mid z)]"
    )
    assert plain(Entropy("decoder", latent=True), POISSON) == "H̃[p(x|z)]"
    assert plain(Entropy("prior"), POISSON) == "H[p(z)]"


def test_abbreviation_is_seen_under_other_indices_and_joined():
    (short,) = abbreviations(POISSON)
    d1, k1, k = index("d_1"), index("k_1"), index("k")
    other = eta.xreplace({d: d1, k: k1})
    assert plain(short.applied(sp.exp(other)), POISSON) == "exp(η_d'(z))"
    whole, bias = (sp.Sum(a * sp.exp(eta), (d, 1, D)) for a in (eta.args[1], eta.args[0]))
    assert plain(short.gathered(whole + bias), POISSON) == "Σ_d η_d(z) exp(η_d(z))"
    assert abbreviations(VAE2) == ()


def test_matrices_print_in_notebooks():
    word = Inverse(MatrixProduct(L, Transposed(L)))
    assert str(word) == "(L Lᵀ)⁻¹"
    assert str(Scaled(s_, Omega)) == "s Ω(z)"
    assert "boldsymbol" in sp.latex(Quadratic(z_off, word, z_off))
    assert "softplus" in sp.latex(Softplus(rho))
    assert sp.latex(Softplus(rho) ** 2) == r"\operatorname{softplus}(\rho)^{2}"


INFINITE = [
    (DATUM[n, d], "x_{d}", "x_d"),
    (t2, r"\tau_{h}^{2}(x)", "τ_h²(x)"),
    (DataMean(nu**2, n), r"\mathbb{E}_{p(x)}[\nu_{h}^{2}(x)]", "E_p(x)[ν_h²(x)]"),
    (
        DataMean(expectation(VAE2, residual**2), n) / D,
        r"\frac{1}{D} \mathbb{E}_{p(x)} \mathbb{E}_{q_\Phi(z \mid x)}[(x_{d} - \mu_{d}(z))^{2}]",
        "1/D E_p(x) E_q(z|x)[(x_d - μ_d(z))²]",
    ),
]


@pytest.mark.parametrize(
    ("expression", "tex", "text"), INFINITE, ids=lambda v: v if isinstance(v, str) else ""
)
def test_formula_for_infinite_data(expression, tex, text):
    assert latex(expression, VAE2, data="infinite") == tex
    assert plain(expression, VAE2, data="infinite") == text


def test_the_order_does_not_depend_on_how_a_sum_was_built():
    terms = [Entropy("encoder", n), -Entropy("prior"), Directional(Elbo())]
    assert latex(sp.Add(*terms), VAE2) == latex(sp.Add(*reversed(terms)), VAE2)


def test_what_ends_openly_is_enclosed_inside_a_formula():
    mean = DataMean(DATUM[n, d], n)
    assert str(2 * mean**2 * D) == "2*D*(1/N Σ_n {x[n, d]})**2"
    assert str(-D / mean) == "-D/(1/N Σ_n {x[n, d]})"
    assert str(-D * mean) == "-D*(1/N Σ_n {x[n, d]})"
    assert str(-mean) == "-(1/N Σ_n {x[n, d]})"
    assert str(LogDensity("prior", latent=True) ** 2) == "(log p(z))**2"
    assert str(mu**2) == "μ_d(z)**2"


def test_plain_sympy_printing_still_works_in_notebooks():
    for e in (elbo(VAE2), entropy_sum(LINEAR), reparametrised(elbo(LINEAR))):
        assert "mathcal" in sp.latex(e)
        assert "H[" in str(e)


def test_unknown_kind_of_data_is_refused_with_the_list():
    with pytest.raises(InputError, match=r"'monthly'.*finite, infinite"):
        latex(sigma2, data="monthly")  # type: ignore[arg-type]


def test_the_base_measure_of_a_graph_is_that_of_the_variable_in_every_notation():
    d = derivation("single_cell_vae")
    base = head(d.model, LogBaseMeasure, d.model.factor("p_x"))
    assert latex(base, d.model) == r"\log h(x_{n})"
    assert latex(base, d.model, notation="textbook") == r"\log h(x_{n})"
