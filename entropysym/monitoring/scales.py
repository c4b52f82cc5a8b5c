r"""Whether one learned scale of a decoder is stationary, from errors and the scale alone: for saved autoencoders of which nothing else is at hand.

A Laplace decoder with scale b, such as the autoencoders of latent diffusion train (`logvar` is log b, the loss $|x-m|/e^{\mathrm{logvar}}+\mathrm{logvar}$), or a Normal one
with variance σ². With R the mean of $|x-m|$ or of $(x-m)^2$, and D entries for each datum, the decoder's part of ELBO minus entropy sum is
$$D\,(1-R/b)\qquad\text{or}\qquad\tfrac D2\,(1-R/\sigma^2),$$
minus the derivative of the ELBO by the log-scale: 0 exactly where $\log b=\log R$. A perceptual term that was added to the errors in training counts in R.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from entropysym.errors import InputError, one_of, real, shown
from entropysym.monitoring.arrays import as_float64, require

#: What a law takes: D times this for each unit of 1 - R / scale.
_RATES = {"laplace": 1.0, "normal": 0.5}


@dataclass(frozen=True)
class ScaleReport:
    """The scale's part of the gap, nats per datum, with the standard error over the data; the log-scale that is stationary; what moving it there would gain."""

    law: str
    log_scale: float
    stationary_log_scale: float
    gap_decoder: float
    error: float
    gain: float
    entries: int

    @property
    def is_stationary(self) -> bool | None:
        """True if the gap is below 1e-6 nat for each entry, False if it is more than four standard errors from 0, None if these data do not tell."""
        if abs(self.gap_decoder) <= 1e-6 * self.entries:
            return True
        return False if abs(self.gap_decoder) > 4 * self.error else None

    def __str__(self) -> str:
        told = {
            True: "is stationary",
            False: "is not stationary",
            None: "may be stationary: these data do not tell",
        }
        return (
            f"the log-scale {self.log_scale:.6g} {told[self.is_stationary]}; {self.stationary_log_scale:.6g} would be, and gain {self.gain:.4g} nat per datum; "
            f"the decoder's part of the gap is {self.gap_decoder:+.4g} ± {self.error:.2g} nat per datum"
        )


def scale_report(errors: Any, log_scale: Any, *, law: str = "laplace") -> ScaleReport:
    r"""The report on per-element errors (N, …), $|x-m|$ for "laplace" or $(x-m)^2$ for "normal", and the one log-scale: log b, or log σ².

    Raises `InputError` for another law, errors that are negative, not finite or all 0, and a log-scale that is no number.

    >>> import numpy as np
    >>> print(scale_report(np.full((100, 3), 0.5), 0.0))
    the log-scale 0 is not stationary; -0.693147 would be, and gain 0.5794 nat per datum; the decoder's part of the gap is +1.5 ± 0 nat per datum
    """
    if law not in _RATES:
        raise one_of(law, _RATES, "law")
    values = as_float64(errors, "errors")
    if values.ndim < 2 or not values.size:
        raise InputError(f"errors has shape {values.shape}; pass (N, …), each entry of each datum")
    require(np.isfinite(values), "errors", values, "is not finite; remove or impute it")
    require(values >= 0, "errors", values, "is negative; pass |x - m| or (x - m)^2")
    number = real(np.asarray(as_float64(log_scale, "log_scale")).reshape(-1)[0]) if np.size(log_scale) == 1 else None  # fmt: skip
    if number is None or not math.isfinite(number):
        raise InputError(f"log_scale is {shown(log_scale)}; pass one finite number")
    each = values.reshape(len(values), -1)
    D, rate, R = each.shape[1], _RATES[law], float(each.mean())
    if R == 0:
        raise InputError("all errors are 0: the log-scale has no stationary point")
    ratio = R * math.exp(-number)
    spread = each.mean(axis=1) * math.exp(-number)
    error = float(spread.std(ddof=1) / math.sqrt(len(each))) if len(each) > 1 else math.inf
    return ScaleReport(
        law=law,
        log_scale=number,
        stationary_log_scale=math.log(R),
        gap_decoder=rate * D * (1 - ratio),
        error=rate * D * error,
        gain=rate * D * (ratio - 1 - math.log(ratio)),
        entries=D,
    )
