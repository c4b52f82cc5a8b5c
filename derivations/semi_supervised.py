"""Several plates of data: N with labels and M without."""

from entropysym.models import semi_supervised_vae

from .page import main
from .theorem import Theorem, entropy, everywhere, wrong

THEOREM = Theorem(
    title="Semi-supervised VAE: data with labels and data without",
    statement=(
        "Labelled and unlabelled data have a mean each, and count with their numbers N and M. A label is observed in one plate and latent in the other, its class probabilities are "
        "the same and have one direction for both, so they become the mean over all data of what is known of the labels."
    ),
    source="Own derivation; the model is that of Kingma, Rezende, Mohamed, Welling, NeurIPS 2014",
    model=semi_supervised_vae,
    claim=everywhere(semi_supervised_vae),
    control=wrong(
        "the labels of the unlabelled data left out",
        semi_supervised_vae,
        add=lambda d: entropy(d, "p_y_u"),
    ),
)

if __name__ == "__main__":
    main(THEOREM)
