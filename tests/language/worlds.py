"""What formulas are about, in numbers: a world gives every letter, network, density and law of z a value, the same for whoever asks.

`value` evaluates an expression of the language by its tree. `latex_reading` evaluates what was printed, knowing nothing of the tree; both ask the same world.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import mpmath
import numpy as np
import sympy as sp

from entropysym.language import heads as hd
from entropysym.language import matrices as mt
from entropysym.language.functions import ROWS, argument_of, row_of

#: Sizes, and which of them the axes of each array run over.
SIZES = {"N": 2, "D": 3, "H": 2}
OVER = {"n": "N", "d": "D", "h": "H", "k": "H"}
ARRAYS = {"alpha2": "H", "W": "DH", "b": "D", "x": "ND", "z": "H", "epsilon": "H", "V": "HD"}
NETWORKS = {"mu": "D", "tau2": "H", "nu": "H", "log_rho2": "H", "f": ""}
POSITIVE = ("alpha2", "tau2", "sigma2", "a", "s")
DRAWS = ("z", "epsilon")


@dataclass(frozen=True)
class World:
    """Numbers for everything; `seed` chooses them, `drawn` are the values of what an expectation draws, `steps` what a derivative moves."""

    seed: int = 0
    indices: Mapping[str, int] = field(default_factory=dict)
    drawn: Mapping[str, np.ndarray] = field(default_factory=dict)
    steps: Mapping[str, float] = field(default_factory=dict)

    def at(self, index: str, place: int) -> World:
        return replace(self, indices={**self.indices, index: place})

    def number(self, *what: object) -> float:
        """A number between 0.4 and 1.6 for whatever is named."""
        text = repr((self.seed, *(_plain(w) for w in what)))
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return 0.4 + 1.2 * int.from_bytes(digest, "big") / 2**64

    def scalar(self, name: str) -> float:
        sign = 1 if name in POSITIVE or name in SIZES else -1
        return sign * (SIZES.get(name) or self.number(name)) + self.steps.get(name, 0.0)

    def array(self, name: str) -> np.ndarray:
        """The whole array."""
        if name in self.drawn:
            return self.drawn[name]
        shape = tuple(SIZES[s] for s in ARRAYS[name])
        signs = 1 if name in POSITIVE else -1
        places = np.ndindex(*shape)
        return np.array([self.number(name, i) * signs ** sum(i) for i in places]).reshape(shape)

    def network(self, name: str, inputs: list[np.ndarray]) -> np.ndarray:
        """All outputs of a network, or the value of one without outputs."""
        shape = tuple(SIZES[s] for s in NETWORKS[name])
        value = np.array([self.number(name, i, *inputs) for i in np.ndindex(*shape)])
        return value.reshape(shape)

    def matrix(self, name: str) -> np.ndarray:
        """A matrix, symmetric unless it is L. No entry is 0, so that one can divide by each."""
        size = range(SIZES["D"])
        entries = np.array([[self.number(name, i, j) + (i == j) for j in size] for i in size])
        return entries if name == "L" else entries @ entries.T

    def draws(self, kind: str, datum: int | None) -> list[tuple[float, World]]:
        """Weights and worlds of an average over what is drawn, of one datum or of none."""
        name = "epsilon" if kind == "noise" else "z"
        found = []
        for j in range(2):
            size = range(SIZES["H"])
            drawn = {w: np.array([self.number("draw", kind, datum, j, w, i) for i in size]) for w in DRAWS}  # fmt: skip
            kept = drawn if kind == "noise" else {name: drawn[name]}
            found.append((self.number("weight", kind, j), replace(self, drawn={**self.drawn, **kept})))  # fmt: skip
        return found

    def along(self) -> tuple[World, World]:
        """Two worlds between which a directional derivative differs."""
        return replace(self, seed=self.seed + 1), self

    def moved(self, name: str) -> World:
        return replace(self, steps={**self.steps, name: self.steps.get(name, 0.0) + 0.25})


def _plain(w: object) -> object:
    if isinstance(w, np.ndarray):
        return [round(float(v), 9) for v in np.ravel(w).real]
    return round(float(w), 9) if isinstance(w, float) else w


def function(head: str, u: complex) -> complex:
    """A function of the language by its name in stored documents, computed by mpmath."""
    row = next(r for r in ROWS if r.head == head)
    found = complex(row.number(mpmath.mp, mpmath.mpf(u.real)))
    return found + 0.5 if head in ("iszero", "isabove") else found  # so that one can divide by it


def value(e: sp.Basic, w: World) -> complex:
    """The value of an expression of the language."""
    for kind, of in _VALUES.items():
        if isinstance(e, kind):
            return of(e, w)
    row = row_of(e)
    assert row is not None, type(e)
    return function(row.head, value(argument_of(e), w))


def _symbol(e: sp.Symbol, w: World) -> complex:
    return w.indices[e.name] if e.name in w.indices else w.scalar(e.name)


def _place(i: sp.Basic, w: World) -> int:
    return w.indices[str(i)] - 1


def _indexed(e: sp.Indexed, w: World) -> complex:
    return w.array(str(e.base.label))[tuple(_place(i, w) for i in e.indices)]


def _sum(e: sp.Sum, w: World) -> complex:
    (index, first, last), *more = e.limits
    assert not more
    assert first == 1
    return sum(value(e.function, w.at(index.name, i + 1)) for i in range(SIZES[str(last)]))


def _mean(e: hd.DataMean, w: World) -> complex:
    name = e.index.name
    size = SIZES["N" if name == "n" else OVER[name[0]]]
    return sum(value(e.body, w.at(name, i + 1)) for i in range(size)) / size


def _vector(v: hd.Vector, w: World) -> np.ndarray:
    places = range(SIZES[str(v.size)])
    return np.array([value(v.body, w.at(v.index.name, i + 1)).real for i in places])


def _network(e: hd.NetworkValue, w: World) -> complex:
    outputs = w.network(e.name, [_vector(v, w) for v in e.inputs])
    return complex(outputs[tuple(_place(i, w) for i in e.indices)])


def _abstract(e: hd.AbstractValue, w: World) -> complex:
    if e.vector is None:
        return w.number("abstract", e.name, e.order, complex(value(e.inside, w)).real)
    return w.number(
        "abstract", e.name, *(_place(i, w) for i in e.indices), np.array(_vector(e.vector, w))
    )


def _expectation(kind: str):
    def of(e, w: World) -> complex:
        datum = w.indices[e.datum.name] if kind == "encoder" else None
        return sum(weight * value(e.body, u) for weight, u in w.draws(kind, datum))

    return of


def _density(head, w: World) -> tuple[str, list[np.ndarray], list[np.ndarray]]:
    """The letter of a density, what it is a law of and what it reads."""
    z = w.array("z")
    x = w.array("x")[_place(head.datum[0], w)] if head.datum else None
    return {
        "prior": ("p", [z], []),
        "decoder": ("p", [x], [z]),
        "encoder": ("q", [z], [x]),
    }[head.role]


def _log_density(e: hd.LogDensity, w: World) -> complex:
    letter, of, given = _density(e, w)
    return math.log(w.number("density", letter, *of, "given", *given))


def _entropy(e: hd.Entropy, w: World) -> complex:
    letter, _, given = _density(e, w)
    names = {"prior": "z", "decoder": "x", "encoder": "z"}
    return w.number("entropy", letter, names[e.role], *given)


def _base(e: hd.LogBaseMeasure, w: World) -> complex:
    _, of, _ = _density(e, w)
    return math.log(w.number("base", *of))


def _directional(e: hd.Directional, w: World) -> complex:
    there, here = w.along()
    return value(e.body, there) - value(e.body, here) / 2


def _derivative(e: sp.Derivative, w: World) -> complex:
    ((name, count),) = e.variable_count
    assert count == 1
    return value(e.expr, w.moved(name.name)) - value(e.expr, w)


def word(e: mt.Matrix, w: World) -> np.ndarray:
    """The value of a word."""
    match e:
        case mt.MatrixNetwork():
            return w.matrix(e.name) * w.number(e.name, *(_vector(v, w) for v in e.inputs))
        case mt.MatrixVariable():
            return w.matrix(str(e.array.label)) * w.number(*(_place(i, w) for i in e.indices))
        case mt.MatrixLetter():
            return w.matrix(e.name)
        case mt.MatrixProduct():
            return np.linalg.multi_dot([word(f, w) for f in e.words])
        case mt.Scaled():
            return value(e.scalar, w).real * word(e.word, w)
        case mt.Inverse():
            return np.linalg.inv(word(e.word, w))
        case mt.Transposed():
            return word(e.word, w).T
    raise TypeError(type(e))


def _quadratic(e: mt.Quadratic, w: World) -> complex:
    return _vector(e.left, w) @ word(e.word, w) @ _vector(e.right, w)


#: How a head is evaluated; the first kind that fits counts.
_VALUES = {
    sp.Number: lambda e, w: complex(e),
    sp.NumberSymbol: lambda e, w: complex(e),
    sp.Symbol: _symbol,
    sp.Indexed: _indexed,
    sp.Add: lambda e, w: sum(value(a, w) for a in e.args),
    sp.Mul: lambda e, w: math.prod(value(a, w) for a in e.args),
    sp.Pow: lambda e, w: complex(value(e.base, w)) ** value(e.exp, w),
    sp.exp: lambda e, w: np.exp(value(e.args[0], w)),
    sp.log: lambda e, w: np.log(complex(value(e.args[0], w))),
    sp.Abs: lambda e, w: abs(value(e.args[0], w)),
    sp.Sum: _sum,
    sp.Derivative: _derivative,
    hd.DataMean: _mean,
    hd.NoiseExpectation: _expectation("noise"),
    hd.JointExpectation: _expectation("joint"),
    hd.EncoderExpectation: _expectation("encoder"),
    hd.NetworkValue: _network,
    hd.AbstractValue: _abstract,
    hd.LogDensity: _log_density,
    hd.Entropy: _entropy,
    hd.LogBaseMeasure: _base,
    hd.Elbo: lambda e, w: w.number("F"),
    hd.ObjectiveValue: lambda e, w: w.number("J"),
    hd.Directional: _directional,
    mt.LogDet: lambda e, w: math.log(abs(np.linalg.det(word(e.word, w)))),
    mt.Trace: lambda e, w: np.trace(word(e.word, w)),
    mt.Entry: lambda e, w: word(e.word, w)[tuple(_place(i, w) for i in e.indices)],
    mt.Quadratic: _quadratic,
}
