"""What a step of training says about the loop around it, in a few floats: slopes and gaps of each factor, as logged and under each way to mistake an argument.

Where a loop is right, the slope of each factor is its gap on every batch, to rounding. A mistake changes one of the two in a way of its own; which, `slips` asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from entropysym.monitoring.arrays import DECODERS, Inputs
from entropysym.monitoring.moves import Motion, Move
from entropysym.monitoring.reports import (
    absolute_terms,
    decoder_parts,
    gaps_of_latents,
    kl_of_latents,
)
from entropysym.monitoring.steps import Step
from entropysym.networks.laws import NORMAL

#: Rounding in float32 that is allowed, relative to the absolute terms of a slope and of a gap. Right loops were measured to stay below 2e-7.
ROUNDING = 4e-6

#: Log-variances of an encoder of which this share is one extreme number are clamped.
CLAMPED_SHARE = 0.1


#: Thresholds that fit a step by chance are many; then they say nothing.
FEW = 4


class Reading(NamedTuple):
    """A way to read an argument otherwise than as what it was passed; `read` gives None where that is impossible."""

    name: str
    read: Callable[[Inputs], Inputs | None]
    cure: str


def _as_probabilities(given: Inputs) -> Inputs | None:
    if given.x is None or given.mean is None or given.decoder.law is not NORMAL:
        return None
    unit = ((given.x >= 0) & (given.x <= 1)).all() and ((given.mean > 0) & (given.mean < 1)).all()
    return replace(given, decoder=DECODERS["bernoulli"], sigma2=None) if unit else None


def _spread(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Inputs], Inputs | None]:
    def read(given: Inputs) -> Inputs | None:
        name = given.decoder.spread
        return replace(given, **{name: change(getattr(given, name))}) if name else None

    return read


def _tau2(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Inputs], Inputs | None]:
    return lambda given: replace(given, tau2=change(given.tau2))


#: How arrays are mistaken, by factor; the first is as logged.
READINGS: Mapping[str, tuple[Reading, ...]] = {
    "decoder": (
        Reading("", lambda given: given, ""),
        Reading("sigma2 is its logarithm", _spread(np.exp), "pass sigma2=log_sigma2.exp()"),
        Reading("sigma2 is a standard deviation", _spread(np.square), "pass sigma2=sigma**2"),
        Reading(
            "a Bernoulli decoder logged as Gaussian",
            _as_probabilities,
            "binary cross-entropy has no sigma2; use decoder='bernoulli' and pass logits",
        ),
    ),
    "prior": (
        Reading("", lambda given: given, ""),
        Reading("tau2 is its logarithm", _tau2(np.exp), "pass log_tau2=, or tau2=log_tau2.exp()"),
        Reading("tau2 is a standard deviation", _tau2(np.square), "pass tau2=tau**2"),
    ),
}

#: The name of the reading of the prior in which its variance is that of the direction's parameter.
UNPASSED = Reading("alpha2 is learned but not passed", lambda given: given, "pass alpha2= to log()")


class Gap(NamedTuple):
    """A factor's gap and the sum of its absolute terms."""

    value: float
    size: float


@dataclass(frozen=True)
class Evidence:
    """Of one step. `slopes` by variant of the moves, then by factor ("" is the total of moves without one); `gaps` by factor, then by reading.

    `sizes` are the absolute terms of the slopes by factor. `free_bits` are the thresholds (from, to) on the KL of latents or entries that would
    explain the slope of the prior. `bce` is the binary cross-entropy, None where the arrays cannot be one's and where a slope of the decoder is known. `clamped` is the log-variance at which many entries stick.
    """

    step: int
    batch: int
    dimensions: int
    latents: int
    slopes: Mapping[str, Mapping[str, float]]
    gaps: Mapping[str, Mapping[str, Gap]]
    sizes: Mapping[str, float]
    free_bits: Mapping[str, tuple[tuple[float, float], ...]]
    reconstruction: float
    kl: float
    entropy_sum: float
    loss: float | None
    bce: float | None
    clamped: float | None

    def gap(self, factor: str) -> float:
        """The gap of a factor, or of both for the total, as logged."""
        return sum(self.gaps[f][""].value for f in parts(factor))

    def tolerance(self, factor: str) -> float:
        """What rounding may leave between a slope and the gap as logged."""
        return ROUNDING * (self.sizes[factor] + sum(self.gaps[f][""].size for f in parts(factor)))

    def right(self) -> bool:
        """Every slope that is known is its gap."""
        slopes = self.slopes[""].items()
        return all(abs(slope - self.gap(f)) <= self.tolerance(f) for f, slope in slopes)


def parts(factor: str) -> tuple[str, ...]:
    """The factors of a slope: the total has both."""
    return (factor,) if factor else ("decoder", "prior")


def factors_of(moves: Sequence[Motion] | Sequence[Move]) -> tuple[str, ...]:
    """The factors whose slopes are known; "" where a move has none, and then only the total is."""
    found = {m.factor for m in moves}
    return ("",) if "" in found else tuple(f for f in ("decoder", "prior") if f in found)


def slopes_of(motions: Sequence[Motion], unit: float) -> dict[str, float]:
    """The slope of each factor that is known; `unit` turns a gradient into that of the ELBO per data point."""
    return {
        f: unit * sum(m.slope() for m in motions if f in ("", m.factor))
        for f in factors_of(motions)
    }


def evidence_of(
    given: Inputs,
    motions: Sequence[Motion],
    undone: Sequence[Motion],
    unit: float,
    report: Step,
    terms: float,
) -> Evidence | None:
    """The floats of a step, None if slope or gap is not finite. `terms` are the absolute ones of the decoder's gap. `undone`: the motions before a step of the optimiser that may have been taken already."""
    with np.errstate(all="ignore"):
        sizes = {
            f: abs(unit) * sum(m.size() for m in motions if f in ("", m.factor))
            for f in factors_of(motions)
        }
        slopes = {"": slopes_of(motions, unit)}
        first = Evidence(
            step=report.step,
            batch=given.nu.shape[0],
            dimensions=_dimensions(given),
            latents=given.nu.shape[1],
            slopes=slopes,
            gaps={
                "decoder": {"": Gap(report.gap_decoder, terms)},
                "prior": {"": _gap(given, "prior")},
            },
            sizes=sizes,
            free_bits={},
            reconstruction=report.reconstruction,
            kl=report.kl,
            entropy_sum=report.entropy_sum,
            loss=report.loss,
            bce=None if {"", "decoder"} & set(slopes[""]) else _bce(given),
            clamped=clamped_at(given),
        )
        numbers = (*slopes[""].values(), *sizes.values(), *(g[""].size for g in first.gaps.values()))  # fmt: skip
        if not all(map(math.isfinite, numbers)):
            return None
        if first.right():
            return first
        slopes |= _shifted(motions, unit)
        if undone:
            slopes["after"] = slopes_of(undone, unit)
        return replace(
            first, gaps=_gaps(given, motions), free_bits=_free_bits(given, first), slopes=slopes
        )


def _dimensions(given: Inputs) -> int:
    arrays = (given.x, given.residual2)
    return next(a.shape[-1] for a in arrays if a is not None)


def _shifted(motions: Sequence[Motion], unit: float) -> dict[str, dict[str, float]]:
    """The slopes if what is shifted, logarithms all, were moved half or twice as far, in one factor."""
    found = {}
    plain = slopes_of(motions, unit)
    for factor in plain:
        shift = unit * sum(m.shift() for m in motions if m.factor == factor)
        if factor and shift:
            found[f"{factor} half"] = plain | {factor: plain[factor] - shift / 2}
            found[f"{factor} twice"] = plain | {factor: plain[factor] + shift}
    return found


def _gaps(given: Inputs, motions: Sequence[Motion]) -> dict[str, dict[str, Gap]]:
    """Each factor's gap under each reading of the arrays."""
    found: dict[str, dict[str, Gap]] = {f: {} for f in READINGS}
    for factor, readings in READINGS.items():
        for reading in readings:
            changed = reading.read(given)
            if changed is not None:
                found[factor][reading.name] = _gap(changed, factor)
    alpha2 = _alpha2(given, motions)
    if alpha2 is not None:
        found["prior"][UNPASSED.name] = _gap(replace(given, alpha2=alpha2), "prior")
    return {f: {k: g for k, g in of.items() if math.isfinite(g.size)} for f, of in found.items()}


def _gap(given: Inputs, factor: str) -> Gap:
    gaps = gaps_of_latents(given) if factor == "prior" else decoder_parts(given)[0]
    value = float(gaps.mean(axis=0).sum())
    # The constant 1/2 of a latent cancels against its moment, so that the moment is what rounds.
    return Gap(value, absolute_terms(gaps - 0.5 if factor == "prior" else gaps))


def _alpha2(given: Inputs, motions: Sequence[Motion]) -> np.ndarray | None:
    """The prior's variance that the direction's only move of the prior holds as a logarithm, where 1 was logged."""
    prior = [m for m in motions if m.factor == "prior"]
    if len(prior) != 1 or not (given.alpha2 == 1).all():
        return None
    (move,) = prior
    fits = move.parameter.shape in ((), given.nu.shape[1:])
    return np.exp(move.parameter) if fits and not move.scaled.any() else None


def _free_bits(given: Inputs, first: Evidence) -> dict[str, tuple[tuple[float, float], ...]]:
    """Thresholds on the KL of a latent, its mean over the batch, or of each entry, below which its gap would be missing in the slope."""
    slope = first.slopes[""].get("prior")
    if slope is None:
        return {}
    kl, gaps = kl_of_latents(given), gaps_of_latents(given)
    tolerance = first.tolerance("prior")
    found = {
        "latents": _thresholds(slope, kl.mean(axis=0), gaps.mean(axis=0), tolerance),
        "entries": _thresholds(slope, kl.ravel(), gaps.ravel() / len(kl), tolerance),
    }
    return {what: at for what, at in found.items() if 0 < len(at) <= FEW}


def _thresholds(
    slope: float, kl: np.ndarray, gaps: np.ndarray, tolerance: float
) -> tuple[tuple[float, float], ...]:
    """Between which sizes of KL a threshold would lie that leaves the slope."""
    order = np.argsort(-kl)
    sums = np.concatenate([[0.0], np.cumsum(gaps[order])])[:-1]  # all of them are no free bits
    edges = np.concatenate([[math.inf], kl[order]])
    close = np.flatnonzero(abs(slope - sums) <= tolerance)
    return tuple((float(edges[k + 1]), float(edges[k])) for k in close)


def _bce(given: Inputs) -> float | None:
    """The binary cross-entropy per data point, if the arrays can be those of one."""
    with np.errstate(all="ignore"):
        read = _as_probabilities(given)
        if read is None or given.sigma2 is None or np.ptp(given.sigma2):
            return None  # a variance that is fixed stands for no variance
        gap, entropy = decoder_parts(read)
        return float((entropy - gap).mean(axis=0).sum())


def clamped_at(given: Inputs) -> float | None:
    """The extreme log-variance that many entries of an encoder share though others differ, None if there is none."""
    if given.tau2.ndim < 2:
        return None
    for extreme in (given.tau2.min(), given.tau2.max()):
        at = given.tau2 == extreme
        # A constant variance is a model, not a clamp.
        if at.mean() >= CLAMPED_SHARE and at.sum() > 2 and not at.all() and extreme > 0:
            return float(np.log(extreme))
    return None


def before_step(optimiser: Any, tensor: Any) -> np.ndarray | None:
    """A parameter before the last step of SGD, Adam or AdamW, from the optimiser's state; None if that cannot be told."""
    for group in optimiser.param_groups:
        if any(p is tensor for p in group["params"]):
            update = _UPDATES.get(type(optimiser).__name__)
            return (
                None if update is None else update(group, optimiser.state.get(tensor, {}), tensor)
            )
    return None


def _array(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()


def _before_sgd(group: Mapping[str, Any], state: Mapping[str, Any], tensor: Any) -> np.ndarray:
    now, gradient, rate = _array(tensor), _array(tensor.grad), float(group["lr"])
    buffer = state.get("momentum_buffer")
    if buffer is not None:
        ahead = gradient if group["nesterov"] else 0.0
        return now + rate * (_array(buffer) * (group["momentum"] if group["nesterov"] else 1) + ahead)  # fmt: skip
    return (now + rate * gradient) / (1 - rate * group["weight_decay"])


def _before_adam(
    group: Mapping[str, Any], state: Mapping[str, Any], tensor: Any
) -> np.ndarray | None:
    if "exp_avg" not in state or group.get("amsgrad") or group.get("maximize"):
        return None
    steps, (first, second) = float(state["step"]), group["betas"]
    mean = _array(state["exp_avg"]) / (1 - first**steps)
    square = _array(state["exp_avg_sq"]) / (1 - second**steps)
    return _array(tensor) + float(group["lr"]) * mean / (np.sqrt(square) + group["eps"])


def _before_adamw(
    group: Mapping[str, Any], state: Mapping[str, Any], tensor: Any
) -> np.ndarray | None:
    found = _before_adam(group, state, tensor)
    return None if found is None else found / (1 - float(group["lr"]) * group["weight_decay"])


_UPDATES: Mapping[str, Callable[..., np.ndarray | None]] = {
    "SGD": _before_sgd,
    "Adam": _before_adam,
    "AdamW": _before_adamw,
}
