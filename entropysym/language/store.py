"""The stored form: SymPy expressions and model records as plain JSON data, and back.

The format is described in `checker/FORMAT.md`. Bound indices are stored by position, heads are whitelisted, and nothing that is
read is ever evaluated as code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from entropysym.errors import NotStorableError, shown
from entropysym.language.heads import (
    DataMean,
    Directional,
    Elbo,
    EncoderExpectation,
    Entropy,
    LogDensity,
    NetworkValue,
    NoiseExpectation,
    Vector,
)
from entropysym.language.records import Factor, Family, Model, Parameter, Plate
from entropysym.language.symbols import DATUM, LATENT, NOISE, n

FORMAT = "entropysym/1"

Term = int | list[Any]
Scope = tuple[sp.Basic, ...]  # bound symbols, innermost last; LATENT stands for a bound latent


def canonical(data: object) -> str:
    """The one JSON text of some data: sorted keys, no blanks, ASCII."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(data: object) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(data).encode("ascii")).hexdigest()


def term(expression: sp.Basic, model: Model, scope: Scope = ()) -> Term:
    """The stored term of an expression under the binders of `scope`.

    Raises `NotStorableError` for anything that has no head in the format, such as a float or an undeclared symbol.
    """
    return _Writer(
        {p.symbol: p for p in model.parameters}, frozenset(model.sizes), {}
    ).term(expression, scope)


def family_term(expression: sp.Expr, family: Family) -> Term:
    """The stored term of an expression in a family's own variable and arguments."""
    local: dict[sp.Basic, Term] = {a: ["arg", a.name] for a in family.arguments}
    local[family.variable] = ["var"]
    return _Writer({}, frozenset(), local).term(expression, ())


def in_written_order(e: sp.Expr) -> tuple[sp.Expr, ...]:
    """The arguments of a sum as a paper orders them: encoder, prior, decoder, then derivatives; others keep SymPy's order."""
    if not isinstance(e, sp.Add):
        return e.args  # type: ignore[return-value]

    def place(addend: sp.Expr) -> int:
        roles = {h.role for h in addend.atoms(Entropy, LogDensity)}
        if addend.has(Directional):
            return 3
        return min((("encoder", "prior", "decoder").index(r) for r in roles), default=4)

    return tuple(sorted(e.args, key=place))  # type: ignore[arg-type]


class _Writer:
    def __init__(
        self,
        parameters: Mapping[sp.Basic, Parameter],
        sizes: frozenset[sp.Symbol],
        local: Mapping[sp.Basic, Term],
    ) -> None:
        self.parameters, self.sizes, self.local = parameters, sizes, local

    def term(self, e: sp.Basic, scope: Scope) -> Term:
        if e in self.local:
            return self.local[e]
        for kind, write in _WRITERS:
            if isinstance(e, kind):
                return write(self, e, scope)
        raise NotStorableError(f"the stored form has no head for {shown(e)} ({type(e).__name__})")

    def position(self, symbol: sp.Basic, scope: Scope) -> int:
        for depth, bound in enumerate(reversed(scope)):
            if bound == symbol:
                return depth
        raise NotStorableError(f"{symbol} is not bound here; bound are: {shown(list(scope))}")

    def indices(self, indices: tuple[sp.Basic, ...], scope: Scope) -> list[int]:
        return [self.position(i, scope) for i in indices]

    def symbol(self, e: sp.Symbol, scope: Scope) -> Term:
        if e in self.sizes:
            return ["size", e.name]
        if e in self.parameters:
            return ["param", e.name]
        raise NotStorableError(f"the model declares no parameter or size {e} with this range")

    def indexed(self, e: sp.Indexed, scope: Scope) -> Term:
        at = self.indices(e.indices, scope)
        if e.base == LATENT:
            return ["z", self.position(LATENT, scope), *at]
        if e.base == NOISE:
            return ["eps", self.position(LATENT, scope), *at]
        if e.base == DATUM:
            return ["x", *at]
        if e.base in self.parameters:
            return ["param", e.base.label.name, *at]
        raise NotStorableError(f"the model declares no array {e.base} with this range")

    def network(self, e: NetworkValue, scope: Scope) -> Term:
        inputs = [
            ["vec", v.args[2].name, self.term(v.body, (*scope, v.args[1]))]  # type: ignore[attr-defined]
            for v in e.inputs
        ]
        return ["net", e.name, self.indices(e.indices, scope), inputs]

    def sum(self, e: sp.Sum, scope: Scope) -> Term:
        body: Term = self.term(e.function, (*scope, *(lim[0] for lim in reversed(e.limits))))
        for i, lower, upper in e.limits:
            if lower != 1 or upper not in self.sizes:
                raise NotStorableError(
                    f"the sum over {i} runs from {lower} to {upper}; sums run from 1 to a size"
                )
            body = ["sum", upper.name, body]
        return body

    def role(self, e: LogDensity | Entropy, scope: Scope) -> Term:
        head = "logp" if isinstance(e, LogDensity) else "H"
        out: list[Any] = [head, e.role]
        if e.role == "encoder" or (head == "logp" and e.role == "decoder"):
            out.append(self.position(e.args[1], scope))
        if e.role == "decoder" or head == "logp":
            out.append(self.position(LATENT, scope))
        return out

    def many(self, head: str, e: sp.Expr, scope: Scope) -> Term:
        return [head, *(self.term(a, scope) for a in in_written_order(e))]

    def power(self, e: sp.Pow, scope: Scope) -> Term:
        base, exponent = e.args
        if base == sp.E:
            return ["exp", self.term(exponent, scope)]
        if not isinstance(exponent, sp.Rational):
            raise NotStorableError(f"the exponent of {shown(e)} is not rational")
        return ["pow", self.term(base, scope), self.term(exponent, scope)]


def _rational(writer: _Writer, e: sp.Rational, scope: Scope) -> Term:
    return int(e.p) if e.q == 1 else ["frac", int(e.p), int(e.q)]


_WRITERS: tuple[tuple[type, Callable[[_Writer, Any, Scope], Term]], ...] = (
    (sp.Rational, _rational),
    (sp.core.numbers.Pi, lambda w, e, s: ["pi"]),
    (sp.core.numbers.Exp1, lambda w, e, s: ["e"]),
    (sp.Symbol, _Writer.symbol),
    (sp.Indexed, _Writer.indexed),
    (NetworkValue, _Writer.network),
    (sp.Sum, _Writer.sum),
    (DataMean, lambda w, e, s: ["mean", w.term(e.body, (*s, e.args[1]))]),
    (
        EncoderExpectation,
        lambda w, e, s: ["expect", w.position(e.datum, s), w.term(e.body, (*s, LATENT))],
    ),
    (
        NoiseExpectation,
        lambda w, e, s: ["reparam", w.position(e.datum, s), w.term(e.body, (*s, LATENT))],
    ),
    (LogDensity, _Writer.role),
    (Entropy, _Writer.role),
    (Elbo, lambda w, e, s: ["elbo"]),
    (Directional, lambda w, e, s: ["D", w.term(e.body, s)]),
    (sp.Add, lambda w, e, s: w.many("add", e, s)),
    (sp.Mul, lambda w, e, s: w.many("mul", e, s)),
    (sp.log, lambda w, e, s: w.many("log", e, s)),
    (sp.exp, lambda w, e, s: w.many("exp", e, s)),
    (sp.Pow, _Writer.power),
)


def model_record(model: Model) -> dict[str, Any]:
    """The stored form of a model: everything that its meaning depends on, and nothing about how it prints."""
    scopes: dict[str, Scope] = {
        "prior": (model.latent.index,),
        "decoder": (LATENT, model.observed.index),
        "encoder": (n, model.latent.index),
    }

    def factor(role: str) -> dict[str, Any]:
        f: Factor = model.factor(role)
        return {
            "family": f.family.name,
            "arguments": [term(a, model, scopes[role]) for a in f.arguments],
        }

    return {
        "name": model.name,
        "sizes": [s.name for s in model.sizes],
        "observed": model.observed.size.name,
        "latent": model.latent.size.name,
        "parameters": [
            {
                "name": p.name,
                "plates": _sizes(p.plates),
                "range": p.range,
                "learned": p.learned,
            }
            for p in model.parameters
        ],
        "networks": [
            {
                "name": net.name,
                "plates": _sizes(net.plates),
                "inputs": [s.name for s in net.inputs],
                "range": net.range,
            }
            for net in model.networks
        ],
        "families": {f.name: _family_record(f) for f in model.families},
        "prior": factor("prior"),
        "decoder": factor("decoder"),
        "encoder": factor("encoder"),
        "constraints": [{"on": c.on, "text": c.text} for c in model.constraints],
    }


def _sizes(plates: tuple[Plate, ...]) -> list[str]:
    return [p.size.name for p in plates]


def _family_record(family: Family) -> dict[str, Any]:
    def optional(e: sp.Expr | None) -> Term | None:
        return None if e is None else family_term(e, family)

    return {
        "arguments": [
            {"name": a.name, "range": "positive" if a.is_positive else "real"}
            for a in family.arguments
        ],
        "support": family.support,
        "log_density": family_term(family.log_density, family),
        "log_base_measure": family_term(family.log_base_measure, family),
        "location": optional(family.location),
        "scale": optional(family.scale),
    }
