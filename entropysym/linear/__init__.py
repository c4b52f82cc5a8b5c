"""What only the linear VAE has: probabilistic PCA, an ELBO from two moments, and stationary points in closed form.

* `max_log_likelihood`, `maximum_point`: probabilistic PCA.
* `stationary_point`, `nondiagonal_saddle`, `fixed_variance_point`, `beta_point`: the stationary points of the linear VAE, and
  `hessian_inertia`, which tells what they are.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.linear.ppca import max_log_likelihood, maximum_point
    from entropysym.linear.stationary_points import (
        Inertia,
        StationaryPoint,
        beta_point,
        fixed_variance_point,
        hessian_inertia,
        nondiagonal_saddle,
        stationary_point,
    )

__getattr__, __dir__ = lazily(
    __name__,
    {
        "ppca": "max_log_likelihood maximum_point",
        "stationary_points": "Inertia StationaryPoint beta_point fixed_variance_point hessian_inertia nondiagonal_saddle stationary_point",
    },
)
