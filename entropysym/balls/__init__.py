"""Rigorous numbers: expressions of the language in ball arithmetic (python-flint, extra `balls`), or in rational arithmetic where nothing transcendental is left.

* `enclose`: bounds of an expression, of both sides of an equation, or of the gap identity, at a rational point; of an integral over an interval.
* `escalated`: which of some points a difference is shown at, where floats could hide it.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.balls.enclosing import Enclosure, enclose, escalated
    from entropysym.balls.integrals import enclose_integral

__getattr__, __dir__ = lazily(
    __name__,
    {"enclosing": "Enclosure enclose escalated", "integrals": "enclose_integral"},
)
