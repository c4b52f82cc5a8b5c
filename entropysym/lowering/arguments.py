"""The check of what is passed to a lowered expression: names, ranks, sizes, double precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from entropysym.errors import InputError, integer, shown, whole
from entropysym.lowering.backends import backend_of, namespace_of, traced
from entropysym.lowering.precision import require_x64
from entropysym.lowering.quadrature import JointPoints, Nodes, Points
from entropysym.lowering.signature import ANY_SIZE, DATA_SIZE, Signature, Size, shape_text


@dataclass(frozen=True, eq=False)
class Bound:
    """Arguments that have been checked: arrays, callables, noise, and the integer behind each size."""

    arrays: Mapping[str, Any]
    networks: Mapping[str, Callable[..., Any]]
    noise: Nodes | Points | JointPoints | None
    sizes: Mapping[str, int]
    signature: Signature
    backend: str = "jax"
    dtype: str = "float64"

    @property
    def samples(self) -> int:
        """The number of nodes, or of points for each datum."""
        assert self.noise is not None
        assert not isinstance(self.noise, JointPoints)  # each data plate has a number of its own
        return self.noise.weights.shape[-1]

    def size(self, size: Size) -> int:
        return size if isinstance(size, int) else self.sizes[size]


def bind(
    signature: Signature, arguments: Mapping[str, Any], backend: str = "jax", dtype: str = "float64"
) -> Bound:
    """Check arguments against a signature. Raises `InputError` with the name, the value and what to do."""
    if (backend, dtype) == ("jax", "float64"):
        require_x64()
    given = _Given(backend, dtype)
    text, sizes = signature.text(), _given_sizes(signature, arguments)
    _demand_names(signature, arguments, text)

    def note(size: Size, length: int, where: str) -> None:
        if size == ANY_SIZE:
            return
        if length < 1:
            raise InputError(f"{where} is empty: {size} is {length}")
        if isinstance(size, int):
            known, by = size, "the expression"
        else:
            known, by = sizes.setdefault(size, (length, where))
        if known != length:
            raise InputError(f"{size} is {known} in {by} but {length} in {where}")

    arrays = {
        name: given.array(name, arguments[name], len(shape), text[name])
        for name, shape in sorted(signature.arrays.items())
        if name in arguments
    }
    for name, array in arrays.items():
        for size, length in zip(signature.arrays[name], array.shape, strict=True):
            note(size, length, f"{name} {array.shape}")
    drawn = signature.noise is not None or signature.latents is not None
    noise = arguments.get("noise") if drawn else None
    if noise is not None and signature.latents is not None:
        noise = _joint(signature, noise, note, given)
    elif noise is not None:
        noise = _noise(signature, noise, note, given)
    networks = _networks(signature, arguments, text)
    _probe(signature, networks, sizes, note, given)
    unread = sorted(s for s in signature.sizes if s not in sizes)
    if unread:
        raise InputError(f"no argument tells the size {unread[0]}; pass it, e.g. {unread[0]}=3")
    return Bound(
        arrays,
        networks,
        noise,
        {name: value for name, (value, _) in sizes.items()},
        signature,
        backend,
        dtype,
    )


def _networks(
    signature: Signature, arguments: Mapping[str, Any], text: Mapping[str, str]
) -> dict[str, Any]:
    """The networks among the arguments. Raises `InputError` for one that is no function."""
    found = {name: arguments[name] for name in signature.networks if name in arguments}
    for name, f in found.items():
        if not callable(f):
            raise InputError(f"{name} is {shown(f)}; pass a function {text[name]} of one point")
    return found


def _demand_names(
    signature: Signature, arguments: Mapping[str, Any], text: Mapping[str, str]
) -> None:
    extra = sorted(set(arguments) - set(text) - signature.sizes)
    if extra:
        raise InputError(f"unknown argument {extra[0]!r}; wanted are: {_wanted(text)}")
    missing = sorted(set(text) - set(arguments) - signature.optional)
    if missing:
        raise InputError(
            f"missing argument {missing[0]!r}: {text[missing[0]]}; wanted are: {_wanted(text)}"
        )


def _given_sizes(signature: Signature, arguments: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    """Sizes that are passed as integers, with where they come from."""
    sizes: dict[str, tuple[int, str]] = {}
    for name in sorted(signature.sizes & set(arguments)):
        value = integer(f"the size {name}", arguments[name])
        sizes[name] = (value, f"{name}={value}")
    return sizes


Note = Callable[[Size, int, str], None]


@dataclass(frozen=True)
class _Given:
    """How arrays are taken: for which library, and with which type of numbers."""

    backend: str
    dtype: str

    def array(self, name: str, value: Any, rank: int, shape: str) -> Any:
        """The value as an array of the given rank; a number is a scalar. Nothing is converted silently but between libraries, in the same type."""
        kind = str(getattr(value, "dtype", "")).removeprefix("torch.")
        if not kind and not (isinstance(value, float) or whole(value) is not None):
            raise InputError(
                f"{name} is {shown(value)}; pass a {self.dtype} array of shape {shape}"
            )
        number = not kind or (whole(value) is not None and rank == 0)
        if not number and kind != self.dtype:
            raise InputError(f"{name} is {kind}; {self._instead(name)}")
        array = self._converted(value, number)
        if array.ndim != rank:
            raise InputError(f"{name} has shape {tuple(array.shape)}; wanted {shape}")
        return array

    def _instead(self, name: str) -> str:
        if self.dtype == "float64":
            return (
                f"pass float64, e.g. jnp.asarray({name}, jnp.float64), so that nothing is lost in between, "
                'or lower with dtype="float32" where no verdict is asked'
            )
        return f"pass {self.dtype}, as it was lowered for"

    def _converted(self, value: Any, number: bool) -> Any:
        xp = namespace_of(self.backend)
        if number:
            value = float(value)
            # JAX lets the other operand decide, and is asked for its own type only where that is not the default.
            if (self.backend, self.dtype) == ("jax", "float64"):
                return xp.asarray(value)
            return xp.asarray(value, dtype=getattr(xp, self.dtype))
        if self.backend == "torch" and backend_of(value) == "torch":
            return value  # as it is, with the graph that it belongs to
        if backend_of(value) != self.backend and self.backend != "jax":
            value = np.array(value)  # a copy, for what is JAX's may not be written to
        return xp.asarray(value)


def _joint(signature: Signature, noise: object, note: Note, given: _Given) -> JointPoints:
    """Joint values of every latent variable, with weights for each data plate that they lie in."""
    assert signature.latents is not None
    if not isinstance(noise, JointPoints):
        raise InputError(f"noise is {shown(noise)}; the model is a graph, so pass JointPoints")
    missing = sorted(signature.latents.keys() - noise.values.keys())
    if missing:
        raise InputError(
            f"the points have no values of {missing[0]}; wanted are: {', '.join(signature.latents)}"
        )
    weights, values = dict(noise.weights), dict(noise.values)
    for plate, weight in noise.weights.items():
        shape = f"({plate}, S)" if plate else "(S,)"
        name = f"noise.weights[{plate!r}]"
        weights[plate] = given.array(name, weight, 2 if plate else 1, shape)
        if plate:
            note(plate, weight.shape[0], f"the weights {weight.shape} of {plate}")
    for name, (plate, sizes) in signature.latents.items():
        value, outer = noise.values[name], (plate, "S") if plate else ("S",)
        shape = shape_text((*outer, *sizes))
        values[name] = given.array(f"noise.values[{name!r}]", value, len(outer) + len(sizes), shape)
        if plate not in noise.weights:
            raise InputError(f"{name} has no weights: pass those of {plate or 'what is global'}")
        if tuple(value.shape[: len(outer)]) != tuple(noise.weights[plate].shape):
            raise InputError(
                f"{name} has points of shape {value.shape} but weights {noise.weights[plate].shape}"
            )
        for size, length in zip(
            (plate, "S", *sizes) if plate else ("S", *sizes), value.shape, strict=True
        ):
            if size != "S":
                note(size, length, f"the values {value.shape} of {name}")
    if given.backend == "jax":
        return noise
    others = [
        {
            name: given.array(f"noise.{what}[{name!r}]", v, np.ndim(v), "the same")
            for name, v in d.items()
        }
        for what, d in (("entropies", noise.entropies), ("noise", noise.noise))
    ]
    return JointPoints(values, weights, others[0], noise.enumerated, others[1])


def _noise(signature: Signature, noise: object, note: Note, given: _Given) -> Nodes | Points:
    """Nodes, which all data share, or points for each datum: types, ranks and sizes."""
    size = signature.noise
    assert size is not None
    if signature.weighted:
        if not isinstance(noise, Points):
            raise InputError(
                f"noise is {shown(noise)}; the encoder has no location and scale, so pass lowering.Points"
            )
        z = given.array("noise.z", noise.z, 3, f"({DATA_SIZE}, S, {size})")
        weights = given.array("noise.weights", noise.weights, 2, f"({DATA_SIZE}, S)")
        entropy = given.array("noise.entropy", noise.entropy, 1, f"({DATA_SIZE},)")
        if tuple(z.shape[:2]) != tuple(weights.shape):
            raise InputError(
                f"noise has points of shape {noise.z.shape} but weights {noise.weights.shape}"
            )
        note(DATA_SIZE, z.shape[0], f"noise.z {noise.z.shape}")
        note(DATA_SIZE, entropy.shape[0], f"noise.entropy {noise.entropy.shape}")
        note(size, z.shape[2], f"noise.z {noise.z.shape}")
        return Points(z, weights, entropy)
    if not isinstance(noise, Nodes):
        raise InputError(f"noise is {shown(noise)}; pass lowering.Nodes, e.g. cubature(H)")
    eps = given.array("noise.eps", noise.eps, 2, "(S, H)")
    weights = given.array("noise.weights", noise.weights, 1, "(S,)")
    if eps.shape[0] != weights.shape[0]:
        raise InputError(f"noise has {eps.shape[0]} nodes but {weights.shape[0]} weights")
    note(size, eps.shape[1], f"noise.eps {noise.eps.shape}")
    return Nodes(eps, weights)


def _probe(
    signature: Signature,
    networks: Mapping[str, Callable[..., Any]],
    sizes: Mapping[str, tuple[int, str]],
    note: Note,
    given: _Given,
) -> None:
    """Read sizes off the networks' outputs, and check them, by tracing each once it is known what goes in."""
    left = dict(networks)
    progress = True
    while left and progress:
        progress = False
        for name, f in list(left.items()):
            inputs, outputs = signature.networks[name]
            lengths = [s if isinstance(s, int) else sizes.get(s, (0,))[0] for s in inputs]
            if not all(lengths):
                continue
            try:
                value = traced(f, lengths, given.backend, given.dtype)
            except (TypeError, ValueError) as error:
                raise InputError(
                    f"{name} failed on vectors of lengths {lengths}: {str(error).splitlines()[0]}"
                ) from error
            if value.shape is None or len(value.shape) != len(outputs):
                raise InputError(
                    f"{name} returned shape {value.shape}; wanted {shape_text(outputs)}"
                )
            if value.dtype != given.dtype:
                raise InputError(f"{name} returned {value.dtype}; make its weights {given.dtype}")
            for size, length in zip(outputs, value.shape, strict=True):
                note(size, length, f"the output {value.shape} of {name}")
            del left[name]
            progress = True


def _wanted(text: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {shape}" for name, shape in text.items()) or "none"
