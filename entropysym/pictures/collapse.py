"""The table of collapsed latents as a figure: a row for each latent, the one that says most on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from entropysym.errors import InputError, shown
from entropysym.monitoring.reports import EntropyReport
from entropysym.pages.figure import BLUE, VERMILION, canvas, tidy
from entropysym.pictures.writing import checked, write

#: Rows that have a name of their own; of more latents every second, third, … is named.
_NAMED = 40


def collapse_figure(report: EntropyReport, path: str | Path, *, title: str = "") -> Path:
    r"""Draw `EntropyReport.table()` as PNG, PDF or SVG, by the suffix of `path`, which is returned.

    A row for each latent, by its index into the arrays, in the order of falling KL. From left to right, in nats per data point: $\frac1N\sum_n\mathrm{KL}$ with the
    threshold below which a latent counts as collapsed; encoder entropy beside prior entropy, which meet where a latent collapses; and the number
    $m_h=\frac1N\sum_n(\nu_{nh}^2+\tau_{nh}^2)/\alpha_h^2$, which is 1 where the prior's part of the gap is closed.

    Raises `InputError` for what is no report, for values that are not finite, and for another suffix.
    """
    target = checked(path)
    if not isinstance(report, EntropyReport):
        raise InputError(f"report is {shown(report)}; pass what entropysym.entropies(…) returns")
    of = report.latents
    columns = np.stack([of.kl, of.encoder_entropy, of.prior_entropy, of.moment])
    if not np.isfinite(columns).all():
        raise InputError("the report holds values that are not finite; nothing is drawn")
    H = len(of.kl)
    order = np.argsort(-of.kl, kind="stable")
    figure = canvas(8.4, 1.9 + min(7.0, max(0.8, 0.22 * H)))
    axes = figure.subplots(1, 3, sharey=True)
    rows = np.arange(H)
    gone = of.collapsed[order]
    _dots(axes[0], rows, of.kl[order], gone)
    axes[0].axvline(report.collapsed_below, color="0.4", linewidth=0.9, linestyle=(0, (4, 2)))
    axes[0].set_xlabel("KL, nats")
    _pairs(axes[1], rows, of.encoder_entropy[order], of.prior_entropy[order], gone)
    axes[1].set_xlabel("entropy, nats")
    _dots(axes[2], rows, of.moment[order], gone, start=1.0)
    axes[2].axvline(1.0, color="0.4", linewidth=0.9, linestyle=(0, (4, 2)))
    axes[2].set_xlabel(r"mean of $(\nu^2+\tau^2)/\alpha^2$")
    every = -(-H // _NAMED)
    axes[0].set_yticks(rows[::every], [str(h) for h in order[::every]])
    axes[0].set_ylim(H - 0.4, -0.6)
    axes[0].set_ylabel("latent, by KL")
    for each in axes:
        tidy(each)
        _roomy(each)
        each.locator_params(axis="x", nbins=4)
    _captions(figure, axes, report, title)
    return write(figure, target)


def _colours(gone: np.ndarray) -> list[str]:
    return [VERMILION if one else BLUE for one in gone]


def _dots(axes: Any, rows: np.ndarray, values: np.ndarray, gone: np.ndarray, start: float = 0.0) -> None:  # fmt: skip
    """A dot for each latent, on a line from where nothing would be: filled if it is in use, a ring if it has collapsed."""
    axes.hlines(rows, start, values, color=_colours(gone), linewidth=1.4)
    for which, colour, fill in ((~gone, BLUE, BLUE), (gone, VERMILION, "white")):
        axes.plot(values[which], rows[which], "o", color=colour, markerfacecolor=fill, markersize=5)


def _pairs(
    axes: Any, rows: np.ndarray, encoder: np.ndarray, prior: np.ndarray, gone: np.ndarray
) -> None:
    """Encoder entropy as in `_dots`, on a line from the prior's, which is an upright stroke."""
    axes.hlines(rows, prior, encoder, color=_colours(gone), linewidth=1.4)
    axes.plot(prior, rows, "|", color="0.3", markersize=9, markeredgewidth=1.6, label="prior")
    for which, colour, fill in ((~gone, BLUE, BLUE), (gone, VERMILION, "white")):
        axes.plot(encoder[which], rows[which], "o", color=colour, markerfacecolor=fill, markersize=5)  # fmt: skip


def _roomy(axes: Any) -> None:
    """No axis of rounding errors: what is equal to a percent of its size stands in one line."""
    low, high = axes.get_xlim()
    least = 0.02 * max(abs(low), abs(high))
    if high - low < least:
        middle = (low + high) / 2
        axes.set_xlim(middle - 5 * least, middle + 5 * least)
    axes.ticklabel_format(axis="x", useOffset=False)


def _captions(figure: Any, axes: Any, report: EntropyReport, title: str) -> None:
    """The count that the table ends with, and what the marks are, above the panels."""
    from matplotlib.lines import Line2D

    gone = report.latents.collapsed
    count = f"{int(gone.sum())} of {len(gone)} latents collapsed (KL below {report.collapsed_below:g} nat); nats per data point"
    figure.suptitle(f"{title}\n{count}" if title else count, fontsize=10, parse_math=False)
    ring: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 5}
    marks = [
        Line2D([], [], color=BLUE, label="in use", **ring),
        Line2D([], [], color=VERMILION, markerfacecolor="white", label="collapsed", **ring),
        Line2D([], [], color="0.3", linestyle="none", marker="|", markersize=9, markeredgewidth=1.6, label="prior entropy"),
        Line2D([], [], color="0.4", linewidth=0.9, linestyle=(0, (4, 2)), label="KL threshold, ratio 1"),
    ]  # fmt: skip
    figure.legend(handles=marks, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
