r"""A reader of printed LaTeX, as strict as a careful person: what can be read in two ways is refused.

It knows letters and the rules of mathematical writing, and nothing of SymPy or of printers:

* a sum, a mean and a derivative reach over everything that is multiplied after them, up to the next plus, minus or closing bracket;
* a logarithm, $\log\det$ and $v\cdot\nabla$ without brackets are of the one factor that follows, which has to be the last of its product;
* a stroke divides the product before it by the number that follows;
* a power belongs to the letter, bracket or function value before it; between a name and its arguments it is a power of the value;
* $v^\top M w$ is a number, the power of a vector is none.

What is read is a function from a `World` to the number that the formula has there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from tests.language.worlds import ARRAYS, NETWORKS, OVER, SIZES, World, function

Value = Callable[[World], "complex | np.ndarray | Row"]


class Unreadable(Exception):
    """What is printed can be read in two ways, or in none."""


@dataclass(frozen=True)
class Row:
    """A vector that lies."""

    entries: np.ndarray


@dataclass(frozen=True)
class Letter:
    """A letter with what stands below it: indices, and what belongs to its name."""

    stem: str
    below: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()


#: Letter -> the declared name, and the power of the letter that is meant by the name. SymPy writes sigma2 as a letter with an index.
LETTERS = {
    r"\alpha": ("alpha2", 2), r"\alpha_2": ("alpha2", 1), "W": ("W", 1), "V": ("V", 1), "b": ("b", 1),
    "x": ("x", 1), "z": ("z", 1), r"\varepsilon": ("epsilon", 1), r"\epsilon": ("epsilon", 1),
    r"\mu": ("mu", 1), r"\tau": ("tau2", 2), r"\nu": ("nu", 1), "f": ("f", 1),
    r"\sigma": ("sigma2", 2), r"\sigma_2": ("sigma2", 1), "a": ("a", 1), "s": ("s", 1), "c": ("c", 1),
    **{size: (size, 1) for size in SIZES},
}  # fmt: skip
#: Letters whose name is a logarithm.
LOGARITHMS = {r"\rho": ("log_rho2", 2), r"\lambda": ("log_lambda2", 2)}
FUNCTIONS = {
    "softplus": "softplus", "sigmoid": "sigmoid", "loggamma": "loggamma", r"\psi": "digamma",
    r"\psi'": "trigamma", "erf": "erf", "erfc": "erfc", r"\sin": "sin", r"\cos": "cos", "arsinh": "asinh",
    "asinh": "asinh", "sinhc": "sinhc", r"\Gamma": "gamma", "I_0": "bessel", r"\frac{I_1}{I_0}": "besselratio",
    "L": "langevin", r"\mathbb{1}_{0}": "iszero", r"\mathbb{1}_{>0}": "isabove",
}  # fmt: skip
_UNDER = {
    "gamma": lambda u: special.gamma(u.real),
    "bessel": lambda u: special.i0(u.real),
    "sinhc": lambda u: np.sinh(u.real) / u.real if u else 1.0,
}
_SIZE = r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])"
_TOKEN = re.compile(
    r"\\(?:mathrm|operatorname|boldsymbol|mathcal|mathbb)\{[^{}]*\}|\\tfrac\{I_1\}\{I_0\}|\\[A-Za-z]+|\\[{}]|\d+|."
)
_ENDS = {")", "]", "}", r"\}", ",", ";", "+", "-", "=", r"\mid", ""}


def read(text: str) -> Value:
    """What a formula means. Raises `Unreadable`."""
    reader = _Reader(_TOKEN.findall(re.sub(_SIZE + r"|\\,|\s(?![A-Za-z])", "", text)))
    found = reader.sum()
    if reader.peek():
        raise Unreadable(f"{reader.peek()} at the end of {text}")
    return found


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [t for t in tokens if not t.isspace()]
        self.place = 0
        self.bars = 0  # that are open; none stands in another

    def peek(self, ahead: int = 0) -> str:
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else ""

    def next(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def take(self, *wanted: str) -> bool:
        """Whether these tokens come next; they are then read."""
        if tuple(self.peek(i) for i in range(len(wanted))) != wanted:
            return False
        self.place += len(wanted)
        return True

    def demand(self, token: str) -> None:
        if not self.take(token):
            raise Unreadable(f"{self.peek()!r} where {token!r} has to stand: {''.join(self.tokens)}")  # fmt: skip

    # -- sums and products -------------------------------------------------------------------------------------------

    def sum(self) -> Value:
        parts = [self.term(self.sign())]
        while self.peek() in ("+", "-"):
            parts.append(self.term(self.sign()))
        return lambda w: _added([p(w) for p in parts])

    def sign(self) -> int:
        return -1 if self.take("-") else self.take("+") or 1

    def term(self, sign: int) -> Value:
        factors = [self.factor()]
        while not self.ended():
            if self.take("/"):
                factors.append(self.divided())
                continue
            self.take(r"\cdot")
            factors.append(self.factor())
        return lambda w: _product([sign, *(f(w) for f in factors)])

    def divided(self) -> Value:
        """What stands behind a stroke: a number, by which the product before it is divided."""
        number = self.next()
        if not number.isdigit():
            raise Unreadable(f"what is divided by {number}? {''.join(self.tokens)}")
        return lambda w: 1 / complex(int(number))

    def ended(self) -> bool:
        """Whether a product ends here."""
        return self.peek() in _ENDS or (self.peek() == "|" and self.bars > 0)

    def rest(self) -> Value:
        """What a sum reaches over."""
        return self.term(self.sign())

    def last(self, of: str) -> None:
        """What stands without brackets has to be the last of its product."""
        if not self.ended():
            raise Unreadable(f"does {of} reach over {self.peek()}? {''.join(self.tokens)}")

    # -- factors -----------------------------------------------------------------------------------------------------

    def factor(self) -> Value:
        if self.take(r"\sum"):
            return self.over(lambda values: sum(values))
        if self.take(r"\mathrm{mean}"):
            return self.over(lambda values: sum(values) / len(values), bounds=False)
        if self.take("v", r"\cdot", r"\nabla"):
            return self.directional()
        if self.take(r"\frac"):
            return self.fraction()
        if self.take(r"\log"):
            return self.logarithm()
        return self.raised(self.atom())

    def over(self, gather: Callable, bounds: bool = True) -> Value:
        self.demand("_")
        self.demand("{")
        index = self.index()
        if bounds:
            self.demand("=")
            self.demand("1")
        self.demand("}")
        size = SIZES[OVER[index[0]]]
        if bounds:
            self.demand("^")
            self.demand("{")
            size = SIZES[self.next()]
            self.demand("}")
        body = self.rest()
        return lambda w: gather([body(w.at(index, i + 1)) for i in range(size)])

    def index(self) -> str:
        """h, h' or h_1."""
        letter = self.next()
        if self.take("_"):
            braces = self.take("{")
            letter += "_" + self.next()
            if braces:
                self.demand("}")
        primes = 0
        while self.take("'"):
            primes += 1
        return f"{letter}_{primes}" if primes else letter

    def directional(self) -> Value:
        if self.peek() == "[":
            body = self.bracket()
        else:
            body = self.raised(self.atom())
            self.last(r"v\cdot\nabla")

        def along(w: World) -> complex:
            there, here = w.along()
            return body(there) - body(here) / 2

        return self.raised_value(along)

    def fraction(self) -> Value:
        if self.peek(1) in (r"\partial", "d") and self.peek(2) == "}":
            self.place += 3
            self.demand("{")
            self.next()
            name, _ = LETTERS[self.letter().stem]
            self.demand("}")
            body = self.rest()
            return lambda w: body(w.moved(name)) - body(w)
        above, below = self.braces(), self.braces()
        return self.raised_value(lambda w: above(w) / below(w))

    def braces(self) -> Value:
        self.demand("{")
        found = self.sum()
        self.demand("}")
        return found

    def bracket(self) -> Value:
        closing = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", "|": "|"}[self.next()]
        found = self.sum()
        self.demand(closing)
        return found

    # -- logarithms --------------------------------------------------------------------------------------------------

    def logarithm(self) -> Value:
        if self.take(r"\det"):
            return self.log_det()
        if self.peek() in (r"p_\Theta", "p", "q") and self.peek(1) == "_":
            inside = self.density()
            self.last("log p")
            return lambda w: np.log(inside(w))
        if self.take("h", "("):
            args = self.arguments()
            self.last("log h")
            return lambda w: np.log(w.number("base", *(a(w) for a in args)))
        if self.peek() in LOGARITHMS:
            return self.raised_log_name()
        if self.peek() in ("(", "{"):
            of = self.raised(self.atom(), powers=False)
            return self.raised_value(lambda w: np.log(complex(of(w))))
        of = self.raised(self.atom())
        self.last("log")
        return lambda w: np.log(complex(of(w)))

    def raised_log_name(self) -> Value:
        letter = self.letter()
        name, power = LOGARITHMS[letter.stem]
        if not self.take("^", "{", str(power), "}"):
            raise Unreadable(f"log {letter.stem} without its square")
        found = self.valued(letter, name)
        self.last("the logarithm of a name")
        return found

    def log_det(self) -> Value:
        closed = self.peek() == "("
        of = self.raised(self.atom())
        if not closed:
            self.last(r"\log\det")
        return lambda w: np.log(abs(np.linalg.det(of(w))))

    def density(self) -> Value:
        letter = self.next()
        self.next()
        self.next()
        self.demand("(")
        of, given, bar = [], [], False
        while not self.take(")"):
            if self.take(r"\mid"):
                bar = True
            elif not self.take(","):
                (given if bar else of).append(self.sum())
        return lambda w: w.number(
            "density", letter, *(f(w) for f in of), "given", *(g(w) for g in given)
        )

    def entropy(self) -> Value:
        self.demand("[")
        letter = self.next()
        self.next()
        self.next()
        self.demand("(")
        name = self.letter().stem
        given = []
        while not self.take(")"):
            if not (self.take(r"\mid") or self.take(",")):
                given.append(self.sum())
        self.demand("]")
        return lambda w: w.number("entropy", letter, name, *(g(w) for g in given))

    def expectation(self) -> Value:
        self.demand("_")
        self.demand("{")
        datum = None
        if self.take(r"\varepsilon"):
            kind = "noise"
        else:
            self.demand("q")
            kind = "joint"
            if self.take("_", r"\Phi"):
                kind = "encoder"
                for token in ("(", "z", r"\mid"):
                    self.demand(token)
                datum = self.letter().indices[0]
                self.demand(")")
        self.demand("}")
        if self.peek() != "[":
            raise Unreadable(f"what is this the mean of? {''.join(self.tokens)}")
        body = self.bracket()
        return lambda w: sum(
            weight * body(u) for weight, u in w.draws(kind, w.indices[datum] if datum else None)
        )

    # -- atoms and what is put on them -------------------------------------------------------------------------------

    def atom(self) -> Value | Letter:
        token = self.peek()
        if token.isdigit():
            self.next()
            return lambda w: complex(int(token))
        if token in ("(", r"\{", "[") or (token == "{" and self.peek(1) == "("):
            return self.bracket()
        if token == "|":
            self.bars += 1
            inside = self.bracket()
            self.bars -= 1
            return lambda w: abs(inside(w))
        if self.take(r"\pi"):
            return lambda w: np.pi
        if self.take(r"\gamma", "_", "{", r"\mathrm{E}", "}") or self.take(r"\gamma"):
            return lambda w: np.euler_gamma
        if self.take(r"\sqrt"):
            degree = int(self.tokens[self.place + 1]) if self.peek() == "[" else 2
            self.place += 3 if self.peek() == "[" else 0
            of = self.braces()
            return lambda w: complex(of(w)) ** (1 / degree)
        if self.take("e"):
            if not self.take("^"):
                return lambda w: np.e
            exponent = self.braces()
            return lambda w: np.exp(exponent(w))
        if self.take(r"\mathbb{E}"):
            return self.expectation()
        if self.take(r"\mathcal{H}"):
            return self.entropy()
        if token in (r"\mathcal{F}", r"\mathcal{J}"):
            self.next()
            return lambda w: w.number(token[-2])
        if self.take(r"\mathrm{tr}"):
            of = self.bracket()
            return lambda w: np.trace(of(w))
        if token.startswith(r"\boldsymbol"):
            return self.matrix()
        if (function_ := self.function()) is not None:
            return function_
        return self.letter()

    def function(self) -> Value | None:
        """A function of the language with its argument."""
        token = self.peek()
        name = re.sub(r"\\(?:operatorname|mathrm)\{(.*)\}", r"\1", token)
        name = {r"\tfrac{I_1}{I_0}": r"\frac{I_1}{I_0}"}.get(name, name)
        length = 1
        if name == r"\psi" and self.peek(1) == "'":
            name, length = r"\psi'", 2
        elif name == "I" and self.peek(1) == "_":
            name, length = "I_0", 3
        elif name == r"\mathbb{1}":
            name = r"\mathbb{1}_{>0}" if self.peek(3) == ">" else r"\mathbb{1}_{0}"
            length = 6 if self.peek(3) == ">" else 5
        if name == "polygamma":
            return self.polygamma()
        if name not in FUNCTIONS:
            return None
        self.place += length
        power = self.power() if self.peek() == "^" else None
        if self.peek() not in ("(", "{"):
            raise Unreadable(f"what is {name} of? {''.join(self.tokens)}")
        head, of = FUNCTIONS[name], self.bracket()
        apply = _UNDER.get(head) or (lambda u: function(head, u))
        return _powered(lambda w: apply(complex(of(w))), power)

    def polygamma(self) -> Value:
        self.next()
        power = self.power() if self.peek() == "^" else None
        self.demand("{")
        self.demand("(")
        order = self.next()
        self.demand(",")
        of = self.sum()
        self.demand(")")
        self.demand("}")
        head = {"0": "digamma", "1": "trigamma"}[order]
        return _powered(lambda w: function(head, complex(of(w))), power)

    def matrix(self) -> Value:
        name = self.next().removeprefix(r"\boldsymbol{").removesuffix("}").removeprefix("\\")
        if name == "Omega" and self.take("("):  # of the matrices it alone is a network
            args = self.arguments()
            return lambda w: w.matrix(name) * w.number(name, *(a(w) for a in args))
        if name == "X":  # a variable has the index of its datum
            (index,) = self.below()[1]
            if self.peek() == "_":
                raise Unreadable("a second subscript")
            return lambda w: w.matrix(name) * w.number(w.indices[index] - 1)
        return lambda w: w.matrix(name)

    def letter(self) -> Letter:
        if self.take("{"):
            letter = self.letter()
            self.demand("}")
        else:
            letter = Letter(self.next())
        while self.peek() == "_":
            own, indices = self.below()
            stem = "_".join((letter.stem, *own))
            letter = replace(letter, stem=stem, indices=(*letter.indices, *indices))
        return letter

    def below(self) -> tuple[list[str], list[str]]:
        """What stands in a subscript: parts of the name, and indices."""
        self.demand("_")
        own, indices = [], []
        self.demand("{")
        while not self.take("}"):
            if self.take(","):
                continue
            if self.peek() in OVER:
                indices.append(self.index())
            else:
                own.append(self.next())
        return own, indices

    def power(self) -> Value | str:
        """What stands in an exponent."""
        self.demand("^")
        self.demand("{")
        if self.take(r"\top", "}"):
            return "transposed"
        found = self.sum()
        self.demand("}")
        return found

    def arguments(self) -> list[Value]:
        found = [self.sum()]
        while self.take(","):
            found.append(self.sum())
        self.demand(")")
        return found

    def raised(self, atom: Value | Letter, powers: bool = True) -> Value:
        """An atom with its indices, powers and arguments."""
        if isinstance(atom, Letter):
            return self.raised_letter(atom)
        if self.peek() == "_":
            own, indices = self.below()
            if own:
                raise Unreadable(f"a bracket with the subscript {own}")
            atom = _entry(atom, indices) if len(indices) == 2 else _vector(atom, *indices)
        return self.raised_value(atom) if powers else atom

    def raised_value(self, of: Value) -> Value:
        while True:
            if self.take("!"):
                of = lambda w, of=of: special.gamma(complex(of(w)).real + 1)  # noqa: E731
            elif self.peek() == "^":
                of = _powered(of, self.power())
            else:
                return of

    def raised_letter(self, letter: Letter) -> Value:
        primes = 0
        while self.take("'"):
            primes += 1
        if letter.stem in ("A", "T"):
            return self.abstract(letter, primes)
        if letter.stem not in LETTERS:
            raise Unreadable(f"no letter is called {letter}: {''.join(self.tokens)}")
        name, meant = LETTERS[letter.stem]
        power = None
        if self.peek() == "^":
            power = self.power()
        base = self.valued(letter, name)
        # The name means a power of its letter, and the printed power is the letter's.
        if meant != 1:
            whole = base
            base = lambda w: np.asarray(whole(w)) ** (1 / meant)  # noqa: E731
            if power is None or power == "transposed":
                return self.raised_value(_powered(_scalar(base), power))
            return self.raised_value(_scalar(_powered(base, power, entrywise=True)))
        if self.peek() == "!":
            return self.raised_value(base)
        return self.raised_value(_powered(base, power))

    def abstract(self, letter: Letter, primes: int) -> Value:
        power = self.power() if self.peek() == "^" else None
        self.demand("(")
        (of,) = self.arguments()
        name, indices = letter.stem, letter.indices

        def valued(w: World) -> complex:
            u = of(w)
            if isinstance(u, np.ndarray) and u.ndim:
                return w.number("abstract", name, *(w.indices[i] - 1 for i in indices), u)
            return w.number("abstract", name, primes, complex(u).real)

        return self.raised_value(_powered(valued, power))

    def valued(self, letter: Letter, name: str) -> Value:
        """A scalar, an array at its indices, or the output of a network."""
        indices = letter.indices

        def entry(w: World, whole: np.ndarray) -> complex | np.ndarray:
            return whole[tuple(w.indices[i] - 1 for i in indices)]

        if name in NETWORKS:
            self.demand("(")
            args = self.arguments()
            return lambda w: entry(w, w.network(name, [np.asarray(a(w)).real for a in args]))
        if name in ARRAYS:
            return lambda w: entry(w, w.array(name))
        if indices:
            raise Unreadable(f"{name} has no indices")
        return lambda w: complex(w.scalar(name))


# -- values --------------------------------------------------------------------------------------------------------


def _scalar(of: Value) -> Value:
    def plain(w: World) -> complex | np.ndarray:
        found = of(w)
        return found if np.ndim(found) else complex(found)

    return plain


def _powered(of: Value, power: Value | str | None, entrywise: bool = False) -> Value:
    if power is None:
        return of

    def raised(w: World) -> complex | np.ndarray | Row:
        base = of(w)
        if power == "transposed":
            return Row(base) if np.ndim(base) == 1 else np.asarray(base).T
        exponent = power(w)
        if np.ndim(base) == 2 and exponent == -1:
            return np.linalg.inv(base)
        if isinstance(base, Row) or (np.ndim(base) and not entrywise):
            raise Unreadable("a power of what is no number")
        return np.asarray(base) ** exponent if entrywise else complex(base) ** exponent

    return raised


def _entry(of: Value, indices: list[str]) -> Value:
    return lambda w: of(w)[tuple(w.indices[i] - 1 for i in indices)]


def _vector(of: Value, index: str) -> Value:
    size = SIZES[OVER[index[0]]]
    return lambda w: np.array([complex(of(w.at(index, i + 1))).real for i in range(size)])


def _added(parts: list) -> complex | np.ndarray:
    if len({np.shape(p) for p in parts}) > 1:
        raise Unreadable(f"a sum of {parts}")
    return sum(parts[1:], parts[0])


def _product(factors: list) -> complex | np.ndarray | Row:
    out = factors[0]
    for f in factors[1:]:
        if isinstance(out, Row):
            out = Row(out.entries @ f) if np.ndim(f) == 2 else out.entries @ f
        elif isinstance(f, Row):
            out = Row(out * f.entries)
        elif np.ndim(out) == 0 or np.ndim(f) == 0:
            out = out * f
        else:
            out = out @ f
        if np.ndim(out) == 0 and not isinstance(out, Row):
            out = complex(out)
    return out
