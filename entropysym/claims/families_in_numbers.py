"""What is known of a family in numbers: its record beside quadrature, beside the entropy that is
derived, and beside what others know of the same law.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp
from scipy import special, stats

from entropysym.claims.densities.averages import Average
from entropysym.claims.densities.entropies import Measured, measured
from entropysym.claims.densities.evaluation import NoNumberError
from entropysym.families import FAMILIES, binomial, generalised_normal, pareto
from entropysym.language.formula import of_type
from entropysym.language.matrices import MatrixLetter
from entropysym.language.records import Family
from entropysym.language.supports import interval
from entropysym.lowering.precision import EPS, TOLERANCE
from entropysym.prover.families import FamilyCertificate
from entropysym.witness import own_densities

#: The largest |difference| of a derived entropy, relative to the mean of |log p|, or to 1 if
#: that is less.
ENTROPIES_AGREE = 1e-12

#: What an integral's error estimate may be, relative to the size of the integrand.
_KNOWN = 1e-9

#: At so many of the settings the quadrature may leave it open: beside an end where a density
#: has almost a pole, floats end before its mass does.
_MOST_OPEN = 1

#: The checks that `numbers` makes.
NAMES = ("entropy", "normalised", "scores", "row")


class Known(NamedTuple):
    """What others know of a law: log p(x, *arguments), and H(*arguments) in closed form."""

    log_density: Callable[..., Any]
    entropy: Callable[..., Any] | None = None


def _ratio(p: int, q: int) -> sp.Rational:
    return of_type(sp.Rational(p, q), sp.Rational)


#: Families with a number that is no argument, one of each, and what SciPy knows of them.
WITH_NUMBERS: Mapping[str, tuple[Family, Known]] = {
    family.name: (family, row)
    for family, row in (
        (
            binomial(20),
            Known(lambda x, logit: stats.binom.logpmf(x, 20, special.expit(logit))),
        ),
        (
            pareto(_ratio(3, 2)),
            Known(
                lambda x, shape: stats.pareto.logpdf(x, shape, scale=1.5),
                lambda shape: stats.pareto.entropy(shape, scale=1.5),
            ),
        ),
        (
            generalised_normal(_ratio(17, 10)),
            Known(
                lambda x, location, scale: stats.gennorm.logpdf(x, 1.7, location, scale),
                lambda location, scale: stats.gennorm.entropy(1.7, location, scale),
            ),
        ),
    )
}

#: Every family that has a row in the table, by name.
SHIPPED: Mapping[str, Family] = FAMILIES | {name: f for name, (f, _) in WITH_NUMBERS.items()}


@dataclass(frozen=True)
class Check:
    """Whether something was found to hold, by how much it was off at worst, in how many
    comparisons, and what it was compared by.
    """

    holds: bool
    off: float
    compared: int
    by: str


def not_made(why: str) -> Check:
    """What was not compared does not hold."""
    return Check(False, math.nan, 0, why)


def numbers(family: Family, certificate: FamilyCertificate, row: Known | None) -> dict[str, Check]:
    """The record beside its quadrature, the derived entropy and the row."""
    try:
        looks = list(
            (of_vectors if family.is_multivariate else measured)(family, certificate.entropy)
        )
    except NoNumberError as why:
        return dict.fromkeys(NAMES, not_made(str(why)))
    closed = row.entropy if row is not None and family.log_base_measure == 0 else None
    return {
        "entropy": entropy_check(looks, closed),
        "normalised": _averaged([[(look.mass, 1.0)] for look in looks]),
        "scores": _averaged([[(a, 0.0) for a in look.scores] for look in looks]),
        "row": not_made("no row") if row is None else row_check(family, row, looks),
    }


def entropy_check(looks: Sequence[Measured], closed: Callable[..., object] | None) -> Check:
    """The derived entropy beside the integral, and beside the closed form that others have."""
    known = [look for look in looks if look.entropy.error <= 10 * ENTROPIES_AGREE * _size(look)]
    off = [abs(look.formula - look.entropy.value) / _size(look) for look in known]
    by = _by(len(known), len(looks))
    if closed is not None:
        by += ", closed form"
        off += [
            abs(look.formula - _number(closed(*look.arguments))) / _size(look) for look in looks
        ]
    holds = len(known) >= len(looks) - _MOST_OPEN and all(v <= ENTROPIES_AGREE for v in off)
    return Check(holds, max(off, default=math.nan), len(known), by)


def _size(look: Measured) -> float:
    return max(1.0, look.entropy.size)


def _number(value: object) -> float:
    return float(np.asarray(value))


def _averaged(looks: Sequence[Sequence[tuple[Average, float]]]) -> Check:
    """Whether averages are what is wanted, at every setting at which they are known."""
    known = [look for look in looks if all(a.error <= _KNOWN * max(1.0, a.size) for a, _ in look)]
    off = [abs(a.value - wanted) / max(1.0, a.size) for look in known for a, wanted in look]
    holds = len(known) >= len(looks) - _MOST_OPEN and all(v <= _KNOWN for v in off)
    return Check(holds, max(off, default=0.0), len(known), _by(len(known), len(looks)))


def _by(known: int, settings: int) -> str:
    return "quadrature" if known == settings else f"quadrature at {known} of {settings}"


def row_check(family: Family, row: Known, looks: Sequence[Measured]) -> Check:
    """The record's log-density beside the row's, in units of eps x terms."""
    ours, terms = own_densities.log_density(family), own_densities.log_density_terms(family)
    record = jax.jit(lambda x, *v: (ours(x, *v), terms(x, *v)))
    x, worst, compared = points(family), 0.0, 0
    for look in looks:
        value, size = map(np.asarray, record(x, *look.arguments))
        off = np.abs(value - np.asarray(row.log_density(x, *look.arguments))) / (EPS * size)
        worst = float(np.max(np.append(off, worst)))  # not a number is never less
        compared += off.size
    return Check(worst <= TOLERANCE, worst, compared, "the row")


def points(family: Family) -> jax.Array:
    """Some points of a support."""
    line = np.linspace(0.02, 0.98, 25)
    over = interval(family.support)
    if family.support == "simplex":
        return jnp.asarray(np.stack([line, 1 - line], axis=-1))
    if family.support == "sphere":
        return jnp.asarray(np.stack([np.cos(7 * line), np.sin(7 * line)], axis=-1))
    drawn = np.random.default_rng(0).normal(size=(25, LENGTH, LENGTH))
    if family.support == "posdef":
        return jnp.asarray(drawn @ np.swapaxes(drawn, -1, -2) + np.eye(LENGTH) / 4)
    if over is None:
        return jnp.eye(CLASSES)
    if family.is_multivariate:
        return jnp.asarray(drawn if family.depth == 2 else drawn[:, 0])
    low, high = (None if end is None else float(end) for end in (over.low, over.high))
    if over.whole:
        return jnp.arange(25.0 if high is None else high + 1)
    if high is not None and low is not None:
        return jnp.asarray(low + (high - low) * line)
    stretched = line / (1 - line)
    return jnp.asarray(6 * line - 3 if low is None else low + stretched)


# -- families of vectors and matrices --------------------------------------------------------------

#: The length of a vector and the size of a matrix, and the number of classes.
LENGTH, CLASSES = 2, 4


def of_vectors(family: Family, entropy: sp.Expr) -> Iterator[Measured]:
    """The same of a family of vectors or matrices: sums over classes, or the trapezoidal rule, which
    is exact beyond rounding for what is smooth and dies away.
    """
    weight: jax.Array | float
    if family.depth == 2:
        x, weight = of_matrices(family)
    elif family.support == "onehot":
        x, weight = jnp.eye(CLASSES), 1.0
    elif family.support == "sphere":  # the circle
        angles = np.arange(64) * np.pi / 32
        x, weight = jnp.asarray(np.stack([np.cos(angles), np.sin(angles)], axis=-1)), np.pi / 32
    elif family.support == "simplex":  # of two entries, by steps that grow short at both ends
        u = np.linspace(-4, 4, 321)
        first, second = (1 / (1 + np.exp(sign * np.pi * np.sinh(u))) for sign in (-1, 1))
        x = jnp.asarray(np.stack([first, second], axis=-1))
        weight = jnp.asarray(first * second * np.pi * np.cosh(u) * (u[1] - u[0]))
    else:
        line = np.linspace(-14, 14, 281)
        x = jnp.asarray(np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, LENGTH))
        weight = (line[1] - line[0]) ** LENGTH
    log_p = own_densities.log_density(family)
    log_h, formula = (
        own_densities.log_density(replace(family, log_density=e))
        for e in (family.log_base_measure, entropy)
    )

    @jax.jit
    def of(values: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        logs = log_p(x, *values)
        slopes = jax.jacfwd(lambda v: log_p(x, *v))(values)
        rows = [jnp.ones_like(logs), log_h(x, *values) - logs]
        for a, slope in zip(family.arguments, slopes, strict=True):
            # On the simplex what is not tangent to it leaves it, and means nothing.
            mean = jnp.mean(slope, axis=-1, keepdims=True) if a in family.simplex else 0
            rows += list((slope - mean).reshape(len(x), -1).T)
        mass = weight * jnp.exp(logs)
        return jnp.stack(rows) @ mass, jnp.abs(jnp.stack(rows)) @ mass, formula(x[0], *values)

    for seed in range(5):
        values = values_of_vectors(family, seed)
        means, sizes, derived = of(values)
        found = [
            Average(float(m), 100 * EPS * float(s), float(s))
            for m, s in zip(means, sizes, strict=True)
        ]
        yield Measured(values, found[0], tuple(found[2:]), found[1], float(derived))


def of_matrices(family: Family) -> tuple[jax.Array, jax.Array | float]:
    r"""2 × 2 matrices in equal steps; positive definite ones as $LL^\top$, with steps in the logarithms
    of L's diagonal, and their shares of the volume: $dX=4l_{11}^2l_{22}\,dl_{11}dl_{21}dl_{22}$.
    """
    if family.support != "posdef":
        line = np.arange(-14, 15) * 0.8
        x = np.stack(np.meshgrid(*[line] * 4), axis=-1).reshape(-1, LENGTH, LENGTH)
        return jnp.asarray(x), (line[1] - line[0]) ** 4
    a, b, low = np.meshgrid(
        np.arange(-90, 25) * 0.1, np.arange(-135, 25) * 0.1, np.arange(-44, 45) * 0.45
    )
    first, last = np.exp(a.ravel()), np.exp(b.ravel())
    rows = [[first**2, first * low.ravel()], [first * low.ravel(), low.ravel() ** 2 + last**2]]
    weight = 4 * first**3 * last**2 * 0.1**2 * 0.45
    return jnp.asarray(np.moveaxis(np.array(rows), -1, 0)), jnp.asarray(weight)


def values_of_vectors(family: Family, seed: int) -> tuple[jax.Array, ...]:
    """Random values for the arguments of a family of vectors or matrices."""
    rng = np.random.default_rng(seed)
    values = []
    for a in family.arguments:
        if isinstance(a, MatrixLetter):
            root = rng.normal(size=(LENGTH, LENGTH))
            if family.depth == 2:  # as wide in every direction as the steps ask for
                root /= 2 * np.linalg.norm(root)
                values.append(np.eye(LENGTH) + root @ root.T)
            else:
                values.append(np.eye(LENGTH) / 2 + root @ root.T / 4)
        elif isinstance(a, sp.Symbol):
            values.append(np.asarray(rng.uniform(3, 5)))
        elif family.range_of(a) == "matrix":
            values.append(rng.normal(size=(LENGTH, LENGTH)) / 2)
        elif a in family.simplex:
            values.append(rng.dirichlet(np.ones(CLASSES)))
        elif family.range_of(a) == "positives":  # no poles at the ends
            values.append(rng.integers(2, 6, size=LENGTH).astype(float))
        else:
            values.append(rng.normal(size=CLASSES if family.support == "onehot" else LENGTH))
    return tuple(map(jnp.asarray, values))
