"""The symbols that a model declares, by name: whoever writes them anew with other assumptions writes other symbols, which is seen here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sympy as sp

from entropysym.errors import InputError, one_of, shown
from entropysym.language.formula import array_name, array_of
from entropysym.language.matrices import MatrixLetter
from entropysym.language.records import Model
from entropysym.language.symbols import VARIABLES


class Symbols(Mapping[str, sp.Basic]):
    """Every symbol of a model by its name, as an attribute or as an item: parameters, variables, sizes and indices.

    A scalar is a symbol, what has plates an array that takes indices, a matrix its letter. Raises `InputError` for another name, with those that are known.

    >>> import entropysym as es
    >>> s = Symbols(es.models.vae2())
    >>> s.sigma2.is_positive, s.alpha2[s.h]
    (True, alpha2[h])
    """

    def __init__(self, model: Model) -> None:
        found: dict[str, sp.Basic] = {p.name: p.symbol for p in model.parameters}
        found |= {v.name: v.array for v in model.variables}
        found |= {size.name: size for size in model.sizes}
        for plate in model.plates:
            found |= {plate.size.name: plate.size, plate.index.name: plate.index}
        self._found = found

    def __getitem__(self, name: str) -> sp.Basic:
        if name not in self._found:
            raise one_of(name, self._found, "symbol of the model")
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __getattr__(self, name: str) -> sp.Basic:
        if name.startswith("_"):
            raise AttributeError(name)  # Python's own questions, as when it copies
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._found})


def demand_declared(e: sp.Basic, symbols: Symbols) -> None:
    """Raises `InputError` for a free symbol or an array that only looks like one of the model, or that the model does not declare."""
    arrays = {array_of(entry) for entry in e.atoms(sp.Indexed)}
    labels = {a.label for a in e.atoms(sp.IndexedBase)}
    for array in sorted(arrays, key=str):
        if not isinstance(array, VARIABLES):
            _demand(array_name(array), array, symbols)
    for letter in e.atoms(MatrixLetter):
        if type(letter) is MatrixLetter:
            _demand(letter.name, letter, symbols)
    free = {s for s in e.free_symbols if isinstance(s, sp.Symbol)} - labels
    for symbol in sorted(free, key=str):
        _demand(symbol.name, symbol, symbols)


def _demand(name: str, found: sp.Basic, symbols: Symbols) -> None:
    if name not in symbols:
        known = ", ".join(symbols)
        raise InputError(f"{name} is no symbol of the model; its symbols are: {known}")
    wanted = symbols[name]
    if found != wanted:
        raise InputError(
            f"{name} is not the {name} of the model: {_told(found)} in place of {_told(wanted)}; take it from the derivation, d.symbols.{name}"
        )


def _told(e: sp.Basic) -> str:
    """What tells a symbol from another of its name."""
    if isinstance(e, sp.IndexedBase):
        return f"an array ({_told(e.label)})"
    if isinstance(e, sp.Symbol):
        told = (k for k in ("positive", "nonnegative", "integer", "unit", "angle", "real"))
        return next((f"a symbol that is {k}" for k in told if e.assumptions0.get(k)), "a symbol")
    return shown(str(e))
