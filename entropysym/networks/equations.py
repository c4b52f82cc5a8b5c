r"""The equations of a direction: how each quantity of a network has to move, so that the ELBO changes by the gap of one factor.

With the noise fixed, a motion v of the parameters is a direction of the factor f if for some rates $a$ and shifts $c$ of the latents
* every latent moves affinely, $D_vz=az+c$ and $D_v\mathcal H[q]=\sum a$, and so does every value and location of a law of it, $D_v\mu=a\mu+c$;
* every log-scale follows, and that of f is tempered: $D_v\log s=a-r\,[f]$, with the law's rate r (½ for a normal's standard deviation, 1 for a Laplace's scale);
* natural parameters stand still, and those of f are tempered: $D_v\eta=\eta\,[f]$ (of a categorical up to a constant for all classes).

For what is observed a = c = 0. Then $D_v\mathcal F=\Delta_f$, the expected $\log p_f+\mathcal H[p_f]$, for any samples and any data.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from entropysym.networks.outputs import Generated, GraphOutputs, Outputs, checked_graph


class Quantity(NamedTuple):
    """One quantity's equation. `role` is "affine", "log_scale", "entropy" or "natural"; `latent` has the rates ("" for none), `factor` whose law it belongs to ("" for the encoder)."""

    words: str
    role: str
    latent: str
    factor: str
    rate: float = 0.0


class Value(NamedTuple):
    """A quantity's value, and the unit in which its motion counts: a location's is its law's standard deviation."""

    y: Any
    unit: Any


def quantities(out: Outputs | GraphOutputs) -> list[tuple[Quantity, Value]]:
    """All that moves, of either form of outputs."""
    return _of_graph(checked_graph(out)) if isinstance(out, GraphOutputs) else _of_vae(out)


def _of_vae(out: Outputs) -> list[tuple[Quantity, Value]]:
    nu, tau2, mean, sigma2, alpha2 = (jnp.asarray(a) for a in out)
    alpha = jnp.sqrt(jnp.broadcast_to(alpha2, nu.shape[-1:]))
    tau = jnp.sqrt(jnp.atleast_2d(tau2))
    one = jnp.ones(())
    return [
        (Quantity("encoder's mean", "affine", "prior", ""), Value(nu[:, None], tau[:, None])),
        (
            Quantity("encoder's variance", "log_scale", "prior", ""),
            Value(jnp.log(tau)[:, None], one),
        ),
        (Quantity("prior's mean", "affine", "prior", "prior"), Value(jnp.zeros_like(alpha), alpha)),
        (
            Quantity("prior's variance", "log_scale", "prior", "prior", 0.5),
            Value(jnp.log(alpha), one),
        ),
        (Quantity("decoder's mean", "affine", "", "decoder"), Value(mean, jnp.sqrt(sigma2))),
        (
            Quantity("decoder's variance", "log_scale", "", "decoder", 0.5),
            Value(jnp.log(sigma2) / 2, one),
        ),
    ]


def _of_graph(out: GraphOutputs) -> list[tuple[Quantity, Value]]:
    found, one = [], jnp.ones(())
    for name, e in out.q.items():
        found.append((Quantity(f"draw of {name}", "affine", name, ""), Value(e.z, one)))
        found.append(
            (Quantity(f"encoder's entropy of {name}", "entropy", name, ""), Value(e.entropy, one))
        )
    for name, f in out.p.items():
        latent = name if name in out.q else ""
        # Data stand still, and so does a latent whose law has no scale; another one moves like its location.
        role = "still" if f.law.natural else "affine"
        found.append(
            (Quantity(f"value of {name}", role, latent, name), Value(jnp.asarray(f.value), one))
        )
        if f.law.natural:
            eta, idle = _natural(f)
            words = f"{f.law.arguments[0].replace('_', '-')} of {name}"
            found.append(
                (Quantity(words, "natural", "", name), Value(eta, jnp.where(idle, jnp.inf, 1.0)))
            )
            continue
        location, scale = (jnp.asarray(a) for a in f.arguments)
        scale = scale**f.law.power
        found.append(
            (Quantity(f"location of {name}", "affine", latent, name), Value(location, scale))
        )
        found.append(
            (
                Quantity(f"scale of {name}", "log_scale", latent, name, f.law.rate or 0.0),
                Value(jnp.log(scale), one),
            )
        )
    return found


#: Where the mean is this close to its border, and the value on it, a natural parameter has no effect.
_IDLE = 1e-30


def _natural(f: Generated) -> tuple[Any, Any]:
    """Natural parameters, and which of them have no effect: those of a mask (logits of -1e9), which nothing moves and nothing has to."""
    eta = jnp.asarray(f.arguments[0])
    mean = f.law.mean(jnp, eta) if f.law.mean is not None else jnp.ones_like(eta)
    x = jnp.asarray(f.value)
    idle = (mean < _IDLE) & (x == 0)
    if f.name == "bernoulli" and f.law.mean is not None:
        idle |= (f.law.mean(jnp, -eta) < _IDLE) & (x == 1)
    eta, idle = jnp.broadcast_arrays(eta, idle)
    if f.name == "categorical":
        live = jnp.sum(~idle, axis=-1, keepdims=True)
        eta = eta - jnp.sum(jnp.where(idle, 0.0, eta), axis=-1, keepdims=True) / live
    return jnp.where(idle, 0.0, eta), idle


class Rates(NamedTuple):
    """Rates a and shifts c of one latent, over its entries."""

    a: np.ndarray
    c: np.ndarray


def entries(quantities: list[Quantity], values: list[Value]) -> dict[str, tuple[int, ...]]:
    """The shape of each latent's entries, those of the quantities that have rates."""
    shapes: dict[str, tuple[int, ...]] = {}
    for q, v in zip(quantities, values, strict=True):
        if q.role == "affine" and q.latent and q.factor == "":
            shapes[q.latent] = np.shape(v.y)[2:]
    return shapes


def shape_of(q: Quantity, v: Value, rates: Rates | None) -> tuple[int, ...]:
    """The shape of a quantity's equations."""
    asked = np.shape(rates.a) if rates is not None and q.role in ("affine", "log_scale") else ()
    return np.broadcast_shapes(np.shape(v.y), np.shape(v.unit), asked)


def left(q: Quantity, v: Value, dy: np.ndarray, rates: Rates | None) -> np.ndarray:
    """The left-hand sides for motions that are the first axis of `dy`: what moves less what the rates ask for."""
    shape = shape_of(q, v, rates)
    dy = dy.reshape(len(dy), *(1,) * (len(shape) - np.ndim(v.y)), *np.shape(v.y))
    if rates is None or q.role in ("natural", "still"):
        return dy / v.unit
    if q.role == "entropy":
        return dy - np.sum(rates.a)
    if q.role == "log_scale":
        return dy - rates.a
    return (dy - rates.a * v.y - rates.c) / v.unit


def right(q: Quantity, v: Value, factor: str) -> np.ndarray:
    """The right-hand side for the direction of a factor."""
    if q.factor != factor:
        return np.zeros(())
    if q.role == "log_scale":
        return np.full((), -q.rate)
    return np.asarray(v.y) if q.role == "natural" else np.zeros(())
