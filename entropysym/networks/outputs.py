r"""What a network computes, and the ELBO and the entropies from it; quantities are in nats per data point.

Two forms. `Outputs` is a Gaussian VAE with one latent vector. `GraphOutputs` is any graph of factors: for each variable that is generated its law
(`normal`, `laplace`, `bernoulli`, `categorical`, `poisson`), for each latent what the encoder drew. With noise ε, its weights w and latents $z_{ns}$:
$$\mathcal F=\overline{\sum\mathcal H[q_n]}+\sum_f\overline{\sum_sw_s\log p_f(z_{ns})},\qquad
\mathcal E=\overline{\sum\mathcal H[q_n]}-\sum_f\overline{\sum_sw_s\mathcal H[p_f\mid z_{ns}]}.$$
Everything is averaged over the same samples; of `Outputs` the average of log p(z) is analytic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from entropysym.errors import InputError, shown
from entropysym.networks.laws import LAWS, Law

_LOG_2_PI = math.log(2 * math.pi)


class Outputs(NamedTuple):
    r"""What a Gaussian VAE computes: encoder mean ν and variance τ², decoder mean μ and variance σ² at $z=\nu+\tau\varepsilon$, prior variance α².

    Variances broadcast: a scalar σ² or one for each d will do, one τ² for all data, and so will α² = 1. Images are flattened: D counts pixels.
    """

    nu: Float[Array, "N H"]
    tau2: Float[Array, "#N H"]
    mean: Float[Array, "N S D"]
    sigma2: Float[Array, "*#NSD"]
    alpha2: Float[Array, "*#H"] | float = 1.0


@partial(
    jax.tree_util.register_dataclass, data_fields=("value", "arguments"), meta_fields=("name",)
)
@dataclass(frozen=True, eq=False)
class Generated:
    """A factor of the generative model: the variable's `value` under the law `name` with these `arguments`.

    All have the data first and the samples of z second, (N, S, …), or broadcast against that: data are `x[:, None]`, a variance may be a number.
    """

    name: str
    value: Any
    arguments: tuple[Any, ...]

    @property
    def law(self) -> Law:
        """Log-density, entropy and gap."""
        return LAWS[self.name]


class Encoded(NamedTuple):
    """What an encoder drew of a latent, `z` (N, S, …), and its `entropy`: H[q_n] for each datum (N,), or −log q(z) of each sample (N, S)."""

    z: Any
    entropy: Any


class GraphOutputs(NamedTuple):
    """What any model computes: `p` has a factor for each variable by name, `q` what was drawn of each latent, by the same names."""

    p: Mapping[str, Generated]
    q: Mapping[str, Encoded]


def normal(value: Any, mean: Any, variance: Any) -> Generated:
    r"""$N(x;\mu,\sigma^2)$, entry by entry; the third argument is the **variance**."""
    return Generated("normal", value, (mean, variance))


def laplace(value: Any, location: Any, scale: Any) -> Generated:
    r"""$\frac1{2b}e^{-|x-\mu|/b}$, entry by entry."""
    return Generated("laplace", value, (location, scale))


def bernoulli(value: Any, logits: Any) -> Generated:
    r"""$e^{x\eta}/(1+e^\eta)$, entry by entry; x in [0, 1], so grey pixels under binary cross-entropy, too."""
    return Generated("bernoulli", value, (logits,))


def categorical(value: Any, logits: Any) -> Generated:
    """One class of those on the last axis; `value` is one-hot (or soft targets)."""
    return Generated("categorical", value, (logits,))


def poisson(value: Any, log_rate: Any) -> Generated:
    r"""$e^{x\eta-e^\eta}/x!$, entry by entry; its entropy is the pseudo entropy relative to $1/x!$."""
    return Generated("poisson", value, (log_rate,))


def encoded(z: Any, *, log_tau2: Any) -> Encoded:
    r"""A latent drawn as $\nu+\tau\varepsilon$, with $\log\tau^2$ (N, H): $\mathcal H[q_n]=\frac12\sum_h\log2\pi e\tau_{nh}^2$. With a full covariance give `Encoded` the log-determinant of its root."""
    per_latent = log_tau2 + (1 + _LOG_2_PI) + 0 * z[:, 0]
    return Encoded(z, per_latent.reshape((per_latent.shape[0], -1)).sum(-1) / 2)


class Parts(NamedTuple):
    """The terms of ELBO and entropy sum (by factor), the sum of the absolute values of all that is added up, and how far values lie outside of their law's support."""

    encoder_entropy: Float[Array, ""]
    log_densities: dict[str, Float[Array, ""]]
    entropies: dict[str, Float[Array, ""]]
    terms: Float[Array, ""]
    outside: dict[str, Float[Array, ""]]

    @property
    def elbo(self) -> Float[Array, ""]:
        return reduce(lambda a, b: a + b, self.log_densities.values(), self.encoder_entropy)

    @property
    def entropy_sum(self) -> Float[Array, ""]:
        return reduce(lambda a, b: a - b, self.entropies.values(), self.encoder_entropy)

    @property
    def gaps(self) -> dict[str, Float[Array, ""]]:
        """What each factor adds to ELBO minus entropy sum: its expected log-density plus its entropy."""
        return {name: a + self.entropies[name] for name, a in self.log_densities.items()}


def observed(data: Any) -> Any:
    """What the decoder of `Outputs` explains: the data, of several arrays the one named x or the first; images flattened."""
    if isinstance(data, Mapping):
        data = data["x"] if "x" in data else next(iter(data.values()))
    elif isinstance(data, tuple | list):
        data = data[0]
    return data.reshape((data.shape[0], -1)) if data.ndim > 2 else data


def parts(
    outputs: Outputs | GraphOutputs, data: Any, weights: Float[Array, " S"] | None = None
) -> Parts:
    """ELBO, entropies and |terms|; `weights` sum to one (default: equal). Raises `InputError` for shapes that do not fit."""
    if isinstance(outputs, GraphOutputs):
        return _parts_of_graph(outputs, weights)
    x = observed(data)
    nu, tau2, mean, sigma2, alpha2 = _checked(outputs, x)
    H, D, S = nu.shape[-1], x.shape[-1], mean.shape[1]
    w = jnp.full(S, 1 / S, mean.dtype) if weights is None else weights
    # Nothing is broadcast before it is averaged: a long sum of equal numbers rounds the same way every time.
    log_tau2 = jnp.log(jnp.atleast_2d(tau2))
    log_alpha2 = jnp.broadcast_to(jnp.log(alpha2), (H,))
    moment = jnp.mean((nu**2 + tau2) / alpha2, axis=0)
    squares = (x[:, None, :] - mean) ** 2
    if sigma2.ndim < 3:
        fit = jnp.sum(_average(squares, w) / sigma2) / 2
    else:
        fit = jnp.sum(_average(squares / sigma2, w)) / 2
    log_sigma2 = _average(_three_axes(jnp.log(sigma2)), w)
    times = D / log_sigma2.size
    spread = times * jnp.sum(log_sigma2) / 2
    encoder_entropy = jnp.mean(jnp.sum(log_tau2, axis=-1)) / 2 + H / 2 * (1 + _LOG_2_PI)
    prior_entropy = jnp.sum(log_alpha2) / 2 + H / 2 * (1 + _LOG_2_PI)
    prior = -jnp.sum(log_alpha2 + moment) / 2 - H / 2 * _LOG_2_PI
    decoder_entropy = spread + D / 2 * (1 + _LOG_2_PI)
    decoder = -spread - fit - D / 2 * _LOG_2_PI
    # Each of these is added once in F and, but for the fits, once in E.
    absolute = _average(jnp.abs(_three_axes(jnp.log(sigma2)) + _LOG_2_PI), w)
    logs = (
        jnp.mean(jnp.sum(jnp.abs(log_tau2 + 1 + _LOG_2_PI), axis=-1)) / 2
        + jnp.sum(jnp.abs(log_alpha2 + _LOG_2_PI)) / 2
        + times * jnp.sum(absolute) / 2
    )
    terms = 2 * logs + jnp.sum(moment) / 2 + fit + (H + D) / 2
    return Parts(
        encoder_entropy,
        {"prior": prior, "decoder": decoder},
        {"prior": prior_entropy, "decoder": decoder_entropy},
        terms,
        {},
    )


def elbo(
    outputs: Outputs | GraphOutputs, data: Any, weights: Float[Array, " S"] | None = None
) -> Float[Array, ""]:
    """The ELBO, nats per data point; see `parts`."""
    return parts(outputs, data, weights).elbo


def _parts_of_graph(out: GraphOutputs, weights: Float[Array, " S"] | None) -> Parts:
    checked_graph(out)
    shapes = [jnp.shape(a) for f in out.p.values() for a in (f.value, *f.arguments)]
    S = max(s[1] for s in shapes if len(s) > 1) if weights is None else len(weights)
    N = max(s[0] for s in shapes if len(s) > 1)
    for name, f in out.p.items():
        whole = jnp.broadcast_shapes(jnp.shape(f.value), *map(jnp.shape, f.arguments))
        if whole[0] not in (1, N) or whole[1] not in (1, S):
            raise InputError(
                f"the factor of {name} has shape {whole}; pass {N} data first and {S} samples second (1 where they do not matter), data as x[:, None]"
            )
    w = jnp.full(S, 1 / S) if weights is None else weights
    for name, e in out.q.items():
        shape = jnp.shape(e.entropy)
        if shape[0] not in (1, N) or shape[1:] not in ((), (1,), (S,)):
            raise InputError(f"the entropy of {name} has shape {shape}; pass one for each of {N} data, or for each of their {S} samples")  # fmt: skip
    entropies = [_over_samples(jnp.asarray(e.entropy), w) for e in out.q.values()]
    encoder = reduce(lambda a, b: a + b, entropies, jnp.zeros(()))
    outside = {}
    log_densities, found, terms = {}, {}, sum(map(jnp.abs, entropies), jnp.zeros(()))
    for name, f in out.p.items():
        x, *arguments = jnp.broadcast_arrays(f.value, *f.arguments)
        log_p, entropy = (one(jnp, x, *arguments) for one in (f.law.log_density, f.law.entropy))
        outside[name] = _outside(f.name, x)
        log_densities[name] = _over_samples(log_p, w)
        found[name] = _over_samples(entropy, w)
        # A natural parameter is good to eps; a masked logit of -1e9 multiplies nothing.
        size = 1.0
        if f.law.mean is not None:
            size = jnp.abs(arguments[0]) * (jnp.abs(x) + f.law.mean(jnp, arguments[0]))
        terms += _over_samples(jnp.abs(log_p) + jnp.abs(entropy) + size, w)
    return Parts(encoder, log_densities, found, terms, outside)


def _outside(law: str, x: Array) -> Float[Array, ""]:
    """How far values lie outside of the support: [0, 1], shares that sum to one, or what is not negative."""
    below = jnp.max(jnp.maximum(-x, 0.0))
    if law == "bernoulli":
        return jnp.maximum(below, jnp.max(jnp.maximum(x - 1, 0.0)))
    if law == "categorical":
        return jnp.maximum(below, jnp.max(jnp.abs(jnp.sum(x, axis=-1) - 1)))
    return below if law == "poisson" else jnp.zeros(())


def _over_samples(values: Array, weights: Float[Array, " S"]) -> Float[Array, ""]:
    """The sum over a datum's entries, the weighted mean over samples (if there are any), the mean over data."""
    if values.ndim < 2:
        return jnp.mean(values)
    each = jnp.sum(values.reshape((*values.shape[:2], -1)), axis=-1)
    return jnp.mean(each[:, 0] if each.shape[1] == 1 else each @ weights)


def checked_graph(out: GraphOutputs) -> GraphOutputs:
    """The same. Raises `InputError` for what is no graph: factors of no law, latents without a factor, shapes without data and samples."""
    if not out.p:
        raise InputError("p of GraphOutputs is empty; pass a factor for each variable that is generated")  # fmt: skip
    for name, f in out.p.items():
        if not isinstance(f, Generated) or f.name not in LAWS:
            raise InputError(f"p[{name!r}] is {shown(f)}; make it with normal, laplace, bernoulli, categorical or poisson")  # fmt: skip
        shapes = [jnp.shape(f.value), *map(jnp.shape, f.arguments)]
        try:
            whole = jnp.broadcast_shapes(*shapes)
        except ValueError:
            raise InputError(f"the value of {name} has shape {shapes[0]} and its law's arguments {shapes[1:]}; they do not broadcast") from None  # fmt: skip
        if len(shapes[0]) < 2 or len(whole) > len(shapes[0]):
            raise InputError(
                f"the value of {name} has shape {shapes[0]} beside {shapes[1:]}; pass (N, S, …), data as x[:, None]"
            )
    for name, e in out.q.items():
        if name not in out.p:
            raise InputError(f"the latent {name!r} has no factor in p; it has {sorted(out.p)}")
        if not isinstance(e, Encoded) or jnp.ndim(e.z) < 2 or jnp.ndim(e.entropy) not in (1, 2):
            raise InputError(f"q[{name!r}] is {shown(e)}; pass Encoded(z, entropy) with z (N, S, …) and entropy (N,) or (N, S)")  # fmt: skip
    return out


def _average(values: Float[Array, "#N #S #D"], weights: Float[Array, " S"]) -> Float[Array, " #D"]:
    """The mean over data and, weighted, over samples; an axis of length 1 stands for itself."""
    over_samples = (
        values[:, 0] if values.shape[1] == 1 else jnp.einsum("nsd,s->nd", values, weights)
    )
    return jnp.mean(over_samples, axis=0)


def _three_axes(values: Array) -> Float[Array, "#N #S #D"]:
    return values.reshape((1,) * (3 - values.ndim) + values.shape)


def _checked(outputs: Outputs, x: Any) -> tuple[jax.Array, ...]:
    nu, tau2, mean, sigma2, alpha2 = (jnp.asarray(a) for a in outputs)
    if x.ndim != 2 or nu.ndim != 2 or mean.ndim != 3:
        raise InputError(
            f"x {x.shape}, nu {nu.shape}, mean {mean.shape}; pass x (N, D), nu (N, H), mean (N, S, D)"
        )
    (N, D), H, S = x.shape, nu.shape[1], mean.shape[1]
    if nu.shape != (N, H) or mean.shape != (N, S, D):
        raise InputError(f"x {x.shape}, nu {nu.shape} and mean {mean.shape} do not agree in N or D")
    for name, array, wanted in (
        ("tau2", tau2, ((N, H), (1, H), (H,))),
        ("sigma2", sigma2, ((), (D,), (1, 1, D), (N, S, D))),
        ("alpha2", alpha2, ((), (H,))),
    ):
        if array.shape not in wanted:
            shapes = " or ".join(map(str, dict.fromkeys(wanted)))
            raise InputError(f"{name} has shape {array.shape}; pass {shapes}")
    return nu, tau2, mean, sigma2, alpha2
