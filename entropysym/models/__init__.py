"""Latent-variable models as records; each function returns one. Sizes D, H, N stay symbols."""

from collections.abc import Callable

from entropysym.language.records import Model
from entropysym.models.gaussian import vae2
from entropysym.models.linear import linear_vae

#: Every model that ships, by the name the command line knows it by.
MODELS: dict[str, Callable[[], Model]] = {make.__name__: make for make in (vae2, linear_vae)}

__all__ = ["MODELS", "linear_vae", "vae2"]
