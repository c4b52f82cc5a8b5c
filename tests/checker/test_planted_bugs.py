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
        "value = slope = work.exponential(v)",
        "value, slope = work.exponential(v), {}",
    ),
    "the product rule forgets the first factor": (
        "kernel/normal_form.py",
        'elif atom.head == "t" and exponent > 1:',
        'elif atom.head == "t" and len(powers) > 2:',
    ),
    "the power rule forgets the exponent": (
        "kernel/evaluate.py",
        "slope = work.product(constant(q), ",
        "slope = work.product(constant(1), ",
    ),
    "networks may move": (
        "kernel/evaluate.py",
        'check(not change, f"the input',
        'check(True, f"the input',
    ),
    "absolute values may move": (
        "kernel/evaluate.py",
        "fitting = [r for r in rates if work.equal(d, work.product(r, v))]",
        "fitting = rates",
    ),
    "the encoder may move under expect": (
        "kernel/theorem.py",
        "        if moves or moved:\n",
        "        if False:\n",
    ),
    "the encoder's matrix may move under expect": (
        "kernel/evaluate.py",
        "function = partial(_entry, site, argument)",
        "function = lambda i, j: split(_entry(site, argument, i, j))[0]",
    ),
    "the unit interval is all positive numbers": (
        "kernel/evaluate.py",
        "(work.surely_positive(value) and work.surely_positive(rest))",
        "work.surely_positive(value)",
    ),
    "any word is positive definite": (
        "kernel/evaluate.py",
        "work.surely_positive(positive) and symmetric",
        "work.surely_positive(positive)",
    ),
    "the scalar of a log det counts once": (
        "kernel/evaluate.py",
        'work.product(site.symbol("size", found.size), _log(site, found.scalar))',
        "_log(site, found.scalar)",
    ),
    "a log det moves as much in any size": (
        "kernel/evaluate.py",
        'scale = work.product(site.symbol("size", found.size), _log(site, found.scalar))',
        'v, d = split(_log(site, found.scalar))\n        scale = site.moved(work.product(site.symbol("size", found.size), v), d)',
    ),
    "a trace stands still": (
        "kernel/evaluate.py",
        "return work.product(found.scalar, matrices.trace(",
        "return work.product(split(found.scalar)[0], matrices.trace(",
    ),
    "the entries of a matrix stand still": (
        "kernel/evaluate.py",
        "return site.work.product(found.scalar, matrices.entry(",
        "return site.work.product(split(found.scalar)[0], matrices.entry(",
    ),
    "an inverse moves like its matrix": (
        "kernel/evaluate.py",
        "scalar = _power(site, found.scalar, Fraction(-1))",
        "scalar = site.moved(_power(site, split(found.scalar)[0], Fraction(-1)), split(found.scalar)[1])",
    ),
    "log h is log p": (
        "kernel/evaluate.py",
        'family.log_base_measure if head == "logh" else family.log_density',
        "family.log_density",
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
    "every letter is symmetric": (
        "kernel/matrices.py",
        'and a.head != "posdef")',
        "and False)",
    ),
    "the log det of an inverse is that of the matrix": (
        "kernel/matrices.py",
        "work.negative(log) if inv else log",
        "log",
    ),
    "the trace of the unit matrix is one": (
        "kernel/matrices.py",
        'return of(work.atom("size", size))',
        "return {frozenset(): 1}",
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
        "if (other := transposed(word)) == word:",
        "if other := transposed(word):",
    ),
    "entries are not transposed": (
        "kernel/matrices.py",
        "word, i, j = other, j, i",
        "word, i, j = other, i, j",
    ),
    "the unit matrix is full of ones": (
        "kernel/matrices.py",
        'return of(work.atom("delta", ids=(i, j)))',
        "return {frozenset(): 1}",
    ),
    "letters cancel by name": (
        "kernel/matrices.py",
        "if result and inverse((letter,)) == (result[-1],):",
        "if result and result[-1][0] is letter[0]:",
    ),
    "only one Wick pairing": (
        "kernel/measures.py",
        "for other, exponent in drawn:",
        "for other, exponent in drawn[-1:]:",
    ),
    "noise components are all one": (
        "kernel/measures.py",
        'deltas = [(work.atom("delta", ids=pair), Fraction(1)) for pair in pairs]',
        "deltas = []",
    ),
    "names are captured when a measure is opened": (
        "kernel/measures.py",
        "{name: work.fresh(kind) for name, kind in atom.binders}",
        "{name: next((k for k, v in work.kinds.items() if v == kind), 1) for name, kind in atom.binders}",
    ),
    "the sum of 1 is 1": (
        "kernel/measures.py",
        'for tag, size in kinds if tag == "index"]',
        "for tag, size in kinds if False]",
    ),
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
        "slope = work.product(grown, work.power(sum_, Fraction(-1)))",
        "slope = constant(1)",
    ),
    "a sigmoid is its own derivative": (
        "kernel/evaluate.py",
        "            slope = work.product(slope, work.power(sum_, Fraction(-1)))\n",
        "            pass\n",
    ),
    "log gamma of anything": (
        "kernel/evaluate.py",
        'check(above, f"',
        'check(True, f"',
    ),
    "log gamma of a count": (
        "kernel/normal_form.py",
        "strict |= all(atom.positive or atom.negative for atom, _ in mono)",
        "strict = True",
    ),
    "anything called count is a count": (
        "kernel/normal_form.py",
        "or range_ in AT_LEAST_ZERO",
        "or {range_, label} & {*AT_LEAST_ZERO}",
    ),
    "anything is positive": (
        "kernel/normal_form.py",
        "    return strict\n",
        "    return True\n",
    ),
    "infinite expectations may be met": (
        "kernel/normal_form.py",
        "elif integrand not in self.allowed:",
        "elif False:",
    ),
    "the logarithm forgets exponents": (
        "kernel/normal_form.py",
        "parts.append(self.product(log, constant(exponent)))",
        "parts.append(log)",
    ),
    "no scope check": (
        "kernel/evaluate.py",
        "fits = found.size in size or not size",
        "fits = True",
    ),
    "matrices of two sizes are multiplied": (
        "kernel/evaluate.py",
        "same = all(part.size == parts[0].size for part in parts)",
        "same = True",
    ),
    "conditions are skipped": (
        "kernel/theorem.py",
        "check(list(ours) == list(theirs), ",
        "check(True, ",
    ),
    "hashes are skipped": (
        "__init__.py",
        "shipped = gate.check_hashes(found)",
        "shipped = False",
    ),
    "the order is skipped": (
        "narration.py",
        "    _check_order([rule for rule, _ in steps])\n",
        "",
    ),
    "fixed parameters may move": (
        "kernel/theorem.py",
        "check(array.learned, ",
        "check(True, ",
    ),
    "constrained parameters may move": (
        "kernel/theorem.py",
        "check(name not in constrained, ",
        "check(True, ",
    ),
    "the weight may be learned": (
        "kernel/theorem.py",
        "check(not learned, ",
        "check(True, ",
    ),
    "the weight may be negative": (
        "kernel/theorem.py",
        'check(positive, "the weight',
        'check(True, "the weight',
    ),
    "the weight is forgotten": (
        "kernel/theorem.py",
        '(factor, ["mul", said.weights[factor.name], part] if factor.name in said.weights else part)',
        "(factor, part)",
    ),
    "the weight is on everything": (
        "kernel/theorem.py",
        '(factor, ["mul", said.weights[factor.name], part] if factor.name in said.weights else part)',
        '(factor, ["mul", next(iter(said.weights.values()), 1), part])',
    ),
    "the penalty is added": (
        "kernel/theorem.py",
        '["mul", -1, ["add", 0, said.penalty]]',
        '["add", 0, said.penalty]',
    ),
    "ghosts may move": (
        "kernel/theorem.py",
        "check(not ghosts,",
        "check(True,",
    ),
    "certificates are believed": (
        "kernel/theorem.py",
        "holds = work.equal(work.add(stretch, change), right)",
        "holds = True",
    ),
    "the base measure is ignored": (
        "kernel/theorem.py",
        "work.add(density, work.negative(base), entropy)",
        "work.add(density, entropy)",
    ),
    "the base measure has no data term": (
        "kernel/theorem.py",
        'parts.append((factor, head(model, "logh", factor)))',
        "pass",
    ),
    "the base measure needs no condition": (
        "kernel/theorem.py",
        "        if family.log_base_measure != 0:\n",
        "        if False:\n",
    ),
    "the encoder's entropy may be a pseudo entropy": (
        "kernel/evaluate.py",
        "if family.name in certificates and not itself:",
        "if family.name in certificates:",
    ),
    "z may lie anywhere": (
        "kernel/graph.py",
        'fits = fits or (side == "p" and within(variable.support, family.support))',
        "fits = True",
    ),
    "the excess is not counted": (
        "kernel/theorem.py",
        "target = work.add(entropies, excess)",
        "target = entropies",
    ),
    "scales are believed": (
        "kernel/theorem.py",
        'fixed = normal or labels(law, ("arg",)) <= set(family.shape)',
        "fixed = True",
    ),
    "the closed form is believed": (
        "kernel/theorem.py",
        "check(work.equal(closed, target), ",
        "check(True, ",
    ),
    "steps are not evaluated": (
        "narration.py",
        "check(at.equals(result, at.judgement.elbo), ",
        "check(True, ",
    ),
    "a matrix moves by any matrix": (
        "kernel/evaluate.py",
        'require(fits, motion, f"not a multiple of {letter[1]}")',
        "pass",
    ),
    "matrices need not be square": (
        "kernel/reader.py",
        "square or array.range not in terms.MATRICES",
        "True",
    ),
    "a float is an integer": (
        "gate.py",
        '"parse_float": _not_whole,',
        '"parse_float": lambda text: int(float(text)),',
    ),
    "the remainder of a division is added": (
        "kernel/normal_form.py",
        "self.monomial(left, -ratio)",
        "self.monomial(left, ratio)",
    ),
    "a division forgets the leading coefficient": (
        "kernel/normal_form.py",
        "ratio = self.number(coefficient / scale)",
        "ratio = coefficient",
    ),
    "a division divides by any power": (
        "kernel/normal_form.py",
        "if [p for p in highest[atom] if p >= power] == [power]:",
        "if power == 1:",
    ),
    "a denominator is forgotten": (
        "kernel/normal_form.py",
        "factors = [*mono, *roots.items()]",
        "factors = [*mono]",
    ),
    "a content may be too large": (
        "kernel/normal_form.py",
        "min(powers + lacks[atom])",
        "min(powers)",
    ),
    "everything is positive": (
        "kernel/normal_form.py",
        "        return seen\n",
        "        return True\n",
    ),
    "differences vanish": (
        "kernel/normal_form.py",
        "return not self._cleared(alone)[0]",
        "return True",
    ),
    "families go by any name": (
        "gate.py",
        "if FAMILIES.get(name, digest(family)) != digest(family):",
        "if False:",
    ),
    "the last of two keys counts": (
        "gate.py",
        "if name in found:",
        "if False:",
    ),
    "an opaque entropy may move": (
        "kernel/evaluate.py",
        'check(not moves, f"H of {',
        'check(True, f"H of {',
    ),
    "the scale is forgotten in an opaque entropy": (
        "kernel/evaluate.py",
        '_function(site, "log", family.scale) if located else {}',
        "{}",
    ),
    "an opaque entropy forgets its arguments": (
        "kernel/evaluate.py",
        "map(key, [*sizes, *(value for value, _ in values)])",
        "map(key, sizes)",
    ),
    "the shape of the noise may move": (
        "kernel/theorem.py",
        "check(not shape, ",
        "check(True, ",
    ),
    "all noise is normal": (
        "kernel/theorem.py",
        'noise[name] = "normal" if family.name in normal else "other"',
        'noise[name] = "normal"',
    ),
    "the noise of all data is one": (
        "kernel/evaluate.py",
        'return site.symbol("eps", name, Bound(site.omega[name]), *indices)',
        'return site.symbol("eps", name, Bound(site.omega[name]), *indices[1:])',
    ),
    "a variable is stretched over any support": (
        "kernel/theorem.py",
        'check(fits, f"the variable of',
        'check(True, f"the variable of',
    ),
    "the stretching is not counted": (
        "kernel/theorem.py",
        "work.equal(work.add(stretch, change), right)",
        "work.equal(change, right)",
    ),
    "networks need not be locally Lipschitz": (
        "kernel/theorem.py",
        'yield from (("lipschitz", name) for name in inputs if not',
        'yield from (("lipschitz", name) for name in () if not',
    ),
    "a sum of squares may have minus signs": (
        "kernel/evaluate.py",
        "            if None not in signs:",
        "            if True:",
    ),
    "a square is positive": (
        "kernel/evaluate.py",
        "return bool(_sign(site, base))",
        "return True",
    ),
    "the absolute value forgets its scale": (
        "kernel/normal_form.py",
        "self.product(content, self._abs(square))",
        "self._abs(square)",
    ),
    "the gap is not compared": (
        "kernel/theorem.py",
        'check(same, "without D(objective)',
        'check(True, "without D(objective)',
    ),
    "the excess is not compared": (
        "kernel/theorem.py",
        'check(same, "ELBO = entropy sum',
        'check(True, "ELBO = entropy sum',
    ),
    "entropies of certified factors in the closed form": (
        "kernel/theorem.py",
        "if f.family not in certified}",
        "if f}",
    ),
    "factors read what is not given": (
        "kernel/evaluate.py",
        "check(reader is None or name in reader.given, ",
        "check(True, ",
    ),
    "the noise of two data is one": (
        "kernel/measures.py",
        "check(not two, ",
        "check(True, ",
    ),
    "the latents of all data are one": (
        "kernel/evaluate.py",
        "return [Bound(site.omega[declared.name]), *indices]",
        "return [Bound(site.omega[declared.name]), *indices[1:]]",
    ),
    "an argument may be called var": (
        "kernel/reader.py",
        'require("var" not in ranges, ',
        "require(True, ",
    ),
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


@pytest.mark.slow
def test_the_unharmed_checker_passes():
    assert list(failures(entropysym.checker)) == []


@pytest.mark.parametrize("name", BUGS)
def test_what_is_planted_changes_one_place(name):
    file, old, new = BUGS[name]
    assert (SOURCE / file).read_text().count(old) == 1
    assert old != new


#: One in sixty is planted in every run, the others where there is time: each takes the whole battery.
TRIED = [
    name if place % 60 == 0 else pytest.param(name, marks=pytest.mark.slow)
    for place, name in enumerate(BUGS)
]


@pytest.mark.parametrize("name", TRIED)
def test_the_battery_notices(name, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    broken = planted(name, tmp_path)
    assert next(failures(broken), None) is not None
