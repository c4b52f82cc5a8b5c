"""VAEs as pytrees of weights, and certificates that ELBO = entropy sum, for shipped networks and for any JAX function.

* `Outputs`: what a network must compute, given parameters, data and noise; then `certify` says how far from ELBO = entropy sum it is, what the
  gradient predicts of the gap, and what kind of point it is (a `Reading`).
* `initial`, `LinearVae`, `Vae1`, `Vae2`, `Vae3`, `BernoulliVae`: networks that ship. `elbo`: their ELBO, fast.

Quantities are in nats per data point, in float64.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.networks.building import vae
    from entropysym.networks.certificate import Certificate, certify
    from entropysym.networks.estimators import elbo
    from entropysym.networks.networks import BernoulliVae, LinearVae, Vae1, Vae2, Vae3, initial
    from entropysym.networks.outputs import (
        Encoded,
        Generated,
        GraphOutputs,
        Outputs,
        bernoulli,
        categorical,
        encoded,
        laplace,
        normal,
        poisson,
    )
    from entropysym.networks.readings import Reading

__getattr__, __dir__ = lazily(
    __name__,
    {
        "building": "vae",
        "certificate": "Certificate certify",
        "estimators": "elbo",
        "networks": "BernoulliVae LinearVae Vae1 Vae2 Vae3 initial",
        "outputs": "Encoded Generated GraphOutputs Outputs bernoulli categorical encoded laplace normal poisson",
        "readings": "Reading",
    },
)
