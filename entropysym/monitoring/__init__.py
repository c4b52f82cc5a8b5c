"""The three entropies, the gap and the collapsed latents of a user's own VAE, from plain arrays, in any training loop.

>>> from entropysym.monitoring import entropies
>>> x, nu, mean = [[1.0, -2.0], [0.5, 1.0]], [[0.6], [-0.6]], [[0.0, 0.0], [0.0, 0.0]]
>>> report = entropies(x, nu, [0.64], mean=mean, sigma2=1.5625)
>>> abs(report.gap) < 1e-15  # sigma^2 = mean (x - mu)^2 and 1 = mean (nu^2 + tau^2): the gap is closed
True
>>> print(report.table())
latent  encoder entropy      KL  mean (nu^2 + tau2) / alpha2
     0           1.1958  0.2231                       1.0000
0 of 1 latents collapsed (KL below 0.01 nat); nats per data point

* `entropies`: an `EntropyReport` from NumPy, PyTorch or JAX arrays.
* `Monitor`: the same at every step of a training loop, with the gap that the loop's own gradients predict along a direction of `Move`s; a `Step` each.
  `Monitor.gaussian`, `.laplace`, `.bernoulli` and `.poisson` write the direction down from the layers; `Monitor.slip` names a mistake in the loop as a `Slip`.
* `scale_report`: whether one learned scale is stationary, from per-element errors alone (saved autoencoders with a `logvar`).
* `may_stop`: whether training may stop, by the gap and the drift of the entropy sum over the last steps of a history; a `Decision`.

Nothing here imports PyTorch or JAX.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.monitoring.monitor import Monitor
    from entropysym.monitoring.moves import Move
    from entropysym.monitoring.reports import EntropyReport, entropies
    from entropysym.monitoring.scales import ScaleReport, scale_report
    from entropysym.monitoring.slips import Slip
    from entropysym.monitoring.steps import Step
    from entropysym.monitoring.stopping import Decision, may_stop, tempering_gain

# Importing the room loads no NumPy; each module loads when first asked for.
__getattr__, __dir__ = lazily(
    __name__,
    {
        "monitor": "Monitor",
        "moves": "Move",
        "reports": "EntropyReport entropies",
        "scales": "ScaleReport scale_report",
        "slips": "Slip",
        "steps": "Step",
        "stopping": "Decision may_stop tempering_gain",
    },
)
