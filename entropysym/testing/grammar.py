r"""LaTeX of the grammar that `entropysym.pages.latex` writes, read into an expression of a model's own symbols.

    sum      = ["-"] product { ("+" | "-") product }
    product  = factor { factor }                     side by side; \, is a space
    factor   = atom [ "^" power ] [ "!" ]
    atom     = number | letter | ( sum ) | | sum | | \frac{sum}{sum} | \sqrt{sum} | e | \pi | D, H, N
             | \log factor | \operatorname{softplus}( sum ) | \sum_{h=1}^{H} product | \mathbb{E}_{…}[ sum ] | \mathcal{F}
             | \mathcal{H}[ … ] and \log p(…) as the model's own heads are printed
    letter   = a declared name with its indices, \alpha_{h}^{2}; a network's has its inputs behind it, \mu_{d}(z)

A sum over data is their mean times how many they are. The text is cut into tokens and read by recursive descent; no text is ever handed to `sympify` or `eval`. Vectors stand only as inputs of networks, as the model
itself writes them; words of matrices are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.formula import entry, sum_over
from entropysym.language.functions import ROWS
from entropysym.language.graph import written
from entropysym.language.heads import (
    DataMean,
    Elbo,
    Entropy,
    LogBaseMeasure,
    LogDensity,
    NetworkValue,
    _Head,
)
from entropysym.language.names import latex_stem, spelled
from entropysym.language.objective import expectation, head
from entropysym.language.records import Model, Plate
from entropysym.language.symbols import LATENT, NOISE, index, noise_of
from entropysym.pages import latex

#: The longest text that is read, and how deep brackets may lie.
_LONGEST, _DEEPEST = 20_000, 60

_TOKEN = re.compile(r"\\[A-Za-z]+|\\[,;!{}|]|\d+|[A-Za-z]|[-+^_!(){}\[\]|=',;/*.]")
_SPACE = re.compile(r"\\(?:bigg?|Bigg?)[lr]?(?![A-Za-z])|\\left(?![A-Za-z])|\\right(?![A-Za-z])|\\[,;!]|\s+|~")  # fmt: skip


def read_latex(text: str, model: Model) -> sp.Expr:
    r"""An expression of a model from LaTeX as `entropysym.pages.latex` writes it.

    Raises `InputError` with the place for what is not in the grammar, for names that the model does not declare, and where two readings are possible.

    >>> import entropysym as es
    >>> read_latex(r"-\frac{D}{2} \log(2 \pi e \sigma^{2})", es.models.vae2())
    -D*log(2*E*pi*sigma2)/2
    """
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise InputError(f"{shown(text)} is no LaTeX of up to {_LONGEST} characters")
    words = _words_of(model)
    reader = _Reader(_tokens(text, words), words, model)
    found = reader.sum()
    if reader.at < len(reader.tokens):
        raise reader.error("the end was expected")
    return found


def as_latex(e: sp.Basic, model: Model) -> str | None:
    """LaTeX that reads back as the same expression; None where there is none."""
    try:
        text = latex(e, model)
        back = read_latex(text, model)
    except (InputError, KeyError, TypeError, AttributeError, NotImplementedError):
        return None
    same = back == e or sp.expand(back - e) == 0  # type: ignore[operator]
    return text if same else None


@dataclass(frozen=True)
class _Letter:
    """A declared name as it is printed: what builds it from indices, how many it takes, and the power that it carries."""

    name: str
    build: Callable[..., sp.Expr]
    indices: int
    power: int
    below: tuple[str, ...] = ()
    reads: bool = False


@dataclass(frozen=True)
class _Words:
    """What a model's formulas are made of: letters by their stem, heads and inputs of networks by their text, plates by their index."""

    letters: Mapping[str, list[_Letter]]
    heads: Mapping[str, sp.Expr]
    inputs: Mapping[tuple[str, str], sp.Tuple]
    plates: Mapping[str, Plate]
    sizes: Mapping[str, sp.Symbol]


@lru_cache(maxsize=64)
def _words_of(model: Model) -> _Words:
    letters: dict[str, list[_Letter]] = {}
    names = written(model.variables, (*model.parameters, *model.networks))

    def add(name: str, build: Callable[..., sp.Expr], count: int, reads: bool = False) -> None:
        found = names.get(name) or spelled(name)
        stem, below = _stem(latex_stem(found))
        one = _Letter(name, build, count, found.power, below, reads)
        letters.setdefault(stem, []).append(one)

    for p in model.parameters:
        if not p.is_matrix:
            add(p.name, p.at, len(p.plates))
    for v in model.variables:
        if not v.is_matrix:
            count = len(model.inner(v.name)) if v.role == "latent" else len(v.plates)
            add(v.name, lambda *at, v=v: entry(v.array, *at), count)
            if v.role == "latent":
                noise = NOISE if v.array == LATENT and model.is_plain else noise_of(v.name)
                add("epsilon" if noise == NOISE else f"epsilon_{v.name}", lambda *at, e=noise: entry(e, *at), count)  # fmt: skip
    for net in model.networks:
        if not net.is_matrix:
            add(net.name, lambda *at: sp.Tuple(*at), len(net.plates), True)  # type: ignore[arg-type]
    heads: dict[str, sp.Expr] = {}
    for f in model.factors:
        for kind in (Entropy, LogDensity, LogBaseMeasure):
            no_measure = kind is LogBaseMeasure and f.family.log_base_measure == 0
            if no_measure or (f.family.is_any and kind is not Entropy):
                continue
            one: _Head = head(model, kind, f)
            heads[_SPACE.sub(" ", latex(one, model))] = one
    inputs = {}
    for f in model.factors:
        for a in f.arguments:
            for value in a.atoms(NetworkValue):
                text = ", ".join(latex(v, model) for v in value.inputs)
                inputs[value.name, _squeezed(text)] = sp.Tuple(*value.inputs)
    plates = {str(p.index): p for p in model.plates}
    sizes = {p.size.name: p.size for p in model.plates} | {s.name: s for s in model.sizes}
    return _Words(letters, heads, inputs, plates, sizes)


def _squeezed(text: str) -> str:
    return _SPACE.sub("", text)


def _stem(text: str) -> tuple[str, tuple[str, ...]]:
    r"""A printed name as its letter and the subscript that it has itself: \mu_{\mathrm{dec}} is \mu with (dec,)."""
    found = re.fullmatch(r"(.+?)_\{(?:\\mathrm\{(.+)\}|(.+))\}", text)
    if not found:
        return text, ()
    below = (found[2] or found[3]).replace(r"\_", "_")
    return found[1], tuple(below.split(","))


def _spaced(text: str, behind: str = "") -> re.Pattern[str]:
    """A text that may have spaces between its tokens, with what has to stand behind it."""
    parts = re.findall(r"\\[A-Za-z]+|[^ ]", text)
    return re.compile(r" ?".join(map(re.escape, parts)) + (f"(?={behind})" if behind else ""))


def _tokens(text: str, words: _Words) -> list[str]:
    """The text in tokens; heads, names of several letters and of functions are one token each."""
    text = _SPACE.sub(" ", text)
    fixed = {f"head {h}": _spaced(h) for h in words.heads}
    fixed |= {f"function {f}": _spaced(f, r" ?\(") for f in _FUNCTIONS if f not in words.letters}
    found, at = [], 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        matched = max(
            ((m.end(), name) for name, pattern in fixed.items() if (m := pattern.match(text, at))),
            default=None,
        )
        if matched:
            at, word = matched
            found.append(word)
            continue
        named = re.compile(
            r"\\(?:mathrm|operatorname|mathcal|mathbb|tilde) ?\{(?:[^{}]|\{[^{}]*\})*\}"
        ).match(text, at)
        token = named or _TOKEN.match(text, at)
        if not token:
            raise InputError(f"{shown(text[at : at + 20])} at character {at} is not in the grammar of pages.latex")  # fmt: skip
        found.append(_squeezed(token[0]) if named else token[0])
        at = token.end()
    return found


#: Printed name of a function -> what makes it.
_FUNCTIONS: dict[str, Any] = {
    row.latex: (lambda u, row=row: row.symbol(*row.order, u)) for row in ROWS
}
_OPENING = {"(": ")", "[": "]", r"\{": r"\}", "{": "}"}


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[str], words: _Words, model: Model) -> None:
        self.tokens, self.words, self.model = tokens, words, model
        self.at = self.depth = 0
        self.data: list[Plate] = []

    # -- tokens -----------------------------------------------------------------------------------------------------

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise self.error(f"{wanted or 'something'} was expected")
        self.at += 1
        return token

    def error(self, what: str) -> InputError:
        near = " ".join(self.tokens[max(0, self.at - 6) : self.at])
        return InputError(
            f"{what} at {shown(self.peek() or 'the end')} after {shown(near)}; the grammar is that of entropysym.pages.latex"
        )

    def enclosed(self, opening: str = "") -> sp.Expr:
        opening = self.take(opening)
        closing = _OPENING[opening]
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error("the brackets are too deep")
        found = self.sum()
        self.take(closing)
        self.depth -= 1
        return found

    # -- sums and products --------------------------------------------------------------------------------------------

    def sum(self) -> sp.Expr:
        terms = [-self.product() if self.sign() < 0 else self.product()]
        while self.peek() in ("+", "-"):
            terms.append(-self.product() if self.sign() < 0 else self.product())
        return sp.Add(*terms)

    def sign(self) -> int:
        if self.peek() in ("+", "-"):
            return -1 if self.take() == "-" else 1
        return 1

    def product(self) -> sp.Expr:
        found = self.factor()
        while self.starts_factor():
            found = found * self.factor()
        return found

    def starts_factor(self) -> bool:
        token = self.peek()
        ends = ("", "+", "-", ")", "]", "}", r"\}", ",", "=", "^", "_", "!", "'")
        return token not in ends and not (token == "|" and self.bars)

    bars = 0

    def factor(self) -> sp.Expr:
        found = self.atom()
        if self.peek() == "!":
            self.take()
            return sp.gamma(found + 1)
        return found ** self.power() if self.peek() == "^" else found

    def power(self) -> sp.Expr:
        self.take("^")
        if self.peek() == "{":
            return self.enclosed("{")
        token = self.take()
        if not token.isdigit():
            raise self.error("a power is a number or stands in braces")
        return sp.Integer(token)

    # -- atoms ----------------------------------------------------------------------------------------------------------

    def atom(self) -> sp.Expr:
        token = self.peek()
        if token.startswith("head "):
            return self.words.heads[self.take()[5:]]
        if token.isdigit():
            return sp.Integer(self.take())
        if token in _OPENING:
            return self.enclosed()
        if token == "|":
            return self.absolute()
        known: dict[str, Callable[[], sp.Expr]] = {
            r"\frac": lambda: self.enclosed("{") / self.enclosed("{"),
            r"\sqrt": lambda: sp.sqrt(self.enclosed("{")),
            r"\log": self.logarithm,
            r"\sum": self.over,
            r"\mathbb{E}": self.mean,
            r"\mathcal{F}": Elbo,
            r"\pi": lambda: self.letter(r"\pi") if self.declares_pi() else sp.pi,
        }
        if token in known:
            self.take()
            return known[token]()
        if token.startswith("function "):
            return _FUNCTIONS[self.take()[9:]](self.enclosed("("))
        if token == "e" and "e" not in self.words.letters:
            return self.exponential()
        if token in self.words.letters:
            return self.letter(self.take())
        if token in self.words.sizes:
            return self.words.sizes[self.take()]
        if token in self.words.plates:
            return self.words.plates[self.take()].index
        raise self.error("no declared name")

    def declares_pi(self) -> bool:
        r"""Whether \pi is a declared name here, with indices or its own subscript behind it, and not the number."""
        bare = any(not (one.below or one.indices) for one in self.words.letters.get(r"\pi", ()))
        return bare or (self.peek() == "_" and r"\pi" in self.words.letters)

    def exponential(self) -> sp.Expr:
        self.take("e")
        if self.peek() != "^":
            return sp.E
        self.take("^")
        self.take("{")
        exponent = self.sum()
        if self.peek() == "/":  # as a sum divided by a number is printed
            self.take()
            exponent = exponent / sp.Integer(self.take())
        self.take("}")
        return sp.exp(exponent)

    def absolute(self) -> sp.Expr:
        self.take("|")
        self.bars += 1
        found = self.sum()
        self.bars -= 1
        self.take("|")
        return sp.Abs(found)

    def logarithm(self) -> sp.Expr:
        r"""Of brackets, or of the one factor that stands alone behind it; log k! is its own function.

        Raises `InputError` for \log(u)^{2}, which people also write for the square of the logarithm, and for \log 2 \pi e, which they write for that of the product.
        """
        start, in_brackets = self.at, self.peek() in ("(", "[", r"\{")
        inside = self.atom() if in_brackets else self.factor()
        of = self.written(start, self.at)
        if in_brackets and self.peek() == "^":
            behind = self.at
            self.power()
            power = self.written(behind, self.at)
            raise self.two_readings(
                rf"\log{of}{power}", rf"\log({of}{power})", rf"(\log{of}){power}"
            )
        if in_brackets and self.peek() == "!":
            self.take()
            inside = sp.gamma(inside + 1)
        # Bars close, as brackets do: what stands behind them is outside.
        if not (in_brackets or self.tokens[start] == "|") and self.starts_factor():
            behind = self.at
            while self.starts_factor():
                self.factor()
            rest = self.written(behind, self.at)
            raise self.two_readings(
                rf"\log {of} {rest}", rf"\log({of} {rest})", rf"\log({of}) {rest}"
            )
        return sp.loggamma(inside.args[0]) if isinstance(inside, sp.gamma) else sp.log(inside)

    def written(self, start: int, end: int) -> str:
        """Tokens as a person writes them, for a message."""
        text = " ".join(token.removeprefix("head ").removeprefix("function ") for token in self.tokens[start:end])  # fmt: skip
        return re.sub(r" ?([\^_{}()\[\]!]) ?", r"\1", text)

    def two_readings(self, text: str, first: str, second: str) -> InputError:
        return InputError(f"{text} can be read in two ways; write {first} or {second}")

    def over(self) -> sp.Expr:
        r"""\sum_{h=1}^{H}, or over data, which is a mean times their number."""
        self.take("_")
        self.take("{")
        i = self.index()
        self.take("=")
        self.take("1")
        self.take("}")
        self.take("^")
        size = self.enclosed("{")
        plate = self.words.plates.get(str(i))
        datum = plate is not None and plate in self.model.data
        if datum and plate is not None:
            self.data.append(plate)
        body = self.product()
        if datum and plate is not None:
            self.data.pop()
            return size * DataMean(body, i) if i in body.free_symbols else size * body
        return sum_over(body, (i, 1, size))

    def mean(self) -> sp.Expr:
        r"""\mathbb{E}_{q_\Phi(z \mid x_{n})}[ … ], \mathbb{E}_{q}[ … ] and \mathbb{E}_{\varepsilon}[ … ]."""
        self.take("_")
        under = self.braces()
        body = self.enclosed("[")
        datum = self.data[-1] if self.data else None
        if under == r"\varepsilon":
            return expectation(self.model, body, reparametrised=True)
        if not under.startswith("q"):
            raise self.error(f"an average over {under} is not known")
        if self.model.is_plain:
            return expectation(self.model, body)
        return expectation(self.model, body, datum=datum)

    def braces(self) -> str:
        """What stands in braces, as text."""
        self.take("{")
        depth, parts = 1, []
        while depth:
            token = self.take()
            depth += {"{": 1, "}": -1}.get(token, 0)
            parts.append(token)
        return "".join(parts[:-1])

    # -- letters ----------------------------------------------------------------------------------------------------------

    def index(self) -> sp.Symbol:
        """An index, perhaps with primes: h' is written h_1."""
        name = self.take()
        primes = 0
        while self.peek() == "'":
            self.take()
            primes += 1
        if not name.isalpha():
            raise self.error("an index was expected")
        return index(f"{name}_{primes}" if primes else name)

    def letter(self, stem: str) -> sp.Expr:
        below = self.subscript()
        found = [
            (one, at)
            for one in self.words.letters[stem]
            if (at := _indices(one, below)) is not None
        ]
        if not found:
            known = ", ".join(one.name for one in self.words.letters[stem])
            raise self.error(f"{stem} with {below or 'no indices'} is not as declared ({known})")
        power = self.power() if self.peek() == "^" else sp.S.One
        fitting = [(one, at) for one, at in found if (power / one.power).is_integer]
        if len(found) == 1:
            fitting = found
        if len(fitting) != 1:
            names = " and ".join(one.name for one, _ in found)
            raise self.error(f"{stem} may be {names}")
        ((one, at),) = fitting
        value = self.applied(one, at) if one.reads else one.build(*at)
        return value ** (power / one.power)

    def applied(self, one: _Letter, at: list[sp.Basic]) -> sp.Expr:
        """A network's output at the inputs that stand behind it."""
        self.take("(")
        depth, parts = 1, []
        while depth:
            token = self.take()
            depth += {"(": 1, ")": -1}.get(token, 0)
            parts.append(token)
        text = "".join(parts[:-1])
        inputs = self.words.inputs.get((one.name, text))
        if inputs is None:
            known = [t for name, t in self.words.inputs if name == one.name]
            raise self.error(f"{one.name} reads {' or '.join(known)}, not {text}")
        network = next(net for net in self.model.networks if net.name == one.name)
        label = network(*inputs).label  # type: ignore[arg-type]
        return NetworkValue(label, sp.Tuple(*at), inputs)

    def subscript(self) -> list[Any]:
        """Indices as they stand, in braces or alone; parts of a name's own are texts."""
        if self.peek() != "_":
            return []
        self.take("_")
        if self.peek() != "{":
            return [self.index() if self.peek().isalpha() else self.take()]
        self.take("{")
        return list(self._parts())

    def _parts(self) -> Iterator[Any]:
        while self.peek() != "}":
            token = self.peek()
            if token == ",":
                self.take()
            elif token.startswith(r"\mathrm{"):
                yield self.take()[8:-1].replace(r"\_", "_")
            elif token.isalpha():
                yield self.index()
            else:
                yield self.take()
        self.take("}")


def _indices(one: _Letter, below: list[Any]) -> list[sp.Basic] | None:
    """The indices behind a name's own subscript; None if it does not fit."""
    own, rest = below[: len(one.below)], below[len(one.below) :]
    fits = [str(part) for part in own] == list(one.below) and len(rest) == one.indices
    return rest if fits and all(isinstance(i, sp.Symbol) for i in rest) else None
