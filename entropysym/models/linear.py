r"""The linear VAE, whose ELBO is at its maximum the log-likelihood of probabilistic PCA."""

from entropysym.families import NORMAL
from entropysym.language.formula import entry
from entropysym.language.records import Model, Parameter, Plate, one_latent_model
from entropysym.language.symbols import DATUM, LATENT, n


def linear_vae() -> Model:
    r"""Linear VAE: prior $N(0,I)$, decoder $N(Wz+b,\sigma^2I)$, encoder $N(Vx+c,\mathrm{diag}\,\tau^2)$, τ shared by all x.

    Source: Damm et al., AISTATS 2023 (PMLR 206:3931), linear VAE.
    """
    observed, latent = Plate.named("d", "D"), Plate.named("h", "H")
    d, h = observed.index, latent.index
    W = Parameter("W", (observed, latent))
    b = Parameter("b", (observed,))
    sigma = Parameter("sigma", range="positive")
    V = Parameter("V", (latent, observed))
    c = Parameter("c", (latent,))
    tau = Parameter("tau", (latent,), range="positive")
    return one_latent_model(
        name="linear_vae",
        title="Linear VAE",
        source="Damm et al., AISTATS 2023 (PMLR 206:3931)",
        observed=observed,
        latent=latent,
        parameters=(W, b, sigma, V, c, tau),
        networks=(),
        prior=NORMAL(0, 1),
        decoder=NORMAL(latent.sum(W.at(d, h) * entry(LATENT, h)) + b.entry, sigma.entry**2),
        encoder=NORMAL(observed.sum(V.at(h, d) * entry(DATUM, n, d)) + c.entry, tau.entry**2),
    )
