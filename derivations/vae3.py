"""VAE-3: a variance network is allowed if its head lets all variances shrink by one factor, with the mean unmoved."""

from entropysym.models import vae3

from .page import main
from .theorem import DAMM, Theorem, everywhere, refused

THEOREM = Theorem(
    title="VAE-3: a variance network and the condition on its head",
    statement=(
        "If the decoder variances come from a network of z, the decoder has a direction exactly where one motion of the "
        "head's parameters scales the variances at all z alike. Log-variance with a bias, a positive "
        "last layer, and any positive head times a learned scale pass; a softplus of an affine last layer does not, and is refused. "
        "Both networks read z through free first layers."
    ),
    source=DAMM,
    model=vae3,
    claim=everywhere(vae3, lambda: vae3(head="linear"), lambda: vae3(head="scaled")),
    control=refused("softplus head", lambda: vae3(head="softplus")),
)

if __name__ == "__main__":
    main(THEOREM)
