r"""The VAEs of the experiments as pytrees of weights: linear VAE, VAE-1, VAE-2 and VAE-3 (Damm et al. 2023), and the Bernoulli VAE; and what they compute.

Every network is a perceptron; the first layer of a decoder is the free matrix W that reads z, the heads of the encoder are affine. Scales are
held by their logarithms, so that they are interior. What a network computes at data x and noise ε is an `Outputs` (or a `GraphOutputs`); anything
that gives one can be trained and certified, shipped or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from entropysym.networks.outputs import GraphOutputs, Outputs, bernoulli, encoded, normal


class Layer(eqx.Module):
    """An affine map of the last axis."""

    weight: Float[Array, "O I"]
    bias: Float[Array, " O"]

    def __call__(self, x: Float[Array, "*B I"]) -> Float[Array, "*B O"]:
        return x @ self.weight.T + self.bias


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {"relu": jax.nn.relu, "tanh": jnp.tanh}


class Perceptron(eqx.Module):
    """Layers with an activation between them; the last is affine. `features` is what the last layer reads."""

    layers: tuple[Layer, ...]
    activation: str = eqx.field(static=True, default="relu")

    def features(self, x: Float[Array, "*B I"]) -> Float[Array, "*B K"]:
        act = ACTIVATIONS[self.activation]
        for layer in self.layers[:-1]:
            x = act(layer(x))
        return x

    def __call__(self, x: Float[Array, "*B I"]) -> Float[Array, "*B O"]:
        return self.layers[-1](self.features(x))


class Encoder(eqx.Module):
    r"""$\nu=Vg(x)+c$ and $\log\tau^2=Rg(x)+u$ with shared features g: closed under scaling of each latent."""

    trunk: tuple[Layer, ...]
    mean: Layer
    log_variance: Layer
    activation: str = eqx.field(static=True, default="relu")

    def features(self, x: Float[Array, "*B D"]) -> Float[Array, "*B J"]:
        act = ACTIVATIONS[self.activation]
        for layer in self.trunk:
            x = act(layer(x))
        return x

    def __call__(
        self, x: Float[Array, "*B D"]
    ) -> tuple[Float[Array, "*B H"], Float[Array, "*B H"]]:
        """ν and log τ²."""
        g = self.features(x)
        return self.mean(g), self.log_variance(g)

    def nu(self, x: Float[Array, "*B D"]) -> Float[Array, "*B H"]:
        """ν alone."""
        return self.mean(self.features(x))


class LinearVae(eqx.Module):
    r"""Prior $N(0,I)$, decoder $N(Wz+b,\sigma^2I)$, encoder $N(Vx+c,\mathrm{diag}\,\tau^2)$."""

    W: Float[Array, "D H"]
    b: Float[Array, " D"]
    log_sigma: Float[Array, ""]
    V: Float[Array, "H D"]
    c: Float[Array, " H"]
    log_tau: Float[Array, " H"]

    def encode(self, x: Float[Array, "N D"]) -> tuple[Float[Array, "N H"], Float[Array, "N H"]]:
        nu = x @ self.V.T + self.c
        return nu, jnp.broadcast_to(2 * self.log_tau, nu.shape)

    def outputs(self, x: Float[Array, "N D"], eps: Float[Array, "S H"]) -> Outputs:
        nu, log_tau2 = self.encode(x)
        z = drawn(nu, log_tau2, eps)
        return Outputs(nu, jnp.exp(log_tau2), z @ self.W.T + self.b, jnp.exp(2 * self.log_sigma))


class Vae1(eqx.Module):
    r"""Prior $N(0,I)$, decoder $N(\mu(z),\sigma^2I)$ with one learned variance."""

    encoder: Encoder
    mean: Perceptron
    log_sigma2: Float[Array, ""]

    def encode(self, x: Float[Array, "N D"]) -> tuple[Float[Array, "N H"], Float[Array, "N H"]]:
        return self.encoder(x)

    def outputs(self, x: Float[Array, "N D"], eps: Float[Array, "S H"]) -> Outputs:
        nu, log_tau2 = self.encode(x)
        z = drawn(nu, log_tau2, eps)
        return Outputs(nu, jnp.exp(log_tau2), self.mean(z), jnp.exp(self.log_sigma2))


class Vae2(eqx.Module):
    r"""Prior $N(0,\mathrm{diag}\,\alpha^2)$, decoder $N(\mu(z),\sigma^2I)$; the decoder's first layer has columns of unit norm by construction."""

    encoder: Encoder
    raw_mean: Perceptron
    log_sigma2: Float[Array, ""]
    log_alpha2: Float[Array, " H"]

    @property
    def mean(self) -> Perceptron:
        """The decoder's mean, with the columns of its first layer normalised."""
        first, *rest = self.raw_mean.layers
        unit = first.weight / jnp.linalg.norm(first.weight, axis=0)
        return Perceptron((Layer(unit, first.bias), *rest), self.raw_mean.activation)

    def encode(self, x: Float[Array, "N D"]) -> tuple[Float[Array, "N H"], Float[Array, "N H"]]:
        return self.encoder(x)

    def outputs(self, x: Float[Array, "N D"], eps: Float[Array, "S H"]) -> Outputs:
        nu, log_tau2 = self.encode(x)
        z = drawn(nu, log_tau2, eps)
        alpha2 = jnp.exp(self.log_alpha2)
        return Outputs(nu, jnp.exp(log_tau2), self.mean(z), jnp.exp(self.log_sigma2), alpha2)


class Vae3(eqx.Module):
    r"""Prior $N(0,I)$, decoder $N(\mu(z),\mathrm{diag}\,\sigma^2(z))$; the log-variance is a perceptron of its own, with a bias."""

    encoder: Encoder
    mean: Perceptron
    log_variance: Perceptron

    def encode(self, x: Float[Array, "N D"]) -> tuple[Float[Array, "N H"], Float[Array, "N H"]]:
        return self.encoder(x)

    def outputs(self, x: Float[Array, "N D"], eps: Float[Array, "S H"]) -> Outputs:
        nu, log_tau2 = self.encode(x)
        z = drawn(nu, log_tau2, eps)
        return Outputs(nu, jnp.exp(log_tau2), self.mean(z), jnp.exp(self.log_variance(z)))


class BernoulliVae(eqx.Module):
    r"""Prior $N(0,I)$, decoder $\prod_d\mathrm{Bern}(x_d;\mathrm{sigmoid}\,\eta_d(z))$, x in [0, 1]: the loss is binary cross-entropy."""

    encoder: Encoder
    logits: Perceptron

    def encode(self, x: Float[Array, "N D"]) -> tuple[Float[Array, "N H"], Float[Array, "N H"]]:
        return self.encoder(x)

    def outputs(self, x: Float[Array, "N D"], eps: Float[Array, "S H"]) -> GraphOutputs:
        nu, log_tau2 = self.encode(x)
        z = drawn(nu, log_tau2, eps)
        return GraphOutputs(
            {"z": normal(z, 0.0, 1.0), "x": bernoulli(x[:, None], self.logits(z))},
            {"z": encoded(z, log_tau2=log_tau2)},
        )


GaussianVae = LinearVae | Vae1 | Vae2 | Vae3
Vae = GaussianVae | BernoulliVae


@overload
def outputs(vae: GaussianVae, x: Float[Array, "N D"], eps: Float[Array, "S H"]) -> Outputs: ...
@overload
def outputs(
    vae: BernoulliVae, x: Float[Array, "N D"], eps: Float[Array, "S H"]
) -> GraphOutputs: ...
def outputs(vae: Vae, x: Float[Array, "N D"], eps: Float[Array, "S H"]) -> Outputs | GraphOutputs:
    """What the network computes; the form in which any network is certified."""
    return vae.outputs(x, eps)


def drawn(
    nu: Float[Array, "N H"], log_tau2: Float[Array, "N H"], eps: Float[Array, "S H"]
) -> Float[Array, "N S H"]:
    r"""$z_{ns}=\nu_n+\tau_n\varepsilon_s$."""
    return nu[:, None, :] + jnp.exp(log_tau2 / 2)[:, None, :] * eps


def perceptron(
    sizes: Sequence[int], key: Key[Array, ""], activation: str = "relu", dtype: Any = jnp.float64
) -> Perceptron:
    """A random perceptron with layers of these sizes, input first; weights are normal with variance 1 / inputs, biases 0."""
    keys = jax.random.split(key, len(sizes) - 1)
    return Perceptron(
        tuple(
            Layer(jax.random.normal(k, (o, i), dtype) / i**0.5, jnp.zeros(o, dtype))
            for k, i, o in zip(keys, sizes[:-1], sizes[1:], strict=True)
        ),
        activation,
    )


def encoder(
    D: int,
    hidden: Sequence[int],
    H: int,
    key: Key[Array, ""],
    activation: str = "relu",
    dtype: Any = jnp.float64,
) -> Encoder:
    """A random encoder; log τ² starts near -2, so that the first samples stay near ν."""
    k1, k2, k3 = jax.random.split(key, 3)
    trunk = perceptron((D, *hidden, 1), k1, activation, dtype).layers[:-1]
    J = hidden[-1] if hidden else D
    head = perceptron((J, H), k2, activation, dtype).layers[0]
    log_variance = perceptron((J, H), k3, activation, dtype).layers[0]
    small = Layer(0.1 * log_variance.weight, jnp.full(H, -2.0, dtype))
    return Encoder(trunk, head, small, activation)


def initial(
    kind: str,
    x: Float[Array, "N D"],
    H: int,
    hidden: Sequence[int],
    key: Key[Array, ""],
    activation: str = "relu",
) -> Vae:
    """A random network of `kind` (linear_vae, vae1, vae2, vae3, bernoulli_vae) whose decoder starts at the mean and variance of the data."""
    D, dtype = x.shape[1], x.dtype
    centre, log_variance = jnp.mean(x, axis=0), jnp.log(jnp.mean(jnp.var(x, axis=0)))
    k1, k2, k3 = jax.random.split(key, 3)
    if kind == "linear_vae":
        W = jax.random.normal(k1, (D, H), dtype) * jnp.exp(log_variance / 2) / H**0.5
        V = jax.random.normal(k2, (H, D), dtype) * jnp.exp(-log_variance / 2) / D**0.5
        tau = jnp.full(H, -0.5, dtype)
        return LinearVae(W, centre, log_variance / 2, V, -V @ centre, tau)
    q = encoder(D, hidden, H, k1, activation, dtype)
    decoder = perceptron((H, *hidden, D), k2, activation, dtype)
    if kind == "bernoulli_vae":
        rare = jnp.clip(centre, 0.01, 0.99)  # a pixel that is black in all data would begin at −∞
        logits = jnp.log(rare / (1 - rare))
        return BernoulliVae(q, eqx.tree_at(lambda p: p.layers[-1].bias, decoder, logits))
    decoder = eqx.tree_at(lambda p: p.layers[-1].bias, decoder, centre)
    if kind == "vae3":
        variance = perceptron((H, *hidden, D), k3, activation, dtype)
        variance = eqx.tree_at(
            lambda p: (p.layers[-1].weight, p.layers[-1].bias),
            variance,
            (0.1 * variance.layers[-1].weight, jnp.full(D, log_variance)),
        )
        return Vae3(q, decoder, variance)
    if kind == "vae2":
        return Vae2(q, decoder, log_variance, jnp.zeros(H, dtype))
    return Vae1(q, decoder, log_variance)
