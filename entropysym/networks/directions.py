r"""Directions of a network's parameters along which the ELBO changes by the gap: $\mathcal F=\mathcal E+v\cdot\nabla\mathcal F$.

With the noise fixed, a motion v of all parameters moves what the network computes. It is a direction of the *decoder* if it multiplies σ² by
$e^{-t}$ at every z and moves nothing else, and one of the *prior* if for some rates $a_h$
$$D_v\nu_h=a_h\nu_h,\quad D_v\log\tau_h^2=2a_h,\quad D_v\log\alpha_h^2=2a_h-1,\quad D_v\mu=0,\quad D_v\sigma^2=0:$$
then $D_v\mathcal F$ is $\Delta_{\rm dec}$ and $\Delta_{\rm prior}$. For the shipped networks the directions are written down; for others they are the
solution of these equations by least squares, and their residual says whether there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, singledispatch
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from entropysym.networks.networks import LinearVae, Perceptron, Vae1, Vae2, Vae3
from entropysym.networks.outputs import Outputs

#: What computes the outputs: parameters, data (N, D), noise (S, H).
Network = Callable[[Any, Any, Any], Outputs]

#: A motion is exact if the equations hold to this fraction of their right-hand side.
EXACT = 1e-9

#: At least this many data points, and this many noise points, at which the equations are written down; as many others check the solution.
_ROWS, _NOISE = 24, 8

#: Up to this many parameters the equations are solved densely.
_DENSE = 2000


@singledispatch
def written(vae: Any) -> dict[str, Any] | None:
    """The directions of a shipped network, as pytrees like it: `decoder` and `prior`; None for any other, whose directions are to be solved for."""
    return None


@written.register
def _(vae: LinearVae) -> dict[str, Any]:
    scaled = (-vae.W / 2, vae.V / 2, vae.c / 2, jnp.full_like(vae.log_tau, 0.5))
    return {
        "decoder": _moving(vae, lambda m: m.log_sigma, jnp.full_like(vae.log_sigma, -0.5)),
        "prior": _moving(vae, lambda m: (m.W, m.V, m.c, m.log_tau), scaled),
    }


@written.register
def _(vae: Vae1) -> dict[str, Any]:
    return {
        "decoder": _moving(vae, lambda m: m.log_sigma2, -jnp.ones_like(vae.log_sigma2)),
        "prior": _latents_scaled(vae, lambda m: [m.mean]),
    }


@written.register
def _(vae: Vae2) -> dict[str, Any]:
    return {
        "decoder": _moving(vae, lambda m: m.log_sigma2, -jnp.ones_like(vae.log_sigma2)),
        "prior": _moving(vae, lambda m: m.log_alpha2, -jnp.ones_like(vae.log_alpha2)),
    }


@written.register
def _(vae: Vae3) -> dict[str, Any]:
    last = vae.log_variance.layers[-1].bias
    return {
        "decoder": _moving(vae, lambda m: m.log_variance.layers[-1].bias, -jnp.ones_like(last)),
        "prior": _latents_scaled(vae, lambda m: [m.mean, m.log_variance]),
    }


def _moving(vae: Any, at: Callable[[Any], Any], to: Any) -> Any:
    """The motion `to` of what `at` names, all else at rest."""
    return eqx.tree_at(at, jax.tree.map(jnp.zeros_like, vae), to)


def _latents_scaled(vae: Any, reading_z: Callable[[Any], list[Perceptron]]) -> Any:
    """The motion that scales every latent: the encoder's mean head and the bias of its log-variance make it, the first layers that read z undo it."""

    def moved(m: Any) -> list[Any]:
        head = m.encoder.mean
        firsts = [net.layers[0].weight for net in reading_z(m)]
        return [*firsts, head.weight, head.bias, m.encoder.log_variance.bias]

    *firsts, weight, bias, log_tau2 = moved(vae)
    motion = [*(-W / 2 for W in firsts), weight / 2, bias / 2, jnp.ones_like(log_tau2)]
    return _moving(vae, moved, motion)


@singledispatch
def redundant(vae: Any) -> int:
    """Flat directions that a network has by construction."""
    return 0


@redundant.register
def _(vae: Vae2) -> int:
    """The lengths of the columns that are normalised."""
    return vae.log_alpha2.size


def solved_directions(
    network: Network, parameters: Any, x: Float[Array, "N D"], eps: Float[Array, "S H"]
) -> tuple[dict[str, Any], dict[str, float]]:
    """The directions of any network by least squares, and for each the residual relative to its right-hand side.

    The equations are written down at some data and noise points, and the residual is measured at others, so that a motion which merely fits the
    points is not taken for a direction. Up to 2000 parameters the system is solved densely; above, by LSMR, which may not get to the end of an
    ill-conditioned one: then write the direction down.
    """
    flat, unravel = ravel_pytree(parameters)
    P, H = flat.size, eps.shape[-1]
    equations, fit, test = _equations(network, parameters, x, eps)
    directions, residuals = {}, {}
    for name, prior in (("decoder", False), ("prior", True)):
        zero = jnp.zeros(P + H, flat.dtype)
        sides = jax.eval_shape(lambda u, prior=prior: equations(u, fit, prior), zero)
        right = _wanted(sides, prior)
        # Enough of the equations of each kind to determine all unknowns, chosen at random.
        rng = np.random.default_rng(0)
        kept = [np.sort(rng.choice(e.size, min(e.size, 3 * (P + H)), replace=False)) for e in right]

        def chosen(sides: tuple[Array, ...], kept: list[np.ndarray] = kept) -> Array:
            return jnp.concatenate([e.ravel()[k] for e, k in zip(sides, kept, strict=True)])

        def left(u: Array, prior: bool = prior, chosen: Any = chosen) -> Array:
            return chosen(equations(u, fit, prior))

        picked = np.concatenate([e.ravel()[k] for e, k in zip(right, kept, strict=True)])
        found = (_densely if P <= _DENSE else _by_lsmr)(left, zero, picked)
        residuals[name] = _missing(equations(jnp.asarray(found), test, prior), prior)
        directions[name] = unravel(jnp.asarray(found[:P]))
    return directions, residuals


def checked_directions(
    network: Network,
    parameters: Any,
    x: Float[Array, "N D"],
    eps: Float[Array, "S H"],
    directions: Mapping[str, Any],
) -> dict[str, float]:
    """What directions that were written down leave over of their equations, relative to their right-hand side."""
    equations, points, _ = _equations(network, parameters, x, eps)
    H, found = eps.shape[-1], {}
    for name, prior in (("decoder", False), ("prior", True)):
        v = ravel_pytree(directions[name])[0]
        still = jnp.zeros(H, v.dtype)
        # The rates are what log tau^2 says they are.
        moved = equations(jnp.concatenate([v, still]), points, prior)
        rates = jnp.asarray(np.mean(np.asarray(moved[1]), axis=0) / 2)
        u = jnp.concatenate([v, rates if prior else still])
        found[name] = _missing(equations(u, points, prior), prior)
    return found


def _equations(
    network: Network, parameters: Any, x: Float[Array, "N D"], eps: Float[Array, "S H"]
) -> tuple[Callable[..., tuple[Array, ...]], tuple[Array, Array], tuple[Array, Array]]:
    """The left-hand sides as a function of (motion and rates, points, prior), and two sets of points: to solve and to check."""
    flat, unravel = ravel_pytree(parameters)
    P, H = flat.size, eps.shape[-1]
    # The encoder's weights are determined by its outputs alone, H for each data point: twice as many equations as unknowns, as far
    # as the system is solved densely.
    wanted = max(_ROWS, -(-2 * (min(P, _DENSE) + H) // H))
    fit_rows, test_rows = _two_sets(len(x), wanted)
    fit_noise, test_noise = _two_sets(len(eps), _NOISE if wanted <= 10 * _ROWS else 2)
    fit, test = (x[fit_rows], eps[fit_noise]), (x[test_rows], eps[test_noise])

    def computed(v: Array, points: tuple[Array, Array]) -> tuple[Array, ...]:
        nu, tau2, mean, sigma2, alpha2 = network(unravel(v), *points)
        # The mean in units of the standard deviation, so that all equations are of one size.
        scale = jax.lax.stop_gradient(jnp.sqrt(sigma2))
        return (
            nu,
            jnp.broadcast_to(jnp.log(tau2), nu.shape),
            jnp.broadcast_to(jnp.log(jnp.asarray(alpha2, flat.dtype)), (H,)),
            mean / scale,
            jnp.broadcast_to(jnp.log(sigma2), mean.shape),
        )

    @partial(jax.jit, static_argnums=2)
    def equations(u: Array, points: tuple[Array, Array], prior: bool) -> tuple[Array, ...]:
        a = u[P:] if prior else jnp.zeros(H, flat.dtype)
        (nu, *_), (d_nu, d_tau, d_alpha, d_mean, d_sigma) = jax.jvp(
            lambda p: computed(p, points), (flat,), (u[:P],)
        )
        return d_nu - a * nu, d_tau - 2 * a, d_alpha - 2 * a, d_mean, d_sigma

    return equations, fit, test


def _two_sets(available: int, wanted: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices to solve at and others to check at; where there are too few, all of them twice: then nothing is left to generalise to."""
    if available < 2 * wanted:
        return np.arange(min(available, wanted)), np.arange(available)
    spread = np.linspace(0, available - 1, 2 * wanted).round().astype(int)
    return spread[::2], spread[1::2]


def _wanted(sides: tuple[Any, ...], prior: bool) -> tuple[np.ndarray, ...]:
    """The right-hand sides, of the shapes of the left: log α² (of the prior) or log σ² moves by −1, all else by 0."""
    moved = 2 if prior else 4
    return tuple(np.full(e.shape, -1.0 if i == moved else 0.0) for i, e in enumerate(sides))


def _missing(sides: tuple[Array, ...], prior: bool) -> float:
    goal = _wanted(sides, prior)
    return _norm([np.asarray(a) - b for a, b in zip(sides, goal, strict=True)]) / _norm(goal)


def _norm(sides: Any) -> float:
    """A norm in which each kind of equation counts by its mean square."""
    return float(np.sqrt(sum(np.mean(e**2) for e in sides)))


def _densely(left: Callable[[Array], Array], zero: Array, right: np.ndarray) -> np.ndarray:
    # A few columns at a time: all at once would hold a copy of the network's outputs for each unknown.
    columns = jax.jit(lambda basis: jax.lax.map(left, basis, batch_size=16))(jnp.eye(zero.size))
    matrix = np.asarray(columns).T
    found = np.linalg.lstsq(matrix, right, rcond=1e-11)[0]
    # A second pass takes away what the first left to rounding.
    return found + np.linalg.lstsq(matrix, right - matrix @ found, rcond=1e-11)[0]


def _by_lsmr(left: Callable[[Array], Array], zero: Array, right: np.ndarray) -> np.ndarray:
    from scipy.sparse.linalg import LinearOperator, lsmr

    forth = jax.jit(left)
    back = jax.jit(jax.linear_transpose(left, zero))
    operator = LinearOperator(  # pyright: ignore[reportCallIssue]
        (right.size, zero.size),  # pyright: ignore[reportArgumentType]
        matvec=lambda u: np.asarray(forth(jnp.asarray(u).ravel())),  # pyright: ignore[reportCallIssue]
        rmatvec=lambda u: np.asarray(back(jnp.asarray(u).ravel())[0]),  # pyright: ignore[reportCallIssue]
        dtype=np.float64,  # pyright: ignore[reportCallIssue]
    )
    return lsmr(operator, right, atol=1e-14, btol=1e-14, conlim=0, maxiter=2000)[0]


def together(directions: Mapping[str, Any]) -> Any:
    """The sum of the directions: v in the gap identity."""
    return jax.tree.map(lambda *leaves: sum(leaves[1:], leaves[0]), *directions.values())
