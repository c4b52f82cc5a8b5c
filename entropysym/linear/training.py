"""Full-batch training to a stationary point: the records, and the quasi-Newton ascent that every model shares."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from entropysym.errors import InputError, shown
from entropysym.language.records import Model
from entropysym.lowering.precision import require_x64
from entropysym.lowering.quadrature import Nodes
from entropysym.witness.elbo import density_elbo
from entropysym.witness.gap import Gap, Networks

Progress = Callable[[int, int, str], None]

#: The history keeps at most this many points, evenly spread over the iterations.
HISTORY_POINTS = 200

#: An iteration, the flat point and its objective.
Step = tuple[int, np.ndarray, float]

#: Pairs that L-BFGS remembers.
_MEMORY = 40


class Status(enum.Enum):
    """How training ended."""

    STATIONARY = "stationary: the gradient norm has reached its goal"
    LIMIT = "stopped by the limit on iterations or time before the gradient norm reached its goal"
    STALLED = "stopped because no step improves the ELBO any more, above the gradient goal"
    NOT_FINITE = "stopped at numbers that are not finite"


@dataclass(frozen=True)
class HistoryPoint:
    """ELBO, entropy sum and their difference (nats per datum) after an iteration."""

    iteration: int
    elbo: float
    entropy_sum: float
    gap: float


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model, and how far from stationary it is.

    `gap` is measured on the original data from the densities; `gradient_norm` is its gradient norm, over all learned
    parameters and weights, and `goal` what it was compared with (`message` says so where the goal is a scaled one).
    `scaled_gradient_norm` is the gradient norm in the standardised coordinates that were trained. `kind` is maximum, saddle or
    unknown, from the curvature. `arguments`, `nodes`, `weights` and `networks` are what `measure_gap` takes; the three entropies are those of
    the densities at the trained point.
    """

    model: str
    status: Status
    message: str
    gap: Gap
    gradient_norm: float
    scaled_gradient_norm: float
    goal: float
    kind: str
    restarts: int
    iterations: int
    seconds: float
    history: tuple[HistoryPoint, ...]
    arguments: Mapping[str, Any]
    nodes: Nodes
    encoder_entropy: float
    prior_entropy: float
    decoder_entropy: float
    weights: Any = None
    networks: Networks | None = None
    ppca_log_likelihood: float | None = None

    @property
    def stationary(self) -> bool:
        return self.status is Status.STATIONARY


@dataclass(frozen=True, eq=False)
class Ascent:
    """Where an ascent ended, the points it passed, and whether a limit stopped it."""

    point: Any
    path: tuple[Step, ...]
    iterations: int
    limited: bool
    finite: bool


class Ascender:
    """L-BFGS (SciPy) on a pytree of float64 arrays, with JAX gradients; restarted while it makes progress.

    Its line search compares values, so it stalls at a gradient norm of about the root of the rounding error.
    """

    def __init__(self, objective: Callable[..., jax.Array], start: Any, *constants: Any) -> None:
        require_x64()
        _, self.unravel = ravel_pytree(start)
        self.constants = constants

        def flat(v: jax.Array, *constants: Any) -> jax.Array:
            return -objective(self.unravel(v), *constants)

        self._negative = flat
        self._level = np.inf
        self._value_and_grad = jax.jit(jax.value_and_grad(flat))

    def negative(self, v: np.ndarray) -> tuple[float, np.ndarray]:
        """−objective and its gradient, for SciPy. What is not finite is a wall, low enough for the line search to step back off."""
        value, gradient = self._value_and_grad(jnp.asarray(v), *self.constants)
        value, gradient = float(value), np.asarray(gradient, np.float64)
        if np.isfinite(value) and np.isfinite(gradient).all():
            self._level = value
            return value, gradient
        return self._level + 1.0, np.zeros_like(v)

    def run(
        self,
        start: Any,
        *,
        iterations: int,
        deadline: float,
        goal: float,
        progress: Progress | None = None,
        first: int = 0,
    ) -> Ascent:
        """Ascend until the gradient norm is at most `goal`, nothing improves, or a limit is reached."""
        from scipy.optimize import minimize

        v = np.asarray(ravel_pytree(start)[0], np.float64)
        done, limited = 0, False
        self._level = np.inf
        best = self.negative(v)[0]
        path: list[Step] = [(first, v.copy(), -best)]
        if not np.isfinite(best):
            return Ascent(start, tuple(path), 0, False, False)

        def after(intermediate_result: Any) -> None:
            nonlocal done, limited
            done += 1
            elbo = -float(intermediate_result.fun)
            path.append((first + done, np.array(intermediate_result.x), elbo))
            if progress is not None:
                progress(first + done, first + iterations, f"ELBO {elbo:.6f}")
            if done >= iterations or time.monotonic() > deadline:
                limited = True
                raise StopIteration

        while not limited:
            result = minimize(
                self.negative,
                v,
                jac=True,
                method="L-BFGS-B",
                callback=after,
                options={
                    "maxiter": iterations,
                    "maxfun": 20 * iterations,
                    "maxcor": _MEMORY,
                    "ftol": 0.0,
                    "gtol": goal / np.sqrt(v.size),
                },
            )
            gained = best - float(result.fun)
            if result.fun <= best:
                v, best = np.asarray(result.x), float(result.fun)
            if np.linalg.norm(self.negative(v)[1]) <= goal or not gained > 1e-12 * abs(best):
                break
        return Ascent(
            self.unravel(jnp.asarray(v)), tuple(path), done, limited, bool(np.isfinite(v).all())
        )

    def polish(self, point: Any, *, steps: int, goal: float, deadline: float) -> Any:
        """Newton steps, each by MINRES, kept while the gradient norm falls. For small problems near a solution."""
        from scipy.sparse.linalg import LinearOperator, minres

        product = self.curvature_product()
        v = np.asarray(ravel_pytree(point)[0], np.float64)
        gradient = self.negative(v)[1]
        for _ in range(steps):
            norm = np.linalg.norm(gradient)
            if norm <= goal or time.monotonic() > deadline:
                break
            at = v
            operator = LinearOperator(  # pyright: ignore[reportCallIssue]
                (v.size, v.size),  # pyright: ignore[reportArgumentType]
                matvec=lambda u, at=at: product(at, u),  # pyright: ignore[reportCallIssue]
                dtype=np.float64,  # pyright: ignore[reportCallIssue]
            )
            step, _ = minres(operator, -gradient, rtol=1e-8, maxiter=4 * v.size)
            new = self.negative(v + step)[1]
            if not np.linalg.norm(new) < norm:
                break
            v, gradient = v + step, new
        return self.unravel(jnp.asarray(v))

    def curvature_product(self) -> Callable[[np.ndarray, Any], np.ndarray]:
        """The product of the Hessian of −objective with a vector."""
        gradient = jax.grad(self._negative)

        @jax.jit
        def product(v: jax.Array, u: jax.Array, constants: Any) -> jax.Array:
            return jax.jvp(lambda w: gradient(w, *constants), (v,), (u,))[1]

        return lambda v, u: np.asarray(product(jnp.asarray(v), jnp.asarray(u), self.constants))

    def curvature(self, point: Any) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues (ascending) and eigenvectors of the Hessian of −objective, formed densely."""
        v = np.asarray(ravel_pytree(point)[0], np.float64)
        hessian = jax.jit(jax.hessian(self._negative))(jnp.asarray(v), *self.constants)
        return np.linalg.eigh(np.asarray(hessian))


def trained_entropies(
    model: Model, arguments: Mapping[str, Any], nodes: Nodes, made: Mapping[str, Any] | None = None
) -> tuple[float, float, float]:
    """Encoder, prior and decoder entropy at a point; `made` holds the networks by name."""
    found = jax.jit(
        lambda arrays: density_elbo(model).entropies({**arrays, **(made or {})}, nodes)
    )(dict(arguments))
    return float(found.encoder), float(found.prior), float(found.decoder)


def thinned(path: Sequence[Step]) -> list[Step]:
    """At most `HISTORY_POINTS` of the points, with the first and the last."""
    if len(path) <= HISTORY_POINTS:
        return list(path)
    kept = np.unique(np.linspace(0, len(path) - 1, HISTORY_POINTS).round().astype(int))
    return [path[k] for k in kept]


def check_training(latent: int, seed: int, iterations: int, seconds: float) -> None:
    """Refuse numbers of latents, seeds and limits that make no sense, with the value."""
    for name, value, least in (
        ("latent", latent, 1),
        ("seed", seed, 0),
        ("iterations", iterations, 1),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(f"{name} is {shown(value)}; pass an integer >= {least}")
    if not seconds > 0:
        raise InputError(f"seconds is {shown(seconds)}; pass a positive number")
