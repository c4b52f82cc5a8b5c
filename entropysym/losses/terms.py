r"""What the loss of a VAE is made of: names of its arguments, and its terms as columns of a regression, one row each.

A batch is a `Point`: an array for each role. A decoder row turns it into the negative log-likelihood $-\sum_{n,d}\log p(x_{nd}|z_n)$, in one column
where the weight of the whole is all that can differ, in two (residual and log-normaliser) where a scale is learned. A KL row gives
$\sum_{n,h}\mathrm{KL}(q_n\|N(0,I))$ in pieces, those of the prior and those of the encoder entropy:

$$\mathrm{KL}=\underbrace{\tfrac12\nu^2+\tfrac12\tau^2}_{\text{prior}}-\underbrace{\tfrac12(\log\tau^2+1)}_{\text{entropy}},\qquad
\text{one sample: }\underbrace{\tfrac12z^2}_{\text{prior}}-\underbrace{\tfrac12\log\tau^2+\tfrac12(z-\nu)^2/\tau^2}_{\text{entropy}}.$$

All is a sum over batch and dimensions; what a loss averages is read from how the weights depend on the sizes. The densities are those of `networks.laws`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from entropysym.networks.laws import BERNOULLI, CATEGORICAL, LAPLACE, NORMAL, POISSON, Law

#: What a loss is computed from, by role, in a batch.
Point = Mapping[str, np.ndarray]

X, RECONSTRUCTION = "x", "reconstruction"
ENCODER_MEAN, ENCODER_SCALE = "encoder mean", "encoder scale"
DECODER_SCALE, SAMPLE = "decoder scale", "latent sample"

#: Role -> the names that arguments of that role have in public code. A name stands once.
ROLES: dict[str, frozenset[str]] = {
    role: frozenset(names.split())
    for role, names in {
        X: "x target targets input inputs data y_true x_true original images image x_in counts",
        RECONSTRUCTION: "recon_x x_recon recon recons reconstruction reconstructions reconstructed x_hat xhat x_rec rec output outputs"
        " y_pred decoded logits x_logits x_logit recon_logits probs x_probs rate px_rate log_rate x_mean px_mean dec_mean dec_mu mu_x",
        ENCODER_MEAN: "mu mean z_mean mu_z latent_mean latent_mu enc_mean enc_mu z_mu qz_m q_mean means",
        ENCODER_SCALE: "logvar log_var z_logvar z_log_var logvar_z log_var_z log_variance latent_logvar enc_logvar log_std logstd log_sigma logsigma"
        " z_log_sigma z_log_std std sigma z_std z_sigma var variance z_var qz_v q_logvar",
        DECODER_SCALE: "logvar_x x_logvar dec_logvar px_logvar recon_logvar log_scale log_scale_x log_sigma_x x_log_sigma log_sigma2_x log_noise"
        " x_scale x_var x_std dec_scale",
        SAMPLE: "z z_sample latent latents",
    }.items()
}


class ScaleForm(NamedTuple):
    """How an argument stands for a scale: the variance (of a Laplace law, b squared) that it means."""

    name: str
    variance: Callable[[np.ndarray], np.ndarray]
    positive: bool


LOG_VARIANCE = ScaleForm("log-variance", lambda s: np.exp(s), False)
LOG_STD = ScaleForm("log-scale", lambda s: np.exp(2 * s), False)
STD = ScaleForm("scale", lambda s: s**2, True)
VARIANCE = ScaleForm("variance", lambda s: s, True)
SCALE_FORMS = (LOG_VARIANCE, LOG_STD, STD, VARIANCE)


class DecoderRow(NamedTuple):
    """A decoder, and what the loss reads as its reconstruction: a law, how it is written, its arguments from a reconstruction, and where that may lie.

    `domain` is "real", "positive" or "unit". `inside` is added inside of logarithms.
    """

    law: Law
    written: str
    argument: Callable[[np.ndarray], np.ndarray]
    domain: str
    inside: float = 0.0
    optimal: bool = False


def _same(r: np.ndarray) -> np.ndarray:
    return r


def _logit(p: np.ndarray) -> np.ndarray:
    return np.log(p) - np.log1p(-p)


#: What people add inside of a logarithm.
_INSIDE = (1e-6, 1e-7, 1e-8, 1e-10, 1e-12)

#: The decoders that are told apart. The first that explains a loss is taken, so that the plain one stands before those with something added.
DECODERS = (
    DecoderRow(NORMAL, "mean", _same, "real"),
    DecoderRow(NORMAL, "mean", _same, "real", optimal=True),
    DecoderRow(LAPLACE, "location", _same, "real"),
    DecoderRow(BERNOULLI, "logits", _same, "real"),
    DecoderRow(CATEGORICAL, "logits", _same, "real"),
    DecoderRow(POISSON, "log-rate", _same, "real"),
    DecoderRow(BERNOULLI, "probabilities", _logit, "unit"),
    DecoderRow(POISSON, "rate", np.log, "positive"),
    *(DecoderRow(BERNOULLI, "probabilities", _logit, "unit", inside=e) for e in _INSIDE),
    *(DecoderRow(POISSON, "rate", np.log, "positive", inside=e) for e in _INSIDE),
)


class Columns(NamedTuple):
    """Values at a batch, each a sum over it. `residual` and `normaliser` (learned scales only) of the decoder; `prior` and `entropy` pieces of the KL."""

    residual: tuple[float, ...] = ()
    normaliser: tuple[float, ...] = ()
    prior: tuple[float, ...] = ()
    entropy: tuple[float, ...] = ()


def decoder_columns(row: DecoderRow, form: ScaleForm | None, point: Point) -> Columns:
    r"""The decoder's columns: with a scale, $-\sum\mathrm{gap}$ and $\sum\mathcal H$, which add up to $-\sum\log p$; without, their sum.

    Of Normal and Laplace laws with a fixed scale it is $-\sum\mathrm{gap}$ at scale 1; where the scale is the best one for the batch, the
    profile $\frac{BD}2\log\overline{(x-m)^2}$.
    """
    x, r = point[X], point[RECONSTRUCTION]
    if row.optimal:
        return Columns(residual=(0.5 * x.size * np.log(np.mean((x - r) ** 2)),))
    if row.inside:
        return Columns(residual=(_written_out(row, x, r),))
    argument = row.argument(r)
    if row.law.natural:
        return Columns(residual=(-row.law.log_density(np, x, argument).sum(),))
    if form is None:
        return Columns(residual=(-row.law.gap(np, x, argument, 1.0).sum(),))
    scale = np.broadcast_to(form.variance(point[DECODER_SCALE]) ** (0.5 / row.law.power), x.shape)
    gap, entropy = (f(np, x, argument, scale).sum() for f in (row.law.gap, row.law.entropy))
    return Columns(residual=(-gap,), normaliser=(entropy,))


def _written_out(row: DecoderRow, x: np.ndarray, r: np.ndarray) -> float:
    """The negative log-likelihood with something added inside of its logarithms, without log x!."""
    if row.law is POISSON:
        return float((r - x * np.log(r + row.inside)).sum())
    return float(-(x * np.log(r + row.inside) + (1 - x) * np.log(1 - r + row.inside)).sum())


class Threshold(NamedTuple):
    """What a threshold makes of a KL: `effective` (KL of each entry, level) summed over the batch, and the level from that sum where every KL is small."""

    name: str
    effective: Callable[[np.ndarray, float], float]
    level: Callable[[float, np.ndarray], float]


def _above(reduced: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray, float], float]:
    """Σ max(KL, level) of KLs that are reduced first; where the batch is averaged, times its size."""

    def effective(kl: np.ndarray, level: float) -> float:
        compared = reduced(kl)
        return float(len(kl) / len(compared) * np.maximum(compared, level).sum())

    return effective


def _by_datum(kl: np.ndarray) -> np.ndarray:
    return kl.reshape(len(kl), -1).sum(1)


#: Free bits, and the capacity of annealed VAEs. In words: what is compared with the level.
THRESHOLDS = (
    Threshold(
        "free bits: max(KL, level) of each latent of each datum",
        _above(lambda kl: kl),
        lambda total, kl: total / kl.size,
    ),
    Threshold(
        "free bits: max(KL, level) of each latent, its KL averaged over the batch",
        _above(lambda kl: kl.mean(0, keepdims=True)),
        lambda total, kl: total / kl.size,
    ),
    Threshold(
        "free bits: max(KL, level) of each datum",
        _above(_by_datum),
        lambda total, kl: total / len(kl),
    ),
    Threshold(
        "free bits: max(KL, level), the KL averaged over the batch",
        _above(lambda kl: _by_datum(kl).mean(keepdims=True)),
        lambda total, kl: total / len(kl),
    ),
    Threshold(
        "capacity: |KL - level|, the KL averaged over the batch",
        lambda kl, c: float(len(kl) * (abs(_by_datum(kl).mean() - c) + c)),
        lambda total, kl: (total + kl.sum()) / (2 * len(kl)),
    ),
    Threshold(
        "capacity: |KL - level| of each datum",
        lambda kl, c: float((np.abs(_by_datum(kl) - c) + c).sum()),
        lambda total, kl: (total + kl.sum()) / (2 * len(kl)),
    ),
)


class KlRow(NamedTuple):
    """A KL to N(0, I): from which form of the scale, analytic or at one sample of z, with a threshold (and its level) or without."""

    form: ScaleForm
    sampled: bool = False
    threshold: Threshold | None = None
    level: float = 0.0


def kl_of(form: ScaleForm, point: Point) -> np.ndarray:
    """The analytic KL to N(0, I) of each latent of each datum, in nats."""
    nu, v = point[ENCODER_MEAN], form.variance(point[ENCODER_SCALE])
    return np.broadcast_to((nu**2 + v - np.log(v) - 1) / 2, nu.shape)


def kl_columns(row: KlRow, point: Point) -> Columns:
    """The KL's columns: the pieces of the prior and of the entropy; with a threshold, the whole as one."""
    if row.threshold:
        return Columns(prior=(row.threshold.effective(kl_of(row.form, point), row.level),))
    nu = point[ENCODER_MEAN]
    v = np.broadcast_to(row.form.variance(point[ENCODER_SCALE]), nu.shape)
    if row.sampled:
        z = point[SAMPLE]
        pieces = -np.log(v).sum() / 2, -((z - nu) ** 2 / v).sum() / 2
        return Columns(prior=((z**2).sum() / 2,), entropy=pieces)
    return Columns(prior=((nu**2).sum() / 2, v.sum() / 2), entropy=(-(np.log(v) + 1).sum() / 2,))
