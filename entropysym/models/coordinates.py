"""The coordinates in which people learn a variance, as one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy as sp

from entropysym.errors import one_of
from entropysym.language.functions import Softplus
from entropysym.language.records import Parameter, Plate
from entropysym.language.symbols import Range


@dataclass(frozen=True)
class Coordinate:
    """A way to write a variance: the learned parameter's name and range, and the variance as a function of it."""

    name: str
    range: Range
    variance: Callable[[sp.Expr], sp.Expr]


#: Coordinates of a decoder variance, by the word people use for them.
COORDINATES: dict[str, Coordinate] = {
    "variance": Coordinate("sigma2", "positive", lambda v: v),
    "log-variance": Coordinate("logvar", "real", lambda v: sp.exp(v)),
    "std": Coordinate("sigma", "positive", lambda v: v**2),
    "softplus": Coordinate("rho", "real", lambda v: Softplus(v) ** 2),
    "precision": Coordinate("lambda", "positive", lambda v: 1 / v),
}


def learned_variance(
    coordinates: str, plates: tuple[Plate, ...] = (), *, learned: bool = True
) -> tuple[Parameter, sp.Expr]:
    """The parameter and the variance in the named coordinates; with a plate, one variance per index.

    Raises `InputError` for coordinates that are not in the table.
    """
    if coordinates not in COORDINATES:
        raise one_of(coordinates, COORDINATES, "coordinates of a variance")
    c = COORDINATES[coordinates]
    parameter = Parameter(c.name, plates, c.range, learned)
    return parameter, c.variance(parameter.entry)
