"""Losses in the styles that public VAE code has, with what each is: `python -m tests.losses.public_losses` prints the table, and fails if an answer is wrong.

The code is written for this table; a name says whose habits it has. `expected` are fields of `Identified`, as strings.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Laplace, Normal, Poisson, kl_divergence

from entropysym.losses.identification import Identified, identify_objective

torch.set_num_threads(1)  # the arrays are small


class PublicLoss(NamedTuple):
    """A loss, how it is handed over, and the right answer."""

    style: str
    loss: Callable[..., Any]
    expected: Mapping[str, str]
    options: Mapping[str, Any] = {}


# Bernoulli


def examples_bce(recon_x, x, mu, logvar):
    bce = F.binary_cross_entropy(recon_x, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


def keras_images(data, reconstruction, z_mean, z_log_var):
    p = jnp.clip(reconstruction, 1e-7, 1 - 1e-7)
    bce = -(data * jnp.log(p) + (1 - data) * jnp.log(1 - p)).mean(-1)
    reconstruction_loss = jnp.mean(jnp.sum(bce, axis=(1, 2)))
    kl_loss = -0.5 * (1 + z_log_var - jnp.square(z_mean) - jnp.exp(z_log_var))
    kl_loss = jnp.mean(jnp.sum(kl_loss, axis=1))
    return {
        "loss": reconstruction_loss + kl_loss,
        "reconstruction_loss": reconstruction_loss,
        "kl_loss": kl_loss,
    }


def keras_old(x, x_decoded, z_mean, z_log_sigma):
    bce = -(x * np.log(x_decoded) + (1 - x) * np.log(1 - x_decoded)).mean(-1)
    kl = -0.5 * np.mean(1 + z_log_sigma - z_mean**2 - np.exp(z_log_sigma), axis=-1)
    return np.mean(bce + kl)


def disentanglement(data, logits, mean, logvar, beta=4.0):
    rec = F.binary_cross_entropy_with_logits(logits, data, reduction="sum") / len(data)
    latent_kl = 0.5 * (-1 - logvar + mean.pow(2) + logvar.exp()).mean(dim=0)
    return rec + beta * latent_kl.sum()


def elbo_to_climb(x, logits, mu, log_std):
    log_p = -jnp.logaddexp(0.0, jnp.where(x > 0.5, -logits, logits)).sum(-1)
    kl = (mu**2 + jnp.exp(2 * log_std) - 1 - 2 * log_std).sum(-1) / 2
    return (log_p - kl).mean()


def log_with_addend(recon_x, x, mu, logvar):
    bce = -(x * np.log(recon_x + 1e-8) + (1 - x) * np.log(1 - recon_x + 1e-8)).sum()
    return bce - 0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum()


# Normal and Laplace


def mse_mean_with_weight(*args, kld_weight):
    recons, x, mu, log_var = args
    recons_loss = F.mse_loss(recons, x)
    kld_loss = torch.mean(-0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1), dim=0)
    loss = recons_loss + kld_weight * kld_loss
    return {"loss": loss, "Reconstruction_Loss": recons_loss.detach(), "KLD": -kld_loss.detach()}


def mse_sum_over_batch(x_hat, x, mean, log_var):
    rec = ((x_hat - x) ** 2).sum() / x.shape[0]
    return rec + 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum() / x.shape[0]


def everything_averaged(x_hat, x, mu, logvar):
    return ((x_hat - x) ** 2).mean() - 0.5 * (1 + logvar - mu**2 - np.exp(logvar)).mean()


def mse_mean_kl_sum(recon, target, mu, logvar):
    return F.mse_loss(recon, target) - 0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum()


def half_mse_without_half_in_kl(x_hat, x, mu, sigma):
    kl = (mu**2 + sigma**2 - 2 * np.log(sigma) - 1).sum(1)
    return (0.5 * ((x - x_hat) ** 2).sum(1) + kl).mean()


def kl_over_the_wrong_axis(x_hat, x, mu, logvar, log_sigma_x):
    kl = torch.mean(-0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=0))
    nll = 0.5 * (x - x_hat).pow(2) / torch.exp(2 * log_sigma_x) + log_sigma_x
    return nll.sum(1).mean() + kl


def latent_diffusion(inputs, reconstructions, mean, logvar, logvar_x, kl_weight):
    rec = torch.abs(inputs - reconstructions)
    nll = rec / torch.exp(logvar_x) + logvar_x
    nll = torch.sum(nll) / nll.shape[0]
    kl = 0.5 * torch.sum(mean**2 + logvar.exp() - 1.0 - logvar, dim=[1, 2, 3])
    return nll + kl_weight * kl.sum() / kl.shape[0], {"nll": nll}


def sigma_vae(x_hat, x, mu, logvar, log_sigma_x):
    rec = 0.5 * ((x - x_hat) / log_sigma_x.exp()) ** 2 + log_sigma_x + 0.5 * np.log(2 * np.pi)
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return rec.sum() + kl


def optimal_sigma(x_hat, x, mu, logvar):
    log_sigma = ((x - x_hat) ** 2).mean().sqrt().log()
    rec = 0.5 * ((x - x_hat) / log_sigma.exp()) ** 2 + log_sigma + 0.5 * np.log(2 * np.pi)
    return rec.sum() - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


def distributions_sampled(x, x_mean, x_scale, mu, std, z):
    log_p = Normal(x_mean, x_scale).log_prob(x).sum(-1) + Normal(0.0, 1.0).log_prob(z).sum(-1)
    return -(log_p - Normal(mu, std).log_prob(z).sum(-1)).mean()


def distributions_laplace(x, x_mean, mu, std):
    prior = Normal(torch.zeros_like(mu), torch.ones_like(std))
    log_p = Laplace(x_mean, torch.tensor(0.5)).log_prob(x).sum(-1)
    return -(log_p - kl_divergence(Normal(mu, std), prior).sum(-1)).mean()


def variance_head(x, x_mean, mu, z_var, x_var):
    nll = F.gaussian_nll_loss(x_mean, x, x_var, full=True, reduction="sum")
    return nll + 0.5 * (mu**2 + z_var - 1 - z_var.log()).sum()


def factor_missing_in_one_term(x_hat, x, mu, logvar, log_sigma_x):
    kl = (mu**2 + np.exp(logvar) - 0.5 * logvar - 0.5).sum()
    nll = 0.5 * (x - x_hat) ** 2 / np.exp(2 * log_sigma_x) + log_sigma_x
    return nll.sum() + kl


def normaliser_once(x_hat, x, mu, logvar, log_sigma_x):
    rec = 0.5 * ((x - x_hat) ** 2).sum(-1) / jnp.exp(2 * log_sigma_x) + log_sigma_x
    kl = -0.5 * (1 + logvar - mu**2 - jnp.exp(logvar)).sum(-1)
    return (rec + kl).mean()


# Counts and classes


def single_cell(x, px_rate, qz_m, qz_v):
    prior = Normal(torch.zeros_like(qz_m), torch.ones_like(qz_v))
    kl = kl_divergence(Normal(qz_m, qz_v.sqrt()), prior).sum(dim=1)
    return torch.mean(-Poisson(px_rate).log_prob(x).sum(-1) + kl)


def poisson_log_input(x, log_rate, mu, logvar):
    rec = F.poisson_nll_loss(log_rate, x, log_input=True, reduction="none").sum(-1)
    return (rec - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(-1)).mean()


def classes(x, logits, mu, logvar):
    rec = -(x * torch.log_softmax(logits, -1)).sum()
    return rec - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()


# Not an ELBO, or unknown


def free_bits(x_hat, x, mu, logvar):
    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar)
    return ((x - x_hat) ** 2).sum() / len(x) + torch.clamp(kl.mean(0), min=0.25).sum()


def free_bits_each(x, logits, mu, logvar):
    kl = np.maximum(0.5 * (mu**2 + np.exp(logvar) - 1 - logvar), 0.1)
    return (np.logaddexp(0, logits) - x * logits).sum() + kl.sum()


def capacity(x_hat, x, mu, logvar, C=12.5, gamma=100.0):
    kl = torch.mean(-0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=1), dim=0)
    return F.mse_loss(x_hat, x) + gamma * (kl - C).abs()


def capacity_squared(x_hat, x, mu, logvar):
    kl = -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=1).mean()
    return F.mse_loss(x_hat, x) + 10 * (kl - 3.0) ** 2


def mmd(x_hat, x, z):
    noise = torch.linspace(-2, 2, z.numel(), dtype=z.dtype).reshape(z.shape)

    def kernel(a, b):
        return torch.exp(-(a[:, None] - b[None]).pow(2).mean(-1)).mean()

    return F.mse_loss(x_hat, x) + kernel(z, z) + kernel(noise, noise) - 2 * kernel(z, noise)


def adversarial(inputs, reconstructions, mu, logvar):
    features = torch.linspace(-1, 1, inputs[0].numel(), dtype=inputs.dtype)
    g_loss = -torch.tanh(reconstructions.flatten(1) @ features).mean()
    rec = torch.abs(inputs - reconstructions).mean()
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).mean()
    return {"loss": rec + kl + 0.1 * g_loss, "rec": rec, "kl": kl, "g_loss": g_loss}


def importance_weighted(x, x_mean, mu, std, z):
    log_w = Normal(x_mean, 1.0).log_prob(x).sum(-1) + Normal(0.0, 1.0).log_prob(z).sum(-1)
    log_w = log_w - Normal(mu, std).log_prob(z).sum(-1)
    return -torch.logsumexp(log_w, 0)  # the batch holds the samples of one datum


def huber(x_hat, x, mu, logvar):
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()
    return F.smooth_l1_loss(x_hat, x, reduction="sum") + kl


def norm_without_square(x_hat, x, mu, logvar):
    kl = -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum()
    return np.linalg.norm(x - x_hat) + kl


def softclipped(x_hat, x, mu, logvar):
    log_sigma = ((x - x_hat) ** 2).mean().sqrt().log()
    log_sigma = -6 + F.softplus(log_sigma + 6)
    rec = 0.5 * ((x - x_hat) / log_sigma.exp()) ** 2 + log_sigma
    return rec.sum() - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


def without_exp(x_hat, x, mu, logvar):
    return ((x - x_hat) ** 2).sum() - 0.5 * (1 + logvar - mu**2 - logvar**2).sum()


def plus_instead_of_minus(x_hat, x, mu, logvar):
    return ((x - x_hat) ** 2).sum() + 0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum()


def without_mean(x_hat, x, mu, logvar):
    return ((x - x_hat) ** 2).sum() + 0.5 * (np.exp(logvar) - 1 - logvar).sum()


def autoencoder(x_hat, x, mu, logvar):
    return {"loss": ((x - x_hat) ** 2).mean(), "kl": 0.5 * (mu**2 + np.exp(logvar) - logvar).sum()}


def without_normaliser(x_hat, x, mu, logvar, log_sigma_x):
    rec = 0.5 * (x - x_hat) ** 2 / np.exp(2 * log_sigma_x)
    return rec.sum() - 0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum()


def cyclical_image(x, recon, mu, logvar):
    return F.mse_loss(recon, x, reduction="sum") * 1e-3 + F.mse_loss(
        torch.fft.rfft(recon).abs(), torch.fft.rfft(x).abs()
    )  # fmt: skip


#: Images and latent images, of sizes that vary.
IMAGES = {"x": ("B", "Y", "X", "C")}
LATENT_IMAGES = {"x": ("B", "C", "Y", "X"), "encoder mean": ("B", "K", "y", "x")}
_UNKNOWN = {"kind": "unknown"}
_NORMAL, _BERNOULLI = {"law": "normal"}, {"law": "bernoulli"}
_LEARNED = {"kind": "learned scale", "scale": "learned", "beta": "1"}
_FIXED = {"kind": "fixed scale", "beta": "1"}
_NATURAL = {"kind": "natural parameters", "beta": "1"}

PUBLIC_LOSSES = (
    PublicLoss("PyTorch examples: BCE summed", examples_bce, {**_NATURAL, **_BERNOULLI, "written": "probabilities", "overall": "B", "constant": "nothing"}),
    PublicLoss("Keras example: BCE averaged over channels", keras_images, {"kind": "natural parameters, weighted KL", **_BERNOULLI, "beta": "C", "overall": "1/C"}, {"shapes": IMAGES, "arrays": "jax"}),
    PublicLoss("early Keras: everything averaged", keras_old, {"kind": "natural parameters, weighted KL", **_BERNOULLI, "beta": "D/H"}, {"roles": {"x_decoded": "reconstruction"}}),
    PublicLoss("disentanglement libraries: BCE on logits, beta", disentanglement, {"kind": "natural parameters, weighted KL", **_BERNOULLI, "written": "logits", "beta": "4", "overall": "1"}),
    PublicLoss("JAX tutorials: the ELBO of binary data, log-std", elbo_to_climb, {**_NATURAL, **_BERNOULLI, "maximised": "True"}, {"arrays": "jax"}),
    PublicLoss("BCE with log(p + 1e-8)", log_with_addend, {"kind": "logarithm with an addend"}),
    PublicLoss("PyTorch-VAE: MSE averaged, kld_weight", mse_mean_with_weight, {**_FIXED, **_NORMAL, "scale": "0.000125*D", "overall": "0.00025"}, {"roles": ["reconstruction", "x", "encoder mean", "encoder scale"], "given": {"kld_weight": 0.00025}}),
    PublicLoss("MSE summed over dimensions", mse_sum_over_batch, {**_FIXED, **_NORMAL, "scale": "0.5", "overall": "1", "constant": "D/2 log(2 pi sigma^2)"}),
    PublicLoss("MSE and KL averaged over everything", everything_averaged, {**_FIXED, **_NORMAL, "scale": "0.5*D/H"}),
    PublicLoss("MSE averaged, KL summed over the batch", mse_mean_kl_sum, {**_FIXED, **_NORMAL, "scale": "0.5*B*D"}),
    PublicLoss("half MSE, KL without its 1/2, std", half_mse_without_half_in_kl, {**_FIXED, **_NORMAL, "scale": "2", "constant": "D/2 log(2 pi sigma^2)"}),
    PublicLoss("KL summed over the wrong axis", kl_over_the_wrong_axis, {"kind": "learned scale, weighted KL", **_NORMAL, "beta": "B/H"}),
    PublicLoss("latent diffusion: L1 with logvar, KL 1e-6", latent_diffusion, {"kind": "learned scale, weighted KL", "law": "laplace", "beta": "1e-06", "scale": "learned", "constant": "D log 2"}, {"shapes": LATENT_IMAGES, "given": {"kl_weight": 1e-6}}),
    PublicLoss("sigma-VAE: shared log sigma", sigma_vae, {**_LEARNED, **_NORMAL, "overall": "B", "constant": "nothing"}),
    PublicLoss("optimal sigma-VAE", optimal_sigma, {"kind": "optimal scale", "scale": "optimal", "beta": "1", "constant": "nothing"}),
    PublicLoss("distributions, KL at one sample", distributions_sampled, {**_LEARNED, **_NORMAL, "constant": "nothing"}),
    PublicLoss("distributions, Laplace b = 1/2", distributions_laplace, {**_FIXED, "law": "laplace", "scale": "0.5", "constant": "nothing"}),
    PublicLoss("gaussian_nll_loss, variances everywhere", variance_head, {**_LEARNED, **_NORMAL, "constant": "nothing"}, {"shapes": {"decoder scale": ("B", "D")}}),
    PublicLoss("factor 1/2 missing in one term of the KL", factor_missing_in_one_term, {"kind": "learned scale", "beta": "1", "prior_variance": "0.5"}),
    PublicLoss("log sigma once, not for each dimension", normaliser_once, {"kind": "learned scale, weighted KL", "beta": "D", "scale_factor": "1/D", "constant": "D/2 log(2 pi scale_factor)"}, {"arrays": "jax"}),
    PublicLoss("single-cell: Poisson counts", single_cell, {**_NATURAL, "law": "poisson", "written": "rate", "constant": "nothing"}),
    PublicLoss("poisson_nll_loss on log-rates", poisson_log_input, {**_NATURAL, "law": "poisson", "written": "log-rate", "constant": "log x!"}),
    PublicLoss("softmax over the last axis", classes, {**_NATURAL, "law": "categorical"}),
    PublicLoss("free bits, batch mean", free_bits, {"kind": "threshold", "notes": "('free bits: max(KL, level) of each latent, its KL averaged over the batch; level 0.25 nats',)"}),
    PublicLoss("free bits, each latent of each datum", free_bits_each, {"kind": "threshold", "notes": "('free bits: max(KL, level) of each latent of each datum; level 0.1 nats',)"}),
    PublicLoss("annealed capacity: gamma |KL - C|", capacity, {"kind": "threshold", "notes": "('capacity: |KL - level|, the KL averaged over the batch; level 12.5 nats',)"}),
    PublicLoss("capacity squared", capacity_squared, _UNKNOWN),
    PublicLoss("MMD instead of the KL", mmd, _UNKNOWN),
    PublicLoss("adversarial term", adversarial, {**_UNKNOWN, "notes": "('g_loss is no term of an ELBO that is known here',)"}),
    PublicLoss("importance-weighted bound", importance_weighted, _UNKNOWN),
    PublicLoss("smooth L1", huber, _UNKNOWN),
    PublicLoss("norm without square", norm_without_square, _UNKNOWN),
    PublicLoss("optimal sigma-VAE, soft clip", softclipped, _UNKNOWN),
    PublicLoss("spectral term", cyclical_image, _UNKNOWN),
    PublicLoss("logvar^2 for exp(logvar)", without_exp, _UNKNOWN),
    PublicLoss("KL with the wrong sign", plus_instead_of_minus, {"kind": "broken KL"}),
    PublicLoss("KL without the mean", without_mean, {"kind": "broken KL"}),
    PublicLoss("plain autoencoder", autoencoder, {"kind": "no KL"}),
    PublicLoss("sigma without its logarithm", without_normaliser, {"kind": "scale without normaliser"}),
)  # fmt: skip


def wrong(case: PublicLoss, found: Identified) -> list[str]:
    """Fields that are not as expected, in words."""
    pairs = ((name, str(getattr(found, name)), value) for name, value in case.expected.items())
    return [f"{name} is {is_}, not {value}" for name, is_, value in pairs if is_ != value]


def row(case: PublicLoss, found: Identified) -> str:
    """A line of the table in Markdown."""
    cells = (case.style, found.kind, found.law or "–", found.beta or "–", found.scale or "–", found.constant or "–")  # fmt: skip
    return "| " + " | ".join(str(c).replace("|", r"\|") for c in cells) + " |"


HEAD = "| your loss, in the style of | kind | law | beta | scale | left out |\n|---|---|---|---|---|---|"


def identified(case: PublicLoss) -> Identified:
    """The answer."""
    return identify_objective(case.loss, **case.options)


def main() -> int:
    """Print the table; 1 if an answer is wrong."""
    print(HEAD)
    failures = 0
    for case in PUBLIC_LOSSES:
        found = identified(case)
        print(row(case, found))
        for line in wrong(case, found):
            failures += 1
            print(f"  {case.style}: {line}", file=sys.stderr)
    print(f"{len(PUBLIC_LOSSES)} losses, {failures} fields wrong", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
