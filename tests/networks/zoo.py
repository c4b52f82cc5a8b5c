"""Networks as other people write them, of which nobody says which array is which, and what a certificate has to say of each.

`python -m tests.networks.zoo [--seeds 5] [NAME …]` prints the table: is the direction of each factor found (or truly absent), does it predict the
gap at random parameters and at the point where training ends, is the reading right, and how many CPU-seconds one certificate takes.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import equinox as eqx
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.flatten_util import ravel_pytree
from scipy.optimize import minimize

from entropysym.lowering import gauss_hermite
from entropysym.lowering.precision import COARSE, TOLERANCE
from entropysym.networks import (
    Encoded,
    GraphOutputs,
    Outputs,
    Reading,
    certify,
    encoded,
    normal,
    vae,
)
from entropysym.networks.certificate import Certificate
from entropysym.networks.directions import EXACT
from entropysym.networks.preparing import prepared

jax.config.update("jax_enable_x64", True)  # before the first array

N, D, H, K = 300, 4, 1, 2
NODES = gauss_hermite(H, 8)
PLANE = gauss_hermite(2, 5)
DONE = (Reading.CONVERGED, Reading.UNIDENTIFIABLE)
HELD = (Reading.CLAMPED, Reading.FIXED)

#: The norm of a gradient that counts as 0, and how many times training begins anew where it ends elsewhere (weights that run away).
STATIONARY, STARTS = 1e-8, 3


class Case(NamedTuple):
    """A network with random parameters and data; `absent` are the factors without a direction; `end` what it may be called at a stationary point."""

    network: Any
    parameters: Any
    data: Any
    nodes: Any = NODES
    absent: tuple[str, ...] = ()
    end: tuple[Reading, ...] = ()

    @property
    def ends(self) -> tuple[Reading, ...]:
        return self.end or ((Reading.NO_DIRECTION,) if self.absent else DONE)


CASES: dict[str, Callable[[np.random.Generator], Case]] = {}


def case(make: Callable[[np.random.Generator], Case]) -> Callable[[np.random.Generator], Case]:
    CASES[make.__name__] = make
    return make


def real(rng: np.random.Generator, n: int = N) -> np.ndarray:
    """A bent curve with noise about it: what a few units fit, and none fits exactly."""
    t = rng.normal(size=(n, 1))
    a, b, c = rng.normal(size=(3, D))
    bent = 2 * a * np.tanh(2 * t) + 0.5 * b * np.tanh(t - 1)
    return bent + 0.3 * c + 0.5 * rng.normal(size=(n, D))


def weights(rng: np.random.Generator, **shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {k: 0.5 * rng.normal(size=s) for k, s in shapes.items()}


#: Encoder with a hidden layer and two heads, decoder with a hidden layer; every layer has a bias.
SHAPES = {
    "A": (D, K), "a": (K,), "V": (K, H), "c": (H,), "R": (K, H), "u": (H,),
    "W": (H, K), "b": (K,), "B": (K, D), "d": (D,),
}  # fmt: skip


def encode(p, x, act=jnp.tanh):
    g = act(x @ p["A"] + p["a"])
    return g @ p["V"] + p["c"], g @ p["R"] + p["u"]


def decode(p, z, act=jnp.tanh):
    return act(z @ p["W"] + p["b"]) @ p["B"] + p["d"]


#: The linear VAE: small enough to be brought to a stationary point, where deeper networks may have none (weights without bound).
LINEAR = {"V": (D, H), "c": (H,), "u": (H,), "W": (H, D), "d": (D,)}


def encode_linearly(p, x):
    nu = x @ p["V"] + p["c"]
    return nu, p["u"] + 0 * nu


def decode_linearly(p, z):
    return z @ p["W"] + p["d"]


def linear(rng, variance=lambda p: jnp.exp(p["s"]), encode=encode_linearly, end=(), **more) -> Case:
    p = weights(rng, **LINEAR, **more.pop("shapes", {"s": ()}))
    net = vae(encode, lambda p, z: (decode_linearly(p, z), variance(p)), alpha2=more.pop("alpha2", None))  # fmt: skip
    return Case(net, p, real(rng), end=end, **more)


def gaussian(rng, act=jnp.tanh, variance=lambda p: jnp.exp(p["s"]), **more) -> Case:
    p = weights(rng, **SHAPES, **more.pop("shapes", {"s": ()}))
    net = vae(lambda p, x: encode(p, x, act), lambda p, z: (decode(p, z, act), variance(p)))
    return Case(net, p, real(rng), **more)


@case
def tanh(rng):
    return gaussian(rng)


@case
def relu(rng):
    return gaussian(rng, jax.nn.relu)


@case
def leaky_relu(rng):
    return gaussian(rng, jax.nn.leaky_relu)


@case
def gelu(rng):
    return gaussian(rng, jax.nn.gelu)


@case
def softplus_variance(rng):
    return linear(rng, variance=lambda p: jax.nn.softplus(p["s"]))


@case
def softplus_variance_of_each_dimension(rng):
    return linear(rng, variance=lambda p: jax.nn.softplus(p["s"]), shapes={"s": (D,)})


@case
def plain_standard_deviation(rng):
    made = linear(rng, variance=lambda p: p["s"] ** 2)
    made.parameters["s"] = np.asarray(1.2)
    return made


@case
def fixed_variance(rng):
    return linear(rng, variance=lambda p: 0.3, shapes={}, absent=("x",), end=(Reading.FIXED,))


@case
def clamped_decoder(rng):
    made = linear(rng, variance=lambda p: jnp.exp(jnp.maximum(p["s"], 3.0)), absent=("x",), end=(Reading.CLAMPED,))  # fmt: skip
    made.parameters["s"] = np.asarray(1.0)
    return made


@case
def clamped_encoder(rng):
    def heads(p, x):
        nu, log_tau2 = encode_linearly(p, x)
        return nu, jnp.maximum(log_tau2, 0.5)

    made = linear(rng, encode=heads, absent=("z",), end=(Reading.CLAMPED,))
    made.parameters["u"] = np.asarray([-1.0])
    return made


@case
def softplus_head_of_the_decoder(rng):
    p = weights(rng, **SHAPES, E=(K, D), e=(D,))

    def heads(p, z):
        return decode(p, z), jax.nn.softplus(jnp.tanh(z @ p["W"] + p["b"]) @ p["E"] + p["e"])

    return Case(vae(encode, heads), p, real(rng), absent=("x",))


@case
def softplus_head_of_the_encoder(rng):
    def heads(p, x):
        nu, raw = encode(p, x)
        return nu, 2 * jnp.log(jax.nn.softplus(raw))

    p = weights(rng, **SHAPES, s=())
    net = vae(heads, lambda p, z: (decode(p, z), jnp.exp(p["s"])))
    return Case(net, p, real(rng), absent=("z",))


@case
def variance_head(rng):
    p = weights(rng, **SHAPES, E=(K, D), e=(D,))

    def heads(p, z):
        g = jnp.tanh(z @ p["W"] + p["b"])
        return g @ p["B"] + p["d"], jnp.exp(0.1 * (g @ p["E"]) + p["e"])

    return Case(vae(encode, heads), p, real(rng))


@case
def learned_prior(rng):
    return linear(rng, shapes={"s": (), "l": (H,)}, alpha2=lambda p: jnp.exp(p["l"]))


@case
def one_head_for_both(rng):
    p = weights(rng, A=(D, K), a=(K,), V=(K, 4), c=(4,), W=(2, K), b=(K,), B=(K, D), d=(D,), s=())

    def heads(p, x):
        return jnp.split(jax.nn.relu(x @ p["A"] + p["a"]) @ p["V"] + p["c"], 2, axis=-1)

    net = vae(lambda p, x: tuple(heads(p, x)), lambda p, z: (decode(p, z, jax.nn.relu), jnp.exp(p["s"])))  # fmt: skip
    return Case(net, p, real(rng), PLANE)


@case
def full_covariance(rng):
    p = weights(rng, A=(D, K), a=(K,), V=(K, 2), c=(2,), R=(K, 3), u=(3,), W=(2, K), b=(K,), B=(K, D), d=(D,), s=())  # fmt: skip

    def network(p, x, eps):
        g = jnp.tanh(x @ p["A"] + p["a"])
        nu, raw = g @ p["V"] + p["c"], g @ p["R"] + p["u"]
        # Lower triangle with rows multiplied by the same scale as the mean: the off-diagonal entry is relative to its row.
        scale = jnp.exp(raw[:, :2])
        first = nu[:, None, 0] + scale[:, None, 0] * eps[:, 0]
        second = nu[:, None, 1] + scale[:, None, 1] * (raw[:, None, 2] * eps[:, 0] + eps[:, 1])
        z = jnp.stack([first, second], axis=-1)
        entropy = jnp.sum(raw[:, :2], axis=-1) + jnp.log(2 * jnp.pi * jnp.e)
        return GraphOutputs(
            {"z": normal(z, 0.0, 1.0), "x": normal(x[:, None], decode(p, z), jnp.exp(p["s"]))},
            {"z": Encoded(z, entropy)},
        )

    return Case(network, p, real(rng), PLANE)


@case
def bernoulli_decoder(rng):
    x = (rng.uniform(size=(N, D)) < 1 / (1 + np.exp(-2 * rng.normal(size=(N, 1))))).astype(float)
    return Case(vae(encode, decode, decoder="bernoulli"), weights(rng, **SHAPES), x)


@case
def grey_pixels_under_cross_entropy(rng):
    x = 1 / (1 + np.exp(-real(rng)))
    net = vae(encode_linearly, decode_linearly, decoder="bernoulli")
    return Case(net, weights(rng, **LINEAR), x)


@case
def poisson_decoder(rng):
    x = rng.poisson(np.exp(rng.normal(size=(N, 1)) + 0.3), size=(N, D)) / 1.0
    return Case(vae(encode_linearly, decode_linearly, decoder="poisson"), weights(rng, **LINEAR), x)  # fmt: skip


@case
def laplace_decoder(rng):
    p = weights(rng, **SHAPES, s=())
    net = vae(encode, lambda p, z: (decode(p, z), jnp.exp(p["s"])), decoder="laplace")
    return Case(
        net,
        p,
        real(rng),
    )  # at its kinks no gradient vanishes


@case
def categorical_decoder(rng):
    x = np.eye(D)[rng.integers(0, D, N)] * 0.9 + 0.1 / D  # soft targets
    return Case(vae(encode_linearly, decode_linearly, decoder="categorical"), weights(rng, **LINEAR), x)  # fmt: skip


@case
def residual_connections(rng):
    p = weights(rng, **SHAPES, A2=(K, K), a2=(K,), B2=(K, K), b2=(K,), s=())

    def heads(p, x):
        g = jax.nn.gelu(x @ p["A"] + p["a"])
        g = g + jax.nn.gelu(g @ p["A2"] + p["a2"])
        return g @ p["V"] + p["c"], g @ p["R"] + p["u"]

    def means(p, z):
        h = jax.nn.gelu(z @ p["W"] + p["b"])
        h = h + jax.nn.gelu(h @ p["B2"] + p["b2"])
        return h @ p["B"] + p["d"], jnp.exp(p["s"])

    return Case(vae(heads, means), p, real(rng))


@case
def group_norm(rng):
    p = weights(rng, **{**SHAPES, "W": (H, 6), "b": (6,), "B": (6, D)}, g=(6,), s=())

    def means(p, z):
        h = (z @ p["W"] + p["b"]).reshape(-1, 2, 3)
        h = (h - h.mean(-1, keepdims=True)) / jnp.sqrt(h.var(-1, keepdims=True) + 1e-5)
        return jax.nn.relu(h.reshape(-1, 6) * p["g"]) @ p["B"] + p["d"], jnp.exp(p["s"])

    return Case(vae(encode, means), p, real(rng))


@case
def batch_norm_in_training_mode(rng):
    p = weights(rng, **SHAPES, g=(K,), s=())

    def heads(p, x):
        h = x @ p["A"]
        h = (h - h.mean(0)) / jnp.sqrt(h.var(0) + 1e-5)
        g = jax.nn.relu(h * p["g"] + p["a"])
        return g @ p["V"] + p["c"], g @ p["R"] + p["u"]

    net = vae(heads, lambda p, z: (decode(p, z), jnp.exp(p["s"])))
    return Case(net, p, real(rng, 80))


@case
def a_layer_used_twice(rng):
    p = weights(rng, **SHAPES, T=(K, K), t=(K,), s=())

    def means(p, z):
        h = jnp.tanh(z @ p["W"] + p["b"])
        for _ in range(2):
            h = jnp.tanh(h @ p["T"] + p["t"])
        return h @ p["B"] + p["d"], jnp.exp(p["s"])

    return Case(vae(encode, means), p, real(rng))


@case
def tied_encoder_and_decoder(rng):
    """The decoder's first layer is the transposed head: it cannot be halved and doubled at once."""
    p = weights(rng, **{k: s for k, s in SHAPES.items() if k != "W"}, s=())
    net = vae(encode, lambda p, z: (decode({**p, "W": p["V"].T}, z), jnp.exp(p["s"])))
    return Case(net, p, real(rng), absent=("z",))


@case
def frozen_encoder(rng):
    held = {k: jnp.asarray(a) for k, a in weights(rng, V=(D, H), c=(H,), u=(H,)).items()}
    made = linear(rng, encode=lambda p, x: encode_linearly(held, x), absent=("z",), end=(Reading.NO_DIRECTION,))  # fmt: skip
    for k in held:
        made.parameters.pop(k)
    return made


@case
def attention_in_the_encoder(rng):
    p = weights(rng, E=(1, 4), e=(D, 4), Q=(4, 4), Kk=(4, 4), Vv=(4, 4), V=(4, H), c=(H,), R=(4, H), u=(H,), W=(H, K), b=(K,), B=(K, D), d=(D,), s=())  # fmt: skip

    def heads(p, x):
        t = x[..., None] @ p["E"] + p["e"]
        share = jax.nn.softmax(t @ p["Q"] @ jnp.swapaxes(t @ p["Kk"], -1, -2) / 2)
        g = (t + share @ (t @ p["Vv"])).mean(-2)
        return g @ p["V"] + p["c"], g @ p["R"] + p["u"]

    net = vae(heads, lambda p, z: (decode(p, z), jnp.exp(p["s"])))
    return Case(net, p, real(rng))


@case
def conditional(rng):
    p = weights(rng, **{**SHAPES, "A": (D + 3, K), "W": (H + 3, K)}, s=())
    data = {"x": real(rng), "y": np.eye(3)[rng.integers(0, 3, N)]}

    def heads(p, data):
        return encode(p, jnp.concatenate([data["x"], data["y"]], axis=-1))

    def means(p, z, data):
        return decode(p, jnp.concatenate([z, data["y"]], axis=-1)), jnp.exp(p["s"])

    return Case(vae(heads, means), p, data)


@case
def two_layers(rng):
    p = weights(rng, **SHAPES, W2=(1, 3), w2=(3,), M=(3, H), m=(H,), t=(), V2=(H, 1), v2=(1,), r=(1,), s=())  # fmt: skip

    def network(p, x, eps):
        nu, log_tau2 = encode(p, x)
        z1 = nu[:, None] + jnp.exp(log_tau2 / 2)[:, None] * eps[:, :1]
        z2 = z1 @ p["V2"] + p["v2"] + jnp.exp(p["r"] / 2) * eps[:, 1:]
        middle = jnp.tanh(z2 @ p["W2"] + p["w2"]) @ p["M"] + p["m"]
        tau2 = jnp.broadcast_to(p["r"], (len(x), 1))
        return GraphOutputs(
            {
                "z2": normal(z2, 0.0, 1.0),
                "z1": normal(z1, middle, jnp.exp(p["t"])),
                "x": normal(x[:, None], decode(p, z1), jnp.exp(p["s"])),
            },
            {"z1": encoded(z1, log_tau2=log_tau2), "z2": encoded(z2, log_tau2=tau2)},
        )

    return Case(network, p, real(rng), PLANE)


def images(rng: np.random.Generator) -> np.ndarray:
    centre = rng.uniform(1, 5, size=(N, 2, 1, 1))
    grid = np.arange(6.0)
    far = (grid[:, None] - centre[:, 0]) ** 2 + (grid - centre[:, 1]) ** 2
    return np.exp(-far / 4)[:, None]


@case
def convolutions(rng):
    p = weights(rng, C=(4, 1, 3, 3), c0=(4,), V=(36, 2), c=(2,), R=(36, 2), u=(2,), W=(2, 36), b=(36,), T=(4, 1, 4, 4), t=(1,))  # fmt: skip

    def heads(p, x):
        h = jax.lax.conv_general_dilated(x, p["C"], (2, 2), "SAME") + p["c0"][:, None, None]
        g = jax.nn.relu(h).reshape(len(x), -1)
        return g @ p["V"] + p["c"], 0.1 * (g @ p["R"]) + p["u"]

    def logits(p, z):
        h = jax.nn.relu(z @ p["W"] + p["b"]).reshape(-1, 4, 3, 3)
        up = jax.lax.conv_transpose(h, p["T"], (2, 2), "SAME", dimension_numbers=("NCHW", "IOHW", "NCHW"))  # fmt: skip
        return up + p["t"][:, None, None]

    return Case(vae(heads, logits, decoder="bernoulli"), p, images(rng), PLANE)


class Linen(nn.Module):
    act: Any = nn.relu

    @nn.compact
    def __call__(self, x, eps):
        g = self.act(nn.Dense(K)(x))
        nu, log_tau2 = nn.Dense(H)(g), nn.Dense(H)(g)
        z = nu[:, None] + jnp.exp(log_tau2 / 2)[:, None] * eps
        mean = nn.Dense(D)(self.act(nn.Dense(K)(z)))
        log_sigma2 = self.param("log_sigma2", nn.initializers.zeros, ())
        return Outputs(nu, jnp.exp(log_tau2), mean, jnp.exp(log_sigma2))


@case
def linen(rng):
    x, module = real(rng), Linen()
    p = module.init(jax.random.key(int(rng.integers(1 << 30))), jnp.asarray(x), NODES.eps)
    return Case(lambda p, x, eps: module.apply(p, x, eps), p, x)


class Nnx(nnx.Module):
    def __init__(self, key):
        r = nnx.Rngs(key)
        self.hidden, self.nu = nnx.Linear(D, K, rngs=r), nnx.Linear(K, H, rngs=r)
        self.log_tau2, self.first = nnx.Linear(K, H, rngs=r), nnx.Linear(H, K, rngs=r)
        self.norm = nnx.BatchNorm(K, use_running_average=True, rngs=r)
        self.last, self.log_sigma2 = nnx.Linear(K, D, rngs=r), nnx.Param(jnp.zeros(()))


@case
def nnx_module_with_batch_norm_at_rest(rng):
    def heads(m, x):
        g = nnx.relu(m.hidden(x))
        return m.nu(g), m.log_tau2(g)

    def means(m, z):
        return m.last(nnx.relu(m.norm(m.first(z)))), jnp.exp(m.log_sigma2[...])

    return Case(vae(heads, means), Nnx(int(rng.integers(1 << 30))), real(rng))


class Equinox(eqx.Module):
    encoder: eqx.nn.MLP
    decoder: eqx.nn.MLP
    log_sigma: jax.Array


@case
def equinox_module_for_one_datum(rng):
    one, two = jax.random.split(jax.random.key(int(rng.integers(1 << 30))))
    m = Equinox(
        eqx.nn.MLP(D, 2, K, 1, jax.nn.relu, key=one),
        eqx.nn.MLP(H, D, K, 1, jax.nn.relu, key=two),
        jnp.zeros(D),
    )
    net = vae(
        lambda m, x: tuple(jnp.split(m.encoder(x), 2)),
        lambda m, z: (m.decoder(z), jnp.exp(2 * m.log_sigma)),
        per_example=True,
    )
    return Case(net, m, real(rng))


def torch_vae(rng: np.random.Generator, norm: bool = False) -> Any:
    import torch

    torch.manual_seed(int(rng.integers(1 << 30)))

    class Vae(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            extra = [torch.nn.BatchNorm1d(K)] if norm else []
            self.body = torch.nn.Sequential(torch.nn.Linear(D, K), *extra, torch.nn.ReLU())
            self.mu, self.logvar = torch.nn.Linear(K, H), torch.nn.Linear(K, H)
            self.decoder = torch.nn.Sequential(torch.nn.Linear(H, K), torch.nn.ReLU(), torch.nn.Linear(K, D))  # fmt: skip
            self.log_sigma2 = torch.nn.Parameter(torch.zeros(()))

    return Vae()


@case
def torch_module_in_float32(rng):
    def heads(m, x):
        g = m.body(x)
        return m.mu(g), m.logvar(g)

    net = vae(heads, lambda m, z: (m.decoder(z), m.log_sigma2.exp()))
    return Case(net, torch_vae(rng), real(rng))


@case
def torch_bernoulli_with_batch_norm_in_training_mode(rng):
    def heads(m, x):
        g = m.body(x)
        return m.mu(g), m.logvar(g)

    x = 1 / (1 + np.exp(-real(rng, 80)))
    net = vae(heads, lambda m, z: m.decoder(z), decoder="bernoulli")
    return Case(net, torch_vae(rng, norm=True), x)


def trained(c: Case, steps: int = 600) -> Any:
    """The parameters where BFGS and a few Newton steps end, in the form in which the case has them."""
    made = prepared(c.network, c.parameters, c.data, c.nodes)
    start, unravel = ravel_pytree(made.parameters)

    def loss(v: np.ndarray) -> tuple[float, np.ndarray]:
        slope, t = made.programs.gradient(unravel(jnp.asarray(v)), made.x, c.nodes)
        return -float(t.elbo), -np.asarray(ravel_pytree(slope)[0])

    def curvature(v: np.ndarray) -> np.ndarray:
        return -np.asarray(made.programs.hessian(unravel(jnp.asarray(v)), made.x, c.nodes))

    v = minimize(loss, np.asarray(start), jac=True, method="BFGS", options={"gtol": 1e-10, "maxiter": steps}).x  # fmt: skip
    if made.programs.hessian is not None:
        with suppress(ValueError):  # on the way to infinity a Hessian is not finite
            near = {"gtol": 1e-11, "maxiter": 100}
            v = minimize(loss, v, jac=True, hess=curvature, method="trust-exact", options=near).x
        v = polished(v, lambda v: loss(v)[1], curvature)
    p = unravel(jnp.asarray(v))
    if made.restored is not None:
        return made.restored(p)
    module = copy.deepcopy(c.parameters).double()
    module.load_state_dict({k: torch_tensor(a) for k, a in p.items()}, strict=False)
    return module


def polished(
    v: np.ndarray,
    slope: Callable[[np.ndarray], np.ndarray],
    curvature: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Newton's steps across the flat directions, while they help."""
    for _ in range(20):
        g = slope(v)
        H = curvature(v)
        if np.linalg.norm(g) < 1e-12 or not np.isfinite(H).all():
            break
        step = np.linalg.lstsq(H, g, rcond=1e-7)[0]
        if not np.linalg.norm(slope(v - step)) < np.linalg.norm(g):
            break
        v = v - step
    return v


def torch_tensor(a: Any) -> Any:
    import torch

    return torch.from_numpy(np.array(a))


class Row(NamedTuple):
    """One network and seed: at random parameters and where training ended."""

    name: str
    start: Certificate
    end: Certificate
    faults: tuple[str, ...]
    seconds: float


def judged(name: str, seed: int) -> Row:
    """Certify at random parameters, train, certify again; `faults` says what is not as it should be."""
    start, faults, seconds = at_the_start(name, seed)
    for more in range(STARTS):
        c = CASES[name](np.random.default_rng([seed, more, *name.encode()]))
        end = certify(c.network, trained(c), c.data, c.nodes)
        faults += tuple(_faults_of_the_end(c, end))
        if end.gradient_norm <= STATIONARY or end.reading in HELD:
            break
    return Row(name, start, end, faults, seconds)


def at_the_start(name: str, seed: int) -> tuple[Certificate, tuple[str, ...], float]:
    """The certificate at random parameters, what is wrong with it, and the seconds of processor that it took."""
    c = CASES[name](np.random.default_rng([seed, *name.encode()]))
    began = time.process_time()
    start = certify(c.network, c.parameters, c.data, c.nodes)
    seconds = time.process_time() - began
    return start, tuple(_faults_of_directions(c, start)), seconds


def _faults_of_directions(c: Case, found: Certificate) -> Iterator[str]:
    for factor, missing in found.missing.items():
        if factor in c.absent:  # a softplus far below 0 is nearly an exponential
            if not EXACT < missing <= 1:
                yield f"a direction of {factor} that is none: missing {missing:.1e}"
        elif not missing <= 1e-10:
            yield f"no direction of {factor}: missing {missing:.1e}"
        elif abs(found.gaps[factor] - found.slopes[factor]) > max(
            1e-9 * (1 + abs(found.gaps[factor])), found.tolerance
        ):
            yield f"the direction of {factor} does not predict its gap"
    # Where terms are so large that rounding is a part of a nat, agreement is no evidence, and the certificate says so.
    coarse = found.tolerance > COARSE and found.residual <= TOLERANCE
    if not c.absent and not found.agrees and not coarse:
        yield f"not as predicted: {found.gap:.3g}, {found.predicted:.3g}, {found.residual:.1f} eps x terms"
    if c.absent and found.agrees:
        yield "agrees without a direction"


def _faults_of_the_end(c: Case, end: Certificate) -> Iterator[str]:
    if not np.isfinite(end.gap):  # training ran away, and the certificate has to say so
        if end.reading is not Reading.NOT_FINITE:
            yield f"not finite, but read as {end.reading.name}"
        return
    stationary = end.gradient_norm <= STATIONARY
    # A latent that has collapsed leaves no gap, whether or not there is a direction.
    collapsed = stationary and bool(c.absent) and abs(end.gap) < 1e-7
    allowed = DONE if collapsed else c.ends
    # What a gradient leaves of the gap along a long direction, which is said to be one: a variance hardly follows its parameter.
    left = 2 * end.gradient_norm * end.direction_norm
    saturating = end.direction_norm > 100 and end.reading is Reading.CLAMPED
    if end.reading not in (allowed if stationary else (Reading.STALLED, *HELD)) and not saturating:
        yield f"read as {end.reading.name}: {end.message}"
    if stationary and not c.absent and abs(end.gap) > max(1e-7, left):
        yield f"stationary with a gap of {end.gap:.1e}"
    # Where it is not, a variance may be on its way to 0. A gap and a slope that are both nothing agree whatever is missing of a direction.
    nothing = max(abs(end.gap), abs(end.predicted)) < 1e-9
    if stationary and not c.absent and not end.agrees and not nothing:
        yield f"at the end not as predicted: {end.gap:.3g}, {end.predicted:.3g}, {end.residual:.1f} eps x terms, missing {max(end.missing.values()):.0e}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(CASES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    wrong, ended = 0, 0
    for name in args.names:
        rows = [judged(name, s) for s in range(args.first, args.first + args.seeds)]
        missing = {f: max(r.start.missing[f] for r in rows) for f in rows[0].start.missing}
        exact = [r.start.residual for r in rows if r.start.exact]
        residual = f"{max(exact):.1f} eps" if exact else "-"
        ends = [r.end for r in rows]
        settled = sum(e.gradient_norm <= STATIONARY for e in ends)
        said = "; ".join(sorted({e.reading.name.lower() for e in ends})) or "-"
        seconds = sorted(r.seconds for r in rows)[len(rows) // 2]
        told = ", ".join(f"{f} {m:.0e}" for f, m in missing.items())
        print(f"{name:50s} {told:34s} {residual:>10s}  {settled}/{len(ends)} {said:24s} {seconds:5.1f} s", flush=True)  # fmt: skip
        for r in rows:
            for fault in r.faults:
                print(f"    WRONG: {fault}")
        wrong += any(r.faults for r in rows)
        ended += settled
    print(f"{len(args.names)} networks, {wrong} wrong; {ended} trained to a stationary point")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
