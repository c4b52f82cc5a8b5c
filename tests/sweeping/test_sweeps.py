"""The report of a sweep: the same bytes whoever computed what, and never a pass of what was not shown."""

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.sweeping import computing, repeat, sweep
from entropysym.sweeping.records import read
from entropysym.sweeping.units import CHUNK
from entropysym.verdict import Value
from entropysym.witness.configurations import Shape, draw, shapes
from tests.sweeping.executors import DRAWS, SIZE, Dying, Shuffled

pytestmark = pytest.mark.usefixtures("two_shapes")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def report(claim, serial, folder):
    return sweep(claim, DRAWS, unit=SIZE, on=serial, into=folder)


def test_a_true_claim_passes(report):
    assert report.verdict.value is Value.PROVED, report
    assert (report.sweep.compared, report.units) == (DRAWS, 4)
    assert sum(report.histogram.values()) == DRAWS
    assert 0 < report.sweep.largest < 8
    assert not report.blind
    assert not report.missing
    wrong = [v for v in report.variants if not v.equal]
    assert len(wrong) > 20
    assert all(v.rejected for v in wrong)


def test_each_shape_carries_what_is_wrong_everywhere(report):
    little = next(v for v in report.variants if v.name.startswith("a thousandth"))
    assert little.compared == 4 * computing.TRIED
    assert little.rejected > 0.9 * little.compared


@pytest.mark.some(3)
@pytest.mark.parametrize("seed", range(5))
def test_order_and_duplicates_change_no_byte(claim, report, seed, tmp_path):
    shuffled = sweep(claim, DRAWS, unit=SIZE, on=Shuffled(seed), into=tmp_path)
    assert shuffled.json() == report.json()
    assert shuffled == report


@pytest.mark.slow
def test_processes_change_no_byte(claim, report, folder, tmp_path):
    spawned = sweep(claim, DRAWS, unit=SIZE, workers=1, into=tmp_path)
    assert spawned.json() == report.json()
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_workers_that_die_change_no_byte(claim, report):
    assert sweep(claim, DRAWS, unit=SIZE, on=Dying(times=3)).json() == report.json()


def test_a_unit_that_kills_its_workers_is_named_and_nothing_is_proved(claim, tmp_path):
    dying = Dying(always=("bucket=1",))
    report = sweep(claim, DRAWS, unit=SIZE, on=dying, into=tmp_path)
    assert report.verdict.value is Value.UNDECIDED
    assert len(report.missing) == 2
    assert "2 units are missing" in report.verdict.reason
    assert "tried 8 times: OSError: the worker was killed" in report.verdict.reason
    assert max(dying.count.values()) == 8
    assert not list(tmp_path.glob("*.report.json"))


def test_a_folder_is_resumed(claim, report, serial, folder):
    again = sweep(claim, DRAWS, unit=SIZE, on=serial, into=folder)
    assert again.computed == 0
    assert again.json() == report.json()
    more = sweep(claim, DRAWS + 2 * CHUNK, unit=SIZE, on=serial, into=folder)
    assert more.computed == 4  # the two full ones are there
    assert any("2 records of another cut of this sweep" in note for note in more.notes)


def test_a_record_that_is_damaged_is_computed_again_and_named(claim, report, serial, folder):
    first, second, *_ = sorted(folder.glob("*-1124.unit.json")) or sorted(
        folder.glob("*.unit.json")
    )
    whole = first.read_bytes(), second.read_bytes()
    first.write_bytes(whole[0][: len(whole[0]) // 2])
    second.write_bytes(whole[1].replace(b'"failures":0', b'"failures":1'))
    again = sweep(claim, DRAWS, unit=SIZE, on=serial, into=folder)
    said = [note for note in again.notes if "is computed again" in note]
    assert [name in " ".join(said) for name in (first.name[:-10], second.name[:-10])] == [True] * 2
    assert again.computed == 2
    assert (first.read_bytes(), second.read_bytes()) == whole
    assert again.json() == report.json()


@pytest.mark.slow
@pytest.mark.usefixtures("one_shape")
def test_records_of_others_are_not_counted_and_named(claim, serial, tmp_path, monkeypatch):
    other = replace(claim, entropies={})
    draws = 64
    for what, seed in ((other, 0), (claim, 1)):
        sweep(what, draws, seed=seed, on=serial, into=tmp_path)
    report = sweep(claim, draws, on=serial, into=tmp_path)
    assert report.computed == 1
    assert any("1 records of claim or code" in note for note in report.notes)
    assert any("1 records of seed 1" in note for note in report.notes)
    monkeypatch.setattr("entropysym.sweeping.sweeps.code_digest", lambda: "another version")
    with pytest.raises(InputError, match="another version of entropysym"):
        sweep(claim, draws, on=serial, into=tmp_path)


def test_a_record_of_another_under_the_name_of_ours_is_computed_again(claim, serial, tmp_path):
    sweep(claim, 64, seed=1, on=serial, into=tmp_path)
    other = {p.name: p.read_bytes() for p in tmp_path.glob("*.unit.json")}
    ours = sweep(claim, 64, on=serial, into=tmp_path)
    names = [p for p in tmp_path.glob("*.unit.json") if p.name not in other]
    for path, text in zip(sorted(names), other.values(), strict=True):
        path.write_bytes(text)
    again = sweep(claim, 64, on=serial, into=tmp_path)
    assert again.computed == 2
    assert any("it is the record of" in note for note in again.notes)
    assert again.json() == ours.json()


@pytest.mark.slow
@pytest.mark.usefixtures("one_shape")
def test_a_false_claim_is_refuted_and_one_line_repeats_it(claim, serial):
    false = replace(claim, entropy_sum=claim.entropy_sum + sp.Rational(1, 1000))
    report = sweep(false, 500, on=serial)
    assert report.verdict.value is Value.REFUTED
    assert report.sweep.failures > 450
    line = report.sweep.where
    found = eval(line, {"es": es, "claim": false})
    assert found.residual == report.sweep.largest
    assert line in report.verdict.reason


def test_the_line_repeats_any_block_to_the_last_bit(report, claim):
    found = eval(report.sweep.where, {"es": es, "claim": claim})
    assert found.residual == report.sweep.largest
    shape = Shape((("D", 3), ("H", 3), ("N", 2)))
    seed = 2**32 * 7 + 5
    there = repeat(claim, seed=seed, number=9, D=3, H=3, N=2)
    drawn = draw(claim.model, shape, seed, 20)
    assert np.array_equal(there.configuration.arrays["x"], drawn.arrays["x"][9])
    assert shape in shapes(claim.model)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"number": CHUNK, "D": 3, "H": 3, "N": 2}, "numbers below"),
        ({"number": 0, "D": 3, "H": 3}, "pass D, H, N"),
        ({"number": 0, "D": 0, "H": 3, "N": 2}, "D is 0"),
        ({"number": -1, "D": 3, "H": 3, "N": 2}, "number is -1"),
    ],
)
def test_configurations_that_there_are_not(claim, given, says):
    with pytest.raises(InputError, match=says):
        repeat(claim, seed=0, **given)


@pytest.mark.slow
def test_a_unit_whose_variants_all_pass_is_blind(claim, serial, monkeypatch):
    monkeypatch.setattr(computing, "_wrong", lambda *_: [computing.Variant("none", claim)])
    computing._tried.cache_clear()
    try:
        report = sweep(claim, 64, seed=3, on=serial)
    finally:
        computing._tried.cache_clear()
    assert len(report.blind) == 2
    assert report.verdict.value is Value.UNDECIDED


def test_one_blind_unit_is_enough(report):
    assert replace(report, blind=("u",)).verdict.value is Value.UNDECIDED
    assert "the wrong variants of 1 units all pass" in replace(report, blind=("u",)).verdict.reason


@pytest.mark.slow
@pytest.mark.usefixtures("one_shape")
def test_numbers_that_are_not_finite_pass_nothing(claim, serial):
    sigma2 = claim.model.parameters[0].symbol
    broken = claim.entropy_sum + sp.exp(sp.exp(sp.exp(sigma2 + 9)))
    report = sweep(replace(claim, entropy_sum=broken), 64, on=serial)
    assert report.sweep.broken == 64
    assert report.histogram == {"not finite": 64}
    assert report.verdict.value is Value.UNDECIDED
    assert json.loads(report.json())["largest residual [eps x terms]"] == "inf"


@pytest.mark.slow
def test_progress_is_told(claim, serial):
    seen = []
    sweep(claim, 64, on=serial, progress=lambda *step: seen.append(step))
    assert seen[0][:3] == ("vae2: sweep", 0, 64)
    assert seen[-1][1:3] == (64, 64)
    assert seen[-1][3].endswith("a second")


def test_ctrl_c_loses_nothing_that_is_done(claim, serial, tmp_path):
    def interrupted(task, done, total, remark):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(claim, 64, on=serial, into=tmp_path, progress=interrupted)
    kept = list(tmp_path.glob("*.unit.json"))
    assert kept
    for path in kept:
        assert read(path.read_bytes(), path.name[: -len(".unit.json")], 32)
    assert sweep(claim, 64, on=serial, into=tmp_path).computed == 2 - len(kept)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"draws": 0}, "draws is 0"),
        ({"draws": 1e6}, "draws is 1000000.0"),
        ({"seed": -1}, "seed is -1"),
        ({"unit": 100}, "a multiple of"),
        ({"on": "a pool"}, "pass an executor"),
        ({"workers": 0}, "workers is 0"),
    ],
)
def test_what_cannot_be_asked(claim, given, says):
    with pytest.raises(InputError, match=says):
        sweep(claim, **{"draws": 10, **given})


def test_a_folder_that_cannot_be(claim, serial, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write into"):
        sweep(claim, 10, on=serial, into=tmp_path / "file" / "below")


def test_by_name_and_by_model(serial):
    named = sweep("vae2", 32, on=serial)
    assert named.sweep.where.startswith('es.sweeping.repeat("vae2", seed=0') or "('vae2'" in (
        named.sweep.where
    )
    assert sweep(es.models.vae2(), 32, on=serial).key == named.key
    assert sweep(es.derive(es.models.vae2()), 32, on=serial).key == named.key
