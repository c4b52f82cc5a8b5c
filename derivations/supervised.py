"""Models without latents: the log-likelihood itself becomes a sum of entropies."""

from entropysym.models import heteroscedastic_regression, softmax_classifier

from .page import main
from .theorem import Theorem, entropy, everywhere, wrong

THEOREM = Theorem(
    title="Softmax classifier: log-likelihood and predictive entropy",
    statement=(
        "Where a free last layer is stationary, the mean log-likelihood of a softmax classifier is minus its mean predictive entropy: there are no latents, and so no q."
    ),
    source="Own derivation; the model is that of Bishop, Pattern Recognition and Machine Learning, 2006, section 4.3.4",
    model=softmax_classifier,
    claim=everywhere(softmax_classifier, heteroscedastic_regression),
    control=wrong(
        "the predictive entropy halved", softmax_classifier, add=lambda d: entropy(d, "p_y") / 2
    ),
)

if __name__ == "__main__":
    main(THEOREM)
