"""Poisson decoder: a base measure that is not constant asks for the pseudo entropy and leaves a data term."""

from entropysym.language.heads import DataMean, LogBaseMeasure
from entropysym.language.objective import spelled_out
from entropysym.language.symbols import n
from entropysym.models import poisson_vae
from entropysym.prover import Derivation

from .page import main
from .theorem import LUECKE, Theorem, everywhere, wrong


def data_term(d: Derivation):
    """The mean of the decoder's log base measure at the data."""
    entropies = {f: t.entropy for f, t in d.entropies.items()}
    return spelled_out(d.model, DataMean(LogBaseMeasure("decoder", n), n), entropies)


THEOREM = Theorem(
    title="Poisson decoder: pseudo entropy and a data term",
    statement=(
        "With log-rates affine in a learned last layer the Poisson decoder has a direction relative to its base measure "
        "h(x) = 1/x!. The ELBO becomes encoder entropy minus prior entropy minus the decoder's pseudo entropy, plus the mean of "
        "log h at the data. Without that term the value is wrong."
    ),
    source=LUECKE,
    model=poisson_vae,
    claim=everywhere(poisson_vae),
    control=wrong("the data term left out", poisson_vae, add=lambda d: -data_term(d)),
)

if __name__ == "__main__":
    main(THEOREM)
