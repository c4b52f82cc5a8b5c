r"""The laws that factors of trained networks have, in numbers: log-density, entropy and gap, one row each.

The gap of a factor is $\log p(x)+\mathcal H[p]$ in a form that loses no digits; its expectation is what the factor adds to ELBO minus entropy sum:

* Normal, mean m and variance v: $\frac12\big(1-(x-m)^2/v\big)$. Laplace, location m and scale b: $1-|x-m|/b$.
* Bernoulli, logit η: $(x-p)\,\eta$ with $p=1/(1+e^{-\eta})$, for x in [0, 1]. Categorical, logits η over the last axis: $\sum_k(x_k-p_k)\log p_k$.
* Poisson, log-rate η: $(x-e^\eta)\,\eta$, where the entropy is the pseudo entropy relative to the base measure $1/x!$,
  $e^\eta-\eta e^\eta$, plus $\log x!$ of the data.

What tempering moves, with $\log p\to\log p+t\,(\log p+\mathcal H)$: a log-scale by −`rate`, or every natural parameter by itself.
All is in nats and for each entry; of a categorical, for each class. The same formulas serve NumPy and JAX: `xp` is either module, so that neither is imported here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from entropysym.errors import one_of

_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Law:
    """One row: `arguments` by name, and functions of (xp, x, *arguments); the entropy's x is read by a base measure only.

    `rate` is what tempering takes from the log-scale (the last argument, whose power `power` the scale is); None for natural parameters, which move by themselves.
    Of these, `mean` is the expectation of x.
    """

    name: str
    arguments: tuple[str, ...]
    log_density: Callable[..., Any]
    entropy: Callable[..., Any]
    gap: Callable[..., Any]
    rate: float | None = None
    power: float = 1.0
    mean: Callable[..., Any] | None = None

    @property
    def natural(self) -> bool:
        """Tempering multiplies the (only) argument."""
        return self.rate is None


def _softplus(xp: Any, eta: Any) -> Any:
    return xp.logaddexp(0.0 * eta, eta)


def _sigmoid(xp: Any, eta: Any) -> Any:
    return xp.exp(-_softplus(xp, -eta))


def _log_softmax(xp: Any, eta: Any) -> Any:
    if xp.__name__ != "numpy":
        from jax.nn import log_softmax

        # Not by the largest entry's own derivative: compiled, it is compared with itself computed anew, and where no entry equals it there is NaN.
        return log_softmax(eta, axis=-1)
    below = eta - eta.max(axis=-1, keepdims=True)
    return below - xp.log(xp.exp(below).sum(axis=-1, keepdims=True))


def _log_factorial(xp: Any, x: Any) -> Any:
    if xp.__name__ == "numpy":
        from scipy.special import gammaln
    else:
        from jax.scipy.special import gammaln
    return gammaln(x + 1.0)


def _categorical_gap(xp: Any, x: Any, eta: Any) -> Any:
    log_p = _log_softmax(xp, eta)
    return (x - xp.exp(log_p)) * log_p


def _categorical_entropy(xp: Any, x: Any, eta: Any) -> Any:
    log_p = _log_softmax(xp, eta)
    return -xp.exp(log_p) * log_p


NORMAL = Law(
    "normal",
    ("mean", "variance"),
    lambda xp, x, m, v: -(_LOG_2PI + xp.log(v) + (x - m) ** 2 / v) / 2,
    lambda xp, x, m, v: (1 + _LOG_2PI + xp.log(v)) / 2 + 0 * m,
    lambda xp, x, m, v: (1 - (x - m) ** 2 / v) / 2,
    rate=0.5,
    power=0.5,
)
LAPLACE = Law(
    "laplace",
    ("location", "scale"),
    lambda xp, x, m, b: -xp.log(2 * b) - xp.abs(x - m) / b,
    lambda xp, x, m, b: 1 + xp.log(2 * b) + 0 * m,
    lambda xp, x, m, b: 1 - xp.abs(x - m) / b,
    rate=1.0,
)
BERNOULLI = Law(
    "bernoulli",
    ("logits",),
    lambda xp, x, eta: x * eta - _softplus(xp, eta),
    lambda xp, x, eta: _softplus(xp, eta) - eta * _sigmoid(xp, eta),
    lambda xp, x, eta: (x - _sigmoid(xp, eta)) * eta,
    mean=_sigmoid,
)
CATEGORICAL = Law(
    "categorical",
    ("logits",),
    lambda xp, x, eta: x * _log_softmax(xp, eta),
    _categorical_entropy,
    _categorical_gap,
    mean=lambda xp, eta: xp.exp(_log_softmax(xp, eta)),
)
POISSON = Law(
    "poisson",
    ("log_rate",),
    lambda xp, x, eta: x * eta - xp.exp(eta) - _log_factorial(xp, x),
    lambda xp, x, eta: xp.exp(eta) * (1 - eta) + _log_factorial(xp, x),
    lambda xp, x, eta: (x - xp.exp(eta)) * eta,
    mean=lambda xp, eta: xp.exp(eta),
)

#: The rows by name.
LAWS = {law.name: law for law in (NORMAL, LAPLACE, BERNOULLI, CATEGORICAL, POISSON)}


def law(name: str) -> Law:
    """The row of this name. Raises `InputError` for any other."""
    if name not in LAWS:
        raise one_of(name, LAWS, "law")
    return LAWS[name]
