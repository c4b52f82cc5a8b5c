r"""How rough a side is as it is computed: what rounding inside of it does, of which its terms and its arguments show nothing.

A smooth function at 7 points that lie close together has fourth to sixth differences of nearly 0; what is left of them is the roughness of the computation (Hamming, *Introduction to Applied Numerical
Analysis*; Moré and Wild, SIAM J. Sci. Comput. 33, 2011). So $1-\cos x$ at a small x, $\log(1+e^{-30s})$, or $(10^6+x)-10^6$ show the size of what cancels in them. A jump is roughness as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from entropysym.lowering.precision import EPS
from entropysym.testing.flat_points import Flat

#: Points of a table, its orders, and the relative steps: near enough to be smooth, far enough that what is computed moves.
_POINTS, _ORDERS, _STEPS = 7, (4, 5, 6), (2.0**-44, 2.0**-36, 2.0**-28)

#: No difference below this many units of `REFUTES` eps refutes, 1000 eps = 2.2e-13 nats: a function may compute with numbers around 1 whatever it returns.
FLOOR = 1.0


def roughness(value: Callable[[Flat], np.ndarray], flat: Flat) -> np.ndarray:
    """Of each value the roughness in units of eps, with the floor that every computation has."""
    found = np.zeros(())
    for k, step in enumerate(_STEPS):
        moved = [value(point) for point in _line(flat, step, k)]
        with np.errstate(all="ignore"):
            for order in _ORDERS:
                table = np.abs(np.diff(np.stack(moved), order, axis=0)).max(axis=0)
                found = np.fmax(found, table / math.sqrt(math.comb(2 * order, order)))
    return FLOOR + np.where(np.isfinite(found), found, 0.0) / EPS


def _line(flat: Flat, step: float, seed: int) -> list[Flat]:
    """The points and six beside them on a line: every number by equal relative steps, up or down; counts and classes stand still."""
    rng = np.random.default_rng(seed)
    signs = {n: rng.choice((-1.0, 1.0), size=np.shape(a)) for n, a in flat.items()}

    def at(k: int) -> Flat:
        return {
            name: a if _is_whole(a) else np.asarray(a) * (1 + k * step * signs[name])
            for name, a in flat.items()
        }

    return [at(k) for k in range(_POINTS)]


def _is_whole(a: object) -> bool:
    array = np.asarray(a)
    return bool(array.dtype.kind != "f" or np.all(array == np.round(array)))
