r"""Model selection on a stream: its settings, BIC from the ELBO or from the entropy sum of each batch, and how often either is right.

What differs from the authors' code: they draw 100 samples of z for each data point, hold σ and τ by a softplus, turn all segments by one orthogonal
matrix, count DH + 1 parameters, and, since their generator starts anew for each model, show each H data of its own. Here all H see the same batches,
whose noise cancels when ELBOs are compared; `apart` undoes that.

Source: Damm et al., AISTATS 2023 (PMLR 206:3931), model selection on streaming data, and the authors' code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from entropysym.errors import InputError, integer, one_of, real, shown
from entropysym.experiments.records import counted

#: The authors' stored output, one seed, last 2000 batches of each segment: std of the ELBO over that of the entropy sum, and right choices of H.
PUBLISHED_RATIO = (9.0, 22.0)
PUBLISHED_RIGHT_ENTROPY = 1.0
PUBLISHED_RIGHT_ELBO = (0.9865, 0.999)


def free_parameters(D: int, H: int) -> int:
    r"""$P_H=DH+D+1-\tfrac12H(H-1)$: W, the mean and σ² of probabilistic PCA, less the rotations of W that leave its likelihood alone.

    Source: Tipping & Bishop (1999), J. R. Stat. Soc. B 61:611, who count DH + 1 − H(H−1)/2 for the covariance. The encoder's V, c and τ are
    variational: at a stationary point they are functions of the decoder and fit no data of their own.
    """
    return D * H + D + 1 - H * (H - 1) // 2


def published_parameters(D: int, H: int) -> int:
    """DH + 1, as the authors' code counts: W and σ², rotations included."""
    return D * H + 1


#: Ways to count the parameters of a linear VAE, each from D and H.
COUNTS: dict[str, Callable[[int, int], int]] = {
    "ppca": free_parameters,
    "published": published_parameters,
}


@dataclass(frozen=True)
class StreamSettings:
    """What a stream depends on; the defaults are those of the authors' code, which runs one seed.

    `dimensions` is the intrinsic dimension of each segment of `segment` data points, `candidates` the H that are trained; `late` is how many
    batches at the end of a segment count, at most its second half. `points` is the M of `bic`, None meaning `batch`; `count` names one of
    `COUNTS`. A stream does not depend on `late`, `points` and `count`: `segment_rows` judges the same records by others.
    Raises `InputError` for what cannot be run.
    """

    dimensions: tuple[int, ...] = (6, 2, 4)
    candidates: tuple[int, ...] = (2, 4, 6)
    segment: int = 100_000
    batch: int = 10
    rate: float = 2e-3
    seeds: int = 1
    D: int = 10
    late: int = 2000
    points: int | None = None
    count: str = "ppca"

    def __post_init__(self) -> None:
        counted(self, segment=1, batch=1, seeds=1, D=1, late=1)
        if self.points is not None:
            counted(self, points=1)
        if self.count not in COUNTS:
            raise one_of(self.count, COUNTS, "count of parameters")
        if (rate := real(self.rate)) is None or not 0 < rate < math.inf:
            raise InputError(f"rate is {shown(self.rate)}; pass a positive number")
        object.__setattr__(self, "rate", rate)
        for name in ("dimensions", "candidates"):
            if not getattr(self, name):
                raise InputError(f"{name} is empty; pass at least one intrinsic dimension")
            counts = tuple(integer(name, value) for value in getattr(self, name))
            object.__setattr__(self, name, counts)
            for value in counts:
                if value >= self.D:
                    raise InputError(f"{name} contains {value}; pass numbers below D={self.D}")
        if list(self.candidates) != sorted(set(self.candidates)):
            raise InputError(
                f"candidates is {shown(self.candidates)}; pass each once, in rising order"
            )
        if missing := sorted(set(self.dimensions) - set(self.candidates)):
            raise InputError(
                f"dimensions contains {missing[0]}, which is none of the candidates {self.candidates}"
            )
        least = 2 * len(self.candidates)
        if self.segment % self.batch or self.batches < least:
            raise InputError(
                f"segment is {self.segment}; pass a multiple of batch={self.batch}, at least {least} times it"
            )

    @property
    def batches(self) -> int:
        """Batches in a segment."""
        return self.segment // self.batch

    @property
    def counted(self) -> int:
        """Late batches of a segment."""
        return min(self.late, self.batches - self.batches // 2)

    def late_batches(self, segment: int) -> slice:
        """The late batches of a segment, counted from the start of the stream."""
        end = (segment + 1) * self.batches
        return slice(end - self.counted, end)


#: The stream of the authors' code.
PUBLISHED = StreamSettings()


@dataclass(frozen=True)
class SegmentRow:
    """One run on one segment, over its late batches; `gap` is mean(ELBO) − mean(entropy sum) of the model with the right H, in nats per data point.

    `right_by_entropy` and `right_by_elbo` are the shares of batches in which BIC picks H = `dimension`; for `right_by_elbo_apart` each H is judged by
    a batch of its own, as in the authors' code, whose shares are the published ones. `noise_ratio` is the standard deviation
    of the ELBO over that of the entropy sum, both of the right model and over batches (nan where the entropy sum does not move).
    """

    segment: int
    run: int
    dimension: int
    batches: int
    right_by_entropy: float
    right_by_elbo: float
    right_by_elbo_apart: float
    gap: float
    noise_ratio: float
    published_ratio: tuple[float, float] = PUBLISHED_RATIO
    published_right_by_entropy: float = PUBLISHED_RIGHT_ENTROPY
    published_right_by_elbo_apart: tuple[float, float] = PUBLISHED_RIGHT_ELBO


def bic(
    values: Float[np.ndarray, "*B J T"], settings: StreamSettings
) -> Float[np.ndarray, "*B J T"]:
    r"""$\mathrm{BIC}(H)=P_H\log M-2M\,\text{value}$ in nats, for values per data point; small is good. $P_H$ is what `settings.count` counts.

    M is the number of data points that one estimate speaks for: by default the batch, as in the authors' code. The ELBO of a batch is a mean over
    that many points, so $M\cdot$ELBO is a log-likelihood of M data points only for M = batch. The segment's 100,000 points would promise a precision
    that neither estimate has: what Adam at a constant rate leaves in the parameters moves both by hundredths of a nat, 2M multiplies that, and the
    penalty grows with log M alone. Both estimates get the same M, so that they differ in their values only. M = 1 is no penalty at all.
    """
    M, count = settings.points or settings.batch, COUNTS[settings.count]
    penalty = np.array([count(settings.D, H) for H in settings.candidates]) * math.log(M)
    return penalty[:, None] - 2 * M * values


def chosen(
    values: Float[np.ndarray, "*B J T"], settings: StreamSettings
) -> Int[np.ndarray, "*B T"]:
    """The H of least BIC in each batch."""
    return np.array(settings.candidates)[np.argmin(bic(values, settings), axis=-2)]


def apart(values: Float[np.ndarray, "*B J T"]) -> Float[np.ndarray, "*B J T"]:
    """Values with candidate j taken j batches earlier, so that no two candidates are judged by the same data.

    Batches are independent, and parameters hardly move in so few; the first J − 1 batches of a segment (and of the stream, where the axis is
    cyclic) mean nothing.
    """
    moved = [np.roll(values[..., j, :], j, axis=-1) for j in range(values.shape[-2])]
    return np.stack(moved, axis=-2)


def segment_rows(
    elbo: Float[np.ndarray, "S J T"],
    entropy_sum: Float[np.ndarray, "S J T"],
    settings: StreamSettings,
) -> tuple[SegmentRow, ...]:
    """A row for each segment that was seen to its end, and in it for each run."""
    by_entropy, by_elbo = chosen(entropy_sum, settings), chosen(elbo, settings)
    by_elbo_apart = chosen(apart(elbo), settings)
    rows = []
    for k in range(elbo.shape[2] // settings.batches):
        late, dimension = settings.late_batches(k), settings.dimensions[k]
        right = settings.candidates.index(dimension)
        for run in range(len(elbo)):
            F, E = elbo[run, right, late], entropy_sum[run, right, late]
            rows.append(
                SegmentRow(
                    segment=k,
                    run=run,
                    dimension=dimension,
                    batches=settings.counted,
                    right_by_entropy=float(np.mean(by_entropy[run, late] == dimension)),
                    right_by_elbo=float(np.mean(by_elbo[run, late] == dimension)),
                    right_by_elbo_apart=float(np.mean(by_elbo_apart[run, late] == dimension)),
                    gap=float(np.mean(F) - np.mean(E)),
                    noise_ratio=float(np.std(F) / np.std(E)) if np.std(E) > 0 else math.nan,
                )
            )
    return tuple(rows)
