r"""VAE-1: the prior N(0, I) has nothing to move; the scaling symmetry of encoder and first decoder layer stands in for it."""

import sympy as sp

from entropysym.errors import EntropysymError
from entropysym.language.algebra import distributed
from entropysym.language.heads import DataMean, Elbo
from entropysym.language.objective import expectation, spelled_out
from entropysym.language.symbols import LATENT, n
from entropysym.models import vae1
from entropysym.pages import Line
from entropysym.pages.equations import scaling_index
from entropysym.pages.marks import Slope
from entropysym.prover import Derivation
from entropysym.prover.derive import delta
from entropysym.prover.stationarity import noise_averaged

from .page import main
from .theorem import DAMM, Theorem, everywhere, refused


def prior_gap(d: Derivation) -> list[Line]:
    r"""$\Delta_{\rm prior}=\frac12\sum_h\partial\mathcal F/\partial s_h$, with $\partial\mathcal F/\partial s_h$ as the derivation found it."""
    model, h = d.model, d.model.latent
    entropies = {f: t.entropy for f, t in d.entropies.items()}
    gap = distributed(spelled_out(model, delta(model, "prior"), entropies))

    def averaged(body: sp.Expr, **noise: bool) -> sp.Expr:
        return DataMean(expectation(model, body, **noise), n)

    square = LATENT[h.index] ** 2
    one_latent = noise_averaged(1 - averaged(square, reparametrised=True))
    whole = h.size / 2 - averaged(h.sum(square)) / 2
    apart = distributed(one_latent - d.stationarity["scaling"].lhs, powers=True)
    if apart != 0 or distributed(gap - whole) != 0:
        raise EntropysymError("the prior's gap is not half the sum of the scaling derivatives")
    name = sp.Symbol("Delta_prior", real=True)
    return [
        Line(name, gap),
        Line(name, sp.Sum(Slope(Elbo(), scaling_index(d)), (h.index, 1, h.size)) / 2),
    ]


THEOREM = Theorem(
    title="VAE-1: scaling symmetry in place of a learned prior",
    statement=(
        "With the fixed prior N(0, I) the ELBO still becomes an entropy sum, if the decoder reads z through a free first "
        "layer and the encoder can be rescaled latent by latent. Stationarity is needed in encoder parameters as well. "
        "A frozen encoder breaks it."
    ),
    source=DAMM,
    model=vae1,
    claim=everywhere(vae1, lambda: vae1(coordinates="softplus"), lambda: vae1(per_dimension=True)),
    control=refused("encoder not learned", lambda: vae1(frozen_encoder=True)),
    about_lines=(
        "The prior's part of the gap is half the sum of the derivatives along the scalings of the latents. This is checked when "
        "the page is made: the condition below the stationarity conditions, summed and halved, is the prior's part with its "
        "expectations carried out."
    ),
    lines=prior_gap,
)

if __name__ == "__main__":
    main(THEOREM)
