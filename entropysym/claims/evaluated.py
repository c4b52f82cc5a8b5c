"""A derivation at a point, and all its parts as functions of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from entropysym.claims.derived import Derived
from entropysym.errors import InputError, shown
from entropysym.lowering.lowered import Lowered, LoweredEquation, lower
from entropysym.lowering.quadrature import MAX_NODES, Nodes, gauss_hermite, low_discrepancy
from entropysym.lowering.signature import is_weighted
from entropysym.witness.gap import Gap, measure_gap

#: The order of the Gauss-Hermite rule where a point brings no noise.
_ORDER = 12


@dataclass(frozen=True, eq=False)
class LoweredDerivation:
    """The parts of a derivation as functions of arrays, each with its own plates as the axes of its result.

    `terms` has each factor's part of the entropy sum by its name: that of q plus, that of p minus, averaged over the data. `direction` has the motion of each parameter by its
    name, `conditions` both sides of each equation of `stationarity` by its name.
    """

    entropy_sum: Lowered
    stationary_value: Lowered
    terms: Mapping[str, Lowered]
    direction: Mapping[str, Lowered]
    conditions: Mapping[str, LoweredEquation]


def lowered(d: Derived, to: str, dtype: str) -> LoweredDerivation:
    """All parts. Raises `InputError` for one that has no value."""
    how: Any = {"to": to, "dtype": dtype}
    model = d.model
    signs = {f.name: 1 for f in model.q} | {f.name: -1 for f in model.p}
    plates = {p.name: () if p.is_matrix else p.plates for p in model.parameters}
    return LoweredDerivation(
        entropy_sum=lower(d.entropy_sum, model, **how),
        stationary_value=lower(d.stationary_value, model, **how),
        terms={
            name: lower(sign * d.entropy_of(name), model, **how) for name, sign in signs.items()
        },
        direction={
            name: lower(motion, model, plates[name], **how) for name, motion in d.direction.items()
        },
        conditions={
            name: lower(equation, model, **how) for name, equation in d.stationarity.items()
        },
    )


def at_point(d: Derived, point: Mapping[str, Any]) -> Gap:
    """Both sides of the identity at a point. Raises `InputError` for what does not fit the model."""
    if not isinstance(point, Mapping):
        raise InputError(
            f"the point is {shown(point)}; pass a dict of arrays and functions by name"
        )
    given = {name: _array(value) for name, value in point.items() if name != "noise"}
    nodes = point["noise"] if "noise" in point else _nodes(d, given)
    return measure_gap(d.identity, arguments=given, nodes=nodes)


def _array(value: Any) -> Any:
    """Python numbers as float64; everything else as it is."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return np.asarray(value, np.float64) if number else value


def _nodes(d: Derived, given: Mapping[str, Any]) -> Nodes:
    """Noise for one latent vector that has a location and a scale."""
    if not d.model.is_plain or is_weighted(d.model.encoder.family):
        wanted = "Points" if d.model.is_plain else "JointPoints"
        raise InputError(f"the point has no noise; pass noise, for this model lowering.{wanted}")
    H = _latent_size(d, given)
    return gauss_hermite(H, _ORDER) if _ORDER**H <= MAX_NODES else low_discrepancy(H)


def _latent_size(d: Derived, given: Mapping[str, Any]) -> int:
    """H, read off a parameter, or off what a network of the data gives."""
    model = d.model
    wanted = model.latent.size
    for p in model.parameters:
        for axis, plate in enumerate(p.plates):
            if plate.size == wanted and np.ndim(given.get(p.name, 0.0)) > axis:
                return int(np.shape(given[p.name])[axis])
    x = given.get("x", 0.0)
    for net in model.networks if np.ndim(x) == 2 else ():
        sizes = [plate.size for plate in net.plates]
        if (
            net.inputs == (model.observed.size,)
            and wanted in sizes
            and callable(given.get(net.name))
        ):
            return int(np.shape(given[net.name](np.asarray(x)[0]))[sizes.index(wanted)])
    raise InputError(f"no argument tells the size {wanted}; pass noise, such as gauss_hermite(2)")
