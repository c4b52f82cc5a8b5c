r"""Gaussian VAEs with abstract networks: decoder mean $\mu_\Theta(z)$, encoder mean $\nu_\Phi(x)$ and variance $\tau^2_\Phi(x)$."""

from entropysym.families import NORMAL
from entropysym.language.records import Constraint, Model, Network, Parameter, Plate
from entropysym.language.symbols import DATUM, LATENT, n


def vae2() -> Model:
    r"""VAE-2: prior $N(0,\mathrm{diag}\,\alpha^2)$ and decoder $N(\mu_\Theta(z),\sigma^2I)$, both variances learned.

    The columns of the decoder's first layer have unit norm, so that the scale of z is the prior's alone. Source: Damm et al.,
    AISTATS 2023 (PMLR 206:3931), VAE-2.
    """
    observed, latent = Plate.named("d", "D"), Plate.named("h", "H")
    x_n, z = observed.vector(DATUM[n, observed.index]), latent.vector(LATENT[latent.index])
    sigma2 = Parameter("sigma2", range="positive")
    alpha2 = Parameter("alpha2", (latent,), range="positive")
    mu = Network("mu", (observed,), (latent.size,))
    nu = Network("nu", (latent,), (observed.size,))
    tau2 = Network("tau2", (latent,), (observed.size,), range="positive")
    return Model(
        name="vae2",
        title="VAE-2: Gaussian VAE with learned prior variances",
        source="Damm et al., AISTATS 2023 (PMLR 206:3931)",
        observed=observed,
        latent=latent,
        parameters=(sigma2, alpha2),
        networks=(mu, nu, tau2),
        prior=NORMAL(0, alpha2.entry),
        decoder=NORMAL(mu(z), sigma2.entry),
        encoder=NORMAL(nu(x_n), tau2(x_n)),
        constraints=(Constraint("mu", "the columns of the first layer of mu have unit norm"),),
    )
