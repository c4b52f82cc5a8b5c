"""A certificate on one page: the verdict in words, the factors as a table, and where the entropy sum comes from as a picture."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from entropysym.errors import InputError, shown
from entropysym.pages.figure import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILION,
    demand_drawing,
    tidy,
)
from entropysym.pictures.writing import checked, write

if TYPE_CHECKING:
    from entropysym.networks.certificate import Certificate

#: Factors that have a row and a bar of their own; of more the rest is summed up.
ROWS = 8


def certificate_report(certificate: Certificate, path: str | Path, *, title: str = "") -> Path:
    r"""Write what `certify` found as a page: PDF, PNG or SVG by the suffix of `path`, which is returned. All in nats per data point.

    Above: the reading in words and its reason. Then the table: each factor's entropy, its part of the gap, what the gradient predicts of it, $v_f\cdot\nabla\mathcal F$, and what its
    direction leaves over. Then two pictures: how encoder entropy minus the factors' entropies make the entropy sum, beside the ELBO; and the parts of the gap
    beside what is predicted of them. Below: gradients, the bound $\|v\|\,\|\nabla\mathcal F\|$, curvatures, and how each array moves along v.

    Numbers that are not finite stand in the table and have no bar. Raises `InputError` for what is no certificate, and for another suffix.
    """
    demand_drawing()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from entropysym.networks.certificate import Certificate

    target = checked(path)
    if not isinstance(certificate, Certificate):
        raise InputError(
            f"certificate is {shown(certificate)}; pass what entropysym.certify(…) returns"
        )
    figure = Figure(figsize=(8.27, 11.69))  # A4
    FigureCanvasAgg(figure)
    y = _verdict(figure, certificate, title)
    y = _table(figure, certificate, y)
    y = _pictures(figure, certificate, y)
    _numbers(figure, certificate, y)
    return write(figure, target)


#: The page's margins, and the heights of lines, as shares of the page.
_LEFT, _RIGHT, _TOP, _LINE = 0.09, 0.93, 0.955, 0.0165


def _write(figure: Any, x: float, y: float, words: str, **how: Any) -> None:
    figure.text(x, y, words, **({"fontsize": 9.5, "va": "top", "parse_math": False} | how))


def _paragraph(figure: Any, y: float, words: str, width: int, most: int, **how: Any) -> float:
    """Lines of a text from y down, at most so many; where they end."""
    lines = textwrap.wrap(words, width) or [""]
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][: width - 2]} …"]
    for line in lines:
        _write(figure, _LEFT, y, line, **how)
        y -= _LINE
    return y


def verdict(c: Certificate) -> str:
    """The certificate in a sentence: whether ELBO and entropy sum are equal here, and whether the gap is the predicted one."""
    if c.agrees:
        gap = "The gap is the one that the gradient predicts, to rounding."
    elif not c.exact:
        gap = "Some direction does not solve its equations, so that the gap is not predicted."
    else:
        gap = "The gap is not the one that the gradient predicts."
    return f"ELBO − entropy sum = {number(c.gap)} nats per data point. {gap}"


def number(value: float) -> str:
    """Six digits behind the point, or as a power where that says nothing."""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:.6f}".replace("-", "−")
    return f"{value:.2e}".replace("-", "−")


#: Readings under which the ELBO equals the entropy sum.
_HOLDS = ("CONVERGED", "UNIDENTIFIABLE", "HOLDS")


def _verdict(figure: Any, c: Certificate, title: str) -> float:
    words, _, meaning = c.reading.value.partition(":")
    _write(figure, _LEFT, _TOP, title or "Certificate", fontsize=15, weight="bold")
    y = _TOP - 2.1 * _LINE
    colour = GREEN if c.reading.name in _HOLDS else VERMILION
    _write(figure, _LEFT, y, words, fontsize=12, weight="bold", color=colour)
    y -= 1.5 * _LINE
    if meaning:
        y = _paragraph(figure, y, meaning.strip(), 98, 2)
    y = _paragraph(figure, y, verdict(c), 98, 2)
    if c.message:
        y = _paragraph(figure, y, c.message, 98, 4, color="0.3", style="italic")
    return y - 0.8 * _LINE


class Row(NamedTuple):
    """A factor with its entropy, its parts of the gap and of what is predicted, and what its direction leaves over."""

    name: str
    entropy: float
    gap: float
    predicted: float
    missing: float


def factors(c: Certificate) -> list[Row]:
    """A row for each factor; behind the seventh of more than eight the others together."""
    rows = [
        Row(name, c.entropies[name], c.gaps[name], c.slopes[name], c.missing.get(name, 0.0))
        for name in c.gaps
    ]
    if len(rows) <= ROWS:
        return rows
    kept, rest = rows[: ROWS - 1], rows[ROWS - 1 :]
    together = Row(
        f"{len(rest)} others",
        sum(row.entropy for row in rest),
        sum(row.gap for row in rest),
        sum(row.predicted for row in rest),
        max(row.missing for row in rest),
    )
    return [*kept, together]


_COLUMNS = (("entropy", 0.52), ("gap", 0.66), ("predicted", 0.80), ("left over", _RIGHT))


def _table(figure: Any, c: Certificate, y: float) -> float:
    y = _rule(figure, y)
    _write(figure, _LEFT, y, "factor", color="0.3")
    for head, x in _COLUMNS:
        _write(figure, x, y, head, ha="right", color="0.3")
    y = _rule(figure, y - 1.15 * _LINE)
    for name, *values in factors(c):
        y = _row(figure, y, _short(name), values)
    y = _rule(figure, y - 0.1 * _LINE)
    total = sum(c.entropies.values())
    for name, values in (
        ("all factors", (total, c.gap, c.predicted)),
        ("encoder", (c.encoder_entropy,)),
        ("encoder − all factors = entropy sum", (c.entropy_sum,)),
        ("ELBO", (c.elbo,)),
    ):
        y = _row(figure, y, name, list(values))
    return _rule(figure, y - 0.1 * _LINE)


def _row(figure: Any, y: float, name: str, values: list[float]) -> float:
    _write(figure, _LEFT, y, name)
    for value, (_, x) in zip(values, _COLUMNS, strict=False):
        _write(figure, x, y, number(value), ha="right")
    return y - _LINE


def _rule(figure: Any, y: float) -> float:
    from matplotlib.lines import Line2D

    figure.add_artist(Line2D([_LEFT, _RIGHT], [y, y], color="0.6", linewidth=0.7))
    return y - 0.35 * _LINE


def _short(name: str, most: int = 22) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _pictures(figure: Any, c: Certificate, y: float) -> float:
    """Bars: the entropies that make the sum, with the ELBO beside; and the parts of the gap with the predicted ones."""
    rows = factors(c)
    # What stands below takes up to 12 lines, and the pictures' own words 6.
    height = min(0.36, 0.10 + 0.028 * (len(rows) + 3), y - 0.03 - 18 * _LINE)
    bottom = y - 2.2 * _LINE - height
    left = figure.add_axes((_LEFT + 0.11, bottom, 0.30, height))
    right = figure.add_axes((_LEFT + 0.54, bottom, 0.30, height))
    _waterfall(left, c, rows)
    _gaps(right, rows)
    for axes in (left, right):
        tidy(axes)
        axes.tick_params(labelsize=8 if len(rows) < 6 else 7)
        axes.set_xlabel("nats per data point", fontsize=8)
        axes.grid(False, axis="y")
        axes.locator_params(axis="x", nbins=4)
    return bottom - 3.6 * _LINE


def _waterfall(axes: Any, c: Certificate, rows: list[Row]) -> None:  # fmt: skip
    """Each entropy begins where the one before ends; entropy sum and ELBO begin at 0."""
    bars = [("encoder", 0.0, c.encoder_entropy, BLUE)]
    at = c.encoder_entropy
    for row in rows:
        bars.append((f"− {_short(row.name, 12)}", at, -row.entropy, ORANGE))
        at -= row.entropy
    bars += [("entropy sum", 0.0, c.entropy_sum, VERMILION), ("ELBO", 0.0, c.elbo, PURPLE)]
    for k, (_, start, width, colour) in enumerate(bars):
        if _finite(start) and _finite(width):
            axes.barh(k, width, left=start, color=colour, height=0.66)
    axes.axvline(0, color=BLACK, linewidth=0.8)
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars], parse_math=False)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_title("where the entropy sum comes from", fontsize=9)


def _gaps(axes: Any, rows: list[Row]) -> None:
    for k, (_, _, gap, slope, _) in enumerate(rows):
        if _finite(gap):
            axes.barh(k, gap, color=BLUE, height=0.6, label="gap" if k == 0 else None)
        if _finite(slope):
            axes.plot(slope, k, "o", color=BLACK, markerfacecolor="white", markersize=5, label="predicted" if k == 0 else None)  # fmt: skip
    # Rounding is no gap, and is not to look like one.
    seen = [abs(value) for row in rows for value in (row.gap, row.predicted) if _finite(value)]
    if max(seen, default=0.0) < _SEEN:
        axes.set_xlim(-_SEEN, _SEEN)
    axes.axvline(0, color=BLACK, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [_short(row.name, 12) for row in rows], parse_math=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_title("gap (bars) and prediction (rings)", fontsize=9)


#: The least number of nats to which the axis of the gaps reaches.
_SEEN = 1e-3


def _finite(value: float) -> bool:
    return abs(value) < float("inf")


def _numbers(figure: Any, c: Certificate, y: float) -> None:
    """What is known beside the table: names to the left, values to the right of them."""
    up, down, flat = c.inertia or (0, 0, 0)
    lines = [
        ("norm of the ELBO's gradient", number(c.gradient_norm)),
        ("norm of the gradient of what was trained", number(c.trained_gradient_norm)),
        ("bound on |gap|: ‖v‖ · gradient norm", number(c.bound)),
        ("|gap − predicted|, in eps × terms (at most 8)", number(c.residual)),
        ("directions", c.origin),
        ("curvatures, + / − / flat", f"{up} / {down} / {flat}" if c.inertia else "not formed"),
    ]
    if c.quadrature_error is not None:
        lines.append(("change of the ELBO under other nodes", number(c.quadrature_error)))
    for name, value in lines:
        _write(figure, _LEFT, y, name, color="0.3")
        _write(figure, 0.58, y, value)
        y -= _LINE
    if c.motion:
        y -= 0.4 * _LINE
        most = max(1, int((y - 0.04) / _LINE))
        _paragraph(figure, y, f"Along v: {'; '.join(map(_bare, c.motion))}.", 98, min(most, 4))


def _bare(words: str) -> str:
    """The path of an array in a pytree as people write it: decoder.W, not ['decoder']['W']."""
    return re.sub(r"\['([^']*)'\]|^\.", lambda m: f".{m[1] or ''}", words).lstrip(".")
