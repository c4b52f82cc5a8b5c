"""Directions from layers: the slope of each factor is its gap, for every way to hold a scale and a head, in PyTorch, Flax and Equinox."""

import math
import re

import equinox as eqx
import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from flax import nnx
from torch import nn

from entropysym.errors import InputError
from entropysym.monitoring import Monitor, Move

N, D, H, C = 30, 4, 2, 3
CLOSE = 1e-11


@pytest.fixture(autouse=True, scope="module")
def _settings():
    threads, floats = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_num_threads(threads)
    torch.set_default_dtype(floats)


def _kl(nu, log_tau2, log_alpha2=0.0):
    ratio = log_tau2 - log_alpha2
    return (nu**2 * torch.exp(-torch.as_tensor(log_alpha2)) + ratio.exp() - 1 - ratio).sum(1) / 2


def _normal(x, mean, sigma2):
    return (((x - mean) ** 2 / sigma2 + sigma2.log()) / 2 + 0 * mean).sum(1)


class _Parts(nn.Module):
    """The layers of a small VAE, of which a case uses some."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.hidden, self.head = nn.Linear(D, 6), nn.Linear(6, 2 * H)
        self.mu, self.spread = nn.Linear(6, H), nn.Linear(6, H)
        self.first, self.last = nn.Linear(H, 7), nn.Linear(7, D)
        self.first_variance, self.last_variance = nn.Linear(H, 5), nn.Linear(5, D)
        self.labelled, self.whole = nn.Linear(H + C, 7), nn.Linear(H, D)
        self.number = nn.Parameter(torch.full((D,), 0.6))
        self.of_prior = nn.Parameter(torch.full((H,), 0.7))
        self.x = torch.randn(N, D) + 2 * torch.randint(0, 2, (N, 1))
        self.eps = torch.randn(N, H)

    def encoded(self, head=False, logstd=False):
        h = torch.relu(self.hidden(self.x))
        nu, spread = self.head(h).chunk(2, dim=1) if head else (self.mu(h), self.spread(h))
        log_tau2 = 2 * spread if logstd else spread
        return nu, log_tau2, nu + (log_tau2 / 2).exp() * self.eps

    def decoded(self, z):
        return self.last(torch.relu(self.first(z)))


def _checked(monitor, loss, **arrays):
    """The only step of a loop: both parts are predicted, and neither is small by chance."""
    loss.mean().backward()
    step = monitor.log(0, **arrays)
    assert abs(step.gap_prior) > 0.01
    assert abs(step.slope_prior - step.gap_prior) <= CLOSE
    if step.slope_decoder is not None:
        assert abs(step.gap_decoder) > 0.01
        assert abs(step.slope_decoder - step.gap_decoder) <= CLOSE
    assert monitor.slip is None
    return step


@pytest.mark.parametrize("head", [False, True])
@pytest.mark.parametrize("logstd", [False, True])
@pytest.mark.parametrize("scale", ["log_sigma2", "log_sigma", "sigma2", "sigma"])
def test_heads_and_variances(head, logstd, scale):
    m = _Parts()
    sigma2 = {
        "log_sigma2": m.number.exp(),
        "log_sigma": (2 * m.number).exp(),
        "sigma2": m.number * 1,
        "sigma": m.number**2,
    }[scale]
    nu, log_tau2, z = m.encoded(head, logstd)
    mean = m.decoded(z)
    suffix = "_logstd" if logstd else ""
    layers = {f"encoder_head{suffix}": m.head} if head else {"encoder_mean": m.mu, "encoder_logstd" if logstd else "encoder_logvar": m.spread}  # fmt: skip
    monitor = Monitor.gaussian(**layers, decoder_first=m.first, **{scale: m.number})
    loss = _normal(m.x, mean, sigma2) + _kl(nu, log_tau2)
    _checked(monitor, loss, x=m.x, nu=nu, log_tau2=log_tau2, mean=mean, sigma2=sigma2)


@pytest.mark.parametrize("name", ["log_alpha2", "log_alpha", "alpha2", "alpha"])
def test_learned_priors(name):
    m = _Parts()
    alpha2 = {"log_alpha2": m.of_prior.exp(), "log_alpha": (2 * m.of_prior).exp(), "alpha2": m.of_prior * 1, "alpha": m.of_prior**2}[name]  # fmt: skip
    nu, log_tau2, z = m.encoded()
    mean, sigma2 = m.decoded(z), m.number.exp()
    monitor = Monitor.gaussian(log_sigma2=m.number, **{name: m.of_prior})
    loss = _normal(m.x, mean, sigma2) + _kl(nu, log_tau2, alpha2.log())
    _checked(monitor, loss, x=m.x, nu=nu, log_tau2=log_tau2, mean=mean, sigma2=sigma2, alpha2=alpha2)  # fmt: skip


def _encoder(m):
    return {"encoder_mean": m.mu, "encoder_logvar": m.spread}


def test_a_network_for_the_variance_and_several_first_layers():
    m = _Parts()
    nu, log_tau2, z = m.encoded()
    mean, sigma2 = m.decoded(z), m.last_variance(torch.relu(m.first_variance(z))).exp()
    first = [m.first, m.first_variance]
    monitor = Monitor.gaussian(**_encoder(m), decoder_first=first, log_sigma2=m.last_variance)
    loss = _normal(m.x, mean, sigma2) + _kl(nu, log_tau2)
    _checked(monitor, loss, x=m.x, nu=nu, log_tau2=log_tau2, mean=mean, sigma2=sigma2)


@pytest.mark.parametrize("columns", [H, slice(0, H), [0, 1], (1, 0)])
def test_a_decoder_that_reads_a_label_too(columns):
    m = _Parts()
    nu, log_tau2, z = m.encoded()
    label = torch.eye(C)[torch.randint(0, C, (N,))]
    mean = m.last(torch.relu(m.labelled(torch.cat([z, label], dim=1))))
    layers = {**_encoder(m), "decoder_first": m.labelled, "log_sigma2": m.number}
    loss = _normal(m.x, mean, m.number.exp()) + _kl(nu, log_tau2)
    arrays = {"x": m.x, "nu": nu, "log_tau2": log_tau2, "mean": mean, "sigma2": m.number.exp()}
    _checked(Monitor.gaussian(**layers, columns=columns), loss, **arrays)
    all_of_it = Monitor.gaussian(**layers).log(0, **arrays)
    assert abs(all_of_it.slope_prior - all_of_it.gap_prior) > 1e-3


@pytest.mark.parametrize("single", [False, True])
def test_bernoulli_and_a_single_layer_that_is_first_and_last(single):
    m = _Parts()
    nu, log_tau2, z = m.encoded()
    x = (m.x > 1).double()
    logits = m.whole(z) if single else m.decoded(z)
    first, last = (m.whole, m.whole) if single else (m.first, m.last)
    monitor = Monitor.bernoulli(**_encoder(m), decoder_first=first, logits=last)
    error = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    step = _checked(monitor, error + _kl(nu, log_tau2), x=x, nu=nu, log_tau2=log_tau2, logits=logits)  # fmt: skip
    by_hand = Monitor(
        [
            Move(last.weight, times=0.5 if single else 1),
            Move(last.bias, times=1),
            *([] if single else [Move(first.weight, times=-0.5)]),
            *(Move(p, times=0.5) for p in m.mu.parameters()),
            Move(m.spread.bias, plus=1),
        ],
        decoder="bernoulli",
    ).log(0, x=x, nu=nu, log_tau2=log_tau2, logits=logits)
    assert by_hand.predicted == pytest.approx(step.predicted, abs=CLOSE)
    assert by_hand.slope_decoder is None


def test_poisson_and_laplace():
    m = _Parts()
    nu, log_tau2, z = m.encoded()
    out, counts = m.decoded(z), m.x.abs().round()
    monitor = Monitor.poisson(**_encoder(m), decoder_first=m.first, log_rate=m.last)
    loss = (out.exp() - counts * out).sum(1) + _kl(nu, log_tau2)
    _checked(monitor, loss, x=counts, nu=nu, log_tau2=log_tau2, log_rate=out)
    for name in ("log_scale", "scale"):
        m = _Parts()
        nu, log_tau2, z = m.encoded()
        b = m.number.exp() if name == "log_scale" else m.number * 1
        mean = m.decoded(z)
        monitor = Monitor.laplace(**_encoder(m), decoder_first=m.first, **{name: m.number})
        loss = ((m.x - mean).abs() / b + b.log()).sum(1) + _kl(nu, log_tau2)
        _checked(monitor, loss, x=m.x, nu=nu, log_tau2=log_tau2, mean=mean, scale=b)


@pytest.mark.parametrize("transposed", [False, True])
def test_convolutions(transposed):
    """An encoder whose head is a convolution, and a decoder that starts with one; z are the H channels of one pixel."""
    torch.manual_seed(0)
    head = nn.Conv2d(3, 2 * H, 2)
    first = nn.ConvTranspose2d(H + 1, 3, 2) if transposed else nn.Conv2d(H + 1, 3, 2, padding=1)
    log_sigma2 = nn.Parameter(torch.tensor(0.2))
    images = torch.randn(N, 3, 2, 2) + 1
    nu, log_tau2 = (a.reshape(N, H) for a in head(images).chunk(2, dim=1))
    z = nu + (log_tau2 / 2).exp() * torch.randn(N, H)
    given = torch.cat([z.reshape(N, H, 1, 1), torch.ones(N, 1, 1, 1)], dim=1)
    x, mean = images.reshape(N, -1), torch.relu(first(given)).reshape(N, -1)
    monitor = Monitor.gaussian(encoder_head=head, decoder_first=first, columns=H, log_sigma2=log_sigma2)  # fmt: skip
    loss = _normal(x, mean, log_sigma2.exp()) + _kl(nu, log_tau2)
    _checked(monitor, loss, x=x, nu=nu, log_tau2=log_tau2, mean=mean, sigma2=log_sigma2.exp())


def test_a_squared_error_predicts_the_prior_only():
    m = _Parts()
    nu, log_tau2, z = m.encoded()
    mean = m.decoded(z)
    monitor = Monitor.gaussian(**_encoder(m), decoder_first=m.first)
    loss = ((m.x - mean) ** 2).sum(1) + _kl(nu, log_tau2)
    step = _checked(monitor, loss, x=m.x, nu=nu, log_tau2=log_tau2, mean=mean, sigma2=0.5)
    assert step.slope_decoder is None
    assert step.elbo == pytest.approx(-loss.mean().item() - D / 2 * math.log(math.pi), abs=1e-12)


@pytest.mark.slow
def test_gradient_norm_and_errors():
    m = _Parts()
    nu, log_tau2, z = m.encoded()
    mean, sigma2 = m.decoded(z), m.number.exp()
    loss = (_normal(m.x, mean, sigma2) + _kl(nu, log_tau2)).sum()
    loss.backward()
    arrays = {"x": m.x, "nu": nu, "log_tau2": log_tau2, "mean": mean, "sigma2": sigma2}
    layers = {**_encoder(m), "decoder_first": m.first, "log_sigma2": m.number}
    norm = math.sqrt(sum(float((p.grad**2).sum()) for p in m.parameters() if p.grad is not None))
    optimizer = torch.optim.SGD(m.parameters(), lr=0.1)
    for parameters in (optimizer, m, list(m.parameters())):
        monitor = Monitor.gaussian(**layers, parameters=parameters, reduction="sum")
        step = monitor.log(0, **arrays, loss=loss)
        assert step.gradient_norm == pytest.approx(norm / N, rel=1e-12)
        assert step.loss == pytest.approx(loss.item() / N, rel=1e-12)
        assert abs(step.slope_prior - step.gap_prior) <= CLOSE
    of_data = (1 - (m.x - mean) ** 2 / sigma2).sum(1) / 2
    assert step.error_decoder == pytest.approx(of_data.std().item() / math.sqrt(N), rel=1e-12)
    of_latents = (1 - nu**2 - log_tau2.exp()).sum(1) / 2
    assert step.error_prior == pytest.approx(of_latents.std().item() / math.sqrt(N), rel=1e-12)
    assert Monitor.gaussian(**layers).log(0, **arrays).gradient_norm is None


def _jax_loss(x, mean, log_sigma2, nu, log_tau2):
    kl = (nu**2 + jnp.exp(log_tau2) - 1 - log_tau2).sum(1) / 2
    return (((x - mean) ** 2 * jnp.exp(-log_sigma2) + log_sigma2) / 2).sum(1).mean() + kl.mean()


def _jax_data():
    rng = np.random.default_rng(1)
    return jnp.asarray(rng.normal(size=(N, D)) + 1), jnp.asarray(rng.normal(size=(N, H)))


class _Linen(linen.Module):
    @linen.compact
    def __call__(self, x, eps):
        dense = lambda n, name: linen.Dense(n, name=name, param_dtype=jnp.float64)  # noqa: E731
        h = jax.nn.relu(dense(6, "hidden")(x))
        nu, log_tau2 = dense(H, "fc_mu")(h), dense(H, "fc_logvar")(h)
        hidden = jax.nn.relu(dense(7, "first")(nu + jnp.exp(log_tau2 / 2) * eps))
        log_sigma2 = self.param("log_sigma2", lambda _: jnp.zeros(()))
        return dense(D, "last")(hidden), log_sigma2, nu, log_tau2


class _Nnx(nnx.Module):
    def __init__(self):
        layer = lambda a, b: nnx.Linear(a, b, rngs=nnx.Rngs(0), param_dtype=jnp.float64)  # noqa: E731
        self.hidden, self.fc_mu, self.fc_logvar = layer(D, 6), layer(6, H), layer(6, H)
        self.first, self.last = layer(H, 7), layer(7, D)
        self.log_sigma2 = nnx.Param(jnp.zeros(()))

    def __call__(self, x, eps):
        h = jax.nn.relu(self.hidden(x))
        nu, log_tau2 = self.fc_mu(h), self.fc_logvar(h)
        hidden = jax.nn.relu(self.first(nu + jnp.exp(log_tau2 / 2) * eps))
        return self.last(hidden), self.log_sigma2[...], nu, log_tau2


class _Eqx(eqx.Module):
    hidden: eqx.nn.Linear
    fc_mu: eqx.nn.Linear
    fc_logvar: eqx.nn.Linear
    first: eqx.nn.Linear
    last: eqx.nn.Linear
    log_sigma2: jax.Array

    def __init__(self, key):
        shapes = ((D, 6), (6, H), (6, H), (H, 7), (7, D))
        layers = [eqx.nn.Linear(*s, key=k) for s, k in zip(shapes, jax.random.split(key, 5), strict=True)]  # fmt: skip
        self.hidden, self.fc_mu, self.fc_logvar, self.first, self.last = layers
        self.log_sigma2 = jnp.zeros(())

    def __call__(self, x, eps):
        h = jax.nn.relu(jax.vmap(self.hidden)(x))
        nu, log_tau2 = jax.vmap(self.fc_mu)(h), jax.vmap(self.fc_logvar)(h)
        hidden = jax.nn.relu(jax.vmap(self.first)(nu + jnp.exp(log_tau2 / 2) * eps))
        return jax.vmap(self.last)(hidden), self.log_sigma2, nu, log_tau2


def _linen():
    x, eps = _jax_data()
    params = _Linen().init(jax.random.key(0), x, eps)
    return params, lambda p: _Linen().apply(p, x, eps), lambda name: lambda p: p["params"][name]


def _nnx():
    x, eps = _jax_data()
    graph, params = nnx.split(_Nnx())
    return params, lambda p: nnx.merge(graph, p)(x, eps), lambda name: lambda p: p[name]


def _nnx_module():
    x, eps = _jax_data()
    return _Nnx(), lambda p: p(x, eps), lambda name: lambda p: getattr(p, name)


def _equinox():
    x, eps = _jax_data()
    return _Eqx(jax.random.key(0)), lambda p: p(x, eps), lambda name: lambda p: getattr(p, name)


@pytest.mark.slow
@pytest.mark.parametrize("framework", [_linen, _nnx, _nnx_module, _equinox])
def test_trees_of_jax(framework):
    """The lines of the monitor are those that a user would add."""
    params, apply, layer = framework()
    x, _ = _jax_data()
    grad = nnx.grad if framework is _nnx_module else jax.grad
    gradient = grad(lambda p: _jax_loss(x, *apply(p)))

    monitor = Monitor.gaussian(
        encoder_mean=layer("fc_mu"),
        encoder_logvar=layer("fc_logvar"),
        decoder_first=layer("first"),
        log_sigma2=layer("log_sigma2"),
    )
    grads = gradient(params)
    mean, log_sigma2, nu, log_tau2 = apply(params)
    step = monitor.log(
        0,
        x=x,
        mean=mean,
        sigma2=jnp.exp(log_sigma2),
        nu=nu,
        log_tau2=log_tau2,
        parameters=params,
        gradients=grads,
    )
    single = 3e-6  # Equinox makes float32 layers here
    assert abs(step.gap_prior) > 0.01
    assert abs(step.gap_decoder) > 0.01
    assert abs(step.slope_prior - step.gap_prior) <= single
    assert abs(step.slope_decoder - step.gap_decoder) <= single
    squares = sum(float((np.asarray(g, float) ** 2).sum()) for g in jax.tree.leaves(grads))
    assert step.gradient_norm == pytest.approx(math.sqrt(squares), rel=1e-6)


@pytest.mark.slow
def test_a_head_and_a_label_in_a_tree():
    """One layer for mean and log-variance whose kernel has its outputs last, and a decoder that reads a label after z."""
    x, eps = _jax_data()
    rng = np.random.default_rng(2)
    shapes = {"head": (D, 2 * H), "first": (H + 1, D)}
    tree = {k: {"kernel": jnp.asarray(rng.normal(size=s)), "bias": jnp.ones(s[1])} for k, s in shapes.items()}  # fmt: skip
    tree |= {"s": {"kernel": jnp.ones((1, 1)), "bias": jnp.zeros(1)}}

    def outputs(p):
        nu, log_tau2 = jnp.split(x @ p["head"]["kernel"] / 4 + p["head"]["bias"], 2, axis=1)
        z = jnp.hstack([nu + jnp.exp(log_tau2 / 2) * eps, jnp.ones((N, 1))])
        log_sigma2 = (p["s"]["kernel"] + p["s"]["bias"])[0, 0]
        return jax.nn.relu(z @ p["first"]["kernel"]) + p["first"]["bias"], log_sigma2, nu, log_tau2

    mean, log_sigma2, nu, log_tau2 = outputs(tree)
    grads = jax.grad(lambda p: _jax_loss(x, *outputs(p)))(tree)
    monitor = Monitor.gaussian(
        encoder_head=lambda p: p["head"],
        decoder_first=lambda p: p["first"],
        columns=H,
        log_sigma2=lambda p: p["s"],  # a layer: its bias moves
    )
    step = monitor.log(0, x=x, mean=mean, sigma2=jnp.exp(log_sigma2), nu=nu, log_tau2=log_tau2, parameters=tree, gradients=grads)  # fmt: skip
    assert abs(step.gap_prior) > 0.01
    assert abs(step.slope_prior - step.gap_prior) <= CLOSE
    assert abs(step.slope_decoder - step.gap_decoder) <= CLOSE


def _linear(a, b, bias=True):
    return nn.Linear(a, b, bias=bias)


REFUSED = {
    "no layers": (lambda: Monitor.gaussian(log_sigma2=nn.Parameter(torch.zeros(()))), "no layer given; pass encoder_mean with encoder_logvar or encoder_logstd"),
    "no first layer": (lambda: Monitor.gaussian(encoder_head=_linear(3, 4)), "decoder_first is missing; pass the layer that reads z"),
    "half an encoder": (lambda: Monitor.gaussian(encoder_mean=_linear(3, 2), decoder_first=_linear(2, 3)), "encoder_mean, decoder_first given; pass encoder_mean with"),
    "two heads": (lambda: Monitor.gaussian(encoder_head=_linear(3, 4), encoder_logvar=_linear(3, 2), decoder_first=_linear(2, 3)), "encoder_logvar, encoder_head, decoder_first given"),
    "no bias": (lambda: Monitor.gaussian(encoder_mean=_linear(3, 2), encoder_logvar=_linear(3, 2, False), decoder_first=_linear(2, 3)), "encoder_logvar has no bias, and it is the bias that moves"),
    "a block": (lambda: Monitor.gaussian(encoder_head=_linear(3, 4), decoder_first=nn.Sequential(_linear(2, 3))), "decoder_first has no PyTorch parameter (None); pass a PyTorch layer, or for JAX a function"),
    "two scales": (lambda: Monitor.gaussian(log_sigma2=nn.Parameter(torch.zeros(())), sigma=nn.Parameter(torch.ones(()))), "both log_sigma2 and sigma are given; pass the one that is trained"),
    "an array": (lambda: Monitor.gaussian(log_sigma2=np.zeros(()), log_alpha2=nn.Parameter(torch.zeros(2))), "log_sigma2 has no PyTorch parameter (array(0.))"),
    "a variance that is computed": (lambda: Monitor.gaussian(sigma2=nn.Parameter(torch.zeros(())).exp(), log_alpha2=nn.Parameter(torch.zeros(2))), "sigma2 is computed from other tensors"),
    "both priors": (lambda: Monitor.gaussian(log_alpha2=nn.Parameter(torch.zeros(2)), encoder_mean=_linear(3, 2)), "encoder_mean is given beside log_alpha2; with a learned prior no layer"),
    "a scale of another law": (lambda: Monitor.gaussian(log_scale=nn.Parameter(torch.zeros(()))), "unknown option 'log_scale'"),
    "no last layer": (lambda: Monitor.bernoulli(encoder_head=_linear(3, 4), decoder_first=_linear(2, 3)), "logits is missing; pass the last layer, which computes it"),
    "parameters of no model": (lambda: Monitor(parameters=3), "parameters is 3; pass the optimiser, the model or a list of parameters"),
    "arrays as parameters": (lambda: Monitor(parameters=[np.ones(2)]), "pass PyTorch's parameters, or trees to log()"),
    "a factor": (lambda: Monitor([Move(factor="encoder")]), "unknown factor 'encoder'"),
    "a reduction": (lambda: Monitor(reduction="none"), "unknown reduction 'none'"),
    "functions and tensors": (lambda: Monitor([Move(lambda p: p), Move(nn.Parameter(torch.ones(2)))]), "pass functions for all moves"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    make, says = REFUSED[case]
    with pytest.raises(InputError, match=re.escape(says)):
        make()


LOGGED = {
    "an odd head": ({"head": {"kernel": np.ones((3, 5)), "bias": np.ones(5)}}, "the head has 5 rows; pass encoder_head= for one that holds mean and log-variance"),
    "no kernel": ({"head": {"scale": np.ones(3)}}, "has neither weight nor kernel; pass a PyTorch layer, or for JAX a function"),
    "no bias": ({"head": {"kernel": np.ones((3, 4))}}, "encoder_head has no bias, and it is the bias that moves"),
    "columns": ({"first": {"kernel": np.ones((1, 3))}}, "columns is [0, 1], but the first layer has 1 inputs; pass those that are z"),
}  # fmt: skip


@pytest.mark.parametrize("case", LOGGED)
def test_layers_that_are_seen_when_logged(case):
    change, says = LOGGED[case]
    tree = {
        "head": {"kernel": np.ones((3, 4)), "bias": np.ones(4)},
        "first": {"kernel": np.ones((2, 3))},
        "s": np.zeros(()),
    }
    monitor = Monitor.gaussian(
        encoder_head=lambda p: p["head"],
        decoder_first=lambda p: p["first"],
        columns=[0, 1],
        log_sigma2=lambda p: p["s"],
    )
    arrays = {"x": np.ones((4, 3)), "nu": np.ones((4, 2)), "tau2": np.ones(2), "mean": np.zeros((4, 3)), "sigma2": 1.0}  # fmt: skip
    monitor.log(0, **arrays, parameters=tree, gradients=tree)
    with pytest.raises(InputError, match=re.escape(says)):
        monitor.log(1, **arrays, parameters=tree | change, gradients=tree | change)
    with pytest.raises(InputError, match=re.escape("pass parameters= and gradients= to log()")):
        monitor.log(1, **arrays)
    assert len(monitor.history) == 1
