r"""Integrals of a density and of its scores, by panels in the logarithm of the distance from an anchor.

On each side of each anchor $x=a\pm e^u$. There a pole or a heavy tail, $|x-a|^{\alpha}$, becomes the exponential
$e^{(\alpha+1)u}$, and a peak at the anchor is as smooth for a width of $10^{-9}$ as for one of $10^9$. Panels are halved until their
error estimates (Gauss–Kronrod, 7 and 15 nodes) are small; work is counted in evaluations, never in seconds.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import mul
from typing import Any

import mpmath

from entropysym.claims.densities.evaluation import Bound, Program
from entropysym.claims.densities.pieces import FAR, Piece, digits_at, sides_of

#: Most work on one integral: an evaluation in floats counts once, one in mpmath as many times as it has five
#: binary digits. A formula of more than 30 steps has less.
WORK = 150_000

_NODES = (
    *(0.991455371120812639206854697526329, 0.949107912342758524526189684047851),
    *(0.864864423359769072789712788640926, 0.741531185599394439863864773280788),
    *(0.586087235467691130294144691308260, 0.405845151377397166906606412076961),
    *(0.207784955007898467600689403773245, 0.0),
)
_KRONROD = (
    *(0.022935322010529224963732008058970, 0.063092092629978553290700663189204),
    *(0.104790010322250183839876322541518, 0.140653259715525918745189590510238),
    *(0.169004726639267902826583426598550, 0.190350578064785409913256402421014),
    *(0.204432940075298892414161999234649, 0.209482141084727828012999174891714),
)
_GAUSS = (
    *(0.129484966168869693270611432679082, 0.279705391489276667901467771423780),
    *(0.381830050505118944950369775488975, 0.417959183673469387755102040816327),
)
#: Nodes on (-1, 1) with both weights; the 7 nodes are every second of the 15.
NODES = (*(-v for v in _NODES), *_NODES[-2::-1])
KRONROD = (*_KRONROD, *_KRONROD[-2::-1])
GAUSS = tuple((*_GAUSS, *_GAUSS[-2::-1])[i // 2] if i % 2 else 0.0 for i in range(len(KRONROD)))


@dataclass(frozen=True)
class Panel:
    """An interval of a piece with its integrals and error estimates; `first` and `last` are the integrand near its ends."""

    piece: Piece
    low: float
    high: float
    values: tuple[float, ...]
    errors: tuple[float, ...]
    ends: tuple[float, float]
    defined: bool
    bits: int | None

    @property
    def work(self) -> int:
        """What the panel cost, in evaluations in floats."""
        return _cost(self.bits)

    def interval(self) -> tuple[float, float]:
        """The panel's ends on the axis of the variable; within e^-30 of the anchor it is the anchor."""
        a, side = self.piece.around.anchor, self.piece.side
        ends = sorted(
            float(a + (side * mpmath.exp(u) if u > -30 else 0)) for u in (self.low, self.high)
        )
        return ends[0], ends[1]


def _cost(bits: int | None) -> int:
    return len(NODES) * (1 if bits is None else bits // 5)


#: From the registers at some places to a row of moments (functions of x to be averaged) at each place.
Moments = Callable[[list[Sequence[Any]], Sequence[Any]], list[Sequence[Any]]]


@dataclass
class Integral:
    """Sums over the panels: the integral of p, of p times each moment, of p times its size; and what stands open at the ends."""

    panels: list[Panel]
    left_out: float = 0.0
    #: Where the integrand does not fall: an interval (or counts) over which the integral is known, and its value.
    partial: tuple[float, float, float] | None = None
    evaluations: int = 0
    #: The work did not do for a first look at every piece.
    exhausted: bool = False
    totals: tuple[float, ...] = field(default=())
    errors: tuple[float, ...] = field(default=())

    @property
    def undefined(self) -> list[Panel]:
        """Panels where the log-density is no real number."""
        return [p for p in self.panels if not p.defined]

    def add_up(self) -> None:
        """Sum values and errors, the rounding of floats included."""
        rows = list(zip(*(p.values for p in self.panels), strict=True))
        self.totals = tuple(total(row) for row in rows)
        errors = [total(row) for row in zip(*(p.errors for p in self.panels), strict=True)]
        rounding = [1e-14 * total(map(abs, row)) for row in rows]
        self.errors = tuple(e + r for e, r in zip(errors, rounding, strict=True))


def total(row: Any) -> float:
    row = list(row)
    try:
        return math.fsum(row)
    except (OverflowError, ValueError):  # infinities
        return sum(row)


def integral(
    bound: Bound, anchors: Sequence[Any], ends: tuple[Any, Any], refined: int, bits: int | None
) -> Integral:
    """The integrals of the density, of its first `refined` moments and of the other moments, to the precision that the work allows.

    `ends` of the support are numbers or None where it goes on for ever; the anchors lie inside it or at its ends.
    """
    whole = Integral([])
    limit = limit_of(bound.program, bits)
    sides = sides_of(bound, anchors, ends)
    if bits is not None and sum(_least_work(s.top, bits) for s in sides) > limit:
        return _given_up(len(bound.program.outputs) - 1)
    for side in sides:
        panels = _first_panels(side.piece(), bits, limit - whole.evaluations)
        whole.evaluations += sum(p.work for p in panels)
        whole.panels += panels
        if whole.evaluations > limit:
            # The last panels are no ends of the piece: nothing is known of what lies beyond them.
            whole.left_out, whole.exhausted = math.nan, True
            break
        left_out = _beyond(panels) if panels else math.nan
        whole.left_out += left_out
        if math.isinf(left_out):  # a second look in many digits settles nothing then
            whole.partial = whole.partial or (_partial(panels) if bits is None else (0.0, 0.0, 0.0))
    if math.isfinite(whole.left_out):
        _refine(whole, refined, limit)
    whole.add_up()
    return whole


def _given_up(moments: int) -> Integral:
    """Nothing is known of an integral for which the work would not do."""
    nothing = (0.0,) * (1 + 2 * moments)
    return Integral([], math.nan, exhausted=True, totals=nothing, errors=nothing)


def limit_of(program: Program, bits: int | None) -> int:
    """Most work on one integral of a program, in evaluations of a program of 30 steps or less."""
    return (WORK if bits is None else 2 * WORK) * 30 // max(30, len(program.steps))


#: Further out, as a logarithm, dear panels are left out where nothing is seen to lie.
_DEAR = 60


def _least_work(top: float, bits: int) -> int:
    """What the first panels of a piece cost at least in many digits: none of these is left out."""
    return _cost(bits) * sum(abs(low) <= _DEAR for low, _ in _ladder(top))


def _first_panels(piece: Piece, bits: int | None, limit: int) -> list[Panel]:
    """Panels from usual distances outwards, in order; where digits are dear, only as long as they matter."""
    ladder = _ladder(piece.top)
    start = next((i for i, (_, high) in enumerate(ladder) if high >= 0), len(ladder) - 1)
    panels: list[Panel] = []
    for outwards in (ladder[start::-1], ladder[start + 1 :]):
        largest = 0.0
        for low, high in outwards:
            panels.append(panel(piece, low, high, bits))
            limit -= panels[-1].work
            new = panels[-1]
            largest = max(largest, new.values[0])
            inner, outer = new.ends if low >= 0 else new.ends[::-1]
            dear = new.bits is not None and abs(low) > _DEAR
            if limit < 0 or (dear and outer * 60 < min(inner, 1e-20 * largest)):
                break
    return sorted(panels, key=lambda p: p.low)


def _ladder(top: float) -> list[tuple[float, float]]:
    """Panels from -700 to `top`: narrow where scales are usual, wide where nothing but a power can be."""
    marks = [-FAR]
    while marks[-1] < top:
        u = marks[-1]
        marks.append(u + (60.0 if u < -100 or u >= 100 else 12.0 if abs(u + 0.5) > 40 else 3.0))
    marks[-1] = top
    if len(marks) > 2 and marks[-1] - marks[-2] < 0.3:
        del marks[-2]
    return list(pairwise(marks))


def panel(piece: Piece, low: float, high: float, bits: int | None) -> Panel:
    """One panel; in mpmath if floats overflow, or lose all digits beside the anchor."""
    if bits is None and piece.is_rough(low, high):
        return _panel(piece, low, high, digits_at(piece.around, low, high))
    found = _panel(piece, low, high, bits)
    if (found.defined and math.isfinite(found.values[0])) or bits is not None:
        return found
    more = digits_at(piece.around, low, high)
    if not found.defined:
        with mpmath.workprec(more):
            middle = piece.side * mpmath.exp((low + high) / 2)
        value = piece.around.log_density([middle], more)[0]
        if value != value:  # no real number in many digits either
            return found
    return _panel(piece, low, high, more)


def _panel(piece: Piece, low: float, high: float, bits: int | None) -> Panel:
    middle, half = (low + high) / 2, (high - low) / 2
    us = [middle + half * node for node in NODES]
    if bits is None:
        distances = [piece.side * math.exp(u) for u in us]
    else:
        with mpmath.workprec(bits):
            distances = [piece.side * mpmath.exp(u) for u in us]
    logs, *moments = piece.around.outputs(distances, bits)
    weights = _weights(logs, us, bits)
    if not any(weights):
        nothing = (0.0,) * (1 + 2 * len(moments))
        return Panel(piece, low, high, nothing, nothing, (0.0, 0.0), True, bits)
    rows = [weights]
    for moment in moments:
        # Where the log-density is -oo, scores of any value do not count.
        row = [w * float(m) if w else 0.0 for w, m in zip(weights, moment, strict=True)]
        rows += [row, [abs(v) for v in row]]
    values, errors = zip(*(_gauss_kronrod(row, half) for row in rows), strict=True)
    defined = all(w == w for w in weights)
    return Panel(piece, low, high, values, errors, (weights[0], weights[-1]), defined, bits)


def _weights(logs: Sequence[Any], us: Sequence[float], bits: int | None) -> list[float]:
    """p e^u as floats."""
    found = []
    for log, u in zip(logs, us, strict=True):
        size = float(log + u) if bits is None or mpmath.isfinite(log) else float(log)
        found.append(math.exp(size) if size < 709 else (math.inf if size >= 709 else math.nan))
    return found


def _gauss_kronrod(row: Sequence[float], half: float) -> tuple[float, float]:
    """The integral by 15 nodes, and the error estimate of QUADPACK."""
    value = sum(map(mul, KRONROD, row))
    if not math.isfinite(value):
        return value, math.inf
    spread = sum(w * abs(v - value / 2) for w, v in zip(KRONROD, row, strict=True))
    error = abs(value - sum(map(mul, GAUSS, row)))
    if spread and error:
        error = spread * min(1.0, (200 * error / spread) ** 1.5)
    return half * value, half * error


def _beyond(panels: Sequence[Panel]) -> float:
    """What lies beyond the ends of a piece, where the integrand is taken to go on as a power; infinite if it does not fall."""
    missing = 0.0
    outer = [(panels[0], 0)]
    if panels[-1].piece.top >= FAR:
        outer.append((panels[-1], 1))
    for end, place in outer:
        last, inner = end.ends[place], end.ends[1 - place]
        if last != last:
            continue
        if last == 0:
            if _rises(end, place):
                return math.nan
            continue
        if math.isinf(last) or math.isinf(inner) or inner <= last:
            return math.inf
        missing += last * (end.high - end.low) / math.log(inner / last)
    return missing


def _rises(end: Panel, place: int) -> bool:
    """Whether the integrand, too small for floats, grows outwards: then its mass may lie beyond them."""
    outer, inner = (end.high, end.high - 5) if place else (end.low, end.low + 5)
    around, side = end.piece.around, end.piece.side
    far, near = (around.log_density([side * mpmath.exp(u)], 150)[0] + u for u in (outer, inner))
    return mpmath.isfinite(far) and far > near


def _partial(panels: Sequence[Panel]) -> tuple[float, float, float]:
    """An interval that ends where the integrand does not fall any more, and the integral over it, in many digits."""
    piece, top = panels[0].piece, min(panels[-1].piece.top, 40.0)
    rising = panels[-1].piece.top >= FAR and not panels[-1].ends[1] < panels[-1].ends[0]
    marks = [top - 0.5 * k for k in range(round(2 * (top + 20)))]
    if rising:
        marks.reverse()
    known, used = 0.0, []
    for ends in pairwise(marks):
        p = _panel(piece, min(ends), max(ends), 200)
        if not p.defined or not p.errors[0] <= 1e-3 * max(1.0, p.values[0]):
            break
        used.append(p)
        known += p.values[0]
        if known > 2:
            break
    if not used:
        return 0.0, 0.0, 0.0
    places = [place for p in used for place in p.interval()]
    return min(places), max(places), known


def _refine(whole: Integral, refined: int, limit: int) -> None:
    """Halve the panel with the largest error until errors are small or the work is done."""
    scales = [1.0]
    for k in range(refined):
        size = sum(p.values[2 + 2 * k] for p in whole.panels if math.isfinite(p.values[2 + 2 * k]))
        scales += [max(size, 1e-300), math.inf]

    def error(p: Panel) -> float:
        if not p.defined:
            return 0.0
        return max(e / s if e < math.inf else 0.0 for e, s in zip(p.errors, scales, strict=False))

    heap = [(-error(p), i, p) for i, p in enumerate(whole.panels)]
    heapq.heapify(heap)
    fresh, open_error = len(heap), -sum(h[0] for h in heap)
    while heap and open_error > 1e-12 and whole.evaluations < limit:
        worst, _, p = heapq.heappop(heap)
        if worst == 0:
            heapq.heappush(heap, (worst, fresh, p))
            break
        open_error += worst
        for part, estimate in _halves(p, error):
            whole.evaluations += part.work
            fresh += 1
            if part.high - part.low < 1e-9:  # a jump: the estimate stands, but goes no further
                estimate = 0.0
            heapq.heappush(heap, (-estimate, fresh, part))
            open_error += estimate
    whole.panels = [h[2] for h in heap]


def in_many_digits(whole: Integral) -> tuple[float, ...]:
    """The same panels again in mpmath, so far as they matter: the totals."""
    least = 1e-11 * whole.totals[0]
    again = [
        p
        if p.values[0] < least or p.bits
        else _panel(p.piece, p.low, p.high, digits_at(p.piece.around, p.low, p.high))
        for p in whole.panels
    ]
    return tuple(total(row) for row in zip(*(p.values for p in again), strict=True))


def _halves(p: Panel, error: Callable[[Panel], float]) -> list[tuple[Panel, float]]:
    """The halves of a panel with their errors; in mpmath where halving does not help, for then floats have lost their digits."""
    middle = (p.low + p.high) / 2
    halves = [
        panel(p.piece, low, high, p.bits) for low, high in ((p.low, middle), (middle, p.high))
    ]
    found = [(half, error(half)) for half in halves]
    if p.bits is None and p.high - p.low < 1.5 and sum(e for _, e in found) > 0.7 * error(p):
        halves = [
            _panel(p.piece, h.low, h.high, digits_at(p.piece.around, h.low, h.high)) for h in halves
        ]
        found = [(half, error(half)) for half in halves]
    return found
