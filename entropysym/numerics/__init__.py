"""The numerical witness: both sides of "ELBO = entropy sum" evaluated with JAX, in float64.

>>> from entropysym import numerics
>>> "measure_gap" in numerics.__all__
True

* `lower`: a SymPy expression of the language as a JAX function with named arguments.
* `density_elbo`: the ELBO of a model straight from its densities; no derived formula is used.
* `measure_gap`: the gap identity F = E + v·∇J at one point, J being what learning maximises; `sweep`: at thousands of random ones; `try_variants`: on wrong
  right-hand sides, which must be rejected.
* `cubature`, `gauss_hermite`, `low_discrepancy`, `normal_noise`: nodes for expectations; `Points` where the encoder is not drawn from noise.
* `load`, `require_stationary_point`: data, and whether the theorem says anything about them.
* `max_log_likelihood`, `maximum_point`: probabilistic PCA in closed form; `stationary_point`, `nondiagonal_saddle`,
  `fixed_variance_point`, `beta_point`: the stationary points of the linear VAE, and `hessian_inertia`, which tells what they are.
* `COUNTER_EXAMPLES`: trained models with a vanishing gradient and a gap, for the claims that are refused.
* `train_linear_vae`, `train_vae2`: full-batch training, with an honest status.

Quantities are in nats per datum. Residuals are in units of eps × (sum of the absolute values of the terms), the tolerance is
8 of them, and what is not finite never passes. Nothing here changes a global flag: `require_x64` says what to do.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from entropysym.numerics.counterexamples import COUNTER_EXAMPLES, CounterExample
    from entropysym.numerics.data import load, require_stationary_point
    from entropysym.numerics.elbo import DensityElbo, ElboParts, Entropies, density_elbo
    from entropysym.numerics.gap import Gap, gap_function, measure_gap
    from entropysym.numerics.lowering import Lowered, lower
    from entropysym.numerics.mutations import Variant, variants
    from entropysym.numerics.ppca import max_log_likelihood, maximum_point
    from entropysym.numerics.precision import EPS, TOLERANCE, require_x64
    from entropysym.numerics.quadrature import (
        Nodes,
        Points,
        cubature,
        gauss_hermite,
        low_discrepancy,
        normal_noise,
    )
    from entropysym.numerics.stationary_points import (
        Inertia,
        StationaryPoint,
        beta_point,
        fixed_variance_point,
        hessian_inertia,
        nondiagonal_saddle,
        stationary_point,
    )
    from entropysym.numerics.sweeps import Sweep, VariantResult, sweep, try_variants
    from entropysym.numerics.training import HistoryPoint, Status, Trained
    from entropysym.numerics.training_linear_vae import train_linear_vae
    from entropysym.numerics.training_vae2 import train_vae2

__all__ = [
    "COUNTER_EXAMPLES",
    "EPS",
    "TOLERANCE",
    "CounterExample",
    "DensityElbo",
    "ElboParts",
    "Entropies",
    "Gap",
    "HistoryPoint",
    "Inertia",
    "Lowered",
    "Nodes",
    "Points",
    "StationaryPoint",
    "Status",
    "Sweep",
    "Trained",
    "Variant",
    "VariantResult",
    "beta_point",
    "cubature",
    "density_elbo",
    "fixed_variance_point",
    "gap_function",
    "gauss_hermite",
    "hessian_inertia",
    "load",
    "low_discrepancy",
    "lower",
    "max_log_likelihood",
    "maximum_point",
    "measure_gap",
    "nondiagonal_saddle",
    "normal_noise",
    "require_stationary_point",
    "require_x64",
    "stationary_point",
    "sweep",
    "train_linear_vae",
    "train_vae2",
    "try_variants",
    "variants",
]

# Where each name lives. Reading data needs no JAX and networks need Equinox, so each module loads when first asked for.
_HOME = {
    "counterexamples": ("COUNTER_EXAMPLES", "CounterExample"),
    "data": ("load", "require_stationary_point"),
    "elbo": ("DensityElbo", "ElboParts", "Entropies", "density_elbo"),
    "gap": ("Gap", "gap_function", "measure_gap"),
    "lowering": ("Lowered", "lower"),
    "ppca": ("max_log_likelihood", "maximum_point"),
    "precision": ("EPS", "TOLERANCE", "require_x64"),
    "quadrature": (
        *("Nodes", "Points", "cubature", "gauss_hermite"),
        *("low_discrepancy", "normal_noise"),
    ),
    "stationary_points": (
        *("Inertia", "StationaryPoint", "beta_point", "fixed_variance_point"),
        *("hessian_inertia", "nondiagonal_saddle", "stationary_point"),
    ),
    "sweeps": ("Sweep", "VariantResult", "sweep", "try_variants"),
    "training": ("HistoryPoint", "Status", "Trained"),
    "training_linear_vae": ("train_linear_vae",),
    "training_vae2": ("train_vae2",),
    "mutations": ("Variant", "variants"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOME.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
