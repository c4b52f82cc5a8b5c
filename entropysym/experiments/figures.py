"""The figures of the trained experiments, like those of the paper: the two curves that meet, and their relative error with a band over seeds."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from entropysym.files import write_whole
from entropysym.pages.figure import settled_limits

if TYPE_CHECKING:
    from entropysym.experiments.running import Outcome, Trained

# Okabe and Ito's colours, told apart under every common colour blindness and in grey.
_COLOURS = {"ELBO": "#0072B2", "entropy sum": "#D55E00", "log-likelihood": "#009E73"}
_DASHES: dict[str, Any] = {"ELBO": "-", "entropy sum": (0, (5, 2)), "log-likelihood": (0, (1, 1))}


def draw(outcome: Outcome, path: Path) -> tuple[Path, Path]:
    """Draw every kind of network in a column of its own, as PNG and PDF beside each other; returns both paths.

    Above, the mean over seeds of ELBO, entropy sum and, where it is exact, log-likelihood, in nats per data point. Below, the relative error
    |ELBO − entropy sum| / |final ELBO| in percent: the median over seeds in a band from the least to the largest.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = outcome.trained
    figure = Figure(figsize=(1.6 + 4.8 * len(columns), 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, len(columns), squeeze=False, sharex="col", height_ratios=(3, 2))
    for i, trained in enumerate(columns):
        _curves(axes[0, i], trained)
        _errors(axes[1, i], trained)
        word = "seed" if trained.settings.seeds == 1 else "seeds"
        title = f"{trained.kind}, {trained.settings.seeds} {word}"
        axes[0, i].set_title(title, fontsize=10, pad=22, parse_math=False)
    axes[0, 0].set_ylabel("nats per data point")
    axes[1, 0].set_ylabel("relative error, %")
    figure.suptitle(outcome.experiment.title, fontsize=11)
    return saved(figure, path)


def saved(figure: Any, path: Path) -> tuple[Path, Path]:
    """Write a figure as PNG and PDF, each file whole."""
    png, pdf = path.with_suffix(".png"), path.with_suffix(".pdf")
    for target, options in ((png, {"dpi": 150}), (pdf, {"metadata": {"CreationDate": None}})):
        stream = io.BytesIO()
        figure.savefig(stream, format=target.suffix[1:], **options)
        write_whole(target, stream.getvalue())
    return png, pdf


def _curves(axes: Any, trained: Trained) -> None:
    history = trained.settled.history
    steps = _axis(trained)
    for name, colour in _COLOURS.items():
        if name not in history:
            continue
        values = history[name]
        axes.plot(
            steps,
            values.mean(axis=1),
            color=colour,
            linestyle=_DASHES[name],
            linewidth=1.6,
            label=name,
        )
        if values.shape[1] > 1:
            axes.fill_between(
                steps, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.15, linewidth=0
            )
    if trained.measured and trained.measured[0].max_log_likelihood is not None:
        axes.axhline(
            trained.measured[0].max_log_likelihood,
            color="0.4",
            linewidth=0.8,
            label="pPCA maximum",
        )
    axes.set_ylim(*settled_limits(*(history[n] for n in _COLOURS if n in history)))
    _finish(axes, trained)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=4,
        frameon=False,
        fontsize=8,
        borderaxespad=0.2,
    )


def _errors(axes: Any, trained: Trained) -> None:
    history = trained.settled.history
    F, E = history["ELBO"], history["entropy sum"]
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = 100 * np.abs(F - E) / np.abs(F[-1])
    # An exact zero has no place on a logarithmic axis; rounding stands for it.
    errors = np.maximum(errors, 1e-14)
    steps = _axis(trained)
    axes.plot(steps, np.median(errors, axis=1), color=_COLOURS["ELBO"], linewidth=1.4)
    if errors.shape[1] > 1:
        axes.fill_between(
            steps,
            errors.min(axis=1),
            errors.max(axis=1),
            color=_COLOURS["ELBO"],
            alpha=0.2,
            linewidth=0,
        )
    axes.set_yscale("log")
    axes.set_xlabel("recorded point, in the order of training")
    _finish(axes, trained)


def _axis(trained: Trained) -> np.ndarray:
    """Recorded points by number: steps of Adam and of Newton are no common scale."""
    return np.arange(len(trained.settled.history["step"]))


def _finish(axes: Any, trained: Trained) -> None:
    axes.grid(True, color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
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
