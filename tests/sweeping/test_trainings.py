"""Many starts, many in one program: as `settle` does it, whoever carries them out."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import entropysym as es
from entropysym.ascent import Plan
from entropysym.ascent.settling import Ending
from entropysym.errors import InputError
from entropysym.sweeping import settle_seeds, trainings
from tests.sweeping import executors
from tests.sweeping.executors import Shuffled

DATA = np.array([0.5, 1.0, 3.0])
PLAN = Plan(epochs=5, lbfgs=40, newton=5)


def settled(seeds=6, together=3, start=executors.anywhere, **how):
    return settle_seeds(
        executors.hill, start, DATA, PLAN, seeds=seeds, together=together, **how
    )  # fmt: skip


@pytest.mark.slow
def test_every_run_arrives_where_the_top_is(serial):
    found = settled(on=serial)
    assert found.ending is Ending.ARRIVED
    assert found.gradient_norms.max() <= PLAN.goal
    assert found.values == pytest.approx(np.full(6, -DATA.var()), rel=1e-12)
    assert found.point["a"] == pytest.approx(np.full(6, DATA.mean()), abs=1e-8)
    assert found.point["b"] == pytest.approx(np.ones((6, 2)), abs=1e-8)
    assert found.run(3)["b"].shape == (2,)
    assert found.message.startswith("6 of 6 runs have arrived")


@pytest.mark.slow
def test_executors_and_folders_change_no_bit(serial, tmp_path):
    first = settled(on=serial, into=tmp_path)
    for again in (settled(on=Shuffled(1)), settled(on=serial, into=tmp_path)):
        assert np.array_equal(first.values, again.values)
        for name, leaf in first.point.items():
            assert np.array_equal(leaf, again.point[name])
    assert len(list(tmp_path.glob("*.pack.npz"))) == 2


def test_a_pack_that_is_there_is_not_computed_again(serial, tmp_path, monkeypatch):
    first = settled(on=serial, into=tmp_path)
    damaged = sorted(tmp_path.glob("*.pack.npz"))[1]
    damaged.write_bytes(damaged.read_bytes()[:100])
    computed = []
    pack = trainings.settled_pack
    monkeypatch.setattr(
        trainings, "settled_pack", lambda work, seeds: computed.append(seeds) or pack(work, seeds)
    )
    again = settled(on=serial, into=tmp_path)
    assert len(computed) == 1
    assert "1 packs were damaged and are computed again" in again.message
    assert np.array_equal(first.values, again.values)


def test_other_code_data_or_plans_are_other_packs():
    def key(objective=executors.hill, start=executors.anywhere, data=DATA, plan=PLAN):
        return trainings._known(trainings.Training(objective, start, data, plan, ("", 0))).key

    def times(factor, array=None):
        return lambda v, x: factor * executors.hill(v, x) + (0 if array is None else array[0])

    every = [
        key(),
        key(objective=times(2.0)),
        key(objective=times(3.0)),
        key(objective=times(2.0, np.ones(2))),
        key(objective=times(2.0, np.zeros(2))),
        key(start=executors.one_without_an_end),
        key(data=DATA + 1),
        key(plan=Plan(epochs=6, lbfgs=40, newton=5)),
    ]
    assert len(set(every)) == len(every)
    assert key() == every[0]
    assert key(objective=times(2.0)) == every[1]


@pytest.mark.slow
def test_a_run_that_is_not_finite_costs_no_other(serial):
    found = settled(seeds=[3, 4], together=2, on=serial, start=executors.one_without_an_end)
    assert found.ending is Ending.NOT_FINITE
    assert list(np.isfinite(found.values)) == [False, True]
    assert found.gradient_norms[1] < PLAN.goal
    assert found.message.startswith("1 of 2 runs have arrived")


@pytest.mark.slow
def test_in_processes_of_our_own():
    found = settled(seeds=[4, 9, 5], workers=1)
    assert np.array_equal(found.values, settled(seeds=[4, 9, 5], on=Shuffled(0)).values)


def test_threads_do_not_meet():
    with ThreadPoolExecutor(4) as threads:
        found = settled(seeds=24, on=threads)
    assert np.array_equal(found.values, settled(seeds=24, on=Shuffled(0)).values)


def test_settle_itself_takes_seeds(serial):
    found = es.settle(executors.hill, executors.anywhere, DATA, PLAN, seeds=3, on=serial)
    assert np.array_equal(found.values, settled(seeds=3, on=serial).values)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"seeds": 0}, "seeds is 0"),
        ({"seeds": []}, "at least one seed"),
        ({"seeds": [-1]}, "a seed is -1"),
        ({"seeds": 2, "start": {"a": 1}}, "pass a function of a seed"),
        ({"seeds": 2, "objective": lambda v, x: v}, "define both in a module"),
        ({"seeds": 2, "objective": np.sin}, "no function of Python"),
    ],
)
def test_what_cannot_be_trained(given, says):
    given = {"objective": executors.hill, "start": executors.anywhere, **given}
    with pytest.raises(InputError, match=says):
        settle_seeds(data=DATA, plan=PLAN, **given)


def test_an_executor_wants_seeds(serial):
    with pytest.raises(InputError, match="pass seeds=500"):
        es.settle(executors.hill, executors.anywhere, DATA, PLAN, on=serial)
