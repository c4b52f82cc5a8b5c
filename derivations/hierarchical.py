"""Several layers of latents: one entropy for each factor, averaged over what it reads."""

from entropysym.models import ladder_vae, two_layer_vae

from .page import main
from .theorem import Theorem, entropy, everywhere, wrong

THEOREM = Theorem(
    title="Two-layer VAE: one entropy for each layer",
    statement=(
        "With a learned variance in every layer of the generator each factor has a direction of its own, so the ELBO becomes the entropies "
        "of q minus those of p, whatever q is: from below, or from the top as in the ladder VAE. The entropy of a layer is averaged over the layers that it reads."
    ),
    source="Own derivation; the ladder is that of Sønderby et al., NeurIPS 2016",
    model=two_layer_vae,
    claim=everywhere(two_layer_vae, ladder_vae),
    control=wrong(
        "the middle layer's entropy left out", two_layer_vae, add=lambda d: entropy(d, "p_z1")
    ),
)

if __name__ == "__main__":
    main(THEOREM)
