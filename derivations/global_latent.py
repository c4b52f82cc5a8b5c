"""A latent that all data share: what is global counts once, so for each datum by 1/N."""

from entropysym.models import bayesian_regression

from .page import main
from .theorem import Theorem, entropy, everywhere, wrong

THEOREM = Theorem(
    title="Bayesian regression: a latent of all data",
    statement=(
        "The weights are latent and shared by all data, so for each datum their entropies count by 1/N and the number of data matters. With any q of the weights, and with the exact "
        "posterior at a fixed point of evidence maximisation, the ELBO is this entropy sum."
    ),
    source="Own derivation; model and evidence maximisation are those of MacKay, Bayesian interpolation, Neural Computation 4, 1992",
    model=bayesian_regression,
    claim=everywhere(bayesian_regression),
    control=wrong(
        "the weights' entropy not divided by N",
        bayesian_regression,
        add=lambda d: entropy(d, "p_w"),
    ),
)

if __name__ == "__main__":
    main(THEOREM)
