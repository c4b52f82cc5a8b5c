r"""Whether $\log p-\log h+\mathcal H$ lies in the span of the scores, by least squares over many points.

The formulas are those that were drawn, evaluated in mpmath, and the scores are differences of them: nothing of the prover is used. Least squares of
$\log p-\log h$ on the scores and 1 leaves nothing where there is a direction; minus the intercept is then the entropy, since scores have mean zero.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from .drawing import Draft

DIGITS = 150  # what lies far out in a tail keeps some after a difference
STEP = mpmath.mpf("1e-16")
POINTS, SETTINGS = 30, 3

#: The residual, relative to the size of what is fitted, up to which there is a direction, and from which there is none.
NONE_LEFT, SOME_LEFT = 1e-9, 1e-5


@dataclass(frozen=True)
class Answer:
    """`true`, `false`, `unknown` or `singular`: there is a direction, but not where what is real is 0. The largest residual, and the arguments of each setting with the entropy there."""

    word: str
    residual: float
    entropies: list[tuple[dict[str, Any], float]]


def is_closed(d: Draft) -> Answer:
    """What least squares says of a density."""
    rng = random.Random(d.seed)
    formula = compiled(d.law.log_p - d.law.base, [*d.record.arguments, d.law.x])
    residuals, entropies = [], []
    with mpmath.workdps(DIGITS):
        for k in range(SETTINGS + 1):
            at = {a.name: _value(d, a, rng) for a in d.record.arguments}
            if k == SETTINGS:
                at |= {a.name: mpmath.mpf(0) for a in d.record.arguments if _may_be_0(d, a)}
            points = [_point(d.law.support, k, rng) for k in range(POINTS)]
            residual, entropy = _fitted(d, formula, at, points)
            residuals.append(residual)
            entropies.append((at, entropy))
    worst = max(residuals[:SETTINGS])
    word = "true" if worst < NONE_LEFT else "false" if worst > SOME_LEFT else "unknown"
    if word == "true" and residuals[SETTINGS] > NONE_LEFT:
        word = "singular"
    return Answer(word, worst, entropies)


def _may_be_0(d: Draft, a: sp.Symbol) -> bool:
    return d.record.range_of(a) == "real" and not isinstance(d.held.get(a.name), sp.Rational)


def compiled(e: sp.Expr, symbols: list[sp.Symbol]) -> Callable[..., Any]:
    """A formula as a function of mpmath's numbers."""
    own = {
        "Softplus": lambda u: mpmath.log1p(mpmath.exp(u)),
        "Sigmoid": lambda u: 1 / (1 + mpmath.exp(-u)),
        "LogSinhc": lambda u: mpmath.log(mpmath.sinh(u) / u) if u else u,
        "Langevin": lambda u: mpmath.coth(u) - 1 / u if u else u,
        "LogBessel": lambda u: mpmath.log(mpmath.besseli(0, u)),
        "BesselRatio": lambda u: mpmath.besseli(1, u) / mpmath.besseli(0, u),
        "Erfc": mpmath.erfc,
        "IsZero": lambda u: mpmath.mpf(u == 0),
        "IsAbove": lambda u: mpmath.mpf(u > 0),
    }
    return sp.lambdify(symbols, e, [own, "mpmath"])


def _fitted(d: Draft, f: Callable[..., Any], at: dict[str, Any], points: list[Any]):
    def column(moved: str, by: Any) -> list[Any]:
        there = [v + (by if name == moved else 0) for name, v in at.items()]
        return [mpmath.re(f(*there, x)) for x in points]

    target = column("", 0)
    scores = []
    for a in d.learned:
        up, down = column(a.name, STEP), column(a.name, -STEP)
        scores.append([(u - v) / (2 * STEP) for u, v in zip(up, down, strict=True)])
    table = np.array([*scores, [1] * len(points)], dtype=float).T
    sizes = np.abs(table).max(axis=0)
    kept = sizes > 1e-20
    wanted = np.array(target, dtype=float)
    found = np.linalg.lstsq(table[:, kept] / sizes[kept], wanted, rcond=1e-13)[0]
    residual = np.abs(table[:, kept] / sizes[kept] @ found - wanted).max()
    return float(residual / max(np.abs(wanted).max(), 1e-3)), -float(found[-1])


def _value(d: Draft, a: sp.Symbol, rng: random.Random) -> Any:
    how = d.held.get(a.name)
    if isinstance(how, sp.Rational):
        return mpmath.mpf(int(how.p)) / int(how.q)
    low, high = {"real": (-1.5, 1.5), "positive": (0.4, 2.5), "unit": (0.15, 0.85)}[
        d.record.range_of(a)
    ]
    return mpmath.mpf(rng.uniform(low, high))


def _point(support: str, k: int, rng: random.Random) -> Any:
    kind, _, number = support.partition(" ")
    if kind in ("binary", "count", "upto"):
        return mpmath.mpf(k % {"binary": 2, "count": POINTS}.get(kind, int(number or 0) + 1))
    if kind == "from":
        return mpmath.mpf(sp.Rational(number).p) / sp.Rational(number).q + rng.expovariate(0.7)
    return mpmath.mpf(
        {
            "real": lambda: rng.gauss(0, 2) if k % 2 else rng.uniform(-8, 8),
            "positive": lambda: rng.lognormvariate(0, 0.8),
            "unit": lambda: rng.uniform(0.02, 0.98),
            "angle": lambda: rng.uniform(-3, 3),
        }[kind]()
    )
