"""The arrays of a VAE as somebody passes them, and as float64 arrays of shapes that fit."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from entropysym.errors import InputError, one_of, shown
from entropysym.networks.laws import BERNOULLI, LAPLACE, NORMAL, POISSON, Law

#: How far from one the weights may sum; weights in float32 come this close.
_WEIGHT_TOLERANCE = 1e-6

#: Integers below this size are float64 numbers; above, some are not.
_EXACT = 2.0**53


class Decoder(NamedTuple):
    """What a decoder's law is given: the array that the network computes for each sample of z, and the name of a learned spread."""

    law: Law
    location: str
    spread: str = ""


#: The decoders by name. A squared error is the law of a normal variable with variance 1/2, up to the constant (D/2) log pi.
DECODERS = {
    "gaussian": Decoder(NORMAL, "mean", "sigma2"),
    "mse": Decoder(NORMAL, "mean"),
    "laplace": Decoder(LAPLACE, "mean", "scale"),
    "bernoulli": Decoder(BERNOULLI, "logits"),
    "poisson": Decoder(POISSON, "log_rate"),
}

#: The arguments that not every decoder takes.
_OF_DECODERS = ("mean", "residual2", "logits", "log_rate", "sigma2", "scale")


class Given(NamedTuple):
    """The arguments of `entropies` as they were passed."""

    x: Any
    nu: Any
    tau2: Any = None
    sigma2: Any = None
    mean: Any = None
    residual2: Any = None
    alpha2: Any = None
    weights: Any = None
    log_tau2: Any = None
    logits: Any = None
    log_rate: Any = None
    scale: Any = None
    decoder: str = "gaussian"


@dataclass(frozen=True, eq=False)
class Inputs:
    """The arguments of `entropies` as float64 arrays of shapes that fit; their values may still be anything. None is not of this decoder."""

    decoder: Decoder
    x: np.ndarray | None
    mean: np.ndarray | None
    logits: np.ndarray | None
    log_rate: np.ndarray | None
    residual2: np.ndarray | None
    nu: Float[np.ndarray, "N H"]
    tau2: np.ndarray
    sigma2: np.ndarray | None
    scale: np.ndarray | None
    alpha2: np.ndarray
    weights: Float[np.ndarray, " S"]

    def named(self) -> list[tuple[str, np.ndarray]]:
        """Name and array of each argument that is there."""
        pairs = [(f.name, getattr(self, f.name)) for f in fields(self)]
        return [(name, array) for name, array in pairs if isinstance(array, np.ndarray)]

    def squares(self) -> np.ndarray:
        """The squared residuals of each dimension."""
        if self.residual2 is not None:
            return self.residual2
        assert self.x is not None
        assert self.mean is not None
        return (self.mean - self.x) ** 2

    def natural(self) -> np.ndarray:
        """The logits or log-rates; those of probabilities are log p - log (1 - p), which keeps the digits of a small p."""
        if self.mean is not None:
            return np.log(self.mean) - np.log1p(-self.mean)
        found = self.logits if self.logits is not None else self.log_rate
        assert found is not None
        return found

    def variances(self) -> list[tuple[str, np.ndarray]]:
        """Name and array of those that must be positive."""
        positive = ("tau2", "sigma2", "scale", "alpha2")
        return [(name, array) for name, array in self.named() if name in positive]


def inputs_of(given: Given) -> Inputs:
    """The arguments as arrays. Raises `InputError` for what is malformed; does not ask whether values are finite."""
    if given.decoder not in DECODERS:
        raise one_of(given.decoder, DECODERS, "decoder")
    decoder = DECODERS[given.decoder]
    named = _location(given, decoder)
    data, samples = _samples(given.x, getattr(given, named), named)
    reference = ("x", data) if data is not None else (named, samples)
    N, D = samples.shape[-2:]
    S = samples.shape[0] if samples.ndim == 3 else 1

    encoder_mean = as_float64(given.nu, "nu")
    if encoder_mean.ndim != 2 or encoder_mean.shape[0] != N or not encoder_mean.size:
        raise _misfit("nu", encoder_mean, reference, f"pass (N, H), here ({N}, H)")
    H = encoder_mean.shape[1]
    by_nu = ("nu", encoder_mean)
    alpha2 = 1.0 if given.alpha2 is None else given.alpha2
    spreads = {"a scalar": (), "(D,)": (D,), "(N, D)": (N, D), "(S, N, D)": (S, N, D)}
    spread = {"sigma2": np.array(0.5) if given.decoder == "mse" else None, "scale": None}
    if decoder.spread:
        value = getattr(given, decoder.spread)
        spread[decoder.spread] = _shaped(value, decoder.spread, spreads, (named, samples))
    arrays = dict.fromkeys(("mean", "logits", "log_rate", "residual2")) | {named: samples}
    return Inputs(
        decoder=decoder,
        x=data,
        **arrays,
        nu=encoder_mean,
        tau2=_tau2(given, {"(N, H)": (N, H), "(H,)": (H,)}, by_nu),
        **spread,
        alpha2=_shaped(alpha2, "alpha2", {"a scalar": (), "(H,)": (H,)}, by_nu),
        weights=_weights(given.weights, S, (named, samples)),
    )


def _location(given: Given, decoder: Decoder) -> str:
    """The name of the array that stands for the samples. Raises `InputError` for arguments that this decoder does not take or misses."""
    locations = [decoder.location]
    if decoder.law is NORMAL:
        locations.append("residual2")
    if decoder.law is BERNOULLI:
        locations.append("mean")
    passed = [name for name in _OF_DECODERS if getattr(given, name) is not None]
    for name in passed:
        if name not in (*locations, decoder.spread):
            raise InputError(
                f"a {given.decoder} decoder takes no {name}; leave it out, or pass decoder= as the loss has it"
            )
    if decoder.spread and decoder.spread not in passed:
        raise InputError(f"{decoder.spread} is missing; a {given.decoder} decoder has one")
    present = [name for name in locations if name in passed]
    if "residual2" in passed and (given.x is not None or "mean" in passed):
        both = "x" if given.x is not None else "mean"
        raise InputError(
            f"both {both} and residual2 are given; pass x and mean, or residual2 with x=None"
        )
    if len(present) > 1:
        raise InputError("both logits and mean are given; pass one of them")
    if "residual2" not in passed and (given.x is None or not present):
        told = " and ".join(
            name
            for name, there in (("x", given.x is not None), (decoder.location, bool(present)))
            if not there
        )
        or_else = ", or residual2 with x=None" if decoder.law is NORMAL else ""
        raise InputError(
            f"{told} {'are' if ' and ' in told else 'is'} missing; pass x and {decoder.location}{or_else}"
        )
    return present[0]


def _tau2(
    given: Given, allowed: dict[str, tuple[int, ...]], reference: tuple[str, np.ndarray]
) -> np.ndarray:
    if (given.tau2 is None) == (given.log_tau2 is None):
        how = "missing" if given.tau2 is None else "given beside log_tau2"
        raise InputError(f"tau2 is {how}; pass tau2, the encoder's variance, or log_tau2")
    if given.log_tau2 is None:
        return _shaped(given.tau2, "tau2", allowed, reference)
    with np.errstate(all="ignore"):
        return np.exp(_shaped(given.log_tau2, "log_tau2", allowed, reference))


def _samples(x: Any, location: Any, name: str) -> tuple[np.ndarray | None, np.ndarray]:
    """The data and what the decoder computes at the samples, or None and the squared residuals."""
    if name == "residual2":
        squares = as_float64(location, "residual2")
        if squares.ndim not in (2, 3) or not squares.size:
            raise InputError(
                f"residual2 has shape {squares.shape}; pass (S, N, D) or (N, D), none of them 0"
            )
        # A NaN is not negative: whether values are finite is asked elsewhere.
        require(~(squares < 0), "residual2", squares, "is no square; pass (x - mean)**2")
        return None, squares
    data, samples = as_float64(x, "x"), as_float64(location, name)
    if data.ndim != 2 or not data.size:
        raise InputError(
            f"x has shape {data.shape}; pass (N, D), one datum per row, none of them 0"
        )
    if samples.ndim not in (2, 3) or samples.shape[-2:] != data.shape or not samples.size:
        N, D = data.shape
        wanted = f"pass (S, N, D) with the samples of z first, here (S, {N}, {D}), or ({N}, {D})"
        raise _misfit(name, samples, ("x", data), wanted)
    return data, samples


def require_support(given: Inputs) -> None:
    """Raise `InputError` for data that the decoder's law does not have; NaN is asked for elsewhere."""
    x = given.x
    if x is None:
        return
    if given.decoder.law is BERNOULLI:
        outside = (x < 0) | (x > 1)
        require(~outside, "x", x, "is not in [0, 1], where a Bernoulli decoder has its data")
    if given.decoder.law is POISSON:
        require(~(x < 0), "x", x, "is no count; a Poisson decoder has counts >= 0")


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
    converted = array.astype(np.float64, copy=False)
    if array.dtype.kind in "iu":
        exact = (converted > -_EXACT) & (converted < _EXACT)
        require(
            exact,
            name,
            converted,
            "is not below 2^53, and above float64 skips integers; pass floats",
        )
    return converted


def _without_graph(value: Any) -> Any:
    """A tensor of PyTorch as an array; anything else as it is."""
    if not hasattr(value, "detach"):
        return value
    tensor = value.detach().cpu()
    # NumPy has no bfloat16. A complex tensor is left as it is and refused, for double() would drop a part of it.
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()


def require(holds: np.ndarray, name: str, array: np.ndarray, trouble: str) -> None:
    """Raise `InputError` with the first entry of `array` that does not hold."""
    if not holds.all():
        index = tuple(int(i) for i in np.argwhere(~holds)[0])
        place = f"{name}[{', '.join(map(str, index))}]" if index else name
        raise InputError(f"{place} = {float(array[index])!r} {trouble}")
