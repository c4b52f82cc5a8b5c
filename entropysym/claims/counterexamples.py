r"""Counter-examples to the refused claims: small models trained until the gradient vanishes, with a gap that does not.

Each function trains from a fixed start on fixed data that the model does not fit, in seconds. The gap is the ELBO minus the three
entropies, all from the densities; nothing here comes from a derivation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp
from jaxtyping import Float

from entropysym.ascent.settling import Plan, demand_whole, settle
from entropysym.language.functions import Softplus
from entropysym.language.records import Model, Parameter, Plate
from entropysym.language.symbols import LATENT
from entropysym.linear.ppca import spectrum
from entropysym.lowering.precision import require_x64
from entropysym.lowering.quadrature import Nodes, cubature, gauss_hermite
from entropysym.models import linear_vae
from entropysym.witness.elbo import DensityElbo, density_elbo, entropy_sum

#: A counter-example counts if its gradient norm is at most the first and its |gap| at least the second.
GRADIENT_GOAL = 1e-8
LEAST_GAP = 1e-3

#: The gradient norm is demanded in the model's own parameters, so more is asked for where they are moved.
_PLAN = Plan(epochs=0, lbfgs=1000, newton=100, goal=1e-11)


@dataclass(frozen=True)
class CounterExample:
    """A stationary point of `model` with a gap, in nats per datum.

    `gradient_norm` is over all learned parameters, in their own coordinates. `extra` holds further figures by name, such as the
    gap that a formula predicts.
    """

    name: str
    what: str
    model: Model
    gradient_norm: float
    gap: float
    seconds: float
    extra: Mapping[str, float] = field(default_factory=dict)

    @property
    def convinces(self) -> bool:
        """The gradient vanishes and the gap does not."""
        return self.gradient_norm <= GRADIENT_GOAL and abs(self.gap) >= LEAST_GAP


@dataclass(frozen=True, eq=False)
class _Settled:
    """Where training ended: the model's arguments, the gap, the gradient norm."""

    arguments: dict[str, Any]
    gap: float
    gradient_norm: float
    seconds: float


Point = Mapping[str, jax.Array]


def _data(N: int, D: int, seed: int) -> Float[np.ndarray, "N D"]:
    """Heavy-tailed data with a curved direction, which no linear model fits."""
    rng = np.random.default_rng(seed)
    x = rng.standard_t(5, size=(N, D)) * np.linspace(1.5, 0.5, D)
    x[:, -1] += 0.4 * x[:, 0] ** 2
    return x


def _settle(
    model: Model,
    start: Point,
    fixed: Mapping[str, Any],
    nodes: Nodes,
    arguments: Callable[[Point], Point] = lambda p: p,
) -> _Settled:
    """Train all of `start`; parameters called sigma, tau and s (never negative) by their logarithms."""
    began = time.monotonic()
    require_x64()
    elbo = density_elbo(model)
    positive = {name for name in start if name in ("sigma", "tau", "s") and (start[name] > 0).all()}

    def raw(p: Point) -> dict[str, jax.Array]:
        return {k: jnp.exp(v) if k in positive else v for k, v in p.items()}

    def value(p: Point) -> jax.Array:
        return elbo({**fixed, **arguments(p)}, nodes).objective

    logs = {k: jnp.log(v) if k in positive else jnp.asarray(v) for k, v in start.items()}
    # Everything that is averaged over stands in `fixed`; of data that can be cut into batches there is none.
    runs = jax.tree.map(lambda leaf: leaf[None], logs)
    settled = demand_whole(settle(lambda p, _: value(raw(p)), runs, jnp.zeros(1), _PLAN))
    point = raw(settled.run(0))

    @jax.jit
    def ended(p: Point) -> tuple[jax.Array, jax.Array]:
        gradient = jax.tree.leaves(jax.grad(value)(p))
        made = {**fixed, **arguments(p)}
        norm = jnp.sqrt(sum((jnp.sum(g**2) for g in gradient), jnp.zeros(())))
        return _gap(elbo, made, nodes), norm

    gap, norm = map(float, ended(point))
    made = {**fixed, **arguments(point)}
    return _Settled(dict(made), gap, norm, time.monotonic() - began)


def _gap(elbo: DensityElbo, arguments: Mapping[str, Any], nodes: Nodes) -> jax.Array:
    """ELBO minus entropy sum."""
    sum_ = entropy_sum(elbo.model, elbo.entropies(arguments, nodes))
    return elbo(arguments, nodes).total - sum_


def _linear_start(D: int, H: int, seed: int) -> dict[str, jax.Array]:
    rng = np.random.default_rng(seed)
    start = {
        "W": rng.normal(size=(D, H)) * 0.5,
        "b": np.zeros(D),
        "sigma": np.ones(()),
        "V": rng.normal(size=(H, D)) * 0.3,
        "c": np.zeros(H),
        "tau": np.full(H, 0.7),
    }
    return {name: jnp.asarray(v, jnp.float64) for name, v in start.items()}


def _learning(model: Model, *names: str) -> Model:
    """The model in which only the named parameters are learned."""
    parameters = tuple(replace(p, learned=p.name in names) for p in model.parameters)
    return replace(model, parameters=parameters)


def _report(name: str, what: str, model: Model, s: _Settled, **extra: float) -> CounterExample:
    return CounterExample(name, what, model, s.gradient_norm, s.gap, s.seconds, extra)


def fixed_variance() -> CounterExample:
    r"""The linear VAE with σ² fixed: the gap is $\frac12\sum_{i\notin act}(1-\lambda_i/\sigma^2)$."""
    x, H, sigma2 = _data(40, 5, 0), 2, 0.6
    model = _learning(linear_vae(), "W", "b", "V", "c", "tau")
    start = _linear_start(5, H, 1)
    sigma = jnp.sqrt(jnp.asarray(sigma2)) + 0 * start.pop("sigma")
    settled = _settle(model, start, {"x": jnp.asarray(x), "sigma": sigma}, cubature(H))
    values = spectrum(x)[0]
    active = int(np.sum(values[:H] > sigma2))
    predicted = float(np.sum(1 - values[active:] / sigma2) / 2)
    return _report(
        "fixed variance",
        "linear VAE, decoder variance not learned",
        model,
        settled,
        predicted=predicted,
    )


def frozen_encoder() -> CounterExample:
    r"""The linear VAE with a frozen encoder: the gap is $\frac H2-\frac12\sum_h\overline{\nu_h^2+\tau_h^2}$."""
    x, H = _data(40, 5, 2), 2
    model = _learning(linear_vae(), "W", "b", "sigma")
    start = _linear_start(5, H, 3)
    encoder = {name: start.pop(name) for name in ("V", "c", "tau")}
    settled = _settle(model, start, {"x": jnp.asarray(x), **encoder}, cubature(H))
    nu = x @ np.asarray(encoder["V"]).T + np.asarray(encoder["c"])
    moments = np.mean(nu**2, axis=0) + np.asarray(encoder["tau"]) ** 2
    return _report(
        "frozen encoder",
        "linear VAE, encoder not learned",
        model,
        settled,
        predicted=float(H / 2 - moments.sum() / 2),
    )


def softplus_head() -> CounterExample:
    r"""A standard deviation softplus(a z + s): no motion of a and s multiplies it by the same factor for all z."""
    latent = Plate.named("h", "H")
    # One head for all d: with one for each, z could copy a coordinate, whose variance would run to 0.
    a, s = Parameter("a", (latent,)), Parameter("bias")
    head = latent.sum(a.entry * LATENT[latent.index]) + s.entry  # type: ignore[operator]
    model = _with_variance("softplus_head", Softplus(head) ** 2, a, s)  # type: ignore[operator]
    rng = np.random.default_rng(4)
    t = rng.uniform(-1.5, 1.5, size=(60, 1))
    noise = rng.normal(size=(60, 3)) * np.exp(t) * np.array([0.5, 0.4, 0.6])
    x = jnp.asarray(t * np.array([2.0, -1.4, 1.0]) + noise)
    start = _linear_start(3, 1, 5)
    del start["sigma"]
    start |= {"a": jnp.full(1, 0.3), "bias": jnp.asarray(0.5)}
    settled = _settle(model, start, {"x": x}, gauss_hermite(1, 40))
    finer = gauss_hermite(1, 60)
    elbo = density_elbo(model)
    again = _gap(elbo, settled.arguments, finer)
    return _report(
        "softplus head",
        "variance network with standard deviation softplus(a z + s)",
        model,
        settled,
        gap_with_60_nodes=float(again),
    )


def _with_variance(name: str, variance: sp.Expr, *own: Parameter) -> Model:
    """The linear VAE with another decoder variance, in parameters of its own in place of sigma."""
    model = linear_vae()
    kept = tuple(p for p in model.parameters if p.name != "sigma")
    decoder = replace(model.decoder, arguments=(model.decoder.arguments[0], variance))
    # Law and parameters change together: a model reads all that it declares, and nothing else.
    return replace(model, name=name, parameters=(*kept, *own), p=(model.prior, decoder))


def clamped_variance() -> CounterExample:
    r"""$\sigma^2=\max(s,\text{floor})$ with the floor active: the gradient in s is 0, that in σ² is not."""
    x, H, floor, raw = _data(40, 5, 8), 2, 2, Parameter("raw")
    start = _linear_start(5, H, 9)
    start["raw"] = 0.5 + 0 * start.pop("sigma")

    # Max has no place in a compiled density: the model is the linear VAE with sigma put in.
    def arguments(p: Point) -> Point:
        rest = {k: v for k, v in p.items() if k != "raw"}
        return {**rest, "sigma": jnp.sqrt(jnp.maximum(p["raw"], floor))}

    settled = _settle(linear_vae(), start, {"x": jnp.asarray(x)}, cubature(H), arguments)
    elbo = density_elbo(linear_vae())

    def by_variance(sigma2: jax.Array) -> jax.Array:
        return elbo({**settled.arguments, "sigma": jnp.sqrt(sigma2)}, cubature(H)).total

    slope = float(jax.grad(by_variance)(jnp.asarray(float(floor))))
    return _report(
        "clamped variance",
        "sigma2 = max(s, floor), floor active",
        _with_variance("clamped_variance", sp.Max(raw.entry, floor), raw),
        settled,
        derivative_by_variance=slope,
        predicted=-floor * slope,
    )


#: Every counter-example, by the name in its record.
COUNTER_EXAMPLES: dict[str, Callable[[], CounterExample]] = {
    "fixed variance": fixed_variance,
    "frozen encoder": frozen_encoder,
    "softplus head": softplus_head,
    "clamped variance": clamped_variance,
}
