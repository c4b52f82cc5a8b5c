"""Claims: statement, derivation, numbers and negative control meet here, and become a verdict.

* `derive`, `replay`: a model's entropy sum, accepted by the independent checker; `verify`: compared in numbers and on data as well.
* `equal`: whether two expressions are, by the checker'"'"'s normal form, or a point at which they are not.
* `COUNTER_EXAMPLES`: trained models with a vanishing gradient and a gap, for claims that are refused.
"""

from typing import TYPE_CHECKING

from entropysym.claims.replayed import derive, replay
from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.claims.counterexamples import COUNTER_EXAMPLES, CounterExample
    from entropysym.claims.equality import equal
    from entropysym.claims.verification import Verification, verify

__getattr__, __dir__ = lazily(
    __name__,
    {
        "counterexamples": "COUNTER_EXAMPLES CounterExample",
        "equality": "equal",
        "replayed": "derive replay",
        "verification": "Verification verify",
    },
)
