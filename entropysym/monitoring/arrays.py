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

#: A latent whose KL is below this many nats counts as collapsed.
COLLAPSED_BELOW = 0.01

#: How far from one the weights may sum; weights in float32 come this close.
_WEIGHT_TOLERANCE = 1e-6

_LOG_2PI = math.log(2 * math.pi)


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
class EntropyReport:
    r"""ELBO $\mathcal F$, entropy sum $\mathcal E$ and what they are made of, in nats per data point.

    `elbo` = encoder_entropy + prior_term + reconstruction = reconstruction − kl; `entropy_sum` = encoder_entropy − prior_entropy −
    decoder_entropy; `gap` = elbo − entropy_sum = gap_prior + gap_decoder, taken from the closed forms of the two, which lose fewer digits
    than the difference. `prior_term` is $\overline{\mathbb E\log p(z)}$. A latent is collapsed if its KL is below `collapsed_below`.
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
        numbers = {name: getattr(self, name) for name in SCALARS}
        return {
            "unit": "nats per data point",
            **numbers,
            "collapsed_below": self.collapsed_below,
            "latents": _lists(self.latents),
            "dimensions": _lists(self.dimensions),
        }


#: The quantities of a report that are single numbers in nats.
SCALARS = tuple(
    f.name
    for f in fields(EntropyReport)
    if f.name not in ("latents", "dimensions", "collapsed_below")
)


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
    given = read(x, nu, tau2, sigma2, mean, residual2, alpha2, weights)
    for name, array in given.named():
        _require(np.isfinite(array), name, array, "is not finite; remove or impute it")
    for name, array in given.variances():
        _require(array > 0, name, array, "is no variance; pass positive numbers (not their logs)")
    found = report(given, threshold)
    for name in SCALARS:
        if not math.isfinite(getattr(found, name)):
            raise InputError(
                f"{name} is {getattr(found, name)} although every input is finite: float64 overflows; rescale the data"
            )
    return found


@dataclass(frozen=True, eq=False)
class Inputs:
    """The arguments of `entropies` as float64 arrays of shapes that fit; their values may still be anything."""

    x: np.ndarray | None
    mean: np.ndarray | None
    residual2: np.ndarray | None
    nu: Float[np.ndarray, "N H"]
    tau2: np.ndarray
    sigma2: np.ndarray
    alpha2: np.ndarray
    weights: Float[np.ndarray, " S"]

    def named(self) -> list[tuple[str, np.ndarray]]:
        """Name and array of each argument that is there."""
        pairs = [(f.name, getattr(self, f.name)) for f in fields(self)]
        return [(name, array) for name, array in pairs if array is not None]

    def squares(self) -> np.ndarray:
        """The squared residuals of each dimension."""
        if self.residual2 is not None:
            return self.residual2
        assert self.x is not None
        assert self.mean is not None
        return (self.mean - self.x) ** 2

    def variances(self) -> list[tuple[str, np.ndarray]]:
        """Name and array of the three that must be positive."""
        return [(name, getattr(self, name)) for name in ("tau2", "sigma2", "alpha2")]


def read(
    x: Any,
    nu: Any,
    tau2: Any,
    sigma2: Any,
    mean: Any = None,
    residual2: Any = None,
    alpha2: Any = None,
    weights: Any = None,
) -> Inputs:
    """The arguments of `entropies` as arrays. Raises `InputError` for what is malformed; does not ask whether values are finite."""
    data, samples = _samples(x, mean, residual2)
    reference = ("x", data) if data is not None else ("residual2", samples)
    N, D = samples.shape[-2:]
    S = samples.shape[0] if samples.ndim == 3 else 1

    encoder_mean = as_float64(nu, "nu")
    if encoder_mean.ndim != 2 or encoder_mean.shape[0] != N or not encoder_mean.size:
        raise _misfit("nu", encoder_mean, reference, f"pass (N, H), here ({N}, H)")
    H = encoder_mean.shape[1]
    by_nu = ("nu", encoder_mean)
    return Inputs(
        x=data,
        mean=None if data is None else samples,
        residual2=samples if data is None else None,
        nu=encoder_mean,
        tau2=_shaped(tau2, "tau2", {"(N, H)": (N, H), "(H,)": (H,)}, by_nu),
        sigma2=_shaped(
            sigma2,
            "sigma2",
            {"a scalar": (), "(D,)": (D,), "(N, D)": (N, D), "(S, N, D)": (S, N, D)},
            ("mean" if data is not None else "residual2", samples),
        ),
        alpha2=_shaped(
            1.0 if alpha2 is None else alpha2, "alpha2", {"a scalar": (), "(H,)": (H,)}, by_nu
        ),
        weights=_weights(weights, S, ("mean" if data is not None else "residual2", samples)),
    )


def _samples(x: Any, mean: Any, residual2: Any) -> tuple[np.ndarray | None, np.ndarray]:
    """The data and the decoder means, or None and the squared residuals."""
    if residual2 is not None:
        if x is not None or mean is not None:
            both = "x" if x is not None else "mean"
            raise InputError(
                f"both {both} and residual2 are given; pass x and mean, or residual2 with x=None"
            )
        squares = as_float64(residual2, "residual2")
        if squares.ndim not in (2, 3) or not squares.size:
            raise InputError(
                f"residual2 has shape {squares.shape}; pass (S, N, D) or (N, D), none of them 0"
            )
        # A NaN is not negative: whether values are finite is asked elsewhere.
        _require(~(squares < 0), "residual2", squares, "is no square; pass (x - mean)**2")
        return None, squares
    if x is None or mean is None:
        missing = "x and mean are" if x is None and mean is None else "x is" if x is None else "mean is"  # fmt: skip
        raise InputError(f"{missing} missing; pass x and mean, or residual2 with x=None")
    data, samples = as_float64(x, "x"), as_float64(mean, "mean")
    if data.ndim != 2 or not data.size:
        raise InputError(
            f"x has shape {data.shape}; pass (N, D), one datum per row, none of them 0"
        )
    if samples.ndim not in (2, 3) or samples.shape[-2:] != data.shape or not samples.size:
        N, D = data.shape
        wanted = f"pass (S, N, D) with the samples of z first, here (S, {N}, {D}), or ({N}, {D})"
        raise _misfit("mean", samples, ("x", data), wanted)
    return data, samples


def _weights(weights: Any, S: int, reference: tuple[str, np.ndarray]) -> Float[np.ndarray, " S"]:
    if weights is None:
        return np.full(S, 1 / S)
    array = _shaped(weights, "weights", {"(S,)": (S,)}, reference)
    total = float(array.sum())
    if not abs(total - 1) <= _WEIGHT_TOLERANCE:  # so that a NaN is refused, too
        raise InputError(f"the weights sum to {total:.9g}; divide them by their sum")
    return array


def _shaped(
    value: Any, name: str, allowed: dict[str, tuple[int, ...]], reference: tuple[str, np.ndarray]
) -> np.ndarray:
    array = as_float64(value, name)
    if array.shape not in allowed.values():
        listed = " or ".join(f"{words} = {shape}" if shape else words for words, shape in allowed.items())  # fmt: skip
        wanted = f"pass {listed}"
        if array.size == 1 and () in allowed.values():
            wanted += f"; {name}.reshape(()) makes a scalar of this one"
        raise _misfit(name, array, reference, wanted)
    return array


def _misfit(
    name: str, array: np.ndarray, reference: tuple[str, np.ndarray], wanted: str
) -> InputError:
    other, beside = reference
    return InputError(
        f"{name} has shape {array.shape}, which does not fit {other} of shape {beside.shape}; {wanted}"
    )


def as_float64(value: Any, name: str) -> np.ndarray:
    """A float64 array from a NumPy, PyTorch or JAX array, a list or a number; of a tensor, without its graph.

    Raises `InputError` for what is no array of real numbers of at most 64 bits.
    """
    if isinstance(value, np.ma.MaskedArray):  # np.asarray would drop the mask without a word
        raise InputError(f"{name} is a masked array; fill or drop what is masked")
    try:
        array = np.asarray(_without_graph(value))
    except (TypeError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"{name} cannot be read as an array ({shown(reason)}); pass numbers, a NumPy, PyTorch or JAX array, outside of jit"
        ) from None
    real = array.dtype.kind in "fiub" and array.dtype.itemsize <= 8
    if not real and array.dtype.name != "bfloat16":  # JAX's, which NumPy takes for bytes
        raise InputError(f"{name} holds {array.dtype}; pass real numbers")
    return array.astype(np.float64, copy=False)


def _without_graph(value: Any) -> Any:
    """A tensor of PyTorch as an array; anything else as it is."""
    if not hasattr(value, "detach"):
        return value
    tensor = value.detach().cpu()
    # NumPy has no bfloat16. A complex tensor is left as it is and refused, for double() would drop a part of it.
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()


def _require(holds: np.ndarray, name: str, array: np.ndarray, trouble: str) -> None:
    """Raise `InputError` with the first entry of `array` that does not hold."""
    if not holds.all():
        index = tuple(int(i) for i in np.argwhere(~holds)[0])
        place = f"{name}[{', '.join(map(str, index))}]" if index else name
        raise InputError(f"{place} = {float(array[index])!r} {trouble}")


def _threshold(value: float) -> float:
    number = as_float64(value, "collapsed_below")
    if number.shape != () or not 0 <= number < math.inf:
        raise InputError(f"collapsed_below is {shown(value)}; pass a number of nats >= 0")
    return float(number)


def report(given: Inputs, collapsed_below: float = COLLAPSED_BELOW) -> EntropyReport:
    """The report on arrays that `read` has passed. Values that are not finite, or no variances, give results that are not finite."""
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
