"""The playground's own files, which are no package."""

import importlib.util
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent.parent.parent / "docs/playground"
EXAMPLES = HERE / "examples"


@cache
def _loaded(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answering():
    """What the worker runs."""
    return _loaded("answering")


def building():
    """What builds the page."""
    return _loaded("build")


def example(folder, name):
    return (EXAMPLES / folder / f"{name}.py").read_text(encoding="utf-8")
