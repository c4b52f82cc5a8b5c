"""Points at which two expressions of a model differ by more than rounding explains, looked for among the random configurations of the witness.

Both sides are evaluated in float64 and compared by the rule that refutes everywhere: $10^3$ eps × the sum of the |terms|, and where that is exceeded, what rounding inside of functions may do
(`lowering.rounding`) as well. Where what is averaged has to be averaged right, an average over normal noise is taken by two Gauss-Hermite rules, and their difference counts as an error; of what is
no polynomial in the latents, with networks beside them, no rule is known to be right (`language.averages`), and it tells nothing apart, nor does a law of q that has no such rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.algebra import reads_latent
from entropysym.language.averages import beyond_rules
from entropysym.language.formula import array_name, array_of, of_type
from entropysym.language.heads import (
    EncoderExpectation,
    Entropy,
    JointExpectation,
    JointNoiseExpectation,
    LawExpectation,
    LocationScaleExpectation,
    NetworkValue,
    NoiseExpectation,
    OtherNoiseExpectation,
)
from entropysym.language.matrices import MatrixLetter
from entropysym.language.objective import spelled_out
from entropysym.language.records import Model, Plate
from entropysym.language.symbols import VARIABLES
from entropysym.lowering.lowered import Lowered, lower
from entropysym.lowering.precision import EPS, REFUTES
from entropysym.lowering.quadrature import JointPoints, Nodes, Points
from entropysym.lowering.rounding import TIMES
from entropysym.witness.configurations import Configuration, Shape, callables, draw, shapes

#: Configurations of each shape, and the order of the two rules for expectations over normal noise.
_DRAWS, _ORDERS = 4, (24, 31)

#: How much larger than what shaking does a difference has to be: 2**-38, some 10^4 roundings.
_SHAKEN = 4.0

#: A relative difference that needs no further shapes.
_PLAIN = 1e-6

#: Latent dimensions that a product rule serves.
_FEW = 2


@dataclass(frozen=True)
class Apart:
    """Where two expressions differ: a configuration of the witness by its shape, seed and number, both values, and the sum of the |terms|."""

    shape: Shape
    seed: int
    number: int
    values: tuple[float, float]
    terms: float
    at: Mapping[str, Any]

    @property
    def ratio(self) -> float:
        return abs(self.values[0] - self.values[1]) / self.terms

    def __str__(self) -> str:
        left, right = self.values
        given = ", ".join(f"{name} = {_told(value)}" for name, value in self.at.items())
        return f"{left!r} is not {right!r} at {self.shape}{', ' if given else ''}{given} (witness.configurations.draw(model, shape, seed={self.seed}, count={_DRAWS}), number {self.number})"


def _told(value: Any) -> str:
    text = np.array2string(np.asarray(value), separator=", ", floatmode="unique", threshold=8)
    return " ".join(text.split())


def told_apart(
    a: sp.Expr, b: sp.Expr, model: Model, plates: tuple[Plate, ...], seed: int = 0
) -> Apart | str:
    """A point at which two expressions differ, or why there is none; `plates` are those of their free indices."""
    a, b = (spelled_out(model, e, {}) for e in (a, b))
    bound = sorted({c.on for c in model.constraints} & _names(a, b))
    if bound:
        return f"{bound[0]} is constrained in words, which random numbers do not heed"
    why = _not_averaged(model, a, b)
    if why:
        # What both sides average alike is no part of the difference.
        a, b = of_type(sp.expand(a - b), sp.Expr), sp.S.Zero
        if _not_averaged(model, a, b):
            return why
    try:
        sides = tuple(lower(e, model, plates, to="numpy") for e in (a, b))
    except InputError as reason:
        return str(reason)
    return _searched(sides, (a, b), model, seed)


def _names(*expressions: sp.Expr) -> set[str]:
    found = set()
    for e in expressions:
        found |= {v.name for v in e.atoms(NetworkValue, MatrixLetter)}
        found |= {s.name for s in e.free_symbols if isinstance(s, sp.Symbol)}
    return found


def _expectations(*expressions: sp.Expr) -> list[EncoderExpectation | NoiseExpectation]:
    return [
        x
        for e in expressions
        for x in e.atoms(EncoderExpectation, NoiseExpectation)
        if reads_latent(x.body)
    ]


def _not_averaged(model: Model, *expressions: sp.Expr) -> str:
    """Why the numbers would not be those of the expressions, or nothing: an average, or an entropy, of a law that random points are not."""
    for e in expressions:
        for entropy in e.atoms(Entropy):
            if not model.factor(entropy.role).family.is_any:
                return f"{entropy} has no closed form here"
    for x in _expectations(*expressions):
        if isinstance(x, (JointExpectation, JointNoiseExpectation)):
            # Weighted points are a law like any other, but no given one.
            fits = all(f.family.is_any for f in model.q)
        elif isinstance(x, LawExpectation):
            fits = model.encoder.family.is_any
        else:
            fits = not isinstance(x, (LocationScaleExpectation, OtherNoiseExpectation))
        if not fits:
            return f"no rule for the averages over the law of {shown(str(x))}"
    if _is_in_noise(model):
        for e in expressions:
            x = beyond_rules(e, 2 * min(_ORDERS) - 1)
            if x is not None:
                return f"no quadrature rule is known to be right for {shown(str(x))}, whose integrand is no polynomial in the latents of degree up to {2 * min(_ORDERS) - 1} with functions of networks beside it"
    return ""


def _is_in_noise(model: Model) -> bool:
    """Whether averages are taken by rules for normal noise, and not over random points, which are a law of q themselves."""
    return model.is_plain and not model.encoder.family.is_any


def _searched(
    sides: tuple[Lowered, ...], written: tuple[sp.Expr, ...], model: Model, seed: int
) -> Apart | str:
    in_noise = bool(_expectations(*written)) and _is_in_noise(model)
    found: list[Apart] = []
    seen = 0
    for shape in shapes(model, seed):
        if in_noise and shape[model.latent.size.name] > _FEW:
            continue
        drawn = draw(model, shape, seed, _DRAWS)
        for number in range(_DRAWS):
            at = _compared(sides, model, shape, _numbered(drawn, number), in_noise)
            if at is None:
                continue
            seen += 1
            values, terms, refutes = at
            if refutes:
                point = _point(written, model, shape, _numbered(drawn, number))
                found.append(Apart(shape, seed, number, values, terms, point))
        if found and max(p.ratio for p in found) > _PLAIN:
            break
    if found:
        return max(
            found,
            key=lambda p: (p.ratio > _PLAIN, -_size(p.shape) if p.ratio > _PLAIN else p.ratio),
        )
    return f"they agree at {seen} random points" if seen else "there is no finite value to compare"


def _size(shape: Shape) -> int:
    return sum(value for _, value in shape.sizes)


def _numbered(drawn: Configuration, number: int) -> Configuration:
    """One of several configurations."""

    def one(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: one(inner) for name, inner in value.items()}
        return np.asarray(value)[number]

    nodes = drawn.nodes
    if isinstance(nodes, Nodes):
        made: Any = Nodes(one(nodes.eps), one(nodes.weights))
    elif isinstance(nodes, Points):
        made = Points(one(nodes.z), one(nodes.weights), one(nodes.entropy))
    else:
        made = JointPoints(one(nodes.values), one(nodes.weights), one(nodes.entropies))
    return Configuration(one(drawn.arrays), one(drawn.weights), made)


_Compared = tuple[tuple[float, float], float, bool]


def _compared(
    sides: tuple[Lowered, ...], model: Model, shape: Shape, at: Configuration, in_noise: bool
) -> _Compared | None:
    """Both values where they are furthest apart, the |terms| there, and whether that refutes; None where one is not finite."""
    given = {**at.arrays, **callables(model, shape, "numpy")(at.weights), **_sizes(sides, shape)}
    nodes = (
        [_rule(order, shape[model.latent.size.name]) for order in _ORDERS]
        if in_noise
        else [at.nodes]
    )
    with np.errstate(all="ignore"):
        each = [_evaluated(sides, {**given, "noise": noise}) for noise in nodes]
    (a, b), terms = each[-1]
    first, second = each[0][0]
    error = np.abs(first - a) + np.abs(second - b)
    if not all(np.all(np.isfinite(v)) for v in (a, b, terms, error)):
        return None
    terms = np.where(terms > 0, terms, 1.0)
    least = REFUTES * np.maximum(EPS * terms, error)
    if np.any(np.abs(a - b) > least):
        with np.errstate(all="ignore"):
            inside = _rounding(sides, {**given, "noise": nodes[-1]}, (a, b))
        least = np.maximum(least, inside)
    refutes = np.abs(a - b) > least
    ratio = np.where(refutes | ~np.any(refutes), np.abs(a - b) / terms, -1.0)
    worst = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    return (float(a[worst]), float(b[worst])), float(terms[worst]), bool(refutes[worst])


def _rounding(
    sides: tuple[Lowered, ...], given: Mapping[str, Any], values: tuple[np.ndarray, ...]
) -> np.ndarray:
    """The difference that rounding inside of both sides does not explain: `_SHAKEN` times what 2**-40 in place of a rounding does, which a jump is as well; infinite where it makes a number none."""
    total = np.zeros(())
    for side, value in zip(sides, values, strict=True):
        wanted = _wanted(side, given)
        moved = [np.abs(side.shaken(k, **wanted) - value) for k in range(TIMES)]
        total = total + _SHAKEN * np.max(moved, axis=0)
    return np.where(np.isfinite(total), total, np.inf)


def _wanted(side: Lowered, given: Mapping[str, Any]) -> dict[str, Any]:
    known = {*side.signature, *side.wanted.sizes}
    return {name: value for name, value in given.items() if name in known}


def _evaluated(sides: tuple[Lowered, ...], given: Mapping[str, Any]) -> Any:
    values = [np.asarray(side(**_wanted(side, given)), np.float64) for side in sides]
    terms = [np.asarray(side.terms(**_wanted(side, given)), np.float64) for side in sides]
    return values, terms[0] + terms[1]


def _sizes(sides: tuple[Lowered, ...], shape: Shape) -> dict[str, int]:
    asked = set().union(*(side.wanted.sizes for side in sides))
    return {name: value for name, value in shape.sizes if name in asked}


def _rule(order: int, H: int) -> Nodes:
    """The Gauss-Hermite product rule as NumPy arrays, so that nothing depends on JAX's precision."""
    points, weights = np.polynomial.hermite_e.hermegauss(order)
    grid = np.stack([g.ravel() for g in np.meshgrid(*[points] * H, indexing="ij")], axis=-1)
    product = np.ones(1)
    for _ in range(H):
        product = np.outer(product, weights / weights.sum()).ravel()
    return Nodes(grid, product)  # type: ignore[arg-type]


def _point(
    written: tuple[sp.Expr, ...], model: Model, shape: Shape, at: Configuration
) -> dict[str, Any]:
    """The values of what both sides name, as far as they are few."""
    named = _names(*written) | {
        array_name(array_of(e))
        for w in written
        for e in w.atoms(sp.Indexed)
        if not isinstance(array_of(e), VARIABLES)
    }
    parameters = [p.name for p in model.parameters if p.name in named]
    return {name: at.arrays[name] for name in parameters}
