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
from entropysym.language.functions import ROWS, argument_of, row_of
from entropysym.language.heads import (
    AbstractValue,
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
    Entry,
    Inverse,
    LogDet,
    MatrixLetter,
    MatrixNetwork,
    MatrixProduct,
    MatrixVariable,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.records import (
    DIM,
    ROW_DIM,
    Factor,
    Family,
    Model,
    Plate,
    argument_name,
)
from entropysym.language.symbols import DatumArray, LatentArray, NoiseArray, latent_of

FORMAT = "entropysym/2"

#: Numerators and denominators of exponents.
MAX_EXPONENT = 64

#: What stands in place of a family for an encoder of any law.
ANY_LAW = "any"

#: A stored expression: an integer, or the name of a head with what it holds.
Term: TypeAlias = int | list["Term | str"]
#: JSON data.
Stored: TypeAlias = str | int | list["Stored"] | dict[str, "Stored"] | Term | None
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
    return _Writer.of(model).term(expression, under)


def family_term(expression: sp.Basic, family: Family, under: Binders = ()) -> Term:
    """The stored term of an expression in a family's own variable and arguments, under the index of a component or none."""
    local: dict[sp.Basic, list[Term | str]] = {
        a: ["arg", argument_name(a)] for a in family.arguments
    }
    local[family.variable] = ["var"]
    local |= {DIM: ["dim"], ROW_DIM: ["rows"]}
    return _Writer(frozenset(), frozenset({DIM, ROW_DIM}), local).term(expression, under)


def in_written_order(e: sp.Basic) -> tuple[sp.Basic, ...]:
    """The arguments of a sum as a paper orders them: encoder, prior, decoder, then derivatives; others keep SymPy's order."""
    if not isinstance(e, sp.Add):
        return e.args

    def place(addend: sp.Expr) -> int:
        roles = {h.role for h in addend.atoms(Entropy, LogDensity, LogBaseMeasure)}
        if addend.has(Directional):
            return 3
        order = ("encoder", "prior", "decoder")
        return min((order.index(r) for r in roles if r in order), default=4)

    return tuple(sorted(args_of(e), key=place))


#: Heads that are stored as their name and the terms of their arguments.
NAMES: dict[type[sp.Basic], str] = {
    sp.Add: "add",
    sp.Mul: "mul",
    Scaled: "scaled",
    MatrixProduct: "matmul",
    Inverse: "inverse",
    Transposed: "transposed",
    LogDet: "logdet",
    Trace: "trace",
    Quadratic: "quad",
    sp.Max: "max",
    sp.Min: "min",
    sp.Abs: "abs",
    sp.log: "log",
    sp.exp: "exp",
}
_ROLES = {LogDensity: "logp", Entropy: "H", LogBaseMeasure: "logh"}


@dataclass(frozen=True)
class _Writer:
    parameters: Set[sp.Basic]
    sizes: Set[sp.Symbol]
    local: Mapping[sp.Basic, list[Term | str]]
    model: Model | None = None
    datum: tuple[sp.Symbol, ...] = ()  # of which the latents are

    @staticmethod
    def of(model: Model) -> _Writer:
        parameters = frozenset(p.symbol for p in model.parameters)
        counts = [plate.size for plate in model.data] if model.counted else []
        data = (model.data[0].index,) if len(model.data) == 1 else ()
        return _Writer(parameters, frozenset([*model.sizes, *counts]), {}, model, data)

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
            case sp.core.numbers.EulerGamma():  # SymPy's value of -digamma(1)
                return ["mul", -1, ["digamma", 1]]
            case sp.Symbol():
                return self.symbol(e, under)
            case sp.Indexed():
                return self.indexed(e, under)
            case NetworkValue():
                inputs: list[Term | str] = [self.vector(v, under) for v in e.inputs]
                return ["net", e.name, self.positions(e.indices, under), inputs]
            case AbstractValue() if e.vector is None:
                return ["fun", e.name, e.order, self.term(e.inside, under)]
            case AbstractValue():
                at = self.positions(e.indices, under)
                return ["field", e.name, at, self.vector(of_type(e.vector, Vector), under)]
            case sp.Sum():
                return self.sum(e, under)
            case DataMean():
                return ["mean", self.data(e.index), self.term(e.body, (*under, e.index))]
            case EncoderExpectation() | NoiseExpectation():
                head = "expect" if isinstance(e, EncoderExpectation) else "reparam"
                return [head, replace(self, datum=e.data).term(e.body, under)]
            case LogDensity() | Entropy() | LogBaseMeasure():
                return self.of_role(e, under)
            case Elbo() | ObjectiveValue():
                # The ELBO stands in terms only where it is what learning maximises, under D.
                return ["objective"]
            case Directional():
                return ["D", self.term(e.body, under)]
            case MatrixLetter():
                return self.letter(e, under)
            case Entry():
                return ["entry", self.term(e.word, under), *self.positions(e.indices, under)]
            case Vector():
                return self.vector(e, under)
            case sp.Pow():
                return self.power(e, under)
        if (row := row_of(e)) is not None:
            return [row.head, self.term(argument_of(e), under)]
        name = next((name for kind, name in NAMES.items() if isinstance(e, kind)), None)
        if name is None:
            kind = type(e).__name__
            known = ", ".join(("exp", "log", "abs", *(row.head for row in ROWS)))
            raise NotStorableError(
                f"the stored form has no head for {shown(e)} ({kind}); write it with {known}, or as a network, of which nothing is known"
            )
        return [name, *(self.term(a, under) for a in in_written_order(e))]

    def position(self, symbol: sp.Basic, under: Binders) -> int:
        for depth, bound in enumerate(reversed(under)):
            if bound == symbol:
                return depth
        raise NotStorableError(f"{symbol} is not bound here; bound are: {shown(list(under))}")

    def positions(self, indices: Iterable[sp.Basic], under: Binders) -> list[Term | str]:
        return [self.position(i, under) for i in indices]

    def symbol(self, e: sp.Symbol, under: Binders) -> Term:
        if e in self.sizes:
            return ["size", e.name]
        if e in under:
            return ["index", self.position(e, under)]
        if e in self.parameters:
            return ["param", e.name]
        raise NotStorableError(f"the model declares no parameter or size {e} with this range")

    def indexed(self, e: sp.Indexed, under: Binders) -> Term:
        at, base = self.positions(e.indices, under), array_of(e)
        if base in self.local:
            return [*self.local[base], *at]
        if isinstance(base, (LatentArray, NoiseArray)) and self.model is not None:
            noise = isinstance(base, NoiseArray)
            name = array_name(base)
            if noise:  # that of the one latent vector needs no name
                plain = self.model.is_plain
                name = self.model.latents[0].name if plain else latent_of(base)
            return ["eps" if noise else "v", name, *self.datum_of(name, under), *at]
        if isinstance(base, DatumArray):
            return ["v", array_name(base), *at]
        if base in self.parameters:
            return ["param", array_name(base), *at]
        raise NotStorableError(f"the model declares no array {base} with this range")

    def datum_of(self, latent: str, under: Binders) -> list[Term | str]:
        """The position of the datum that a latent variable lies in."""
        plate = self.model.datum(latent) if self.model is not None else None
        at = self.datum or ((plate.index,) if plate else ())
        return self.positions(at, under) if plate else []

    def vector(self, e: Vector, under: Binders) -> Term:
        size = of_type(e.size, sp.Symbol)
        return ["vec", "dim" if size == DIM else size.name, self.term(e.body, (*under, e.index))]

    def letter(self, e: MatrixLetter, under: Binders) -> Term:
        if isinstance(e, MatrixVariable):
            name, at = array_name(e.array), self.positions(e.indices, under)
            latent = isinstance(e.array, LatentArray)
            return ["matv", name, *(self.datum_of(name, under) if latent else []), *at]
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
            body = ["sum", "dim" if upper == DIM else upper.name, body]
        return body

    def of_role(self, e: LogDensity | Entropy | LogBaseMeasure, under: Binders) -> Term:
        """A factor in a data plate names its datum; what is the same for every datum stands under a mean."""
        assert self.model is not None
        head, plate = _ROLES[type(e)], self.model.datum(self.model.factor(e.role).of[0])
        if plate is None:
            return [head, e.role]
        datum = (*e.datum, *self.datum)[0] if (*e.datum, *self.datum) else plate.index
        if datum in under:
            return [head, e.role, self.position(datum, under)]
        return ["mean", plate.size.name, [head, e.role, 0]]

    def data(self, index: sp.Symbol) -> str:
        """The size of the data plate that an index runs over."""
        plates = self.model.data if self.model is not None else ()
        found = next((plate for plate in plates if plate.index == index), None)
        if found is None:
            raise NotStorableError(f"{index} is the index of no data plate")
        return found.size.name

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

    def factor(f: Factor) -> dict[str, Stored]:
        return {
            "name": f.name,
            "of": [*f.of],
            "given": [*f.given],
            "family": ANY_LAW if f.family.is_any else f.family.name,
            "arguments": [*_arguments(model, f)],
            "select": f.select or "",
        }

    return {
        "name": model.name,
        "sizes": [*_sizes(model.data), *(s.name for s in model.sizes)],
        "data": _sizes(model.data),
        "variables": [
            {"name": v.name, "plates": _sizes(v.plates), "support": v.support, "role": v.role}
            for v in model.variables
        ],
        "lags": {
            lag.name: {"plate": lag.plate.size.name, "start": lag.start} for lag in model.lags
        },
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
        "p": [factor(f) for f in model.p],
        "q": [factor(f) for f in model.q],
        "constraints": [{"on": c.on, "text": c.text} for c in model.constraints],
    }


def _arguments(model: Model, factor: Factor) -> Iterator[Term]:
    """The arguments of a factor: they see the indices of its variable, without those of one draw of the family, then the class."""
    plates, classes = model.variable(factor.of[0]).plates, model.classes(factor)
    outer = plates[: len(plates) - factor.family.depth]
    under = (*(plate.index for plate in outer), *([classes.index] if classes else []))
    for place, argument in zip(factor.family.arguments, factor.arguments, strict=True):
        if isinstance(place, sp.IndexedBase):
            own = plates[-2:] if factor.family.range_of(place) == "matrix" else plates[-1:]
            found = term(argument, model, (*under, *(plate.index for plate in own)))
            for plate in reversed(own):
                found = ["vec", plate.size.name, found]
            yield found
        else:
            yield term(argument, model, under)


def _sizes(plates: tuple[Plate, ...]) -> list[Stored]:
    return [p.size.name for p in plates]


def _family_record(family: Family) -> dict[str, Stored]:
    def optional(e: sp.Expr | None) -> Term | None:
        return None if e is None else family_term(e, family)

    return {
        "arguments": [
            {"name": argument_name(a), "range": family.range_of(a)} for a in family.arguments
        ],
        "support": family.support,
        "log_density": family_term(family.density, family),
        "log_base_measure": family_term(family.log_base_measure, family),
        "location": optional(family.location),
        "scale": optional(family.scale),
    }
