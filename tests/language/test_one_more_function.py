"""An exercise: two functions that no table has, each a row in the language's and one in the
checker's, and everything else follows.

The rows are added to a copy of the package, so that what is built from the tables when they are
imported is built from these.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import entropysym

ROOT = Path(__file__).parents[2]

#: SymPy has the arc tangent: one row each.
ATAN = 'Row("atan", sp.atan, "numpy.arctan", r"\\arctan", "arctan", lambda m, u: m.atan(u)),'
KERNEL_ATAN = '"atan": Row(False, "", ["pow", ["add", 1, ["pow", U, 2]], -1]),'

#: It has no normal distribution function: a class beside the row.
NORMAL_CDF = """Row(
        "normalcdf", NormalCdf, "scipy.special.ndtr", r"\\Phi", "Φ", lambda m, u: m.ncdf(u)
    ),"""
KERNEL_NORMAL_CDF = """"normalcdf": Row(
        False, "positive",
        ["mul", ["pow", ["mul", 2, ["pi"]], ["frac", -1, 2]],
         ["exp", ["mul", ["frac", -1, 2], ["pow", U, 2]]]],
    ),"""
CLASS = '''class NormalCdf(OwnFunction):
    """The distribution function of N(0, 1)."""

    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.exp(-(inside(self) ** 2) / 2) / sp.sqrt(2 * sp.pi)

    def written_out(self) -> sp.Expr:
        return sp.erfc(-inside(self) / sp.sqrt(2)) / 2


@dataclass(frozen=True)
class Row:'''

#: A Cauchy law that is tilted by e^(a atan x), and a Normal that is cut off at 0.
DERIVED = """
import sympy as sp
import entropysym as es
from entropysym.language.functions import LogSinhc, NormalCdf

a, x = es.argument("a"), es.argument("x")
tilted = es.Family(
    "Tilted",
    arguments=(a,),
    variable=x,
    log_density=a * sp.atan(x) - sp.log(1 + x**2) - sp.log(sp.pi) - LogSinhc(sp.pi * a / 2),
    log_base_measure=-sp.log(1 + x**2),
)
m, s, y = es.argument("m"), es.argument("s", "positive"), es.argument("y", "positive")
cut = es.Family(
    "Cut",
    arguments=(m, s),
    variable=y,
    support="positive",
    log_density=-sp.log(2 * sp.pi * s) / 2
    - (y - m) ** 2 / (2 * s)
    - sp.log(NormalCdf(m / sp.sqrt(s))),
)
w = es.ModelWriter()
model = w.model(
    "two_more",
    prior=tilted(w.learned("t", "h")),
    decoder=cut(w.network("mu", "d", reads=w.z), w.learned("s2", "d", range="positive")),
    encoder=es.families.ANY(),
)
d = es.derive(model)
print(d.verdict)
"""

#: What follows: printed, stored, replayed, lowered, compared; and the names are taken.
SHOWN = """
from entropysym.witness import sweep
from entropysym.witness.sweeps import shapes

assert d.verdict.evidence == ("replayed", "normalised"), d.verdict
words = {"latex": ("arctan", "Phi"), "text": ("arctan", "Φ"), "json": ("atan", "normalcdf")}
for form, wanted in words.items():
    text = es.render(d, to=form)
    assert all(word in text for word in wanted), text
assert es.replay(es.render(d, to="json")).value.name == "PROVED"
assert {*es.lower(d.entropy_sum, model).signature} >= {"t", "s2"}
swept = sweep(d.identity, count=100, at=shapes(model)[4:5])
assert swept.passed, swept
for name in ("atan", "NormalCdf"):
    try:
        es.language.symbols.check_declared(name)
    except es.errors.InputError as why:
        assert "taken" in str(why)
    else:
        raise AssertionError(name)
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package with two rows more in each of the two tables of functions."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(
        Path(entropysym.__file__).parent,
        folder / "entropysym",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    _insert(
        folder / "entropysym/language/functions.py",
        ("@dataclass(frozen=True)\nclass Row:", CLASS),
        ("ROWS: tuple[Row, ...] = (", f"ROWS: tuple[Row, ...] = (\n    {ATAN}\n    {NORMAL_CDF}"),
    )
    _insert(
        folder / "entropysym/checker/kernel/functions.py",
        (
            "ROWS: Mapping[str, Row] = {",
            f"ROWS: Mapping[str, Row] = {{\n    {KERNEL_ATAN}\n    {KERNEL_NORMAL_CDF}",
        ),
    )
    return folder


def _insert(path, *changes):
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def _run(folder, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(folder), "JAX_ENABLE_X64": "1"}
    run = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**environment, "JAX_PLATFORMS": "cpu"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.slow
def test_a_row_in_each_table_is_all_that_a_function_needs(copy):
    (copy / "models.py").write_text(DERIVED + SHOWN, encoding="utf-8")
    assert _run(copy, "models.py").startswith("proved")


@pytest.mark.slow
def test_the_laws_of_functions_hold_for_new_rows(copy):
    """Slopes, ranges and JAX's numbers, by the same tests as those of the rows that ship."""
    shutil.copy(ROOT / "tests/checker/test_functions.py", copy)
    chosen = "atan or normalcdf or test_both_tables"
    said = _run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, ".")
    assert " passed" in said


@pytest.mark.slow
def test_without_the_checkers_row_nothing_is_proved(copy, tmp_path):
    """The row is what the checker believes: left out, nothing is accepted."""
    shutil.copytree(copy, tmp_path / "half")
    kernel = tmp_path / "half/entropysym/checker/kernel/functions.py"
    _insert(kernel, (f"\n    {KERNEL_ATAN}", ""))
    (tmp_path / "half/models.py").write_text(DERIVED, encoding="utf-8")
    assert _run(tmp_path / "half", "models.py").startswith("undecided")
