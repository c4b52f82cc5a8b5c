"""What is given: labels and inputs that factors read and nothing generates."""

from entropysym.models import conditional_vae, conditional_vae_fixed_prior

from .page import main
from .theorem import Theorem, entropy, everywhere, wrong

THEOREM = Theorem(
    title="Conditional VAE: labels that are given",
    statement=(
        "What is given has no factor and no entropy; each factor's entropy is averaged over it with the data. The mean of the prior may be any function of the labels, for it "
        "stands still; with the prior fixed the latent is scaled in q and in what reads it."
    ),
    source="Own derivation; the model is that of Sohn, Lee, Yan, NeurIPS 2015",
    model=conditional_vae,
    claim=everywhere(conditional_vae, conditional_vae_fixed_prior),
    control=wrong("the prior's entropy left out", conditional_vae, add=lambda d: entropy(d, "p_z")),
)

if __name__ == "__main__":
    main(THEOREM)
