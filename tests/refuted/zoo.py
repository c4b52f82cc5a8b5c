"""Every model of the zoo with its derivation; what is refused comes with its partial derivation."""

from functools import cache

from entropysym.models import ZOO
from entropysym.prover import Derivation, derive

#: Models whose entropy sum holds an excess.
EXCESS = ("vae0", "vae1_frozen_encoder", "vae1_decay", "vae3_softplus")


@cache
def derivation(name: str) -> Derivation:
    found = derive(ZOO[name]())
    return found if isinstance(found, Derivation) else found.partial
