"""The arrays of a Gaussian VAE as somebody passes them, and as float64 arrays of shapes that fit."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from entropysym.errors import InputError, shown

#: How far from one the weights may sum; weights in float32 come this close.
_WEIGHT_TOLERANCE = 1e-6

#: Integers below this size are float64 numbers; above, some are not.
_EXACT = 2.0**53


class Given(NamedTuple):
    """The arguments of `entropies` as they were passed."""

    x: Any
    nu: Any
    tau2: Any
    sigma2: Any
    mean: Any = None
    residual2: Any = None
    alpha2: Any = None
    weights: Any = None


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


def inputs_of(given: Given) -> Inputs:
    """The arguments as arrays. Raises `InputError` for what is malformed; does not ask whether values are finite."""
    data, samples = _samples(given.x, given.mean, given.residual2)
    named = "mean" if data is not None else "residual2"
    alpha2 = 1.0 if given.alpha2 is None else given.alpha2
    reference = ("x", data) if data is not None else ("residual2", samples)
    N, D = samples.shape[-2:]
    S = samples.shape[0] if samples.ndim == 3 else 1

    encoder_mean = as_float64(given.nu, "nu")
    if encoder_mean.ndim != 2 or encoder_mean.shape[0] != N or not encoder_mean.size:
        raise _misfit("nu", encoder_mean, reference, f"pass (N, H), here ({N}, H)")
    H = encoder_mean.shape[1]
    by_nu = ("nu", encoder_mean)
    return Inputs(
        x=data,
        mean=None if data is None else samples,
        residual2=samples if data is None else None,
        nu=encoder_mean,
        tau2=_shaped(given.tau2, "tau2", {"(N, H)": (N, H), "(H,)": (H,)}, by_nu),
        sigma2=_shaped(
            given.sigma2,
            "sigma2",
            {"a scalar": (), "(D,)": (D,), "(N, D)": (N, D), "(S, N, D)": (S, N, D)},
            (named, samples),
        ),
        alpha2=_shaped(alpha2, "alpha2", {"a scalar": (), "(H,)": (H,)}, by_nu),
        weights=_weights(given.weights, S, (named, samples)),
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
        require(~(squares < 0), "residual2", squares, "is no square; pass (x - mean)**2")
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
