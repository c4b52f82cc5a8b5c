"""Classes: the entropy of a component is averaged over the classes of q, and the class probabilities move along the simplex."""

from entropysym.models import gaussian_mixture, mixture_of_factor_analysers, mixture_prior_vae

from .page import main
from .theorem import LUECKE, Theorem, entropy, everywhere, wrong

THEOREM = Theorem(
    title="Mixtures: classes and a simplex",
    statement=(
        "In a mixture the entropy of a component counts as often as q says that its class occurs, and stationarity in the class probabilities is along the simplex, where they are "
        "the mean of q. With the exact posterior the ELBO is the log-likelihood, so fixed points of EM are instances."
    ),
    source=LUECKE,
    model=gaussian_mixture,
    claim=everywhere(gaussian_mixture, mixture_of_factor_analysers, mixture_prior_vae),
    control=wrong(
        "the classes' entropy left out", gaussian_mixture, add=lambda d: entropy(d, "p_c")
    ),
)

if __name__ == "__main__":
    main(THEOREM)
