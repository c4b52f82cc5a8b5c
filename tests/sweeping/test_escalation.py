"""Where rounding could hide a difference, balls are asked: they show what floats cannot, and say nothing of what floats satisfy to rounding only."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.sweeping import escalation
from entropysym.sweeping.records import Record
from entropysym.sweeping.sweeps import SweepReport, job_of
from entropysym.sweeping.units import planned
from entropysym.verdict import Value
from entropysym.witness.configurations import Shape, callables, draw
from entropysym.witness.sweeps import Sweep, VariantResult

SMALL = Shape((("D", 1), ("H", 2), ("N", 2)))
HIDDEN = sp.Rational(1, 10**15)


class Asked(NamedTuple):
    job: object
    units: list
    records: dict


def asked(model, coarse=1):
    job, _ = job_of(model, 0)
    units = planned((SMALL.sizes,), 2000, 1024)
    records = {job.name(u): Record(job.name(u), u.count, 0, 0, 0, coarse, None) for u in units}
    return Asked(job, units, records)


@pytest.fixture
def coarse(monkeypatch):
    """All that is compared is coarse, number 5 most; nothing is compiled."""
    rows = np.ones((1024, 2))
    rows[5, 1] = 2.0
    monkeypatch.setattr(escalation, "residuals", lambda job, shape: lambda batch: rows)


def test_a_difference_that_floats_cannot_see_is_shown(coarse):
    claim = es.derive(es.models.linear_vae()).identity
    a = asked(claim)
    (right,) = escalation.looked_at(claim, *a, "claim")
    assert right.verdict.value is Value.UNDECIDED
    assert "no difference above" in right.verdict.reason
    assert right.where == "es.sweeping.repeat(claim, seed=0, number=5, D=1, H=2, N=2)"
    (wrong,) = escalation.looked_at(replace(claim, entropy_sum=claim.entropy_sum + HIDDEN), *a, "claim")  # fmt: skip
    assert wrong.verdict.value is Value.REFUTED


def test_where_nothing_is_coarse_nothing_is_looked_at(coarse):
    claim = es.derive(es.models.linear_vae()).identity
    assert escalation.looked_at(claim, *asked(claim, coarse=0), "claim") == ()


def test_shares_of_floats_are_not_looked_at(coarse):
    """They sum to 1 to rounding only: a ball would show that, and not that the claim is wrong."""
    model = es.models.ZOO["gaussian_mixture"]()
    with pytest.raises(InputError, match="to rounding only"):
        escalation._point(model, Shape((("D", 1), ("C", 2), ("N", 1))), None)


def test_the_report_is_refuted_by_a_ball():
    sweep = Sweep("m", 10, 0, 1, 1.0, "somewhere")
    report = SweepReport("k", 0, 10, 1, sweep, {}, (VariantResult("w", 10, 10, False),))
    assert report.verdict.value is Value.PROVED
    shown = escalation.LookedAt("here", es.enclose((sp.Integer(1), sp.Integer(2)), {}).verdict)
    found = replace(report, balls=(shown,))
    assert found.verdict.value is Value.REFUTED
    assert "here" in found.verdict.reason
    assert '"here": "refuted' in found.json()
    assert "looked at with balls, here" in str(found)


def test_networks_on_balls_are_those_of_the_sweep():
    model = es.models.ZOO["vae2"]()
    shape = Shape((*((s.name, 2) for s in model.sizes), ("N", 2)))
    c = draw(model, shape, 0, 1)
    weights = {k: {part: np.asarray(a)[0] for part, a in w.items()} for k, w in c.weights.items()}
    plain = callables(model, shape, "numpy")(weights)
    seen = set()
    for net in model.networks:
        inputs = [np.linspace(-1, 1, shape[s.name]) for s in net.inputs]
        lengths = tuple(shape[p.size.name] for p in net.plates)
        exact = [
            [escalation.numbers.ball(escalation.numbers.exact(float(v), "v")) for v in row]
            for row in inputs
        ]
        found = escalation._network(net.range, weights[net.name], lengths, *exact)
        assert found.astype(float) == pytest.approx(plain[net.name](*inputs), rel=1e-12)
        seen.add(net.range)
    assert seen == {"real", "positive"}
