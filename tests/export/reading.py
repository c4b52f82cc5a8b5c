"""A second reader of printed theories: definitions of Coq as functions of Python, by the grammar of what is printed.

It knows the prelude's functions and nothing of the printer; real numbers are floats, and a function of an index is a function.
"""

import math
import re
from collections.abc import Callable
from typing import Any

TOKEN = re.compile(r"\s*(=>|:=|[()+\-*/^]|\d+|[A-Za-z_][\w']*)")


def _sum(n: int, f: Callable) -> float:
    return math.fsum(f(i) for i in range(n))


PRELUDE: dict[str, Any] = {
    "ln": math.log,
    "exp": math.exp,
    "sqrt": math.sqrt,
    "Rabs": abs,
    "PI": math.pi,
    "INR": float,
    "Rpower": lambda a: lambda q: a**q,
    "Sum": lambda n: lambda f: _sum(n, f),
    "softplus": lambda u: math.log1p(math.exp(u)),
    "sigmoid": lambda u: 1 / (1 + math.exp(-u)),
    "lag": lambda start: lambda f: lambda i: start if i == 0 else f(i - 1),
    "loggamma": math.lgamma,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "sin": math.sin,
    "cos": math.cos,
    "logsinhc": lambda u: math.log(math.sinh(u) / u),
    "langevin": lambda u: math.cosh(u) / math.sinh(u) - 1 / u,
    "scaled": lambda c: lambda m: lambda i: lambda j: c * m(i)(j),
    "transposed": lambda m: lambda i: lambda j: m(j)(i),
    "matmul": lambda n: (
        lambda a: lambda b: lambda i: lambda j: _sum(n, lambda k: a(i)(k) * b(k)(j))
    ),
    "trace": lambda n: lambda m: _sum(n, lambda i: m(i)(i)),
    "quad": lambda n: (
        lambda v: lambda m: lambda w: _sum(n, lambda i: _sum(n, lambda j: v(i) * m(i)(j) * w(j)))
    ),
}


class Reader:
    """Recursive descent over one term; what it returns is a function of the names in scope."""

    def __init__(self, text: str):
        self.tokens = TOKEN.findall(text)
        self.place = 0
        if "".join(self.tokens) != "".join(text.split()):
            raise ValueError(f"not read: {text[:200]}")

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if expected and token != expected:
            raise ValueError(f"{expected!r} expected, {token!r} found")
        self.place += 1
        return token

    def term(self) -> Callable:
        if self.peek() == "fun":
            self.take()
            names = []
            while self.peek() != "=>":
                names.append(self.take())
            self.take("=>")
            return _function(names, self.term())
        found = self.product()
        while self.peek() in ("+", "-"):
            found = _both(self.take(), found, self.product())
        return found

    def product(self) -> Callable:
        found = self.unary()
        while self.peek() in ("*", "/"):
            found = _both(self.take(), found, self.unary())
        return found

    def unary(self) -> Callable:
        if self.peek() == "-":
            self.take()
            inner = self.unary()
            return lambda scope: -inner(scope)
        if self.peek() == "/":
            self.take()
            inner = self.unary()
            return lambda scope: 1 / inner(scope)
        base = self.application()
        if self.peek() == "^":
            self.take()
            exponent = int(self.take())
            return lambda scope: base(scope) ** exponent
        return base

    def application(self) -> Callable:
        found = self.atom()
        while re.match(r"[A-Za-z_(\d]", self.peek()):
            found = _applied(found, self.atom())
        return found

    def atom(self) -> Callable:
        token = self.take()
        if token == "(":
            inner = self.term()
            self.take(")")
            return inner
        if token.isdigit():
            return lambda scope: int(token)
        return lambda scope: scope[token]


def _both(sign: str, left: Callable, right: Callable) -> Callable:
    return {
        "+": lambda scope: left(scope) + right(scope),
        "-": lambda scope: left(scope) - right(scope),
        "*": lambda scope: left(scope) * right(scope),
        "/": lambda scope: left(scope) / right(scope),
    }[sign]


def _applied(function: Callable, argument: Callable) -> Callable:
    return lambda scope: function(scope)(argument(scope))


def _function(names: list[str], body: Callable) -> Callable:
    if not names:
        return body
    inner = _function(names[1:], body)
    return lambda scope: lambda value: inner({**scope, names[0]: value})


def definitions(text: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a printed file defines, for these values of its variables."""
    scope = {**PRELUDE, **given}
    plain = re.sub(r"\(\*.*?\*\)", "", text, flags=re.S)
    for name, binders, body in re.findall(
        r"^Definition (\w+)((?: \([\w ]+ : [^)]*\))*) : R :=\s(.*?)\.\s*\n(?=\S|\n)",
        plain,
        flags=re.M | re.S,
    ):
        names = [n for group in re.findall(r"\(([\w ]+) :", binders) for n in group.split()]
        scope[name] = _function(names, term_of(body))(scope)
    return scope


def term_of(body: str) -> Callable:
    """One term, as a function of the names in scope."""
    reader = Reader(body)
    term = reader.term()
    if reader.peek():
        raise ValueError(f"{body[:200]}: {reader.peek()!r} is left over")
    return term
