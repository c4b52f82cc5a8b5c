"""The gap identity for families and encoders that do not ship, and that a wrong one is rejected."""

import math
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from entropysym.errors import InputError
from entropysym.families import ANY, LAPLACE, NORMAL
from entropysym.language import Entropy, Family
from entropysym.language.symbols import n
from entropysym.lowering import Nodes, Points, lower
from entropysym.witness import (
    configurations,
    density_elbo,
    gap_function,
    measure_gap,
    sweep,
    try_variants,
)
from entropysym.witness.configurations import draw, shapes
from entropysym.witness.densities import DENSITIES, density
from tests.instances import names

from . import own


@cache
def made(name):
    return own.CASES[name]()


@pytest.fixture(params=own.CASES)
def case(request):
    return made(request.param)


#: Cases that between them have every kind of encoder, a base measure and opaque entropies.
QUICK = ("own Poisson", "logistic encoder", "any law, binary", "exponential encoder", "opaque all")


@pytest.fixture
def one_shape(at_shapes):
    at_shapes((3, 2, 4))


@pytest.mark.some(1)
@pytest.mark.usefixtures("one_shape")
def test_the_identity_holds_at_random_configurations(case):
    _holds(case)


@pytest.mark.slow
def test_the_identity_holds_at_all_shapes(case):
    _holds(case)


def _holds(case):
    result = sweep(case.identity, count=60)
    assert result.passed, result
    assert result.compared == 60
    assert 0 < result.largest < 6


@pytest.mark.slow
@pytest.mark.usefixtures("one_shape")
@pytest.mark.parametrize("name", names(own.CASES, QUICK))
def test_every_wrong_variant_is_rejected(name):
    case = made(name)
    results = try_variants(case.identity, count=40)
    wrong = [r for r in results if not r.equal]
    assert not [r.name for r in results if not r.passed]
    # Even where nothing moves, signs, sizes and constants can be wrong.
    assert len(wrong) >= 20
    assert len(results) - len(wrong) <= 2, [r.name for r in results if r.equal]


@pytest.mark.some(1)
@pytest.mark.usefixtures("one_shape")
@pytest.mark.parametrize("name", ["own Laplace", "logistic encoder", "any law, unit", "opaque all"])
def test_a_thousandth_of_a_nat_is_seen(name):
    c = made(name)
    wrong = replace(c.identity, entropy_sum=c.entropy_sum + sp.Rational(1, 1000))
    off = sweep(wrong, count=20)
    assert off.failures >= 15


@pytest.mark.parametrize(
    ("family", "inside", "outside"),
    [
        (own.EXPONENTIAL, [0.1, 7.0], [0.0, -1.0, math.nan]),
        (own.POWER, [0.1, 0.9], [0.0, 1.0, 1.5]),
        (own.OWN_BERNOULLI, [0.0, 1.0], [0.5, 2.0, -1.0]),
        (own.GEOMETRIC, [0.0, 3.0], [0.5, -1.0]),
        (own.OWN_LAPLACE, [-3.0, 0.0], [math.inf, math.nan]),
    ],
)
def test_outside_the_support_there_is_no_density(family, inside, outside):
    p = density(family)
    arguments = [jnp.asarray(0.7)] * len(family.arguments)
    assert jnp.isfinite(p.log_density(jnp.asarray(inside), *arguments)).all()
    assert (p.log_density(jnp.asarray(outside), *arguments) == -jnp.inf).all()


def test_symbols_of_any_name_and_assumption_are_arguments():
    k = sp.Symbol("H", integer=True, positive=True)
    odd = Family("Odd", (k,), sp.Symbol("log_rate", positive=True), -k * sp.Symbol("log_rate", positive=True) + sp.log(k), support="positive")  # fmt: skip
    np.testing.assert_allclose(
        density(odd).log_density(jnp.asarray([0.5, 2.0]), jnp.asarray(1.5)),
        np.log(1.5) - 1.5 * np.array([0.5, 2.0]),
        rtol=1e-15,
    )


@pytest.mark.parametrize(
    ("family", "says"),
    [
        (Family("Erf", (own.m,), own.x, -sp.zeta(own.x - own.m)), "cannot lower zeta"),
        (Family("Stray", (own.m,), own.x, -((own.x - own.eta) ** 2)), "eta, which is no argument"),
        (ANY, "any law has no density"),
    ],
)
def test_families_that_cannot_be_evaluated_say_so(family, says):
    with pytest.raises(InputError, match=says):
        density(family)


@pytest.mark.parametrize("name", [k for k in own.CASES if "any law" in k] + ["Bernoulli encoder"])
def test_points_lie_in_the_support_and_weigh_one(name):
    model = made(name).model
    for shape in shapes(model):
        points = draw(model, shape, 1, 20).nodes
        assert isinstance(points, Points)
        assert points.z.shape[1:] == (shape["N"], 3, shape["H"])
        np.testing.assert_allclose(points.weights.sum(-1), 1, rtol=1e-14)
        assert points.weights.min() > 0
        inside = {
            "real": np.isfinite,
            "positive": lambda z: z > 0,
            "unit": lambda z: (z > 0) & (z < 1),
            "binary": lambda z: (z == 0) | (z == 1),
            "count": lambda z: (z >= 0) & (z == np.round(z)),
        }[model.prior.family.support]
        assert inside(points.z).all()
        # Each datum has its own, and its own number for the entropy.
        assert np.unique(points.weights[0, :, 0]).size == shape["N"]
        assert np.unique(points.entropy[0]).size == shape["N"]


def _arguments(model, shape):
    c = draw(model, shape, 0, 1)
    first = jax.tree.map(lambda a: jnp.asarray(a[0]), (c.arrays, c.weights, c.nodes))
    arrays, weights, nodes = first
    return {**arrays, **configurations.callables(model, shape)(weights)}, nodes


@pytest.mark.slow
def test_an_average_over_points_is_the_weighted_sum():
    c = made("any law")
    shape = shapes(c.model)[3]
    arguments, points = _arguments(c.model, shape)
    parts = density_elbo(c.model)(arguments, points)
    prior = 0.0
    for (
        z,
        w,
    ) in zip(points.z, points.weights, strict=True):
        log_p = -np.log(2 * np.pi * arguments["alpha2"]) / 2 - z**2 / arguments["alpha2"] / 2
        prior += float(w @ log_p.sum(-1)) / shape["N"]
    np.testing.assert_allclose(parts.log_densities["prior"], prior, rtol=1e-13)
    np.testing.assert_allclose(parts.entropies["encoder"], points.entropy.mean(), rtol=1e-14)
    right = lower(c.entropy_sum, c.model)
    assert right.signature["noise"] == "Points: z (N, S, H), weights (N, S), entropy (N,)"
    gap = measure_gap(c.identity, arguments=arguments, nodes=points)
    assert gap.agrees
    assert gap.elbo == pytest.approx(float(parts.total), rel=1e-14)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: Nodes(p.z[0], p.weights[0]), "so pass lowering.Points"),
        (lambda p: Points(p.z[:1], p.weights[:1], p.entropy), "N is 4 in .* but 1 in noise.z"),
        (lambda p: Points(p.z, p.weights[:, :1], p.entropy), "points of shape .* but weights"),
        (lambda p: Points(p.z, p.weights, p.entropy[:2]), "but 2 in noise.entropy"),
        (lambda p: Points(p.z[..., :1], p.weights, p.entropy), "H is 2 in .* but 1 in noise.z"),
        (lambda p: Points(jnp.float32(p.z), p.weights, p.entropy), "noise.z is float32"),
    ],
)
def test_points_that_do_not_fit(change, says):
    c = made("any law")
    arguments, points = _arguments(c.model, configurations.Shape((("D", 3), ("H", 2), ("N", 4))))
    with pytest.raises(InputError, match=says):
        measure_gap(c.identity, arguments=arguments, nodes=change(points))


def test_points_are_not_for_an_encoder_with_noise_nor_for_rows():
    c, normal = made("any law"), made("own Laplace")
    shape = configurations.Shape((("D", 3), ("H", 2), ("N", 4)))
    arguments, points = _arguments(c.model, shape)
    with pytest.raises(InputError, match="each datum has points of its own"):
        measure_gap(c.identity, arguments=arguments, nodes=points, rows=2)
    arguments, _ = _arguments(normal.model, shape)
    with pytest.raises(InputError, match=r"pass lowering\.Nodes"):
        measure_gap(normal.identity, arguments=arguments, nodes=points)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("field", ["z", "weights", "entropy"])
def test_points_that_are_not_finite_never_pass(field, bad):
    c = made("any law")
    arguments, points = _arguments(c.model, configurations.Shape((("D", 3), ("H", 2), ("N", 4))))
    array = getattr(points, field)
    spoilt = replace(points, **{field: array.at[(0,) * array.ndim].set(bad)})
    assert not measure_gap(c.identity, arguments=arguments, nodes=spoilt).agrees


def test_the_law_of_an_encoder_without_noise_is_not_moved():
    def encoder(w):
        return own.EXPONENTIAL(w.positive("q", "h", 1))

    c = own.case(prior=lambda w: own.EXPONENTIAL(w.positive("r", "h", 1)), encoder=encoder)
    with pytest.raises(InputError, match="moves q, which the encoder reads"):
        gap_function(c.identity)
    still = {name: v for name, v in c.direction.items() if name != "q"}
    gap_function(replace(c.identity, direction=still))


@pytest.mark.slow
@pytest.mark.usefixtures("one_shape")
def test_an_opaque_entropy_is_not_taken_for_a_constant():
    """What stands for it depends on the arguments: dropped, or moved along, it makes a claim false."""
    prior = made("opaque prior")
    head = Entropy("prior")
    assert prior.excess.has(head)
    dropped = prior.entropy_sum - prior.excess + prior.excess.xreplace({head: sp.S.Zero})
    assert sweep(replace(prior.identity, entropy_sum=dropped), count=20).failures > 9
    shape = own.case(
        prior=lambda w: NORMAL(0, 1),
        decoder=own._shrunk,
        encoder=own._stretched(own.STUDENT_T, lambda w: w.positive("k", rate=1)),
    )
    assert sweep(shape.identity, count=20).failures > 9


def test_the_number_of_each_datum_is_part_of_the_comparison():
    """With the entropy of any law left at 0, its sign would not be seen."""
    c = made("any law")
    head = Entropy("encoder", n)
    assert c.entropy_sum.has(head)
    wrong = c.entropy_sum.xreplace({head: -head})
    arguments, points = _arguments(c.model, shapes(c.model)[3])
    given = {"arguments": arguments, "nodes": points}
    assert measure_gap(c.identity, **given).agrees
    assert not measure_gap(replace(c.identity, entropy_sum=wrong), **given).agrees


def test_a_name_of_a_shipped_family_proves_nothing():
    x = jnp.asarray([0.3, -2.0])
    impostor = density(own.IMPOSTOR).log_density(x, 0.1, 1.7)
    laplace = DENSITIES["Laplace"].log_density(x, 0.1, 1.7)
    np.testing.assert_allclose(impostor, laplace, rtol=1e-14)
    assert abs(impostor - DENSITIES["Normal"].log_density(x, 0.1, 1.7)).min() > 0.01
    assert density(LAPLACE) is DENSITIES["Laplace"]
