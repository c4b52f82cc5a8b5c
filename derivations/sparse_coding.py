"""Sparse coding: a Laplace prior with learned scales; the entropies are those of Laplace and Normal."""

from entropysym.models import sparse_coding

from .page import main
from .theorem import VELYCHKO, Theorem, everywhere, wrong

THEOREM = Theorem(
    title="Sparse coding with a Laplace prior",
    statement=(
        "A Laplace prior with learned scales has a direction like a Normal prior with learned variances. With columns of W of unit "
        "norm and any Gaussian encoder the ELBO of sparse coding becomes a sum of entropies; the "
        "scales are then the mean absolute latents."
    ),
    source=VELYCHKO,
    model=sparse_coding,
    claim=everywhere(sparse_coding),
    control=wrong(
        "Laplace entropy without its e, log(2 λ) for log(2 e λ)",
        sparse_coding,
        add=lambda d: d.model.latent.size,
    ),
)

if __name__ == "__main__":
    main(THEOREM)
