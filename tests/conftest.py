"""Profiles for Hypothesis, double precision for JAX, what it compiled kept for a session, and the shipped derivations."""

import os
import tempfile

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Most of the time would go to compiling the same program again, for another closure or in a subprocess. A folder for each worker,
# since JAX does not write an entry in one go; it goes with the worker, so that no run depends on an earlier one.
_COMPILED = tempfile.TemporaryDirectory(prefix="entropysym-compiled-")
os.environ["JAX_COMPILATION_CACHE_DIR"] = _COMPILED.name
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "0"

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
