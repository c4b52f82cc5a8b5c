r"""From the language to plain SymPy at given sizes: sums written out, data means as finite averages, expectations carried out.

Indexed entries keep their names with indices from 1: $W_{dh}$ becomes ``W[1, 2]``. Networks become undefined functions of their inputs, ``mu__1`` for the first output of mu.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import (
    DataMean,
    LocationScaleExpectation,
    NetworkValue,
    OtherNoiseExpectation,
    _Expectation,
    _Head,
)
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
from entropysym.language.symbols import LATENT, NOISE

#: Noise points and weights that replace an expectation which is not of a polynomial.
Nodes = Sequence[tuple[Sequence[Any], Any]]


def instantiate(expression: sp.Expr, *, nodes: Nodes | None = None, **sizes: int) -> sp.Expr:
    r"""The expression in plain SymPy for D, H, … and N given as integers.

    Expectations of polynomials in z are exact, by the moments of $z_h=\text{location}_h+\text{scale}_h\varepsilon_h$. Others need `nodes`, pairs of a
    noise point (H numbers) and a weight: the expectation becomes the weighted sum. Raises `InputError` for a size that is missing or
    no positive integer, for an expectation that is neither, and for a head that was not spelled out.

    >>> import entropysym as es
    >>> d = es.derive(es.models.linear_vae())
    >>> instantiate(d.entropy_sum, D=3, H=2)
    -3*log(sigma) + log(tau[1]) + log(tau[2]) - 3*log(2*E*pi)/2
    """
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"the size {name} is {shown(value)}; pass an integer ≥ 1")
    return _Concrete(sizes, nodes).of(expression, {})


Values = dict[sp.Basic, sp.Basic]  # bound index -> integer; LATENT -> tuple of the latents' values


class _Concrete:
    def __init__(self, sizes: dict[str, int], nodes: Nodes | None) -> None:
        self.sizes, self.nodes = sizes, nodes

    def size(self, symbol: sp.Basic) -> int:
        name = str(symbol)
        if name not in self.sizes:
            raise InputError(f"the size {name} is needed: pass {name}=… as an integer")
        return self.sizes[name]

    def of(self, e: sp.Basic, at: Values, latents: tuple[sp.Expr, ...] | None = None) -> Any:
        def sub(inner: sp.Basic) -> Any:
            return self.of(inner, at, latents)

        if isinstance(e, sp.Symbol):
            if e in at:
                return at[e]
            return sp.Integer(self.sizes[e.name]) if e.name in self.sizes and e.is_integer else e
        if isinstance(e, sp.Indexed):
            indices = [sub(i) for i in e.indices]
            if e.base == LATENT and latents is not None:
                return latents[int(indices[0]) - 1]
            return e.base[indices]
        if isinstance(e, sp.Sum):
            ranges = [range(1, self.size(limit[2]) + 1) for limit in e.limits]
            names = [limit[0] for limit in e.limits]
            cases = (dict(zip(names, map(sp.Integer, k), strict=True)) for k in product(*ranges))
            return sp.Add(*(self.of(e.function, {**at, **case}, latents) for case in cases))
        if isinstance(e, DataMean):
            N = self.size("N")
            cases = ({**at, e.args[1]: sp.Integer(k)} for k in range(1, N + 1))
            return sp.Add(*(self.of(e.body, case, latents) for case in cases)) / N
        if isinstance(e, _Expectation):
            return self.expectation(e, at)
        if isinstance(e, NetworkValue):
            name = "__".join([e.name, *(str(sub(i)) for i in e.indices)])
            inputs = [x for v in e.inputs for x in self.vector(v, at, latents)]
            return sp.Function(name, **e.args[0].assumptions0)(*inputs)
        if isinstance(e, LogDet):
            return sp.log(self.matrix(e.args[0], at, latents).det())
        if isinstance(e, Trace):
            return self.matrix(e.args[0], at, latents).trace()
        if isinstance(e, Quadratic):
            left, word, right = e.args
            u, v = (sp.Matrix(self.vector(w, at, latents)) for w in (left, right))
            return (u.T * self.matrix(word, at, latents) * v)[0, 0]
        if isinstance(e, Softplus):
            return sp.log(1 + sp.exp(sub(e.args[0])))
        if isinstance(e, Sigmoid):
            return 1 / (1 + sp.exp(-sub(e.args[0])))
        if isinstance(e, _Head):
            raise InputError(f"{e} is not spelled out; instantiate d.elbo, d.gap or d.entropy_sum")
        return e.func(*(sub(a) for a in e.args)) if e.args else e

    def vector(self, v: sp.Basic, at: Values, latents: Any) -> list[sp.Expr]:
        body, index, size = v.args
        cases = ({**at, index: sp.Integer(k)} for k in range(1, self.size(size) + 1))
        return [self.of(body, case, latents) for case in cases]

    def matrix(self, word: Matrix, at: Values, latents: Any) -> sp.Matrix:
        if isinstance(word, MatrixLetter):
            return self.letter(word, at, latents)
        if isinstance(word, Scaled):
            scalar, inner = word.args
            return self.of(scalar, at, latents) * self.matrix(inner, at, latents)
        inner = [self.matrix(a, at, latents) for a in word.args]
        if isinstance(word, MatrixProduct):
            return sp.prod(inner[1:], start=inner[0])
        return inner[0].inv() if isinstance(word, Inverse) else inner[0].T

    def letter(self, word: MatrixLetter, at: Values, latents: Any) -> sp.Matrix:
        size = self.size(word.size)
        inputs = None
        if isinstance(word, MatrixNetwork):
            inputs = [x for v in word.inputs for x in self.vector(v, at, latents)]

        def entry(i: int, j: int) -> sp.Expr:
            if word.kind == "posdef":
                i, j = max(i, j), min(i, j)
            elif j > i:
                return sp.S.Zero
            if inputs is None:
                return sp.IndexedBase(word.name, real=True)[i + 1, j + 1]
            return sp.Function(f"{word.name}__{i + 1}__{j + 1}", real=True)(*inputs)

        return sp.Matrix(size, size, entry)

    def expectation(self, e: _Expectation, at: Values) -> sp.Expr:
        h, location, scale = e.encoder
        size = self._latent_size(e)
        cases = [{**at, h: sp.Integer(k)} for k in range(1, size + 1)]
        centre = [self.of(location, case) for case in cases]
        eps = [NOISE[k] for k in range(1, size + 1)]
        if isinstance(scale, Matrix):
            factor = self.matrix(scale, at, None).cholesky(hermitian=False)
            z = [c + s for c, s in zip(centre, factor * sp.Matrix(eps), strict=True)]
        else:
            z = [
                c + self.of(scale, case) * x for c, case, x in zip(centre, cases, eps, strict=True)
            ]
        body = self.of(e.body, at, tuple(z))
        if self.nodes is not None:
            return sp.Add(
                *(
                    weight * body.xreplace(dict(zip(eps, point, strict=True)))
                    for point, weight in self.nodes
                )
            )
        body = sp.expand(body, power_base=False, log=False)
        if isinstance(e, (LocationScaleExpectation, OtherNoiseExpectation)) and body.has(NOISE):
            raise InputError(
                f"the noise of {shown(str(e.body))} is not standard normal; pass nodes=[(noise point, weight), …]"
            )
        if not body.is_polynomial(*eps):
            raise InputError(
                f"the expectation of {shown(str(e.body))} is not one of a polynomial in z; pass nodes=[(noise point, weight), …]"
            )
        return sp.Add(
            *(
                coefficient * sp.prod([_moment(k) for k in powers])
                for powers, coefficient in sp.Poly(body, *eps).terms()
            )
        )

    def _latent_size(self, e: _Expectation) -> int:
        location = e.args[2]
        return self.size(location.args[2])


def _moment(k: int) -> int:
    r"""$\mathbb E\varepsilon^k$ of a standard normal: 0 for odd k, $(k-1)!!$ for even k."""
    return 0 if k % 2 else int(sp.factorial2(k - 1)) if k else 1
