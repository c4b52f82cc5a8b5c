"""Ascent to a stationary point of any objective: Adam, L-BFGS and Newton steps on many runs at once, by a `Plan`, with checkpoints.

Budgets are counted in steps, never in seconds. Nothing here knows a VAE.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.ascent.checkpoints import Checkpoint
    from entropysym.ascent.settling import Ending, Plan, Settled, settle

__getattr__, __dir__ = lazily(
    __name__,
    {
        "checkpoints": "Checkpoint",
        "settling": "Ending Plan Settled settle",
    },
)
