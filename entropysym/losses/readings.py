"""What the weights of a loss's terms mean: KL weight, implied scale, prior variance, what is averaged, and which constant was left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from entropysym.losses.calls import Loss
from entropysym.losses.fits import ONE, Batch, Candidate, Fit, Weight
from entropysym.losses.terms import ENCODER_MEAN, LAPLACE, NORMAL, POISSON, X


class Meaning(NamedTuple):
    """The fields of `Identified` that the weights decide."""

    kind: str
    beta: Weight | None = None
    scale: Weight | str | None = None
    scale_factor: Weight = ONE
    prior_variance: Weight = ONE
    overall: Weight | None = None
    reduction: str = ""
    constant: str = ""
    maximised: bool = False
    notes: tuple[str, ...] = ()


class _Named(NamedTuple):
    """Weights by what they weigh; None for what the candidate lacks."""

    residual: Weight
    normaliser: Weight | None
    prior: tuple[Weight, ...]
    entropy: tuple[Weight, ...]

    def negated(self) -> _Named:
        turn = [w._replace(number=-w.number) for w in (*self.prior, *self.entropy)]
        k = len(self.prior)
        b = self.normaliser
        return _Named(
            self.residual._replace(number=-self.residual.number),
            None if b is None else b._replace(number=-b.number),
            tuple(turn[:k]),
            tuple(turn[k:]),
        )


def _named(candidate: Candidate, weights: Sequence[Weight]) -> _Named:
    """The weights in the order of `Columns`: residual, normaliser, prior, entropy."""
    k = 2 if candidate.form else 1
    kl = candidate.kl
    pieces = 0 if kl is None else 1 if kl.threshold or kl.sampled else 2
    return _Named(
        weights[0],
        weights[1] if candidate.form else None,
        tuple(weights[k : k + pieces]),
        tuple(weights[k + pieces :]),
    )


def meaning_of(
    loss: Loss,
    candidate: Candidate,
    weights: Sequence[Weight],
    first: Fit,
    batch: Batch,
) -> Meaning:
    """The meaning of the weights; `first` is the fit, at `batch`, from which constants are read."""
    w = _named(candidate, weights)
    maximised = w.residual.number < 0 and not any(p.number > 0 for p in w.prior)
    w = w.negated() if maximised else w
    reduction = _reduction(loss, w)
    kind = _trouble(candidate, w)
    if kind:
        scaled = _threshold_notes(candidate) if kind == "threshold" else ()
        return Meaning(kind, reduction=reduction, maximised=maximised, notes=scaled)
    prior, entropy = w.prior[0], w.entropy[0]
    unit = w.normaliser or (w.residual if _own_weight(candidate) else entropy)
    beta, s2 = entropy.over(unit), entropy.over(prior)
    row = candidate.decoder
    scale: Weight | str | None = None
    if row.optimal:
        scale = "optimal"
    elif w.normaliser:
        scale = "learned"
    elif not row.law.natural:
        scale = unit.over(w.residual)
    found = Meaning(
        _kind(candidate, scale, beta),
        beta,
        scale,
        unit.over(w.residual) if w.normaliser else ONE,
        s2 if not s2.same(ONE) else ONE,
        _overall(loss, unit),
        reduction,
        maximised=maximised,
        notes=_notes(loss, candidate, beta, s2),
    )
    turned = first._replace(constants=-first.constants) if maximised else first
    return found._replace(constant=_left_out(loss, candidate, found, turned, batch))


def _own_weight(candidate: Candidate) -> bool:
    """Whether the decoder's term has a weight of its own; with a fixed scale it has not."""
    return candidate.decoder.law.natural or candidate.decoder.optimal


def _trouble(candidate: Candidate, w: _Named) -> str | None:
    """The kind if it is no ELBO."""
    pieces = (*w.prior, *w.entropy)
    if w.residual.zero:
        return "no reconstruction"
    if all(p.zero for p in pieces):
        return "no KL"
    if w.normaliser is not None and (w.normaliser.zero or w.normaliser.number < 0):
        return "scale without normaliser"
    whole = all(p.same(group[0]) for group in (w.prior, w.entropy) for p in group)
    if not whole or any(p.zero or p.number < 0 for p in pieces):
        return "broken KL"
    if candidate.kl is not None and candidate.kl.threshold:
        return "threshold"
    return "logarithm with an addend" if candidate.decoder.inside else None


def _kind(candidate: Candidate, scale: Weight | str | None, beta: Weight) -> str:
    if scale == "optimal":
        return "optimal scale"
    if isinstance(scale, Weight):
        return "fixed scale"
    base = "learned scale" if scale else "natural parameters"
    return base if beta.same(ONE) else f"{base}, weighted KL"


def _overall(loss: Loss, unit: Weight) -> Weight:
    """The weight of the mean over the batch: that of the sum times the batch size."""
    batch = loss.shapes[X][0]
    of_batch = Weight(1.0, ((batch, 1),)) if isinstance(batch, str) else Weight(float(batch))
    return unit.over(ONE.over(of_batch))


def _reduction(loss: Loss, w: _Named) -> str:
    said = _reduced(loss, w.residual, loss.shapes[X], "dimensions")
    pieces = (*w.prior, *w.entropy)
    if not pieces or all(p.zero for p in pieces):
        return said
    of_kl = _reduced(loss, pieces[0], loss.shapes[ENCODER_MEAN], "latents")
    return f"reconstruction: {said}; KL: {of_kl}"


def _reduced(loss: Loss, weight: Weight, shape: Sequence[str | int], name: str) -> str:
    """ "sum" or "mean" of the batch and of the rest, from the powers of the sizes."""
    powers = dict(weight.powers)
    batch, rest = shape[0], shape[1:]
    said = [f"{_WORDS.get(powers.pop(batch, 0), 'weight')} over the batch"] if isinstance(batch, str) else ["batch of fixed size"]  # fmt: skip
    varied = dict.fromkeys(s for s in rest if isinstance(s, str))
    each = {s: powers.pop(s, 0) for s in varied}
    if len(varied) < len(rest):
        said.append(f"{name} of fixed sizes")
    elif len(set(each.values())) == 1 and set(each.values()) <= set(_WORDS):
        said.append(f"{_WORDS[next(iter(each.values()))]} over {name}")
    else:
        said += [f"{_WORDS.get(p, 'weight')} over {s}" for s, p in each.items()]
    if powers:
        said.append(f"times {Weight(1.0, tuple(powers.items()))}")
    return ", ".join(said)


_WORDS = {0: "sum", -1: "mean"}


def _threshold_notes(candidate: Candidate) -> tuple[str, ...]:
    kl = candidate.kl
    assert kl is not None
    assert kl.threshold is not None
    return (f"{kl.threshold.name}; level {kl.level:.6g} nats",)


def _notes(loss: Loss, candidate: Candidate, beta: Weight, s2: Weight) -> tuple[str, ...]:
    row, kl, notes = candidate.decoder, candidate.kl, []
    assert kl is not None
    names = {role: place for place, role in loss.places.items()}
    read_as = {"log-scale": "log standard deviation", "scale": "standard deviation"}
    notes.append(
        f"{names['encoder scale']} is read as {read_as.get(kl.form.name, kl.form.name)} of the encoder"
    )
    if candidate.form:
        of_laplace = {"log-scale": "log b", "scale": "b", "log-variance": "log b^2", "variance": "b^2"}  # fmt: skip
        read = of_laplace if row.law is LAPLACE else read_as
        notes.append(
            f"{names['decoder scale']} is read as {read.get(candidate.form.name, candidate.form.name)} of the decoder"
        )
    if kl.sampled:
        notes.append("the KL is estimated at the sample of z; statements hold for its mean")
    if beta.same(Weight(2.0)):
        notes.append("a KL weight of 2 is also what a missing factor 1/2 gives")
    if dict(beta.powers).get(str(loss.shapes[X][0])):
        notes.append(
            "the KL's weight depends on the batch size: KL and reconstruction are not averaged over the same axes"
        )
    if not s2.same(ONE):
        notes.append(
            f"prior term and encoder entropy have weights 1 : {s2}, which is the KL to N(0, {s2} I); the entropy sum is the one with that prior"
        )
    if not isinstance(loss.shapes[X][-1], str):
        notes.append("sizes that do not vary stay in the numbers: 1/D is not recognised")
    return tuple(notes)


def _left_out(loss: Loss, candidate: Candidate, found: Meaning, fit: Fit, batch: Batch) -> str:
    """The negative ELBO minus the loss over its overall weight, in nats per datum, named if it is one of the known constants."""
    sizes = batch.sizes
    assert found.beta is not None
    assert found.overall is not None
    D = math.prod(loss.size(X, sizes)[1:])
    H = math.prod(loss.size(ENCODER_MEAN, sizes)[1:])
    overall, s2 = found.overall.at(sizes), found.prior_variance.at(sizes)
    whole = _whole_constant(candidate, found, sizes) * D
    whole += found.beta.at(sizes) * H / 2 * math.log(s2)
    missing = whole - fit.constants / overall
    tolerance = 10 * fit.constants_open / overall + 1e-9 * max(1.0, abs(whole))
    words = []
    if candidate.decoder.law is POISSON:
        data = {c.group: c.point[X] for c in batch.cases}
        factorials = np.array([_mean_log_factorial(data[g]) for g in sorted(data)])
        if np.ptp(missing) > tolerance >= np.ptp(missing - factorials):
            missing, words = missing - factorials, ["log x!"]
    if np.ptp(missing) > tolerance:
        return "a function of the data alone, beside constants"
    number = float(missing.mean())
    for name, value in _constants(candidate, found, sizes, (D, H)).items():
        if abs(number - value) <= tolerance:
            return " + ".join([*words, *([name] if name else [])]) or "nothing"
    return " + ".join([*words, f"{number:.6g} at sizes {dict(sizes)}"])


def _whole_constant(candidate: Candidate, found: Meaning, sizes: Mapping[str, int]) -> float:
    r"""What $-\log p(x|z)$ has beside the columns, for each entry of x, in units of the overall weight.

    With weights a of −gap and b of the entropy, the scale of the model is b/a times the one in the columns: $k(\log\frac ba+\frac ab-1)$, k the law's `rate`.
    """
    law = candidate.decoder.law
    if candidate.decoder.optimal:
        return (1 + math.log(2 * math.pi)) / 2
    if law.rate is None:
        return 0.0
    if isinstance(found.scale, Weight):
        scale = found.scale.at(sizes)
        return float(law.entropy(np, 0.0, 0.0, scale)) + law.rate * (1 / scale - 1)
    ratio = found.scale_factor.at(sizes)
    return law.rate * (math.log(ratio) + 1 / ratio - 1)


def _mean_log_factorial(x: np.ndarray) -> float:
    return float(sum(math.lgamma(v + 1) for v in x.reshape(-1)) / len(x))


def _constants(
    candidate: Candidate, found: Meaning, sizes: Mapping[str, int], entries: tuple[int, int]
) -> dict[str, float]:
    """What is commonly left out, for each datum: in words, in nats. The empty word is nothing."""
    D, H = entries
    law, log_2pi = candidate.decoder.law, math.log(2 * math.pi)
    of_decoder = {"": 0.0}
    if law is NORMAL:
        of_decoder["D/2 log(2 pi)"] = D / 2 * log_2pi
        if found.scale == "optimal":
            of_decoder["D/2 log(2 pi e)"] = D / 2 * (1 + log_2pi)
        if isinstance(found.scale, Weight):
            scale = found.scale.at(sizes)
            of_decoder["D/2 log(2 pi sigma^2)"] = D / 2 * (log_2pi + math.log(scale))
    if law is LAPLACE:
        of_decoder["D log 2"] = D * math.log(2)
        if isinstance(found.scale, Weight):
            of_decoder["D log(2 b)"] = D * math.log(2 * found.scale.at(sizes))
    beta = found.beta.at(sizes) if found.beta else 0.0
    if found.scale == "learned" and found.scale_factor != ONE:
        ratio = (law.rate or 0.0) * D * math.log(found.scale_factor.at(sizes))
        word, rest = ("D/2 log(2 pi", D / 2 * log_2pi) if law is NORMAL else ("D log(2", D * math.log(2))  # fmt: skip
        of_decoder[f"{word} scale_factor)"] = rest + ratio
    of_kl = {"": 0.0, "-beta H/2": -beta * H / 2}
    if found.prior_variance != ONE:
        s2 = found.prior_variance.at(sizes)
        of_kl["beta H/2 log s^2"] = beta * H / 2 * math.log(s2)
        of_kl["beta H/2 (log s^2 + 1/s^2 - 1)"] = beta * H / 2 * (math.log(s2) + 1 / s2 - 1)
    return {
        " + ".join(n for n in (one, two) if n): a + b
        for one, a in of_decoder.items()
        for two, b in of_kl.items()
    }


def parts_in_words(candidate: Candidate, weights: Sequence[Weight] | None) -> str:
    """What one of several numbers is: which terms it has, with which weights."""
    if weights is None:
        return "no sum of the terms"
    w = _named(candidate, weights)
    said = []
    if not w.residual.zero:
        row = candidate.decoder
        name = f"the {row.law.name} reconstruction"
        plain = {NORMAL: "half the squared error", LAPLACE: "the absolute error"}
        said.append(f"{w.residual} * {name if candidate.form else plain.get(row.law, name)}")
    pieces = (*w.prior, *w.entropy)
    if pieces and not pieces[0].zero:
        same = all(p.same(pieces[0]) for p in pieces)
        said.append(f"{pieces[0]} * KL" if same else "pieces of the KL with different weights")
    return " + ".join(said) or "a constant, or a function of the data"
