"""The check of what is passed to a lowered expression: names, ranks, sizes, double precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from entropysym.errors import InputError, integer, shown
from entropysym.lowering.precision import require_x64
from entropysym.lowering.quadrature import JointPoints, Nodes, Points
from entropysym.lowering.signature import DATA_SIZE, Signature, Size, shape_text


@dataclass(frozen=True, eq=False)
class Bound:
    """Arguments that have been checked: arrays, callables, noise, and the integer behind each size."""

    arrays: Mapping[str, jax.Array]
    networks: Mapping[str, Callable[..., jax.Array]]
    noise: Nodes | Points | JointPoints | None
    sizes: Mapping[str, int]
    signature: Signature

    @property
    def samples(self) -> int:
        """The number of nodes, or of points for each datum."""
        assert self.noise is not None
        assert not isinstance(self.noise, JointPoints)  # each data plate has a number of its own
        return self.noise.weights.shape[-1]

    def size(self, size: Size) -> int:
        return size if isinstance(size, int) else self.sizes[size]


def bind(signature: Signature, arguments: Mapping[str, Any]) -> Bound:
    """Check arguments against a signature. Raises `InputError` with the name, the value and what to do."""
    require_x64()
    text, sizes = signature.text(), _given_sizes(signature, arguments)
    extra = sorted(set(arguments) - set(text) - signature.sizes)
    if extra:
        raise InputError(f"unknown argument {extra[0]!r}; wanted are: {_wanted(text)}")
    missing = sorted(set(text) - set(arguments) - signature.optional)
    if missing:
        raise InputError(
            f"missing argument {missing[0]!r}: {text[missing[0]]}; wanted are: {_wanted(text)}"
        )

    def note(size: Size, length: int, where: str) -> None:
        if length < 1:
            raise InputError(f"{where} is empty: {size} is {length}")
        if isinstance(size, int):
            known, by = size, "the expression"
        else:
            known, by = sizes.setdefault(size, (length, where))
        if known != length:
            raise InputError(f"{size} is {known} in {by} but {length} in {where}")

    arrays = {
        name: as_float64(name, arguments[name], len(shape), text[name])
        for name, shape in sorted(signature.arrays.items())
        if name in arguments
    }
    for name, array in arrays.items():
        for size, length in zip(signature.arrays[name], array.shape, strict=True):
            note(size, length, f"{name} {array.shape}")
    drawn = signature.noise is not None or signature.latents is not None
    noise = arguments.get("noise") if drawn else None
    if noise is not None and signature.latents is not None:
        _check_joint(signature, noise, note)
    elif noise is not None:
        _check_noise(signature, noise, note)
    networks = {name: arguments[name] for name in signature.networks if name in arguments}
    for name, f in networks.items():
        if not callable(f):
            raise InputError(f"{name} is {shown(f)}; pass a function {text[name]} of one point")
    _probe(signature, networks, sizes, note)
    unread = sorted(s for s in signature.sizes if s not in sizes)
    if unread:
        raise InputError(f"no argument tells the size {unread[0]}; pass it, e.g. {unread[0]}=3")
    return Bound(
        arrays, networks, noise, {name: value for name, (value, _) in sizes.items()}, signature
    )


def _given_sizes(signature: Signature, arguments: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    """Sizes that are passed as integers, with where they come from."""
    sizes: dict[str, tuple[int, str]] = {}
    for name in sorted(signature.sizes & set(arguments)):
        value = integer(f"the size {name}", arguments[name])
        sizes[name] = (value, f"{name}={value}")
    return sizes


def _check_joint(
    signature: Signature, noise: object, note: Callable[[Size, int, str], None]
) -> None:
    """Joint values of every latent variable, with weights for each data plate that they lie in."""
    assert signature.latents is not None
    if not isinstance(noise, JointPoints):
        raise InputError(f"noise is {shown(noise)}; the model is a graph, so pass JointPoints")
    missing = sorted(signature.latents.keys() - noise.values.keys())
    if missing:
        raise InputError(
            f"the points have no values of {missing[0]}; wanted are: {', '.join(signature.latents)}"
        )
    for plate, weights in noise.weights.items():
        shape = f"({plate}, S)" if plate else "(S,)"
        as_float64(f"noise.weights[{plate!r}]", weights, 2 if plate else 1, shape)
        if plate:
            note(plate, weights.shape[0], f"the weights {weights.shape} of {plate}")
    for name, (plate, sizes) in signature.latents.items():
        value, outer = noise.values[name], (plate, "S") if plate else ("S",)
        as_float64(
            f"noise.values[{name!r}]", value, len(outer) + len(sizes), shape_text((*outer, *sizes))
        )
        if plate not in noise.weights:
            raise InputError(f"{name} has no weights: pass those of {plate or 'what is global'}")
        if value.shape[: len(outer)] != noise.weights[plate].shape:
            raise InputError(
                f"{name} has points of shape {value.shape} but weights {noise.weights[plate].shape}"
            )
        for size, length in zip(
            (plate, "S", *sizes) if plate else ("S", *sizes), value.shape, strict=True
        ):
            if size != "S":
                note(size, length, f"the values {value.shape} of {name}")


def _check_noise(
    signature: Signature, noise: object, note: Callable[[Size, int, str], None]
) -> None:
    """Nodes, which all data share, or points for each datum: types, ranks and sizes."""
    size = signature.noise
    assert size is not None
    if signature.weighted:
        if not isinstance(noise, Points):
            raise InputError(
                f"noise is {shown(noise)}; the encoder has no location and scale, so pass lowering.Points"
            )
        as_float64("noise.z", noise.z, 3, f"({DATA_SIZE}, S, {size})")
        as_float64("noise.weights", noise.weights, 2, f"({DATA_SIZE}, S)")
        as_float64("noise.entropy", noise.entropy, 1, f"({DATA_SIZE},)")
        if noise.z.shape[:2] != noise.weights.shape:
            raise InputError(
                f"noise has points of shape {noise.z.shape} but weights {noise.weights.shape}"
            )
        note(DATA_SIZE, noise.z.shape[0], f"noise.z {noise.z.shape}")
        note(DATA_SIZE, noise.entropy.shape[0], f"noise.entropy {noise.entropy.shape}")
        note(size, noise.z.shape[2], f"noise.z {noise.z.shape}")
        return
    if not isinstance(noise, Nodes):
        raise InputError(f"noise is {shown(noise)}; pass lowering.Nodes, e.g. cubature(H)")
    as_float64("noise.eps", noise.eps, 2, "(S, H)")
    as_float64("noise.weights", noise.weights, 1, "(S,)")
    if noise.eps.shape[0] != noise.weights.shape[0]:
        raise InputError(
            f"noise has {noise.eps.shape[0]} nodes but {noise.weights.shape[0]} weights"
        )
    note(size, noise.eps.shape[1], f"noise.eps {noise.eps.shape}")


def _probe(
    signature: Signature,
    networks: Mapping[str, Callable[..., jax.Array]],
    sizes: Mapping[str, tuple[int, str]],
    note: Callable[[Size, int, str], None],
) -> None:
    """Read sizes off the networks' outputs, and check them, by tracing each once it is known what goes in."""
    left = dict(networks)
    progress = True
    while left and progress:
        progress = False
        for name, f in list(left.items()):
            inputs, outputs = signature.networks[name]
            lengths = [s if isinstance(s, int) else sizes.get(s, (None,))[0] for s in inputs]
            if None in lengths:
                continue
            points = [jax.ShapeDtypeStruct((length,), jnp.float64) for length in lengths]  # type: ignore[arg-type]
            try:
                value = jax.eval_shape(f, *points)
            except (TypeError, ValueError) as error:
                raise InputError(
                    f"{name} failed on vectors of lengths {lengths}: {str(error).splitlines()[0]}"
                ) from error
            shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
            if shape is None or len(shape) != len(outputs):
                raise InputError(f"{name} returned shape {shape}; wanted {shape_text(outputs)}")
            if dtype != np.float64:
                raise InputError(f"{name} returned {dtype}; make its weights float64")
            for size, length in zip(outputs, shape, strict=True):
                note(size, length, f"the output {shape} of {name}")
            del left[name]
            progress = True


def _wanted(text: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {shape}" for name, shape in text.items()) or "none"


def as_float64(name: str, value: Any, rank: int, shape: str) -> jax.Array:
    """The value as a float64 JAX array of the given rank; a Python float is a scalar. Nothing is converted silently."""
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        if not isinstance(value, float):
            raise InputError(f"{name} is {shown(value)}; pass a float64 array of shape {shape}")
    elif dtype != np.float64:
        raise InputError(
            f"{name} is {dtype}; pass float64, e.g. jnp.asarray({name}, jnp.float64), so that nothing is lost in between"
        )
    array = jnp.asarray(value)
    if array.ndim != rank:
        raise InputError(f"{name} has shape {array.shape}; wanted {shape}")
    return array
