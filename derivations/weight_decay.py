r"""Weight decay on VAE-1's first layer leaves a gap of exactly minus the penalty."""

from entropysym.models import vae1, with_weight_decay

from .page import main
from .theorem import OWN, Theorem, everywhere, wrong


def decayed():
    """VAE-1 with weight decay on its first layer."""
    return with_weight_decay(vae1())


THEOREM = Theorem(
    title="Weight decay: the exact gap it leaves",
    statement=(
        "A penalty subtracted from the ELBO leaves the gap v·∇R at stationary points. For weight decay on the first layer of "
        "VAE-1, which the scaling moves, that is minus the penalty itself. Decoupled decay is no gradient of a "
        "penalty and is not covered."
    ),
    source=OWN,
    model=decayed,
    claim=everywhere(decayed, lambda: with_weight_decay(vae1(), "V")),
    control=wrong("the penalty forgotten", decayed, add=lambda d: -d.excess),
)

if __name__ == "__main__":
    main(THEOREM)
