"""How a sweep is cut, and what a record is known by."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.sweeping.computing import claim_digest
from entropysym.sweeping.sweeps import job_of
from entropysym.sweeping.units import CHUNK, SEEDS, planned
from entropysym.witness.configurations import draw, shapes

SHAPES = ((("D", 1), ("H", 2)), (("D", 3), ("H", 1)), (("D", 4), ("H", 4)))


@pytest.mark.parametrize("draws", [1, 3, CHUNK, 3 * CHUNK + 5, 50 * CHUNK + 7])
@pytest.mark.parametrize("size", [CHUNK, 4 * CHUNK])
def test_units_are_disjoint_and_all(draws, size):
    units = planned(SHAPES, draws, size)
    assert sum(u.count for u in units) == draws
    numbers = [
        (u.at, seed, k) for u in units for seed, count in u.blocks(5) for k in range(0, count, 64)
    ]
    assert len(set(numbers)) == len(numbers)
    assert {seed % SEEDS for _, seed, _ in numbers} == {5}
    assert all(sum(count for _, count in u.blocks(5)) == u.count <= size for u in units)


def test_more_draws_keep_the_units_that_are_full():
    few, many = (set(planned(SHAPES, n * CHUNK, 2 * CHUNK)) for n in (24, 60))
    assert few < many


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK + 1])
def test_a_unit_is_a_multiple_of_what_a_program_takes(size):
    with pytest.raises(InputError, match="a multiple of"):
        planned(SHAPES, 10, size)


def test_blocks_of_seeds_differ_and_the_first_is_that_of_the_witness(claim):
    shape = shapes(claim.model)[4]
    ((first, _), (second, _)) = planned((shape.sizes,), 2 * CHUNK, 2 * CHUNK)[0].blocks(3)
    assert first == 3
    few, many = draw(claim.model, shape, second, 5), draw(claim.model, shape, second, 50)
    other = draw(claim.model, shape, first, 5)
    for name, array in few.arrays.items():
        assert np.array_equal(array, many.arrays[name][:5])
        assert not np.array_equal(array, other.arrays[name])


def test_the_digest_is_of_all_that_a_claim_says(claim):
    model, sigma2 = claim.model, claim.model.parameters[0].symbol
    claims = [
        claim,
        replace(claim, entropy_sum=claim.entropy_sum + sp.Rational(1, 1000)),
        replace(claim, direction={"sigma2": -sigma2}),
        replace(claim, direction={**claim.direction, "sigma2": sigma2}),
        replace(claim, excess=sp.S.One),
        replace(claim, entropies={}),
        replace(claim, model=replace(model, name="other")),
        replace(claim, model=replace(model, objective=es.Objective(weight=sp.Integer(2)))),
    ]
    digests = [claim_digest(c) for c in claims]
    assert len(set(digests)) == len(digests)
    assert claim_digest(replace(claim)) == digests[0]


def test_a_claim_that_cannot_be_stored_is_refused(claim):
    with pytest.raises(InputError, match="cannot be stored"):
        job_of(replace(claim, entropy_sum=claim.entropy_sum + sp.Float(0.5)), 0)


@pytest.mark.parametrize(
    ("claim", "says"), [("vae9", "did you mean"), (3, "pass the name of a model"), ("", "unknown")]
)
def test_what_is_no_claim(claim, says):
    with pytest.raises(InputError, match=says):
        job_of(claim, 0)


def test_a_model_without_a_partial_result_claims_nothing():
    found = replace(es.derive(es.models.vae0()), partial=None)
    with pytest.raises(InputError, match="nothing is claimed of vae0"):
        job_of(found, 0)


def test_seeds_have_a_limit():
    with pytest.raises(InputError, match=r"below 2\*\*32"):
        job_of("vae2", SEEDS)
