r"""VAE-0: with a fixed decoder variance there is no entropy sum; the reconstruction error stays in the result."""

from entropysym.models import vae0

from .page import main
from .theorem import DAMM, Theorem, everywhere, wrong

THEOREM = Theorem(
    title="VAE-0: what is left when the decoder variance is fixed",
    statement=(
        "A decoder with fixed variance cannot be tempered, so the ELBO is not an entropy sum at stationary points. The "
        "scaling symmetry still serves the prior, and the decoder leaves exactly D/2 minus the scaled mean reconstruction error."
    ),
    source=DAMM,
    model=vae0,
    claim=everywhere(vae0),
    control=wrong("entropy sum claimed without the remaining term", vae0, add=lambda d: -d.excess),
)

if __name__ == "__main__":
    main(THEOREM)
