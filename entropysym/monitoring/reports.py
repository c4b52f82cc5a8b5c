r"""ELBO, entropy sum and gap of a VAE from plain arrays, in all and for each latent and each dimension.

With $p(z)=N(0,\mathrm{diag}\,\alpha^2)$ and $q_n=N(\nu_n,\mathrm{diag}\,\tau_n^2)$ the encoder entropy and the prior term have closed forms (Damm et al., AISTATS 2023);
the decoder's expectation is the mean over the samples of z that are passed. Its law is a row of `entropysym.networks.laws`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from entropysym.errors import InputError, shown
from entropysym.monitoring.arrays import (
    Given,
    Inputs,
    as_float64,
    inputs_of,
    require,
    require_support,
)
from entropysym.networks.laws import NORMAL
from entropysym.shown import Shown

#: A latent whose KL is below this many nats counts as collapsed.
COLLAPSED_BELOW = 0.01

_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, eq=False)
class Entropies:
    r"""ELBO $\mathcal F$, entropy sum $\mathcal E$ and what they are made of, in nats per data point.

    `elbo` = encoder_entropy + prior_term + reconstruction = reconstruction − kl; `entropy_sum` = encoder_entropy − prior_entropy −
    decoder_entropy; `gap` = elbo − entropy_sum = gap_prior + gap_decoder, taken from the closed forms of the two, which lose fewer digits
    than the difference. `prior_term` is $\overline{\mathbb E\log p(z)}$.
    """

    encoder_entropy: float
    prior_entropy: float
    decoder_entropy: float
    reconstruction: float
    prior_term: float
    kl: float
    elbo: float
    entropy_sum: float
    gap: float
    gap_prior: float
    gap_decoder: float

    def numbers(self) -> dict[str, float]:
        """The quantities above, by name."""
        return {name: getattr(self, name) for name in NUMBERS}


#: The quantities of `Entropies`.
NUMBERS = tuple(f.name for f in fields(Entropies))


@dataclass(frozen=True, eq=False)
class Latents:
    r"""For each latent h, in nats per data point, arrays (H,).

    `encoder_entropy` $\frac1N\sum_n\frac12\log(2\pi e\,\tau_{nh}^2)$, `prior_entropy` $\frac12\log(2\pi e\,\alpha_h^2)$, `kl` $\frac1N\sum_n\mathrm{KL}$,
    `moment` $m_h=\frac1N\sum_n(\nu_{nh}^2+\tau_{nh}^2)/\alpha_h^2$ (a number), `gap_prior` $\frac12(1-m_h)$, and whether it is `collapsed`.
    """

    encoder_entropy: Float[np.ndarray, " H"]
    prior_entropy: Float[np.ndarray, " H"]
    gap_prior: Float[np.ndarray, " H"]
    kl: Float[np.ndarray, " H"]
    moment: Float[np.ndarray, " H"]
    collapsed: Bool[np.ndarray, " H"]


@dataclass(frozen=True, eq=False)
class Dimensions:
    r"""For each dimension d of the data, in nats per data point, arrays (D,).

    `reconstruction` $\overline{\mathbb E\log p(x_d|z)}$, `decoder_entropy` $\overline{\mathbb E\,\frac12\log(2\pi e\,\sigma_d^2)}$ and
    `gap_decoder` $\frac12(1-\overline{\mathbb E(x_d-\mu_d)^2/\sigma_d^2})$, their sum.
    """

    reconstruction: Float[np.ndarray, " D"]
    decoder_entropy: Float[np.ndarray, " D"]
    gap_decoder: Float[np.ndarray, " D"]


@dataclass(frozen=True, eq=False, repr=False)
class EntropyReport(Shown, Entropies):
    """The entropies with those of each latent and each dimension. A latent is collapsed if its KL is below `collapsed_below`."""

    latents: Latents
    dimensions: Dimensions
    collapsed_below: float

    def table(self) -> str:
        """The collapse table as text: a line for each latent, by its index into the arrays, and a count below."""
        head = ("latent", "encoder entropy", "KL", "mean (nu^2 + tau2) / alpha2")
        of = self.latents
        rows = [
            (str(h), *(f"{a[h]:.4f}" for a in (of.encoder_entropy, of.kl, of.moment)))
            for h in range(len(of.kl))
        ]
        widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
        lines = [_line(row, widths) for row in (head, *rows)]
        for h in np.flatnonzero(of.collapsed):
            lines[h + 1] += "  collapsed"
        lines.append(
            f"{int(of.collapsed.sum())} of {len(of.kl)} latents collapsed (KL below {self.collapsed_below:g} nat); nats per data point"
        )
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """A dictionary that `json.dumps` takes; arrays become lists."""
        return {
            "unit": "nats per data point",
            **self.numbers(),
            "collapsed_below": self.collapsed_below,
            "latents": _lists(self.latents),
            "dimensions": _lists(self.dimensions),
        }


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _lists(record: Latents | Dimensions) -> dict[str, list]:
    return {f.name: getattr(record, f.name).tolist() for f in fields(record)}


def entropies(
    x: Any,
    nu: Any,
    tau2: Any = None,
    *,
    sigma2: Any = None,
    decoder: str = "gaussian",
    mean: Any = None,
    residual2: Any = None,
    logits: Any = None,
    log_rate: Any = None,
    scale: Any = None,
    alpha2: Any = None,
    weights: Any = None,
    log_tau2: Any = None,
    collapsed_below: float = COLLAPSED_BELOW,
) -> EntropyReport:
    r"""ELBO, entropy sum and gap of a VAE from its arrays (NumPy, PyTorch, JAX, lists), in nats per data point.

    $$\mathcal F-\mathcal E=\tfrac12\sum_h\Big(1-\overline{(\nu_h^2+\tau_h^2)}/\alpha_h^2\Big)+\sum_d\overline{\mathbb E\,g(x_d|z)},\qquad g=\log p+\mathcal H[p]$$

    * `x` (N, D): data. `nu` (N, H), `tau2` (N, H) or (H,): the encoder's mean and **variance**; or `log_tau2` instead of `tau2`.
    * `alpha2` scalar or (H,): the prior's variance, 1 if left out.
    * `decoder` "gaussian", $g=\frac12(1-(x_d-\mu_d)^2/\sigma_d^2)$: `mean` (S, N, D), decoder means $\mu(z)$ at S samples of z for each datum, the **sample axis
      first**; (N, D) is one sample. `sigma2` scalar, (D,), (N, D) or (S, N, D), the variance at the same samples of z. Instead of `x` (then None)
      and `mean` it takes `residual2` (S, N, D) or (N, D), the squared residuals $(x-\mu)^2$; (N, D) may be their mean over the samples.
    * "mse", for a loss with the bare squared error $\sum_d(x_d-\mu_d)^2$: `mean` alone. It is "gaussian" with `sigma2` 1/2, up to the constant
      $\frac D2\log\pi$, which the loss leaves out and the ELBO here has.
    * "laplace", $g=1-|x_d-\mu_d|/b_d$: `mean`, and `scale` b of the shapes of `sigma2`.
    * "bernoulli", $g=(x_d-p_d)\,\eta_d$: `logits` η of the shape of `mean`; or `mean`, the probabilities p in (0, 1). x is in [0, 1].
    * "poisson", $g=(x_d-e^{\eta_d})\,\eta_d$: `log_rate` η. The decoder entropy is the pseudo entropy $e^\eta-\eta e^\eta$ plus $\log x!$ of the data.
    * `weights` (S,): quadrature weights, which sum to one; 1/S if left out.

    A shape that is not listed is refused, never broadcast. All is computed in float64; of float32 inputs the rounding that they bring limits the result.
    Encoder entropy and KL are the analytic ones, not means over samples.

    Raises `InputError` for shapes that do not fit, what is empty, no real numbers or not finite, variances that are not positive, data outside of the
    decoder's support, arguments of another decoder, and overflow.
    Source: Damm et al., AISTATS 2023; the rows of `entropysym.networks.laws`.
    """
    threshold = _threshold(collapsed_below)
    given = inputs_of(
        Given(
            *(x, nu, tau2, sigma2, mean, residual2, alpha2, weights),
            *(log_tau2, logits, log_rate, scale, decoder),
        )
    )
    _require_values(given)
    return _without_overflow(report(given, threshold))


def _without_overflow(found: EntropyReport) -> EntropyReport:
    for name, number in found.numbers().items():
        if not math.isfinite(number):
            raise InputError(
                f"{name} is {number} although every input is finite: float64 overflows; rescale the data"
            )
    return found


def _require_values(given: Inputs) -> None:
    for name, array in given.named():
        require(np.isfinite(array), name, array, "is not finite; remove or impute it")
    for name, array in given.variances():
        what = "scale" if name == "scale" else "variance"
        require(array > 0, name, array, f"is no {what}; pass positive numbers (not their logs)")
    require_support(given)
    if given.decoder.location == "logits" and given.mean is not None:
        inside = (given.mean > 0) & (given.mean < 1)
        require(inside, "mean", given.mean, "has no finite logit; pass logits=, which do not round")


def _threshold(value: float) -> float:
    number = as_float64(value, "collapsed_below")
    if number.shape != () or not 0 <= number < math.inf:
        raise InputError(f"collapsed_below is {shown(value)}; pass a number of nats >= 0")
    return float(number)


class Spread(NamedTuple):
    """Standard errors of the two parts of the gap over the data of a batch, in nats, None for a single datum; and the sum of the decoder's absolute terms."""

    decoder: float | None
    prior: float | None
    terms: float


def report(given: Inputs, collapsed_below: float = COLLAPSED_BELOW) -> EntropyReport:
    """The report on arrays that `inputs_of` has passed. Values that are not finite, or no variances, give results that are not finite."""
    return report_and_spread(given, collapsed_below)[0]


def report_and_spread(
    given: Inputs, collapsed_below: float = COLLAPSED_BELOW
) -> tuple[EntropyReport, Spread]:
    """The report, and how its gaps spread over the data."""
    with np.errstate(all="ignore"):
        latents = _latents(given, collapsed_below)
        gap, entropy = decoder_parts(given)
        dimensions = _dimensions(gap, entropy)
        spread = Spread(
            _standard_error(gap.sum(axis=1)),
            _standard_error(_moments(given).sum(1)),
            absolute_terms(gap),
        )
        encoder, prior, kl, gap_prior = (
            float(a.sum())
            for a in (latents.encoder_entropy, latents.prior_entropy, latents.kl, latents.gap_prior)
        )
        reconstruction, decoder, gap_decoder = (
            float(a.sum())
            for a in (dimensions.reconstruction, dimensions.decoder_entropy, dimensions.gap_decoder)
        )
    prior_term = gap_prior - prior
    found = EntropyReport(
        encoder_entropy=encoder,
        prior_entropy=prior,
        decoder_entropy=decoder,
        reconstruction=reconstruction,
        prior_term=prior_term,
        kl=kl,
        elbo=encoder + prior_term + reconstruction,
        entropy_sum=encoder - prior - decoder,
        gap=gap_prior + gap_decoder,
        gap_prior=gap_prior,
        gap_decoder=gap_decoder,
        latents=latents,
        dimensions=dimensions,
        collapsed_below=collapsed_below,
    )
    return found, spread


def _standard_error(values: Float[np.ndarray, " N"]) -> float | None:
    N = len(values)
    return None if N < 2 else float(values.std(ddof=1) / math.sqrt(N))


def absolute_terms(gaps: np.ndarray) -> float:
    """The sum of the absolute terms of a gap (N, n): of each entry, and 1/2 for what cancels in it."""
    return float(abs(gaps).mean(axis=0).sum()) + gaps.shape[1] / 2


def gaps_of_latents(given: Inputs) -> Float[np.ndarray, "N H"]:
    r"""The prior's gap $\frac12(1-(\nu_h^2+\tau_h^2)/\alpha_h^2)$ of each datum and latent."""
    return 0.5 - _moments(given)


def _moments(given: Inputs) -> Float[np.ndarray, "N H"]:
    return (given.nu**2 + given.tau2) / given.alpha2 / 2


def kl_of_latents(given: Inputs) -> Float[np.ndarray, "N H"]:
    """The KL of each datum and latent."""
    ratio = np.broadcast_to(given.tau2 / given.alpha2, given.nu.shape)
    return (given.nu**2 / given.alpha2 + ratio - 1 - np.log(ratio)) / 2


def _latents(given: Inputs, collapsed_below: float) -> Latents:
    H = given.nu.shape[1]
    alpha2 = np.broadcast_to(given.alpha2, H)
    ratio = np.broadcast_to(given.tau2 / alpha2, given.nu.shape)
    moment = (given.nu**2 / alpha2 + ratio).mean(axis=0)
    kl = kl_of_latents(given).mean(axis=0)
    return Latents(
        encoder_entropy=_entropy(np.broadcast_to(given.tau2, given.nu.shape)).mean(axis=0),
        prior_entropy=_entropy(alpha2),
        gap_prior=(1 - moment) / 2,
        kl=kl,
        moment=moment,
        collapsed=kl < collapsed_below,
    )


def decoder_parts(given: Inputs) -> tuple[Float[np.ndarray, "N D"], np.ndarray]:
    """Gap and entropy of the decoder, the means over the samples: (N, D), and of the entropy (), (D,) or (N, D)."""
    law, weights = given.decoder.law, given.weights
    if law is NORMAL:
        assert given.sigma2 is not None
        misfit = _over_samples(given.squares() / given.sigma2, weights)
        return (1 - misfit) / 2, _over_samples(_entropy(given.sigma2), weights)
    if law.natural:
        arguments = (given.natural(),)
        entropy = law.entropy(np, given.x, *arguments)
    else:
        arguments = (given.mean, given.scale)
        entropy = law.entropy(np, 0.0, 0.0, given.scale)  # no location changes it
    gap = law.gap(np, given.x, *arguments)
    return _over_samples(gap, weights), _over_samples(entropy, weights)


def _dimensions(gap: Float[np.ndarray, "N D"], entropy: np.ndarray) -> Dimensions:
    D = gap.shape[1]
    of_dimension = gap.mean(axis=0)
    entropies = np.broadcast_to(entropy.mean(axis=0) if entropy.ndim == 2 else entropy, D)
    return Dimensions(
        reconstruction=of_dimension - entropies,
        decoder_entropy=entropies,
        gap_decoder=of_dimension,
    )


def _over_samples(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted mean over the samples of what varies over them."""
    return np.tensordot(weights, values, axes=1) if values.ndim == 3 else values


def _entropy(variance: np.ndarray) -> np.ndarray:
    """The entropy of a normal distribution."""
    return (1 + _LOG_2PI + np.log(variance)) / 2
