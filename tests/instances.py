"""Everything that ships, once: families, models in every form, kinds of networks.

The laws in `tests/laws` run over these lists alone, so that a new record gets every law for nothing. Where a law compiles a program for each
record, some that have between them all that can be different run by default and the others with `-m slow`.
"""

from collections.abc import Iterable
from functools import cache

import pytest

import entropysym as es
from entropysym.families import FAMILIES
from entropysym.models import ZOO as MODELS
from entropysym.prover import Derivation
from tests.graph_models import GRAPHS

#: The kinds that `networks.initial` makes.
NETWORKS = ("linear_vae", "vae1", "vae2", "vae3")

#: Models that between them have an excess, a latent that scales, matrices, a weight, a head per dimension, and every family.
REPRESENTATIVE = (
    "vae0",
    "vae2",
    "linear_vae",
    "vae3_softplus",
    "beta_vae2",
    "sparse_coding",
    "bernoulli_vae",
    "poisson_vae",
    "gaussian_vae_cholesky",
)

__all__ = [
    "FAMILIES",
    "GRAPHS",
    "MODELS",
    "NETWORKS",
    "REPRESENTATIVE",
    "derivation",
    "found",
    "graph",
    "names",
]


def names(records: Iterable, quick: Iterable | None = None) -> list:
    """The records' names as parameters of a law; those not among the `quick` ones are slow."""
    return [
        pytest.param(name, marks=() if quick is None or name in quick else pytest.mark.slow)
        for name in records
    ]


@cache
def found(name: str) -> Derivation | es.Refusal:
    """What is derived of a model, replayed."""
    return es.derive(MODELS[name]())


def derivation(name: str) -> Derivation:
    """A model's derivation; of a refused model the partial one."""
    of = found(name)
    return of.partial if isinstance(of, es.Refusal) else of


@cache
def graph(name: str) -> Derivation:
    """A graph's derivation, replayed."""
    of = es.derive(GRAPHS[name]())
    assert isinstance(of, Derivation)
    return of
