"""Verdicts on random models against the oracle, and the oracle against what is known."""

import json
from argparse import Namespace
from dataclasses import replace
from itertools import pairwise
from random import Random

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import integrate, stats

import entropysym as es
from entropysym.errors import InputError
from entropysym.families import NORMAL
from entropysym.language import ModelWriter
from entropysym.models import ZOO
from entropysym.models.objectives import with_weight_decay
from entropysym.testing.random_models import Spec, build, random_spec, shrunk, source, spec_of

from . import evaluating, situations, trying
from .catalogue import CASES
from .features import features
from .oracle import claimed_residual, is_true, relative_residual
from .run import WRONG, report, run, unmet
from .situations import noise_rule, rows
from .trying import judged

#: Zoo models with a univariate encoder and laws that the oracle has, and those of them that have no direction.
UNIVARIATE = sorted(
    name
    for name, make in ZOO.items()
    if (m := make()).is_plain and {f.name for f in m.families if not f.is_any} <= {*CASES}
)
FALSE = {"vae0", "vae1_frozen_encoder", "vae1_decay", "vae3_softplus"}


def _value(density, case, arguments):
    law = case.record
    f = sp.lambdify(
        [law.variable],
        density.subs(dict(zip(law.arguments, arguments, strict=True))),
        [{"Softplus": lambda t: mpmath.log1p(mpmath.exp(t))}, "mpmath"],
    )
    return lambda x: float(f(x))


def _mean(case, arguments, body):
    """The mean of `body`, by integration or summation over the stated support."""
    p = _value(sp.exp(case.record.log_density), case, arguments)
    g = _value(body, case, arguments) if isinstance(body, sp.Basic) else body
    edges = {"real": (-np.inf, np.inf), "positive": (0, np.inf), "unit": (0, 1)}
    if case.support in edges:
        low, high = edges[case.support]
        cuts = [low, 0.3, 0.9, high] if case.support != "unit" else [low, high]
        pieces = pairwise(cuts)
        integrals = [
            integrate.quad(lambda x: p(x) * g(x) if p(x) > 0 else 0.0, a, b, limit=400)
            for a, b in pieces
        ]
        return sum(value for value, _ in integrals)
    return sum(p(x) * g(x) for x in range(2 if case.support == "binary" else 200))


@pytest.mark.some(10)
@pytest.mark.parametrize("name", CASES)
def test_every_family_is_a_density_with_the_entropy_that_is_typed(name):
    case = CASES[name]
    draw = {"location": 0.3, "scale": 0.9, "logscale": -0.4, "shape": 2.5, "natural": 0.7}
    arguments = [draw[kind] for kind in case.kinds]
    assert _mean(case, arguments, lambda _: 1.0) == pytest.approx(1, abs=1e-7)
    law = case.record
    entropy = -_mean(case, arguments, law.log_density - law.log_base_measure)
    assert float(np.real(case.entropy(*arguments))) == pytest.approx(entropy, abs=2e-6)


@pytest.mark.parametrize(
    ("noise", "law"),
    [
        ("normal", stats.norm()),
        ("laplace", stats.laplace()),
        ("logistic", stats.logistic()),
        ("gumbel", stats.gumbel_r()),
        ("student", stats.t(6)),
        ("exponential", stats.expon()),
    ],
)
def test_noise_has_the_moments_of_its_law(noise, law):
    nodes, weights = noise_rule(noise, 3)
    assert weights.sum() == pytest.approx(1)
    for power in range(1, 6):
        assert weights @ nodes**power == pytest.approx(law.moment(power), rel=1e-7, abs=1e-9)


@pytest.mark.some(6)
@pytest.mark.parametrize("name", UNIVARIATE)
def test_the_oracle_knows_the_zoo(name):
    answer = is_true(ZOO[name](), 3)
    assert answer.word == ("false" if name in FALSE else "true")


@pytest.mark.parametrize("name", ["vae2", "linear_vae", "sparse_coding"])
def test_a_planted_wrong_direction_fails(name):
    d = es.derive(ZOO[name]())
    found = rows(d.model, 0, 5)
    assert relative_residual(found) < 1e-12
    assert claimed_residual(found, d.model, d.direction, d.excess) < 1e-11
    for moved, motion in d.direction.items():
        for wrong in (2 * motion, -motion, motion + sp.Rational(1, 100)):
            other = {**d.direction, moved: wrong}
            assert claimed_residual(found, d.model, other, d.excess) > 1e-4
    with pytest.raises(AssertionError, match="not there to be moved"):
        claimed_residual(found, d.model, {"ghost": sp.S.One}, sp.S.Zero)


def test_an_excess_is_compared_too():
    partial = es.derive(ZOO["vae0"]()).partial
    found = rows(partial.model, 0, 5)
    assert claimed_residual(found, partial.model, partial.direction, partial.excess) < 1e-11
    assert claimed_residual(found, partial.model, partial.direction, 2 * partial.excess) > 1e-3


@pytest.mark.parametrize("name", ["vae3", "linear_vae", "poisson_vae"])
def test_slopes_are_those_of_differences(name, monkeypatch):
    found = rows(ZOO[name](), 0, 7)
    # The same draws, with a perturbation that is a number.
    assert situations.STEP == evaluating.STEP == 1e-30
    step = 1e-5
    monkeypatch.setattr(situations.Situations, "unit", lambda self, column: 0.0)
    for column, (name_, index) in enumerate(found.columns[:6]):
        sides = []
        for sign in (1, -1):
            drawn = situations.Situations(
                ZOO[name](), situations.SIZES[0], np.random.default_rng([7, 0, 0])
            )
            symbol = next(p.symbol for p in drawn.model.parameters if p.name == name_)
            drawn.parameters[symbol][index] += sign * step
            sides.append(np.real(drawn.measured()[1][0]))
        slope = (sides[0] - sides[1]) / (2 * step)
        assert np.allclose(slope, found.slopes[:, column], rtol=1e-6, atol=1e-6)


def _vae1_without_last_layers(*, learned):
    w = ModelWriter()
    w.plate("k K")
    W, sigma2 = w.learned("W", "k h"), w.learned("sigma2", range="positive")
    mu = w.network("mu", "d", reads=w.vector("k", w.sum("h", W * w.z_h)))
    nu = w.network("nu", "h", reads=w.x_n, learned=learned)
    tau2 = w.network("tau2", "h", reads=w.x_n, range="positive", learned=learned)
    return w.model("bare", prior=NORMAL(0, 1), decoder=NORMAL(mu, sigma2), encoder=NORMAL(nu, tau2))


def test_only_what_learns_can_rescue():
    model = _vae1_without_last_layers(learned=True)
    assert is_true(model).word == "false"
    assert is_true(model, generous=True).word == "true"
    frozen = _vae1_without_last_layers(learned=False)
    assert is_true(frozen, generous=True).word == "false"
    assert is_true(ZOO["vae0"](), generous=True).word == "false"


@pytest.mark.slow
def test_a_pole_at_the_stationary_points_is_no_direction():
    linear = ZOO["linear_vae"]()
    frozen = tuple(replace(p, learned=p.name != "tau") for p in linear.parameters)
    for model in (with_weight_decay(linear), replace(linear, parameters=frozen)):
        assert max(relative_residual(rows(model, k, 1)) for k in range(3)) < 1e-8
        assert is_true(model, 1).word == "false"
    assert is_true(linear, 1).word == "true"


def test_lines_rebuild_the_model_and_shrink():
    spec = replace(Spec(), prior="Laplace", beta="number", decoder_scale="one")
    assert source(spec)[0].startswith("w = ModelWriter")
    assert build(spec) == build(spec)
    small = shrunk(spec, lambda s: s.decoder_scale == "one")
    assert small == replace(Spec(), decoder_scale="one")
    assert spec_of(3) == random_spec(Random(3))


@pytest.mark.slow
def test_features_and_both_answers_are_common():
    words, used, count = [], {}, 0
    for seed in range(100):
        try:
            model = build(spec := spec_of(seed))
        except InputError:
            continue
        count += 1
        words.append(is_true(model, seed).word)
        for name in features(spec, model):
            used[name] = used.get(name, 0) + 1
    assert count > 90
    assert min(words.count("true"), words.count("false")) >= count / 4
    assert words.count("skipped") <= count / 20
    common = {name: n / count for name, n in used.items() if not name.endswith("(rare)")}
    assert len(common) >= 18
    assert min(common.values()) >= 0.06  # 0.1 in the long run


def test_a_wrong_verdict_is_noticed(monkeypatch):
    false_proof = replace(Spec(), decoder_scale="one")
    right = judged(false_proof, 0, 60)
    assert right["oracle"] == "false"
    assert right["fault"] is None
    for spec, lie, fault in (
        (false_proof, "PROVED", "false PROVED"),
        (Spec(), "REFUTED", "false REFUTED"),
        (Spec(), "UNDECIDED", "not settled"),
        (Spec(), "EXCEPTION", "exception"),
    ):
        answer = {"verdict": lie, "reason": "", "claims": []}
        monkeypatch.setattr(trying, "asked", lambda *_, a=answer: dict(a))
        assert judged(spec, 0, 60)["fault"] == fault


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [s if s < 20 else pytest.param(s, marks=pytest.mark.slow) for s in range(60)]
)
def test_verdicts_on_random_models(seed):
    found = judged(spec_of(seed), seed, 120)
    assert found["fault"] not in WRONG, (found, "\n".join(source(spec_of(seed))))


@pytest.mark.slow
def test_two_thousand_random_models(tmp_path):
    given = Namespace(count=2000, seed=10_000, jobs=2, seconds=120, out=tmp_path / "v")
    found = run(given)
    assert not unmet(found), report(found)
    assert len(json.loads(given.out.read_text().splitlines()[0])) > 3
    assert es.Value.PROVED.name in report(found)
