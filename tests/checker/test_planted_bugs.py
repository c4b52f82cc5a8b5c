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
        "kernel/evaluate.py",
        "return value, work.product(value, d)",
        "return value, {}",
    ),
    "the product rule forgets the first factor": (
        "kernel/evaluate.py",
        "self.work.add(self.work.product(change, v), self.work.product(value, d))",
        "self.work.product(value, d)",
    ),
    "the power rule forgets the exponent": (
        "kernel/evaluate.py",
        "slope = work.product(constant(q), ",
        "slope = work.product(constant(1), ",
    ),
    "networks may move": (
        "kernel/evaluate.py",
        'check(not moves, f"{moves}: an abstract network cannot be differentiated")',
        "pass",
    ),
    "absolute values may move": (
        "kernel/evaluate.py",
        '            if d:\n                raise Refused(f"{show(inner)} moves',
        '            if False:\n                raise Refused(f"{show(inner)} moves',
    ),
    "the encoder may move under expect": (
        "kernel/evaluate.py",
        "still = not site.moving or",
        "still = True or",
    ),
    "the encoder's matrix may move under expect": (
        "kernel/evaluate.py",
        "site.times(found.scalar, (entry, site.work.product(found.rate, entry)))",
        "(entry, {})",
    ),
    "the unit interval is all positive numbers": (
        "kernel/evaluate.py",
        '(range_ != "unit" or _in_unit(site.model, term))',
        "True",
    ),
    "any word is positive definite": (
        "kernel/evaluate.py",
        "and matrices.surely_posdef(value.word)",
        "",
    ),
    "the scalar of a log det counts once": (
        "kernel/evaluate.py",
        "site.times((size, {}), log), value",
        "log, value",
    ),
    "a log det moves as much in any size": (
        "kernel/evaluate.py",
        "work.product(size, found.rate)\n",
        "found.rate\n",
    ),
    "a trace stands still": (
        "kernel/evaluate.py",
        "return site.times(found.scalar, (value, work.product(found.rate, value)))",
        "return site.times(found.scalar, (value, {}))",
    ),
    "the entries of a matrix stand still": (
        "kernel/evaluate.py",
        "left, right, (value, work.product(found.rate, value))",
        "left, right, (value, {})",
    ),
    "an inverse moves like its matrix": (
        "kernel/evaluate.py",
        "rate = site.work.product(constant(-1), found.rate)",
        "rate = found.rate",
    ),
    "log h is log p": (
        "kernel/evaluate.py",
        '"logh": family.log_base_measure',
        '"logh": family.log_density',
    ),
    "a product is not reversed when inverted": (
        "kernel/matrices.py",
        "not inv, tr) for a, inv, tr in reversed(word))",
        "not inv, tr) for a, inv, tr in word)",
    ),
    "a product is not reversed when transposed": (
        "kernel/matrices.py",
        'a.head != "posdef") for a, inv, tr in reversed(word))',
        'a.head != "posdef") for a, inv, tr in word)',
    ),
    "every letter is symmetric": ("kernel/matrices.py", 'and a.head != "posdef")', "and False)"),
    "the log det of an inverse is that of the matrix": (
        "kernel/matrices.py",
        "constant(-1 if inv else 1)",
        "constant(1)",
    ),
    "the trace of the unit matrix is one": (
        "kernel/matrices.py",
        'return of(work.atom("size", size))',
        "return constant(1)",
    ),
    "a trace does not see the order": (
        "kernel/matrices.py",
        'return _spelled(work, "trace", min(rotated, key=_order))',
        'return _spelled(work, "trace", tuple(sorted(word, key=lambda letter: _order((letter,)))))',
    ),
    "a trace is not rotated": (
        "kernel/matrices.py",
        "for k in range(len(word))]",
        "for k in range(1)]",
    ),
    "the entries of every matrix are symmetric": (
        "kernel/matrices.py",
        "if other == word:",
        "if other:",
    ),
    "entries are not transposed": (
        "kernel/matrices.py",
        "word, i, j = other, j, i",
        "word, i, j = other, i, j",
    ),
    "the unit matrix is full of ones": (
        "kernel/matrices.py",
        'return of(work.atom("delta", ids=(i, j)))',
        "return constant(1)",
    ),
    "letters cancel by name": (
        "kernel/matrices.py",
        "if result and inverse((letter,)) == (result[-1],):",
        "if result and result[-1][0] is letter[0]:",
    ),
    "only one Wick pairing": (
        "kernel/measures.py",
        "for place in range(1, len(indices)):",
        "for place in range(1, min(2, len(indices))):",
    ),
    "noise components are all one": (
        "kernel/measures.py",
        'work.atom("delta", ids=pair)',
        'work.atom("delta", ids=(pair[0], pair[0]))',
    ),
    "names are captured when a measure is opened": (
        "kernel/measures.py",
        "names[name] = work.fresh((tag, size, names.get(datum, datum)))",
        "names[name] = next((k for k, v in work.kinds.items() if v == (tag, size, datum)), 1)",
    ),
    "the sum of 1 is 1": ("kernel/measures.py", 'if opened[name][0] == "index"]', "if False]"),
    "merged factors are lost": (
        "kernel/normal_form.py",
        "powers[atom] = powers.get(atom, Fraction(0)) + exponent",
        "powers[atom] = exponent",
    ),
    "an absolute value is a square": (
        "kernel/normal_form.py",
        "square = self.product(rest, rest)",
        "return self.product(poly, poly)",
    ),
    "an absolute value is its argument's": (
        "kernel/normal_form.py",
        "square = self.product(rest, rest)",
        "return poly",
    ),
    "a softplus moves with its argument": (
        "kernel/evaluate.py",
        'slope = sigmoid if head == "softplus" else work.product(sigmoid, rest)',
        'slope = constant(1) if head == "softplus" else work.product(sigmoid, rest)',
    ),
    "a sigmoid is its own derivative": (
        "kernel/evaluate.py",
        'slope = sigmoid if head == "softplus" else work.product(sigmoid, rest)',
        "slope = sigmoid",
    ),
    "log gamma of anything": (
        "kernel/normal_form.py",
        "if not self.surely_positive(poly) and not (poly in above and poly[ONE] > 0):",
        "if False:",
    ),
    "log gamma of a count": ("kernel/normal_form.py", "and poly[ONE] > 0)", "or counts)"),
    "anything called count is a count": ("kernel/normal_form.py", " if atom.drawn]", "]"),
    "anything is positive": (
        "kernel/normal_form.py",
        "return bool(poly) and all(",
        "return True or all(",
    ),
    "infinite expectations may be met": (
        "kernel/normal_form.py",
        "elif integrand not in self.allowed:",
        "elif False:",
    ),
    "the logarithm forgets exponents": (
        "kernel/normal_form.py",
        "parts.append(self.product(of(log), constant(exponent)))",
        "parts.append(of(log))",
    ),
    "no scope check": ("kernel/terms.py", "self.require(found in kinds,", "self.require(True,"),
    "matrices of two sizes are multiplied": (
        "kernel/terms.py",
        "place.require(len(set(sizes)) == 1,",
        "place.require(True,",
    ),
    "conditions are skipped": (
        "kernel/theorem.py",
        "\n    _check_conditions(document, site.reparametrised)\n",
        "\n",
    ),
    "hashes are skipped": ("kernel/theorem.py", "\n    _check_hashes(document)\n", "\n"),
    "the order is skipped": ("kernel/theorem.py", "\n    _check_order(rules)\n", "\n"),
    "fixed parameters may move": (
        "kernel/theorem.py",
        'check(model.parameters[name].learned, f"{moves} not learned")',
        "pass",
    ),
    "constrained parameters may move": (
        "kernel/theorem.py",
        'check(name not in constrained, f"{moves} constrained")',
        "pass",
    ),
    "the weight may be learned": (
        "kernel/theorem.py",
        "check(not model.parameters[name].learned, ",
        "check(True, ",
    ),
    "the weight may be negative": (
        "kernel/theorem.py",
        "surely = work.surely_positive(evaluate(site, document.weight)[0])",
        "surely = True",
    ),
    "the weight is forgotten": (
        "kernel/theorem.py",
        '("mul", document.weight, ("mean", ("add", Q, PRIOR)))',
        '("mean", ("add", Q, PRIOR))',
    ),
    "the weight is on everything": (
        "kernel/theorem.py",
        'return ("add", weighted, ("mean", DECODER),',
        'return ("add", weighted, ("mul", document.weight, ("mean", DECODER)),',
    ),
    "the penalty is added": (
        "kernel/theorem.py",
        '("mul", -1, document.penalty)',
        "document.penalty",
    ),
    "ghosts may move": ("kernel/theorem.py", "check(not ghosts,", "check(True,"),
    "certificates are believed": (
        "kernel/theorem.py",
        "holds = work.equal(work.add(stretch, change), work.add(value, *parts))",
        "holds = True",
    ),
    "the base measure is ignored": (
        "kernel/theorem.py",
        'less = ("mul", -1, measure) if measure else 0',
        "less = 0",
    ),
    "the base measure has no data term": (
        "kernel/theorem.py",
        'if model.family("decoder").log_base_measure != 0:',
        "if False:",
    ),
    "the base measure needs no condition": (
        "kernel/theorem.py",
        "        if family.log_base_measure != 0:\n",
        "        if False:\n",
    ),
    "the encoder may have a base measure": (
        "kernel/theorem.py",
        "constant_base = encoder.log_base_measure == 0",
        "constant_base = True",
    ),
    "z may lie anywhere": (
        "kernel/theorem.py",
        "inside = within(encoder.support, prior.support)",
        "inside = True",
    ),
    "the excess is not counted": (
        "kernel/theorem.py",
        "work.add(entropies, evaluate(site, document.excess)[0])",
        "entropies",
    ),
    "scales are believed": (
        "kernel/theorem.py",
        'fixed = used.isdisjoint(labels(density, ("arg",)))',
        "fixed = True",
    ),
    "the closed form is believed": (
        "kernel/theorem.py",
        "same = at.site.work.equal(evaluate(at.site, result)[0], at.target)",
        "same = True",
    ),
    "steps are not evaluated": (
        "kernel/theorem.py",
        "same = at.site.work.equal(evaluate(at.site, result)[0], at.elbo)",
        "same = True",
    ),
    "a matrix moves by any matrix": (
        "kernel/reader.py",
        'place.require(fits, raw, f"not a multiple of {letter[1]}")',
        "pass",
    ),
    "matrices need not be square": (
        "kernel/reader.py",
        "square or array.range not in terms.MATRICES",
        "True",
    ),
    "a float is an integer": (
        "kernel/reader.py",
        '"parse_float": _no_float,',
        '"parse_float": lambda text: int(float(text)),',
    ),
    "the remainder of a division is added": (
        "kernel/normal_form.py",
        "part = self.monomial(left, -coefficient / scale)",
        "part = self.monomial(left, coefficient / scale)",
    ),
    "a division forgets the leading coefficient": (
        "kernel/normal_form.py",
        "(root, Fraction(1))]), coefficient / scale",
        "(root, Fraction(1))]), coefficient",
    ),
    "a division divides by any power": (
        "kernel/normal_form.py",
        "if power > 0 and [p for p in highest[atom] if p >= power] == [power]:",
        "if power > 0:",
    ),
    "a denominator is forgotten": (
        "kernel/normal_form.py",
        "factors = [*mono, *roots.items()]",
        "factors = [*mono]",
    ),
    "a content may be too large": (
        "kernel/normal_form.py",
        "lowest = min(found) if len(found) == len(poly) else min(*found, Fraction(0))",
        "lowest = min(found)",
    ),
    "everything is positive": (
        "kernel/normal_form.py",
        "return is_positive(poly) or is_positive(self._cleared(poly)[0])",
        "return True",
    ),
    "differences vanish": (
        "kernel/normal_form.py",
        "return not difference or not self._cleared(difference)[0]",
        "return True",
    ),
    "families go by any name": (
        "kernel/theorem.py",
        "same = FAMILIES.get(name, family.sha256) == family.sha256",
        "same = True",
    ),
    "the last of two keys counts": ("kernel/reader.py", "if name in found:", "if False:"),
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
