"""Mistakes in a training loop, as a table, and which of them explains what was logged.

The slope of each factor is its gap in a right loop, on every batch. So a loss that is summed over the batch shows as a ratio of N, a KL with a weight as that
weight, a log-variance that was passed for a variance as a gap that fits once it is read so. The simplest explanation that fits every step to rounding is
told, if there are at least three such steps; two that are as simple are both told; none is "not as predicted".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np

from entropysym.monitoring.evidence import READINGS, ROUNDING, UNPASSED, Evidence, parts
from entropysym.networks.readings import Reading

#: Steps that an explanation has to fit.
STEPS = 3

#: A gap says something if it is this many times its rounding, and a constant that is fitted needs gaps that change by as much.
INFORMATIVE = 30.0

#: A deviation below this fraction of the terms may be a loop in half precision (bfloat16 brings up to 1e-3), and is told only where a simple mistake
#: explains it to the rounding of float32.
HALF_PRECISION = 3e-3

#: The cost of two simple mistakes, the most that is tried.
DEAREST = 2.5


@dataclass(frozen=True)
class Slip:
    """A mistake: its name, the factor by which slopes are off, if that is what it does, and the cure. Not `certain`: another one would look the same."""

    name: str
    factor: float | None
    cure: str
    reading: Reading = Reading.WRONG_USE
    certain: bool = True

    def __str__(self) -> str:
        """A line for a log."""
        factor = "" if self.factor is None else f" (factor {self.factor:.4g})"
        return f"{self.name}{factor}: {self.cure}"


class Row(NamedTuple):
    """A mistake that multiplies slopes: the weights of decoder and prior, of the batch size N, D and H; "free" is any constant, the same for both.

    `of` is "loss" where the loss itself has these weights, "moves" where it has not.
    """

    name: str
    decoder: Callable[[Evidence], float] | str
    prior: Callable[[Evidence], float] | str
    cure: str
    of: str = "loss"
    reading: Reading = Reading.WRONG_OBJECTIVE
    cost: float = 1.0


def _one(e: Evidence) -> float:
    return 1.0


def _N(e: Evidence) -> float:
    return float(e.batch)


def _per_D(e: Evidence) -> float:
    return 1 / e.dimensions


def _per_H(e: Evidence) -> float:
    return 1 / e.latents


_USE, _OTHER = Reading.WRONG_USE, Reading.WRONG_OBJECTIVE
_SUM = (
    "divide the loss by the batch size (reduction='mean'), or pass reduction='sum' to the monitor"
)
_KL = "the loss is a beta-VAE's; for the ELBO sum both terms over their entries and average over the batch"
_MEAN = "sum the error over the dimensions before the mean over the batch"
_MOVED = "{} moves by {}; see Monitor.gaussian for the moves of each parameter"

#: The mistakes that multiply slopes by known numbers, and by constants that are fitted.
ROWS: tuple[Row, ...] = (
    Row("loss summed over the batch", _N, _N, _SUM, reading=_USE),
    Row("sign of the loss", lambda e: -1.0, lambda e: -1.0, "pass gradient_of='elbo' if gradients are those of the ELBO, 'loss' if of minus the ELBO", "moves", _USE),
    Row("error averaged over the dimensions", _per_D, _one, _MEAN),
    Row("KL divided by the dimensions", _one, _per_D, _KL),
    Row("KL divided by the batch size", _one, lambda e: 1 / e.batch, _KL),
    Row("KL divided by batch size and dimensions", _one, lambda e: 1 / (e.batch * e.dimensions), _KL),
    Row("KL averaged over the latents", _one, _per_H, "sum the KL over the latents"),
    Row("both terms averaged over everything", _per_D, _per_H, f"{_MEAN}, and the KL over the latents"),
    Row("KL summed over the batch", _one, _N, "average both terms over the batch"),
    Row("error summed over the batch", _N, _one, "average both terms over the batch"),
    Row("error counted twice", lambda e: 2.0, _one, "the error of a normal law is (x - mean)^2 / (2 sigma2) + log(sigma2) / 2"),
    Row("error counted half", lambda e: 0.5, _one, "the error of a normal law is (x - mean)^2 / (2 sigma2) + log(sigma2) / 2"),
    Row("KL counted twice", _one, lambda e: 2.0, _KL),
    Row("KL counted half", _one, lambda e: 0.5, _KL),
    Row("KL without effect", _one, lambda e: 0.0, "its weight is 0 (a warm-up that starts at 0), or free bits hold it"),
    Row("decoder's scale does not follow its parameter", lambda e: 0.0, _one, "a clamp or a floor holds it; widen it", "moves", Reading.CLAMPED),
    Row("KL weighted", _one, "free", _KL, cost=1.25),
    Row("error weighted", "free", _one, "give both terms of the loss the weight 1", cost=1.25),
    Row("loss or gradients scaled", "free", "free", "log gradients that are neither scaled nor divided: after scaler.unscale_(optimizer), and without gradient accumulation's divisor", "moves", _USE, 1.25),
)  # fmt: skip

#: What the moves may have been, by variant of the slopes.
VARIANTS: dict[str, tuple[str, str]] = {
    "": ("", ""),
    "after": (
        "logged after the optimiser's step",
        "call log() between loss.backward() and optimizer.step()",
    ),
    "decoder half": (
        "log sigma moved as log sigma2",
        _MOVED.format("log sigma", "plus=-1/2, log sigma2 by plus=-1"),
    ),
    "decoder twice": (
        "log sigma2 moved as log sigma",
        _MOVED.format("log sigma2", "plus=-1, log sigma by plus=-1/2"),
    ),
    "prior half": (
        "log-standard deviation moved as log-variance",
        _MOVED.format("a bias of log tau (or log alpha)", "half as far as one of log tau2"),
    ),
    "prior twice": (
        "log-variance moved as log-standard deviation",
        _MOVED.format("a bias of log tau2 (or log alpha2)", "twice as far as one of log tau"),
    ),
}

_CURES = {r.name: r.cure for each in READINGS.values() for r in (*each, UNPASSED)}

MISSING_PRIOR = Slip(
    "moves of the prior are missing",
    None,
    "add those of decoder_first, encoder_mean and encoder_logvar for the prior N(0, I), or of log_alpha2 (see Monitor.gaussian)",
)
NOT_AS_PREDICTED = Slip(
    "not as predicted",
    None,
    "log() wants the arrays of the very pass that was differentiated, all moves (of a first layer that reads a label, too, with columns=), and gradients of minus the ELBO per data point, with the analytic KL and no penalty; no mistake of the table explains the slopes",
    certain=False,
)


class Hypothesis(NamedTuple):
    """Readings of decoder and prior, a variant of the moves, and rows whose weights multiply."""

    decoder: str
    prior: str
    variant: str
    rows: tuple[Row, ...]

    def cost(self) -> float:
        changed = sum(map(bool, (self.decoder, self.prior, self.variant)))
        # What multiplies both terms is the more usual part of a pair than what multiplies one.
        one_sided = sum(_one in (row.decoder, row.prior) for row in self.rows)
        pair = 0.05 * one_sided if len(self.rows) > 1 else 0.0
        return changed + sum(row.cost for row in self.rows) + pair

    def names(self) -> list[str]:
        found = (self.decoder, self.prior, VARIANTS[self.variant][0], *(r.name for r in self.rows))
        return [name for name in found if name]

    def weight(self, factor: str, e: Evidence, of: str = "") -> float:
        """The known weight of a factor, of rows of one kind only if `of` says so; that of a free one is 1."""
        weights = (getattr(row, factor) for row in self.rows if of in ("", row.of))
        return math.prod(w(e) for w in weights if not isinstance(w, str))

    def free(self, factor: str) -> bool:
        return any(isinstance(getattr(row, factor), str) for row in self.rows)


class Fit(NamedTuple):
    """An explanation and its constant, None if it has none."""

    hypothesis: Hypothesis
    constant: float | None


def slip_of(evidence: Sequence[Evidence], hint: str = "") -> Slip | None:
    """The simplest explanation of the steps, None where nothing is wrong or nothing can be told. `hint` is added to the cure of "not as predicted"."""
    cross_entropy = _cross_entropy(evidence)
    if cross_entropy is not None and cross_entropy.certain:
        return cross_entropy
    told = [e for e in evidence if e.slopes[""] and _informative(e)]
    wrong = [e for e in told if not e.right()]
    if len(wrong) < STEPS:
        return cross_entropy or _missing(evidence)
    if all("" in e.slopes[""] for e in told):
        part = _part_of_a_direction(told)
        if part:
            return MISSING_PRIOR if part == "decoder" else None
    found = _simplest(told)
    if found is None:
        if _deviation(wrong) <= HALF_PRECISION:
            return None
        found = next(filter(None, (special(told, hint) for special in SPECIAL)), None)
    if found is None:
        cure = NOT_AS_PREDICTED.cure + (f"; {hint}" if hint else "")
        return replace(NOT_AS_PREDICTED, cure=cure)
    if all(set(e.slopes[""]) == {"decoder"} for e in told):
        found = _both(found, MISSING_PRIOR)
    return found


def _both(one: Slip, other: Slip) -> Slip:
    return replace(one, name=f"{one.name} and {other.name}", cure=f"{one.cure}; {other.cure}")


def _informative(e: Evidence) -> bool:
    """Some slope or gap is well above its rounding."""
    slopes = e.slopes[""].items()
    return any(max(abs(s), abs(e.gap(f))) > INFORMATIVE * e.tolerance(f) for f, s in slopes)


def _deviation(wrong: Sequence[Evidence]) -> float:
    """The median over the steps of the largest deviation, relative to the terms of slope and gap."""
    each = [max(abs(s - e.gap(f)) / e.tolerance(f) for f, s in e.slopes[""].items()) for e in wrong]
    return ROUNDING * float(np.median(each))


def _part_of_a_direction(told: Sequence[Evidence]) -> str:
    """The factor whose gap the total is, if it is that of one only."""
    for factor in ("decoder", "prior"):
        gaps = [e.gaps[factor].get("") for e in told]
        if all(
            g is not None and abs(e.slopes[""][""] - g.value) <= e.tolerance("")
            for e, g in zip(told, gaps, strict=True)
        ):
            return factor
    return ""


def _hypotheses(told: Sequence[Evidence]) -> list[Hypothesis]:
    """All that are not too dear, the simplest first."""
    known = set(told[0].slopes[""])

    def seen(of: Callable[[Evidence], Iterable[str]]) -> list[str]:
        return list(dict.fromkeys(name for e in told for name in of(e)))

    decoders = seen(lambda e: e.gaps["decoder"]) if known != {"prior"} else [""]
    priors = seen(lambda e: e.gaps["prior"]) if known != {"decoder"} else [""]
    variants = seen(lambda e: e.slopes)
    pairs = [(a, b) for k, a in enumerate(ROWS) for b in ROWS[k + 1 :] if not (_free(a) and _free(b))]  # fmt: skip
    rows = [(), *((row,) for row in ROWS), *pairs]
    found = [Hypothesis(*each) for each in product(decoders, priors, variants, rows)]
    return sorted((h for h in found if 0 < h.cost() <= DEAREST), key=Hypothesis.cost)


def _free(row: Row) -> bool:
    return "free" in (row.decoder, row.prior)


def _simplest(told: Sequence[Evidence]) -> Slip | None:
    """The cheapest hypotheses that fit every step, as one slip."""
    if len({frozenset(e.slopes[""]) for e in told}) > 1:
        return None
    fits: list[Fit] = []
    for hypothesis in _hypotheses(told):
        if fits and hypothesis.cost() > fits[0].hypothesis.cost():
            break
        fit = _fit(hypothesis, told)
        if fit is not None:
            fits.append(fit)
    return _slip(_by_their_loss(fits, told), told) if fits else None


class _Equation(NamedTuple):
    """slope = fixed + constant · free, to a tolerance of slack + |constant| · free slack."""

    slope: float
    fixed: float
    free: float
    slack: float
    free_slack: float


def _equations(h: Hypothesis, e: Evidence) -> Iterator[_Equation]:
    readings = {"decoder": h.decoder, "prior": h.prior}
    for factor, slope in e.slopes[h.variant].items():
        fixed, free = [0.0, 0.0], [0.0, 0.0]
        for f in parts(factor):
            gap, weight = e.gaps[f][readings[f]], h.weight(f, e)
            into = free if h.free(f) else fixed
            into[0] += weight * gap.value
            into[1] += ROUNDING * abs(weight) * gap.size
        yield _Equation(slope, fixed[0], free[0], fixed[1] + ROUNDING * e.sizes[factor], free[1])


def _readable(h: Hypothesis, e: Evidence) -> bool:
    known = (e.gaps["decoder"], e.gaps["prior"], e.slopes)
    return all(name in of for name, of in zip((h.decoder, h.prior, h.variant), known, strict=True))


def _fit(h: Hypothesis, told: Sequence[Evidence]) -> Fit | None:
    """The hypothesis with its constant, if it explains every step that it is about."""
    # A step that was right, by chance perhaps, has no other readings.
    about = [e for e in told if _readable(h, e)]
    if len(about) < max(STEPS, len(told) / 2):
        return None
    equations = [equation for e in about for equation in _equations(h, e)]
    constant = None
    if any(map(_free, h.rows)):
        constant = _constant([q for q in equations if q.free])
        if constant is None:
            return None
    c = constant or 0.0
    fits = all(
        abs(q.slope - q.fixed - c * q.free) <= q.slack + abs(c) * q.free_slack for q in equations
    )
    return Fit(h, constant) if fits else None


def _constant(equations: Sequence[_Equation]) -> float | None:
    """By least squares; None where the gaps hardly change, for then any number would do, and for what is no positive weight."""
    if len(equations) < STEPS:
        return None
    free = np.array([q.free for q in equations])
    rest = np.array([q.slope - q.fixed for q in equations])
    # Each weighted by its rounding, so that a step with large terms does not drown the others.
    scale = np.array([q.slack + q.free_slack for q in equations])
    if not np.isfinite([*free, *rest, *scale]).all() or not (scale > 0).all():
        return None
    c = float((rest * free / scale**2).sum() / (free**2 / scale**2).sum())
    if not c > 0:
        return None
    rounding = max(q.slack / c + q.free_slack for q in equations)
    return c if abs(free - free.mean()).max() > INFORMATIVE * rounding else None


def _by_their_loss(fits: Sequence[Fit], told: Sequence[Evidence]) -> Sequence[Fit]:
    """Those that the logged losses agree with, where these can tell; else all."""
    agreeing = [fit for fit in fits if _loss_agrees(fit, told)]
    return agreeing or fits


def _loss_agrees(fit: Fit, told: Sequence[Evidence]) -> bool:
    """The loss is that of the hypothesis up to a constant."""
    h, c = fit
    if h.decoder or h.prior:
        return False
    weights = []
    for e in told:
        of = [h.weight(f, e, "loss") for f in parts("")]
        if any(row.of == "loss" and _free(row) for row in h.rows):
            of = [w * (c or 1.0) if h.free(f) else w for w, f in zip(of, parts(""), strict=True)]
        weights.append(of)
    return _loss_is(told, weights)


def _loss_is(told: Sequence[Evidence], weights: Sequence[Sequence[float]]) -> bool:
    """loss = -w_decoder reconstruction + w_prior KL, up to w_decoder times a constant, such as the log 2 pi that loops leave out."""
    rest, slack, moved = [], [], []
    for e, (decoder, prior) in zip(told, weights, strict=True):
        if e.loss is None or not decoder:
            return False
        terms = (e.loss, decoder * e.reconstruction, -prior * e.kl)
        rest.append(sum(terms) / decoder)
        slack.append(ROUNDING * sum(map(abs, terms)) / abs(decoder))
        moved.append(e.loss / decoder)
    varied = np.ptp(moved) > INFORMATIVE * max(slack)
    return bool(varied and np.ptp(rest) <= 2 * max(slack))


def _slip(fits: Sequence[Fit], told: Sequence[Evidence]) -> Slip:
    """One slip for the explanations that are equally simple."""
    names, cures = [], []
    for h, _ in fits:
        cure = [_CURES[h.decoder], _CURES[h.prior], VARIANTS[h.variant][1], *(r.cure for r in h.rows)]  # fmt: skip
        names.append(" and ".join(h.names()))
        cures.append("; ".join(dict.fromkeys(filter(None, cure))))
    rows = [row.reading for row in fits[0].hypothesis.rows]
    return Slip(
        ", or ".join(dict.fromkeys(names)),
        _factor(fits[0], told[-1]),
        ", or ".join(dict.fromkeys(cures)),
        next((r for r in rows if r is not _USE), _USE),
        certain=len(fits) == 1,
    )


def _factor(fit: Fit, e: Evidence) -> float | None:
    """The constant, or else the weight that is not 1, of the prior before that of the decoder where they differ."""
    h, constant = fit
    if constant is not None:
        return constant
    if not h.rows:
        return None
    decoder, prior = (h.weight(f, e) for f in parts(""))
    return prior if prior != 1 else decoder


def _deviates(e: Evidence, factor: str) -> bool:
    return abs(e.slopes[""][factor] - e.gap(factor)) > e.tolerance(factor)


def _both_known(told: Sequence[Evidence]) -> bool:
    return all({"decoder", "prior"} <= set(e.slopes[""]) for e in told)


def _free_bits(told: Sequence[Evidence], hint: str) -> Slip | None:
    """The slope of the prior is that of the latents, or of the entries, whose KL is above one threshold."""
    known = all("prior" in e.slopes[""] for e in told)
    if not known or any("decoder" in e.slopes[""] and _deviates(e, "decoder") for e in told):
        return None
    off = [e for e in told if _deviates(e, "prior")]
    for what in ("latents", "entries"):
        thresholds = [(0.0, math.inf)]
        for e in off:
            thresholds = [
                (max(a, c), min(b, d))
                for a, b in thresholds
                for c, d in e.free_bits.get(what, ())
                if max(a, c) <= min(b, d)
            ]
        if thresholds:
            low, high = thresholds[0]
            between = f"between {low:.4g} and {high:.4g}" if high < math.inf else f"above {low:.4g}"
            return Slip(
                "free bits",
                None,
                f"{what} below a threshold ({between} nats) do not feel the KL; drop it for the ELBO, or read the gap of the {what} above it",
                Reading.FREE_BITS,
            )
    return None


def _varying(told: Sequence[Evidence], hint: str) -> Slip | None:
    """Both slopes are off by one factor that varies: their ratio is that of the gaps."""
    if not _both_known(told):
        return None
    factors = []
    for e in told:
        (s, g), (t, k) = ((e.slopes[""][f], e.gap(f)) for f in parts(""))
        one, other = (e.tolerance(f) for f in parts(""))
        if abs(s * k - t * g) > one * (abs(k) + abs(t)) + other * (abs(g) + abs(s)):
            return None
        if abs(g) > INFORMATIVE * one and abs(k) > INFORMATIVE * other:
            factors.append(s / g if abs(g) / one > abs(k) / other else t / k)
    if len(factors) < STEPS or min(factors) <= 0:
        return None
    return Slip(
        "gradients clipped or scaled",
        factors[-1],
        "log between loss.backward() and whatever changes the gradients: clipping, a scaler of mixed precision",
    )


def _another_pass(told: Sequence[Evidence], hint: str) -> Slip | None:
    """Loss and slopes obey F = E + slopes with each other, but the arrays do not belong to them."""
    rest, slack = [], []
    for e in told:
        if e.loss is None or not ("" in e.slopes[""] or _both_known([e])):
            return None
        terms = (e.loss, e.entropy_sum, *e.slopes[""].values())
        rest.append(sum(terms))
        slack.append(ROUNDING * (sum(map(abs, terms)) + sum(e.sizes.values())))
    losses = [e.loss for e in told if e.loss is not None]
    if not (np.ptp(losses) > INFORMATIVE * max(slack) and np.ptp(rest) <= 2 * max(slack)):
        return None
    return Slip(
        "arrays of another pass",
        None,
        "log the arrays of the pass that was differentiated: the same samples of z and the same mode"
        + (f"; {hint}" if hint else ""),
    )


def _warm_up(told: Sequence[Evidence], hint: str) -> Slip | None:
    """A weight of the KL that varies; the losses say that it is one."""
    if not _both_known(told) or any(_deviates(e, "decoder") for e in told):
        return None
    known = [e for e in told if abs(e.gap("prior")) > INFORMATIVE * e.tolerance("prior")]
    weights = [(1.0, e.slopes[""]["prior"] / e.gap("prior")) for e in known]
    if len(known) < STEPS or not _loss_is(known, weights):
        return None
    return Slip("KL with a weight that varies", weights[-1][1], _KL, Reading.WRONG_OBJECTIVE)


def _two_weights(told: Sequence[Evidence], hint: str) -> Slip | None:
    """Each term of the loss has a weight of its own."""
    if not _both_known(told):
        return None
    constants = []
    for factor in parts(""):
        equations = [
            _Equation(e.slopes[""][factor], 0.0, g.value, ROUNDING * e.sizes[factor], ROUNDING * g.size)
            for e in told
            for g in (e.gaps[factor][""],)
        ]  # fmt: skip
        c = _constant(equations)
        if c is None or any(
            abs(q.slope - c * q.free) > q.slack + c * q.free_slack for q in equations
        ):
            return None
        constants.append(c)
    decoder, prior = constants
    return Slip(
        f"error weighted by {decoder:.4g}, KL by {prior:.4g}",
        prior / decoder,
        _KL,
        Reading.WRONG_OBJECTIVE,
    )


def _clamped(told: Sequence[Evidence], hint: str) -> Slip | None:
    """Many log-variances of the encoder are one extreme number, and the slope of the prior is off."""
    at = [e.clamped for e in told]
    if any(a is None for a in at) or any("decoder" in e.slopes[""] and _deviates(e, "decoder") for e in told):  # fmt: skip
        return None
    return Slip(
        "log tau2 is clamped",
        None,
        f"many entries of log tau2 are {at[-1]:.6g}, where no gradient moves them; widen the clamp",
        Reading.CLAMPED,
    )


#: Explanations that are no product of rows, the more definite ones first.
SPECIAL: tuple[Callable[[Sequence[Evidence], str], Slip | None], ...] = (
    *(_free_bits, _varying, _warm_up, _another_pass, _two_weights, _clamped),
)


def _missing(evidence: Sequence[Evidence]) -> Slip | None:
    """A direction without the prior's part, though every slope that is known is right."""
    enough = len(evidence) >= STEPS
    return MISSING_PRIOR if enough and all(set(e.slopes[""]) == {"decoder"} for e in evidence) else None  # fmt: skip


def _cross_entropy(evidence: Sequence[Evidence]) -> Slip | None:
    """A binary cross-entropy that was logged as a Gaussian of fixed variance: by the losses, and without them a suspicion."""
    unmoved = all("decoder" not in e.slopes[""] and "" not in e.slopes[""] for e in evidence)
    if len(evidence) < STEPS or not unmoved or any(e.bce is None for e in evidence):
        return None
    _, _, _, found = READINGS["decoder"]
    if any(e.loss is None for e in evidence):
        return Slip(found.name, None, f"if the loss has one: {found.cure}", certain=False)
    if len(evidence) < STEPS + 2:
        return None
    beta, gaussian = (_linear(evidence, term) for term in (lambda e: e.bce, lambda e: e.reconstruction))  # fmt: skip
    if beta is None or gaussian is not None:
        return None
    slip = Slip(found.name, beta, found.cure)
    if abs(beta - 1) < 1e-3:
        return slip
    return replace(_both(slip, Slip("KL weighted", beta, _KL)), reading=Reading.WRONG_OBJECTIVE)


def _linear(evidence: Sequence[Evidence], term: Callable[[Evidence], float | None]) -> float | None:
    """The weight of the KL relative to a term, if the losses are a sum of both with weights and a constant; else None."""
    columns = np.array([[term(e), e.kl, 1.0] for e in evidence], dtype=float)
    losses = np.array([e.loss for e in evidence], dtype=float)
    if not (np.isfinite(columns).all() and np.isfinite(losses).all()):
        return None
    found, *_ = np.linalg.lstsq(columns / abs(columns).max(axis=0), losses, rcond=None)
    weights = found / abs(columns).max(axis=0)
    slack = ROUNDING * abs(losses)
    # A loss that hardly moves is fitted by anything.
    moves = np.ptp(losses) > INFORMATIVE * slack.max()
    fits = (abs(columns @ weights - losses) <= slack).all()
    return float(weights[1] / weights[0]) if moves and fits and weights[0] else None
