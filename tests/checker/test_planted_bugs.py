"""The tests are shown to see: copies of the checker with one bug each must fail the battery."""

import importlib
import shutil
import sys
from pathlib import Path

import pytest

import entropysym.checker

from .battery import failures

SOURCE = Path(entropysym.checker.__file__).parent

BUGS = {
    "the derivative of exp is dropped": (
        "evaluate.py",
        "return value, product(work, value, d)",
        "return value, {}",
    ),
    "the product rule forgets the first factor": (
        "evaluate.py",
        "add(work, product(work, change, v), product(work, value, d))",
        "product(work, value, d)",
    ),
    "the power rule forgets the exponent": (
        "evaluate.py",
        "slope = product(work, constant(q), power(",
        "slope = product(work, constant(1), power(",
    ),
    "networks may move": ("evaluate.py", "if change:", "if False:"),
    "the encoder may move under expect": (
        "evaluate.py",
        'if moving and _moves(at, "encoder", datum):',
        "if False:",
    ),
    "the unit interval is all positive numbers": (
        "evaluate.py",
        'if range_ == "unit" and not _in_unit(at, term):',
        "if False:",
    ),
    "only one Wick pairing": (
        "measures.py",
        "for place in range(1, len(indices)):",
        "for place in range(1, min(2, len(indices))):",
    ),
    "noise components are all one": (
        "measures.py",
        "ids=(min(pair), max(pair))",
        "ids=(pair[0], pair[0])",
    ),
    "names are captured when a measure is opened": (
        "measures.py",
        "names[name] = work.fresh((tag, size, names.get(datum, datum)))",
        "names[name] = next((k for k, v in work.kinds.items() if v == (tag, size, datum)), 1)",
    ),
    "the sum of 1 is 1": (
        "measures.py",
        'if opened[name][0] == "index"',
        "if False",
    ),
    "merged factors are lost": (
        "normal_form.py",
        "powers[new] = powers.get(new, Fraction(0)) + exponent\n        parts",
        "powers[new] = exponent\n        parts",
    ),
    "anything is positive": (
        "normal_form.py",
        "return bool(poly) and all(",
        "return True or all(",
    ),
    "infinite expectations may be met": (
        "normal_form.py",
        "elif integrand not in self.allowed:",
        "elif False:",
    ),
    "the logarithm forgets exponents": (
        "normal_form.py",
        "parts.append(product(work, of(log), constant(exponent)))",
        "parts.append(of(log))",
    ),
    "no scope check": (
        "terms.py",
        "require(found in kinds,",
        "require(True,",
    ),
    "conditions are skipped": ("rules.py", "\n    _check_conditions(document)\n", "\n"),
    "hashes are skipped": ("rules.py", "\n    _check_hashes(document)\n", "\n"),
    "the order is skipped": ("rules.py", "\n    _check_order([", "\n    list(["),
    "fixed parameters may move": ("rules.py", ".parameters[name].learned:", ".parameters:"),
    "constrained parameters may move": ("rules.py", "if name in constrained:", "if False:"),
    "ghosts may move": ("rules.py", "if name not in read:", "if False:"),
    "certificates are believed": (
        "rules.py",
        "if change != add(work, value, entropy):",
        "if False:",
    ),
    "the base measure is ignored": ("rules.py", "if family.log_base_measure != 0:", "if False:"),
    "scales are believed": (
        "rules.py",
        "!= normal:",
        "== ():",
    ),
    "the closed form is believed": (
        "rules.py",
        "    if evaluate(at.replay, result)[0] != at.entropy_sum:",
        "    if False:",
    ),
    "steps are not evaluated": ("rules.py", "    if value != at.elbo:", "    if False:"),
    "a float is an integer": (
        "reader.py",
        "parse_float=_no_float,",
        "parse_float=lambda text: int(float(text)),",
    ),
    "the last of two keys counts": ("reader.py", "if len(found) < len(pairs):", "if False:"),
}


def planted(name: str, folder: Path):
    """A package with the bug, under a name of its own."""
    file, old, new = BUGS[name]
    package = "planted_" + "".join(c if c.isalnum() else "_" for c in name)
    copied = folder / package
    shutil.copytree(SOURCE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    text = (copied / file).read_text()
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {file}"
    (copied / file).write_text(text.replace(old, new))
    return importlib.import_module(package)


def test_the_unharmed_checker_passes():
    assert list(failures(entropysym.checker)) == []


@pytest.mark.parametrize("name", BUGS)
def test_the_battery_notices(name, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    broken = planted(name, tmp_path)
    assert next(failures(broken), None) is not None
