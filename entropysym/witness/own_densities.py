"""The numerical side of a family that does not ship: its log-density, location and scale lowered from the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import sympy as sp
from jax import Array

from entropysym.errors import InputError
from entropysym.language.formula import substituted
from entropysym.language.matrices import MatrixLetter
from entropysym.language.records import DIM, ROW_DIM, Family, Letter, argument_name
from entropysym.language.supports import contains
from entropysym.language.symbols import MatrixArray
from entropysym.lowering.arguments import Bound
from entropysym.lowering.evaluator import Evaluator
from entropysym.lowering.scope import Scope
from entropysym.lowering.signature import Signature, read_signature

#: Axes of `jnp.vectorize` -> sizes of a family's record.
_SIZES = {"k": DIM.name, "r": ROW_DIM.name}


def log_density(family: Family) -> Callable[..., Array]:
    """log p(x, *arguments), minus infinity outside the support.

    Raises `InputError` for a formula that JAX has no function for, or that names what is no argument.
    """
    value = _function(family, family.density, (family.variable, *family.arguments), "value")
    if family.is_multivariate:
        return value
    return lambda x, *arguments: jnp.where(
        contains(family.support, x), value(x, *arguments), -jnp.inf
    )


def log_density_terms(family: Family) -> Callable[..., Array]:
    """The sum of the |terms| of the log-density."""
    given = (family.variable, *family.arguments)
    return _function(family, family.density, given, "magnitude")


def draw_from_noise(family: Family) -> Callable[..., Array] | None:
    """location + scale * noise; None where the record has no location and scale."""
    if family.is_multivariate or family.location is None or family.scale is None:
        return None
    location, scale = (
        _function(family, e, family.arguments, "value") for e in (family.location, family.scale)
    )
    return lambda noise, *arguments: location(*arguments) + scale(*arguments) * noise


def _function(
    family: Family, formula: sp.Expr, given: Sequence[Letter], what: str
) -> Callable[..., Array]:
    """A formula in a family's own symbols as a function of arrays: elementwise, or over the last axes for vectors and matrices."""
    # Names and assumptions of the symbols are the author's: an integer one would be taken for a size.
    plain: dict[Letter, sp.Symbol] = {
        s: sp.Symbol(f"argument_{k}", real=True)
        for k, s in enumerate(given)
        if isinstance(s, sp.Symbol)
    }
    formula = substituted(formula, plain)
    names = [argument_name(plain.get(s, s)) for s in given]
    foreign = sorted(set(read_signature((formula,)).text()) - set(names))
    if foreign:
        raise InputError(f"{family.name} is written with {foreign[0]}, which is no argument of it")

    def one(*values: Array) -> Array:
        lengths = {}
        for symbol, value in zip(given, values, strict=True):
            axes = _core(symbol).strip("()").split(",")
            lengths |= {_SIZES[a]: k for a, k in zip(axes, value.shape, strict=False) if a}
        bound = Bound(dict(zip(names, values, strict=True)), {}, None, lengths, Signature())
        return getattr(Evaluator(bound), what)(formula, Scope({})).array

    if not given:
        return lambda: one()
    shapes = ",".join(_core(s) for s in given)
    return jnp.vectorize(one, signature=f"{shapes}->()")


def _core(symbol: Letter) -> str:
    """The axes of one value, as `jnp.vectorize` has them."""
    if isinstance(symbol, MatrixLetter):
        return "(r,r)" if symbol.size == ROW_DIM else "(k,k)"
    if not isinstance(symbol, sp.IndexedBase):
        return "()"
    return "(r,k)" if isinstance(symbol, MatrixArray) else "(k)"
