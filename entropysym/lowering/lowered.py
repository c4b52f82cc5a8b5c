"""SymPy expressions of the language as functions of arrays, of JAX, NumPy or PyTorch, with named arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import jax
import numpy as np
import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.functions import on_entry
from entropysym.language.matrices import Matrix
from entropysym.language.records import Model, Plate
from entropysym.lowering.arguments import Bound, bind
from entropysym.lowering.axes import NamedArray, spread
from entropysym.lowering.backends import demand_backend
from entropysym.lowering.evaluator import Evaluator
from entropysym.lowering.plates import plates_of
from entropysym.lowering.rounding import Shaken
from entropysym.lowering.scope import Scope
from entropysym.lowering.signature import Signature, read_signature, size_of
from entropysym.lowering.words import COLUMN, ROW

#: Functions of SymPy that are rewritten when a formula enters, and by `instantiate`.
_REWRITTEN = (sp.Piecewise, sp.besseli, sp.gamma, sp.sinh, sp.cosh, sp.atanh, sp.erfc)
_REWRITTEN += (sp.factorial, sp.beta, sp.binomial, sp.Heaviside)


@dataclass(frozen=True, eq=False)
class Lowered:
    """An expression as a function of arrays: ``lowered(x=…, sigma2=…, mu=…, noise=…)``.

    Arrays have the type of numbers of `dtype`: `x` (N, D), each parameter with one axis per plate; Python's numbers are scalars. A matrix outside its range is NaN. A network is a
    function from one vector to an array over its plates, or an array of its values at the points: the axes of what it reads, then its plates. An expectation needs `noise` (`Nodes`),
    which stands for ε in z = location + scale·ε. Sizes are read off the shapes; one that no argument tells is passed as an integer. In JAX the function can be jitted, differentiated
    and vmapped, in PyTorch differentiated; a network that is a plain closure is then captured, not passed through `jax.jit`.

    Raises `InputError` for a missing or unknown name, a wrong rank or size, another type of numbers, or for JAX in float64 if x64 is off.
    """

    expression: sp.Basic
    plates: tuple[Plate, ...]
    wanted: Signature
    to: str = "jax"
    dtype: str = "float64"
    model: Model | None = None

    @cached_property
    def signature(self) -> Mapping[str, str]:
        """Argument names and their shapes, as text."""
        return self.wanted.text()

    def __call__(self, /, **arguments: Any) -> Any:
        """The value, an array with one axis for each of `plates`; of a word, the matrix."""
        return self._run(arguments, "value")

    def terms(self, /, **arguments: Any) -> Any:
        """The sum of the absolute values of the terms, the scale of the rounding error.

        Sums are split through factors, Σ, data means and expectations; a sum inside a power or a function is not.
        """
        return self._run(arguments, "magnitude")

    def _run(self, arguments: Mapping[str, Any], what: str) -> Any:
        # NumPy warns where JAX and PyTorch give NaN or infinity; a value says the same in all three.
        with np.errstate(all="ignore") if self.to == "numpy" else nullcontext():
            return self._evaluated(arguments, what)

    def shaken(self, seed: int, /, **arguments: Any) -> Any:
        """The value with rounding made visible: all that is computed is off by `rounding.STEP`, at random; of NumPy."""
        with np.errstate(all="ignore"):
            return self._evaluated(arguments, "value", lambda bound: Shaken(bound, seed))

    def _evaluated(
        self,
        arguments: Mapping[str, Any],
        what: str,
        make: Callable[[Bound], Evaluator] = Evaluator,
    ) -> Any:
        wanted, arguments = self._with_values(arguments)
        bound = bind(wanted, arguments, self.to, self.dtype)
        evaluator = make(bound)
        scope = Scope({p.index: size_of(p.size) for p in self.plates})
        if isinstance(self.expression, Matrix):
            word = evaluator.matrix if what == "value" else evaluator.matrix_magnitude
            return spread(word(self.expression, scope), (ROW, COLUMN))
        value: NamedArray = getattr(evaluator, what)(self.expression, scope)
        return spread(
            value,
            tuple(p.index for p in self.plates),
            [bound.size(size_of(p.size)) for p in self.plates],
        )

    def _with_values(self, arguments: Mapping[str, Any]) -> tuple[Signature, Mapping[str, Any]]:
        """The signature where networks are given as arrays of their values; one that is not evaluated is left out."""
        given = {n for n in self.wanted.networks if hasattr(arguments.get(n), "dtype")}
        if not given:
            return self.wanted, arguments
        wanted = _signature(self.expression, self.plates, self.model, frozenset(given))
        unread = given - wanted.arrays.keys()
        return wanted, {name: a for name, a in arguments.items() if name not in unread}


@dataclass(frozen=True, eq=False)
class LoweredEquation:
    """Both sides of an equation as functions of the same arrays."""

    lhs: Lowered
    rhs: Lowered

    @cached_property
    def signature(self) -> Mapping[str, str]:
        """Argument names and their shapes, as text."""
        return {**self.lhs.signature, **self.rhs.signature}

    def __call__(self, /, **arguments: Any) -> tuple[Any, Any]:
        """The values of the left and the right side."""
        return self._side(self.lhs, arguments), self._side(self.rhs, arguments)

    def _side(self, side: Lowered, arguments: Mapping[str, Any]) -> Any:
        both = {*self.signature, *self.lhs.wanted.sizes, *self.rhs.wanted.sizes}
        own = {*side.signature, *side.wanted.sizes}
        return side(**{n: a for n, a in arguments.items() if n in own or n not in both})


@dataclass(frozen=True, eq=False)
class LoweredTogether:
    """Several scalars of one model, evaluated together, so that what they share is computed once."""

    expressions: tuple[sp.Expr, ...]
    wanted: Signature

    def __call__(self, /, **arguments: Any) -> dict[sp.Expr, tuple[jax.Array, jax.Array]]:
        """Value and sum of |terms| of each expression."""
        evaluator, scope = Evaluator(bind(self.wanted, arguments)), Scope({})
        return {
            e: (evaluator.value(e, scope).array, evaluator.magnitude(e, scope).array)
            for e in self.expressions
        }


def lower_together(expressions: Iterable[sp.Expr], model: Model) -> LoweredTogether:
    """Lower scalars of one model, each once. Raises `InputError` as `lower` does."""
    unique = tuple(dict.fromkeys(expressions))
    return LoweredTogether(unique, read_signature(unique, (), model))


def _signature(
    expression: sp.Basic,
    plates: tuple[Plate, ...],
    model: Model | None,
    given: frozenset[str] = frozenset(),
) -> Signature:
    wanted = read_signature((expression,), plates, model, given=given)
    # Sizes that stand only in the plates are needed to give the result its shape.
    wanted.sizes |= {s for s in (size_of(p.size) for p in plates) if isinstance(s, str)}
    return wanted


@overload
def lower(
    expression: sp.Eq,
    model: Model | None = None,
    plates: tuple[Plate, ...] | None = (),
    *,
    to: str = "jax",
    dtype: Any = "float64",
) -> LoweredEquation: ...
@overload
def lower(
    expression: Mapping[str, sp.Basic],
    model: Model | None = None,
    plates: tuple[Plate, ...] | None = (),
    *,
    to: str = "jax",
    dtype: Any = "float64",
) -> dict[str, Any]: ...
@overload
def lower(
    expression: sp.Expr | Matrix | sp.Basic | complex,
    model: Model | None = None,
    plates: tuple[Plate, ...] | None = (),
    *,
    to: str = "jax",
    dtype: Any = "float64",
) -> Lowered: ...


def lower(
    expression: Any,
    model: Model | None = None,
    plates: tuple[Plate, ...] | None = (),
    *,
    to: str = "jax",
    dtype: Any = "float64",
) -> Any:
    """Lower an expression without heads that name factors to a function of arrays.

    `to` is "jax", "numpy" or "torch"; `dtype` is "float64", which alone supports a verdict, or "float32". `plates` are the free indices and become the axes of the result; with None
    they are read off: those of the model, in its order, or without one as the arrays have them. An equation gives both its sides (`LoweredEquation`), a mapping
    such as `d.direction` or `d.stationarity` a dict, each with plates that are read off. With `model`, every name of the model is accepted, needed or not, and shapes are checked against the declared plates. A word of
    matrices has its own axes and takes no plates. What `instantiate` returns can be lowered as well; its networks are functions of all that they read as one vector.

    Raises `InputError` for what has no value: `LogDensity`, `Entropy`, `Elbo`, `Directional`, an index whose plate is not seen.
    """
    to, dtype = demand_backend(to, dtype)
    how: dict[str, Any] = {"to": to, "dtype": dtype}
    if isinstance(expression, Mapping):
        own = {p.name: () if p.is_matrix else p.plates for p in model.parameters} if model else {}
        return {
            name: lower(e, model, plates or own.get(name) or None, **how)
            for name, e in expression.items()
        }
    if isinstance(expression, sp.Eq):
        plates = plates or plates_of(expression, model)
        sides = (
            lower(side, model, () if isinstance(side, Matrix) else plates, **how)
            for side in expression.args
        )
        return LoweredEquation(*sides)
    try:
        expression = sp.sympify(expression, strict=True)
    except sp.SympifyError:
        raise InputError(f"{shown(expression)} is no SymPy expression") from None
    if isinstance(expression, Matrix):
        if plates:
            raise InputError(
                f"{shown(expression)} is a matrix, which has its own axes; pass no plates"
            )
        plates = ()
    if isinstance(expression, sp.Expr) and expression.has(*_REWRITTEN):
        expression = on_entry(expression)
    plates = plates_of(expression, model) if plates is None else plates
    return Lowered(expression, plates, _signature(expression, plates, model), to, dtype, model)
