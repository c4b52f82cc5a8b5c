r"""A monitor for any training loop: ELBO, entropy sum, the gap between them, and the gap that the loop's own gradients predict.

$$\mathcal F-\mathcal E=v\cdot\nabla\mathcal F$$ holds at every parameter value, not at stationary points only, for a direction v that tempers
prior and decoder; the gap closes as the gradient along v does. Per data point, with the logarithms as the trained parameters:

* learned prior $\alpha_h^2$ and $\sigma^2$ (VAE-2): $\log\sigma^2$ and every $\log\alpha_h^2$ move by −1;
* prior N(0, I), learned $\sigma^2$ (VAE-1): $\log\sigma^2$ by −1; the decoder's first layer W by −W/2, which $z\to z+z/2$ undoes: last layer
  of ν, weight and bias, by +1/2 of themselves, bias of $\log\tau_h^2$ by +1 (of $\log\tau_h$ by +1/2). The bias beside W rests;
* prior N(0, I), $\log\sigma^2(z)$ from a network (VAE-3): the bias of its last layer by −1, the first layers of **both** networks by −W/2, the rest as VAE-1.

Source: Damm et al., AISTATS 2023, for stationary points; derived for this project elsewhere.
"""

from __future__ import annotations

import csv
import io
import json
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from entropysym.errors import InputError, one_of, shown
from entropysym.files import write_whole
from entropysym.monitoring.arrays import Given, Inputs, as_float64, inputs_of
from entropysym.monitoring.reports import NUMBERS, Entropies, report

#: What is differentiated: the loss, minus the ELBO per data point, or the ELBO itself.
Objective = Literal["loss", "elbo"]


@dataclass(frozen=True, eq=False)
class Move:
    """How one parameter moves along the direction: v = times · parameter + plus.

    `parameter` is PyTorch's own, whose `.grad` is read; where gradients are passed to `Monitor.log` it may be None.
    `times` and `plus` are numbers, or arrays of the parameter's shape, such as for a head that holds ν and log τ² in one layer.
    """

    parameter: Any = None
    times: Any = 0.0
    plus: Any = 0.0
    name: str = ""


@dataclass(frozen=True)
class Step(Entropies):
    """What was logged at a step, in nats per data point.

    `predicted` is v·∇F, None without a direction. `not_finite` names what was not: arguments, logs of variances and gradients first, results last.
    """

    step: int
    predicted: float | None
    not_finite: tuple[str, ...] = ()

    def cells(self) -> dict[str, Any]:
        """All of it by name, the step first."""
        last = {"predicted": self.predicted, "not_finite": self.not_finite}
        return {"step": self.step, **self.numbers(), **last}


class NotFinite(NamedTuple):
    """The first step at which something was not finite, and what."""

    step: int
    quantity: str


class Monitor:
    """Records the entropies of a Gaussian VAE while somebody else trains it; keeps numbers only, no tensors and no graph.

    `direction`: how parameters move along v (see the module); empty for no prediction. `gradient_of`: "loss" if gradients are those of
    −ELBO per data point, as PyTorch's are after `loss.backward()`, "elbo" if they are those of the ELBO. With `every`, only steps that it divides are logged.
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
    ) -> None:
        if gradient_of not in get_args(Objective):
            raise one_of(gradient_of, get_args(Objective), "objective")
        self._direction = _direction(direction)
        self._sign = -1.0 if gradient_of == "loss" else 1.0
        self._every = _integer(every, "every")
        if self._every < 1:
            raise InputError(f"every is {self._every}; pass an integer >= 1")
        self._history: list[Step] = []

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

    def log(
        self,
        step: int,
        *,
        nu: Any,
        tau2: Any,
        sigma2: Any,
        x: Any = None,
        mean: Any = None,
        residual2: Any = None,
        alpha2: Any = None,
        weights: Any = None,
        parameters: Sequence[Any] | None = None,
        gradients: Sequence[Any] | None = None,
    ) -> Step | None:
        r"""Record a step and return it, or None at steps that `every` leaves out, without looking at the rest.

        The arrays are those of `entropies`, at the parameters whose gradient is used: with PyTorch call it **after** `loss.backward()` and **before**
        `optimizer.step()`. Otherwise pass `gradients`, and `parameters` as they are now, in the order of the direction.
        Numbers that are not finite are recorded, not refused: see `first_not_finite`.

        Raises `InputError` for what is malformed: shapes, steps that do not grow, a gradient that is missing. Nothing is recorded then.
        """
        step = _integer(step, "step")
        if step % self._every:
            return None
        if self._history and step <= self._history[-1].step:
            raise InputError(
                f"step {step} comes after step {self._history[-1].step}; count on over the epochs"
            )
        given = inputs_of(Given(x, nu, tau2, sigma2, mean, residual2, alpha2, weights))
        numbers = report(given).numbers()
        motion = self._motion(parameters, gradients)
        with np.errstate(all="ignore"):
            predicted = self._sign * sum(float((v * g).sum()) for _, v, g in motion)
        told = predicted if self._direction else None
        bad = tuple(_not_finite(given, motion, {**numbers, "predicted": told}))
        logged = Step(**numbers, step=step, predicted=told, not_finite=bad)
        self._history.append(logged)
        return logged

    def _motion(
        self, parameters: Sequence[Any] | None, gradients: Sequence[Any] | None
    ) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Label, v and gradient of each parameter of the direction."""
        direction = self._direction
        if gradients is None:
            if parameters is not None:
                raise InputError("parameters are passed without gradients; pass gradients too")
            parameters = [move.parameter for move in direction]
            gradients = [_grad(move, k) for k, move in enumerate(direction)]
        elif parameters is None:
            # A tensor of PyTorch is trained in place; an array of JAX in the direction would be that of the first step.
            for k, move in enumerate(direction):
                if not _is_tensor(move.parameter):
                    raise InputError(
                        f"gradients are passed, but not the present value of {_label(move, k)}; pass parameters, too"
                    )
            parameters = [move.parameter for move in direction]
        for name, values in (("parameters", parameters), ("gradients", gradients)):
            if len(values) != len(direction):
                raise InputError(
                    f"{len(values)} {name} for a direction of {len(direction)} moves; pass one for each, in its order"
                )
        return [
            _moved(move, _label(move, k), parameter, gradient)
            for k, (move, parameter, gradient) in enumerate(
                zip(direction, parameters, gradients, strict=True)
            )
        ]

    def to_csv(self, path: str | Path) -> None:
        """Write the history as CSV, one step a line; None is an empty cell. Raises `InputError` if the file cannot be written."""
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(("step", *NUMBERS, "predicted", "not_finite"))
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


def _direction(direction: Sequence[Move]) -> tuple[Move, ...]:
    if not isinstance(direction, Sequence):
        raise InputError(f"the direction is {shown(direction)}; pass a list of Moves")
    moves = tuple(direction)
    for k, move in enumerate(moves):
        if not isinstance(move, Move):
            raise InputError(f"the direction holds {shown(move)}; pass Moves")
        # The .grad of what is computed from parameters stays None, and asking for it warns.
        if not getattr(move.parameter, "is_leaf", True):
            raise InputError(
                f"{_label(move, k)} is computed from other tensors; pass the trained parameter itself"
            )
        for earlier in moves[:k]:
            if move.parameter is not None and move.parameter is earlier.parameter:
                raise InputError(
                    f"{_label(move, k)} is in the direction twice; add up its times and plus in one Move"
                )
    return moves


def _integer(value: Any, name: str) -> int:
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{name} is {shown(value)}; pass an integer") from None
    if number < 0:
        raise InputError(f"{name} is {number}; pass an integer >= 0")
    return number


def _is_tensor(parameter: Any) -> bool:
    return hasattr(parameter, "grad")


def _label(move: Move, k: int) -> str:
    if move.name:
        return move.name
    shape = getattr(move.parameter, "shape", None)
    of_shape = "" if shape is None else f" with shape {tuple(shape)}"
    return f"parameter {k} of the direction{of_shape}"


def _grad(move: Move, k: int) -> Any:
    """What PyTorch has left in `.grad`."""
    if not _is_tensor(move.parameter):
        raise InputError(
            f"{_label(move, k)} is no PyTorch parameter, so its gradient cannot be read; pass parameters and gradients to log()"
        )
    if move.parameter.grad is None:
        raise InputError(
            f"{_label(move, k)} has no gradient (.grad is None); call log() after loss.backward() and before zero_grad(), "
            "and see that the loss depends on it"
        )
    return move.parameter.grad


def _moved(
    move: Move, label: str, parameter: Any, gradient: Any
) -> tuple[str, np.ndarray, np.ndarray]:
    now, slope = as_float64(parameter, label), as_float64(gradient, f"the gradient of {label}")
    if now.shape != slope.shape:
        raise InputError(
            f"the gradient of {label} has shape {slope.shape}, but the parameter {now.shape}; pass them in the order of the direction"
        )
    times, plus = (
        _coefficient(value, f"{word} of {label}", now.shape)
        for word, value in (("times", move.times), ("plus", move.plus))
    )
    with np.errstate(all="ignore"):
        return label, times * now + plus, slope


def _coefficient(value: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    array = as_float64(value, name)
    if array.shape not in ((), shape):
        raise InputError(
            f"{name} has shape {array.shape}, but the parameter {shape}; pass a number or an array of the parameter's shape"
        )
    if not np.isfinite(array).all():
        raise InputError(f"{name} is {shown(value)}; pass finite numbers")
    return array


def _not_finite(
    given: Inputs, motion: Sequence[tuple[str, np.ndarray, np.ndarray]], results: dict[str, Any]
) -> list[str]:
    """Names of what is not finite, causes before consequences."""
    names = [name for name, array in given.named() if not np.isfinite(array).all()]
    # A variance of 0 is finite, but the trouble has come: it has underflown, and its log is not.
    names += [
        f"log {name}"
        for name, array in given.variances()
        if name not in names and not (array > 0).all()
    ]
    for label, v, gradient in motion:
        if not np.isfinite(v).all():
            names.append(label)
        if not np.isfinite(gradient).all():
            names.append(f"gradient of {label}")
    return names + [
        k for k, value in results.items() if value is not None and not math.isfinite(value)
    ]


def _storable(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _drawable(predicted: float | None) -> float:
    """A prediction that is not finite leaves no mark."""
    return predicted if predicted is not None and math.isfinite(predicted) else math.nan
