"""Latent-variable models as records; each function returns one. Sizes D, H, N stay symbols.

`MODELS` and `ZOO` have them by name; what is known of them, `catalogue.CATALOGUE`, loads no SymPy.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.models.full_covariance import gaussian_vae
    from entropysym.models.gaussian import vae0, vae1, vae2, vae3
    from entropysym.models.linear import linear_vae
    from entropysym.models.objectives import beta_vae, with_beta, with_weight_decay
    from entropysym.models.other_families import bernoulli_vae, poisson_vae, sparse_coding
    from entropysym.models.zoo import MODELS, ZOO

__getattr__, __dir__ = lazily(
    __name__,
    {
        "full_covariance": "gaussian_vae",
        "gaussian": "vae0 vae1 vae2 vae3",
        "linear": "linear_vae",
        "objectives": "beta_vae with_beta with_weight_decay",
        "other_families": "bernoulli_vae poisson_vae sparse_coding",
        "zoo": "MODELS ZOO",
    },
)
