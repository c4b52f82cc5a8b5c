r"""The six families of the random graphs in NumPy, typed once more: $\log p-\log h$ at a value, and the entropy.

Nothing that the prover derives stands here; a test compares the entropies with sums and integrals. With a base measure h the entropy is the pseudo entropy
$-\mathbb E\log(p/h)$. The arguments may be complex, since the oracle differentiates with complex steps; |u| and softplus are taken by their real parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from scipy import special

from ..evaluating import exponential, lifted, logarithm

Array = Any

absolute = lifted(np.abs, np.sign)
sigmoid = lifted(special.expit, lambda t: special.expit(t) * special.expit(-t))
softplus = lifted(lambda t: np.logaddexp(0, t), special.expit)


@dataclass(frozen=True)
class Typed:
    """$\\log(p/h)$ of a value and arguments, and the entropy of arguments; of a one-hot family both take lists over the classes."""

    log_density: Callable[..., Array]
    entropy: Callable[..., Array]


def _normal(x: Array, mean: Array, variance: Array) -> Array:
    u = x - mean
    return -(np.log(2 * np.pi) + logarithm(variance) + u * u / variance) / 2


def _laplace(x: Array, location: Array, scale: Array) -> Array:
    return -absolute(x - location) / scale - np.log(2) - logarithm(scale)


def _log_normaliser(logits: Sequence[Array]) -> Array:
    return logarithm(reduce(add, map(exponential, logits)))


def _mean(weights: Sequence[Array], values: Sequence[Array]) -> Array:
    return reduce(add, (w * v for w, v in zip(weights, values, strict=True)))


def _logits_entropy(logits: Sequence[Array]) -> Array:
    total = _log_normaliser(logits)
    return total - _mean([exponential(t - total) for t in logits], logits)


TYPED = {
    "Normal": Typed(_normal, lambda m, v: (np.log(2 * np.pi) + 1 + logarithm(v)) / 2),
    "Laplace": Typed(_laplace, lambda m, b: 1 + np.log(2) + logarithm(b)),
    "Bernoulli": Typed(lambda x, t: x * t - softplus(t), lambda t: softplus(t) - t * sigmoid(t)),
    "Poisson": Typed(lambda x, t: x * t - exponential(t), lambda t: exponential(t) * (1 - t)),
    "Categorical": Typed(
        lambda x, p: _mean(x, [logarithm(each) for each in p]),
        lambda p: -_mean(p, [logarithm(each) for each in p]),
    ),
    "CategoricalLogits": Typed(lambda x, t: _mean(x, t) - _log_normaliser(t), _logits_entropy),
}
