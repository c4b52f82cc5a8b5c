r"""VAEs with decoders and priors beyond Gaussians: categories, proportions, positive numbers,
over-dispersed counts, absolute errors.

What tempers a decoder for all z has to be one motion of learned numbers that z does not act on.
Sources: Lücke and Warnken, arXiv 2209.03077, for the families; that each
parametrisation below has such a motion: own derivation.
"""

from __future__ import annotations

import sympy as sp

from entropysym.families import (
    ANY,
    BETA,
    CATEGORICAL_LOGITS,
    DIRICHLET,
    GAMMA,
    LAPLACE,
    NEGATIVE_BINOMIAL_DECAY,
    NORMAL,
)
from entropysym.language.records import Law, Model
from entropysym.language.writing import ModelWriter

_OWN = "own derivation"


def categorical_vae() -> Model:
    r"""D one-hot vectors of K classes: prior $N(0,\mathrm{diag}\,\alpha^2)$, logits
    $\sum_jV_{dkj}f_j(z)+c_{dk}$; the encoder reads them through a first layer U."""
    w = ModelWriter()
    x = w.observed_variable("x", "d k K", support="onehot")
    z = w.latent_variable("z", "h")
    w.plate("j J")
    w.plate("i I")
    V, c = w.learned("V", "d k j"), w.learned("c", "d k")
    f = w.network("f", "j", reads=z)
    w.p(z, NORMAL(0, w.learned("alpha2", "h", range="positive")))
    w.p(x, CATEGORICAL_LOGITS(w.sum("j", V * f) + c))
    U = w.learned("U", "i d k")
    first = w.vector("i", w.sum("d", w.sum("k", U * x.entry)))
    nu = w.network("nu", "h", reads=first)
    w.q(z, NORMAL(nu, w.network("tau2", "h", reads=first, range="positive")))
    title = "VAE with a categorical decoder, logits affine in the last layer"
    return w.model("categorical_vae", title=title, source="Lücke, Warnken, arXiv 2209.03077")


def _vae(w: ModelWriter, name: str, title: str, source: str, decoder: Law) -> Model:
    r"""With the prior $N(0,\mathrm{diag}\,\alpha^2)$ and any Gaussian encoder."""
    alpha2 = w.learned("alpha2", "h", range="positive")
    nu = w.network("nu", "h", reads=w.x_n)
    tau2 = w.network("tau2", "h", reads=w.x_n, range="positive")
    return w.model(
        name,
        title=title,
        source=source,
        prior=NORMAL(0, alpha2),
        decoder=decoder,
        encoder=NORMAL(nu, tau2),
    )


def _last_layer(w: ModelWriter, weights: str, bias: str) -> sp.Expr:
    r"""$\sum_kV_{dk}f_k(z)+c_d$ with the features f of all last layers."""
    f = w.network("f", "k", reads=w.z)
    return w.sum("k", w.learned(weights, "d k") * f) + w.learned(bias, "d")


def beta_decoder_vae() -> Model:
    r"""Numbers in (0, 1) with one mode: decoder Beta$(1+e^{A_df(z)+a_d},1+e^{B_df(z)+b_d})$.

    Tempering moves a Beta law by $(a-1,b-1)$, which here is $v_a=v_b=1$ for all z. In mean and
    precision the motion of the mean's logit would be
    $\frac{2\mu-1}{\kappa\mu(1-\mu)}$, which is another one for each z, so a decoder with
    $\mu=\mathrm{sigmoid}(\cdot)$ and a learned κ is not closed.
    """
    w = ModelWriter()
    w.plate("k K")
    above = (sp.exp(_last_layer(w, "A", "a")), sp.exp(_last_layer(w, "B", "b")))
    title = "VAE with a Beta decoder, its arguments less 1 log-linear in the last layer"
    return _vae(w, "beta_decoder_vae", title, _OWN, BETA(1 + above[0], 1 + above[1]))


def gamma_decoder_vae() -> Model:
    r"""Positive numbers: decoder Gamma with a learned shape $a_d$ for each dimension and the rate
    $e^{V_df(z)+c_d}$; tempering, $(a-1,b)$, is $v_{a}=a-1$, $v_c=1$."""
    w = ModelWriter()
    w.plate("k K")
    rate = sp.exp(_last_layer(w, "V", "c"))
    title = "VAE with a Gamma decoder, log-rates affine in the last layer"
    return _vae(
        w, "gamma_decoder_vae", title, _OWN, GAMMA(w.learned("a", "d", range="positive"), rate)
    )


def single_cell_vae() -> Model:
    r"""Over-dispersed counts, as of RNA in single cells, with the batch s of each cell given:
    negative binomial with a dispersion $r_d$ for each gene and $\pi_d=\exp(-e^{V_df(z,s)+c_d})$.

    The base measure is $\binom{x+r-1}x$, so tempering scales the natural parameter $\log\pi$ alone,
    which is $v_c=1$ for all z, and r stays, learned as it is. scVI has the mean
    $\mu=\ell\,\mathrm{softmax}(f(z,s))$ instead, where $\log\pi_d=-\log(1+r_d/\mu_d(z))$: to scale
    that is another motion for each z, through the softmax and through $r_d$, which the
    base measure holds. So in mean and dispersion the decoder is not closed, though the laws of a
    count are the same.
    """
    w = ModelWriter()
    batch, z = w.given("s", "b B", support="onehot"), w.latent_variable("z", "h")
    w.plate("k K")
    V, c = w.learned("V", "d k"), w.learned("c", "d")
    decay = sp.exp(w.sum("k", V * w.network("f", "k", reads=(z, batch))) + c)
    w.p(z, NORMAL(0, w.learned("alpha2", "h", range="positive")))
    w.p(w.x, NEGATIVE_BINOMIAL_DECAY(w.learned("r", "d", range="positive"), decay))
    nu = w.network("nu", "h", reads=(w.x, batch))
    w.q(z, NORMAL(nu, w.network("tau2", "h", reads=(w.x, batch), range="positive")))
    title = "VAE of single cells, a negative binomial decoder in its natural parameter"
    source = "Lopez et al., Nature Methods 2018; own derivation"
    return w.model("single_cell_vae", title=title, source=source)


def laplace_decoder_vae() -> Model:
    r"""The L1 loss of latent-diffusion autoencoders, $|x-\mu(z)|e^{-\ell}+\ell$, with a learned
    log-scale ℓ: a Laplace decoder, up to $D\log2$.

    In the public code ℓ (`logvar`) is not handed to the optimiser by default; fixed, it leaves a
    gap.
    """
    w = ModelWriter()
    scale = sp.exp(w.learned("logscale"))
    decoder = LAPLACE(w.network("mu", "d", reads=w.z), scale)
    title = "VAE with a Laplace decoder, the L1 loss with a learned log-scale"
    source = "Rombach et al., CVPR 2022; own derivation"
    return _vae(w, "laplace_decoder_vae", title, source, decoder)


def gamma_prior_vae() -> Model:
    r"""Positive factors: prior Gamma$(a_h,b_h)$ with both learned, decoder $N(Wz+m,\sigma^2I)$, an
    encoder of any law."""
    w = ModelWriter()
    W, m = w.learned("W", "d h"), w.learned("m", "d")
    a, b = w.learned("a", "h", range="positive"), w.learned("b", "h", range="positive")
    return w.model(
        "gamma_prior_vae",
        title="VAE with a Gamma prior and a linear decoder",
        source=_OWN,
        prior=GAMMA(a, b),
        decoder=NORMAL(w.sum("h", W * w.z_h) + m, w.learned("sigma2", range="positive")),
        encoder=ANY(),
    )


def dirichlet_prior_vae() -> Model:
    r"""Shares of H topics: prior Dirichlet$(a)$ with a learned, D words as one-hot vectors with the
    logits $\sum_hB_{kh}z_h$, an encoder of any law on the simplex."""
    w = ModelWriter()
    x = w.observed_variable("x", "d k K", support="onehot")
    z = w.latent_variable("z", "h", support="simplex")
    w.p(z, DIRICHLET(w.learned("a", "h", range="positive")))
    w.p(x, CATEGORICAL_LOGITS(w.sum("h", w.learned("B", "k h") * z.entry)))
    w.q(z, ANY)
    return w.model(
        "dirichlet_prior_vae",
        title="VAE with a Dirichlet prior, words with logits linear in the shares of topics",
        source="Srivastava, Sutton, arXiv 1703.01488 (the decoder); the prior: " + _OWN,
    )
