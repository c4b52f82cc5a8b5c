"""What is given, and models without latents: the log-likelihood itself becomes a sum of entropies."""

from derivations.page import main
from derivations.theorem import Theorem, entropy, everywhere, wrong
from entropysym.models import (
    conditional_vae,
    heteroscedastic_regression,
    semi_supervised_vae,
    softmax_classifier,
)

THEOREM = Theorem(
    title="Softmax classifier: log-likelihood and predictive entropy",
    statement=(
        "Where a free last layer is stationary, the mean log-likelihood of a softmax classifier is minus its mean predictive entropy: there are no latents, and so no q. "
        "What is given (inputs, labels) has no factor; labelled and unlabelled data have a mean each, weighted by their numbers."
    ),
    source="Own derivation; the model is that of Bishop, Pattern Recognition and Machine Learning, 2006, section 4.3.4",
    model=softmax_classifier,
    claim=everywhere(
        softmax_classifier, heteroscedastic_regression, conditional_vae, semi_supervised_vae
    ),
    control=wrong(
        "the predictive entropy halved", softmax_classifier, add=lambda d: entropy(d, "p_y") / 2
    ),
)

if __name__ == "__main__":
    main(THEOREM)
