"""The training figure: ELBO and entropy sum meet, and the gap between them closes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from entropysym.errors import InputError

if TYPE_CHECKING:
    import numpy as np

# Okabe and Ito's colours, told apart under every common colour blindness and in grey.
_ELBO, _SUM, _PREDICTED = "#0072B2", "#D55E00", "#000000"


class Record(Protocol):
    """One recorded iteration; values in nats per data point."""

    @property
    def iteration(self) -> int: ...
    @property
    def elbo(self) -> float: ...
    @property
    def entropy_sum(self) -> float: ...


def training_figure(
    history: Sequence[Record],
    title: str,
    path: str | Path,
    *,
    predicted_gap: Sequence[float] | None = None,
) -> tuple[Path, Path]:
    r"""Draw a training run and write it as PNG and PDF beside each other; returns both paths.

    Above: ELBO and entropy sum, in nats per data point; the initial plunge may run out of the panel. Below: $|\mathcal F-\mathcal E|$
    on a logarithmic axis, with $|v\cdot\nabla\mathcal F|$ as markers where `predicted_gap` gives $v\cdot\nabla\mathcal F$ for each record.
    Raises `InputError` for fewer than two records, values that are not finite, or a `predicted_gap` of another length.
    """
    # Drawing is rare and slow to import, so it waits until somebody draws.
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    steps, elbo, entropies = (
        np.array([getattr(r, name) for r in history], dtype=float)
        for name in ("iteration", "elbo", "entropy_sum")
    )
    if len(steps) < 2:
        raise InputError(f"a figure needs at least two records, not {len(steps)}")
    if not (np.isfinite(elbo).all() and np.isfinite(entropies).all()):
        raise InputError("the history holds values that are not finite; nothing is drawn")
    if predicted_gap is not None and len(predicted_gap) != len(steps):
        raise InputError(f"{len(predicted_gap)} predicted gaps for {len(steps)} records")

    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    above.plot(steps, elbo, color=_ELBO, linewidth=1.8, label=r"ELBO $\mathcal{F}$")
    above.plot(
        steps,
        entropies,
        color=_SUM,
        linewidth=1.8,
        linestyle=(0, (5, 2)),
        label=r"entropy sum $\mathcal{E}$",
    )
    above.set_ylim(*settled_limits(elbo, entropies))
    above.set_ylabel("nats per data point")

    gap = np.abs(elbo - entropies)
    shown_gap = np.where(gap > 0, gap, np.nan)  # an exact zero has no place on a logarithmic axis
    below.plot(steps, shown_gap, color=_ELBO, linewidth=1.4, label=r"$|\mathcal{F}-\mathcal{E}|$")
    if predicted_gap is not None:
        every = max(1, len(steps) // 25)
        values = np.abs(np.asarray(predicted_gap, dtype=float))
        below.plot(
            steps[::every],
            np.where(values > 0, values, np.nan)[::every],
            linestyle="none",
            marker="o",
            markersize=4,
            markerfacecolor="none",
            color=_PREDICTED,
            label=r"$|v\cdot\nabla\mathcal{F}|$, predicted",
        )
    if np.isfinite(shown_gap).any():
        below.set_yscale("log")
    below.set_ylabel("gap, nats")
    below.set_xlabel("iteration")
    below.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    for axes in (above, below):
        axes.grid(True, color="0.9", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        # Outside the axes a legend cannot cover data.
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            ncols=2,
            frameon=False,
            borderaxespad=0.2,
            fontsize=9,
        )
    above.set_title(title, fontsize=11, pad=24, parse_math=False)

    target = Path(path)
    png, pdf = target.with_suffix(".png"), target.with_suffix(".pdf")
    figure.savefig(png, dpi=150)
    figure.savefig(pdf, metadata={"CreationDate": None})
    return png, pdf


def settled_limits(*curves: np.ndarray) -> tuple[float, float]:
    """Limits that show the meeting: the last three quarters of the run in full, the plunge before it cut off; rows of a curve are points in time."""
    import numpy as np

    late = max(1, len(curves[0]) // 4)
    settled, early = (np.concatenate([c[k:].ravel() for c in curves]) for k in (late, 0))
    settled, early = settled[np.isfinite(settled)], early[np.isfinite(early)]
    if not settled.size:
        return 0.0, 1.0
    low, high = float(settled.min()), float(settled.max())
    # Some of the way there belongs into the picture too.
    reach = 1.5 * (high - low) + 1e-3 * max(1.0, abs(high))
    low, high = max(float(early.min()), low - reach), min(float(early.max()), high + reach)
    margin = 0.05 * (high - low) + 1e-9 * max(1.0, abs(high))
    return low - margin, high + margin
