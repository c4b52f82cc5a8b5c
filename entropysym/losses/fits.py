"""A loss as a weighted sum of known terms: least squares on random batches, a hold-out that must be met to rounding, weights as powers of the sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from entropysym.errors import InputError
from entropysym.losses.calls import Case
from entropysym.losses.terms import (
    DECODER_SCALE,
    DECODERS,
    ENCODER_MEAN,
    ENCODER_SCALE,
    SAMPLE,
    SCALE_FORMS,
    Columns,
    DecoderRow,
    KlRow,
    Point,
    ScaleForm,
    decoder_columns,
    kl_columns,
)

#: A deviation below this many units of rounding of the terms, added up without sign, is rounding.
ROUNDING = 50.0


class Candidate(NamedTuple):
    """A decoder, the form of its scale if it has one that is learned, and a KL if there is one."""

    decoder: DecoderRow
    form: ScaleForm | None
    kl: KlRow | None


class Batch:
    """Cases at the same sizes, and the columns of each decoder and KL at them, computed once."""

    def __init__(self, sizes: Mapping[str, int], cases: Sequence[Case]) -> None:
        self.sizes = sizes
        self.cases = cases
        self._known: dict[Any, np.ndarray] = {}

    def columns(self, candidate: Candidate) -> np.ndarray:
        """The candidate's columns, in the order residual, normaliser, prior, entropy; a row for each case. Perhaps not finite."""
        row, form, kl = candidate
        parts = [self._of((row, form), lambda point: decoder_columns(row, form, point))]
        if kl is not None:
            parts.append(self._of(kl, lambda point: kl_columns(kl, point)))
        return np.hstack(parts)

    def _of(self, key: Any, columns: Callable[[Point], Columns]) -> np.ndarray:
        if key not in self._known:
            with np.errstate(all="ignore"):
                rows = [np.concatenate(columns(case.point)) for case in self.cases]
            self._known[key] = np.array(rows)
        return self._known[key]


def candidates(point: Point) -> list[Candidate]:
    """Everything that a loss of these arguments is tried as, the plain ones first."""
    kls: list[KlRow | None] = [None]
    if ENCODER_MEAN in point and ENCODER_SCALE in point:
        kls = [KlRow(form) for form in SCALE_FORMS]
        if SAMPLE in point:
            kls += [KlRow(form, sampled=True) for form in SCALE_FORMS]
    found = []
    for row in DECODERS:
        forms: list[ScaleForm | None] = [None]
        if DECODER_SCALE in point and not row.law.natural and not row.optimal:
            forms = [*SCALE_FORMS, None]
        found += [Candidate(row, form, kl) for form in forms for kl in kls]
    return found


class Fit(NamedTuple):
    """Weights of the columns and the constant of each group of data, with what rounding leaves open; the largest deviation relative to the terms."""

    weights: np.ndarray
    errors: np.ndarray
    constants: np.ndarray
    constants_open: float
    residual: float
    explained: bool


def unit_of_rounding(values: Sequence[float]) -> float:
    """That of the precision in which these were computed, whatever type they have now. Raises `InputError` for half precision."""
    v = np.array([x for x in values if math.isfinite(x)])
    single = v.astype(np.float32)
    if not np.array_equal(single.astype(np.float64), v):
        return float(np.finfo(np.float64).eps)
    if len(np.unique(v)) > 4 and not (single.view(np.uint32) & 0x1FFF).any():
        raise InputError(
            f"the loss is computed in half precision ({v[0]!r}, …), in which terms cannot be told apart; compute it in float32 or float64"
        )
    return float(np.finfo(np.float32).eps)


def fitted(
    candidate: Candidate,
    batch: Batch,
    values: np.ndarray,
    rounding: float,
    of: Sequence[int] | None = None,
) -> Fit:
    """The loss regressed on the candidate's columns and one constant for each group, in the cases `of` (all); every fourth of them is held out.

    It is explained if every case, held out or not, is met to `ROUNDING` units of rounding of its terms.
    """
    chosen = list(range(len(batch.cases)) if of is None else of)
    columns, y = batch.columns(candidate)[chosen], values[chosen]
    k = columns.shape[1]
    present = [batch.cases[i].group for i in chosen]
    ones = np.equal.outer(present, sorted(set(present))).astype(float)
    table = np.hstack([columns, ones])
    if not np.isfinite(table).all() or not np.isfinite(y).all():
        nothing = np.full(table.shape[1], np.nan)
        return Fit(nothing[:k], nothing[:k], nothing[k:], math.nan, math.inf, False)
    size = np.abs(y) + 1e-3 * np.abs(y).max() + np.finfo(float).tiny
    scaled = table / size[:, None]
    norms = np.linalg.norm(scaled, axis=0)
    norms[norms == 0] = 1.0
    kept = np.arange(len(chosen)) % 4 != 3
    inverse = np.linalg.pinv(scaled[kept] / norms, rcond=1e-12) / norms[:, None]
    weights = inverse @ (y / size)[kept]
    for _ in range(2):  # what the inverse lost to rounding
        weights = weights + inverse @ ((y - table @ weights) / size)[kept]
    terms = np.abs(table) @ np.abs(weights) + np.finfo(float).tiny
    residual = float((np.abs(table @ weights - y) / terms).max())
    left = np.linalg.norm(inverse * (terms / size)[kept], axis=1) * 4 * rounding
    explained = residual <= ROUNDING * rounding
    return Fit(weights[:k], left[:k], weights[k:], float(left[k:].max()), residual, explained)


class Weight(NamedTuple):
    """A number times powers of sizes, as 0.5·D/B: `number`, the powers that are not 0, and what rounding leaves open of the number, relative to it."""

    number: float
    powers: tuple[tuple[str, int], ...] = ()
    open: float = 0.0

    def __str__(self) -> str:
        above = [s if p == 1 else f"{s}^{p}" for s, p in self.powers if p > 0]
        below = [s if p == -1 else f"{s}^{-p}" for s, p in self.powers if p < 0]
        number = f"{self.number:.6g}"
        top = "*".join(above if number == "1" and above else [number, *above])
        return (
            f"{top}/{below[0]}"
            if len(below) == 1
            else f"{top}/({'*'.join(below)})"
            if below
            else top
        )

    def at(self, sizes: Mapping[str, int] | None = None) -> float:
        """The number where the sizes are these. Raises `InputError` for a size that is missing."""
        value = self.number
        for symbol, power in self.powers:
            if symbol not in (sizes or {}):
                raise InputError(f"{self} depends on {symbol}; pass its size")
            value *= float((sizes or {})[symbol]) ** power
        return value

    def over(self, other: Weight) -> Weight:
        """The quotient."""
        powers = dict(self.powers)
        for symbol, power in other.powers:
            powers[symbol] = powers.get(symbol, 0) - power
        kept = tuple((s, p) for s, p in powers.items() if p)
        return _rounded(self.number / other.number, kept, self.open + other.open)

    def same(self, other: Weight) -> bool:
        """Whether the two agree to rounding."""
        near = abs(self.number - other.number) <= 2 * (self.open + other.open) * max(
            abs(self.number), abs(other.number)
        )
        return near and dict(self.powers) == dict(other.powers)

    @property
    def zero(self) -> bool:
        """Whether it is 0 to rounding."""
        return self.open >= 0.1 or self.number == 0


#: The weight 1.
ONE = Weight(1.0)


def _rounded(number: float, powers: tuple[tuple[str, int], ...], open_: float) -> Weight:
    """With the shortest decimal number that rounding leaves open, else as it is."""
    for digits in range(1, 13):
        short = float(f"{number:.{digits}g}")
        if abs(short - number) <= open_ * abs(number):
            return Weight(short, powers, open_)
    return Weight(number, powers, open_)


#: A weight of which rounding leaves more than this fraction open is not read.
READABLE = 2e-3


def hidden(fit: Fit, decoder: int) -> bool:
    """Whether rounding hides a weight: one that it leaves open, or a 0 that is none beside the others of the decoder (the first columns) or the KL."""
    for group in (slice(0, decoder), slice(decoder, None)):
        weights, errors = np.abs(fit.weights[group]), fit.errors[group]
        if (
            len(weights)
            and weights.max() > 10 * errors.max()
            and errors.max() > READABLE * weights.max()
        ):
            return True
        read = (weights > 10 * errors) & (errors > READABLE * weights)
        if read.any():
            return True
    return False


def weight_of(
    numbers: Sequence[float], opens: Sequence[float], sizes: Sequence[Mapping[str, int]]
) -> Weight | None:
    """The weight as a number times powers of the sizes, from its values at `batch_sizes`; None if it is none.

    The powers come from the batches with one size enlarged; the last one, with all enlarged, has to agree.
    """
    first, base = numbers[0], sizes[0]
    relative = [abs(o / n) if n else math.inf for o, n in zip(opens, numbers, strict=True)]
    if all(r >= 0.1 for r in relative):
        return Weight(0.0)
    if any(r >= 0.1 for r in relative) or any(n * first < 0 for n in numbers):
        return None
    powers: dict[str, int] = {}
    for k, symbol in enumerate(base, start=1):
        ratio = math.log(sizes[k][symbol] / base[symbol])
        power = math.log(numbers[k] / first) / ratio
        if abs(power - round(power)) > 1e-9 + 10 * (relative[0] + relative[k]) / ratio:
            return None
        powers[symbol] = round(power)
    number = first / math.prod(base[s] ** p for s, p in powers.items())
    found = _rounded(number, tuple((s, p) for s, p in powers.items() if p), relative[0])
    last = found.at(sizes[-1])
    if abs(last - numbers[-1]) > (1e-9 + 10 * (relative[0] + relative[-1])) * abs(last):
        return None
    return found
