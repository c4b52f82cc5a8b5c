"""The figures of the experiments, like those of the paper: curves that meet, with their relative error; what collapses on a manifold; and a stream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int

from entropysym.errors import InputError
from entropysym.experiments.manifolds import TITLES
from entropysym.experiments.selection import apart, chosen
from entropysym.pages.figure import (
    BLACK,
    BLUE,
    COLOURS,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    canvas,
    draw_curves,
    legend_above,
    saved,
    tidy,
)

if TYPE_CHECKING:
    from entropysym.experiments.manifolds import Manifolds
    from entropysym.experiments.running import Outcome, Trained
    from entropysym.experiments.selection import StreamSettings
    from entropysym.experiments.streaming import StreamOutcome

#: Kinds of networks, and the H of a stream.
_KINDS = {"vae1": BLUE, "vae2": VERMILION, "vae3": GREEN}
_CANDIDATES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
_TRUE = "0.85"

#: Points of a stream's curve that are drawn; more would not be seen.
_DRAWN = 3000

#: Windows in a segment over which choices are counted, and the height of a strip in units of the distance between two H.
_WINDOWS, _STRIP = 100, 0.24


def draw_networks(outcome: Outcome, path: Path) -> tuple[Path, Path]:
    """Draw every kind of network in a column of its own, as PNG and PDF beside each other; returns both paths.

    Above, the mean over seeds of ELBO, entropy sum and, where it is exact, log-likelihood, in nats per data point. Below, the relative error
    |ELBO − entropy sum| / |final ELBO| in percent: the median over seeds in a band from the least to the largest.
    """
    columns = outcome.trained
    figure = canvas(1.6 + 4.8 * len(columns), 5.4)
    axes = figure.subplots(2, len(columns), squeeze=False, sharex="col", height_ratios=(3, 2))
    for i, trained in enumerate(columns):
        _meeting(axes[0, i], trained)
        _errors(axes[1, i], trained)
        word = "seed" if trained.settings.seeds == 1 else "seeds"
        title = f"{trained.kind}, {trained.settings.seeds} {word}"
        axes[0, i].set_title(title, fontsize=10, pad=22, parse_math=False)
    axes[0, 0].set_ylabel("nats per data point")
    axes[1, 0].set_ylabel("relative error, %")
    figure.suptitle(outcome.experiment.title, fontsize=11)
    return saved(figure, path)


def _meeting(axes: Any, trained: Trained) -> None:
    draw_curves(axes, _recorded(trained), trained.settled.history)
    if trained.measured and trained.measured[0].max_log_likelihood is not None:
        maximum = trained.measured[0].max_log_likelihood
        axes.axhline(maximum, color="0.4", linewidth=0.8, label="pPCA maximum")
    _phases(axes, trained)
    legend_above(axes, columns=4)


def _errors(axes: Any, trained: Trained) -> None:
    history = trained.settled.history
    F, E = history["ELBO"], history["entropy sum"]
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = 100 * np.abs(F - E) / np.abs(F[-1])
    # An exact zero has no place on a logarithmic axis; rounding stands for it.
    errors = np.maximum(errors, 1e-14)
    steps = _recorded(trained)
    axes.plot(steps, np.median(errors, axis=1), color=COLOURS["ELBO"], linewidth=1.4)
    if errors.shape[1] > 1:
        low, high = errors.min(axis=1), errors.max(axis=1)
        axes.fill_between(steps, low, high, color=COLOURS["ELBO"], alpha=0.2, linewidth=0)
    axes.set_yscale("log")
    axes.set_xlabel("recorded point, in the order of training")
    _phases(axes, trained)


def _recorded(trained: Trained) -> np.ndarray:
    """Recorded points by number: steps of Adam and of Newton are no common scale."""
    return np.arange(len(trained.settled.history["step"]))


def _phases(axes: Any, trained: Trained) -> None:
    """A line where each phase of the ascent begins."""
    tidy(axes)
    for name, start in trained.settled.phases.items():
        if start > 0:
            axes.axvline(start, color="0.7", linewidth=0.8, linestyle=(0, (2, 2)))
            axes.annotate(
                name,
                (start, 0.02),
                xycoords=("data", "axes fraction"),
                fontsize=7,
                color="0.4",
                rotation=90,
                ha="right",
                va="bottom",
            )


def draw_manifolds(found: Manifolds, path: Path) -> tuple[Path, Path]:
    """A column for each manifold: data with VAE-1's reconstructions; KL of each latent; standard deviations of the two estimates."""
    shown = {name: o for name, o in found.outcomes.items() if o.trained}
    figure = canvas(2.3 * len(shown) + 0.8, 6.6)
    axes = figure.subplots(3, len(shown), squeeze=False, height_ratios=(5, 4, 4))
    for i, (name, outcome) in enumerate(shown.items()):
        _pictures(axes[0, i], outcome)
        axes[0, i].set_title(TITLES[name], fontsize=10)
        _collapse(axes[1, i], outcome)
        _noise(axes[2, i], outcome)
    axes[0, 0].legend(fontsize=7, frameon=False, loc="lower left", borderaxespad=0)
    axes[1, 0].set_ylabel("KL of each latent, nats")
    axes[2, 0].set_ylabel("standard deviation, nats")
    axes[1, 0].legend(fontsize=7, frameon=False)
    # Above the panel, where no bar can be; the sentence fits over the first column.
    legend_above(axes[2, 0], columns=2, size=7, gap=0.1)
    # Bars are compared along a row; a picture has limits of its own, or equal scales would cut it.
    for row in axes[1:]:
        limits = [a.get_ylim() for a in row]
        for i, a in enumerate(row):
            a.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
            a.tick_params(which="both", labelleft=i == 0)
    for row in axes:
        for a in row:
            a.spines[["top", "right"]].set_visible(False)
    return saved(figure, path)


def _pictures(axes: Any, outcome: Outcome) -> None:
    """The first two coordinates (of three, the first and the last) of data and reconstructions."""
    x, made = outcome.trained[0].reconstructions
    last = 2 if x.shape[1] == 3 else 1
    axes.plot(x[:, 0], x[:, last], ".", color="0.7", markersize=3, label="data")
    axes.plot(
        made[:, 0], made[:, last], ".", color=_KINDS["vae1"], markersize=2, label=r"$\mu(\nu(x))$"
    )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])


def _collapse(axes: Any, outcome: Outcome) -> None:
    for k, t in enumerate(outcome.trained):
        kl = np.sort(t.measured[0].latents.kl)[::-1] if t.measured else np.zeros(0)
        at = np.arange(1, len(kl) + 1) + 0.26 * (k - 1)
        axes.bar(at, kl, width=0.24, color=_KINDS[t.kind], label=t.kind)
        axes.set_xticks(np.arange(1, len(kl) + 1))
    axes.set_xlabel("latent, by KL", fontsize=8)


def _noise(axes: Any, outcome: Outcome) -> None:
    kinds = [t for t in outcome.trained if t.measured]
    at = np.arange(len(kinds))
    for shift, name, of in ((-0.2, "ELBO", "elbo"), (0.2, "entropy sum", "entropy_sum")):
        values = [getattr(t.measured[0].noise, of) for t in kinds]
        axes.bar(at + shift, values, width=0.38, color=COLOURS[name], label=name)
    axes.set_yscale("log")
    axes.set_xticks(at, [t.kind for t in kinds], fontsize=8)


def draw_stream(outcome: StreamOutcome, path: str | Path, run: int = 0) -> tuple[Path, Path]:
    """Draw one run as PNG and PDF beside each other; returns both paths.

    Above: ELBO (thin) and entropy sum (thick) of each H in nats per data point; the plunge after a change of segment may run out of the panel.
    Below: the H that BIC picks in each batch, by the entropy sum, by the ELBO, and by the ELBO with a batch of its own for each H.
    Raises `InputError` for fewer than two batches and for a run that is not there.
    """
    S, _, T = outcome.elbo.shape
    if T < 2:
        raise InputError(f"a figure needs at least two batches, not {T}")
    if not 0 <= run < S:
        raise InputError(f"run is {run}; pass one from 0 to {S - 1}")
    settings, F, E = outcome.settings, outcome.elbo[run], outcome.entropy_sum[run]
    figure = canvas(8.2, 6.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _curves(above, F, E, settings)
    _choices(below, F, E, settings)
    for axes in (above, below):
        tidy(axes, grid="0.92")
        axes.set_xlim(0, T)
        for border in range(settings.batches, T, settings.batches):
            axes.axvline(border, color="0.3", linewidth=0.9, linestyle=(0, (4, 2)))
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
        colour = _CANDIDATES[j % len(_CANDIDATES)]
        axes.plot(at, F[j, at], color=colour, linewidth=0.4, alpha=0.45, label=f"ELBO, H={H}")
        # Above all ELBOs, so that no noise hides an entropy sum.
        axes.plot(at, E[j, at], color=colour, linewidth=2.0, zorder=3, label=f"entropy sum, H={H}")
    axes.set_ylim(*_limits(F, E, settings))
    for line in legend_above(axes, columns=len(settings.candidates)).get_lines():
        line.set(alpha=1.0, linewidth=max(1.0, line.get_linewidth()))


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
    for k, dimension in enumerate(settings.dimensions):
        within = (k * settings.batches, min(F.shape[1], (k + 1) * settings.batches))
        if within[0] < within[1]:
            low, high = place[dimension] - 0.44, place[dimension] + 0.44
            name = "true dimension" if k == 0 else None
            axes.fill_between(within, low, high, color=_TRUE, linewidth=0, label=name)
    window = max(1, settings.batches // _WINDOWS)
    ways: tuple[tuple[str, Int[np.ndarray, " T"], float, str], ...] = (
        ("by entropy sum", chosen(E, settings), 0.14, VERMILION),
        ("by ELBO", chosen(F, settings), -0.12, BLUE),
        ("by ELBO, own batch for each H", chosen(apart(F), settings), -0.38, BLACK),
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
    legend_above(axes, columns=4)


def _shares(
    picked: Bool[np.ndarray, " T"], window: int
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, " K"]]:
    """Where each window begins, and the share of its batches that are picked; the last may be shorter, and its end closes the steps."""
    starts = np.arange(0, len(picked), window)
    shares = np.add.reduceat(picked.astype(float), starts) / np.diff(starts, append=len(picked))
    return np.append(starts, len(picked)).astype(float), np.append(shares, shares[-1])
