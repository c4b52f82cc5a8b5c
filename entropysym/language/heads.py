r"""The heads that SymPy lacks: data mean, expectations, entropies, abstract networks, directional derivative.

Each is a SymPy expression, so it can be added, printed, differentiated and imported like any other. The binders
(`DataMean`, `EncoderExpectation`, `NoiseExpectation`) know what they bind: substitution never captures, and a derivative
that would need the motion of the encoder is refused instead of being silently zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import sympy as sp
from sympy.core.symbol import Str

from entropysym.errors import InputError, shown
from entropysym.language.formula import arg_of, args_of, substituted, sum_over
from entropysym.language.names import spelled
from entropysym.language.printed import CLOSED, DIVIDED, OPEN, RAISED, Printed
from entropysym.language.symbols import check_declared
from entropysym.language.wrong_ways import NoCode, demand_own, demand_unbound


class _Head(Printed, NoCode, sp.Expr):
    """A real-valued scalar head, rebuilt from its arguments."""

    is_commutative = True
    is_real = True

    def __new__(cls, *args: sp.Basic | complex) -> Self:
        return sp.Expr.__new__(cls, *(sp.sympify(a, strict=True) for a in args))

    def diff(self, *symbols: Any, **assumptions: Any) -> sp.Expr:
        """As in SymPy, but that a text is not run as code. Raises `InputError` for one, and for a symbol that only looks like one of the expression."""
        for s in symbols:
            if isinstance(s, str):
                raise InputError(f"{shown(s)} is a text; take d.symbols.{s}, or d.derivative({s!r})")  # fmt: skip
            demand_own(self, sp.sympify(s, strict=True))
        return super().diff(*symbols, **assumptions)


class _Binder(_Head):
    """A head whose first argument is a body in which the second, an index, is bound."""

    @property
    def body(self) -> sp.Expr:
        return arg_of(self, 0, sp.Expr)

    @property
    def index(self) -> sp.Symbol:
        return arg_of(self, 1, sp.Symbol)

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        return [self.index]

    def renamed(self, old: sp.Symbol, new: sp.Symbol) -> Self:
        """The same expression with the bound `old` called `new`."""
        return self.func(*(a.xreplace({old: new}) for a in self.args))

    @property
    def free_symbols(self) -> set[sp.Basic]:
        return super().free_symbols - set(self.bound_symbols)

    def _eval_subs(self, old: sp.Basic, new: sp.Basic) -> sp.Basic | None:
        if old in self.bound_symbols:
            return self
        clash = [b for b in self.bound_symbols if b in new.free_symbols]
        if not clash:
            return None
        fresh = self
        for b in clash:
            fresh = fresh.renamed(b, sp.Dummy(b.name, integer=True, positive=True))
        return fresh.func(*(a._subs(old, new) for a in fresh.args))


class DataMean(_Binder):
    r"""The data mean $\frac1N\sum_{n=1}^N$ of finite data, or $\mathbb E_{p(x)}$ of infinite data.

    ``DataMean(body, n)`` binds the index n of a data point.
    """

    precedence = DIVIDED

    def _eval_derivative(self, s: sp.Expr) -> sp.Expr:
        demand_unbound(self, s)
        body = self.body.diff(s)
        return sp.S.Zero if body == 0 else DataMean(body, self.index)


class Vector(_Binder):
    """The vector of `body` over an index, as a network's input: ``Vector(body, index, size)``."""

    @property
    def size(self) -> sp.Expr:
        """A size such as H, or an integer."""
        return arg_of(self, 2, sp.Expr)

    def at(self, index: sp.Expr) -> sp.Expr:
        """The entry of the vector at an index."""
        return substituted(self.body, {self.index: index})

    def of(self, body: sp.Expr) -> Vector:
        """The vector of another body over the same index."""
        return Vector(body, self.index, self.size)


class _Expectation(_Head):
    """An average over the encoder at one data point, self-contained: it carries where z comes from.

    Arguments: body, datum index n, and what the encoder's law depends on: its location as a vector over the latent index, and its scale
    as another or its covariance as a matrix. What it binds is the latent itself, which is one array of the language, so no index is
    bound in the body.
    """

    def __new__(cls, *args: sp.Basic) -> Self:
        return sp.Expr.__new__(cls, *args)

    @property
    def body(self) -> sp.Expr:
        return arg_of(self, 0, sp.Expr)

    @property
    def datum(self) -> sp.Symbol:
        return arg_of(self, 1, sp.Symbol)

    @property
    def data(self) -> tuple[sp.Symbol, ...]:
        """The index of the datum, if the average is over latents of one datum."""
        return tuple(a for a in self.args[1:2] if isinstance(a, sp.Symbol))

    @property
    def location(self) -> Vector:
        """The location of the encoder, as a vector over the latent index."""
        return arg_of(self, 2, Vector)

    @property
    def encoder(self) -> tuple[sp.Symbol, sp.Expr, sp.Basic]:
        """The latent index, the location and the scale of $z_h=\\text{location}_h+\\text{scale}_h\\varepsilon_h$.

        For a multivariate encoder the covariance matrix stands in the place of the scale.
        """
        location, scale = self.location, self.args[3]
        if not isinstance(scale, Vector):
            return location.index, location.body, scale
        return location.index, location.body, scale.at(location.index)

    @property
    def law(self) -> tuple[sp.Basic, ...]:
        """What the encoder's law depends on: vectors over the latent index, or a matrix."""
        return tuple(self.args[2:])

    def over(self, body: sp.Expr) -> Self:
        """The same average of another body."""
        return self.func(body, *self.args[1:])

    def _eval_derivative(self, s: sp.Expr) -> sp.Expr:
        if any(s in part.free_symbols for part in self.law):
            raise InputError(
                f"the encoder moves with {s}, so the derivative of its expectation is not the expectation of the derivative; "
                "write z = location + scale*epsilon first"
            )
        demand_unbound(self, s)
        body = self.body.diff(s)
        return sp.S.Zero if body == 0 else self.over(body)


class EncoderExpectation(_Expectation):
    r"""$\mathbb E_{q_\Phi(z\mid x_n)}[\text{body}]$; the latent is `LATENT`."""


class LawExpectation(EncoderExpectation):
    """The same for an encoder whose family has no location and scale; what it carries are the arguments of the family, as vectors."""

    @property
    def encoder(self) -> tuple[sp.Symbol, sp.Expr, sp.Basic]:
        raise InputError(
            "the encoder's family has no location and scale, so its samples cannot be written as location + scale*epsilon"
        )


class JointExpectation(LawExpectation):
    r"""$\mathbb E_q[\text{body}]$ over all latent variables of a graph jointly: those of the datum n, if it names one, and the global ones.

    It carries no law: nothing is known of q but that it stands still.
    """


class NoiseExpectation(_Expectation):
    r"""$\mathbb E_{\varepsilon\sim N(0,I)}[\text{body}]$ with $z_h=\text{location}_h+\text{scale}_h\,\varepsilon_h$ in the body."""


class JointNoiseExpectation(NoiseExpectation):
    r"""The same average as `JointExpectation`, where the `latents` of these names are location + scale * noise; the others are drawn as they are.

    ``JointNoiseExpectation(body, n, name, …)``. It carries no law either: `objective` finds location and scale in the model.
    """

    @property
    def latents(self) -> tuple[str, ...]:
        """The names of the latents that are written as noise, each after those that it reads."""
        return tuple(str(a) for a in self.args[1:] if isinstance(a, Str))

    @property
    def encoder(self) -> tuple[sp.Symbol, sp.Expr, sp.Basic]:
        raise InputError("the latents of a graph have locations and scales of their own")

    def _eval_derivative(self, s: sp.Expr) -> sp.Expr:
        raise InputError(f"latents move with {s}; differentiate along a direction of their model")


class LocationScaleExpectation(EncoderExpectation):
    """The same for location + scale * noise with noise that is not standard normal: its moments are not known."""


class OtherNoiseExpectation(NoiseExpectation):
    """The noise form of a `LocationScaleExpectation`."""


class NetworkValue(_Head):
    r"""One output of an abstract network: $\mu_d(z)$, $\tau_h^2(x_n)$.

    ``NetworkValue(name, Tuple(index, …), Tuple(Vector, …))``. The network is an arbitrary function whose own parameters are
    never named, so it has no derivative except where its inputs do not move.
    """

    @property
    def precedence(self) -> int:
        """How firmly SymPy's printers see it hold together; a name may be written as a square or as a logarithm."""
        name = spelled(self.name, bool(self.label.is_nonnegative))
        return OPEN if name.logarithm else RAISED if name.square else CLOSED

    def _eval_is_positive(self) -> bool | None:
        return self.label.is_positive

    @property
    def label(self) -> sp.Symbol:
        """A symbol with the network's name and range."""
        return arg_of(self, 0, sp.Symbol)

    @property
    def name(self) -> str:
        return self.label.name

    @property
    def indices(self) -> tuple[sp.Expr, ...]:
        return args_of(self.args[1])

    @property
    def inputs(self) -> tuple[Vector, ...]:
        return args_of(self.args[2], Vector)

    @property
    def free_symbols(self) -> set[sp.Basic]:
        # The name is a label, not a variable.
        return set().union(*(a.free_symbols for a in self.args[1:]))

    def _eval_derivative(self, s: sp.Expr) -> sp.Expr:
        demand_unbound(self, s)
        if all(v.body.diff(s) == 0 for v in self.inputs):
            return sp.S.Zero
        raise InputError(f"the abstract network {self.name} cannot be differentiated by {s}")


class AbstractValue(_Head):
    r"""A function that nobody wrote down, at a number or at a vector: $A^{(k)}(\psi)$, $A(\Psi)$, $\partial_iA(\Psi)$, $T_i(x)$.

    ``AbstractValue(name, place, of)``: the k-th derivative at a number, of a vector the function itself with place ``Tuple()`` or the i-th entry of its gradient with
    ``Tuple(i)``. `abstract` makes functions whose values these are. It is differentiable, and that is all that is known of it.
    """

    def __new__(cls, name: str | Str, place: sp.Basic, of: sp.Basic) -> Self:
        return sp.Expr.__new__(cls, Str(name) if isinstance(name, str) else name, place, of)

    @property
    def name(self) -> str:
        return str(self.args[0])

    @property
    def order(self) -> int:
        """k, of a function of a number."""
        return int(arg_of(self, 1, sp.Integer))

    @property
    def indices(self) -> tuple[sp.Symbol, ...]:
        """The entry of the gradient that this is, if any, of a function of a vector."""
        return args_of(self.args[1], sp.Symbol) if isinstance(self.args[1], sp.Tuple) else ()

    @property
    def inside(self) -> sp.Expr:
        """The number that the function is taken of."""
        return arg_of(self, 2, sp.Expr)

    @property
    def vector(self) -> Vector | None:
        """The vector that the function is taken of, or None if it is of a number."""
        return self.args[2] if isinstance(self.args[2], Vector) else None

    def moved(self, motion: sp.Expr) -> sp.Expr:
        """The derivative where the number, or the vector's entry at its own index, moves so. Raises `InputError` for an entry of a gradient."""
        if motion == 0:
            return sp.S.Zero
        if (vector := self.vector) is None:
            return AbstractValue(self.name, sp.Integer(self.order + 1), self.inside) * motion
        if self.indices:
            raise InputError(f"{self} is an entry of a gradient: its own derivative is not known")
        # The vector binds its index itself, so that the same one may name the entry outside of it.
        slope = AbstractValue(self.name, sp.Tuple(vector.index), vector)
        return sum_over(slope * motion, (vector.index, 1, vector.size))

    def _eval_derivative(self, s: sp.Expr) -> sp.Expr:
        demand_unbound(self, s)
        body = self.inside if self.vector is None else self.vector.body
        return self.moved(body.diff(s))


class Abstract:
    """A function that nobody wrote down: ``A = abstract("A")``, then ``A(psi)`` of a number or a vector, and ``T.entry(i, x)`` of a vector."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, of: sp.Expr | Vector) -> AbstractValue:
        return AbstractValue(self.name, sp.Tuple() if isinstance(of, Vector) else sp.S.Zero, of)

    def entry(self, index: sp.Symbol, of: Vector) -> AbstractValue:
        """The entry of the gradient at an index, or of a function whose values are vectors."""
        return AbstractValue(self.name, sp.Tuple(index), of)


def abstract(name: str) -> Abstract:
    """A function of which only its name is known, and that it is differentiable. Raises `InputError` for what is no name."""
    check_declared(name)
    return Abstract(name)


class _RoleHead(_Head):
    """A head that names a factor of the model, and its data point where what it reads is observed or given.

    With `latent` it reads latent variables, so it stands under an expectation. `objective.head` makes heads that fit a model.
    """

    def __new__(
        cls, role: str | Str, *datum: sp.Basic, latent: bool = False, law: str = ""
    ) -> Self:
        role = Str(role) if isinstance(role, str) else role
        reads = () if sp.true in datum or not latent else (sp.true,)
        return sp.Expr.__new__(cls, role, *datum, *([Str(law)] if law else []), *reads)

    @property
    def role(self) -> str:
        return str(self.args[0])

    @property
    def datum(self) -> tuple[sp.Symbol, ...]:
        """The index of the data point, if the head names one."""
        return tuple(a for a in self.args[1:] if isinstance(a, sp.Symbol))

    @property
    def law(self) -> str:
        """How the factor is written, "p(x@|z)", where @ marks what has the index of the datum; empty for prior, decoder and encoder."""
        return next((str(a) for a in self.args[1:] if isinstance(a, Str)), "")

    @property
    def reads_latent(self) -> bool:
        """Whether it reads a latent variable."""
        return sp.true in self.args


class LogDensity(_RoleHead):
    r"""The log-density of a factor at its variable: $\log p_\Theta(z)$, $\log p_\Theta(x_n\mid z)$."""

    precedence = OPEN


class Entropy(_RoleHead):
    r"""The entropy of a factor, in nats: $\mathcal H[p_\Theta(z)]$, $\mathcal H[p_\Theta(x\mid z)]$, $\mathcal H[q_\Phi(z\mid x_n)]$."""


class LogBaseMeasure(_RoleHead):
    r"""$\log h$ of a factor's family at its variable."""

    precedence = OPEN


class Elbo(_Head):
    r"""$\mathcal F$, the ELBO of the model, per data point and in nats."""


class ObjectiveValue(_Head):
    r"""$\mathcal J$, what learning maximises where that is not the ELBO; it stands under a derivative only."""


class Directional(_Head):
    r"""$v\cdot\nabla\,\text{body}$, the derivative along the derivation's direction v."""

    precedence = OPEN

    @property
    def body(self) -> sp.Expr:
        return arg_of(self, 0, sp.Expr)


def at_indices(e: sp.Expr, at: Mapping[sp.Basic, sp.Basic]) -> sp.Expr:
    """An expression at other indices; what it binds gives way to them."""
    new = {*at.values()} - {*at}
    bound = {lim[0] for s in e.atoms(sp.Sum) for lim in s.limits}
    bound |= {v.index for v in e.atoms(Vector)}
    aside = {
        i: sp.Symbol(f"{i.name}_", integer=True, positive=True)
        for i in bound & new
        if isinstance(i, sp.Symbol)
    }
    return substituted(substituted(e, aside) if aside else e, at)
