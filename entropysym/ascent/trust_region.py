r"""Newton steps in a trust region, on the whole spectrum of a dense Hessian (Moré and Sorensen 1983): they leave saddles and go on to rounding.

A dense Hessian costs as much as P gradients. After each trial it is therefore corrected by the symmetric rank-one formula (Conn, Gould and
Toint 1991), which keeps saddles as they are, and computed anew only where the corrected one leads no further.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

#: Curvature below this fraction of the largest counts as flat: of the order of the rounding in a Hessian.
FLAT = 1e-11

#: A gradient below this along a flat direction is rounding; above it is the way to infinity.
ROUNDING = 1e-9

#: How many trials may follow one Hessian, and how many of them may fail.
TRIALS, REFUSALS = 40, 12

#: A gradient above this, and a change of it above this many times what the Hessian says, are those of another region: nothing is learned there.
HUGE, WILD = 1e150, 1e6

ValueAndGradient = Callable[[np.ndarray], tuple[float, np.ndarray]]


class Point(NamedTuple):
    """A point with the value and the gradient there."""

    v: np.ndarray
    value: float
    gradient: np.ndarray

    @property
    def slope(self) -> float:
        """The norm of the gradient; infinite where its square is."""
        with np.errstate(over="ignore", invalid="ignore"):
            return float(np.linalg.norm(self.gradient))

    @property
    def finite(self) -> bool:
        """Whether value and gradient are numbers that can be computed with."""
        return bool(np.isfinite(self.value)) and self.slope < HUGE


class Trial(NamedTuple):
    """A step that was tried, whether the function keeps the model's promise there, and the radius that follows.

    `hopeless` is a refused step whose promise is below the rounding of the function: a smaller one cannot do better.
    """

    end: Point
    accepted: bool
    radius: float
    hopeless: bool


def trust_region_steps(
    v: np.ndarray,
    radius: float,
    value_and_gradient: ValueAndGradient,
    hessian: Callable[[np.ndarray], np.ndarray],
    goal: float = 0.0,
    trials: int = TRIALS,
) -> tuple[np.ndarray, float]:
    """Steps downhill from one Hessian, until the gradient norm is at most `goal` or the corrected Hessian leads no further.

    At most `trials` of them are tried. Returns the new point and the radius for the next steps; 0 means that no step of the Hessian itself helps any more.
    """
    if radius <= 1e-14 * (1 + np.linalg.norm(v)):
        return v, 0.0
    at, curvature = Point(v, *value_and_gradient(v)), hessian(v)
    if not np.isfinite(curvature).all():  # it overflows where an objective runs to infinity
        return v, 0.0
    kept, refused = radius, 0
    for tried in range(trials):
        trial = trial_step(at, radius, curvature, value_and_gradient)
        if trial.hopeless:
            return at.v, kept if tried else 0.0
        radius = trial.radius
        if tried == 0:
            kept = radius
        elif trial.accepted:  # a corrected Hessian that needs small steps says nothing of the next
            kept = max(kept, radius)
        if trial.end.finite:
            change = trial.end.gradient - at.gradient
            curvature = corrected(curvature, trial.end.v - at.v, change)
        if trial.accepted:
            at = trial.end
        else:
            refused += 1
        if refused == REFUSALS or at.slope <= goal:
            break
    return at.v, kept


def trial_step(
    at: Point, radius: float, curvature: np.ndarray, value_and_gradient: ValueAndGradient
) -> Trial:
    """One step to the minimiser of the quadratic model within the radius."""
    values, vectors = np.linalg.eigh(curvature)
    along = vectors.T @ at.gradient
    step = minimiser_within(values, along, radius)
    promised = -(along @ step + 0.5 * step @ (values * step))
    new = at.v + vectors @ step
    end = Point(new, *value_and_gradient(new))
    gained, length = at.value - end.value, float(np.linalg.norm(step))
    # Where the promise is below the rounding of the objective, the gradient decides.
    rounding = bool(promised <= 1e-12 * max(1.0, abs(at.value)))
    better = end.slope < at.slope
    if not (end.finite and (gained > 1e-3 * promised > 0 or (rounding and better))):
        if rounding and (root := _root(at, values, vectors, value_and_gradient)) is not None:
            return Trial(root, True, radius, False)
        return Trial(end, False, 0.25 * min(radius, length), rounding and length < 0.99 * radius)
    part = gained / promised if promised > 0 else 0.0
    if part > 0.75 and length > 0.9 * radius:
        radius = 2.5 * radius
    elif part < 0.25 and not rounding:
        radius = 0.4 * radius
    return Trial(end, True, radius, False)


def _root(
    at: Point, values: np.ndarray, vectors: np.ndarray, value_and_gradient: ValueAndGradient
) -> Point | None:
    """Newton's step for the root of the gradient, where values are too coarse to lead: it goes to the stationary point nearby, saddle or not."""
    along = vectors.T @ at.gradient
    curved = np.abs(values) > FLAT * np.abs(values).max()
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(curved, -along / values, 0.0)
    new = at.v + vectors @ step
    end = Point(new, *value_and_gradient(new))
    near = abs(end.value - at.value) <= 1e-10 * max(1.0, abs(at.value))
    return end if near and end.slope < 0.5 * at.slope else None


def corrected(curvature: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    r"""The symmetric matrix B' that differs from B by rank one and has $B's=y$: $B+rr^\top/r^\top s$ with $r=y-Bs$; B where $r^\top s$ is rounding or r wild."""
    r = change - curvature @ step
    along = float(r @ step)
    length, change_left = np.linalg.norm(step), np.linalg.norm(r)
    rounding = abs(along) <= 1e-8 * change_left * length
    if rounding or change_left > WILD * np.abs(curvature).max() * length:
        return curvature
    return curvature + np.outer(r, r) / along


def minimiser_within(values: np.ndarray, along: np.ndarray, radius: float) -> np.ndarray:
    r"""The minimiser of $c^\top s+\frac12\sum_i\lambda_is_i^2$ over $\|s\|\le r$, in the basis of eigenvectors."""
    scale = np.abs(values).max()
    curved = (np.abs(values) > FLAT * scale) | (np.abs(along) > ROUNDING)
    along = np.where(curved, along, 0.0)

    def step(shift: float) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(curved, -along / (values + shift), 0.0)

    least = values[curved].min(initial=np.inf)
    low = 0.0 if least > 0 else -least * (1 + 1e-6) + 1e-14 * scale
    if np.linalg.norm(step(low)) <= radius:
        return step(low)
    high = low + max(1e-8 * scale, float(np.linalg.norm(along)) / radius)
    while np.linalg.norm(step(high)) > radius:
        high = low + 8 * (high - low)
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if np.linalg.norm(step(middle)) > radius else (low, middle)
        if high - low <= 1e-6 * high:
            break
    return step(high)
