"""The density ELBO against NumPy and SciPy, and against the lowered definition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from scipy import integrate, stats
from scipy.special import roots_hermitenorm

import entropysym as es
from entropysym.errors import InputError
from entropysym.language.records import Family
from entropysym.lowering import cubature, gauss_hermite, lower, normal_noise
from entropysym.lowering.quadrature import JointPoints
from entropysym.models import ZOO
from entropysym.witness import configurations, density_elbo
from entropysym.witness.densities import DENSITIES
from entropysym.witness.graph_elbo import graph_elbo


def _by_hand(case, z, n):
    """log p(z) and log p(x_n | z) with scipy.stats, for one point z."""
    a = {k: v if callable(v) else np.asarray(v) for k, v in case.arguments.items()}
    if case.model.name == "vae2":
        prior = stats.norm.logpdf(z, 0, np.sqrt(a["alpha2"])).sum()
        mean, variance = np.asarray(a["mu"](z)), a["sigma2"]
    else:
        prior = stats.norm.logpdf(z).sum()
        mean, variance = a["W"] @ z + a["b"], a["sigma"] ** 2
    return prior, stats.norm.logpdf(a["x"][n], mean, np.sqrt(variance)).sum()


def _encoder(case, n):
    a = case.arguments
    x = a["x"][n]
    if case.model.name == "vae2":
        return np.asarray(a["nu"](x)), np.sqrt(np.asarray(a["tau2"](x)))
    return np.asarray(a["V"] @ x + a["c"]), np.asarray(a["tau"])


def test_against_explicit_quadrature(case):
    points, weights = roots_hermitenorm(7)
    weights = weights / weights.sum()
    entropy = prior = decoder = 0.0
    N = len(case.arguments["x"])
    for n in range(N):
        mean, sd = _encoder(case, n)
        entropy += stats.norm.entropy(mean, sd).sum() / N
        for p0, w0 in zip(points, weights, strict=True):
            for p1, w1 in zip(points, weights, strict=True):
                log_prior, log_decoder = _by_hand(case, mean + sd * np.array([p0, p1]), n)
                prior += w0 * w1 * log_prior / N
                decoder += w0 * w1 * log_decoder / N
    parts = density_elbo(case.model)(case.arguments, gauss_hermite(2, 7))
    np.testing.assert_allclose(parts.encoder_entropy, entropy, rtol=1e-13)
    np.testing.assert_allclose(parts.prior, prior, rtol=1e-12)
    np.testing.assert_allclose(parts.decoder, decoder, rtol=1e-12)
    assert parts.terms >= abs(entropy) + abs(prior) + abs(decoder)


def test_against_monte_carlo(case):
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(400):
        total = 0.0
        for n in range(len(case.arguments["x"])):
            mean, sd = _encoder(case, n)
            z = mean + sd * rng.normal(size=2)
            total += sum(_by_hand(case, z, n)) - stats.norm.logpdf(z, mean, sd).sum()
        draws.append(total / len(case.arguments["x"]))
    error = np.std(draws) / np.sqrt(len(draws))
    parts = density_elbo(case.model)(case.arguments, gauss_hermite(2, 12))
    assert abs(float(parts.total) - np.mean(draws)) < 4 * error
    assert error < 0.05 * abs(float(parts.total))


def test_cubature_is_exact_for_the_linear_decoder(linear_case):
    elbo = density_elbo(linear_case.model)
    exact = elbo(linear_case.arguments, gauss_hermite(2, 6)).total
    np.testing.assert_allclose(elbo(linear_case.arguments, cubature(2)).total, exact, rtol=1e-13)


def test_against_the_lowered_definition(case):
    definition = lower(case.elbo, case.model)
    for nodes in (cubature(2), normal_noise(jax.random.key(1), 6, 2, moment_matched=True)):
        # Compiled, for an eager run compiles each operation by itself and takes longer.
        parts = jax.jit(lambda e: density_elbo(case.model)(case.arguments, e))(nodes)
        lowered = jax.jit(lambda e: definition(**case.arguments, noise=e))(nodes)
        np.testing.assert_allclose(parts.total, lowered, rtol=1e-13)


def test_three_entropies(case):
    entropies = density_elbo(case.model).entropies(case.arguments, cubature(2))
    lowered = lower(case.entropy_sum, case.model)(**case.arguments, noise=cubature(2))
    np.testing.assert_allclose(entropies.entropy_sum, lowered, rtol=1e-13)
    if case.model.name == "linear_vae":
        np.testing.assert_allclose(entropies.prior, 2 * stats.norm.entropy(), rtol=1e-14)


def test_jit_and_grad(linear_case):
    a = linear_case.arguments
    elbo = density_elbo(linear_case.model)
    f = jax.jit(lambda sigma: elbo({**a, "sigma": sigma}, cubature(2)).total)
    step = 1e-6
    slope = (f(a["sigma"] + step) - f(a["sigma"] - step)) / (2 * step)
    np.testing.assert_allclose(jax.grad(f)(a["sigma"]), slope, rtol=1e-7)


def test_a_family_without_a_numerical_density(linear_case):
    m = linear_case.model
    normal = m.prior.family
    odd = Family("Odd", normal.arguments, normal.variable, -sp.erf(normal.variable))
    with pytest.raises(InputError, match=r"cannot lower erf"):
        density_elbo(m.with_laws(prior=odd(0, 1)))


@pytest.mark.parametrize("missing", ["x", "sigma", "W"])
def test_every_argument_of_the_model_is_needed(linear_case, missing):
    rest = {k: v for k, v in linear_case.arguments.items() if k != missing}
    with pytest.raises(InputError, match=f"missing argument '{missing}'"):
        density_elbo(linear_case.model)(rest, cubature(2))


@pytest.mark.parametrize("at", [(0.3, 0.5, 0.0, 1.7), (-2.0, 0.1, 0.4, 0.2), (0.0, 1.0, 0.0, 1.0)])
def test_a_laplace_prior_under_a_normal_encoder_is_a_folded_normal(at):
    mean, variance, location, scale = at
    normal, laplace = stats.norm(mean, np.sqrt(variance)), stats.laplace(location, scale)
    wanted, _ = integrate.quad(
        lambda z: normal.pdf(z) * laplace.logpdf(z),
        *(mean - 12, mean + 12),
        points=[location, mean],
        epsabs=1e-13,
    )
    found, terms = DENSITIES["Laplace"].under_normal(*map(jnp.asarray, at))
    np.testing.assert_allclose(found, wanted, rtol=1e-11)
    assert terms >= abs(found)


def test_an_elbo_with_a_laplace_prior_has_no_kinks():
    """At nodes |z| has a kink wherever a node is at 0; the closed form is smooth, and nodes of a high order come near it."""
    model = es.models.sparse_coding()
    shape = configurations.Shape((("D", 3), ("H", 2), ("N", 4)))
    c = configurations.draw(model, shape, 0, 1)
    arrays, weights, _ = jax.tree.map(lambda a: jnp.asarray(a[0]), (c.arrays, c.weights, c.nodes))
    arguments = {**arrays, **configurations.callables(model, shape)(weights)}
    smooth, rough = (density_elbo(model, smooth=s) for s in (True, False))
    few, many = gauss_hermite(2, 2), gauss_hermite(2, 60)
    exact, near, far = (
        float(elbo(arguments, nodes).prior)
        for elbo, nodes in ((smooth, few), (rough, many), (rough, few))
    )
    assert exact == pytest.approx(float(smooth(arguments, many).prior), rel=1e-13)
    assert abs(near - exact) < 0.01 * abs(exact)
    assert abs(near - exact) < 0.2 * abs(far - exact)


@pytest.mark.parametrize("power", [0.0, 30.0, -30.0])
def test_what_an_exponential_in_an_argument_multiplies_counts(power):
    """A variance $e^{ax+c}$ is good to 1 + |ax + c| eps, and log p follows: else rounding would refute what is true."""
    elbo = graph_elbo(ZOO["heteroscedastic_regression"]())
    y, mean = 3.0, 1.0
    arguments = {
        "a": jnp.array([[power]]),
        "c": jnp.zeros(1),
        "u": jnp.ones((1, 1)),
        "y": jnp.full((1, 1), y),
        "mu": lambda u: jnp.full(1, mean),
    }
    points = JointPoints({}, {"N": jnp.ones((1, 1)), "": jnp.ones(1)}, {})
    terms = float(elbo(arguments, points).terms)
    variance = np.exp(power)
    peak, away = (stats.norm.logpdf(x, mean, np.sqrt(variance)) for x in (mean, y))
    slope = abs((y - mean) ** 2 / variance - 1) / 2  # of log p by log variance
    plain = abs(peak) + abs(away - peak)
    assert terms == pytest.approx(plain + slope * abs(power), rel=1e-9)


def test_what_an_exponential_multiplies_counts_in_a_plain_model():
    """The same in the ELBO of one latent vector: the decoder's variance is $e^{2s_d}$ there."""
    w = es.ModelWriter()
    s = w.learned("s", "d")
    model = w.model(
        "own_log_scale",
        prior=es.families.NORMAL(0, w.learned("alpha2", "h", range="positive")),
        decoder=es.families.NORMAL(w.network("mu", "d", reads=w.z), sp.exp(2 * s)),
        encoder=es.families.NORMAL(
            w.network("nu", "h", reads=w.x_n), w.network("t", "h", reads=w.x_n, range="positive")
        ),
    )
    nodes, found = gauss_hermite(1, 3), []
    for own in (5.0, 0.0):
        arguments = {
            "alpha2": jnp.ones(1),
            "s": jnp.full(1, own),
            "x": jnp.full((1, 1), 2 * np.exp(own)),
            "mu": lambda z: jnp.zeros(1),
            "nu": lambda x: jnp.zeros(1),
            "t": lambda x: jnp.ones(1),
        }
        found.append(float(density_elbo(model)(arguments, nodes).terms))
    # (x^2 / variance - 1) / 2 = 3/2 is the slope by log variance, which is 10; the peak differs by 5.
    peaks = [abs(stats.norm.logpdf(0, 0, np.exp(own))) for own in (5.0, 0.0)]
    assert found[0] - found[1] == pytest.approx(1.5 * 10 + peaks[0] - peaks[1], rel=1e-9)
