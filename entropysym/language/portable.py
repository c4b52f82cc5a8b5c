"""Expressions as JSON text by themselves, without a model: `dump` and `load`, for a paper's supplement.

The text has the form {"format": …, "symbols": {…}, "expression": …}. Heads have the names of the stored form (`store`), symbols stand in a table with their ranges, and everything else is
a list of a head and its parts. What is read is built from the heads that are known here, and never evaluated as code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.symbol import Str

from entropysym.errors import InputError, NotStorableError, one_of, shown
from entropysym.language import heads, matrices
from entropysym.language.formula import of_type
from entropysym.language.functions import ROWS, argument_of, row_of
from entropysym.language.store import MAX_EXPONENT, NAMES, canonical
from entropysym.language.symbols import (
    DatumArray,
    LatentArray,
    MatrixArray,
    NoiseArray,
    OneHotDatum,
    OneHotLatent,
)

FORMAT = "entropysym-expression/1"

#: Limits of what is read: characters, nesting, nodes, digits of an integer, and integers that a function is taken of.
MAX_TEXT, MAX_DEPTH, MAX_NODES, MAX_DIGITS, MAX_ARGUMENT = 2**22, 200, 200_000, 400, 1_000

Json: TypeAlias = Any

#: Heads that are rebuilt from their arguments, beside those of `store.NAMES`.
_HEADS: dict[str, type[sp.Basic]] = {
    **{name: kind for kind, name in NAMES.items()},
    "pow": sp.Pow,
    "sum": sp.Sum,
    "eq": sp.Eq,
    "tuple": sp.Tuple,
    "tanh": sp.tanh,
    "delta": sp.KroneckerDelta,
    "indexed": sp.Indexed,
    "mean": heads.DataMean,
    "vec": heads.Vector,
    "expect": heads.EncoderExpectation,
    "expect law": heads.LawExpectation,
    "expect jointly": heads.JointExpectation,
    "expect located": heads.LocationScaleExpectation,
    "reparam": heads.NoiseExpectation,
    "reparam jointly": heads.JointNoiseExpectation,
    "reparam other": heads.OtherNoiseExpectation,
    "net": heads.NetworkValue,
    "function": heads.AbstractValue,
    "logp": heads.LogDensity,
    "H": heads.Entropy,
    "logh": heads.LogBaseMeasure,
    "elbo": heads.Elbo,
    "objective": heads.ObjectiveValue,
    "D": heads.Directional,
    "mat": matrices.MatrixLetter,
    "matnet": matrices.MatrixNetwork,
    "matv": matrices.MatrixVariable,
    "entry": matrices.Entry,
}
_NAME_OF = {kind: name for name, kind in _HEADS.items()}

_ARRAYS: dict[str, type[sp.IndexedBase]] = {
    "array": sp.IndexedBase,
    "datum": DatumArray,
    "latent": LatentArray,
    "noise": NoiseArray,
    "onehot datum": OneHotDatum,
    "onehot latent": OneHotLatent,
    "matrix": MatrixArray,
}
_CONSTANTS: dict[str, sp.Basic] = {
    "pi": sp.pi,
    "e": sp.E,
    "euler gamma": sp.EulerGamma,
    "true": sp.true,
    "false": sp.false,
}
_FUNCTIONS = {row.head: row for row in ROWS}

#: What a symbol may be assumed to be. `commutative` is said of every symbol and stands for nothing here.
_ASSUMED = (
    "real",
    "positive",
    "nonnegative",
    "integer",
    "unit",
    "angle",
    "nonzero",
    "negative",
    "nonpositive",
)


def dump(expression: sp.Basic) -> str:
    """An expression, an equation or a matrix word as JSON text, which `load` reads back as the same.

    Raises `NotStorableError` for anything that has no head in the format, such as a float or a function that the language lacks.

    >>> import entropysym as es
    >>> d = es.derive(es.models.vae2())
    >>> load(dump(d.entropy_sum)) == d.entropy_sum
    True
    """
    try:
        given = sp.sympify(expression, strict=True)
    except sp.SympifyError:
        raise InputError(f"{shown(expression)} is no SymPy expression") from None
    writer = _Writer()
    body = writer.of(given)
    return canonical({"format": FORMAT, "symbols": writer.table(), "expression": body}) + "\n"


class _Writer:
    """Terms, and the table of the symbols in them; a symbol that nothing but itself equals (a `Dummy`) is refused."""

    def __init__(self) -> None:
        self.symbols: dict[sp.Symbol, str] = {}

    def table(self) -> dict[str, Json]:
        return {key: {"name": s.name, "is": _assumed(s)} for s, key in self.symbols.items()}

    def of(self, e: sp.Basic) -> Json:
        constant = next((name for name, value in _CONSTANTS.items() if e is value), None)
        if constant is not None:
            return [constant]
        match e:
            case sp.Integer():
                return int(e)
            case sp.Rational():
                return ["frac", int(e.p), int(e.q)]
            case Str():
                return ["word", str(e)]
            case sp.Symbol():
                return ["symbol", self.symbol(e)]
            case sp.IndexedBase():
                return self.array(e)
            case AppliedUndef():
                return ["call", e.func.__name__, _assumed_of(e), *map(self.of, e.args)]
        if (row := row_of(e)) is not None:
            return [row.head, self.of(argument_of(e))]
        if isinstance(e, sp.exp):
            return ["exp", self.of(e.args[0])]
        name = _NAME_OF.get(type(e))
        if name is None:
            raise NotStorableError(
                f"the format has no head for {shown(str(e))} ({type(e).__name__}); it has {', '.join(sorted(_HEADS))}, and the functions {', '.join(sorted(_FUNCTIONS))}"
            )
        return [name, *map(self.of, e.args)]

    def array(self, e: sp.IndexedBase) -> Json:
        name = next((name for name, kind in _ARRAYS.items() if type(e) is kind), None)
        if name is None or len(e.args) != 1 or not isinstance(e.label, sp.Symbol):
            raise NotStorableError(f"the format has no head for the array {shown(str(e))}")
        return [name, self.symbol(e.label)]

    def symbol(self, s: sp.Symbol) -> str:
        if isinstance(s, sp.Dummy):
            raise NotStorableError(f"{s} is a Dummy, which no other symbol equals; give it a name")
        if s not in self.symbols:
            alike = sum(other.name == s.name for other in self.symbols)
            self.symbols[s] = s.name + "'" * alike if alike else s.name
        return self.symbols[s]


def _assumed(s: sp.Symbol) -> list[str]:
    """The assumptions that a symbol was made with. Raises `NotStorableError` for others than the language has."""
    made = s._assumptions_orig  # what SymPy itself compares symbols by
    found = [name for name in _ASSUMED if made.get(name) is True]
    other = {k: v for k, v in made.items() if k not in found and k != "commutative"}
    if other or not s.is_commutative:
        raise NotStorableError(f"the format does not know the assumptions {shown(other)} of {s}")
    return found


def _assumed_of(e: AppliedUndef) -> list[str]:
    """The assumptions that an undefined function was made with: SymPy keeps what follows from them."""
    for words in ([], *([word] for word in _ASSUMED)):
        if sp.Function(e.func.__name__, **dict.fromkeys(words, True)) == e.func:
            return words
    raise NotStorableError(f"the format does not know the assumptions of {e.func}")


def load(text: str) -> sp.Basic:
    """The expression that `dump` has written. Nothing is evaluated as code.

    Raises `InputError` for a text that is not of the format, that is too long, or that names an unknown head.
    """
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise InputError(f"this is {shown(text)}; pass a text of dump, up to {MAX_TEXT} characters")
    try:
        raw = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no JSON text of dump: {shown(str(error))}") from None
    if not isinstance(raw, dict) or raw.keys() != {"format", "symbols", "expression"}:
        raise InputError(
            "this is no text of dump: it has not the keys format, symbols and expression"
        )
    if raw["format"] != FORMAT:
        raise InputError(f"the format is {shown(raw['format'])}; this reads {FORMAT}")
    reader = _Reader(_symbols(raw["symbols"]))
    try:
        return reader.of(raw["expression"], 0)
    except InputError:
        raise
    except (TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise InputError(f"the text does not fit together: {shown(str(error))}") from None


def _no_float(literal: str) -> Any:
    raise ValueError(f"{literal[:20]} is no integer")


def _symbols(raw: Json) -> dict[str, sp.Symbol]:
    if not isinstance(raw, dict) or len(raw) > MAX_NODES:
        raise InputError("symbols is no table of symbols")
    found = {}
    for key, entry in raw.items():
        fits = isinstance(entry, dict) and entry.keys() == {"name", "is"}
        name = entry["name"] if fits else None
        if not (isinstance(name, str) and 0 < len(name) <= 80 and name.isprintable()):
            raise InputError(f"the symbol {shown(key)} has no name")
        found[key] = sp.Symbol(name, **_assumptions(entry["is"]))
    return found


def _assumptions(raw: Json) -> dict[str, bool]:
    words = raw if isinstance(raw, list) else [raw]
    for word in words:
        if word not in _ASSUMED:
            raise one_of(word, _ASSUMED, "assumption")
    return dict.fromkeys(words, True)


class _Reader:
    """Expressions from terms, within the limits."""

    def __init__(self, symbols: Mapping[str, sp.Symbol]) -> None:
        self.symbols, self.nodes = symbols, 0

    def of(self, raw: Json, depth: int) -> sp.Basic:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise InputError(
                f"the expression has more than {MAX_DEPTH} levels or {MAX_NODES} parts"
            )
        if type(raw) is int:
            return self.integer(raw)
        if not (isinstance(raw, list) and raw and isinstance(raw[0], str)):
            raise InputError(f"{shown(raw)} is no term")
        head, *parts = raw
        if head in _CONSTANTS and not parts:
            return _CONSTANTS[head]
        special: Mapping[str, Callable[..., sp.Basic]] = {
            "frac": self.fraction,
            "word": self.word,
            "symbol": self.symbol,
        }
        if head in special:
            return special[head](*parts)
        if head in _ARRAYS:
            return of_type(_ARRAYS[head](self.symbol(*parts)), sp.IndexedBase)
        if head == "call":
            name, words, *arguments = parts
            function = sp.Function(str(self.word(name)), **_assumptions(words))
            made: Any = function(*(self.of(p, depth + 1) for p in arguments), evaluate=False)
            return made
        if head not in _HEADS and head not in _FUNCTIONS:
            raise one_of(head, [*_HEADS, *_FUNCTIONS], "head")
        arguments = [self.of(p, depth + 1) for p in parts]
        if head in _FUNCTIONS:
            return self.function(head, *arguments)
        return self.built(head, arguments)

    def integer(self, value: Json) -> sp.Integer:
        if type(value) is not int or abs(value) >= 10**MAX_DIGITS:
            raise InputError(f"{shown(value)} is no integer of up to {MAX_DIGITS} digits")
        return sp.Integer(value)

    def fraction(self, p: Json, q: Json) -> sp.Basic:
        return sp.Rational(self.integer(p), self.integer(q))

    def word(self, text: Json) -> Str:
        if not (isinstance(text, str) and len(text) <= 200 and text.isprintable()):
            raise InputError(f"{shown(text)} is no word")
        return Str(text)

    def symbol(self, key: Json) -> sp.Symbol:
        if key not in self.symbols:
            raise one_of(key, self.symbols, "symbol of the text")
        return self.symbols[key]

    def function(self, head: str, argument: sp.Basic) -> sp.Basic:
        row = _FUNCTIONS[head]
        if isinstance(argument, sp.Rational) and abs(argument) > MAX_ARGUMENT:
            raise InputError(
                f"{head} of {shown(str(argument))}: a number up to {MAX_ARGUMENT} can be read"
            )
        return _as_it_was(row.symbol, [*map(sp.Integer, row.order), argument])

    def built(self, head: str, arguments: list[sp.Basic]) -> sp.Basic:
        kind = _HEADS[head]
        if head == "pow":
            base, exponent = arguments
            if (
                base.is_number
                and isinstance(exponent, sp.Rational)
                and abs(exponent) > MAX_EXPONENT
            ):
                raise InputError(f"a power of a number has an exponent up to {MAX_EXPONENT}")
        if head == "eq":
            return sp.Eq(*arguments, evaluate=False)
        if head == "sum":
            body, *limits = arguments
            return sp.Sum(body, *(tuple(limit.args) for limit in limits))
        return _as_it_was(kind, arguments)


def _as_it_was(kind: Any, arguments: list[sp.Basic]) -> sp.Basic:
    """The expression with these arguments, also where SymPy would write it in another way: 2 (x + y) was kept on purpose."""
    made = kind(*arguments)
    if type(made) is kind and made.args == tuple(arguments):
        return made
    if issubclass(kind, (sp.Add, sp.Mul, sp.Pow, sp.Function)):
        kept: Any = kind
        return kept(*arguments, evaluate=False)
    return made
