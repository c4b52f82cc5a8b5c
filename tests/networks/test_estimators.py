"""The fast estimators against the formula: value and derivatives, for every network and every kind of noise, and planted errors."""

from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from entropysym.networks import estimators
from entropysym.networks.estimators import chunk_size, draw_noise, elbo, numbers_in_cache
from entropysym.networks.networks import initial
from entropysym.networks.outputs import Outputs, parts
from entropysym.networks.outputs import elbo as plain_elbo

CHUNK = estimators.CHUNK_NUMBERS
KINDS = ("linear_vae", "vae1", "vae2", "vae3", "bernoulli_vae")
NOISES = ("nodes", "shared samples", "samples per datum")
N, S, D, H = 23, 7, 5, 3  # no chunk of more than one datum divides a prime number of data


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    """Several chunks and a smaller last one, at a size that is quick to test."""
    monkeypatch.setattr(estimators, "CHUNK_NUMBERS", 500)
    assert N % chunk_size(N, S, 13) != 0


def compiled(f):
    """Compiled without optimisation: compiling is most of the time here, and the formula does not depend on it."""
    return jax.jit(f, compiler_options={"xla_backend_optimization_level": 0})


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def data():
    return jnp.asarray(1 + normal(0, N, D) @ normal(1, D, D) / 3)


@cache
def network(kind, seed=0, hidden=(13, 9), activation="relu"):
    """A random network, none of whose weights is zero or equal to another; `initial` gives the shapes only."""
    key = jax.random.key(0)
    shapes = eqx.filter_eval_shape(initial, kind, data(), H, hidden, key, activation)
    leaves, tree = jax.tree.flatten(shapes)
    # Variances of a weight such that every quantity is of order one, and no term hides behind another.
    scales = [0.3 if leaf.ndim < 2 else leaf.shape[-1] ** -0.5 for leaf in leaves]
    drawn = [s * normal((seed, k), *leaves[k].shape) for k, s in enumerate(scales)]
    return jax.tree.unflatten(tree, map(jnp.asarray, drawn))


def noise(how):
    """Noise and weights."""
    if how == "samples per datum":
        return jnp.asarray(normal(2, N, S, H)), None
    weights = np.random.default_rng(4).dirichlet(np.ones(S))
    return jnp.asarray(normal(3, S, H)), jnp.asarray(weights) if how == "nodes" else None


def single(tree):
    """In single precision."""
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tree)


def double(tree):
    """In double precision."""
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float64), tree)


def plain(vae, x, eps, weights=None):
    """The formula; a graph's own average of log p(z) is taken over the samples, so that the integral stands in its place."""
    out = vae.outputs(x, eps)
    if isinstance(out, Outputs):
        return plain_elbo(out, x, weights)
    found, (nu, log_tau2) = parts(out, x, weights), vae.encode(x)
    moment = jnp.mean(jnp.sum(nu**2 + jnp.exp(log_tau2), axis=-1))
    prior = -(moment + nu.shape[-1] * jnp.log(2 * jnp.pi)) / 2
    return found.encoder_entropy + prior + found.log_densities["x"]


def distance(a, b):
    """|a - b| / |b| over all leaves together."""
    a, b = (np.concatenate([np.ravel(v) for v in jax.tree.leaves(t)]) for t in (a, b))
    assert np.isfinite(a).all()
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.mark.some(1)
@pytest.mark.parametrize("how", NOISES)
@pytest.mark.parametrize("kind", KINDS)
def test_value_and_gradient_are_those_of_the_formula(kind, how, monkeypatch):
    """For two seeds at once, by the network's weights, the data and the noise."""
    if how == "shared samples":  # the other two in several chunks, this one in one
        monkeypatch.setattr(estimators, "CHUNK_NUMBERS", 10_000)
    nets = jax.tree.map(lambda *leaves: jnp.stack(leaves), network(kind, 0), network(kind, 1))
    x, (eps, weights) = data(), noise(how)

    def derived(f):
        one = jax.value_and_grad(lambda v, x, e: f(v, x, e, weights), argnums=(0, 1, 2))
        return compiled(jax.vmap(one, (0, None, None)))(nets, x, eps)

    (values, slopes), (wanted, wanted_slopes) = derived(elbo), derived(plain)
    assert values.shape == (2,)
    assert distance(values, wanted) < 1e-14
    for slope, wanted_slope in zip(slopes, wanted_slopes, strict=True):
        assert distance(slope, wanted_slope) < 1e-13


@pytest.mark.some(1)
@pytest.mark.parametrize("kind", ["linear_vae", "vae1", "vae3", "bernoulli_vae"])
def test_single_precision_is_accurate_to_its_rounding(kind):
    """The formula in double precision on the same numbers is the reference."""
    args = single((network(kind), data(), noise("samples per datum")[0]))
    value, slope = compiled(jax.value_and_grad(elbo))(*args)
    wanted, wanted_slope = compiled(jax.value_and_grad(plain))(*double(args))
    assert abs(value / wanted - 1) < 2e-6
    assert distance(slope, wanted_slope) < 5e-6


@pytest.mark.some(2)
@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_stays_single(kind):
    for how in NOISES:
        args = single((network(kind), data(), *noise(how)))
        found = jax.eval_shape(jax.value_and_grad(elbo), *args)
        assert {leaf.dtype for leaf in jax.tree.leaves(found)} == {jnp.dtype(jnp.float32)}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["vae1", "vae3", "bernoulli_vae"])
def test_second_derivatives_are_those_of_the_formula(kind):
    """A derivative along the weights of the gradient: both modes, one inside the other."""
    vae, other, x, (eps, _) = network(kind), network(kind, 1), data(), noise("samples per datum")

    def along(f):
        slope = jax.grad(lambda v: f(v, x, eps))
        return compiled(lambda v: jax.jvp(slope, (v,), (other,))[1])(vae)

    assert distance(along(elbo), along(plain)) < 1e-12


def shifted_features(vae, by):
    """The same function with features that are larger by a constant: the last layer's bias makes up for it."""
    *_, before, last = vae.mean.layers
    where = lambda v: [v.mean.layers[-2].bias, v.mean.layers[-1].bias]  # noqa: E731
    return eqx.tree_at(where, vae, [before.bias + by, last.bias - by * last.weight.sum(axis=1)])


def test_no_digits_are_lost_where_features_are_large_and_errors_small():
    """A Gram matrix of features that are not centred would have lost half of the digits."""
    eps = jnp.asarray(normal(9, N, S, H))
    args = single((shifted_features(network("vae1"), 300.0), data(), eps))
    wanted = compiled(plain)(*double(args))
    assert abs(compiled(elbo)(*args) / wanted - 1) < 1e-5
    assert abs(compiled(uncentred_elbo)(*args) / wanted - 1) > 1e-4


def uncentred_elbo(vae, x, eps):
    """VAE-1 through the Gram matrix of the features as they are."""
    out = vae.outputs(x, eps)
    h = vae.mean.features(out.nu[:, None] + jnp.sqrt(out.tau2)[:, None] * eps)
    W, off = vae.mean.layers[-1].weight, x - vae.mean.layers[-1].bias
    gram = jnp.einsum("nsk,nsl->kl", h, h) / h.shape[1]
    squares = jnp.sum(off**2) - 2 * jnp.sum((off @ W) * h.mean(1)) + jnp.sum((W.T @ W) * gram)
    latents = estimators.kept(out.nu, jnp.log(out.tau2))
    return latents + estimators.one_variance(squares / len(x), vae.log_sigma2, x.shape[1])


@pytest.mark.parametrize(
    ("kind", "hidden", "activation"), [("vae1", (), "relu"), ("vae3", (6,), "tanh")]
)
def test_any_depth_and_activation(kind, hidden, activation):
    x, (eps, _) = data(), noise("samples per datum")
    vae = network(kind, 0, hidden, activation)
    assert abs(compiled(elbo)(vae, x, eps) / compiled(plain)(vae, x, eps) - 1) < 1e-14


@pytest.mark.parametrize(
    ("kind", "n", "s"), [("linear_vae", 1, 1), ("vae1", 1, 1), ("vae3", 2, 300)]
)
def test_few_data_and_many_samples(kind, n, s):
    """One datum may be more than a chunk."""
    args = (network(kind), data()[:n], jnp.asarray(normal(6, n, s, H)))
    assert abs(compiled(elbo)(*args) / compiled(plain)(*args) - 1) < 1e-14


def test_a_network_of_ones_own_is_evaluated_from_its_outputs():
    class Own:
        outputs = network("vae1").outputs

    x, (eps, weights) = data(), noise("nodes")
    found = compiled(
        lambda x: (elbo(Own(), x, eps, weights), elbo(network("vae1"), x, eps, weights))
    )
    own, shipped = found(x)
    assert abs(own / shipped - 1) < 1e-14


@pytest.mark.parametrize("N_", [1, 2, 23, 200, 2000, 2003, 10_000])
def test_chunks_are_within_bounds(N_, monkeypatch):
    monkeypatch.setattr(estimators, "CHUNK_NUMBERS", 250_000)
    for samples, width in ((1, 1), (100, 50), (5000, 784)):
        size = chunk_size(N_, samples, width)
        assert 1 <= size <= N_
        assert size == 1 or (size - 1) * samples * width < 250_000


def test_a_chunk_fits_the_caches():
    assert numbers_in_cache() >= 16_000
    assert 125_000 <= CHUNK <= 4_000_000


def test_drawn_noise_is_standard_normal():
    eps = draw_noise(jax.random.key(8), 300, 400, 2, jnp.float32)
    assert (eps.shape, eps.dtype) == ((300, 400, 2), jnp.float32)
    assert abs(float(np.mean(eps))) < 5 / np.sqrt(eps.size)
    assert np.allclose(np.cov(np.asarray(eps).reshape(-1, 2).T), np.eye(2), atol=0.02)


# --- planted errors: each must be noticed by the comparison above ---------------------------------------------------------------------


def scatter_of_independent_noise(eps, mean, weights):
    """The moments that the noise has on average, instead of its own."""
    return jnp.eye(len(eps))


def uncentred_errors(shared, x, z):
    """The Gram matrix of h in the place of that of h - mean."""
    net, _, _ = shared
    Hn, n, s = z.shape
    h = estimators.hidden(net, z.reshape(Hn, n * s))
    W, b = net.layers[-1].weight, net.layers[-1].bias
    mean = h.reshape(-1, n, s).mean(-1)
    spread = jnp.sum((W @ h) ** 2) / s
    return jnp.sum((x.T - W @ mean - b[:, None]) ** 2) + spread


def errors_without_log_variance(shared, x, z):
    """The log-determinant forgotten."""
    mean, log_variance, _ = shared
    Hn, n, s = z.shape
    rows = z.reshape(Hn, n * s)
    mu, log_sigma2 = (
        estimators.affine(net.layers[-1], estimators.hidden(net, rows)).reshape(-1, n, s)
        for net in (mean, log_variance)
    )
    return jnp.sum((x.T[:, :, None] - mu) ** 2 * jnp.exp(-log_sigma2)) / s


def prior_without_its_volume(nu, log_tau2, log_alpha2=0.0):
    """log α² forgotten."""
    ratio = (nu**2 + jnp.exp(log_tau2)) / jnp.exp(log_alpha2)
    return jnp.mean(jnp.sum(1 + log_tau2 - ratio, axis=-1)) / 2


def cross_entropies_of_the_mean(shared, x, z):
    """log(1 + e^η) at the mean of η, instead of its mean."""
    logits, _ = shared
    Hn, n, s = z.shape
    mean = estimators.hidden(logits, z.reshape(Hn, n * s)).reshape(-1, n, s).mean(-1)
    eta = estimators.affine(logits.layers[-1], mean)
    return jnp.sum(jax.nn.softplus(eta) - x.T * eta)


PLANTED = [
    ("linear_vae", "pooled_scatter", scatter_of_independent_noise),
    ("vae1", "squared_errors", uncentred_errors),
    ("vae2", "kept", prior_without_its_volume),
    ("vae3", "scaled_errors", errors_without_log_variance),
    ("bernoulli_vae", "cross_entropies", cross_entropies_of_the_mean),
]


@pytest.mark.some(2)
@pytest.mark.parametrize(("kind", "name", "wrong"), PLANTED)
def test_planted_errors_are_noticed(kind, name, wrong, monkeypatch):
    args = (network(kind), data(), noise("samples per datum")[0])
    monkeypatch.setattr(estimators, name, wrong)
    assert abs(compiled(lambda *a: elbo(*a))(*args) / compiled(plain)(*args) - 1) > 1e-6


def test_a_chunk_left_out_is_noticed(monkeypatch):
    vae, x, (eps, _) = network("vae3"), data(), noise("samples per datum")
    real = estimators.over_chunks

    def without_the_rest(f, size, x, z):
        whole = len(x) // size * size
        return real(f, size, x[:whole], z[:, :whole])

    monkeypatch.setattr(estimators, "over_chunks", without_the_rest)
    found = compiled(lambda *a: elbo(*a))(vae, x, eps)
    assert abs(found / compiled(plain)(vae, x, eps) - 1) > 1e-6


def test_a_wrong_slope_of_the_quadratic_form_is_noticed(monkeypatch):
    """With the value right and the derivative wrong, only the gradient can tell."""
    vae, x, (eps, _) = network("vae1"), data(), noise("samples per datum")

    @jax.custom_jvp
    def halved(A, v, w):
        return jnp.sum(w * jnp.sum(v * (A @ v), axis=0))

    @halved.defjvp
    def _(primals, tangents):
        (A, v, w), (dA, dv, _) = primals, tangents
        return halved(A, v, w), jnp.sum(((w * v) @ v.T) * dA) + jnp.sum(w * (A @ v) * dv)

    monkeypatch.setattr(estimators, "quadratic", halved)
    value, slope = compiled(jax.value_and_grad(lambda *a: elbo(*a)))(vae, x, eps)
    wanted, wanted_slope = compiled(jax.value_and_grad(plain))(vae, x, eps)
    assert abs(value / wanted - 1) < 1e-14
    assert distance(slope, wanted_slope) > 1e-6
