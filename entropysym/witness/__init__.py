"""The numerical witness: both sides of "ELBO = entropy sum" evaluated with JAX, in float64.

* `density_elbo`: the ELBO of a model straight from its densities; no derived formula is used.
* `measure_gap`: the gap identity F = E + v·∇J at one point, J being what learning maximises; `measure`: at networks of one's own, with both
  witnesses; `sweep`: at thousands of random points; `try_variants`: on wrong right-hand sides, which must be rejected.

Quantities are in nats per datum. What is not finite never passes.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.witness.elbo import DensityElbo, ElboParts, density_elbo, entropy_sum
    from entropysym.witness.gap import Gap, gap_function, measure_gap
    from entropysym.witness.measuring import Measurement, measure, objective
    from entropysym.witness.mutations import Variant, variants
    from entropysym.witness.sweeps import Sweep, VariantResult, sweep, try_variants

__getattr__, __dir__ = lazily(
    __name__,
    {
        "elbo": "DensityElbo ElboParts density_elbo entropy_sum",
        "gap": "Gap gap_function measure_gap",
        "measuring": "Measurement measure objective",
        "mutations": "Variant variants",
        "sweeps": "Sweep VariantResult sweep try_variants",
    },
)
