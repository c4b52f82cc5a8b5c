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

from entropysym.ascent.curvature import DENSE
from entropysym.ascent.curvature import hessian as dense_hessian
from entropysym.ascent.curvature import inertia as inertia_of
from entropysym.errors import InputError, integer, real, shown
from entropysym.lowering.averaging import averaged, count
from entropysym.lowering.precision import COARSE, EPS, TOLERANCE, require_x64
from entropysym.lowering.quadrature import Nodes
from entropysym.networks.candidates import words
from entropysym.networks.directions import (
    EXACT,
    NOISE,
    ROWS,
    Stuck,
    checked_directions,
    solved_directions,
    still_scales,
    together,
    two_sets,
    worst_points,
)
from entropysym.networks.draws import demand_entropies
from entropysym.networks.networks import outputs
from entropysym.networks.outputs import Parts
from entropysym.networks.preparing import Prepared, prepared
from entropysym.networks.programs import Network, Programs, compiled
from entropysym.networks.readings import Figures, Reading, reading_of
from entropysym.networks.written import redundant, written
from entropysym.shown import Shown


@dataclass(frozen=True, repr=False)
class Certificate(Shown):
    """How far from ELBO = entropy sum a point is, and why; nats per data point, by factor where several add up.

    Factors are `prior` and `decoder` for `Outputs`, else the names in `GraphOutputs.p`. `slopes` are the derivatives of the ELBO along the direction of
    each factor, which `gaps` are where the direction is exact. `residual` is |gap − predicted| in eps × terms, and `tolerance` what 8 of them are in nats.
    `missing` tells what each direction leaves over of its equations, relative to their size; `origin` whether the directions were written down with a
    shipped network, given by the caller, or solved for; `motion` how each array moves along their sum, in words.
    `quadrature_error` estimates the error of the expectation: the change of the ELBO under other nodes, if such were given.
    """

    elbo: float
    encoder_entropy: float
    entropies: Mapping[str, float]
    gaps: Mapping[str, float]
    gap: float
    predicted: float
    slopes: Mapping[str, float]
    residual: float
    tolerance: float
    gradient_norm: float
    trained_gradient_norm: float
    direction_norm: float
    missing: Mapping[str, float]
    origin: str
    motion: tuple[str, ...]
    inertia: tuple[int, int, int] | None
    quadrature_error: float | None
    reading: Reading
    message: str

    @property
    def entropy_sum(self) -> float:
        """Encoder entropy minus the entropies of all factors."""
        return self.encoder_entropy - sum(self.entropies.values())

    @property
    def prior_entropy(self) -> float:
        """That of the factor `prior`."""
        return self.entropies["prior"]

    @property
    def decoder_entropy(self) -> float:
        """That of the factor `decoder`."""
        return self.entropies["decoder"]

    @property
    def gap_prior(self) -> float:
        """That of the factor `prior`."""
        return self.gaps["prior"]

    @property
    def gap_decoder(self) -> float:
        """That of the factor `decoder`."""
        return self.gaps["decoder"]

    @property
    def bound(self) -> float:
        r"""$\|v\|\,\|\nabla\mathcal F\|$."""
        return self.direction_norm * self.gradient_norm

    @property
    def exact(self) -> bool:
        """All directions solve their equations, so that the gap *is* the predicted one."""
        return max(self.missing.values(), default=0.0) <= EXACT

    @property
    def agrees(self) -> bool:
        """The directions solve their equations, and the gap is the predicted one to 8 eps × terms."""
        # Where the tolerance itself is a large part of a nat, agreement is no evidence.
        finite = np.isfinite(self.residual) and self.exact
        return bool(finite and self.residual <= TOLERANCE and self.tolerance <= COARSE)


def certify(
    network: Network,
    parameters: Any,
    data: Any,
    nodes: Nodes,
    *,
    directions: Mapping[str, Any] | None = None,
    trained: Callable[[Any], jax.Array] | None = None,
    batch: int | None = None,
    finer: Nodes | None = None,
    goal: float = 1e-8,
    rows: int | None = None,
) -> Certificate:
    """Certify a point: `network(parameters, x, eps)` gives `Outputs` or `GraphOutputs` (or is made by `vae`).

    `parameters` are a pytree of arrays, an Equinox or NNX module, or a module of PyTorch; float32 is converted, all is computed in float64. `data` is a matrix
    (N, D), an array with more axes, or several arrays by name with the data first.
    `directions` are pytrees like the parameters, by factor (`decoder` and `prior`); those of a shipped network are known, others are found.
    `trained` is what was maximised, a function of the parameters in JAX, if it was not the ELBO; `batch` the size of its mini-batches. `finer` nodes give an estimate of the
    error of the expectation. The Hessian is formed at stationary points of up to 2000 parameters. `rows` data at a time bound the memory.

    Raises `InputError` for shapes that do not fit, for a network that computes in float32, and for `rows` where it uses batch statistics: the ELBO
    would be another one. What is not finite is a reading, not an error.
    """
    require_x64()
    goal, rows, batch = _numbers(goal, rows, batch)
    _demand_nodes(nodes, finer)
    made = prepared(network, parameters, data, nodes)
    # Another network with the parameters of a shipped one is another network.
    known = written(made.parameters) if network is outputs else None
    made = made._replace(programs=_shipped()) if network is outputs else made
    gradient, t = averaged(lambda x: made.programs.gradient(made.parameters, x, nodes), made.x, rows)  # fmt: skip
    _demand_support(t)
    origin = "written" if directions is None else "given"
    motion = _motion(made, nodes, known if directions is None else directions, t, origin)
    _demand_whole_batch(motion, rows, made.x)
    motion, doubts = _doubted(made, nodes, rows, motion, (t, gradient))
    figures = _figures(t, gradient, motion, trained and made.slope_of(trained))
    if batch is not None:
        figures = replace(figures, noise=_noise(made, gradient, nodes, batch))
    if finer is not None:
        other = averaged(lambda x: made.programs.elbo(made.parameters, x, finer), made.x, rows)
        figures = replace(figures, expectation=abs(float(other) - figures.elbo))
    objective = None if trained is None else made.in_arrays(trained)
    inertia = _inertia(made, nodes, objective) if figures.trained_gradient <= goal else None
    if inertia is not None:
        figures = replace(figures, flat=max(0, inertia[2] - redundant(made.parameters)))
    found = _certificate(t, gradient, motion, figures, goal)
    message = "; ".join([found.message, *doubts, *_structure(made, nodes, motion, found)])
    return replace(found, inertia=inertia, motion=_told(made, motion), message=message)


def _structure(made: Prepared, nodes: Nodes, motion: _Motion, found: Certificate) -> list[str]:
    """In words, arrays that nothing reads, and where a direction is missing those that are tied: a latent's direction scales encoder against decoder."""
    tied = made.tied(nodes) if motion.origin != "written" and not found.exact else []
    return [*tied, *made.unread(nodes)]


#: The central difference moves the parameters this far along v; its rounding is that of the ELBO, divided by the step.
_STEP = 1e-5


def _difference(made: Prepared, nodes: Nodes, rows: int | None, motion: _Motion) -> float | None:
    """The derivative of the ELBO along v by a central difference; None where it is not finite, v is 0, or the network is a shipped one, which cuts nothing."""
    v = together(motion.directions)
    h = _STEP / max(1.0, _norm(v))

    def at(t: float) -> float:
        moved = jax.tree.map(lambda a, b: a + t * b, made.parameters, v)
        found = averaged(
            lambda some: made.programs.gradient(moved, some, nodes)[1].elbo, made.x, rows
        )
        return float(found)

    if motion.origin == "written" or not _norm(v) > 0:
        return None
    found = (at(h) - at(-h)) / (2 * h)
    return found if np.isfinite(found) else None


#: How often a direction is solved for again with the points where it missed.
_AGAIN = 3


def _seen_everywhere(
    made: Prepared, nodes: Nodes, motion: _Motion, t: Parts, gradient: Any
) -> _Motion:
    """The motion; where it was solved for and misses at data that were not looked at, solved for again with those."""
    at = made.programs, made.parameters, made.x, np.asarray(nodes.eps)
    for _ in range(_AGAIN):
        apart = _apart(motion, t, gradient)
        if motion.origin != "solved" or not apart:
            break
        also = worst_points(*at, {name: motion.directions[name] for name in apart})
        found = solved_directions(*at, also)
        motion = motion._replace(directions=found.directions, missing=found.missing)
    return motion


def _apart(motion: _Motion, t: Parts, gradient: Any) -> dict[str, float]:
    """The factors whose direction holds where it was looked at, and does not say the gap at *all* data; with the difference as a share of the larger."""
    level = 1e4 * EPS * float(t.terms)
    found = {}
    for name, v in motion.directions.items():
        gap, slope = float(t.gaps[name]), _dot(v, gradient)
        apart = abs(gap - slope)
        if motion.missing[name] <= EXACT and apart > level + 1e-7 * (abs(gap) + abs(slope)):
            found[name] = min(1.0, apart / max(abs(gap), abs(slope)))
    return found


def _doubted(
    made: Prepared, nodes: Nodes, rows: int | None, motion: _Motion, found: tuple[Parts, Any]
) -> tuple[_Motion, list[str]]:
    """The motion, seen everywhere, with what it leaves over at *all* data, and why: equations were looked at for some data, and a gradient, `found` with the parts, may have been cut."""
    t, gradient = found
    motion = _seen_everywhere(made, nodes, motion, t, gradient)
    difference = _difference(made, nodes, rows, motion)
    missing, doubts = dict(motion.missing), []
    slopes = {name: _dot(v, gradient) for name, v in motion.directions.items()}
    for name, share in _apart(motion, t, gradient).items():
        missing[name] = share
        doubts.append(
            f"the direction of {name} holds at the data that were looked at, not at all of them (a clamp that few meet?)"
        )
    total = sum(slopes.values())
    scale = abs(total) + sum(map(abs, slopes.values()))
    length = max(1.0, _norm(together(motion.directions)))
    rounding = 100 * EPS * float(t.terms) * length / _STEP
    if difference is not None and abs(difference - total) > 0.02 * scale + rounding:
        missing = {name: max(value, 0.02) for name, value in missing.items()}
        doubts.append(
            f"along the direction the ELBO changes by {difference:.3g}, and its gradient says {total:.3g}: part of it is cut (stop_gradient, detach?)"
        )
    return motion._replace(missing=missing), doubts


def _demand_support(t: Parts) -> None:
    """Raise `InputError` for values outside of their law's support."""
    for name, far in t.outside.items():
        if float(far) > 1e-6:
            raise InputError(
                f"values of {name} lie {float(far):.3g} outside of what its law generates; pass [0, 1] to bernoulli, "
                "counts >= 0 to poisson, and to categorical one-hot rows or shares that sum to 1"
            )


def _figures(t: Parts, gradient: Any, motion: _Motion, trained_gradient: Any) -> Figures:
    """What a reading depends on, without what takes another evaluation."""
    return Figures(
        elbo=float(t.elbo),
        gaps={name: float(gap) for name, gap in t.gaps.items()},
        slopes={name: _dot(v, gradient) for name, v in motion.directions.items()},
        gradient=_norm(gradient),
        trained_gradient=_norm(gradient if trained_gradient is None else trained_gradient),
        direction_norm=_norm(together(motion.directions)),
        moves=_moves(motion.stuck, t.gaps),
        clamped=_clamped(motion.stuck),
        missing={name: value for name, value in motion.missing.items() if value > EXACT},
        another_objective=trained_gradient is not None,
    )


class _Motion(NamedTuple):
    """The direction of each factor, what it leaves over of its equations, where they come from, scales that stand still, and whether data depend on each other."""

    directions: Mapping[str, Any]
    missing: Mapping[str, float]
    origin: str
    stuck: Mapping[str, Stuck]
    by_batch: bool = False


def _motion(
    made: Prepared, nodes: Nodes, known: Mapping[str, Any] | None, t: Parts, origin: str
) -> _Motion:
    """Directions that are given are checked, those of a shipped network are known, others are solved for where the ELBO is finite."""
    exact = dict.fromkeys(t.gaps, 0.0)
    at = made.programs, made.parameters, made.x, np.asarray(nodes.eps)
    finite = bool(jnp.isfinite(t.elbo))
    if finite and (known is None or origin == "given"):
        points, _ = two_sets(made.x, np.asarray(nodes.eps), ROWS, NOISE)
        demand_entropies(made.programs, made.parameters, points, nodes)
    if known is not None:
        _demand_directions(known, made.parameters, t.gaps)
        missing = checked_directions(*at, known) if finite and origin == "given" else exact
        return _Motion(known, missing, origin, still_scales(*at) if finite else {})
    if finite:
        found = solved_directions(*at)
        return _Motion(found.directions, found.missing, "solved", found.stuck, found.by_batch)
    still = jax.tree.map(jnp.zeros_like, made.parameters)
    return _Motion(dict.fromkeys(exact, still), exact, "given", {})


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
        entropies={name: float(H) for name, H in t.entropies.items()},
        gaps=figures.gaps,
        gap=F - E,
        predicted=predicted,
        slopes=figures.slopes,
        residual=abs(F - E - predicted) / scale if scale > 0 else float("nan"),
        tolerance=TOLERANCE * scale,
        gradient_norm=figures.gradient,
        trained_gradient_norm=figures.trained_gradient,
        direction_norm=figures.direction_norm,
        missing=motion.missing,
        origin=motion.origin,
        motion=(),
        inertia=None,
        quadrature_error=figures.expectation,
        reading=reading,
        message=message,
    )


def _told(made: Prepared, motion: _Motion) -> tuple[str, ...]:
    """How each array moves, in words; those that stand still are left out."""
    v = together(motion.directions)
    leaves = zip(made.names, jax.tree.leaves(v), jax.tree.leaves(made.parameters), strict=True)
    said = [words(name, np.asarray(a), np.asarray(p)) for name, a, p in leaves]
    return tuple(one for one in said if one)


@cache
def _shipped() -> Programs:
    """The programs of the shipped networks, which read their arguments only: many seeds share them."""
    return compiled(outputs, jax.jit)


def _moves(stuck: Mapping[str, Stuck], factors: Mapping[str, Any]) -> dict[str, str]:
    """Whether learned parameters move what tempering moves of each factor: "yes"; "here not", if they enter it but some entry stands still at this
    point; or "never". The scale of a latent's law that is never moved counts as moved, for there the scale of the latent may move instead.
    """
    found = dict.fromkeys(factors, "yes")
    for one in stuck.values():
        if one.factor:
            never = "yes" if one.latent else "never"
            found[one.factor] = "here not" if one.entered else never
    return found


def _clamped(stuck: Mapping[str, Stuck]) -> dict[str, tuple[str, float]]:
    """Scales of the encoder of which parameters are read, and some entries stand still all the same: words and share, by latent."""
    some = {w: s for w, s in stuck.items() if not s.factor and s.entered}
    return {s.latent: (w, s.share) for w, s in some.items()}


def _noise(made: Prepared, gradient: Any, nodes: Nodes, batch: int) -> float:
    """The root mean square deviation of a mini-batch's gradient from the full one."""
    x, whole = made.x, count(made.x) // batch
    if whole < 2:
        raise InputError(
            f"batch is {batch}; pass at most half the number of data points, {count(x)}"
        )
    squares = []
    for i in range(min(whole, 20)):
        part = slice(i * batch, (i + 1) * batch)
        rows = jax.tree.map(lambda a, part=part: a[part], x)
        some, _ = made.programs.gradient(made.parameters, rows, nodes)
        squares.append(_norm(jax.tree.map(np.subtract, some, gradient)) ** 2)
    return float(np.sqrt(np.mean(squares)))


def _inertia(
    made: Prepared, nodes: Nodes, trained: Callable[[Any], jax.Array] | None
) -> tuple[int, int, int] | None:
    """Positive, negative and flat curvatures of what was trained; None for many parameters, or a network without second derivatives."""
    size = sum(np.size(a) for a in jax.tree.leaves(made.parameters))
    if made.programs.hessian is None or size > DENSE:
        return None
    if trained is None:
        dense = made.programs.hessian(made.parameters, made.x, nodes)
    else:
        dense = jax.jit(lambda p: dense_hessian(trained, p))(made.parameters)
    return inertia_of(np.asarray(dense))


def _numbers(goal: Any, rows: Any, batch: Any) -> tuple[float, int | None, int | None]:
    """The options as Python's numbers. Raises `InputError` for a goal that is not positive and for counts that are none."""
    found = real(goal)
    if found is None or not 0 < found < float("inf"):
        raise InputError(f"goal is {shown(goal)}; pass a positive number, such as 1e-8")
    rows, batch = (
        None if value is None else integer(name, value, otherwise=" or None")
        for name, value in (("rows", rows), ("batch", batch))
    )
    return found, rows, batch


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


def _demand_whole_batch(motion: _Motion, rows: int | None, x: Any) -> None:
    """Raise `InputError` where the data would be taken in pieces that a network with batch statistics would see as other batches."""
    if motion.by_batch and rows is not None and rows < count(x):
        raise InputError(
            f"rows is {rows}, but the network uses statistics of its batch (BatchNorm in training mode?), "
            "so that the ELBO of all data is another one; leave rows out, or put the network in evaluation mode"
        )


def _demand_directions(
    directions: Mapping[str, Any], parameters: Any, factors: Mapping[str, Any]
) -> None:
    """Raise `InputError` unless there is a finite direction for each factor, like the parameters."""
    if set(directions) != set(factors):
        raise InputError(
            f"directions has {sorted(directions)}; pass one for {' and '.join(sorted(factors))}"
        )
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
