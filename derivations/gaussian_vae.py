"""The general Gaussian VAE: full covariances for prior, decoder and encoder, in three coordinates of the prior's."""

from entropysym.language.matrices import LogDet
from entropysym.models import gaussian_vae

from .page import main
from .theorem import OWN, Theorem, everywhere, wrong

THEOREM = Theorem(
    title="General Gaussian VAE with full covariances",
    statement=(
        "Full covariances change nothing: the prior's covariance and a common scale of the decoder's are multiplied by one "
        "factor, every mean stands still. The covariances may be learned as they are, by a Cholesky factor, or by the "
        "precision, and the entropies are log determinants."
    ),
    source=OWN,
    model=gaussian_vae,
    claim=everywhere(
        gaussian_vae,
        lambda: gaussian_vae(coordinates="cholesky"),
        lambda: gaussian_vae(coordinates="precision"),
    ),
    control=wrong(
        "log determinant of the prior without its 1/2",
        gaussian_vae,
        add=lambda d: -LogDet(d.model.parameters[1].symbol) / 2,  # type: ignore[arg-type]
    ),
)

if __name__ == "__main__":
    main(THEOREM)
