"""Bernoulli decoder: the last layer is the direction, weights and bias together."""

from entropysym.models import bernoulli_vae

from .page import main
from .theorem import LUECKE, Theorem, everywhere, wrong

THEOREM = Theorem(
    title="Bernoulli decoder with logits affine in the last layer",
    statement=(
        "For binary data the logits are natural parameters, so multiplying the last layer, weights and bias together, tempers "
        "the decoder at all z at once. The ELBO becomes encoder entropy minus prior entropy minus the mean binary entropy."
    ),
    source=LUECKE,
    model=bernoulli_vae,
    claim=everywhere(bernoulli_vae),
    control=wrong(
        "the bias of the last layer left still",
        bernoulli_vae,
        move=lambda d: {name: v for name, v in d.direction.items() if name != "c"},
    ),
)

if __name__ == "__main__":
    main(THEOREM)
