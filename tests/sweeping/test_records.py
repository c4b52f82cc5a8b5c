"""Records of units: a semilattice under merging, and texts that vouch for themselves."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entropysym.errors import InputError
from entropysym.sweeping import merged, total
from entropysym.sweeping.records import NOT_FINITE, Place, Record, Tried, _digest, read

AT = (("D", 3), ("H", 2), ("N", 5))


def record(unit="u", compared=10, failures=1, residual=0.1, **more):
    rest = {"histogram": {"-4": compared}, "variants": {"sign": Tried(4, 3, True)}, **more}
    return Record(unit, compared, failures, 0, 0, 0, Place(residual, AT, 7, 3), **rest)


@st.composite
def collections(draw):
    """Records by the names of their units; two machines may have rounded one differently."""
    names = draw(st.sets(st.sampled_from("abcdef")))
    return {
        name: record(
            name,
            failures=draw(st.integers(0, 2)),
            residual=draw(st.sampled_from([0.1, 0.2, math.inf])),
            histogram={str(draw(st.integers(-4, 4))): 10},
        )
        for name in sorted(names)
    }


@pytest.mark.slow
@given(collections(), collections(), collections())
def test_merging_is_associative_commutative_and_idempotent(a, b, c):
    assert merged(a, merged(b, c)) == merged(merged(a, b), c)
    assert merged(a, b) == merged(b, a)
    assert merged(a, a) == a
    assert total(merged(a, b)) == total(merged(b, merged(a, b)))


@given(collections())
def test_the_total_counts_each_unit_once(a):
    found = total(a)
    assert found.compared == 10 * len(a) == sum(found.histogram.values())
    assert found.failures == sum(r.failures for r in a.values())
    if a:
        assert found.worst.residual == max(r.worst.residual for r in a.values())
        assert found.variants["sign"] == Tried(4 * len(a), 3 * len(a), True)


def test_a_record_survives_being_written():
    for written in (record(), record(residual=math.inf), record(residual=0.1 + 0.2)):
        assert read(written.text(), "u", 10) == written
        assert read(written.text().encode(), "u", 10).text() == written.text()


def sealed(text, **changes):
    """The text with changes, and a digest that fits them."""
    body = {**json.loads(text), **changes}
    body.pop("sha256")
    return json.dumps({**body, "sha256": _digest(body)})


TEXT = record().text()


@pytest.mark.parametrize("length", [0, 1, 50, len(TEXT) - 3])
def test_a_record_that_is_cut_off_is_none(length):
    with pytest.raises(InputError, match="it cannot be read"):
        read(TEXT[:length], "u", 10)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXT.replace('"failures":1', '"failures":0'), "not what was written"),
        (TEXT.replace("unit/1", "unit/2"), "not what was written"),
        (sealed(TEXT, unit="v"), "the record of 'v'"),
        (sealed(TEXT, compared=9), "do not add up"),
        (sealed(TEXT, failures=11), "do not add up"),
        (sealed(TEXT, beyond=2), "do not add up"),
        (sealed(TEXT, coarse=11), "do not add up"),
        (sealed(TEXT, worst=None), "do not add up"),
        (sealed(TEXT, histogram={NOT_FINITE: 10}), "do not add up"),
        (sealed(TEXT, failures=-1), "cannot be read"),
        (sealed(TEXT, failures=True), "cannot be read"),
        (sealed(TEXT, failures=0.5), "cannot be read"),
        ("[]", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        (b"\xff\x00", "cannot be read"),
    ],
)
def test_a_record_that_was_changed_is_none(text, reason):
    with pytest.raises(InputError, match=reason):
        read(text, "u", 10)


def test_a_residual_that_is_no_number_is_no_record():
    place = json.loads(TEXT)["worst"] | {"residual": "nan"}
    with pytest.raises(InputError, match="do not add up"):
        read(sealed(TEXT, worst=place), "u", 10)


def test_a_unit_is_blind_where_no_variant_was_rejected():
    assert not record().blind
    assert record(variants={"sign": Tried(4, 0, True), "twice": Tried(4, 0, False)}).blind
    assert record(variants={}).blind
    assert total({"a": record("a"), "b": replace(record("b"), variants={})}).variants
