r"""Termwise: where prior and decoder have separate directions, reconstruction and KL become entropies one by one."""

from dataclasses import replace

import sympy as sp

from entropysym.errors import EntropysymError
from entropysym.language.algebra import distributed
from entropysym.language.heads import DataMean, Directional, Elbo, Entropy, LogDensity
from entropysym.language.objective import elbo, expectation, spelled_out
from entropysym.language.symbols import n
from entropysym.models import sparse_coding, vae2
from entropysym.pages import Line
from entropysym.prover import Derivation
from entropysym.prover.derive import delta
from entropysym.prover.motion import along
from entropysym.verdict import Verdict

from .page import main
from .theorem import OWN, Theorem, derivation, identity, together, wrong

RECONSTRUCTION, KL = sp.symbols("reconstruction KL", real=True)


def own_direction(d: Derivation, role: str) -> dict[str, sp.Basic]:
    """The part of the direction that serves one factor: the parameters that this factor reads."""
    arguments = d.model.factor(role).arguments
    read = {p.name for p in d.model.parameters if any(a.has(p.symbol) for a in arguments)}
    return {name: v for name, v in d.direction.items() if name in read}


def factor_gap(d: Derivation, role: str) -> sp.Expr:
    r"""$\Delta$ of one factor, spelled out; equal to $v\cdot\nabla\mathcal F$ along the factor's own direction, which is checked."""
    entropies = {f: t.entropy for f, t in d.entropies.items()}
    gap = distributed(spelled_out(d.model, delta(d.model, role), entropies))
    moved = along(spelled_out(d.model, elbo(d.model), entropies), d.model, own_direction(d, role))
    if distributed(moved - gap) != 0:
        raise EntropysymError(f"the {role} has no direction of its own")
    return gap


def one_by_one(d: Derivation) -> list[Line]:
    """Reconstruction and KL, each as entropies and the derivative along one factor's own direction."""
    for role in ("decoder", "prior"):
        factor_gap(d, role)

    def averaged(body: sp.Expr) -> sp.Expr:
        return DataMean(expectation(d.model, body), n)

    encoder = DataMean(Entropy("encoder", n), n)
    slope = Directional(Elbo())
    return [
        Line(RECONSTRUCTION, averaged(LogDensity("decoder", n, latent=True))),
        Line(None, slope - averaged(Entropy("decoder", latent=True))),
        Line(KL, -encoder - averaged(LogDensity("prior", latent=True))),
        Line(None, Entropy("prior") - encoder - slope),
    ]


def each_alone() -> Verdict:
    """Each factor's direction alone gives the entropy sum plus the other factor's gap, in numbers."""
    found = []
    for make in (vae2, sparse_coding):
        d = derivation(make)
        for role, other in (("decoder", "prior"), ("prior", "decoder")):
            kept = d.entropy_sum + factor_gap(d, other)
            alone = replace(d.identity, direction=own_direction(d, role), entropy_sum=kept)
            found.append(identity(alone))
    return together(*found)


THEOREM = Theorem(
    title="Termwise equality: reconstruction and KL become entropies separately",
    statement=(
        "Where prior and decoder are moved by different parameters, as in VAE-2 and in sparse coding, the mean reconstruction "
        "becomes minus the decoder's entropy as soon as the decoder's own parameters are stationary, and the KL term becomes "
        "prior entropy minus encoder entropy as soon as the prior's are. Neither needs the other."
    ),
    source=OWN,
    model=vae2,
    claim=each_alone,
    control=wrong(
        "the decoder's direction alone, claimed for the whole gap",
        vae2,
        move=lambda d: own_direction(d, "decoder"),
    ),
    about_lines=(
        "In the second line of each pair v is the part of the direction that moves this factor's own parameters; the derivative "
        "vanishes where these are stationary. Both are computed from the model's ELBO when the page is made."
    ),
    lines=one_by_one,
)

if __name__ == "__main__":
    main(THEOREM)
