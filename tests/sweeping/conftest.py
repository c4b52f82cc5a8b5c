"""A claim that is quick to compile: VAE-2 at two shapes, in this process."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import entropysym as es
from entropysym.sweeping import sweeps
from entropysym.witness import configurations


@pytest.fixture(scope="session")
def claim():
    return es.derive(es.models.vae2()).identity


@pytest.fixture
def two_shapes(monkeypatch):
    """Each has to be compiled, so there are two of them."""

    def few(model, seed=0):
        return configurations.shapes(model, seed)[3:5]

    monkeypatch.setattr(sweeps, "shapes", few)


@pytest.fixture
def one_shape(two_shapes, monkeypatch):
    """Of another claim one is enough."""

    def few(model, seed=0):
        return configurations.shapes(model, seed)[3:4]

    monkeypatch.setattr(sweeps, "shapes", few)


@pytest.fixture(scope="session")
def serial():
    """An executor of one thread."""
    with ThreadPoolExecutor(1) as executor:
        yield executor
