r"""Two ways to sum a density over its support, which share neither coordinates nor nodes.

`gauss`: panels of Gauss and Legendre in the coordinate u with $x=c+w\sinh u$, $x=a+e^u$ or $x=a+(b-a)/(1+e^{-u})$; equal steps (the trapezoidal rule) over vectors and matrices.
`double_exponential`: the rule of Takahasi and Mori (1974) in x itself, between the places where a density may have a kink; panels of Gauss over vectors and matrices; more terms of a sum.

Each gives two sets of nodes, the second of another density: their difference is the error estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from entropysym.auditing.records import Space
from entropysym.errors import InputError

LogDensity = Callable[[np.ndarray], np.ndarray]

#: What is smaller than the largest value by this factor's logarithm is left out.
_NEGLIGIBLE = 42.0

#: Points of a scan, and terms of a sum.
SCAN, TERMS, MORE_TERMS = 2048, 4096, 3 * 4096


@dataclass(frozen=True)
class Nodes:
    """Points and the logarithms of their weights; `left_out` bounds the share that no node sees."""

    x: np.ndarray
    log_weight: np.ndarray
    left_out: float = 0.0


Rule = Callable[[Space, LogDensity, Sequence[float]], tuple[Nodes, Nodes]]


def gauss(space: Space, log_density: LogDensity, breaks: Sequence[float]) -> tuple[Nodes, Nodes]:
    """The first rule."""
    if space.kind == "interval":
        return _panels(space, log_density, breaks)
    if space.kind == "whole":
        return _terms(space, log_density, TERMS), _terms(space, log_density, TERMS // 2)
    return _in_steps(space, 0.0), _in_steps(space, 0.5)


def double_exponential(
    space: Space, log_density: LogDensity, breaks: Sequence[float]
) -> tuple[Nodes, Nodes]:
    """The second rule, which confirms or does not what the first one found."""
    if space.kind == "interval":
        edges = _edges(space, log_density, breaks)
        return _pieces(space, *edges, 0.06), _pieces(space, *edges, 0.043)
    if space.kind == "whole":
        return _terms(space, log_density, MORE_TERMS), _terms(space, log_density, TERMS)
    return _in_panels(space, 0), _in_panels(space, 1)


# -- numbers -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Coordinate:
    """x as a function of u, with the logarithm of dx/du, u as a function of x, and how far u goes."""

    x: Callable[[np.ndarray], np.ndarray]
    log_slope: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]
    low: float
    high: float


def _coordinate(space: Space, log_density: LogDensity) -> _Coordinate:
    a, b = space.low, space.high
    if np.isfinite(a) and np.isfinite(b):
        return _Coordinate(
            lambda u: np.where(u < 0, a + (b - a) * _sigmoid(u), b - (b - a) * _sigmoid(-u)),
            lambda u: np.log(b - a) - np.logaddexp(0, u) - np.logaddexp(0, -u),
            lambda x: np.log(x - a) - np.log(b - x),
            -60.0,
            35.0 if b != 0 else 60.0,
        )
    if np.isfinite(a):
        return _Coordinate(lambda u: a + np.exp(u), lambda u: u, lambda x: np.log(x - a), -60, 60)
    if np.isfinite(b):
        return _Coordinate(lambda u: b - np.exp(-u), lambda u: -u, lambda x: -np.log(b - x), -60, 60)  # fmt: skip
    c, w = _place(log_density)
    return _Coordinate(
        lambda u: c + w * np.sinh(u),
        lambda u: np.log(w) + np.logaddexp(u, -u) - np.log(2),
        lambda x: np.arcsinh((x - c) / w),
        -40.0,
        40.0,
    )


def _sigmoid(u: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -u))


def _place(log_density: LogDensity) -> tuple[float, float]:
    """The centre and the width of a density on the line: its highest point, and where it has fallen by half a nat."""
    c, w = 0.0, 1.0
    for _ in range(3):
        away = np.geomspace(1e-4 * w, 1e6 * w, SCAN // 2)
        x = np.concatenate([c - away[::-1], c + away])
        logs = _finite(log_density(x))
        top = int(np.argmax(logs))
        best = float(x[top]) if np.isfinite(logs[top]) else c
        near = np.abs(x - best)[(logs < logs[top] - 0.5) & np.isfinite(logs)]
        c, w = best, max(float(near.min()) if near.size else w, 1e-6 * abs(best), 1e-9)
    return c, w


def _finite(logs: np.ndarray) -> np.ndarray:
    """Logarithms with minus infinity for what is no finite number, such as at a pole."""
    return np.where(np.isfinite(logs), logs, -np.inf)


def _panels(space: Space, log_density: LogDensity, breaks: Sequence[float]) -> tuple[Nodes, Nodes]:
    at = _coordinate(space, log_density)
    u = np.linspace(at.low, at.high, SCAN)
    height = _finite(log_density(at.x(u)) + at.log_slope(u))
    kept = np.flatnonzero(height > np.max(height) - _NEGLIGIBLE)
    if not kept.size or not np.isfinite(height.max()):
        raise InputError("the density is not a positive finite number anywhere that was looked at")
    low, high = u[max(kept[0] - 1, 0)], u[min(kept[-1] + 1, SCAN - 1)]
    ends = [height[k] for k in (0, -1) if kept[k] in (0, SCAN - 1)]
    left_out = float(np.exp(max(ends) - height.max())) if ends else 0.0
    inner = np.array([b for b in breaks if space.low < b < space.high])
    with np.errstate(all="ignore"):
        cuts = at.back(inner) if inner.size else inner
    cuts = np.unique([low, *(c for c in cuts if low < c < high), high])
    found = []
    for panels, order in ((64, 31), (100, 20)):
        v, weight = _composite(cuts, panels, order)
        found.append(Nodes(at.x(v), np.log(weight) + at.log_slope(v), left_out))
    return found[0], found[1]


def _composite(cuts: np.ndarray, panels: int, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss and Legendre on equal panels between cuts, as many as are asked for in all."""
    lengths = np.diff(cuts)
    shares = np.maximum(1, np.floor(panels * lengths / lengths.sum())).astype(int)
    while shares.sum() > panels and shares.max() > 1:
        shares[np.argmax(shares)] -= 1
    shares[np.argmax(lengths / shares)] += max(0, panels - int(shares.sum()))
    edges = np.concatenate(
        [np.linspace(a, b, k + 1)[:-1] for a, b, k in zip(cuts, cuts[1:], shares, strict=False)]
        + [cuts[-1:]]
    )
    node, weight = _legendre(order)
    half = np.diff(edges)[:, None] / 2
    return (
        ((edges[1:] + edges[:-1])[:, None] / 2 + half * node).ravel(),
        (half * weight).ravel(),
    )


@lru_cache(maxsize=8)
def _legendre(order: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(order)


def _edges(
    space: Space, log_density: LogDensity, breaks: Sequence[float]
) -> tuple[list[float], float]:
    """Where the pieces of the second rule meet, and the width that its infinite ones start from."""
    x = np.concatenate([-np.geomspace(1e-6, 1e8, 700)[::-1], np.geomspace(1e-6, 1e8, 700)])
    if np.isfinite(space.low) and np.isfinite(space.high):
        x = space.low + (space.high - space.low) * np.linspace(0.001, 0.999, 999)
    elif np.isfinite(space.low):
        x = space.low + x[x > 0]
    elif np.isfinite(space.high):
        x = space.high + x[x < 0]
    for _ in range(2):
        logs = _finite(log_density(x))
        top = float(x[int(np.argmax(logs))])
        near = np.abs(x - top)[logs < logs.max() - 0.5]
        width = max(float(near.min()) if near.size else 1.0, 1e-6)
        x = np.concatenate([x, top + width * np.linspace(-4, 4, 161)])
        x = np.unique(x[(x > space.low) & (x < space.high)])
    spread = [top + k * width for k in (-16, -4, -1, 0, 1, 4, 16)]
    inner = {b for b in (*breaks, *spread) if space.low < b < space.high}
    ends = [e for e in (space.low, space.high) if np.isfinite(e)]
    return sorted({*inner, *ends}), width


def _pieces(space: Space, edges: Sequence[float], width: float, step: float) -> Nodes:
    t = np.arange(-4.2, 4.2, step)
    bent, slope = np.pi / 2 * np.sinh(t), np.log(np.pi / 2 * np.cosh(t) * step)
    x, log_weight = [], []
    for a, b in pairwise(edges):
        near = np.where(t < 0, a + (b - a) * _sigmoid(2 * bent), b - (b - a) * _sigmoid(-2 * bent))
        x.append(near)
        log_weight.append(np.log(2 * (b - a)) + slope - np.logaddexp(0, 2 * bent) - np.logaddexp(0, -2 * bent))  # fmt: skip
    for sign, infinite in ((-1, not np.isfinite(space.low)), (1, not np.isfinite(space.high))):
        if infinite:
            far = np.log(width) + bent
            x.append((edges[0] if sign < 0 else edges[-1]) + sign * np.exp(far))
            log_weight.append(far + slope)
    every, logs = np.concatenate(x), np.concatenate(log_weight)
    inside = (every > space.low) & (every < space.high) & (np.abs(every) < 1e100)
    return Nodes(every[inside], logs[inside])


# -- whole numbers -----------------------------------------------------------------------------------


def _terms(space: Space, log_density: LogDensity, count: int) -> Nodes:
    """The terms of a sum; of an infinite one the last term times their number bounds what is left."""
    if not np.isfinite(space.low):
        first, last = -count // 2, count // 2 - 1
    else:
        first = int(space.low)
        last = first + count - 1 if not np.isfinite(space.high) else int(space.high)
    x = np.arange(first, last + 1, dtype=np.float64)
    logs = _finite(log_density(x))
    ends = [logs[-1]] if not np.isfinite(space.high) else []
    ends += [logs[0]] if not np.isfinite(space.low) else []
    left_out = count * float(np.exp(max(ends) - logs.max())) if ends else 0.0
    return Nodes(x, np.zeros(len(x)), left_out)


# -- vectors and matrices ------------------------------------------------------------------------------


#: Per coordinate of a space: how far it goes, and the steps.
_AXES: dict[str, tuple[tuple[float, float, int], ...]] = {
    "vector 2": ((-5.5, 5.5, 221),) * 2,
    "vector 1": ((-6, 6, 1001),),
    "simplex 2": ((-36, 36, 1201),),
    "simplex 3": ((-30, 30, 221),) * 2,
    "posdef 2": ((-8.0, 6.0, 44), (-7.0, 7.0, 46), (-7.0, 7.0, 46)),
    "posdef 1": ((-30.0, 30.0, 1201),),
    "sphere 2": ((-np.pi, np.pi, 512),),
    "sphere 3": ((-1.0, 1.0, 96), (-np.pi, np.pi, 96)),
}


def _axes(space: Space) -> tuple[tuple[float, float, int], ...]:
    known = _AXES.get(f"{space.kind} {space.size}")
    if known is None:
        raise InputError(f"a {space.kind} of size {space.size} is not integrated; choose among {', '.join(_AXES)}")  # fmt: skip
    return known


def _in_steps(space: Space, shift: float) -> Nodes:
    """Equal steps, shifted by a part of one."""
    if space.kind == "onehot":
        return Nodes(np.eye(space.size), np.zeros(space.size))
    if space.kind == "sphere" and space.size == 3:  # the height on a sphere has ends
        return _in_panels(space, int(2 * shift))
    lines = []
    for low, high, count in _axes(space):
        step = (high - low) / count
        lines.append((low + step * (np.arange(count) + shift), np.full(count, step)))
    return _product(space, lines)


def _in_panels(space: Space, more: int) -> Nodes:
    """Panels of Gauss and Legendre."""
    if space.kind == "onehot":
        return Nodes(np.eye(space.size)[::-1], np.zeros(space.size))
    lines = []
    for low, high, count in _axes(space):
        if count > 90:
            order, panels = 6, max(2, (count + more * count // 9) // 6)
        else:  # one rule for all of the line, which for what is smooth is the best that there is
            order, panels = 60 + 8 * more, 1
        lines.append(_composite(np.array([low, high]), panels, order))
    return _product(space, lines)


def _product(space: Space, lines: Sequence[tuple[np.ndarray, np.ndarray]]) -> Nodes:
    u = [g.ravel() for g in np.meshgrid(*(line for line, _ in lines), indexing="ij")]
    weights = [g.ravel() for g in np.meshgrid(*(w for _, w in lines), indexing="ij")]
    x, log_slope = _MAPS[space.kind](u)
    return Nodes(x, log_slope + np.sum(np.log(weights), axis=0))


def _vector(u: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([np.sinh(v) for v in u], axis=-1), np.sum([np.log(np.cosh(v)) for v in u], axis=0)  # fmt: skip


def _simplex(u: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A stick that is broken again and again; the volume is that of all entries but the last."""
    log_rest, log_slope, parts = np.zeros(len(u[0])), np.zeros(len(u[0])), []
    for v in u:
        log_slope = log_slope + log_rest - np.logaddexp(0, v) - np.logaddexp(0, -v)
        parts.append(np.exp(log_rest - np.logaddexp(0, -v)))
        log_rest = log_rest - np.logaddexp(0, v)
    return np.stack([*parts, np.exp(log_rest)], axis=-1), log_slope


def _sphere(u: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    if len(u) == 1:
        return np.stack([np.cos(u[0]), np.sin(u[0])], axis=-1), np.zeros(len(u[0]))
    height, angle = u
    across = np.sqrt(1 - height**2)
    x = np.stack([across * np.cos(angle), across * np.sin(angle), height], axis=-1)
    return x, np.zeros(len(angle))


def _posdef(u: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    r"""$X=e^S$ with $S=\begin{pmatrix}m+a&b\\b&m-a\end{pmatrix}$, in which X and its inverse are alike: $dX=2e^{3m}\frac{\sinh\delta}\delta\,dm\,da\,db$, $\delta^2=a^2+b^2$."""
    if len(u) == 1:
        return np.exp(u[0])[:, None, None], u[0]
    m, a, b = u
    distance = np.maximum(np.hypot(a, b), 1e-12)
    ratio = np.sinh(distance) / distance
    grown, even = np.exp(m), np.cosh(distance)
    rows = [[even + ratio * a, ratio * b], [ratio * b, even - ratio * a]]
    return grown[:, None, None] * np.moveaxis(np.array(rows), -1, 0), np.log(2 * ratio) + 3 * m


_MAPS: dict[str, Callable[[Sequence[np.ndarray]], tuple[np.ndarray, np.ndarray]]] = {
    "vector": _vector,
    "simplex": _simplex,
    "sphere": _sphere,
    "posdef": _posdef,
}
