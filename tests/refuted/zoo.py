"""Every model of the zoo in every coordinate, with its derivation; what is refused comes with its partial derivation."""

from functools import cache

from entropysym.models import (
    MODELS,
    gaussian_vae,
    vae1,
    vae2,
    vae3,
    with_beta,
    with_weight_decay,
)
from entropysym.models.coordinates import COORDINATES
from entropysym.models.full_covariance import COVARIANCES
from entropysym.models.gaussian import HEADS
from entropysym.prover import Derivation, derive

CASES = {
    **MODELS,
    **{f"vae1 {c}": lambda c=c: vae1(coordinates=c) for c in COORDINATES if c != "variance"},
    **{
        f"vae2 {c}, per dimension": lambda c=c: vae2(coordinates=c, per_dimension=True)
        for c in COORDINATES
    },
    **{f"vae3 {h}": lambda h=h: vae3(head=h) for h in HEADS[1:]},
    **{f"gaussian_vae {c}": lambda c=c: gaussian_vae(coordinates=c) for c in COVARIANCES[1:]},
    "vae1 frozen encoder": lambda: vae1(frozen_encoder=True),
    "vae1 with weight decay": lambda: with_weight_decay(vae1()),
    "vae2 with beta": lambda: with_beta(vae2()),
}

#: Cases whose entropy sum holds an excess.
EXCESS = ("vae0", "vae1 frozen encoder", "vae1 with weight decay", "vae3 softplus")


@cache
def derivation(name: str) -> Derivation:
    found = derive(CASES[name]())
    return found if isinstance(found, Derivation) else found.partial
