r"""May training stop? A rule on the gap and on the entropy sum over a window of logged steps, in nats per data point.

At every parameter $\mathcal F=\mathcal E+g_{\rm prior}+g_{\rm decoder}$, and each part of the gap is the slope of the ELBO along a direction that tempers
prior or decoder. So at a stationary point both parts are 0, and where one is not, `tempering_gain` says how many nats that direction alone still
gives. `may_stop` says yes where, over the window,

* the mean of each part is **shown** to lie within ±`tolerance`, and
* the drift of the entropy sum over the window is **shown** to lie within ±`drift`,

each by two one-sided tests at 5 % (an equivalence test): |estimate| + t · standard error ≤ tolerance. Standard errors come from batch means, so they see the
noise of mini-batches and that successive steps depend on each other. The two together bound the ELBO's own drift, since $\mathcal F=\mathcal E+g$.

The condition is necessary, not sufficient: weights that move across the tempering directions may still be on their way, more slowly than the window can see.
Sources: the identity, Damm et al., AISTATS 2023, off stationary points as derived for this project; equivalence, Schuirmann 1987; batch means and a test of
stationarity on another statistic, Yaida 2019 and Lang et al. 2019.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from entropysym.errors import InputError, integer, shown
from entropysym.monitoring.arrays import as_float64

#: Batches that a window is cut into; more would be shorter, and depend on each other more.
BATCHES = 10

#: 95 % quantiles of Student's t: with 9 degrees of freedom for a mean of ten batches, with 8 for the slope of a line through them.
T_MEAN, T_SLOPE = 1.8331129327, 1.8595480375

#: Records that a window needs at least, two for each batch.
SHORTEST = 2 * BATCHES

#: Records that a window has unless told otherwise: what stopped soonest at equal rates of false stops (docs/stopping.md).
WINDOW = 160

#: What is read of each record.
_READ = ("gap_prior", "gap_decoder", "entropy_sum")


class Reason(enum.Enum):
    """Why training may or may not stop."""

    SETTLED = "settled: both parts of the gap and the drift are shown to be within their tolerances"
    GAP_OPEN = "gap open: a part of the gap is shown to be outside of the tolerance, so the ELBO has a slope there"
    DRIFTING = (
        "drifting: the entropy sum is shown to move by more than its tolerance over the window"
    )
    NOT_SHOWN = "not shown: noise leaves open whether all is within the tolerances; log more steps or larger batches"
    TOO_FEW = "too few: the window is not filled yet"
    NOT_FINITE = "not finite: a number in the window is not"


class Estimate(NamedTuple):
    """A number with its standard error, in nats, and the t quantile that its bounds use."""

    value: float
    error: float
    quantile: float

    @property
    def upper(self) -> float:
        """|value| is below this, at 5 % on either side."""
        return abs(self.value) + self.quantile * self.error

    @property
    def lower(self) -> float:
        """|value| is above this, at 5 %; 0 if nothing is shown."""
        return max(0.0, abs(self.value) - self.quantile * self.error)


@dataclass(frozen=True)
class Decision:
    """Whether training may stop, why, and the estimates that led to it: None where there was no window, NaN where something was not finite.

    `prior` and `decoder`: window means of the gap's parts. `drift`: change of the entropy sum over the window. `window`: records that were used.
    """

    stop: bool
    reason: Reason
    prior: Estimate | None
    decoder: Estimate | None
    drift: Estimate | None
    window: int

    def __str__(self) -> str:
        lines = [f"{'stop' if self.stop else 'go on'}: {self.reason.value} ({self.window} records)"]
        for name in ("prior", "decoder", "drift"):
            found = getattr(self, name)
            if found is not None:
                lines.append(f"  {name:8}{found.value:+.4f} ± {found.error:.4f} nat")
        return "\n".join(lines)


def may_stop(
    steps: Sequence[Any] | Mapping[str, Any],
    *,
    tolerance: float,
    drift: float | None = None,
    window: int = WINDOW,
) -> Decision:
    """Whether the last `window` records show that the gap is closed and the entropy sum rests.

    `steps`: records with the numbers `gap_prior`, `gap_decoder` and `entropy_sum`, such as a `Monitor`'s history, or a mapping from these names to arrays (n,);
    oldest first and equally spaced. `tolerance`: nats per data point for each part of the gap; `drift`: nats for the change of the entropy
    sum over the window, `tolerance` if left out. Would learning go on for another window at the same pace, it would change the ELBO by about the drift.

    Each call is a test at 5 %; asking again and again makes a wrong yes likelier than that. A yes is a necessary condition of
    stationarity, at this learning rate: a lower rate may gain more. It says nothing about data that were not trained on.

    Raises `InputError` for tolerances that are not positive, a window below 20 records and what is no sequence of such records.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> names = ("gap_prior", "gap_decoder", "entropy_sum")
    >>> settled = {name: 0.1 * rng.normal(size=1000) for name in names}
    >>> may_stop(settled, tolerance=0.1).reason.name
    'SETTLED'
    >>> may_stop({**settled, "gap_decoder": settled["gap_decoder"] - 0.2}, tolerance=0.1).reason.name
    'GAP_OPEN'
    """
    limit = _positive(tolerance, "tolerance")
    drift_limit = limit if drift is None else _positive(drift, "drift")
    n = integer("window", window)
    if n < SHORTEST:
        raise InputError(f"window is {n}; pass at least {SHORTEST} records")
    columns = _columns(steps, n)
    used = len(columns["entropy_sum"])
    if not all(np.isfinite(column).all() for column in columns.values()):
        nothing = Estimate(math.nan, math.nan, T_MEAN)
        return Decision(False, Reason.NOT_FINITE, nothing, nothing, nothing, used)
    if used < n:
        return Decision(False, Reason.TOO_FEW, None, None, None, used)
    prior, decoder = (_single(window_mean(columns[k]), T_MEAN) for k in _READ[:2])
    moved = _single(window_drift(columns["entropy_sum"]), T_SLOPE)
    reason = _reason(prior, decoder, moved, limit, drift_limit)
    return Decision(reason is Reason.SETTLED, reason, prior, decoder, moved, used)


def _reason(
    prior: Estimate, decoder: Estimate, drift: Estimate, limit: float, drift_limit: float
) -> Reason:
    if max(prior.lower, decoder.lower) > limit:
        return Reason.GAP_OPEN
    if drift.lower > drift_limit:
        return Reason.DRIFTING
    if max(prior.upper, decoder.upper) <= limit and drift.upper <= drift_limit:
        return Reason.SETTLED
    return Reason.NOT_SHOWN


def batch_means(values: Float[np.ndarray, "*runs n"]) -> Float[np.ndarray, "*runs 10"]:
    """Means of ten consecutive batches of equal length; the oldest records that are left over are not used."""
    length = values.shape[-1] // BATCHES
    kept = values[..., values.shape[-1] - BATCHES * length :]
    return kept.reshape(*values.shape[:-1], BATCHES, length).mean(axis=-1)


def window_mean(
    values: Float[np.ndarray, "*runs n"],
) -> tuple[Float[np.ndarray, "*runs"], Float[np.ndarray, "*runs"]]:
    r"""The mean over a window and its standard error $s/\sqrt{10}$, s the standard deviation of ten batch means.

    Ten means depend on each other much less than records do, so the error is that of a dependent series as long as a batch is longer than its memory.
    A trend inside the window adds to the error.
    """
    means = batch_means(values)
    return means.mean(axis=-1), means.std(axis=-1, ddof=1) / math.sqrt(BATCHES)


def window_drift(
    values: Float[np.ndarray, "*runs n"],
) -> tuple[Float[np.ndarray, "*runs"], Float[np.ndarray, "*runs"]]:
    """The change over a window and its standard error: ten times the slope, per batch, of the least-squares line through ten batch means."""
    means = batch_means(values)
    at = np.arange(BATCHES) - (BATCHES - 1) / 2
    square = (at**2).sum()
    slope = (means * at).sum(axis=-1) / square
    line = means.mean(axis=-1, keepdims=True) + slope[..., None] * at
    variance = ((means - line) ** 2).sum(axis=-1) / (BATCHES - 2)
    return BATCHES * slope, BATCHES * np.sqrt(variance / square)


def tempering_gain(gap: float, dimensions: int) -> float:
    r"""How many nats per data point the ELBO still gains along one tempering direction alone, for a Gaussian factor: a lower bound of what is left.

    $$\tfrac d2\,(m-1-\log m),\qquad m=1-\tfrac2d\,g,$$ which is about $g^2/d$, the slope squared over twice the varentropy d/2. For the decoder
    g is `gap_decoder` and d the dimension D of the data, and the gain is that of the best common factor of $\\sigma^2$; for the prior `gap_prior` and H,
    a common factor of the learned $\\alpha^2$, or of the latents' scale where the prior is N(0, I). Exact where the parameters can follow.

    Raises `InputError` for a gap that no such factor has: m is positive, so that the gap is below d/2.

    >>> round(tempering_gain(-0.5, 8), 4)  # the slope squared over 8 is 0.03125
    0.0289
    """
    count = integer("dimensions", dimensions)
    number = as_float64(gap, "gap")
    if number.shape != () or not -math.inf < number < count / 2:
        raise InputError(f"gap is {shown(gap)}; pass a number of nats below {count} / 2")
    excess = -2 * float(number) / count
    return count / 2 * (excess - math.log1p(excess))


def _single(pair: tuple[Any, Any], quantile: float) -> Estimate:
    return Estimate(float(pair[0]), float(pair[1]), quantile)


def _columns(steps: Sequence[Any] | Mapping[str, Any], n: int) -> dict[str, np.ndarray]:
    """Each number that is read, of the last n records or of as many as there are; older ones are not looked at."""
    if isinstance(steps, Mapping):
        for name in _READ:
            if name not in steps:
                raise InputError(f"steps has no {name}; pass arrays for {', '.join(_READ)}")
        columns = {name: as_float64(steps[name], name) for name in _READ}
    else:
        if not isinstance(steps, Sequence) or isinstance(steps, str):
            raise InputError(f"steps is {shown(steps)}; pass a list of records, or a mapping")
        recent = steps[-n:]
        for record in recent:
            for name in _READ:
                if not hasattr(record, name):
                    raise InputError(
                        f"the record {shown(record)} has no {name}; pass records with {', '.join(_READ)}"
                    )
        columns = {k: as_float64([getattr(r, k) for r in recent], k) for k in _READ}
    shapes = {column.shape for column in columns.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        told = ", ".join(f"{name} {column.shape}" for name, column in columns.items())
        raise InputError(f"the shapes are {told}; pass one number of each for every record")
    return {name: column[-n:] for name, column in columns.items()}


def _positive(value: Any, name: str) -> float:
    number = as_float64(value, name)
    if number.shape != () or not 0 < number < math.inf:
        raise InputError(f"{name} is {shown(value)}; pass a positive number of nats")
    return float(number)
