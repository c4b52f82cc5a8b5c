r"""A certificate for any point of any Gaussian VAE: the gap, what the gradient predicts of it, the bound, and what kind of point it is.

$$\Delta=\mathcal F-\mathcal E=v\cdot\nabla\mathcal F,\qquad|\Delta|\le\|v\|\,\|\nabla\mathcal F\|.$$
The gradient is that of the claim's own ELBO on all data, whatever was trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal
from jax.flatten_util import ravel_pytree
from jaxtyping import Float

from entropysym.ascent.curvature import DENSE
from entropysym.ascent.curvature import hessian as dense_hessian
from entropysym.ascent.curvature import inertia as inertia_of
from entropysym.data.tables import checked
from entropysym.errors import InputError, shown
from entropysym.lowering.averaging import averaged
from entropysym.lowering.precision import COARSE, EPS, TOLERANCE, require_x64
from entropysym.lowering.quadrature import Nodes
from entropysym.networks.directions import (
    EXACT,
    Network,
    checked_directions,
    redundant,
    solved_directions,
    together,
    written,
)
from entropysym.networks.networks import outputs
from entropysym.networks.outputs import Outputs, Parts, parts
from entropysym.networks.readings import Figures, Reading, reading_of


@dataclass(frozen=True)
class Certificate:
    """How far from ELBO = entropy sum a point is, and why; nats per data point.

    `slopes` are the derivatives of the ELBO along the direction of decoder and prior, and `gap_decoder` and `gap_prior` what they predict.
    `residual` is |gap − predicted| in eps × terms, and `tolerance` what 8 of them are in nats. `missing` tells what each direction leaves over of its equations, relative to their size;
    `origin` whether the directions were written down with a shipped network, given by the caller, or solved for.
    `quadrature_error` estimates the error of the expectation: the change of the ELBO under other nodes, if such were given.
    """

    elbo: float
    encoder_entropy: float
    prior_entropy: float
    decoder_entropy: float
    gap: float
    gap_decoder: float
    gap_prior: float
    predicted: float
    slopes: Mapping[str, float]
    residual: float
    tolerance: float
    gradient_norm: float
    trained_gradient_norm: float
    direction_norm: float
    missing: Mapping[str, float]
    origin: str
    inertia: tuple[int, int, int] | None
    quadrature_error: float | None
    reading: Reading
    message: str

    @property
    def entropy_sum(self) -> float:
        """Encoder minus prior minus decoder entropy."""
        return self.encoder_entropy - self.prior_entropy - self.decoder_entropy

    @property
    def bound(self) -> float:
        r"""$\|v\|\,\|\nabla\mathcal F\|$."""
        return self.direction_norm * self.gradient_norm

    @property
    def exact(self) -> bool:
        """Both directions solve their equations, so that the gap *is* the predicted one."""
        return max(self.missing.values(), default=0.0) <= EXACT

    @property
    def agrees(self) -> bool:
        """The gap is the predicted one, and the directions solve their equations: to 8 eps × terms, or to the accuracy of least squares."""
        if not (np.isfinite(self.residual) and self.exact):
            return False
        if self.origin == "solved":
            return abs(self.gap - self.predicted) <= 1e-8 * (1 + abs(self.gap))
        # Where the tolerance itself is a large part of a nat, agreement is no evidence.
        return self.residual <= TOLERANCE and self.tolerance <= COARSE


def certify(
    network: Network,
    parameters: Any,
    data: Float[np.ndarray, "N D"] | Float[jax.Array, "N D"],
    nodes: Nodes,
    *,
    directions: Mapping[str, Any] | None = None,
    trained: Callable[[Any], jax.Array] | None = None,
    batch: int | None = None,
    finer: Nodes | None = None,
    goal: float = 1e-8,
    rows: int | None = None,
) -> Certificate:
    """Certify a point: `network(parameters, x, eps)` gives `Outputs`, `parameters` is any pytree of float64 arrays.

    `directions` are pytrees like the parameters, by `decoder` and `prior`; those of a shipped network are known, others are found by least
    squares. `trained` is what was maximised, if it was not the ELBO; `batch` the size of its mini-batches. `finer` nodes give an estimate of the
    error of the expectation. The Hessian is formed at stationary points of up to 2000 parameters. `rows` data at a time bound the memory.

    Raises `InputError` for shapes that do not fit, and for parameters that are not float64. What is not finite is a reading, not an error.
    """
    require_x64()
    x = jnp.asarray(checked(data))
    _demand_numbers(goal, rows=rows, batch=batch)
    _demand_nodes(nodes, finer)
    _demand_parameters(network, parameters, x, nodes)
    programs = _shipped() if network is outputs else _compiled(network)
    gradient, t = averaged(lambda some: programs.gradient(parameters, some, nodes), x, rows)
    motion = _motion(network, parameters, x, nodes, directions, t)
    trained_gradient = gradient if trained is None else jax.jit(jax.grad(trained))(parameters)
    figures = Figures(
        elbo=float(t.elbo),
        gaps={name: float(gap) for name, gap in t.gaps.items()},
        slopes={name: _dot(v, gradient) for name, v in motion.directions.items()},
        gradient=_norm(gradient),
        trained_gradient=_norm(trained_gradient),
        direction_norm=_norm(together(motion.directions)),
        moves=_moves(network, programs, parameters, x, nodes),
        missing={name: value for name, value in motion.missing.items() if value > EXACT},
        noise=None if batch is None else _noise(programs, gradient, parameters, x, nodes, batch),
        another_objective=trained is not None,
    )
    inertia = None
    if ravel_pytree(parameters)[0].size <= DENSE and figures.trained_gradient <= goal:
        inertia = _inertia(programs, parameters, x, nodes, trained)
        figures = replace(figures, flat=max(0, inertia[2] - redundant(parameters)))
    if finer is not None:
        other = averaged(lambda some: programs.elbo(parameters, some, finer), x, rows)
        figures = replace(figures, expectation=abs(float(other) - figures.elbo))
    return replace(_certificate(t, gradient, motion, figures, goal), inertia=inertia)


class _Motion(NamedTuple):
    """The directions of decoder and prior, what each leaves over of its equations, and where they come from."""

    directions: Mapping[str, Any]
    missing: Mapping[str, float]
    origin: str


def _motion(
    network: Network,
    parameters: Any,
    x: jax.Array,
    nodes: Nodes,
    given: Mapping[str, Any] | None,
    t: Parts,
) -> _Motion:
    """Directions that are given are checked, those of a shipped network are known, others are solved for where the ELBO is finite."""
    exact = {"decoder": 0.0, "prior": 0.0}
    if given is not None:
        _demand_directions(given, parameters)
        missing = checked_directions(network, parameters, x, nodes.eps, given)
        return _Motion(given, missing, "given")
    if (known := written(parameters)) is not None:
        return _Motion(known, exact, "written")
    if bool(jnp.isfinite(t.elbo)):
        return _Motion(*solved_directions(network, parameters, x, nodes.eps), "solved")
    still = jax.tree.map(jnp.zeros_like, parameters)
    return _Motion(dict.fromkeys(exact, still), exact, "given")


def _certificate(
    t: Parts, gradient: Any, motion: _Motion, figures: Figures, goal: float
) -> Certificate:
    """The record of these figures, with their reading; the Hessian is not looked at."""
    F, E = float(t.elbo), float(t.entropy_sum)
    predicted = sum(figures.slopes.values())
    absolute = sum(
        _dot(jax.tree.map(lambda a, b: abs(_product(a, b)), v, gradient))
        for v in motion.directions.values()
    )
    scale = EPS * (float(t.terms) + absolute)
    reading, message = reading_of(figures, goal)
    return Certificate(
        elbo=F,
        encoder_entropy=float(t.encoder_entropy),
        prior_entropy=float(t.prior_entropy),
        decoder_entropy=float(t.decoder_entropy),
        gap=F - E,
        gap_decoder=figures.gaps["decoder"],
        gap_prior=figures.gaps["prior"],
        predicted=predicted,
        slopes=figures.slopes,
        residual=abs(F - E - predicted) / scale if scale > 0 else float("nan"),
        tolerance=TOLERANCE * scale,
        gradient_norm=figures.gradient,
        trained_gradient_norm=figures.trained_gradient,
        direction_norm=figures.direction_norm,
        missing=motion.missing,
        origin=motion.origin,
        inertia=None,
        quadrature_error=figures.expectation,
        reading=reading,
        message=message,
    )


class _Programs(NamedTuple):
    """The compiled functions of one network."""

    gradient: Callable[..., tuple[Any, Parts]]
    elbo: Callable[..., jax.Array]
    hessian: Callable[..., jax.Array]
    moved: Callable[..., tuple[jax.Array, jax.Array]]


def _compiled(network: Network) -> _Programs:
    """Compile for a network. A user's is compiled anew for each certificate: what it reads besides its arguments may have changed."""

    def both(p: Any, x: jax.Array, nodes: Nodes) -> tuple[Any, Parts]:
        def value(p: Any) -> tuple[jax.Array, Parts]:
            t = parts(network(p, x, nodes.eps), x, nodes.weights)
            return t.elbo, t

        return jax.grad(value, has_aux=True)(p)

    def elbo(p: Any, x: jax.Array, nodes: Nodes) -> jax.Array:
        return parts(network(p, x, nodes.eps), x, nodes.weights).elbo

    def hessian(p: Any, x: jax.Array, nodes: Nodes) -> jax.Array:
        return dense_hessian(lambda p: elbo(p, x, nodes), p)

    def moved(
        p: Any, x: jax.Array, eps: jax.Array, motion: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        flat, unravel = ravel_pytree(p)
        return jax.jvp(lambda v: _log_variances(network, unravel(v), x, eps), (flat,), (motion,))[1]

    return _Programs(jax.jit(both), jax.jit(elbo), jax.jit(hessian), jax.jit(moved))


@cache
def _shipped() -> _Programs:
    """The programs of the shipped networks, which read their arguments only: many seeds share them."""
    return _compiled(outputs)


def _log_variances(
    network: Network, p: Any, x: jax.Array, eps: jax.Array
) -> tuple[jax.Array, jax.Array]:
    out = network(p, x, eps)
    return jnp.log(out.sigma2), jnp.log(jnp.asarray(out.alpha2, x.dtype))


def _moves(
    network: Network, programs: _Programs, parameters: Any, x: jax.Array, nodes: Nodes
) -> dict[str, str]:
    """Whether learned parameters move each variance: "yes"; "here not", if they enter it but some entry stands still at this point; or "never".

    A prior whose variance is never moved counts as moved, for there the scale of the latents may move instead.
    """
    some_x, some_eps = x[: min(len(x), 64)], nodes.eps[: min(len(nodes.eps), 8)]
    flat, unravel = ravel_pytree(parameters)
    # A random motion changes every entry that anything changes.
    motion = jnp.asarray(np.random.default_rng(0).normal(size=flat.size))
    changed = programs.moved(parameters, some_x, some_eps, motion)
    found = {}
    for i, name in enumerate(("decoder", "prior")):
        program = jax.make_jaxpr(
            lambda v, i=i: _log_variances(network, unravel(v), some_x, some_eps)[i]
        )(flat)
        if bool(np.all(np.abs(np.asarray(changed[i])) > 1e-10)):
            found[name] = "yes"
        elif _enters(program.jaxpr):
            found[name] = "here not"
        else:
            found[name] = "never" if name == "decoder" else "yes"
    return found


def _enters(program: Any) -> bool:
    """Whether the first input of a traced program is read on the way to its output."""
    reached = {program.invars[0]}
    for step in program.eqns:
        if any(not isinstance(v, Literal) and v in reached for v in step.invars):
            reached |= set(step.outvars)
    return any(v in reached for v in program.outvars if not isinstance(v, Literal))


def _noise(
    programs: _Programs, gradient: Any, parameters: Any, x: jax.Array, nodes: Nodes, batch: int
) -> float:
    """The root mean square deviation of a mini-batch's gradient from the full one."""
    count = len(x) // batch
    if count < 2:
        raise InputError(f"batch is {batch}; pass at most half the number of data points, {len(x)}")
    squares = []
    for i in range(min(count, 20)):
        some, _ = programs.gradient(parameters, x[i * batch : (i + 1) * batch], nodes)
        squares.append(_norm(jax.tree.map(np.subtract, some, gradient)) ** 2)
    return float(np.sqrt(np.mean(squares)))


def _inertia(
    programs: _Programs,
    parameters: Any,
    x: jax.Array,
    nodes: Nodes,
    trained: Callable[[Any], jax.Array] | None,
) -> tuple[int, int, int]:
    """Positive, negative and flat curvatures of what was trained."""
    if trained is None:
        dense = programs.hessian(parameters, x, nodes)
    else:
        dense = jax.jit(lambda p: dense_hessian(trained, p))(parameters)
    return inertia_of(np.asarray(dense))


def _demand_numbers(goal: float, **counts: int | None) -> None:
    """Raise `InputError` for a goal that is not positive and for counts that are none."""
    if not 0 < goal < float("inf"):
        raise InputError(f"goal is {shown(goal)}; pass a positive number, such as 1e-8")
    for name, count in counts.items():
        if count is not None and (
            isinstance(count, bool) or not isinstance(count, int) or count < 1
        ):
            raise InputError(f"{name} is {shown(count)}; pass an integer >= 1 or None")


def _demand_nodes(nodes: Nodes, finer: Nodes | None) -> None:
    """Raise `InputError` for what is no `Nodes`, and for weights that do not sum to one."""
    for name, given in (("nodes", nodes), ("finer", finer)):
        if given is None and name == "finer":
            continue
        if not isinstance(given, Nodes):
            raise InputError(f"{name} is {shown(given)}; pass Nodes, such as gauss_hermite(2, 10)")
        total = float(jnp.sum(given.weights))
        if not abs(total - 1) <= 1e-9:
            raise InputError(f"the weights of {name} sum to {total:.12g}; divide them by their sum")


def _demand_parameters(network: Network, parameters: Any, x: jax.Array, nodes: Nodes) -> None:
    """Raise `InputError` for parameters that are not float64, and for a network that does not give `Outputs`."""
    leaves = jax.tree_util.tree_flatten_with_path(parameters)[0]
    if not leaves:
        raise InputError("there are no parameters; pass a pytree with at least one float64 array")
    for path, leaf in leaves:
        if getattr(leaf, "dtype", None) != jnp.float64:
            kind = getattr(leaf, "dtype", type(leaf).__name__)
            raise InputError(
                f"the parameter {jax.tree_util.keystr(path)} is {kind}; a certificate needs float64 arrays"
            )
    made = jax.eval_shape(network, parameters, x[:1], nodes.eps)
    if not isinstance(made, Outputs):
        raise InputError(f"the network gives {type(made).__name__}; let it give Outputs")


def _demand_directions(directions: Mapping[str, Any], parameters: Any) -> None:
    """Raise `InputError` unless there is a finite direction for decoder and prior, like the parameters."""
    if set(directions) != {"decoder", "prior"}:
        raise InputError(f"directions has {sorted(directions)}; pass one for decoder and prior")
    for name, v in directions.items():
        if jax.tree.map(jnp.shape, v) != jax.tree.map(jnp.shape, parameters):
            raise InputError(f"the direction of the {name} is no pytree like the parameters")
        if not all(np.isfinite(np.asarray(leaf)).all() for leaf in jax.tree.leaves(v)):
            raise InputError(f"the direction of the {name} is not finite")


def _dot(one: Any, other: Any | None = None) -> float:
    products = one if other is None else jax.tree.map(_product, one, other)
    return float(sum(np.sum(a) for a in jax.tree.leaves(products)))


def _product(a: Any, b: Any) -> np.ndarray:
    # NumPy, here and below: JAX would compile each of these small operations for each shape.
    return np.asarray(a) * np.asarray(b)


def _norm(tree: Any) -> float:
    return float(np.sqrt(sum(np.sum(np.asarray(a) ** 2) for a in jax.tree.leaves(tree))))
