r"""The general Gaussian VAE: full covariances for prior, decoder and encoder."""

from __future__ import annotations

from collections.abc import Callable

from entropysym.errors import one_of
from entropysym.families import MULTIVARIATE_NORMAL
from entropysym.language.matrices import (
    Inverse,
    Matrix,
    MatrixLetter,
    MatrixProduct,
    Scaled,
    Transposed,
)
from entropysym.language.records import Model, Network, Parameter, one_latent_model
from entropysym.language.symbols import MatrixRange
from entropysym.models.gaussian import SOURCE, datum, latents, plates, variant_title

#: Coordinates of a covariance (itself, its lower-triangular Cholesky factor, or its inverse): letter, range, and the covariance of it.
COVARIANCES: dict[str, tuple[str, MatrixRange, Callable[[MatrixLetter], Matrix]]] = {
    "covariance": ("A", "posdef", lambda A: A),
    "cholesky": ("L", "triangular", lambda L: MatrixProduct(L, Transposed(L))),
    "precision": ("P", "posdef", Inverse),
}


def gaussian_vae(*, coordinates: str = "covariance") -> Model:
    r"""Prior $N(\mu_0,A)$, decoder $N(\mu(z),s\,\Omega(z))$, encoder $N(\nu(x),T(x))$, all covariances full.

    Learned are $\mu_0$, A and the scale s; Ω and T are arbitrary networks of positive-definite matrices. `coordinates` says how
    A is learned: covariance A, cholesky $A=LL^\top$, or precision $A=P^{-1}$.
    """
    if coordinates not in COVARIANCES:
        raise one_of(coordinates, COVARIANCES, "coordinates of a covariance")
    observed, latent = plates()
    mu0 = Parameter("mu0", (latent,))
    name, range_, covariance_of = COVARIANCES[coordinates]
    learned = Parameter(name, (latent, latent), range_)
    s = Parameter("s", range="positive")
    mu = Network("mu", (observed,), (latent.size,))
    Omega = Network("Omega", (observed, observed), (latent.size,), range="posdef")
    nu = Network("nu", (latent,), (observed.size,))
    T = Network("T", (latent, latent), (observed.size,), range="posdef")
    x_n, z = datum(observed), latents(latent)
    default = "gaussian_vae"
    name = default if coordinates == "covariance" else f"{default}_{coordinates}"
    return one_latent_model(
        name=name,
        title=variant_title("General Gaussian VAE with full covariances", default, name),
        source=SOURCE,
        observed=observed,
        latent=latent,
        parameters=(mu0, learned, s),
        networks=(mu, Omega, nu, T),
        prior=MULTIVARIATE_NORMAL(mu0.entry, covariance_of(learned.letter)),
        decoder=MULTIVARIATE_NORMAL(mu(z), Scaled(s.entry, Omega.matrix(z))),
        encoder=MULTIVARIATE_NORMAL(nu(x_n), T.matrix(x_n)),
    )
