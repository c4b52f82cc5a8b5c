r"""The derivative of an expression along a direction: $D_v f=\sum_i v_i\,\partial f/\partial\theta_i$.

A direction acts as a derivation. It passes through sums, data means and noise expectations, and through encoder expectations whose
encoder does not move. So no Kronecker deltas and no matrix calculus are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.algebra import distributed
from entropysym.language.heads import (
    DataMean,
    EncoderExpectation,
    Entropy,
    NetworkValue,
    NoiseExpectation,
    Vector,
    _Head,
)
from entropysym.language.matrices import (
    Inverse,
    LogDet,
    Matrix,
    MatrixLetter,
    MatrixNetwork,
    Quadratic,
    Scaled,
    Trace,
)
from entropysym.language.noise import noise
from entropysym.language.objective import latents_as_noise
from entropysym.language.records import Model, Parameter
from entropysym.language.symbols import DATUM, LATENT, NOISE

Direction = Mapping[str, sp.Basic]  # parameter name -> its motion, at the indices of its own plates


def along(expression: sp.Expr, model: Model, direction: Direction) -> sp.Expr:
    """The derivative along a direction of an expression without the heads `LogDensity` and `Entropy`.

    Raises `InputError` where an abstract network's input moves, or the encoder under an encoder expectation does.
    """
    return Motion(model.parameters, direction, model=model).of(expression)


class Motion:
    """The derivation $D_v$. With `network_inputs`, the motions of networks' inputs are collected there instead of having to vanish."""

    def __init__(
        self,
        parameters: Iterable[Parameter],
        direction: Direction,
        network_inputs: list[sp.Expr] | None = None,
        model: Model | None = None,
    ) -> None:
        self.model = model
        self.network_inputs = network_inputs
        self.parameters = {p.symbol: p for p in parameters}
        unknown = sorted(set(direction) - {p.name for p in self.parameters.values()})
        if unknown:
            raise InputError(f"the model has no parameter {unknown[0]!r} to move")
        self.direction = direction
        self.noise: tuple[sp.Symbol, sp.Expr, sp.Expr] | None = None

    def of(self, e: sp.Expr) -> sp.Expr:
        if e.is_Number or e.is_NumberSymbol:
            return sp.S.Zero
        if isinstance(e, sp.Symbol):
            p = self.parameters.get(e)
            return self.direction.get(p.name, sp.S.Zero) if p else sp.S.Zero
        if isinstance(e, sp.Indexed):
            return self._entry(e)
        if isinstance(e, sp.Sum):
            return _unless_zero(self.of(e.function), lambda b: sp.Sum(b, *e.limits))
        if isinstance(e, DataMean):
            return _unless_zero(self.of(e.body), lambda b: DataMean(b, e.args[1]))
        if isinstance(e, EncoderExpectation):
            moved = [self.rate(v) if isinstance(v, Matrix) else self.of(v.body) for v in e.law]
            if any(m != 0 for m in moved):
                raise InputError(
                    "the direction moves the encoder: reparametrise before differentiating"
                )
            return _unless_zero(self.of(e.body), e.over)
        if isinstance(e, NoiseExpectation):
            outer, self.noise = self.noise, e.encoder
            moved = self.of(e.body)
            self.noise = outer
            return _unless_zero(moved, e.over)
        if isinstance(e, NetworkValue):
            return self._network(e)
        if isinstance(e, LogDet):
            return e.args[0].size * self.rate(e.args[0])
        if isinstance(e, Trace):
            return self.rate(e.args[0]) * e
        if isinstance(e, Quadratic):
            return self._quadratic(e)
        if isinstance(e, Entropy) and self.model is not None:
            return self._opaque_entropy(e, self.model)
        if isinstance(e, _Head):
            raise InputError(f"spell out {e} before differentiating it")
        if isinstance(e, sp.Add):
            return sp.Add(*(self.of(a) for a in e.args))
        if isinstance(e, sp.Mul):
            return sp.Add(
                *(sp.Mul(*e.args[:i], self.of(a), *e.args[i + 1 :]) for i, a in enumerate(e.args))
            )
        if isinstance(e, sp.Pow):
            base, exponent = e.as_base_exp()
            grown = exponent * base ** (exponent - 1) * self.of(base)
            turned = self.of(exponent)
            return grown if turned == 0 else grown + e * sp.log(base) * turned
        if isinstance(e, sp.sign):
            return sp.S.Zero  # away from the kink
        if isinstance(e, sp.Function):
            return sp.Add(*(e.fdiff(i + 1) * self.of(a) for i, a in enumerate(e.args)))
        if isinstance(e, (sp.Max, sp.Min)):
            return self._stands_still(e.args, f"an argument of {e}")
        raise InputError(f"no derivative along a direction for {type(e).__name__}")

    def rate(self, word: Matrix) -> sp.Expr:
        r"""The number r in $D_vM=r\,M$: every word moves by a multiple of itself."""
        if isinstance(word, MatrixNetwork):
            return self._network(word)
        if isinstance(word, MatrixLetter):
            p = self.parameters.get(word)
            motion = self.direction.get(p.name) if p else None
            return motion.args[0] if isinstance(motion, Scaled) else sp.S.Zero
        if isinstance(word, Scaled):
            factor, inner = word.args
            return self.of(factor) / factor + self.rate(inner)
        if isinstance(word, Inverse):
            return -self.rate(word.args[0])
        return sp.Add(*(self.rate(a) for a in word.args))

    def _quadratic(self, e: Quadratic) -> sp.Expr:
        left, word, right = e.args
        moved = self.rate(word) * e
        for vector, rebuild in (
            (left, lambda v: Quadratic(v, word, right)),
            (right, lambda v: Quadratic(left, word, v)),
        ):
            change = self.of(vector.body)
            if change != 0:
                moved += rebuild(Vector(change, *vector.args[1:]))
        return moved

    def _opaque_entropy(self, e: Entropy, model: Model) -> sp.Expr:
        r"""The entropy of a family without a closed one: $\log\text{scale}$ moves, the standard law stands still; else nothing may move."""
        factor, plate = model.factor(e.role), model.plate(e.role)
        family = factor.family
        if family.is_any:
            return sp.S.Zero
        arguments = dict(zip(family.arguments, factor.arguments, strict=True))
        shape = family.arguments if family.scale is None else noise(family).shape
        for a in (arguments[s] for s in shape):
            moved = self.rate(a) if isinstance(a, Matrix) else self.of(a)
            if distributed(moved, powers=True) != 0:
                raise InputError(
                    f"the entropy of {family.name} ({e.role}) has no closed form, so it is not known how it moves with {a}"
                )
        if family.scale is None:
            return sp.S.Zero
        return _unless_zero(self.of(sp.log(factor.fill(family.scale, plate))), plate.sum)

    def _network(self, e: NetworkValue | MatrixNetwork) -> sp.Expr:
        """$F(u)$ does not move where $D_vu=0$; that is all that is known of an abstract F."""
        inputs = [vector.body for vector in e.inputs]
        return self._stands_still(inputs, f"the input of the abstract network {e.name}")

    def _stands_still(self, expressions: Iterable[sp.Expr], what: str) -> sp.Expr:
        """0 if none of the expressions moves; with `network_inputs` they are collected there, to be made to stand still."""
        for e in expressions:
            moved = self.of(e)
            if self.noise is not None:
                moved = latents_as_noise(moved, self.noise)
            moved = distributed(moved, powers=True)
            if moved == 0:
                continue
            if self.network_inputs is None:
                raise InputError(f"{what} moves")
            self.network_inputs.append(moved)
        return sp.S.Zero

    def _entry(self, e: sp.Indexed) -> sp.Expr:
        if e.base == LATENT and self.noise is not None:
            h, location, scale = self.noise
            moved = self.of(location) + self.of(scale) * NOISE[h]
            return moved.xreplace({h: e.indices[0]})
        if e.base in (DATUM, LATENT, NOISE):
            return sp.S.Zero
        p = self.parameters.get(e.base)
        if p is None or p.name not in self.direction:
            return sp.S.Zero
        own = [plate.index for plate in p.plates]
        return self.direction[p.name].xreplace(dict(zip(own, e.indices, strict=True)))


def _unless_zero(moved: sp.Expr, wrap) -> sp.Expr:
    return sp.S.Zero if moved == 0 else wrap(moved)
