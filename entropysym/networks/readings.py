"""What a certificate says about the point where training ended: converged, stalled, clamped, another objective, unidentifiable, …

A pure function of figures, so that each label can be shown on figures alone. "Small" is relative to a goal for gradients; gaps are compared with what
a gradient of that size could explain.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from entropysym.shown import Shown

#: An ELBO that changes by more than this many nats under other nodes is not known well enough to be read.
RESOLVED = 0.05


#: Parts of a gap that leave less than this fraction of the larger one cancel.
CANCELLED = 1e-6

#: A gap above this many nats is never called closed.
LARGEST = 1e-7


class Reading(Shown, enum.Enum):
    """The labels, each with what it means for ELBO = entropy sum."""

    CONVERGED = "converged: stationary, and the ELBO equals the entropy sum"
    UNIDENTIFIABLE = "unidentifiable: stationary, but some directions of the parameters are flat, so the point is not isolated"
    HOLDS = "stationary for another objective that is stationary along the same directions: the equality holds, the ELBO itself is not stationary"
    CLAMPED = "clamped: the variance does not follow its parameter here (a floor, a clip, saturation), so a gap stays whatever the gradient"
    FIXED = (
        "fixed: no learned parameter moves the variance, so there is no direction and a gap stays"
    )
    WRONG_OBJECTIVE = "wrong objective: stationary for what was trained (a penalty, other weights), not for the ELBO"
    STALLED = (
        "stalled: the gradient is not small and nothing moves any more, or training was cut off"
    )
    NOISE_BALL = "noise ball: the gradient is below the noise of a mini-batch; a constant rate gets no further"
    NOT_STATIONARY = (
        "equality without stationarity: parts of the gap cancel, the gradient does not vanish"
    )
    NO_DIRECTION = "no direction: the gap is not a derivative of the ELBO in this parameterisation"
    UNRESOLVED = "unresolved expectation: other nodes give another ELBO, so that the network may have learned the nodes"
    NOT_FINITE = "not finite"
    LEARNING = "learning: the gap is open and the ELBO still moves"
    FREE_BITS = "free bits: latents below a threshold do not feel the KL, so that their part of the gap stays"
    WRONG_USE = (
        "wrong use: what was logged is not what was differentiated, or is passed in another form"
    )


@dataclass(frozen=True)
class Figures:
    """What a reading depends on, in nats per data point.

    `slopes` are the derivatives along the directions, `gaps` the parts of the gap (both by factor, such as `decoder` and `prior`); `gradient` is the norm of the
    ELBO's gradient, `trained_gradient` that of what was trained (the same if nothing else was), `noise` the size of a mini-batch's
    deviation from it. `moves` says of each factor whether learned parameters move its variance (or natural parameter): "yes", "here not" or "never"; `clamped`
    names scales of the encoder that stand still for a share of the data, by the latent's factor.
    `missing` is the relative residual of each direction, 0 where it is known. `flat` counts flat directions of the Hessian, None if unknown.
    `expectation` is how much the ELBO changes under other nodes, None if none were tried.
    """

    elbo: float
    gaps: Mapping[str, float]
    slopes: Mapping[str, float]
    gradient: float
    trained_gradient: float
    direction_norm: float
    moves: Mapping[str, str]
    clamped: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    missing: Mapping[str, float] = field(default_factory=dict)
    noise: float | None = None
    flat: int | None = None
    expectation: float | None = None
    another_objective: bool = False


def reading_of(f: Figures, goal: float) -> tuple[Reading, str]:
    """The label, and one line with the figures that led to it."""
    numbers = (f.elbo, *f.gaps.values(), *f.slopes.values(), f.gradient, f.trained_gradient)
    if not all(map(math.isfinite, numbers)):
        return Reading.NOT_FINITE, f"ELBO {f.elbo:g}, gradient {f.gradient:g}"
    if f.expectation is not None and not f.expectation <= RESOLVED:
        return Reading.UNRESOLVED, (
            f"the ELBO changes by {f.expectation:.1e} nat under other nodes; train with more of them"
        )
    gap = sum(f.gaps.values())
    # What a gradient at the goal can leave of a gap, and the rounding of the ELBO. A long direction must not excuse a gap: it is long
    # because a variance hardly follows its parameter.
    level = min(goal * max(1.0, f.direction_norm), LARGEST) + 1e-13 * max(1.0, abs(f.elbo))
    said = f"gap {gap:+.2e} nat, gradient norm {f.gradient:.1e}"
    return (
        _held(f, goal, level, said)
        or (_stationary(f, goal, level, said) if f.trained_gradient <= goal else None)
        or _on_the_way(f, level, said)
    )


Told = tuple[Reading, str]


def _held(f: Figures, goal: float, level: float, said: str) -> Told | None:
    """Variances that are fixed or clamped, and keep a gap."""
    stuck = {name for name, how in f.moves.items() if how != "yes" and abs(f.gaps[name]) > level}
    for how, reading in (("never", Reading.FIXED), ("here not", Reading.CLAMPED)):
        for name in sorted(stuck):
            if f.moves[name] == how:
                return reading, f"{said}; the {name}'s variance keeps a gap of {f.gaps[name]:+.2e}"
    for name, (words, share) in f.clamped.items():
        if f.trained_gradient <= goal and abs(f.gaps[name]) > level and f.missing.get(name):
            return Reading.CLAMPED, (
                f"{said}; the {words} does not follow its parameters for {share:.0%} of the data (a clamp), which keeps a gap of {f.gaps[name]:+.2e}"
            )
    return None


def _stationary(f: Figures, goal: float, level: float, said: str) -> Told:
    """The gradient of what was trained vanishes."""
    if all(abs(part) <= level for part in f.gaps.values()):
        if f.gradient > goal:
            return Reading.HOLDS, f"{said}; that of what was trained {f.trained_gradient:.1e}"
        if f.flat:
            return Reading.UNIDENTIFIABLE, f"{said}; {f.flat} flat directions"
        return Reading.CONVERGED, said
    if f.another_objective:
        return Reading.WRONG_OBJECTIVE, f"{said}; that of what was trained {f.trained_gradient:.1e}"
    if not f.missing:
        return Reading.CLAMPED, (
            f"{said}; the direction has norm {f.direction_norm:.1e}: a variance hardly follows its parameter"
        )
    worst = max(f.missing, key=lambda name: f.missing[name])
    return Reading.NO_DIRECTION, (
        f"{said}; the equations of the {worst}'s direction keep a residual of {f.missing[worst]:.1e}"
    )


def _on_the_way(f: Figures, level: float, said: str) -> Told:
    """The gradient does not vanish."""
    gap, largest = sum(f.gaps.values()), max(map(abs, f.gaps.values()))
    if abs(gap) <= CANCELLED * largest and largest > level:
        parts = ", ".join(f"{name} {value:+.2e}" for name, value in f.gaps.items())
        return Reading.NOT_STATIONARY, f"{said}; parts {parts}"
    if f.noise is not None and f.trained_gradient <= f.noise:
        return Reading.NOISE_BALL, f"{said}; a mini-batch deviates by {f.noise:.1e}"
    return Reading.STALLED, said
