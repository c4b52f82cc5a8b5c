r"""ELBO, entropy sum and gap of a Gaussian VAE from plain arrays, in all and for each latent and each dimension.

With $p(z)=N(0,\mathrm{diag}\,\alpha^2)$, $p(x|z)=N(\mu,\mathrm{diag}\,\sigma^2)$ and $q_n=N(\nu_n,\mathrm{diag}\,\tau_n^2)$ the encoder entropy and the prior term have
closed forms; the decoder's expectation is the mean over the samples of z that are passed (Damm et al., AISTATS 2023).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from entropysym.errors import InputError, shown
from entropysym.monitoring.arrays import Given, Inputs, as_float64, inputs_of, require

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


@dataclass(frozen=True, eq=False)
class EntropyReport(Entropies):
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
    tau2: Any,
    *,
    sigma2: Any,
    mean: Any = None,
    residual2: Any = None,
    alpha2: Any = None,
    weights: Any = None,
    collapsed_below: float = COLLAPSED_BELOW,
) -> EntropyReport:
    r"""ELBO, entropy sum and gap of a Gaussian VAE from its arrays (NumPy, PyTorch, JAX, lists), in nats per data point.

    $$\mathcal F-\mathcal E=\tfrac12\sum_h\Big(1-\overline{(\nu_h^2+\tau_h^2)}/\alpha_h^2\Big)+\tfrac12\sum_d\Big(1-\overline{\mathbb E(x_d-\mu_d)^2/\sigma_d^2}\Big)$$

    * `x` (N, D): data. `nu` (N, H), `tau2` (N, H) or (H,): the encoder's mean and **variance**.
    * `mean` (S, N, D): decoder means $\mu(z)$ at S samples of z for each datum, the **sample axis first**; (N, D) is one sample.
    * `residual2` (S, N, D) or (N, D): instead of `x` (then None) and `mean`, the squared residuals $(x-\mu)^2$ of each dimension; (N, D) may be
      their mean over the samples.
    * `sigma2` scalar, (D,), (N, D) or (S, N, D): the decoder's variance, at the same samples of z. `alpha2` scalar or (H,): the prior's, 1 if left out.
    * `weights` (S,): quadrature weights, which sum to one; 1/S if left out.

    A shape that is not listed is refused, never broadcast. All is computed in float64; of float32 inputs the rounding that they bring limits the result.
    Encoder entropy and KL are the analytic ones, not means over samples.

    Raises `InputError` for shapes that do not fit, what is empty, no real numbers or not finite, variances that are not positive, and overflow.
    Source: Damm et al., AISTATS 2023.
    """
    threshold = _threshold(collapsed_below)
    given = inputs_of(Given(x, nu, tau2, sigma2, mean, residual2, alpha2, weights))
    for name, array in given.named():
        require(np.isfinite(array), name, array, "is not finite; remove or impute it")
    for name, array in given.variances():
        require(array > 0, name, array, "is no variance; pass positive numbers (not their logs)")
    found = report(given, threshold)
    for name, number in found.numbers().items():
        if not math.isfinite(number):
            raise InputError(
                f"{name} is {number} although every input is finite: float64 overflows; rescale the data"
            )
    return found


def _threshold(value: float) -> float:
    number = as_float64(value, "collapsed_below")
    if number.shape != () or not 0 <= number < math.inf:
        raise InputError(f"collapsed_below is {shown(value)}; pass a number of nats >= 0")
    return float(number)


def report(given: Inputs, collapsed_below: float = COLLAPSED_BELOW) -> EntropyReport:
    """The report on arrays that `inputs_of` has passed. Values that are not finite, or no variances, give results that are not finite."""
    with np.errstate(all="ignore"):
        latents = _latents(given, collapsed_below)
        dimensions = _dimensions(given)
        encoder, prior, kl, gap_prior = (
            float(a.sum())
            for a in (latents.encoder_entropy, latents.prior_entropy, latents.kl, latents.gap_prior)
        )
        reconstruction, decoder, gap_decoder = (
            float(a.sum())
            for a in (dimensions.reconstruction, dimensions.decoder_entropy, dimensions.gap_decoder)
        )
    prior_term = gap_prior - prior
    return EntropyReport(
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


def _latents(given: Inputs, collapsed_below: float) -> Latents:
    H = given.nu.shape[1]
    alpha2 = np.broadcast_to(given.alpha2, H)
    ratio = np.broadcast_to(given.tau2 / alpha2, given.nu.shape)
    moment = (given.nu**2 / alpha2 + ratio).mean(axis=0)
    kl = (given.nu**2 / alpha2 + ratio - 1 - np.log(ratio)).mean(axis=0) / 2
    return Latents(
        encoder_entropy=_entropy(np.broadcast_to(given.tau2, given.nu.shape)).mean(axis=0),
        prior_entropy=_entropy(alpha2),
        gap_prior=(1 - moment) / 2,
        kl=kl,
        moment=moment,
        collapsed=kl < collapsed_below,
    )


def _dimensions(given: Inputs) -> Dimensions:
    squares = given.squares()
    D = squares.shape[-1]
    misfit = _averaged(squares / given.sigma2, given.weights, D)
    entropy = _averaged(_entropy(given.sigma2), given.weights, D)
    return Dimensions(
        reconstruction=0.5 - entropy - misfit / 2,
        decoder_entropy=entropy,
        gap_decoder=(1 - misfit) / 2,
    )


def _averaged(values: np.ndarray, weights: np.ndarray, D: int) -> Float[np.ndarray, " D"]:
    """The weighted mean over the samples and the mean over the data of what varies over them."""
    if values.ndim == 3:
        values = np.tensordot(weights, values, axes=1)
    if values.ndim == 2:
        values = values.mean(axis=0)
    return np.broadcast_to(values, D)


def _entropy(variance: np.ndarray) -> np.ndarray:
    """The entropy of a normal distribution."""
    return (1 + _LOG_2PI + np.log(variance)) / 2
