"""SymPy expressions of the language as JAX functions with named arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.matrices import Matrix
from entropysym.language.records import Model, Plate
from entropysym.lowering.arguments import bind
from entropysym.lowering.axes import NamedArray, spread
from entropysym.lowering.evaluator import Evaluator
from entropysym.lowering.scope import Scope
from entropysym.lowering.signature import Signature, read_signature, size_of
from entropysym.lowering.words import COLUMN, ROW


@dataclass(frozen=True, eq=False)
class Lowered:
    """An expression as a JAX function: ``lowered(x=…, sigma2=…, mu=…, noise=…)``.

    Arrays are float64: `x` (N, D), each parameter with one axis per plate. A matrix outside its range is NaN. A network is a function from one vector to an array
    over its plates. An expectation needs `noise` (`Nodes`), which stands for ε in z = location + scale·ε. Sizes are read off
    the shapes; one that no argument tells is passed as an integer. The function can be jitted, differentiated and vmapped; a
    network that is a plain closure is then captured, not passed through `jax.jit`.

    Raises `InputError` for a missing or unknown name, a wrong rank or size, anything but float64, or if x64 is off.
    """

    expression: sp.Basic
    plates: tuple[Plate, ...]
    wanted: Signature

    @cached_property
    def signature(self) -> Mapping[str, str]:
        """Argument names and their shapes, as text."""
        return self.wanted.text()

    def __call__(self, /, **arguments: Any) -> jax.Array:
        """The value, an array with one axis for each of `plates`; of a word, the matrix."""
        return self._run(arguments, "value")

    def terms(self, /, **arguments: Any) -> jax.Array:
        """The sum of the absolute values of the terms, the scale of the rounding error.

        Sums are split through factors, Σ, data means and expectations; a sum inside a power or a function is not.
        """
        return self._run(arguments, "magnitude")

    def _run(self, arguments: Mapping[str, Any], what: str) -> jax.Array:
        bound = bind(self.wanted, arguments)
        evaluator = Evaluator(bound)
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


def lower(
    expression: sp.Basic, model: Model | None = None, plates: tuple[Plate, ...] = ()
) -> Lowered:
    """Lower an expression without heads that name factors.

    `plates` are its free indices and become the axes of the result. With `model`, every name of the model is accepted, needed or
    not, and shapes are checked against the declared plates. A word of matrices has its own axes and takes no plates.

    Raises `InputError` for what has no value: `LogDensity`, `Entropy`, `Elbo`, `Directional`, an index that nothing binds.
    """
    try:
        expression = sp.sympify(expression, strict=True)
    except sp.SympifyError:
        raise InputError(f"{shown(expression)} is no SymPy expression") from None
    if isinstance(expression, Matrix) and plates:
        raise InputError(f"{shown(expression)} is a matrix, which has its own axes; pass no plates")
    wanted = read_signature((expression,), plates, model)
    # Sizes that stand only in the plates are needed to give the result its shape.
    wanted.sizes |= {s for s in (size_of(p.size) for p in plates) if isinstance(s, str)}
    return Lowered(expression, plates, wanted)
