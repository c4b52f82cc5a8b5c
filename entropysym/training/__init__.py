"""Training Gaussian VAEs to a stationary point, and certificates that ELBO = entropy sum, for shipped networks and for any JAX function.

>>> from entropysym import training
>>> "certify" in training.__all__
True

* `Outputs`: what a network must compute, given parameters, data and noise; then `certify` says how far from ELBO = entropy sum it is, what the
  gradient predicts of the gap, and what kind of point it is (a `Reading`).
* `settle`: Adam, L-BFGS and Newton steps on many runs at once, by a `Plan`, with checkpoints.
* `initial`, `LinearVae`, `Vae1`, `Vae2`, `Vae3`: the networks of the experiments. `elbo`: their ELBO, fast.

Quantities are in nats per data point, in float64. Nothing here changes a global flag.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from entropysym.training.certificate import Certificate, certify
    from entropysym.training.checkpoints import Checkpoint
    from entropysym.training.directions import solved
    from entropysym.training.estimators import elbo
    from entropysym.training.networks import LinearVae, Vae1, Vae2, Vae3, initial
    from entropysym.training.outputs import Outputs
    from entropysym.training.readings import Reading
    from entropysym.training.settling import Ending, Plan, Settled, settle

_HOME = {
    "certificate": ("Certificate", "certify"),
    "checkpoints": ("Checkpoint",),
    "directions": ("solved",),
    "estimators": ("elbo",),
    "networks": ("LinearVae", "Vae1", "Vae2", "Vae3", "initial"),
    "outputs": ("Outputs",),
    "readings": ("Reading",),
    "settling": ("Ending", "Plan", "Settled", "settle"),
}

__all__ = [
    "Certificate",
    "Checkpoint",
    "Ending",
    "LinearVae",
    "Outputs",
    "Plan",
    "Reading",
    "Settled",
    "Vae1",
    "Vae2",
    "Vae3",
    "certify",
    "elbo",
    "initial",
    "settle",
    "solved",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
