r"""A claimed stationarity condition against the derivative of the objective.

An equation g = 0 says the same as $\partial\mathcal J/\partial\theta=0$ if $g=c\,\partial\mathcal J/\partial\theta$ with $c\ne0$. Here c may depend on θ alone: at two points with the same θ and other data, networks and
parameters, $g_1\partial\mathcal J_2=g_2\partial\mathcal J_1$. That $c\ne0$ is seen by its sign, which has to be one at all points, at values of θ from 1/64 to 64 or -3 to 3 besides, and at four shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from entropysym.errors import InputError, integer, one_of, shown
from entropysym.language.formula import of_type
from entropysym.language.records import Model, Parameter
from entropysym.lowering.precision import COARSE, EPS, REFUTES, TOLERANCE, require_x64
from entropysym.testing import flat_points as points
from entropysym.testing.comparing import CHECKED, DEFAULTS, Checked, scaled
from entropysym.testing.failures import Blind, Different, NotShown
from entropysym.testing.grammar import read_latex
from entropysym.testing.reproducing import condition_lines
from entropysym.testing.sides import Compiled, Formula, Values, elbo_of, undressed
from entropysym.witness.configurations import Configuration, Shape, callables

#: Points at which the sign of the factor is looked at.
_SPREAD = 60


def check_condition(
    model: Model, name: str, equation: Any, *, draws: int | None = None, seed: int | None = None
) -> Checked:
    """See `assert_stationary_condition`."""
    require_x64()
    draws = integer("draws", DEFAULTS["draws"] if draws is None else draws)
    seed = integer("seed", DEFAULTS["seed"] if seed is None else seed, 0)
    parameter = _parameter(model, name)
    claim = f"stationarity of {model.name} in {name}"
    side = Formula(_difference(model, equation), parameter.plates)
    every = points.shapes(model, seed)
    share = -(-draws // len(every))
    compared, coarse, largest, sizes, rejected = 0, 0, 0.0, [], {}
    for shape in every:
        g_at, slope_at = side.at(model, shape), _slope(model, parameter, shape)
        first = points.drawn(model, shape, seed, share)
        second = points.drawn(model, shape, seed + 1, share) | {name: first[name]}
        pair = [(g_at(flat), slope_at(flat)) for flat in (first, second)]
        residual, tolerance, finite = _compared(pair)
        _demand(
            claim, shape, residual, finite,
            lambda: condition_lines(model, name, side.expression, draws, seed),
        )  # fmt: skip
        compared, largest = compared + share, max(largest, float(residual.max()))
        coarse += int(np.sum(tolerance > COARSE))
        sizes.append(tolerance)
        for label, wrong in _wrong(pair):
            off = _compared(wrong)[0]
            caught = bool((np.isfinite(off) & (off > TOLERANCE)).any())
            rejected[label] = rejected.get(label, False) or caught
        g = pair[0][0].value
        if not np.any(np.abs(g) > TOLERANCE * EPS * pair[0][0].scale):
            raise Blind(f"{claim} is blind: the equation holds at every point")
    _demand_one_sign(claim, model, parameter, side, every, seed)
    if 2 * coarse >= compared:
        raise NotShown(f"{claim} is not shown: rounding could hide {COARSE} at {coarse} of {compared} points")  # fmt: skip
    if not any(rejected.values()):
        raise Blind(f"{claim} is blind: all of its {len(rejected)} wrong variants pass as well")
    found = Checked(
        claim, compared, coarse, largest, float(np.median(np.concatenate(sizes))),
        len(rejected), sum(rejected.values()),
    )  # fmt: skip
    CHECKED.append(found)
    return found


def _parameter(model: Model, name: str) -> Parameter:
    learned = {p.name: p for p in model.parameters if p.learned}
    if name not in learned:
        raise one_of(name, learned, "learned parameter")
    p = learned[name]
    if p.is_matrix or p.range == "simplex":
        raise InputError(f"{name} is {p.range}; conditions are compared entry by entry, which its entries do not allow")  # fmt: skip
    return p


def _difference(model: Model, equation: Any) -> sp.Expr:
    if isinstance(equation, str):
        sides = equation.split("=")
        # A sum's own = stands in braces behind an underscore.
        cut = [k for k in range(1, len(sides)) if _balanced("=".join(sides[:k]))]
        if len(cut) != 1:
            raise InputError(f"{shown(equation)} is no equation; write left = right")
        left, right = (read_latex("=".join(part), model) for part in (sides[: cut[0]], sides[cut[0] :]))  # fmt: skip
    elif isinstance(equation, sp.Eq):
        left, right = equation.args
    elif isinstance(equation, tuple) and len(equation) == 2:
        left, right = equation
    else:
        raise InputError(f"{shown(equation)} is no equation; pass an Eq, a pair of sides or LaTeX")
    left, right = (undressed(model, side) for side in (left, right))
    if not (isinstance(left, sp.Expr) and isinstance(right, sp.Expr)):
        raise InputError(f"the sides of a condition are expressions: {shown(equation)} has others")
    return of_type(left - right, sp.Expr)


def _balanced(text: str) -> bool:
    return text.count("{") == text.count("}")


def _slope(model: Model, parameter: Parameter, shape: Shape) -> Compiled:
    r"""$\partial\mathcal J/\partial\theta$ at each entry; its scale from the derivative itself and its relative slope, which do not cancel where one of two powers of θ cancels the other."""
    elbo, networks = elbo_of(model), callables(model, shape)

    def one(c: Configuration) -> tuple[jax.Array, jax.Array]:
        held = {**c.arrays, **networks(c.weights)}

        def slope(value: jax.Array) -> jax.Array:
            return jax.grad(lambda v: elbo({**held, parameter.name: v}, c.nodes).objective)(value)

        at = jnp.asarray(c.arrays[parameter.name])
        found, moved = jax.jvp(slope, (at,), (at,))
        scale = 3 * jnp.abs(found) + 2 * jnp.abs(moved)
        return found.reshape(1, -1), scale.reshape(-1)

    return Compiled(model, shape, one)


Pair = list[tuple[Values, Values]]


def _compared(pair: Pair) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Residual, tolerance in units of the products, and whether all is finite, of each point."""
    (g1, s1), (g2, s2) = pair
    difference = g1.value * s2.value - g2.value * s1.value
    scale = g1.scale * np.abs(s2.value) + np.abs(g1.value) * s2.scale
    scale = scale + g2.scale * np.abs(s1.value) + np.abs(g2.value) * s1.scale
    size = np.maximum(np.abs(g1.value * s2.value), np.abs(g2.value * s1.value))
    with np.errstate(all="ignore"):
        relative = TOLERANCE * EPS * np.where(size > 0, scale / size, np.inf)
    finite = np.isfinite(difference).all(axis=1) & np.isfinite(scale).all(axis=1)
    return scaled(difference, scale), relative.max(axis=1), np.asarray(finite)


def _demand(
    claim: str,
    shape: Shape,
    residual: np.ndarray,
    finite: np.ndarray,
    lines: Callable[[], list[str]],
) -> None:
    if not finite.all():
        raise NotShown(f"{claim} is not shown: a number is not finite at {shape}")
    k = int(np.argmax(residual))
    if residual[k] > REFUTES:
        raise Different(
            f"{claim} differs at {shape}: left - right is not the derivative of the objective times a factor that depends on the parameter alone; residual {residual[k]:.3g} eps x terms "
            f"at point {k}\nthe same in Python:\n\n" + "\n".join(f"    {line}" for line in lines())
        )
    if residual[k] > TOLERANCE:
        raise NotShown(f"{claim} is not shown: residual {residual[k]:.3g} at {shape}, which rounding may explain")  # fmt: skip


def _demand_one_sign(
    claim: str,
    model: Model,
    parameter: Parameter,
    side: Formula,
    every: tuple[Shape, ...],
    seed: int,
) -> None:
    """Raise `NotShown` for a factor that is 0 at a point, or that has both signs, so that it is 0 or breaks off between two."""
    seen: set[float] = set()
    for shape in (*every, points.larger_shape(model)):
        flat = points.drawn(model, shape, seed + 2, _SPREAD)
        flat[parameter.name] = _spread_out(parameter, flat[parameter.name])
        g, slope = side.at(model, shape)(flat), _slope(model, parameter, shape)(flat)
        with np.errstate(all="ignore"):
            moves = np.isfinite(g.value) & (np.abs(slope.value) > 1e-3 * slope.scale)
            vanishes = moves & (np.abs(g.value) <= TOLERANCE * EPS * g.scale)
            known = moves & (np.abs(g.value) > REFUTES * EPS * g.scale)
        if vanishes.any():
            raise NotShown(f"{claim} is not shown: the equation holds at {shape} where the derivative of the objective is not 0")  # fmt: skip
        seen |= set(np.unique(np.sign(g.value * slope.value)[known]))
    if len(seen) > 1:
        raise NotShown(f"{claim} is not shown: left - right is the derivative of the objective times a factor of both signs, which may vanish")  # fmt: skip


def _spread_out(parameter: Parameter, drawn: np.ndarray) -> np.ndarray:
    """Values of a parameter over a wide range, all entries of a point alike; as drawn where its range is another."""
    ranges = {"positive": 2 ** np.linspace(-6, 6, _SPREAD), "real": np.linspace(-3, 3, _SPREAD)}
    if parameter.range not in ranges:
        return drawn
    grid = ranges[parameter.range].reshape(-1, *[1] * (np.ndim(drawn) - 1))
    return np.broadcast_to(grid, np.shape(drawn)).copy()


def _wrong(pair: Pair) -> list[tuple[str, Pair]]:
    """The equation with a part that has another sign, is missing, or stands twice."""
    (g1, s1), (g2, s2) = pair
    out = []
    for k in range(g1.parts.shape[1]):
        for label, factor in (("sign", -1.0), ("missing", 0.0), ("twice", 2.0)):
            changed = []
            for g in (g1, g2):
                parts = g.parts.copy()
                parts[:, k] *= factor
                changed.append(Values(parts, g.scale * 2))
            out.append((f"{label} of part {k}", [(changed[0], s1), (changed[1], s2)]))
    return out
