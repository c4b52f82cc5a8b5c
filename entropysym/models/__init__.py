"""Latent-variable models as records; each function returns one. Sizes D, H, N stay symbols."""

from collections.abc import Callable

from entropysym.language.records import Model
from entropysym.models.full_covariance import gaussian_vae
from entropysym.models.gaussian import vae0, vae1, vae2, vae3
from entropysym.models.linear import linear_vae
from entropysym.models.objectives import beta_vae, with_beta, with_weight_decay
from entropysym.models.other_families import bernoulli_vae, poisson_vae, sparse_coding
from entropysym.models.zoo import VARIANTS

#: Every model that ships, in its default form, by name.
MODELS: dict[str, Callable[[], Model]] = {
    make.__name__: make
    for make in (
        *(vae0, vae1, vae2, vae3, linear_vae, gaussian_vae),
        *(beta_vae, sparse_coding, bernoulli_vae, poisson_vae),
    )
}

#: Every model in every form in which it ships, by the name the command line knows it by.
ZOO: dict[str, Callable[[], Model]] = MODELS | VARIANTS

__all__ = [
    "MODELS",
    "ZOO",
    "bernoulli_vae",
    "beta_vae",
    "gaussian_vae",
    "linear_vae",
    "poisson_vae",
    "sparse_coding",
    "vae0",
    "vae1",
    "vae2",
    "vae3",
    "with_beta",
    "with_weight_decay",
]
