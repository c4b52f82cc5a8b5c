r"""Of which model a loss is the ELBO, found by calling it: decoder law, KL weight, implied variance, what was dropped, and what holds at stationary points.

>>> import numpy as np
>>> def loss(recon_x, x, mu, logvar):
...     kl = -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum()
...     return ((recon_x - x) ** 2).mean() + kl / len(x)
>>> found = identify_objective(loss)
>>> found.law, str(found.sigma2), found.kind  # a mean over D pixels is a variance of D/2
('normal', '0.5*D', 'fixed scale')
>>> found.sigma2.at({"D": 784})
392.0

The loss is called on random batches of several sizes and regressed on the terms of `terms`. It is named only if every call, also those that were
held out, is met to the rounding of the loss; else it is unknown. That a loss is explained says so for the ranges that were tried (`tested`), no further.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from entropysym.losses.calls import (
    Case,
    Loss,
    Range,
    Shape,
    batch_sizes,
    called,
    cases,
    must_agree,
    prepared,
    wide_cases,
)
from entropysym.losses.fits import (
    ONE,
    ROUNDING,
    Batch,
    Candidate,
    Fit,
    Weight,
    candidates,
    fitted,
    hidden,
    unit_of_rounding,
    weight_of,
)
from entropysym.losses.readings import Meaning, meaning_of, parts_in_words
from entropysym.losses.terms import (
    ENCODER_MEAN,
    ENCODER_SCALE,
    LAPLACE,
    NORMAL,
    SAMPLE,
    THRESHOLDS,
    KlRow,
    X,
    kl_of,
)
from entropysym.losses.theorems import THEOREMS


@dataclass(frozen=True)
class Identified:
    r"""What a loss is. With $S$ the `overall` weight and $\overline{\ \cdot\ }$ the mean over the batch, and up to `constant`,

    $$\text{loss}=S\;\overline{-\log p(x|z)+\beta\,\mathrm{KL}(q\,\|\,N(0,s^2I))},\qquad s^2=\texttt{prior\_variance}.$$

    * `kind`: the row of `THEOREMS` that applies, with `theorem`, `provided` and `cure` its sentences; "unknown" if the loss is not explained.
    * `law` and `written`: the decoder's law, and what the loss takes for its reconstruction (mean, logits, probabilities, …).
    * `beta`: a `Weight`, which may depend on sizes. With a fixed scale it is 1: the weight is in the scale.
    * `scale`: of a Normal law the variance, of a Laplace law b: a `Weight`, "learned" or "optimal". `scale_factor`: the model's scale over the one
      that the argument says, 1 unless the normaliser has another weight than the residual.
    * `reduction`: what is summed and averaged. `constant`: what the loss leaves out of the negative ELBO, in words, in nats per datum.
    * `maximised`: it is the ELBO itself, not the negative one. `parts`: what further numbers that the loss returns are.
    * `residual`: the largest deviation relative to the terms (of the nearest candidate, where unknown). `tested`: how far it was tried.
    * `notes`: what else should be known.
    """

    kind: str
    residual: float
    tested: str
    law: str | None = None
    written: str | None = None
    beta: Weight | None = None
    scale: Weight | str | None = None
    scale_factor: Weight = ONE
    prior_variance: Weight = ONE
    overall: Weight | None = None
    reduction: str = ""
    constant: str = ""
    maximised: bool = False
    parts: Mapping[str | int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def sigma2(self) -> Weight | str | None:
        """The variance of a Normal decoder: a `Weight`, "learned" or "optimal"; None for any other law."""
        return self.scale if self.law == "normal" else None

    @property
    def is_elbo(self) -> bool:
        """Whether it is the ELBO of a model, up to scale, sign, constant and the weight of the KL."""
        return THEOREMS[self.kind].elbo

    @property
    def model(self) -> str:
        """The model, in words."""
        named = f" ({self.law}, on {self.written})" if self.law and self.is_elbo else ""
        return THEOREMS[self.kind].model + named

    @property
    def theorem(self) -> str:
        """What holds at stationary points."""
        return THEOREMS[self.kind].holds

    @property
    def provided(self) -> str:
        """The conditions of `theorem`, on the networks, which a loss does not show."""
        return THEOREMS[self.kind].provided

    @property
    def cure(self) -> str:
        """What to change so that the equality holds."""
        return THEOREMS[self.kind].cure

    def __str__(self) -> str:
        name = {"normal": "sigma^2", "laplace": "b"}.get(self.law or "", "scale")
        numbers = [
            f"{label} = {value}"
            for label, value in ((name, self.scale), ("KL weight beta", self.beta))
            if value is not None
        ]
        if self.prior_variance != ONE:
            numbers.append(f"prior N(0, {self.prior_variance} I)")
        lines = {
            "model": self.model,
            "": "; ".join(numbers),
            "reduction": self.reduction,
            "left out": self.constant,
            "at stationary points": self.theorem,
            "provided": self.provided,
            "to change": self.cure,
            "parts": "; ".join(f"{name}: {what}" for name, what in self.parts.items()),
            "note": "; ".join(self.notes),
            "tested": self.tested,
        }
        return "\n".join(f"{k}: {v}" if k else v for k, v in lines.items() if v)


class _Called(NamedTuple):
    """All calls: for each batch the totals and the parts; what one unit of rounding is, and what was not finite."""

    batches: list[Batch]
    totals: list[np.ndarray]
    parts: dict[str | int, list[np.ndarray]]
    rounding: float
    trouble: str


def identify_objective(
    loss: Callable[..., Any],
    *,
    roles: Mapping[str, str] | Sequence[str] | None = None,
    shapes: Mapping[str, Shape] | None = None,
    given: Mapping[str, Any] | None = None,
    total: str | int | None = None,
    arrays: str | None = None,
) -> Identified:
    """Say of which model a scalar loss is the ELBO, from calls on random arrays (NumPy, PyTorch or JAX).

    * `loss`: a function of arrays, whose arguments are data, reconstruction, and the encoder's mean and (log-)variance; perhaps the decoder's scale and a sample
      of z. It returns a number, or a dictionary or tuple with it and its parts. Arguments are told by their names (`loss_terms.ROLES`).
    * `roles`: what the names do not tell, {"argument": role}; or all roles as a list in the order of the arguments.
    * `shapes`: by role, with names for sizes that may vary and numbers for those that may not, the batch first: {"x": ("B", 1, 28, 28)}. Left out: x ("B", "D"),
      encoder mean ("B", "H"), decoder scale (); reconstruction as x, encoder scale and latent sample as encoder mean. A weight cannot be recognised as 1/D
      where D does not vary.
    * `given`: values of further arguments, such as {"kld_weight": 0.00025}. `total`: the name or position of what is trained, where several numbers come back.
    * `arrays`: "numpy", "torch" or "jax"; left out, each that is imported is tried.

    In nats. Raises `InputError` for arguments without a role, a loss that cannot be called, returns no number, is no function of its arguments
    (draws noise, counts its calls) or is computed in half precision.
    """
    ready, accepted = called(prepared(loss, roles, shapes, given, total), arrays)
    answer = _identified_on(ready, accepted[0])
    if answer.kind != "unknown":
        return answer
    for data in accepted[1:]:  # a loss that cuts data at 1/2 is a Bernoulli law's for binary ones
        again = _identified_on(ready, data, of_discrete=True)
        if again.kind != "unknown":
            return again
    return answer


def _identified_on(loss: Loss, data: str, of_discrete: bool = False) -> Identified:
    sizes = batch_sizes(loss)
    calls = _evaluated(loss, data, sizes[:1])  # the other sizes only if this one is explained
    if calls.trouble:
        return _unknown(math.inf, calls.trouble)
    candidate, fit = _candidate(calls, of_discrete)
    if not fit.explained:
        return _unknown(fit.residual, _nearest(candidate, fit), _unexplained_parts(calls))
    calls = _evaluated(loss, data, sizes)
    return (
        _unknown(math.inf, calls.trouble) if calls.trouble else _read(loss, data, calls, candidate)
    )


def _evaluated(loss: Loss, data: str, sizes: Sequence[Mapping[str, int]]) -> _Called:
    batches = [
        Batch(s, cases(loss, s, data, np.random.default_rng(k))) for k, s in enumerate(sizes)
    ]
    results = [[loss(case.point) for case in batch.cases] for batch in batches]
    must_agree(results[0][0][""], loss(batches[0].cases[0].point)[""])
    names = [name for name in results[0][0] if name != ""]
    totals = [np.array([r[""] for r in some]) for some in results]
    parts = {n: [np.array([r.get(n, math.nan) for r in some]) for some in results] for n in names}
    rounding = unit_of_rounding(np.concatenate(totals).tolist())
    return _Called(batches, totals, parts, rounding, _not_finite(batches, totals))


def _not_finite(batches: Sequence[Batch], totals: Sequence[np.ndarray]) -> str:
    """Where the first value that is not finite came from, in words; nothing if all are."""
    for batch, values in zip(batches, totals, strict=True):
        for case, value in zip(batch.cases, values, strict=True):
            if not math.isfinite(value):
                return f"not finite: {value} at sizes {dict(batch.sizes)}, {_spread(case)}"
    return ""


def _candidate(calls: _Called, of_discrete: bool) -> tuple[Candidate, Fit]:
    """The first candidate that explains the loss at the first sizes; the nearest one if none does. With `of_discrete` laws of discrete data only."""
    batch, values = calls.batches[0], calls.totals[0]
    nearest: tuple[Candidate, Fit] | None = None
    for candidate in candidates(batch.cases[0].point):
        if of_discrete and not candidate.decoder.law.natural:
            continue
        fit = fitted(candidate, batch, values, calls.rounding)
        if fit.explained:
            return candidate, fit
        if nearest is None or fit.residual < nearest[1].residual:
            nearest = candidate, fit
    assert nearest is not None
    return (None if of_discrete else _with_threshold(calls)) or nearest


def _with_threshold(calls: _Called) -> tuple[Candidate, Fit] | None:
    """A candidate whose KL has a threshold: plain where every KL is large; the level comes from a batch where every KL is small, and must explain the rest."""
    batch, values = calls.batches[0], calls.totals[0]
    if not {ENCODER_MEAN, ENCODER_SCALE} <= set(batch.cases[0].point):
        return None
    high = [k for k, case in enumerate(batch.cases) if case.high]
    for candidate in candidates(batch.cases[0].point):
        if candidate.kl is None or candidate.kl.sampled:
            continue
        plain = candidate._replace(kl=candidate.kl._replace(threshold=THRESHOLDS[0]))
        fit = fitted(plain, batch, values, calls.rounding, high)
        if fit.explained and fit.weights[-1]:
            for there in _thresholds(plain, fit, batch, values):
                whole = fitted(there, batch, values, calls.rounding)
                if whole.explained:
                    return there, whole
    return None


def _thresholds(plain: Candidate, fit: Fit, batch: Batch, values: np.ndarray) -> list[Candidate]:
    """The thresholds, each with the level that it would have to have."""
    assert plain.kl is not None
    form = plain.kl.form
    kls = {k: kl_of(form, c.point) for k, c in enumerate(batch.cases) if c.group == 0}
    low = min(kls, key=lambda k: kls[k].sum())
    rest = batch.columns(plain)[low, :-1] @ fit.weights[:-1] + fit.constants[0]
    left = float((values[low] - rest) / fit.weights[-1])
    found = []
    for threshold in THRESHOLDS:
        level = threshold.level(left, kls[low])
        short = [float(f"{level:.{digits}g}") for digits in (1, 2, 3, 4, 5)]  # what somebody wrote
        for one in (*short, level):
            if abs(one - level) <= 1e-3 * abs(level):  # the fit must confirm it
                found.append(plain._replace(kl=KlRow(form, threshold=threshold, level=one)))
    return found


_TOO_SMALL = "a term changes the loss by so little that rounding hides its weight; compute the loss in float64"


def _read(loss: Loss, data: str, calls: _Called, candidate: Candidate) -> Identified:
    """What the weights at all sizes say, after the tests that may still refuse it."""
    fits: list[Fit] = []
    for batch, values in zip(calls.batches, calls.totals, strict=True):
        fits.append(fitted(candidate, batch, values, calls.rounding))
        if not fits[-1].explained:
            said = f"explained at sizes {calls.batches[0].sizes}, not at {batch.sizes}"
            return _unknown(fits[-1].residual, said, _unexplained_parts(calls))
    if any(hidden(f, 2 if candidate.form else 1) for f in fits):
        return _unknown(fits[0].residual, _TOO_SMALL)
    first, weights = fits[0], _weights(fits, calls)
    if weights is None:
        numbers = [f.weights.round(6).tolist() for f in fits]
        said = f"explained, but the weights {numbers} are no powers of the sizes {[b.sizes for b in calls.batches]}"
        return _unknown(first.residual, said)
    meaning = meaning_of(loss, candidate, weights, first, calls.batches[0])
    if meaning.kind == "no KL" and _reads_encoder(loss, calls.batches[0]):
        return _unknown(first.residual, _TOO_SMALL)
    wide, reached = _wide(loss, data, calls, candidate, first)
    if wide is not None:
        return _unknown(wide, "explained for reconstructions in (0, 1), not all over their range")
    return _named(candidate, meaning, fits, calls, f"{_DATA[data]}, {reached}")


#: The kinds of data in words.
_DATA = {"unit": "data in (0, 1)", "counts": "counts", "binary": "binary data"}


def _weights(fits: Sequence[Fit], calls: _Called) -> list[Weight] | None:
    """The weight of each column as a number times powers of the sizes; None if one is not."""
    found, sizes = [], [b.sizes for b in calls.batches]
    for column in range(len(fits[0].weights)):
        numbers = [float(f.weights[column]) for f in fits]
        found.append(weight_of(numbers, [float(f.errors[column]) for f in fits], sizes))
    known = [w for w in found if w is not None]
    return known if len(known) == len(found) else None


def _reads_encoder(loss: Loss, batch: Batch) -> bool:
    """Whether the loss changes at all when nothing but the encoder's arguments does."""
    one, other = batch.cases[0].point, batch.cases[1].point
    encoder = {r: other[r] for r in (ENCODER_MEAN, ENCODER_SCALE, SAMPLE) if r in other}
    return loss(one)[""] != loss({**one, **encoder})[""]


def _wide(
    loss: Loss, data: str, calls: _Called, candidate: Candidate, first: Fit
) -> tuple[float | None, str]:
    """The deviation all over the range if it is more than rounding, else None; and how far was tried."""
    row, kl = candidate.decoder, candidate.kl
    location = row.law in (NORMAL, LAPLACE) and data == "unit"
    allowed = Range(
        "real" if location else data,
        row.domain,
        bool(kl and kl.form.positive),
        bool(candidate.form and candidate.form.positive),
    )
    sizes = calls.batches[0].sizes
    batch = Batch(sizes, wide_cases(loss, sizes, allowed, np.random.default_rng(99)))
    try:
        values = np.array([loss(case.point)[""] for case in batch.cases])
    except Exception as error:  # a loss may refuse what lies outside of (0, 1)
        return None, f"reconstructions in (0, 1); beyond, it raises {type(error).__name__}"
    if not np.isfinite(values).all():
        return None, "reconstructions in (0, 1); beyond, it is not finite"
    columns = batch.columns(candidate)
    differences = values - columns @ first.weights
    terms = np.abs(columns) @ np.abs(first.weights) + np.abs(values)
    residual = float((np.abs(differences - np.median(differences)) / terms).max())
    # The weights themselves are known to rounding only, which counts in full here.
    open_ = float((np.abs(columns) @ first.errors / terms).max())
    reached = f"{row.domain} reconstructions, scales within exp(±5)"
    return (None if residual <= ROUNDING * calls.rounding + open_ else residual), reached


def _named(
    candidate: Candidate, meaning: Meaning, fits: Sequence[Fit], calls: _Called, reached: str
) -> Identified:
    row = candidate.decoder
    number = sum(map(len, calls.totals))
    precision = "double" if calls.rounding < 1e-10 else "single"
    sizes = ", ".join(str(dict(b.sizes)) for b in calls.batches)
    return Identified(
        residual=max(f.residual for f in fits),
        tested=f"{number} calls at sizes {sizes}, in {precision} precision; {reached}",
        law=None if meaning.kind == "no reconstruction" else row.law.name,
        written=None if meaning.kind == "no reconstruction" else row.written,
        parts=_parts(candidate, calls),
        **meaning._asdict(),
    )


def _parts(candidate: Candidate, calls: _Called) -> dict[str | int, str]:
    """What each further number is, from the columns that explain the total."""
    said: dict[str | int, str] = {}
    for name, values in calls.parts.items():
        fits = [
            fitted(candidate, batch, some, calls.rounding)
            for batch, some in zip(calls.batches, values, strict=True)
        ]
        explained = all(f.explained for f in fits)
        said[name] = parts_in_words(candidate, _weights(fits, calls) if explained else None)
    return said


def _unexplained_parts(calls: _Called) -> tuple[str, ...]:
    """Which further numbers are no term of an ELBO either."""
    batch, foreign = calls.batches[0], []
    for name, values in calls.parts.items():
        tried = (
            fitted(c, batch, values[0], calls.rounding) for c in candidates(batch.cases[0].point)
        )
        if not any(f.explained for f in tried):
            foreign.append(f"{name} is no term of an ELBO that is known here")
    return tuple(foreign)


def _nearest(candidate: Candidate, fit: Fit) -> str:
    row = candidate.decoder
    return f"the nearest is {row.law.name} on {row.written}, which leaves {fit.residual:.1e} of the terms unexplained"


def _unknown(residual: float, said: str, notes: tuple[str, ...] = ()) -> Identified:
    return Identified("unknown", residual, said, notes=notes)


def _spread(case: Case) -> str:
    return ", ".join(
        f"{role} in [{a.min():.3g}, {a.max():.3g}]" for role, a in case.point.items() if role != X
    )
