"""VAE-2: prior and decoder variances are learned, so both factors have directions of their own; any encoder will do."""

from entropysym.models import vae2

from .page import main
from .theorem import DAMM, Theorem, entropy, everywhere, wrong

THEOREM = Theorem(
    title="VAE-2: the ELBO becomes a sum of three entropies",
    statement=(
        "At every stationary point in the decoder variance and the prior variances the ELBO equals the entropy of the encoder "
        "minus the entropies of prior and decoder. Mean and variance networks are arbitrary, the encoder is too, "
        "and nothing is assumed about how well the model fits the data."
    ),
    source=DAMM,
    model=vae2,
    claim=everywhere(vae2, lambda: vae2(coordinates="std"), lambda: vae2(per_dimension=True)),
    control=wrong(
        "entropy of the decoder added instead of subtracted",
        vae2,
        add=lambda d: 2 * entropy(d, "decoder"),
    ),
)

if __name__ == "__main__":
    main(THEOREM)
