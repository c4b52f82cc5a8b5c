"""How figures look here, and the training figure: ELBO and entropy sum meet, and the gap between them closes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from entropysym.errors import InputError
from entropysym.files import write_whole

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

# Okabe and Ito's colours, told apart under every common colour blindness and in grey.
BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK = (
    *("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#000000"),
)

#: The curves that are drawn in nats per data point, by name.
COLOURS = {"ELBO": BLUE, "entropy sum": VERMILION, "log-likelihood": GREEN}
_DASHES: dict[str, Any] = {"ELBO": "-", "entropy sum": (0, (5, 2)), "log-likelihood": (0, (1, 1))}


#: Why nothing is drawn where matplotlib, which is optional, is not installed.
NO_FIGURES = "figures need matplotlib; install it with pip install 'entropysym[figures]'"


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def demand_drawing() -> None:
    """Raises `InputError` where nothing can be drawn, before anything is computed for a figure."""
    if not can_draw():
        raise InputError(NO_FIGURES)


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
    demand_drawing()
    from matplotlib.ticker import MaxNLocator

    steps, elbo, entropies = _columns(history, predicted_gap)
    figure = canvas(6.4, 5.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    draw_curves(above, steps, {"ELBO": elbo[:, None], "entropy sum": entropies[:, None]})
    above.set_ylabel("nats per data point")
    _draw_gap(below, steps, elbo - entropies, predicted_gap)
    below.set_xlabel("iteration")
    below.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    for axes in (above, below):
        tidy(axes)
        legend_above(axes, columns=2, size=9)
    above.set_title(title, fontsize=11, pad=24, parse_math=False)
    return saved(figure, path)


def _columns(
    history: Sequence[Record], predicted_gap: Sequence[float] | None
) -> tuple[np.ndarray, ...]:
    """Iterations, ELBOs and entropy sums, checked."""
    import numpy as np

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
    return steps, elbo, entropies


def _draw_gap(
    below: Axes, steps: np.ndarray, gap: np.ndarray, predicted: Sequence[float] | None
) -> None:
    r"""$|\mathcal F-\mathcal E|$ as a line and what was predicted as markers; an exact zero has no place on a logarithmic axis."""
    import numpy as np

    def on_a_log_axis(values: np.ndarray) -> np.ndarray:
        size = np.abs(values)
        return np.where(size > 0, size, np.nan)

    there = on_a_log_axis(gap)
    below.plot(steps, there, color=BLUE, linewidth=1.4, label="|ELBO - entropy sum|")
    if predicted is not None:
        every = max(1, len(steps) // 25)
        below.plot(
            steps[::every],
            on_a_log_axis(np.asarray(predicted, dtype=float))[::every],
            linestyle="none",
            marker="o",
            markersize=4,
            markerfacecolor="none",
            color=BLACK,
            label=r"$|v\cdot\nabla\,\mathrm{ELBO}|$, predicted",
        )
    if np.isfinite(there).any():
        below.set_yscale("log")
    below.set_ylabel("gap, nats")


def canvas(width: float, height: float) -> Any:
    """An empty figure of so many inches, apart from all global state."""
    demand_drawing()
    # Drawing is rare and slow to import, so it waits until somebody draws.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def saved(figure: Any, path: str | Path) -> tuple[Path, Path]:
    """Write a figure as PNG and PDF, each file whole; equal figures give equal bytes."""
    png, pdf = Path(path).with_suffix(".png"), Path(path).with_suffix(".pdf")
    for target, options in ((png, {"dpi": 150}), (pdf, {"metadata": {"CreationDate": None}})):
        stream = io.BytesIO()
        figure.savefig(stream, format=target.suffix[1:], **options)
        write_whole(target, stream.getvalue())
    return png, pdf


def draw_curves(axes: Any, steps: np.ndarray, curves: Mapping[str, np.ndarray]) -> None:
    """The mean of each curve (T, R) over its R runs, and where there are several a band from the least to the largest; named as in `COLOURS`."""
    for name, colour in COLOURS.items():
        if name not in curves:
            continue
        values = curves[name]
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
    axes.set_ylim(*settled_limits(*(curves[name] for name in COLOURS if name in curves)))


def tidy(axes: Any, grid: str = "0.9") -> None:
    """A light grid behind the data, and no frame above and to the right."""
    axes.grid(True, color=grid, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def legend_above(axes: Any, columns: int, size: float = 8, gap: float = 0.2) -> Any:
    """A legend outside the axes, where it cannot cover data."""
    return axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=size,
        borderaxespad=gap,
    )


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
