"""The argument on a page: what each line says is computed again, from the family's density, by other means."""

import re
from dataclasses import replace

import pytest
import sympy as sp

import entropysym as es
from entropysym.language.algebra import distributed, vanishes
from entropysym.language.formula import array_of
from entropysym.language.heads import Directional
from entropysym.language.matrices import LogDet, Quadratic, Trace
from entropysym.language.objective import weight
from entropysym.language.symbols import index
from entropysym.pages.argument import arguments, curve, scaling_parameters
from entropysym.pages.equations import about_stationarity
from entropysym.pages.marks import BASE, ELL, OnCurve, ScaleSlope, Slope
from entropysym.pages.medium import plain_medium
from entropysym.pages.paper import paper
from entropysym.pages.wording import about_q, has_parts
from entropysym.prover.derivation import Derivation
from entropysym.prover.derive import derive
from entropysym.testing import random_graph
from tests.graph_models import GRAPHS
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
    assert {name for a in shown for name in a.factors} == {*d.factors}
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
    for addend in sp.Add.make_args(line.right) if line.right != 0 else ():
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
        check_lines(d, a)


def check_lines(d, a):
    """Whether SymPy could carry the chain rule out; then the scores have to be what it gives."""
    lines = {line.reason: line for line in a.lines}
    ell, chain = lines["one entry"].right, lines["chain rule"]
    if chain.right.has(sp.Sum, ScaleSlope) or ell.has(sp.Sum, LogDet, Quadratic, Trace):
        return False
    score = lines["both together" if a.rule == "scaling" else "the scores"].right
    moved = _chained(chain, ell)
    if a.rule == "scaling":  # in the objective the entropy of q and log p have weights
        (own,) = (d.model.factor(name) for name in a.factors)
        law = next(f for f in d.model.q if {*f.of} & {*own.of})
        moved = weight(d.model, own) * moved
        moved += weight(d.model, law) * lines["entropy of q"].right
    assert vanishes(distributed(moved - score, powers=True))
    return True


@pytest.mark.parametrize("name", ["vae1", "vae2", "beta_vae", "gamma_decoder_vae"])
def test_the_chain_rule_is_really_carried_out(name):
    d = _derivation(name)
    assert any(check_lines(d, a) for a in arguments(d))


def test_a_wrong_line_is_seen():
    d = found("vae2")
    a = arguments(d)[0]
    at = next(k for k, line in enumerate(a.lines) if line.reason == "chain rule")
    wrong = replace(a.lines[at], right=2 * a.lines[at].right)
    with pytest.raises(AssertionError):
        check_lines(d, replace(a, lines=(*a.lines[:at], wrong, *a.lines[at + 1 :])))


def test_a_wrong_direction_has_no_argument():
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


def test_factors_with_the_same_lines_are_shown_once():
    shown = arguments(found("semi_supervised_vae"))
    assert [a.factors for a in shown if len(a.factors) > 1] == [("p_y", "p_y_u")]
    d = found("semi_supervised_vae")
    words = [a.words(d.model, plain_medium(d.model, "finite")) for a in shown]
    assert "Tempering of p(y) and p(y_u):" in words


@pytest.mark.some(8)
@pytest.mark.parametrize("name", NAMES)
def test_where_q_is_said_to_stand_still_it_reads_nothing_that_moves(name):
    d = _derivation(name)
    if d is None:
        return
    said = about_q(d, plain_medium(d.model, "finite"))
    moved = [p.symbol for p in d.model.parameters if p.name in d.direction]
    reads = [a for f in d.model.q for a in f.arguments if moved and a.has(*moved)]
    if said:
        assert said.startswith("Nothing that q reads moves along v")
        assert reads == []
    elif has_parts(d) and d.model.q:
        assert reads != []


@pytest.mark.parametrize(
    ("name", "together"),
    [("vae1", "W V c u"), ("vae3", "W U V c u"), ("linear_vae", "W V c tau"), ("vae2", "")],
)
def test_the_parameters_of_the_scaling_are_named(name, together):
    d = found(name)
    symbols = [d.symbols[p] for p in together.split()]
    assert [array_of(e).label for e in scaling_parameters(d)] == [s.label for s in symbols]


def test_the_second_moment_is_said_where_it_is_used():
    for name, used in (("vae2", True), ("vae1", True), ("sparse_coding", False)):
        d = found(name)
        said = about_stationarity(d, plain_medium(d.model, "finite"), scaling_parameters(d))
        assert ("the mean of z_h" in said) is used


@pytest.mark.some(8)
@pytest.mark.parametrize("name", NAMES)
def test_conditions_on_the_page_are_as_many_as_in_the_verdict_and_reasons_are_short(name):
    d = _derivation(name)
    if d is None:
        return
    page = paper(d, plain_medium(d.model, "finite"))
    said = re.search(r"under (\d+) conditions", d.verdict.reason)
    assert said, d.verdict.reason
    assert len(page.conditions) + bool(page.stationary) == int(said[1])
    reasons = [line.reason for part in page.arguments for line in part.lines]
    reasons += [line.reason for line in page.steps]
    assert [r for r in reasons if len(r.split()) > 4 and "p(" not in r] == []


def _graphs():
    return [*GRAPHS, *(f"random {seed}" for seed in range(40))]


@pytest.mark.some(4)
@pytest.mark.parametrize("name", _graphs())
def test_the_lines_of_other_graphs_follow_too(name):
    """Graphs that do not ship: whatever is shown on their pages was not looked at when the lines were written."""
    model = random_graph(int(name.split()[1])) if name.startswith("random") else GRAPHS[name]()
    one = derive(model)
    d = one if isinstance(one, Derivation) else one.partial
    for a in arguments(d) if d else ():
        check_lines(d, a)
