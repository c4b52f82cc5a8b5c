"""Profiles for Hypothesis, the shipped derivations, and the shapes that are compiled."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

import entropysym as es
import tests.compiling  # noqa: F401 (before JAX)
from tests.instances import derivation as _derivation
from tests.instances import found

# Derivations are kept for every test that asks for them; to look through them all again and again would take a tenth of the time.
gc.set_threshold(100_000, 50, 100)

# The first example of a sweep pays for compilation, so no profile has a deadline.
_common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **_common)
settings.register_profile("exploring", print_blob=True, **_common)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

MODELS = sorted(es.models.MODELS)


@pytest.hookimpl(tryfirst=True)  # before anything is chosen by its marks
def pytest_collection_modifyitems(items):
    """Of the cases of a test that is marked `some(n)` n run by default, at equal distances; the others are slow."""
    cases = {}
    for item in items:
        if item.get_closest_marker("some") and not item.get_closest_marker("slow"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for each in cases.values():
        few = each[0].get_closest_marker("some").args[0]
        kept = {round(k * (len(each) - 1) / max(1, few - 1)) for k in range(few)}
        for place, item in enumerate(each):
            if place not in kept:
                item.add_marker(pytest.mark.slow)


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
