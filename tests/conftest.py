"""Profiles for Hypothesis, double precision for JAX, and the two shipped derivations."""

import os

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import pytest
from hypothesis import HealthCheck, settings

import entropysym as es

# The first example of a sweep pays for compilation, so no profile has a deadline.
_common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **_common)
settings.register_profile("exploring", print_blob=True, **_common)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

MODELS = sorted(es.models.MODELS)


@pytest.fixture(scope="session")
def derivations():
    """Every shipped model's derivation, replayed."""
    return {name: es.derive(es.models.MODELS[name]()) for name in MODELS}


@pytest.fixture(params=MODELS)
def derivation(request, derivations):
    """Each shipped derivation in turn; of a refused model the partial one."""
    found = derivations[request.param]
    return found.partial if isinstance(found, es.Refusal) else found
