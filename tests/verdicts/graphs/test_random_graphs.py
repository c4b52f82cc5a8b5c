"""Verdicts on random graphs against the oracle, and the oracle against what is known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import sympy as sp
from scipy import integrate, stats

import entropysym as es
from entropysym.prover import Refusal
from entropysym.testing.random_graphs import random_graph as graph
from entropysym.witness.sweeps import sweep
from tests.graph_models import GRAPHS
from tests.instances import graph as derived

from ..evaluating import STEP
from . import trying
from .features import COMMON, features, lines
from .laws import TYPED
from .oracle import claimed_residual, is_true, residual
from .run import WRONG, report, run, unmet
from .situations import SIZES, Column, rows
from .trying import fault, judged

#: Seeds of the quick run, and those whose partial results are compared by the sweep, too.
FEW, SWEPT = range(32), range(1000, 1030)


@cache
def _found(seed):
    return {"seed": seed} | judged(graph(seed), seed)


# -- the oracle ----------------------------------------------------------------------------------------------------------

_ARGUMENTS = {
    "Normal": (0.3, 0.7),
    "Laplace": (-0.4, 1.2),
    "Bernoulli": (0.8,),
    "Poisson": (0.6,),
    "Categorical": ([0.2, 0.3, 0.5],),
    "CategoricalLogits": ([0.4, -0.7, 1.1],),
}


@pytest.mark.parametrize("name", _ARGUMENTS)
def test_every_law_is_a_density_with_the_entropy_that_is_typed(name):
    law, arguments = TYPED[name], _ARGUMENTS[name]

    def p(x, log_h=0.0):
        return np.exp(law.log_density(x, *arguments) + log_h)

    def entropy(x, log_h=0.0):
        return -p(x, log_h) * law.log_density(x, *arguments)

    if name in ("Normal", "Laplace"):
        centre = arguments[0]
        halves = [(-np.inf, centre), (centre, np.inf)]
        whole, h = (sum(integrate.quad(f, *half)[0] for half in halves) for f in (p, entropy))
    elif name == "Poisson":
        log_h = [stats.poisson.logpmf(k, 1.0) + 1 for k in range(60)]  # -log k!
        whole, h = (sum(f(k, log_h[k]) for k in range(60)) for f in (p, entropy))
    else:
        places = [0.0, 1.0] if name == "Bernoulli" else list(np.eye(3))
        whole, h = (sum(f(k) for k in places) for f in (p, entropy))
    assert whole == pytest.approx(1, abs=1e-8)
    assert law.entropy(*arguments) == pytest.approx(h, abs=1e-7)


#: The oracle is about numbers, not about matrices.
OF_NUMBERS = [name for name in GRAPHS if name not in ("precisions", "images")]


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_the_oracle_knows_the_graphs_that_theory_knows(name):
    model = GRAPHS[name]()
    assert is_true(model, 3).word == "true"
    variances = [p.name for p in model.parameters if p.learned and p.range != "real"]
    if variances:  # q may be any or learns, so it may be rescued, but not while q stands still
        held = {variances[0]}
        other = tuple(replace(p, learned=p.name not in held) for p in model.parameters)
        assert is_true(replace(model, parameters=other), 3).still == "false"


#: The graphs that ship whose laws the oracle has.
SHIPPED = [
    name
    for name, make in es.models.GRAPHS.items()
    if {f.name for f in make().families if not f.is_any} <= {*TYPED}
]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_oracle_knows_the_graphs_that_ship(name):
    # With the last prior fixed it is true because q moves, and there the oracle says nothing.
    moves_q = name.endswith(("fixed_top", "fixed_prior"))
    assert is_true(es.models.GRAPHS[name](), 3).word == ("unknown" if moves_q else "true")


def test_only_what_learns_can_rescue():
    """A fixed prior at the top: a law of q that learns its location and its scale may move to where the claim holds, a frozen one does not."""
    model = GRAPHS["two_layers"]()
    fixed = tuple(replace(p, learned=p.name != "alpha2") for p in model.parameters)
    model = replace(model, parameters=fixed)
    assert is_true(model).still == "false"
    assert is_true(model).word == "unknown"
    frozen = tuple(replace(w, learned=False) for w in model.networks)
    assert is_true(replace(model, networks=frozen)).word == "false"


@pytest.mark.parametrize("name", ["mixture", "hidden_markov", "semi_supervised", "nested"])
def test_a_planted_wrong_direction_fails(name):
    d = derived(name)
    found = rows(d.model, 0, 5)
    assert residual(found) < 1e-11
    assert claimed_residual(found, d.direction, d.excess) < 1e-11
    simplex = {p.name for p in d.model.parameters if p.range == "simplex"}
    for moved, motion in d.direction.items():
        for wrong in (2 * motion, -motion):
            assert claimed_residual(found, {**d.direction, moved: wrong}, d.excess) > 1e-4
        beside = {**d.direction, moved: motion + sp.Rational(1, 100)}
        if moved in simplex:
            with pytest.raises(AssertionError, match="leaves the simplex"):
                claimed_residual(found, beside, d.excess)
        else:
            assert claimed_residual(found, beside, d.excess) > 1e-4
    assert claimed_residual(found, d.direction, sp.Rational(1, 100)) > 1e-4
    held = replace(found, columns=tuple(Column("ghost") for _ in found.columns))
    with pytest.raises(AssertionError, match="not there to be moved"):
        claimed_residual(held, d.direction, d.excess)


@pytest.mark.parametrize("seed", [1, 7, 12])
def test_slopes_are_those_of_differences(seed, monkeypatch):
    from . import situations

    model = graph(seed)
    found = rows(model, 0, seed)
    step = 1e-5
    for j, column in enumerate(found.columns[:8]):
        sides = []
        for sign in (1, -1):

            def moved(self, c, here=column, by=sign * step):
                return by if c == here else 0.0

            seen = []
            monkeypatch.setattr(situations._Drawn, "_step", moved)
            monkeypatch.setattr(situations.np, "imag", lambda J, seen=seen: seen.append(J) or J * 0)
            rows(model, 0, seed)
            monkeypatch.undo()
            sides.append(np.real(seen[-1]))
        slope = (sides[0] - sides[1]) / (2 * step)
        assert STEP < 1e-20
        assert np.allclose(np.ravel(slope), found.slopes[:, j], rtol=1e-5, atol=1e-5)


# -- the random graphs ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_graphs_are_of_many_kinds():
    every = [graph(seed) for seed in range(100)]
    used = [features(model) for model in every]
    for name in (*COMMON, "two data plates", "nested", "select", "network in p", "law of q"):
        assert sum(name in one for one in used) >= 8, name
    families = {f.family.name for model in every for f in (*model.p, *model.q)}
    assert families == {*TYPED, "Any"}
    assert all(lines(model) for model in every)
    assert graph(3) == graph(3)


@pytest.mark.some(1)
@pytest.mark.parametrize("seed", FEW)
def test_verdicts_on_random_graphs(seed):
    found = _found(seed)
    assert found["fault"] not in WRONG, (found["fault"], found["reason"], lines(graph(seed)))


@pytest.mark.slow
def test_true_and_false_ones_are_common_and_the_true_ones_are_settled():
    found = [_found(seed) for seed in FEW]
    print(report(found))
    assert not unmet(found), report(found)


def _with_answers(**lie):
    """What the run would say of a prover that gives one answer to everything."""
    out = []
    for seed in FEW:
        row = {**_found(seed), "claims": [], **lie}
        out.append({**row, "fault": fault(graph(seed), seed, row), "lines": []})
    return unmet(out)


@pytest.mark.slow
def test_a_prover_that_always_gives_one_answer_is_noticed():
    words = [_found(seed)["oracle"] for seed in FEW]
    still = [_found(seed)["still"] for seed in FEW]
    assert _with_answers(verdict="PROVED")[0] == f"{still.count('false')} false PROVED"
    true = words.count("true")
    assert f"{true} of {true} true ones are not settled" in _with_answers(verdict="UNDECIDED")
    assert (
        _with_answers(verdict="REFUTED")[0] == f"{len(words) - words.count('false')} false REFUTED"
    )
    assert _with_answers(verdict="EXCEPTION")[0] == f"{len(words)} exception"


@pytest.mark.slow
def test_a_wrong_claim_is_noticed(monkeypatch):
    seed = next(s for s in FEW if _found(s)["verdict"] == "PROVED")
    model = graph(seed)
    right = es.derive(model)
    wrong = replace(right, direction={name: 2 * v for name, v in right.direction.items()})
    for claim, expected in ((right, None), (wrong, "wrong direction")):
        answer = {"verdict": "PROVED", "reason": "", "claims": [claim]}
        monkeypatch.setattr(trying, "asked", lambda *_, a=answer: dict(a))
        assert judged(model, seed)["fault"] == expected
    excess = next(s for s in FEW if _found(s)["partial"])
    partial = es.derive(graph(excess)).partial
    for claim, expected in (
        (partial, None),
        (replace(partial, excess=2 * partial.excess), "wrong direction"),
    ):
        answer = {"verdict": "UNDECIDED", "reason": "", "claims": [claim]}
        monkeypatch.setattr(trying, "asked", lambda *_, a=answer: dict(a))
        assert judged(graph(excess), excess)["fault"] in (expected, expected or "not settled")


@pytest.mark.slow
@pytest.mark.parametrize("seed", SWEPT)
def test_what_is_claimed_holds_at_random_configurations(seed):
    """The package's own sweep says the same of a claim, a partial one with its excess, as the rows here do."""
    model = graph(seed)
    found = es.derive(model)
    left = found.partial if isinstance(found, Refusal) else found
    if left is not None:
        swept = sweep(left.identity, count=30)
        assert swept.failures == swept.broken == 0, swept


@pytest.mark.slow
def test_two_thousand_random_graphs(tmp_path):
    found = run(tmp_path / "graphs.jsonl", 10_000, 2000)
    assert not unmet(found), report(found)
    assert len(SIZES) == 3
