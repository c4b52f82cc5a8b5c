"""The stored form: SymPy expressions and model records as plain JSON data, and back.

The format is described in `checker/FORMAT.md`. Bound indices are stored by position, heads are whitelisted, and nothing that is
read is ever evaluated as code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import TypeAlias

import sympy as sp

from entropysym.errors import NotStorableError, shown
from entropysym.language.formula import args_of, array_name, array_of, of_type
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
    Letter,
    Model,
    Plate,
    argument_name,
)
from entropysym.language.symbols import DATUM, LATENT, NOISE, n

FORMAT = "entropysym/2"

#: Numerators and denominators of exponents.
MAX_EXPONENT = 64

#: What stands in place of a family for an encoder of any law.
ANY_LAW = "any"

#: A stored expression: an integer, or the name of a head with what it holds.
Term: TypeAlias = int | list["Term | str"]
#: JSON data.
Stored: TypeAlias = str | int | list["Stored"] | dict[str, "Stored"] | Term | None
#: The names of the factors, of the variables and of the size that counts the data.
OBSERVED, HIDDEN, DATA = "x", "z", "N"

#: The symbols bound around an expression, innermost last.
Binders = tuple[sp.Basic, ...]


def canonical(data: object) -> str:
    """The one JSON text of some data: sorted keys, no blanks, ASCII."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(data: object) -> str:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(data).encode("ascii")).hexdigest()


def term(expression: sp.Basic, model: Model, under: Binders = ()) -> Term:
    """The stored term of an expression under the binders around it.

    Raises `NotStorableError` for anything that has no head in the format, such as a float or an undeclared symbol.
    """
    parameters = frozenset(p.symbol for p in model.parameters)
    return _Writer(parameters, frozenset(model.sizes), {}, data_size(model)).term(expression, under)


def data_size(model: Model) -> str:
    """The name of the size that counts the data: N, unless the model calls something else so."""
    taken = {*map(str, model.sizes), *(a.name for a in (*model.parameters, *model.networks))}
    return next(
        name for name in (DATA, *(f"{DATA}{k}" for k in range(len(taken) + 1))) if name not in taken
    )


def family_term(expression: sp.Basic, family: Family) -> Term:
    """The stored term of an expression in a family's own variable and arguments."""
    local: dict[sp.Basic, list[Term | str]] = {
        a: ["arg", argument_name(a)] for a in family.arguments
    }
    local[family.variable] = ["var"]
    local[DIM] = ["dim"]
    return _Writer(frozenset(), frozenset(), local, "").term(expression, ())


def in_written_order(e: sp.Basic) -> tuple[sp.Basic, ...]:
    """The arguments of a sum as a paper orders them: encoder, prior, decoder, then derivatives; others keep SymPy's order."""
    if not isinstance(e, sp.Add):
        return e.args

    def place(addend: sp.Expr) -> int:
        roles = {h.role for h in addend.atoms(Entropy, LogDensity, LogBaseMeasure)}
        if addend.has(Directional):
            return 3
        return min((("encoder", "prior", "decoder").index(r) for r in roles), default=4)

    return tuple(sorted(args_of(e), key=place))


#: Heads that are stored as their name and the terms of their arguments.
_NAMES: dict[type[sp.Basic], str] = {
    sp.Add: "add",
    sp.Mul: "mul",
    Scaled: "scaled",
    MatrixProduct: "matmul",
    Inverse: "inverse",
    Transposed: "transposed",
    LogDet: "logdet",
    Trace: "trace",
    Quadratic: "quad",
    Softplus: "softplus",
    Sigmoid: "sigmoid",
    sp.Max: "max",
    sp.Min: "min",
    sp.Abs: "abs",
    sp.loggamma: "loggamma",
    sp.log: "log",
    sp.exp: "exp",
}
_ROLES = {LogDensity: "logp", Entropy: "H", LogBaseMeasure: "logh"}


@dataclass(frozen=True)
class _Writer:
    parameters: Set[sp.Basic]
    sizes: Set[sp.Symbol]
    local: Mapping[sp.Basic, list[Term | str]]
    data: str
    datum: sp.Symbol = n  # of which the latent is

    def term(self, e: sp.Basic, under: Binders) -> Term:
        if e in self.local:
            return self.local[e]
        match e:
            case sp.Rational():
                return int(e.p) if e.q == 1 else ["frac", int(e.p), int(e.q)]
            case sp.core.numbers.Pi():
                return ["pi"]
            case sp.core.numbers.Exp1():
                return ["e"]
            case sp.Symbol():
                return self.symbol(e)
            case sp.Indexed():
                return self.indexed(e, under)
            case NetworkValue():
                inputs: list[Term | str] = [self.vector(v, under) for v in e.inputs]
                return ["net", e.name, self.positions(e.indices, under), inputs]
            case sp.Sum():
                return self.sum(e, under)
            case DataMean():
                return ["mean", self.data, self.term(e.body, (*under, e.index))]
            case EncoderExpectation() | NoiseExpectation():
                head = "expect" if isinstance(e, EncoderExpectation) else "reparam"
                return [head, replace(self, datum=e.datum).term(e.body, under)]
            case LogDensity() | Entropy() | LogBaseMeasure():
                return self.of_role(e, under)
            case Elbo() | ObjectiveValue():
                # The ELBO stands in terms only where it is what learning maximises, under D.
                return ["objective"]
            case Directional():
                return ["D", self.term(e.body, under)]
            case MatrixLetter():
                return self.letter(e, under)
            case Vector():
                return self.vector(e, under)
            case sp.Pow():
                return self.power(e, under)
        name = next((name for kind, name in _NAMES.items() if isinstance(e, kind)), None)
        if name is None:
            kind = type(e).__name__
            raise NotStorableError(f"the stored form has no head for {shown(e)} ({kind})")
        return [name, *(self.term(a, under) for a in in_written_order(e))]

    def position(self, symbol: sp.Basic, under: Binders) -> int:
        for depth, bound in enumerate(reversed(under)):
            if bound == symbol:
                return depth
        raise NotStorableError(f"{symbol} is not bound here; bound are: {shown(list(under))}")

    def positions(self, indices: Iterable[sp.Basic], under: Binders) -> list[Term | str]:
        return [self.position(i, under) for i in indices]

    def symbol(self, e: sp.Symbol) -> Term:
        if e in self.sizes:
            return ["size", e.name]
        if e in self.parameters:
            return ["param", e.name]
        raise NotStorableError(f"the model declares no parameter or size {e} with this range")

    def indexed(self, e: sp.Indexed, under: Binders) -> Term:
        at, base = self.positions(e.indices, under), array_of(e)
        if base in self.local:
            return [*self.local[base], *at]
        if base in (LATENT, NOISE):
            head = "v" if base == LATENT else "eps"
            return [head, HIDDEN, self.position(self.datum, under), *at]
        if base == DATUM:
            return ["v", OBSERVED, *at]
        if base in self.parameters:
            return ["param", array_name(base), *at]
        raise NotStorableError(f"the model declares no array {base} with this range")

    def vector(self, e: Vector, under: Binders) -> Term:
        size = of_type(e.size, sp.Symbol)
        return ["vec", "dim" if size == DIM else size.name, self.term(e.body, (*under, e.index))]

    def letter(self, e: MatrixLetter, under: Binders) -> Term:
        if isinstance(e, MatrixNetwork):
            return ["matnet", e.name, [self.vector(v, under) for v in e.inputs]]
        if e in self.parameters:
            return ["mat", e.name]
        raise NotStorableError(f"the model declares no matrix {e} with this size and range")

    def sum(self, e: sp.Sum, under: Binders) -> Term:
        body = self.term(e.function, (*under, *(limit[0] for limit in reversed(e.limits))))
        for i, lower, upper in e.limits:
            if lower != 1 or not isinstance(upper, sp.Symbol) or upper not in self.sizes:
                raise NotStorableError(
                    f"the sum over {i} runs from {lower} to {upper}; sums run from 1 to a size"
                )
            body = ["sum", upper.name, body]
        return body

    def of_role(self, e: LogDensity | Entropy | LogBaseMeasure, under: Binders) -> Term:
        head, datum = _ROLES[type(e)], e.datum[0] if e.datum else self.datum
        if datum in under:
            return [head, e.role, self.position(datum, under)]
        return ["mean", self.data, [head, e.role, 0]]  # the same for every datum

    def power(self, e: sp.Pow, under: Binders) -> Term:
        base, exponent = e.args
        if base == sp.E:
            return ["exp", self.term(exponent, under)]
        if not isinstance(exponent, sp.Rational):
            raise NotStorableError(f"the exponent of {shown(e)} is not rational")
        if max(abs(exponent.p), exponent.q) > MAX_EXPONENT:
            raise NotStorableError(f"an exponent goes up to {MAX_EXPONENT}, not {exponent}")
        return ["pow", self.term(base, under), self.term(exponent, under)]


def model_record(model: Model) -> dict[str, Stored]:
    """The stored form of a model: everything that its meaning depends on, and nothing about how it prints."""
    data = data_size(model)
    hidden = model.prior.family if model.encoder.family.is_any else model.encoder.family

    def variable(name: str, plate: Plate, support: str, role: str) -> dict[str, Stored]:
        plates: list[Stored] = [data, plate.size.name]
        return {"name": name, "plates": plates, "support": support, "role": role}

    def factor(role: str, of: str, *given: Stored) -> dict[str, Stored]:
        f: Factor = model.factor(role)
        return {
            "name": role,
            "of": [of],
            "given": [*given],
            "family": ANY_LAW if f.family.is_any else f.family.name,
            "arguments": [*_arguments(model, role)],
            "select": "",
        }

    return {
        "name": model.name,
        "sizes": [data, *(s.name for s in model.sizes)],
        "data": [data],
        "variables": [
            variable(OBSERVED, model.observed, model.decoder.family.support, "observed"),
            variable(HIDDEN, model.latent, hidden.support, "latent"),
        ],
        "lags": {},
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
        "p": [factor("prior", HIDDEN), factor("decoder", OBSERVED, HIDDEN)],
        "q": [factor("encoder", HIDDEN, OBSERVED)],
        "constraints": [{"on": c.on, "text": c.text} for c in model.constraints],
    }


def _arguments(model: Model, role: str) -> Iterator[Term]:
    """The arguments of a factor: they see the datum, and the plate's index if the family is univariate."""
    factor, plate = model.factor(role), model.plate(role)
    for place, argument in zip(factor.family.arguments, factor.arguments, strict=True):
        if isinstance(place, sp.IndexedBase):
            yield ["vec", plate.size.name, term(argument, model, (n, plate.index))]
        else:
            inner = () if factor.family.is_multivariate else (plate.index,)
            yield term(argument, model, (n, *inner))


def _sizes(plates: tuple[Plate, ...]) -> list[Stored]:
    return [p.size.name for p in plates]


def _family_record(family: Family) -> dict[str, Stored]:
    def optional(e: sp.Expr | None) -> Term | None:
        return None if e is None else family_term(e, family)

    def range_(a: Letter) -> str:
        if isinstance(a, MatrixLetter):
            return a.kind
        if isinstance(a, sp.IndexedBase):
            return "vector"
        return "positive" if a.is_positive else "real"

    return {
        "arguments": [{"name": argument_name(a), "range": range_(a)} for a in family.arguments],
        "support": family.support,
        "log_density": family_term(family.density, family),
        "log_base_measure": family_term(family.log_base_measure, family),
        "location": optional(family.location),
        "scale": optional(family.scale),
    }
