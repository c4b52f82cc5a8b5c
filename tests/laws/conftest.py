"""Which shapes are compiled."""

import pytest

from entropysym.witness import configurations, sweeps


@pytest.fixture
def at_shapes(monkeypatch):
    """A function that leaves a sweep, and a trial of variants, with shapes (D, H, N) of one's choice."""

    def choose(*chosen):
        def shapes(model, seed=0):
            with monkeypatch.context() as patch:
                patch.setattr(configurations, "SHAPES", chosen)
                return configurations.shapes(model, seed)[: len(chosen)]

        monkeypatch.setattr(sweeps, "shapes", shapes)
        monkeypatch.setattr(sweeps, "_VARIANT_SHAPES", tuple(range(len(chosen))))

    return choose
