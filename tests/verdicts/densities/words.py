"""Arguments of random densities: fresh symbols, and the coordinates in which what a law needs is written in them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

import sympy as sp

from entropysym.language import Sigmoid, Softplus
from entropysym.language.symbols import scalar

T = TypeVar("T")

NAMES = "abcfgjkmrstuvwy"
R = sp.Rational

_NUMBERS = {
    "real": (R(0), R(1), R(-1, 2), R(3, 4)),
    "positive": (R(1), R(2), R(1, 2), R(3), R(5, 4)),
    "unit": (R(1, 2), R(1, 3), R(3, 4)),
}


def logit(p: sp.Expr) -> sp.Expr:
    return sp.log(p) - sp.log(1 - p)


class Words:
    """Draws of one density; `arguments` are the symbols it was written with, `used` says how."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.arguments: list[sp.Symbol] = []
        self.used: list[str] = []
        self.number_share = self.some(0.0, 0.0, 0.15, 0.35)
        self.plain_share = self.some(1.0, 0.5, 0.2)

    def some(self, *choices: T) -> T:
        return self.rng.choice(choices)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def new(self, range_: str) -> sp.Symbol:
        self.arguments.append(scalar(NAMES[len(self.arguments)], range_))  # type: ignore[arg-type]
        return self.arguments[-1]

    def old(self, range_: str) -> sp.Symbol:
        """An argument that stands elsewhere already, if there is one of this range."""
        known = [a for a in self.arguments if scalar(a.name, range_) == a]  # type: ignore[arg-type]
        return self.rng.choice(known) if known else self.new(range_)

    def number(self, range_: str) -> sp.Rational:
        return self.rng.choice(_NUMBERS[range_])

    def role(self, range_: str) -> sp.Expr:
        """What a law needs: a number, an argument, or a formula of arguments."""
        if self.chance(self.number_share):
            self.used.append("number")
            return self.number(range_)
        if self.chance(self.plain_share):
            return self.new(range_)
        name = self.rng.choice([*COORDINATES[range_]])
        self.used.append(f"{range_} {name}")
        return COORDINATES[range_][name](self)

    def real(self) -> sp.Expr:
        return self.role("real")

    def positive(self) -> sp.Expr:
        return self.role("positive")

    def unit(self) -> sp.Expr:
        return self.role("unit")


Coordinate = Callable[[Words], sp.Expr]

COORDINATES: dict[str, dict[str, Coordinate]] = {
    "real": {
        "log": lambda w: sp.log(w.new("positive")),
        "logit": lambda w: logit(w.new("unit")),
        "multiple": lambda w: -2 * w.new("real"),
        "shifted": lambda w: w.new("real") - R(1, 2),
        "sum": lambda w: w.new("real") + w.old("real"),
        "sum with a scale": lambda w: w.new("real") + w.old("positive"),
        "difference": lambda w: w.new("positive") - w.old("positive"),
        "product": lambda w: w.new("real") * w.old("positive"),
        "ratio": lambda w: w.new("real") / w.old("positive"),
        "reciprocal": lambda w: 1 / w.new("positive"),
        "square": lambda w: w.new("positive") ** 2,
        "log of a sum": lambda w: sp.log(w.new("positive") + w.old("positive")),
    },
    "positive": {
        "exp": lambda w: sp.exp(w.new("real")),
        "exp of a multiple": lambda w: sp.exp(-2 * w.new("real")),
        "exp of a sum": lambda w: sp.exp(w.new("real") + w.old("real")),
        "square": lambda w: w.new("positive") ** 2,
        "root": lambda w: sp.sqrt(w.new("positive")),
        "reciprocal": lambda w: 1 / w.new("positive"),
        "reciprocal square": lambda w: 1 / w.new("positive") ** 2,
        "product": lambda w: w.new("positive") * w.old("positive"),
        "ratio": lambda w: w.new("positive") / w.old("positive"),
        "sum": lambda w: w.new("positive") + w.old("positive"),
        "reciprocal of a sum": lambda w: 1 / (w.new("positive") + w.old("positive")),
        "multiple": lambda w: 3 * w.new("positive"),
        "softplus": lambda w: Softplus(w.new("real")),
        "odds": lambda w: (lambda p: p / (1 - p))(w.new("unit")),
        "minus log": lambda w: -sp.log(w.new("unit")),
        "log of 1 more": lambda w: sp.log(1 + w.new("positive")),
        "exp of a log": lambda w: sp.exp(sp.log(w.new("positive")) / 3),
    },
    "unit": {
        "sigmoid": lambda w: Sigmoid(w.new("real")),
        "sigmoid of a sum": lambda w: Sigmoid(w.new("real") + w.old("real")),
        "of odds": lambda w: (lambda s: s / (1 + s))(w.new("positive")),
        "other side": lambda w: 1 - w.new("unit"),
        "share": lambda w: (lambda s, t: s / (s + t))(w.new("positive"), w.old("positive")),
        "exp": lambda w: sp.exp(-w.new("positive")),
        "square": lambda w: w.new("unit") ** 2,
        "product": lambda w: w.new("unit") * w.old("unit"),
        "one less exp": lambda w: 1 - sp.exp(-w.new("positive")),
        "tanh": lambda w: (1 + sp.tanh(w.new("real"))) / 2,
    },
}
