"""What both printers agree on: kinds of data, the number of data points, and primes for bound indices."""

from __future__ import annotations

import re
from typing import Literal

import sympy as sp

Data = Literal["finite", "infinite"]
DATA = ("finite", "infinite")

#: The number of data points on the page; the language has none, its data mean covers infinite data too.
COUNT = sp.Symbol("N", integer=True, positive=True)
_INDEX = re.compile(r"([A-Za-z])(?:_(\d+))?\Z")


def primed(index: sp.Symbol) -> str | None:
    """The letter of a bound index with primes: h_1 is h'. None for anything that is no index."""
    found = _INDEX.match(index.name) if index.is_integer else None
    if not found:
        return None
    count = int(found[2] or 0)
    return found[1] + "'" * count if count <= 3 else f"{found[1]}_{{{count}}}"
