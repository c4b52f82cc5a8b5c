"""A loss that somebody wrote, called on random batches of any size: which argument is what, arrays of its library, the number that comes back."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from entropysym.errors import InputError, one_of, shown
from entropysym.losses.terms import (
    DECODER_SCALE,
    ENCODER_MEAN,
    ENCODER_SCALE,
    RECONSTRUCTION,
    ROLES,
    SAMPLE,
    Point,
    X,
)
from entropysym.monitoring.arrays import as_float64

#: A size is a name, which is varied, or a number, which is not.
Shape = tuple[str | int, ...]

#: Shapes by role; a role that is missing has the shape of another one.
SHAPES: dict[str, Shape] = {X: ("B", "D"), ENCODER_MEAN: ("B", "H"), DECODER_SCALE: ()}
_SHAPED_AS = {RECONSTRUCTION: X, ENCODER_SCALE: ENCODER_MEAN, SAMPLE: ENCODER_MEAN}

#: What the total is called in a loss that returns a dictionary.
TOTALS = ("loss", "total_loss", "total", "elbo", "elbo_loss", "negative_elbo", "vae_loss")

#: What data are tried, in this order: a loss may refuse grey values, or what is no count.
KINDS_OF_DATA = ("unit", "counts", "binary")


class Case(NamedTuple):
    """A batch; cases of the same `group` have the same data. `high`: every KL is large, so that thresholds are passed."""

    group: int
    high: bool
    point: Point


@dataclass(frozen=True)
class Loss:
    """A loss with the roles of its arguments: `places` are names, or positions where nobody named them."""

    function: Callable[..., Any]
    places: Mapping[str | int, str]
    shapes: Mapping[str, Shape]
    given: Mapping[str, Any] = field(default_factory=dict)
    total: str | int | None = None
    library: str = "numpy"

    @property
    def symbols(self) -> tuple[str, ...]:
        """The sizes that can be varied."""
        used = [s for role in self.places.values() for s in self.shapes[role]]
        return tuple(dict.fromkeys(s for s in used if isinstance(s, str)))

    def size(self, role: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape of a role as numbers."""
        return tuple(sizes[s] if isinstance(s, str) else s for s in self.shapes[role])

    def __call__(self, point: Point) -> dict[str | int, float]:
        """The numbers that come back, the total under None's place: `""`. Raises `InputError` for what is no number."""
        arrays = {place: _array(point[role], self.library) for place, role in self.places.items()}
        positional = [arrays[place] for place in sorted(p for p in arrays if isinstance(p, int))]
        named = {place: a for place, a in arrays.items() if isinstance(place, str)}
        with np.errstate(all="ignore"):  # what is not finite is found in the result
            returned = self.function(*positional, **named, **self.given)
        return _numbers(returned, self.total)


def prepared(
    loss: Callable[..., Any],
    roles: Mapping[str, str] | Sequence[str] | None,
    shapes: Mapping[str, Shape] | None,
    given: Mapping[str, Any] | None,
    total: str | int | None,
) -> Loss:
    """The loss with its roles. Raises `InputError` where an argument has none, two or one that it cannot have."""
    if not callable(loss):
        raise InputError(f"the loss is {shown(loss)}; pass a function of arrays")
    places = _places(loss, roles, dict(given or {}))
    for needed in (X, RECONSTRUCTION):
        if needed not in places.values():
            raise InputError(
                f'no argument has the role "{needed}" among {shown(list(places))}; pass roles={{"argument": "{needed}", …}}'
            )
    whole: dict[str, Shape] = {**SHAPES, **(shapes or {})}
    for role, shape in whole.items():
        if role not in ROLES:
            raise one_of(role, ROLES, "role")
        if not all(isinstance(s, str) or (isinstance(s, int) and s > 0) for s in shape):
            raise InputError(f"the shape of {role} is {shown(shape)}; pass names and sizes above 0")
    whole.update({role: whole[as_] for role, as_ in _SHAPED_AS.items() if role not in whole})
    return Loss(loss, places, whole, dict(given or {}), total)


def _places(
    loss: Callable[..., Any], roles: Mapping[str, str] | Sequence[str] | None, given: dict[str, Any]
) -> dict[str | int, str]:
    if isinstance(roles, Sequence):
        places: dict[str | int, str] = dict(enumerate(roles))
    else:
        told = dict(roles or {})
        places = {**_recognised(loss, told, given), **told}
    for place, role in places.items():
        if role not in ROLES:
            raise one_of(role, ROLES, "role")
        twice = [p for p, other in places.items() if other == role]
        if len(twice) > 1:
            raise InputError(
                f'{" and ".join(map(str, twice))} both have the role "{role}"; say with roles={{…}} what each is, one of: {", ".join(ROLES)}'
            )
        if place in given:
            raise InputError(f"{place} has a role and is given, too; leave one of them out")
    return places


def _recognised(
    loss: Callable[..., Any], told: Mapping[str, str], given: Mapping[str, Any]
) -> dict[str | int, str]:
    """The roles that names tell. Raises `InputError` for a needed argument that has neither a known name nor a value."""
    try:
        parameters = inspect.signature(loss).parameters.values()
    except (TypeError, ValueError):
        raise InputError(
            f"{shown(loss)} does not say what its arguments are; pass roles as a list in their order"
        ) from None
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters)
    names = {p.name for p in parameters}
    for name in {*told, *given} - names:
        if not open_ended:
            raise one_of(name, names, "argument of the loss")
    found: dict[str | int, str] = {}
    for p in parameters:
        if p.name in told or p.name in given or p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
            continue
        role = next((role for role, known in ROLES.items() if p.name.lower() in known), None)
        if role and p.kind is not p.POSITIONAL_ONLY:
            found[p.name] = role
        elif p.default is p.empty:
            raise InputError(
                f'it is not known what the argument {p.name} of the loss is; pass roles={{"{p.name}": …}}, one of: {", ".join(ROLES)}; or its value, given={{"{p.name}": …}}'
            )
    return found


def _array(values: np.ndarray, library: str) -> Any:
    copied = np.array(values)  # a loss that writes into its arguments must not change the next call
    if library == "torch":
        import torch

        return torch.from_numpy(copied)
    if library == "jax":
        import jax.numpy as jnp

        return jnp.asarray(copied)
    return copied


def _numbers(returned: Any, total: str | int | None) -> dict[str | int, float]:
    """The total under "", and every other number that came back under its name or position."""
    parts: dict[Any, Any] = {0: returned}
    if isinstance(returned, Mapping):
        parts = dict(returned)
        chosen = next((name for name in TOTALS if name in parts), None) if total is None else total
    elif isinstance(returned, (tuple, list)):
        parts = dict(enumerate(returned))
        chosen = 0 if total is None else total  # first, by the convention of public code
    else:
        chosen = 0
    if chosen not in parts:
        raise InputError(
            f"the loss returns {shown(list(parts))}, and total is {shown(total)}; say with total=… which of them is trained"
        )
    whole = as_float64(parts.pop(chosen), "the loss")
    if whole.size != 1:
        raise InputError(
            f"the loss returns an array of shape {whole.shape}; pass what is trained, one number, say its sum or mean"
        )
    numbers: dict[str | int, float] = {"": float(whole.reshape(()))}
    return {**numbers, **{name: float(np.reshape(v, ())) for name, v in _scalars(parts)}}


def _scalars(parts: Mapping[str | int, Any]) -> list[tuple[str | int, np.ndarray]]:
    found = []
    for name, value in parts.items():
        try:
            array = as_float64(value, str(name))
        except InputError:
            continue  # a word, None: what is returned beside the loss may be anything
        if array.size == 1:
            found.append((name, array))
    return found


def cases(loss: Loss, sizes: Mapping[str, int], data: str, rng: np.random.Generator) -> list[Case]:
    """Random batches at which every form of every argument is legal: reconstructions in (0, 1), scales positive; KLs small, medium and large."""
    levels = ["medium"] * 5 + ["low"] * 2 + ["near 1"] * 2 + ["high"] * 5
    drawn = []
    for group in range(4):
        x = _data(data, loss.size(X, sizes), rng)
        drawn += [
            Case(group, level == "high", _point(loss, sizes, x, level, rng)) for level in levels
        ]
    return drawn


def _data(kind: str, size: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if kind == "binary":
        return rng.integers(0, 2, size).astype(float)
    if kind == "counts":
        return rng.poisson(3.0, size).astype(float)
    return rng.uniform(0.05, 0.95, size) if kind == "unit" else 2 * rng.standard_normal(size)


def _point(
    loss: Loss, sizes: Mapping[str, int], x: np.ndarray, level: str, rng: np.random.Generator
) -> Point:
    size = {role: loss.size(role, sizes) for role in loss.places.values()}
    point = {X: x, RECONSTRUCTION: rng.uniform(0.05, 0.95, size[RECONSTRUCTION])}
    if ENCODER_MEAN in size:
        nu = rng.standard_normal(size[ENCODER_MEAN])
        far = np.sign(nu) * rng.uniform(6, 9, nu.shape)
        point[ENCODER_MEAN] = {"medium": nu, "high": far}.get(level, 0.01 * nu)
    if ENCODER_SCALE in size:
        s = rng.uniform(0.1, 1.5, size[ENCODER_SCALE])
        point[ENCODER_SCALE] = {"low": 0.01 * s, "near 1": 1 + 0.01 * s}.get(level, s)
    if DECODER_SCALE in size:
        point[DECODER_SCALE] = rng.uniform(0.3, 1.5, size[DECODER_SCALE])
    if SAMPLE in size:
        point[SAMPLE] = (1 + 5 * (level == "high")) * rng.standard_normal(size[SAMPLE])
    return point


class Range(NamedTuple):
    """Where arguments may lie by what a loss was found to be: data and reconstruction, and which scales have to be positive."""

    data: str
    domain: str
    encoder_positive: bool
    decoder_positive: bool


def wide_cases(
    loss: Loss, sizes: Mapping[str, int], allowed: Range, rng: np.random.Generator
) -> list[Case]:
    """Batches all over the range, with the same data: a clip, a floor or a Huber loss shows here."""
    x = _data(allowed.data, loss.size(X, sizes), rng)
    drawn = []
    for _ in range(12):
        point = dict(_point(loss, sizes, x, "medium", rng))
        r = 2 * rng.standard_normal(point[RECONSTRUCTION].shape)
        inside = {"real": r, "positive": np.exp(r / 2), "unit": 1 / (1 + np.exp(-2 * r))}
        point[RECONSTRUCTION] = inside[allowed.domain]
        for role, positive in (
            (ENCODER_SCALE, allowed.encoder_positive),
            (DECODER_SCALE, allowed.decoder_positive),
        ):
            if role in point:
                s = 1.5 * rng.standard_normal(point[role].shape)
                point[role] = np.exp(s / 2) if positive else s
        drawn.append(Case(0, False, point))
    return drawn


#: Sizes of the first batch, in the order of the names, and by how much each is enlarged, one at a time and all together.
_FIRST, _LARGER = 3, (3, 1)


def batch_sizes(loss: Loss) -> list[dict[str, int]]:
    """Sizes of the batches: the first, one with each size enlarged, and one with all of them."""
    first = {symbol: _FIRST + place for place, symbol in enumerate(loss.symbols)}
    each = [{**first, symbol: size + _LARGER[0]} for symbol, size in first.items()]
    return [first, *each, {symbol: size + _LARGER[1] for symbol, size in first.items()}]


def called(loss: Loss, arrays: str | None) -> tuple[Loss, list[str]]:
    """The loss with the library of arrays that it takes, and the kinds of data that it accepts.

    Raises `InputError` if it accepts none, or if two calls at the same arrays differ.
    """
    known = ("numpy", "torch", "jax")
    if arrays is not None and arrays not in known:
        raise one_of(arrays, known, "library of arrays")
    sizes, refusals = batch_sizes(loss)[0], {}
    for library in (arrays,) if arrays else [n for n in known if n == "numpy" or n in sys.modules]:
        ready, accepted = replace(loss, library=library), []
        for data in KINDS_OF_DATA:
            point = cases(ready, sizes, data, np.random.default_rng(1))[0].point
            try:
                first = ready(point)[""]
            except InputError:
                raise
            except Exception as error:  # whatever somebody's loss raises is shown below
                refusals.setdefault(library, f"{type(error).__name__}: {error}")
                continue
            must_agree(first, ready(point)[""])
            accepted.append(data)
        if accepted:
            return ready, accepted
    shapes = {role: loss.size(role, sizes) for role in loss.places.values()}
    raised = "; ".join(f"with {name} arrays {shown(said, 200)}" for name, said in refusals.items())
    raise InputError(
        f'the loss cannot be called on arrays of shapes {shapes}: {raised}; say with shapes={{"x": ("B", 784), …}} which sizes are fixed, with arrays="torch" or "jax" the library'
    )


def must_agree(first: float, second: float) -> None:
    """Raise `InputError` where the same arrays gave two numbers."""
    if first != second and not (math.isnan(first) and math.isnan(second)):
        raise InputError(
            f"the loss is no function of its arguments: the same arrays gave {first!r} and then {second!r}. If it draws noise, pass what comes after the draw"
            " (reconstruction, mean and log-variance), or fix the generator inside; if it counts its calls, pass it with the count fixed"
        )
