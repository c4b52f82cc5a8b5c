"""The density ELBO against NumPy and SciPy, against the lowered definition, and of one latent vector against the same as a graph."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from scipy import integrate, stats
from scipy.special import roots_hermitenorm

import entropysym as es
from entropysym.errors import InputError
from entropysym.families import ANY, CATEGORICAL, LAPLACE, NORMAL
from entropysym.language.records import Family
from entropysym.lowering import cubature, gauss_hermite, lower, normal_noise
from entropysym.lowering.quadrature import JointPoints, Points
from entropysym.models import ZOO
from entropysym.witness import configurations, density_elbo, entropy_sum, sweep
from entropysym.witness.densities import DENSITIES
from tests.witness.own import LOGISTIC


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


@pytest.mark.slow
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
    np.testing.assert_allclose(parts.entropies["encoder"], entropy, rtol=1e-13)
    np.testing.assert_allclose(parts.log_densities["prior"], prior, rtol=1e-12)
    np.testing.assert_allclose(parts.log_densities["decoder"], decoder, rtol=1e-12)
    assert parts.terms >= abs(entropy) + abs(prior) + abs(decoder)


@pytest.mark.slow
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


@pytest.mark.slow
def test_cubature_is_exact_for_the_linear_decoder(linear_case):
    elbo = density_elbo(linear_case.model)
    exact = elbo(linear_case.arguments, gauss_hermite(2, 6)).total
    np.testing.assert_allclose(elbo(linear_case.arguments, cubature(2)).total, exact, rtol=1e-13)


@pytest.mark.some(1)
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
    np.testing.assert_allclose(entropy_sum(case.model, entropies), lowered, rtol=1e-13)
    if case.model.name == "linear_vae":
        np.testing.assert_allclose(entropies["prior"], 2 * stats.norm.entropy(), rtol=1e-14)


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
    odd = Family("Odd", normal.arguments, normal.variable, -sp.zeta(normal.variable))
    with pytest.raises(InputError, match=r"cannot lower zeta"):
        density_elbo(m.with_laws(prior=odd(0, 1)))


N, D, H = 4, 3, 2


def _one_latent(latent, prior=NORMAL, encoder=NORMAL, reads_data=True):
    """One latent vector: called z it makes a plain model, by any other name a graph."""
    w = es.ModelWriter()
    z = w.latent_variable(latent, "h")
    given = partial(w.network, reads=w.x) if reads_data else w.learned
    w.p(z, prior(w.learned("m", "h"), w.learned("a", "h", range="positive")))
    w.p(w.x, NORMAL(w.network("mu", "d", reads=z), w.learned("s", range="positive")))
    if encoder is ANY:
        w.q(z, ANY)
    else:
        w.q(z, encoder(given("nu", "h"), given("t", "h", range="positive")))
    return w.model(f"one_latent_{latent}")


def _at_random(model):
    rng = np.random.default_rng(3)
    A, B = jnp.asarray(rng.normal(size=(D, H))), jnp.asarray(rng.normal(size=(H, D)))
    found = {
        "x": jnp.asarray(rng.normal(size=(N, D))),
        "m": jnp.asarray([0.3, -0.2]),
        "a": jnp.asarray([0.7, 1.4]),
        "s": jnp.asarray(0.4),
        "mu": lambda z: A @ jnp.tanh(z),
        "nu": lambda x: B @ x,
        "t": lambda x: jnp.exp(jnp.sin(B @ x)),
    }
    read = {p.name for p in (*model.parameters, *model.networks)} | {"x"}
    found |= {p.name: jnp.asarray([0.5, 1.5]) for p in model.parameters if p.name in ("nu", "t")}
    return {name: value for name, value in found.items() if name in read}


def _same(found, wanted):
    """Parts of the ELBO of a plain model, and of the same as a graph."""
    names = {"encoder": "q_v", "prior": "p_v", "decoder": "p_x"}
    for kind in ("entropies", "log_densities"):
        of_plain = {names[name]: value for name, value in getattr(found, kind).items()}
        of_graph = getattr(wanted, kind)
        assert of_plain.keys() == of_graph.keys()
        for name, value in of_plain.items():
            np.testing.assert_allclose(value, of_graph[name], rtol=1e-13)
    for kind in ("total", "terms", "objective"):
        np.testing.assert_allclose(getattr(found, kind), getattr(wanted, kind), rtol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("reads_data", [True, False])
@pytest.mark.parametrize("prior", [NORMAL, LAPLACE], ids=lambda f: f.name)
@pytest.mark.parametrize("encoder", [NORMAL, LOGISTIC], ids=lambda f: f.name)
def test_noise_that_all_data_share_is_noise_of_each(prior, encoder, reads_data):
    """One latent vector at `Nodes`, and the same as a graph with a copy of the noise for each datum; a kink is met in closed form in both."""
    plain, graph = (_one_latent(name, prior, encoder, reads_data) for name in "zv")
    assert (plain.is_plain, graph.is_plain) == (True, False)
    nodes = gauss_hermite(H, 3)
    copied = jnp.broadcast_to(nodes.eps, (N, *nodes.eps.shape))
    weights = jnp.broadcast_to(nodes.weights, (N, *nodes.weights.shape))
    points = JointPoints({"v": copied}, {"N": weights, "": jnp.ones(1)}, {})
    a = _at_random(plain)
    found, wanted = (density_elbo(m) for m in (plain, graph))
    _same(jax.jit(lambda e: found(a, e))(nodes), jax.jit(lambda e: wanted(a, e))(points))
    sums = [
        entropy_sum(m, elbo.entropies(a, e))
        for m, elbo, e in ((plain, found, nodes), (graph, wanted, points))
    ]
    np.testing.assert_allclose(*sums, rtol=1e-13)
    # On the other side of a comparison noise stands as it is, and a graph has its latents drawn.
    assert found.at(a, nodes) is nodes
    nu, t = (jax.vmap(a[k])(a["x"])[:, None] if callable(a[k]) else a[k] for k in ("nu", "t"))
    drawn = nu + (jnp.sqrt(t) if encoder == NORMAL else t) * nodes.eps + jnp.zeros((N, 1, 1))
    np.testing.assert_allclose(wanted.at(a, points).values["v"], drawn, rtol=1e-13)


@pytest.mark.some(1)
@pytest.mark.parametrize("latent", ["z", "v"])
def test_a_kink_that_is_met_in_closed_form_keeps_the_identity(latent, at_shapes):
    at_shapes((3, 2, 4))
    found = es.derive(_one_latent(latent, LAPLACE))
    assert sweep(found.identity, count=4).passed


def _with_a_kink(where):
    """Graphs in which no mean of |z| is taken in closed form: the law with the kink reads a latent, or one of the two laws is that of a class."""
    w = es.ModelWriter()
    u, v = (w.latent_variable(name, "h") for name in "uv")
    c = w.given("c", "k K", support="onehot")
    w.p(u, NORMAL(0, 1))
    w.q(u, NORMAL(w.network("ru", "h", reads=w.x), 1))
    if where == "reads a latent":
        w.p(v, LAPLACE(u.entry, w.learned("a", "h", range="positive")))
    elif where == "class in p":
        w.p(v, LAPLACE(0, w.learned("a", "h k", range="positive")), select=c)
    else:
        w.p(v, LAPLACE(0, w.learned("a", "h", range="positive")))
    if where == "class in q":
        w.q(v, NORMAL(0, w.learned("b", "h k", range="positive")), select=c)
    else:
        w.q(v, NORMAL(w.network("rv", "h", reads=w.x), 1))
    w.p(w.x, NORMAL(w.network("mu", "d", reads=(u, v)), 1))
    return w.model("kink")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["reads a latent", "class in p", "class in q"])
def test_a_kink_that_has_no_closed_form_is_averaged_at_the_points(where):
    model = _with_a_kink(where)
    shape = configurations.shapes(model)[3]
    c = configurations.draw(model, shape, 0, 1)
    arrays, weights, nodes = jax.tree.map(
        lambda a: jnp.asarray(a[0]), (c.arrays, c.weights, c.nodes)
    )
    arguments = {**arrays, **configurations.callables(model, shape)(weights)}
    smooth, rough = (density_elbo(model, smooth=s)(arguments, nodes) for s in (True, False))
    assert smooth.log_densities == rough.log_densities


def test_points_of_one_latent_are_joint_points():
    plain, graph = (_one_latent(name, encoder=ANY) for name in "zv")
    rng = np.random.default_rng(5)
    z, shares = jnp.asarray(rng.normal(size=(N, 3, H))), rng.uniform(size=(N, 3))
    weights = jnp.asarray(shares / shares.sum(axis=-1, keepdims=True))
    given = jnp.asarray(rng.normal(size=N))
    arguments = _at_random(plain)
    points = JointPoints({"v": z}, {"N": weights, "": jnp.ones(1)}, {"q_v": given})
    parts = density_elbo(plain)(arguments, Points(z, weights, given))
    _same(parts, density_elbo(graph)(arguments, points))
    np.testing.assert_allclose(parts.entropies["encoder"], given.mean(), rtol=1e-14)


def test_the_log_joint_of_one_latent_is_that_of_its_factors(case):
    nodes = gauss_hermite(2, 3)
    elbo = density_elbo(case.model)
    (found,) = elbo.log_joint(case.arguments, nodes).values()
    assert found.shape == (5, 9)
    parts = elbo(case.arguments, nodes)
    wanted = sum(parts.log_densities.values())
    np.testing.assert_allclose(jnp.mean(found @ nodes.weights), wanted, rtol=1e-13)


def test_other_nodes_than_the_model_has_are_refused_by_name():
    plain, graph = (density_elbo(_one_latent(name)) for name in "zv")
    nodes = gauss_hermite(H, 2)
    points = JointPoints({"v": jnp.zeros((N, 1, H))}, {"N": jnp.ones((N, 1)), "": jnp.ones(1)}, {})
    arguments = _at_random(plain.model)
    with pytest.raises(InputError, match=r"(?s)noise is JointPoints.*; pass lowering\.Nodes"):
        plain(arguments, points)
    with pytest.raises(
        InputError, match=r"(?s)noise is Nodes.*; the model is a graph, so pass Joint"
    ):
        graph(arguments, nodes)


def test_one_latent_that_cannot_be_drawn_is_refused():
    w = es.ModelWriter()
    z = w.latent_variable("z", "h", support="onehot")
    w.p(z, CATEGORICAL(w.learned("pi0", "h", range="simplex")))
    w.p(w.x, NORMAL(w.network("mu", "d", reads=z), w.learned("s", range="positive")))
    w.q(z, CATEGORICAL(w.network("r", "h", reads=w.x, range="simplex")))
    with pytest.raises(InputError, match="the encoder's family Categorical has no reparametris"):
        density_elbo(w.model("one_hot"))


@pytest.mark.parametrize("latent", ["z", "v"])
def test_an_argument_that_has_no_value_is_refused_before_any_numbers(latent):
    w = es.ModelWriter()
    z = w.latent_variable(latent, "h")
    w.p(z, NORMAL(0, 1))
    w.p(w.x, NORMAL(sp.zeta(w.sum("h", w.learned("W", "d h") * z.entry)), 1))
    w.q(z, NORMAL(w.network("nu", "h", reads=w.x), 1))
    with pytest.raises(InputError, match=r"cannot lower zeta"):
        density_elbo(w.model("zeta"))


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


@pytest.mark.slow
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
        float(elbo(arguments, nodes).log_densities["prior"])
        for elbo, nodes in ((smooth, few), (rough, many), (rough, few))
    )
    assert exact == pytest.approx(float(smooth(arguments, many).log_densities["prior"]), rel=1e-13)
    assert abs(near - exact) < 0.01 * abs(exact)
    assert abs(near - exact) < 0.2 * abs(far - exact)


@pytest.mark.slow
@pytest.mark.parametrize("power", [0.0, 30.0, -30.0])
def test_what_an_exponential_in_an_argument_multiplies_counts(power):
    """A variance $e^{ax+c}$ is good to 1 + |ax + c| eps, and log p follows: else rounding would refute what is true."""
    elbo = density_elbo(ZOO["heteroscedastic_regression"]())
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


@pytest.mark.slow
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
