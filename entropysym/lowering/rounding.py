r"""How far rounding inside an expression may move its value: the expression once more with every computed value a little off, at random.

The sum of the |terms| says what rounding does to sums that can be seen, and nothing of $\log(\sin^2s+\cos^2s)$ or $|1-\operatorname{erf}x|$, where the sum that cancels stands inside a
function. Here all that is computed is moved by $\pm2^{-40}$ of its size, a sum by that of its addends, independently; rounding does not do more than the value then does. It also
sees jumps: an indicator of a difference that is 0 but for rounding takes both its values. Parameters, data, and networks at them are exact, as are whole numbers that are made of whole numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from entropysym.language.algebra import reads_latent
from entropysym.language.formula import args_of, array_name, array_of
from entropysym.language.heads import NetworkValue
from entropysym.lowering.arguments import Bound
from entropysym.lowering.axes import NamedArray, added, spread
from entropysym.lowering.evaluator import Evaluator
from entropysym.lowering.precision import EPS
from entropysym.lowering.scope import Scope

#: How far a computed value is moved, relative to its size; far above a rounding, so that what it moves is seen.
STEP = 2.0**-40

#: What is lost below the smallest normal number, in the same unit.
_UNDERFLOW = float(np.finfo(np.float64).tiny) * STEP / EPS

#: How often.
TIMES = 8


class Shaken(Evaluator):
    """An evaluator with NumPy of which every computed value is off by `STEP`, up or down."""

    def __init__(self, bound: Bound, seed: int) -> None:
        super().__init__(bound)
        self.rng = np.random.default_rng(seed)
        self.known: dict[object, bool] = {}

    def _value(self, e: sp.Expr, scope: Scope) -> NamedArray:
        found = super()._value(e, scope)
        if self._is_exact(e):
            return found
        array = np.asarray(found.array, np.float64)
        size = np.abs(array)
        if isinstance(e, sp.Add):
            sizes = [self.value(a, scope).absolute() for a in args_of(e)]
            size = spread(added(sizes), found.axes)
        signs = self.rng.choice((-1.0, 1.0), size=array.shape)
        return NamedArray(array + signs * (STEP * size + _UNDERFLOW), found.axes)

    def _is_exact(self, e: sp.Basic) -> bool:
        if e not in self.known:
            self.known[e] = self._exact(e)
        return self.known[e]

    def _exact(self, e: Any) -> bool:
        """Whether a value is the given number itself, or is whole and made of whole numbers."""
        if isinstance(e, (sp.Symbol, sp.Indexed, NetworkValue)):
            return not reads_latent(e)
        return isinstance(e, sp.Integer) or self._is_whole(e)

    def _is_whole(self, e: Any) -> bool:
        if isinstance(e, (sp.Add, sp.Mul)):
            return all(self._is_whole(a) for a in e.args)
        if isinstance(e, sp.Pow):
            return self._is_whole(e.base) and isinstance(e.exp, sp.Integer) and e.exp > 0
        if isinstance(e, sp.Integer):
            return True
        if isinstance(e, (sp.Symbol, sp.Indexed)) and not reads_latent(e):
            name = e.name if isinstance(e, sp.Symbol) else array_name(array_of(e))
            array = self.bound.arrays.get(name)
            return bool(e.is_integer) or (array is not None and _holds_whole_numbers(array))
        return False


def _holds_whole_numbers(array: Any) -> bool:
    values = np.asarray(array, np.float64)
    return bool(np.all(np.isfinite(values)) and np.all(values == np.round(values)))
