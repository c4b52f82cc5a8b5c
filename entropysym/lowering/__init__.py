"""From formula to function: an expression of the language as a function of arrays, of JAX, NumPy or PyTorch, with named arguments.

* `lower`: a SymPy expression as a function; `Lowered` tells its signature. `source`: its text as Python code.
* `cubature`, `gauss_hermite`, `low_discrepancy`, `normal_noise`: `Nodes` for expectations; `Points` where the encoder is not drawn from noise.

Residuals are in units of eps × (sum of the absolute values of the terms), the tolerance is 8 of them. Nothing here changes a global
flag: `require_x64` says what to do.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.lowering.generating import source
    from entropysym.lowering.lowered import Lowered, LoweredEquation, lower
    from entropysym.lowering.precision import EPS, TOLERANCE, require_x64
    from entropysym.lowering.quadrature import (
        Nodes,
        Points,
        cubature,
        gauss_hermite,
        low_discrepancy,
        normal_noise,
    )

__getattr__, __dir__ = lazily(
    __name__,
    {
        "generating": "source",
        "lowered": "Lowered LoweredEquation lower",
        "precision": "EPS TOLERANCE require_x64",
        "quadrature": "Nodes Points cubature gauss_hermite low_discrepancy normal_noise",
    },
)
