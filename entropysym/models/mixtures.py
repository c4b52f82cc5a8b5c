r"""Classes: Gaussian, Poisson, exponential and Bernoulli mixtures, mixture of factor analysers,
factor analysis, VAE with a mixture prior and an explicit class.

Stationarity in the class probabilities is along the simplex. Sources: Lücke, Warnken, arXiv 2209.03077 (mixtures); Ghahramani, Hinton, "The EM algorithm for mixtures of factor
analyzers", 1996; Dilokthanakul et al., arXiv 1611.02648 (mixture prior).
"""

from __future__ import annotations

from entropysym.families import (
    ANY,
    BERNOULLI,
    CATEGORICAL,
    EXPONENTIAL,
    MULTIVARIATE_NORMAL,
    NORMAL,
    POISSON,
)
from entropysym.language.records import Law, Model
from entropysym.language.writing import Drawn, ModelWriter


def _classes(w: ModelWriter) -> Drawn:
    """A one-hot class with learned probabilities."""
    c = w.latent_variable("c", "k K", support="onehot")
    w.p(c, CATEGORICAL(w.learned("pi0", "k", range="simplex")))
    return c


def gaussian_mixture(*, shared_variance: bool = False) -> Model:
    r"""$p(c)p(x|c)$ with a mean and a variance for each class and dimension, or one variance for all; any $q(c|x)$."""
    w = ModelWriter()
    c = _classes(w)
    s = w.learned("s", "" if shared_variance else "d k", range="positive")
    w.p(w.x, NORMAL(w.learned("m", "d k"), s), select=c)
    w.q(c, ANY)
    name = "gaussian_mixture_shared" if shared_variance else "gaussian_mixture"
    title = "Gaussian mixture" + " with one variance" * shared_variance
    return w.model(name, title=title, source="Lücke, Warnken, arXiv 2209.03077")


def _mixture(w: ModelWriter, name: str, title: str, law: Law) -> Model:
    """A mixture of laws whose arguments are free for each class and dimension; any q(c|x)."""
    c = _classes(w)
    w.p(w.x, law, select=c)
    w.q(c, ANY)
    return w.model(name, title=title, source="Lücke, Warnken, arXiv 2209.03077")


def poisson_mixture() -> Model:
    r"""Counts: $p(c)\prod_d\mathrm{Poisson}(x_d;e^{\eta_{dc}})$, with the pseudo entropy
    $\lambda-\lambda\log\lambda$ and the data term $-\log x!$; any $q(c|x)$."""
    w = ModelWriter()
    w.plate("k K")
    return _mixture(w, "poisson_mixture", "Poisson mixture", POISSON(w.learned("eta", "d k")))


def exponential_mixture() -> Model:
    r"""Positive numbers: $p(c)\prod_d\lambda_{dc}e^{-\lambda_{dc}x_d}$; any $q(c|x)$."""
    w = ModelWriter()
    w.plate("k K")
    law = EXPONENTIAL(w.learned("rate", "d k", range="positive"))
    return _mixture(w, "exponential_mixture", "Mixture of exponential laws", law)


def bernoulli_mixture() -> Model:
    r"""Binary data, latent class analysis: $p(c)\prod_d\mathrm{Bernoulli}(x_d;\eta_{dc})$ with
    logits η; any $q(c|x)$."""
    w = ModelWriter()
    w.plate("k K")
    law = BERNOULLI(w.learned("eta", "d k"))
    return _mixture(w, "bernoulli_mixture", "Bernoulli mixture", law)


def mixture_of_factor_analysers() -> Model:
    r"""$p(c)p(z)p(x|z,c)$ with $x\sim N(W_cz+m_c,\mathrm{diag}\,s_c)$ and learned prior variances; any $q(c,z|x)$."""
    w = ModelWriter()
    c, z = _classes(w), w.latent_variable("z", "h")
    w.p(z, NORMAL(0, w.learned("alpha2", "h", range="positive")))
    W, m = w.learned("W", "d h k"), w.learned("m", "d k")
    s = w.learned("s", "d k", range="positive")
    w.p(w.x, NORMAL(w.sum("h", W * z.entry) + m, s), select=c)
    w.q(c, z, ANY)
    source = "Ghahramani, Hinton, 1996; own derivation"
    return w.model(
        "mixture_of_factor_analysers", title="Mixture of factor analysers", source=source
    )


def factor_analysis(*, full_encoder: bool = False) -> Model:
    r"""$x\sim N(Wz+b,\mathrm{diag}\,\psi)$: prior $N(0,I)$ and a diagonal linear encoder, or a learned prior covariance A and an encoder with a full one."""
    w = ModelWriter()
    W, b = w.learned("W", "d h"), w.learned("b", "d")
    psi = w.learned("psi", "d", range="positive")
    decoder = NORMAL(w.sum("h", W * w.z_h) + b, psi)
    V, c = w.learned("V", "h d"), w.learned("c", "h")
    nu = w.sum("d", V * w.x_nd) + c
    if not full_encoder:
        encoder = NORMAL(nu, w.learned("tau", "h", range="positive") ** 2)
        return w.model(
            "factor_analysis",
            prior=NORMAL(0, 1),
            decoder=decoder,
            encoder=encoder,
            title="Factor analysis with a diagonal encoder",
            source="Warnken et al., arXiv 2501.09022; own derivation",
        )
    w.plate("g H")
    A, T = w.learned("A", "h g", range="posdef"), w.learned("T", "h g", range="posdef")
    return w.model(
        "factor_analysis_full",
        prior=MULTIVARIATE_NORMAL(0, A),
        decoder=decoder,
        encoder=MULTIVARIATE_NORMAL(nu, T),
        title="Factor analysis with a full encoder",
        source="own derivation",
    )


def mixture_prior_vae() -> Model:
    r"""A VAE whose prior is a mixture with an explicit class: $p(c)p(z|c)p(x|z)$ with $q(c|x)q(z|x,c)$."""
    w = ModelWriter()
    c, z = _classes(w), w.latent_variable("z", "h")
    m, s = w.learned("m", "h k"), w.learned("s", "h k", range="positive")
    sigma2 = w.learned("sigma2", range="positive")
    w.p(z, NORMAL(m, s), select=c)
    w.p(w.x, NORMAL(w.network("mu", "d", reads=z), sigma2))
    w.q(c, CATEGORICAL(w.network("r", "k", reads=w.x, range="simplex")))
    nu = w.network("nu", "h", reads=(w.x, c))
    w.q(z, NORMAL(nu, w.network("tau2", "h", reads=(w.x, c), range="positive")))
    title = "VAE with a mixture prior and an explicit class"
    return w.model(
        "mixture_prior_vae",
        title=title,
        source="Dilokthanakul et al., arXiv 1611.02648; own derivation",
    )
