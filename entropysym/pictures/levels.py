r"""The stationary points of a linear VAE as levels of the ELBO: one for each set of principal directions that its latents may be on.

With the eigenvalues λ of the 1/N covariance, a set S of at most H of them gives a stationary point with $\sigma^2$ the mean of the others, if none of S is below it
(Tipping & Bishop 1999; `entropysym.linear.stationary_point`). At each the ELBO equals the entropy sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING, Any

from entropysym.errors import InputError, integer
from entropysym.pages.figure import BLACK, GREEN, ORANGE, VERMILION, canvas, tidy
from entropysym.pictures.writing import checked, write

if TYPE_CHECKING:
    from entropysym.linear.stationary_points import Inertia, StationaryPoint

#: More sets than these are no picture any more.
LARGEST = 40


@dataclass(frozen=True, eq=False)
class Level:
    """A stationary point and its curvatures: `inertia.positive` directions of the parameters lead upwards from it.

    `elbo` is evaluated from the moments of the data at the point's parameters, `point.elbo` and `point.entropy_sum` are closed forms; in nats per data point.
    """

    point: StationaryPoint
    inertia: Inertia
    elbo: float

    @property
    def kind(self) -> str:
        """maximum; or saddle, with the number of ascending directions."""
        up = self.inertia.positive
        return self.inertia.kind if not up else f"{self.inertia.kind}, {up} up"


def stationary_levels(x: Any, H: int) -> tuple[Level, ...]:
    """The stationary points of the linear VAE with H latents on data (N, D), one for each set of principal directions, the highest ELBO first.

    Raises as `entropysym.linear.stationary_point` does, and `InputError` where there would be more than 40 sets.
    """
    import numpy as np

    from entropysym.data.tables import checked as table
    from entropysym.linear.ppca import spectrum
    from entropysym.linear.stationary_points import hessian_inertia, stationary_point

    H = integer("the number of latents", H)
    x = table(x)
    values, _ = spectrum(x)
    D = values.size
    count = sum(comb(D, k) for k in range(min(H, D - 1) + 1))
    if count > LARGEST:
        raise InputError(
            f"{D} dimensions with up to {H} latents have {count} sets of principal directions, and {LARGEST} can be drawn; pass fewer latents, or columns of the data"
        )
    found = []
    for k in range(min(H, D - 1) + 1):
        for subset in combinations(range(D), k):
            low = np.delete(values, subset).mean()
            if all(values[i] >= low for i in subset):
                point = stationary_point(x, H, subset)
                inertia = hessian_inertia(x, point.parameters)
                found.append(Level(point, inertia, _elbo(x, point.parameters)))
    return tuple(sorted(found, key=lambda level: (-level.elbo, level.point.active)))


def _elbo(x: Any, parameters: Mapping[str, Any]) -> float:
    """The ELBO at these parameters, without the closed form of a stationary point."""
    import math

    import jax.numpy as jnp

    from entropysym.linear.moments import objective, standardised, to_standard

    s = standardised(x)
    value = objective(to_standard(parameters, s), jnp.asarray(s.covariance), jnp.asarray(s.whiten))
    return float(value) - x.shape[1] * math.log(s.scale)


def landscape(x: Any, H: int, path: str | Path, *, title: str = "") -> Path:
    """Draw the stationary points of the linear VAE with H latents on a small data set (N, D) as levels; PNG, PDF or SVG by the suffix of `path`, which is returned.

    Across: how many latents are in use, the others have collapsed. Upwards: the ELBO in nats per data point as a stroke, and the entropy sum as a ring on it. Under
    each level stand the principal directions in use, counted from 1 by falling eigenvalue, and what the Hessian says: a maximum, or a saddle with the number of
    directions of the parameters that lead upwards. Grey lines join sets that differ by one direction: turning one on raises the ELBO.

    Raises `InputError` for more than 40 sets of directions and for another suffix, and as `entropysym.linear.stationary_point` does:
    `NoStationaryPointError` where the data leave no noise. Needs float64. Source: Tipping & Bishop 1999; Lucas et al., NeurIPS 2019 (which of the points are saddles).
    """
    target = checked(path)
    found = stationary_levels(x, H)
    groups = [[level for level in found if len(level.point.active) == k] for k in range(H + 1)]
    groups = [group for group in groups if group]
    across = _places(groups)
    figure = canvas(max(7.6, 0.8 * max(across.values()) + 2.2), 5.2)
    axes = figure.subplots()
    _joined(axes, found, across)
    for level in found:
        _level(axes, level, across[level.point.active])
    _axes(axes, groups, across, found)
    gap = max(abs(level.elbo - level.point.entropy_sum) for level in found)
    words = f"{len(found)} stationary points; at each ELBO = entropy sum (largest difference {gap:.0e} nats)"
    axes.set_title(f"{title}\n{words}" if title else words, fontsize=10, pad=22, parse_math=False)
    return write(figure, target)


def _places(groups: list[list[Level]]) -> dict[tuple[int, ...], float]:
    """A place for each point: those with as many latents in use stand beside each other, in the order of their levels."""
    found, left = {}, 0.0
    for group in groups:
        for k, level in enumerate(group):
            found[level.point.active] = left + k
        left += len(group) + 0.5
    return found


def _joined(axes: Any, found: tuple[Level, ...], across: dict[tuple[int, ...], float]) -> None:
    for one in found:
        for other in found:
            less, more = {*one.point.active}, {*other.point.active}
            if less < more and len(more) == len(less) + 1:
                ends = [across[one.point.active], across[other.point.active]]
                heights = [one.elbo, other.elbo]
                axes.plot(ends, heights, color="0.82", linewidth=0.8, zorder=1)


#: What a colour says.
_KINDS = {
    GREEN: "maximum",
    ORANGE: "saddle, 1 or 2 directions up",
    VERMILION: "saddle, more directions up",
}


def _colour(level: Level) -> str:
    up = level.inertia.positive
    return GREEN if up == 0 else ORANGE if up <= 2 else VERMILION


def _level(axes: Any, level: Level, x: float) -> None:
    point = level.point
    axes.hlines(level.elbo, x - 0.36, x + 0.36, color=_colour(level), linewidth=2.6, zorder=2)
    axes.plot(
        [x], [point.entropy_sum], "o", color=BLACK, markerfacecolor="white", markersize=5, zorder=3
    )
    used = ", ".join(str(i + 1) for i in point.active)
    axes.annotate(
        f"{f'{{{used}}}' if used else 'none'}\n{level.kind.removeprefix('saddle, ')}",
        (x, level.elbo),
        xytext=(0, -7),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=8,
        parse_math=False,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
        zorder=2.5,
    )


def _axes(
    axes: Any,
    groups: list[list[Level]],
    across: dict[tuple[int, ...], float],
    found: tuple[Level, ...],
) -> None:
    """Names of the groups below, the legend above, and room under the lowest level for its words."""
    from matplotlib.lines import Line2D

    middles = [sum(across[level.point.active] for level in group) / len(group) for group in groups]
    axes.set_xticks(middles, [str(len(group[0].point.active)) for group in groups])
    axes.set_xlabel("latents in use")
    axes.set_ylabel("nats per data point")
    low, high = found[-1].elbo, found[0].elbo
    room = (high - low) or 1.0
    axes.set_ylim(low - 0.16 * room, high + 0.06 * room)
    axes.set_xlim(-0.7, max(across.values()) + 0.7)
    tidy(axes)
    axes.grid(False, axis="x")
    drawn = {_colour(level) for level in found}
    marks = [Line2D([], [], color=c, label=words, linewidth=2.6) for c, words in _KINDS.items() if c in drawn]  # fmt: skip
    marks.append(Line2D([], [], color=BLACK, marker="o", markerfacecolor="white", markersize=5, linestyle="none", label="entropy sum"))  # fmt: skip
    axes.legend(
        handles=marks,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=4,
        frameon=False,
        fontsize=8,
        borderaxespad=0.2,
    )
