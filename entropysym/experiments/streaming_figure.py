"""The figure of the streaming experiment: the noisy ELBO and the quiet entropy sum of each H, and the H that BIC picks by either."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from entropysym.errors import InputError
from entropysym.experiments.figures import saved
from entropysym.experiments.streaming import apart, chosen

if TYPE_CHECKING:
    from entropysym.experiments.streaming import StreamOutcome, StreamSettings

# Okabe and Ito's colours, told apart under every common colour blindness and in grey.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_TRUE = "0.85"

#: Points of a curve that are drawn; more would not be seen.
_DRAWN = 3000


def streaming_figure(outcome: StreamOutcome, path: str | Path, run: int = 0) -> tuple[Path, Path]:
    """Draw one run as PNG and PDF beside each other; returns both paths.

    Above: ELBO (thin) and entropy sum (thick) of each H in nats per data point; the plunge after a change of segment may run out of the panel.
    Below: the H that BIC picks in each batch, by the entropy sum, by the ELBO, and by the ELBO with a batch of its own for each H.
    Raises `InputError` for fewer than two batches and for a run that is not there.
    """
    # Drawing is rare and slow to import, so it waits until somebody draws.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    S, _, T = outcome.elbo.shape
    if T < 2:
        raise InputError(f"a figure needs at least two batches, not {T}")
    if not 0 <= run < S:
        raise InputError(f"run is {run}; pass one from 0 to {S - 1}")
    settings, F, E = outcome.settings, outcome.elbo[run], outcome.entropy_sum[run]
    figure = Figure(figsize=(8.2, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _curves(above, F, E, settings)
    _choices(below, F, E, settings)
    for axes in (above, below):
        _finish(axes, T, settings)
    for k, dimension in enumerate(settings.dimensions):
        if k * settings.batches < T:
            above.annotate(
                f"true dimension {dimension}",
                (k * settings.batches, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(4, -4),
                textcoords="offset points",
                fontsize=9,
                color="0.25",
                va="top",
            )
    above.set_ylabel("nats per data point")
    below.set_ylabel("H picked by BIC")
    below.set_xlabel(f"batch of {settings.batch} data points")
    figure.suptitle("Streaming model selection: linear VAEs, one pass", fontsize=11)
    return saved(figure, Path(path))


def _curves(
    axes: Any, F: Float[np.ndarray, "J T"], E: Float[np.ndarray, "J T"], settings: StreamSettings
) -> None:
    T = F.shape[1]
    at = np.arange(0, T, max(1, T // _DRAWN))
    # All ELBOs first, so that no noise hides an entropy sum.
    for values, style in (
        (F, {"linewidth": 0.4, "alpha": 0.45}),
        (E, {"linewidth": 2.0}),
    ):
        name = "ELBO" if values is F else "entropy sum"
        for j, H in enumerate(settings.candidates):
            colour = _COLOURS[j % len(_COLOURS)]
            axes.plot(at, values[j, at], color=colour, label=f"{name}, H={H}", **style)
    axes.set_ylim(*_limits(F, E, settings))
    _legend(axes, len(settings.candidates))


def _limits(
    F: Float[np.ndarray, "J T"], E: Float[np.ndarray, "J T"], settings: StreamSettings
) -> tuple[float, float]:
    """Limits that show nearly all of the second half of every segment."""
    T = F.shape[1]
    settled = np.arange(T) % settings.batches >= min(settings.batches, T) // 2
    low = float(np.quantile(F[:, settled], 0.001))
    high = max(float(np.quantile(F[:, settled], 0.999)), float(E[:, settled].max()))
    margin = 0.1 * (high - low) + 1e-9
    return low - margin, high + margin


def _choices(
    axes: Any, F: Float[np.ndarray, "J T"], E: Float[np.ndarray, "J T"], settings: StreamSettings
) -> None:
    """A row of points for each H and each way to choose; the band behind is the true dimension."""
    place = {H: j for j, H in enumerate(settings.candidates)}
    T = F.shape[1]
    for k, dimension in enumerate(settings.dimensions):
        begin, end = k * settings.batches, min(T, (k + 1) * settings.batches)
        if begin < end:
            axes.fill_between(
                (begin, end),
                place[dimension] - 0.42,
                place[dimension] + 0.42,
                color=_TRUE,
                linewidth=0,
                label="true dimension" if k == 0 else None,
            )
    ways: tuple[tuple[str, Int[np.ndarray, " T"], float, str], ...] = (
        ("by entropy sum", chosen(E, settings), 0.24, "#D55E00"),
        ("by ELBO", chosen(F, settings), 0.0, "#0072B2"),
        ("by ELBO, own batch for each H", chosen(apart(F), settings), -0.24, "#000000"),
    )
    for name, picked, offset, colour in ways:
        rows = np.array([place[H] for H in picked.tolist()]) + offset
        # Every batch is drawn, since the rare wrong ones are what one looks for; as an image, to keep the PDF small.
        axes.plot(
            np.arange(T),
            rows,
            linestyle="none",
            marker="|",
            markersize=7,
            markeredgewidth=0.6,
            color=colour,
            rasterized=True,
        )
        axes.plot([], [], linestyle="none", marker="s", markersize=6, color=colour, label=name)
    axes.set_yticks(list(place.values()), [str(H) for H in place])
    axes.set_ylim(-0.6, len(place) - 0.4)
    _legend(axes, 4)


def _legend(axes: Any, columns: int) -> None:
    # Outside the axes a legend cannot cover data.
    handles = axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=8,
        borderaxespad=0.2,
    ).get_lines()
    for line in handles:
        line.set_alpha(1.0)


def _finish(axes: Any, T: int, settings: StreamSettings) -> None:
    axes.grid(True, color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlim(0, T)
    for border in range(settings.batches, T, settings.batches):
        axes.axvline(border, color="0.3", linewidth=0.9, linestyle=(0, (4, 2)))
