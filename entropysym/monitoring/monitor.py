r"""A monitor for any training loop: ELBO, entropy sum, the gap between them, and the gap that the loop's own gradients predict.

$$\mathcal F-\mathcal E=v\cdot\nabla\mathcal F$$ holds at every parameter value, not at stationary points only, for a direction v that tempers
prior and decoder; the gap closes as the gradient along v does. Per data point, with the logarithms as the trained parameters:

* learned prior $\alpha_h^2$ and $\sigma^2$ (VAE-2): $\log\sigma^2$ and every $\log\alpha_h^2$ move by −1;
* prior N(0, I), learned $\sigma^2$ (VAE-1): $\log\sigma^2$ by −1; the decoder's first layer W by −W/2, which $z\to z+z/2$ undoes: last layer
  of ν, weight and bias, by +1/2 of themselves, bias of $\log\tau_h^2$ by +1 (of $\log\tau_h$ by +1/2). The bias beside W rests;
* prior N(0, I), $\log\sigma^2(z)$ from a network (VAE-3): the bias of its last layer by −1, the first layers of **both** networks by −W/2, the rest as VAE-1;
* Bernoulli or Poisson decoder: the last layer, which gives logits or log-rates, by itself, weight and bias, instead of $\log\sigma^2$.

`Monitor.gaussian`, `.laplace`, `.bernoulli` and `.poisson` write these directions down from the layers.
Source: Damm et al., AISTATS 2023, for stationary points; derived for this project elsewhere.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Unpack, get_args

import numpy as np

from entropysym.errors import InputError, integer, one_of
from entropysym.files import write_whole
from entropysym.monitoring import presets
from entropysym.monitoring.arrays import (
    DECODERS,
    Given,
    Inputs,
    as_float64,
    inputs_of,
    require_support,
)
from entropysym.monitoring.evidence import Evidence, before_step, evidence_of, slopes_of
from entropysym.monitoring.judging import judged
from entropysym.monitoring.moves import (
    Motion,
    Move,
    direction_of,
    is_where,
    leaves,
    motions,
    norm,
    trained_tensors,
)
from entropysym.monitoring.reports import report_and_spread
from entropysym.monitoring.slips import Slip, slip_of
from entropysym.monitoring.steps import CELLS, NotFinite, Step
from entropysym.monitoring.stopping import WINDOW, Decision, may_stop
from entropysym.networks.readings import Reading

#: What is differentiated: the loss, minus the ELBO per data point, or the ELBO itself.
Objective = Literal["loss", "elbo"]

#: How the loss takes the data of a batch together.
Reduction = Literal["mean", "sum"]

#: So many steps with something to tell are kept, a few floats each, for `Monitor.slip`.
KEPT = 12

#: Layers that compute something else in training than in evaluation.
_TWO_MODES = ("BatchNorm", "SyncBatchNorm", "Dropout")


class Monitor:
    """Records the entropies of a VAE while somebody else trains it; keeps numbers only, no tensors of a pass and no graph.

    `direction`: how parameters move along v (see the module); empty for no prediction. `gradient_of`: "loss" if gradients are those of
    −ELBO per data point, as PyTorch's are after `loss.backward()`, "elbo" if they are those of the ELBO. `reduction`: "sum" if the loss is summed over
    the data of a batch; slopes are then divided by N. With `every`, only steps that it divides are logged. `decoder`: as for `entropies`.
    `parameters`: PyTorch's optimiser, model or list of parameters, all that is trained; then steps have a `gradient_norm`. The optimiser also lets a
    `log` after its step be recognised, the model layers that compute something else in training.
    The prediction is exact where the loss is the mean over the data of the ELBO with the analytic KL and with the samples of z that are logged,
    to the rounding of its gradients: some 1e-6 of the gap's terms where a loop computes in float32.
    Raises `InputError` for anything else.
    """

    def __init__(
        self,
        direction: Sequence[Move] = (),
        *,
        gradient_of: Objective = "loss",
        every: int = 1,
        parameters: Any = None,
        reduction: Reduction = "mean",
        decoder: str = "gaussian",
    ) -> None:
        for value, known, what in (
            (gradient_of, get_args(Objective), "objective"),
            (reduction, get_args(Reduction), "reduction"),
            (decoder, DECODERS, "decoder"),
        ):
            if value not in known:
                raise one_of(value, known, what)
        self._direction = direction_of(direction)
        self._sign = -1.0 if gradient_of == "loss" else 1.0
        self._summed = reduction == "sum"
        self._decoder = decoder
        self._every = integer("every", every)
        self._trained = None if parameters is None else trained_tensors(parameters)
        self._optimiser = parameters if hasattr(parameters, "param_groups") else None
        self._hint = _hint(parameters)
        self._history: list[Step] = []
        self._evidence: deque[Evidence] = deque(maxlen=KEPT)

    @classmethod
    def gaussian(cls, **options: Unpack[presets.GaussianOptions]) -> Monitor:
        """For a Gaussian decoder, from its layers: see `GaussianOptions` and `Options`. Without any variance, it is fixed.

        `Monitor.gaussian(encoder_mean=fc_mu, encoder_logvar=fc_logvar, decoder_first=decoder[0], log_sigma2=log_sigma2)`
        Raises `InputError` for options that are unknown, missing or too many.
        """
        return cls._of("gaussian", options, presets.GaussianOptions)

    @classmethod
    def laplace(cls, **options: Unpack[presets.LaplaceOptions]) -> Monitor:
        """For a Laplace decoder: see `LaplaceOptions` and `Options`. Raises `InputError` as `gaussian`."""
        return cls._of("laplace", options, presets.LaplaceOptions)

    @classmethod
    def bernoulli(cls, **options: Unpack[presets.BernoulliOptions]) -> Monitor:
        """For a Bernoulli decoder (binary cross-entropy): see `BernoulliOptions` and `Options`. `logits=` is the last layer, which may be the first as well.

        Raises `InputError` as `gaussian`, and if that layer is missing.
        """
        return cls._of("bernoulli", options, presets.BernoulliOptions)

    @classmethod
    def poisson(cls, **options: Unpack[presets.PoissonOptions]) -> Monitor:
        """For a Poisson decoder: see `PoissonOptions` and `Options`; `log_rate=` is the last layer. Raises `InputError` as `bernoulli`."""
        return cls._of("poisson", options, presets.PoissonOptions)

    @classmethod
    def _of(cls, decoder: str, options: Any, known: Any) -> Monitor:
        natural = DECODERS[decoder].location
        if DECODERS[decoder].law.natural and options.get(natural) is None:
            raise InputError(f"{natural} is missing; pass the last layer, which computes it")
        direction, rest = presets.split(options, known)
        return cls(direction, decoder=decoder, **rest)

    @property
    def history(self) -> tuple[Step, ...]:
        """All that was logged, oldest first."""
        return tuple(self._history)

    @property
    def first_not_finite(self) -> NotFinite | None:
        """Step and name of the first quantity that was not finite, None if all were."""
        for logged in self._history:
            if logged.not_finite:
                return NotFinite(logged.step, logged.not_finite[0])
        return None

    @property
    def slip(self) -> Slip | None:
        """The mistake in the loop that explains slopes that are not gaps, with its cure; None if nothing is wrong or fewer than three steps tell."""
        return slip_of(tuple(self._evidence), self._hint)

    def may_stop(
        self, tolerance: float, *, drift: float | None = None, window: int = WINDOW
    ) -> Decision:
        """Whether gap and drift are shown to be within `tolerance` nats over the last steps; see `stopping.may_stop`."""
        return may_stop(self._history, tolerance=tolerance, drift=drift, window=window)

    def reading(self) -> tuple[Reading, str]:
        """What the history says, in the words of `networks.readings`, and one line with the figures that led to it.

        Raises `InputError` if nothing was logged.
        """
        if not self._history:
            raise InputError("nothing is logged yet; call log() in the training loop")
        return judged(
            self._history, self._direction, self._decoder, tuple(self._evidence), self.slip
        )

    def log(
        self,
        step: int,
        *,
        nu: Any,
        tau2: Any = None,
        sigma2: Any = None,
        x: Any = None,
        mean: Any = None,
        residual2: Any = None,
        alpha2: Any = None,
        weights: Any = None,
        log_tau2: Any = None,
        logits: Any = None,
        log_rate: Any = None,
        scale: Any = None,
        loss: Any = None,
        parameters: Any = None,
        gradients: Any = None,
    ) -> Step | None:
        r"""Record a step and return it, or None at steps that `every` leaves out, without looking at the rest.

        The arrays are those of `entropies`, at the parameters whose gradient is used: with PyTorch call it **after** `loss.backward()` and **before**
        `optimizer.step()`. Otherwise pass `gradients`, and `parameters` as they are now: in the order of the direction, or the trees out of which
        its functions take them. `loss` is the loss that was differentiated; `slip` tells more with it.
        Numbers that are not finite are recorded, not refused: see `first_not_finite`.

        Raises `InputError` for what is malformed: shapes, steps that do not grow, a gradient that is missing. Nothing is recorded then.
        """
        step = integer("step", step, 0)
        if step % self._every:
            return None
        if self._history and step <= self._history[-1].step:
            raise InputError(
                f"step {step} comes after step {self._history[-1].step}; count on over the epochs"
            )
        given = inputs_of(
            Given(
                *(x, nu, tau2, sigma2, mean, residual2, alpha2, weights),
                *(log_tau2, logits, log_rate, scale, self._decoder),
            )
        )
        require_support(given)
        moved = motions(self._direction, parameters, gradients)
        return self._record(step, given, moved, self._gradient_norm(gradients), _loss(loss))

    def _record(
        self,
        step: int,
        given: Inputs,
        moved: list[Motion],
        gradient_norm: float | None,
        loss: float | None,
    ) -> Step:
        """The step, recorded, and what it says about the loop."""
        report, spread = report_and_spread(given)
        batch = len(given.nu) if self._summed else 1
        unit = self._sign / batch
        with np.errstate(all="ignore"):
            slopes = slopes_of(moved, unit) if moved else {}
            told = sum(slopes.values()) if moved else None
        numbers: dict[str, Any] = report.numbers()
        logged = Step(
            **numbers,
            step=step,
            predicted=told,
            slope_decoder=slopes.get("decoder"),
            slope_prior=slopes.get("prior"),
            error_decoder=spread.decoder,
            error_prior=spread.prior,
            gradient_norm=None if gradient_norm is None else gradient_norm / batch,
            loss=None if loss is None else loss / batch,
        )
        logged = replace(logged, not_finite=tuple(_not_finite(given, moved, logged)))
        self._history.append(logged)
        with np.errstate(all="ignore"):
            undone = self._undone(moved)
        evidence = evidence_of(given, moved, undone, unit, logged, spread.terms)
        if evidence is not None:
            self._evidence.append(evidence)
        return logged

    def _gradient_norm(self, gradients: Any) -> float | None:
        """Over all that is trained; gradients in the order of the direction are a part of it only."""
        if gradients is not None and any(map(is_where, self._direction)):
            return norm(list(leaves(gradients)))
        if self._trained is None:
            return None
        return norm([tensor.grad for tensor in self._trained])

    def _undone(self, moved: Sequence[Motion]) -> list[Motion]:
        """The motions at the parameters before the optimiser's last step, if it tells them."""
        if self._optimiser is None:
            return []
        found = []
        for move, motion in zip(self._direction, moved, strict=True):
            before = before_step(self._optimiser, move.parameter) if motion.scaled.any() else motion.parameter  # fmt: skip
            if before is None:
                return []
            times = as_float64(move.times(before.shape) if callable(move.times) else move.times, "times")  # fmt: skip
            found.append(motion._replace(scaled=times * before))
        return found

    def to_csv(self, path: str | Path) -> None:
        """Write the history as CSV, one step a line; None is an empty cell. Raises `InputError` if the file cannot be written."""
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(CELLS)
        for step in self._history:
            cells = {**step.cells(), "not_finite": "; ".join(step.not_finite)}
            lines.writerow(cells.values())
        write_whole(Path(path), text.getvalue())

    def to_json(self, path: str | Path) -> None:
        """Write the history as JSON, which has no NaN: null, and its name in not_finite. Raises `InputError` if the file cannot be written."""
        content = {
            "unit": "nats per data point",
            "history": [
                {key: _storable(value) for key, value in step.cells().items()}
                for step in self._history
            ],
        }
        write_whole(Path(path), json.dumps(content, indent=1, allow_nan=False) + "\n")

    def plot(
        self, path: str | Path, title: str = "ELBO and entropy sum in training"
    ) -> tuple[Path, Path]:
        """Draw the history as PNG and PDF beside each other (see `training_figure`); returns both paths.

        Raises `InputError` for fewer than two steps, and for an ELBO or entropy sum that is not finite.
        """
        from entropysym.pages.figure import training_figure

        if len(self._history) < 2:
            raise InputError(
                f"a figure needs at least two steps, and {len(self._history)} are logged; log more steps"
            )
        for logged in self._history:
            if not math.isfinite(logged.elbo + logged.entropy_sum):
                raise InputError(
                    f"at step {logged.step} {logged.not_finite[0]} is not finite, so nothing is drawn; the numbers are in to_csv"
                )
        points = [_Point(r.step, r.elbo, r.entropy_sum) for r in self._history]
        predicted = [_drawable(r.predicted) for r in self._history] if self._direction else None
        return training_figure(points, title, path, predicted_gap=predicted)


class _Point(NamedTuple):
    """A step in the words of the figure."""

    iteration: int
    elbo: float
    entropy_sum: float


def _loss(value: Any) -> float | None:
    if value is None:
        return None
    array = as_float64(value, "loss")
    if array.shape != ():
        raise InputError(f"loss has shape {array.shape}; pass the number that was differentiated")
    return float(array)


def _hint(parameters: Any) -> str:
    """What a model that was passed says about layers with two modes."""
    modules = parameters.modules() if hasattr(parameters, "modules") else ()
    names = [type(module).__name__ for module in modules]
    found = sorted({name for name in names if name.startswith(_TWO_MODES)})
    if not found:
        return ""
    return f"the model has {', '.join(found)}, which computes something else in training than in evaluation"


def _not_finite(given: Inputs, moved: Sequence[Motion], logged: Step) -> list[str]:
    """Names of what is not finite, causes before consequences."""
    names = [name for name, array in given.named() if not np.isfinite(array).all()]
    # A variance of 0 is finite, but the trouble has come: it has underflown, and its log is not.
    names += [
        f"log {name}"
        for name, array in given.variances()
        if name not in names and not (array > 0).all()
    ]
    for motion in moved:
        if not np.isfinite(motion.parameter).all():
            names.append(motion.label)
        if not np.isfinite(motion.gradient).all():
            names.append(f"gradient of {motion.label}")
    results = {k: v for k, v in logged.cells().items() if isinstance(v, float)}
    return names + [k for k, value in results.items() if not math.isfinite(value)]


def _storable(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _drawable(predicted: float | None) -> float:
    """A prediction that is not finite leaves no mark."""
    return predicted if predicted is not None and math.isfinite(predicted) else math.nan
