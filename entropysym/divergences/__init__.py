"""Entropies, divergences and varentropies in closed form, derived from the records and replayed.

* `entropy`, `kl`, `cross_entropy`, `varentropy`: each a `ClosedForm`, an expression of the language with its conditions.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.divergences.closed_forms import (
        ClosedForm,
        against,
        cross_entropy,
        entropy,
        kl,
        varentropy,
    )

__getattr__, __dir__ = lazily(
    __name__, {"closed_forms": "ClosedForm against cross_entropy entropy kl varentropy"}
)
