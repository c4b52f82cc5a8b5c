"""Expressions evaluated on arrays with named axes, node by node; every value is traced by JAX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import sympy as sp

from entropysym.errors import InputError
from entropysym.language.heads import DataMean, Entropy, LawExpectation, NetworkValue, Vector
from entropysym.language.matrices import (
    Inverse,
    LogDet,
    Matrix,
    MatrixLetter,
    MatrixNetwork,
    MatrixProduct,
    Quadratic,
    Scaled,
    Trace,
)
from entropysym.language.symbols import DATUM, LATENT, NOISE
from entropysym.lowering import words
from entropysym.lowering.arguments import Bound
from entropysym.lowering.axes import (
    SAMPLE,
    Axes,
    Named,
    added,
    multiplied,
    named,
    spread,
    summed,
    union,
)
from entropysym.lowering.functions import EXPONENTIALS, JAX, slope
from entropysym.lowering.quadrature import Nodes, Points
from entropysym.lowering.scope import Latent, Scope, fresh
from entropysym.lowering.signature import (
    DATA_SIZE,
    EXPECTATIONS,
    reversal,
    size_of,
)

#: The axis of the latents of weighted points.
_LATENTS = sp.Dummy("h", integer=True, positive=True)


class Evaluator:
    """Values of expressions for one set of arguments.

    Axes are named by index symbols. A binder whose symbol is already in scope is renamed first, so no two axes share a name.
    """

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.memo: dict[object, Any] = {}

    def value(self, e: sp.Basic, scope: Scope) -> Named:
        """The value of an expression."""
        key = ("value", e, self._context(e, scope))
        if key not in self.memo:
            self.memo[key] = self._value(e, scope)
        return self.memo[key]

    def magnitude(self, e: sp.Basic, scope: Scope) -> Named:
        """The sum of the absolute values of the terms: sums are split, but those inside a power or a logarithm are not.

        An exponential multiplies an error of its argument, so |argument| times the derivative counts as a term of it.
        """
        key = ("magnitude", e, self._context(e, scope))
        if key not in self.memo:
            self.memo[key] = self._magnitude(e, scope)
        return self.memo[key]

    def _magnitude(self, e: sp.Basic, scope: Scope) -> Named:
        if isinstance(e, sp.Add):
            return added([self.magnitude(a, scope) for a in e.args])
        if isinstance(e, sp.Mul):
            return multiplied([self.magnitude(a, scope) for a in e.args])
        if isinstance(e, (sp.Sum, DataMean, *EXPECTATIONS)):
            return self._bound(e, scope, lambda a, inner: [self.magnitude(a, inner)])
        if isinstance(e, EXPONENTIALS):
            inside, v = self.magnitude(e.args[0], scope), self.value(e, scope)
            rate = Named(slope(type(e), v.array), v.axes)
            return added([v.absolute(), multiplied([rate, inside])])
        if isinstance(e, (sp.Pow, sp.log)) and not isinstance(e.args[0], sp.Add):
            return self._relative_magnitude(e, scope)
        if isinstance(e, LogDet):
            word: Matrix = e.args[0]  # type: ignore[assignment]
            return words.log_det_terms(
                self.value(e, scope), self._inverse(word, scope), self.matrix_magnitude(word, scope)
            )
        if isinstance(e, Trace):
            return words.trace(self.matrix_magnitude(e.args[0], scope))  # type: ignore[arg-type]
        if isinstance(e, Quadratic):
            return self._quadratic_magnitude(e, scope)
        return self.value(e, scope).absolute()

    def _relative_magnitude(self, e: sp.Basic, scope: Scope) -> Named:
        """Of a power or a logarithm, whose relative or absolute error is the relative one of its base."""
        v, base = self.value(e, scope).absolute(), self.value(e.args[0], scope)
        inside = self.magnitude(e.args[0], scope)
        axes = union([base, inside])
        grown = Named(spread(inside, axes) / jnp.abs(spread(base, axes)) - 1, axes)
        if isinstance(e, sp.log):
            return added([v, grown])
        return added([v, multiplied([v, self.value(e.args[1], scope).absolute(), grown])])

    def matrix(self, e: sp.Basic, scope: Scope) -> Named:
        """The value of a word, with the axes `ROW` and `COLUMN`."""
        key = ("matrix", e, self._context(e, scope))
        if key not in self.memo:
            self.memo[key] = self._matrix(e, scope)
        return self.memo[key]

    def _matrix(self, e: sp.Basic, scope: Scope) -> Named:
        if isinstance(e, MatrixNetwork):
            outputs, leading = self._network(e, scope)
            return words.matrix(words.in_range(outputs, e.kind), leading)
        if isinstance(e, MatrixLetter):
            return words.matrix(words.in_range(self.bound.arrays[e.name], e.kind))
        if isinstance(e, Scaled):
            return multiplied([self.value(e.args[0], scope), self.matrix(e.args[1], scope)])
        if isinstance(e, Inverse):
            return self._inverse(e.args[0], scope)
        parts = [self.matrix(a, scope) for a in e.args]
        return words.product(parts) if isinstance(e, MatrixProduct) else words.transposed(*parts)

    def _inverse(self, e: sp.Basic, scope: Scope) -> Named:
        """The inverse of a word: by its Cholesky factor if it is symmetric, by its letters if not."""
        key = ("inverse", e, self._context(e, scope))
        if key not in self.memo:
            self.memo[key] = self._inverted(e, scope)
        return self.memo[key]

    def _inverted(self, e: sp.Basic, scope: Scope) -> Named:
        if isinstance(e, Scaled):
            scalar = self.value(e.args[0], scope)
            return multiplied(
                [Named(1 / scalar.array, scalar.axes), self._inverse(e.args[1], scope)]
            )
        if words.looks_symmetric(e) or isinstance(e, MatrixLetter):  # type: ignore[arg-type]
            if isinstance(e, MatrixLetter) and e.kind == "triangular":
                return words.inverse_lower(self.matrix(e, scope))
            back = words.inverse_lower(self._root(e, scope))
            return words.product([words.transposed(back), back])
        if isinstance(e, Inverse):
            return self.matrix(e.args[0], scope)
        parts = [self._inverse(a, scope) for a in reversed(e.args)]
        return words.product(parts) if isinstance(e, MatrixProduct) else words.transposed(*parts)

    def _root(self, e: sp.Basic, scope: Scope) -> Named:
        """The Cholesky factor of a symmetric word."""
        key = ("root", e, self._context(e, scope))
        if key not in self.memo:
            self.memo[key] = words.root(self.matrix(e, scope))
        return self.memo[key]

    def _log_det(self, e: sp.Basic, scope: Scope) -> Named:
        """log det of a word: by its Cholesky factor if it is symmetric, by its letters if not; NaN for a negative scalar."""
        if words.looks_symmetric(e):  # type: ignore[arg-type]
            v = words.log_diagonal(self._root(e, scope))
            return Named(2 * v.array, v.axes)
        if isinstance(e, MatrixLetter):
            return words.log_diagonal(self.matrix(e, scope))
        if isinstance(e, Scaled):
            scalar = self.value(e.args[0], scope)
            size = self.bound.size(size_of(e.size))
            rows = Named(size * jnp.log(scalar.array), scalar.axes)
            return added([rows, self._log_det(e.args[1], scope)])
        parts = [self._log_det(a, scope) for a in e.args]
        total = added(parts)
        return Named(-total.array, total.axes) if isinstance(e, Inverse) else total

    def matrix_magnitude(self, e: sp.Basic, scope: Scope) -> Named:
        """The sums of |terms| of a word's entries."""
        if isinstance(e, MatrixLetter):
            return self.matrix(e, scope).absolute()
        if isinstance(e, Scaled):
            scalar, word = e.args
            return multiplied([self.magnitude(scalar, scope), self.matrix_magnitude(word, scope)])
        parts = [self.matrix_magnitude(a, scope) for a in e.args]
        if isinstance(e, MatrixProduct):
            return words.product(parts)
        if isinstance(e, Inverse):
            return words.inverse_magnitude(self.matrix(e, scope), *parts)
        return words.transposed(*parts)

    def _context(self, e: sp.Basic, scope: Scope) -> object:
        # A value depends on its free indices only through their sizes, for its axes bear their names.
        free = e.free_symbols
        sizes = frozenset((s, k) for s, k in scope.sizes.items() if s in free)
        return sizes, None if scope.latent is None else scope.latent.key

    def _value(self, e: sp.Basic, scope: Scope) -> Named:
        if (isinstance(e, sp.Number) and e.is_finite) or isinstance(e, sp.NumberSymbol):
            return Named(jnp.asarray(float(e)))  # type: ignore[arg-type]
        if isinstance(e, sp.Symbol):
            return self._symbol(e, scope)
        if isinstance(e, sp.Indexed):
            return self._indexed(e, scope)
        if isinstance(e, sp.Add):
            return added([self.value(a, scope) for a in e.args])
        if isinstance(e, sp.Mul):
            return multiplied([self.value(a, scope) for a in e.args])
        if isinstance(e, sp.Pow):
            return self._power(e, scope)
        if isinstance(e, (sp.Sum, DataMean, *EXPECTATIONS)):
            return self._bound(e, scope, self._factors)
        if isinstance(e, NetworkValue):
            outputs, leading = self._network(e, scope)
            return self._at(outputs, leading, e.indices, scope)
        if isinstance(e, Entropy):
            return Named(self._points().entropy, (e.args[1],))  # type: ignore[arg-type]
        if isinstance(e, LogDet):
            return self._log_det(e.args[0], scope)
        if isinstance(e, Trace):
            return words.trace(self.matrix(e.args[0], scope))
        if isinstance(e, Quadratic):
            left, word, right = self._sandwich(e, scope)
            return words.dotted(
                left, words.applied(self.matrix(word, scope), right, words.ROW), words.ROW
            )
        v = self.value(e.args[0], scope)
        return Named(JAX[type(e)](v.array), v.axes)

    def _symbol(self, e: sp.Symbol, scope: Scope) -> Named:
        if e in scope.sizes:
            return Named(jnp.arange(1.0, self.length(e, scope) + 1), (e,))
        if e.is_integer and e.is_positive:
            return Named(jnp.asarray(float(self.bound.size(e.name))))
        return Named(self.bound.arrays[e.name])

    def _indexed(self, e: sp.Indexed, scope: Scope) -> Named:
        if e.base in (LATENT, NOISE):
            source = scope.latent and (scope.latent.z if e.base == LATENT else scope.latent.eps)
            if source is None:
                raise InputError(f"{e} stands outside every expectation, so there is no z to take")
            index = scope.latent.index  # type: ignore[union-attr]
            leading = tuple(a for a in source.axes if a != index)
            return self._at(spread(source, (*leading, index)), leading, e.indices, scope)
        array = self.bound.arrays["x" if e.base == DATUM else e.base.label.name]
        return self._at(array, (), e.indices, scope)

    def _at(
        self, array: jax.Array, leading: Axes, indices: tuple[sp.Basic, ...], scope: Scope
    ) -> Named:
        """The array with its last axes named by `indices`."""
        axes: list[sp.Symbol] = list(leading)
        for position, i in enumerate(indices, start=len(leading)):
            symbol = i if i in scope.sizes else reversal(i, scope.sizes)
            if symbol is None:
                raise InputError(f"{i} is no bound index")
            if symbol != i:
                array = jnp.flip(array, position)
            axes.append(symbol)  # type: ignore[arg-type]
        return named(array, tuple(axes))

    def length(self, axis: sp.Symbol, scope: Scope) -> int:
        """The number of entries along an axis."""
        if axis == SAMPLE:
            return self.bound.samples
        return self.bound.size(scope.sizes[axis])

    def _power(self, e: sp.Pow, scope: Scope) -> Named:
        base, exponent = e.args
        if base == sp.E:
            v = self.value(exponent, scope)
            return Named(jnp.exp(v.array), v.axes)
        v = self.value(base, scope)
        if isinstance(exponent, sp.Integer):
            return Named(v.array ** int(exponent), v.axes)
        if isinstance(exponent, sp.Rational) and exponent.q == 2:
            return Named(jnp.sqrt(v.array) ** int(exponent.p), v.axes)
        w = self.value(exponent, scope)
        axes = union([v, w])
        return Named(spread(v, axes) ** spread(w, axes), axes)

    def _factors(self, e: sp.Basic, scope: Scope) -> list[Named]:
        return [self.value(a, scope) for a in (e.args if isinstance(e, sp.Mul) else (e,))]

    def _bound(
        self, e: sp.Basic, scope: Scope, body: Callable[[sp.Basic, Scope], list[Named]]
    ) -> Named:
        """A sum, data mean or expectation of what `body` gives as a list of factors."""
        if isinstance(e, sp.Sum):
            (i, _, upper), *rest = reversed(e.limits)
            size = size_of(upper)
            inside = sp.Sum(e.function, *reversed(rest)) if rest else e.function
            i, inside = fresh(i, inside, scope)
            inner = scope.binding(i, size)
            parts = [self._bound(inside, inner, body)] if rest else body(inside, inner)
            return summed(parts, i, self.bound.size(size))
        if isinstance(e, DataMean):
            i, inside = fresh(e.args[1], e.body, scope)  # type: ignore[arg-type]
            v = multiplied(body(inside, scope.binding(i, DATA_SIZE)))
            if i not in v.axes:
                return v
            at = v.axes.index(i)
            return Named(jnp.mean(v.array, axis=at), v.axes[:at] + v.axes[at + 1 :])
        return self._expectation(e, scope, body)

    def _expectation(
        self, e: Any, scope: Scope, body: Callable[[sp.Basic, Scope], list[Named]]
    ) -> Named:
        if not {LATENT.label, NOISE.label} & e.body.free_symbols:
            return multiplied(body(e.body, replace(scope, latent=None)))
        if isinstance(e, LawExpectation):
            return self._over_points(e, scope, body)
        noise = self.bound.noise
        if not isinstance(noise, Nodes):
            raise InputError("the expression holds an expectation; pass noise, e.g. cubature(H)")
        h, location, scale = e.encoder
        if h in scope.sizes:
            other = sp.Dummy(h.name, integer=True, positive=True)
            location, scale = location.xreplace({h: other}), scale.xreplace({h: other})
            h = other
        inner = replace(scope.binding(h, size_of(e.args[2].args[2])), latent=None)
        eps = Named(noise.eps, (SAMPLE, h))
        if isinstance(scale, Matrix):
            step = words.applied(self._root(scale, inner), eps, h)
        else:
            step = multiplied([self.value(scale, inner), eps])
        z = added([self.value(location, inner), step])
        latent = Latent((e.datum, h, location, scale), h, z, eps)
        v = multiplied(body(e.body, replace(scope, latent=latent)))
        return summed([Named(noise.weights, (SAMPLE,)), v], SAMPLE, 1) if SAMPLE in v.axes else v

    def _points(self) -> Points:
        points = self.bound.noise
        if not isinstance(points, Points):
            raise InputError("the encoder has no location and scale; pass noise, a lowering.Points")
        return points

    def _over_points(
        self,
        e: LawExpectation,
        scope: Scope,
        body: Callable[[sp.Basic, Scope], list[Named]],
    ) -> Named:
        """The weighted sum over each datum's own points."""
        points = self._points()
        z = Named(points.z, (e.datum, SAMPLE, _LATENTS))
        latent = Latent((e.datum, "points"), _LATENTS, z)
        v = multiplied(body(e.body, replace(scope, latent=latent)))
        weights = Named(points.weights, (e.datum, SAMPLE))
        return summed([weights, v], SAMPLE, 1) if SAMPLE in v.axes else v

    def _network(self, e: NetworkValue | MatrixNetwork, scope: Scope) -> tuple[jax.Array, Axes]:
        """All outputs of a network, over the leading axes of its inputs; the callable is mapped once."""
        inputs = sp.Tuple(*e.inputs)
        key = ("network", e.name, inputs, self._context(inputs, scope))
        if key not in self.memo:
            vectors = [self._vector(v, scope) for v in e.inputs]
            own = {i for _, i, _ in vectors}
            leading = tuple(a for a in union([v for v, _, _ in vectors]) if a not in own)
            lengths = [self.length(a, scope) for a in leading]
            flat = [spread(v, (*leading, i), (*lengths, k)).reshape(-1, k) for v, i, k in vectors]
            out = jax.vmap(self.bound.networks[e.name])(*flat)
            self.memo[key] = out.reshape(*lengths, *out.shape[1:]), leading
        return self.memo[key]

    def _sandwich(self, e: Quadratic, scope: Scope) -> tuple[Named, Matrix, Named]:
        """The two vectors, along `ROW`, and the word between them."""
        left, word, right = e.args
        vectors = []
        for v in (left, right):
            value, i, length = self._vector(v, scope)  # type: ignore[arg-type]
            leading = tuple(a for a in value.axes if a != i)
            array = spread(value, (*leading, i))
            vectors.append(
                Named(jnp.broadcast_to(array, (*array.shape[:-1], length)), (*leading, words.ROW))
            )
        return vectors[0], word, vectors[1]  # type: ignore[return-value]

    def _quadratic_magnitude(self, e: Quadratic, scope: Scope) -> Named:
        left, word, right = self._sandwich(e, scope)
        if isinstance(word, Inverse):
            # v' M^-1 w is (M'^-1 v)' M (M^-1 w), whose terms show how ill-conditioned M is.
            inverse, word = self.matrix(word, scope), word.args[0]
            left = words.applied(words.transposed(inverse), left, words.ROW)
            right = words.applied(inverse, right, words.ROW)
        size = self.matrix_magnitude(word, scope)
        sized = words.applied(size, right.absolute(), words.ROW)
        return words.dotted(left.absolute(), sized, words.ROW)

    def _vector(self, v: Vector, scope: Scope) -> tuple[Named, sp.Symbol, int]:
        size = size_of(v.args[2])
        i, body = fresh(v.args[1], v.body, scope)  # type: ignore[arg-type]
        return self.value(body, scope.binding(i, size)), i, self.bound.size(size)
