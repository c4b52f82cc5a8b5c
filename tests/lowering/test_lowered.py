"""Lowered expressions against explicit loops, and the errors of arguments that do not fit."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from entropysym.errors import InputError
from entropysym.language.heads import (
    DataMean,
    Directional,
    Elbo,
    EncoderExpectation,
    Entropy,
    LogDensity,
    NoiseExpectation,
)
from entropysym.language.records import Network, Plate
from entropysym.language.symbols import DATUM, LATENT, NOISE, array, n, scalar
from entropysym.lowering import Nodes, cubature, gauss_hermite, lower

d, h, k = Plate.named("d", "D"), Plate.named("h", "H"), Plate.named("k", "H")
D, H = d.size, h.size
W, a, b = array("W"), array("a", "positive"), array("b")
s = scalar("s", "positive")
RNG = np.random.default_rng(3)
N_, D_, H_ = 5, 4, 3
X, W_, A_, B_ = (
    RNG.normal(size=(N_, D_)),
    RNG.normal(size=(D_, H_)),
    RNG.uniform(0.5, 2, size=H_),
    RNG.normal(size=H_),
)
J = sp.Dummy("h", integer=True, positive=True)


def close(value, wanted):
    np.testing.assert_allclose(np.asarray(value), wanted, rtol=1e-13, atol=0)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (h.sum(a[h.index] * b[h.index]), lambda: sum(A_[i] * B_[i] for i in range(H_))),
        (h.sum(a[h.index]) ** 2, lambda: sum(A_[i] * A_[j] for i in range(H_) for j in range(H_))),
        # The same name bound inside and outside: the inner sum is a constant for the outer one.
        (
            sp.Sum(a[h.index] * h.sum(b[h.index]), (h.index, 1, H)),
            lambda: sum(A_[i] * B_[j] for i in range(H_) for j in range(H_)),
        ),
        (
            sp.Sum(a[h.index] * h.sum(b[h.index] * a[h.index]) + b[h.index], (h.index, 1, H)),
            lambda: sum(A_[i] * (B_ @ A_) + B_[i] for i in range(H_)),
        ),
        # Two symbols of one name that are not the same.
        (
            sp.Sum(a[J] * b[h.index] * J, (J, 1, H), (h.index, 1, H)),
            lambda: sum(A_[j] * (j + 1) * B_[i] for i in range(H_) for j in range(H_)),
        ),
        (h.sum(s), lambda: H_ * 0.7),
        (h.sum(a[H + 1 - h.index] * b[h.index]), lambda: A_[::-1] @ B_),
        (H * sp.log(s) + D, lambda: H_ * np.log(0.7) + D_),
        (sp.sqrt(s) + s ** sp.Rational(-3, 2) + s**-2, lambda: 0.7**0.5 + 0.7**-1.5 + 0.7**-2),
        (h.sum(sp.exp(b[h.index]) * sp.tanh(a[h.index])), lambda: np.exp(B_) @ np.tanh(A_)),
    ],
    ids=lambda v: str(v) if isinstance(v, sp.Basic) else "",
)
def test_sums(expression, wanted):
    f = lower(expression)
    known = {"a": A_, "b": B_, "s": 0.7, "H": H_, "D": D_}
    names = set(f.signature) | (f.wanted.sizes if not {"a", "b"} & set(f.signature) else set())
    close(f(**{name: known[name] for name in names}), wanted())


@pytest.mark.slow
def test_data_mean_of_a_square_of_a_sum():
    body = d.sum((DATUM[n, d.index] - h.sum(W[d.index, h.index] * b[h.index])) ** 2)
    wanted = np.mean(
        [
            sum((X[i, j] - sum(W_[j, l] * B_[l] for l in range(H_))) ** 2 for j in range(D_))
            for i in range(N_)
        ]
    )
    f = lower(DataMean(body, n))
    assert f.signature == {"W": "(D, H)", "b": "(H,)", "x": "(N, D)"}
    close(f(x=X, W=W_, b=B_), wanted)
    close(jax.jit(f)(x=X, W=W_, b=B_), wanted)
    slope = jax.grad(lambda b: f(x=jnp.asarray(X), W=jnp.asarray(W_), b=b))(jnp.asarray(B_))
    close(slope, -2 * W_.T @ (X - W_ @ B_).mean(axis=0))
    stack = jnp.stack([B_, 2 * B_])
    many = jax.vmap(lambda b: f(x=jnp.asarray(X), W=jnp.asarray(W_), b=b))(stack)
    close(many[1], f(x=X, W=W_, b=2 * B_))


def test_product_of_data_means_and_mean_inside_mean():
    m = sp.Symbol("m", integer=True, positive=True)
    x1, y1 = d.sum(DATUM[n, d.index]), d.sum(DATUM[m, d.index] ** 2)
    close(
        lower(DataMean(x1, n) * DataMean(y1, m))(x=X),
        X.sum(axis=1).mean() * (X**2).sum(axis=1).mean(),
    )
    # n is bound twice: the inner mean does not see the outer datum.
    inner = DataMean(x1, n)
    close(lower(DataMean(x1 * inner, n))(x=X), X.sum(axis=1).mean() ** 2)


LOCATION = d.sum(W[d.index, h.index] * DATUM[n, d.index]) + b[h.index]
SCALE = sp.sqrt(a[h.index])


@pytest.mark.parametrize("head", [EncoderExpectation, NoiseExpectation])
def test_expectations_are_weighted_means_over_the_noise(head):
    nodes = Nodes(jnp.asarray(RNG.normal(size=(6, H_))), jnp.asarray(RNG.dirichlet(np.ones(6))))
    body = k.sum(a[k.index] * LATENT[k.index]) ** 2 * d.sum(DATUM[n, d.index])
    f = lower(DataMean(head(body, n, h.vector(LOCATION), h.vector(SCALE)), n))
    eps, w = np.asarray(nodes.eps), np.asarray(nodes.weights)
    wanted = 0.0
    for i in range(N_):
        for t in range(6):
            z = [X[i] @ W_[:, l] + B_[l] + A_[l] ** 0.5 * eps[t, l] for l in range(H_)]
            wanted += w[t] * sum(A_[l] * z[l] for l in range(H_)) ** 2 * X[i].sum() / N_
    close(f(x=X, W=W_, a=A_, b=B_, noise=nodes), wanted)


def test_noise_and_a_datum_bound_again_under_the_expectation():
    nodes = gauss_hermite(H_, 3)
    z1 = k.sum(LATENT[k.index])
    inner = DataMean(d.sum(DATUM[n, d.index]), n)
    body = inner * z1 + k.sum(NOISE[k.index] ** 2)
    f = lower(
        DataMean(NoiseExpectation(body, n, h.vector(LOCATION), k.vector(sp.sqrt(a[k.index]))), n)
    )
    wanted = X.sum(axis=1).mean() * (X @ W_ + B_).sum(axis=1).mean() + H_
    close(f(x=X, W=W_, a=A_, b=B_, noise=nodes), wanted)


def test_networks_see_vectors_and_are_mapped_once():
    calls = []

    def mu(z):
        calls.append(z.shape)
        return jnp.asarray(W_) @ jnp.tanh(z)

    net = Network("mu", (d,), (H,))
    value = net(h.vector(LATENT[h.index]))
    body = d.sum(value**2) + d.sum(value * DATUM[n, d.index])
    nodes = cubature(H_)
    f = lower(DataMean(EncoderExpectation(body, n, h.vector(b[h.index]), h.vector(SCALE)), n))
    assert f.signature["mu"] == "(H,) -> (D,)"
    wanted = 0.0
    for e, w in zip(np.asarray(nodes.eps), np.asarray(nodes.weights), strict=True):
        out = W_ @ np.tanh(B_ + np.sqrt(A_) * e)
        wanted += w * np.mean([(out**2).sum() + out @ X[i] for i in range(N_)])
    close(f(x=X, a=A_, b=B_, mu=mu, noise=nodes), wanted)
    assert calls == [(H_,)] * 2  # once to check its output, once mapped


def test_plates_are_the_axes_of_the_result():
    f = lower(-a[h.index] * s, plates=(d, h))
    assert f(a=A_, s=2.0, D=D_).shape == (D_, H_)
    close(f(a=A_, s=2.0, D=D_), np.broadcast_to(-2 * A_, (D_, H_)))
    close(lower(W[d.index, h.index], plates=(h, d))(W=W_), W_.T)


def test_terms_are_split_where_the_expression_is_linear():
    x1 = d.sum(DATUM[n, d.index])
    e = DataMean(-2 * (x1 - s) + (x1 - s) ** 2 - sp.log(s), n)
    t = X.sum(axis=1)
    parts = 2 * (np.abs(X).sum(axis=1) + 0.7) + (t - 0.7) ** 2 + abs(np.log(0.7))
    close(lower(e).terms(x=X, s=0.7), parts.mean())
    close(lower(-h.sum(b[h.index]) + 3).terms(b=B_), np.abs(B_).sum() + 3)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        (LogDensity("prior", latent=True), "replace it by its formula"),
        (Entropy("decoder", latent=True), "replace it by its formula"),
        (Elbo(), "cannot be lowered"),
        (Directional(s), "cannot be lowered"),
        (a[h.index], "h in a[h] is no bound index (bound here: none)"),
        (LATENT[h.index], "h in z[h] is no bound index"),
        (h.sum(LATENT[h.index]), "outside every expectation"),
        (sp.Sum(a[h.index], (h.index, 2, H)), "starts at 2"),
        (DataMean(n * s, n), "counts data points"),
        (h.sum(a[h.index]) + a[1], "a is used with sizes"),
        (h.sum(a[h.index]) + d.sum(a[d.index]), "a is used with sizes"),
        (sp.zeta(s), "cannot lower zeta(s)"),
        (sp.oo * s, "cannot lower oo"),
        (sp.nan + s, "cannot lower nan"),
        (sp.I * s, "cannot lower I"),
        ("s + 1", "is no SymPy expression"),
    ],
    ids=str,
)
def test_what_cannot_be_lowered(expression, says):
    with pytest.raises(InputError, match=re.escape(says)):
        lower(expression)


GOOD = {"W": W_, "b": B_, "x": X}
BODY = DataMean(d.sum(DATUM[n, d.index] * h.sum(W[d.index, h.index] * b[h.index])), n)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"b": None}, "missing argument 'b': (H,); wanted are: W: (D, H); b: (H,); x: (N, D)"),
        ({"y": 1.0}, "unknown argument 'y'; wanted are: W"),
        ({"b": B_.astype(np.float32)}, "b is float32; pass float64"),
        ({"x": X.astype(int)}, "x is int64; pass float64"),
        ({"b": [1.0, 2.0]}, "b is [1.0, 2.0]; pass a float64 array of shape (H,)"),
        ({"b": B_[None]}, "b has shape (1, 3); wanted (H,)"),
        ({"b": B_[:2]}, "H is 3 in W (4, 3) but 2 in b (2,)"),
        ({"x": X[:, :3]}, "D is 4 in W (4, 3) but 3 in x (5, 3)"),
        ({"x": X[:0]}, "x (0, 4) is empty: N is 0"),
        ({"D": 5}, "D is 5 in D=5 but 4 in W (4, 3)"),
        ({"D": 4.0}, "the size D is 4.0; pass an integer >= 1"),
        ({"D": 0}, "the size D is 0; pass an integer >= 1"),
    ],
    ids=str,
)
def test_arguments_that_do_not_fit(change, says):
    arguments = {name: v for name, v in {**GOOD, **change}.items() if v is not None}
    with pytest.raises(InputError, match=re.escape(says)):
        lower(BODY)(**arguments)


def test_broadcasting_shapes_are_refused():
    with pytest.raises(InputError, match=r"H is 3 in W .* but 1 in b"):
        lower(BODY)(**{**GOOD, "b": B_[:1]})


@pytest.mark.parametrize(
    ("mu", "says"),
    [
        (3.0, "mu is 3.0; pass a function (H,) -> (D,)"),
        (lambda z: z[None], "mu returned shape (1, 3); wanted (D,)"),
        (lambda z: z, "D is 4 in x (5, 4) but 3 in the output (3,) of mu"),
        (lambda z: jnp.ones(4, jnp.float32) * z[0].astype(jnp.float32), "mu returned float32"),
        (lambda z: jnp.ones((4, 7)) @ z, "mu failed on vectors of lengths [3]"),
        (lambda: 1.0, "mu failed on vectors of lengths [3]"),
    ],
)
def test_networks_that_do_not_fit(mu, says):
    value = Network("mu", (d,), (H,))(h.vector(b[h.index]))
    f = lower(DataMean(d.sum(value * DATUM[n, d.index]), n))
    with pytest.raises(InputError, match=re.escape(says)):
        f(x=X, b=B_, mu=mu)


@pytest.mark.parametrize(
    ("noise", "says"),
    [
        (None, "missing argument 'noise'"),
        (np.zeros((2, 3)), "pass lowering.Nodes"),
        (lambda: cubature(2), "H is 3 in a (3,) but 2 in noise.eps (4, 2)"),
        (lambda: Nodes(jnp.zeros((2, 3)), jnp.ones(3)), "2 nodes but 3 weights"),
        (lambda: Nodes(jnp.zeros((2, 3), jnp.float32), jnp.ones(2)), "noise.eps is float32"),
    ],
)
def test_noise_that_does_not_fit(noise, says):
    body = k.sum(LATENT[k.index])
    f = lower(EncoderExpectation(body, n, h.vector(b[h.index]), h.vector(SCALE)))
    noise = noise() if callable(noise) else noise
    extra = {} if noise is None else {"noise": noise}
    with pytest.raises(InputError, match=re.escape(says)):
        f(a=A_, b=B_, **extra)


def test_a_size_can_be_read_off_a_network():
    tau2 = Network("tau2", (h,), (D,), range="positive")
    e = DataMean(h.sum(sp.log(tau2(d.vector(DATUM[n, d.index])))), n)
    f = lower(e)
    close(f(x=X, tau2=lambda x: jnp.exp(x[:2])), X[:, :2].sum(axis=1).mean())
    with pytest.raises(InputError, match="no argument tells the size H; pass it"):
        lower(h.sum(s))(s=0.7)


def test_float32_mode_is_refused():
    with (
        jax.enable_x64(False),
        pytest.raises(InputError, match="set JAX_ENABLE_X64=1"),
    ):
        lower(s + 1)(s=0.7)
