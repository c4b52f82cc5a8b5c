r"""From the language to plain SymPy at given sizes: sums written out, data means as finite averages, expectations carried out.

Indexed entries keep their names with indices from 1: $W_{dh}$ becomes ``W[1, 2]``. Networks become undefined functions of their inputs, ``mu__1`` for the first output of mu.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import mul

import sympy as sp

from entropysym.errors import InputError, integer, shown
from entropysym.language.formula import (
    arg_of,
    args_of,
    array_of,
    entry,
    inside,
    of_type,
    substituted,
)
from entropysym.language.functions import OwnFunction
from entropysym.language.heads import (
    DataMean,
    LocationScaleExpectation,
    NetworkValue,
    OtherNoiseExpectation,
    Vector,
    _Expectation,
    _Head,
)
from entropysym.language.matrices import (
    Entry,
    Inverse,
    LogDet,
    Matrix,
    MatrixLetter,
    MatrixNetwork,
    MatrixProduct,
    MatrixVariable,
    Quadratic,
    Scaled,
    Trace,
)
from entropysym.language.symbols import LATENT, NOISE, array

#: Noise points and weights that replace an expectation which is not of a polynomial.
NoisePoints = Sequence[tuple[Sequence[sp.Expr | complex], sp.Expr | complex]]


def instantiate(expression: sp.Expr, *, nodes: NoisePoints | None = None, **sizes: int) -> sp.Expr:
    r"""The expression in plain SymPy for D, H, … and N given as integers.

    Expectations of polynomials in z are exact, by the moments of $z_h=\text{location}_h+\text{scale}_h\varepsilon_h$. Others need `nodes`, pairs of a
    noise point (H numbers) and a weight: the expectation becomes the weighted sum. Raises `InputError` for a size that is missing or
    no positive integer, for an expectation that is neither, and for a head that was not spelled out.

    >>> import entropysym as es
    >>> d = es.derive(es.models.linear_vae())
    >>> instantiate(d.entropy_sum, D=3, H=2)
    -3*log(sigma) + log(tau[1]) + log(tau[2]) - 3*log(2*E*pi)/2
    """
    sizes = {name: integer(f"the size {name}", value) for name, value in sizes.items()}
    return _Concrete(sizes, nodes).of(expression, {})


_Indices = dict[sp.Symbol, sp.Integer]  # bound index -> its value
_Latents = tuple[sp.Expr, ...]  # the values of the latents inside an expectation


class _Concrete:
    def __init__(self, sizes: dict[str, int], nodes: NoisePoints | None) -> None:
        self.sizes, self.nodes = sizes, nodes

    def size(self, name: str) -> int:
        if name not in self.sizes:
            raise InputError(f"the size {name} is needed: pass {name}=… as an integer")
        return self.sizes[name]

    def cases(self, at: _Indices, index: sp.Symbol, size: str) -> list[_Indices]:
        """The values of the bound indices, for each value of one more."""
        return [{**at, index: sp.Integer(k)} for k in range(1, self.size(size) + 1)]

    def of(self, e: sp.Expr, at: _Indices, latents: _Latents | None = None) -> sp.Expr:
        def sub(inner: sp.Expr) -> sp.Expr:
            return self.of(inner, at, latents)

        if isinstance(e, sp.Symbol):
            if e in at:
                return at[e]
            return sp.Integer(self.sizes[e.name]) if e.name in self.sizes and e.is_integer else e
        if isinstance(e, sp.Indexed):
            indices = [sub(i) for i in args_of(e, after=1)]
            if array_of(e) == LATENT and latents is not None:
                return latents[int(indices[0]) - 1]
            return entry(array_of(e), *indices)
        if isinstance(e, sp.Sum):
            return self.sum(e, at, latents)
        if isinstance(e, DataMean):
            averaged = (self.of(e.body, case, latents) for case in self.cases(at, e.index, "N"))
            return sp.Add(*averaged) / self.size("N")
        if isinstance(e, _Expectation):
            return self.expectation(e, at)
        if isinstance(e, NetworkValue):
            name = "__".join([e.name, *(str(sub(i)) for i in e.indices)])
            return self.network(name, e.inputs, at, latents, **e.label.assumptions0)
        if isinstance(e, Entry):
            i, j = (int(sub(k)) - 1 for k in e.indices)
            return self.matrix(e.word, at, latents)[i, j]
        if isinstance(e, (LogDet, Trace, Quadratic)):
            return self.of_matrix(e, at, latents)
        if isinstance(e, OwnFunction):
            inner = e.func(sub(inside(e)))
            return inner.written_out() if isinstance(inner, OwnFunction) else inner
        if isinstance(e, _Head):
            raise InputError(f"{e} is not spelled out; instantiate d.elbo, d.gap or d.entropy_sum")
        return e.func(*map(sub, args_of(e))) if e.args else e

    def sum(self, e: sp.Sum, at: _Indices, latents: _Latents | None) -> sp.Expr:
        cases = [at]
        for index, _, size in e.limits:
            cases = [further for case in cases for further in self.cases(case, index, str(size))]
        return sp.Add(*(self.of(arg_of(e, 0, sp.Expr), case, latents) for case in cases))

    def network(
        self,
        name: str,
        inputs: tuple[Vector, ...],
        at: _Indices,
        latents: _Latents | None,
        **range_: bool,
    ) -> sp.Expr:
        """An undefined function of every entry of the inputs."""
        read = (x for v in inputs for x in self.vector(v, at, latents))
        return of_type(sp.Function(name, **range_)(*read), sp.Expr)

    def vector(self, v: Vector, at: _Indices, latents: _Latents | None) -> list[sp.Expr]:
        return [self.of(v.body, case, latents) for case in self.cases(at, v.index, str(v.size))]

    def of_matrix(
        self, e: LogDet | Trace | Quadratic, at: _Indices, latents: _Latents | None
    ) -> sp.Expr:
        word = self.matrix(e.word, at, latents)
        if isinstance(e, LogDet):
            return sp.log(word.det())
        if isinstance(e, Trace):
            return of_type(word.trace(), sp.Expr)
        left, right = (sp.Matrix(self.vector(v, at, latents)) for v in (e.left, e.right))
        return (left.T * word * right)[0, 0]

    def matrix(self, word: Matrix, at: _Indices, latents: _Latents | None) -> sp.MatrixBase:
        if isinstance(word, MatrixLetter):
            return self.letter(word, at, latents)
        if isinstance(word, Scaled):
            return self.matrix(word.word, at, latents) * self.of(word.scalar, at, latents)
        if isinstance(word, MatrixProduct):
            first, *others = (self.matrix(w, at, latents) for w in word.words)
            return reduce(mul, others, first)
        if isinstance(word, Inverse):
            return self.matrix(word.word, at, latents).inv()
        return self.matrix(arg_of(word, 0, Matrix), at, latents).T

    def letter(self, word: MatrixLetter, at: _Indices, latents: _Latents | None) -> sp.MatrixBase:
        size = self.size(str(word.size))

        def entry_at(i: int, j: int) -> sp.Expr:
            if word.kind == "posdef":
                i, j = max(i, j), min(i, j)
            elif j > i:
                return sp.S.Zero
            if isinstance(word, MatrixVariable):
                indices = (self.of(of_type(k, sp.Expr), at, latents) for k in word.indices)
                return entry(word.array, *indices, i + 1, j + 1)
            if isinstance(word, MatrixNetwork):
                name = f"{word.name}__{i + 1}__{j + 1}"
                return self.network(name, word.inputs, at, latents, real=True)
            return entry(array(word.name), i + 1, j + 1)

        return sp.Matrix(size, size, entry_at)

    def expectation(self, e: _Expectation, at: _Indices) -> sp.Expr:
        if len(e.args) < 3 or not isinstance(e.args[2], Vector):
            raise InputError(
                f"{shown(str(e))} is over a law that carries no location and scale: only lower() evaluates it, at points"
            )
        size = self.size(str(e.location.size))
        eps = [entry(NOISE, k) for k in range(1, size + 1)]
        body = self.of(e.body, at, tuple(self.drawn(e, at, eps)))
        if self.nodes is not None:
            weighted = (
                weight * substituted(body, dict(zip(eps, map(sp.sympify, point), strict=True)))
                for point, weight in self.nodes
            )
            return sp.Add(*weighted)
        body = of_type(sp.expand(body, power_base=False, log=False), sp.Expr)
        if isinstance(e, (LocationScaleExpectation, OtherNoiseExpectation)) and body.has(NOISE):
            raise InputError(
                f"the noise of {shown(str(e.body))} is not standard normal; pass nodes=[(noise point, weight), …]"
            )
        if not body.is_polynomial(*eps):
            raise InputError(
                f"the expectation of {shown(str(e.body))} is not one of a polynomial in z; pass nodes=[(noise point, weight), …]"
            )
        terms = sp.Poly(body, *eps).terms()
        return sp.Add(*(c * math.prod(map(_moment, powers)) for powers, c in terms))

    def drawn(self, e: _Expectation, at: _Indices, eps: list[sp.Indexed]) -> list[sp.Expr]:
        """The latents as location + scale * noise; a covariance is that of its Cholesky factor times the noise."""
        h, location, scale = e.encoder
        cases = self.cases(at, h, str(e.location.size))
        centre = [self.of(location, case) for case in cases]
        if isinstance(scale, Matrix):
            spread = self.matrix(scale, at, None).cholesky(hermitian=False) * sp.Matrix(eps)
            return [c + s for c, s in zip(centre, spread, strict=True)]
        scales = (self.of(of_type(scale, sp.Expr), case) for case in cases)
        return [c + s * x for c, s, x in zip(centre, scales, eps, strict=True)]


def _moment(k: int) -> int:
    r"""$\mathbb E\varepsilon^k$ of a standard normal: 0 for odd k, $(k-1)!!$ for even k."""
    return 0 if k % 2 else int(sp.factorial2(k - 1)) if k else 1
