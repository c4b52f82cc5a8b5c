"""Double precision: every number that supports a verdict is float64."""

from __future__ import annotations

import jax
import numpy as np

from entropysym.errors import InputError

#: Unit in which residuals are measured, together with the size of the terms.
EPS = float(np.finfo(np.float64).eps)

#: The one comparison rule: a residual of at most this many eps × (sum of absolute values of the terms).
TOLERANCE = 8.0

#: A residual has to be larger than this to refute: below, rounding that the terms do not count may be all that there is.
REFUTES = 1e3

#: Where the tolerance exceeds this many nats, agreement is no evidence.
COARSE = 1e-6


def require_x64() -> None:
    """Refuse to go on without double precision. It changes no flag: that is for the program that owns the process.

    Raises `InputError` if JAX would compute in float32.
    """
    if jax.dtypes.canonicalize_dtype(np.float64) != np.float64:
        raise InputError(
            "JAX computes in float32 here, which cannot support a verdict; call "
            'jax.config.update("jax_enable_x64", True) before any array is made, or set JAX_ENABLE_X64=1'
        )
