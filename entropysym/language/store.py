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
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import (
    DataMean,
    Directional,
    Elbo,
    EncoderExpectation,
    Entropy,
    LogBaseMeasure,
    LogDensity,
    NetworkValue,
    NoiseExpectation,
    ObjectiveValue,
    Vector,
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
    Transposed,
)
from entropysym.language.records import (
    DIM,
    Factor,
    Family,
    Model,
    Parameter,
    Plate,
    argument_name,
)
from entropysym.language.symbols import DATUM, LATENT, NOISE, n

FORMAT = "entropysym/1"

#: Numerators and denominators of exponents.
MAX_EXPONENT = 64

#: What stands in place of a family for an encoder of any law.
ANY_LAW = "any"

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
    return _Writer({p.symbol: p for p in model.parameters}, frozenset(model.sizes), {}).term(
        expression, scope
    )


def family_term(expression: sp.Basic, family: Family) -> Term:
    """The stored term of an expression in a family's own variable and arguments."""
    local: dict[sp.Basic, Term] = {a: ["arg", argument_name(a)] for a in family.arguments}
    local[family.variable] = ["var"]
    local[DIM] = ["dim"]
    return _Writer({}, frozenset(), local).term(expression, ())


def in_written_order(e: sp.Basic) -> tuple[sp.Basic, ...]:
    """The arguments of a sum as a paper orders them: encoder, prior, decoder, then derivatives; others keep SymPy's order."""
    if not isinstance(e, sp.Add):
        return e.args

    def place(addend: sp.Expr) -> int:
        roles = {h.role for h in addend.atoms(Entropy, LogDensity, LogBaseMeasure)}
        if addend.has(Directional):
            return 3
        return min((("encoder", "prior", "decoder").index(r) for r in roles), default=4)

    return tuple(sorted(e.args, key=place))


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
        if e.base in self.local:
            return [*self.local[e.base], *at]
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
        inputs = [self.vector(v, scope) for v in e.inputs]
        return ["net", e.name, self.indices(e.indices, scope), inputs]

    def vector(self, e: Vector, scope: Scope) -> Term:
        size = "dim" if e.args[2] == DIM else e.args[2].name
        return ["vec", size, self.term(e.body, (*scope, e.args[1]))]

    def letter(self, e: MatrixLetter, scope: Scope) -> Term:
        if isinstance(e, MatrixNetwork):
            return ["matnet", e.name, [self.vector(v, scope) for v in e.inputs]]
        if e in self.parameters:
            return ["mat", e.name]
        raise NotStorableError(f"the model declares no matrix {e} with this size and range")

    def sum(self, e: sp.Sum, scope: Scope) -> Term:
        body: Term = self.term(e.function, (*scope, *(lim[0] for lim in reversed(e.limits))))
        for i, lower, upper in e.limits:
            if lower != 1 or upper not in self.sizes:
                raise NotStorableError(
                    f"the sum over {i} runs from {lower} to {upper}; sums run from 1 to a size"
                )
            body = ["sum", upper.name, body]
        return body

    def role(self, e: LogDensity | Entropy | LogBaseMeasure, scope: Scope) -> Term:
        head = {LogDensity: "logp", Entropy: "H", LogBaseMeasure: "logh"}[type(e)]
        out: list[Any] = [head, e.role]
        if len(e.args) > 1:
            out.append(self.position(e.args[1], scope))
        # log p reads the latent, as does the decoder's entropy; log h reads the variable alone.
        if (
            head == "logp"
            or (head == "H" and e.role == "decoder")
            or (head == "logh" and e.role == "prior")
        ):
            out.append(self.position(LATENT, scope))
        return out

    def many(self, head: str, e: sp.Basic, scope: Scope) -> Term:
        return [head, *(self.term(a, scope) for a in in_written_order(e))]

    def power(self, e: sp.Pow, scope: Scope) -> Term:
        base, exponent = e.args
        if base == sp.E:
            return ["exp", self.term(exponent, scope)]
        if not isinstance(exponent, sp.Rational):
            raise NotStorableError(f"the exponent of {shown(e)} is not rational")
        if max(abs(exponent.p), exponent.q) > MAX_EXPONENT:
            raise NotStorableError(f"an exponent goes up to {MAX_EXPONENT}, not {exponent}")
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
    (LogBaseMeasure, _Writer.role),
    # The ELBO stands in terms only where it is what learning maximises, under D.
    (Elbo, lambda w, e, s: ["objective"]),
    (ObjectiveValue, lambda w, e, s: ["objective"]),
    (Directional, lambda w, e, s: ["D", w.term(e.body, s)]),
    (sp.Add, lambda w, e, s: w.many("add", e, s)),
    (sp.Mul, lambda w, e, s: w.many("mul", e, s)),
    (MatrixLetter, _Writer.letter),
    (Vector, _Writer.vector),
    (Scaled, lambda w, e, s: w.many("scaled", e, s)),
    (MatrixProduct, lambda w, e, s: w.many("matmul", e, s)),
    (Inverse, lambda w, e, s: w.many("inverse", e, s)),
    (Transposed, lambda w, e, s: w.many("transposed", e, s)),
    (LogDet, lambda w, e, s: w.many("logdet", e, s)),
    (Trace, lambda w, e, s: w.many("trace", e, s)),
    (Quadratic, lambda w, e, s: w.many("quad", e, s)),
    (Softplus, lambda w, e, s: w.many("softplus", e, s)),
    (Sigmoid, lambda w, e, s: w.many("sigmoid", e, s)),
    (sp.Max, lambda w, e, s: w.many("max", e, s)),
    (sp.Min, lambda w, e, s: w.many("min", e, s)),
    (sp.Abs, lambda w, e, s: w.many("abs", e, s)),
    (sp.loggamma, lambda w, e, s: w.many("loggamma", e, s)),
    (sp.log, lambda w, e, s: w.many("log", e, s)),
    (sp.exp, lambda w, e, s: w.many("exp", e, s)),
    (sp.Pow, _Writer.power),
)


def model_record(model: Model) -> dict[str, Any]:
    """The stored form of a model: everything that its meaning depends on, and nothing about how it prints."""
    outer: dict[str, Scope] = {"prior": (), "decoder": (LATENT,), "encoder": (n,)}

    def factor(role: str) -> dict[str, Any]:
        f: Factor = model.factor(role)
        if f.family.is_any:
            return {"family": ANY_LAW, "arguments": []}
        inner = (*outer[role], model.plate(role).index)
        return {
            "family": f.family.name,
            "arguments": [
                term(a, model, outer[role] if isinstance(a, Matrix) else inner) for a in f.arguments
            ],
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

    def range_(a: sp.Basic) -> str:
        if isinstance(a, MatrixLetter):
            return a.kind
        if isinstance(a, sp.IndexedBase):
            return "vector"
        return "positive" if a.is_positive else "real"

    return {
        "arguments": [{"name": argument_name(a), "range": range_(a)} for a in family.arguments],
        "support": family.support,
        "log_density": family_term(family.log_density, family),
        "log_base_measure": family_term(family.log_base_measure, family),
        "location": optional(family.location),
        "scale": optional(family.scale),
    }
