"""Wrong right-hand sides of the gap identity, made from a right one: what a checker must be seen to reject."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp

from entropysym.language.algebra import with_fresh_indices
from entropysym.language.heads import DataMean, EncoderExpectation, NoiseExpectation
from entropysym.language.identity import Identity
from entropysym.language.matrices import (
    Inverse,
    LogDet,
    MatrixLetter,
    MatrixProduct,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.records import Model, Parameter
from entropysym.lowering.signature import DATA_SIZE


@dataclass(frozen=True)
class Variant:
    """An identity with a changed entropy sum or a changed direction, and what was changed."""

    name: str
    identity: Identity


def variants(right: Identity) -> tuple[Variant, ...]:
    """Every one-step mistake of the usual kinds. Some may be equal to the original; only numbers tell (see `try_variants`)."""
    model, E, excess = right.model, right.entropy_sum, right.excess
    made: list[tuple[str, Identity]] = []
    if excess != 0:
        made.append(("excess dropped", replace(right, entropy_sum=E - excess)))
        made.append(("sign of the excess changed", replace(right, entropy_sum=E - 2 * excess)))
    made += [(name, replace(right, entropy_sum=e)) for name, e in _entropy_sums(model, E)]
    made += [(name, replace(right, direction=v)) for name, v in _directions(model, right.direction)]
    unique: dict[tuple[object, ...], Variant] = {}
    for name, wrong in made:
        sides = (wrong.entropy_sum, frozenset(wrong.direction.items()))
        if sides != (E, frozenset(right.direction.items())):
            unique.setdefault(sides, Variant(name, wrong))
    return tuple(unique.values())


def terms_through(e: Any) -> list[Any]:
    """The terms of a sum, also through Σ, data means, expectations and constant factors."""
    if isinstance(e, sp.Add):
        return [t for a in e.args for t in terms_through(a)]
    if isinstance(e, sp.Sum):
        return [sp.Sum(t, *e.limits) for t in terms_through(e.function)]
    if isinstance(e, DataMean):
        return [DataMean(t, e.args[1]) for t in terms_through(e.body)]
    if isinstance(e, (EncoderExpectation, NoiseExpectation)):
        return [e.over(t) for t in terms_through(e.body)]
    if isinstance(e, sp.Mul):
        for k, factor in enumerate(e.args):
            parts = terms_through(factor)
            if len(parts) > 1:
                rest = sp.Mul(*e.args[:k], *e.args[k + 1 :])
                return [t for part in parts for t in terms_through(rest * part)]
    return [e]


def _short(e: sp.Basic) -> str:
    text = str(e)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _entropy_sums(model: Model, E: Any) -> Iterator[tuple[str, Any]]:
    terms = terms_through(E)
    sizes = model.sizes

    def with_term(k: int, new: Any) -> sp.Expr:
        return sp.Add(*terms[:k], new, *terms[k + 1 :])

    for k, t in enumerate(terms):
        yield f"sign changed: {_short(t)}", with_term(k, -t)
        yield f"missing: {_short(t)}", with_term(k, sp.S.Zero)
        yield f"twice (its 1/2 dropped): {_short(t)}", with_term(k, 2 * t)
        yield f"2 pi dropped: {_short(t)}", with_term(k, t.xreplace({sp.pi: sp.Rational(1, 2)}))
        yield f"e dropped: {_short(t)}", with_term(k, t.xreplace({sp.E: sp.S.One}))
        yield f"squared: {_short(t)}", with_term(k, t**2)
        for old in sizes:
            for new in sizes:
                if old != new and old in _sizes(t):
                    yield f"{new} for {old}: {_short(t)}", with_term(k, t * new / old)
    for word in sorted(E.atoms(Inverse, Transposed, Scaled), key=str):
        inside = word.args[-1]
        kind = {Inverse: "inverse", Transposed: "transpose", Scaled: "scale"}[type(word)]
        yield f"{kind} dropped: {_short(word)}", E.xreplace({word: inside})
    for letter in sorted(E.atoms(MatrixLetter), key=str):
        yield f"inverse of {_short(letter)}", E.xreplace({letter: Inverse(letter)})
        squared = MatrixProduct(letter, letter)
        yield f"square of {_short(letter)}", _in_words(E, letter, squared)
    for p in model.parameters:
        if p.range == "positive":
            yield f"sqrt({p.name}) for {p.name}", _at_parameter(E, p, sp.sqrt)
            yield f"{p.name}**2 for {p.name}", _at_parameter(E, p, lambda e: e**2)
    for size in sizes:
        yield f"the {size}/2 of log e too many", E + sp.Rational(1, 2) * size
        yield f"a 2 pi too many for {size}", E + size * sp.log(2 * sp.pi) / 2
    yield "bits for nats", E / sp.log(2)
    yield "summed over data", E * sp.Symbol(DATA_SIZE, integer=True, positive=True)


def _sizes(e: Any) -> set[Any]:
    """The sizes that an addend is summed over or multiplied by."""
    return {limit[2] for s in e.atoms(sp.Sum) for limit in s.limits} | set(sp.Mul.make_args(e))


def _in_words(E: Any, letter: sp.Basic, word: sp.Basic) -> Any:
    """A word for a letter, but not inside the heads' encoders, whose covariances must stay symmetric."""
    found: set[Any] = E.atoms(LogDet, Trace, Quadratic)
    heads = {e: e.func(*(a.xreplace({letter: word}) for a in e.args)) for e in found}
    return E.xreplace(heads)


def _times(factor: Any, motion: sp.Basic) -> sp.Basic:
    if isinstance(motion, Scaled):
        return Scaled(factor * motion.args[0], motion.args[1])
    return factor * motion


def _directions(
    model: Model, v: Mapping[str, sp.Basic]
) -> Iterator[tuple[str, dict[str, sp.Basic]]]:
    for name, factor in (("negated", -1), ("halved", sp.Rational(1, 2)), ("doubled", 2)):
        yield f"direction {name}", {k: _times(factor, e) for k, e in v.items()}
    declared = {p.name: p for p in model.parameters}
    for name, e in v.items():
        p = declared[name]
        yield f"motion of {name} missing", {k: f for k, f in v.items() if k != name}
        yield f"motion of {name} negated", {**v, name: _times(-1, e)}
        yield f"motion of {name} doubled", {**v, name: _times(2, e)}
        if isinstance(e, Scaled):
            rate, letter = e.args
            yield f"motion of {name} halved", {**v, name: _times(sp.Rational(1, 2), e)}
            yield f"motion of {name} inverted", {**v, name: Scaled(rate, Inverse(letter))}
            yield f"motion of {name} transposed", {**v, name: Scaled(rate, Transposed(letter))}
            square = MatrixProduct(letter, letter)
            yield f"motion of {name} squared", {**v, name: Scaled(rate, square)}
            continue
        if p.range == "positive":
            root = _at_parameter(e, p, sp.sqrt)
            yield f"motion of {name} with sqrt({name})", {**v, name: root}
        for plate in p.plates:
            back = with_fresh_indices(e).xreplace({plate.index: plate.size + 1 - plate.index})
            yield f"motion of {name} with {plate.index} reversed", {**v, name: back}


def _at_parameter(e: Any, p: Parameter, f: Callable[[Any], Any]) -> Any:
    """The expression with f(parameter) for the parameter, entry by entry."""
    if p.plates:
        entries = {i: f(i) for i in e.atoms(sp.Indexed) if i.base == p.symbol}
    else:
        entries = {p.symbol: f(p.symbol)}
    return e.xreplace(entries)
