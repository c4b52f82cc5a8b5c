"""Functions of one real number: where they are defined, what is known of their value, and their
derivative as a term in ["var"]. A function without derivative is known only where it stands still.

log, exp and abs are no rows: their laws (log of a product, powers of e^u) are those of `Work`; nor
are softplus u = log(1 + e^u) and sigmoid u = e^u / (1 + e^u)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Term = Any  # as in `terms`, which imports this
U = ["var"]


def _less(term: Term) -> Term:
    return ["mul", -1, term]


class Row(NamedTuple):
    """``above``: the argument has to be > 0; ``range_``: that of the value ("within" -1 and 1), or
    nothing; ``odd``: f(-u) = -f(u), and it grows."""

    above: bool
    range_: str
    slope: Term = None
    odd: bool = False


def _ratio(times: int, head: str) -> Term:
    """1 - times r / u - r^2"""
    return ["add", 1, ["mul", -times, ["pow", U, -1], [head, U]], _less(["pow", [head, U], 2])]


_BELL = ["mul", 2, ["pow", ["pi"], ["frac", -1, 2]], ["exp", _less(["pow", U, 2])]]

ROWS: Mapping[str, Row] = {
    "loggamma": Row(True, "", ["digamma", U]),
    "digamma": Row(True, "", ["trigamma", U]),
    "trigamma": Row(True, "positive"),
    # logbessel u = log I0(u), besselratio u = I1(u) / I0(u)
    "logbessel": Row(False, "nonnegative", ["besselratio", U]),
    "besselratio": Row(False, "within", _ratio(1, "besselratio"), odd=True),
    # logsinhc u = log(sinh(u) / u), langevin u = coth u - 1 / u
    "logsinhc": Row(False, "nonnegative", ["langevin", U]),
    "langevin": Row(False, "within", _ratio(2, "langevin"), odd=True),
    "erf": Row(False, "within", _BELL, odd=True),
    "erfc": Row(False, "positive", _less(_BELL)),
    "sin": Row(False, "", ["cos", U]),
    "cos": Row(False, "", _less(["sin", U])),
    "asinh": Row(False, "", ["pow", ["add", 1, ["pow", U, 2]], ["frac", -1, 2]], odd=True),
    # 1 where the argument is 0 (or above 0), else 0
    "iszero": Row(False, "nonnegative"),
    "isabove": Row(False, "nonnegative"),
}
ODD = tuple(head for head, row in ROWS.items() if row.odd)
INDICATORS = ("iszero", "isabove")
