"""The pytest plugin: claims and models of a project as tests of their own.

With ``pytest --entropysym`` every `Claim` and `Theorem` that a test module binds, or holds in a list, is a test, and so is every Python file beside the tests that ends in ``_model.py`` and binds `model`. Options:

* ``--entropysym``: collect claims and models; nothing collected is a failure;
* ``--entropysym-draws N``, ``--entropysym-seed N``, ``--entropysym-shapes N``: how many configurations each claim is compared at, which, and of how many shapes (each is compiled).

The fixture `entropysym_x64` turns on double precision in JAX. A last line says what was really compared. Until one of them is used the plugin loads the standard library only.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

#: What a model file is called.
_PATTERN = "*_model.py"

#: Options that are numbers.
_NUMBERS = ("draws", "seed", "shapes")

_STATE: dict[str, list] = {"workers": []}


def pytest_addoption(parser):  # type: ignore[no-untyped-def]
    group = parser.getgroup("entropysym", "claims about models of latent variables")
    group.addoption("--entropysym", action="store_true", help="collect Claim and Theorem objects and model files; fail if there are none")  # fmt: skip
    group.addoption("--entropysym-draws", type=int, metavar="N", help="configurations for each claim (25)")  # fmt: skip
    group.addoption("--entropysym-seed", type=int, metavar="N", help="the seed that they are drawn from (0)")  # fmt: skip
    group.addoption("--entropysym-shapes", type=int, metavar="N", help="shapes that they are drawn at (3)")  # fmt: skip


def pytest_configure(config):  # type: ignore[no-untyped-def]
    _STATE["workers"] = []
    if config.getoption("entropysym") or _asked(config):
        _use(config)


def _asked(config) -> bool:  # type: ignore[no-untyped-def]
    return any(config.getoption(f"entropysym_{name}") is not None for name in _NUMBERS)


def _use(config) -> None:  # type: ignore[no-untyped-def]
    """Double precision, and the options' numbers as what holds where a test says nothing."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from entropysym.testing.comparing import CHECKED, DEFAULTS

    CHECKED.clear()
    for name in _NUMBERS:
        value = config.getoption(f"entropysym_{name}")
        if value is not None:
            least = 0 if name == "seed" else 1
            if value < least:
                raise pytest.UsageError(f"--entropysym-{name} is {value}; pass an integer >= {least}")  # fmt: skip
            DEFAULTS[name] = value


@pytest.fixture
def entropysym_x64():  # type: ignore[no-untyped-def]
    """JAX computes in double precision during a test, which verdicts need; afterwards as before."""
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


# -- collection ------------------------------------------------------------------------------------------------------------


@pytest.hookimpl(hookwrapper=True)
def pytest_pycollect_makeitem(collector, name, obj):  # type: ignore[no-untyped-def]
    outcome = yield
    if not collector.config.getoption("entropysym") or not _are_loaded():
        return
    found = _claims(name, obj)
    if found:
        outcome.force_result([ClaimItem.from_parent(collector, name=n, claim=c) for n, c in found])


def _are_loaded() -> bool:
    """Whether anything has imported claims; where nothing has, no object is one."""
    return "entropysym.testing.claims" in sys.modules


def _claims(name, obj) -> list:  # type: ignore[no-untyped-def]
    from entropysym.testing.claims import Claim, Theorem

    if isinstance(obj, (Claim, Theorem)):
        return [(name, obj)]
    if isinstance(obj, (list, tuple)) and obj and all(isinstance(o, (Claim, Theorem)) for o in obj):
        return [(f"{name}[{k}]", o) for k, o in enumerate(obj)]
    return []


def pytest_collect_file(file_path: Path, parent):  # type: ignore[no-untyped-def]
    if parent.config.getoption("entropysym") and file_path.match(_PATTERN):
        return ModelFile.from_parent(parent, path=file_path)
    return None


class ModelFile(pytest.File):
    """A file that binds `model`: its gap identity is a test."""

    def collect(self):  # type: ignore[no-untyped-def]
        from entropysym.testing.claims import Theorem

        yield ClaimItem.from_parent(self, name="gap_identity", claim=Theorem(self.path))


class ClaimItem(pytest.Item):
    """A claim as a test."""

    def __init__(self, *, claim, **more):  # type: ignore[no-untyped-def]
        super().__init__(**more)
        self.claim = claim

    def runtest(self) -> None:
        from entropysym.testing.comparing import check

        check(self.claim)

    def repr_failure(self, excinfo, style=None):  # type: ignore[no-untyped-def]
        from entropysym.errors import EntropysymError

        if isinstance(excinfo.value, (AssertionError, EntropysymError)):
            return f"{type(excinfo.value).__name__}: {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self):  # type: ignore[no-untyped-def]
        return self.path, None, f"{self.name}: {self.claim}" if self.path.suffix else self.name


# -- what was compared -------------------------------------------------------------------------------------------------------


def _checked() -> list[list]:
    """Claims that were checked in this process: how many configurations, and which errors are seen."""
    module = sys.modules.get("entropysym.testing.comparing")
    if module is None:
        return []
    return [[c.compared, c.coarse, c.detectable, c.tried, c.rejected] for c in module.CHECKED]


def pytest_sessionfinish(session, exitstatus):  # type: ignore[no-untyped-def]
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["entropysym"] = _checked()
        return
    rows = _checked() + _STATE["workers"]
    asked = session.config.getoption("entropysym") and not session.config.getoption("collectonly")
    if asked and not rows and exitstatus in (0, 5):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):  # type: ignore[no-untyped-def]
    _STATE["workers"] += getattr(node, "workeroutput", {}).get("entropysym", [])


def pytest_terminal_summary(terminalreporter, exitstatus, config):  # type: ignore[no-untyped-def]
    rows = _checked() + _STATE["workers"]
    if rows:
        compared = sum(row[0] - row[1] for row in rows)
        smallest, largest = (f(row[2] for row in rows) for f in (min, max))
        tried, rejected = (sum(row[k] for row in rows) for k in (3, 4))
        terminalreporter.write_line(
            f"entropysym: {len(rows)} claims held at {compared} configurations that could have failed; "
            f"errors from {smallest:.1e} nats (at worst {largest:.1e}) are seen; {rejected} of {tried} wrong variants rejected"
        )
    elif config.getoption("entropysym"):
        terminalreporter.write_line("entropysym: nothing was compared, which is a failure", red=True)  # fmt: skip
