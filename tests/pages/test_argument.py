"""The argument on a page: what each line says is computed again, from the family's density, by other means."""

import pytest
import sympy as sp

import entropysym as es
from entropysym.language.algebra import distributed, vanishes
from entropysym.language.formula import array_of
from entropysym.language.heads import Directional
from entropysym.language.matrices import LogDet, Quadratic, Trace
from entropysym.language.objective import weight
from entropysym.language.symbols import index
from entropysym.pages.argument import arguments, curve
from entropysym.pages.marks import BASE, ELL, OnCurve, ScaleSlope, Slope
from entropysym.prover.derivation import Derivation
from tests.instances import found

NAMES = sorted(es.models.ZOO)


def _derivation(name):
    one = found(name)
    return one if isinstance(one, Derivation) else one.partial


def _plainly(e):
    """Under its own name what a page binds under k', because k is free beside it."""
    bound = {lim[0] for total in e.atoms(sp.Sum) for lim in total.limits}
    return e.xreplace({i: index(i.name[:-2]) for i in bound if i.name.endswith("_1")})


@pytest.mark.some(8)
@pytest.mark.parametrize("name", NAMES)
def test_every_factor_that_is_served_has_an_argument_and_its_lines_follow(name):
    d = _derivation(name)
    if d is None:
        return
    shown = arguments(d)
    assert {a.factor for a in shown} == {*d.factors}
    for a in shown:
        lines = {line.reason: line for line in a.lines}
        ell = lines["one entry"].right
        score = lines["both together" if a.rule == "scaling" else "the scores"].right
        base = lines["base measure"].right if "base measure" in lines else sp.S.Zero
        tempered, entropy = lines["tempering equation"].right, lines["scores have mean zero"]
        assert vanishes(_plainly(tempered.xreplace({ELL: ell, BASE: base})) - _plainly(score))
        (under,) = (-entropy.left).args
        assert vanishes(_plainly(tempered) - _plainly(under) - _plainly(entropy.right))


def _chained(line, ell):
    """The chain rule carried out: each derivative of the log-density taken by SymPy."""
    total = sp.S.Zero
    for addend in sp.Add.make_args(line.right):
        inner = addend.args[0] if isinstance(addend, sp.Sum) else addend
        slopes = inner.atoms(Slope)
        assert len(slopes) == 1
        (slope,) = slopes
        at = slope.args[1]
        stand_in = sp.Dummy("at", real=True)
        moved = sp.diff(ell.xreplace({at: stand_in}), stand_in).xreplace({stand_in: at})
        total += inner.xreplace({slope: moved})
    return total


@pytest.mark.some(5)
@pytest.mark.parametrize("name", NAMES)
def test_the_chain_rule_gives_the_scores(name):
    d = _derivation(name)
    if d is None:
        return
    for a in arguments(d):
        lines = {line.reason: line for line in a.lines}
        ell, chain = lines["one entry"].right, lines["chain rule"]
        if chain.right.has(sp.Sum, ScaleSlope) or ell.has(sp.Sum, LogDet, Quadratic, Trace):
            continue
        score = lines["both together" if a.rule == "scaling" else "the scores"].right
        moved = _chained(chain, ell)
        if a.rule == "scaling":  # in the objective the entropy of q and log p have weights
            law = next(f for f in d.model.q if {*f.of} & {*d.model.factor(a.factor).of})
            moved = weight(d.model, d.model.factor(a.factor)) * moved
            moved += weight(d.model, law) * lines["entropy of q"].right
        assert vanishes(distributed(moved - score, powers=True))


def test_a_wrong_direction_has_no_argument():
    from dataclasses import replace

    d = found("vae2")
    wrong = {name: 2 * motion for name, motion in d.direction.items()}
    assert arguments(replace(d, direction=wrong)) == ()


def test_the_curve_has_the_direction_as_its_derivative():
    d = found("vae1")
    lines = curve(d)
    assert len(lines) == len(d.direction)
    for line in lines:
        (own,) = line.left.args
        assert isinstance(line.left, OnCurve)
        (time,) = line.right.atoms(sp.Dummy)
        name = (array_of(own) if isinstance(own, sp.Indexed) else own).name
        along = sp.diff(line.right, time).xreplace({time: 0})
        assert sp.simplify(along - d.direction[str(name)]) == 0
        assert line.right.xreplace({time: sp.S.Zero}) == own


def test_what_stands_still_is_said_and_checked():
    (decoder, prior) = arguments(found("vae1"))
    still = [line for line in decoder.lines if line.reason == "stands still"]
    assert [line.right for line in still] == [0]
    assert isinstance(still[0].left, Directional)
    assert (decoder.rule, prior.rule) == ("tempering", "scaling")
