r"""The linear VAE: at its maximum the entropy sum is the log-likelihood of probabilistic PCA; at some saddles it is less."""

import math

import numpy as np

from entropysym.errors import EntropysymError
from entropysym.models import linear_vae
from entropysym.verdict import Verdict, proved, refuted, undecided

from .page import main
from .theorem import DAMM, Theorem, derivation, everywhere, together

#: Eigenvalues of the data's covariance, and the number of latents.
EIGENVALUES, LATENTS = np.array([5.0, 2.5, 0.9, 0.4]), 2
TOLERANCE = 1e-12


def _value(sigma: float, tau: np.ndarray) -> float:
    """The derived entropy sum at a decoder standard deviation and encoder standard deviations."""
    from entropysym.lowering import lower

    d = derivation(linear_vae)
    return float(lower(d.entropy_sum, d.model)(sigma=sigma, tau=tau, D=len(EIGENVALUES)))


def _likelihood(eigenvalues: np.ndarray) -> float:
    """The log-likelihood of pPCA whose covariance has these eigenvalues along the data's axes."""
    D = len(eigenvalues)
    return -0.5 * float(
        D * math.log(2 * math.pi) + np.log(eigenvalues).sum() + (EIGENVALUES / eigenvalues).sum()
    )


def _at(active: np.ndarray, sigma2: float, spread: np.ndarray, what: str) -> Verdict:
    """Entropy sum against log-likelihood where the model's covariance has these active eigenvalues."""
    try:
        entropies = _value(math.sqrt(sigma2), np.sqrt(sigma2 / spread))
    except EntropysymError as reason:
        return undecided(f"no numbers: {reason}")
    likelihood = _likelihood(np.array([*active, *[sigma2] * (len(EIGENVALUES) - LATENTS)]))
    said = f"{what}: entropy sum {entropies:.6f}, log-likelihood of pPCA {likelihood:.6f} nat"
    if abs(entropies - likelihood) <= TOLERANCE:
        return proved(said, "float64")
    return refuted(said, "float64")


def maximum() -> Verdict:
    """At the maximum, where W has orthogonal columns, both agree."""
    active, rest = EIGENVALUES[:LATENTS], EIGENVALUES[LATENTS:].mean()
    return _at(active, rest, active, "maximum")


def saddle() -> Verdict:
    """At the saddle with $M_{11}=M_{22}$, $M_{12}\\ne0$ the entropy sum is below the log-likelihood: the folklore fails there."""
    roots = np.sqrt(EIGENVALUES[:LATENTS])
    middle = (roots.sum() / 2) ** 2
    rest = EIGENVALUES[LATENTS:].mean()
    return _at(roots * math.sqrt(middle), rest, np.full(LATENTS, middle), "saddle off the axes")


THEOREM = Theorem(
    title="Linear VAE and probabilistic PCA",
    statement=(
        "The linear VAE has the scaling symmetry, so its ELBO is an entropy sum at every stationary point. At its "
        "maximum, and at saddles where the columns of W are orthogonal, this value is the log-likelihood of probabilistic PCA. "
        "There are further saddles where ELBO and entropy sum agree and both lie below the log-likelihood: equality with "
        "pPCA is not part of the theorem."
    ),
    source=DAMM,
    model=linear_vae,
    claim=lambda: together(everywhere(linear_vae)(), maximum()),
    control=saddle,
)

if __name__ == "__main__":
    main(THEOREM)
