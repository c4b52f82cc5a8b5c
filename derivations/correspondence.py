r"""VAE-1 and VAE-2 are one model in two gauges: rescaling the latents maps one onto the other."""

from dataclasses import replace

import sympy as sp

from entropysym.families import NORMAL
from entropysym.language import DataMean, Entropy, Model, NoiseExpectation, Parameter, Vector
from entropysym.language.algebra import distributed, exponentials_merged
from entropysym.language.objective import (
    elbo,
    expectation,
    latents_written_out,
    reparametrised,
    spelled_out,
)
from entropysym.language.symbols import n
from entropysym.models import vae1
from entropysym.pages import Line
from entropysym.prover import Derivation
from entropysym.verdict import Verdict

from .page import main
from .theorem import OWN, Theorem, derivation, everywhere, shown_identity, together


def rescaled() -> Model:
    """VAE-1 with a learned prior variance for each latent: VAE-2 with the first layer and the encoder written out."""
    model = vae1()
    alpha2 = Parameter("alpha2", (model.latent,), range="positive")
    return replace(
        model,
        name="vae2_written_out",
        title="VAE-2 with first layer and encoder written out",
        parameters=(*model.parameters, alpha2),
        p=(replace(model.prior, arguments=NORMAL(0, alpha2.entry).arguments), model.decoder),
    )


def in_the_other_gauge(e: sp.Expr, model: Model) -> sp.Expr:
    r"""The expression with $W\to WS^{-1}$, $\nu\to S\nu$, $\tau\to S\tau$ and $S=\mathrm{diag}\,\alpha$, networks' inputs simplified."""
    W, V, c, u, _, alpha2 = (p.symbol for p in model.parameters)
    rules = {}
    for i in e.atoms(sp.Indexed):
        scale = alpha2[i.indices[-1] if i.base == W else i.indices[0]]  # type: ignore[index]
        if i.base == W:
            rules[i] = i / sp.sqrt(scale)
        elif i.base in (V, c):
            rules[i] = i * sp.sqrt(scale)
        elif i.base == u:
            rules[i] = i + sp.log(scale)
    return simplified(latents_written_out(e.xreplace(rules)))


def simplified(e: sp.Basic) -> sp.Expr:
    """The expression with every network's input multiplied out, every latent being written as noise already."""

    def multiplied_out(body: sp.Expr, index: sp.Symbol, size: sp.Symbol) -> Vector:
        return Vector(exponentials_merged(distributed(body, powers=True)), index, size)

    # With the latents written out, an average over noise no longer depends on the encoder that it carries along.
    noise = expectation(vae1(), sp.S.One, reparametrised=True)
    averaged = e.replace(NoiseExpectation, lambda body, *encoder: noise.over(body))  # type: ignore[attr-defined]
    return averaged.replace(Vector, multiplied_out)  # type: ignore[return-value]


def spelled(d: Derivation, e: sp.Expr) -> sp.Expr:
    """An expression with heads, spelled out with noise."""
    entropies = {f: t.entropy for f, t in d.entropies.items()}
    return reparametrised(spelled_out(d.model, e, entropies))  # type: ignore[return-value]


def shift(sign: int) -> Verdict:
    r"""F agrees in both gauges, and $H_{\rm enc}$ and $H_{\rm prior}$ each shift by $\sum_h\log\alpha_h$, times `sign`."""
    one, two = derivation(vae1), derivation(rescaled)
    h = two.model.latent
    alpha = sign * h.sum(sp.log(two.model.parameters[-1].entry)) / 2  # type: ignore[arg-type]

    def compared(what: str, head: sp.Expr, shifted: sp.Expr = sp.S.Zero) -> Verdict:
        there = in_the_other_gauge(spelled(two, head), two.model)
        return shown_identity(
            what, there, simplified(latents_written_out(spelled(one, head))) + shifted
        )

    return together(
        compared("ELBO", elbo(one.model)),
        compared("encoder entropy", DataMean(Entropy("encoder", n), n), alpha),
        compared("prior entropy", Entropy("prior"), alpha),
        compared("decoder entropy", Entropy("decoder", latent=True)),
    )


def gauges(d: Derivation) -> list[Line]:
    """The shifts, as equations."""
    h = d.model.latent
    shifts = h.sum(sp.log(d.model.parameters[-1].entry)) / 2  # type: ignore[arg-type]
    grown = {"encoder": shifts, "prior": shifts, "decoder": sp.S.Zero}
    return [Line(sp.Symbol(f"delta_{role}", real=True), e) for role, e in grown.items()]


THEOREM = Theorem(
    title="Correspondence of VAE-1 and VAE-2",
    statement=(
        "Where no column of the first layer vanishes and the encoder can be rescaled, VAE-1 and VAE-2 are the same model in two "
        "gauges: with α the norms of the columns, dividing W by α and multiplying the encoder's means and standard deviations by α "
        "turns one into the other. ELBO and entropy sum agree, while encoder and prior entropy both grow by the sum of log α."
    ),
    source=OWN,
    model=rescaled,
    claim=lambda: together(shift(1), everywhere(rescaled)()),
    control=lambda: shift(-1),
    about_lines=(
        "With δ for what an entropy grows by from VAE-1 to VAE-2, encoder and prior cancel in the entropy sum. The claim compares "
        "ELBO and entropies of both gauges term by term:"
    ),
    lines=gauges,
)

if __name__ == "__main__":
    main(THEOREM)
