"""The plates of an expression's free indices, where the caller does not say them."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from entropysym.language.formula import array_of
from entropysym.language.heads import DataMean, NetworkValue, Vector
from entropysym.language.records import DATA, Model, Plate


def plates_of(e: sp.Basic, model: Model | None = None) -> tuple[Plate, ...]:
    """The plates over which the free indices run, in the order of the model; without one in the order in which they stand at arrays.

    Without a model the size of an index is that which the same axis of the same array has elsewhere in the expression, else it is called like the index in upper case.
    """
    free = {s for s in e.free_symbols if isinstance(s, sp.Symbol)}
    if model is not None:
        known = {plate.index: plate for plate in reversed(model.plates) if plate.index in free}
        order = [plate.index for plate in model.plates]
        return tuple(known[i] for i in sorted(known, key=order.index))
    places = [(key, at, i) for key, at, i in _axes(e) if isinstance(i, sp.Symbol)]
    sizes = dict(_bound(e))
    by_axis = {(key, at): sizes[i] for key, at, i in places if i in sizes}
    found: dict[sp.Symbol, Plate] = {}
    for key, at, i in places:
        if i in free and i not in sizes:
            size = by_axis.get((key, at)) or sp.Symbol(i.name.upper(), integer=True, positive=True)
            found.setdefault(i, DATA if i == DATA.index else Plate(i, size))
    return tuple(found.values())


def _axes(e: sp.Basic) -> Iterator[tuple[object, int, sp.Basic]]:
    """What stands at each axis of each array and each network."""
    for x in sp.preorder_traversal(e):
        if isinstance(x, sp.Indexed):
            yield from ((array_of(x), at, i) for at, i in enumerate(x.indices))
        elif isinstance(x, NetworkValue):
            yield from ((x.label, at, i) for at, i in enumerate(x.indices))


def _bound(e: sp.Basic) -> Iterator[tuple[sp.Symbol, sp.Symbol]]:
    for x in sp.preorder_traversal(e):
        if isinstance(x, sp.Sum):
            yield from ((i, upper) for i, _, upper in x.limits if isinstance(upper, sp.Symbol))
        elif isinstance(x, DataMean):
            yield x.index, DATA.size
        elif isinstance(x, Vector) and isinstance(x.size, sp.Symbol):
            yield x.index, x.size
