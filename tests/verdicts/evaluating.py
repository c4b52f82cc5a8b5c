r"""A model's formulas as numbers: one small evaluator over NumPy arrays with axes (perturbation, situation, node).

A perturbation adds $ih$, $h=10^{-30}$, to one entry of one parameter, so that $\partial f/\partial\theta=\mathrm{Im}f/h$ is exact to rounding.
Sums are written out at the given sizes; networks are concrete smooth functions of their inputs. Nothing of prover or checker is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import add, mul
from typing import Any

import numpy as np
import sympy as sp
from scipy import special

from entropysym.language import (
    DataMean,
    Entropy,
    NetworkValue,
    Sigmoid,
    Softplus,
)  # fmt: skip
from entropysym.language.heads import LogBaseMeasure, LogDensity, _Expectation
from entropysym.language.symbols import DATUM, LATENT, NOISE

STEP = 1e-30

Array = Any
At = Mapping[sp.Basic, int]


@dataclass
class Point:
    """Everything that a formula can read: sizes, parameter entries, data, latents, and networks as functions.

    `parameters` maps a symbol or array to entries by index (1, 2, …); scalars have the empty index. `network` maps name, indices and
    inputs to a value. `roles` maps a role head such as $\\mathcal H[p(x|z)]$ to its value.
    """

    sizes: Mapping[str, int]
    parameters: Mapping[sp.Basic, Mapping[tuple[int, ...], Array]]
    network: Callable[[str, tuple[int, ...], list[Array]], Array]
    data: list[Array] = field(default_factory=list)
    latents: list[Array] = field(default_factory=list)
    noise: list[Array] = field(default_factory=list)
    weights: Array = 1.0
    local: Mapping[sp.Basic, Array] = field(default_factory=dict)
    roles: Mapping[str, Array] = field(default_factory=dict)
    memo: dict[Any, Array] = field(default_factory=dict)


def lifted(function: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Any:
    """The function on perturbed numbers: the real parts are alike in all perturbations, so it is evaluated on one of them."""

    def apply(t: Array) -> Array:
        if not np.iscomplexobj(t):
            return function(t)
        middle = t[:1].real
        value = np.empty(t.shape, complex)
        value.real = function(middle)
        np.multiply(slope(middle), t.imag, out=value.imag)
        return value

    return apply


def _sigmoid(t: Array) -> Array:
    return 1 / (1 + np.exp(-t))


def _smaller_or_larger(sign: int, a: Array, b: Array) -> Array:
    return np.where(sign * np.real(a) >= sign * np.real(b), a, b)


exponential = lifted(np.exp, np.exp)
logarithm = lifted(np.log, lambda t: 1 / t)
tanh = lifted(np.tanh, lambda t: 1 - np.tanh(t) ** 2)
sine = lifted(np.sin, np.cos)

_FUNCTIONS: dict[type, Callable[..., Array]] = {
    sp.exp: exponential,
    sp.log: logarithm,
    sp.Abs: lifted(np.abs, np.sign),
    sp.loggamma: lifted(special.gammaln, special.digamma),
    sp.digamma: lifted(special.digamma, lambda t: special.polygamma(1, t)),
    sp.erf: lifted(special.erf, lambda t: 2 / np.sqrt(np.pi) * np.exp(-(t**2))),
    sp.tanh: tanh,
    Softplus: lifted(lambda t: np.log1p(np.exp(t)), _sigmoid),
    Sigmoid: lifted(_sigmoid, lambda t: _sigmoid(t) * (1 - _sigmoid(t))),
}


def power(base: Array, exponent: sp.Rational) -> Array:
    n = float(exponent)
    if not np.iscomplexobj(base) and exponent == 2:
        return base * base
    return lifted(lambda t: t**n, lambda t: n * t ** (n - 1))(base)


def evaluate(e: sp.Basic, point: Point, at: At) -> Array:
    """The value of a formula at a point, bound indices having the values `at`."""
    if isinstance(e, sp.Number) or e.is_number:
        return float(e)
    if e in point.local:
        return point.local[e]
    if isinstance(e, sp.Symbol):
        return _symbol(e, point, at)
    if isinstance(e, sp.Indexed):
        indices = tuple(int(evaluate(i, point, at)) for i in e.indices)
        if e.base == LATENT:
            return point.latents[indices[0] - 1]
        if e.base == NOISE:
            return point.noise[indices[0] - 1]
        if e.base == DATUM:
            return point.data[indices[1] - 1]
        return point.parameters[e.base][indices]
    if isinstance(e, (sp.Sum, NetworkValue)):
        key = (e, tuple(at.get(i, 0) for i in sorted(e.free_symbols, key=str)))
        if key not in point.memo:
            point.memo[key] = (_sum if isinstance(e, sp.Sum) else _network)(e, point, at)
        return point.memo[key]
    if isinstance(e, DataMean):  # one datum in every situation
        return evaluate(e.body, point, {**at, e.args[1]: 1})
    if isinstance(e, _Expectation):
        body = evaluate(e.body, point, at) * point.weights
        return np.sum(np.broadcast_to(body, np.broadcast(body, point.weights).shape), -1)[..., None]
    if isinstance(e, (Entropy, LogDensity, LogBaseMeasure)):
        return point.roles[f"{type(e).__name__} {e.role}"]
    if isinstance(e, (sp.Add, sp.Mul)):
        small_first = sorted((evaluate(a, point, at) for a in e.args), key=np.size)
        return reduce(add if isinstance(e, sp.Add) else mul, small_first)
    if isinstance(e, sp.Pow):
        if e.base == sp.E:
            return exponential(evaluate(e.exp, point, at))
        return power(evaluate(e.base, point, at), e.exp)
    values = [evaluate(a, point, at) for a in e.args]
    if isinstance(e, (sp.Max, sp.Min)):
        return reduce(partial(_smaller_or_larger, 1 if isinstance(e, sp.Max) else -1), values)
    return _FUNCTIONS[type(e)](*values)


def _symbol(e: sp.Symbol, point: Point, at: At) -> Array:
    if e in at:
        return at[e]
    if e in point.parameters:
        return point.parameters[e][()]
    return float(point.sizes[e.name])


def _sum(e: sp.Sum, point: Point, at: At) -> Array:
    cases: list[dict[sp.Basic, int]] = [dict(at)]
    for i, _, size in e.limits:
        cases = [{**c, i: v} for c in cases for v in range(1, int(_symbol(size, point, at)) + 1)]
    return reduce(add, (evaluate(e.function, point, case) for case in cases))


def _network(e: NetworkValue, point: Point, at: At) -> Array:
    indices = tuple(int(evaluate(i, point, at)) for i in e.indices)
    return point.network(e.name, indices, [t for v in e.inputs for t in _vector(v, point, at)])


def _vector(v: sp.Basic, point: Point, at: At) -> list[Array]:
    body, index, size = v.args
    key = (v, tuple(at.get(i, 0) for i in sorted(v.free_symbols, key=str)))
    if key not in point.memo:
        count = int(point.sizes[size.name])
        point.memo[key] = [evaluate(body, point, {**at, index: i}) for i in range(1, count + 1)]
    return point.memo[key]
