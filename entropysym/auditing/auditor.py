"""`es.audit`: the rows of one distribution."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from entropysym.auditing.adapters import subject_of
from entropysym.auditing.checks import audited
from entropysym.auditing.records import Audit


def audit(distribution: Any, **about: Any) -> Audit:
    r"""Check a distribution against integrals of its own log-density, in nats.

    `distribution` is a frozen distribution of SciPy, an object of `torch.distributions`, NumPyro or EFAX, a record (`es.families.GAMMA`; `size=` that of vectors), or a log-density alone:
    a function f(x, **parameters) of one draw in JAX or PyTorch, or of an array of draws in NumPy. It comes with `support` (a word such as "positive", "from 1", "simplex", or a pair (low, high)),
    `parameters` (a dictionary of numbers and arrays), and may have `size` (of vectors and matrices), `entropy` (a function of the parameters), `kl` (of two dictionaries), `other` (parameters of q) and
    `name`. Objects bring their own; `parameters` changes some of them.

    Rows: support, normalised, gradient, scores, entropy, intercept (the entropy by regression of log p on the scores), kl, kl of equals. A row *fails* only where a second
    quadrature, with other nodes in another coordinate, finds the same number to 1e-6; whatever is not known is *not shown*.

    Raises `InputError` for what is no distribution, and for a log-density without support or parameters.

    >>> import numpy as np
    >>> def log_density(x, rate):
    ...     return np.log(rate) - rate * x
    >>> found = audit(log_density, support="positive", parameters={"rate": 2.0}, entropy=lambda rate: 1 + np.log(rate))
    >>> [row.check for row in found.alarms]
    ['entropy', 'intercept']
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of overflows in the tails, which weigh nothing
        return audited(subject_of(distribution, **about))
