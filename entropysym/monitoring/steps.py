"""A step of training as it is recorded."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from entropysym.monitoring.reports import NUMBERS, Entropies
from entropysym.shown import Shown


@dataclass(frozen=True, repr=False)
class Step(Shown, Entropies):
    """What was logged at a step, in nats per data point.

    `predicted` is v·∇F, None without a direction; `slope_decoder` and `slope_prior` are its parts where every move names its factor, else None.
    `error_decoder` and `error_prior` are standard errors of the two gaps over the data of the batch. `gradient_norm` is that of all that is trained,
    if the monitor knows it, `loss` what was passed.
    `not_finite` names what was not: arguments, logs of variances and gradients first, results last.
    """

    step: int
    predicted: float | None
    slope_decoder: float | None = None
    slope_prior: float | None = None
    error_decoder: float | None = None
    error_prior: float | None = None
    gradient_norm: float | None = None
    loss: float | None = None
    not_finite: tuple[str, ...] = ()

    def cells(self) -> dict[str, Any]:
        """All of it by name, the step first."""
        return {name: getattr(self, name) for name in CELLS}


#: The names of the cells, in their order.
CELLS = ("step", *NUMBERS, *(f.name for f in fields(Step) if f.name not in ("step", *NUMBERS)))


class NotFinite(NamedTuple):
    """The first step at which something was not finite, and what."""

    step: int
    quantity: str
