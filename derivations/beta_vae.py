r"""The β-VAE: at stationary points of the weighted objective the plain ELBO is an entropy sum, for any weight."""

from entropysym.models import beta_vae, vae1, vae2, with_beta

from .page import main
from .theorem import OWN, Theorem, derivation, everywhere, wrong

THEOREM = Theorem(
    title="β-VAE: the plain ELBO at stationary points of the weighted objective",
    statement=(
        "If the whole KL term is weighted with any β > 0, also while β is annealed, the plain ELBO equals the entropy sum at "
        "stationary points of the weighted objective: the prior's part of the direction is divided by β. The weighted "
        "objective itself is no entropy sum."
    ),
    source=OWN,
    model=beta_vae,
    claim=everywhere(beta_vae, lambda: with_beta(vae2())),
    control=wrong(
        "direction of the plain VAE-1, not divided by the weight",
        beta_vae,
        move=lambda d: derivation(vae1).direction,
    ),
)

if __name__ == "__main__":
    main(THEOREM)
