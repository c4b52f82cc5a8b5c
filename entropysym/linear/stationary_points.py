r"""Stationary points of the linear VAE in closed form: maxima, saddles, fixed variance, and the β-objective.

With eigenvalues λ of the 1/N covariance, $M=W^\top W+\sigma^2I$ and V, c, τ at their optimum, the ELBO is
$\mathrm{LL}-\frac12(\sum_h\log M_{hh}-\log\det M)$, where LL is the log-likelihood of probabilistic PCA with the same W and σ². Latents that are
not active are collapsed: $W_{:h}=0$, $V_{h:}=0$, $\tau_h=1$.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Float

from entropysym.data.tables import checked, require_stationary_point
from entropysym.errors import InputError, NoStationaryPointError, integer, shown, whole
from entropysym.linear.moments import objective, standardised, to_standard
from entropysym.linear.ppca import spectrum
from entropysym.lowering.precision import require_x64

#: Eigenvalues of a Hessian below this, relative to the largest, count as zero.
_FLAT = 1e-9


@dataclass(frozen=True, eq=False)
class StationaryPoint:
    """A stationary point of a linear VAE's objective, and what its closed forms say, in nats per datum.

    `parameters` are W (D, H), b (D,), sigma (), V (H, D), c (H,) and tau (H,). `active` are the eigenvectors in use, counted from 0.
    `log_likelihood` is that of probabilistic PCA with the same W and sigma.
    """

    kind: str
    parameters: Mapping[str, jax.Array]
    active: tuple[int, ...]
    elbo: float
    entropy_sum: float
    log_likelihood: float


@dataclass(frozen=True)
class Inertia:
    """How many eigenvalues of the objective's Hessian are positive, negative and zero."""

    positive: int
    negative: int
    zero: int

    @property
    def kind(self) -> str:
        """maximum (also if some directions are flat), saddle or minimum."""
        if self.positive == 0:
            return "maximum"
        return "saddle" if self.negative else "minimum"


@dataclass(frozen=True, eq=False)
class _Data:
    mean: Float[np.ndarray, " D"]
    values: Float[np.ndarray, " D"]
    vectors: Float[np.ndarray, "D D"]

    @property
    def size(self) -> int:
        return self.values.size

    @staticmethod
    def of(x: Float[np.ndarray, "N D"], H: int) -> _Data:
        require_x64()
        integer("the number of latents", H)
        x = checked(x)
        return _Data(x.mean(axis=0), *spectrum(x))


def stationary_point(
    x: Float[np.ndarray, "N D"], H: int, subset: Sequence[int] | None = None
) -> StationaryPoint:
    r"""The point with the eigenvectors in `subset` active (counted from 0; the H leading ones by default): $\sigma^2$ is the mean of the others.

    The H leading ones give the maximum, every other subset a saddle. Raises `InputError` for a subset that is no subset, is larger than H, or
    has an eigenvalue below σ², and `NoStationaryPointError` where σ² would be 0.
    """
    require_stationary_point(x, H)
    data = _Data.of(x, H)
    active = _subset(range(H) if subset is None else subset, H, data.size)
    sigma2 = _left_out(data, active).mean()
    _positive(sigma2)
    low = [i for i in active if data.values[i] < sigma2]
    if low:
        raise InputError(
            f"eigenvalue {low[0]} is {data.values[low[0]]:.3g}, below the mean {sigma2:.3g} of those left out: no real W has it"
        )
    return _diagonal("diagonal", data, H, active, float(sigma2))


def fixed_variance_point(x: Float[np.ndarray, "N D"], H: int, sigma2: float) -> StationaryPoint:
    r"""The maximum while $\sigma^2$ is held fixed: the at most H leading eigenvectors with $\lambda_i>\sigma^2$ are active.

    The gap is $\frac12\sum_{i\notin act}(1-\lambda_i/\sigma^2)$. Raises `InputError` unless sigma2 is positive and finite.
    """
    data = _Data.of(x, H)
    if not 0 < sigma2 < math.inf:
        raise InputError(f"sigma2 is {shown(sigma2)}; pass a positive number")
    active = tuple(i for i in range(min(H, data.size)) if data.values[i] > sigma2)
    return _diagonal("fixed variance", data, H, active, float(sigma2))


def beta_point(x: Float[np.ndarray, "N D"], H: int, beta: float) -> StationaryPoint:
    r"""The maximum of the β-objective: the $k\le H$ leading ones with $\lambda_i>\beta\sigma^2$ are active, $\sigma^2=\sum_{i\notin act}\lambda_i/(D-k\beta)$.

    The plain ELBO equals the entropy sum there. Raises `InputError` unless beta is positive and finite, and
    `NoStationaryPointError` where σ² would be 0.
    """
    data = _Data.of(x, H)
    if not 0 < beta < math.inf:
        raise InputError(f"beta is {shown(beta)}; pass a positive number")
    D, k = data.size, 0
    sigma2 = data.values.sum() / D
    # One more is active as long as its eigenvalue exceeds the threshold, which is then lowered; D > k beta all the way.
    while k < min(H, D) and data.values[k] > beta * sigma2:
        k += 1
        left = data.values[k:].sum()
        sigma2 = left / (D - k * beta) if left > 0 else 0.0
        _positive(sigma2)
    return _diagonal("beta", data, H, tuple(range(k)), float(sigma2), beta)


def nondiagonal_saddle(
    x: Float[np.ndarray, "N D"], H: int = 2, pair: tuple[int, int] = (0, 1)
) -> StationaryPoint:
    r"""The saddle of the ELBO whose first two latents share the eigenvectors `pair`: $M_{11}=M_{22}=m$ and $M_{12}\ne0$.

    With $m=((\sqrt{\lambda_i}+\sqrt{\lambda_j})/2)^2$, $WW^\top+\sigma^2I$ has the eigenvalues $\sqrt{\lambda_im}$ and $\sqrt{\lambda_jm}$. The ELBO equals the entropy sum; the
    log-likelihood is higher by $\frac12(2\log m-\log\det M)$. Raises as `stationary_point` does, also for equal eigenvalues.
    """
    require_stationary_point(x, H)
    data = _Data.of(x, H)
    active = _subset(pair, H, data.size)
    if len(active) != 2:
        raise InputError(f"the pair is {shown(pair)}; pass two different eigenvectors, and H >= 2")
    li, lj = (float(data.values[i]) for i in active)
    if li == lj:
        raise InputError(f"the eigenvalues of the pair {shown(pair)} are equal: M is diagonal")
    sigma2 = float(_left_out(data, active).mean())
    _positive(sigma2)
    m = ((math.sqrt(li) + math.sqrt(lj)) / 2) ** 2
    model_values = np.sqrt(np.array([li, lj]) * m)
    if model_values.min() < sigma2:
        raise InputError(
            f"the model's eigenvalue {model_values.min():.3g} is below the mean {sigma2:.3g} of those left out: no real W has it"
        )
    turn = np.array([[1.0, 1.0], [-1.0, 1.0]]) / math.sqrt(2)
    W = np.zeros((data.size, H))
    W[:, :2] = data.vectors[:, list(active)] * np.sqrt(model_values - sigma2) @ turn
    M = W.T @ W + sigma2 * np.eye(H)
    tau2 = np.ones(H)
    tau2[:2] = sigma2 / m
    F = -0.5 * data.size * _LOG_2_PI_E - math.log(m) - 0.5 * (data.size - 2) * math.log(sigma2)
    higher = math.log(m) - 0.25 * math.log(li * m) - 0.25 * math.log(lj * m)
    point = _parameters(data, W, sigma2, np.linalg.solve(M, W.T), tau2)
    return StationaryPoint("non-diagonal", point, active, F, F, F + higher)


def hessian_inertia(
    x: Float[np.ndarray, "N D"],
    parameters: Mapping[str, jax.Array],
    *,
    fixed: Sequence[str] = (),
    beta: float = 1.0,
) -> Inertia:
    """The inertia of the ELBO's Hessian (of the β-objective's, for another beta) at a stationary point of a linear VAE.

    It does not depend on coordinates; whitened ones are used, and eigenvalues below 1e-9 of the largest count as zero: rotations among
    equal eigenvalues, and columns of V on directions in which the data are constant. `fixed` names parameters that are not learned.
    """
    require_x64()
    unknown = sorted(set(fixed) - {"W", "b", "sigma", "V", "c", "tau"})
    if unknown:
        raise InputError(f"unknown parameter {unknown[0]!r} in fixed")
    s = standardised(checked(x))
    point = to_standard(parameters, s)
    held = {{"sigma": "log_sigma", "tau": "log_tau"}.get(name, name) for name in fixed}
    moving = {k: v for k, v in point._asdict().items() if k not in held}
    C, whiten = jnp.asarray(s.covariance), jnp.asarray(s.whiten)
    flat, unravel = ravel_pytree(moving)
    hessian = jax.jit(
        jax.hessian(lambda v: objective(point._replace(**unravel(v)), C, whiten, beta))
    )(flat)
    values = np.linalg.eigvalsh(np.asarray(hessian))
    level = _FLAT * np.abs(values).max()
    positive, negative = int(np.sum(values > level)), int(np.sum(values < -level))
    return Inertia(positive, negative, values.size - positive - negative)


_LOG_2_PI_E = math.log(2 * math.pi * math.e)


def _subset(subset: Sequence[int], H: int, D: int) -> tuple[int, ...]:
    active = tuple(-1 if (i := whole(given)) is None else i for given in subset)
    if len(set(active)) != len(active) or not all(0 <= i < D for i in active):
        raise InputError(
            f"the subset {shown(tuple(subset))} is no set of integers from 0 to {D - 1}"
        )
    if len(active) > min(H, D - 1):
        raise InputError(
            f"{len(active)} eigenvectors are active, but at most {min(H, D - 1)} can be"
        )
    return active


def _left_out(data: _Data, active: tuple[int, ...]) -> np.ndarray:
    return np.delete(data.values, list(active))


def _positive(sigma2: float) -> None:
    if not sigma2 > 0:
        raise NoStationaryPointError(
            "the eigenvalues left out are 0, so sigma2 runs to 0 and the ELBO has no finite stationary point there"
        )


def _diagonal(
    kind: str, data: _Data, H: int, active: tuple[int, ...], sigma2: float, beta: float = 1.0
) -> StationaryPoint:
    r"""$W=U(L-\beta\sigma^2)^{1/2}$, $V=(W^\top W+\beta\sigma^2)^{-1}W^\top$, $\tau_h^2=\beta\sigma^2/\lambda_h$."""
    D, k, chosen = data.size, len(active), list(active)
    values = data.values[chosen]
    W, V, tau2 = np.zeros((D, H)), np.zeros((H, D)), np.ones(H)
    W[:, :k] = data.vectors[:, chosen] * np.sqrt(np.maximum(values - beta * sigma2, 0.0))
    V[:k] = W[:, :k].T / values[:, None]
    tau2[:k] = beta * sigma2 / values
    E = 0.5 * np.log(tau2).sum() - 0.5 * D * (_LOG_2_PI_E + math.log(sigma2))
    # R / sigma^2 is D where sigma^2 is at its optimum.
    error = _left_out(data, active).sum() + beta * k * sigma2
    F = E + 0.5 * (D - error / sigma2)
    # The model's covariance has the eigenvalues L - (beta - 1) sigma^2 on the active directions.
    model_values = values - (beta - 1) * sigma2
    fit = (values / model_values).sum() + _left_out(data, active).sum() / sigma2
    LL = -0.5 * (
        D * math.log(2 * math.pi) + np.log(model_values).sum() + (D - k) * math.log(sigma2) + fit
    )
    return StationaryPoint(
        kind, _parameters(data, W, sigma2, V, tau2), active, float(F), float(E), float(LL)
    )


def _parameters(
    data: _Data, W: np.ndarray, sigma2: float, V: np.ndarray, tau2: np.ndarray
) -> dict[str, jax.Array]:
    point = {
        "W": W,
        "b": data.mean,
        "sigma": np.sqrt(sigma2),
        "V": V,
        "c": -V @ data.mean,
        "tau": np.sqrt(tau2),
    }
    return {name: jnp.asarray(value, jnp.float64) for name, value in point.items()}
