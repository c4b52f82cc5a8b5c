r"""Infinite data: the data mean may be an expectation over p(x); no step of the derivation asks which it is."""

from entropysym.lowering.signature import DATA_SIZE
from entropysym.models import vae2
from entropysym.pages import render
from entropysym.verdict import Verdict, proved, refuted

from .page import main
from .theorem import DAMM, Theorem, derivation, everywhere, together, wrong


def no_number_of_data() -> Verdict:
    """The stored steps hold data means, and no number of data points beside them."""
    stored = render(derivation(vae2), "json")
    terms = stored.replace(" ", "")
    counted = f'["size","{DATA_SIZE}"]' in terms or '["counted"' in terms
    if f'["mean","{DATA_SIZE}"' not in terms or counted:
        return refuted("a stored step names the number of data points", "symbolic")
    return proved("the stored derivation holds data means and no number of data points", "symbolic")


THEOREM = Theorem(
    title="Infinite data",
    statement=(
        "The derivation uses of the data mean only that it is linear and gives 1 for 1. So it holds for finitely many data points and for an "
        "expectation over any p(x) for which the expectations exist and the derivative may be taken under them; "
        "here the page of VAE-2 is written with the expectation."
    ),
    source=DAMM,
    model=vae2,
    claim=lambda: together(everywhere(vae2)(), no_number_of_data()),
    control=wrong(
        "sums over two data points in place of means",
        vae2,
        add=lambda d: d.entropy_sum,
    ),
    data="infinite",
)

if __name__ == "__main__":
    main(THEOREM)
