"""The laws of families: normalised, scores of mean zero, the derived entropy, reparametrisation, the numerical row, the stored form."""

from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from entropysym.claims.families_in_numbers import of_matrices, values_of_vectors
from entropysym.claims.families_in_numbers import points as points_of
from entropysym.language.noise import noise
from entropysym.language.records import COMPONENT, DIM
from entropysym.language.store import _family_record
from entropysym.prover.families import family_certificate
from entropysym.witness.densities import density, ships
from entropysym.witness.own_densities import _function
from tests.instances import FAMILIES, names
from tests.language.reading import _family

every_family = pytest.mark.parametrize("name", names(FAMILIES))
#: Integrals over matrices take a million points.
every_integral = pytest.mark.parametrize(
    "name", names(FAMILIES, [name for name, f in FAMILIES.items() if f.depth < 2])
)
K = 2  # the length of the vectors of a multivariate family
CLASSES = 4  # and of one over one-hot vectors


def lowered(name):
    """The record itself in numbers; under its own name it would be the row of the table."""
    return density(replace(FAMILIES[name], name=f"Own{name}"))


def arguments(family, seed):
    """Values for the arguments: real ones at a border of the panels below, where a kink does no harm."""
    rng = np.random.default_rng(seed)
    if family.support == "onehot":
        logits = rng.normal(size=CLASSES)
        inside = jnp.asarray(np.exp(logits) / np.exp(logits).sum())
        return tuple(inside if a in family.simplex else logits for a in family.arguments)
    if family.support == "simplex":
        return (jnp.asarray(rng.uniform(2, 5, K)),)
    if family.support == "sphere":
        return (jnp.asarray(rng.normal(size=K)),)
    if family.depth == 2:
        return values_of_vectors(family, seed)
    if family.is_multivariate:
        root = rng.normal(size=(K, K))
        return jnp.asarray(rng.normal(size=K) / 4), jnp.asarray(np.eye(K) / 2 + root @ root.T / 4)
    drawn = {
        # Below 1 or 2 a density on (0, 1) would have a pole at an end.
        "positive": lambda: rng.uniform(*((4, 6) if family.support == "unit" else (0.5, 2))),
        "unit": lambda: rng.uniform(0.3, 0.7),
        "real": lambda: rng.choice([-0.5, 0.25, 1.0]),
    }
    return tuple(jnp.asarray(drawn[family.range_of(a)]()) for a in family.arguments)


def rule(family):
    """Points and weights: a sum or an integral over the support."""
    if family.depth == 2:
        points, weights = of_matrices(family)
        return points, jnp.broadcast_to(weights, len(points))
    if family.support == "onehot":
        return jnp.eye(CLASSES), jnp.ones(CLASSES)
    if family.support == "sphere":  # the circle, where equal steps are exact beyond rounding
        angles = np.arange(64) * 2 * np.pi / 64
        return jnp.asarray(np.stack([np.cos(angles), np.sin(angles)], -1)), jnp.full(64, np.pi / 32)
    if family.support == "simplex":
        first, weights = rule(FAMILIES["Beta"])
        return jnp.stack([first, 1 - first], axis=-1), weights
    if family.support in ("binary", "count"):
        points = jnp.arange(2.0 if family.support == "binary" else 300.0)
        return points, jnp.ones(points.shape)
    if (
        family.is_multivariate
    ):  # the trapezoidal rule: exact beyond rounding for what is smooth and dies away
        line = np.linspace(-14, 14, 281)
        points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, K)
        return jnp.asarray(points), jnp.full(len(points), (line[1] - line[0]) ** K)
    borders = {
        "unit": [0, *2.0 ** np.arange(-40, 0), *(1 - 2.0 ** np.arange(-2, -20, -1)), 1],
        "positive": [0, *2.0 ** np.arange(-40, 100)],
        "real": [*-(2.0 ** np.arange(99, -40, -1)), 0, *2.0 ** np.arange(-40, 100)],
        "angle": np.linspace(-np.pi, np.pi, 17),
    }[family.support]
    nodes, weights = np.polynomial.legendre.leggauss(24)
    low, high = np.array(borders[:-1])[:, None], np.array(borders[1:])[:, None]
    half = (high - low) / 2
    return jnp.asarray((low + half * (1 + nodes)).ravel()), jnp.asarray((half * weights).ravel())


class Means(NamedTuple):
    """Sums or integrals over the support, and the entropy that is derived."""

    total: jax.Array
    scores: Any
    entropy: jax.Array
    derived: jax.Array


@cache
def means(name):
    """One compiled program for each family, as a function of the arguments."""
    family, p = FAMILIES[name], lowered(name)
    points, weights = rule(family)
    base = in_numbers(family, family.log_base_measure)
    entropy = in_numbers(family, family_certificate(family).entropy)

    def of(values):
        log_p = p.log_density(points, *values)
        slopes = jax.jacfwd(lambda v: p.log_density(points, *v))(values)
        mass = weights * jnp.exp(log_p)
        scores = tuple(
            along_the_simplex(family, a, jnp.tensordot(mass, s, 1))
            for a, s in zip(family.arguments, slopes, strict=True)
        )
        surprise = jnp.where(mass > 0, base(points, *values) - log_p, 0.0)
        return Means(jnp.sum(mass), scores, mass @ surprise, entropy(points[0], *values))

    return jax.jit(of)


def along_the_simplex(family, argument, slope):
    """What of a slope is tangent where the argument is on the simplex: the rest leaves it, and means nothing."""
    return slope - jnp.mean(slope) if argument in family.simplex else slope


def in_numbers(family, formula):
    """A formula in a family's own symbols as a function of the variable and the arguments."""
    return _function(family, formula, (family.variable, *family.arguments), "value")


@pytest.mark.some(4)
@every_integral
@pytest.mark.parametrize("seed", range(3))
def test_it_is_normalised(name, seed):
    found = means(name)(arguments(FAMILIES[name], seed))
    assert found.total == pytest.approx(1, abs=1e-12)


@pytest.mark.some(5)
@every_integral
@pytest.mark.parametrize("seed", range(3))
def test_scores_have_mean_zero(name, seed):
    for score in jax.tree.leaves(means(name)(arguments(FAMILIES[name], seed)).scores):
        np.testing.assert_allclose(score, 0, atol=1e-11)


@pytest.mark.some(31)
@every_integral
@pytest.mark.parametrize("seed", range(3))
def test_the_derived_entropy_is_the_mean_of_minus_the_log_density(name, seed):
    """Of a family with a base measure, that of the density by it."""
    found = means(name)(arguments(FAMILIES[name], seed))
    assert found.entropy == pytest.approx(float(found.derived), rel=1e-11)


@every_family
def test_a_draw_follows_the_noise_alone(name):
    r"""$\log p(x)+\log|\partial x/\partial\varepsilon|$ at $x=$ draw(ε) is the noise's own density, whatever location and scale are."""
    family = FAMILIES[name]
    row, own = density(family), lowered(name)
    if row.draw is None:
        assert family.location is None
        assert own.draw is None
        return
    eps = jnp.asarray(
        np.random.default_rng(5).normal(size=(20, K) if family.is_multivariate else 20)
    )

    @jax.jit
    def noise_density(values):
        def one(e):
            slope = jnp.atleast_2d(jax.jacfwd(lambda e: row.draw(e, *values))(e))
            return own.log_density(row.draw(e, *values), *values) + jnp.linalg.slogdet(slope)[1]

        return jax.vmap(one)(eps)

    one, other = (arguments(family, seed) for seed in (6, 7))
    if family.location is not None:  # the shape of the noise stays
        kept = [a in noise(family).shape for a in family.arguments]
        other = tuple(a if k else b for a, b, k in zip(one, other, kept, strict=True))
    first, second = noise_density(one), noise_density(other)
    np.testing.assert_allclose(first, second, rtol=1e-12)
    if own.draw is not None:
        values = arguments(family, 6)
        np.testing.assert_allclose(own.draw(eps, *values), row.draw(eps, *values), rtol=1e-14)


@pytest.mark.some(1)
@every_family
def test_the_record_is_the_row_of_the_table(name):
    """Two roads to one number and to its slopes: the record, and jax.scipy.stats."""
    family, row, own = FAMILIES[name], density(FAMILIES[name]), lowered(name)
    assert ships(family)
    assert not ships(replace(family, name=f"Own{name}"))
    values = arguments(family, 8)
    inside = points_of(family) if family.depth == 2 else rule(family)[0][::7]

    @jax.jit
    def everything():
        sides = []
        for p in (own, row):
            slopes = jax.jacfwd(lambda v, p=p: p.log_density(inside, *v))(values)
            sides.append((p.log_density(inside, *values), *slopes))
        return *sides, own.terms(inside, *values), row.entropy and row.entropy(*values)

    (value, *_), _, terms, entropy = found = everything()
    for a, b in zip(*found[:2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12 * float(jnp.abs(b).max()))
    assert (terms >= abs(value) * (1 - 1e-12)).all()
    assert own.entropy is None
    if entropy is not None and family.log_base_measure == 0:
        derived = in_numbers(family, family_certificate(family).entropy)(inside[0], *values)
        assert float(entropy) == pytest.approx(float(derived), rel=1e-13)


@every_family
def test_it_comes_back_from_its_stored_form(name):
    family = FAMILIES[name]
    record = _family_record(family)
    assert _family_record(_family(name, record)) == record
    assert _family(name, record).log_density == family.log_density


def test_a_false_record_is_noticed():
    """Twice a density, and one whose score is off: the laws above are no tautologies."""
    normal = FAMILIES["Normal"]
    values = arguments(normal, 0)
    points, weights = rule(normal)
    for wrong in (sp.log(2), normal.arguments[1] / 10):
        family = replace(normal, name="Wrong", log_density=normal.log_density + wrong)
        p = density(family).log_density
        total = jax.jit(lambda v, p=p: weights @ jnp.exp(p(points, *v)))(values)
        assert abs(float(total) - 1) > 0.01


@pytest.mark.parametrize("name", ["Categorical", "CategoricalLogits"])
def test_a_false_law_of_classes_is_noticed(name):
    """Twice the masses, and a class that has more than its own."""
    family = FAMILIES[name]
    points, weights = rule(family)
    (values,) = arguments(family, 0)
    first = sp.Sum(family.variable[COMPONENT] / DIM, (COMPONENT, 1, DIM))
    for wrong in (sp.log(2), first):
        p = density(replace(family, name="Wrong", log_density=family.log_density + wrong))
        total = weights @ jnp.exp(p.log_density(points, values))
        assert abs(float(total) - 1) > 0.01
