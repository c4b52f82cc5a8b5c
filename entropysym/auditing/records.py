"""What an audit looks at, and what it says: a distribution in numbers, and a table of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, Literal, NoReturn

import numpy as np

from entropysym.errors import InputError, shown
from entropysym.language.supports import check_support, interval
from entropysym.shown import Shown

#: A distribution's parameters by name, in float64.
Parameters = Mapping[str, np.ndarray]

Kind = Literal["interval", "whole", "vector", "simplex", "onehot", "sphere", "posdef"]


@dataclass(frozen=True)
class Space:
    """Where draws lie: the numbers or the whole numbers from `low` to `high`, or vectors and matrices of a `size`."""

    kind: Kind
    low: float = -np.inf
    high: float = np.inf
    size: int = 1


def space_of(support: object, size: int | None = None) -> Space:
    """The space of a support: one of the words of `language.supports`, or a pair (low, high). Vectors and matrices have a `size`.

    Raises `InputError` for what is neither, and for a size that is missing.
    """
    if isinstance(support, Sequence) and not isinstance(support, str) and len(support) == 2:
        low, high = map(float, support)
        if not low < high:
            raise InputError(f"the support {shown(support)} is empty; pass (low, high)")
        return Space("interval", low, high)
    word = check_support(support, "the distribution")
    numbers = interval(word)
    if numbers is None or (word == "real" and size is not None):
        if size is None:
            raise InputError(f"draws that are {word} have a size; pass size=2, for example")
        kinds: dict[str, Kind] = {"real": "vector"}
        return Space(kinds.get(word, word), size=size)  # type: ignore[arg-type]
    low, high = (float(e) if e is not None else None for e in (numbers.low, numbers.high))
    return Space(
        "whole" if numbers.whole else "interval",
        -np.inf if low is None else low,
        np.inf if high is None else high,
    )


@dataclass(frozen=True)
class Subject:
    """A distribution in numbers. Functions take parameters by name, so that they can be moved.

    `log_density(x, parameters)` has one number for each draw x, (S,) for (S, …); `gradient` its derivative by each parameter, (S, …), or None where only
    differences are known. `support` is where draws are said to lie. `entropy` and `kl(p, q)` are what the library says in nats, or None.
    """

    name: str
    parameters: Parameters
    log_density: Callable[[np.ndarray, Parameters], np.ndarray]
    support: Callable[[Parameters], Space]
    gradient: Callable[[np.ndarray, Parameters], Mapping[str, np.ndarray]] | None = None
    entropy: Callable[[Parameters], float] | None = None
    kl: Callable[[Parameters, Parameters], float] | None = None
    other: Parameters | None = None

    @cached_property
    def moving(self) -> frozenset[str]:
        """The parameters with which the support is said to move."""
        here, found = self.support(self.parameters), set()
        for name, value in self.parameters.items():
            if self.support({**self.parameters, name: _moved(value)}) != here:
                found.add(name)
        return frozenset(found)

    @cached_property
    def moved(self) -> Parameters:
        """Other parameters in the same ranges: a tenth more each; on a simplex nearer to the reverse. Those that move the support stay, if there are others."""
        if self.other is not None:
            return self.other
        stay = self.moving if self.moving < {*self.parameters} else frozenset()
        return {n: v if n in stay else _moved(v) for n, v in self.parameters.items()}


def _moved(value: np.ndarray) -> np.ndarray:
    if value.ndim == 1 and value.size > 1 and abs(value.sum() - 1) < 1e-12 and (value > 0).all():
        return 0.7 * value + 0.3 * value[::-1]
    return np.where(value == 0, 0.1, 1.1 * value)


class Outcome(Enum):
    """`fails` only where an independent quadrature confirms it; what is *not shown* is not false."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_SHOWN = "not shown"

    def __bool__(self) -> NoReturn:
        raise TypeError("an outcome has three values; compare it with Outcome.HOLDS instead")


@dataclass(frozen=True)
class Row:
    """One check: what was found, what was wanted, how well that is known, and by what."""

    check: str
    outcome: Outcome
    says: str
    found: float = np.nan
    wanted: float = np.nan
    error: float = np.nan

    def __str__(self) -> str:
        return f"{self.check:<12} {self.outcome.value:<9} {self.says}"


@dataclass(frozen=True, repr=False)
class Audit(Shown):
    """The rows of one distribution."""

    name: str
    rows: tuple[Row, ...]

    @property
    def alarms(self) -> tuple[Row, ...]:
        """What fails, and was confirmed."""
        return tuple(r for r in self.rows if r.outcome is Outcome.FAILS)

    @property
    def decided(self) -> int:
        """Rows that hold or fail."""
        return sum(r.outcome is not Outcome.NOT_SHOWN for r in self.rows)

    def row(self, check: str) -> Row:
        """The row of a check. Raises `InputError` for one that was not made."""
        found = [r for r in self.rows if r.check == check]
        if not found:
            made = ", ".join(r.check for r in self.rows)
            raise InputError(f"{self.name} has no row {shown(check)}; its rows are {made}")
        return found[0]

    def __str__(self) -> str:
        return "\n".join([self.name, *(f"  {row}" for row in self.rows)])


def as_parameters(given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Parameters in float64. Raises `InputError` for what is no array of finite numbers."""
    found = {}
    for name, value in given.items():
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(f"{name} is {shown(value)}; pass a number or an array") from None
        if not np.isfinite(array).all():
            raise InputError(f"{name} is {shown(value)}; pass finite numbers")
        found[name] = array
    return found
