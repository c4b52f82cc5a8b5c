r"""Averages over q in formulas that the nodes of a comparison may miss, so that numbers neither accept nor refute.

Nodes see a polynomial in the latents, and whatever networks are beside it (`language.averages`); of another function, such as $e^{-10^7z^2}$, they may see nothing. Beside the densities a function
that the model's own objective averages is taken, and along a direction the derivative of one: there both sides average the same. So is a function that is given the nodes, which says what happens at them.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import sympy as sp
from sympy.core.function import ArgumentIndexError

from entropysym.errors import shown
from entropysym.language.algebra import reads_latent
from entropysym.language.averages import degree
from entropysym.language.formula import of_type
from entropysym.language.heads import EncoderExpectation, NoiseExpectation
from entropysym.language.objective import elbo, objective, spelled_out
from entropysym.language.records import Model
from entropysym.language.symbols import index
from entropysym.testing.flat_points import is_drawn_from_noise
from entropysym.testing.sides import AlongDirection, Densities, Formula, Function, Side

#: The degree that both rules which confirm a difference are exact for.
_MOST = 17


def unserved(model: Model, sides: tuple[Side, Side]) -> str:
    """Why the averages of two sides show nothing, or nothing to say."""
    written = _written(model, sides)
    if not any(map(_has_other, written)) or any(map(_is_given_nodes, sides)):
        return ""
    known: set[sp.Basic] = set()
    if _is_beside_densities(sides):
        own = [spelled_out(model, e(model), {}) for e in (elbo, objective)]
        functions = {f for e in own for _, f in _others(e)}
        if any(isinstance(side, AlongDirection) for side in sides):
            functions |= {slope for f in functions for slope in _slopes(f)}
        known = {part for f in functions for part in _plain(f)}
    for e in _apart(written):
        for x, f in _others(e):
            if not _plain(f) <= known:
                return f"nodes may miss {shown(str(x))}: its integrand is no polynomial in the latents of degree up to {_MOST} with functions of networks beside it, so no quadrature rule is known to be right"
    return ""


def of_random_points(model: Model, sides: tuple[Side, Side]) -> str:
    """Why a difference of two sides is none for the law of q: where latents are weighted points at random, a moment that somebody worked out is not theirs. Nothing to say beside the densities."""
    if is_drawn_from_noise(model) or all(f.family.is_any for f in model.q):
        return ""
    if _is_beside_densities(sides) or any(map(_is_given_nodes, sides)):
        return ""
    apart = _apart(_written(model, sides))
    averages = (x for e in apart for x in e.atoms(EncoderExpectation, NoiseExpectation))
    x = next((x for x in averages if reads_latent(x.body)), None)
    return "" if x is None else f"{shown(str(x))} is taken over random points, which are not the law of q that the model names"  # fmt: skip


def _written(model: Model, sides: tuple[Side, Side]) -> list[sp.Expr]:
    """The sides that are formulas, spelled out."""
    return [spelled_out(model, s.expression, {}) for s in sides if isinstance(s, Formula)]


def _apart(written: list[sp.Expr]) -> list[sp.Expr]:
    """What is compared: what both sides average alike is no part of the difference."""
    if len(written) < 2:
        return written
    first, second = written
    return [of_type(sp.expand(first - second), sp.Expr)]


def _is_beside_densities(sides: tuple[Side, Side]) -> bool:
    return any(isinstance(s, (Densities, AlongDirection)) for s in sides)


def _has_other(e: sp.Basic) -> bool:
    return next(_others(e), None) is not None


def _others(e: sp.Basic) -> Iterator[tuple[Any, sp.Basic]]:
    """Averages with what is no polynomial in them: the innermost functions of latents, or the power that is too high."""
    for x in e.atoms(EncoderExpectation, NoiseExpectation):
        if reads_latent(x.body) and degree(x.body) > _MOST:
            for f in _innermost(x.body):
                yield x, f


def _innermost(e: sp.Basic) -> Iterator[sp.Basic]:
    """The functions of polynomials in the latents in an expression that is none, what networks read left alone; itself where its power is too high."""
    others = [a for a in e.args if degree(a) == math.inf]
    if not others or degree(e) < math.inf:
        yield e
        return
    for a in others:
        yield from _innermost(a)


def _slopes(f: sp.Basic) -> Iterator[sp.Basic]:
    """What a function becomes where the objective is differentiated: softplus a sigmoid, a logarithm a reciprocal."""
    if isinstance(f, sp.Pow) and not reads_latent(f.exp):
        yield f.base ** (f.exp - 1)
    elif isinstance(f, sp.Function):
        for k, argument in enumerate(f.args, 1):
            if reads_latent(argument):
                with suppress(ArgumentIndexError, NotImplementedError):
                    yield from _innermost(of_type(f.fdiff(k), sp.Expr))


def _plain(f: sp.Basic) -> set[sp.Basic]:
    """With one name for all indices, and an exponential as one of each term that reads latents: they may stand apart, and beside others."""
    terms = sp.Add.make_args(of_type(f.exp, sp.Expr)) if isinstance(f, sp.exp) else ()
    names = {s: index("i") for s in f.free_symbols if s.is_integer}  # type: ignore[attr-defined]
    parts = [sp.exp(a) for a in terms if reads_latent(a)] or [f]
    return {part.xreplace(names) for part in parts}


def _is_given_nodes(side: Side) -> bool:
    return isinstance(side, Function) and "noise" in inspect.signature(side.function).parameters
