"""Expressions on arrays of rationals and balls, node by node. Arrays are NumPy's, of objects; their axes are named by the indices of sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy as sp

from entropysym.balls import numbers
from entropysym.balls.functions import FUNCTIONS
from entropysym.errors import InputError, shown
from entropysym.language.formula import args_of, array_name, array_of, inside, of_type, substituted
from entropysym.language.functions import IsZero, Langevin, LogSinhc, argument_of, row_of
from entropysym.language.heads import (
    DataMean,
    EncoderExpectation,
    JointExpectation,
    JointNoiseExpectation,
    LawExpectation,
    LocationScaleExpectation,
    NetworkValue,
    NoiseExpectation,
    OtherNoiseExpectation,
    Vector,
    _Expectation,
)
from entropysym.language.matrices import (
    Entry,
    Inverse,
    LogDet,
    Matrix,
    MatrixLetter,
    MatrixProduct,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.symbols import LatentArray, NoiseArray

Axes = tuple[sp.Symbol, ...]

#: The axis of the points of a cubature.
_SAMPLE = sp.Dummy("s", integer=True, positive=True)

#: What averages over something else than independent standard normal noise.
_NOT_NORMAL = (
    JointExpectation,
    JointNoiseExpectation,
    LawExpectation,
    LocationScaleExpectation,
    OtherNoiseExpectation,
)


@dataclass(frozen=True)
class Value:
    """An array of numbers with named axes."""

    array: np.ndarray
    axes: Axes = ()

    def spread(self, axes: Axes) -> np.ndarray:
        """The array with these axes, of length 1 where it has none."""
        kept = [a for a in axes if a in self.axes]
        moved = np.transpose(self.array, [self.axes.index(a) for a in kept])
        return moved.reshape([moved.shape[kept.index(a)] if a in kept else 1 for a in axes])


@dataclass(frozen=True)
class Point:
    """Numbers by name: rationals, arrays of them, functions for networks; and sizes."""

    values: Mapping[str, np.ndarray]
    sizes: Mapping[str, int]
    networks: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """The bound indices with their lengths, and the latent and noise arrays under an expectation, each over (sample, latent index) and what its location has."""

    lengths: Mapping[sp.Symbol, int]
    drawn: Mapping[type, Value] = field(default_factory=dict)
    latent: sp.Symbol | None = None

    def binding(self, index: sp.Symbol, length: int) -> Scope:
        return Scope({**self.lengths, index: length}, self.drawn, self.latent)


def evaluated(e: sp.Expr, point: Point) -> Any:
    """The number: a rational or a ball. Raises `InputError` for what has no value here, with what to pass."""
    found = Evaluator(_in_balls(e, point)).value(e, Scope({}))
    if found.axes:
        raise InputError(f"{', '.join(map(str, found.axes))} stands free in {shown(e)}; sum over it, or name a size so")  # fmt: skip
    return found.array[()]


#: Arrays with more entries become balls at once where the result is one all the same: a rational beside a ball is converted each time.
_LARGE = 64


def _in_balls(e: sp.Expr, point: Point) -> Point:
    at_zero = e.has(IsZero, Langevin, LogSinhc)  # of which 0 itself has to be seen
    powers = any(not isinstance(p.exp, sp.Integer) for p in e.atoms(sp.Pow))
    if at_zero or not (powers or e.has(sp.Function, sp.NumberSymbol, _Expectation)):
        return point

    def as_balls(array: np.ndarray) -> np.ndarray:
        out = np.empty(array.shape, dtype=object)
        out.ravel()[:] = [numbers.ball(v) for v in array.ravel()]
        return out

    return replace(
        point,
        values={k: as_balls(v) if v.size > _LARGE else v for k, v in point.values.items()},
    )


def _scalar(number: Any) -> Value:
    array = np.empty((), dtype=object)
    array[()] = number
    return Value(array)


def _each(f: Callable[..., Any], *values: Value) -> Value:
    """A function of numbers on arrays."""
    axes: Axes = tuple(dict.fromkeys(a for v in values for a in v.axes))
    arrays = np.broadcast_arrays(*(v.spread(axes) for v in values))
    out = np.empty(arrays[0].shape, dtype=object)
    out.ravel()[:] = [f(*row) for row in zip(*(a.ravel() for a in arrays), strict=True)]
    return Value(out, axes)


def _summed(v: Value, axis: sp.Symbol) -> Value:
    at = v.axes.index(axis)
    return Value(np.asarray(np.add.reduce(v.array, axis=at), dtype=object), v.axes[:at] + v.axes[at + 1 :])  # fmt: skip


def _over(v: Value, axis: sp.Symbol, length: int) -> Value:
    """The sum over an axis of this length, which the value need not have."""
    if axis in v.axes:
        return _summed(v, axis)
    return _multiplied(v, _scalar(numbers.exact(length, str(axis))))


def _added(*values: Value) -> Value:
    total = values[0]
    for v in values[1:]:
        axes: Axes = tuple(dict.fromkeys((*total.axes, *v.axes)))
        total = Value(np.asarray(total.spread(axes) + v.spread(axes), dtype=object), axes)
    return total


def _multiplied(*values: Value) -> Value:
    total, *others = sorted(values, key=lambda v: v.array.size)
    for v in others:
        axes: Axes = tuple(dict.fromkeys((*total.axes, *v.axes)))
        total = Value(np.asarray(total.spread(axes) * v.spread(axes), dtype=object), axes)
    return total


def _divided(top: Value, below: Value) -> Value:
    """By one number: times its reciprocal, which is taken once."""
    if below.axes:
        return _each(numbers.divided, top, below)
    one = numbers.exact(1, "1")
    return _multiplied(top, _scalar(numbers.divided(one, below.array[()])))


def _power(base: Value, exponent: Value) -> Value:
    if not exponent.axes:
        k = exponent.array[()]
        if numbers.is_exact(k) and k.q == 1 and k >= 0:
            return Value(np.asarray(base.array ** int(k.p), dtype=object), base.axes)
    return _each(numbers.power, base, exponent)


def _contracted(factors: list[Value], axis: sp.Symbol) -> Value:
    """The sum over an axis of a product: what has not that axis stands outside, and of two that share no other axis flint takes the matrix product.

    Not where an entry is no number: the product of large matrices of which one is 0 is 0 for flint, whatever the other is.
    """
    along = [f for f in factors if axis in f.axes]
    beside = [f for f in factors if axis not in f.axes]
    are_matrices = len(along) == 2 and {*along[0].axes} & {*along[1].axes} == {axis}
    if are_matrices and all(numbers.is_finite(a) for f in along for a in f.array.ravel()):
        return _multiplied(_matrix_product(along[0], along[1], axis), *beside)
    return _multiplied(_summed(_multiplied(*along), axis), *beside)


def _matrix_product(a: Value, b: Value, axis: sp.Symbol) -> Value:
    rows, columns = (tuple(i for i in v.axes if i != axis) for v in (a, b))
    left, right = a.spread((*rows, axis)), b.spread((axis, *columns))
    shape = (*left.shape[:-1], *right.shape[1:])
    count = left.shape[-1]
    left, right = left.reshape(-1, count), right.reshape(count, -1)
    kind = _kind(left, right)
    out = np.empty(shape, dtype=object)
    out.ravel()[:] = (_flint(kind, left) * _flint(kind, right)).entries()
    return Value(out, (*rows, *columns))


class Evaluator:
    """Values of the parts of an expression at one point, each computed once."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.memo: dict[object, Value] = {}
        self.matrices: dict[object, Any] = {}
        self.samples: dict[object, Mapping[type, Value]] = {}

    def value(self, e: sp.Expr, scope: Scope) -> Value:
        free = e.free_symbols
        lengths = frozenset((i, k) for i, k in scope.lengths.items() if i in free)
        key = (e, lengths, id(scope.drawn) if e.has(LatentArray, NoiseArray) else 0)
        if key not in self.memo:
            self.memo[key] = self._value(e, scope)
        return self.memo[key]

    def _value(self, e: sp.Expr, scope: Scope) -> Value:
        match e:
            case sp.Rational():
                return _scalar(numbers.exact(e, "a number"))
            case sp.core.numbers.Pi():
                return _scalar(numbers.flint().arb.pi())
            case sp.core.numbers.Exp1():
                return _scalar(numbers.flint().arb(1).exp())
            case sp.core.numbers.EulerGamma():
                return _scalar(numbers.flint().arb.const_euler())
            case sp.Symbol():
                return self._symbol(e, scope)
            case sp.Indexed():
                return self._indexed(e, scope)
            case sp.Add():
                return _added(*(self.value(a, scope) for a in args_of(e)))
            case sp.Mul():
                return self._product(e, scope)
            case sp.exp():
                return _each(lambda u: numbers.ball(u).exp(), self.value(inside(e), scope))
            case sp.log():
                return _each(_log, self.value(inside(e), scope))
            case sp.Pow():
                base, exponent = args_of(e)
                if base == sp.E:
                    return _each(lambda u: numbers.ball(u).exp(), self.value(exponent, scope))
                return _power(self.value(base, scope), self.value(exponent, scope))
            case sp.Abs():
                return _each(abs, self.value(inside(e), scope))
            case sp.sign():
                return _each(numbers.sign, self.value(inside(e), scope))
            case sp.Max() | sp.Min():
                return self._extreme(e, scope)
            case sp.Sum():
                return self._sum(e, scope)
            case DataMean():
                length = self._length_of_data(e.index)
                total = self._total(e.body, e.index, length, scope)
                return _divided(total, _scalar(numbers.exact(length, "N")))
            case EncoderExpectation() | NoiseExpectation():
                return self._expectation(e, scope)
            case LogDet() | Trace() | Entry() | Quadratic():
                return self._of_matrix(e, scope)
            case NetworkValue():
                return self._network(e, scope)
        row = row_of(e)
        if row is None or row.head not in FUNCTIONS:
            raise InputError(f"{type(e).__name__} has no ball: {shown(e)}")
        return _each(FUNCTIONS[row.head], self.value(argument_of(e), scope))

    def _product(self, e: sp.Mul, scope: Scope) -> Value:
        above, below = self._fraction(e, scope)
        top = _multiplied(*above) if above else _scalar(numbers.exact(1, "1"))
        return _divided(top, _multiplied(*below)) if below else top

    def _fraction(self, e: sp.Mul, scope: Scope) -> tuple[list[Value], list[Value]]:
        """Numerators and denominators, so that what is rational stays rational."""
        above: list[Value] = []
        below: list[Value] = []
        for factor in args_of(e):
            base, exponent = factor.as_base_exp()
            if isinstance(exponent, sp.Rational) and exponent.is_negative and not isinstance(factor, sp.exp):  # fmt: skip
                below.append(self.value(base**-exponent, scope))
            else:
                above.append(self.value(factor, scope))
        return above, below

    def _extreme(self, e: sp.Expr, scope: Scope) -> Value:
        two = numbers.exact(2, "2")
        times = 1 if isinstance(e, sp.Max) else -1
        found, *others = (self.value(a, scope) for a in args_of(e))
        for other in others:
            found = _each(lambda a, b: numbers.divided(a + b + times * abs(a - b), two), found, other)  # fmt: skip
        return found

    def _symbol(self, e: sp.Symbol, scope: Scope) -> Value:
        if e in scope.lengths:
            array = np.empty(scope.lengths[e], dtype=object)
            array[:] = [numbers.exact(k, str(e)) for k in range(1, scope.lengths[e] + 1)]
            return Value(array, (e,))
        if e.name in self.point.sizes:
            return _scalar(numbers.exact(self.point.sizes[e.name], e.name))
        return Value(self._array(e.name, 0))

    def _array(self, name: str, axes: int) -> np.ndarray:
        found = self.point.values.get(name)
        if found is None:
            raise InputError(f"the point has no {name}; it has {', '.join(sorted(self.point.values)) or 'nothing'}")  # fmt: skip
        if found.ndim != axes:
            raise InputError(f"{name} has {found.ndim} axes at this point, and {axes} in the expression")  # fmt: skip
        return found

    def _indexed(self, e: sp.Indexed, scope: Scope) -> Value:
        base = array_of(e)
        kind = next((k for k in (LatentArray, NoiseArray) if isinstance(base, k)), None)
        if kind is not None and kind in scope.drawn:
            (at,) = e.indices
            found = scope.drawn[kind]
            axes = tuple(of_type(at, sp.Symbol) if a == scope.latent else a for a in found.axes)
            return self._diagonal(found.array, axes)
        if kind is not None:
            raise InputError(f"{e} stands outside of every expectation, so there is none to take")
        array = self._array(array_name(base), len(e.indices))
        for place, i in enumerate(e.indices):
            if isinstance(i, sp.Integer):
                raise InputError(f"{e} is an entry at a number; sums run over whole arrays")
            length = scope.lengths.get(i)  # type: ignore[arg-type]
            if length is None:
                raise InputError(f"the index {i} of {e} is not bound")
            if array.shape[place] != length:
                raise InputError(f"{array_name(base)} has {array.shape[place]} entries along {i}, which runs to {length}")  # fmt: skip
        return self._diagonal(array, tuple(of_type(i, sp.Symbol) for i in e.indices))

    def _diagonal(self, array: np.ndarray, axes: Axes) -> Value:
        """One axis for each index: W_hh is a diagonal."""
        for a in {*axes}:
            while axes.count(a) > 1:
                first = axes.index(a)
                second = axes.index(a, first + 1)
                array = np.diagonal(array, axis1=first, axis2=second)
                axes = (*(b for k, b in enumerate(axes) if k not in (first, second)), a)
        return Value(np.asarray(array, dtype=object), axes)

    def length(self, size: sp.Basic) -> int:
        if isinstance(size, sp.Integer):
            return int(size)
        found = self.point.sizes.get(str(size))
        if found is None:
            raise InputError(f"the point has no size {size}; pass it as an integer, or an array that has it")  # fmt: skip
        return found

    def _length_of_data(self, index: sp.Symbol) -> int:
        for name in (index.name.upper(), "N"):
            if name in self.point.sizes:
                return self.point.sizes[name]
        raise InputError("the point has no size N of the data; pass N, or the data as x")

    def _sum(self, e: sp.Sum, scope: Scope) -> Value:
        body, limits = of_type(e.args[0], sp.Expr), e.limits
        for i, low, _ in limits:
            if low != 1:
                raise InputError(f"the sum over {i} runs from {low}; sums run from 1 to a size")
            if i in scope.lengths:  # the same letter further out
                other = sp.Dummy(i.name, integer=True, positive=True)
                body = substituted(body, {i: other})
                limits = tuple((other if j == i else j, a, b) for j, a, b in limits)
        inner = scope
        for i, _, high in limits:
            inner = inner.binding(i, self.length(high))
        (first, _, high), *others = limits
        total = self._total(body, of_type(first, sp.Symbol), self.length(high), inner)
        for i, _, high in others:
            total = _over(total, i, self.length(high))
        return total

    def _total(self, body: sp.Expr, axis: sp.Symbol, length: int, scope: Scope) -> Value:
        """The sum of an expression over an index: term by term, and of each what has not that index stands outside."""
        inner = scope.binding(axis, length)
        if isinstance(body, sp.Add):
            return _added(*(self._total(a, axis, length, scope) for a in args_of(body)))
        if isinstance(body, sp.Mul):
            above, below = self._fraction(body, inner)
            if not any(axis in v.axes for v in below) and any(axis in v.axes for v in above):
                top = _contracted(above, axis)
                return _divided(top, _multiplied(*below)) if below else top
        return _over(self.value(body, inner), axis, length)

    def _expectation(self, e: EncoderExpectation | NoiseExpectation, scope: Scope) -> Value:
        r"""Over independent normal noise of what is a polynomial of degree at most 3 in it: the points $\pm\sqrt H\,e_h$ with equal weights are exact."""
        if isinstance(e, _NOT_NORMAL) or not isinstance(e.args[3], Vector):
            raise InputError(f"{type(e).__name__} is no average over independent normal noise, of which alone a ball is known")  # fmt: skip
        if degree(e.body) > 3:
            raise InputError("what stands under an expectation is no polynomial of degree 3 or less in the latents, so its average is an integral that has no ball here")  # fmt: skip
        h, count = e.encoder[0], self.length(e.location.size)
        drawn = self._drawn(e, count, scope)
        body = self.value(e.body, Scope(scope.lengths, drawn, h))
        total = _over(body, _SAMPLE, 2 * count)
        return _divided(total, _scalar(numbers.exact(2 * count, "S")))

    def _drawn(
        self, e: EncoderExpectation | NoiseExpectation, count: int, scope: Scope
    ) -> Mapping[type, Value]:
        """Latents and noise at the points; one object for all expectations over one encoder, so that what they share is computed once."""
        h, location, scale = e.encoder
        inner = scope.binding(h, count)
        outer = any(isinstance(a, sp.Basic) and a.has(LatentArray, NoiseArray) for a in e.encoder)
        key = (e.encoder, frozenset(inner.lengths.items()), id(scope.drawn) if outer else 0)
        if key in self.samples:
            return self.samples[key]
        arb = numbers.flint().arb
        eps = np.empty((2 * count, count), dtype=object)
        for s in range(2 * count):
            for k in range(count):
                eps[s, k] = arb(count).sqrt() * (1 if s < count else -1) if s % count == k else numbers.exact(0, "0")  # fmt: skip
        noise = Value(eps, (_SAMPLE, h))
        at, width = self.value(location, inner), self.value(of_type(scale, sp.Expr), inner)
        z = _added(at, _multiplied(width, noise))
        self.samples[key] = {LatentArray: z, NoiseArray: noise}
        return self.samples[key]

    # -- matrices --

    def _of_matrix(self, e: sp.Expr, scope: Scope) -> Value:
        if isinstance(e, LogDet):
            return _scalar(_log(_det(self.matrix(e.word, scope))))
        if isinstance(e, Trace):
            found = self.matrix(e.word, scope)
            return _scalar(sum((found[k, k] for k in range(1, len(found))), found[0, 0]))
        if isinstance(e, Entry):
            found = self.matrix(e.word, scope)
            return self._diagonal(found, tuple(of_type(i, sp.Symbol) for i in e.indices))
        assert isinstance(e, Quadratic)
        rows, columns = (sp.Dummy(n, integer=True, positive=True) for n in "rc")
        left, right = self._vector(e.left, scope, rows), self._vector(e.right, scope, columns)
        word = Value(self.matrix(e.word, scope), (rows, columns))
        return _contracted([left, _contracted([word, right], columns)], rows)

    def _vector(self, v: Vector, scope: Scope, axis: sp.Symbol) -> Value:
        length = self.length(v.size)
        found = self.value(v.at(axis), scope.binding(axis, length))
        if axis in found.axes:
            return found
        return _multiplied(found, Value(np.array([numbers.exact(1, "1")] * length, dtype=object), (axis,)))  # fmt: skip

    def matrix(self, word: Matrix, scope: Scope) -> np.ndarray:
        if word not in self.matrices:
            self.matrices[word] = self._matrix(word, scope)
        return self.matrices[word]

    def _matrix(self, word: Matrix, scope: Scope) -> np.ndarray:
        if type(word) is MatrixLetter:
            return self._array(word.name, 2)
        if isinstance(word, Scaled):
            times = self.value(word.scalar, scope)
            if times.axes:
                raise InputError(f"{shown(word)} is many matrices, of which no ball is known here")
            return self.matrix(word.word, scope) * times.array[()]
        if isinstance(word, Inverse):
            return _inverse(self.matrix(word.word, scope))
        if isinstance(word, Transposed):
            return self.matrix(word.word, scope).T
        if isinstance(word, MatrixProduct):
            first, *others = (self.matrix(w, scope) for w in word.words)
            for other in others:
                first = np.asarray(first.dot(other), dtype=object)
            return first
        raise InputError(f"{type(word).__name__} has no ball: {shown(word)}")

    def _network(self, e: NetworkValue, scope: Scope) -> Value:
        """A function of lists of numbers, called once for each of the indices that its inputs have."""
        f = self.point.networks.get(e.name)
        if f is None:
            raise InputError(f"the point has no network {e.name}; pass a function of {len(e.inputs)} lists of numbers")  # fmt: skip
        own = [sp.Dummy("i", integer=True, positive=True) for _ in e.inputs]
        inputs = [self._vector(v, scope, i) for v, i in zip(e.inputs, own, strict=True)]
        leading: Axes = tuple(dict.fromkeys(a for v in inputs for a in v.axes if a not in own))
        shape = [next(v.array.shape[v.axes.index(a)] for v in inputs if a in v.axes) for a in leading]  # fmt: skip
        arrays = [
            np.broadcast_to(v.spread((*leading, i)), (*shape, v.array.shape[v.axes.index(i)]))
            for v, i in zip(inputs, own, strict=True)
        ]
        rows = [np.array(f(*(list(a[at]) for a in arrays)), dtype=object) for at in np.ndindex(*shape)]  # fmt: skip
        whole = np.array(rows, dtype=object).reshape(*shape, *rows[0].shape)
        return self._diagonal(whole, (*leading, *(of_type(i, sp.Symbol) for i in e.indices)))


def _log(u: Any) -> Any:
    """0 at 1 exactly, so that what is rational stays so; no number unless u is surely positive."""
    if numbers.is_exact(u) and u == 1:
        return numbers.exact(0, "0")
    u = numbers.ball(u)
    return u.log() if u > 0 else numbers.nothing()


def _kind(*arrays: np.ndarray) -> Any:
    """Matrices of rationals where all entries are, else of balls."""
    exact = all(numbers.is_exact(v) for a in arrays for v in a.ravel())
    return numbers.flint().fmpq_mat if exact else numbers.flint().arb_mat


def _flint(kind: Any, array: np.ndarray) -> Any:
    entries = list(array.ravel())
    if kind is numbers.flint().arb_mat:
        entries = [numbers.ball(v) for v in entries]
    return kind(*array.shape, entries)


def _det(array: np.ndarray) -> Any:
    return _flint(_kind(array), array).det()


def _inverse(array: np.ndarray) -> np.ndarray:
    """The inverse; no numbers where none is seen to exist."""
    out = np.empty(array.shape, dtype=object)
    try:
        found = _flint(_kind(array), array).inv()
        out.ravel()[:] = found.entries()
    except ZeroDivisionError:
        out.ravel()[:] = [numbers.nothing()] * out.size
    return out


def degree(e: sp.Basic) -> float:
    """The degree in latents and noise, infinite for what is no polynomial of them."""
    if not e.has(LatentArray, NoiseArray):
        return 0
    match e:
        case sp.Indexed():
            return 1
        case sp.Add():
            return max(map(degree, e.args))
        case sp.Mul():
            return sum(map(degree, e.args))
        case sp.Sum() | Vector():
            return degree(e.args[0])
        case sp.Pow() if isinstance(e.exp, sp.Integer) and e.exp > 0:
            return int(e.exp) * degree(e.base)
        case Quadratic():
            return degree(e.left) + degree(e.right)
    return float("inf")
