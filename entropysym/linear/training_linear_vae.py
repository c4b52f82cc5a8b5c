"""Training of the linear VAE to a stationary point, and its comparison with probabilistic PCA.

The objective is that of `linear_moments`, which reads the data's mean and covariance only. What is reported comes from the
densities, on the original data.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp
from jax.flatten_util import ravel_pytree
from jaxtyping import Float

from entropysym.data.tables import checked, require_stationary_point
from entropysym.errors import InputError
from entropysym.language.records import Model
from entropysym.linear.moments import Point, Standard, objective, original, standardised
from entropysym.linear.ppca import max_log_likelihood
from entropysym.linear.training import (
    Ascender,
    HistoryPoint,
    Progress,
    Status,
    Step,
    Trained,
    check_training,
    thinned,
    trained_entropies,
)
from entropysym.lowering.lowered import lower
from entropysym.lowering.precision import require_x64
from entropysym.lowering.quadrature import cubature
from entropysym.witness.gap import measure_gap

#: Norm of the gradient in all of W, b, sigma, V, c, tau at which a point counts as stationary.
GRADIENT_GOAL = 1e-8

#: Data whose scale or offset (in units of the scale) lies beyond this have raw gradients that carry powers of it.
_EXTREME = 1e3

#: The Hessian is formed densely, to tell maxima from saddles, up to this many parameters.
_DENSE = 2000

_RESTARTS = 4


def _start(D: int, H: int, seed: int) -> Point:
    """A random point that knows nothing of the data beyond their mean and scale."""
    k = jax.random.split(jax.random.key(seed), 4)

    def normal(key: jax.Array, shape: tuple[int, ...], scale: float) -> jax.Array:
        return scale * jax.random.normal(key, shape, jnp.float64)

    return Point(
        W=normal(k[0], (D, H), 0.3),
        b=normal(k[1], (D,), 0.1),
        log_sigma=jnp.zeros(()),
        V=normal(k[2], (H, D), 0.3 / math.sqrt(D)),
        c=normal(k[3], (H,), 0.1),
        log_tau=jnp.zeros(H),
    )


def train_linear_vae(
    model: Model,
    data: Float[np.ndarray, "N D"],
    *,
    direction: Mapping[str, sp.Expr],
    entropy_sum: sp.Expr,
    latent: int = 4,
    seed: int = 0,
    iterations: int = 4000,
    seconds: float = 60.0,
    progress: Progress | None = None,
) -> Trained:
    """Train the linear VAE (parameters W, b, sigma, V, c, tau) from a random start until its raw gradient norm is ≤ 1e-8.

    L-BFGS, then Newton steps. A saddle is left along its direction of ascent and training goes on (`restarts` counts that). For data
    whose scale or offset is extreme (beyond 1e3 or 1e-3) the goal is instead on the gradient in standardised coordinates, because raw
    gradients carry the scale. `gap.agrees` and `gap.gap` are then measured from the densities on the original data with the
    exact cubature.

    Raises `NoStationaryPointError` before training where σ² would run to 0, `InputError` for unusable data or numbers.
    Training that does not arrive says so in `status`.
    """
    began = time.monotonic()
    require_x64()
    check_training(latent, seed, iterations, seconds)
    if {p.name for p in model.parameters} != {"W", "b", "sigma", "V", "c", "tau"}:
        raise InputError(
            f"the model {model.name!r} is no linear VAE with parameters W, b, sigma, V, c, tau"
        )
    x = checked(data)
    require_stationary_point(x, latent)
    s = standardised(x)
    start = _start(x.shape[1], latent, seed)
    ascender = Ascender(objective, start, jnp.asarray(s.covariance), jnp.asarray(s.whiten))
    deadline = began + seconds
    point, done, restarts, kind = start, 0, 0, "unknown"
    path: list[Step] = []
    limited = False
    while True:
        ascent = ascender.run(
            point,
            iterations=iterations - done,
            deadline=deadline,
            goal=GRADIENT_GOAL / 10,
            progress=progress,
            first=done,
        )
        done += ascent.iterations
        path += ascent.path
        point, limited = ascent.point, ascent.limited
        if limited or not ascent.finite:
            break
        point = ascender.polish(point, steps=30, goal=1e-14, deadline=deadline)
        kind, uphill = _kind(ascender, point)
        if kind != "saddle" or restarts == _RESTARTS or done >= iterations:
            break
        restarts += 1
        point = ascender.unravel(jnp.asarray(_flat(point) + 0.1 * uphill))
    path.append((done + 1, _flat(point), -ascender.negative(_flat(point))[0]))
    arguments = {"x": jnp.asarray(x), **original(point, s)}
    gap = measure_gap(
        model,
        direction=direction,
        entropy_sum=entropy_sum,
        arguments=arguments,
        nodes=cubature(latent),
    )
    scaled = float(np.linalg.norm(ascender.negative(_flat(point))[1]))
    status, message = _verdict(s, gap.finite, gap.gradient_norm, scaled, limited)
    if restarts:
        message += f"; left a saddle {restarts} time{'s' if restarts > 1 else ''}"
    history = _history(model, ascender, entropy_sum, path, s)
    encoder, prior, decoder = trained_entropies(model, arguments, cubature(latent))
    return Trained(
        model=model.name,
        status=status,
        message=message,
        gap=gap,
        gradient_norm=gap.gradient_norm,
        scaled_gradient_norm=scaled,
        goal=GRADIENT_GOAL,
        kind=kind,
        restarts=restarts,
        iterations=done,
        seconds=time.monotonic() - began,
        history=history,
        arguments=arguments,
        nodes=cubature(latent),
        encoder_entropy=encoder,
        prior_entropy=prior,
        decoder_entropy=decoder,
        ppca_log_likelihood=max_log_likelihood(x, latent),
    )


def _flat(point: Any) -> np.ndarray:
    return np.asarray(ravel_pytree(point)[0])


def _kind(ascender: Ascender, point: Point) -> tuple[str, np.ndarray]:
    """Maximum or saddle, by the least curvature of −ELBO, and the direction of that curvature."""
    if _flat(point).size > _DENSE:
        return "unknown", np.zeros(0)
    values, vectors = ascender.curvature(point)
    # Flat directions (rotations, constant columns) have curvature zero up to rounding.
    return ("saddle" if values[0] < -1e-7 * values[-1] else "maximum"), vectors[:, 0]


def _verdict(
    s: Standard, finite: bool, raw: float, scaled: float, limited: bool
) -> tuple[Status, str]:
    if not finite:
        return Status.NOT_FINITE, Status.NOT_FINITE.value
    offset = float(np.abs(s.mean).max()) / s.scale
    extreme = not 1 / _EXTREME <= s.scale <= _EXTREME or offset > _EXTREME
    if raw <= GRADIENT_GOAL:
        return Status.STATIONARY, f"raw gradient norm {raw:.1e} <= {GRADIENT_GOAL:.0e}"
    if extreme and scaled <= GRADIENT_GOAL:
        return Status.STATIONARY, (
            f"gradient norm {scaled:.1e} <= {GRADIENT_GOAL:.0e} in standardised coordinates (raw {raw:.1e}; "
            f"scale of the data {s.scale:.1e}, offset {offset:.1e} scales)"
        )
    status = Status.LIMIT if limited else Status.STALLED
    return status, f"{status.value}: raw gradient norm {raw:.1e} > {GRADIENT_GOAL:.0e}"


def _history(
    model: Model,
    ascender: Ascender,
    entropy_sum: sp.Expr,
    path: list[Step],
    s: Standard,
) -> tuple[HistoryPoint, ...]:
    kept = thinned(path)
    lowered = lower(entropy_sum, model)
    wanted = set(lowered.signature) - lowered.wanted.optional
    if not wanted <= {p.name for p in model.parameters}:
        raise InputError(
            f"the entropy sum of a linear VAE reads {sorted(wanted)}; it needs parameters only"
        )

    @jax.jit
    @jax.vmap
    def right(v: jax.Array) -> jax.Array:
        return lowered(**original(ascender.unravel(v), s))

    sums = right(jnp.asarray(np.stack([v for _, v, _ in kept])))
    shift = s.mean.size * math.log(s.scale)
    return tuple(
        HistoryPoint(i, F - shift, float(E), F - shift - float(E))
        for (i, _, F), E in zip(kept, sums, strict=True)
    )
