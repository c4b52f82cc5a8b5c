"""Losses are named, or are not; what is said of them is true of networks that were trained with them."""

import functools
import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.optimize import minimize

from entropysym.errors import InputError
from entropysym.losses.fits import ONE, Weight, weight_of
from entropysym.losses.identification import identify_objective
from entropysym.losses.terms import ROLES
from entropysym.losses.theorems import THEOREMS, table
from entropysym.networks.laws import law
from tests.losses import public_losses as public
from tests.losses.public_losses import HEAD, PUBLIC_LOSSES, identified, row, wrong

DOCS = Path(__file__).parents[2] / "docs/losses.md"

# Losses in the styles of public code


@pytest.fixture(scope="module")
def answers():
    return {case.style: identified(case) for case in PUBLIC_LOSSES}


@pytest.mark.slow
@pytest.mark.parametrize("case", PUBLIC_LOSSES, ids=lambda case: case.style)
def test_public_losses_are_named(case, answers):
    assert wrong(case, answers[case.style]) == []


@pytest.mark.slow
def test_a_wrong_answer_is_seen(answers):
    """Each field that is expected is compared."""
    for case in PUBLIC_LOSSES:
        for name in case.expected:
            other = case._replace(expected={**case.expected, name: "something else"})
            assert len(wrong(other, answers[case.style])) == 1


@pytest.mark.slow
def test_enough_losses_are_no_elbo(answers):
    assert sum(not found.is_elbo for found in answers.values()) >= 12
    assert sum(found.kind == "unknown" for found in answers.values()) >= 8
    assert {found.kind for found in answers.values()} >= set(THEOREMS) - {"no reconstruction"}


@pytest.mark.slow
def test_the_page_has_the_tables_of_the_code(answers):
    page = DOCS.read_text(encoding="utf-8")
    assert table() in page
    lines = [HEAD, *(row(case, answers[case.style]) for case in PUBLIC_LOSSES)]
    assert "\n".join(lines) in page


@pytest.mark.slow
def test_the_answer_in_words(answers):
    said = str(answers["MSE summed over dimensions"])
    for line in (
        "sigma^2 = 0.5; KL weight beta = 1",
        "reduction: reconstruction: mean over the batch, sum over dimensions; KL: mean over the batch, sum over latents",
        "left out: D/2 log(2 pi sigma^2)",
        "D/2 - R/(2 sigma^2)",
        "note: log_var is read as log-variance of the encoder",
        "in double precision",
    ):
        assert line in said
    assert "prior N(0, 0.5 I)" in str(answers["factor 1/2 missing in one term of the KL"])
    assert "binary data" in answers["JAX tutorials: the ELBO of binary data, log-std"].tested
    assert "batch size" in str(answers["KL summed over the wrong axis"])
    assert "missing factor" not in str(answers["MSE summed over dimensions"])


@pytest.mark.slow
def test_parts(answers):
    parts = answers["PyTorch-VAE: MSE averaged, kld_weight"].parts
    assert parts == {
        "Reconstruction_Loss": "2/(B*D) * half the squared error",
        "KLD": "-1/B * KL",
    }
    assert answers["plain autoencoder"].parts == {"kl": "1 * KL"}
    assert answers["single-cell: Poisson counts"].parts == {}
    assert answers["latent diffusion: L1 with logvar, KL 1e-6"].parts == {}


# Terms in all combinations


def _numpy_loss(written, form, reduce_reconstruction, weight):
    nll = {
        "normal": lambda x, r: (x - r) ** 2,
        "laplace": lambda x, r: np.abs(x - r),
        "bernoulli": lambda x, r: np.logaddexp(0, r) - x * r,
        "poisson": lambda x, r: np.exp(r) - x * r,
    }[written]
    variance = {"logvar": np.exp, "log_std": lambda s: np.exp(2 * s), "std": np.square, "var": np.copy}[form]  # fmt: skip

    def loss(x, r, mu, s):
        v = variance(s)
        kl = (0.5 * (mu**2 + v - np.log(v) - 1)).sum() / len(x)
        return reduce_reconstruction(nll(x, r)) + weight * kl

    return loss


@pytest.mark.parametrize("written", ["normal", "laplace", "bernoulli", "poisson"])
@pytest.mark.parametrize("form", ["logvar", "log_std", "std", "var"])
def test_every_form_of_every_law(written, form):
    mean = form in ("logvar", "std")
    weight = 0.37 if mean else 2.5
    reduced = np.mean if mean else lambda a: a.sum() / len(a)
    found = identify_objective(
        _numpy_loss(written, form, reduced, weight),
        roles=["x", "reconstruction", "encoder mean", "encoder scale"],
    )
    assert found.law == written
    here = found.scale if written in ("normal", "laplace") else found.beta
    factor = 0.5 if written == "normal" else 1
    assert str(here) == f"{factor * weight:g}{'*D' if mean else ''}"
    words = {"logvar": "log-variance", "log_std": "log standard deviation", "std": "standard deviation", "var": "variance"}  # fmt: skip
    assert f"is read as {words[form]} of the encoder" in found.notes[0]


def _plain(x, r, mu, logvar):
    return ((x - r) ** 2).sum() - 0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum()


PLAIN = ["x", "reconstruction", "encoder mean", "encoder scale"]


@pytest.mark.parametrize(
    "further",
    [
        lambda x, r, mu, s: 1e-8 * (r**3).sum(),
        lambda x, r, mu, s: 1e-8 * np.sin(mu).sum(),
        lambda x, r, mu, s: 1e-8 * (mu * s).sum(),
        lambda x, r, mu, s: 1e-8 * (x * r**2).sum(),
        lambda x, r, mu, s: 1e-2 * np.maximum(0, np.abs(r) - 1.5).sum(),  # outside of (0, 1)
        lambda x, r, mu, s: 1e-2 * np.maximum(0, -s - 0.5).sum(),  # a floor of the log-variance
        lambda x, r, mu, s: 1e-4 * ((r - x)[0, 0] ** 2),
        lambda x, r, mu, s: 1e-6 * mu[..., :1].sum() ** 2,
    ],
)
def test_a_small_further_term_is_not_overlooked(further):
    assert identify_objective(_plain, roles=PLAIN).kind == "fixed scale"
    found = identify_objective(lambda *a: _plain(*a) + further(*a), roles=PLAIN)
    assert found.kind == "unknown"
    assert found.law is None


def test_a_function_of_the_data_is_said():
    found = identify_objective(lambda *a: _plain(*a) + np.sin(a[0]).sum(), roles=PLAIN)
    assert found.kind == "fixed scale"
    assert "data alone" in found.constant
    found = identify_objective(lambda *a: _plain(*a) + 7.0, roles=PLAIN)
    left = 4 / 2 * np.log(np.pi) - 7 / 3  # D/2 log(2 pi sigma^2) - 7/B at D = 4, B = 3
    assert float(found.constant.split()[0]) == pytest.approx(left, rel=1e-5)


def test_weights_that_are_no_powers_are_not_named():
    found = identify_objective(lambda *a: _plain(*a) / (a[0].shape[1] + 3), roles=PLAIN)
    assert found.kind == "unknown"
    assert "no powers of the sizes" in found.tested


def test_a_loss_for_one_size_only_is_not_named():
    """The squared error becomes an absolute one in wide data."""

    def loss(*a):
        return _plain(*a) + (a[0].shape[1] > 5) * np.abs(a[0] - a[1]).sum()

    found = identify_objective(loss, roles=PLAIN)
    assert found.kind == "unknown"
    assert "not at" in found.tested


def test_sizes_that_do_not_vary_stay_numbers():
    def loss(recon_x, x, mu, logvar):
        kl = -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum()
        return ((recon_x.reshape(-1, 12) - x.reshape(-1, 12)) ** 2).sum() / 12 + kl

    found = identify_objective(loss, shapes={"x": ("B", 3, 2, 2)})
    assert str(found.sigma2) == "6"
    assert "sizes that do not vary" in str(found)
    assert "dimensions of fixed sizes" in found.reduction
    with pytest.raises(InputError, match=r"cannot be called on arrays of shapes.*reshape"):
        identify_objective(loss, shapes={"x": ("B", 5)})


def test_where_a_loss_stops():
    def loss(recon_x, x, mu, logvar):
        assert recon_x.min() > 0
        return _plain(x, recon_x, mu, logvar)

    found = identify_objective(loss)
    assert found.kind == "fixed scale"
    assert "beyond, it raises AssertionError" in found.tested

    def nan_beyond(recon_x, x, mu, logvar):
        return _plain(x, recon_x, mu, logvar) + 0 * np.sqrt(recon_x).sum()

    assert "beyond, it is not finite" in identify_objective(nan_beyond).tested


def test_what_is_not_finite_is_unknown():
    found = identify_objective(lambda *a: _plain(*a) + 0 * np.log(-a[1]).sum(), roles=PLAIN)
    assert found.kind == "unknown"
    assert found.tested.startswith("not finite: nan at sizes")
    found = identify_objective(lambda *a: np.inf, roles=PLAIN)
    assert found.tested.startswith("not finite: inf")

    def far(x, r, mu, s):  # overflows at large means only
        return _plain(x, r, mu, s) + np.where(np.abs(mu).max() > 5, np.nan, 0.0)

    assert "not finite: nan" in identify_objective(far, roles=PLAIN).tested


def _single(loss):
    """The same loss, computed in float32."""

    @functools.wraps(loss)
    def cast(*arguments, **named):
        as_single = [a.float() for a in arguments]
        return loss(*as_single, **{n: getattr(a, "float", lambda a=a: a)() for n, a in named.items()})  # fmt: skip

    return cast


#: Losses of torch by style; what float32 cannot tell apart is left out.
_TORCH = {c.style: c for c in PUBLIC_LOSSES if "torch" in c.loss.__code__.co_names or "F" in c.loss.__code__.co_names}  # fmt: skip


@pytest.mark.some(6)
@pytest.mark.parametrize("case", _TORCH.values(), ids=_TORCH)
def test_single_precision_is_named_alike_or_not_at_all(case):
    """Nothing else is said in float32; a weight that rounding hides is no 0."""
    found = identify_objective(_single(case.loss), **{**case.options, "arrays": "torch"})
    assert found.kind == "unknown" or wrong(case, found) == []
    if "kl_weight" in case.options.get("given", {}):  # 1e-6
        assert found.kind == "unknown"
        assert "compute the loss in float64" in found.tested


def test_a_kl_that_single_precision_hides_is_not_denied():
    def loss(x_hat, x, mu, logvar):
        kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()
        return (((x_hat - x) ** 2).sum() + 1e-7 * kl).float()

    found = identify_objective(loss)
    assert found.kind == "unknown"
    assert "compute the loss in float64" in found.tested


def test_without_encoder_there_is_no_kl():
    found = identify_objective(lambda x, recon: ((x - recon) ** 2).mean())
    assert (found.kind, found.is_elbo) == ("no KL", False)
    found = identify_objective(lambda x, recon, mu, logvar: (mu**2 + np.exp(logvar) - logvar).sum())
    assert found.kind == "no reconstruction"
    assert found.law is None


def test_doubled_kl_is_also_a_missing_half():
    def loss(x, logits, mu, logvar):
        return (
            F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
            + (mu**2 + logvar.exp() - 1 - logvar).sum()
        )

    found = identify_objective(loss)
    assert str(found.beta) == "2"
    assert "missing factor 1/2" in str(found)


def test_jax_in_single_precision():
    def loss(x, x_hat, mu, logvar):
        kl = -0.5 * jnp.sum(1 + logvar - mu**2 - jnp.exp(logvar), axis=-1)
        return jnp.mean(jnp.sum((x - x_hat).astype(jnp.float32) ** 2, axis=-1) + 0.3 * kl).astype(jnp.float32)  # fmt: skip

    found = identify_objective(loss, arrays="jax")
    assert str(found.sigma2) == "0.15"
    assert "single" in found.tested


# What is said of them holds for networks that were trained with them

N, D, S = 10, 3, 2
ROWS = {"B": S * N, "D": D, "H": 1}
#: Two nodes of z have its mean and variance, so that what is trained has no noise to learn.
NOISE = torch.tensor([[[-1.0]], [[1.0]]], dtype=torch.float64)
DATA = torch.tensor(np.random.default_rng(5).dirichlet([1.0, 1.0, 1.0], N))


def _network(theta):
    """Reconstruction (without a link), mean, log-variance and decoder scale of each datum, S samples of it in one batch."""
    w, c, head, (a, l, s) = torch.split(theta, [D, D, D, 3])
    mu = DATA @ head[:, None] + a
    logvar = (l + 0.1 * DATA[:, :1]).expand_as(mu)
    z = mu + torch.exp(logvar / 2) * NOISE
    eta = z @ w[None] + c
    return eta.reshape(-1, D), mu.repeat(S, 1), logvar.repeat(S, 1), s


def _trained(objective):
    """Arrays at a stationary point of what somebody trains, the norm of its gradient there, and where it began."""

    def value(t):
        return objective(DATA.repeat(S, 1), *_network(t))

    def both(theta):
        t = torch.tensor(theta, requires_grad=True)
        loss = value(t)
        loss.backward()
        return loss.item(), t.grad.numpy()

    def curvature(theta):
        return torch.autograd.functional.hessian(value, torch.tensor(theta)).numpy()

    start = np.random.default_rng(1).standard_normal(3 * D + 3)
    theta = minimize(both, start, jac=True, method="BFGS", options={"maxiter": 400}).x
    for _ in range(4):  # Newton's method
        theta = theta - np.linalg.lstsq(curvature(theta), both(theta)[1], rcond=1e-10)[0]
    with torch.no_grad():
        arrays = [a.numpy() for a in _network(torch.tensor(theta))]
    return arrays, float(np.abs(both(theta)[1]).max()), start


def _gap(found, eta, mu, logvar, s):
    """ELBO minus entropy sum of the model that the answer names, each by itself, per datum."""
    x, s2 = DATA.repeat(S, 1).numpy(), found.prior_variance.at(ROWS)
    row = law(found.law)
    if found.scale == "learned":  # all losses here have log sigma (log b) as argument
        scale = np.exp(s / row.power) * found.scale_factor.at(ROWS)
    elif found.scale == "optimal":
        scale = np.mean((x - eta) ** 2)
    else:
        scale = found.scale.at(ROWS) if found.scale else None
    arguments = (eta,) if scale is None else (eta, scale)
    v = np.exp(logvar)
    log_p, entropy = (f(np, x, *arguments).sum(-1).mean() for f in (row.log_density, row.entropy))
    if found.law == "categorical":  # entries that are no probabilities of one class
        log_p, entropy = log_p, (row.entropy(np, x, *arguments) * x.sum(-1, keepdims=True)).sum(-1).mean()  # fmt: skip
    kl = 0.5 * ((mu**2 + v) / s2 - np.log(v / s2) - 1).sum(-1).mean()
    encoder = 0.5 * np.log(2 * np.pi * np.e * v).sum(-1).mean()
    prior = 0.5 * np.log(2 * np.pi * np.e * s2)
    return (log_p - kl) - (encoder - prior - entropy)


def _kl(mu, logvar):
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(-1)


def bce_weighted(x, logits, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
    return (rec + 0.3 * _kl(mu, logvar)).mean()


def poisson_weighted(x, log_rate, mu, logvar):
    rec = F.poisson_nll_loss(log_rate, x, log_input=True, reduction="none").sum(-1)
    return (rec + 0.3 * _kl(mu, logvar)).mean()


def mse_small_kl(x, x_hat, mu, logvar):
    return ((x - x_hat) ** 2).mean() + 0.05 * _kl(mu, logvar).mean()


def free_bits_learned(x, x_hat, mu, logvar, log_sigma_x):
    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar)
    nll = 0.5 * (x - x_hat) ** 2 / torch.exp(2 * log_sigma_x) + log_sigma_x
    return nll.sum(-1).mean() + torch.clamp(kl.mean(0), min=1.5).sum()


def normaliser_once(x_hat, x, mu, logvar, log_sigma_x):
    rec = 0.5 * ((x - x_hat) ** 2).sum(-1) / torch.exp(2 * log_sigma_x) + log_sigma_x
    return (rec + 0.1 * _kl(mu, logvar)).mean()


def half_missing(x_hat, x, mu, logvar, log_sigma_x):
    nll = 0.5 * (x - x_hat) ** 2 / torch.exp(2 * log_sigma_x) + log_sigma_x
    return nll.sum() + (mu**2 + torch.exp(logvar) - 0.5 * logvar - 0.5).sum()


def optimal_weighted(x_hat, x, mu, logvar):
    log_sigma = ((x - x_hat) ** 2).mean().sqrt().log()
    return x.shape[-1] * log_sigma + _kl(mu, logvar).mean()


def _call(loss, arguments):
    """By the names that the loss has for its arguments."""
    names = loss.__code__.co_varnames[: loss.__code__.co_argcount]
    return loss(**{name: arguments[next(r for r, known in ROLES.items() if name in known)] for name in names})  # fmt: skip


#: Trained losses: how the reconstruction is made from the last layer, and whether a gap is foretold.
TRAINED = [
    (public.examples_bce, torch.sigmoid, False),
    (bce_weighted, None, False),
    (poisson_weighted, None, False),
    (public.classes, None, False),
    (public.sigma_vae, None, False),
    (public.kl_over_the_wrong_axis, None, False),
    (normaliser_once, None, False),
    (half_missing, None, False),
    (optimal_weighted, None, False),
    (public.mse_sum_over_batch, None, True),
    (mse_small_kl, None, True),
    (public.mse_mean_kl_sum, None, True),
]


def _objective(loss, link=None, **fixed):
    """The loss of the network's outputs; `fixed` are outputs that are not trained, by role."""

    def objective(x, eta, mu, logvar, s):
        r = eta if link is None else link(eta)
        roles = {"x": x, "reconstruction": r, "encoder mean": mu, "encoder scale": logvar}
        return _call(loss, {**roles, "decoder scale": s, **fixed})

    return objective


@pytest.mark.some(6)
@pytest.mark.parametrize(("loss", "link", "a_gap"), TRAINED, ids=lambda v: getattr(v, "__name__", ""))  # fmt: skip
def test_the_theorem_holds_where_training_ended(loss, link, a_gap):
    found = identify_objective(loss, arrays="torch")
    arrays, gradient, start = _trained(_objective(loss, link))
    assert gradient < 1e-9
    gap = _gap(found, *arrays)
    before = _gap(found, *(a.numpy() for a in _network(torch.tensor(start))))
    assert abs(before) > 0.02  # the equality is no identity
    assert THEOREMS[found.kind].equality is not a_gap
    if a_gap:
        squares = ((DATA.repeat(S, 1).numpy() - arrays[0]) ** 2).sum(-1).mean()
        assert gap == pytest.approx(D / 2 - squares / (2 * found.sigma2.at(ROWS)), abs=1e-10)
        assert abs(gap) > 0.02
    else:
        assert abs(gap) < 1e-10


@pytest.mark.parametrize(("loss", "changed"), [(normaliser_once, "scale_factor"), (half_missing, "prior_variance")])  # fmt: skip
def test_of_another_model_the_equality_is_false(loss, changed):
    """What the answer says of scale and prior is needed for the equality."""
    found = identify_objective(loss, arrays="torch")
    arrays, _, _ = _trained(_objective(loss))
    assert abs(_gap(replace(found, **{changed: ONE}), *arrays)) > 0.02


def test_a_scale_that_is_not_trained_leaves_a_gap():
    """As the condition says: the loss is the same, and log sigma is not handed to the optimiser."""
    found = identify_objective(public.sigma_vae, arrays="torch")
    s = torch.tensor(-0.2, dtype=torch.float64)
    arrays, gradient, _ = _trained(_objective(public.sigma_vae, **{"decoder scale": s}))
    assert gradient < 1e-9
    assert abs(_gap(found, *arrays[:3], s.numpy())) > 0.02


def test_a_softplus_behind_the_last_layer_leaves_a_gap():
    """As the condition says: softplus behind the last layer makes the rate, and the Poisson law's gap stays."""
    found = identify_objective(poisson_weighted, arrays="torch")

    def log_softplus(eta):
        return torch.log(F.softplus(eta))

    arrays, gradient, _ = _trained(_objective(poisson_weighted, log_softplus))
    assert gradient < 1e-9
    eta = log_softplus(torch.tensor(arrays[0])).numpy()
    assert abs(_gap(found, eta, *arrays[1:])) > 1e-4  # with a log-rate it is 1e-15


def test_a_laplace_decoder_with_a_learned_scale():
    """The decoder's part: at the best b for given residuals its gap is 0, at any other it is D - R/b."""
    errors = np.abs(np.random.default_rng(0).standard_normal((20, D)))
    row = law("laplace")
    for b in (errors.mean(), 1.0):
        log_p = row.log_density(np, errors, 0.0, b).sum(-1).mean()
        gap = log_p + D * row.entropy(np, 0.0, 0.0, b)
        assert gap == pytest.approx(D - errors.sum(-1).mean() / b)
    assert abs(gap) > 0.02


def test_below_the_level_of_free_bits_a_stationary_point_has_a_gap():
    found = identify_objective(free_bits_learned, arrays="torch")
    assert found.kind == "threshold"
    assert "level 1.5 nats" in str(found)
    theta = torch.zeros(3 * D + 3, dtype=torch.float64)
    theta[D : 2 * D] = DATA.mean(0)
    theta[3 * D], theta[3 * D + 1] = 0.5, -0.7  # any mean and log-variance of which the KL is small
    theta[-1] = 0.5 * torch.log(((DATA - DATA.mean(0)) ** 2).mean())
    theta.requires_grad_()
    outputs = _network(theta)
    _objective(free_bits_learned)(DATA.repeat(S, 1), *outputs).backward()
    assert theta.grad.abs().max() < 1e-12
    elbo = replace(found, law="normal", scale="learned")
    assert abs(_gap(elbo, *(a.detach().numpy() for a in outputs))) > 0.02


def test_a_scale_without_its_normaliser_has_no_stationary_point():
    x, r, mu, logvar = (torch.rand(4, 3, dtype=torch.float64) for _ in range(4))
    s = torch.zeros((), dtype=torch.float64, requires_grad=True)
    for value in (-1.0, 0.0, 3.0):
        s.data.fill_(value)
        loss = (0.5 * (x - r) ** 2 / torch.exp(2 * s)).sum() + _kl(mu, logvar).sum()
        (slope,) = torch.autograd.grad(loss, s)
        assert slope < 0


# What cannot be asked


def _message(loss, **options):
    with pytest.raises(InputError) as raised:
        identify_objective(loss, **options)
    return str(raised.value)


def test_noise_and_counters_are_seen():
    rng = np.random.default_rng(0)
    said = _message(lambda *a: _plain(*a) + 1e-9 * rng.standard_normal(), roles=PLAIN)
    assert "no function of its arguments" in said
    assert "after the draw" in said
    calls = itertools.count()
    said = _message(lambda *a: _plain(*a) * (1 + (next(calls) > 20)), roles=PLAIN)
    assert "counts its calls" in said


def test_noise_is_seen_before_anything_is_fitted():
    calls = []

    def loss(*a):
        calls.append(1)
        return _plain(*a) * len(calls)

    assert "gave" in _message(loss, roles=PLAIN)
    assert len(calls) == 2


def test_half_precision_is_refused():
    said = _message(lambda x, recon, mu, logvar: _plain(x, recon, mu, logvar).astype(np.float16))
    assert "half precision" in said
    bfloat = torch.bfloat16
    said = _message(lambda x, recon: ((x - recon) ** 2).sum().to(bfloat), arrays="torch")
    assert "half precision" in said


def test_arguments_without_a_role():
    def loss(x, recon, mu, logvar, gamma, unused=1):
        return gamma * _plain(x, recon, mu, logvar)

    assert "what the argument gamma of the loss is" in _message(loss)
    assert str(identify_objective(loss, given={"gamma": 2.0}).overall) == "2*B"
    assert "unknown argument of the loss 'gama'" in _message(loss, given={"gama": 2.0})
    assert "unknown role 'recnstruction'" in _message(loss, roles={"gamma": "recnstruction"})
    assert 'both have the role "x"' in _message(loss, roles={"gamma": "x"})
    both = {"roles": {"gamma": "decoder scale"}, "given": {"gamma": 1.0}}
    assert "has a role and is given" in _message(loss, **both)
    assert 'no argument has the role "reconstruction"' in _message(lambda x, mu, logvar: 0.0)
    assert "pass a function" in _message("loss")
    assert "pass names and sizes above 0" in _message(_plain, roles=PLAIN, shapes={"x": ("B", 0)})
    assert "unknown role 'pixels'" in _message(_plain, roles=PLAIN, shapes={"pixels": ("B",)})
    assert "unknown library of arrays 'tf'" in _message(_plain, roles=PLAIN, arrays="tf")


def test_what_comes_back_has_to_be_a_number():
    assert "array of shape (3, 4)" in _message(lambda x, recon: (x - recon) ** 2)
    assert "returns ['a']" in _message(lambda x, recon: {"a": (x - recon).sum()})
    assert "total is 2" in _message(lambda x, recon: (1.0, 2.0), total=2)
    found = identify_objective(lambda x, recon: ("word", ((x - recon) ** 2).sum()), total=1)
    assert found.law == "normal"


def test_names_stand_once():
    names = [name for known in ROLES.values() for name in known]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)


def test_weights():
    half = Weight(0.5, (("D", 1), ("B", -1)))
    assert str(half) == "0.5*D/B"
    assert str(Weight(2.0, (("B", -1), ("H", -2)))) == "2/(B*H^2)"
    assert half.at({"D": 8, "B": 2}) == 2.0
    with pytest.raises(InputError, match=r"0.5\*D/B depends on B"):
        half.at({"D": 8})
    assert half.over(half) == ONE
    assert not half.same(ONE)
    sizes = [{"B": 2}, {"B": 4}, {"B": 3}]
    opens = [1e-15] * 3
    assert weight_of([0.5, 0.25, 1 / 3], opens, sizes) == Weight(1.0, (("B", -1),), 2e-15)
    assert weight_of([0.5, 0.25, 0.34], opens, sizes) is None  # the last batch decides
    assert weight_of([0.5, 0.26, 1 / 3], opens, sizes) is None
    assert weight_of([0.5, -0.25, 1 / 3], opens, sizes) is None
    assert weight_of([0.0, 0.0, 0.0], opens, sizes) == Weight(0.0)
    assert weight_of([0.0, 0.0, 0.3], opens, sizes) is None


def test_no_framework_is_imported():
    program = (
        "import sys, entropysym.losses.identification; print({'torch', 'jax'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"
