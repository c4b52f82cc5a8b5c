"""Hypothesis finds here how to make models, by its entry point: ``st.from_type(es.Model)``.

It calls `register` when it is imported, in any program where this package is installed, so nothing is loaded then: what has been loaded already is registered, and the records when they are loaded.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.util import find_spec

_RECORDS = "entropysym.language.records"


def register() -> None:
    """Register the strategies now if the records are there, else as soon as they are loaded."""
    if hasattr(sys.modules.get(_RECORDS), "Model"):
        _register(sys.modules[_RECORDS])
    else:
        sys.meta_path.insert(0, _WhenLoaded())


def _register(records) -> None:  # type: ignore[no-untyped-def]
    from hypothesis import strategies as st

    def of_models(kind):  # type: ignore[no-untyped-def]
        from entropysym.testing.strategies import models

        return models()

    def of_families(kind):  # type: ignore[no-untyped-def]
        from entropysym.families import FAMILIES

        return st.sampled_from(list(FAMILIES.values()))

    st.register_type_strategy(records.Model, of_models)
    st.register_type_strategy(records.Family, of_families)


class _WhenLoaded(MetaPathFinder):
    """Waits for the records, and leaves."""

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def, override]
        if name != _RECORDS:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        spec.loader = _ThenRegister(spec.loader)
        return spec


class _ThenRegister(Loader):
    """Loads as another loader does, which may be that of other modules, too, and then registers."""

    def __init__(self, loader):  # type: ignore[no-untyped-def]
        self.loader = loader

    def create_module(self, spec):  # type: ignore[no-untyped-def]
        return self.loader.create_module(spec)

    def exec_module(self, module):  # type: ignore[no-untyped-def]
        module.__spec__.loader = module.__loader__ = self.loader  # type: ignore[union-attr]
        self.loader.exec_module(module)
        _register(module)
