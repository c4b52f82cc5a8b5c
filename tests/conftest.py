"""Profiles for Hypothesis, double precision for JAX, how tests compile, and the shipped derivations."""

import os
import subprocess
import sys
import tempfile

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Most of the time would go to compiling the same program again, for another closure or in a subprocess. A folder for each worker,
# since JAX does not write an entry in one go; it goes with the worker, so that no run depends on an earlier one.
_COMPILED = tempfile.TemporaryDirectory(prefix="entropysym-compiled-")
os.environ["JAX_COMPILATION_CACHE_DIR"] = _COMPILED.name
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "0"

#: Programs run for a moment here, so XLA need not optimise: half the time of all tests.
_QUICKLY = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true "
    "--xla_cpu_use_fusion_emitters=false"
)
if "XLA_FLAGS" not in os.environ:  # as users compile: XLA_FLAGS= pytest
    # A flag that this XLA does not know would end the process.
    probe = [sys.executable, "-c", "import jax; jax.devices()"]
    known = subprocess.run(probe, env={**os.environ, "XLA_FLAGS": _QUICKLY}, capture_output=True)
    os.environ["XLA_FLAGS"] = _QUICKLY if known.returncode == 0 else ""

import pytest
from hypothesis import HealthCheck, settings

import entropysym as es
from tests.instances import derivation as _derivation
from tests.instances import found

# The first example of a sweep pays for compilation, so no profile has a deadline.
_common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **_common)
settings.register_profile("exploring", print_blob=True, **_common)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

MODELS = sorted(es.models.MODELS)


@pytest.fixture(scope="session")
def derivations():
    """Every shipped model's derivation, replayed."""
    return {name: found(name) for name in MODELS}


@pytest.fixture(params=MODELS)
def derivation(request):
    """Each shipped derivation in turn; of a refused model the partial one."""
    return _derivation(request.param)


@pytest.fixture
def at_shapes(monkeypatch):
    """A function that leaves sweeps and trials of variants with shapes (D, H, N) of one's choice: each has to be compiled."""
    from entropysym.witness import configurations, sweeps

    all_of = configurations.shapes

    def choose(*chosen):
        def shapes(model, seed=0):
            with monkeypatch.context() as patch:
                patch.setattr(configurations, "SHAPES", chosen)
                return all_of(model, seed)[: len(chosen)]

        for room in (configurations, sweeps):
            monkeypatch.setattr(room, "shapes", shapes)
        monkeypatch.setattr(sweeps, "_VARIANT_SHAPES", tuple(range(len(chosen))))

    return choose
