"""Expressions evaluated on arrays with named axes, node by node: of JAX, which traces them, of NumPy or of PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import sympy as sp
from sympy.core.function import AppliedUndef

from entropysym.errors import InputError
from entropysym.language.algebra import reads_latent
from entropysym.language.formula import (
    Node,
    arg_of,
    args_of,
    array_name,
    array_of,
    of_type,
    substituted,
    sum_over,
)
from entropysym.language.functions import argument_of
from entropysym.language.heads import (
    AbstractValue,
    DataMean,
    EncoderExpectation,
    Entropy,
    JointExpectation,
    JointNoiseExpectation,
    LawExpectation,
    NetworkValue,
    NoiseExpectation,
    Vector,
)
from entropysym.language.matrices import (
    Entry,
    Inverse,
    LogDet,
    Matrix,
    MatrixLetter,
    MatrixNetwork,
    MatrixVariable,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.symbols import LatentArray, NoiseArray, latent_of
from entropysym.lowering import abstract, words
from entropysym.lowering.arguments import Bound
from entropysym.lowering.axes import (
    SAMPLE,
    Axes,
    NamedArray,
    added,
    earlier,
    multiplied,
    named,
    spread,
    summed,
    union,
)
from entropysym.lowering.backends import mapped, namespace, namespace_of
from entropysym.lowering.functions import amplifies, function_of, slope, terms_within
from entropysym.lowering.quadrature import JointPoints, Nodes, Points
from entropysym.lowering.scope import Latent, Scope, fresh
from entropysym.lowering.signature import (
    DATA_SIZE,
    EXPECTATIONS,
    bound_index,
    network_axes,
    plain_network,
    size_of,
)

#: The axis of the latents of weighted points.
_LATENTS = sp.Dummy("h", integer=True, positive=True)


Binder = sp.Sum | DataMean | EncoderExpectation | NoiseExpectation
BINDERS = (sp.Sum, DataMean, *EXPECTATIONS)
#: How what stands under a binder is evaluated: as a list of factors.
Factors = Callable[[sp.Expr, Scope], list[NamedArray]]


class Evaluator:
    """Values of expressions for one set of arguments.

    Axes are named by index symbols. A binder whose symbol is already in scope is renamed first, so no two axes share a name.
    """

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.memo: dict[object, NamedArray] = {}
        self.outputs: dict[object, tuple[Any, Axes]] = {}

    def _once(
        self, what: str, e: Node, scope: Scope, how: Callable[[Node, Scope], NamedArray]
    ) -> NamedArray:
        """What `how` gives, computed once."""
        key = (what, e, self._context(e, scope))
        if key not in self.memo:
            self.memo[key] = how(e, scope)
        return self.memo[key]

    def value(self, e: sp.Expr, scope: Scope) -> NamedArray:
        """The value of an expression."""
        return self._once("value", e, scope, self._value)

    def magnitude(self, e: sp.Expr, scope: Scope) -> NamedArray:
        """The sum of the absolute values of the terms: sums are split, but those inside a positive power are not.

        An exponential multiplies an error of its argument, as do other functions, so |argument| times the derivative counts as a term of it.
        """
        return self._once("magnitude", e, scope, self._magnitude)

    def amplified(self, e: sp.Expr | Matrix, scope: Scope) -> NamedArray | None:
        """The magnitude of a formula with a function in it that multiplies rounding errors; None of any other."""
        if isinstance(e, Matrix) or not any(map(amplifies, sp.preorder_traversal(e))):
            return None
        return self.magnitude(e, scope)

    def _magnitude(self, e: sp.Expr, scope: Scope) -> NamedArray:
        if isinstance(e, sp.Add):
            return added([self.magnitude(a, scope) for a in args_of(e)])
        if isinstance(e, sp.Mul):
            return multiplied([self.magnitude(a, scope) for a in args_of(e)])
        if isinstance(e, BINDERS):
            return self._bound(e, scope, lambda a, inner: [self.magnitude(a, inner)])
        if amplifies(e):
            inner = argument_of(e)
            v, u = self.value(e, scope), self.value(inner, scope)
            rate = NamedArray(slope(e, u.array), u.axes)
            own = NamedArray(terms_within(e, u.array, v.array), v.axes)
            return added([own, multiplied([rate, self.magnitude(inner, scope)])])
        if isinstance(e, sp.log) or (isinstance(e, sp.Pow) and _amplifies_its_base(e)):
            return self._relative_magnitude(e, scope)
        if isinstance(e, LogDet):
            inverse, terms = self._inverse(e.word, scope), self.matrix_magnitude(e.word, scope)
            return words.log_det_terms(self.value(e, scope), inverse, terms)
        if isinstance(e, Trace):
            return words.trace(self.matrix_magnitude(e.word, scope))
        if isinstance(e, Entry):
            return words.entry(self.matrix_magnitude(e.word, scope), *e.indices)
        if isinstance(e, Quadratic):
            return self._quadratic_magnitude(e, scope)
        return self.value(e, scope).absolute()

    def _relative_magnitude(self, e: sp.Pow | sp.log, scope: Scope) -> NamedArray:
        """Of a power or a logarithm, whose relative or absolute error is the relative one of its base."""
        base, *exponents = args_of(e)
        v, of_base = self.value(e, scope).absolute(), self.value(base, scope)
        terms = self.magnitude(base, scope)
        axes = union([of_base, terms])
        size = spread(of_base.absolute(), axes)
        grown = NamedArray(spread(terms, axes) / size - 1, axes)
        if isinstance(e, sp.log):
            return added([v, grown])
        (exponent,) = exponents
        return added([v, multiplied([v, self.value(exponent, scope).absolute(), grown])])

    def matrix(self, e: Matrix, scope: Scope) -> NamedArray:
        """The value of a word, with the axes `ROW` and `COLUMN`."""
        return self._once("matrix", e, scope, self._matrix)

    def _matrix(self, e: Matrix, scope: Scope) -> NamedArray:
        if isinstance(e, MatrixNetwork):
            outputs, leading = self._network(e, scope)
            return words.matrix(words.in_range(outputs, e.kind), leading)
        if isinstance(e, MatrixVariable):
            return self._matrix_variable(e, scope)
        if isinstance(e, MatrixLetter):
            return words.matrix(words.in_range(self.bound.arrays[e.name], e.kind))
        if isinstance(e, Scaled):
            return multiplied([self.value(e.scalar, scope), self.matrix(e.word, scope)])
        if isinstance(e, Inverse):
            return self._inverse(e.word, scope)
        if isinstance(e, Transposed):
            return words.transposed(self.matrix(e.word, scope))
        return words.product([self.matrix(w, scope) for w in args_of(e, Matrix)])

    def _matrix_variable(self, e: MatrixVariable, scope: Scope) -> NamedArray:
        if isinstance(e.array, LatentArray) and scope.joint is not None:
            array, leading = self._joint(e.array, scope.joint)
        elif isinstance(e.array, LatentArray):
            raise InputError(f"{e} stands outside every expectation, so there is none to take")
        else:
            array, leading = self._given(array_name(e.array)), ()
        at = tuple(of_type(i, sp.Symbol) for i in e.indices)
        return named(words.in_range(array, e.kind), (*leading, *at, words.ROW, words.COLUMN))

    def _inverse(self, e: Matrix, scope: Scope) -> NamedArray:
        """The inverse of a word: by its Cholesky factor if it is symmetric, by its letters if not."""
        return self._once("inverse", e, scope, self._inverted)

    def _inverted(self, e: Matrix, scope: Scope) -> NamedArray:
        if isinstance(e, Scaled):
            scalar = self.value(e.scalar, scope)
            return multiplied(
                [NamedArray(1 / scalar.array, scalar.axes), self._inverse(e.word, scope)]
            )
        if words.looks_symmetric(e) or isinstance(e, MatrixLetter):
            if isinstance(e, MatrixLetter) and e.kind == "triangular":
                return words.inverse_lower(self.matrix(e, scope))
            back = words.inverse_lower(self._root(e, scope))
            return words.product([words.transposed(back), back])
        if isinstance(e, Inverse):
            return self.matrix(e.word, scope)
        if isinstance(e, Transposed):
            return words.transposed(self._inverse(e.word, scope))
        return words.product([self._inverse(w, scope) for w in reversed(args_of(e, Matrix))])

    def _root(self, e: Matrix, scope: Scope) -> NamedArray:
        """The Cholesky factor of a symmetric word."""
        return self._once("root", e, scope, lambda w, inner: words.root(self.matrix(w, inner)))

    def _log_det(self, e: Matrix, scope: Scope) -> NamedArray:
        """log det of a word: by its Cholesky factor if it is symmetric, by its letters if not; NaN for a negative scalar."""
        if words.looks_symmetric(e):
            v = words.log_diagonal(self._root(e, scope))
            return NamedArray(2 * v.array, v.axes)
        if isinstance(e, MatrixLetter):
            return words.log_diagonal(self.matrix(e, scope))
        if isinstance(e, Scaled):
            scalar = self.value(e.scalar, scope)
            size = self.bound.size(size_of(e.size))
            rows = NamedArray(size * namespace(scalar.array).log(scalar.array), scalar.axes)
            return added([rows, self._log_det(e.word, scope)])
        total = added([self._log_det(w, scope) for w in args_of(e, Matrix)])
        return NamedArray(-total.array, total.axes) if isinstance(e, Inverse) else total

    def matrix_magnitude(self, e: Matrix, scope: Scope) -> NamedArray:
        """The sums of |terms| of a word's entries."""
        if isinstance(e, MatrixLetter):
            return self.matrix(e, scope).absolute()
        if isinstance(e, Scaled):
            terms = self.matrix_magnitude(e.word, scope)
            return multiplied([self.magnitude(e.scalar, scope), terms])
        if isinstance(e, Inverse):
            terms = self.matrix_magnitude(e.word, scope)
            return words.inverse_magnitude(self.matrix(e, scope), terms)
        if isinstance(e, Transposed):
            return words.transposed(self.matrix_magnitude(e.word, scope))
        return words.product([self.matrix_magnitude(w, scope) for w in args_of(e, Matrix)])

    def _context(self, e: sp.Basic, scope: Scope) -> object:
        # A value depends on its free indices only through their sizes, for its axes bear their names.
        free = e.free_symbols
        sizes = frozenset((s, k) for s, k in scope.sizes.items() if s in free)
        return sizes, None if scope.latent is None else scope.latent.key, scope.joint

    def _value(self, e: sp.Expr, scope: Scope) -> NamedArray:
        if (isinstance(e, sp.Number) and e.is_finite) or isinstance(e, sp.NumberSymbol):
            return NamedArray(self._number(float(e)))
        if isinstance(e, sp.Symbol):
            return self._symbol(e, scope)
        if isinstance(e, sp.Indexed):
            return self._indexed(e, scope)
        if isinstance(e, sp.Add):
            return added([self.value(a, scope) for a in args_of(e)])
        if isinstance(e, sp.Mul):
            return multiplied(self._factors(e, scope))
        if isinstance(e, sp.Pow):
            return self._power(e, scope)
        if isinstance(e, BINDERS):
            return self._bound(e, scope, self._factors)
        if isinstance(e, NetworkValue):
            outputs, leading = self._network(e, scope)
            return self._at(outputs, leading, e.indices, scope)
        if isinstance(e, AbstractValue):
            return self._abstract(e, scope)
        if isinstance(e, Entropy):
            if e.law:
                return NamedArray(self._joint_points().entropies[e.role], e.datum)
            return NamedArray(self._points().entropy, e.datum)
        if isinstance(e, LogDet):
            return self._log_det(e.word, scope)
        if isinstance(e, Trace):
            return words.trace(self.matrix(e.word, scope))
        if isinstance(e, Entry):
            return words.entry(self.matrix(e.word, scope), *e.indices)
        if isinstance(e, Quadratic):
            left, right = self._sides(e, scope)
            moved = words.applied(self.matrix(e.word, scope), right, words.ROW)
            return words.dotted(left, moved, words.ROW)
        if isinstance(e, AppliedUndef):
            return self._plain_network(e, scope)
        v, f = self.value(argument_of(e), scope), function_of(e, self.bound.backend)
        assert f is not None  # the signature was read first
        return NamedArray(f(v.array), v.axes)

    def _number(self, value: float) -> Any:
        if self.bound.backend == "jax" and self.bound.dtype == "float64":
            return jnp.asarray(value)
        xp = namespace_of(self.bound.backend)
        return xp.asarray(value, dtype=getattr(xp, self.bound.dtype))

    def _counted(self, length: int) -> Any:
        """1, …, length."""
        if self.bound.backend == "jax" and self.bound.dtype == "float64":
            return jnp.arange(1.0, length + 1)
        xp = namespace_of(self.bound.backend)
        return xp.arange(1, length + 1, dtype=getattr(xp, self.bound.dtype))

    def _symbol(self, e: sp.Symbol, scope: Scope) -> NamedArray:
        if e in scope.sizes:
            return NamedArray(self._counted(self.length(e, scope)), (e,))
        if e.is_integer and e.is_positive:
            return NamedArray(self._number(float(self.bound.size(e.name))))
        return NamedArray(self.bound.arrays[e.name])

    def _indexed(self, e: sp.Indexed, scope: Scope) -> NamedArray:
        name = array_of(e)
        if isinstance(name, (LatentArray, NoiseArray)) and scope.joint is not None:
            array, leading = self._joint(name, scope.joint)
            return self._at(array, leading, e.indices, scope)
        if not isinstance(name, (LatentArray, NoiseArray)):
            return self._at(self._given(array_name(name)), (), e.indices, scope)
        latent = scope.latent
        source = None if latent is None else latent.eps
        if latent is not None and isinstance(name, LatentArray):
            source = latent.z
        if latent is None or source is None:
            raise InputError(f"{e} stands outside every expectation, so there is no z to take")
        leading = tuple(a for a in source.axes if a != latent.index)
        array = spread(source, (*leading, latent.index))
        return self._at(array, leading, e.indices, scope)

    def _given(self, name: str) -> Any:
        """A parameter, or what is observed or given, perhaps one step earlier."""
        lag = self.bound.signature.lags.get(name)
        if lag is None:
            return self.bound.arrays[name]
        sizes = self.bound.signature.arrays[lag.of]
        at = sizes.index(lag.plate.size.name)
        return earlier(self.bound.arrays[lag.of], self.bound.arrays[lag.start], at)

    def _joint(self, array: sp.IndexedBase, datum: Axes) -> tuple[Any, Axes]:
        """The values of a latent variable of a graph, or of its noise, and their leading axes."""
        points, of_noise = self._joint_points(), isinstance(array, NoiseArray)
        name = latent_of(array) if of_noise else array_name(array)
        lag = self.bound.signature.lags.get(name)
        latents = self.bound.signature.latents
        assert latents is not None
        plate, sizes = latents[name if lag is None else lag.of]
        leading = (*(datum if plate else ()), SAMPLE)
        if of_noise and name not in points.noise:
            raise InputError(f"the points have no noise of {name}: draw them first")
        if lag is None:
            return (points.noise if of_noise else points.values)[name], leading
        at = len(leading) + sizes.index(lag.plate.size.name)
        return earlier(points.values[lag.of], points.values[lag.start], at), leading

    def _joint_points(self) -> JointPoints:
        points = self.bound.noise
        if not isinstance(points, JointPoints):
            raise InputError(
                "the expression holds an expectation over a graph's latents; pass noise, a lowering.JointPoints"
            )
        return points

    def _at(
        self, array: Any, leading: Axes, indices: tuple[sp.Basic, ...], scope: Scope
    ) -> NamedArray:
        """The array with its last axes named by `indices`."""
        axes: list[sp.Symbol] = list(leading)
        for i in indices:
            if isinstance(i, sp.Integer):
                array = _picked(array, len(axes), int(i))
                continue
            symbol = bound_index(i, scope.sizes)
            if symbol is None:
                raise InputError(f"{i} is no bound index")
            if symbol != i:
                array = namespace(array).flip(array, axis=len(axes))
            axes.append(symbol)
        return named(array, tuple(axes))

    def length(self, axis: sp.Symbol, scope: Scope) -> int:
        """The number of entries along an axis."""
        if axis == SAMPLE and scope.joint is not None:
            place = str(scope.sizes[scope.joint[0]]) if scope.joint else ""
            return self._joint_points().weights[place].shape[-1]
        if axis == SAMPLE:
            return self.bound.samples
        return self.bound.size(scope.sizes[axis])

    def _power(self, e: sp.Pow, scope: Scope) -> NamedArray:
        base, exponent = args_of(e)
        if base == sp.E:
            v = self.value(exponent, scope)
            return NamedArray(namespace(v.array).exp(v.array), v.axes)
        v = self.value(base, scope)
        if isinstance(exponent, sp.Integer):
            return NamedArray(v.array ** int(exponent), v.axes)
        if isinstance(exponent, sp.Rational) and exponent.q == 2:
            return NamedArray(namespace(v.array).sqrt(v.array) ** int(exponent.p), v.axes)
        w = self.value(exponent, scope)
        axes = union([v, w])
        return NamedArray(spread(v, axes) ** spread(w, axes), axes)

    def _factors(self, e: sp.Expr, scope: Scope) -> list[NamedArray]:
        return [self.value(a, scope) for a in sp.Mul.make_args(e)]

    def _bound(self, e: Binder, scope: Scope, body: Factors) -> NamedArray:
        """A sum, data mean or expectation of what `body` gives as a list of factors."""
        if isinstance(e, sp.Sum):
            (i, _, upper), *rest = reversed(e.limits)
            one, size = arg_of(e, 0, sp.Expr), size_of(upper)
            i, one = fresh(i, sum_over(one, *reversed(rest)) if rest else one, scope)
            inner = scope.binding(i, size)
            if rest and isinstance(one, sp.Sum):
                return summed([self._bound(one, inner, body)], i, self.bound.size(size))
            return summed(body(one, inner), i, self.bound.size(size))
        if isinstance(e, DataMean):
            i, one = fresh(e.index, e.body, scope)
            size = self.bound.signature.data.get(e.index, DATA_SIZE)
            v = multiplied(body(one, scope.binding(i, size)))
            if i not in v.axes:
                return v
            at = v.axes.index(i)
            mean = namespace(v.array).mean(v.array, axis=at)
            return NamedArray(mean, v.axes[:at] + v.axes[at + 1 :])
        return self._expectation(e, scope, body)

    def _expectation(
        self, e: EncoderExpectation | NoiseExpectation, scope: Scope, body: Factors
    ) -> NamedArray:
        if not reads_latent(e.body):
            return multiplied(body(e.body, replace(scope, latent=None, joint=None)))
        if isinstance(e, (JointExpectation, JointNoiseExpectation)):
            return self._over_joint_points(e, scope, body)
        if isinstance(e, LawExpectation):
            return self._over_points(e, scope, body)
        noise = self.bound.noise
        if not isinstance(noise, Nodes):
            raise InputError("the expression holds an expectation; pass noise, e.g. cubature(H)")
        h, location, scale = e.encoder
        if h in scope.sizes:
            other = sp.Dummy(h.name, integer=True, positive=True)
            location, scale = substituted(location, {h: other}), scale.xreplace({h: other})
            h = other
        inner = replace(scope.binding(h, size_of(e.location.size)), latent=None)
        eps = NamedArray(noise.eps, (SAMPLE, h))
        if isinstance(scale, Matrix):
            step = words.applied(self._root(scale, inner), eps, h)
        else:
            step = multiplied([self.value(of_type(scale, sp.Expr), inner), eps])
        z = added([self.value(location, inner), step])
        latent = Latent((e.datum, h, location, scale), h, z, eps)
        v = multiplied(body(e.body, replace(scope, latent=latent)))
        return (
            summed([NamedArray(noise.weights, (SAMPLE,)), v], SAMPLE, 1) if SAMPLE in v.axes else v
        )

    def _points(self) -> Points:
        points = self.bound.noise
        if not isinstance(points, Points):
            raise InputError("the encoder has no location and scale; pass noise, a lowering.Points")
        return points

    def _over_joint_points(
        self, e: JointExpectation | JointNoiseExpectation, scope: Scope, body: Factors
    ) -> NamedArray:
        v = multiplied(body(e.body, replace(scope, joint=e.data)))
        sizes = [str(scope.sizes[i]) for i in e.data]
        weights = self._joint_points().weights[sizes[0] if sizes else ""]
        named_weights = NamedArray(weights, (*e.data, SAMPLE))
        return summed([named_weights, v], SAMPLE, 1) if SAMPLE in v.axes else v

    def _over_points(self, e: LawExpectation, scope: Scope, body: Factors) -> NamedArray:
        """The weighted sum over each datum's own points."""
        points = self._points()
        z = NamedArray(points.z, (e.datum, SAMPLE, _LATENTS))
        latent = Latent((e.datum, "points"), _LATENTS, z)
        v = multiplied(body(e.body, replace(scope, latent=latent)))
        weights = NamedArray(points.weights, (e.datum, SAMPLE))
        return summed([weights, v], SAMPLE, 1) if SAMPLE in v.axes else v

    def _network(self, e: NetworkValue | MatrixNetwork, scope: Scope) -> tuple[Any, Axes]:
        """All outputs of a network, over the leading axes of its inputs; the callable is mapped once."""
        if e.name in self.bound.arrays:
            return self.bound.arrays[e.name], network_axes(
                e, scope.sizes, SAMPLE, self.bound.signature.data
            )
        inputs = sp.Tuple(*e.inputs)
        key = ("network", e.name, inputs, self._context(inputs, scope))
        if key not in self.outputs:
            vectors = [self._vector(v, scope) for v in e.inputs]
            own = {i for _, i, _ in vectors}
            leading = tuple(a for a in union([v for v, _, _ in vectors]) if a not in own)
            lengths = [self.length(a, scope) for a in leading]
            flat = [spread(v, (*leading, i), (*lengths, k)).reshape((-1, k)) for v, i, k in vectors]
            out = mapped(self.bound.networks[e.name], flat)
            self.outputs[key] = out.reshape((*lengths, *out.shape[1:])), leading
        return self.outputs[key]

    def _plain_network(self, e: AppliedUndef, scope: Scope) -> NamedArray:
        """An output of a network in plain SymPy, mu__1(x[1, 1], x[1, 2]): the function of all inputs as one vector is called once."""
        name, at = plain_network(e)
        key = ("plain", name, e.args)
        if key not in self.outputs:
            read = [self.value(a, scope) for a in args_of(e)]
            xp = namespace_of(self.bound.backend)
            inputs = xp.stack([v.array for v in read])
            self.outputs[key] = mapped(self.bound.networks[name], [inputs[None]])[0], ()
        array, _ = self.outputs[key]
        if array.ndim != len(at):
            raise InputError(
                f"{name} returned shape {tuple(array.shape)}; {e} asks for {len(at)} indices"
            )
        return self._at(array, (), tuple(map(sp.Integer, at)), scope)

    def _abstract(self, e: AbstractValue, scope: Scope) -> NamedArray:
        """A function that nobody wrote down, by what stands in for it."""
        if e.vector is None:
            u = self.value(e.inside, scope)
            return NamedArray(abstract.of_number(e.name, e.order)(u.array), u.axes)
        value, i, length = self._vector(e.vector, scope)
        leading = tuple(a for a in value.axes if a != i)
        v = spread(value, (*leading, i), (*(self.length(a, scope) for a in leading), length))
        if not e.indices:
            return NamedArray(abstract.of_vector(e.name)(v), leading)
        return self._at(abstract.gradient(e.name)(v), leading, e.indices, scope)

    def _sides(self, e: Quadratic, scope: Scope) -> tuple[NamedArray, NamedArray]:
        """The two vectors, along `ROW`."""

        def along_rows(v: Vector) -> NamedArray:
            value, i, length = self._vector(v, scope)
            leading = tuple(a for a in value.axes if a != i)
            array = spread(value, (*leading, i))
            rows = namespace(array).broadcast_to(array, (*array.shape[:-1], length))
            return NamedArray(rows, (*leading, words.ROW))

        return along_rows(e.left), along_rows(e.right)

    def _quadratic_magnitude(self, e: Quadratic, scope: Scope) -> NamedArray:
        left, right = self._sides(e, scope)
        word = e.word
        if isinstance(word, Inverse):
            # v' M^-1 w is (M'^-1 v)' M (M^-1 w), whose terms show how ill-conditioned M is.
            inverse, word = self.matrix(word, scope), word.word
            left = words.applied(words.transposed(inverse), left, words.ROW)
            right = words.applied(inverse, right, words.ROW)
        size = self.matrix_magnitude(word, scope)
        sized = words.applied(size, right.absolute(), words.ROW)
        return words.dotted(left.absolute(), sized, words.ROW)

    def _vector(self, v: Vector, scope: Scope) -> tuple[NamedArray, sp.Symbol, int]:
        size = size_of(v.size)
        i, body = fresh(v.index, v.body, scope)
        return self.value(body, scope.binding(i, size)), i, self.bound.size(size)


def _picked(array: Any, axis: int, number: int) -> Any:
    """The entry of this number, counted from 1, along an axis."""
    if not 1 <= number <= array.shape[axis]:
        raise InputError(
            f"entry {number} is asked for along an axis of length {array.shape[axis]}; entries count from 1"
        )
    return array[(slice(None),) * axis + (number - 1,)]


def _amplifies_its_base(e: sp.Pow) -> bool:
    """Whether a relative error of the base counts: that of a difference under a positive power does not, which is the same wherever it is computed."""
    base, exponent = args_of(e)
    return not isinstance(base, sp.Add) or exponent.is_negative is True
