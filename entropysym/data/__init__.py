"""Data: digits, tables from files, images, the SUSY set, and synthetic data; and whether a matrix of data points can be used.

A matrix (N, D) has one data point per row. Reading needs no JAX.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.data.sources import load_celeba, load_images, load_susy
    from entropysym.data.tables import (
        checked,
        demand_kind,
        load,
        load_named,
        of_kind,
        require_stationary_point,
        with_spread,
    )

__getattr__, __dir__ = lazily(
    __name__,
    {
        "sources": "load_celeba load_images load_susy",
        "tables": "checked demand_kind load load_named of_kind require_stationary_point with_spread",
    },
)
