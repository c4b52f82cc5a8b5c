"""Entropies from plain arrays against the density ELBO of the shipped models, against SciPy, and what is refused."""

import json
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
import torch
from scipy import stats

import entropysym as es
from entropysym.errors import InputError
from entropysym.families import NORMAL
from entropysym.language.identity import Identity
from entropysym.language.objective import entropy_sum, spelled_out
from entropysym.lowering import gauss_hermite, normal_noise
from entropysym.monitoring import entropies
from entropysym.witness import density_elbo, measure_gap
from entropysym.witness import entropy_sum as summed

N, D, H, S = 5, 3, 2, 4
CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def _arrays(seed=0, **changes):
    rng = np.random.default_rng(seed)
    return {
        "x": 2 * rng.normal(size=(N, D)) + 1,
        "nu": rng.normal(size=(N, H)),
        "tau2": rng.uniform(0.2, 2, size=(N, H)),
        "mean": rng.normal(size=(S, N, D)),
        "sigma2": rng.uniform(0.3, 3, size=(S, N, D)),
        "alpha2": rng.uniform(0.3, 3, size=H),
    } | changes


@pytest.fixture(scope="module", params=["vae2", "vae1"])
def evaluated(request):
    """A shipped model at random networks: arguments and nodes, and the arrays that a user would have."""
    rng = np.random.default_rng(11)
    A, B, C = (rng.normal(size=s) for s in ((D, H), (H, D), (H, D)))
    arguments = {
        "x": jnp.asarray(2 * rng.normal(size=(N, D)) + 1),
        "sigma2": jnp.asarray(0.6),
        "alpha2": jnp.asarray([0.4, 1.7]) if request.param == "vae2" else jnp.ones(H),
        "mu": lambda z: A @ jnp.tanh(z),
        "nu": lambda x: B @ jnp.sin(x),
        "tau2": lambda x: jnp.exp(jnp.tanh(C @ x)),
    }
    x = np.asarray(arguments["x"])
    nu, tau2 = np.sin(x) @ B.T, np.exp(np.tanh(x @ C.T))

    def at(nodes):
        z = nu + np.sqrt(tau2) * np.asarray(nodes.eps)[:, None, :]
        return {
            "x": x,
            "nu": nu,
            "tau2": tau2,
            "mean": np.tanh(z) @ A.T,
            "sigma2": 0.6,
            "alpha2": np.asarray(arguments["alpha2"]),
            "weights": np.asarray(nodes.weights),
        }

    return arguments, at


@pytest.mark.parametrize(
    "nodes",
    [lambda: gauss_hermite(H, 12), lambda: normal_noise(jax.random.key(3), 8, H, moment_matched=True)],
)  # fmt: skip
def test_against_the_density_elbo(evaluated, nodes):
    arguments, at = evaluated
    model = es.models.vae2()
    noise = nodes()
    report = entropies(**at(noise))
    elbo = density_elbo(model)
    # Compiled as one, for an eager run compiles each operation by itself and takes longer.
    parts, three = jax.jit(lambda n: (elbo(arguments, n), elbo.entropies(arguments, n)))(noise)
    total = summed(model, three)
    # Quadrature and matched moments are exact for what is quadratic in the noise, as the analytic prior term is.
    for found, wanted in [
        (report.encoder_entropy, parts.entropies["encoder"]),
        (report.prior_term, parts.log_densities["prior"]),
        (report.reconstruction, parts.log_densities["decoder"]),
        (report.elbo, parts.total),
        (report.prior_entropy, three["prior"]),
        (report.decoder_entropy, three["decoder"]),
        (report.entropy_sum, total),
        (report.gap, parts.total - total),
    ]:
        np.testing.assert_allclose(found, float(wanted), **CLOSE)


def test_against_the_measured_gap(evaluated):
    arguments, at = evaluated
    model, noise = es.models.vae2(), gauss_hermite(H, 12)
    entropy = {NORMAL: sp.log(2 * sp.pi * sp.E * NORMAL.arguments[1]) / 2}
    direction = {p.name: -p.entry for p in model.parameters if p.name in ("sigma2", "alpha2")}
    E = spelled_out(model, entropy_sum(model), entropy)
    identity = Identity(model, direction, E)
    gap = measure_gap(identity, arguments=arguments, nodes=noise)
    report = entropies(**at(noise))
    assert abs(gap.gap) > 1
    np.testing.assert_allclose(report.gap, gap.gap, **CLOSE)
    np.testing.assert_allclose(report.gap, gap.predicted, **CLOSE)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("shape", [(), (D,), (N, D), (S, N, D)])
def test_every_shape_of_the_variance_against_scipy(shape, seed):
    sigma2 = np.random.default_rng(seed).uniform(0.1, 5, size=shape)
    a = _arrays(seed, sigma2=sigma2)
    report = entropies(**a)
    encoder = stats.norm.entropy(a["nu"], np.sqrt(a["tau2"])).sum(1).mean()
    prior = stats.norm.entropy(0, np.sqrt(a["alpha2"])).sum()
    sd = np.broadcast_to(np.sqrt(sigma2), (S, N, D))
    decoder = stats.norm.entropy(0, sd).sum(2).mean()
    reconstruction = stats.norm.logpdf(a["x"], a["mean"], sd).sum(2).mean()
    ratio = a["tau2"] / a["alpha2"]
    kl = 0.5 * (ratio + a["nu"] ** 2 / a["alpha2"] - 1 - np.log(ratio)).sum(1).mean()
    for found, wanted in [
        (report.encoder_entropy, encoder),
        (report.prior_entropy, prior),
        (report.decoder_entropy, decoder),
        (report.reconstruction, reconstruction),
        (report.kl, kl),
        (report.prior_term, -kl - encoder),
        (report.elbo, reconstruction - kl),
        (report.entropy_sum, encoder - prior - decoder),
        (report.gap, reconstruction - kl - encoder + prior + decoder),
        (report.gap, report.elbo - report.entropy_sum),
        (report.gap_prior, prior - encoder - kl),
        (report.gap_decoder, reconstruction + decoder),
        (report.gap, report.gap_prior + report.gap_decoder),
    ]:
        np.testing.assert_allclose(found, wanted, **CLOSE)


def test_latents_and_dimensions_sum_to_the_whole():
    report = entropies(**_arrays())
    for name in ("encoder_entropy", "prior_entropy", "gap_prior", "kl"):
        assert getattr(report.latents, name).shape == (H,)
        np.testing.assert_allclose(getattr(report.latents, name).sum(), getattr(report, name))
    for name in ("reconstruction", "decoder_entropy", "gap_decoder"):
        assert getattr(report.dimensions, name).shape == (D,)
        np.testing.assert_allclose(getattr(report.dimensions, name).sum(), getattr(report, name))


def test_each_dimension_has_its_own():
    a = _arrays()
    whole = entropies(**a)
    for d in range(D):
        alone = entropies(
            **a
            | {"x": a["x"][:, [d]], "mean": a["mean"][:, :, [d]], "sigma2": a["sigma2"][:, :, [d]]}
        )
        for name in ("reconstruction", "decoder_entropy", "gap_decoder"):
            np.testing.assert_allclose(
                getattr(alone, name), getattr(whole.dimensions, name)[d], **CLOSE
            )


def test_other_ways_to_pass_the_same():
    a = _arrays(tau2=np.array([0.3, 1.2]), sigma2=0.7)
    wanted = entropies(**a)
    residual2 = (a["x"] - a["mean"]) ** 2
    rest = {k: a[k] for k in ("nu", "tau2", "sigma2", "alpha2")}
    same = [
        entropies(**a | {"tau2": np.tile(a["tau2"], (N, 1))}),
        entropies(**a | {"sigma2": np.full(D, 0.7)}),
        entropies(**a | {"sigma2": np.full((N, D), 0.7)}),
        entropies(**a | {"sigma2": np.full((S, N, D), 0.7)}),
        entropies(**a, weights=np.full(S, 1 / S)),
        entropies(None, residual2=residual2, **rest),
        entropies(None, residual2=residual2.mean(axis=0), **rest),
    ]
    for report in same:
        np.testing.assert_allclose(report.elbo, wanted.elbo, **CLOSE)
        np.testing.assert_allclose(report.entropy_sum, wanted.entropy_sum, **CLOSE)
    one = entropies(**a | {"mean": a["mean"][0]})
    first = entropies(**a | {"weights": [1, 0, 0, 0]})
    np.testing.assert_allclose(one.elbo, first.elbo, **CLOSE)
    unit = entropies(**a | {"alpha2": None})
    np.testing.assert_allclose(unit.elbo, entropies(**a | {"alpha2": np.ones(H)}).elbo, **CLOSE)


@pytest.mark.parametrize(
    "convert",
    [
        lambda v: torch.tensor(v),
        lambda v: torch.tensor(v, requires_grad=True),
        lambda v: jnp.asarray(v),
        lambda v: v.tolist(),
        np.asfortranarray,
    ],
    ids=["torch", "graph", "jax", "lists", "fortran"],
)
def test_arrays_of_other_libraries(convert):
    a = _arrays()
    assert entropies(**{k: convert(v) for k, v in a.items()}).to_json() == entropies(**a).to_json()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_short_floats_are_computed_in_float64(dtype):
    short = {k: torch.tensor(v).to(dtype) for k, v in _arrays().items()}
    exact = {k: v.double().numpy() for k, v in short.items()}
    assert entropies(**short).to_json() == entropies(**exact).to_json()


def test_short_floats_of_jax():
    short = {k: jnp.asarray(v, jnp.bfloat16) for k, v in _arrays().items()}
    exact = {k: np.asarray(v.astype(jnp.float64)) for k, v in short.items()}
    assert entropies(**short).to_json() == entropies(**exact).to_json()


def test_float32_would_lose_what_float64_keeps():
    """At sigma^2 = 1e-8 sums in float32 are off by far more than the rounding of the inputs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 20)).astype(np.float32)
    mean = (x + 1e-4 * rng.normal(size=x.shape)).astype(np.float32)
    latent = {"nu": np.zeros((50, 1), np.float32), "tau2": np.ones(1, np.float32)}
    report = entropies(x, **latent, mean=mean, sigma2=np.float32(1e-8))
    misfit = (x.astype(float) - mean.astype(float)) ** 2 / float(np.float32(1e-8))
    np.testing.assert_allclose(report.gap_decoder, (1 - misfit).sum(1).mean() / 2, **CLOSE)


def test_collapsed_latents_and_their_table():
    rng = np.random.default_rng(1)
    live = rng.normal(size=(40, 1))
    live = live / np.sqrt((live**2).mean()) * np.sqrt(0.9)
    nu = np.hstack([live, np.zeros((40, 1)), np.full((40, 1), 0.1)])
    report = entropies(
        None, nu, [0.1, 1.0, 1.0], residual2=rng.uniform(0.5, 2, size=(40, 4)), sigma2=1.0
    )
    assert report.latents.collapsed.tolist() == [False, True, True]  # KL 0 and 0.1**2 / 2
    assert report.table().splitlines() == [
        "latent  encoder entropy      KL  mean (nu^2 + tau2) / alpha2",
        "     0           0.2676  1.1513                       1.0000",
        "     1           1.4189  0.0000                       1.0000  collapsed",
        "     2           1.4189  0.0050                       1.0100  collapsed",
        "2 of 3 latents collapsed (KL below 0.01 nat); nats per data point",
    ]
    strict = entropies(
        None, nu, [0.1, 1, 1], residual2=np.ones((40, 4)), sigma2=1, collapsed_below=0.001
    )
    assert strict.latents.collapsed.tolist() == [False, True, False]
    assert "KL below 0.001 nat" in strict.table()


def test_collapse_does_not_depend_on_the_scale_of_a_latent():
    a = _arrays()
    wanted = entropies(**a)
    scaled = entropies(**a | {"nu": 1e-3 * a["nu"], "tau2": 1e-6 * a["tau2"], "alpha2": 1e-6 * a["alpha2"]})  # fmt: skip
    for name in ("kl", "moment", "gap_prior"):
        np.testing.assert_allclose(
            getattr(scaled.latents, name), getattr(wanted.latents, name), rtol=1e-12
        )
    assert scaled.latents.encoder_entropy[0] < wanted.latents.encoder_entropy[0] - 6


def test_json():
    report = entropies(**_arrays())
    stored = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert stored["unit"] == "nats per data point"
    assert stored["elbo"] == report.elbo
    assert stored["latents"]["kl"] == report.latents.kl.tolist()
    assert stored["latents"]["collapsed"] == [False, False]
    assert stored["dimensions"]["gap_decoder"] == report.dimensions.gap_decoder.tolist()


def test_nothing_of_the_callers_arrays_is_changed_or_kept():
    a = _arrays()
    before = {k: v.copy() for k, v in a.items()}
    report = entropies(**a)
    stored = report.to_json()
    for k, v in a.items():
        np.testing.assert_array_equal(v, before[k])
        v[...] = 1
    assert report.to_json() == stored


REFUSED = {
    "samples not first": ({"mean": np.ones((N, S, D))}, "mean has shape (5, 4, 3), which does not fit x of shape (5, 3); pass (S, N, D) with the samples of z first, here (S, 5, 3), or (5, 3)"),
    "one mean for all data": ({"mean": np.ones(D)}, "mean has shape (3,)"),
    "no samples": ({"mean": np.ones((0, N, D))}, "mean has shape (0, 5, 3)"),
    "nu of other data": ({"nu": np.ones((4, H))}, "nu has shape (4, 2), which does not fit x of shape (5, 3); pass (N, H), here (5, H)"),
    "nu of one latent as a vector": ({"nu": np.ones(N)}, "nu has shape (5,)"),
    "no latents": ({"nu": np.ones((N, 0))}, "nu has shape (5, 0)"),
    "scalar tau2": ({"tau2": 1.0}, "tau2 has shape (), which does not fit nu of shape (5, 2); pass (N, H) = (5, 2) or (H,) = (2,)"),
    "tau2 by datum": ({"tau2": np.ones((N, 1))}, "tau2 has shape (5, 1)"),
    "sigma2 of one entry": ({"sigma2": np.ones(1)}, "sigma2 has shape (1,), which does not fit mean of shape (4, 5, 3); pass a scalar or (D,) = (3,) or (N, D) = (5, 3) or (S, N, D) = (4, 5, 3); sigma2.reshape(()) makes a scalar of this one"),
    "sigma2 by datum": ({"sigma2": np.ones((N, 1))}, "sigma2 has shape (5, 1)"),
    "sigma2 by sample only": ({"sigma2": np.ones((S, 1, D))}, "sigma2 has shape (4, 1, 3)"),
    "samples of sigma2 without those of the mean": ({"mean": np.ones((N, D))}, "sigma2 has shape (4, 5, 3), which does not fit mean of shape (5, 3)"),
    "alpha2 by datum": ({"alpha2": np.ones((N, H))}, "alpha2 has shape (5, 2), which does not fit nu of shape (5, 2); pass a scalar or (H,) = (2,)"),
    "weights of others": ({"weights": np.ones(3) / 3}, "weights has shape (3,), which does not fit mean of shape (4, 5, 3); pass (S,) = (4,)"),
    "weights that sum to S": ({"weights": np.ones(S)}, "the weights sum to 4; divide them by their sum"),
    "weights that are NaN": ({"weights": [np.nan] * S}, "the weights sum to nan"),
    "flat data": ({"x": np.ones(D)}, "x has shape (3,); pass (N, D)"),
    "images": ({"x": np.ones((N, 2, 2))}, "x has shape (5, 2, 2); pass (N, D)"),
    "no data": ({"x": np.ones((0, D))}, "x has shape (0, 3)"),
    "no x": ({"x": None}, "x is missing; pass x and mean, or residual2 with x=None"),
    "no mean": ({"mean": None}, "mean is missing"),
    "neither": ({"x": None, "mean": None}, "x and mean are missing"),
    "mean and residuals": ({"residual2": np.ones((N, D))}, "both x and residual2 are given"),
    "residuals": ({"x": None, "mean": None, "residual2": -np.ones((N, D))}, "residual2[0, 0] = -1.0 is no square"),
    "flat residuals": ({"x": None, "mean": None, "residual2": np.ones(D)}, "residual2 has shape (3,); pass (S, N, D) or (N, D)"),
    "log variance": ({"tau2": np.log(np.full((N, H), 0.5))}, "tau2[0, 0] = -0.69314"),
    "zero variance": ({"alpha2": [1.0, 0.0]}, "alpha2[1] = 0.0 is no variance; pass positive numbers (not their logs)"),
    "negative scalar": ({"sigma2": -1}, "sigma2 = -1.0 is no variance"),
    "complex": ({"x": np.ones((N, D)) * 1j}, "x holds complex128; pass real numbers"),
    "complex tensor": ({"x": torch.ones(N, D) * 1j}, "x holds complex64; pass real numbers"),
    "text": ({"sigma2": "1"}, "sigma2 holds <U1; pass real numbers"),
    "missing": ({"nu": None}, "nu holds object; pass real numbers"),
    "ragged": ({"nu": [[1.0], [1.0, 2.0]]}, "nu cannot be read as an array"),
    "large integers": ({"x": np.full((N, D), 2**53 + 1)}, "x[0, 0] = 9007199254740992.0 is not below 2^53"),
    "masked": ({"x": np.ma.masked_array(np.ones((N, D)), mask=True)}, "x is a masked array"),
    "threshold": ({"collapsed_below": np.nan}, "collapsed_below is nan; pass a number of nats >= 0"),
    "overflow": ({"sigma2": 1e-300, "x": np.full((N, D), 1e10)}, "reconstruction is -inf although every input is finite: float64 overflows"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    change, says = REFUSED[case]
    with pytest.raises(InputError, match=re.escape(says)):
        entropies(**_arrays(**change))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["x", "nu", "tau2", "mean", "sigma2", "alpha2"])
def test_what_is_not_finite_is_refused_by_name_and_index(name, bad):
    a = _arrays()
    last = tuple(n - 1 for n in a[name].shape)
    a[name][last] = bad
    place = f"{name}[{', '.join(map(str, last))}] = {bad!r} is not finite"
    with pytest.raises(InputError, match=re.escape(place)):
        entropies(**a)


def test_residuals_that_are_not_finite():
    squares = np.ones((N, D))
    squares[1, 2] = np.nan
    rest = {k: v for k, v in _arrays(sigma2=1.0).items() if k not in ("x", "mean")}
    with pytest.raises(InputError, match=re.escape("residual2[1, 2] = nan is not finite")):
        entropies(None, residual2=squares, **rest)


def test_traced_arrays_are_refused():
    @jax.jit
    def traced(x):
        return entropies(**_arrays(x=x)).elbo

    with pytest.raises(InputError, match=r"x cannot be read as an array .* outside of jit"):
        traced(jnp.ones((N, D)))


def _counts(seed=0):
    return np.random.default_rng(seed).poisson(2.0, size=(N, D)).astype(float)


def _of_decoder(decoder, seed=0):
    """Arguments for each decoder, with SciPy's log-densities and entropies at each sample (S, N, D)."""
    rng = np.random.default_rng(seed)
    a = {k: v for k, v in _arrays(seed).items() if k not in ("mean", "sigma2")}
    out, b = 0.7 * rng.normal(size=(S, N, D)), rng.uniform(0.3, 2, size=D)
    if decoder == "laplace":
        law = stats.laplace(out, b)
        return a | {"mean": out, "scale": b}, law.logpdf(a["x"]), law.entropy()
    if decoder == "mse":
        law = stats.norm(out, np.sqrt(0.5))
        return a | {"mean": out}, law.logpdf(a["x"]), law.entropy()
    if decoder == "bernoulli":
        x = rng.integers(0, 2, size=(N, D)).astype(float)
        law = stats.bernoulli(1 / (1 + np.exp(-out)))
        return a | {"x": x, "logits": out}, law.logpmf(x.astype(int)), law.entropy()
    x = _counts(seed)
    law, rate = stats.poisson(np.exp(out)), np.exp(out)
    # The pseudo entropy: the mean of rate - n log rate, with log n! of the data.
    pseudo = rate - rate * out + np.vectorize(math.lgamma)(x + 1)
    return a | {"x": x, "log_rate": out}, law.logpmf(x.astype(int)), pseudo


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("decoder", ["laplace", "mse", "bernoulli", "poisson"])
def test_other_decoders_against_scipy(decoder, seed):
    arrays, log_density, entropy = _of_decoder(decoder, seed)
    report = entropies(**arrays, decoder=decoder)
    entropy = np.broadcast_to(entropy, log_density.shape)
    for found, wanted in [
        (report.reconstruction, log_density.mean((0, 1)).sum()),
        (report.decoder_entropy, entropy.mean((0, 1)).sum()),
        (report.gap_decoder, (log_density + entropy).mean((0, 1)).sum()),
        (report.gap, report.elbo - report.entropy_sum),
        (report.dimensions.gap_decoder, (log_density + entropy).mean((0, 1))),
    ]:
        np.testing.assert_allclose(found, wanted, **CLOSE)
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    weighted = entropies(**arrays, decoder=decoder, weights=weights)
    wanted = np.tensordot(weights, log_density, 1).mean(0).sum()
    np.testing.assert_allclose(weighted.reconstruction, wanted, **CLOSE)
    log_tau2 = {k: v for k, v in arrays.items() if k != "tau2"} | {"log_tau2": np.log(arrays["tau2"])}  # fmt: skip
    np.testing.assert_allclose(entropies(**log_tau2, decoder=decoder).elbo, report.elbo, **CLOSE)


def test_a_squared_error_is_a_normal_law_up_to_a_constant():
    a = {k: v for k, v in _arrays().items() if k != "sigma2"}
    report = entropies(**a, decoder="mse")
    loss = ((a["x"] - a["mean"]) ** 2).sum(2).mean()
    assert report.reconstruction == pytest.approx(-loss - D / 2 * math.log(math.pi), abs=1e-12)
    assert report.to_json() == entropies(**a, sigma2=0.5).to_json()


def test_probabilities_are_converted_without_losing_digits():
    arrays, *_ = _of_decoder("bernoulli")
    wanted = entropies(**arrays, decoder="bernoulli")
    logits = arrays.pop("logits")
    p = entropies(**arrays, mean=1 / (1 + np.exp(-logits)), decoder="bernoulli")
    np.testing.assert_allclose(p.elbo, wanted.elbo, **CLOSE)
    small = np.full((S, N, D), 1e-30)
    of_small = entropies(**arrays | {"x": np.zeros((N, D))}, mean=small, decoder="bernoulli")
    np.testing.assert_allclose(of_small.gap_decoder, D * 1e-30 * 30 * math.log(10), rtol=1e-12)


OF_DECODERS = {
    "logits for a Gaussian": ("gaussian", {"logits": np.ones((N, D))}, "a gaussian decoder takes no logits; leave it out, or pass decoder="),
    "sigma2 for a Bernoulli": ("bernoulli", {"sigma2": 1.0, "mean": None, "logits": np.ones((N, D))}, "a bernoulli decoder takes no sigma2"),
    "sigma2 for a squared error": ("mse", {}, "a mse decoder takes no sigma2"),
    "no sigma2": ("gaussian", {"sigma2": None}, "sigma2 is missing; a gaussian decoder has one"),
    "no scale": ("laplace", {"sigma2": None}, "scale is missing; a laplace decoder has one"),
    "a scale that is none": ("laplace", {"sigma2": None, "scale": 0.0}, "scale = 0.0 is no scale; pass positive numbers"),
    "no log-rate": ("poisson", {"sigma2": None, "mean": None}, "log_rate is missing; pass x and log_rate"),
    "residuals of a Laplace": ("laplace", {"sigma2": None, "scale": 1.0, "x": None, "mean": None, "residual2": np.ones((N, D))}, "a laplace decoder takes no residual2"),
    "both": ("bernoulli", {"sigma2": None, "logits": np.ones((N, D)), "mean": np.ones((N, D)) / 2}, "both logits and mean are given; pass one of them"),
    "data above one": ("bernoulli", {"sigma2": None, "mean": None, "logits": np.ones((N, D)), "x": np.full((N, D), 255.0)}, "x[0, 0] = 255.0 is not in [0, 1], where a Bernoulli decoder has its data"),
    "negative counts": ("poisson", {"sigma2": None, "mean": None, "log_rate": np.ones((N, D)), "x": -np.ones((N, D))}, "x[0, 0] = -1.0 is no count"),
    "a probability of one": ("bernoulli", {"sigma2": None, "mean": np.ones((N, D)), "x": np.ones((N, D))}, "mean[0, 0] = 1.0 has no finite logit; pass logits=, which do not round"),
    "two variances": ("gaussian", {"log_tau2": np.ones(H)}, "tau2 is given beside log_tau2; pass tau2, the encoder's variance, or log_tau2"),
    "no tau2": ("gaussian", {"tau2": None}, "tau2 is missing"),
    "log tau2 of another shape": ("gaussian", {"tau2": None, "log_tau2": 0.0}, "log_tau2 has shape (), which does not fit nu"),
    "a decoder": ("gamma", {}, "unknown decoder 'gamma'; "),
}  # fmt: skip


@pytest.mark.parametrize("case", OF_DECODERS)
def test_what_is_refused_of_other_decoders(case):
    decoder, change, says = OF_DECODERS[case]
    with pytest.raises(InputError, match=re.escape(says)):
        entropies(**_arrays(**{"sigma2": 0.5} | change), decoder=decoder)
