"""One Newton step in a trust region, on the whole spectrum of a dense Hessian (Moré and Sorensen 1983): it leaves saddles and goes on to rounding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

#: Curvature below this fraction of the largest counts as flat: of the order of the rounding in a Hessian.
FLAT = 1e-11

#: A gradient below this along a flat direction is rounding; above it is the way to infinity.
ROUNDING = 1e-9


def trust_region_step(
    v: np.ndarray,
    radius: float,
    value_and_gradient: Callable[[np.ndarray], tuple[float, np.ndarray]],
    hessian: Callable[[np.ndarray], np.ndarray],
) -> tuple[np.ndarray, float]:
    """The minimiser of the quadratic model within the radius, accepted if the function keeps the model's promise.

    Returns the new point and the radius for the next step; 0 means that no step helps any more.
    """
    value, gradient = value_and_gradient(v)
    values, vectors = np.linalg.eigh(hessian(v))
    along = vectors.T @ gradient
    while radius > 1e-14 * (1 + np.linalg.norm(v)):
        step = minimiser_within(values, along, radius)
        promised = -(along @ step + 0.5 * step @ (values * step))
        new = v + vectors @ step
        new_value, new_gradient = value_and_gradient(new)
        gained = value - new_value
        # Where the promise is below the rounding of the objective, the gradient decides.
        rounding = promised <= 1e-12 * max(1.0, abs(value))
        better = np.linalg.norm(new_gradient) < np.linalg.norm(gradient)
        length = float(np.linalg.norm(step))
        if np.isfinite(new_value) and (gained > 1e-3 * promised > 0 or (rounding and better)):
            kept = gained / promised if promised > 0 else 0.0
            if kept > 0.75 and length > 0.9 * radius:
                return new, 2.5 * radius
            return new, 0.4 * radius if kept < 0.25 and not rounding else radius
        if rounding and length < radius:
            return v, 0.0
        radius = 0.25 * min(radius, length)
    return v, 0.0


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
