"""Expressions as Python code on arrays whose axes are named by index symbols: what `source` puts together."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.algebra import reads_latent
from entropysym.language.formula import arg_of, args_of, array_name, array_of, of_type, sum_over
from entropysym.language.functions import argument_of, row_of
from entropysym.language.heads import (
    AbstractValue,
    DataMean,
    Entropy,
    JointExpectation,
    JointNoiseExpectation,
    LawExpectation,
    NetworkValue,
    Vector,
    _Expectation,
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
from entropysym.language.symbols import LAG, LatentArray, NoiseArray, latent_of
from entropysym.lowering.axes import SAMPLE
from entropysym.lowering.scope import Scope, fresh
from entropysym.lowering.signature import DATA_SIZE, Signature, Size, Sizes, bound_index, size_of
from entropysym.lowering.words import COLUMN, ROW

Axes = tuple[sp.Symbol, ...]

#: How tightly a text binds: a sum, a product, a name or a call.
SUM, PRODUCT, ATOM = 0, 1, 2


@dataclass(frozen=True)
class Code:
    """The text of an expression, its axes, and how tightly it binds."""

    text: str
    axes: Axes = ()
    level: int = ATOM

    def within(self, level: int) -> str:
        """The text as part of something that binds so tightly."""
        return self.text if self.level >= level else f"({self.text})"


#: Functions of one number; {u} is the argument, {np} the library.
_FUNCTIONS: Mapping[str, str] = {
    "softplus": "{np}.logaddexp(0.0, {u})",
    "sigmoid": "special.expit({u})",
    "loggamma": "special.gammaln({u})",
    "digamma": "special.digamma({u})",
    "trigamma": "special.polygamma(1, {u})",
    "logbessel": "({np}.log(special.i0e({u})) + {np}.abs({u}))",
    "besselratio": "(special.i1e({u}) / special.i0e({u}))",
    "logsinhc": "log_sinhc({u})",
    "langevin": "langevin({u})",
    "erf": "special.erf({u})",
    "erfc": "special.erfc({u})",
    "sin": "{np}.sin({u})",
    "cos": "{np}.cos({u})",
    "asinh": "{np}.arcsinh({u})",
    "iszero": "{np}.where({u} == 0, 1.0, 0.0)",
    "isabove": "{np}.where({u} > 0, 1.0, 0.0)",
}
_OWN = {sp.log: "log", sp.exp: "exp", sp.Abs: "abs", sp.tanh: "tanh"}


#: Names that generated code has itself.
_USED = frozenset({"np", "jnp", "special", "at_each", "earlier", "log_sinhc", "langevin", "value"})


def spelled(name: str) -> str:
    """A name as Python can have it: `lambda_` for lambda."""
    return f"{name}_" if keyword.iskeyword(name) or name in _USED else name


def union(codes: Sequence[Code]) -> Axes:
    return tuple(dict.fromkeys(a for c in codes for a in c.axes))


def aligned(code: Code, axes: Axes) -> Code:
    """The code with its axes in this order, so that it broadcasts against what has all of them."""
    present = [a for a in axes if a in code.axes]
    missing = sorted(str(a) for a in code.axes if a not in axes)
    if missing:
        raise InputError(f"{missing[0]} is bound by nothing; sum over it or pass its plate")
    order = [code.axes.index(a) for a in present]
    text, level = code.text, code.level
    if order != sorted(order):
        text = (
            f"{code.within(ATOM)}.T"
            if len(order) == 2
            else f"{code.within(ATOM)}.transpose({', '.join(map(str, order))})"
        )
        level = ATOM
    first = next((k for k, a in enumerate(axes) if a in code.axes), len(axes))
    at = [":" if a in code.axes else "None" for a in axes[first:]]
    if "None" in at:
        base = text if level == ATOM else f"({text})"
        text, level = f"{base}[{', '.join(at)}]", ATOM
    return Code(text, tuple(present), level)


@dataclass(frozen=True)
class _Latent:
    """The z in scope: its code, the axis of its entries, and the code of its noise."""

    z: Code
    index: sp.Symbol
    eps: Code | None


class Writer:
    """Code for one expression: the lines that come before it, and the sizes that it needs."""

    def __init__(self, wanted: Signature, np: str) -> None:
        self.wanted, self.np = wanted, np
        self.lines: list[str] = []
        self.sizes: dict[str, str] = {}
        self.asked: list[str] = []
        self.uses_noise = False
        self.latent: _Latent | None = None
        self.joint: Axes | None = None
        self.named: dict[object, Code] = {}
        self.taken = {*wanted.arrays, *wanted.networks, *wanted.sizes, np, "special", "noise"}

    # Sizes

    def size(self, size: Size) -> str:
        """The text of a size; a symbol is read off the shape of an array at the beginning."""
        if isinstance(size, int):
            return str(size)
        if size not in self.sizes:
            self.sizes[size] = ""
            self.sizes[size] = self._told(size)
        return size

    def _told(self, size: str) -> str:
        for name, lengths in self.wanted.arrays.items():
            if size in lengths:
                return f"{size} = {spelled(name)}.shape[{lengths.index(size)}]"
        noise = self._told_by_noise(size)
        if noise:
            return noise
        for name, (inputs, outputs) in self.wanted.networks.items():
            if size in outputs and size not in inputs:
                zeros = ", ".join(f"{self.np}.zeros({self.size(i)})" for i in inputs)
                return f"{size} = {self.np}.shape({spelled(name)}({zeros}))[{outputs.index(size)}]"
        self.asked.append(size)
        return ""

    def _told_by_noise(self, size: str) -> str:
        if self.wanted.latents is not None:
            for name, (plate, sizes) in self.wanted.latents.items():
                at = ((plate, "S") if plate else ("S",)) + tuple(map(str, sizes))
                if size in at and self.wanted.reads_points:
                    self.uses_noise = True
                    return f"{size} = noise.values[{name!r}].shape[{at.index(size)}]"
            return ""
        if self.wanted.noise == size:
            self.uses_noise = True
            return f"{size} = noise.{'z' if self.wanted.weighted else 'eps'}.shape[-1]"
        if self.wanted.weighted and self.wanted.noise and size == DATA_SIZE:
            self.uses_noise = True
            return f"{size} = noise.weights.shape[0]"
        return ""

    def size_lines(self) -> list[str]:
        lines = [line for line in self.sizes.values() if line]
        # What a network tells comes after the sizes of what it reads.
        return sorted(lines, key=lambda line: "zeros(" in line)

    # Numbers

    def code(self, e: sp.Expr, sizes: Sizes) -> Code:
        """The code of an expression."""
        if isinstance(e, sp.Add):
            return self._sum([self.code(a, sizes) for a in args_of(e)])
        if isinstance(e, (sp.Mul, sp.Rational)):
            return self._product(e, sizes)
        if isinstance(e, sp.NumberSymbol):
            return Code({sp.pi: f"{self.np}.pi", sp.E: f"{self.np}.e"}.get(e, repr(float(e))))
        if isinstance(e, sp.Float):
            return Code(repr(float(e)), level=ATOM if e >= 0 else SUM)
        if isinstance(e, sp.Pow):
            return self._power(e, sizes)
        if isinstance(e, sp.Symbol):
            return self._symbol(e, sizes)
        if isinstance(e, sp.Indexed):
            return self._indexed(e, sizes)
        if isinstance(e, sp.Sum):
            return self._over_sum(e, sizes)
        if isinstance(e, DataMean):
            return self._mean(e, sizes)
        if isinstance(e, _Expectation):
            return self._expectation(e, sizes)
        if isinstance(e, NetworkValue):
            return self._at(self._network(e, sizes), e.indices, sizes)
        if isinstance(e, Entropy):
            return self._entropy(e)
        if isinstance(e, (LogDet, Trace, Entry, Quadratic)):
            return self._of_matrix(e, sizes)
        return self._function(e, sizes)

    def _sum(self, codes: Sequence[Code]) -> Code:
        axes = union(codes)
        texts = [aligned(c, axes).text for c in codes]
        signed = [texts[0], *(f"- {t[1:]}" if t.startswith("-") else f"+ {t}" for t in texts[1:])]
        return Code(" ".join(signed), axes, SUM)

    def _product(self, e: sp.Expr, sizes: Sizes) -> Code:
        number, rest = e.as_coeff_Mul()
        above, below = [], []
        for f in sp.Mul.make_args(rest) if rest != 1 else ():
            base, power = f.as_base_exp()
            inverse = (
                isinstance(f, sp.Pow) and power.is_Rational and power.is_negative and base != sp.E
            )
            (below if inverse else above).append(1 / f if inverse else f)
        tops, downs = (
            [self.code(of_type(f, sp.Expr), sizes) for f in part] for part in (above, below)
        )
        return self._of_factors(sp.Rational(number) if number.is_Rational else number, tops, downs)

    def _of_factors(self, number: Any, tops: Sequence[Code], downs: Sequence[Code]) -> Code:
        axes = union([*tops, *downs])
        sign = "-" if number < 0 else ""
        size = abs(number)
        numerator, denominator = (size.p, size.q) if isinstance(size, sp.Rational) else (size, 1)
        first = [str(numerator)] if numerator != 1 or not tops else []
        texts = [*first, *(aligned(c, axes).within(PRODUCT) for c in tops)]
        under = [
            *([str(denominator)] if denominator != 1 else []),
            *(aligned(c, axes).within(ATOM) for c in downs),
        ]
        text = sign + " * ".join(texts) + "".join(f" / {u}" for u in under)
        alone = len(texts) == 1 and not under
        one = max(tops[0].level, ATOM if tops[0].level == SUM else SUM) if alone and tops else ATOM
        level = SUM if sign else one if alone else PRODUCT
        return Code(text, axes, level)

    def _power(self, e: sp.Pow, sizes: Sizes) -> Code:
        base, exponent = args_of(e)
        if base == sp.E:
            inner = self.code(exponent, sizes)
            return Code(f"{self.np}.exp({inner.text})", inner.axes)
        if exponent.is_Rational and exponent.is_negative:
            return self._of_factors(sp.S.One, [], [self.code(1 / e, sizes)])
        b = self.code(base, sizes)
        if exponent == sp.Rational(1, 2):
            return Code(f"{self.np}.sqrt({b.text})", b.axes)
        if isinstance(exponent, sp.Integer):
            return Code(f"{b.within(ATOM)}**{int(exponent)}", b.axes, PRODUCT)
        x = self.code(exponent, sizes)
        axes = union([b, x])
        return Code(f"{aligned(b, axes).within(ATOM)} ** ({aligned(x, axes).text})", axes, PRODUCT)

    def _function(self, e: sp.Expr, sizes: Sizes) -> Code:
        row = row_of(e)
        own = _OWN.get(type(e))
        if row is None and own is None:
            kind = (
                "a function that nobody wrote down"
                if isinstance(e, AbstractValue)
                else type(e).__name__
            )
            raise InputError(f"no code for {shown(str(e))} ({kind})")
        inner = self.code(argument_of(e), sizes)
        if row is None:
            return Code(f"{self.np}.{own}({inner.text})", inner.axes)
        text = (
            inner.within(ATOM)
            if "==" in _FUNCTIONS[row.head] or ">" in _FUNCTIONS[row.head]
            else inner.text
        )
        return Code(_FUNCTIONS[row.head].format(np=self.np, u=text), inner.axes)

    # Names

    def _symbol(self, e: sp.Symbol, sizes: Sizes) -> Code:
        if e in sizes:
            return Code(f"{self.np}.arange(1, {self.size(sizes[e])} + 1)", (e,))
        if e.is_integer and e.is_positive:
            return Code(self.size(e.name))
        return Code(spelled(e.name))

    def _indexed(self, e: sp.Indexed, sizes: Sizes) -> Code:
        array = array_of(e)
        if isinstance(array, (LatentArray, NoiseArray)):
            return self._at(self._drawn(e, array), e.indices, sizes)
        return self._at(Code(self._given(array_name(array))), e.indices, sizes)

    def _given(self, name: str) -> str:
        lag = self.wanted.lags.get(name)
        if lag is None:
            return spelled(name.removesuffix(LAG))
        at = self.wanted.arrays[lag.of].index(lag.plate.size.name)
        return f"earlier({spelled(lag.of)}, {spelled(lag.start)}, {at})"

    def _drawn(self, e: sp.Basic, array: sp.IndexedBase) -> Code:
        """The values of a latent, or of its noise, with their leading axes."""
        noisy = isinstance(array, NoiseArray)
        if self.joint is not None:
            return self._jointly(array, noisy, self.joint)
        source = None if self.latent is None else self.latent.eps if noisy else self.latent.z
        if source is None or self.latent is None:
            raise InputError(f"{e} stands outside every expectation, so there is no z to take")
        leading = tuple(a for a in source.axes if a != self.latent.index)
        return Code(aligned(source, (*leading, self.latent.index)).within(ATOM), leading)

    def _jointly(self, array: sp.IndexedBase, noisy: bool, datum: Axes) -> Code:
        name = latent_of(array) if noisy else array_name(array)
        lag, latents = self.wanted.lags.get(name), self.wanted.latents
        assert latents is not None
        self.uses_noise = True
        of = name if lag is None else lag.of
        plate, sizes = latents[of]
        leading = (*(datum if plate else ()), SAMPLE)
        kind = "noise" if noisy else "values"
        if lag is None:
            return Code(f"noise.{kind}[{name!r}]", leading)
        at = len(leading) + list(map(str, sizes)).index(lag.plate.size.name)
        return Code(
            f"earlier(noise.values[{lag.of!r}], noise.values[{lag.start!r}], {at})", leading
        )

    def _at(self, array: Code, indices: Sequence[sp.Basic], sizes: Sizes) -> Code:
        """An array with its last axes named by indices; one that occurs twice picks the diagonal."""
        text, axes = array.within(ATOM), list(array.axes)
        for i in indices:
            if isinstance(i, sp.Integer):
                before = ", ".join([":"] * len(axes) + [str(int(i) - 1)])
                text = f"{text}[{before}]"
                continue
            symbol = bound_index(i, sizes)
            if symbol is None:
                raise InputError(f"{i} is no bound index")
            if symbol != i:
                text = f"{self.np}.flip({text}, {len(axes)})"
            axes.append(symbol)
        kept = tuple(dict.fromkeys(axes))
        if len(kept) < len(axes):
            inside = "".join(_LETTERS[kept.index(a)] for a in axes)
            text = f'{self.np}.einsum("{inside}->{_LETTERS[: len(kept)]}", {text})'
        return Code(text, kept)

    def _variable(self, key: object, name: str, make: Callable[[], Code]) -> Code:
        """A line of its own for what is used more than once."""
        if key not in self.named:
            made = make()
            label, k = name, 2
            while label in self.taken:
                label, k = f"{name}_{k}", k + 1
            self.taken.add(label)
            self.lines.append(f"{label} = {made.text}")
            self.named[key] = Code(label, made.axes)
        return self.named[key]

    # Binders

    def _over_sum(self, e: sp.Sum, sizes: Sizes) -> Code:
        (i, _, upper), *rest = reversed(e.limits)
        one, size = arg_of(e, 0, sp.Expr), size_of(upper)
        i, one = fresh(i, sum_over(one, *reversed(rest)) if rest else one, Scope(sizes))
        inner = {**sizes, i: size}
        factors = [self.code(of_type(f, sp.Expr), inner) for f in sp.Mul.make_args(one)]
        if not any(i in f.axes for f in factors):
            return self._of_factors(sp.S.One, [Code(self.size(size)), *factors], [])
        axes = union(factors)
        over = [f for f in factors if i in f.axes]
        if len(over) > 1 and not any(len(f.axes) == len(axes) for f in factors):
            return self._contracted(factors, i)
        return self._reduced("sum", self.code(one, inner), i)

    def _contracted(self, factors: Sequence[Code], i: sp.Symbol) -> Code:
        over = [f for f in factors if i in f.axes]
        rest = [f for f in factors if i not in f.axes]
        axes = union(over)
        kept = tuple(a for a in axes if a != i)
        letters = {a: _LETTERS[k] for k, a in enumerate(axes)}
        spelled = ",".join("".join(letters[a] for a in f.axes) for f in over)
        out = "".join(letters[a] for a in kept)
        text = f'{self.np}.einsum("{spelled}->{out}", {", ".join(f.text for f in over)})'
        total = Code(text, kept)
        return self._of_factors(sp.S.One, [*rest, total], []) if rest else total

    def _reduced(self, how: str, body: Code, i: sp.Symbol) -> Code:
        at = body.axes.index(i)
        kept = body.axes[:at] + body.axes[at + 1 :]
        axis = f", axis={at}" if kept else ""
        return Code(f"{self.np}.{how}({body.text}{axis})", kept)

    def _mean(self, e: DataMean, sizes: Sizes) -> Code:
        i, one = fresh(e.index, e.body, Scope(sizes))
        body = self.code(one, {**sizes, i: self.wanted.data.get(e.index, DATA_SIZE)})
        return self._reduced("mean", body, i) if i in body.axes else body

    def _expectation(self, e: _Expectation, sizes: Sizes) -> Code:
        outer = self.latent, self.joint
        if not reads_latent(e.body):
            self.latent = self.joint = None
            body = self.code(e.body, sizes)
            self.latent, self.joint = outer
            return body
        self.uses_noise = True
        if isinstance(e, (JointExpectation, JointNoiseExpectation)):
            place = str(sizes[e.data[0]]) if e.data else ""
            weights = Code(f"noise.weights[{place!r}]", (*e.data, SAMPLE))
            self.joint = e.data
        elif isinstance(e, LawExpectation):
            weights = Code("noise.weights", (e.datum, SAMPLE))
            self.latent = _Latent(Code("noise.z", (e.datum, SAMPLE, _LATENTS)), _LATENTS, None)
        else:
            weights, self.latent = Code("noise.weights", (SAMPLE,)), self._located(e, sizes)
        body = self.code(e.body, sizes)
        self.latent, self.joint = outer
        if SAMPLE not in body.axes:
            return body
        return self._reduced("sum", self._of_factors(sp.S.One, [body, weights], []), SAMPLE)

    def _located(self, e: _Expectation, sizes: Sizes) -> _Latent:
        """z = location + scale * eps, on a line of its own."""
        h, location, scale = e.encoder
        if h in sizes:
            raise InputError(f"the index {h} of the latent is bound around {shown(str(e))}")
        inner = {**sizes, h: size_of(e.location.size)}
        eps = Code("noise.eps", (SAMPLE, h))
        outer, self.latent = self.latent, None

        def drawn() -> Code:
            if isinstance(scale, Matrix):
                root = Code(
                    f"{self.np}.linalg.cholesky({self.matrix(scale, inner).text})",
                    (*self.matrix(scale, inner).axes, h, ROW),
                )
                step = self._contracted([root, Code("noise.eps", (SAMPLE, ROW))], ROW)
            else:
                step = self._of_factors(
                    sp.S.One, [self.code(of_type(scale, sp.Expr), inner), eps], []
                )
            found = self._sum([self.code(location, inner), step])
            order = (*(a for a in found.axes if a not in (SAMPLE, h)), SAMPLE, h)
            return aligned(found, order)

        z = self._variable(("z", e.law), "z", drawn)
        self.latent = outer
        return _Latent(z, h, eps)

    def _entropy(self, e: Entropy) -> Code:
        self.uses_noise = True
        if e.law:
            return Code(f"noise.entropies[{e.role!r}]", e.datum)
        return Code("noise.entropy", e.datum)

    # Networks

    def _network(self, e: NetworkValue | MatrixNetwork, sizes: Sizes) -> Code:
        """All outputs of a network, over the leading axes of its inputs."""
        vectors = []
        for v in e.inputs:
            i, body = fresh(v.index, v.body, Scope(sizes))
            vectors.append((self._vector(v, i, body, sizes), i))
        leading = tuple(dict.fromkeys(a for c, i in vectors for a in c.axes if a != i))
        texts = [aligned(c, (*leading, i)).text for c, i in vectors]
        key = (e.name, tuple(texts), leading)
        if not leading:
            return self._variable(
                key, f"{e.name}_value", lambda: Code(f"{spelled(e.name)}({', '.join(texts)})")
            )
        call = f"at_each({spelled(e.name)}, {', '.join(texts)})"
        return self._variable(key, f"{e.name}_values", lambda: Code(call, leading))

    def _vector(self, v: Vector, i: sp.Symbol, body: sp.Expr, sizes: Sizes) -> Code:
        """The vector along its index, of its full length."""
        size = size_of(v.size)
        found = self.code(body, {**sizes, i: size})
        if i in found.axes:
            return found
        ones = Code(f"{self.np}.ones({self.size(size)})", (i,))
        return self._of_factors(sp.S.One, [found, ones], [])

    # Matrices

    def matrix(self, e: Matrix, sizes: Sizes) -> Code:
        """A word, with rows and columns as two last axes that have no name."""
        np = self.np
        if isinstance(e, MatrixNetwork):
            return self._network(e, sizes)
        if isinstance(e, MatrixVariable):
            return self._matrix_variable(e, sizes)
        if isinstance(e, MatrixLetter):
            return Code(spelled(e.name))
        if isinstance(e, Scaled):
            word, scalar = self.matrix(e.word, sizes), self.code(e.scalar, sizes)
            axes = union([scalar, word])
            left = aligned(
                Code(f"{scalar.within(ATOM)}[..., None, None]", (*scalar.axes, ROW, COLUMN))
                if scalar.axes
                else scalar,
                (*axes, ROW, COLUMN),
            )
            right = aligned(
                Code(word.within(ATOM), (*word.axes, ROW, COLUMN)), (*axes, ROW, COLUMN)
            )
            return Code(f"{left.within(PRODUCT)} * {right.within(PRODUCT)}", axes, PRODUCT)
        if isinstance(e, Inverse):
            word = self.matrix(e.word, sizes)
            return Code(f"{np}.linalg.inv({word.text})", word.axes)
        if isinstance(e, Transposed):
            word = self.matrix(e.word, sizes)
            return Code(f"{np}.swapaxes({word.text}, -1, -2)", word.axes)
        words = [self.matrix(w, sizes) for w in args_of(e, Matrix)]
        axes = union(words)
        texts = [
            aligned(Code(w.within(ATOM), (*w.axes, ROW, COLUMN)), (*axes, ROW, COLUMN)).text
            for w in words
        ]
        return Code(" @ ".join(texts), axes, PRODUCT)

    def _matrix_variable(self, e: MatrixVariable, sizes: Sizes) -> Code:
        if isinstance(e.array, (LatentArray, NoiseArray)):
            found = self._drawn(e, e.array)
        else:
            found = Code(self._given(array_name(e.array)))
        return self._at(found, e.indices, sizes)

    def _of_matrix(self, e: LogDet | Trace | Entry | Quadratic, sizes: Sizes) -> Code:
        np, word = self.np, self.matrix(e.word, sizes)
        if isinstance(e, LogDet):
            return Code(f"{np}.linalg.slogdet({word.text})[1]", word.axes)
        if isinstance(e, Trace):
            return Code(f"{np}.trace({word.text}, axis1=-2, axis2=-1)", word.axes)
        if isinstance(e, Entry):
            return self._at(Code(word.within(ATOM), word.axes), e.indices, sizes)
        sides = []
        for v, axis in ((e.left, ROW), (e.right, COLUMN)):
            i, body = fresh(v.index, v.body, Scope(sizes))
            found = self._vector(v, i, body, sizes)
            sides.append(Code(found.text, tuple(axis if a == i else a for a in found.axes)))
        middle = Code(word.text, (*word.axes, ROW, COLUMN))
        axes = union([sides[0], middle, sides[1]])
        letters = {a: _LETTERS[k] for k, a in enumerate(axes)}
        parts = (sides[0], middle, sides[1])
        spelled = ",".join("".join(letters[a] for a in p.axes) for p in parts)
        kept = tuple(a for a in axes if a not in (ROW, COLUMN))
        out = "".join(letters[a] for a in kept)
        return Code(f'{np}.einsum("{spelled}->{out}", {", ".join(p.text for p in parts)})', kept)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LATENTS = sp.Dummy("h", integer=True, positive=True)
