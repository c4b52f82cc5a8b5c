r"""What is given: conditional and semi-supervised VAE, Bayesian linear regression, softmax
classifier, heteroscedastic, Poisson, logistic, Gamma and Weibull regression.

A given variable has no factor. Without latents there is no q, and the ELBO is the log-likelihood. Sources: Sohn et al., NeurIPS 2015 (conditional); Kingma et al., "Semi-supervised Learning with
Deep Generative Models", NeurIPS 2014; MacKay, "Bayesian interpolation", 1992; McCullagh, Nelder,
"Generalized Linear Models", 1989. That these become entropy sums: own derivation.
"""

from __future__ import annotations

import sympy as sp

from entropysym.families import (
    ANY,
    BERNOULLI,
    CATEGORICAL,
    CATEGORICAL_LOGITS,
    GAMMA,
    NORMAL,
    POISSON,
    WEIBULL,
)
from entropysym.language.records import Law, Model
from entropysym.language.writing import ModelWriter
from entropysym.models.hierarchical import scaled_q


def conditional_vae() -> Model:
    r"""$p(z|y)p(x|z,y)$ with $q(z|x,y)$: a label y is read by prior, decoder and encoder."""
    w = ModelWriter()
    y, z = w.given("y", "k K", support="onehot"), w.latent_variable("z", "h")
    alpha2, sigma2 = (
        w.learned("alpha2", "h", range="positive"),
        w.learned("sigma2", range="positive"),
    )
    w.p(z, NORMAL(w.network("mu0", "h", reads=y), alpha2))
    w.p(w.x, NORMAL(w.network("mu", "d", reads=(z, y)), sigma2))
    nu = w.network("nu", "h", reads=(w.x, y))
    w.q(z, NORMAL(nu, w.network("tau2", "h", reads=(w.x, y), range="positive")))
    source = "Sohn et al., NeurIPS 2015; own derivation"
    return w.model("conditional_vae", title="Conditional VAE", source=source)


def conditional_vae_fixed_prior() -> Model:
    r"""$p(z)=N(0,I)$ and $p(x|z,y)$ that reads z through a free first layer, with a $q(z|x,y)$ that is closed under scaling."""
    w = ModelWriter()
    y, z = w.given("y", "m M", support="onehot"), w.latent_variable("z", "h")
    w.plate("k K")
    W, sigma2 = w.learned("W", "k h"), w.learned("sigma2", range="positive")
    first = w.vector("k", w.sum("h", W * z.entry))
    w.p(z, NORMAL(0, 1))
    w.p(w.x, NORMAL(w.network("F", "d", reads=(first, y)), sigma2))
    scaled_q(w, z, "h", w.x, y)
    title = "Conditional VAE with a fixed prior"
    return w.model("conditional_vae_fixed_prior", title=title, source="own derivation")


def semi_supervised_vae() -> Model:
    r"""$p(y)p(z)p(x|z,y)$ on N labelled and M unlabelled data: y is observed in one plate and latent in the other."""
    w = ModelWriter()
    w.data_plate("m M")
    y = w.observed_variable("y", "k K", support="onehot")
    z = w.latent_variable("z", "h")
    x_u = w.observed_variable("x_u", "d", data="m")
    y_u, z_u = (
        w.latent_variable("y_u", "k", support="onehot", data="m"),
        w.latent_variable("z_u", "h", data="m"),
    )
    pi0 = w.learned("pi0", "k", range="simplex")
    alpha2, sigma2 = (
        w.learned("alpha2", "h", range="positive"),
        w.learned("sigma2", range="positive"),
    )
    for label, latent, x in ((y, z, w.x), (y_u, z_u, x_u)):
        w.p(label, CATEGORICAL(pi0))
        w.p(latent, NORMAL(0, alpha2))
        w.p(x, NORMAL(w.network("mu", "d", reads=(latent, label)), sigma2))
    w.q(z, ANY)
    w.q(y_u, z_u, ANY)
    source = "Kingma et al., NeurIPS 2014; own derivation"
    return w.model("semi_supervised_vae", title="Semi-supervised VAE", source=source)


def bayesian_regression() -> Model:
    r"""$p(w)\prod_np(y_n|x_n,w)$ with $y\sim N(Xw,\sigma^2)$ and $w\sim N(0,\alpha^2)$: a global latent, any $q(w)$ (evidence maximisation)."""
    w = ModelWriter()
    u = w.given("u", "j J")
    y = w.observed_variable("y", "o O")
    weights = w.latent_variable("w", "j", data=None)
    alpha2, sigma2 = w.learned("alpha2", range="positive"), w.learned("sigma2", range="positive")
    w.p(weights, NORMAL(0, alpha2))
    w.p(y, NORMAL(w.sum("j", u.entry * weights.entry), sigma2))
    w.q(weights, ANY)
    source = "MacKay, 1992; own derivation"
    return w.model("bayesian_regression", title="Bayesian linear regression", source=source)


def softmax_classifier() -> Model:
    r"""$p(y|x)$ with logits $Wx+b$: the mean log-likelihood is minus the mean predictive entropy."""
    w = ModelWriter()
    u, y = w.given("u", "j J"), w.observed_variable("y", "k K", support="onehot")
    W, b = w.learned("W", "k j"), w.learned("b", "k")
    w.p(y, CATEGORICAL_LOGITS(w.sum("j", W * u.entry) + b))
    return w.model("softmax_classifier", title="Softmax classifier", source="own derivation")


def heteroscedastic_regression() -> Model:
    r"""$y\sim N(\mu(x),e^{a^\top x+c})$: an abstract mean, and a log-variance that is linear in the inputs, with a bias."""
    w = ModelWriter()
    u, y = w.given("u", "j J"), w.observed_variable("y", "o O")
    a, c = w.learned("a", "o j"), w.learned("c", "o")
    variance = sp.exp(w.sum("j", a * u.entry) + c)
    w.p(y, NORMAL(w.network("mu", "o", reads=u), variance))
    title = "Heteroscedastic regression"
    return w.model("heteroscedastic_regression", title=title, source="own derivation")


def _linear(w: ModelWriter) -> sp.Expr:
    r"""$\sum_jW_{oj}u_j+b_o$ of given inputs u."""
    u = w.given("u", "j J")
    w.plate("o O")
    W, b = w.learned("W", "o j"), w.learned("b", "o")
    return w.sum("j", W * u.entry) + b


def _regression(w: ModelWriter, name: str, title: str, law: Law) -> Model:
    """Outputs y with this law, and no latents: the ELBO is the log-likelihood."""
    w.p(w.observed_variable("y", "o", support=law.family.support), law)
    return w.model(name, title=title, source="McCullagh, Nelder, 1989; own derivation")


def poisson_regression() -> Model:
    r"""Counts with the rate $e^{Wu+b}$: mean log-likelihood = minus the pseudo entropy, beside the
    data term $-\log y!$."""
    w = ModelWriter()
    return _regression(w, "poisson_regression", "Poisson regression", POISSON(_linear(w)))


def logistic_regression() -> Model:
    r"""Binary outputs with the logit $Wu+b$: the mean log-likelihood is minus the mean predictive
    entropy."""
    w = ModelWriter()
    return _regression(w, "logistic_regression", "Logistic regression", BERNOULLI(_linear(w)))


def gamma_regression() -> Model:
    r"""Positive outputs with the mean $e^{Wu+b}$ and a learned shape a: the rate is $a\,e^{-Wu-b}$;
    tempering, $(a-1,\text{rate})$, is $v_a=a-1$, $v_b=-1/a$."""
    w = ModelWriter()
    rate = sp.exp(-_linear(w))
    a = w.learned("a", "o", range="positive")
    return _regression(w, "gamma_regression", "Gamma regression", GAMMA(a, a * rate))


def weibull_regression() -> Model:
    r"""Survival times, all of them seen: Weibull with the scale $e^{Wu+b}$ and a shape k that is
    fixed, as the base measure $y^{k-1}$ is; $v_b=-1/k$.

    The exponential model is k = 1. A k that is learned would stand still along the same direction.
    Times that are censored make another model.
    """
    w = ModelWriter()
    scale = sp.exp(_linear(w))
    law = WEIBULL(w.fixed("k", "o", range="positive"), scale)
    return _regression(w, "weibull_regression", "Weibull regression", law)
