r"""Models beyond Gaussians: a Laplace prior for sparse codes, and decoders for binary data and counts.

Sources: Velychko et al., AISTATS 2024 (arXiv:2311.01888) for sparse coding; Lücke and Warnken, arXiv:2209.03077, for the families.
"""

from __future__ import annotations

from entropysym.families import BERNOULLI, LAPLACE, NORMAL, POISSON
from entropysym.language.formula import entry
from entropysym.language.records import (
    Constraint,
    Family,
    Model,
    Network,
    Parameter,
    Plate,
    one_latent_model,
)
from entropysym.language.symbols import LATENT
from entropysym.models.gaussian import datum, latents, plates


def sparse_coding() -> Model:
    r"""Sparse coding: prior Laplace$(0,\lambda_h)$, decoder $N(Wz,\sigma^2I)$ with columns of unit norm, any Gaussian encoder."""
    observed, latent = plates()
    W = Parameter("W", (observed, latent))
    lam = Parameter("lambda", (latent,), range="positive")
    sigma2 = Parameter("sigma2", range="positive")
    nu = Network("nu", (latent,), (observed.size,))
    tau2 = Network("tau2", (latent,), (observed.size,), range="positive")
    x_n = datum(observed)
    return one_latent_model(
        name="sparse_coding",
        title="Sparse coding with a Laplace prior",
        source="Velychko et al., AISTATS 2024 (arXiv:2311.01888)",
        observed=observed,
        latent=latent,
        parameters=(W, lam, sigma2),
        networks=(nu, tau2),
        prior=LAPLACE(0, lam.entry),
        decoder=NORMAL(latent.sum(W.entry * entry(LATENT, latent.index)), sigma2.entry),
        encoder=NORMAL(nu(x_n), tau2(x_n)),
        constraints=(Constraint("W", "the columns of W have unit norm"),),
    )


def bernoulli_vae() -> Model:
    r"""Binary data: prior $N(0,\mathrm{diag}\,\alpha^2)$, decoder Bernoulli with logits affine in a last layer, $\sum_kV_{dk}f_k(z)+c_d$."""
    return _last_layer_vae(
        "bernoulli_vae", "VAE with a Bernoulli decoder, logits affine in the last layer", BERNOULLI
    )


def poisson_vae() -> Model:
    r"""Counts: prior $N(0,\mathrm{diag}\,\alpha^2)$, decoder Poisson with log-rates affine in a last layer; pseudo entropy and a data term."""
    return _last_layer_vae(
        "poisson_vae", "VAE with a Poisson decoder, log-rates affine in the last layer", POISSON
    )


def _last_layer_vae(name: str, title: str, family: Family) -> Model:
    observed, latent = plates()
    feature = Plate.named("k", "K")
    alpha2 = Parameter("alpha2", (latent,), range="positive")
    V, c = Parameter("V", (observed, feature)), Parameter("c", (observed,))
    f = Network("f", (feature,), (latent.size,))
    nu = Network("nu", (latent,), (observed.size,))
    tau2 = Network("tau2", (latent,), (observed.size,), range="positive")
    x_n = datum(observed)
    return one_latent_model(
        name=name,
        title=title,
        source="Lücke and Warnken, arXiv:2209.03077",
        observed=observed,
        latent=latent,
        parameters=(alpha2, V, c),
        networks=(f, nu, tau2),
        prior=NORMAL(0, alpha2.entry),
        decoder=family(feature.sum(V.entry * f(latents(latent))) + c.entry),
        encoder=NORMAL(nu(x_n), tau2(x_n)),
    )
