r"""The derivative of an expression along a direction: $D_v f=\sum_i v_i\,\partial f/\partial\theta_i$.

A direction acts as a derivation. It passes through sums, data means and noise expectations, and through expectations over a law
of q that does not move. So no Kronecker deltas and no matrix calculus are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.algebra import distributed, holds
from entropysym.language.formula import (
    Old,
    arg_of,
    args_of,
    array_name,
    array_of,
    entry,
    inside,
    of_type,
    replaced,
    substituted,
    sum_over,
)
from entropysym.language.functions import argument_of, row_of
from entropysym.language.heads import (
    AbstractValue,
    DataMean,
    EncoderExpectation,
    Entropy,
    JointExpectation,
    JointNoiseExpectation,
    NetworkValue,
    NoiseExpectation,
    Vector,
    _Head,
    at_indices,
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
)
from entropysym.language.noise import noise, noise_form
from entropysym.language.objective import (
    joint_as_noise,
    latents_as_noise,
    location_and_scale,
    noise_entry,
)
from entropysym.language.records import Model, Parameter
from entropysym.language.symbols import NOISE, VARIABLES, LatentArray

#: How one parameter moves, at the indices of its own plates; a matrix by a multiple of itself.
Component = sp.Expr | Scaled
Motions = Mapping[str, Component]  # parameter name -> how it moves


def along(expression: sp.Expr, model: Model, motions: Motions) -> sp.Expr:
    """The derivative along a direction of an expression without the heads `LogDensity` and `Entropy`.

    Raises `InputError` where an abstract network's input moves, or the law of an expectation does.
    """
    return Motion(model.parameters, motions, model=model).of(expression)


class Motion:
    """The derivation $D_v$. With `network_inputs`, the motions of networks' inputs are collected there instead of having to vanish."""

    def __init__(
        self,
        parameters: Iterable[Parameter],
        motions: Motions,
        network_inputs: list[sp.Expr] | None = None,
        model: Model | None = None,
    ) -> None:
        self.model = model
        self.network_inputs = network_inputs
        self.parameters: dict[sp.Basic, Parameter] = {p.symbol: p for p in parameters}
        unknown = sorted(set(motions) - {p.name for p in self.parameters.values()})
        if unknown:
            raise InputError(f"the model has no parameter {unknown[0]!r} to move")
        self.motions = motions
        self.noise: tuple[sp.Symbol, sp.Expr, sp.Basic] | None = None
        self.latents: tuple[str, ...] = ()  # of a graph, those that are noise

    def of(self, e: sp.Expr) -> sp.Expr:
        if e.is_Number or e.is_NumberSymbol:
            return sp.S.Zero
        match e:
            case sp.Symbol():
                p = self.parameters.get(e)
                return of_type(self.motions.get(p.name, sp.S.Zero), sp.Expr) if p else sp.S.Zero
            case sp.Indexed():
                return self._entry(e)
            case _Head():
                return self._head(e)
            case sp.Sum():
                return _unless_zero(
                    self.of(arg_of(e, 0, sp.Expr)), lambda b: sum_over(b, *e.limits)
                )
            case sp.Add():
                return sp.Add(*(self.of(a) for a in args_of(e)))
            case sp.Mul():
                factors = args_of(e)
                return sp.Add(
                    *(
                        sp.Mul(*factors[:i], self.of(a), *factors[i + 1 :])
                        for i, a in enumerate(factors)
                    )
                )
            case sp.Pow():
                base, exponent = e.as_base_exp()
                grown = exponent * base ** (exponent - 1) * self.of(base)
                turned = self.of(exponent)
                return grown if turned == 0 else grown + e * sp.log(base) * turned
            case sp.sign():
                return sp.S.Zero  # away from the kink
            case sp.Function():
                return self._function(e)
            case sp.Max() | sp.Min():
                return self._stands_still(args_of(e), f"an argument of {e}")
        raise InputError(f"no derivative along a direction for {type(e).__name__}")

    def _function(self, e: sp.Function) -> sp.Expr:
        """By the derivative of its row; what has none stands still where its argument does."""
        row = row_of(e)
        if row is not None and not row.moves:
            return self._stands_still([argument_of(e)], f"the argument of {e}")
        moved = ((i, self.of(a)) for i, a in enumerate(args_of(e), start=1))
        return sp.Add(*(e.fdiff(i) * m for i, m in moved if m != 0))

    def _head(self, e: _Head) -> sp.Expr:
        match e:
            case DataMean():
                return _unless_zero(self.of(e.body), lambda b: DataMean(b, e.index))
            case JointExpectation() if self._moves_q():
                raise InputError(
                    "the direction moves a factor of q: reparametrise before differentiating"
                )
            case EncoderExpectation():
                if any(self._of_law(a) != 0 for a in e.law):
                    raise InputError(
                        "the direction moves a law of q: reparametrise before differentiating"
                    )
                return _unless_zero(self.of(e.body), e.over)
            case JointNoiseExpectation() if self.model is not None:
                left = {*noise_form(self.model, [*self.motions])} - {*e.latents}
                if left:
                    raise InputError(f"the direction moves {sorted(left)[0]}, which is no noise")
                before, self.latents = self.latents, e.latents
                moved = self.of(e.body)
                self.latents = before
                return _unless_zero(moved, e.over)
            case NoiseExpectation():
                outer, self.noise = self.noise, e.encoder
                moved = self.of(e.body)
                self.noise = outer
                return _unless_zero(moved, e.over)
            case NetworkValue():
                return self._network(e)
            case AbstractValue():
                return e.moved(self.of(e.inside if e.vector is None else e.vector.body))
            case LogDet():
                return e.word.size * self.rate(e.word)
            case Trace() | Entry():
                return self.rate(e.word) * e
            case Quadratic():
                return self._quadratic(e)
            case Entropy() if self.model is not None:
                return self._opaque_entropy(e, self.model)
        raise InputError(f"spell out {e} before differentiating it")

    def _moves_q(self) -> bool:
        """Whether a factor of q reads what moves; a joint expectation does not carry its law."""
        moved = {symbol for symbol, p in self.parameters.items() if p.name in self.motions}
        factors = self.model.q if self.model is not None else ()
        return any(a.has(*moved) for f in factors for a in f.arguments) if moved else False

    def _of_law(self, argument: sp.Basic) -> sp.Expr:
        """How what a law of q depends on moves: a vector, or a covariance."""
        if isinstance(argument, Vector):
            return self.of(argument.body)
        return self.rate(of_type(argument, Matrix))

    def rate(self, word: Matrix) -> sp.Expr:
        r"""The number r in $D_vM=r\,M$: every word moves by a multiple of itself."""
        match word:
            case MatrixNetwork():
                return self._network(word)
            case MatrixVariable():
                return sp.S.Zero
            case MatrixLetter():
                p = self.parameters.get(word)
                motion = self.motions.get(p.name) if p else None
                return motion.scalar if isinstance(motion, Scaled) else sp.S.Zero
            case Scaled():
                return self.of(word.scalar) / word.scalar + self.rate(word.word)
            case Inverse():
                return -self.rate(word.word)
        return sp.Add(*(self.rate(w) for w in args_of(word, Matrix)))

    def _quadratic(self, e: Quadratic) -> sp.Expr:
        moved = self.rate(e.word) * e
        left, right = self.of(e.left.body), self.of(e.right.body)
        if left != 0:
            moved += Quadratic(e.left.of(left), e.word, e.right)
        if right != 0:
            moved += Quadratic(e.left, e.word, e.right.of(right))
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
        return _unless_zero(self.of(sp.log(factor.fill(family.scale, (plate,)))), plate.sum)

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
            if self.model is not None and self.latents:
                moved = joint_as_noise(moved, self.model, self.latents)
            moved = distributed(moved, powers=True)
            if moved == 0:
                continue
            if self.network_inputs is None:
                raise InputError(f"{what} moves")
            self.network_inputs.append(moved)
        return sp.S.Zero

    def _entry(self, e: sp.Indexed) -> sp.Expr:
        array = array_of(e)
        if isinstance(array, LatentArray) and self.noise is not None:
            h, location, scale = self.noise
            if isinstance(scale, Matrix):
                raise InputError("how a latent with a full covariance moves is not known")
            moved = self.of(location) + self.of(of_type(scale, sp.Expr)) * entry(NOISE, h)
            return substituted(moved, {h: e.indices[0]})
        name = array_name(array)
        if self.model is not None and name in self.latents and isinstance(array, LatentArray):
            location, scale = location_and_scale(self.model, name)
            moved = self.of(location) + self.of(scale) * noise_entry(self.model, name)
            own = self.model.entry(name).indices
            return at_indices(moved, dict(zip(own, e.indices, strict=True)))
        if isinstance(array, VARIABLES):
            return sp.S.Zero
        p = self.parameters.get(array)
        if p is None or p.name not in self.motions:
            return sp.S.Zero
        own = [plate.index for plate in p.plates]
        motion = of_type(self.motions[p.name], sp.Expr)
        return substituted(motion, dict(zip(own, e.indices, strict=True)))


def with_values(component: Component, values: Mapping[Old, sp.Expr]) -> Component:
    """A component of the direction with numbers for unknowns in it."""
    if isinstance(component, Scaled):
        return Scaled(substituted(component.scalar, values), component.word)
    return substituted(component, values)


def _unless_zero(moved: sp.Expr, wrap: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    return sp.S.Zero if moved == 0 else wrap(moved)


def with_signs(e: sp.Expr) -> sp.Expr:
    """|u| as u sign(u), so that its derivative, sign(u) Du, can be matched; sign(-u) is -sign(u)."""
    if not holds(e, (sp.Abs, sp.sign)):
        return e
    e = replaced(e, lambda f: isinstance(f, sp.Abs), lambda f: inside(f) * sp.sign(inside(f)))
    return replaced(e, lambda f: isinstance(f, sp.sign), lambda f: _sign(sp.expand(inside(f))))


def _sign(u: sp.Expr) -> sp.Expr:
    return (
        -sp.sign(-u, evaluate=False) if u.could_extract_minus_sign() else sp.sign(u, evaluate=False)
    )
