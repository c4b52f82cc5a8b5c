"""What am I optimising? Of which model a user's scalar loss is the ELBO, found by calling it, and what holds where training ends.

* `identify_objective`: an `Identified`, with the model, the weights of its terms, the theorem that applies, and what to change.

Reading order: `terms` (what losses are made of), `calls` (a loss on random batches), `fits` (its weights), `readings` (what they mean), `theorems` (the table
of *your loss, the model it trains, what holds*), `identification`. Nothing here imports PyTorch or JAX unless a loss asks for its arrays.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.losses.identification import Identified, identify_objective

__getattr__, __dir__ = lazily(__name__, {"identification": "Identified identify_objective"})
