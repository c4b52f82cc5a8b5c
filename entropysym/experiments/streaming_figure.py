"""The figure of the streaming experiment: the noisy ELBO and the quiet entropy sum of each H, and the H that BIC picks by either."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int

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

#: Windows in a segment over which choices are counted, and the height of a strip in units of the distance between two H.
_WINDOWS, _STRIP = 100, 0.24


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
    for j, H in enumerate(settings.candidates):
        colour = _COLOURS[j % len(_COLOURS)]
        axes.plot(at, F[j, at], color=colour, linewidth=0.4, alpha=0.45, label=f"ELBO, H={H}")
        # Above all ELBOs, so that no noise hides an entropy sum.
        axes.plot(at, E[j, at], color=colour, linewidth=2.0, zorder=3, label=f"entropy sum, H={H}")
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
    """A strip for each H and each way to choose, as high as the share of a window's batches; the band behind is the true dimension."""
    place = {H: j for j, H in enumerate(settings.candidates)}
    T = F.shape[1]
    for k, dimension in enumerate(settings.dimensions):
        begin, end = k * settings.batches, min(T, (k + 1) * settings.batches)
        if begin < end:
            axes.fill_between(
                (begin, end),
                place[dimension] - 0.44,
                place[dimension] + 0.44,
                color=_TRUE,
                linewidth=0,
                label="true dimension" if k == 0 else None,
            )
    window = max(1, settings.batches // _WINDOWS)
    ways: tuple[tuple[str, Int[np.ndarray, " T"], float, str], ...] = (
        ("by entropy sum", chosen(E, settings), 0.14, "#D55E00"),
        ("by ELBO", chosen(F, settings), -0.12, "#0072B2"),
        ("by ELBO, own batch for each H", chosen(apart(F), settings), -0.38, "#000000"),
    )
    for name, picked, bottom, colour in ways:
        for H, j in place.items():
            starts, shares = _shares(picked == H, window)
            base = j + bottom
            axes.fill_between(
                starts,
                base,
                base + _STRIP * shares,
                # Nothing is drawn where H is never picked: a hairline would look like a rare choice.
                where=shares > 0,
                step="post",
                color=colour,
                linewidth=0,
                label=name if j == 0 else None,
            )
    axes.annotate(
        f"height of a strip: share of {window} batches",
        (1.0, 0.0),
        xycoords="axes fraction",
        xytext=(0, 3),
        textcoords="offset points",
        fontsize=8,
        color="0.25",
        ha="right",
    )
    axes.set_yticks(list(place.values()), [str(H) for H in place])
    axes.set_ylim(-0.75, len(place) - 0.5)
    _legend(axes, 4)


def _shares(
    picked: Bool[np.ndarray, " T"], window: int
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
    """Where each window begins, and the share of its batches that are picked; the last may be shorter, and its end closes the steps."""
    starts = np.arange(0, len(picked), window)
    shares = np.add.reduceat(picked.astype(float), starts) / np.diff(starts, append=len(picked))
    return np.append(starts, len(picked)).astype(float), np.append(shares, shares[-1])


def _legend(axes: Any, columns: int) -> None:
    # Outside the axes a legend cannot cover data.
    legend = axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=8,
        borderaxespad=0.2,
    )
    for line in legend.get_lines():
        line.set(alpha=1.0, linewidth=max(1.0, line.get_linewidth()))


def _finish(axes: Any, T: int, settings: StreamSettings) -> None:
    axes.grid(True, color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlim(0, T)
    for border in range(settings.batches, T, settings.batches):
        axes.axvline(border, color="0.3", linewidth=0.9, linestyle=(0, (4, 2)))
