r"""A graph at numbers: one data set with all its latents in each situation, parameters with their perturbations, and what formulas are there.

Arrays have the axes (perturbation, situation). A perturbation adds $ih$, $h=10^{-30}$, so that slopes are exact to rounding. Sums are written out at the sizes given;
an abstract network is another smooth function in every situation. Nothing of prover or checker is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from operator import add, mul
from typing import Any

import numpy as np
import sympy as sp

from entropysym.language import DataMean, Model, NetworkValue, Sigmoid, Softplus
from entropysym.language.formula import array_name, array_of
from entropysym.language.heads import Vector, _Expectation
from entropysym.language.records import Plate, Variable
from entropysym.language.symbols import LAG

from ..evaluating import exponential, logarithm, power, sine, tanh
from .laws import absolute, sigmoid, softplus

Array = Any
Index = tuple[int, ...]

_FUNCTIONS: dict[type, Any] = {
    sp.exp: exponential,
    sp.log: logarithm,
    sp.Abs: absolute,
    Softplus: softplus,
    Sigmoid: sigmoid,
}


def real(value: Array) -> Array:
    """What a value is without its perturbations."""
    if np.iscomplexobj(value):
        value = np.real(value)
        return value[:1] if np.ndim(value) == 2 else value
    return value


@dataclass
class Networks:
    """Smooth functions, a new one in every situation, or with `common` one for all; those called `moved` hold slopes of their own."""

    rng: np.random.Generator
    situations: int
    ranges: Mapping[str, str]
    common: bool = False
    moved: Mapping[str, Mapping[Any, Array]] = field(default_factory=dict)
    _weights: dict[Any, Any] = field(default_factory=dict)

    def output(self, name: str, index: Index, inputs: list[Array]) -> Array:
        if name in self.moved:  # what learns can make up for a motion of what it reads
            inputs = [real(t) for t in inputs]
        value = self._smooth(name, index, inputs)
        for other, step in self.moved.get(name, {}).items():
            if other == (index, None):
                value = value + step
            elif other[0] == index:
                value = value + step * self._smooth(name, other[1], inputs)
        return exponential(0.6 * value) if self.ranges[name] != "real" else value

    def _smooth(self, name: str, index: Index, inputs: list[Array]) -> Array:
        key = (name, index, len(inputs))
        if key not in self._weights:
            count = 1 if self.common else self.situations
            shift = self.rng.uniform(-0.6, 0.6, (1, count))
            self._weights[key] = self.rng.uniform(-1.6, 1.6, (2, len(inputs) + 2, 1, count)), shift
        (one, two), shift = self._weights[key]
        first = one[-1] + sum(c * t for c, t in zip(one, inputs, strict=False))
        second = two[-1] + sum(c * t for c, t in zip(two, inputs, strict=False))
        return shift + one[-2] * tanh(first) + 0.5 * two[-2] * sine(second)


@dataclass
class Point:
    """What a formula can read: sizes, parameters' entries by symbol and index, variables' entries by name and index, and networks.

    A variable inside a data plate has its datum as its first index, a latent one too.
    """

    model: Model
    sizes: Mapping[str, int]
    parameters: Mapping[sp.Basic, Mapping[Index, Array]]
    variables: Mapping[str, Mapping[Index, Array]]
    networks: Networks
    _memo: dict[Any, Array] = field(default_factory=dict)

    def indices(self, plates: tuple[Plate, ...]) -> list[Index]:
        return list(product(*(range(1, self.sizes[p.size.name] + 1) for p in plates)))

    def value(self, e: sp.Basic, at: Mapping[sp.Basic, int]) -> Array:
        """The value of a formula, bound indices having the values `at`."""
        if isinstance(e, sp.Number) or e.is_number:
            return float(e)
        if isinstance(e, sp.Symbol):
            return self._symbol(e, at)
        if isinstance(e, (sp.Sum, NetworkValue)):
            key = (e, tuple(sorted((str(i), k) for i, k in at.items())))
            if key not in self._memo:
                found = self._sum(e, at) if isinstance(e, sp.Sum) else self._network(e, at)
                self._memo[key] = found
            return self._memo[key]
        if isinstance(e, sp.Indexed):
            return self._entry(e, at)
        if isinstance(e, (sp.Add, sp.Mul)):
            small_first = sorted((self.value(a, at) for a in e.args), key=np.size)
            return reduce(add if isinstance(e, sp.Add) else mul, small_first)
        if isinstance(e, sp.Pow):
            if e.base == sp.E:
                return exponential(self.value(e.exp, at))
            return power(self.value(e.base, at), e.exp)
        if isinstance(e, DataMean):
            size = next(p.size.name for p in self.model.data if p.index == e.index)
            each = [self.value(e.body, {**at, e.index: k + 1}) for k in range(self.sizes[size])]
            return reduce(add, each) / len(each)
        if isinstance(e, _Expectation):  # every law stands on one configuration here
            return self.value(e.body, at)
        return _FUNCTIONS[type(e)](*(self.value(a, at) for a in e.args))

    def _symbol(self, e: sp.Symbol, at: Mapping[sp.Basic, int]) -> Array:
        if e in at:
            return at[e]
        if e in self.parameters:
            return self.parameters[e][()]
        return float(self.sizes[e.name])

    def _sum(self, e: sp.Sum, at: Mapping[sp.Basic, int]) -> Array:
        ranges = [range(1, self.sizes[size.name] + 1) for _, _, size in e.limits]
        bound = [limit[0] for limit in e.limits]
        places = (dict(zip(bound, k, strict=True)) for k in product(*ranges))
        return reduce(add, (self.value(e.function, {**at, **place}) for place in places))

    def _network(self, e: NetworkValue, at: Mapping[sp.Basic, int]) -> Array:
        inputs = [self.value(b, {**at, **here}) for v in e.inputs for b, here in self._parts(v)]
        index = tuple(int(self.value(i, at)) for i in e.indices)
        network = next(w for w in self.model.networks if w.name == e.name)
        if network.range != "simplex":
            return self.networks.output(e.name, index, inputs)
        every = range(1, self.sizes[network.plates[-1].size.name] + 1)
        each = {k: self.networks.output(e.name, (*index[:-1], k), inputs) for k in every}
        return each[index[-1]] / reduce(add, each.values())

    def _parts(self, v: Vector) -> list[tuple[sp.Expr, dict[sp.Basic, int]]]:
        return [(v.body, {v.index: k + 1}) for k in range(self.sizes[v.size.name])]

    def _entry(self, e: sp.Indexed, at: Mapping[sp.Basic, int]) -> Array:
        index = tuple(int(self.value(i, at)) for i in e.indices)
        array = array_of(e)
        if array in self.parameters:
            return self.parameters[array][index]
        name = array_name(array)
        variable = self.model.variable(name)
        datum = self.model.datum(name)
        if variable.role == "latent" and datum is not None:
            index = (at[datum.index], *index)
        if name.endswith(LAG):
            return self._before(variable, index)
        return self.variables[name][index]

    def _before(self, variable: Variable, index: Index) -> Array:
        """A variable one step earlier: at the first step that with which it starts."""
        lag = next(lag for lag in self.model.lags if lag.of == variable.name)
        place = variable.plates.index(lag.plate)
        if index[place] == 1:
            return self.variables[lag.start][index[:place] + index[place + 1 :]]
        return self.variables[variable.name][
            (*index[:place], index[place] - 1, *index[place + 1 :])
        ]
